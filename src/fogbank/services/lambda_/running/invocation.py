"""One execution: let in, handed to an environment, written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import orjson

from fogbank.aws.errors import AwsError, WorldError
from fogbank.aws.trace import Trace
from fogbank.control.context import Context
from fogbank.planes.sandbox.sandbox import Invocation, Outcome
from fogbank.services.lambda_ import (
    environments,
    functions,
    logging,
    measures,
    references,
    reports,
    rules,
    shown,
    tracing,
)
from fogbank.services.lambda_.environments import Held, Key
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Version
from fogbank.services.lambda_.running.start import started


class Asked(NamedTuple):
    """An event for a function."""

    request_id: str
    payload: bytes
    client_context: str = ""
    trace: str = ""
    """The tracing header that it came with."""
    accepted_at: float = 0.0
    attempt: int = 0
    """For an event that nobody waits for: when it was accepted, and which attempt at it this is, from 1."""


class Ended(NamedTuple):
    """What came of it."""

    outcome: Outcome
    version: str
    tail: bytes
    """The end of its log, as LogType=Tail shows it."""


class _Place(NamedTuple):
    """Where an execution takes place, once it has been let in."""

    found: Found
    version: Version
    sets: list[dict[str, str]]
    trace: Trace
    ids: tracing.Ids
    watch: _Watch


class _Watch:
    """Cloud time finer than its milliseconds: from when an execution was asked for, as the machine counts."""

    def __init__(self, ctx: Context) -> None:
        self._machine = ctx.planes.machine_now
        self.asked_at = self.began_at = self.ready_at = ctx.now
        self._offset = ctx.now - self._machine()

    def now(self) -> float:
        return self._offset + self._machine()


async def run(ctx: Context, found: Found, asked: Asked, write: Callable[[bytes], None] | None = None) -> Ended:
    """Run an event in an environment of what was asked for.

    Raises TooManyRequestsException, ResourceNotFoundException, AccessDeniedException (the role) and ServiceException.
    """
    pool = environments.pool(ctx)
    # Not the context that it was found with, whose transaction is over.
    home = ctx.at(found.home.region, found.home.account)
    found = found._replace(home=home)
    place = _let_in(home, found, asked)
    version, watch = place.version, place.watch
    try:
        held = pool.take(Key(home.scope, found.name, version.number, version.revision), ctx.now)
        is_new = held is None
        watch.began_at = watch.now()
        if held is None:
            try:
                begun = await started(ctx, found, version)
            except WorldError as error:
                raise AwsError("ServiceException", f"The environment could not be made: {error}", status=500) from None
            held = begun.held
            if begun.failed is not None:
                watch.ready_at = watch.now()
                return _written(ctx, place, held, asked, begun.failed.outcome, is_new=True)
        watch.ready_at = watch.now()
        held.heard.add(place.trace.root)
        try:
            outcome = await held.sandbox.invoke(_invocation(ctx, place, asked), write)
        except BaseException:
            pool.end(held)
            raise
    finally:
        pool.leave(home.scope, found.name)
    # Whose init has been told of already (a provisioned one's) is none of this report's.
    ended = _written(ctx, place, held, asked, outcome, is_new=is_new or (held.calls == 0 and not held.kept_for))
    held.calls += 1
    if outcome.is_dead:
        pool.end(held)
    else:
        pool.give(ctx, held)
    return ended


def _let_in(home: Context, found: Found, asked: Asked) -> _Place:
    pool = environments.pool(home)
    watch = _Watch(home)
    if tracing.is_loop(asked.trace, found.function, _name(home, found)):
        home.measure("RecursiveInvocationsDropped", 1, "Count", FunctionName=found.name)
        raise rules.looped()
    with home.begin():
        version = functions.version_of(found, home.random.random())
        is_alias = bool(found.qualifier) and not references.is_number(found.qualifier)
        number = references.shown(version.number)
        sets = list(measures.dimensions(found.name, found.qualifier, number, is_alias))
        reason = pool.admit(home, found.name)
    if reason:
        measures.throttled(home, sets)
        raise rules.throttled(reason)
    measures.running(home, found.name, pool.running(home.scope), pool.running(home.scope, found.name))
    traced = tracing.decided(home, found.name, version.configuration.tracing, asked.trace)
    return _Place(found, version, sets, traced, tracing.ids(home, asked.request_id, asked.attempt), watch)


def _name(home: Context, found: Found) -> str:
    """What a function is in a chain of calls, whatever version of it is called."""
    return home.arn(f"function:{found.name}", "lambda")


def _invocation(ctx: Context, place: _Place, asked: Asked) -> Invocation:
    seconds = place.version.configuration.timeout_seconds
    return Invocation(
        id=asked.request_id,
        payload=asked.payload or b"{}",
        arn=place.found.arn,
        deadline_ms=int((ctx.planes.machine_now() + seconds) * 1000),
        trace=str(place.trace.below(place.ids.invocation).through(_name(place.found.home, place.found))),
        client_context=asked.client_context,
    )


def _written(ctx: Context, place: _Place, held: Held, asked: Asked, outcome: Outcome, *, is_new: bool) -> Ended:
    """Measure and log an execution; the answer does not wait until the log is on disk."""
    version, home = place.version, place.found.home
    number = references.shown(version.number)
    # Of an environment that could not begin there is no process that took its time.
    has_failed = is_new and not held.sandbox.init_seconds
    run = reports.Run(
        request_id=asked.request_id,
        version=number,
        seconds=outcome.seconds,
        init_seconds=held.sandbox.init_seconds if is_new and not has_failed else None,
        memory_mb=version.configuration.memory_mb,
        memory_mb_max=outcome.memory_mb_max,
        error_type=_error_type(outcome) if outcome.is_dead else "",
        trace_id=place.trace.root if place.trace.is_kept else "",
        segment_id=place.ids.function,
    )
    if place.trace.is_kept:
        _tell_xray(place, held, asked, outcome, held.sandbox.init_seconds if is_new else 0.0)
    measures.executed(home, place.sets, is_error=bool(outcome.error), seconds=outcome.seconds)
    at = home.now
    lines = [reports.start(run, held.is_json, at), *logging.lines(outcome.log)]
    if has_failed:
        lines = [*lines[1:], reports.init_report(run, held.is_json, at), lines[0]]
    lines += [reports.end(run, held.is_json, at), reports.report(run, held.is_json, at)]
    tail = "".join(lines).encode()[-rules.TAIL_BYTES :]
    if is_new:
        begun = reports.Begun(version.configuration.runtime, shown.runtime_arn(home, version.configuration.runtime))
        lines.insert(0, reports.init_start(begun, held.is_json, at))
    asyncio.get_running_loop().call_soon(_log, home.as_service(), held, lines)
    return Ended(outcome, number, tail)


def _tell_xray(place: _Place, held: Held, asked: Asked, outcome: Outcome, init_seconds: float) -> None:
    """Send the segments of an execution as its role, which is what AWS asks of it."""
    home, found, watch = place.found.home, place.found, place.watch
    run = tracing.Run(found.name, found.arn, home.account, asked.request_id, outcome.error, outcome.payload)
    ended_at = max(watch.ready_at, watch.now())
    marks = tracing.Marks(
        watch.asked_at, watch.began_at, watch.ready_at, ended_at, init_seconds, asked.accepted_at, asked.attempt
    )
    teller = home.authorized_as(held.caller)
    for segment in tracing.segments(run, place.trace, place.ids, marks):
        teller.tell_segment(orjson.dumps(segment).decode())


def _log(ctx: Context, held: Held, lines: list[str]) -> None:
    with ctx.begin():
        logging.write(ctx, held, lines)


def _error_type(outcome: Outcome) -> str:
    """What has ended an environment, as its report says it."""
    try:
        found = orjson.loads(outcome.payload)
    except orjson.JSONDecodeError:
        return "Runtime.Unknown"
    return str(found.get("errorType") or "Runtime.Unknown") if isinstance(found, dict) else "Runtime.Unknown"
