"""S3's errors in S3's words (API reference, "Error responses")."""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.aws.errors import AwsError


def no_such_bucket(name: str) -> AwsError:
    return AwsError("NoSuchBucket", "The specified bucket does not exist", status=404, BucketName=name)


def no_such_key(key: str, headers: Mapping[str, str] | None = None) -> AwsError:
    return AwsError("NoSuchKey", "The specified key does not exist.", status=404, headers=headers, Key=key)


def no_such_version(key: str, version_id: str) -> AwsError:
    text = "The specified version does not exist."
    return AwsError("NoSuchVersion", text, status=404, Key=key, VersionId=version_id)


def no_such_upload(upload_id: str) -> AwsError:
    text = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed."
    )
    return AwsError("NoSuchUpload", text, status=404, UploadId=upload_id)


def invalid_argument(message: str, name: str = "", value: object = None) -> AwsError:
    if not name:
        return AwsError("InvalidArgument", message, status=400)
    return AwsError(
        "InvalidArgument", message, status=400, ArgumentName=name, ArgumentValue="" if value is None else value
    )


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequest", message, status=400)


def malformed_xml() -> AwsError:
    text = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedXML", text, status=400)


def access_denied(message: str = "Access Denied") -> AwsError:
    return AwsError("AccessDenied", message, status=403)


def locked() -> AwsError:
    return access_denied("Access Denied because object protected by object lock.")


def precondition_failed(condition: str, headers: Mapping[str, str] | None = None) -> AwsError:
    text = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", text, status=412, headers=headers, Condition=condition)


def unimplemented_header(header: str) -> AwsError:
    text = "A header you provided implies functionality that is not implemented"
    return AwsError("NotImplemented", text, status=501, Header=header)


def marker_not_allowed(headers: Mapping[str, str]) -> AwsError:
    """A delete marker named by its version: there is nothing to read, and it can only be deleted."""
    text = "The specified method is not allowed against this resource."
    more = {"x-amz-delete-marker": "true", "Allow": "DELETE", **headers}
    return AwsError("MethodNotAllowed", text, status=405, headers=more, Method="GET", ResourceType="DeleteMarker")


def missing(code: str, message: str, bucket: str) -> AwsError:
    """A configuration that the bucket does not have."""
    return AwsError(code, message, status=404, BucketName=bucket)
