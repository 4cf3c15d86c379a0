"""Groups of traces."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from fogbank.aws import paging, tags
from fogbank.aws.errors import NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.xray import groups, rules
from fogbank.services.xray.resources import Group

_PAGE = 100
_ID_BYTES = 32


def create_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["GroupName"]
    rules.check_group_name(name)
    _check_insights(ctx, req)
    if ctx.get(Group, name) is not None:
        raise rules.invalid(f"Group already exists: {name}")
    if ctx.count(Group) >= rules.GROUPS_MAX:
        raise rules.invalid(f"An account can have at most {rules.GROUPS_MAX} groups in a region.")
    mark = ctx.random.getrandbits(8 * _ID_BYTES).to_bytes(_ID_BYTES, "big")
    arn = ctx.arn(f"group/{name}/{base64.b32encode(mark).decode().rstrip('=')}")
    group = Group(
        name=name,
        arn=arn,
        expression=_checked(ctx, name, req.get("FilterExpression", "")),
        tags=rules.check_tags(arn, {}, tags.read(req.get("Tags"))),
    )
    ctx.put(group)
    return {"Group": groups.described(group)}


def update_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = groups.find(ctx, req)
    _check_insights(ctx, req)
    if group.name == rules.DEFAULT:
        if "FilterExpression" in req:
            raise rules.invalid("The filter expression of the default group cannot be changed.")
        return {"Group": groups.described(group)}
    if "FilterExpression" in req:
        group = msgspec.structs.replace(group, expression=_checked(ctx, group.name, req["FilterExpression"]))
        ctx.put(group)
    return {"Group": groups.described(group)}


def delete_group(ctx: Context, req: dict[str, Any]) -> None:
    group = groups.find(ctx, req)
    if group.name == rules.DEFAULT:
        raise rules.invalid("The default group cannot be deleted.")
    ctx.delete(Group, group.name)


def get_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Group": groups.described(groups.find(ctx, req))}


def get_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), "InvalidRequestException", "Invalid NextToken.")
    page, token = paging.page(ctx.scan(Group, after=after), _PAGE, lambda group: group.name)
    # The default group stands before all others.
    found = [*([] if after else [groups.default_group(ctx)]), *page]
    answer: dict[str, Any] = {"Groups": [groups.described(group) for group in found]}
    return {**answer, "NextToken": token} if token else answer


def _checked(ctx: Context, name: str, expression: str) -> str:
    """A filter expression that a group may have. Raises InvalidRequestException."""
    named = groups.named(ctx, groups.compiled(expression))
    if ("name", name) in named:
        raise rules.invalid("Invalid filter expression: a group cannot be part of itself")
    return expression


def _check_insights(ctx: Context, req: dict[str, Any]) -> None:
    """Raises InvalidRequestException, and NotImplemented where insights are wanted."""
    wanted = req.get("InsightsConfiguration") or {}
    if wanted.get("NotificationsEnabled") and not wanted.get("InsightsEnabled"):
        raise rules.invalid("Notifications can be enabled only for a group with insights enabled.")
    if wanted.get("InsightsEnabled"):
        raise NotImplementedByFogbank("xray", f"{ctx.operation} with InsightsEnabled")
