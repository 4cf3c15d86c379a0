"""The network of the kernel, as the cloud sees it: parts go to a worker, which makes them true."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net import holder, namespaces
from fogbank.planes.net.facts import AnyFact, Fact, Parts
from fogbank.planes.net.flows import Flows
from fogbank.planes.net.lines import LINES_FOLDER
from fogbank.planes.net.messages import (
    Answer,
    Apply,
    Call,
    Clear,
    Counters,
    Gather,
    Open,
    Request,
    Run,
    Try,
    Wire,
    framed,
)
from fogbank.planes.net.net import Listen, Ran
from fogbank.planes.net.plan import Contradiction

_FACTS_MAX = 5000
"""Facts in one call to the worker: more would make those wait long who are only a few."""
_STOP_SECONDS = 10.0
_HOLDER_SECONDS = 10.0
_WORDS_MAX = 4096
_CARD = "net-holder.json"


class _WorkerEnded(Exception):
    pass


class _Waiting(NamedTuple):
    parts: Mapping[str, frozenset[Fact]]
    within: tuple[str, ...]
    is_whole: bool
    done: asyncio.Future[None]


class _Worker:
    """A running worker and the calls that wait for its answers."""

    def __init__(self, end: socket.socket, running: process.Process) -> None:
        self.running = running
        self._wire = Wire(end)
        self._calls: dict[int, asyncio.Future[tuple[Answer, int | None]]] = {}
        self._decoder = msgspec.msgpack.Decoder(Answer)
        self._writing = asyncio.Lock()
        self.has_ended = False
        self.is_dismissed = False
        """Nobody is to start another one for those who still wait for this one."""
        end.setblocking(False)
        asyncio.get_running_loop().add_reader(end.fileno(), self._readable)

    async def call(self, call: Call) -> tuple[Answer, int | None]:
        """The answer, and the file descriptor that came with it. Raises _WorkerEnded."""
        if self.has_ended:
            raise _WorkerEnded
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[tuple[Answer, int | None]] = loop.create_future()
        self._calls[call.id] = answered
        try:
            async with self._writing:
                await loop.sock_sendall(self._wire.end, framed(call))
        except OSError:
            self._calls.pop(call.id, None)
            raise _WorkerEnded from None
        return await answered

    def _readable(self) -> None:
        try:
            messages = self._wire.receive()
        except BlockingIOError:
            return
        except (EOFError, OSError):
            self.let_go()
            return
        for message in messages:
            answer = self._decoder.decode(message)
            descriptor = self._wire.descriptors.pop(0) if answer.has_socket else None
            waiting = self._calls.pop(answer.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result((answer, descriptor))
            elif descriptor is not None:
                os.close(descriptor)

    def let_go(self) -> None:
        """Close our end, at which the worker ends; whoever still waits is told."""
        if self.has_ended:
            return
        self.has_ended = True
        asyncio.get_running_loop().remove_reader(self._wire.end.fileno())
        self._wire.end.close()
        for descriptor in self._wire.descriptors:
            os.close(descriptor)
        for waiting in self._calls.values():
            if not waiting.done():
                waiting.set_exception(_WorkerEnded())
        self._calls.clear()

    async def stopped(self) -> None:
        """After it: the process has ended and is nobody's zombie."""
        self.let_go()
        await asyncio.to_thread(_reaped, self.running)


def _reaped(running: process.Process) -> None:
    with contextlib.suppress(OSError):
        watch = os.pidfd_open(running.pid)
        try:
            if not process.ended(watch, _STOP_SECONDS):
                process.stop(running, wait_seconds=1.0)
        finally:
            os.close(watch)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(running.pid, 0)


