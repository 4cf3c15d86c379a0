"""Traces as they lie in items: a row for each segment, one for each trace, and an index of when traces were active.

A trace's id begins with its time, so that rows by id are rows by time. For ranges of activity there is a row for each
five minutes of each trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import orjson

from fogbank.control.context import Context
from fogbank.services.xray import rules, traces
from fogbank.services.xray.documents import Checked
from fogbank.services.xray.resources import ONE, Upkeep
from fogbank.services.xray.sealing import Vault
from fogbank.services.xray.traces import Trace

STRETCH_SECONDS = 300
_STRETCHES_MAX = 7 * 86_400 // STRETCH_SECONDS
"""A trace can last for seven days."""
_FUTURE_SECONDS = 86_400
_SEGMENTS_PAGE = 1_000
_END = "\x7f"


class Row(msgspec.Struct, array_like=True, frozen=True):
    """A trace, as far as it need be known without its segments."""

    first: float
    last: float
    low: int
    """The first and the last stretch that the index has of it."""
    high: int
    revision: int = 0
    size: int = 0
    """Bytes of its documents."""
    is_over: bool = False
    """Whether there were more than are kept."""


class Found(NamedTuple):
    id: str
    row: Row


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Row).decode


def put(ctx: Context, segments: Iterable[Checked]) -> None:
    """Keep segments; a finished one stands, whatever comes after it of the same id in progress."""
    vault = Vault(ctx)
    by_trace: dict[str, list[Checked]] = {}
    for one in segments:
        by_trace.setdefault(one.trace_id, []).append(one)
    for trace_id, found in by_trace.items():
        _put(ctx, vault, trace_id, found)
    if by_trace and ctx.get(Upkeep, ONE) is None:
        ctx.put(Upkeep())


def _put(ctx: Context, vault: Vault, trace_id: str, segments: list[Checked]) -> None:
    where = ctx.space("trace")
    item = ctx.item(where, trace_id)
    before = _decode(item) if item is not None else None
    row = before or Row(segments[0].start, segments[0].start, 0, -1)
    for one in segments:
        row = _kept(ctx, vault, row, one)
    first, last = _within(ctx, row.first), _within(ctx, row.last)
    high = int(last) // STRETCH_SECONDS
    low = max(int(first) // STRETCH_SECONDS, high - _STRETCHES_MAX)
    if before is not None:
        low = min(low, before.low)
    for stretch in range(low, high + 1):
        if before is None or not before.low <= stretch <= before.high:
            ctx.put_item(ctx.space("active"), f"{stretch:08x}{trace_id}", b"")
    row = msgspec.structs.replace(row, first=first, last=last, low=low, high=high, revision=row.revision + 1)
    ctx.put_item(where, trace_id, _encode(row))


def _within(ctx: Context, at: float) -> float:
    """A time that a clock may have told: nothing is kept longer for being said to be of next year."""
    return min(max(at, ctx.now - rules.RETENTION_SECONDS), ctx.now + _FUTURE_SECONDS)


def _kept(ctx: Context, vault: Vault, row: Row, one: Checked) -> Row:
    where, key = ctx.space("segment"), f"{one.trace_id}{one.id}"
    known = ctx.item(where, key)
    if known is not None and one.end is None and orjson.loads(vault.open(known)).get("in_progress") is not True:
        return row
    size = row.size + len(one.text) - (len(known) if known is not None else 0)
    if size > rules.TRACE_BYTES_MAX and known is None:
        return msgspec.structs.replace(row, is_over=True)
    ctx.put_item(where, key, vault.seal(one.text))
    first, last = min(row.first, one.start), max(row.last, one.end or one.start)
    return msgspec.structs.replace(row, first=first, last=last, size=size)


def row_of(ctx: Context, trace_id: str) -> Row | None:
    """A trace's row, unless it is there no longer."""
    item = ctx.item(ctx.space("trace"), trace_id)
    row = _decode(item) if item is not None else None
    return row if row is not None and not _is_old(ctx, row) else None


