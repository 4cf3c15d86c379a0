"""Rotation: its settings, and its end."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.secretsmanager import rules, secrets
from fogbank.services.secretsmanager.resources import Secret


def rotate_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    rotation = rules.rotation_of(req, secret.rotation, ctx.now)
    if req.get("RotateImmediately", True):
        # The rotation function would have to run now, and nothing here can run one.
        raise NotImplementedByFogbank("lambda", "Invoke (RotateSecret needs it unless RotateImmediately is false)")
    secret = msgspec.structs.replace(secret, rotation=rotation)
    return _answer(ctx, req, secret)


def cancel_rotate_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    if secret.rotation is None:
        raise rules.invalid_request("You can't cancel the rotation of a secret that has none.")
    rotation = msgspec.structs.replace(secret.rotation, enabled=False, next_at=0.0)
    stages = {label: version for label, version in secret.stages.items() if label != rules.PENDING}
    return _answer(ctx, req, msgspec.structs.replace(secret, rotation=rotation, stages=stages))


def _answer(ctx: Context, req: dict[str, Any], secret: Secret) -> dict[str, Any]:
    home = secrets.home_of(ctx, req["SecretId"])
    secrets.save(home, secret)
    secrets.set_deadline(home, secret)
    answer = {"ARN": secrets.arn_of(home, secret), "Name": secret.name}
    current = secret.stages.get(rules.CURRENT)
    return {**answer, "VersionId": current} if current else answer
