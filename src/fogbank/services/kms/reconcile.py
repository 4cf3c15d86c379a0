"""Makes time act on keys: what is scheduled for deletion goes, what rotates rotates, imported material expires."""

from __future__ import annotations

import msgspec

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.kms import keys, rotations, rules
from fogbank.services.kms.keys import Found
from fogbank.services.kms.resources import Key


async def deadlines(ctx: Context, key: str) -> After | None:
    """Look at one key, by its id."""
    with ctx.begin():
        record = ctx.get(Key, key)
        if record is None:
            return None
        found = Found(ctx, record)
        if record.deletion_at and record.deletion_at <= ctx.now:
            keys.remove(ctx, record)
            ctx.emit("KMS CMK Deletion", {"key-id": key}, [found.arn])
            return None
        record = _started_waiting(found)
        record = _expired(Found(ctx, record))
        record = _rotated(Found(ctx, record))
        next_at = rules.next_deadline(record, ctx.region)
    return After(max(0.0, next_at - ctx.now)) if next_at is not None else None


def _started_waiting(found: Found) -> Key:
    """A primary that waits for its replicas to go begins its own waiting period when the last one is gone."""
    key = found.key
    if not key.deletion_days or key.deletion_at or len(key.regions) > 1:
        return key
    return keys.put(found, deletion_at=found.home.now + key.deletion_days * rules.DAY_SECONDS)


def _expired(found: Found) -> Key:
    """Take away imported material whose time is over; the key is pending import until it comes back."""
    now = found.home.now
    over = [one for one in found.key.materials if one.sealed and one.expires_at and one.expires_at <= now]
    if not over:
        return found.key
    left = tuple(
        msgspec.structs.replace(one, sealed=b"", expires_at=0.0) if one in over else one
        for one in found.key.materials
        if one not in over or one.state != "PENDING_ROTATION"
    )
    found.home.emit("KMS Imported Key Material Expiration", {"key-id": found.key.id}, [found.arn])
    return keys.put(found, materials=left)


def _rotated(found: Found) -> Key:
    """Rotate what is due. The material of a multi-Region key is its primary's to rotate."""
    key, now = found.key, found.home.now
    if not rules.is_primary(key, found.home.region) or not rotations.due(key, now):
        return key
    return rotations.rotate(found, "AUTOMATIC", now, rotation_at=now + key.rotation_days * rules.DAY_SECONDS)
