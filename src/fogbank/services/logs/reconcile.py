"""Makes time act on logs: events kept no longer go, queries run, exports are written, forwards are tried again."""

from __future__ import annotations

import asyncio
import gzip
import logging
from datetime import UTC, datetime

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.control.reconcile import After
from fogbank.services.logs import events, groups, insights, queries, rules, subscriptions
from fogbank.services.logs.events import Event, Span, Vault
from fogbank.services.logs.queries import Place
from fogbank.services.logs.resources import Export, Forward, Garbage, Group, Query, Stream

_LOG = logging.getLogger(__name__)
_PAGE = 200
_QUERY_PAGE = 8
_BREATH_EVENTS = 1_000
_OBJECT_BYTES = 8_000_000
_DAY = 86_400.0


async def retention(ctx: Context, key: str) -> After | None:
    """Look at one group, at its name: what is older than its retention goes."""
    while True:
        with ctx.begin():
            group = ctx.get(Group, key)
            if group is None or not group.retention_days:
                return None
            dropped = _drop_expired(ctx, group)
            left = ctx.items(events.space(ctx, group.id), limit=1)
        if dropped < _PAGE:
            break
        await asyncio.sleep(0)
    if not left:
        return After(_DAY)
    due_at = (int(left[0][0][:14]) + events.WINDOW_MS) / 1000 + group.retention_days * _DAY
    return After(min(max(due_at - ctx.now, 60.0), _DAY))


def _drop_expired(ctx: Context, group: Group) -> int:
    """Take away a page of blocks that hold nothing young enough; returns how many went."""
    oldest, vault, freed, dropped = groups.oldest_ms(ctx, group), Vault(ctx, group), 0, 0
    for block, item in ctx.items(events.space(ctx, group.id), before=f"{max(0, oldest):014d}", limit=_PAGE):
        if events.last_of(ctx, group.id, block) >= oldest:
            continue
        dropped += 1
        events.drop_block(ctx, group.id, block)
        try:
            freed += sum(events.size_of(message) for message in events.decoded(vault.open(item)).messages)
        except AwsError:
            # Its kms key is gone, and how many bytes it counted with it.
            freed += len(item)
    if freed:
        tally = groups.tally_of(ctx, group)
        ctx.put(msgspec.structs.replace(tally, stored_bytes=max(0, tally.stored_bytes - freed)))
    return dropped


async def garbage(ctx: Context, key: str) -> After | None:
    """Sweep the events of one deleted stream, at its group's id and its number."""
    group_id, _, number = key.partition("\x00")
    while True:
        with ctx.begin():
            if ctx.get(Garbage, group_id, int(number)) is None:
                return None
            if events.drop(ctx, group_id, int(number), _PAGE) < _PAGE:
                ctx.delete(Garbage, group_id, int(number))
                return None
        await asyncio.sleep(0)


async def query(ctx: Context, key: str) -> After | None:
    """Run one query, at its id, or forget it a week later."""
    with ctx.begin():
        asked = ctx.get(Query, key)
        if asked is None:
            return None
        if asked.status not in ("Scheduled", "Running"):
            left = asked.ended_at + rules.QUERY_KEPT_SECONDS - ctx.now
            if left <= 0:
                queries.forget(ctx, asked)
                return None
            return After(left)
        ctx.put(msgspec.structs.replace(asked, status="Running"))
    try:
        run, asked = await _ran(ctx, asked)
        found = [[(name, insights.shown(value)) for name, value in row] for row in run.results()]
    except AwsError:
        run, asked = None, msgspec.structs.replace(asked, status="Failed")
    except Exception:
        # Whoever waits for the query is told that it failed, rather than to wait for ever.
        _LOG.exception("%s: the query failed", key)
        run, asked = None, msgspec.structs.replace(asked, status="Failed")
    with ctx.begin():
        now = ctx.get(Query, key)
        if now is None or now.status != "Running":
            return After(0.0) if now else None
        if run is not None:
            queries.keep(ctx, asked, found)
            asked = msgspec.structs.replace(asked, status="Complete", rows=len(found), matched=float(run.matched))
        ctx.put(msgspec.structs.replace(asked, ended_at=ctx.now))
    return After(rules.QUERY_KEPT_SECONDS)


class _Count:
    """What a query has looked at."""

    def __init__(self) -> None:
        self.events = 0
        self.bytes = 0


