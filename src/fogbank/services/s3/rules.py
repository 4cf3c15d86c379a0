"""What S3 decides about names, keys, metadata, tags, ranges and conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from fogbank.aws.errors import AwsError
from fogbank.services.s3 import errors

BUCKETS_MAX = 10_000
KEY_BYTES_MAX = 1024
METADATA_BYTES_MAX = 2048
OBJECT_BYTES_MAX = 48_800 * 1024**3
"""The largest object: 50 TB, in at most 10,000 parts of 5 GiB (S3 User Guide, "Multipart upload limits")."""
PUT_BYTES_MAX = 5 * 1024**3
PART_BYTES_MIN = 5 * 1024**2
PARTS_MAX = 10_000
PAGE_MAX = 1000
OBJECT_TAGS_MAX, BUCKET_TAGS_MAX = 10, 50
CONTENT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires")
STORAGE_CLASSES = frozenset(
    ("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE",
     "GLACIER_IR")
)  # fmt: skip
ARCHIVED = frozenset(("GLACIER", "DEEP_ARCHIVE"))
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+\Z")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_REGIONAL = "-an"
_TAG_TEXT = re.compile(r"[\w\s+\-=._:/@]*\Z")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z", re.ASCII)
_OFFSET_DIGITS_MAX = 18


def check_bucket_name(name: str, namespace: str = "", owner: str = "") -> None:
    """Raises InvalidBucketName. `owner` is `ACCOUNT-REGION`, for names of the account regional namespace.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    good = (
        _NAME.match(name) is not None
        and ".." not in name
        and not _ADDRESS.match(name)
        and not name.startswith(_PREFIXES)
        and not name.endswith(_SUFFIXES)
    )
    if namespace == "account-regional":
        good = good and name.endswith(f"-{owner}{_REGIONAL}") and len(name) > len(owner) + len(_REGIONAL) + 1
    else:
        good = good and not name.endswith(_REGIONAL)
    if not good:
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", status=400, BucketName=name)


def check_key(key: str) -> None:
    """Raises KeyTooLongError; and InvalidArgument for a NUL, which S3's own listings could not tell."""
    size = len(key.encode("utf-8", "replace")) if len(key) * 4 > KEY_BYTES_MAX else 0
    if size > KEY_BYTES_MAX:
        text = "Your key is too long"
        raise AwsError("KeyTooLongError", text, status=400, Size=size, MaxSizeAllowed=KEY_BYTES_MAX)
    if "\x00" in key:
        raise errors.invalid_argument(
            "An object key cannot hold a NUL character here.", "Key", key.replace("\x00", "?")
        )


def checked_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """User metadata, keys in lower case. Raises MetadataTooLarge past 2 KB of names and values."""
    if not metadata:
        return {}
    found = {name.lower(): value for name, value in metadata.items()}
    size = sum(len(name.encode()) + len(value.encode("utf-8", "replace")) for name, value in found.items())
    if size > METADATA_BYTES_MAX:
        text = "Your metadata headers exceed the maximum allowed metadata size"
        raise AwsError("MetadataTooLarge", text, status=400, Size=size, MaxSizeAllowed=METADATA_BYTES_MAX)
    return found


def checked_storage(name: str | None) -> str:
    if name is None:
        return "STANDARD"
    if name not in STORAGE_CLASSES:
        raise AwsError("InvalidStorageClass", "The storage class you specified is not valid", status=400)
    return name


def content_of(req: Mapping[str, Any]) -> dict[str, str | float]:
    """The headers that an object keeps."""
    return {name: req[name] for name in CONTENT if req.get(name) not in (None, "")}


def checked_redirect(location: str | None) -> str:
    """Raises InvalidRedirectLocation."""
    if location and not location.startswith(("/", "http://", "https://")):
        text = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."
        raise AwsError("InvalidRedirectLocation", text, status=400)
    return location or ""


def checked_tags(pairs: Sequence[tuple[str, str]], tags_max: int = OBJECT_TAGS_MAX) -> dict[str, str]:
    """A tag set. Raises InvalidTag and BadRequest (S3 User Guide, "Categorizing your storage using tags")."""
    if len(pairs) > tags_max:
        noun = "Object tags" if tags_max == OBJECT_TAGS_MAX else "Tag count"
        raise AwsError("BadRequest", f"{noun} cannot be greater than {tags_max}", status=400)
    found: dict[str, str] = {}
    for key, value in pairs:
        if not key or len(key) > 128 or not _TAG_TEXT.match(key):
            raise AwsError("InvalidTag", "The TagKey you have provided is invalid", status=400, TagKey=key)
        if len(value) > 256 or not _TAG_TEXT.match(value):
            raise AwsError("InvalidTag", "The TagValue you have provided is invalid", status=400, TagKey=key)
        if key.lower().startswith("aws:"):
            raise AwsError("InvalidTag", "System tags cannot be added/updated by requester", status=400)
        if key in found:
            text = "Cannot provide multiple Tags with the same key"
            raise AwsError("InvalidTag", text, status=400, TagKey=key)
        found[key] = value
    return found


def tag_set(tagging: Mapping[str, Any], tags_max: int = OBJECT_TAGS_MAX) -> dict[str, str]:
    """The tags in a Tagging document."""
    return checked_tags([(tag["Key"], tag.get("Value", "")) for tag in tagging.get("TagSet") or ()], tags_max)


