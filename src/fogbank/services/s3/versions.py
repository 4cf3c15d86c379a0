"""Versions of objects: which one a key has now, how a new one takes its place, and how one goes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.s3 import errors
from fogbank.services.s3.entries import (
    NULL,
    Entry,
    decode_entry,
    decode_parts,
    encode,
    key_of_version,
    new_version_id,
    sequence_of,
    space,
    version_key,
)
from fogbank.services.s3.resources import Bucket

_ENABLED = "Enabled"


class Removal(NamedTuple):
    """What DeleteObject did: `entry` is the marker that it left, or the version that it took away; None for nothing."""

    entry: Entry | None
    is_new_marker: bool


def current(ctx: Context, bucket: Bucket, key: str) -> Entry | None:
    """What a key has now; None for nothing or a delete marker."""
    row = ctx.item(space(ctx.partition, "object", bucket.name), key)
    return None if row is None else decode_entry(row)


def newest(ctx: Context, bucket: Bucket, key: str) -> tuple[str, Entry] | None:
    """The first of a key's other versions and delete markers, with the row that it lies in."""
    found = ctx.items(space(ctx.partition, "version", bucket.name), after=f"{key}\x00", before=f"{key}\x01", limit=1)
    return (found[0][0], decode_entry(found[0][1])) if found else None


def find(ctx: Context, bucket: Bucket, key: str, version_id: str) -> Entry | None:
    """A version, or a delete marker, by its id. Raises InvalidArgument for what is no id."""
    if version_id == "":
        raise errors.invalid_argument("Version id cannot be the empty string", "versionId", "")
    if version_id != NULL and sequence_of(version_id) is None:
        raise errors.invalid_argument("Invalid version id specified", "versionId", version_id)
    entry = current(ctx, bucket, key)
    if entry is not None and entry.version_id == version_id:
        return entry
    if not bucket.versioning:
        return None
    sequence = _null_sequence(ctx, bucket, key) if version_id == NULL else sequence_of(version_id)
    if sequence is None:
        return None
    row = ctx.item(space(ctx.partition, "version", bucket.name), version_key(key, sequence))
    entry = None if row is None else decode_entry(row)
    if entry is not None and entry.version_id == version_id:
        return entry
    return _find_alias(ctx, bucket, key, version_id)


def read(ctx: Context, bucket: Bucket, key: str, version_id: str | None) -> Entry:
    """The object that a request reads. Raises NoSuchKey, NoSuchVersion, and MethodNotAllowed for a delete marker."""
    if version_id is None:
        entry = current(ctx, bucket, key)
        if entry is None:
            raise errors.no_such_key(key, _marker_headers(ctx, bucket, key))
        return entry
    entry = find(ctx, bucket, key, version_id)
    if entry is None:
        raise errors.no_such_version(key, version_id)
    if entry.is_marker:
        raise errors.marker_not_allowed({"x-amz-version-id": entry.version_id})
    return entry


def place(ctx: Context, bucket: Bucket, key: str, entry: Entry) -> Entry:
    """Make `entry` the newest version of a key, an object or a delete marker; returns it with its id."""
    now = current(ctx, bucket, key)
    if not bucket.versioning:
        if now is not None:
            drop_bytes(ctx, bucket, now)
        ctx.put_item(space(ctx.partition, "object", bucket.name), key, encode(entry))
        return entry
    before = now or _entry_of(newest(ctx, bucket, key))
    sequence = before.sequence + 1 if before is not None else 1
    if bucket.versioning == _ENABLED:
        version_id = new_version_id(ctx.random.getrandbits(152), sequence)
    else:
        version_id = NULL
        _remove_null(ctx, bucket, key, now)
    entry = msgspec.structs.replace(entry, version_id=version_id, sequence=sequence)
    _put_over(ctx, bucket, key, now, entry)
    return entry


def place_replica(ctx: Context, bucket: Bucket, key: str, entry: Entry) -> Entry:
    """Make a version of another bucket the newest one of a key, under the id that it has there.

    The place that its id names may be another version's here: an alias tells then where it lies.
    """
    now = current(ctx, bucket, key)
    before = now or _entry_of(newest(ctx, bucket, key))
    sequence = before.sequence + 1 if before is not None else 1
    entry = msgspec.structs.replace(entry, sequence=sequence)
    if sequence_of(entry.version_id) != sequence:
        row = f"{key}\x00{entry.version_id}"
        ctx.put_item(space(ctx.partition, "alias", bucket.name), row, str(sequence).encode())
    _put_over(ctx, bucket, key, now, entry)
    return entry


def _put_over(ctx: Context, bucket: Bucket, key: str, now: Entry | None, entry: Entry) -> None:
    """A version takes the place of the one that was current, which is put aside."""
    if now is not None and not (now.version_id == NULL == entry.version_id):
        _put_aside(ctx, bucket, key, now)
    if entry.is_marker:
        ctx.delete_item(space(ctx.partition, "object", bucket.name), key)
        _put_aside(ctx, bucket, key, entry)
    else:
        ctx.put_item(space(ctx.partition, "object", bucket.name), key, encode(entry))


def replace(ctx: Context, bucket: Bucket, key: str, entry: Entry) -> None:
    """Write a version anew where it lies: its tags, lock or grants have changed."""
    now = current(ctx, bucket, key)
    if now is not None and now.version_id == entry.version_id:
        ctx.put_item(space(ctx.partition, "object", bucket.name), key, encode(entry))
    else:
        ctx.put_item(space(ctx.partition, "version", bucket.name), version_key(key, entry.sequence), encode(entry))


