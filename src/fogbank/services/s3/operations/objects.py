"""Objects: read, described, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import MustWait
from fogbank.services.s3 import (
    buckets,
    crc,
    descriptions,
    encryption,
    errors,
    expirations,
    locks,
    permissions,
    puts,
    rules,
    versions,
    writes,
)
from fogbank.services.s3.data.bodies import Intake, Source
from fogbank.services.s3.entries import Entry, Part
from fogbank.services.s3.notices import Facts, changed
from fogbank.services.s3.resources import Bucket
from fogbank.services.s3.rules import Span

_ATTRIBUTES = frozenset(("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"))
_DELETES_MAX = 1000


def put_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The quick form, for small bodies that are all there. Raises MustWait for others."""
    if not Intake.is_small(req.get("Body")):
        raise MustWait
    return puts.whole(ctx, req)


def get_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    entry = _read(ctx, bucket, req)
    answer = descriptions.head(bucket, entry, req, is_anonymous=ctx.caller.principal.kind == "anonymous")
    descriptions.conditional(req, entry, answer)
    answer |= _expiration(ctx, bucket, req, entry)
    if entry.storage in rules.ARCHIVED:
        text = "The operation is not valid for the object's storage class"
        raise AwsError("InvalidObjectState", text, status=403, StorageClass=entry.storage)
    key = encryption.opened(ctx, bucket, entry.encryption, req)
    source = Source(ctx, bucket, entry, key)
    span, part = _span(req, entry, source)
    _place(answer, req, entry, span, part)
    answer["Body"] = source.body(span)
    return answer


def head_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    entry = _read(ctx, bucket, req)
    encryption.check_customer(entry.encryption, req)
    answer = descriptions.head(bucket, entry, req, is_anonymous=ctx.caller.principal.kind == "anonymous")
    descriptions.conditional(req, entry, answer)
    answer |= _expiration(ctx, bucket, req, entry)
    span, part = _span(req, entry, Source(ctx, bucket, entry, b""))
    _place(answer, req, entry, span, part)
    return answer


def get_object_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    asked = {name.strip() for text in req["ObjectAttributes"] for name in text.split(",")}
    if not asked or not asked <= _ATTRIBUTES:
        raise errors.invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes", ",".join(asked))
    entry = _read(ctx, bucket, req)
    encryption.check_customer(entry.encryption, req)
    answer: dict[str, Any] = {"LastModified": entry.modified_at, **versions.shown_id(bucket, entry)}
    if "ETag" in asked:
        answer["ETag"] = entry.etag
    if "StorageClass" in asked:
        answer["StorageClass"] = entry.storage
    if "ObjectSize" in asked:
        answer["ObjectSize"] = entry.size
    if "Checksum" in asked and entry.checksum:
        answer["Checksum"] = writes.checksum_members(entry)
    if "ObjectParts" in asked and entry.parts_count:
        answer["ObjectParts"] = _parts(ctx, bucket, entry, req)
    return answer


def delete_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if "MFA" in req and bucket.versioning != "Enabled":
        raise errors.invalid_request("The MFA header applies to buckets with versioning only.")
    for name in ("IfMatchLastModifiedTime", "IfMatchSize"):
        if name in req:
            raise errors.unimplemented_header(
                "x-amz-if-match-size" if name == "IfMatchSize" else "x-amz-if-match-last-modified-time"
            )
    return _deleted(ctx, bucket, req, bypass=bool(req.get("BypassGovernanceRetention")))


