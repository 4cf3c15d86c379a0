"""What queries read and leave: rows of events, kept results, the fields that events have."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.logs import events, groups
from fogbank.services.logs.events import Event, Span, Vault
from fogbank.services.logs.insights.rows import Moment, Row, document, plain
from fogbank.services.logs.resources import Group, Query, Stream

_SAMPLE = 1000
_FIELDS_MAX = 200
_SAMPLE_MS = 8 * 60_000

Shown = list[tuple[str, str]]


def pointer(account: str, group: Group, event: Event) -> str:
    """The `@ptr` of an event."""
    return base64.b64encode(f"{account}:{group.name}:{event.id}".encode()).decode()


def row_of(account: str, group: Group, stream: str, event: Event) -> Row:
    return Row(
        {
            "@timestamp": Moment(event.timestamp),
            "@message": event.message,
            "@logStream": stream,
            "@log": f"{account}:{group.name}",
            "@ingestionTime": Moment(event.ingested),
            "@ptr": pointer(account, group, event),
        }
    )


class Place(NamedTuple):
    """How far a query has come in a group."""

    group: Group
    span: Span
    after: str = ""


def page(ctx: Context, place: Place, count: int) -> tuple[list[tuple[str, bytes]], Place | None]:
    """The next blocks of a group, opened, and where to go on; None at the end."""
    group, span, after = place
    low = max(after, f"{max(0, events.window_of(span.start)):014d}")
    found = ctx.items(events.space(ctx, group.id), after=low, before=f"{span.end:014d}", limit=count)
    vault = Vault(ctx, group)
    opened = [(key, vault.open(item)) for key, item in found]
    return opened, Place(group, span, found[-1][0]) if len(found) == count else None


def names(ctx: Context, group: Group) -> dict[int, str]:
    """The streams of a group by number."""
    return {stream.number: stream.name for stream in ctx.scan(Stream, group.name)}


def keep(ctx: Context, query: Query, found: list[Shown]) -> None:
    """Write the rows of a query."""
    where = ctx.space("result", query.id)
    for number, row in enumerate(found):
        ctx.put_item(where, f"{number:08d}", msgspec.msgpack.encode(row))


def rows(ctx: Context, query: Query, after: str, limit: int) -> list[tuple[str, Shown]]:
    found = ctx.items(ctx.space("result", query.id), after=after, limit=limit)
    return [(key, msgspec.msgpack.decode(item, type=Shown)) for key, item in found]


def forget(ctx: Context, query: Query) -> None:
    ctx.delete_item(ctx.space("result", query.id), None)
    ctx.delete(Query, query.id)


def record(ctx: Context, text: str) -> Row | None:
    """The event that a `@ptr` points to, None if there is none."""
    try:
        account, name, event_id = base64.b64decode(text, validate=True).decode().split(":")
        at, number, block, nth = events.position_of(event_id)
    except (binascii.Error, ValueError):
        return None
    home = groups.find(ctx, name) if account == ctx.account else None
    if home is None or at < groups.oldest_ms(ctx, home.group):
        return None
    stream = names(ctx, home.group).get(number)
    vault = Vault(ctx, home.group)
    for key, _ in events.keys_of_stream(ctx, home.group, number, Span(at, at + 1)):
        if stream is None or events.place_of(key).block != block:
            continue
        item = events.read(ctx, home.group, key)
        for event in events.opened(key, vault.open(item)) if item else ():
            if event.nth == nth:
                return row_of(ctx.account, home.group, stream, event)
    return None


def fields(row: Row) -> Iterator[tuple[str, Any]]:
    """Every field of an event, those of its JSON by their dotted names."""
    yield from row.builtin.items()
    found = document(row.builtin["@message"])
    if found is not None:
        yield from list(_flat(found, ""))[:_FIELDS_MAX]


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{name}.{number}")
    else:
        yield name, plain(value)


def field_counts(ctx: Context, group: Group, at: int | None) -> dict[str, int]:
    """How many of a thousand events have each field: those around a time (seconds), or of the last quarter hour."""
    now_ms = int(ctx.now * 1000)
    span = (
        Span(now_ms - 15 * 60_000, now_ms + 1) if at is None else Span(at * 1000 - _SAMPLE_MS, at * 1000 + _SAMPLE_MS)
    )
    span = Span(max(span.start, groups.oldest_ms(ctx, group)), span.end)
    counts: dict[str, int] = {}
    streams = names(ctx, group)
    vault = Vault(ctx, group)
    low, high = f"{max(0, events.window_of(span.start)):014d}", f"{max(0, span.end):014d}"
    found = (
        event
        for key, item in events.blocks_of_group(ctx, group, low, high)
        if int(key[14:22], 16) in streams
        for event in events.opened(key, vault.open(item))
        if span.start <= event.timestamp < span.end
    )
    for event in islice(found, _SAMPLE):
        for name, _ in fields(row_of(ctx.account, group, "", event)):
            counts[name] = counts.get(name, 0) + 1
    return counts
