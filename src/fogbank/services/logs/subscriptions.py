"""Subscription filters at work: what the events of a batch are to functions, each by an event that nobody waits for.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import base64
import gzip
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context, Source
from fogbank.control.target import Parcel
from fogbank.services.logs import rules
from fogbank.services.logs.events import Run
from fogbank.services.logs.patterns import Pattern, compiled
from fogbank.services.logs.resources import Forward, Group, Stream, SubscriptionFilter

_LOG = logging.getLogger("fogbank.logs")
_BODY_BYTES_MAX = 1_000_000
"""What a function takes as an event that nobody waits for, with some room."""
_PAUSE_SECONDS = 600.0
_LAPS_MAX = 16
_LAP_SECONDS = 60.0
_PURPOSE = "logs forward"
RETRY_SECONDS = 24 * 3_600.0
_BACK_OFF_SECONDS_MAX = 300.0


class Batch(NamedTuple):
    """Events on their way: what a function is handed, and what metrics say of it."""

    body: str
    events: int
    bytes: int


class Ways(msgspec.Struct, eq=False):
    """What is remembered of the filters of a scope while this process lives."""

    paused: dict[tuple[str, str], float]
    """(group, filter) -> until when its events are skipped, after a destination that is not there or forbids it."""
    laps: dict[tuple[str, str], tuple[float, int]]
    """(group, filter) -> the minute, and how often it has been told of events in it that lead back to it."""


def _ways(*where: str) -> Ways:
    return Ways({}, {})


def forward(ctx: Context, group: Group, stream: Stream, events: Sequence[Mapping[str, Any]], runs: list[Run]) -> None:
    """Hand new events of a stream to the group's subscribers, in the transaction that puts them."""
    ids: list[str] = []
    for kept in list(ctx.scan(SubscriptionFilter, group.name)):
        pattern = compiled(kept.pattern)
        hits = [at for at, event in enumerate(events) if pattern.matches(event["message"])]
        if not hits or _is_held_back(ctx, kept):
            continue
        ids = ids or [event_id for run in runs for event_id in run.ids(events)]
        found = [_event(events[at], ids[at], pattern, kept) for at in hits]
        for batch in batches(found, _wrapped(ctx, kept, stream.name)):
            settle(ctx, kept, batch, send(ctx, kept, batch.body))


def check(ctx: Context, kept: SubscriptionFilter) -> None:
    """Send the destination of a new filter a test message. Raises InvalidParameterException where it is not taken."""
    told = {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [
            {
                "id": "",
                "timestamp": int(ctx.now * 1000),
                "message": "CWL CONTROL MESSAGE: Checking health of destination Lambda.",
            }
        ],
    }
    if send(ctx, kept, _packed(told)) is not None:
        raise rules.invalid(
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
            "your function."
        )


def send(ctx: Context, kept: SubscriptionFilter, body: str) -> AwsError | None:
    """Hand a message to a filter's function; returns what was said against it."""
    source = Source(ctx.arn(f"log-group:{kept.group}:*", "logs"), ctx.account)
    error: AwsError | None = None
    # Policies of functions name either: AWS's examples have been written with both.
    for name in ("logs", f"logs.{ctx.region}"):
        try:
            targets.deliver(ctx.as_service(source, name), kept.destination, Parcel(body))
        except AwsError as refused:
            error = refused
            if "AccessDenied" not in refused.code:
                return error
        else:
            return None
    return error


def settle(ctx: Context, kept: SubscriptionFilter, batch: Batch, error: AwsError | None) -> None:
    """Count a delivery; one that may succeed later is kept, and after any other the filter rests for a while."""
    if error is None:
        _measure(ctx, kept, "ForwardedLogEvents", batch.events, "None")
        _measure(ctx, kept, "ForwardedBytes", batch.bytes, "Bytes")
        return
    if not targets.is_final(error):
        _measure(ctx, kept, "DeliveryThrottling", batch.events, "None")
        keep(ctx, kept, batch)
        return
    _measure(ctx, kept, "DeliveryErrors", batch.events, "None")
    _LOG.warning("%s: subscription filter %s: %s", kept.group, kept.name, error)
    if error.code != "RequestTooLargeException":
        held, until = ctx.held(_ways, *ctx.scope), ctx.now + _PAUSE_SECONDS
        ctx.after_commit(lambda: held.paused.update({(kept.group, kept.name): until}))


def keep(ctx: Context, kept: SubscriptionFilter, batch: Batch) -> None:
    """Write a message down that is to be tried again."""
    key = ctx.uuid()
    ctx.put_item(ctx.space("forward"), key, ctx.seal(batch.body.encode(), _PURPOSE))
    ctx.put(
        Forward(
            id=key,
            group=kept.group,
            filter=kept.name,
            began_at=ctx.now,
            due_at=ctx.now + 1.0,
            tried=1,
            events=batch.events,
            bytes=batch.bytes,
        )
    )


