"""Tags of groups and sampling rules."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.xray import rates, rules
from fogbank.services.xray.resources import Group, Rule


def tag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _tagged(ctx, req["ResourceARN"])
    added = rules.check_tags(req["ResourceARN"], found.tags, tags.read(req["Tags"]))
    ctx.put(msgspec.structs.replace(found, tags=added))


def untag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _tagged(ctx, req["ResourceARN"])
    ctx.put(msgspec.structs.replace(found, tags=tags.without(found.tags, req["TagKeys"])))


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tags.written(_tagged(ctx, req["ResourceARN"]).tags)}


def _tagged(ctx: Context, arn: str) -> Group | Rule:
    prefix = rates.arn_of(ctx, "")
    found: Group | Rule | None
    if arn.startswith(prefix):
        found = ctx.get(Rule, arn.removeprefix(prefix))
    else:
        found = next(iter(ctx.find(Group, "by_arn", arn)), None)
    if found is None:
        raise rules.missing(arn)
    return found
