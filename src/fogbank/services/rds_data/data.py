"""Statements and transactions: run in a cluster's writer, in sessions that are shared by calls alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.planes.engines.postgresql.session import Answer, Bind, Refused, Session, TooLarge
from fogbank.services.rds_data import clusters, columns, results, rules, statements, values
from fogbank.services.rds_data.clusters import Target
from fogbank.services.rds_data.sessions import ENDED, Sessions, Transaction
from fogbank.services.rds_data.statements import Bound

T = TypeVar("T")
_NOTHING = Answer(None)
_ABORTED = "ERROR: current transaction is aborted, commands ignored until end of transaction block"


class _Hold(NamedTuple):
    """A session for the time of a call, and what to do with it afterwards."""

    session: Session
    release: Callable[[], None]


async def execute_statement(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bound, (given,) = _asked(req, [req.get("parameters", ())])
    is_json = req.get("formatRecordsAs") == "JSON"
    bytes_max = rules.FORMATTED_BYTES_MAX if is_json else rules.RESULT_BYTES_MAX

    async def work(session: Session) -> results.Result:
        answer = await session.execute(bound.text, given, bytes_max)
        strange = columns.strange(answer.columns or ())
        types = await session.execute(columns.TYPES_SQL, strange) if strange else _NOTHING
        places = columns.places(answer.columns or ()) if req.get("includeResultMetadata") else ()
        origins = await session.execute(columns.COLUMNS_SQL, places) if places else _NOTHING
        return results.Result(answer, types, origins)

    hold = await _held(ctx, req)
    found = await _within(ctx, hold, work, goes_on=req.get("continueAfterTimeout", False))
    return results.formatted(found, req) if is_json else results.written(found, req)


async def batch_execute_statement(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bound, sets = _asked(req, req.get("parameterSets", ()))
    is_alone = "transactionId" not in req

    async def work(session: Session) -> int:
        # All or nothing, where nobody else decides: an error leaves it open, and so it is undone.
        if is_alone:
            await session.execute("BEGIN")
        for given in sets:
            await session.execute(bound.text, given, rules.RESULT_BYTES_MAX)
        if is_alone:
            await session.execute("COMMIT")
        return len(sets)

    done = await _within(ctx, await _held(ctx, req), work)
    return {"updateResults": [{"generatedFields": []} for _ in range(done)]}


async def begin_transaction(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.check_schema(req)
    target, sessions = _target(ctx, req), ctx.held(Sessions)
    session = await _session(ctx, target)
    transaction = Transaction(clusters.transaction_id(ctx), target.place, session)

    async def work(session: Session) -> None:
        await session.execute("BEGIN")
        sessions.begin(transaction, ctx.now, ctx.call_at)

    def release() -> None:
        if transaction.id not in sessions.transactions:
            sessions.close(session)

    await _within(ctx, _Hold(session, release), work)
    return {"transactionId": transaction.id}


async def commit_transaction(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    transaction = _transaction(ctx, req)
    if transaction.session.state == "failed":
        # PostgreSQL would answer COMMIT with ROLLBACK, and no error.
        ctx.held(Sessions).end(transaction, ENDED)
        raise AwsError("DatabaseErrorException", f"{_ABORTED}; SQLState: 25P02")
    await _finish(ctx, transaction, "COMMIT")
    return {"transactionStatus": "Transaction Committed"}


async def rollback_transaction(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    await _finish(ctx, _transaction(ctx, req), "ROLLBACK")
    return {"transactionStatus": "Rollback Complete"}


def _asked(req: Mapping[str, Any], sets: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[Bound, list[list[Bind]]]:
    """The statement of a request with its values, one list for each set. Raises ValidationException."""
    rules.check_schema(req)
    if not statements.is_single(req["sql"]):
        raise rules.invalid("Multistatements aren't supported.")
    given = [values.binds(one) for one in sets]
    bound = statements.bound(statements.read(req["sql"]), {name for one in given for name in one})
    return bound, [[one.get(name, Bind(None)) for name in bound.order] for one in given]


def _target(ctx: Context, req: Mapping[str, Any]) -> Target:
    with ctx.begin():
        return clusters.target(ctx, req["resourceArn"], req["secretArn"], req.get("database", ""))


def _transaction(ctx: Context, req: Mapping[str, Any]) -> Transaction:
    """The transaction that a request names. Raises what a call within one answers."""
    target = _target(ctx, req)
    found = ctx.held(Sessions).find(req["transactionId"], target.place.cluster, target.place.secret)
    if found.is_busy:
        raise AwsError("DatabaseErrorException", "Transaction is still running a query")
    if req.get("database") and req["database"] != found.place.database:
        raise AwsError("BadRequestException", "Database name is not the same as transaction's")
    return found


async def _held(ctx: Context, req: Mapping[str, Any]) -> _Hold:
    """The session for a statement: the transaction's, or one that is kept, or a new one."""
    sessions = ctx.held(Sessions)
    if "transactionId" in req:
        transaction = _transaction(ctx, req)
        sessions.work(transaction)
        return _Hold(transaction.session, lambda: sessions.rest(transaction, ctx.now, ctx.call_at))
    target = _target(ctx, req)
    session = await _session(ctx, target)
    return _Hold(session, lambda: sessions.keep(target.place, session, ctx.now, ctx.call_at))