def again(ctx: Context, found: Forward) -> None:
    """Try a message that is due once more."""
    kept = ctx.get(SubscriptionFilter, found.group, found.filter)
    item = ctx.item(ctx.space("forward"), found.id)
    if kept is None or item is None:
        forget(ctx, found)
        return
    body = ctx.unseal(item, _PURPOSE).decode()
    error = send(ctx, kept, body)
    if error is None or targets.is_final(error):
        settle(ctx, kept, Batch(body, found.events, found.bytes), error)
        forget(ctx, found)
    elif ctx.now - found.began_at >= RETRY_SECONDS:
        _measure(ctx, kept, "DeliveryErrors", found.events, "None")
        forget(ctx, found)
    else:
        _measure(ctx, kept, "DeliveryThrottling", found.events, "None")
        wait = min(2.0**found.tried, _BACK_OFF_SECONDS_MAX)
        ctx.put(msgspec.structs.replace(found, tried=found.tried + 1, due_at=ctx.now + wait))


def forget(ctx: Context, found: Forward) -> None:
    ctx.delete(Forward, found.id)
    ctx.delete_item(ctx.space("forward"), found.id)


def batches(found: Sequence[Mapping[str, Any]], wrapped: Callable[[Sequence[Any]], dict[str, Any]]) -> Iterator[Batch]:
    """Events as messages that are small enough for a function, in order."""
    raw = orjson.dumps(wrapped(found))
    data = gzip.compress(raw, mtime=0)
    if len(data) * 4 // 3 > _BODY_BYTES_MAX and len(found) > 1:
        half = len(found) // 2
        yield from batches(found[:half], wrapped)
        yield from batches(found[half:], wrapped)
        return
    yield Batch(_enveloped(data), len(found), len(data))


def forget_pause(ctx: Context, kept: SubscriptionFilter) -> None:
    """A filter that has been put anew is at work at once."""
    held = ctx.held(_ways, *ctx.scope)
    ctx.after_commit(lambda: held.paused.pop((kept.group, kept.name), None))


def leads_back(ctx: Context, group: str, destination: str) -> bool:
    """Whether what a function writes into its own log group comes to this group's filters again."""
    seen: set[str] = set()
    todo = [destination]
    while todo:
        parsed = Arn.parse(todo.pop())
        if parsed is None or (parsed.region, parsed.account) != (ctx.region, ctx.account):
            continue
        own = f"/aws/lambda/{_function(parsed)}"
        if own == group:
            return True
        if own not in seen:
            seen.add(own)
            todo += [kept.destination for kept in ctx.scan(SubscriptionFilter, own)]
    return False


def _is_held_back(ctx: Context, kept: SubscriptionFilter) -> bool:
    """Whether a filter rests, or has gone round in a circle often enough for a minute."""
    held, key = ctx.held(_ways, *ctx.scope), (kept.group, kept.name)
    if held.paused.get(key, 0.0) > ctx.now:
        return True
    if not _writes(ctx, kept.destination) and not leads_back(ctx, kept.group, kept.destination):
        return False
    since, count = held.laps.get(key, (0.0, 0))
    if ctx.now - since >= _LAP_SECONDS:
        since, count = ctx.now, 0
    held.laps[key] = (since, count + 1)
    if count == _LAPS_MAX:
        _LOG.warning("%s: subscription filter %s leads back to its own group; it rests", kept.group, kept.name)
    return count >= _LAPS_MAX


def _writes(ctx: Context, destination: str) -> bool:
    """Whether it is the destination itself that puts these events: sessions of functions have their names."""
    principal, parsed = ctx.caller.principal, Arn.parse(destination)
    return principal.kind == "role" and parsed is not None and principal.arn.split("/")[-1] == _function(parsed)


def _function(arn: Arn) -> str:
    return arn.resource.split(":")[1]


def _event(event: Mapping[str, Any], event_id: str, pattern: Pattern, kept: SubscriptionFilter) -> dict[str, Any]:
    told = {"id": event_id, "timestamp": event["timestamp"], "message": event["message"]}
    if kept.pattern.strip().startswith("["):
        told["extractedFields"] = {name[1:]: text for name, text in pattern.extracted(event["message"]).items()}
    return told


def _wrapped(ctx: Context, kept: SubscriptionFilter, stream: str) -> Callable[[Sequence[Any]], dict[str, Any]]:
    return lambda found: {
        "messageType": "DATA_MESSAGE",
        "owner": ctx.account,
        "logGroup": kept.group,
        "logStream": stream,
        "subscriptionFilters": [kept.name],
        "logEvents": list(found),
    }


def _packed(told: Mapping[str, Any]) -> str:
    return _enveloped(gzip.compress(orjson.dumps(told), mtime=0))


def _enveloped(data: bytes) -> str:
    return orjson.dumps({"awslogs": {"data": base64.b64encode(data).decode()}}).decode()


def _measure(ctx: Context, kept: SubscriptionFilter, metric: str, value: float, unit: str) -> None:
    named = {"LogGroupName": kept.group, "DestinationType": "Lambda", "FilterName": kept.name}
    ctx.measure(metric, value, unit, **named)
