"""Data points in items: one for each metric, unit and minute (or second); put, read by period, rolled up with age."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.cloudwatch import rules
from fogbank.services.cloudwatch.resources import Dimensions, Metric, Tally
from fogbank.services.cloudwatch.statistics import Bucket, of_set

_UNIT_NUMBER = {unit: number for number, unit in enumerate(rules.UNITS)}
_RECENT_MAX = 50_000
_ACTIVE_STEP_SECONDS = 600
_PAGE = 2_000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Bucket).decode


class Recent:
    """Items as they were last written: what a point is added to need not be read again within its minute."""

    def __init__(self, *where: str) -> None:
        self.items: dict[str, bytes] = {}

    def keep(self, written: Mapping[str, bytes]) -> None:
        if len(self.items) > _RECENT_MAX:
            self.items.clear()
        self.items.update(written)

    def forget(self) -> None:
        self.items.clear()


def space(ctx: Context) -> str:
    return ctx.space("point")


def key_of(metric: int, at: int, unit: int) -> str:
    return f"{metric:08x}{at:011d}{unit:02d}"


def put(ctx: Context, namespace: str, data: Iterable[Mapping[str, Any]]) -> None:
    """Add checked data to what there is."""
    added: dict[str, Bucket] = {}
    numbers = _Numbers(ctx, namespace)
    for datum in data:
        number = numbers.of(datum["MetricName"], datum["dimensions"])
        at = int(datum["Timestamp"])
        if datum.get("StorageResolution", 60) != 1:
            at -= at % 60
        key = key_of(number, at, _UNIT_NUMBER[datum.get("Unit", "None")])
        bucket = added.get(key)
        if bucket is None:
            bucket = added[key] = Bucket(values={})
        _add(bucket, datum)
    numbers.save()
    _write(ctx, added)


def _add(bucket: Bucket, datum: Mapping[str, Any]) -> None:
    if "Value" in datum:
        bucket.add_value(datum["Value"])
    elif "StatisticValues" in datum:
        bucket.add(of_set(datum["StatisticValues"]))
    else:
        counts = datum.get("Counts") or [1.0] * len(datum["Values"])
        for value, count in zip(datum["Values"], counts, strict=True):
            if count:
                bucket.add_value(value, count)


def _write(ctx: Context, added: Mapping[str, Bucket]) -> None:
    where, recent = space(ctx), ctx.held(Recent, *ctx.scope)
    # What this transaction wrote itself, the memory of what has been committed cannot know.
    is_first = not any(write.space == where for write in ctx.transaction.items)
    written = {}
    for key, bucket in added.items():
        before = recent.items.get(key) if is_first else None
        if before is None:
            before = ctx.item(where, key)
        if before is not None:
            bucket.add(_decode(before))
        written[key] = _encode(bucket)
    for key, item in written.items():
        ctx.put_item(where, key, item)
    ctx.after_commit(lambda: recent.keep(written))


class _Numbers:
    """The numbers of a namespace's metrics; new ones get the next."""

    def __init__(self, ctx: Context, namespace: str) -> None:
        self._ctx = ctx
        self._namespace = namespace
        self._known: dict[tuple[str, Dimensions], int] = {}
        self._tally: Tally | None = None

    def of(self, name: str, dimensions: Dimensions) -> int:
        known = self._known.get((name, dimensions))
        if known is not None:
            return known
        ctx, where = self._ctx, rules.where_of(dimensions)
        found = ctx.get(Metric, self._namespace, name, where)
        if found is None or ctx.now - found.active_at > _ACTIVE_STEP_SECONDS:
            found = Metric(
                namespace=self._namespace,
                name=name,
                where=where,
                number=found.number if found else self._next(),
                dimensions=dimensions,
                active_at=ctx.now,
            )
            ctx.put(found)
        self._known[name, dimensions] = found.number
        return found.number

    def _next(self) -> int:
        if self._tally is None:
            self._tally = self._ctx.get(Tally, "metrics") or Tally()
        self._tally = msgspec.structs.replace(self._tally, metrics=self._tally.metrics + 1)
        return self._tally.metrics

    def save(self) -> None:
        if self._tally is not None:
            self._ctx.put(self._tally)


