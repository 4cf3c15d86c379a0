"""Carries out events that nobody waits for, tries again those that failed, and tells how they ended."""

from __future__ import annotations

import asyncio

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.lambda_ import destinations, environments, functions, queue, rules
from fogbank.services.lambda_.destinations import Result
from fogbank.services.lambda_.resources import Event, EventSettings, Function
from fogbank.services.lambda_.running import invocation
from fogbank.services.lambda_.running.invocation import Asked, Ended

_PATIENCE_SECONDS = 1.0
"""Of machine time, that a reconciler waits for a function: others wait for its place."""


async def event(ctx: Context, key: str) -> After | None:
    """Carry out one event that is due; a function that takes its time brings the reconciler back when it is done."""
    pool = environments.pool(ctx)
    with ctx.begin():
        found = ctx.get(Event, key)
        if found is None:
            pool.events.pop(key, None)
            return None
        if found.due_at > ctx.now:
            return After(found.due_at - ctx.now)
        payload = queue.payload_of(ctx, found)
        if _is_over(ctx, found, payload):
            return None
    task = pool.events.get(key)
    if task is None:
        task = pool.events[key] = pool.work(_attempt(ctx.as_service(), found, payload))
    done, _ = await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
    if not done:
        waker = ctx.waker(Event, key)
        task.add_done_callback(lambda _: waker())
        return None
    pool.events.pop(key, None)
    if task.cancelled():
        return None
    ended = task.result()
    with ctx.begin():
        if ctx.get(Event, key) is not None:
            _settle(ctx, found, payload, ended)
    return None


async def _attempt(ctx: Context, event: Event, payload: bytes) -> Ended | AwsError:
    try:
        with ctx.begin():
            found = functions.find(ctx, event.function, event.qualifier or None)
        asked = Asked(event.id, payload, event.client_context, event.trace, event.accepted_at, event.tried + 1)
        return await invocation.run(ctx, found, asked)
    except AwsError as error:
        return error


def _is_over(ctx: Context, event: Event, payload: bytes) -> bool:
    """Whether an event's function is gone, or the event has grown too old; then nothing is left of it."""
    if ctx.get(Function, event.function) is None:
        queue.forget(ctx, event)
        return True
    settings = queue.settings_of(ctx, event)
    if ctx.now - event.accepted_at <= queue.age_seconds(settings):
        return False
    _give_up(ctx, event, payload, settings, Result("EventAgeExceeded"))
    return True


def _settle(ctx: Context, event: Event, payload: bytes, ended: Ended | AwsError) -> None:
    settings = queue.settings_of(ctx, event)
    if isinstance(ended, AwsError):
        _postpone(ctx, event, payload, settings, ended)
        return
    outcome = ended.outcome
    event = msgspec.structs.replace(event, tried=event.tried + 1)
    ctx.measure("AsyncEventAge", (ctx.now - event.accepted_at) * 1000, "Milliseconds", FunctionName=event.function)
    if not outcome.error:
        queue.forget(ctx, event)
        if settings.on_success:
            result = Result("Success", 200, ended.version, outcome.payload)
            destinations.tell(ctx, event, payload, result, settings.on_success)
        return
    if event.tried > queue.retries(settings):
        result = Result("RetriesExhausted", 200, ended.version, outcome.payload, outcome.error)
        _give_up(ctx, event, payload, settings, result)
        return
    ctx.put(msgspec.structs.replace(event, due_at=ctx.now + rules.retry_seconds(event.tried), throttled=0))


def _postpone(ctx: Context, event: Event, payload: bytes, settings: EventSettings, error: AwsError) -> None:
    """An event that was not let in is tried again until it is too old; one for nothing, or of a loop, is given up."""
    if error.code in ("ResourceNotFoundException", "RecursiveInvocationException"):
        said = b'{"errorMessage":"%s"}' % error.message.encode()
        _give_up(ctx, event, payload, settings, Result("RetriesExhausted", error.status or 400, payload=said))
        return
    throttled = event.throttled + 1
    due_at = ctx.now + rules.back_off_seconds(throttled)
    ctx.put(msgspec.structs.replace(event, throttled=throttled, due_at=due_at))


def _give_up(ctx: Context, event: Event, payload: bytes, settings: EventSettings, result: Result) -> None:
    queue.forget(ctx, event)
    ctx.measure("AsyncEventsDropped", 1, "Count", FunctionName=event.function)
    try:
        found = functions.find(ctx, event.function, event.qualifier or None)
        version = functions.version_of(found)
    except AwsError:
        return
    if settings.on_failure:
        destinations.tell(ctx, event, payload, result, settings.on_failure)
    if version.configuration.dead_letter:
        destinations.bury(ctx, event, payload, result, version)
