"""What an error says on the wire: its code, status and side, from the model and AWS's lists of common errors."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.model.load import load
from fogbank.model.operation import Model

_RPC = frozenset(("json", "smithy-rpc-v2-cbor"))

# Codes about who the caller is: 403, but 400 in the RPC protocols (seen from every json service).
_IDENTITY = frozenset(
    ("AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
     "IncompleteSignatureException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
     "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired",
     "RequestExpired", "SignatureDoesNotMatch", "UnauthorizedOperation", "UnrecognizedClientException")
)  # fmt: skip

# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, and the same page of other services
_STATUSES = {
    "AuthFailure": 401,
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "NotImplemented": 501,
    "RequestEntityTooLargeException": 413,
    "RequestTimeoutException": 408,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "Unavailable": 503,
    "UnknownOperationException": 404,
}

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_S3 = {
    "AccessControlListNotSupported": 400,
    "BucketAlreadyExists": 409,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "ConditionalRequestConflict": 409,
    "EntityTooLarge": 400,
    "IdempotencyParameterMismatch": 400,
    "InternalError": 500,
    "InvalidBucketState": 409,
    "InvalidObjectState": 403,
    "InvalidRange": 416,
    "MethodNotAllowed": 405,
    "MissingContentLength": 411,
    "NoSuchBucket": 404,
    "NoSuchBucketPolicy": 404,
    "NoSuchCORSConfiguration": 404,
    "NoSuchConfiguration": 404,
    "NoSuchKey": 404,
    "NoSuchLifecycleConfiguration": 404,
    "NoSuchObjectLockConfiguration": 404,
    "NoSuchPublicAccessBlockConfiguration": 404,
    "NoSuchTagSet": 404,
    "NoSuchUpload": 404,
    "NoSuchVersion": 404,
    "NoSuchWebsiteConfiguration": 404,
    "NotFound": 404,
    "NotModified": 304,
    "ObjectLockConfigurationNotFoundError": 404,
    "OperationAborted": 409,
    "OwnershipControlsNotFoundError": 404,
    "PermanentRedirect": 301,
    "PreconditionFailed": 412,
    "ReplicationConfigurationNotFoundError": 404,
    "RequestTimeTooSkewed": 403,
    "RestoreAlreadyInProgress": 409,
    "ServerSideEncryptionConfigurationNotFoundError": 404,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "TemporaryRedirect": 307,
}

# SQS was a query service, and its clients still match on the codes of that time; the model has forgotten them.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html
_SQS_QUERY_CODES = {
    "AccessDeniedException": "AccessDenied",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "KmsAccessDenied": "KMS.AccessDeniedException",
    "KmsDisabled": "KMS.DisabledException",
    "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
    "KmsInvalidState": "KMS.InvalidStateException",
    "KmsNotFound": "KMS.NotFoundException",
    "KmsOptInRequired": "KMS.OptInRequired",
    "KmsThrottled": "KMS.ThrottlingException",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
    "QueueDeletedRecently": "AWS.SimpleQueueService.QueueDeletedRecently",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}
_SQS_STATUS = {"OverLimit": 403, "PurgeQueueInProgress": 403, "RequestThrottled": 403}


class Refusal(NamedTuple):
    """An error as the wire needs it.

    `shape` is the modelled shape's name, or None; `name` is that name, or the code as it was raised; `query_code` is
    what the query protocols call it; `sender` says whose fault it is; `message_key` is the shape's own spelling of
    `message`.
    """

    name: str
    query_code: str
    shape: str | None
    status: int
    sender: bool
    message_key: str
    message: str
    members: Mapping[str, Any]


def refusal(error: AwsError, service: str | None, protocol: str) -> Refusal:
    """What an error says in a service's words. An unknown or absent service has only the common errors."""
    model = load(service) if service else None
    shape = _shapes_by_code(service).get(error.code) if service else None
    traits: Mapping[str, Any] = model.shapes[shape] if model and shape else {}
    modelled = traits.get("error", {})
    name = shape or error.code
    query_code = modelled.get("code") or (_SQS_QUERY_CODES.get(name) if service == "sqs" else None) or name
    status = (
        error.status or modelled.get("httpStatusCode") or _status(service, name, protocol, bool(traits.get("fault")))
    )
    key = next((member for member in traits.get("members", ()) if member.lower() == "message"), "message")
    members = {member: value for member, value in error.members.items() if member != key and value is not None}
    sender = bool(modelled.get("senderFault", status < 500)) and not traits.get("fault")
    return Refusal(name, query_code, shape, status, sender, key, error.message, members)


def _status(service: str | None, code: str, protocol: str, fault: bool) -> int:
    if fault:
        return 500
    if service in ("s3", "s3control") and code in _S3:
        return _S3[code]
    if service == "sqs" and code in _SQS_STATUS:
        return _SQS_STATUS[code]
    if code in _IDENTITY:
        return 400 if protocol in _RPC else 403
    if code == "UnknownOperationException" and protocol == "json":
        return 400
    return _STATUSES.get(code, 400)


@cache
def _shapes_by_code(service: str) -> dict[str, str]:
    shapes = load(service).shapes
    errors = [name for name, shape in shapes.items() if shape.get("exception") or "error" in shape]
    by_code = {shapes[name].get("error", {}).get("code", name): name for name in errors}
    if service == "sqs":
        by_code.update({code: name for name, code in _SQS_QUERY_CODES.items() if name in shapes})
    # A handler says the shape's name; the code that the API page prints is understood too.
    return by_code | {name: name for name in errors}


def is_query_compatible(service: str | None) -> bool:
    """Whether a json or cbor service was once a query service, and must still tell the old code in a header."""
    return bool(service) and "awsQueryCompatible" in load(service).metadata


def identity_headers(request_id: str, service: str | None) -> list[tuple[str, str]]:
    """The headers that name a request; s3 has two of its own."""
    headers = [("x-amzn-requestid", request_id)]
    if service in ("s3", "s3control"):
        headers += [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]
    return headers


def host_id(request_id: str) -> str:
    """S3's second request id, which looks like base64 and means nothing to clients."""
    return base64.b64encode(hashlib.sha256(request_id.encode()).digest()).decode()


def error_members(model: Model | None, said: Refusal) -> dict[str, Any]:
    """The further members of an error that its shape knows; all of them where there is no shape."""
    if model is None or said.shape is None:
        return dict(said.members)
    known = model.members(said.shape)
    return {name: value for name, value in said.members.items() if name in known}
