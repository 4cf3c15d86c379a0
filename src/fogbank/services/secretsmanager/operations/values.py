"""Values: put, read, listed by version, moved between staging labels; and random passwords."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.secretsmanager import rotations, rules, secrets
from fogbank.services.secretsmanager.resources import Secret, Version


def put_secret_value(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    labels, version_id = req.get("VersionStages", [rules.CURRENT]), req["ClientRequestToken"]
    rules.check_labels(labels)
    if secrets.add_version(home, secret, req, version_id) is not None:
        stages = rules.staged(secret.stages, version_id, labels)
        secret = msgspec.structs.replace(secret, stages=stages, changed_at=ctx.now)
        if rules.CURRENT in labels:
            secret = rotations.by_hand(home, secret, version_id)
            secrets.set_deadline(home, secret)
        secrets.save(home, secret)
    return {
        "ARN": secrets.arn_of(home, secret),
        "Name": secret.name,
        "VersionId": version_id,
        "VersionStages": rules.labels_of(secret.stages, version_id),
    }


def get_secret_value(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.usable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    version_id = rules.version_asked(secret, req.get("VersionId"), req.get("VersionStage"))
    version = home.get(Version, secret.name, version_id)
    if version is None:
        raise rules.missing(f"the specified secret value for VersionId: {version_id}")
    plain = secrets.opened(home, secret, version)
    _note_access(home, secret, version)
    value = {"SecretBinary": plain} if version.is_binary else {"SecretString": plain.decode()}
    return {
        "ARN": secrets.arn_of(home, secret),
        "Name": secret.name,
        "VersionId": version.id,
        **value,
        "VersionStages": rules.labels_of(secret.stages, version.id),
        "CreatedDate": version.created_at,
    }


def batch_get_secret_value(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ("SecretIdList" in req) == ("Filters" in req):
        raise rules.invalid_parameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    wanted, token = req.get("SecretIdList"), None
    if wanted is None:
        after = paging.after(req.get("NextToken"), "InvalidNextTokenException", "The NextToken value is invalid.")
        rows = (
            secret.name
            for secret in ctx.scan(Secret, after=after)
            if not secret.deleted_at and rules.matches(secret, req["Filters"], ctx.region)
        )
        wanted, token = paging.page(rows, req.get("MaxResults", 20), lambda name: name)
    values, errors = [], []
    for secret_id in wanted:
        try:
            values.append(ctx.call("secretsmanager", "GetSecretValue", SecretId=secret_id))
        except AwsError as error:
            errors.append({"SecretId": secret_id, "ErrorCode": error.code, "Message": error.message})
    answer: dict[str, Any] = {"SecretValues": values, "Errors": errors}
    return {**answer, "NextToken": token} if token else answer


def list_secret_version_ids(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.existing(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    after = paging.after(req.get("NextToken"), "InvalidNextTokenException", "The NextToken value is invalid.")
    rows = (
        version
        for version in secrets.versions(home, secret)
        if version.id > after and (req.get("IncludeDeprecated") or rules.labels_of(secret.stages, version.id))
    )
    page, token = paging.page(rows, req.get("MaxResults", 100), lambda version: version.id)
    found = [_listed(secret, version) for version in page]
    answer = {"Versions": found, "ARN": secrets.arn_of(home, secret), "Name": secret.name}
    return {**answer, "NextToken": token} if token else answer


def update_secret_version_stage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    source, target = req.get("RemoveFromVersionId"), req.get("MoveToVersionId")
    for version_id in (source, target):
        # A label may be taken off a version that has no value yet, and not be put on one.
        is_labelled = version_id == source and version_id in secret.stages.values()
        if version_id is not None and not is_labelled and home.get(Version, secret.name, version_id) is None:
            raise rules.missing(f"the specified secret value for VersionId: {version_id}")
    stages = rules.moved(secret, req["VersionStage"], source, target)
    secrets.save(home, msgspec.structs.replace(secret, stages=stages, changed_at=ctx.now))
    return {"ARN": secrets.arn_of(home, secret), "Name": secret.name}


def get_random_password(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"RandomPassword": rules.password(ctx.random, req)}


def _note_access(ctx: Context, secret: Secret, version: Version) -> None:
    """Remember the day of the read; the second read of a day writes nothing."""
    today = ctx.now // rules.DAY_SECONDS * rules.DAY_SECONDS
    if secret.accessed_at < today:
        ctx.put(msgspec.structs.replace(secret, accessed_at=today))
    if version.accessed_at < today:
        ctx.put(msgspec.structs.replace(version, accessed_at=today))


def _listed(secret: Secret, version: Version) -> dict[str, Any]:
    found: dict[str, Any] = {
        "VersionId": version.id,
        "CreatedDate": version.created_at,
        "KmsKeyIds": [version.key_id or "DefaultEncryptionKey"],
    }
    if labels := rules.labels_of(secret.stages, version.id):
        found["VersionStages"] = labels
    if version.accessed_at:
        found["LastAccessedDate"] = version.accessed_at
    return found
