"""New versions of objects: what a request asks for is checked into a draft, and the draft with its bytes is placed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.s3 import acls, blocks, crc, encryption, errors, locks, rules, versions
from fogbank.services.s3.entries import PLAIN, Encryption, Entry, Part, owner_of
from fogbank.services.s3.notices import Facts, changed
from fogbank.services.s3.resources import Bucket

_CONTENT_TYPE = "binary/octet-stream"


class Draft(NamedTuple):
    """A version without its bytes, and the key that they are to be encrypted with."""

    entry: Entry
    key: bytes


def drafted(ctx: Context, bucket: Bucket, req: Mapping[str, Any]) -> Draft:
    """What a request says of a new object, checked; asks KMS for a data key where there is one."""
    key = req["Key"]
    rules.check_key(key)
    if req.get("WriteOffsetBytes") is not None:
        raise errors.unimplemented_header("x-amz-write-offset-bytes")
    for name in ("ObjectLockEventHold", "ObjectLockEventHoldDurationDays", "ObjectLockEventHoldDurationYears"):
        if name in req:
            raise errors.unimplemented_header("x-amz-object-lock-event-hold")
    owner = owner_of(bucket, ctx.caller.account, str(req.get("ACL", "")))
    content = rules.content_of(req)
    content.setdefault("ContentType", _CONTENT_TYPE)
    entry = Entry(
        modified_at=ctx.now,
        storage=rules.checked_storage(req.get("StorageClass")),
        owner=owner,
        content=content,
        metadata=rules.checked_metadata(req.get("Metadata")),
        tags=rules.header_tags(req.get("Tagging")),
        lock=locks.lock_of(bucket, req, ctx.now),
        grants=acls.from_request(blocks.shielded(ctx, bucket), owner, req) if acls.asks(req) else (),
        redirect=rules.checked_redirect(req.get("WebsiteRedirectLocation")),
    )
    sealed = encryption.begun(ctx, bucket, req, key)
    if sealed.encryption is not PLAIN:
        entry = msgspec.structs.replace(entry, encryption=sealed.encryption)
    return Draft(entry, sealed.key)


def etag_of(ctx: Context, sealed: Encryption, md5: str) -> str:
    """The MD5 of what lies as it came; of what is encrypted, a text that looks like one."""
    return md5 if sealed.is_plain else ctx.uuid().replace("-", "")


class Filled(NamedTuple):
    """What is known of a new version's bytes."""

    part: Part
    etag: str
    algorithm: str
    checksum: str


def filled(entry: Entry, made: Filled) -> Entry:
    """A draft with bytes in one part."""
    return msgspec.structs.replace(
        entry,
        etag=made.etag,
        size=made.part.size,
        checksum=f"{made.algorithm}/{crc.FULL}" if made.algorithm else "",
        checksum_value=made.checksum,
        part=made.part,
    )


def placed(ctx: Context, bucket: Bucket, req: Mapping[str, Any], entry: Entry, event: str) -> Entry:
    """Make a version current, if the request's conditions hold, and tell of it."""
    key = req["Key"]
    if "IfMatch" in req or "IfNoneMatch" in req:
        now = versions.current(ctx, bucket, key)
        rules.check_write(req, key, None if now is None else now.etag)
    entry = versions.place(ctx, bucket, key, msgspec.structs.replace(entry, modified_at=ctx.now))
    changed(ctx, bucket, event, Facts(key, entry))
    return entry


def answer(bucket: Bucket, entry: Entry) -> dict[str, Any]:
    """What PutObject tells."""
    found: dict[str, Any] = {"ETag": f'"{entry.etag}"', **encryption.written(entry.encryption)}
    found |= versions.shown_id(bucket, entry)
    return found | checksum_members(entry)


def checksum_members(entry: Entry) -> dict[str, str]:
    """The checksum of a version, as members of an answer."""
    if not entry.checksum:
        return {}
    algorithm, _, kind = entry.checksum.partition("/")
    return {crc.member(algorithm): entry.checksum_value, "ChecksumType": kind}


def check_digest(ctx: Context) -> None:
    """Raises InvalidRequest for a request over the wire without the digest that its operation demands."""
    if ctx.payload is not None and not ctx.payload.is_promised:
        text = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
        raise errors.invalid_request(text)


def check_lock_digest(ctx: Context, req: Mapping[str, Any]) -> None:
    """Object Lock asks for a digest of what is put. Raises InvalidRequest."""
    if ctx.payload is None or ctx.payload.checksums or "ContentMD5" in req or "ChecksumAlgorithm" in req:
        return
    if any(name in req for name in ("ObjectLockMode", "ObjectLockLegalHoldStatus")):
        text = (
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
        )
        raise errors.invalid_request(text)
