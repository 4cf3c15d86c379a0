"""Every error that S3 documents is provoked somewhere, or excused with a reason."""

from __future__ import annotations

from fogbank.control.service import Installed
from fogbank.model.load import load
from fogbank.services.s3.test_s3_access_errors import EACH_BY_ITSELF, MINIMAL, OF_NO_BUCKET
from fogbank.services.s3.test_s3_errors import CASES
from fogbank.services.s3.test_s3_wire_errors import WIRE

# Codes of the page "Error responses" that no request provokes here, and why.
_NO_SERVICE = "of access points, multi-region access points, object lambda or directory buckets, which fogbank has not"
_OLD = "of SOAP, DevPay, torrents or signature version 2, which AWS has given up"
_TROUBLE = "AWS in trouble; `fogbank fault` answers with any code on demand (control/test_control.py)"
EXCUSED: dict[str, str] = {
    **dict.fromkeys(
        ("AccessPointAlreadyOwnedByYou", "BucketHasAccessPointsAttached", "InvalidAccessPoint", "EndpointNotFound",
         "InvalidAccessPointAliasError", "InvalidSessionException", "NoSuchAccessPoint", "NoSuchAsyncRequest",
         "NoSuchMultiRegionAccessPoint", "PermanentRedirectControlError", "TooManyAccessPoints", "ResponseInterrupted",
         "TooManyMultiRegionAccessPoints", "TooManyMultiRegionAccessPointregionsError", "IdempotencyException",
         "DeviceNotActiveError", "NotDeviceOwnerError", "ClientTokenConflict", "UnsupportedArgument"), _NO_SERVICE),
    **dict.fromkeys(
        ("CredentialsNotSupported", "InlineDataTooLarge", "InvalidPayer", "InvalidSOAPRequest", "InvalidSecurity",
         "MissingAttachment", "MissingSecurityElement", "MissingSecurityHeader", "RequestTorrentOfBucketError",
         "UnsupportedSignature", "MaxMessageLengthExceeded", "NoLoggingStatusForKey", "TokenRefreshRequired",
         "InvalidSignature", "TokenCodeInvalidError"), _OLD),
    **dict.fromkeys(
        ("InternalError", "ServiceUnavailable", "SlowDown", "OperationAborted", "Redirect", "TemporaryRedirect",
         "ConnectionClosedByRequester", "ConditionalRequestConflict"), _TROUBLE),
    **dict.fromkeys(
        ("PermanentRedirect", "InvalidRegion", "IncorrectEndpoint"),
        "every region's endpoint reaches every bucket (README)"),
    **dict.fromkeys(
        ("AccountProblem", "AllAccessDisabled", "NotSignedUp", "UnauthorizedAccessError", "UnexpectedIPError",
         "InvalidBucketOwnerAWSAccountID", "TagPolicyException"),
        "a state of accounts and organizations that fogbank does not keep"),
    **dict.fromkeys(
        ("RestoreAlreadyInProgress", "ObjectAlreadyInActiveTierError"), "RestoreObject has no code (README)"),
    **dict.fromkeys(
        ("InvalidWriteOffset", "TooManyParts", "EncryptionTypeMismatch"), "appends are for directory buckets alone"),
    "AmbiguousGrantByEmailAddress": "no account has an address",
    "TooManyBuckets": "at 10,001 buckets: below, with the limit lower",
    "ServerSideEncryptionConfigurationNotFoundError": "since January 2023 each bucket has a default encryption",
    "InvalidAddressingHeader": "asks for the anonymous role of a service of AWS's own",
    "InvalidHostHeader": "a Host that names no bucket is taken for the endpoint itself",
    "InvalidHttpMethod": "a method that HTTP lacks is refused before S3 sees it (gateway/test_connection.py)",
    "RequestHeaderSectionTooLarge": "the gateway says 431 before S3 sees it (gateway/test_connection.py)",
    "RequestTimeout": "needs a stalled upload: gateway/test_streams.py",
    "ExpiredToken": "needs a session: gateway/test_identify.py",
    "InvalidToken": "needs a session: gateway/test_identify.py",
    "InvalidAccessKeyId": "needs an unknown key: gateway/test_identify.py",
    "SignatureDoesNotMatch": "needs a signature: gateway/test_sigv4.py and test_identify.py",
    "RequestTimeTooSkewed": "needs a signature: gateway/test_sigv4.py",
    "AuthorizationQueryParametersError": "needs a signature: gateway/test_sigv4.py",
    "UnexpectedContent": "AWS says it of bodies that fogbank passes over",
    "MissingRequestBodyError": "AWS says MalformedXML since the schema demands a document",
    "RequestIsNotMultiPartContent": "a POST to a bucket that is no form is no operation: MethodNotAllowed",
    "UserKeyMustBeSpecified": "AWS says InvalidArgument since: test_s3_pages.py",
    "IncorrectNumberOfFilesInPostRequest": "AWS says InvalidArgument since: test_s3_pages.py",
    "MaxPostPreDataLengthExceededError": "of forms: test_s3_pages.py",
    "MalformedPOSTRequest": "of forms: test_s3_pages.py",
    "InvalidPolicyDocument": "of forms: test_s3_pages.py",
    "MissingAuthenticationToken": "an unsigned request is nobody's, and refused with AccessDenied",
}  # fmt: skip
DOCUMENTED = """
AccessControlListNotSupported AccessDenied AccountProblem AllAccessDisabled AmbiguousGrantByEmailAddress
AuthorizationHeaderMalformed AuthorizationQueryParametersError BadDigest BucketAlreadyExists BucketAlreadyOwnedByYou
BucketHasAccessPointsAttached BucketNotEmpty ClientTokenConflict ConnectionClosedByRequester CredentialsNotSupported
CrossLocationLoggingProhibitted DeviceNotActiveError EndpointNotFound EntityTooLarge EntityTooSmall ExpiredToken
IllegalLocationConstraintException IllegalVersioningConfigurationException IncompleteBody IncorrectEndpoint
IncorrectNumberOfFilesInPostRequest InlineDataTooLarge InternalError InvalidAccessKeyId InvalidAccessPoint
InvalidAccessPointAliasError InvalidAddressingHeader InvalidArgument InvalidBucketAclWithObjectOwnership
InvalidBucketName InvalidBucketOwnerAWSAccountID InvalidBucketState InvalidDigest InvalidEncryptionAlgorithmError
InvalidHostHeader InvalidHttpMethod InvalidLocationConstraint InvalidObjectState InvalidPart InvalidPartOrder
InvalidPayer InvalidPolicyDocument InvalidRange InvalidRegion InvalidRequest InvalidSessionException InvalidSignature
InvalidSecurity InvalidSOAPRequest InvalidStorageClass InvalidTag InvalidTargetBucketForLogging InvalidToken InvalidURI
KeyTooLongError KMS.DisabledException KMS.InvalidKeyUsageException KMS.KMSInvalidStateException KMS.NotFoundException
MalformedACLError MalformedPolicy MalformedPOSTRequest MalformedXML MaxMessageLengthExceeded
MaxPostPreDataLengthExceededError MetadataTooLarge MethodNotAllowed MissingAttachment MissingAuthenticationToken
MissingContentLength MissingRequestBodyError MissingSecurityElement MissingSecurityHeader NoLoggingStatusForKey
NoSuchAccessPoint NoSuchAsyncRequest NoSuchBucket NoSuchBucketPolicy NoSuchCORSConfiguration NoSuchKey
NoSuchLifecycleConfiguration NoSuchMultiRegionAccessPoint NoSuchObjectLockConfiguration NoSuchTagSet NoSuchUpload
NoSuchVersion NoSuchWebsiteConfiguration NotDeviceOwnerError NotImplemented NotModified NotSignedUp
ObjectLockConfigurationNotFoundError OperationAborted OwnershipControlsNotFoundError PermanentRedirect
PermanentRedirectControlError PreconditionFailed Redirect ReplicationConfigurationNotFoundError
RequestHeaderSectionTooLarge RequestIsNotMultiPartContent RequestTimeout RequestTimeTooSkewed
RequestTorrentOfBucketError ResponseInterrupted RestoreAlreadyInProgress ServerSideEncryptionConfigurationNotFoundError
ServiceUnavailable SignatureDoesNotMatch SlowDown TagPolicyException TemporaryRedirect TokenCodeInvalidError
TokenRefreshRequired TooManyAccessPoints TooManyBuckets TooManyMultiRegionAccessPointregionsError
TooManyMultiRegionAccessPoints UnauthorizedAccessError UnexpectedContent UnexpectedIPError
UnresolvableGrantByEmailAddress
UnsupportedArgument UnsupportedSignature UserKeyMustBeSpecified XAmzContentSHA256Mismatch
""".split()


def test_every_operation_is_in_the_tables() -> None:
    installed = Installed("fogbank.services.s3")
    done = {operation.name for operation in load("s3").operations() if installed.operation(operation.name)}
    assert done == set(MINIMAL) | EACH_BY_ITSELF | OF_NO_BUCKET
    assert done - set(MINIMAL) <= {case[0] for case in CASES}


def test_every_documented_error_is_provoked_or_excused() -> None:
    provoked = {case[2] for case in CASES} | {code for *_, code, _ in WIRE}
    missing = set(DOCUMENTED) - provoked - set(EXCUSED)
    assert not missing
    assert not provoked & set(EXCUSED), "what is provoked needs no excuse"


def test_every_error_of_the_model_is_provoked_by_its_operation_or_excused() -> None:
    model, installed = load("s3"), Installed("fogbank.services.s3")
    provoked = {(case[0], case[2]) for case in CASES} | {(name, "NoSuchBucket") for name in MINIMAL}
    missing = [
        (operation.name, code)
        for operation in model.operations()
        if installed.operation(operation.name)
        for code in operation.errors
        if code not in EXCUSED and (operation.name, code) not in provoked
    ]
    assert not missing
