"""What the gateway refuses, in the words that the protocol and the service of a request have for it."""

from __future__ import annotations

from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.codec.detect import Target
from fogbank.codec.message import Request
from fogbank.codec.query import parameters
from fogbank.model.load import load

_JSON = frozenset(("json", "rest-json", "smithy-rpc-v2-cbor"))
_S3 = frozenset(("s3", "s3control"))

# Authentication errors are raised under the names of the query protocol, as STS and IAM document them.
# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_IN_JSON = {
    "InvalidClientTokenId": ("UnrecognizedClientException", ""),
    "SignatureDoesNotMatch": ("InvalidSignatureException", ""),
    "ExpiredToken": ("ExpiredTokenException", ""),
    "MissingAuthenticationToken": ("MissingAuthenticationTokenException", "Missing Authentication Token"),
    "IncompleteSignature": ("IncompleteSignatureException", ""),
}
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_IN_S3 = {
    "InvalidClientTokenId": ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our "
                             "records."),
    "InvalidToken": ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    "ExpiredToken": ("ExpiredToken", 400, "The provided token has expired."),
    "MissingAuthenticationToken": ("AccessDenied", 403, "Access Denied"),
    "IncompleteSignature": ("AuthorizationHeaderMalformed", 400, ""),
}  # fmt: skip
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_NOT_VALIDATED = ("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
_IN_EC2 = {
    "InvalidClientTokenId": _NOT_VALIDATED,
    "SignatureDoesNotMatch": _NOT_VALIDATED,
    "ExpiredToken": ("RequestExpired", "Request has expired.", 400),
}


def in_words_of(target: Target, error: AwsError, *, has_token: bool = False) -> AwsError:
    """An authentication error under the code, text and status that the target's service gives it; others unchanged.

    `has_token` tells S3's errors apart for an unknown key and for a session token that is no good.
    """
    if target.protocol in _JSON:
        found = _IN_JSON.get(error.code)
        return AwsError(found[0], found[1] or error.message, **error.members) if found else error
    if target.protocol == "ec2":
        known = _IN_EC2.get(error.code)
        return AwsError(known[0], known[1], status=known[2]) if known else error
    if target.service not in _S3:
        return error
    said = _IN_S3.get("InvalidToken" if has_token and error.code == "InvalidClientTokenId" else error.code)
    return AwsError(said[0], said[2] or error.message, status=said[1], **error.members) if said else error


def unknown_operation(target: Target, request: Request) -> AwsError:
    """What a service says to a request that means none of its operations."""
    if target.protocol in ("query", "ec2"):
        return _unknown_action(target, parameters(request))
    if target.service in _S3:
        text = "The specified method is not allowed against this resource."
        return AwsError("MethodNotAllowed", text, status=405, Method=request.method, ResourceType="SERVICE")
    return AwsError("UnknownOperationException", "The requested operation is not recognized by the service.")


def _unknown_action(target: Target, pairs: dict[str, str]) -> AwsError:
    action = pairs.get("Action")
    if not action:
        return AwsError("MissingAction", "The request must contain the parameter Action.", status=400)
    if target.service in ("ec2", "sqs"):
        return AwsError("InvalidAction", f"The action {action} is not valid for this web service.", status=400)
    version = pairs.get("Version") or str(load(target.service).metadata["apiVersion"])
    return AwsError("InvalidAction", f"Could not find operation {action} for version {version}", status=400)


def foreign_service(name: str) -> AwsError:
    """S3's answer, as that of whoever takes what nobody else does, to a signature for a service that there is not."""
    text = f'The authorization header is malformed; incorrect service "{name}". This endpoint belongs to "s3".'
    return AwsError("AuthorizationHeaderMalformed", text, status=400)


def not_here(service: str, operation: str, remedy: str) -> AwsError:
    """NotImplemented for an operation of a service that has no folder; `remedy` is what would let it be borrowed."""
    error = NotImplementedByFogbank(service, operation)
    error.message = f"{error.message} {remedy}".rstrip()
    return error