def header_tags(header: str | None) -> dict[str, str]:
    """The tags in `x-amz-tagging`, written like a query. Raises InvalidArgument, InvalidTag and BadRequest."""
    if not header:
        return {}
    try:
        pairs = parse_qsl(header, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        text = (
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without "
            "tag name duplicates."
        )
        raise errors.invalid_argument(text, "x-amz-tagging", header) from None
    return checked_tags(pairs)


def checked_page(value: int | None, name: str, most: int = PAGE_MAX) -> int:
    """How many rows a page may have. Raises InvalidArgument."""
    if value is None:
        return most
    if not 0 <= value <= 2**31 - 1:
        text = "Argument maxKeys must be an integer between 0 and 2147483647"
        raise errors.invalid_argument(text.replace("maxKeys", name), name, value)
    return min(value, most)


def checked_marker(value: int | None) -> int:
    """The part that a page of parts goes on past. Raises InvalidArgument."""
    if value is not None and value < 0:
        text = "Argument part-number-marker must be an integer between 0 and 2147483647"
        raise errors.invalid_argument(text, "part-number-marker", value)
    return min(value or 0, PARTS_MAX)


class Span(NamedTuple):
    """Bytes `start` up to, and without, `end`."""

    start: int
    end: int


def span_of(header: str | None, size: int) -> Span | None:
    """The bytes that a Range header means; None for all: also several ranges, and what is no range, mean all.

    Raises InvalidRange. (RFC 9110, section 14; S3's GetObject page: "doesn't support retrieving multiple ranges")
    """
    found = _RANGE.match(header.strip()) if header else None
    if found is None or header is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        span = Span(max(0, size - offset(last)), size)
    else:
        span = Span(offset(first), min(offset(last) + 1, size) if last else size)
        if last and offset(last) < offset(first):
            return None
    if span.start >= size or span.start >= span.end:
        raise AwsError(
            "InvalidRange",
            "The requested range is not satisfiable",
            status=416,
            headers={"Content-Range": f"bytes */{size}"},
            RangeRequested=header,
            ActualObjectSize=size,
        )
    return span


def offset(digits: str) -> int:
    """A place in an object: a number with more digits than any object has bytes is as good as the end."""
    return int(digits[-_OFFSET_DIGITS_MAX:]) if not digits[:-_OFFSET_DIGITS_MAX].strip("0") else 10**_OFFSET_DIGITS_MAX


def is_same_etag(wanted: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names an ETag (given without its quotes)."""
    return any(one.strip().removeprefix("W/").strip('"') in (etag, "*") for one in wanted.split(","))


def check_read(req: Mapping[str, Any], etag: str, modified_at: float, prefix: str = "") -> None:
    """The conditions of a read, in RFC 9110's order (section 13.2.2). Raises NotModified and PreconditionFailed.

    `prefix` is `CopySource` for those of a copy, which knows no NotModified.
    """
    modified = int(modified_at)
    match, none_match = req.get(f"{prefix}IfMatch"), req.get(f"{prefix}IfNoneMatch")
    since, until = req.get(f"{prefix}IfModifiedSince"), req.get(f"{prefix}IfUnmodifiedSince")
    named = "x-amz-copy-source-" if prefix else ""
    if match is not None and not is_same_etag(match, etag):
        raise errors.precondition_failed(f"{named}If-Match")
    if match is None and until is not None and modified > until:
        raise errors.precondition_failed(f"{named}If-Unmodified-Since")
    unchanged = ""
    if none_match is not None and is_same_etag(none_match, etag):
        unchanged = "If-None-Match"
    elif none_match is None and since is not None and modified <= since:
        unchanged = "If-Modified-Since"
    if unchanged and prefix:
        raise errors.precondition_failed(f"{named}{unchanged}")
    if unchanged:
        raise AwsError("NotModified", "Not Modified", status=304)


def check_write(req: Mapping[str, Any], key: str, etag: str | None) -> None:
    """The conditions of a write; `etag` is the current object's, None for no object.

    Raises PreconditionFailed, NoSuchKey and NotImplemented. (S3 User Guide, "Conditional requests")
    """
    match, none_match = req.get("IfMatch"), req.get("IfNoneMatch")
    if none_match is not None:
        if none_match.strip() != "*":
            raise errors.unimplemented_header("If-None-Match")
        if etag is not None:
            raise errors.precondition_failed("If-None-Match")
    if match is not None:
        if etag is None:
            raise errors.no_such_key(key)
        if not is_same_etag(match, etag):
            raise errors.precondition_failed("If-Match")


class CopySource(NamedTuple):
    """What `x-amz-copy-source` names."""

    bucket: str
    key: str
    version_id: str | None


def copy_source(header: str | Mapping[str, str]) -> CopySource:
    """`/bucket/key?versionId=…`, url-encoded; also as an ARN. Raises InvalidArgument."""
    from urllib.parse import unquote

    if not isinstance(header, str):
        return CopySource(header["Bucket"], header["Key"], header.get("VersionId"))
    path, _, query = header.partition("?")
    version_id = next((value for name, value in parse_qsl(query) if name == "versionId"), None)
    try:
        path = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise errors.invalid_argument("Invalid copy source encoding.", "x-amz-copy-source", header) from None
    if path.startswith("arn:"):
        path = path.rpartition(":::")[2]
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket or not key:
        text = "Invalid copy source object key" if bucket else "Invalid copy source bucket name"
        raise errors.invalid_argument(text, "x-amz-copy-source", header)
    return CopySource(bucket, key, version_id)
