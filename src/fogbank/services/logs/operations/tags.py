"""Tags of log groups, in the new way and the old."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.logs import groups, rules
from fogbank.services.logs.resources import Group


def tag_resource(ctx: Context, req: dict[str, Any]) -> None:
    resource = _tagged(ctx, req["resourceArn"])
    ctx.put(msgspec.structs.replace(resource, tags=rules.check_tags(resource.tags, req["tags"])))


def untag_resource(ctx: Context, req: dict[str, Any]) -> None:
    resource = _tagged(ctx, req["resourceArn"])
    ctx.put(msgspec.structs.replace(resource, tags=tags.without(resource.tags, req["tagKeys"])))


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"tags": dict(_tagged(ctx, req["resourceArn"]).tags)}


def tag_log_group(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    ctx.put(msgspec.structs.replace(group, tags=rules.check_tags(group.tags, req["tags"])))


def untag_log_group(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    ctx.put(msgspec.structs.replace(group, tags=tags.without(group.tags, req["tags"])))


def list_tags_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _, group = groups.existing(ctx, req["logGroupName"])
    return {"tags": dict(group.tags)}


def _tagged(ctx: Context, arn: str) -> Group:
    home = groups.find(ctx, arn) if arn.startswith("arn:") else None
    if home is None or home.ctx.account != ctx.account:
        raise rules.missing("resource")
    return home.group
