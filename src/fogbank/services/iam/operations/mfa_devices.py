"""Virtual MFA devices: made, assigned by two codes in a row, taken away."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities, mfa, rules, shown
from fogbank.services.iam.entities import USER
from fogbank.services.iam.resources import MfaDevice, User

_SEED_BYTES = 40
_DEVICES_MAX = 8


def create_virtual_mfa_device(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    serial = entities.arn(ctx, f"mfa{req.get('Path', '/')}{req['VirtualMFADeviceName']}")
    if ctx.get(MfaDevice, serial) is not None:
        raise AwsError("EntityAlreadyExists", "MFADevice entity at the same path and name already exists.")
    seed = ctx.random.getrandbits(_SEED_BYTES * 8).to_bytes(_SEED_BYTES, "big")
    device = MfaDevice(serial=serial, seed=mfa.sealed(ctx, serial, seed), tags=rules.tagged({}, req.get("Tags")))
    ctx.put(device)
    return {"VirtualMFADevice": {"SerialNumber": serial, "Base32StringSeed": base64.b32encode(seed)}}


def enable_mfa_device(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.existing(ctx, USER, req["UserName"])
    device = mfa.existing(ctx, req)
    if device.owner is not None:
        raise AwsError("EntityAlreadyExists", "MFA Device is already in use.")
    if len(ctx.find(MfaDevice, "by_owner", user.id)) >= _DEVICES_MAX:
        raise rules.limit_exceeded("MFADevicesPerUser", _DEVICES_MAX)
    mfa.check_codes(ctx, device, req)
    ctx.put(msgspec.structs.replace(device, owner=user.id, enabled_at=ctx.now))
    return {}


def resync_mfa_device(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    mfa.check_codes(ctx, _assigned(ctx, req), req)
    return {}


def deactivate_mfa_device(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.put(msgspec.structs.replace(_assigned(ctx, req), owner=None, enabled_at=None))
    return {}


def delete_virtual_mfa_device(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    device = mfa.existing(ctx, req)
    if device.owner is not None:
        raise AwsError("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    ctx.delete(MfaDevice, device.serial)
    return {}


def get_mfa_device(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    device = mfa.existing(ctx, req)
    answer: dict[str, Any] = {"SerialNumber": device.serial}
    user = entities.by_id(ctx, User, device.owner) if device.owner else None
    if user is not None:
        answer |= {"UserName": user.name, "EnableDate": device.enabled_at}
    return answer


def list_mfa_devices(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.calling_user(ctx, req)
    rows = ctx.find(MfaDevice, "by_owner", entities.owner_of(ctx, user))
    name = user.name if user else ctx.account

    def show(device: MfaDevice) -> dict[str, Any]:
        return {"UserName": name, "SerialNumber": device.serial, "EnableDate": device.enabled_at}

    return entities.listing(req, "MFADevices", rows, lambda device: device.serial, show)


def list_virtual_mfa_devices(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    status = req.get("AssignmentStatus", "Any")
    rows = (
        device
        for device in ctx.scan(MfaDevice)
        if status == "Any" or (device.owner is not None) == (status == "Assigned")
    )

    def show(device: MfaDevice) -> dict[str, Any]:
        user = entities.by_id(ctx, User, device.owner) if device.owner else None
        row: dict[str, Any] = {"SerialNumber": device.serial}
        return row | {"User": shown.user(ctx, user), "EnableDate": device.enabled_at} if user else row

    return entities.listing(req, "VirtualMFADevices", rows, lambda device: device.serial, show)


def _assigned(ctx: Context, req: dict[str, Any]) -> MfaDevice:
    user = entities.calling_user(ctx, req)
    device = mfa.existing(ctx, req)
    if device.owner != entities.owner_of(ctx, user):
        raise entities.missing(f"MFA Device invalid for user: {req.get('UserName', ctx.account)}")
    return device
