"""One environment: a function's processes, what it prints, and the events that it is given."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.planes.sandbox import words
from fogbank.planes.sandbox.cgroups import Group
from fogbank.planes.sandbox.runtime_api import Answer, Event, RuntimeApi
from fogbank.planes.sandbox.sandbox import Failed, Function, Invocation, Outcome

LOG_BYTES_MAX = 4 << 20
"""Of what one event prints; more is dropped, and the log says so."""
_READ_BYTES = 1 << 16
_FAREWELL_SECONDS = 2.0
_REMOVALS = 200
_REMOVAL_SECONDS = 0.01
_DROPPED = b"[the rest of what was printed is dropped]\n"


class Ground(NamedTuple):
    """What an environment is made with."""

    function: Function
    api: RuntimeApi
    server: asyncio.AbstractServer
    daemon: asyncio.BaseTransport | None
    """X-Ray's, as it sees it."""
    group: Group
    is_isolated: bool
    """Whether its processes have a namespace of their own, so that all end with the first."""


class ProcessEnvironment:
    """See `Environment`."""

    def __init__(self, ground: Ground, on_end: Callable[[ProcessEnvironment], None]) -> None:
        self.init_seconds = 0.0
        self._function = ground.function
        self._ground = ground
        self._api = ground.api
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        """The exit code, below zero the signal."""
        self._refused = ""
        self._end: socket.socket | None = None
        self._heard = b""
        self._output = -1
        self._watch = -1
        self._pid = 0
        self._child = 0
        self._log = bytearray()
        self._is_frozen = False
        self._stopping: asyncio.Future[None] | None = None

    # Beginning

    async def begin(self, fork: Callable[[socket.socket, int], None], wish: Mapping[str, Any]) -> None:
        """Have it forked, and wait until it asks for an event. Raises Failed, WorldError; then nothing of it is left.

        `fork` is given the environment's ends of a socket and of a pipe.
        """
        began = time.monotonic()
        try:
            self._connect(fork, wish)
            waited: set[asyncio.Future[Any]] = {self._api.begun, self._ended}
            await asyncio.wait(waited, timeout=self._function.init_seconds, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            await self.stop()
            raise
        self.init_seconds = time.monotonic() - began
        if self._api.begun.done() and self._api.begun.result() is None:
            return
        failure = self._not_begun()
        await self.stop()
        if self._refused:
            raise WorldError(f"{self._function.name}: {self._refused}")
        raise Failed(failure._replace(log=self._taken() + failure.log))

    def _connect(self, fork: Callable[[socket.socket, int], None], wish: Mapping[str, Any]) -> None:
        ours, theirs = socket.socketpair()
        self._end = ours
        self._output, printed = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._output, False)
        try:
            fork(theirs, printed)
        except OSError as error:
            raise WorldError(f"{self._function.name}: what forks environments is gone: {error.strerror}") from None
        finally:
            theirs.close()
            os.close(printed)
        told = json.dumps(wish).encode()
        ours.sendall(len(told).to_bytes(4, "big") + told)
        ours.setblocking(False)
        self._loop.add_reader(ours, self._hear)
        self._loop.add_reader(self._output, self._read)

    def _not_begun(self) -> Outcome:
        """What came of an environment that asks for no event."""
        if self._api.begun.done():
            told = self._api.begun.result()
            return Outcome(told.payload if told else b"", "Unhandled", is_dead=True, seconds=self.init_seconds)
        if self._ended.done():
            text, kind = words.ended(self._ended.result()), "Runtime.ExitError"
            if self._ended.result() == words.NO_ENTRY and self._function.runtime.startswith("provided"):
                text = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
                kind = "Runtime.InvalidEntrypoint"
            log = self._why_killed() + words.line("", text, kind)
        else:
            text, kind = words.late(self._function.init_seconds), "Sandbox.Timedout"
            log = words.line("", text, kind)
        payload, most = words.failure("", text, kind), self._memory_mb_max()
        return Outcome(payload, "Unhandled", log, self.init_seconds, most, is_dead=True)

    # What it says

    def _hear(self) -> None:
        """A word on its socket: P (its process, with a descriptor), F why it could not be made, E how it has ended."""
        if self._end is None:
            return
        try:
            data, descriptors, _, _ = socket.recv_fds(self._end, 4096, 1)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        for descriptor in descriptors:
            self._watched(descriptor)
        if not data:
            self._loop.remove_reader(self._end)
            self._over(-signal.SIGKILL)
            return
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            self._told(line[:1], line[1:].decode(errors="replace"))

    def _told(self, kind: bytes, text: str) -> None:
        if kind == b"E":
            self._over(int(text))
        elif kind == b"F":
            self._refused = text
            self._over(1)

    def _watched(self, descriptor: int) -> None:
        self._watch = descriptor
        # Its number as we see it; whoever has forked it may see another.
        info = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        self._pid = max(0, int(info.partition("Pid:")[2].split(None, 1)[0]))
        self._loop.add_reader(descriptor, self._died)

    def _died(self) -> None:
        self._loop.remove_reader(self._watch)
        # What it has said last comes before its end.
        if not self._ended.done():
            self._hear()
        self._over(-signal.SIGKILL)

    def _over(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    def _read(self) -> None:
        """Take what it has printed so far."""
        while self._output >= 0:
            try:
                part = os.read(self._output, _READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                part = b""
            if not part:
                self._loop.remove_reader(self._output)
                os.close(self._output)
                self._output = -1
                return
            if len(self._log) < LOG_BYTES_MAX:
                self._log += part

    def _taken(self) -> bytes:
        """What it has printed since the last time, whole."""
        self._read()
        log, self._log = bytes(self._log), bytearray()
        return log if len(log) < LOG_BYTES_MAX else log[:LOG_BYTES_MAX] + b"\n" + _DROPPED

    # Events

    async def invoke(self, invocation: Invocation, write: Callable[[bytes], None] | None = None) -> Outcome:
        """See `Environment.invoke`. Whoever gives up waiting has ended it."""
        began = time.monotonic()
        left = invocation.deadline_ms / 1000 - time.time()
        if self._ended.done() or self._stopping is not None:
            await self.stop()
            return self._exited(invocation.id, began)
        event = Event(invocation.id, invocation.payload, tuple(_headers(invocation)))
        self._thaw()
        answer = self._api.offer(event, write)
        waited: set[asyncio.Future[Any]] = {answer, self._ended}
        try:
            await asyncio.wait(waited, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            await self.stop()
            raise
        if answer.done():
            return await self._answered(answer.result(), began)
        if self._ended.done():
            outcome = self._exited(invocation.id, began)
        else:
            text = words.late(left)
            line = words.late_line(invocation.id, text, time.time())
            payload = words.failure(invocation.id, text, "Sandbox.Timedout")
            outcome = Outcome(payload, "Unhandled", self._taken() + line, is_dead=True)
            outcome = outcome._replace(memory_mb_max=self._memory_mb_max(), seconds=time.monotonic() - began)
        await self.stop()
        return outcome

    async def _answered(self, answer: Answer, began: float) -> Outcome:
        error = "Unhandled" if answer.error_type else ""
        seconds = time.monotonic() - began
        if error and not await self._goes_on():
            await self.stop()
        log, most = self._taken(), self._memory_mb_max()
        return Outcome(answer.payload, error, log, seconds, most, is_dead=self._stopping is not None)

    async def _goes_on(self) -> bool:
        """Whether a runtime asks for the next event after an error: some end after they have said it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                asked = asyncio.ensure_future(self._api.asked.wait())
                waited: set[asyncio.Future[Any]] = {asked, self._ended}
                try:
                    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    asked.cancel()
        return self._api.asked.is_set() and not self._ended.done()

    def _exited(self, request_id: str, began: float) -> Outcome:
        text = words.ended(self._ended.result() if self._ended.done() else -signal.SIGKILL)
        log = self._taken() + self._why_killed() + words.line(request_id, text, "Runtime.ExitError")
        payload = words.failure(request_id, text, "Runtime.ExitError")
        most = self._memory_mb_max()
        return Outcome(payload, "Unhandled", log, time.monotonic() - began, most, is_dead=True)

    def _why_killed(self) -> bytes:
        if not self._ground.group.has_run_out():
            return b""
        return b"Out of memory: the function may have %d MB\n" % self._function.memory_mb

    def _memory_mb_max(self) -> int:
        """The most that it has used, as a whole or (where nobody counts that) its first process."""
        if self._ground.group.has_run_out():
            return self._function.memory_mb
        most = max(self._ground.group.memory_bytes_max(), self._resident_bytes_max())
        return min(self._function.memory_mb, -(-most >> 20))

    def _resident_bytes_max(self) -> int:
        if not self._child:
            self._child = next(_children(self._pid), 0) if self._pid else 0
        with contextlib.suppress(OSError, ValueError, IndexError):
            status = Path(f"/proc/{self._child}/status").read_text()
            return int(status.partition("VmHWM:")[2].split(None, 1)[0]) << 10
        return 0

    # Standing still between events

    def rest(self) -> None:
        """It waits for an event: until one comes it stands still."""
        if self._is_frozen or self._stopping is not None:
            return
        self._is_frozen = True
        if self._ground.group.freezes:
            self._ground.group.freeze(True)
        else:
            self._signal(signal.SIGSTOP)

    def _thaw(self) -> None:
        if not self._is_frozen:
            return
        self._is_frozen = False
        if self._ground.group.freezes:
            self._ground.group.freeze(False)
        else:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Tell every process of the function something; not the first of its namespace, which is ours."""
        for pid in list(_descendants(self._pid)) if self._pid else ():
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    # The end

    async def stop(self) -> None:
        """See `Environment.stop`."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stopped())
        await asyncio.shield(self._stopping)

    async def _stopped(self) -> None:
        self._kill()
        if self._watch < 0 and self._end is not None and not self._ended.done():
            # It has not been born: its socket is closed, and it ends by that.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._ended
            self._kill()
        await self._gone()
        self._read()
        for reader in (self._end, self._output if self._output >= 0 else None):
            if reader is not None:
                self._loop.remove_reader(reader)
        if self._end is not None:
            self._end.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        self._api.close()
        self._ground.server.close()
        if self._ground.daemon is not None:
            self._ground.daemon.close()
        for _ in range(_REMOVALS):
            if self._ground.group.remove():
                break
            await asyncio.sleep(_REMOVAL_SECONDS)
        self._on_end(self)

    def _kill(self) -> None:
        """Kill the first process, which takes all others with it."""
        self._is_frozen = True
        self._thaw()
        if self._watch >= 0:
            number = signal.SIGKILL if self._ground.is_isolated else signal.SIGTERM
            try:
                signal.pidfd_send_signal(self._watch, number)
            except OSError as error:
                if error.errno != errno.ESRCH:
                    raise
        elif self._end is not None:
            with contextlib.suppress(OSError):
                self._end.shutdown(socket.SHUT_WR)

    async def _gone(self) -> None:
        """Wait until the first process is no more: with it the namespace and all in it have ended."""
        if self._watch < 0:
            return
        self._loop.remove_reader(self._watch)
        gone: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._watch, _once, gone)
        await gone
        self._loop.remove_reader(self._watch)
        os.close(self._watch)
        self._watch = -1
        self._over(-signal.SIGKILL)


def _once(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _headers(invocation: Invocation) -> Iterator[tuple[str, str]]:
    yield "Lambda-Runtime-Aws-Request-Id", invocation.id
    yield "Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms)
    yield "Lambda-Runtime-Invoked-Function-Arn", invocation.arn
    if invocation.trace:
        yield "Lambda-Runtime-Trace-Id", invocation.trace
    if invocation.client_context:
        yield "Lambda-Runtime-Client-Context", invocation.client_context
    if invocation.identity:
        yield "Lambda-Runtime-Cognito-Identity", invocation.identity


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in list(Path(f"/proc/{pid}/task").iterdir()):
            yield from map(int, (task / "children").read_text().split())


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)
