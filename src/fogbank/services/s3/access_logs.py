"""Server access logs: a line for each request to a bucket that logs, and the objects that lines are delivered in.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from fogbank.codec.errors import host_id
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context, Source
from fogbank.services.s3 import acls, buckets
from fogbank.services.s3.entries import space
from fogbank.services.s3.resources import Bucket, Configuration, LogBatch

NOUN = "logging"
SERVICE = "logging.s3"
EVERY_SECONDS = 300.0
_LINES_MAX = 50_000
_OBJECT = {
    "AbortMultipartUpload": "REST.DELETE.UPLOAD",
    "CompleteMultipartUpload": "REST.POST.UPLOAD",
    "CopyObject": "REST.COPY.OBJECT",
    "CreateBucket": "REST.PUT.BUCKET",
    "CreateMultipartUpload": "REST.POST.UPLOADS",
    "DeleteBucket": "REST.DELETE.BUCKET",
    "DeleteObject": "REST.DELETE.OBJECT",
    "DeleteObjects": "REST.POST.MULTI_OBJECT_DELETE",
    "GetObject": "REST.GET.OBJECT",
    "HeadBucket": "REST.HEAD.BUCKET",
    "HeadObject": "REST.HEAD.OBJECT",
    "ListMultipartUploads": "REST.GET.UPLOADS",
    "ListObjectVersions": "REST.GET.BUCKETVERSIONS",
    "ListObjects": "REST.GET.BUCKET",
    "ListObjectsV2": "REST.GET.BUCKET",
    "ListParts": "REST.GET.UPLOAD",
    "PutObject": "REST.PUT.OBJECT",
    "UploadPart": "REST.PUT.PART",
    "UploadPartCopy": "REST.COPY.PART",
}
_SETTINGS = {
    "BucketAccelerateConfiguration": "ACCELERATE",
    "BucketAcl": "ACL",
    "BucketCors": "CORS",
    "BucketEncryption": "ENCRYPTION",
    "BucketLifecycle": "LIFECYCLE",
    "BucketLifecycleConfiguration": "LIFECYCLE",
    "BucketLocation": "LOCATION",
    "BucketLogging": "LOGGING_STATUS",
    "BucketNotificationConfiguration": "NOTIFICATION",
    "BucketOwnershipControls": "OWNERSHIP_CONTROLS",
    "BucketPolicy": "BUCKETPOLICY",
    "BucketPolicyStatus": "POLICY_STATUS",
    "BucketReplication": "REPLICATION",
    "BucketRequestPayment": "REQUEST_PAYMENT",
    "BucketTagging": "TAGGING",
    "BucketVersioning": "VERSIONING",
    "BucketWebsite": "WEBSITE",
    "ObjectAcl": "ACL",
    "ObjectAttributes": "OBJECT_ATTRIBUTES",
    "ObjectLegalHold": "OBJECT_LOCK_LEGALHOLD",
    "ObjectLockConfiguration": "OBJECT_LOCK_CONFIGURATION",
    "ObjectRetention": "OBJECT_LOCK_RETENTION",
    "ObjectTagging": "OBJECT_TAGGING",
    "PublicAccessBlock": "PUBLIC_ACCESS_BLOCK",
}
_COPIES = {"CopyObject": "REST.COPY.OBJECT_GET", "UploadPartCopy": "REST.COPY.PART_GET"}


class Served(NamedTuple):
    """A request that has been answered. `operation` is the API's name of it, or what a page says of itself."""

    request: Request
    response: Response
    operation: str
    error: str = ""


def note(ctx: Context, served: Served) -> None:
    """Put a line down for each bucket that a request names, where that one logs; the answer does not wait for it."""
    path = served.request.path
    _note_one(ctx, served, path, _word(served.operation, served.request.method))
    source = served.request.headers.get("x-amz-copy-source")
    if source and served.operation in _COPIES:
        _note_one(ctx, served, f"/{unquote(source).lstrip('/')}", _COPIES[served.operation])


def _note_one(ctx: Context, served: Served, path: str, word: str) -> None:
    name, _, key = path[1:].partition("/")
    with ctx.begin():
        if ctx.transaction.get(Configuration, buckets.home(ctx), name, NOUN, "") is None:
            return
        bucket = buckets.find(ctx, name)
        if bucket is None:
            return
        row = f"{int(ctx.now * 1000):013d}.{next(ctx.held(count)):010d}.{ctx.uuid()[:8]}"
        text = line(ctx, bucket, served, (word, key))
        ctx.put_item(space(ctx.partition, "log", name), row, text.encode("utf-8", "surrogateescape"))
        home = ctx.at(bucket.region, bucket.account)
        if home.get(LogBatch, name) is None:
            home.put(LogBatch(bucket=name, due_at=ctx.now + EVERY_SECONDS))


def _word(operation: str, method: str) -> str:
    """`REST.GET.OBJECT`: how logs call an operation."""
    if operation in _OBJECT:
        return _OBJECT[operation]
    if "." in operation:
        return operation
    for verb in ("Get", "Put", "Delete"):
        if operation.startswith(verb):
            noun = operation.removeprefix(verb)
            return f"REST.{verb.upper()}.{_SETTINGS.get(noun, noun.upper())}"
    return f"REST.{method.upper()}.{operation.upper() or 'OBJECT'}"