async def _session(ctx: Context, target: Target) -> Session:
    """A session with nothing left of whoever had it before."""
    sessions = ctx.held(Sessions)
    while (kept := sessions.take(target.place)) is not None:
        try:
            await kept.execute("DISCARD ALL")
        except WorldError:
            # Its server is gone, or was given up in a failover.
            sessions.close(kept)
        else:
            return kept
    if not sessions.make_room(target.place.cluster):
        raise AwsError("ServiceUnavailableError", "Too many connections are in use.")
    try:
        session = await ctx.planes.databases.session(target.login)
    except WorldError as error:
        raise _said(error) from None
    sessions.opened(target.place.cluster, session)
    return session


async def _finish(ctx: Context, transaction: Transaction, word: str) -> None:
    sessions = ctx.held(Sessions)
    sessions.work(transaction)

    def release() -> None:
        if transaction.session.state == "idle" and sessions.transactions.get(transaction.id) is transaction:
            sessions.settle(transaction, ctx.now, ctx.call_at)
        else:
            sessions.rest(transaction, ctx.now, ctx.call_at)

    await _within(ctx, _Hold(transaction.session, release), lambda session: session.execute(word))


async def _within(ctx: Context, hold: _Hold, work: Callable[[Session], Awaitable[T]], *, goes_on: bool = False) -> T:
    """Have something done in a session, for 45 seconds at most; the session is released when it is really done.

    Raises StatementTimeoutException, and what the server says.
    """
    due = asyncio.Event()
    timer = ctx.call_at(ctx.now + rules.STATEMENT_SECONDS, due.set)
    task = asyncio.ensure_future(work(hold.session))
    task.add_done_callback(lambda done: _release(done, hold))
    rings = asyncio.ensure_future(due.wait())
    try:
        await asyncio.wait((task, rings), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if not goes_on:
            task.cancel()
            await asyncio.wait((task,))
    except asyncio.CancelledError:
        task.cancel()
        raise
    except WorldError as error:
        raise _said(error) from None
    finally:
        timer.cancel()
        rings.cancel()
    raise AwsError("StatementTimeoutException", "Request timed out", dbConnectionId=hold.session.backend)


def _release(task: asyncio.Future[Any], hold: _Hold) -> None:
    if not task.cancelled():
        # Asked for, so that nobody complains of a failure after the call was answered.
        task.exception()
    hold.release()


def _said(error: WorldError) -> AwsError:
    """What goes wrong in a server as the Data API says it."""
    if isinstance(error, TooLarge):
        return rules.too_large(1)
    if isinstance(error, Refused):
        parts = {"detail": error.detail, "hint": error.hint, "position": error.position}
        return rules.refusal(f"{error.severity}: {error.text}", error.sqlstate, **parts)
    return rules.unavailable()
