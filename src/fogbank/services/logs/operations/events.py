"""Events: put, read in both directions, searched."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.logs import events, groups, metrics, rules, search, subscriptions, tails
from fogbank.services.logs.events import Event, Position, Span
from fogbank.services.logs.patterns import BadPattern, Pattern, compiled
from fogbank.services.logs.resources import Group, Stream

_LIMIT = 10_000
_END = 10**14 - 1
_FIRST: Position = (-1, 0, 0, 0)
_LAST: Position = (_END, 0, 0, 0)


def put_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _, group = groups.existing(ctx, req["logGroupName"])
    stream = groups.stream_of(ctx, group, req["logStreamName"])
    batch = req["logEvents"]
    size = rules.check_batch(batch)
    times = [event["timestamp"] for event in batch]
    start, end, said = rules.rejected(times, int(ctx.now * 1000), group.retention_days)
    taken = batch[start:end] if said else batch
    if said:
        size = sum(events.size_of(event["message"]) for event in taken)
    if taken:
        stream, runs = events.write(ctx, group, stream, taken)
        ctx.put(stream)
        tally = groups.tally_of(ctx, group)
        ctx.put(msgspec.structs.replace(tally, stored_bytes=tally.stored_bytes + size))
        if group.metric_filters:
            metrics.publish(ctx, group, taken)
        if group.subscription_filters:
            subscriptions.forward(ctx, group, stream, taken, runs)
        tails.tell(ctx, group, stream, taken)
        ctx.measure("IncomingLogEvents", len(taken), "None", LogGroupName=group.name)
        ctx.measure("IncomingBytes", size, "Bytes", LogGroupName=group.name)
    answer: dict[str, Any] = {"nextSequenceToken": groups.token_of(stream)}
    return {**answer, "rejectedLogEventsInfo": said} if said else answer


def get_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, group = groups.existing(ctx, rules.identifier_of(req))
    stream = groups.stream_of(home, group, req["logStreamName"])
    span = Span(max(req.get("startTime", 0), groups.oldest_ms(home, group)), req.get("endTime", _END))
    if req.get("startTime", 0) > req.get("endTime", _END):
        raise rules.invalid("endTime must not be before startTime.")
    where, limit = search.Where(group, stream.number, span), req.get("limit", _LIMIT)
    token = req.get("nextToken", "")
    at = _position(token) if token else None
    if token.startswith("b/") or (at is None and not req.get("startFromHead")):
        found = search.backward(home, where, at or _LAST, limit)
    else:
        found = search.forward(home, where, at or _FIRST, limit)
    first, last = (found[0].id, found[-1].id) if found else (token[2:-2] or "0" * 56,) * 2
    return {
        "events": [
            {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested} for event in found
        ],
        "nextForwardToken": f"f/{last}/s",
        "nextBackwardToken": f"b/{first}/s",
    }


def filter_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, group = groups.existing(ctx, rules.identifier_of(req))
    if req.get("startFromHead") is False:
        raise NotImplementedByFogbank("logs", "FilterLogEvents with startFromHead=false")
    if req.get("startTime", 0) > req.get("endTime", _END):
        raise rules.invalid("endTime must not be before startTime.")
    span = Span(max(req.get("startTime", 0), groups.oldest_ms(home, group)), req.get("endTime", _END - 1) + 1)
    streams, is_all = _streams(home, group, req)
    asked = search.Asked(span, _pattern(req.get("filterPattern", "")), streams, is_all)
    found, cursor = search.found(home, group, asked, search.cursor_of(req.get("nextToken")), req.get("limit", _LIMIT))
    answer: dict[str, Any] = {"events": [_filtered(event, streams) for event in found], "searchedLogStreams": []}
    return {**answer, "nextToken": search.token_of(cursor)} if cursor else answer


def test_metric_filter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    pattern = _compiled(req["filterPattern"])
    matches = [
        {"eventNumber": number, "eventMessage": message, "extractedValues": dict(pattern.extracted(message))}
        for number, message in enumerate(req["logEventMessages"], 1)
        if pattern.matches(message)
    ]
    return {"matches": matches}


def _streams(ctx: Context, group: Group, req: dict[str, Any]) -> tuple[dict[int, str], bool]:
    """The streams to look into, and whether these are all. Raises InvalidParameterException."""
    names, prefix = req.get("logStreamNames"), req.get("logStreamNamePrefix", "")
    if names and prefix:
        raise rules.invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    if names:
        return {groups.stream_of(ctx, group, name).number: name for name in names}, False
    found = ctx.scan(Stream, start=f"{group.name}\x00{prefix}")
    return {stream.number: stream.name for stream in found}, not prefix


def _filtered(event: Event, names: dict[int, str]) -> dict[str, Any]:
    return {
        "logStreamName": names[event.stream],
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
        "eventId": event.id,
    }


def _pattern(text: str) -> Pattern | None:
    return _compiled(text) if text.strip() not in ("", '""') else None


def _compiled(text: str) -> Pattern:
    try:
        return compiled(text)
    except BadPattern as error:
        raise rules.invalid(str(error)) from None


def _position(token: str) -> Position:
    if token[:2] in ("f/", "b/") and token.endswith("/s"):
        try:
            return events.position_of(token[2:-2])
        except ValueError:
            pass
    raise rules.invalid("The specified nextToken is invalid.")
