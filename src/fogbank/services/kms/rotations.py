"""Rotation of key material: the new one encrypts, the old ones go on decrypting."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.kms import keys, material, rules
from fogbank.services.kms.keys import Found
from fogbank.services.kms.resources import Key, Material


def rotated(materials: tuple[Material, ...], new: Material) -> tuple[Material, ...]:
    """The materials once a new one is current."""
    rest = [
        msgspec.structs.replace(one, state="NON_CURRENT") if one.state == "CURRENT" else one
        for one in materials
        if one.id != new.id
    ]
    return (*rest, new)


def rotate(found: Found, kind: str, now: float, **changes: Any) -> Key:
    """Give a key new material of KMS's own, in all its regions."""
    plain = material.make(found.key.spec).secret
    new = keys.sealed(found.home, found.key.id, plain, rotated_at=now, rotation=kind)
    found.home.emit("KMS CMK Rotation", {"key-id": found.key.id}, [found.arn])
    return keys.put_shared(found, materials=rotated(found.key.materials, new), **changes)


def on_demand_count(key: Key) -> int:
    return sum(1 for one in key.materials if one.rotation == "ON_DEMAND")


def described(ctx: Context, key: Key, one: Material) -> dict[str, Any]:
    """A row of ListKeyRotations."""
    row: dict[str, Any] = {"KeyId": keys.arn_of(ctx, key.id), "KeyMaterialId": one.id, "KeyMaterialState": one.state}
    if one.rotation:
        row |= {"RotationDate": one.rotated_at, "RotationType": one.rotation}
    if key.origin == "EXTERNAL":
        row["ImportState"] = "IMPORTED" if one.sealed else "PENDING_IMPORT"
        expires = "EXPIRES" if one.expires_at else "DOES_NOT_EXPIRE"
        row |= {"ExpirationModel": f"KEY_MATERIAL_{expires}"} if one.sealed else {}
        row |= {"ValidTo": one.expires_at} if one.expires_at else {}
        row |= {"KeyMaterialDescription": one.description} if one.description else {}
    return row


def due(key: Key, now: float) -> bool:
    """Whether a key is to be rotated now: disabled keys wait until they are enabled (AWS: they rotate at once then)."""
    return bool(key.rotation_days) and key.rotation_at <= now and rules.state_of(key) == "Enabled"
