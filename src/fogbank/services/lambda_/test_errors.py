"""Every operation's errors, as data: what a client can provoke is provoked, and the rest is excused with a reason.

The errors are those of the API's model; https://docs.aws.amazon.com/lambda/latest/api/ has a page for each operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, ROLE, TRUST, World, zipped
from fogbank.testing import TestCloud
from fogbank.testing.parity import Case, Parity, refusals

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
NO_ROLE = f"arn:aws:iam::{ACCOUNT}:role/none"
STALE = "11111111-2222-3333-4444-555555555555"
GONE = f"Function not found: {AT}:none"
NOT_THERE = "The resource you requested does not exist."
STALE_TEXT = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the "
    "latest Revision Id"
)
TWO_QUALIFIERS = "The derived qualifier from the function name does not match the specified qualifier."
NO_ALIASES = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please "
    "specify either a function name or an unqualified function ARN."
)
NEW: dict[str, Any] = {
    "FunctionName": "new",
    "Runtime": "python3.11",
    "Role": ROLE,
    "Handler": "main.run",
    "Code": {"ZipFile": zipped()},
}
PERMISSION = {
    "FunctionName": "f",
    "StatementId": "s",
    "Action": "lambda:InvokeFunction",
    "Principal": "s3.amazonaws.com",
}
MANDATORY = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
IMAGE = {"FunctionName": "new", "Role": ROLE, "PackageType": "Image", "Code": {"ImageUri": "i"}}
LAYER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l"
NO_VERSION = "Layer Version Cannot be less than 1."
SHARE: dict[str, Any] = {
    "LayerName": "l",
    "VersionNumber": 1,
    "StatementId": "s",
    "Action": "lambda:GetLayerVersion",
    "Principal": "*",
}
BAD_TOKEN = "The pagination token is invalid."
BAD_DESTINATION = {"OnFailure": {"Destination": "arn:aws:lambda:us-east-1:000000000000:function:f"}}


def bad(operation: str, text: str, **params: Any) -> Case:
    return Case(operation, "InvalidParameterValueException", text, params)


def none(operation: str, **params: Any) -> Case:
    return Case(operation, "ResourceNotFoundException", GONE, {"FunctionName": "none", **params}, 404)


def conflict(operation: str, text: str, **params: Any) -> Case:
    return Case(operation, "ResourceConflictException", text, params, 409)


def stale(operation: str, **params: Any) -> Case:
    return Case(operation, "PreconditionFailedException", STALE_TEXT, {"RevisionId": STALE, **params}, 412)


def missing(operation: str, text: str = NOT_THERE, **params: Any) -> Case:
    return Case(operation, "ResourceNotFoundException", text, params, 404)


def long_payload(size: int) -> bytes:
    return b'"' + b"x" * (size - 2) + b'"'


F = {"FunctionName": "f"}
TWICE = {"FunctionName": "f:1", "Qualifier": "2"}
ONE = {"FunctionName": "f:1"}
CASES = [
    bad("CreateFunction", "The role defined for the function cannot be assumed by Lambda.", **{**NEW, "Role": NO_ROLE}),
    bad("CreateFunction", "The runtime python3.14 is not on this machine: not installed: a test",
        **{**NEW, "Runtime": "python3.14"}),
    bad("CreateFunction", "Could not unzip uploaded file. Please check your file, then try to upload again.",
        **{**NEW, "Code": {"ZipFile": b"none"}}),
    bad("CreateFunction", "Please provide a source for function code.", **{**NEW, "Code": {}}),
    bad("CreateFunction", MANDATORY, **{name: value for name, value in NEW.items() if name != "Handler"}),
    bad("CreateFunction", "SubnetIds and SecurityIds must coexist or be both empty list.",
        **NEW, VpcConfig={"SubnetIds": ["subnet-1"]}),
    bad("CreateFunction",
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
        "AWS_REGION", **NEW, Environment={"Variables": {"AWS_REGION": "x"}}),
    Case("CreateFunction", "ValidationException", "1 validation error detected: Value '901' at 'timeout' failed to "
         "satisfy constraint: Member must have value less than or equal to 900", {**NEW, "Timeout": 901}),
    Case("CreateFunction", "NotImplemented", "fogbank does not implement lambda:CreateFunction with PackageType=Image. "
         "See `fogbank coverage`.", IMAGE, 501),
    conflict("CreateFunction", "Function already exist: f", **{**NEW, "FunctionName": "f"}),
    none("UpdateFunctionCode", ZipFile=zipped()),
    stale("UpdateFunctionCode", **F, ZipFile=zipped()),
    bad("UpdateFunctionCode", "Please provide a source for function code.", **F),
    none("UpdateFunctionConfiguration"),
    stale("UpdateFunctionConfiguration", **F),
    bad("UpdateFunctionConfiguration",
        "The provided execution role does not have permissions to call SendMessage on SQS",
        FunctionName="f", Role="$POOR", DeadLetterConfig={"TargetArn": QUEUE}),
    none("GetFunction"),
    bad("GetFunction", TWO_QUALIFIERS, **TWICE),
    none("GetFunctionConfiguration"),
    bad("GetFunctionConfiguration", TWO_QUALIFIERS, **TWICE),
    bad("ListFunctions", BAD_TOKEN, Marker="none"),
    none("DeleteFunction"),
    bad("DeleteFunction", "$LATEST version cannot be deleted without deleting the function.", **F, Qualifier="$LATEST"),
    conflict("DeleteFunction", "Version cannot be deleted because aliases reference it. Remove the following aliases "
             "first: live", **F, Qualifier="1"),
    none("PublishVersion"),
    stale("PublishVersion", **F),
    bad("PublishVersion", "CodeSHA256 (x) is different from current CodeSHA256 in $LATEST ($SHA). Please try again "
        "with the CodeSHA256 in $LATEST.", **F, CodeSha256="x"),
    none("ListVersionsByFunction"),
    bad("ListVersionsByFunction", BAD_TOKEN, **F, Marker="none"),
    none("CreateAlias", Name="a", FunctionVersion="1"),
    missing("CreateAlias", f"Function not found: {AT}:f:9", **F, Name="a", FunctionVersion="9"),
    conflict("CreateAlias", f"Alias already exists: {AT}:f:live", **F, Name="live", FunctionVersion="1"),
    bad("CreateAlias", "$LATEST is not supported for an alias pointing to more than 1 version", **F, Name="a",
        FunctionVersion="$LATEST", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}}),
    missing("GetAlias", f"Cannot find alias arn: {AT}:f:none", **F, Name="none"),
    missing("GetAlias", GONE, FunctionName="none", Name="x"),
    none("ListAliases"),
    bad("ListAliases", BAD_TOKEN, **F, Marker="none"),
    missing("UpdateAlias", f"Cannot find alias arn: {AT}:f:none", **F, Name="none"),
    stale("UpdateAlias", **F, Name="live"),
    bad("UpdateAlias", "Invalid function version 1. Function version 1 is already included in routing configuration.",
        **F, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}}),
    none("DeleteAlias", Name="live"),
    none("AddPermission", StatementId="s", Action="lambda:*", Principal="*"),
    stale("AddPermission", **PERMISSION),
    bad("AddPermission", "The provided principal was invalid. Please check the principal and try again.",
        **{**PERMISSION, "Principal": "nobody"}),
    conflict("AddPermission", "The statement id (there) provided already exists. Please provide a new statement id, or "
             "remove the existing statement.", **{**PERMISSION, "StatementId": "there"}),
    Case("AddPermission", "PolicyLengthExceededException", "The final policy size (20545) is bigger than the limit "
         "(20480).", {**PERMISSION, "FunctionName": "f:1", "SourceArn": "arn:aws:s3:::" + "x" * 127}, 400),
    missing("GetPolicy", **F, Qualifier="live"),
    bad("GetPolicy", TWO_QUALIFIERS, **TWICE),
    missing("RemovePermission", "Statement none is not found in resource policy.", **F, StatementId="none"),
    stale("RemovePermission", **F, StatementId="there"),
    bad("RemovePermission", TWO_QUALIFIERS, **TWICE, StatementId="there"),
    none("PutFunctionConcurrency", ReservedConcurrentExecutions=1),
    bad("PutFunctionConcurrency", "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100].", **F, ReservedConcurrentExecutions=901),
    none("GetFunctionConcurrency"),
    bad("GetFunctionConcurrency", NO_ALIASES, **ONE),
    none("DeleteFunctionConcurrency"),
    bad("DeleteFunctionConcurrency", NO_ALIASES, **ONE),
    missing("PutProvisionedConcurrencyConfig", f"Function not found: {AT}:f:9", **F, Qualifier="9",
            ProvisionedConcurrentExecutions=1),
    bad("PutProvisionedConcurrencyConfig",
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.", **F,
        Qualifier="$LATEST", ProvisionedConcurrentExecutions=1),
    Case("GetProvisionedConcurrencyConfig", "ProvisionedConcurrencyConfigNotFoundException",
         "No Provisioned Concurrency Config found for this function", {**F, "Qualifier": "1"}, 404),
    missing("GetProvisionedConcurrencyConfig", f"{GONE}:1", FunctionName="none", Qualifier="1"),
    bad("GetProvisionedConcurrencyConfig", TWO_QUALIFIERS, **TWICE),
    none("ListProvisionedConcurrencyConfigs"),
    bad("ListProvisionedConcurrencyConfigs", BAD_TOKEN, **F, Marker="none"),
    missing("DeleteProvisionedConcurrencyConfig", f"{GONE}:1", FunctionName="none", Qualifier="1"),
    bad("DeleteProvisionedConcurrencyConfig", TWO_QUALIFIERS, **TWICE),
    missing("TagResource", f"Function not found: {AT}:none", Resource=f"{AT}:none", Tags={"a": "b"}),
    bad("TagResource", "Tag keys starting with 'aws:' are reserved for internal use", Resource=f"{AT}:f",
        Tags={"aws:x": "b"}),
    missing("UntagResource", f"Function not found: {AT}:none", Resource=f"{AT}:none", TagKeys=["a"]),
    bad("UntagResource", "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        Resource=f"{AT}:f:1", TagKeys=["a"]),
    missing("ListTags", f"Function not found: {AT}:none", Resource=f"{AT}:none"),
    bad("ListTags", "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        Resource=f"{AT}:f:1"),
    none("PutFunctionEventInvokeConfig"),
    bad("PutFunctionEventInvokeConfig", "You can't specify the function as a destination for itself.", **F,
        DestinationConfig=BAD_DESTINATION),
    missing("UpdateFunctionEventInvokeConfig", f"The function {AT}:f:live doesn't have an EventInvokeConfig", **F,
            Qualifier="live"),
    bad("UpdateFunctionEventInvokeConfig", TWO_QUALIFIERS, **TWICE),
    missing("GetFunctionEventInvokeConfig", f"The function {AT}:f:$LATEST doesn't have an EventInvokeConfig", **F),
    bad("GetFunctionEventInvokeConfig", TWO_QUALIFIERS, **TWICE),
    none("ListFunctionEventInvokeConfigs"),
    bad("ListFunctionEventInvokeConfigs", BAD_TOKEN, **F, Marker="none"),
    none("DeleteFunctionEventInvokeConfig"),
    bad("DeleteFunctionEventInvokeConfig", TWO_QUALIFIERS, **TWICE),
    none("CreateEventSourceMapping", EventSourceArn=QUEUE),
    bad("CreateEventSourceMapping", "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.", **F,
        EventSourceArn=f"{QUEUE}-none"),
    conflict("CreateEventSourceMapping", f'An event source mapping with SQS arn (" {QUEUE} ") and function (" f ") '
             "already exists. Please update or delete the existing mapping with UUID $MAPPING", **F,
             EventSourceArn=QUEUE),
    missing("GetEventSourceMapping", UUID=STALE),
    none("ListEventSourceMappings"),
    bad("ListEventSourceMappings", BAD_TOKEN, Marker="none"),
    missing("UpdateEventSourceMapping", UUID=STALE),
    bad("UpdateEventSourceMapping",
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        UUID="$MAPPING", BatchSize=11),
    missing("DeleteEventSourceMapping", UUID=STALE),
    none("GetFunctionRecursionConfig"),
    none("PutFunctionRecursionConfig", RecursiveLoop="Allow"),
    none("GetRuntimeManagementConfig"),
    bad("GetRuntimeManagementConfig", TWO_QUALIFIERS, **TWICE),
    none("PutRuntimeManagementConfig", UpdateRuntimeOn="Auto"),
    bad("PutRuntimeManagementConfig", TWO_QUALIFIERS, **TWICE, UpdateRuntimeOn="Auto"),
    none("GetFunctionCodeSigningConfig"),
    bad("GetFunctionCodeSigningConfig", NO_ALIASES, **ONE),
    none("Invoke"),
    bad("Invoke", TWO_QUALIFIERS, **TWICE),
    Case("Invoke", "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload "
         "into json: invalid literal, expected 'null': line 1 column 1 (char 0)", {**F, "Payload": b"none"}),
    Case("Invoke", "RequestTooLargeException", "6291457 byte payload is too large for the RequestResponse invocation "
         "type (limit 6291456 bytes)", {**F, "Payload": long_payload(6_291_457)}, 413),
    Case("Invoke", "RequestTooLargeException", "1048577 byte payload is too large for the Event invocation type (limit "
         "1048576 bytes)", {**F, "Payload": long_payload(1_048_577), "InvocationType": "Event"}, 413),
    Case("Invoke", "TooManyRequestsException", "Rate Exceeded.", {"FunctionName": "still"}, 429),
    none("InvokeWithResponseStream"),
    bad("InvokeWithResponseStream", TWO_QUALIFIERS, **TWICE),
    Case("InvokeWithResponseStream", "InvalidRequestContentException", "Could not parse request body into json: Could "
         "not parse payload into json: invalid literal, expected 'null': line 1 column 1 (char 0)",
         {**F, "Payload": b"none"}),
    Case("InvokeWithResponseStream", "RequestTooLargeException", "6291457 byte payload is too large for the "
         "RequestResponse invocation type (limit 6291456 bytes)", {**F, "Payload": long_payload(6_291_457)}, 413),
    Case("InvokeWithResponseStream", "TooManyRequestsException", "Rate Exceeded.", {"FunctionName": "still"}, 429),
    bad("PublishLayerVersion", "Could not unzip uploaded file. Please check your file, then try to upload again.",
        LayerName="l", Content={"ZipFile": b"none"}),
    missing("GetLayerVersion", LayerName="l", VersionNumber=9),
    bad("GetLayerVersion", NO_VERSION, LayerName="l", VersionNumber=0),
    missing("GetLayerVersionByArn", Arn=f"{LAYER}:9"),
    bad("GetLayerVersionByArn", "Invalid layer version arn: arn:aws:lambda:::awslayer:x",
        Arn="arn:aws:lambda:::awslayer:x"),
    bad("ListLayers", BAD_TOKEN, Marker="none"),
    bad("ListLayerVersions", BAD_TOKEN, LayerName="l", Marker="none"),
    bad("DeleteLayerVersion", NO_VERSION, LayerName="l", VersionNumber=0),
    missing("AddLayerVersionPermission", **{**SHARE, "VersionNumber": 9}),
    bad("AddLayerVersionPermission", NO_VERSION, **{**SHARE, "VersionNumber": 0}),
    conflict("AddLayerVersionPermission", "The statement id (there) provided already exists. Please provide a new "
             "statement id, or remove the existing statement.", **{**SHARE, "StatementId": "there"}),
    stale("AddLayerVersionPermission", **SHARE),
    missing("GetLayerVersionPolicy", LayerName="l", VersionNumber=9),
    bad("GetLayerVersionPolicy", NO_VERSION, LayerName="l", VersionNumber=0),
    missing("RemoveLayerVersionPermission", "Statement s is not found in resource policy.", LayerName="l",
            VersionNumber=1, StatementId="s"),
    bad("RemoveLayerVersionPermission", NO_VERSION, LayerName="l", VersionNumber=0, StatementId="s"),
    stale("RemoveLayerVersionPermission", LayerName="l", VersionNumber=1, StatementId="there"),
    none("CreateFunctionUrlConfig", AuthType="NONE"),
    bad("CreateFunctionUrlConfig", TWO_QUALIFIERS, FunctionName="f:live", Qualifier="other", AuthType="NONE"),
    conflict("CreateFunctionUrlConfig", f"FunctionUrlConfig exists for this Lambda function: {AT}:f:live", **F,
             Qualifier="live", AuthType="NONE"),
    missing("GetFunctionUrlConfig", **F),
    bad("GetFunctionUrlConfig", TWO_QUALIFIERS, FunctionName="f:live", Qualifier="other"),
    missing("UpdateFunctionUrlConfig", **F),
    bad("UpdateFunctionUrlConfig", TWO_QUALIFIERS, FunctionName="f:live", Qualifier="other"),
    missing("DeleteFunctionUrlConfig", **F),
    bad("DeleteFunctionUrlConfig", TWO_QUALIFIERS, FunctionName="f:live", Qualifier="other"),
    none("ListFunctionUrlConfigs"),
    bad("ListFunctionUrlConfigs", BAD_TOKEN, **F, Marker="none"),
    none("InvokeAsync", InvokeArgs=b"{}"),
    Case("InvokeAsync", "InvalidRequestContentException", "Could not parse request body into json: Could not parse "
         "payload into json: invalid literal, expected 'null': line 1 column 1 (char 0)", {**F, "InvokeArgs": b"none"}),
]  # fmt: skip

_NO_SIGNING = "fogbank does not sign code"
_NO_SUCH_THING = "of file systems, SnapStart, durable functions or capacity, which fogbank has not"
_BEFORE = "what AWS finds out when a function runs is refused here when it is configured"
_WORLD = "a fault of the world, told as ServiceException"
EXCUSED: Mapping[str, str] = {
    "ServiceException": _WORLD,
    "TooManyRequestsException": "fogbank throttles executions alone; faults can be set to throttle the rest",
    "ResourceConflictException": "functions are changed in one step: there is no time in which they are not ready",
    "ResourceInUseException": "mappings are changed in one step",
    "ResourceNotReadyException": "functions are ready with the answer that makes them",
    "CreateFunction:ResourceNotFoundException": "roles, layers and networks that are not there are invalid parameters",
    "CodeStorageExceededException": "75 GB of code",
    "AddLayerVersionPermission:PolicyLengthExceededException": "as with functions",
    "ListLayerVersions:ResourceNotFoundException": "a layer that is not there has no versions",
    "DeleteLayerVersion:ResourceNotFoundException": "what is gone is gone",
    "PublishLayerVersion:ResourceNotFoundException": "objects that are not there are invalid parameters",
    "AliasLimitExceededException": "there is no limit to aliases",
    "PublicPolicyException": "there is no block of public access",
    "UnsupportedMediaTypeException": "payloads are JSON whatever their type says",
    "SerializedRequestEntityTooLargeException": "the payload's own limit is the lower one",
    "InvalidZipFileException": "archives are looked at when they come",
    "NoPublishedVersionException": _NO_SUCH_THING,
    "ModeNotSupportedException": _NO_SUCH_THING,
    "DurableExecutionAlreadyStartedException": _NO_SUCH_THING,
    "FunctionVersionsPerCapacityProviderLimitExceededException": _NO_SUCH_THING,
    "RecursiveInvocationException": "tests/functions/test_loops.py has loops",
    "ServiceQuotaExceededException": _NO_SUCH_THING,
    "GetFunctionRecursionConfig:InvalidParameterValueException": "what is no name of a function is refused before",
    "PutFunctionRecursionConfig:InvalidParameterValueException": "what is no name of a function is refused before",
    "DeleteAlias:InvalidParameterValueException": "every name may be that of an alias that is gone",
    "GetAlias:InvalidParameterValueException": "every name may be that of an alias",
    "GetEventSourceMapping:InvalidParameterValueException": "every id may be that of a mapping",
    "DeleteEventSourceMapping:InvalidParameterValueException": "every id may be that of a mapping",
    **dict.fromkeys(("InvalidCodeSignatureException", "CodeVerificationFailedException",
                     "CodeSigningConfigNotFoundException"), _NO_SIGNING),
    **dict.fromkeys(("InvalidRuntimeException", "RuntimeAliasDeletedException", "RuntimeVersionDeletedException",
                     "InvalidSubnetIDException", "InvalidSecurityGroupIDException", "EC2AccessDeniedException",
                     "SubnetIPAddressLimitReachedException", "ENILimitReachedException", "ENINotReadyException",
                     "EC2ThrottledException", "EC2UnexpectedException"), _BEFORE),
    **dict.fromkeys(("KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException",
                     "KMSNotFoundException"), "variables are sealed with a key of fogbank's own"),
    **dict.fromkeys(("CodeArtifactUserDeletedException", "CodeArtifactUserFailedException",
                     "CodeArtifactUserPendingException"), "code is copied when it comes"),
    **dict.fromkeys(("SnapStartException", "SnapStartNotReadyException", "SnapStartTimeoutException",
                     "SnapStartRegenerationFailureException", "EFSIOException", "EFSMountConnectivityException",
                     "EFSMountFailureException", "EFSMountTimeoutException", "S3FilesMountConnectivityException",
                     "S3FilesMountFailureException", "S3FilesMountTimeoutException"), _NO_SUCH_THING),
}  # fmt: skip


def made(cloud: TestCloud) -> Mapping[str, str]:
    """A function with a version, an alias, a policy and a mapping."""
    world = World(cloud)
    call = world.call
    sha = world.make()["CodeSha256"]
    call("PublishVersion", FunctionName="f")
    call("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    call("AddPermission", **{**PERMISSION, "StatementId": "there"})
    for number in range(69):
        source = {"SourceArn": "arn:aws:s3:::" + "x" * 63}
        call("AddPermission", **{**PERMISSION, **source, "FunctionName": "f:1", "StatementId": f"s{number}"})
    world.make("still")
    call("PutFunctionConcurrency", FunctionName="still", ReservedConcurrentExecutions=0)
    cloud.call("sqs", "CreateQueue", {"QueueName": "q"})
    mapping = call("CreateEventSourceMapping", FunctionName="f", EventSourceArn=QUEUE, Enabled=False)["UUID"]
    call("PublishLayerVersion", LayerName="l", Content={"ZipFile": zipped()})
    call("AddLayerVersionPermission", **{**SHARE, "StatementId": "there"})
    call("CreateFunctionUrlConfig", FunctionName="f", Qualifier="live", AuthType="NONE")
    poor = cloud.call("iam", "CreateRole", {"RoleName": "poor", "AssumeRolePolicyDocument": TRUST})["Role"]["Arn"]
    return {"SHA": sha, "MAPPING": mapping, "POOR": poor}


class TestErrors(refusals("lambda", CASES, EXCUSED, made)):  # type: ignore[misc]
    def test_every_operation_that_can_refuse_is_seen_to(self) -> None:
        # It takes nothing that could be wrong.
        assert Parity("lambda", CASES, EXCUSED).silent() == {"GetAccountSettings"}
