"""Parts of multipart uploads: UploadPart and UploadPartCopy."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.s3 import buckets, crc, encryption, errors, rules, uploads, versions
from fogbank.services.s3.data.bodies import Intake, Keeping, Source, Stored
from fogbank.services.s3.entries import Upload, UploadedPart
from fogbank.services.s3.rules import Span

_RANGE = re.compile(r"bytes=(\d+)-(\d+)\Z", re.ASCII)


async def upload_part(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        begun = _begun(ctx, req)
    intake = Intake(ctx, begun.key, needed=begun.upload.algorithm or "crc64nvme")
    intake.expect(req)
    stored = await intake.take(req.get("Body"))
    has_promise = bool(ctx.payload.checksums) if ctx.payload is not None else bool(crc.given(req)[0])
    with Keeping(ctx, stored), ctx.begin():
        _check_algorithm(begun.upload, stored, is_promised=has_promise or "ChecksumAlgorithm" in req)
        made = _kept(ctx, req, begun, stored)
    answer = {"ETag": f'"{made.etag}"', **encryption.described(begun.upload.entry.encryption)}
    if begun.upload.algorithm or has_promise:
        answer[crc.member(stored.algorithm)] = stored.checksum
    return answer


async def upload_part_copy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        begun = _begun(ctx, req)
        wanted = rules.copy_source(req["CopySource"])
        bucket = buckets.expected(ctx, wanted.bucket, req.get("ExpectedSourceBucketOwner"))
        source = versions.read(ctx, bucket, wanted.key, wanted.version_id)
        rules.check_read(req, source.etag, source.modified_at, "CopySource")
        span = _span(req.get("CopySourceRange"), source.size)
        key = encryption.opened(ctx, bucket, source.encryption, req, "CopySource")
        body: bytes | AsyncIterator[bytes] = Source(ctx, bucket, source, key).body(span)
    intake = Intake(ctx, begun.key, needed=begun.upload.algorithm or "crc64nvme")
    stored = await intake.take(body)
    with Keeping(ctx, stored), ctx.begin():
        made = _kept(ctx, req, begun, stored)
    result: dict[str, Any] = {"ETag": f'"{made.etag}"', "LastModified": made.modified_at}
    if begun.upload.algorithm:
        result[crc.member(begun.upload.algorithm)] = made.part.checksum
    answer = {"CopyPartResult": result, **encryption.described(begun.upload.entry.encryption)}
    return {**answer, "CopySourceVersionId": source.version_id} if bucket.versioning else answer


class _Begun(NamedTuple):
    """The upload that a part is for, and the key that its bytes are encrypted with."""

    upload: Upload
    key: bytes


def _begun(ctx: Context, req: dict[str, Any]) -> _Begun:
    bucket = buckets.of(ctx, req)
    uploads.check_number(req["PartNumber"])
    upload = uploads.existing(ctx, bucket, req["Key"], req["UploadId"])
    found = upload.entry.encryption
    if found.customer_md5 and "SSECustomerKey" not in req:
        raise errors.invalid_request(
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate "
            "encryption parameters."
        )
    return _Begun(upload, encryption.opened(ctx, bucket, found, req))


def _check_algorithm(upload: Upload, stored: Stored, *, is_promised: bool) -> None:
    """Raises InvalidRequest for a part without the checksum that its upload was begun with, or with another one."""
    if not upload.algorithm:
        return
    if not is_promised and upload.kind == crc.COMPOSITE:
        raise crc.mismatch(upload.algorithm, "null")
    if is_promised and stored.algorithm != upload.algorithm:
        raise crc.mismatch(upload.algorithm, stored.algorithm)


def _kept(ctx: Context, req: dict[str, Any], begun: _Begun, stored: Stored) -> UploadedPart:
    """The part's row. Raises NoSuchUpload where the upload ended while the bytes came."""
    bucket = buckets.of(ctx, req)
    upload = uploads.existing(ctx, bucket, req["Key"], req["UploadId"])
    Keeping(ctx, stored).keep(bucket)
    part = msgspec.structs.replace(stored.part, checksum=stored.needed, number=req["PartNumber"])
    etag = stored.md5 if upload.entry.encryption.is_plain else ctx.uuid().replace("-", "")
    made = UploadedPart(part, etag, ctx.now)
    uploads.put_part(ctx, bucket, upload, made)
    return made


def _span(header: str | None, size: int) -> Span | None:
    """The bytes of the source that a part is copied from. Raises InvalidArgument and InvalidRange."""
    if header is None:
        if size > rules.PUT_BYTES_MAX:
            text = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
            raise errors.invalid_request(text)
        return None
    name = "x-amz-copy-source-range"
    found = _RANGE.match(header)
    if found is None or rules.offset(found[2]) < rules.offset(found[1]):
        text = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        raise errors.invalid_argument(text, name, header)
    span = Span(rules.offset(found[1]), rules.offset(found[2]) + 1)
    if span.end > size:
        text = f"Range specified is not valid for source object of size: {size}"
        raise errors.invalid_argument(text, name, header)
    if span.end - span.start > rules.PUT_BYTES_MAX:
        raise errors.invalid_request("The specified copy range is larger than the maximum allowable size: 5368709120")
    return span
