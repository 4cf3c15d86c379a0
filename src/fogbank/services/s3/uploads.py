"""Multipart uploads: found, and put together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3 import crc, errors, rules, versions
from fogbank.services.s3.entries import (
    Entry,
    Part,
    Upload,
    UploadedPart,
    decode_upload,
    decode_uploaded,
    encode,
    part_key,
    part_space,
    space,
    upload_key,
)
from fogbank.services.s3.resources import Bucket


def find(ctx: Context, bucket: Bucket, key: str, upload_id: str) -> Upload | None:
    try:
        where = upload_key(key, upload_id)
    except (ValueError, UnicodeEncodeError):
        return None
    row = ctx.item(space(ctx.partition, "upload", bucket.name), where)
    return None if row is None else decode_upload(row)


def existing(ctx: Context, bucket: Bucket, key: str, upload_id: str) -> Upload:
    """Raises NoSuchUpload."""
    upload = find(ctx, bucket, key, upload_id)
    if upload is None:
        raise errors.no_such_upload(upload_id)
    return upload


def save(ctx: Context, bucket: Bucket, upload: Upload) -> None:
    ctx.put_item(space(ctx.partition, "upload", bucket.name), upload_key(upload.key, upload.id), encode(upload))


def part(ctx: Context, bucket: Bucket, upload: Upload, number: int) -> UploadedPart | None:
    row = ctx.item(part_space(ctx.partition, bucket.name, upload.id), part_key(number))
    return None if row is None else decode_uploaded(row)


def put_part(ctx: Context, bucket: Bucket, upload: Upload, made: UploadedPart) -> None:
    """A part arrives; one that had its number goes."""
    before = part(ctx, bucket, upload, made.part.number)
    if before is not None:
        versions.drop_part(ctx, bucket, before.part.body, is_inline=before.part.is_inline)
    ctx.put_item(part_space(ctx.partition, bucket.name, upload.id), part_key(made.part.number), encode(made))


def parts(ctx: Context, bucket: Bucket, upload: Upload, after: int, limit: int) -> list[UploadedPart]:
    where = part_space(ctx.partition, bucket.name, upload.id)
    start = part_key(after) if after else ""
    return [decode_uploaded(row) for _, row in ctx.items(where, after=start, limit=limit)]


def remove(ctx: Context, bucket: Bucket, upload: Upload, kept: frozenset[str] = frozenset()) -> None:
    """The upload is over: what it holds goes, but for the bodies that an object has taken over."""
    for found in parts(ctx, bucket, upload, 0, rules.PARTS_MAX):
        if found.part.body not in kept:
            versions.drop_part(ctx, bucket, found.part.body, is_inline=found.part.is_inline)
    ctx.delete_item(part_space(ctx.partition, bucket.name, upload.id), None)
    ctx.delete_item(space(ctx.partition, "upload", bucket.name), upload_key(upload.key, upload.id))


def check_number(number: int) -> None:
    if not 1 <= number <= rules.PARTS_MAX:
        text = "Part number must be an integer between 1 and 10000, inclusive"
        raise errors.invalid_argument(text, "partNumber", number)


def chosen(ctx: Context, bucket: Bucket, upload: Upload, wanted: Sequence[Mapping[str, Any]]) -> list[UploadedPart]:
    """The parts that CompleteMultipartUpload names, all as they were uploaded.

    Raises MalformedXML, InvalidPartOrder, InvalidPart, InvalidRequest and EntityTooSmall.
    """
    if not wanted or any("PartNumber" not in one or "ETag" not in one for one in wanted):
        raise errors.malformed_xml()
    numbers = [one["PartNumber"] for one in wanted]
    for number in numbers:
        check_number(number)
    if any(later <= number for number, later in pairwise(numbers)):
        text = "The list of parts was not in ascending order. Parts must be ordered by part number."
        raise AwsError("InvalidPartOrder", text, status=400, UploadId=upload.id)
    known = {one.part.number: one for one in parts(ctx, bucket, upload, 0, rules.PARTS_MAX)}
    found = [_matching(upload, known.get(one["PartNumber"]), one) for one in wanted]
    for one, named in zip(found[:-1], wanted, strict=False):
        if one.part.size < rules.PART_BYTES_MIN:
            raise AwsError(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                status=400,
                ProposedSize=one.part.size,
                MinSizeAllowed=rules.PART_BYTES_MIN,
                PartNumber=one.part.number,
                ETag=named["ETag"].strip('"'),
            )
    return found


def _matching(upload: Upload, made: UploadedPart | None, named: Mapping[str, Any]) -> UploadedPart:
    number = named["PartNumber"]
    algorithm, value = crc.given(dict(named))
    is_composite = bool(upload.algorithm) and upload.kind == crc.COMPOSITE
    if is_composite and not algorithm:
        text = (
            f"The upload was created using a {upload.algorithm} checksum. The complete request must include the "
            f"checksum for each part. It was missing for part {number} in the request."
        )
        raise errors.invalid_request(text)
    is_other = algorithm == upload.algorithm and bool(algorithm) and made is not None and made.part.checksum != value
    if made is None or named["ETag"].strip('"') != made.etag or is_other:
        text = (
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
            "specified entity tag may not match the part's entity tag."
        )
        etag = named["ETag"].strip('"')
        raise AwsError("InvalidPart", text, status=400, UploadId=upload.id, PartNumber=number, ETag=etag)
    return made


def completed(ctx: Context, bucket: Bucket, upload: Upload, made: Sequence[UploadedPart]) -> Entry:
    """The object that parts become; its list of parts is written."""
    md5 = hashlib.md5(usedforsecurity=False)
    for one in made:
        md5.update(bytes.fromhex(one.etag))
    runs = [one.part for one in made]
    algorithm = upload.algorithm or "crc64nvme"
    if upload.kind == crc.COMPOSITE:
        value = crc.composite(algorithm, [run.checksum for run in runs])
    else:
        value = crc.joined(algorithm, [(run.checksum, run.size) for run in runs])
    entry = msgspec.structs.replace(
        upload.entry,
        etag=f"{md5.hexdigest()}-{len(runs)}",
        size=sum(run.size for run in runs),
        checksum=f"{algorithm}/{upload.kind}",
        checksum_value=value,
        parts_count=len(runs),
        upload_id=upload.id,
    )
    if len(runs) == 1:
        return msgspec.structs.replace(entry, part=runs[0])
    name = f"{int(ctx.now * 1000):011x}{ctx.uuid().replace('-', '')[:16]}"
    ctx.put_item(space(ctx.partition, "manifest", bucket.name), name, encode(tuple(runs)))
    return msgspec.structs.replace(entry, manifest=name)


def described_part(made: Part, algorithm: str) -> dict[str, Any]:
    return {crc.member(algorithm): made.checksum} if made.checksum and algorithm else {}
