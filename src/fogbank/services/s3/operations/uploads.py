"""Multipart uploads: begun, listed, completed, aborted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.control.context import Context
from fogbank.services.s3 import (
    acls,
    buckets,
    crc,
    encryption,
    errors,
    expirations,
    listing,
    rules,
    uploads,
    versions,
    writes,
)
from fogbank.services.s3.entries import Entry, Upload, decode_upload, new_upload_id, upload_key
from fogbank.services.s3.listing import Asked
from fogbank.services.s3.resources import Bucket


def create_multipart_upload(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    algorithm = crc.checked_algorithm(req.get("ChecksumAlgorithm"))
    kind = crc.checked_kind(algorithm, req.get("ChecksumType"))
    draft = writes.drafted(ctx, bucket, req)
    upload = Upload(
        id=new_upload_id(ctx.random.getrandbits(336), ctx.now),
        key=req["Key"],
        initiated_at=ctx.now,
        initiator=ctx.caller.arn,
        owner=draft.entry.owner,
        algorithm=algorithm,
        kind=kind,
        entry=draft.entry,
    )
    uploads.save(ctx, bucket, upload)
    answer = {"Bucket": bucket.name, "Key": upload.key, "UploadId": upload.id}
    answer |= encryption.written(draft.entry.encryption)
    return {**answer, "ChecksumAlgorithm": algorithm.upper(), "ChecksumType": kind} if algorithm else answer


def abort_multipart_upload(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    uploads.remove(ctx, bucket, uploads.existing(ctx, bucket, req["Key"], req["UploadId"]))
    return {}


def complete_multipart_upload(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    upload = uploads.find(ctx, bucket, req["Key"], req["UploadId"])
    if upload is None:
        return _completed_already(ctx, bucket, req)
    wanted = (req.get("MultipartUpload") or {}).get("Parts") or ()
    made = uploads.chosen(ctx, bucket, upload, wanted)
    entry = uploads.completed(ctx, bucket, upload, made)
    _check_promises(upload, entry, req)
    uploads.remove(ctx, bucket, upload, frozenset(one.part.body for one in made))
    entry = writes.placed(ctx, bucket, req, entry, "ObjectCreated:CompleteMultipartUpload")
    return _answer(ctx, bucket, req, entry)


def list_parts(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    upload = uploads.existing(ctx, bucket, req["Key"], req["UploadId"])
    limit = rules.checked_page(req.get("MaxParts"), "max-parts")
    marker = rules.checked_marker(req.get("PartNumberMarker"))
    rows = uploads.parts(ctx, bucket, upload, marker, limit + 1)
    page = rows[:limit]
    answer: dict[str, Any] = {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.id,
        "PartNumberMarker": marker,
        "MaxParts": limit,
        "IsTruncated": len(rows) > limit and bool(page),
        "NextPartNumberMarker": page[-1].part.number if page else 0,
        "Initiator": _initiator(upload),
        "Owner": acls.owner(upload.owner),
        "StorageClass": upload.entry.storage,
    }
    if upload.algorithm:
        answer |= {"ChecksumAlgorithm": upload.algorithm.upper(), "ChecksumType": upload.kind}
    if page:
        answer["Parts"] = [
            {
                "PartNumber": one.part.number,
                "LastModified": one.modified_at,
                "ETag": f'"{one.etag}"',
                "Size": one.part.size,
                **uploads.described_part(one.part, upload.algorithm),
            }
            for one in page
        ]
    return answer


def list_multipart_uploads(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    encoding = req.get("EncodingType")
    if encoding not in (None, "url"):
        raise errors.invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    encode = listing.encoder(encoding)
    key, upload_id = req.get("KeyMarker", ""), req.get("UploadIdMarker", "")
    limit = rules.checked_page(req.get("MaxUploads"), "max-uploads")
    asked = Asked(req.get("Prefix", ""), req.get("Delimiter", ""), key, limit)
    rows, page = listing.uploads(ctx, bucket, asked, _start(asked, upload_id))
    answer: dict[str, Any] = {
        "Bucket": bucket.name,
        "KeyMarker": encode(key),
        "UploadIdMarker": upload_id if key else "",
        "Prefix": encode(asked.prefix),
        "MaxUploads": limit,
        "IsTruncated": bool(page.last),
    }
    found = [decode_upload(row) for _, row in rows]
    if found:
        answer["Uploads"] = [{"Key": encode(upload.key), **_row(upload)} for upload in found]
    if asked.delimiter:
        answer["Delimiter"] = encode(asked.delimiter)
    if page.prefixes:
        answer["CommonPrefixes"] = [{"Prefix": encode(prefix)} for prefix in page.prefixes]
    if encoding:
        answer["EncodingType"] = encoding
    if page.last:
        answer["NextKeyMarker"] = encode(page.last)
        answer["NextUploadIdMarker"] = found[-1].id if found and found[-1].key == page.last else ""
    return answer


def _start(asked: Asked, upload_id: str) -> str:
    """The row that a page goes on past: without an upload's id, all uploads of the marker's key lie behind."""
    if not asked.after:
        return ""
    if not upload_id:
        return max(listing.start_of(asked), f"{asked.after}\x00:")
    try:
        return upload_key(asked.after, upload_id)
    except (ValueError, UnicodeEncodeError):
        raise errors.invalid_argument("Invalid uploadId marker", "upload-id-marker", upload_id) from None


def _row(upload: Upload) -> dict[str, Any]:
    row: dict[str, Any] = {
        "UploadId": upload.id,
        "Initiated": upload.initiated_at,
        "StorageClass": upload.entry.storage,
        "Owner": acls.owner(upload.owner),
        "Initiator": _initiator(upload),
    }
    if upload.algorithm:
        row |= {"ChecksumAlgorithm": upload.algorithm.upper(), "ChecksumType": upload.kind}
    return row


def _initiator(upload: Upload) -> dict[str, str]:
    """An IAM principal by its ARN, an account's root by its canonical id."""
    if upload.initiator.endswith(":root") or not upload.initiator.startswith("arn:"):
        return acls.owner(upload.owner)
    return {"ID": upload.initiator, "DisplayName": upload.initiator.rpartition("/")[2]}