def remove(ctx: Context, bucket: Bucket, key: str) -> Removal:
    """DeleteObject without a version: the object goes, or a delete marker takes its place."""
    if bucket.versioning:
        marker = Entry(modified_at=ctx.now, owner=bucket.account, is_marker=True)
        return Removal(place(ctx, bucket, key, marker), is_new_marker=True)
    entry = current(ctx, bucket, key)
    if entry is not None:
        ctx.delete_item(space(ctx.partition, "object", bucket.name), key)
        drop_bytes(ctx, bucket, entry)
    return Removal(entry, is_new_marker=False)


def remove_version(ctx: Context, bucket: Bucket, key: str, version_id: str) -> Removal:
    """Take one version or delete marker away for good; what is newest then becomes current.

    Locks are the caller's business: `locks.check_removal`.
    """
    entry = find(ctx, bucket, key, version_id)
    if entry is None:
        return Removal(None, is_new_marker=False)
    now = current(ctx, bucket, key)
    if now is not None and now.version_id == version_id:
        ctx.delete_item(space(ctx.partition, "object", bucket.name), key)
        now = None
    else:
        ctx.delete_item(space(ctx.partition, "version", bucket.name), version_key(key, entry.sequence))
        if version_id == NULL:
            ctx.delete_item(space(ctx.partition, "null", bucket.name), key)
    drop_bytes(ctx, bucket, entry)
    if entry.replication == "REPLICA":
        ctx.delete_item(space(ctx.partition, "alias", bucket.name), f"{key}\x00{version_id}")
    if now is None and bucket.versioning:
        _promote(ctx, bucket, key)
    return Removal(entry, is_new_marker=False)


def drop_bytes(ctx: Context, bucket: Bucket, entry: Entry) -> None:
    """Have the bytes of a version go with this transaction."""
    parts = [entry.part] if entry.part is not None else []
    if entry.manifest:
        where = space(ctx.partition, "manifest", bucket.name)
        row = ctx.item(where, entry.manifest)
        parts += decode_parts(row) if row is not None else ()
        ctx.delete_item(where, entry.manifest)
    for part in parts:
        drop_part(ctx, bucket, part.body, is_inline=part.is_inline)


def drop_part(ctx: Context, bucket: Bucket, body: str, *, is_inline: bool) -> None:
    if is_inline:
        ctx.delete_item(space(ctx.partition, "body", bucket.name), body)
    else:
        ctx.transaction.drop_blob(body)


def is_empty(ctx: Context, bucket: Bucket) -> bool:
    """Whether a bucket holds no object, no version and no delete marker."""
    return not any(ctx.items(space(ctx.partition, noun, bucket.name), limit=1) for noun in ("object", "version"))


def shown_id(bucket: Bucket, entry: Entry) -> dict[str, str]:
    """The VersionId of an answer: none for a bucket that never had versions."""
    return {"VersionId": entry.version_id} if bucket.versioning else {}


def _entry_of(found: tuple[str, Entry] | None) -> Entry | None:
    return None if found is None else found[1]


def _marker_headers(ctx: Context, bucket: Bucket, key: str) -> dict[str, str]:
    found = _entry_of(newest(ctx, bucket, key)) if bucket.versioning else None
    if found is None or not found.is_marker:
        return {}
    return {"x-amz-delete-marker": "true", "x-amz-version-id": found.version_id}


def _find_alias(ctx: Context, bucket: Bucket, key: str, version_id: str) -> Entry | None:
    """A replica that lies elsewhere than its id says."""
    place = ctx.item(space(ctx.partition, "alias", bucket.name), f"{key}\x00{version_id}")
    if place is None:
        return None
    row = ctx.item(space(ctx.partition, "version", bucket.name), version_key(key, int(place)))
    entry = None if row is None else decode_entry(row)
    return entry if entry is not None and entry.version_id == version_id else None


def _null_sequence(ctx: Context, bucket: Bucket, key: str) -> int | None:
    row = ctx.item(space(ctx.partition, "null", bucket.name), key)
    return None if row is None else int(row)


def _put_aside(ctx: Context, bucket: Bucket, key: str, entry: Entry) -> None:
    """A version that is not current any more, or a delete marker, has its place among the others."""
    ctx.put_item(space(ctx.partition, "version", bucket.name), version_key(key, entry.sequence), encode(entry))
    if entry.version_id == NULL:
        ctx.put_item(space(ctx.partition, "null", bucket.name), key, str(entry.sequence).encode())


def _remove_null(ctx: Context, bucket: Bucket, key: str, now: Entry | None) -> None:
    """The null version goes: a new one takes its place."""
    if now is not None and now.version_id == NULL:
        drop_bytes(ctx, bucket, now)
        return
    sequence = _null_sequence(ctx, bucket, key)
    if sequence is None:
        return
    where, row = space(ctx.partition, "version", bucket.name), version_key(key, sequence)
    found = ctx.item(where, row)
    if found is not None:
        drop_bytes(ctx, bucket, decode_entry(found))
    ctx.delete_item(where, row)
    ctx.delete_item(space(ctx.partition, "null", bucket.name), key)


def _promote(ctx: Context, bucket: Bucket, key: str) -> None:
    found = newest(ctx, bucket, key)
    if found is None or found[1].is_marker:
        return
    row, entry = found
    ctx.delete_item(space(ctx.partition, "version", bucket.name), row)
    ctx.put_item(space(ctx.partition, "object", bucket.name), key_of_version(row), encode(entry))
    if entry.version_id == NULL:
        ctx.delete_item(space(ctx.partition, "null", bucket.name), key)
