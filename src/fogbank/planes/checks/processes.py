"""Checkers as processes of a cloud, one for each region, and what they say added up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fogbank.aws.errors import WorldError
from fogbank.clock import Clock
from fogbank.planes.checks import aggregate, frames, targets
from fogbank.planes.checks.frames import Broken, Reader, Table
from fogbank.planes.checks.plane import Known, Reports, Told
from fogbank.planes.checks.targets import CAPACITY, ROW, Target
from fogbank.planes.engines.engine import Engines, Start

_LOG = logging.getLogger("fogbank.checks")
TURN_SECONDS = 0.25
_ADD_TURNS, _WRITE_TURNS = 2, 8
SILENT_SECONDS = 3.0
"""Who has said nothing for so long does not count."""
_ASK_SECONDS = 2.0
_BACK_OFF_SECONDS = 1.0
_UNREAD_BYTES_MAX = 16 << 20
_PREFIX = "checker-"
_DOOR = "door"


class CheckerProcesses:
    """See `Checks`. What runs already is found by its folder, and goes on."""

    def __init__(self, engines: Engines, file: Path, where: Callable[[str], tuple[str, str]]) -> None:
        """The engines must be of a folder that nobody else has. `file` is where what is known outlives a restart.

        `where` gives the file of the network that a region's checker reaches public addresses from, and its own address
        there; nothing where there is no such network.
        """
        self._engines = engines
        self._file = file
        self._where = where
        self._clock = Clock()
        self._dns: Callable[[], str] = str
        self._told: Told | None = None
        self._wanted: Mapping[int, Target] | None = None
        """None until it is said what is wanted: those that run go on with what they have."""
        self._wants = asyncio.Event()
        self._table = Table(0, (), aggregate.HEALTHY_ALL)
        self._framed = b""
        """The table as checkers are told it."""
        self._is_changed = False
        self._set_at = 0.0
        self._moved: list[tuple[int, int]] = []
        """(table, place) of what is looked at now and was not before: what is said of older tables is of others."""
        self._links: dict[str, Link] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._started_at: dict[str, float] = {}
        self._is_closed = False
        self._turns = 0
        self._known = Known(self._remembered())

    def attend(self, clock: Clock, dns: Callable[[], str]) -> None:
        """See `Checks.attend`."""
        self._clock, self._dns = clock, dns

    def set(self, targets: Mapping[int, Target]) -> None:
        """See `Checks.set`."""
        self._wanted, self._set_at = dict(targets), self._clock.now()
        self._is_changed = True
        self._wants.set()

    def listen(self, told: Told) -> None:
        """See `Checks.listen`."""
        self._told = told

    def remind(self) -> None:
        """See `Checks.remind`: it is told soon anyway."""

    def known(self) -> Known:
        """See `Checks.known`."""
        return self._known

    def received(self) -> Mapping[str, int]:
        """How many bytes each checker has said since we listen to it."""
        return {region: link.received for region, link in self._links.items()}

    async def reports(self, first: int, count: int = 1) -> Mapping[str, Reports]:
        """See `Checks.reports`."""
        links = {region: link for region, link in self._links.items() if link.is_open}
        asked = await asyncio.gather(*(link.ask(first, count) for link in links.values()), return_exceptions=True)
        return {region: said for region, said in zip(links, asked, strict=True) if isinstance(said, Reports)}

    async def run(self) -> None:
        """See `Checks.run`."""
        turn_at = time.monotonic()
        while True:
            await self._wants.wait()
            try:
                await self._turn()
            except (OSError, WorldError) as error:
                _LOG.warning("%s", error)
            except Exception:
                _LOG.exception("what checkers say could not be added up")
            turn_at = max(turn_at + TURN_SECONDS, time.monotonic())
            await asyncio.sleep(turn_at - time.monotonic())

    async def _turn(self) -> None:
        """The same at each turn, whatever is said."""
        self._turns += 1
        if self._is_changed or self._dns() != self._table.dns:
            self._change()
        regions = {region for one in self._table.targets for region in one.regions} if self._table.targets else set()
        for region in sorted(regions | self._links.keys()):
            self._keep(region, is_wanted=region in regions)
        if not regions and self._turns == 1:
            await self._engines.clear()
        now = frames.time_told(self._clock.offset, self._clock.frozen_at)
        for link in self._links.values():
            link.tell(now, self._table.serial, self._framed)
        if not self._turns % _ADD_TURNS:
            self._add_up()
        if not self._turns % _WRITE_TURNS and self._table.targets:
            self._remember()

    def _change(self) -> None:
        """Make a table of what is wanted; what is looked at anew is healthy until somebody has looked."""
        self._is_changed = False
        wanted = self._wanted or {}
        before = {one.slot: one for one in self._table.targets}
        is_first = not self._table.serial
        serial, healthy = self._table.serial + 1, bytearray(self._known.healthy)
        for slot in before.keys() | wanted.keys():
            one, other = before.get(slot), wanted.get(slot)
            if is_first or (one is not None and other is not None and one.subject == other.subject):
                continue
            healthy[slot] = 1
            self._moved.append((serial, slot))
        if is_first or before != wanted or self._dns() != self._table.dns:
            self._known = self._known._replace(healthy=bytes(healthy))
            first = time.time_ns() // 1_000_000_000 & 0x7FFFFFFF if is_first else 0
            # Who was told by a cloud before us has other numbers.
            serial = first or serial
            self._table = Table(serial, tuple(wanted.values()), self._known.healthy, self._set_at, self._dns())
            self._framed = frames.table(self._table)

    def _add_up(self) -> None:
        silent_at = time.monotonic() - SILENT_SECONDS
        heard = [link for link in self._links.values() if link.said_at > silent_at and link.state]
        states = []
        for link in heard[: targets.REGIONS_MAX]:
            moved = [slot for serial, slot in self._moved if serial > link.serial]
            states.append(aggregate.without(link.state, moved))
        total = aggregate.summed(states)
        self._known = Known(aggregate.merged(self._known.healthy, total), total)
        oldest = min((link.serial for link in heard), default=0)
        if self._moved and oldest == self._table.serial:
            self._moved.clear()
        if self._told is not None:
            self._told(self._known)

    def _remembered(self) -> bytes:
        try:
            found = self._file.read_bytes()
        except OSError:
            return aggregate.HEALTHY_ALL
        return found if len(found) == CAPACITY else aggregate.HEALTHY_ALL

    def _remember(self) -> None:
        new = self._file.with_name(self._file.name + ".new")
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(self._known.healthy)
        new.replace(self._file)

    # Processes

    def _keep(self, region: str, *, is_wanted: bool) -> None:
        """See to it that a region's checker runs and is listened to, or is gone; nobody waits for that."""
        link = self._links.get(region)
        if self._is_closed or region in self._keeping or (is_wanted and link is not None and link.is_open):
            return
        task = asyncio.ensure_future(self._kept(region) if is_wanted else self._gone(region))
        self._keeping[region] = task
        task.add_done_callback(lambda done: self._done(region, done))

    def _done(self, region: str, task: asyncio.Task[Any]) -> None:
        self._keeping.pop(region, None)
        if not task.cancelled() and task.exception() is not None:
            _LOG.warning("the checker of %s: %s", region, task.exception())

    async def _kept(self, region: str) -> None:
        """Find or start a checker, and connect to it. Raises OSError, WorldError."""
        name = _PREFIX + region
        door = self._engines.home(name) / _DOOR
        if self._engines.found(name) is None:
            if time.monotonic() - self._started_at.get(region, 0.0) < _BACK_OFF_SECONDS:
                return
            await self._engines.buried(name)
            self._started_at[region] = time.monotonic()
            door.unlink(missing_ok=True)
            argv = [sys.executable, "-m", "fogbank.planes.checks", str(door), region, *self._where(region)]
            environ = {key: os.environ[key] for key in ("PYTHONPATH",) if key in os.environ}
            await self._engines.start(name, Start(argv, environ=environ, keeps_rights=True))
        if not door.exists():
            return
        with contextlib.suppress(ConnectionRefusedError):
            _, link = await asyncio.get_running_loop().create_unix_connection(Link, str(door))
            self._links[region] = link
            if self._is_closed:
                self._links.pop(region).close()

    async def _gone(self, region: str) -> None:
        link = self._links.pop(region, None)
        if link is not None:
            link.close()
        await self._engines.remove(_PREFIX + region)
        if not self._links:
            with contextlib.suppress(OSError):
                self._engines.folder.rmdir()

    def close(self) -> None:
        """See `Checks.close`."""
        self._is_closed = True
        for link in self._links.values():
            link.close()
        self._links.clear()
        self._engines.close()

    async def halt(self) -> None:
        """See `Checks.halt`."""
        await self._ended()

    async def clear(self) -> None:
        """See `Checks.clear`."""
        self._wanted, self._is_changed = {}, True
        await self._ended()
        self._table, self._framed, self._known = Table(0, (), aggregate.HEALTHY_ALL), b"", Known()
        self._moved.clear()
        self._file.unlink(missing_ok=True)

    async def _ended(self) -> None:
        self.close()
        # A process that is being started is known only when it has been.
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)
        await self._engines.clear()
        self._is_closed = False