def line(ctx: Context, bucket: Bucket, served: Served, what: tuple[str, str]) -> str:
    """A record of the log; `what` is the operation's word and the key as the path has it."""
    request, response = served.request, served.response
    headers, (word, key) = request.headers, what
    told = {name.lower(): value for name, value in response.headers}
    request_id = told.get("x-amz-request-id") or ctx.request_id
    target = f"{request.raw_path}?{request.query}" if request.query else request.raw_path
    version, kind = _signature(request)
    fields: Iterable[Any] = (
        acls.canonical_id(bucket.account),
        bucket.name,
        f"[{datetime.fromtimestamp(ctx.now, UTC):%d/%b/%Y:%H:%M:%S +0000}]",
        request.peer or "-",
        _requester(ctx),
        request_id,
        word,
        quote(unquote(key)) or "-",
        f'"{request.method} {target} HTTP/1.1"',
        response.status,
        served.error or "-",
        _sent(request, response, told) or "-",
        _object_size(request, response, told, key) or "-",
        "-",
        "-",
        f'"{headers.get("referer", "-")}"',
        f'"{headers.get("user-agent", "-")}"',
        told.get("x-amz-version-id", "-"),
        told.get("x-amz-id-2") or host_id(request_id),
        version,
        "-",
        kind,
        headers.get("host", "-"),
        "-",
        "-",
        "-",
    )
    return " ".join(map(str, fields))


def _requester(ctx: Context) -> str:
    principal = ctx.caller.principal
    if principal.kind == "anonymous":
        return "-"
    if principal.kind == "root":
        return acls.canonical_id(principal.account)
    return principal.service or principal.arn


def _signature(request: Request) -> tuple[str, str]:
    """The version of a request's signature, and where it was."""
    authorization = request.headers.get("authorization", "")
    if authorization:
        return ("SigV4" if authorization.startswith("AWS4-") else "SigV2"), "AuthHeader"
    if "X-Amz-Signature=" in request.query:
        return "SigV4", "QueryString"
    return ("SigV2", "QueryString") if "Signature=" in request.query else ("-", "-")


def _sent(request: Request, response: Response, told: Mapping[str, str]) -> str:
    if request.method == "HEAD":
        return ""
    size = len(response.body) if isinstance(response.body, bytes) else told.get("content-length", 0)
    return str(size or "")


def _object_size(request: Request, response: Response, told: Mapping[str, str], key: str) -> str:
    """The size of the whole object that was read or written; empty where none was."""
    if not key or response.status >= 400:
        return ""
    if request.method == "PUT":
        return request.headers.get("x-amz-decoded-content-length") or request.headers.get("content-length", "")
    if "accept-ranges" not in told:
        return ""
    total = told.get("content-range", "").rpartition("/")[2]
    size = len(response.body) if isinstance(response.body, bytes) and request.method == "GET" else ""
    return total or told.get("content-length") or str(size)


# Delivery


class Lot(NamedTuple):
    """Lines that go into one object: what PutObject is asked, and the row of the last line."""

    request: Mapping[str, Any]
    last: str


def lot(ctx: Context, bucket: Bucket) -> Lot | None:
    """The oldest lines that wait, as far as they go into one object; None for none, or for a bucket that stopped."""
    found = buckets.configuration(ctx, bucket, NOUN)
    rows = ctx.items(space(ctx.partition, "log", bucket.name), limit=_LINES_MAX)
    if found is None or not rows:
        return None
    partitioned = found.get("TargetObjectKeyFormat", {}).get("PartitionedPrefix")
    by_event = partitioned is not None and partitioned.get("PartitionDateSource") == "EventTime"
    if by_event:
        day = _day(rows[0][0])
        rows = [row for row in rows if _day(row[0]) == day]
    at = datetime.fromtimestamp(int(rows[0][0][:13]) / 1000 if by_event else ctx.now, UTC)
    stamp = f"{at:%Y-%m-%d}-00-00-00" if by_event else f"{at:%Y-%m-%d-%H-%M-%S}"
    name = f"{stamp}-{ctx.uuid().replace('-', '')[:16].upper()}"
    if partitioned is not None:
        name = f"{bucket.account}/{bucket.region}/{bucket.name}/{at:%Y/%m/%d}/{name}"
    request: dict[str, Any] = {
        "Bucket": found["TargetBucket"],
        "Key": f"{found['TargetPrefix']}{name}",
        "Body": b"".join(row + b"\n" for _, row in rows),
        "ContentType": "text/plain",
        **_granted(found.get("TargetGrants", ())),
    }
    return Lot(request, rows[-1][0])


def _day(row: str) -> int:
    return int(row[:13]) // 86_400_000


def _granted(grants: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The grants of a configuration as the headers of a request."""
    found: dict[str, list[str]] = {}
    names = {"FULL_CONTROL": "GrantFullControl", "READ": "GrantRead", "WRITE": "GrantWriteACP"}
    for grant in grants:
        grantee = grant["Grantee"]
        kind, name = ("uri", "URI") if "URI" in grantee else ("id", "ID")
        if name in grantee:
            found.setdefault(names[grant["Permission"]], []).append(f'{kind}="{grantee[name]}"')
    return {name: ",".join(texts) for name, texts in found.items()}


def courier(ctx: Context, bucket: Bucket) -> Context:
    """Who delivers: the logging service, for this bucket."""
    source = Source(buckets.arn(bucket, ctx.partition), bucket.account)
    return ctx.at(bucket.region, bucket.account).as_service(source, name=SERVICE)


def delivered(ctx: Context, bucket: Bucket, last: str) -> None:
    """Lines up to a row have gone, or are given up."""
    where = space(ctx.partition, "log", bucket.name)
    for row, _ in ctx.items(where, before=f"{last}\x00", limit=_LINES_MAX):
        ctx.delete_item(where, row)


def drop(ctx: Context, name: str) -> None:
    """Give up all lines of a bucket."""
    ctx.delete_item(space(ctx.partition, "log", name), None)
