"""Insight: what a database's sessions were at and what it counted, minute by minute, for Performance Insights to read.

Whoever has the database writes a minute here, as others tell CloudWatch of their measures; `pi` reads it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from fogbank.control.context import Context

MINUTE_SECONDS = 60
_DAY_SECONDS = 86_400
_STATEMENTS_MAX = 2_000
_DROPPED_MAX = 200
_PAGE = 500


class Load(msgspec.Struct, frozen=True, array_like=True):
    """Sessions that were all at the same."""

    wait_type: str
    wait: str
    statement_id: str
    """Empty for sessions that were too many to tell apart."""
    user: str
    host: str
    application: str
    database: str
    count: int
    """Over all looks of the minute."""


class Minute(msgspec.Struct, frozen=True):
    """A minute of a database."""

    looks: int
    """How often somebody looked; a session that was there each time is a load of 1."""
    loads: tuple[Load, ...]
    counters: Mapping[str, float]
    """By AWS's names without a statistic: `db.Transactions.xact_commit`."""


class _Statement(msgspec.Struct, frozen=True, array_like=True):
    day: int
    """When it was seen last."""
    text: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Minute).decode
_decode_statement = msgspec.msgpack.Decoder(_Statement).decode


def statement_id(text: str) -> str:
    """What a statement is known by: 40 hexadecimal digits, as AWS writes them."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


def put(ctx: Context, resource: str, minute: Minute, texts: Iterable[str], keep_seconds: float) -> None:
    """Add what was seen in the minute that has just ended, and drop what is older than it is kept.

    `texts` are the statements that the loads name. Within a transaction.
    """
    at = int(ctx.now // MINUTE_SECONDS - 1) * MINUTE_SECONDS
    where = _space(ctx, "minute", resource)
    before = ctx.item(where, _key(at))
    ctx.put_item(where, _key(at), _encode(minute if before is None else _merged(_decode(before), minute)))
    for key, _ in ctx.items(where, before=_key(int(at - keep_seconds)), limit=_DROPPED_MAX):
        ctx.delete_item(where, key)
    _keep_statements(ctx, resource, texts, at, keep_seconds)


def read(ctx: Context, resource: str, start: float, end: float) -> Iterator[tuple[int, Minute]]:
    """(second that it begins with, minute) of the minutes that begin within a time, in order."""
    where, after = _space(ctx, "minute", resource), _key(int(start) - 1)
    while True:
        page = ctx.items(where, after=after, before=_key(int(-(-end // 1))), limit=_PAGE)
        yield from ((int(key), _decode(item)) for key, item in page if int(key) >= start)
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def statement(ctx: Context, resource: str, identifier: str) -> str | None:
    """The text of a statement; None for one that was never seen, or too long ago."""
    found = ctx.item(_space(ctx, "statement", resource), identifier)
    return _decode_statement(found).text if found is not None else None


def statements(ctx: Context, resource: str) -> Iterator[tuple[str, str]]:
    """(id, text) of every statement that is known."""
    for key, item in ctx.items(_space(ctx, "statement", resource), limit=_STATEMENTS_MAX):
        yield key, _decode_statement(item).text


def drop(ctx: Context, resource: str) -> None:
    """Forget all of a database that is gone. Within a transaction."""
    for noun in ("minute", "statement"):
        ctx.delete_item(_space(ctx, noun, resource), None)


def _keep_statements(ctx: Context, resource: str, texts: Iterable[str], at: int, keep_seconds: float) -> None:
    where, today = _space(ctx, "statement", resource), at // _DAY_SECONDS
    fresh = {}
    for text in texts:
        known = ctx.item(where, statement_id(text))
        if known is None or _decode_statement(known).day != today:
            fresh[statement_id(text)] = text
    if fresh and ctx.count_items(where) + len(fresh) > _STATEMENTS_MAX:
        oldest = (at - keep_seconds) // _DAY_SECONDS
        for key, item in ctx.items(where, limit=_STATEMENTS_MAX):
            if _decode_statement(item).day < oldest:
                ctx.delete_item(where, key)
    room = _STATEMENTS_MAX - ctx.count_items(where)
    for identifier, text in list(fresh.items())[: max(0, room)]:
        ctx.put_item(where, identifier, _encode(_Statement(today, text)))


def _merged(one: Minute, other: Minute) -> Minute:
    counts: Counter[Load] = Counter()
    for load in (*one.loads, *other.loads):
        counts[msgspec.structs.replace(load, count=0)] += load.count
    loads = tuple(msgspec.structs.replace(load, count=count) for load, count in counts.items())
    return Minute(one.looks + other.looks, loads, {**one.counters, **other.counters})


def _key(at: int) -> str:
    return f"{max(0, at):011d}"


def _space(ctx: Context, noun: str, resource: str) -> str:
    return "\x00".join((f"insight/{noun}", *ctx.scope, resource))
