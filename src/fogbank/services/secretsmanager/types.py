"""Secrets Manager's resource types."""

from __future__ import annotations

import json
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.fitting import fitted
from fogbank.control.resource_type import (
    Call,
    Change,
    Functions,
    Properties,
    Table,
    Wanted,
    is_on,
    listed,
    of_calls,
    of_functions,
    some,
    tags,
)

_GIVEN = ("Description", "KmsKeyId")
_PASSWORD = (
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "PasswordLength",
    "RequireEachIncludedType",
)
_SERVICE = "secretsmanager"
_GONE = ("ResourceNotFoundException",)


def _call(ctx: Context, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    return ctx.call(_SERVICE, operation, **fitted(_SERVICE, operation, params))


def _value(ctx: Context, properties: Properties) -> dict[str, str]:
    """The secret itself: as it is given, or a password, alone or within a document."""
    if "GenerateSecretString" not in properties:
        return some(properties, "SecretString")
    asked = properties["GenerateSecretString"]
    strange = sorted(set(asked) - {*_PASSWORD, "GenerateStringKey", "SecretStringTemplate"})
    if strange:
        raise AwsError("ValidationError", f"Encountered unsupported property {strange[0]}")
    password = _call(ctx, "GetRandomPassword", some(asked, *_PASSWORD))["RandomPassword"]
    if "SecretStringTemplate" not in asked:
        return {"SecretString": password}
    whole = {**json.loads(asked["SecretStringTemplate"]), asked["GenerateStringKey"]: password}
    return {"SecretString": json.dumps(whole, separators=(",", ":"))}


def _create(ctx: Context, wanted: Wanted) -> str:
    properties = wanted.properties
    params = {
        "Name": properties.get("Name", wanted.name),
        **some(properties, *_GIVEN),
        **_value(ctx, properties),
        "Tags": listed(tags(wanted.tags, properties.get("Tags"))),
    }
    return str(_call(ctx, "CreateSecret", params)["ARN"])


def _update(ctx: Context, change: Change) -> None:
    before, after = change.before, change.after
    parts = ("SecretString", "GenerateSecretString")
    is_other = any(before.get(name) != after.get(name) for name in parts)
    value = _value(ctx, after) if is_other else {}
    told = {"Description": after.get("Description", "")} if "Description" in {**before, **after} else {}
    _call(ctx, "UpdateSecret", {"SecretId": change.id, **told, **some(after, "KmsKeyId"), **value})
    old, new = tags(change.tags_before, before.get("Tags")), tags(change.tags, after.get("Tags"))
    gone = [key for key in old if key not in new]
    if gone:
        _call(ctx, "UntagResource", {"SecretId": change.id, "TagKeys": gone})
    if new != old and new:
        _call(ctx, "TagResource", {"SecretId": change.id, "Tags": listed(new)})


def _delete(ctx: Context, arn: str, properties: Properties) -> None:
    try:
        _call(ctx, "DeleteSecret", {"SecretId": arn, "ForceDeleteWithoutRecovery": True})
    except AwsError as error:
        if error.code not in _GONE:
            raise


def _rotate(secret_id: str, properties: Properties, token: str = "") -> Call:
    wanted = is_on(properties, "RotateImmediatelyOnUpdate", True)
    return "RotateSecret", {
        "SecretId": secret_id,
        "RotateImmediately": wanted,
        **some(properties, "RotationLambdaARN", "RotationRules"),
        **({"ClientRequestToken": token} if token else {}),
    }


TYPES = (
    of_functions(
        Functions(
            "AWS::SecretsManager::Secret",
            create=_create,
            update=_update,
            delete=_delete,
            attributes=lambda ctx, arn, properties: {"Id": arn},
            known=frozenset((*_GIVEN, "Name", "SecretString", "GenerateSecretString", "Tags")),
            replaces=frozenset(("Name",)),
            has_tags=True,
        )
    ),
    of_calls(
        Table(
            "AWS::SecretsManager::ResourcePolicy",
            _SERVICE,
            create=lambda wanted: (
                "PutResourcePolicy",
                some(wanted.properties, "SecretId", "ResourcePolicy", "BlockPublicPolicy"),
            ),
            identity=lambda answer, wanted: str(answer["ARN"]),
            update=lambda change: [
                ("PutResourcePolicy", some(change.after, "SecretId", "ResourcePolicy", "BlockPublicPolicy"))
            ],
            delete=lambda arn, properties: [("DeleteResourcePolicy", {"SecretId": arn})],
            absent=_GONE,
            required=("SecretId", "ResourcePolicy"),
            known=frozenset(("SecretId", "ResourcePolicy", "BlockPublicPolicy")),
            replaces=frozenset(("SecretId",)),
        )
    ),
    of_calls(
        # A HostedRotationLambda is a transform of AWS's own, which makes a function from its repository.
        Table(
            "AWS::SecretsManager::RotationSchedule",
            _SERVICE,
            create=lambda wanted: _rotate(wanted.properties["SecretId"], wanted.properties, wanted.token),
            identity=lambda answer, wanted: str(answer["ARN"]),
            update=lambda change: [_rotate(change.id, change.after)],
            delete=lambda arn, properties: [("CancelRotateSecret", {"SecretId": arn})],
            absent=(*_GONE, "InvalidRequestException"),
            required=("SecretId",),
            known=frozenset(("SecretId", "RotationLambdaARN", "RotationRules", "RotateImmediatelyOnUpdate")),
            replaces=frozenset(("SecretId",)),
        )
    ),
)