class Link(asyncio.Protocol):
    """A checker that is listened to."""

    def __init__(self) -> None:
        self.state = b""
        self.serial = 0
        """The table that the state is of."""
        self.said_at = 0.0
        self.received = 0
        self.is_open = False
        self._told = -1
        self._transport: asyncio.Transport
        self._reader = Reader()
        self._asked: dict[int, asyncio.Future[Reports]] = {}
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        try:
            for kind, body in self._reader.feed(data):
                self._heard(kind, body)
        except Broken as error:
            _LOG.warning("a checker says what cannot be read: %s", error)
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        for waiting in self._asked.values():
            waiting.cancel()

    def tell(self, now: bytes, serial: int, table: bytes) -> None:
        """Say what time it is, and the table if that is another than was told."""
        if not self.is_open:
            return
        if self._transport.get_write_buffer_size() > _UNREAD_BYTES_MAX:
            # It does not listen; whoever comes after it gets the newest alone.
            self.close()
            return
        self._transport.write(now)
        if self._told != serial:
            self._told = serial
            self._transport.write(table)

    async def ask(self, first: int, count: int) -> Reports:
        """Raises TimeoutError, and CancelledError where the checker ends meanwhile."""
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._transport.write(frames.ask(number, first, count))
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                found: Reports = await answer
                return found
        finally:
            self._asked.pop(number, None)

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._transport.abort()

    def _heard(self, kind: int, body: bytes) -> None:
        if kind == frames.STATE:
            self.serial, self.state = frames.state_of(body)
            self.said_at = time.monotonic()
        elif kind == frames.ROWS:
            number, last, failed = frames.rows_of(body)
            waiting = self._asked.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(Reports(_rows(last), _rows(failed)))


def _rows(data: bytes) -> tuple[targets.Seen, ...]:
    return tuple(targets.read(data, at) for at in range(len(data) // ROW.size))
