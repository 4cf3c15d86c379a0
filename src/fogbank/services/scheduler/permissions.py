"""What each call must be allowed (Service Authorization Reference, "Amazon EventBridge Scheduler")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.scheduler import groups


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"scheduler:{operation}"
    if operation.startswith("List") and "ResourceArn" not in req:
        return (Need(action),)
    if "ResourceArn" in req:
        return (Need(action, req["ResourceArn"], context=_facts(req)),)
    if operation.endswith("Group"):
        return (Need(action, groups.arn(ctx, req["Name"]), context=_facts(req)),)
    return (Need(action, ctx.arn(f"schedule/{req.get('GroupName', groups.DEFAULT)}/{req['Name']}")),)


def _facts(req: dict[str, Any]) -> dict[str, Any]:
    return dict(tags.condition_keys(tags.read(req.get("Tags"))))
