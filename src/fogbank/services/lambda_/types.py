"""Lambda's resource types."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, of_calls, some, tags
from fogbank.services.lambda_ import inline

_FUNCTION = (
    "Architectures",
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
)
_CREATED_ONLY = ("Architectures", "PackageType")
_DEFAULTS = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {},
    "Layers": [],
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
_CODE = ("S3Bucket", "S3Key", "S3ObjectVersion")
_PERMISSION = (
    "Action",
    "EventSourceToken",
    "FunctionName",
    "FunctionUrlAuthType",
    "InvokedViaFunctionUrl",
    "Principal",
    "PrincipalOrgID",
    "SourceAccount",
    "SourceArn",
)
_MAPPING = (
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "FilterCriteria",
    "FunctionName",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "ScalingConfig",
    "TumblingWindowInSeconds",
)
_LAYER = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")
_LAYER_PERMISSION = ("Action", "OrganizationId", "Principal")
_EVENTS = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
_URL = ("AuthType", "Cors", "InvokeMode")
_MAPPING_FIXED = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
_GONE = ("ResourceNotFoundException",)


def _name(wanted: Wanted) -> str:
    return str(wanted.properties.get("FunctionName", wanted.name))


def _code(properties: Properties) -> dict[str, Any]:
    """A function's code: an object, or text, which becomes the one file of an archive."""
    code = properties["Code"]
    strange = sorted(set(code) - {*_CODE, "ZipFile", "SourceKMSKeyArn"})
    if strange:
        raise AwsError("ValidationError", f"Encountered unsupported property {strange[0]}")
    if "ZipFile" not in code:
        return some(code, *_CODE)
    return {"ZipFile": inline.archive(str(code["ZipFile"]), str(properties.get("Runtime", "")))}


def _settings(properties: Properties) -> dict[str, Any]:
    key = {"KMSKeyArn": properties["KmsKeyArn"]} if "KmsKeyArn" in properties else {}
    return {**some(properties, *_FUNCTION), **key}


def _create(wanted: Wanted) -> Call:
    properties = wanted.properties
    found = tags(wanted.tags, properties.get("Tags"))
    more = {"Tags": found} if found else {}
    return "CreateFunction", {"FunctionName": _name(wanted), **_settings(properties), "Code": _code(properties), **more}


def _concurrency(name: str, before: Properties, after: Properties) -> list[Call]:
    member = "ReservedConcurrentExecutions"
    if before.get(member) == after.get(member):
        return []
    if member not in after:
        return [("DeleteFunctionConcurrency", {"FunctionName": name})]
    return [("PutFunctionConcurrency", {"FunctionName": name, **some(after, member)})]


def _update(change: Change) -> list[Call]:
    before, after = change.before, change.after
    calls: list[Call] = []
    if before["Code"] != after["Code"] or before.get("Architectures") != after.get("Architectures"):
        code = {**_code(after), **some(after, "Architectures")}
        calls.append(("UpdateFunctionCode", {"FunctionName": change.id, **code}))
    back = {name: value for name, value in _DEFAULTS.items() if name in before and name not in after}
    given = {name: value for name, value in _settings(after).items() if name not in _CREATED_ONLY}
    calls.append(("UpdateFunctionConfiguration", {"FunctionName": change.id, **back, **given}))
    return calls + _concurrency(change.id, before, after)


def _retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    arn = {"Resource": change.attributes["Arn"]}
    calls: list[Call] = [("TagResource", {**arn, "Tags": new})] if new else []
    return calls + ([("UntagResource", {**arn, "TagKeys": gone})] if gone else [])


def _is_active(answer: dict[str, Any]) -> bool:
    found = answer["Configuration"]
    for state, reason in (("State", "StateReason"), ("LastUpdateStatus", "LastUpdateStatusReason")):
        if found.get(state) == "Failed":
            raise AwsError("InvalidRequest", found.get(reason, "The function failed."))
    return bool(found.get("State") == "Active" and found.get("LastUpdateStatus") != "InProgress")


def _weights(properties: Properties) -> dict[str, Any]:
    """An alias's weights: a list in templates, a map in the API. None given are none."""
    rows = properties.get("RoutingConfig", {}).get("AdditionalVersionWeights", [])
    found = {str(one["FunctionVersion"]): one["FunctionWeight"] for one in rows}
    return {"RoutingConfig": {"AdditionalVersionWeights": found}}


