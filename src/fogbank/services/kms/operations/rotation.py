"""Rotation of keys: its schedule, on demand, and what it has done."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import keys, pages, rotations, rules
from fogbank.services.kms.keys import Found


def enable_key_rotation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _rotating(ctx, req["KeyId"])
    days = req.get("RotationPeriodInDays") or found.key.rotation_days or rules.ROTATION_DAYS_DEFAULT
    if days != found.key.rotation_days:
        keys.put_shared(found, rotation_days=days, rotation_at=ctx.now + days * rules.DAY_SECONDS)
    return {}


def disable_key_rotation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    keys.put_shared(_rotating(ctx, req["KeyId"]), rotation_days=0, rotation_at=0.0)
    return {}


def get_key_rotation_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"])
    key = found.key
    if rules.state_of(key) == "PendingDeletion":
        return {"KeyId": found.arn, "KeyRotationEnabled": False}
    status: dict[str, Any] = {"KeyId": found.arn, "KeyRotationEnabled": bool(key.rotation_days)}
    if key.rotation_days:
        status |= {"RotationPeriodInDays": key.rotation_days, "NextRotationDate": key.rotation_at}
    return status


def rotate_key_on_demand(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"])
    if found.key.origin == "EXTERNAL" and found.key.spec == rules.SYMMETRIC:
        _rotate_imported(ctx, keys.own(ctx, req["KeyId"]))
        return {"KeyId": found.arn}
    found = _rotating(ctx, req["KeyId"])
    if rotations.on_demand_count(found.key) >= rules.ON_DEMAND_ROTATIONS_MAX:
        text = f"The maximum number of on-demand rotations for {found.arn} is {rules.ON_DEMAND_ROTATIONS_MAX}."
        raise AwsError("LimitExceededException", text)
    rotations.rotate(found, "ON_DEMAND", ctx.now)
    return {"KeyId": found.arn}


def list_key_rotations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"])
    key = found.key
    if key.spec != rules.SYMMETRIC:
        rules.check_rotates(key, found.arn)
    everything = req.get("IncludeKeyMaterial", "ROTATIONS_ONLY") == "ALL_KEY_MATERIAL"
    rows = [(number, one) for number, one in enumerate(key.materials) if one.rotation or everything]
    after = pages.after(req)
    listed = [row for row in rows if f"{row[0]:06d}" > after]
    return pages.page(
        "Rotations",
        listed,
        pages.limit(req, 100, 1000),
        lambda row: f"{row[0]:06d}",
        lambda row: rotations.described(ctx, key, row[1]),
    )


def _rotating(ctx: Context, text: str) -> Found:
    found = keys.find(ctx, text)
    rules.check_rotates(found.key, found.arn)
    found = keys.own(ctx, text)
    if not rules.is_primary(found.key, ctx.region):
        text = f"{found.arn} is a multi-Region replica key, which its primary rotates."
        raise AwsError("UnsupportedOperationException", text)
    return found


def _rotate_imported(ctx: Context, found: Found) -> None:
    waiting = next((one for one in found.key.materials if one.state == "PENDING_ROTATION" and one.sealed), None)
    if waiting is None:
        text = f"{found.arn} has no imported key material in the state PENDING_ROTATION."
        raise AwsError("KMSInvalidStateException", text)
    new = msgspec.structs.replace(waiting, state="CURRENT", rotated_at=ctx.now, rotation="ON_DEMAND")
    keys.put(found, materials=rotations.rotated(found.key.materials, new))
