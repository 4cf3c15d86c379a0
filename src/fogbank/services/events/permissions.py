"""What each call must be allowed (Service Authorization Reference, "Amazon EventBridge")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.events import buses, rules

_NAMED = {
    "Archive": ("archive", "ArchiveName"),
    "Replay": ("replay", "ReplayName"),
    "Connection": ("connection", "Name"),
    "ApiDestination": ("api-destination", "Name"),
}
_OF_RULE = ("PutRule", "DescribeRule", "DeleteRule", "EnableRule", "DisableRule", "PutTargets", "RemoveTargets")
_OF_BUS = ("CreateEventBus", "UpdateEventBus", "DescribeEventBus", "DeleteEventBus")


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"events:{operation}"
    if operation == "PutEvents":
        return [need for entry in req["Entries"] for need in (_put(ctx, entry),)]
    if operation in _OF_RULE or operation == "ListTargetsByRule":
        return (Need(action, _rule(ctx, req), context=_facts(req)),)
    if operation in _OF_BUS or operation in ("PutPermission", "RemovePermission"):
        name = req.get("Name") or req.get("EventBusName")
        return (Need(action, buses.arn(ctx, rules.bus_parts(name or buses.DEFAULT)[2]), context=_facts(req)),)
    if operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return (Need(action, req["ResourceARN"], context=_facts(req)),)
    for noun, (kind, member) in _NAMED.items():
        if operation.endswith(noun) and member in req:
            return (Need(action, ctx.arn(f"{kind}/{req[member]}")),)
    return (Need(action),)


def _put(ctx: Context, entry: dict[str, Any]) -> Need:
    home, name = buses.at(ctx, entry.get("EventBusName"))
    bus = buses.find(home, name)
    facts = {
        "events:source": [entry.get("Source", "")],
        "events:detail-type": [entry.get("DetailType", "")],
        "events:eventbusinvocation": ["false"],
    }
    rule = "required" if ctx.caller.principal.kind == "service" else "optional"
    policy = bus.policy if bus is not None else ""
    return Need("events:PutEvents", buses.arn(home, name), home.account, policy, rule, facts)


def _rule(ctx: Context, req: dict[str, Any]) -> str:
    bus = rules.bus_parts(req.get("EventBusName") or buses.DEFAULT)[2]
    name = req.get("Name") or req["Rule"]
    return ctx.arn(f"rule/{name}" if bus == buses.DEFAULT else f"rule/{bus}/{name}")


def _facts(req: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = dict(tags.condition_keys(tags.read(req.get("Tags"))))
    if "Targets" in req:
        facts["events:targetarn"] = [target["Arn"] for target in req["Targets"]]
    return facts
