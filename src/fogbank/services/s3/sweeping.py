"""A lifecycle run: page after page of a bucket's keys, each version held against the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Origin
from fogbank.services.s3 import lifecycle, locks, uploads, versions
from fogbank.services.s3.entries import Entry, decode_entry, decode_upload, key_of_version, space
from fogbank.services.s3.lifecycle import Version
from fogbank.services.s3.notices import Facts, changed
from fogbank.services.s3.resources import Bucket

_KEYS = 200
_VERSIONS = 1_000_000


def sweep(ctx: Context, bucket: Bucket, configuration: Mapping[str, Any], start: str) -> str | None:
    """Act on the next keys past `start`; returns where the next page begins, None at the end."""
    ctx.origin = Origin(ctx.uuid(), source_ip="s3.amazonaws.com")
    rules, size = configuration["Rules"], configuration["Size"]
    keys = _keys(ctx, bucket, start)
    for key in keys:
        for version in list(_versions(ctx, bucket, key)):
            fate = lifecycle.fate(rules, version, ctx.now, size)
            if fate is None:
                continue
            if fate.storage:
                versions.replace(ctx, bucket, key, msgspec.structs.replace(version.entry, storage=fate.storage))
                changed(ctx, bucket, "LifecycleTransition", Facts(key, version.entry))
            else:
                _expire(ctx, bucket, version)
    if not start:
        _abort_uploads(ctx, bucket, rules)
    return keys[-1] if len(keys) == _KEYS else None


def _keys(ctx: Context, bucket: Bucket, start: str) -> list[str]:
    """The next keys that have an object, a version or a delete marker."""
    current = [key for key, _ in ctx.items(space(ctx.partition, "object", bucket.name), after=start, limit=_KEYS)]
    if not bucket.versioning:
        return current
    found = set(current)
    where, after = space(ctx.partition, "version", bucket.name), f"{start}\x01" if start else ""
    for _ in range(_KEYS):
        row = ctx.items(where, after=after, limit=1)
        if not row:
            break
        key = key_of_version(row[0][0])
        found.add(key)
        after = f"{key}\x01"
    return sorted(found)[:_KEYS]


def _versions(ctx: Context, bucket: Bucket, key: str) -> Iterator[Version]:
    """All versions of a key, newest first."""
    entries: list[Entry] = []
    now = versions.current(ctx, bucket, key)
    if now is not None:
        entries.append(now)
    if bucket.versioning:
        where = space(ctx.partition, "version", bucket.name)
        entries += [
            decode_entry(row) for _, row in ctx.items(where, after=f"{key}\x00", before=f"{key}\x01", limit=_VERSIONS)
        ]
    since, newer = 0.0, 0
    for place, entry in enumerate(entries):
        yield Version(key, entry, place == 0, since, newer, len(entries) == 1)
        since = entry.modified_at
        newer += place > 0


def _expire(ctx: Context, bucket: Bucket, version: Version) -> None:
    """Take a version away, or put a delete marker over a current one, unless a lock holds it."""
    key, entry = version.key, version.entry
    if version.is_current and not entry.is_marker:
        removed = versions.remove(ctx, bucket, key)
        name = "DeleteMarkerCreated" if removed.is_new_marker else "Delete"
        changed(ctx, bucket, f"LifecycleExpiration:{name}", Facts(key, removed.entry or entry))
        return
    try:
        locks.check_removal(entry, ctx.now, bypass=False)
    except AwsError:
        return
    versions.remove_version(ctx, bucket, key, entry.version_id)
    changed(ctx, bucket, "LifecycleExpiration:Delete", Facts(key, entry))


def _abort_uploads(ctx: Context, bucket: Bucket, rules: Sequence[lifecycle.Rule]) -> None:
    after = ""
    while rows := ctx.items(space(ctx.partition, "upload", bucket.name), after=after, limit=_KEYS):
        after = rows[-1][0]
        for _, row in rows:
            upload = decode_upload(row)
            if lifecycle.aborts(rules, upload.key, upload.initiated_at, ctx.now):
                uploads.remove(ctx, bucket, upload)
