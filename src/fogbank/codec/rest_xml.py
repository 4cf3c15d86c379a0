"""The rest-xml protocol: XML bodies in REST requests, and S3's own ways within it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.codec import rest, timestamps
from fogbank.codec.errors import error_members, host_id, identity_headers, refusal
from fogbank.codec.message import Request, Response
from fogbank.codec.query import error_document
from fogbank.codec.xml import (
    HEAD,
    Unreadable,
    XmlReader,
    XmlWriter,
    document,
    escaped,
    local_name,
    namespace_of,
    referenced,
)
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation, Traits

_MALFORMED_XML = "The XML you provided was not well-formed or did not validate against our published schema"
_S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

# The roots of S3's answers, which the model does not hold and some clients look for; each operation's API page.
_S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesOutput",
    "GetObjectTagging": "Tagging",
    "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
    "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
    "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}


def _reader(
    model: Model, operation: Operation, refs: Mapping[str, Traits], payload: Traits | None
) -> Callable[[bytes], Any]:
    read = XmlReader(model).members(refs) if payload is None else XmlReader(model).of(payload)
    name = payload.get("locationName") if payload is not None and model.service == "s3" else None

    def read_document(body: bytes) -> Any:
        root = document(body)
        if name is not None and local_name(root.tag) != name:
            raise Unreadable(f"the document is not a {name}")
        return read(root)

    return read_document


def _writer(
    model: Model, operation: Operation, refs: Mapping[str, Traits], payload: Traits | None
) -> Callable[[Any], bytes]:
    is_s3 = model.service in ("s3", "s3control")
    writer = XmlWriter(model, timestamps.iso_milliseconds if is_s3 else timestamps.iso)
    if model.service == "s3" and operation.name == "GetBucketLocation":
        return _bucket_location
    if payload is not None:
        return _document_of_payload(model, writer, payload)
    shape = operation.output or ""
    name = _S3_ROOTS.get(operation.name) or model.shapes[shape].get("locationName") or shape
    start, end = f"{HEAD}<{name}{namespace_of(_declared(model, {}))}>", f"</{name}>"
    children = writer.members(refs)

    def write(result: Any) -> bytes:
        out = [start]
        children(result, out.append)
        out.append(end)
        return "".join(out).encode("utf-8", "replace")

    return write


def _document_of_payload(model: Model, writer: XmlWriter, payload: Traits) -> Callable[[Any], bytes]:
    name = payload.get("locationName") or model.shapes[payload["shape"]].get("locationName") or payload["shape"]
    write_root = writer.of({**payload, **_declared(model, payload)}, name)

    def write(value: Any) -> bytes:
        out = [HEAD]
        write_root(value, out.append)
        return "".join(out).encode("utf-8", "replace")

    return write


def _declared(model: Model, payload: Traits) -> Traits:
    default = _S3_NAMESPACE if model.service == "s3" else model.metadata.get("xmlNamespace", "")
    return {"xmlNamespace": payload.get("xmlNamespace") or default}


def _bucket_location(result: Mapping[str, Any]) -> bytes:
    # The answer is one bare element, empty for us-east-1, where the model says a structure:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    region = result.get("LocationConstraint") or ""
    return f'{HEAD}<LocationConstraint xmlns="{_S3_NAMESPACE}">{escaped(region)}</LocationConstraint>'.encode()


def _refuse(model: Model, reason: str) -> AwsError:
    if model.service in ("s3", "s3control"):
        is_argument = reason.endswith(("integer", "long", "boolean", "timestamp", "double", "blob"))
        return AwsError("InvalidArgument", reason) if is_argument else AwsError("MalformedXML", _MALFORMED_XML)
    return AwsError("MalformedInput", reason)


_BODIES = rest.Bodies("rest-xml", "application/xml", _reader, _writer, _refuse)
_BODIES_ROUTE53 = _BODIES._replace(content_type="text/xml")


def _bodies(model: Model) -> rest.Bodies:
    return _BODIES if model.service in ("s3", "s3control") else _BODIES_ROUTE53


def request_parser(model: Model, operation: Operation) -> Callable[[Request], dict[str, Any]]:
    """From a request of the rest-xml protocol to its parameters. Raises AwsError MalformedXML, InvalidArgument (s3) or
    MalformedInput."""
    parse = rest.request_parser(model, operation, _bodies(model))
    if model.service != "s3" or operation.name not in ("PutObject", "CopyObject"):
        return parse

    def parse_whole(request: Request) -> dict[str, Any]:
        # What lacks its part's number is no object: it must not become one over the object that it is a part of.
        if "uploadId=" in request.query:
            text = "This operation does not accept a query-string."
            raise AwsError("InvalidArgument", text, ArgumentName="ResourceType", ArgumentValue="uploadId")
        return parse(request)

    return parse_whole


def response_writer(model: Model, operation: Operation) -> Callable[[Mapping[str, Any], str], Response]:
    """From a result to a response of the rest-xml protocol."""
    write = rest.response_writer(model, operation, _bodies(model))
    if model.service != "s3" or operation.name not in ("GetObject", "HeadObject"):
        return write

    def write_part(result: Mapping[str, Any], request_id: str) -> Response:
        # A range has a status of its own, of which the model knows nothing (RFC 9110 section 15.3.7).
        response = write(result, request_id)
        if result.get("ContentRange"):
            response.status = 206
        return response

    return write_part


def write_error(error: AwsError, request_id: str, service: str | None) -> Response:
    """An error in the rest-xml protocol; s3's has a form of its own, without namespace and with both request ids."""
    said = refusal(error, service, "rest-xml")
    model = load(service) if service else None
    headers = identity_headers(request_id, service)
    if service not in ("s3", None):
        text = error_document(said, model, request_id)
        return Response(said.status, [*headers, ("content-type", "text/xml")], text.encode("utf-8", "replace"))
    members = (
        dict(said.members) if model is None or said.shape is None else {**said.members, **error_members(model, said)}
    )
    out = [f"{HEAD}<Error><Code>{escaped(said.query_code)}</Code><Message>{referenced(said.message)}</Message>"]
    out += [f"<{name}>{referenced(str(value))}</{name}>" for name, value in members.items()]
    out.append(f"<RequestId>{escaped(request_id)}</RequestId><HostId>{host_id(request_id)}</HostId></Error>")
    body = b"" if said.status == 304 else "".join(out).encode("utf-8", "replace")
    return Response(said.status, [*headers, ("content-type", "application/xml")], body)
