"""Reads events: a stream page by page in both directions, and a group in bounded rounds that a token goes on with."""

from __future__ import annotations

import base64
import binascii
import heapq
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.logs import events, rules
from fogbank.services.logs.events import Event, Position, Span, Vault
from fogbank.services.logs.patterns import Pattern
from fogbank.services.logs.resources import Group

SCANNED_BYTES_MAX = 4_000_000
DECODED_MAX = 10_000
_STREAMS_MERGED_MAX = 100
_BLOCK = re.compile(r"[0-9]{14}[0-9a-f]{16}")


class Cursor(NamedTuple):
    """How far a search has come.

    All up to block `after` is done, and so are the matches up to `past`. With `upto` the search is within a round: of
    blocks past `after` and up to that one, so that what lies in later blocks may still come before `past`.
    """

    after: str = ""
    upto: str = ""
    past: Position = (-1, 0, 0, 0)


class Asked(NamedTuple):
    """What a search is for."""

    span: Span
    pattern: Pattern | None
    streams: dict[int, str]
    """The streams to look into, by number."""
    is_all: bool
    """Whether these are all streams of the group."""


def token_of(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def cursor_of(token: str | None) -> Cursor:
    """Raises InvalidParameterException for a token that is none of ours."""
    if not token:
        return Cursor()
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(token), type=Cursor)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise rules.invalid("The specified nextToken is invalid.") from None
    if any(key and not _BLOCK.fullmatch(key) for key in (cursor.after, cursor.upto)):
        raise rules.invalid("The specified nextToken is invalid.")
    return cursor


def found(ctx: Context, group: Group, asked: Asked, cursor: Cursor, limit: int) -> tuple[list[Event], Cursor | None]:
    """The matches of one round in order of time, and where to go on; it looks at a bounded number of bytes."""
    vault = Vault(ctx, group)
    matched: list[Event] = []
    ends: list[tuple[str, Event | None]] = []
    scanned = decoded = 0
    is_more = is_exact = False
    for key, item in _blocks(ctx, group, asked, cursor):
        if not cursor.upto:
            is_exact = _is_full(matched, limit, int(key[:14]))
            is_more = is_exact or scanned > SCANNED_BYTES_MAX or decoded > DECODED_MAX
        if is_more:
            break
        raw = vault.open(item)
        scanned += len(raw)
        hits: list[Event] = []
        if asked.pattern is None or asked.pattern.may_match(raw):
            hits, looked_at = _search(key, raw, asked, cursor.past)
            decoded += looked_at
        matched += hits
        ends.append((key, max(hits, default=None)))
    matched.sort()
    page = events.cut(matched, limit)
    last = ends[-1][0] if ends else cursor.after
    if page and page[-1] is not matched[-1]:
        if cursor.upto or (is_more and not is_exact):
            return page, Cursor(cursor.after, cursor.upto or last, page[-1][:4])
        # Nothing that is still unread comes before the end of this page, so that the next one need not keep to a round.
        return page, Cursor(_done(ends, page[-1], cursor.after), "", page[-1][:4])
    if cursor.upto:
        return page, Cursor(cursor.upto)
    return page, Cursor(last) if is_more else None


def _done(ends: list[tuple[str, Event | None]], until: Event, after: str) -> str:
    """The last block such that it, and all before it, have no match past an event."""
    for key, end in ends:
        if end is not None and end > until:
            break
        after = key
    return after


def _is_full(matched: list[Event], limit: int, first: int) -> bool:
    """Whether the matches fill a page, and the next block holds nothing that would come before its end."""
    if len(matched) < limit and (not matched or len(matched) * 40 < rules.BATCH_BYTES_MAX):
        return False
    matched.sort()
    page = events.cut(matched, limit)
    return (len(page) < len(matched) or len(page) == limit) and first > page[-1].timestamp


def _within(key: str, raw: bytes, span: Span) -> list[Event]:
    return [event for event in events.opened(key, raw) if span.start <= event.timestamp < span.end]


def _search(key: str, raw: bytes, asked: Asked, past: Position) -> tuple[list[Event], int]:
    """The matches of a block past a position, and how many of its events were looked at."""
    span = asked.span
    if asked.pattern is None:
        found = [event for event in _within(key, raw, span) if event[:4] > past]
        return found, len(found) // 2
    matches = asked.pattern.matches
    messages = events.decoded(raw).messages
    hits = {number for number, message in enumerate(messages) if matches(message)}
    if not hits:
        return [], len(messages)
    found = [event for event in _within(key, raw, span) if event.nth in hits and event[:4] > past]
    return found, len(messages)


def _blocks(ctx: Context, group: Group, asked: Asked, cursor: Cursor) -> Iterator[tuple[str, bytes]]:
    span = asked.span
    low = max(cursor.after, f"{max(0, events.window_of(span.start)):014d}")
    high = cursor.upto + "~" if cursor.upto else f"{min(max(span.end, 0), 10**14 - 1):014d}"
    if asked.is_all or len(asked.streams) > _STREAMS_MERGED_MAX:
        numbers = asked.streams
        for key, item in events.blocks_of_group(ctx, group, low, high):
            # Blocks of streams that were deleted lie here until they are swept.
            if int(key[14:22], 16) in numbers:
                yield key, item
        return
    near = Span(max(span.start, int(cursor.after[:14]) if cursor.after else 0), span.end)
    merged = heapq.merge(*(events.keys_of_stream(ctx, group, number, near) for number in sorted(asked.streams)))
    for key, last in merged:
        if key > high:
            return
        if key > low and last >= span.start and (block := events.read(ctx, group, key)) is not None:
            yield key, block


class Where(NamedTuple):
    """A stretch of a stream."""

    group: Group
    stream: int
    span: Span


def forward(ctx: Context, where: Where, after: Position, limit: int) -> list[Event]:
    """The events of a stream past a position, the first ones, in order."""
    group, stream, span = where
    vault = Vault(ctx, group)
    low = max(span.start, after[0])
    kept: list[Event] = []
    for key, last in events.keys_of_stream(ctx, group, stream, Span(low, span.end)):
        if len(kept) >= limit and int(key[:14]) > kept[limit - 1].timestamp:
            break
        if last < low or (item := events.read(ctx, group, key)) is None:
            continue
        kept += [event for event in _within(key, vault.open(item), span) if event[:4] > after]
        kept.sort()
    return events.cut(kept, limit)


def backward(ctx: Context, where: Where, before: Position, limit: int) -> list[Event]:
    """The events of a stream before a position, the last ones, in order."""
    group, stream, span = where
    vault = Vault(ctx, group)
    kept: list[Event] = []
    for key, last in events.keys_reversed(ctx, group, stream, Span(span.start, min(span.end, before[0] + 1))):
        if len(kept) >= limit:
            least = kept[limit - 1].timestamp
            if events.window_of(int(key[:14])) + events.WINDOW_MS <= least:
                break
            if last < least:
                continue
        if last < span.start or (item := events.read(ctx, group, key)) is None:
            continue
        kept += [event for event in _within(key, vault.open(item), span) if event[:4] < before]
        kept.sort(reverse=True)
    return events.cut(kept, limit)[::-1]