def _is_old(ctx: Context, row: Row) -> bool:
    return row.last < ctx.now - rules.RETENTION_SECONDS


def documents(ctx: Context, vault: Vault, trace_id: str) -> list[dict[str, Any]]:
    return [orjson.loads(vault.open(item)) for _, item in _segments(ctx, trace_id)]


def _segments(ctx: Context, trace_id: str) -> Iterator[tuple[str, bytes]]:
    after = trace_id
    while True:
        page = ctx.items(ctx.space("segment"), after=after, before=f"{trace_id}{_END}", limit=_SEGMENTS_PAGE)
        yield from page
        if len(page) < _SEGMENTS_PAGE:
            return
        after = page[-1][0]


def read(ctx: Context, trace_id: str) -> Trace:
    """A trace that there is, put together."""
    return traces.assembled(trace_id, documents(ctx, Vault(ctx), trace_id), ctx.account)


class Page(NamedTuple):
    """Some traces of a range, and where the next page begins; empty for the last one."""

    found: list[Found]
    cursor: str


Lister = Callable[[Context, "Span", str, int], Page]


class Span(NamedTuple):
    """Seconds from `start` up to, and not with, `end`."""

    start: float
    end: float

    def meets(self, row: Row) -> bool:
        return row.first < self.end and row.last >= self.start


def by_id(ctx: Context, span: Span, cursor: str, limit: int) -> Page:
    """Traces whose ids are of a span, the latest first; so many rows are looked at."""
    after, before = f"1-{_seconds(span.start):08x}", f"1-{_seconds(-(-span.end // 1)):08x}"
    rows = ctx.items(ctx.space("trace"), after=after, before=cursor or before, limit=limit, reverse=True)
    found = [Found(key, _decode(item)) for key, item in rows]
    return Page([one for one in found if not _is_old(ctx, one.row)], rows[-1][0] if len(rows) == limit else "")


def by_activity(ctx: Context, span: Span, cursor: str, limit: int) -> Page:
    """Traces that were active in a span, those that were last the first; so many rows are looked at."""
    low, high = _seconds(span.start) // STRETCH_SECONDS, _seconds(span.end) // STRETCH_SECONDS
    before = cursor or f"{high:08x}{_END}"
    rows = ctx.items(ctx.space("active"), after=f"{low:08x}", before=before, limit=limit, reverse=True)
    found = []
    for key, _ in rows:
        stretch, trace_id = int(key[:8], 16), key[8:]
        row = row_of(ctx, trace_id)
        # A trace stands in many stretches, and is found in the last of those that are looked at.
        if row is not None and stretch == min(row.high, high) and span.meets(row):
            found.append(Found(trace_id, row))
    return Page(found, rows[-1][0] if len(rows) == limit else "")


def _seconds(at: float) -> int:
    return min(max(int(at), 0), 0xFFFF_FFFF)


def drop_old(ctx: Context, limit: int) -> tuple[int, float | None]:
    """Take away traces of more than thirty days ago: how many rows were looked at, and when the next is due."""
    active, oldest = ctx.space("active"), ctx.now - rules.RETENTION_SECONDS
    rows = ctx.items(active, limit=limit)
    for count, (key, _) in enumerate(rows):
        stretch, trace_id = int(key[:8], 16), key[8:]
        if (stretch + 1) * STRETCH_SECONDS > oldest:
            return count, (stretch + 1) * STRETCH_SECONDS + rules.RETENTION_SECONDS
        ctx.delete_item(active, key)
        item = ctx.item(ctx.space("trace"), trace_id)
        if item is not None and _decode(item).last < oldest:
            _drop(ctx, trace_id)
    return len(rows), None


def _drop(ctx: Context, trace_id: str) -> None:
    for key, _ in list(_segments(ctx, trace_id)):
        ctx.delete_item(ctx.space("segment"), key)
    ctx.delete_item(ctx.space("trace"), trace_id)