class Span(NamedTuple):
    """Seconds from `start` up to, and not with, `end`, in periods that begin with `start`."""

    start: int
    end: int
    period: int


def aligned(start: float, end: float, period: int, now: float) -> Span:
    """A span as AWS rounds it: its start goes down to the period that data of its age are kept with."""
    step = min(period, 60) if period < 60 else 60
    for kept, age in rules.LEVELS:
        if now - start > age and period >= kept:
            step = kept
    return Span(int(start // step * step), int(-(-end // 1)), period)


def read(ctx: Context, number: int, span: Span, unit: str = "") -> dict[int, Bucket]:
    """The buckets of a metric by the start of their period, in order; those without data are absent."""
    found: dict[int, Bucket] = {}
    for at, _, item in _items(ctx, number, span, unit):
        _add_item(found, at, item)
    return found


def read_by_unit(ctx: Context, number: int, span: Span, unit: str = "") -> dict[str, dict[int, Bucket]]:
    """As `read`, for each unit that there are data with."""
    found: dict[int, dict[int, Bucket]] = {}
    for at, number_of_unit, item in _items(ctx, number, span, unit):
        _add_item(found.setdefault(number_of_unit, {}), at, item)
    return {rules.UNITS[one]: found[one] for one in sorted(found)}


def _add_item(found: dict[int, Bucket], start: int, item: bytes) -> None:
    bucket = found.get(start)
    if bucket is None:
        found[start] = _decode(item)
    else:
        bucket.add(_decode(item))


def _items(ctx: Context, number: int, span: Span, unit: str) -> Iterator[tuple[int, int, bytes]]:
    """(start of the period, unit, item) of the data of a metric that are kept with the span's period."""
    low, wanted = max(span.start, _oldest(ctx.now, span.period)), f"{_UNIT_NUMBER[unit]:02d}" if unit else ""
    after, where = f"{number:08x}{max(0, low):011d}", space(ctx)
    before = f"{number:08x}{max(0, span.end):011d}"
    while True:
        page = ctx.items(where, after=after, before=before, limit=_PAGE)
        for key, item in page:
            if wanted and key[19:] != wanted:
                continue
            at = int(key[8:19])
            yield at - (at - span.start) % span.period, int(key[19:]), item
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _oldest(now: float, period: int) -> int:
    """How far back there are data with a period."""
    for kept, age in rules.LEVELS:
        if period < kept:
            return int(now) - age
    return int(now) - rules.RETENTION_SECONDS


def roll_up(ctx: Context, metric: int, level: int, since: int, until: int) -> None:
    """Add up the data of a metric between two times to items of a longer period."""
    where = space(ctx)
    merged: dict[str, Bucket] = {}
    low, high = f"{metric:08x}{max(0, since):011d}", f"{metric:08x}{max(0, until):011d}"
    for key, item in ctx.items(where, after=low, before=high, limit=100_000):
        at = int(key[8:19])
        if at % level == 0:
            continue
        home = key_of(metric, at - at % level, int(key[19:]))
        if home not in merged:
            before = ctx.item(where, home)
            merged[home] = _decode(before) if before is not None else Bucket(values={})
        merged[home].add(_decode(item))
        ctx.delete_item(where, key)
    for key, bucket in merged.items():
        ctx.put_item(where, key, _encode(bucket))
    if merged:
        ctx.after_commit(ctx.held(Recent, *ctx.scope).forget)


def drop_before(ctx: Context, metric: int, until: int) -> bool:
    """Take away what is older than it is kept; whether anything is left."""
    where = space(ctx)
    low, high = f"{metric:08x}", f"{metric:08x}{max(0, until):011d}"
    for key, _ in ctx.items(where, after=low, before=high, limit=100_000):
        ctx.delete_item(where, key)
    return bool(ctx.items(where, after=high, before=f"{metric + 1:08x}", limit=1))
