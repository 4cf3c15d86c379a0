"""Virtual MFA devices, found by their serial numbers."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.iam import entities
from fogbank.services.iam.resources import MfaDevice


def existing(ctx: Context, req: dict[str, Any]) -> MfaDevice:
    """Raises NoSuchEntity."""
    found = ctx.get(MfaDevice, req["SerialNumber"])
    if found is None:
        raise entities.missing(f"VirtualMFADevice with serial number {req['SerialNumber']} doesn't exist.")
    return found
