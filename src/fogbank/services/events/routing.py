"""The way of an event: from a bus into archives, and through its rules to their targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import orjson

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context, Source
from fogbank.control.service import Need
from fogbank.control.target import Parcel
from fogbank.services.events import buses, rules
from fogbank.services.events.resources import Archive, Archived, Delivery, Rule

Event = Mapping[str, Any]


class Trip(NamedTuple):
    """How an event comes to a bus."""

    is_forwarded: bool = False
    """From another bus: it goes to no third one."""
    only: tuple[str, ...] = ()
    """The ARNs of the rules that a replay is for; empty for all."""


_HERE = Trip()


def route(ctx: Context, bus: str, event: Event, trip: Trip = _HERE) -> int:
    """Let an event through a bus of this scope; returns how many rules it matched."""
    if "replay-name" not in event:
        _archive(ctx, bus, event)
    matched = 0
    for rule in list(ctx.scan(Rule, bus)):
        if not rule.pattern or not rule.is_enabled or not rules.pattern_of(rule.pattern).matches(event):
            continue
        if trip.only and buses.rule_arn(ctx, rule) not in trip.only:
            continue
        matched += 1
        tell(ctx, rule, event, trip)
    return matched


def tell(ctx: Context, rule: Rule, event: Event, trip: Trip = _HERE) -> None:
    """Hand an event to every target of a rule."""
    ctx.measure("TriggeredRules", RuleName=rule.name)
    arn = buses.rule_arn(ctx, rule)
    for target in rule.targets:
        if trip.is_forwarded and ":event-bus/" in target["Arn"]:
            continue
        ctx.measure("Invocations", RuleName=rule.name)
        delivery = Delivery(
            id=ctx.uuid(), rule_arn=arn, rule_name=rule.name, target=target, event=event, began_at=ctx.now
        )
        if ":api-destination/" in target["Arn"]:
            # The world takes time: the reconciler goes there.
            ctx.put(msgspec.structs.replace(delivery, due_at=ctx.now))
            continue
        settle(ctx, delivery, attempt(ctx, delivery))


def attempt(ctx: Context, delivery: Delivery) -> AwsError | None:
    """Try a delivery within this cloud; returns what the target said against it."""
    target = delivery.target
    at = ctx.as_service(Source(delivery.rule_arn, ctx.account))
    try:
        if target.get("RoleArn"):
            at = targets.as_role(at, target["RoleArn"], delivery.rule_name)
        if ":event-bus/" in target["Arn"]:
            _forward(at, target["Arn"], delivery.event)
        else:
            targets.deliver(at, target["Arn"], _parcel(ctx, delivery))
    except AwsError as error:
        return error
    return None


def settle(ctx: Context, delivery: Delivery, error: AwsError | None, *, after_seconds: float = 0.0) -> None:
    """Write down how an attempt ended: done, to be tried again, or to the dead-letter queue."""
    tried = delivery.tried + 1
    if error is None:
        ctx.delete(Delivery, delivery.id)
        return
    attempts, age_seconds = rules.retry_limits(delivery.target)
    delivery = msgspec.structs.replace(delivery, tried=tried, code=error.code, reason=error.message)
    if targets.is_final(error):
        _give_up(ctx, delivery, "")
    elif tried > attempts:
        _give_up(ctx, delivery, "MaximumRetryAttempts")
    elif ctx.now - delivery.began_at >= age_seconds:
        _give_up(ctx, delivery, "MaximumEventAgeInSeconds")
    else:
        ctx.measure("RetryInvocationAttempts", RuleName=delivery.rule_name)
        wait = max(after_seconds, rules.back_off_seconds(tried))
        ctx.put(msgspec.structs.replace(delivery, due_at=ctx.now + wait))


def facts_of(delivery: Delivery) -> dict[str, str]:
    """The variables that every input transformer knows."""
    return {
        "rule-arn": delivery.rule_arn,
        "rule-name": delivery.rule_name,
        "ingestion-time": rules.time_text(delivery.began_at),
    }


def _parcel(ctx: Context, delivery: Delivery) -> Parcel:
    target, event = delivery.target, delivery.event
    group = target.get("SqsParameters", {}).get("MessageGroupId", "")
    if group.startswith("$."):
        group = str(rules.at_path(event, group) or "")
    body = rules.handed(target, event, facts_of(delivery))
    return Parcel(body, group=group, stream=f"{delivery.rule_name}-{rules.time_text(ctx.now)[:10]}")


def _forward(ctx: Context, arn: str, event: Event) -> None:
    """Let an event into another bus, where that bus's policy, or the role's account, allows it."""
    parsed = Arn.parse(arn)
    if parsed is None:
        raise AwsError("ResourceNotFoundException", f"Event bus {arn} does not exist.")
    home = ctx.at(parsed.region, parsed.account)
    bus = buses.found(home, arn)
    rule = "required" if ctx.caller.principal.kind == "service" else "optional"
    home.authorize(Need("events:PutEvents", arn, account=parsed.account, policy=bus.policy, rule=rule))
    route(home.as_service(), bus.name, event, Trip(is_forwarded=True))


def _give_up(ctx: Context, delivery: Delivery, condition: str) -> None:
    ctx.delete(Delivery, delivery.id)
    ctx.measure("FailedInvocations", RuleName=delivery.rule_name)
    arn = delivery.target.get("DeadLetterConfig", {}).get("Arn")
    if not arn:
        return
    attributes = {
        "RULE_ARN": delivery.rule_arn,
        "TARGET_ARN": delivery.target["Arn"],
        "ERROR_CODE": rules.error_code(delivery.code),
        "ERROR_MESSAGE": delivery.reason[:1024],
        "EXHAUSTED_RETRY_CONDITION": condition,
        "RETRY_ATTEMPTS": str(delivery.tried - 1),
    }
    body = orjson.dumps(delivery.event).decode()
    try:
        targets.deliver(
            ctx.as_service(Source(delivery.rule_arn, ctx.account)), arn, Parcel(body, attributes=attributes)
        )
    except AwsError:
        ctx.measure("InvocationsFailedToBeSentToDlq", RuleName=delivery.rule_name)
    else:
        ctx.measure("InvocationsSentToDlq", RuleName=delivery.rule_name)


def _archive(ctx: Context, bus: str, event: Event) -> None:
    source = buses.arn(ctx, bus)
    for archive in list(ctx.scan(Archive)):
        if archive.source_arn != source:
            continue
        if archive.pattern and not rules.pattern_of(archive.pattern).matches(event):
            continue
        body = orjson.dumps(event)
        key = f"{int(ctx.now * 1000):015d}-{event['id']}"
        ctx.put_item(archive_space(ctx, archive.name), key, msgspec.msgpack.encode(Archived(body)))
        grown = {"events": archive.events + 1, "size_bytes": archive.size_bytes + len(body)}
        ctx.put(msgspec.structs.replace(archive, **grown))


def archive_space(ctx: Context, name: str) -> str:
    """Where an archive's events lie, in order of their arrival."""
    return ctx.space("archive", name)
