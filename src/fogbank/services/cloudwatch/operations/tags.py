"""Tags of alarms, mute rules and dashboards."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudwatch import rules
from fogbank.services.cloudwatch.resources import Alarm, Dashboard, MuteRule

Tagged = Alarm | MuteRule | Dashboard


def tag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _tagged(ctx, req["ResourceARN"])
    ctx.put(msgspec.structs.replace(found, tags=rules.check_tags(found.tags, tags.read(req["Tags"]))))


def untag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _tagged(ctx, req["ResourceARN"])
    ctx.put(msgspec.structs.replace(found, tags=tags.without(found.tags, req["TagKeys"])))


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tags.written(_tagged(ctx, req["ResourceARN"]).tags)}


def _tagged(ctx: Context, arn: str) -> Tagged:
    if Arn.parse(arn) is None:
        raise rules.invalid(f"The value {arn} for parameter ResourceARN is invalid.")
    found: Tagged | None = None
    alarm, mute = ctx.arn("alarm:"), ctx.arn("alarm-mute-rule:")
    if arn.startswith(alarm):
        found = ctx.get(Alarm, arn[len(alarm) :])
    if arn.startswith(mute):
        found = ctx.get(MuteRule, arn[len(mute) :])
    board = f"arn:{ctx.partition}:cloudwatch::{ctx.account}:dashboard/"
    if arn.startswith(board):
        found = ctx.get(Dashboard, arn[len(board) :])
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Resource {arn} does not exist.")
    return found
