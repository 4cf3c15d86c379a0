"""Rotation: its settings, its beginning, and its end."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.secretsmanager import rotations, rules, schedules, secrets
from fogbank.services.secretsmanager.resources import Secret, Version


def rotate_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    home, token = secrets.home_of(ctx, req["SecretId"]), req["ClientRequestToken"]
    attempt = secret.rotation.attempt if secret.rotation is not None else None
    if (attempt is not None and attempt.token == token) or home.get(Version, secret.name, token) is not None:
        # The same request once more.
        return _answer(home, secret, token)
    if rotations.is_incomplete(secret):
        raise rules.invalid_request("A previous rotation isn't complete. That rotation will be reattempted.")
    rotation = schedules.rotation_of(req, secret.rotation, ctx.now)
    rotations.check_function(home, secret, rotation.lambda_arn)
    secret = msgspec.structs.replace(secret, rotation=rotation)
    secret = rotations.begin(home, secret, token, is_test=not req.get("RotateImmediately", True))
    secrets.set_deadline(home, secret)
    return _answer(home, secret, token)


def cancel_rotate_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    if secret.rotation is None:
        raise rules.invalid_request("You can't cancel the rotation of a secret that has none.")
    # Labels stay where they are: "You might need to remove the staging label AWSPENDING" (API page).
    rotation = msgspec.structs.replace(secret.rotation, enabled=False, next_at=0.0, closes_at=0.0, attempt=None)
    secret = secrets.save(home, msgspec.structs.replace(secret, rotation=rotation))
    secrets.set_deadline(home, secret)
    return _answer(home, secret, secret.stages.get(rules.CURRENT, ""))


def _answer(home: Context, secret: Secret, version_id: str) -> dict[str, Any]:
    answer = {"ARN": secrets.arn_of(home, secret), "Name": secret.name}
    return {**answer, "VersionId": version_id} if version_id else answer