async def _ran(ctx: Context, asked: Query) -> tuple[insights.Run, Query]:
    """A query that has seen every event of its groups."""
    run, count = insights.Run(insights.parsed(asked.text), asked.limit), _Count()
    for arn in asked.groups:
        with ctx.begin():
            home = groups.find(ctx, arn)
            streams = queries.names(*home) if home is not None else {}
            start = max(asked.start * 1000, groups.oldest_ms(*home)) if home is not None else 0
        if home is None:
            continue
        there = ctx.at(home.ctx.region, home.ctx.account)
        place: Place | None = Place(home.group, Span(start, asked.end * 1000 + 1))
        while place is not None and _is_wanted(ctx, asked):
            with there.begin():
                found, after = queries.page(there, place, _QUERY_PAGE)
            await _feed(run, count, (there.account, place, streams), found)
            place = after
    return run, msgspec.structs.replace(asked, scanned=float(count.events), scanned_bytes=float(count.bytes))


def _is_wanted(ctx: Context, asked: Query) -> bool:
    with ctx.begin():
        now = ctx.get(Query, asked.id)
    return now is not None and now.status != "Cancelled"


async def _feed(
    run: insights.Run, count: _Count, where: tuple[str, Place, dict[int, str]], found: list[tuple[str, bytes]]
) -> None:
    """Hand the events of some blocks to a query, and let others work in between."""
    account, place, streams = where
    for key, raw in found:
        name = streams.get(int(key[14:22], 16))
        if name is None:
            continue
        count.bytes += len(raw)
        for number, event in enumerate(events.opened(key, raw), 1):
            if place.span.start <= event.timestamp < place.span.end:
                run.add(queries.row_of(account, place.group, name, event))
                count.events += 1
            if number % _BREATH_EVENTS == 0:
                await asyncio.sleep(0)
    await asyncio.sleep(0)


async def export(ctx: Context, key: str) -> After | None:
    """Write one export, at its id, to its bucket."""
    with ctx.begin():
        task = ctx.get(Export, key)
        if task is None or task.status not in ("PENDING", "RUNNING"):
            return None
        ctx.put(msgspec.structs.replace(task, status="RUNNING"))
    status, said = "COMPLETED", "Completed successfully"
    try:
        await _write(ctx, task, "aws-logs-write-test", b"Permission Check Successful")
        await _exported(ctx, task)
    except AwsError as error:
        status, said = "FAILED", f"{error.code}: {error.message}"
    with ctx.begin():
        now = ctx.get(Export, key)
        if now is not None and now.status == "RUNNING":
            ctx.put(msgspec.structs.replace(now, status=status, status_text=said, completed_at=ctx.now))
    return None


async def forward(ctx: Context, key: str) -> After | None:
    """Try one message to a subscriber again, at its id, if it is due."""
    with ctx.begin():
        found = ctx.get(Forward, key)
        if found is None:
            return None
        if found.due_at > ctx.now:
            return After(found.due_at - ctx.now)
        subscriptions.again(ctx, found)
    return None


async def _exported(ctx: Context, task: Export) -> None:
    with ctx.begin():
        home = groups.existing(ctx, task.group)
        streams = list(ctx.scan(Stream, start=f"{task.group}\x00{task.stream_prefix}"))
        span = Span(max(task.from_ms, groups.oldest_ms(ctx, home.group)), task.to_ms + 1)
    for stream in streams:
        with ctx.begin():
            keys = [key for key, _ in events.keys_of_stream(ctx, home.group, stream.number, span)]
        part, lines, size = 0, [], 0
        for key in keys:
            with ctx.begin():
                found = _read(ctx, home.group, key, span)
            lines += [_line(event) for event in found]
            size += sum(len(event.message) for event in found)
            if size >= _OBJECT_BYTES or (key == keys[-1] and lines):
                name = f"{task.id}/{stream.name.replace('/', '-')}/{part:06d}.gz"
                await _write(ctx, task, name, gzip.compress("".join(lines).encode(), mtime=0))
                part, lines, size = part + 1, [], 0


def _read(ctx: Context, group: Group, key: str, span: Span) -> list[Event]:
    item = events.read(ctx, group, key)
    if item is None:
        return []
    found = events.opened(key, Vault(ctx, group).open(item))
    return sorted(event for event in found if span.start <= event.timestamp < span.end)


def _line(event: Event) -> str:
    at = datetime.fromtimestamp(event.timestamp // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{event.timestamp % 1000:03d}Z {event.message}\n"


async def _write(ctx: Context, task: Export, name: str, body: bytes) -> None:
    itself = ctx.as_service(Source(ctx.arn(f"log-group:{task.group}"), ctx.account), name=f"logs.{ctx.region}")
    await itself.invoke("s3", "PutObject", Bucket=task.bucket, Key=f"{task.prefix}/{name}", Body=body)