def delete_objects(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    writes.check_digest(ctx)
    wanted = req["Delete"]["Objects"]
    if not wanted or len(wanted) > _DELETES_MAX:
        raise errors.malformed_xml()
    bypass = bool(req.get("BypassGovernanceRetention"))
    deleted, failed = [], []
    for one in wanted:
        named = {"Key": one["Key"], **({"VersionId": one["VersionId"]} if one.get("VersionId") else {})}
        try:
            deleted.append(_told(named, _deleted_one(ctx, bucket, {**one, **named}, bypass=bypass)))
        except AwsError as error:
            failed.append({**named, "Code": error.code, "Message": error.message})
    answer: dict[str, Any] = {} if req["Delete"].get("Quiet") else {"Deleted": deleted}
    return {**answer, "Errors": failed} if failed else answer


def _deleted_one(ctx: Context, bucket: Bucket, one: Mapping[str, Any], *, bypass: bool) -> dict[str, Any]:
    """One object of many: allowed, and deleted, by itself."""
    for name in ("LastModifiedTime", "Size"):
        if name in one:
            raise errors.unimplemented_header(name)
    rules.check_key(one["Key"])
    ctx.authorize(*permissions.deletion(ctx, bucket, one, bypass=bypass))
    return _deleted(ctx, bucket, {**one, "IfMatch": one["ETag"]} if "ETag" in one else one, bypass=bypass)


def _told(named: Mapping[str, str], answer: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = dict(named)
    if answer.get("DeleteMarker"):
        row |= {"DeleteMarker": True, "DeleteMarkerVersionId": answer["VersionId"]}
    return row


def _deleted(ctx: Context, bucket: Bucket, req: Mapping[str, Any], *, bypass: bool) -> dict[str, Any]:
    key, version_id = req["Key"], req.get("VersionId")
    if "IfMatch" in req:
        now = versions.current(ctx, bucket, key)
        rules.check_write({"IfMatch": req["IfMatch"]}, key, None if now is None else now.etag)
    if version_id is None:
        removal = versions.remove(ctx, bucket, key)
        if removal.entry is None:
            return {}
        event = "ObjectRemoved:DeleteMarkerCreated" if removal.is_new_marker else "ObjectRemoved:Delete"
        changed(ctx, bucket, event, Facts(key, removal.entry))
        return {"DeleteMarker": True, "VersionId": removal.entry.version_id} if removal.is_new_marker else {}
    found = versions.find(ctx, bucket, key, version_id)
    if found is not None:
        locks.check_removal(found, ctx.now, bypass=bypass)
        versions.remove_version(ctx, bucket, key, version_id)
        changed(ctx, bucket, "ObjectRemoved:Delete", Facts(key, found))
    told: dict[str, Any] = {"VersionId": version_id} if bucket.versioning else {}
    return {**told, "DeleteMarker": True} if found is not None and found.is_marker else told


def _read(ctx: Context, bucket: Bucket, req: dict[str, Any]) -> Entry:
    """The version that is asked for; who may not list the bucket is not told whether there is one."""
    try:
        return versions.read(ctx, bucket, req["Key"], req.get("VersionId"))
    except AwsError as error:
        if error.code == "NoSuchKey":
            permissions.check_may_know(ctx, bucket, req["Key"])
        raise


def _expiration(ctx: Context, bucket: Bucket, req: Mapping[str, Any], entry: Entry) -> dict[str, str]:
    """What a read of the current version tells of its end."""
    return {} if "VersionId" in req else expirations.told(ctx, bucket, req["Key"], entry)


def _span(req: Mapping[str, Any], entry: Entry, source: Source) -> tuple[Span | None, Part | None]:
    if "PartNumber" in req:
        return descriptions.part_span(req, entry, source.parts)
    return (rules.span_of(req["Range"], entry.size), None) if "Range" in req else (None, None)


def _place(answer: dict[str, Any], req: Mapping[str, Any], entry: Entry, span: Span | None, part: Part | None) -> None:
    """What of an answer depends on which bytes were asked for."""
    if "PartNumber" in req and entry.parts_count:
        answer["PartsCount"] = entry.parts_count
    if req.get("ChecksumMode") == "ENABLED" and (span is None or "PartNumber" in req):
        answer |= descriptions.checksum(entry, part)
    if span is not None:
        answer["ContentLength"] = span.end - span.start
        if entry.size:
            answer["ContentRange"] = f"bytes {span.start}-{span.end - 1}/{entry.size}"


def _parts(ctx: Context, bucket: Bucket, entry: Entry, req: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"TotalPartsCount": entry.parts_count}
    algorithm, _, kind = entry.checksum.partition("/")
    if kind != crc.COMPOSITE:
        # The parts are told of only where each has a checksum of its own. (GetObjectAttributes API page)
        return found
    limit = rules.checked_page(req.get("MaxParts"), "max-parts")
    marker = rules.checked_marker(req.get("PartNumberMarker"))
    rows = [part for part in Source(ctx, bucket, entry, b"").parts if part.number > marker]
    page = rows[:limit]
    found |= {"PartNumberMarker": marker, "MaxParts": limit, "IsTruncated": len(rows) > limit}
    found["NextPartNumberMarker"] = page[-1].number if page else 0
    found["Parts"] = [
        {"PartNumber": part.number, "Size": part.size, crc.member(algorithm): part.checksum} for part in page
    ]
    return found
