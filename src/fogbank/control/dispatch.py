"""Dispatch: the one way into every operation: fault, validate, authorize, run, commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from fogbank.aws import ids
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.aws.scope import Scope
from fogbank.clock import Clock
from fogbank.codec.validate import validator
from fogbank.control.caller import Caller
from fogbank.control.context import Context
from fogbank.control.fault import Fault, Faults
from fogbank.control.hold import Holds
from fogbank.control.measure import Measures
from fogbank.control.outbox import Outbox
from fogbank.control.permission import Permission
from fogbank.control.planes import Planes
from fogbank.control.seal import Seal
from fogbank.control.service import Installed, MustWait, Operation, Services
from fogbank.control.traces import Traces
from fogbank.model.load import load
from fogbank.store.store import Store

_LOG = logging.getLogger("fogbank.dispatch")
_NOTE_SECONDS = 60.0
_NOTED_MAX = 4096


def _nobody(access_key_id: str, token: str | None) -> tuple[str, Caller]:
    raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)


class Answer(NamedTuple):
    """What an operation said, and the batch that the log must have before the caller may hear it."""

    result: dict[str, Any] | None
    error: AwsError | None
    batch: int


class Ground(NamedTuple):
    """What a cloud stands on, as the composition root puts it together."""

    store: Store
    clock: Clock
    services: Services
    permission: Permission
    seal: Seal
    random: ids.Random
    planes: Planes
    note_use: Callable[[Context], None] = lambda ctx: None
    """Told of each call from outside that succeeded, in its transaction: when a key was last used."""


class Dispatch:
    """Everything that calls share."""

    def __init__(self, ground: Ground) -> None:
        self.store, self.clock, self.services, self.permission, self.seal, self.random = ground[:6]
        self._note_use = ground.note_use
        self.planes = ground.planes
        self._noted: dict[str, float] = {}
        self.ids = Random(self.random.getrandbits(64))
        """For names that need not be secret: asking the kernel for each would take longer than the rest of them."""
        self.outbox = Outbox(self.store)
        self.holds = Holds(self.store)
        self.secret_of: Callable[[str, str | None], tuple[str, Caller]] = _nobody
        """The secret of an access key (with its session token) and whom it stands for; see `Cloud.secret_of`."""
        self.measures = Measures(self)
        self.traces = Traces(self)
        self._founded: set[tuple[str, Scope]] = set()
        self.faults = Faults(self.store, self.clock, self.random)

    def find(self, service: str, operation: str) -> tuple[Installed, Operation]:
        """The code of an operation. Raises NotImplementedByFogbank."""
        installed = self.services.get(service)
        found = installed.operation(operation) if installed else None
        if installed is None or found is None:
            raise NotImplementedByFogbank(service, operation)
        return installed, found

    def waits(self, service: str, operation: str) -> bool:
        """Whether an operation is a coroutine, to be run by `answer_waiting`."""
        installed = self.services.get(service)
        found = installed.operation(operation) if installed else None
        return found is not None and found.waits

    def is_quick(self, service: str, operation: str) -> bool:
        """Whether an operation that waits has a form for requests that need not."""
        installed = self.services.get(service)
        found = installed.operation(operation) if installed else None
        return found is not None and found.quick is not None

    def answer(self, ctx: Context, req: dict[str, Any]) -> Answer:
        """Run an operation that cannot wait, or its quick form, in a transaction of its own. Raises MustWait."""
        span = self.traces.begin(ctx) if ctx.origin.trace else None
        if span is None:
            return self._answered(ctx, req)
        try:
            answer = self._answered(ctx, req)
        except MustWait:
            ctx.origin = span.origin
            raise
        self.traces.end(ctx, span, answer.error)
        return answer

    def _answered(self, ctx: Context, req: dict[str, Any]) -> Answer:
        transaction = self.store.begin()
        ctx.join(transaction)
        try:
            result = self.run(ctx, req)
            self._note(ctx)
            seen = transaction.commit()
        except AwsError as error:
            transaction.abort()
            return Answer(None, error, transaction.seen)
        except MustWait:
            transaction.abort()
            raise
        except Exception:
            transaction.abort()
            return Answer(None, self._broken(ctx), transaction.seen)
        finally:
            ctx.join(None)
        return Answer(result, None, seen)

    async def answer_waiting(self, ctx: Context, req: dict[str, Any]) -> Answer:
        """Run any operation; the answer's batch is in the log when this returns."""
        is_inner = bool(ctx.via)
        span = self.traces.begin(ctx, is_inner=is_inner) if ctx.origin.trace else None
        try:
            installed, operation = self.find(ctx.service, ctx.operation)
            if not operation.waits:
                answer = self._answered(ctx, req)
            else:
                with ctx.begin():
                    self._admit(installed, ctx, req)
                answer = Answer(await operation.run(ctx, req) or {}, None, ctx.seen)
        except AwsError as error:
            answer = Answer(None, error, ctx.seen)
        except Exception:
            answer = Answer(None, self._broken(ctx), ctx.seen)
        if span is not None:
            self.traces.end(ctx, span, answer.error)
        await self.durable(answer.batch)
        return answer

    def run(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Run an operation in the context's transaction; what it wrote is taken back if it fails."""
        installed, operation = self.find(ctx.service, ctx.operation)
        run = operation.quick if operation.waits else operation.run
        if run is None:
            raise RuntimeError(f"{ctx.service}:{ctx.operation} waits: it cannot be called inside a transaction")
        transaction = ctx.transaction
        mark = transaction.savepoint()
        try:
            if installed.service.defaults:
                self._found(installed, ctx)
            # Asked before those that are missing are filled in.
            repeats = installed.service.replays and bool(req.get("ClientToken"))
            self._admit(installed, ctx, req)
            result: dict[str, Any] | None = installed.replayed(ctx, req, run) if repeats else run(ctx, req)
            if installed.service.dry_run and req.get("DryRun"):
                # Undone like any refusal: the request has been looked at as closely as one that is meant.
                text = "Request would have succeeded, but DryRun flag is set."
                raise AwsError("DryRunOperation", text, status=412)
        except BaseException:
            transaction.rollback(mark)
            raise
        return {} if result is None else result

    def run_inner(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """`run` for a call that another service's operation makes."""
        span = self.traces.begin(ctx, is_inner=True) if ctx.origin.trace else None
        if span is None:
            return self.run(ctx, req)
        error: AwsError | None = None
        try:
            return self.run(ctx, req)
        except AwsError as refused:
            error = refused
            raise
        finally:
            self.traces.end(ctx, span, error)

    async def run_waiting(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """`answer_waiting` for callers in the process: returns the result or raises the error."""
        answer = await self.answer_waiting(ctx, req)
        if answer.error is not None:
            raise answer.error
        return answer.result or {}

    def clear(self) -> None:
        """Forget what was known of a store that has been emptied."""
        self.outbox.clear()
        self.holds.clear()
        self.measures.clear()
        self.traces.clear()
        self._founded.clear()

    async def durable(self, batch: int) -> None:
        """Wait until the log has a batch. Raises what prevented it."""
        if batch <= self.store.durable:
            return
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settle(failure: BaseException | None) -> None:
            if written.cancelled():
                return
            if failure is None:
                written.set_result(None)
            else:
                written.set_exception(failure)

        self.store.when_durable(batch, settle)
        await written

    def delay_seconds(self, ctx: Context) -> float:
        """How long a fault holds this call back."""
        return max((fault.delay_seconds for fault in self._hitting(ctx)), default=0.0)

    def _hitting(self, ctx: Context) -> list[Fault]:
        """The faults that hit a call: rolled for once, so that one with a delay and an error has both."""
        if ctx.faults is None:
            ctx.faults = self.faults.hitting(ctx.service, ctx.operation, ctx.scope)
        return ctx.faults

    def _note(self, ctx: Context) -> None:
        """Have the use of a key noted, once a minute: the rest would write nothing, and costs more than this look."""
        caller, now = ctx.caller, ctx.now
        if not caller.enforced or now - self._noted.get(caller.access_key_id, 0.0) < _NOTE_SECONDS:
            return
        if len(self._noted) >= _NOTED_MAX:
            self._noted.clear()
        self._noted[caller.access_key_id] = now
        self._note_use(ctx)

    def _admit(self, installed: Installed, ctx: Context, req: dict[str, Any]) -> None:
        for fault in self._hitting(ctx):
            if fault.error:
                raise AwsError(fault.error, fault.message or "A fault was injected.", status=fault.status)
        validator(ctx.service, ctx.operation)(req)
        for member in load(ctx.service).operation(ctx.operation).idempotency_tokens:
            req.setdefault(member, ctx.uuid())
        self.permission.authorize(ctx, installed.needs(ctx, req))

    def _found(self, installed: Installed, ctx: Context) -> None:
        """Have an account's defaults made when it first uses a service in a region."""
        known = (installed.service.name, ctx.scope)
        if known not in self._founded:
            installed.defaults(ctx.as_service())
            ctx.transaction.after_commit(lambda: self._founded.add(known))

    def _broken(self, ctx: Context) -> AwsError:
        _LOG.exception("%s:%s failed (request %s)", ctx.service, ctx.operation, ctx.request_id)
        text = "An internal error occurred; fogbank's log tells more under this request's id."
        return AwsError("InternalFailure", text, status=500)
