"""Reconcile: tells reconcilers which key to look at, after a commit, when they asked to be, and at the start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.aws.scope import Scope
from fogbank.clock import Clock, Timer
from fogbank.control import caller as callers
from fogbank.control.context import Context
from fogbank.control.dispatch import Dispatch
from fogbank.control.service import Installed

_LOG = logging.getLogger("fogbank.reconcile")
_BACK_OFF_FIRST = 0.5
_BACK_OFF_MAX = 60.0
_WORKING_MAX = 64


class After(NamedTuple):
    """What a reconciler returns to be told the same key again, after seconds of cloud time."""

    seconds: float


Reconciler = Callable[[Context, str], Awaitable[After | None]]
"""Told a context in the record's scope and the record's key; makes the world and what follows from it match."""


class _Key(NamedTuple):
    kind: str
    scope: str
    key: str

    def __str__(self) -> str:
        """As a line of the log shows it: parts of a key are told apart by what no text shows."""
        return f"{self.kind} {self.key}".replace("\0", "/")


class Reconcile:
    """Runs every reconciler, one at a time for each key; a key told while it is worked on is worked on once more.

    Keys are begun in the order in which they were told; up to 64 that wait for the world are worked on side by side.
    """

    def __init__(self, dispatch: Dispatch, clock: Clock) -> None:
        self._dispatch = dispatch
        self._clock = clock
        self._reconcilers: dict[str, tuple[str, Reconciler]] = {}
        self._queue: dict[_Key, None] = {}
        self._timers: dict[_Key, Timer] = {}
        self._failures: dict[_Key, int] = {}
        self._working: set[_Key] = set()
        self._again: set[_Key] = set()
        self._workers: set[asyncio.Task[None]] = set()
        self._sleeping: list[asyncio.Future[None]] = []
        self._is_called = False
        """Whether a worker has been called that has not looked at the queue yet."""
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self) -> None:
        """Learn the services' reconcilers and queue every key there is: what a restart left undone is done now."""
        for installed in self._dispatch.services:
            if installed.service.reconcilers:
                self._learn(installed)
        self._dispatch.store.on_changed = self.tell

    def _learn(self, installed: Installed) -> None:
        store = self._dispatch.store
        for kind in installed.service.reconcilers:
            self._reconcilers[kind] = (installed.service.name, partial(installed.reconcile, kind))
            scopes = store.scopes_of(kind)
            # A service of which nothing is remembered is not even imported.
            for scope in scopes:
                record = next(one for one in installed.record_kinds() if kind == one.KIND)
                for key in store.table(record, scope).rows:
                    self.tell(kind, "/".join(scope), key)

    def tell(self, kind: str, scope: str, key: str) -> None:
        """Queue a key."""
        if kind not in self._reconcilers:
            return
        told = _Key(kind, scope, key)
        if told in self._working:
            self._again.add(told)
            return
        self._queue[told] = None
        self._idle.clear()
        self._call()

    async def run(self) -> None:
        """Work until cancelled."""
        self._call()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            workers = list(self._workers)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    def _call(self) -> None:
        """Have one more worker look at the queue: it does once those that are at it wait for the world, or are done."""
        if self._is_called or not self._queue:
            return
        while self._sleeping and self._sleeping[-1].done():
            self._sleeping.pop()
        if self._sleeping:
            self._is_called = True
            self._sleeping.pop().set_result(None)
        elif len(self._workers) < _WORKING_MAX:
            self._is_called = True
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        # Most reconcilers wait for nothing: a worker goes through a queue of them without another task.
        while True:
            self._is_called = False
            while self._queue:
                key = next(iter(self._queue))
                del self._queue[key]
                self._working.add(key)
                self._call()
                try:
                    await self._reconcile(key)
                finally:
                    self._ended(key)
            if not self._working:
                self._idle.set()
            called = asyncio.get_running_loop().create_future()
            self._sleeping.append(called)
            await called

    def _ended(self, key: _Key) -> None:
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self._queue[key] = None

    async def settled(self) -> None:
        """Wait until no key is queued: for tests, and for `clock advance`."""
        while self._queue or self._working or not self._idle.is_set():
            await self._idle.wait()

    def clear(self) -> None:
        self._queue.clear()
        self._again.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def _reconcile(self, key: _Key) -> None:
        service, reconciler = self._reconcilers[key.kind]
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        scope = Scope(*key.scope.split("/"))
        caller = callers.service(f"{service}.amazonaws.com", scope.account)
        ctx = Context(self._dispatch, service, "reconcile", scope, caller)
        try:
            after = await reconciler(ctx, key.key)
        except WorldError as error:
            _LOG.warning("%s: %s; will try again", key, error)
            after = self._back_off(key)
        except Exception:
            _LOG.exception("%s: the reconciler failed", key)
            after = self._back_off(key)
        else:
            self._failures.pop(key, None)
        if after is not None:
            self._timers[key] = self._clock.call_at(self._clock.now() + after.seconds, lambda: self.tell(*key))

    def _back_off(self, key: _Key) -> After:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        return After(min(_BACK_OFF_FIRST * 2 ** min(failures, 30), _BACK_OFF_MAX))


async def keep_time(clock: Clock) -> None:
    """Fire the clock's timers as cloud time reaches them, until cancelled."""
    changed = asyncio.Event()
    clock.on_change = changed.set
    while True:
        changed.clear()
        clock.fire_due()
        due_at = clock.next_due()
        if due_at is None or clock.frozen_at is not None:
            await changed.wait()
            continue
        try:
            # Not by `wait_for`, which in Python 3.11 loses a cancellation that comes together with the change.
            async with asyncio.timeout(max(0.0, due_at - clock.now())):
                await changed.wait()
        except TimeoutError:
            continue