def _alias(arn: str) -> dict[str, str]:
    """What an alias's ARN, which is its id, names."""
    function, _, name = arn.rpartition(":")
    return {"FunctionName": function, "Name": name}


def _mapped(properties: Properties) -> dict[str, Any]:
    return some(properties, *_MAPPING)


def _target(properties: Properties) -> dict[str, Any]:
    """The function, or the alias, that a URL is for."""
    return {"FunctionName": properties["TargetFunctionArn"], **some(properties, "Qualifier")}


def _layer_content(properties: Properties) -> dict[str, Any]:
    content = properties["Content"]
    strange = sorted(set(content) - set(_CODE))
    if strange:
        raise AwsError("ValidationError", f"Encountered unsupported property {strange[0]}")
    return dict(content)


def _layer(arn: str) -> dict[str, Any]:
    """What the ARN of a layer's version, with or without a statement's id after it, names."""
    layer, _, number = arn.partition("#")[0].rpartition(":")
    return {"LayerName": layer, "VersionNumber": int(number)}


def _events(identity: str) -> dict[str, str]:
    function, _, qualifier = identity.rpartition("|")
    return {"FunctionName": function, "Qualifier": qualifier}


TYPES = (
    of_calls(
        Table(
            "AWS::Lambda::Function",
            "lambda",
            waits=True,
            create=_create,
            identity=lambda answer, wanted: _name(wanted),
            afterwards=lambda name, wanted: _concurrency(name, {}, wanted.properties),
            update=_update,
            retag=_retag,
            delete=lambda name, properties: [("DeleteFunction", {"FunctionName": name})],
            look=lambda name: ("GetFunction", {"FunctionName": name}),
            ready=_is_active,
            attributes=lambda name, properties, answer: {"Arn": answer["Configuration"]["FunctionArn"]},
            present=("ResourceConflictException",),
            absent=_GONE,
            required=("Code", "Role"),
            known=frozenset((*_FUNCTION, "Code", "FunctionName", "KmsKeyArn", "ReservedConcurrentExecutions", "Tags")),
            replaces=frozenset(("FunctionName", "PackageType")),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::Permission",
            "lambda",
            create=lambda wanted: (
                "AddPermission",
                {"StatementId": wanted.name, **some(wanted.properties, *_PERMISSION)},
            ),
            identity=lambda answer, wanted: wanted.name,
            delete=lambda identity, properties: [
                ("RemovePermission", {"StatementId": identity, **some(properties, "FunctionName")})
            ],
            attributes=lambda identity, properties, answer: {"Id": identity},
            absent=_GONE,
            required=("Action", "FunctionName", "Principal"),
            known=frozenset(_PERMISSION),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::Version",
            "lambda",
            create=lambda wanted: (
                "PublishVersion",
                some(wanted.properties, "FunctionName", "Description", "CodeSha256"),
            ),
            identity=lambda answer, wanted: str(answer["FunctionArn"]),
            delete=lambda arn, properties: [("DeleteFunction", {"FunctionName": arn})],
            attributes=lambda arn, properties, answer: {"FunctionArn": arn, "Version": arn.rpartition(":")[2]},
            absent=_GONE,
            required=("FunctionName",),
            known=frozenset(("FunctionName", "Description", "CodeSha256")),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::Alias",
            "lambda",
            create=lambda wanted: (
                "CreateAlias",
                {
                    **some(wanted.properties, "FunctionName", "Name", "FunctionVersion", "Description"),
                    **_weights(wanted.properties),
                },
            ),
            identity=lambda answer, wanted: str(answer["AliasArn"]),
            update=lambda change: [
                (
                    "UpdateAlias",
                    {
                        **_alias(change.id),
                        "Description": "",
                        **some(change.after, "FunctionVersion", "Description"),
                        **_weights(change.after),
                    },
                )
            ],
            delete=lambda arn, properties: [("DeleteAlias", _alias(arn))],
            attributes=lambda arn, properties, answer: {"AliasArn": arn},
            absent=_GONE,
            required=("FunctionName", "FunctionVersion", "Name"),
            known=frozenset(("FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig")),
            replaces=frozenset(("FunctionName", "Name")),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::EventSourceMapping",
            "lambda",
            create=lambda wanted: (
                "CreateEventSourceMapping",
                {**_mapped(wanted.properties), **some(wanted.properties, *_MAPPING_FIXED)},
            ),
            identity=lambda answer, wanted: str(answer["UUID"]),
            update=lambda change: [("UpdateEventSourceMapping", {"UUID": change.id, **_mapped(change.after)})],
            delete=lambda uuid, properties: [("DeleteEventSourceMapping", {"UUID": uuid})],
            look=lambda uuid: ("GetEventSourceMapping", {"UUID": uuid}),
            ready=lambda answer: answer["State"] not in ("Creating", "Enabling", "Updating", "Disabling"),
            gone=lambda answer: False,
            attributes=lambda uuid, properties, answer: {"Id": uuid, **some(answer, "EventSourceMappingArn")},
            absent=(*_GONE, "ResourceInUseException"),
            required=("FunctionName",),
            known=frozenset((*_MAPPING, *_MAPPING_FIXED)),
            replaces=frozenset(_MAPPING_FIXED),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::Url",
            "lambda",
            create=lambda wanted: (
                "CreateFunctionUrlConfig",
                {**_target(wanted.properties), **some(wanted.properties, *_URL)},
            ),
            identity=lambda answer, wanted: str(answer["FunctionArn"]),
            update=lambda change: [
                ("UpdateFunctionUrlConfig", {"FunctionName": change.id, "Cors": {}, **some(change.after, *_URL)})
            ],
            delete=lambda arn, properties: [("DeleteFunctionUrlConfig", {"FunctionName": arn})],
            look=lambda arn: ("GetFunctionUrlConfig", {"FunctionName": arn}),
            attributes=lambda arn, properties, answer: some(answer, "FunctionArn", "FunctionUrl"),
            absent=_GONE,
            required=("AuthType", "TargetFunctionArn"),
            known=frozenset((*_URL, "Qualifier", "TargetFunctionArn")),
            replaces=frozenset(("Qualifier", "TargetFunctionArn")),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::LayerVersion",
            "lambda",
            waits=True,
            create=lambda wanted: (
                "PublishLayerVersion",
                {
                    "LayerName": wanted.properties.get("LayerName", wanted.name),
                    "Content": _layer_content(wanted.properties),
                    **some(wanted.properties, *_LAYER),
                },
            ),
            identity=lambda answer, wanted: str(answer["LayerVersionArn"]),
            delete=lambda arn, properties: [("DeleteLayerVersion", _layer(arn))],
            attributes=lambda arn, properties, answer: {"LayerVersionArn": arn},
            absent=_GONE,
            required=("Content",),
            known=frozenset((*_LAYER, "Content", "LayerName")),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::LayerVersionPermission",
            "lambda",
            create=lambda wanted: (
                "AddLayerVersionPermission",
                {
                    **_layer(wanted.properties["LayerVersionArn"]),
                    "StatementId": wanted.name,
                    **some(wanted.properties, *_LAYER_PERMISSION),
                },
            ),
            identity=lambda answer, wanted: f"{wanted.properties['LayerVersionArn']}#{wanted.name}",
            delete=lambda identity, properties: [
                ("RemoveLayerVersionPermission", {**_layer(identity), "StatementId": identity.partition("#")[2]})
            ],
            attributes=lambda identity, properties, answer: {"Id": identity},
            absent=_GONE,
            required=("Action", "LayerVersionArn", "Principal"),
            known=frozenset((*_LAYER_PERMISSION, "LayerVersionArn")),
        )
    ),
    of_calls(
        Table(
            "AWS::Lambda::EventInvokeConfig",
            "lambda",
            create=lambda wanted: (
                "PutFunctionEventInvokeConfig",
                some(wanted.properties, "FunctionName", "Qualifier", *_EVENTS),
            ),
            identity=lambda answer, wanted: f"{wanted.properties['FunctionName']}|{wanted.properties['Qualifier']}",
            update=lambda change: [
                ("PutFunctionEventInvokeConfig", {**_events(change.id), **some(change.after, *_EVENTS)})
            ],
            delete=lambda identity, properties: [("DeleteFunctionEventInvokeConfig", _events(identity))],
            taken=lambda wanted: (
                "GetFunctionEventInvokeConfig",
                some(wanted.properties, "FunctionName", "Qualifier"),
            ),
            absent=_GONE,
            required=("FunctionName", "Qualifier"),
            known=frozenset((*_EVENTS, "FunctionName", "Qualifier")),
            replaces=frozenset(("FunctionName", "Qualifier")),
        )
    ),
)
