"""Objects as answers tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.s3 import acls, crc, encryption, errors, locks, rules, writes
from fogbank.services.s3.entries import Entry, Part
from fogbank.services.s3.listing import Row
from fogbank.services.s3.resources import Bucket
from fogbank.services.s3.rules import Span

_RESPONSE = {f"Response{name}": name for name in rules.CONTENT}


def head(bucket: Bucket, entry: Entry, req: Mapping[str, Any], *, is_anonymous: bool) -> dict[str, Any]:
    """What GetObject and HeadObject tell beside the bytes."""
    found: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "LastModified": entry.modified_at,
        "ContentLength": entry.size,
        "ETag": f'"{entry.etag}"',
        **entry.content,
    }
    for name, content in _RESPONSE.items():
        if name in req:
            if is_anonymous:
                raise errors.invalid_request(
                    "Request specific response headers cannot be used for anonymous GET requests."
                )
            found[content] = req[name]
    if bucket.versioning:
        found["VersionId"] = entry.version_id
    if entry.metadata:
        found["Metadata"] = entry.metadata
    if entry.tags:
        found["TagCount"] = len(entry.tags)
    if entry.storage != "STANDARD":
        found["StorageClass"] = entry.storage
    if entry.redirect:
        found["WebsiteRedirectLocation"] = entry.redirect
    if entry.replication:
        found["ReplicationStatus"] = entry.replication
    found |= encryption.described(entry.encryption)
    return found | locks.described(entry) if entry.lock is not None else found


def conditional(req: Mapping[str, Any], entry: Entry, found: Mapping[str, Any]) -> None:
    """The conditions of a read. Raises NotModified and PreconditionFailed, with the headers that RFC 9110 asks for."""
    if not any(name in req for name in ("IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince")):
        return
    try:
        rules.check_read(req, entry.etag, entry.modified_at)
    except AwsError as error:
        if error.code == "NotModified":
            from fogbank.codec.timestamps import rfc1123

            error.headers = {"ETag": found["ETag"], "Last-Modified": rfc1123(entry.modified_at)}
        raise


def part_span(req: Mapping[str, Any], entry: Entry, parts: Sequence[Part]) -> tuple[Span, Part | None]:
    """The bytes of the part that a request names. Raises InvalidRequest, InvalidArgument and InvalidPartNumber."""
    number = req["PartNumber"]
    if "Range" in req:
        raise errors.invalid_request("Cannot specify both Range header and partNumber query parameter")
    if not 1 <= number <= rules.PARTS_MAX:
        text = "Part number must be an integer between 1 and 10000, inclusive"
        raise errors.invalid_argument(text, "partNumber", number)
    count = entry.parts_count or 1
    if number > count:
        raise AwsError(
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
            status=416,
            PartNumberRequested=number,
            ActualPartCount=count,
        )
    if not entry.parts_count:
        return Span(0, entry.size), None
    start = sum(part.size for part in parts[: number - 1])
    return Span(start, start + parts[number - 1].size), parts[number - 1]


def checksum(entry: Entry, part: Part | None) -> dict[str, str]:
    """The checksum of an object, or of the part that was asked for."""
    if part is None:
        return writes.checksum_members(entry)
    algorithm, _, kind = entry.checksum.partition("/")
    return {crc.member(algorithm): part.checksum, "ChecksumType": kind} if part.checksum else {}


def listed(row: Row, *, with_owner: bool) -> dict[str, Any]:
    """A row of ListObjects and ListObjectVersions, without its key."""
    entry = row.listed
    found: dict[str, Any] = {"LastModified": entry.modified_at}
    if not entry.is_marker:
        found |= {"ETag": f'"{entry.etag}"', "Size": entry.size, "StorageClass": entry.storage}
        if entry.checksum:
            algorithm, _, kind = entry.checksum.partition("/")
            found |= {"ChecksumAlgorithm": [algorithm.upper()], "ChecksumType": kind}
    if with_owner:
        found["Owner"] = acls.owner(entry.owner)
    return found
