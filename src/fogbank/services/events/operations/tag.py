"""Tags of buses and rules."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.events import buses
from fogbank.services.events.resources import Bus, Rule


def tag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _found(ctx, req["ResourceARN"])
    merged = {**found.tags, **tags.read(req["Tags"])}
    if len(merged) > tags.TAGS_MAX:
        raise AwsError("LimitExceededException", "The resource cannot have more than 50 tags.")
    ctx.put(msgspec.structs.replace(found, tags=merged))


def untag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _found(ctx, req["ResourceARN"])
    ctx.put(msgspec.structs.replace(found, tags=tags.without(found.tags, req["TagKeys"])))


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tags.written(_found(ctx, req["ResourceARN"]).tags)}


def _found(ctx: Context, arn: str) -> Bus | Rule:
    parsed = Arn.parse(arn)
    noun, _, name = (parsed.resource if parsed is not None else "").partition("/")
    if parsed is None or parsed.service != "events" or noun not in ("rule", "event-bus"):
        raise AwsError(
            "ValidationException", f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        )
    if noun == "event-bus":
        return buses.found(ctx, name)
    bus, _, rule = name.rpartition("/")
    return buses.rule_found(ctx, rule, bus or None)