class KernelNet:
    """Namespaces, links, routes and tables of one instance, by a worker that is started when first needed.

    `prefix` is of everything made on the machine (`namespaces.prefix_of`); `mode` is full or rootless; `folder` is the
    instance's state folder, for the worker's log and the card by which a rootless holder is found again.
    """

    def __init__(self, prefix: str, mode: str, folder: Path) -> None:
        self.mode = mode
        self._prefix = prefix
        self._folder = folder
        self._parts: dict[str, frozenset[Fact]] = {}
        self._queue: list[_Waiting] = []
        self._pump: asyncio.Task[None] | None = None
        self._worker: _Worker | None = None
        self._starting = asyncio.Lock()
        self._ids = itertools.count(1)
        self._fault_point = os.environ.get("FOGBANK_FAULT_POINT", "")

    @property
    def has_packets(self) -> bool:
        return True

    async def set(self, parts: Parts, *, within: Sequence[str] = ()) -> None:
        """See `Net.set`. Calls that come while another is with the kernel go there together."""
        await self._said(parts, tuple(within), is_whole=False)

    async def whole(self, parts: Parts) -> None:
        """See `Net.whole`. To be called first: a `set` before it takes what is left of the instance for unwanted."""
        await self._said(parts, (), is_whole=True)

    def has(self, part: str) -> bool:
        """Whether a part holds."""
        return part in self._parts

    async def open(self, wanted: Listen) -> socket.socket:
        """See `Net.open`."""
        answer, descriptor = await self._call(
            lambda number: Open(number, wanted.ns, wanted.address, wanted.port, wanted.is_stream)
        )
        assert descriptor is not None, answer
        opened = socket.socket(fileno=descriptor)
        opened.setblocking(False)
        return opened

    async def run(self, ns: str, argv: Sequence[str], *, seconds: float = 30.0) -> Ran:
        """See `Net.run`."""
        answer, _ = await self._call(lambda number: Run(number, ns, tuple(argv), seconds))
        return Ran(answer.code, answer.output, answer.errors)

    async def delays(self) -> None:
        """See `Net.delays`."""
        await self._call(Try)

    async def counters(self, ns: str) -> Mapping[str, tuple[int, int]]:
        """See `Net.counters`. They begin anew when a rule or its whole table is made anew."""
        answer, _ = await self._call(lambda number: Counters(number, ns))
        return answer.counters

    async def flows(self, ns: str, *, ends: bool = False) -> Flows:
        """See `Net.flows`."""
        answer, _ = await self._call(lambda number: Gather(number, ns, ends))
        return answer.flows

    def path(self, ns: str) -> str:
        """See `Net.path`. In rootless mode only `entry` has all that it takes to go there."""
        name = f"{self._prefix}-{ns}"
        if self.mode != "rootless":
            return str(namespaces.FOLDER / name)
        return f"/proc/{self._held().pid}/root{self._netns()}/{name}"

    def entry(self, ns: str) -> list[str]:
        """See `Net.entry`."""
        where = [f"--net={self.path(ns)}"] if ns else []
        if self.mode != "rootless":
            return ["nsenter", *where, "--"] if ns else []
        at = f"/proc/{self._held().pid}/ns"
        whose = [f"--user={at}/user", f"--mount={at}/mnt", *where]
        return ["nsenter", "--preserve-credentials", *whose, "--"]

    async def close(self) -> None:
        """See `Net.close`."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        _fail(self._queue, WorldError("the network is closed"))
        self._queue.clear()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.is_dismissed = True
            await worker.stopped()

    async def clear(self) -> None:
        """See `Net.clear`. Processes that are inside the namespaces are ended."""
        if self._worker is None and self._folder.exists():
            os.close(await asyncio.to_thread(namespaces.alone, self._folder))
        if self._worker is not None or self._is_left():
            await self._call(Clear)
        await self.close()
        self._parts.clear()
        if self.mode == "rootless":
            await asyncio.to_thread(self._drop_holder)

    # Group commit

    async def _said(self, parts: Parts, within: tuple[str, ...], is_whole: bool) -> None:
        done = asyncio.get_running_loop().create_future()
        given = {name: frozenset(facts) for name, facts in parts.items()}
        self._queue.append(_Waiting(given, within, is_whole, done))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._pumped())
        await done

    async def _pumped(self) -> None:
        while self._queue:
            batch = self._batch()
            try:
                await self._committed(batch)
            except asyncio.CancelledError:
                _fail(batch, WorldError("the network is closed"))
                raise
            except Exception as error:
                _fail(batch, error)

    def _batch(self) -> list[_Waiting]:
        """What goes to the worker in one call: in order, a `whole` by itself, and not too much at once."""
        count, facts = 0, 0
        for item in self._queue:
            if count and (item.is_whole or facts > _FACTS_MAX):
                break
            count += 1
            facts += sum(map(len, item.parts.values()))
            if item.is_whole:
                break
        batch, self._queue = self._queue[:count], self._queue[count:]
        return batch

    async def _committed(self, batch: Sequence[_Waiting]) -> None:
        sent: list[tuple[_Waiting, Request]] = []
        touched: set[str] = set()
        for item in batch:
            request = self._request(item, touched)
            touched |= request.parts.keys()
            if request.parts or item.is_whole:
                sent.append((item, request))
            elif not item.done.done():
                item.done.set_result(None)
        if not sent:
            return
        requests = tuple(request for _, request in sent)
        answer, _ = await self._answered(lambda number: Apply(number, requests))
        if len(answer.verdicts) != len(sent):
            raise WorldError(answer.verdicts[0].error)
        for (item, request), verdict in zip(sent, answer.verdicts, strict=True):
            if not verdict.error or (item.is_whole and not verdict.is_contradiction):
                self._hold(request)
            if item.done.done():
                continue
            if not verdict.error:
                item.done.set_result(None)
            elif verdict.is_contradiction:
                item.done.set_exception(Contradiction(verdict.error))
            else:
                item.done.set_exception(WorldError(verdict.error))

    def _request(self, item: _Waiting, touched: Iterable[str]) -> Request:
        """What of a call is news. What an earlier call in the same batch is about may turn out either way."""
        if item.is_whole:
            return Request(_stated(item.parts), is_whole=True)
        news = {
            name: facts
            for name, facts in item.parts.items()
            if name in touched or facts != self._parts.get(name, frozenset())
        }
        if item.within:
            for name in {*self._parts, *touched}:
                if name.startswith(item.within) and name not in item.parts:
                    news[name] = frozenset()
        return Request(_stated(news))

    def _hold(self, request: Request) -> None:
        if request.is_whole:
            self._parts.clear()
        for name, facts in request.parts.items():
            if facts:
                self._parts[name] = frozenset[Fact](facts)
            else:
                self._parts.pop(name, None)

    # The worker

    async def _call(self, made: Callable[[int], Call]) -> tuple[Answer, int | None]:
        answer, descriptor = await self._answered(made)
        if answer.verdicts[0].error:
            raise WorldError(answer.verdicts[0].error)
        return answer, descriptor

    async def _answered(self, made: Callable[[int], Call]) -> tuple[Answer, int | None]:
        """The worker's answer; if it dies over the call, the answer of the next one. Raises WorldError."""
        for _ in range(2):
            worker = await self._ready()
            try:
                return await worker.call(made(next(self._ids)))
            except _WorkerEnded:
                if worker.is_dismissed:
                    raise WorldError("the network is closed") from None
                await worker.stopped()
        raise WorldError(f"the network's worker ended; see {self._log()}")

    async def _ready(self) -> _Worker:
        async with self._starting:
            if self._worker is not None and not self._worker.has_ended:
                return self._worker
            if self._worker is not None:
                await self._worker.stopped()
            ours, theirs = socket.socketpair()
            with theirs:
                running = await asyncio.to_thread(self._start, theirs.fileno())
            worker = self._worker = _Worker(ours, running)
            if self._parts:
                request = Request(_stated(self._parts), is_whole=True)
                with contextlib.suppress(_WorkerEnded):
                    await worker.call(Apply(next(self._ids), (request,)))
            return worker

    def _start(self, descriptor: int) -> process.Process:
        environ = {**os.environ, "FOGBANK_FAULT_POINT": self._fault_point}
        # A fault point is for one worker: the next one shall repair.
        self._fault_point = ""
        self._folder.mkdir(parents=True, exist_ok=True)
        where = [str(namespaces.FOLDER)]
        if self.mode == "rootless":
            where = [str(self._netns()), str(self._holder().pid)]
        argv = [sys.executable, "-m", "fogbank.planes.net.worker", str(descriptor), self._prefix, *where]
        try:
            return process.start(process.Spawn(argv, self._log(), environ, self._folder, (descriptor,)))
        except OSError as error:
            raise WorldError(f"the network's worker does not start: {error}") from None

    def _log(self) -> Path:
        return self._folder / "net.log"

    def _is_left(self) -> bool:
        if self.mode == "rootless":
            return self._card() is not None or (self._folder / LINES_FOLDER).exists()
        return (self._folder / LINES_FOLDER).exists() or bool(namespaces.names_of(self._prefix))

    # Rootless

    def _netns(self) -> Path:
        return self._folder.resolve() / "netns"

    def _card(self) -> process.Process | None:
        try:
            card = msgspec.json.decode((self._folder / _CARD).read_bytes(), type=process.Process)
        except (OSError, msgspec.MsgspecError):
            return None
        return card if process.is_running(card) else None

    def _held(self) -> process.Process:
        if (found := self._card()) is None:
            raise WorldError("there are no namespaces yet")
        return found

    def _holder(self) -> process.Process:
        """The process that holds the user and mount namespace, started if it is not there. Raises WorldError."""
        if (found := self._card()) is not None:
            return found
        self._netns().mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                started = self._start_holder(theirs.fileno())
            words = ours.recv(_WORDS_MAX)
            if words == holder.READY:
                part = self._folder / f"{_CARD}.part"
                part.write_bytes(msgspec.json.encode(started))
                part.replace(self._folder / _CARD)
                ours.sendall(holder.KEPT)
                return started
        _reaped(started)
        raise WorldError(words.decode() or f"the holder ended; see {self._log()}")

    def _start_holder(self, descriptor: int) -> process.Process:
        argv = [sys.executable, "-m", "fogbank.planes.net.holder", str(descriptor), str(self._netns())]
        try:
            return process.start(process.Spawn(argv, self._log(), os.environ, self._folder, (descriptor,)))
        except OSError as error:
            raise WorldError(f"the holder does not start: {error}") from None

    def _drop_holder(self) -> None:
        if (found := self._card()) is not None:
            process.stop(found, _HOLDER_SECONDS)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(found.pid, 0)
        (self._folder / _CARD).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._netns().rmdir()


def _stated(parts: Mapping[str, frozenset[Fact]]) -> dict[str, frozenset[AnyFact]]:
    return cast("dict[str, frozenset[AnyFact]]", parts)


def _fail(batch: Iterable[_Waiting], error: Exception) -> None:
    for item in batch:
        if not item.done.done():
            item.done.set_exception(error)
