"""Makes time act: alarms look at their metrics, suppressions and mute windows end, data are rolled up with age."""

from __future__ import annotations

import asyncio

import msgspec

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.cloudwatch import alarms, mutes, notes, points, rules, watch
from fogbank.services.cloudwatch.resources import Alarm, Call, Metric, MuteRule, Suppression, Tally

_GRACE_SECONDS = 2.0
"""What is told at the end of a period is still to be counted to it."""
_UPKEEP_SECONDS = 6 * 3_600.0
_STRIDE = 20


async def alarm(ctx: Context, key: str) -> After | None:
    """Look at one metric alarm, at its name, once in each of its periods."""
    with ctx.begin():
        found = ctx.get(Alarm, key)
        if found is None or found.rule:
            return None
        watch.look(ctx, found)
    # A period ends at a multiple of itself, and is looked at a little later.
    period = max(found.period, 10)
    grace = min(_GRACE_SECONDS, period / 5)
    return After(period - (ctx.now - grace) % period)


async def suppression(ctx: Context, key: str) -> After | None:
    """End the wait or the extension period of one composite alarm, at its name."""
    with ctx.begin():
        found, held = ctx.get(Alarm, key), ctx.get(Suppression, key)
        if held is None:
            return None
        if held.until > ctx.now:
            return After(held.until - ctx.now)
        if found is None:
            ctx.delete(Suppression, key)
        else:
            alarms.end_suppression(ctx, found)
    return None


async def call(ctx: Context, key: str) -> After | None:
    """Try one call of a function again, at its id, if it is due."""
    with ctx.begin():
        found = ctx.get(Call, key)
        if found is None:
            return None
        if found.due_at > ctx.now:
            return After(found.due_at - ctx.now)
        alarms.call_again(ctx, found)
    return None


async def mute(ctx: Context, key: str) -> After | None:
    """Take the actions that one mute rule, at its name, held back, once its window is over."""
    with ctx.begin():
        rule = ctx.get(MuteRule, key)
        if rule is None:
            return None
        end = mutes.window_end(rule, ctx.now)
        if not end:
            for name in rule.alarms:
                _unmute(ctx, name)
        start = mutes.next_start(rule, max(ctx.now, rule.start_at))
    if end:
        return After(end - ctx.now)
    # To be there when the next window ends, it is enough to come back while it lasts.
    return After(max(1.0, start - ctx.now)) if start is not None else None


def _unmute(ctx: Context, name: str) -> None:
    found = ctx.get(Alarm, name)
    if found is None:
        return
    state = alarms.state_of(ctx, found)
    if state.muted and not mutes.is_muted(ctx, name):
        alarms.act(ctx, found, state, state)


async def upkeep(ctx: Context, key: str) -> After | None:
    """Roll up the data of a region's metrics, and let go of what is older than it is kept."""
    with ctx.begin():
        tally = ctx.get(Tally, key)
        if tally is None:
            return None
        now = int(ctx.now)
        done = {str(level): (now - age) // level * level for level, age in rules.LEVELS}
        is_due = any(tally.rolled.get(level, 0) + _UPKEEP_SECONDS <= until for level, until in done.items())
        numbers = [metric.number for metric in ctx.scan(Metric)] if is_due else []
    if is_due:
        for start in range(0, len(numbers), _STRIDE):
            with ctx.begin():
                _roll(ctx, numbers[start : start + _STRIDE], tally, done)
            await asyncio.sleep(0)
        with ctx.begin():
            notes.drop_old(ctx)
            latest = ctx.get(Tally, key)
            if latest is not None:
                ctx.put(msgspec.structs.replace(latest, rolled=done))
    return After(_UPKEEP_SECONDS)


def _roll(ctx: Context, numbers: list[int], tally: Tally, done: dict[str, int]) -> None:
    for number in numbers:
        for level, until in done.items():
            points.roll_up(ctx, number, int(level), tally.rolled.get(level, 0), until)
        points.drop_before(ctx, number, int(ctx.now) - rules.RETENTION_SECONDS)
