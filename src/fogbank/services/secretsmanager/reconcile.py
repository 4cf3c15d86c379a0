"""Makes time act on secrets: deleted ones go at the end of their window, and rotations that are due are tried."""

from __future__ import annotations

import msgspec

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.secretsmanager import rules, secrets
from fogbank.services.secretsmanager.resources import Secret

_NO_FUNCTIONS = "nothing here can run a rotation function yet"


async def deadline(ctx: Context, key: str) -> After | None:
    """Look at one secret, at its name."""
    with ctx.begin():
        secret = ctx.get(Secret, key)
        if secret is None:
            return None
        if secret.delete_at and secret.delete_at <= ctx.now:
            secrets.remove(ctx, secret)
            ctx.emit("Secret Deleted", {"name": secret.name}, [secrets.arn_of(ctx, secret)])
            return None
        if not secret.deleted_at:
            secret = _rotated(ctx, secret)
    rotation = secret.rotation
    due = secret.delete_at or (rotation.next_at if rotation and rotation.enabled else 0.0)
    return After(max(0.0, due - ctx.now)) if due else None


def _rotated(ctx: Context, secret: Secret) -> Secret:
    """A secret whose rotation, if it was due, has been tried: it fails, says why, and is due again later."""
    rotation = secret.rotation
    if rotation is None or not rotation.enabled or not rotation.next_at or rotation.next_at > ctx.now:
        return secret
    ctx.emit(
        "Secret Rotation Failed",
        {"name": secret.name, "reason": _NO_FUNCTIONS, "function": rotation.lambda_arn},
        [secrets.arn_of(ctx, secret)],
    )
    tried = msgspec.structs.replace(rotation, next_at=rules.next_rotation(rotation, ctx.now), failed_for=_NO_FUNCTIONS)
    secret = msgspec.structs.replace(secret, rotation=tried)
    ctx.put(secret)
    return secret
