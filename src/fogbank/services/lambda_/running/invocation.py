"""One execution: let in, handed to an environment, written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import orjson

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.planes.sandbox.sandbox import Invocation, Outcome
from fogbank.services.lambda_ import environments, functions, logging, measures, references, reports, rules, shown
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


async def run(ctx: Context, found: Found, asked: Asked, write: Callable[[bytes], None] | None = None) -> Ended:
    """Run an event in an environment of what was asked for.

    Raises TooManyRequestsException, ResourceNotFoundException, AccessDeniedException (the role) and ServiceException.
    """
    pool = environments.pool(ctx)
    # Not the context that it was found with, whose transaction is over.
    home = ctx.at(found.home.region, found.home.account)
    found = found._replace(home=home)
    place = _let_in(home, found)
    version = place.version
    try:
        held = pool.take(Key(home.scope, found.name, version.number, version.revision), ctx.now)
        is_new = held is None
        if held is None:
            try:
                begun = await started(ctx, found, version)
            except WorldError as error:
                raise AwsError("ServiceException", f"The environment could not be made: {error}", status=500) from None
            held = begun.held
            if begun.failed is not None:
                return _written(ctx, place, held, asked, begun.failed.outcome, is_new=True)
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


def _let_in(home: Context, found: Found) -> _Place:
    pool = environments.pool(home)
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
    return _Place(found, version, sets)


def _invocation(ctx: Context, place: _Place, asked: Asked) -> Invocation:
    seconds = place.version.configuration.timeout_seconds
    return Invocation(
        id=asked.request_id,
        payload=asked.payload or b"{}",
        arn=place.found.arn,
        deadline_ms=int((ctx.planes.machine_now() + seconds) * 1000),
        trace=asked.trace or trace_id(ctx),
        client_context=asked.client_context,
    )


def trace_id(ctx: Context) -> str:
    """A trace of its own for an execution that is part of none."""
    dice = ctx.random
    root = f"1-{int(ctx.now):08x}-{dice.getrandbits(96):024x}"
    return f"Root={root};Parent={dice.getrandbits(64):016x};Sampled=0"


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
    )
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
