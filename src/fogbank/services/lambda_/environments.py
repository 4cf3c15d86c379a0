"""The pool: which environments of which version are idle, busy or too old, and who may have one more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.scope import Scope
from fogbank.clock import Timer
from fogbank.control.caller import Caller
from fogbank.control.context import Context
from fogbank.planes.sandbox.sandbox import Environment
from fogbank.services.lambda_ import rules
from fogbank.services.lambda_.resources import Function
from fogbank.services.lambda_.tracing import Heard


class Key(NamedTuple):
    """What environments can stand for each other."""

    scope: Scope
    function: str
    number: int
    revision: str


class Held(msgspec.Struct, eq=False, kw_only=True):
    """An environment, and what is known of it."""

    key: Key
    sandbox: Environment
    caller: Caller
    """The role that its credentials stand for."""
    group: str
    stream: str
    is_json: bool
    began_at: float
    idle_at: float = 0.0
    calls: int = 0
    has_stream: bool | None = None
    """None until its log stream has been made; False where its role may not."""
    kept_for: str = ""
    """The qualifier that it was provisioned for."""
    is_doomed: bool = False
    heard: Heard = msgspec.field(default_factory=Heard)


class Reservations:
    """The concurrency that functions of a scope have for themselves."""

    def __init__(self, *key: str) -> None:
        self.is_read = False
        self._of: dict[str, int] = {}

    def set(self, name: str, reserved: int | None) -> None:
        if reserved is None:
            self._of.pop(name, None)
        else:
            self._of[name] = reserved

    def of(self, name: str) -> int | None:
        return self._of.get(name)

    @property
    def total(self) -> int:
        return sum(self._of.values())

    def names(self) -> list[str]:
        return list(self._of)


class Pool:
    """Every environment of a cloud, newest first; and the tasks that work for functions beside the calls."""

    def __init__(self) -> None:
        self._idle: dict[Key, list[Held]] = {}
        self._all: dict[tuple[Scope, str], set[Held]] = {}
        self._running: dict[Scope, Counter[str]] = {}
        self._retired: set[str] = set()
        self._timer: Timer | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.folders: dict[str, Path] = {}
        """Of archives that have been unpacked, by digest."""
        self.events: dict[str, asyncio.Task[Any]] = {}
        """Events that are being carried out, by id."""
        self.pollers: dict[str, Any] = {}
        """Of event source mappings, by id."""

    # Who may run

    def admit(self, ctx: Context, name: str) -> str:
        """Count an execution in; or why there cannot be one, as TooManyRequestsException says it."""
        held, running = reservations(ctx), self._running.setdefault(ctx.scope, Counter())
        reserved = held.of(name)
        if reserved is not None:
            if running[name] >= reserved:
                return "ReservedFunctionConcurrentInvocationLimitExceeded"
        else:
            others = sum(running[one] for one in held.names())
            if running.total() - others >= rules.CONCURRENCY - held.total:
                return "ConcurrentInvocationLimitExceeded"
        running[name] += 1
        return ""

    def leave(self, scope: Scope, name: str) -> None:
        running = self._running[scope]
        running[name] -= 1
        if not running[name]:
            del running[name]

    def running(self, scope: Scope, name: str = "") -> int:
        """Executions of a function at this moment, or of a whole scope."""
        found = self._running.get(scope)
        if found is None:
            return 0
        return found[name] if name else found.total()

    # Environments

    def take(self, key: Key, now: float) -> Held | None:
        """The idle environment that was used last; those that are too old are ended."""
        waiting = self._idle.get(key)
        while waiting:
            held = waiting.pop()
            if now - held.began_at < rules.AGE_SECONDS_MAX and not held.is_doomed:
                return held
            self.end(held)
        return None

    def add(self, held: Held) -> None:
        """A new environment, which is busy."""
        self._all.setdefault(held.key[:2], set()).add(held)
        held.is_doomed = held.is_doomed or held.key.revision in self._retired

    def give(self, ctx: Context, held: Held) -> None:
        """An environment is idle again: it waits for the next event, unless its time has come."""
        if held.is_doomed or held.key.revision in self._retired:
            self.end(held)
            return
        held.idle_at = ctx.now
        self._idle.setdefault(held.key, []).append(held)
        if self._timer is None:
            self._wait(ctx, rules.IDLE_SECONDS)

    def end(self, held: Held) -> None:
        """Have an environment ended that is in nobody's hands."""
        self._forget(held)
        self.work(held.sandbox.stop())

    def retire(self, scope: Scope, function: str, revision: str) -> None:
        """Environments of a revision get no more events; those that are busy end after the one they are at."""
        self._retired.add(revision)
        for key in [key for key in self._idle if key.revision == revision]:
            for held in self._idle.pop(key):
                self.end(held)
        for held in self._all.get((scope, function), ()):
            held.is_doomed = held.is_doomed or held.key.revision == revision

    def living(self, scope: Scope, function: str) -> list[Held]:
        """The environments of a function, of whatever version."""
        return list(self._all.get((scope, function), ()))

    def of(self, key: Key) -> list[Held]:
        return [held for held in self._all.get(key[:2], ()) if held.key == key]

    def kept(self, ctx: Context, function: str, qualifier: str) -> list[Held]:
        """The environments that are provisioned for a qualifier."""
        found = self._all.get((ctx.scope, function), ())
        return [held for held in found if held.kept_for == qualifier and not held.is_doomed]

    def is_idle(self, held: Held) -> bool:
        return held in self._idle.get(held.key, ())

    def unkeep(self, held: Held) -> None:
        """An environment is no longer provisioned: one that is idle ends."""
        held.kept_for = ""
        if self.is_idle(held):
            self._idle[held.key].remove(held)
            self.end(held)

    # Tasks

    def work(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Have something done beside the calls, until it is done or everything is dropped."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._worked)
        return task

    def dropped(self) -> None:
        """Nothing is remembered any more: everything ends."""
        for task in list(self._tasks):
            task.cancel()
        everything = [held for found in self._all.values() for held in found]
        self._idle.clear()
        for held in everything:
            self.end(held)
        if self._timer is not None:
            self._timer.cancel()

    def _worked(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    def _forget(self, held: Held) -> None:
        found = self._all.get(held.key[:2])
        if found is None or held not in found:
            return
        found.discard(held)
        if not found:
            del self._all[held.key[:2]]

    def _wait(self, ctx: Context, seconds: float) -> None:
        # Not the call's own context: it would keep the call's request for minutes.
        later = ctx.as_service()
        later.join(None)
        self._timer = ctx.call_at(ctx.now + seconds, lambda: self._sweep(later))

    def _sweep(self, ctx: Context) -> None:
        """End what has been idle for too long, or has grown too old."""
        self._timer, now = None, ctx.now
        first = None
        for key in list(self._idle):
            left = []
            for held in self._idle[key]:
                if now - held.began_at >= rules.AGE_SECONDS_MAX or (
                    not held.kept_for and now - held.idle_at >= rules.IDLE_SECONDS
                ):
                    self.end(held)
                else:
                    left.append(held)
            self._idle[key] = left
            if not left:
                del self._idle[key]
            for held in left:
                first = min(held.idle_at, first if first is not None else held.idle_at)
        if first is not None:
            self._wait(ctx, max(first + rules.IDLE_SECONDS - now, 60.0))


def pool(ctx: Context) -> Pool:
    """The pool of this cloud."""
    return ctx.held(Pool)


def reservations(ctx: Context) -> Reservations:
    """What is reserved in this scope. Within a transaction."""
    held = ctx.held(Reservations, *ctx.scope)
    if not held.is_read:
        for function in ctx.scan(Function):
            held.set(function.name, function.reserved)
        held.is_read = True
    return held
