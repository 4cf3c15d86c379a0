"""Groups as records, and the expressions that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.control.context import Context
from fogbank.services.xray import filters, rules
from fogbank.services.xray.resources import Group

_MATCHES_ALL = "!partial OR partial"


def find(ctx: Context, req: Mapping[str, Any]) -> Group:
    """The group that a request names, in one of two ways. Raises InvalidRequestException."""
    name, arn = rules.one_of(req, "GroupName", "GroupARN")
    found = _found(ctx, name, arn)
    if found is None:
        raise rules.invalid("Group not found")
    return found


def _found(ctx: Context, name: str, arn: str) -> Group | None:
    if name == rules.DEFAULT or (arn and arn == default_group(ctx).arn):
        return default_group(ctx)
    if arn:
        return next(iter(ctx.find(Group, "by_arn", arn)), None)
    return ctx.get(Group, name)


def default_group(ctx: Context) -> Group:
    """The group that every account has, of all traces."""
    return Group(name=rules.DEFAULT, arn=ctx.arn(f"group/{rules.DEFAULT}"))


def node_of(ctx: Context, req: Mapping[str, Any]) -> filters.Node | None:
    """The expression of the group that a request names, if it names one. Raises InvalidRequestException."""
    if not req.get("GroupName") and not req.get("GroupARN"):
        return None
    return compiled(find(ctx, req).expression)


def compiled(expression: str) -> filters.Node | None:
    """The node of an expression, None for one that says nothing. Raises InvalidRequestException."""
    if not expression.strip():
        return None
    try:
        return filters.parsed(expression)
    except filters.BadFilter as error:
        raise rules.invalid(f"Invalid filter expression: {error}") from None


def named(ctx: Context, *nodes: filters.Node | None) -> filters.Groups:
    """The groups that expressions name, and those that they name. Raises InvalidRequestException."""
    known: dict[tuple[str, str], filters.Node] = {}
    waiting: list[tuple[filters.Node | None, tuple[tuple[str, str], ...]]] = [(node, ()) for node in nodes]
    while waiting:
        node, within = waiting.pop()
        for one in filters.groups_in(node):
            key = (one.field, one.value)
            if key in within:
                raise rules.invalid("Invalid filter expression: a group cannot be part of itself")
            found = _found(ctx, *((one.value, "") if one.field == "name" else ("", one.value)))
            if found is None:
                raise rules.invalid(f"Invalid filter expression: there is no group {one.value}")
            known[key] = compiled(found.expression) or filters.parsed(_MATCHES_ALL)
            waiting.append((known[key], (*within, key)))
    return known


def described(group: Group) -> dict[str, Any]:
    told: dict[str, Any] = {"GroupName": group.name, "GroupARN": group.arn}
    if group.expression:
        told["FilterExpression"] = group.expression
    return {**told, "InsightsConfiguration": {"InsightsEnabled": False, "NotificationsEnabled": False}}
