"""Virtual MFA devices: found by their serial numbers, and their codes (RFC 6238) checked."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities
from fogbank.services.iam.resources import MfaDevice

STEP_SECONDS = 30
_STEPS_LATE = 20
"""How many steps the first of two codes may be old: people type slowly."""


def existing(ctx: Context, req: dict[str, Any]) -> MfaDevice:
    """Raises NoSuchEntity."""
    found = ctx.get(MfaDevice, req["SerialNumber"])
    if found is None:
        raise entities.missing(f"VirtualMFADevice with serial number {req['SerialNumber']} doesn't exist.")
    return found


def sealed(ctx: Context, serial: str, seed: bytes) -> bytes:
    return ctx.seal(seed, f"iam mfa {serial}")


def check_codes(ctx: Context, device: MfaDevice, req: dict[str, Any]) -> None:
    """Raises InvalidAuthenticationCode unless the request has two codes of the device that follow each other."""
    seed = ctx.unseal(device.seed, f"iam mfa {device.serial}")
    now = int(ctx.now) // STEP_SECONDS
    wanted = (req["AuthenticationCode1"], req["AuthenticationCode2"])
    for step in range(now - _STEPS_LATE, now + 2):
        if (code(seed, step), code(seed, step + 1)) == wanted:
            return
    raise AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.")


def code(seed: bytes, step: int) -> str:
    """The six digits that a device with this seed shows in a step of thirty seconds since 1970."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
