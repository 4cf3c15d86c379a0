"""Objects written: PutObject and CopyObject."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3 import (
    buckets,
    crc,
    encryption,
    errors,
    expirations,
    permissions,
    puts,
    rules,
    versions,
    writes,
)
from fogbank.services.s3.data.bodies import Intake, Keeping, Source, Stored
from fogbank.services.s3.entries import Entry, Part, space
from fogbank.services.s3.resources import Bucket
from fogbank.services.s3.writes import Draft, Filled

_DIRECTIVES = ("COPY", "REPLACE")


async def put_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A body that is still arriving, or too long for a row; the quick form has the others."""
    body = req.get("Body")
    if Intake.is_small(body):
        with ctx.begin():
            return puts.whole(ctx, req)
    with ctx.begin():
        draft = puts.drafted(ctx, req)
    intake = Intake(ctx, draft.key)
    intake.expect(req)
    stored = await intake.take(body)
    with Keeping(ctx, stored), ctx.begin():
        return puts.placed(ctx, req, draft, stored)


async def copy_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        copy = _copy(ctx, req)
        if copy.stored is not None:
            return _copied(ctx, req, copy, copy.stored)
    intake = Intake(ctx, copy.draft.key, copy.algorithm)
    stored = await intake.take(copy.body)
    with Keeping(ctx, stored), ctx.begin():
        return _copied(ctx, req, copy, stored)


class _Copy(NamedTuple):
    """A copy that is being made: `stored` at once where no byte has to be looked at, else `body` is to be read."""

    source: Entry
    source_bucket: Bucket
    draft: Draft
    algorithm: str
    stored: Stored | None
    body: bytes | AsyncIterator[bytes]


def _copy(ctx: Context, req: dict[str, Any]) -> _Copy:
    bucket = buckets.of(ctx, req)
    wanted = rules.copy_source(req["CopySource"])
    source_bucket = buckets.expected(ctx, wanted.bucket, req.get("ExpectedSourceBucketOwner"))
    source = _source_entry(ctx, source_bucket, wanted)
    rules.check_read(req, source.etag, source.modified_at, "CopySource")
    if source.size > rules.PUT_BYTES_MAX:
        text = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        raise errors.invalid_request(text)
    _check_self(req, wanted, bucket)
    asked = _inherited(req, source)
    draft = writes.drafted(ctx, bucket, asked)
    if req.get("TaggingDirective", "COPY") == "COPY" and "Tagging" not in asked:
        draft = Draft(msgspec.structs.replace(draft.entry, tags=source.tags), draft.key)
    key = encryption.opened(ctx, source_bucket, source.encryption, req, "CopySource")
    algorithm = crc.checked_algorithm(req.get("ChecksumAlgorithm")) or source.checksum.partition("/")[0] or "crc64nvme"
    linked = _linked(ctx, source_bucket, source, draft, algorithm)
    body = b"" if linked is not None else Source(ctx, source_bucket, source, key).body()
    return _Copy(source, source_bucket, draft, algorithm, linked, body)


def _source_entry(ctx: Context, bucket: Bucket, wanted: rules.CopySource) -> Entry:
    try:
        source = versions.read(ctx, bucket, wanted.key, wanted.version_id)
    except AwsError as error:
        if error.code == "MethodNotAllowed":
            text = "The source of a copy request may not specifically refer to a delete marker by version id."
            raise errors.invalid_request(text) from None
        if error.code == "NoSuchKey":
            permissions.check_may_know(ctx, bucket, wanted.key)
        raise
    if source.storage in rules.ARCHIVED:
        text = "The source object of the COPY operation is not in the active tier and is only stored in Amazon Glacier."
        raise AwsError("ObjectNotInActiveTierError", text, status=403, Key=wanted.key)
    return source


def _check_self(req: Mapping[str, Any], wanted: rules.CopySource, bucket: Bucket) -> None:
    """A copy onto itself has to change something. (CopyObject API page)"""
    if (wanted.bucket, wanted.key) != (bucket.name, req["Key"]) or wanted.version_id is not None:
        return
    changes = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption", "SSECustomerAlgorithm", "SSEKMSKeyId")
    if req.get("MetadataDirective") == "REPLACE" or any(name in req for name in changes):
        return
    raise errors.invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
        "metadata, storage class, website redirect location or encryption attributes."
    )


def _inherited(req: dict[str, Any], source: Entry) -> dict[str, Any]:
    """The request with what it takes over from its source. Raises InvalidArgument for a directive that is none."""
    for name, header in (
        ("MetadataDirective", "x-amz-metadata-directive"),
        ("TaggingDirective", "x-amz-tagging-directive"),
    ):
        if req.get(name, "COPY") not in _DIRECTIVES:
            text = "Unknown metadata directive." if name == "MetadataDirective" else "Unknown tagging directive."
            raise errors.invalid_argument(text, header, req[name])
    asked = dict(req)
    if req.get("MetadataDirective", "COPY") == "COPY":
        for name in (*rules.CONTENT, "Metadata"):
            asked.pop(name, None)
        asked |= {**source.content, "Metadata": source.metadata}
    if req.get("TaggingDirective", "COPY") == "COPY":
        asked.pop("Tagging", None)
    return asked


def _linked(ctx: Context, bucket: Bucket, source: Entry, draft: Draft, algorithm: str) -> Stored | None:
    """The source's bytes under another name, where they are to lie as they do: nothing is read or computed."""
    part = source.part
    known, _, _ = source.checksum.partition("/")
    is_same = source.encryption.is_plain and draft.entry.encryption.is_plain and known == algorithm
    if part is None or not is_same or source.parts_count:
        return None
    inline = None
    if part.is_inline:
        inline = ctx.item(space(ctx.partition, "body", bucket.name), part.body) or b""
        name = f"{int(ctx.now * 1000):011x}{ctx.uuid().replace('-', '')[:16]}"
    else:
        name = ctx.blobs.copy(part.body)
    return Stored(Part(name, part.size, part.is_inline), source.etag, algorithm, source.checksum_value, "", inline)


def _copied(ctx: Context, req: dict[str, Any], copy: _Copy, stored: Stored) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    with Keeping(ctx, stored) as keeping:
        keeping.keep(bucket)
        etag = writes.etag_of(ctx, copy.draft.entry.encryption, stored.md5)
        entry = writes.filled(copy.draft.entry, Filled(stored.part, etag, stored.algorithm, stored.checksum))
        entry = writes.placed(ctx, bucket, req, entry, "ObjectCreated:Copy")
    result = {"ETag": f'"{entry.etag}"', "LastModified": entry.modified_at, **writes.checksum_members(entry)}
    answer = {"CopyObjectResult": result, **encryption.written(entry.encryption), **versions.shown_id(bucket, entry)}
    answer |= expirations.told(ctx, bucket, req["Key"], entry)
    if copy.source_bucket.versioning:
        answer["CopySourceVersionId"] = copy.source.version_id
    return answer