def _completed_already(ctx: Context, bucket: Bucket, req: Mapping[str, Any]) -> dict[str, Any]:
    """The same answer again, where the object that the upload became is still what the key has."""
    now = versions.current(ctx, bucket, req["Key"])
    if now is None or not now.upload_id or now.upload_id != req["UploadId"]:
        raise errors.no_such_upload(req["UploadId"])
    return _answer(ctx, bucket, req, now)


def _check_promises(upload: Upload, entry: Entry, req: Mapping[str, Any]) -> None:
    """Raises InvalidRequest and BadDigest where the object is not what the client thinks it is."""
    size = req.get("MpuObjectSize")
    if size is not None and size != entry.size:
        text = f"The provided 'x-amz-mp-object-size' header value {size} does not match what was computed: {entry.size}"
        raise errors.invalid_request(text)
    kind = req.get("ChecksumType")
    if kind is not None and kind != upload.kind:
        text = (
            f"The upload was created using the {upload.kind} checksum mode. The complete request must use the same "
            "checksum mode."
        )
        raise errors.invalid_request(text)
    algorithm, value = crc.given(dict(req))
    if algorithm and algorithm != entry.checksum.partition("/")[0]:
        raise crc.mismatch(upload.algorithm or "crc64nvme", algorithm)
    if algorithm and value.partition("-")[0] != entry.checksum_value.partition("-")[0]:
        raise crc.bad_digest(algorithm)


def _answer(ctx: Context, bucket: Bucket, req: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    from urllib.parse import quote

    host = ctx.origin.host or f"s3.{bucket.region}.amazonaws.com"
    scheme = "https" if ctx.origin.secure or not ctx.origin.host else "http"
    location = f"{scheme}://{host}/{bucket.name}/{quote(req['Key'])}"
    answer = {"Location": location, "Bucket": bucket.name, "Key": req["Key"], **writes.answer(bucket, entry)}
    answer |= expirations.told(ctx, bucket, req["Key"], entry)
    answer.pop("SSEKMSEncryptionContext", None)
    answer.pop("SSECustomerAlgorithm", None)
    answer.pop("SSECustomerKeyMD5", None)
    return answer
