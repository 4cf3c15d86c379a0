"""A client of a front that forwards writes: what reads goes to a reader, what writes to the writer (Aurora's local
write forwarding), and each session sees its own writes as its consistency mode says.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, cast

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Front, Target
from fogbank.planes.engines.proxy import entry as entries
from fogbank.planes.engines.proxy import legs, scram, units, wire
from fogbank.planes.engines.proxy.classify import MODE, MODES
from fogbank.planes.engines.proxy.counts import Tally
from fogbank.planes.engines.proxy.entry import Entry
from fogbank.planes.engines.proxy.journal import Journal
from fogbank.planes.engines.proxy.legs import FAILED, IDLE, OPEN, Answer, Leg, Refused
from fogbank.planes.engines.proxy.positions import WRITTEN, Positions, position
from fogbank.planes.engines.proxy.units import Names, Unit
from fogbank.planes.engines.proxy.wire import ProtocolError

if TYPE_CHECKING:
    from fogbank.planes.engines.proxy.serving import Gate

OFF, SESSION, EVENTUAL, GLOBAL = MODES
_PENDING_BYTES_MAX = 1 << 20
_WHICH_MODE = wire.query(f"SELECT current_setting('{MODE}', true)")
_DEFAULT_MODE = wire.query(f"SET {MODE} = '{SESSION}'")
_ROLLBACK = wire.query("ROLLBACK")
_NO_ROOM = "53300"
"""Of `too_many_connections`."""
_GONE = "terminating connection due to administrator command"
_FAILURES = (OSError, WorldError, TimeoutError, Refused, scram.Failed)


class Session(asyncio.Protocol):
    """A client, its leg to a reader, and, once it has written, one to the writer. One unit is under way at a time."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.transport: asyncio.Transport
        self.is_private = False
        """Whether the client speaks by TLS."""
        self.reader: Leg | None = None
        self.writer: Leg | None = None
        self.positions: Positions | None = None
        self._tally = Tally()
        self._entry: Entry | None = Entry(self)
        self._login: Entry | None = None
        self._pending = b""
        self._unit: Unit | None = None
        """What is under way."""
        self._sent_at = 0.0
        """When something was forwarded, by the clock of the machine's monotonic seconds."""
        self._at: Leg | None = None
        """Where it is, or was."""
        self._before = IDLE
        """How that leg's transaction was before."""
        self._partial: Answer | None = None
        """What is answered before the Sync that ends it has come."""
        self._earlier = Unit(b"", wire.FLUSH)
        """What has been sent of it."""
        self._copying: Leg | None = None
        self._thinking: asyncio.Task[None] | None = None
        self._is_waiting = False
        """Whether a reader has not come far enough yet."""
        self._is_skipping = False
        """Whether all is passed over until the next Sync, as a server does after an error."""
        self._names = Names()
        self._journal = Journal()
        self._mode = SESSION
        self._is_mode_stale = False
        self._wanted = 0
        """As far as a reader must be for this session to see what it wrote."""
        self._telling: asyncio.Future[None] | None = None
        """Whoever waits until the writer has said where that is."""

    # The client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.gate.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gate.connections.discard(self)
        if self.reader is not None:
            self.gate.keys.pop(self.reader.key, None)
        if self._entry is not None:
            self._entry.close()
        if self._thinking is not None:
            self._thinking.cancel()
        for leg in (self.reader, self.writer):
            if leg is None:
                continue
            leg.holder = None
            if leg.login is None:
                leg.transport.write(wire.message(wire.TERMINATE, b""))
            leg.transport.close()

    def pause_writing(self) -> None:
        for leg in (self.reader, self.writer):
            if leg is not None:
                leg.transport.pause_reading()

    def resume_writing(self) -> None:
        for leg in (self.reader, self.writer):
            if leg is not None:
                leg.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        try:
            if self._entry is not None:
                self._entry.feed(data)
                return
            if self._copying is not None:
                self._copying.transport.write(data)
                return
            self._pending = self._pending + data if self._pending else data
            if self._unit is None:
                self._go_on()
            elif len(self._pending) > _PENDING_BYTES_MAX:
                self.transport.pause_reading()
        except ProtocolError as error:
            self.end("08P01", str(error))

    def come_in(self, entry: Entry, rest: bytes) -> None:
        """The client is logged in; it hears so when its consistency mode is known."""
        assert self.reader is not None
        self._login, self._entry = entry, None
        self.positions = self.gate.positions(self.reader.target)
        self._tally = self.gate.tally(self.reader.target.name)
        self.gate.keys[self.reader.key] = self
        self._pending = rest
        self._unit = Unit(b"", wire.SYNC)
        self.reader.ask(_WHICH_MODE, self._welcome)

    def _welcome(self, answer: Answer) -> None:
        assert self.reader is not None
        self._has_mode(answer)
        if answer.rows and answer.rows[0][0] is None:
            # So that it can be shown.
            self.reader.ask(_DEFAULT_MODE)
        self._unit = None
        self.transport.write(wire.ready(IDLE))
        self._go_on()

    def _has_mode(self, answer: Answer) -> None:
        said = ((answer.rows[0][0] if answer.rows else None) or SESSION).lower()
        self._mode = said if said in MODES else SESSION
        self._is_mode_stale = False

    # What it asks

    def _go_on(self) -> None:
        """Take on what the client has said so far, as far as it can be."""
        while self._unit is None and self._pending:
            taken = units.taken(self._pending, 0, self._names)
            if taken is None:
                return
            unit, after = taken
            self._pending = self._pending[after:] if after < len(self._pending) else b""
            self._take(unit)
        if not self._pending and not self.transport.is_reading() and not self.transport.is_closing():
            self.transport.resume_reading()

    def _take(self, unit: Unit) -> None:
        if unit.kind == wire.TERMINATE:
            self.transport.close()
            self._unit = unit
            return
        if self._is_skipping:
            if unit.has_end:
                self._is_skipping = False
                self.transport.write(wire.ready(self._status()))
            return
        if unit.kind not in b"QSHF" or (unit.kind == wire.FLUSH and self._partial is None):
            # A server passes over data that nobody asked for.
            return
        self._unit = unit
        reader, writer = self.reader, self.writer
        assert reader is not None
        if self._is_mode_stale or unit.steps or unit.refused or self._partial is not None or self._mode == GLOBAL:
            self._think(unit)
        elif writer is not None and writer.status != IDLE:
            self._send(writer, unit)
        elif (unit.writes or (unit.leans and reader.status == IDLE)) and self._mode != OFF:
            if writer is None or reader.status != IDLE:
                self._think(unit)
            else:
                self._send(writer, unit)
        elif unit.reads and self._mode == SESSION and (self._telling is not None or self._is_behind()):
            self._think(unit)
        else:
            self._send(reader, unit)

    def _is_behind(self) -> bool:
        return self.positions is not None and self._wanted > self.positions.replayed

    def _status(self) -> int:
        """The client's transaction, wherever it is."""
        if self.writer is not None and self.writer.status != IDLE:
            return self.writer.status
        return self.reader.status if self.reader is not None else IDLE

    def _think(self, unit: Unit) -> None:
        self._thinking = asyncio.ensure_future(self._thought(unit))

    async def _thought(self, unit: Unit) -> None:
        """Send a unit to whom it belongs, when it may be asked there."""
        try:
            leg = await self._leg_for(unit)
        except asyncio.CancelledError:
            if self.transport.is_closing():
                raise
            await self._refuse(unit, "57014", "canceling statement due to user request")
            return
        except _FAILURES as error:
            code = error.code if isinstance(error, Refused) else "08006"
            await self._refuse(unit, code, f"write forwarding: {error}")
            return
        finally:
            self._thinking = None
        if leg is not None and not self.transport.is_closing():
            self._send(leg, unit)

    async def _leg_for(self, unit: Unit) -> Leg | None:
        """Where a unit is to go; None if the client has been answered without it."""
        reader, writer = self.reader, self.writer
        assert reader is not None
        if self._is_mode_stale:
            is_pinned = writer is not None and writer.status == OPEN
            if self._status() != FAILED:
                self._has_mode(await self._caught_up(writer if is_pinned and writer else reader).asked(_WHICH_MODE))
        if unit.wrong_mode and self._status() != FAILED:
            await self._refuse(
                unit,
                "22023",
                f'invalid value for parameter "{MODE}": "{unit.wrong_mode}"',
                f"Available values: {', '.join(MODES)}.",
            )
            return None
        if self._partial is not None:
            return await self._continued(unit)
        if writer is not None and writer.status != IDLE:
            if unit.refused and writer.status == OPEN:
                await self._refuse(unit, "0A000", f"{unit.refused} is not supported with write forwarding")
                return None
            return writer
        if self._mode != OFF and reader.status != FAILED and (unit.writes or (unit.leans and reader.status == IDLE)):
            return await self._writing(unit, reader)
        if unit.reads:
            await self._shown()
        return reader

    async def _writing(self, unit: Unit, reader: Leg) -> Leg | None:
        """The writer, with the transaction that has been the reader's so far."""
        if unit.refused:
            await self._refuse(unit, "0A000", f"{unit.refused} is not supported with write forwarding")
            return None
        if reader.status == IDLE:
            return await self._joined()
        for what, is_open in (("cursors", self._names.cursors - {b""}), ("savepoints", self._journal.savepoints)):
            if is_open:
                await self._refuse(unit, "0A000", f"open {what} are not supported with write forwarding")
                return None
        writer = await self._joined()
        for message in (wire.query(self._journal.begun or "BEGIN"), *self._journal.within()):
            await writer.asked(message)
        await reader.asked(_ROLLBACK)
        return writer

    async def _continued(self, unit: Unit) -> Leg | None:
        """Where the rest of what a Flush has divided goes: a write may have to leave where it began."""
        at = self._at
        assert at is not None
        wants_writer = (unit.writes or unit.leans) and self._mode != OFF and at is self.reader
        has_all = all(at.prepared.get(name) is self._names.statements.get(name) for name in unit.needs)
        if at.status == FAILED or (has_all and not wants_writer):
            if unit.reads and at is self.reader:
                await self._shown()
            return at
        if not await self._broken_off(at):
            self._skip(unit)
            return None
        if not wants_writer:
            return at
        for parse in self._names.statements.values():
            # What was prepared there a moment ago is needed here.
            if parse.name not in unit.needs and not any(one.name == parse.name for one in unit.parsed):
                unit.needs.append(parse.name)
        return await self._writing(unit, at)

    async def _broken_off(self, at: Leg) -> bool:
        """End what a Flush has left open, without the client's hearing of it; whether it has gone well so far."""
        answer = self._partial
        assert answer is not None
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.hides_ready = True
        answer.done = lambda _: answered.set_result(None)
        at.transport.write(wire.SYNC_MESSAGE)
        await answered
        self._partial = None
        return not answer.has_failed

    async def _joined(self) -> Leg:
        """The leg to the writer."""
        if self.writer is None:
            assert self._login is not None
            try:
                self.writer = await entries.joined(self, self._login)
            except Refused as error:
                self._tally.refused += error.code == _NO_ROOM
                raise
        return self._caught_up(self.writer)

    def _caught_up(self, leg: Leg) -> Leg:
        """A leg that has had all that the session has set."""
        for message in self._journal.owed(leg):
            leg.prepared.pop(b"", None)
            leg.ask(message)
        return leg

    async def _shown(self) -> None:
        """Wait until a reader shows what this session must see."""
        positions = self.positions
        assert positions is not None
        self._is_waiting = True
        began_at = time.monotonic()
        try:
            if self._mode == SESSION:
                if self._telling is not None:
                    await asyncio.shield(self._telling)
                await positions.reached(self._wanted)
            elif self._mode == GLOBAL:
                await positions.reached(await positions.written())
            else:
                return
            self._tally.waits += 1
            self._tally.wait_seconds += time.monotonic() - began_at
        finally:
            self._is_waiting = False

    # To a server, and back

    def _send(self, leg: Leg, unit: Unit) -> None:
        self._caught_up(leg)
        for name in unit.needs:
            self._bring(leg, name)
        self._at = leg
        if self._partial is None:
            self._before = leg.status
            answer = Answer(True)
            leg.expected.append(answer)
        else:
            answer = self._partial
            unit.follows(self._earlier)
        if leg is self.writer:
            self._sent_at = time.monotonic()
        leg.transport.write(unit.data)
        for parse in unit.parsed:
            leg.prepared[parse.name] = parse
        if unit.is_simple:
            leg.prepared.pop(b"", None)
        for name in unit.closed:
            self._closed(leg, name)
        if unit.has_end:
            self._partial = None
        else:
            self._partial, self._earlier = answer, unit
            self._unit = None

    def _bring(self, leg: Leg, name: bytes) -> None:
        """Have a server know a statement that was prepared elsewhere."""
        parse = self._names.statements.get(name)
        if parse is None or leg.prepared.get(name) is parse:
            return
        stale = wire.message(wire.CLOSE, b"S" + name + b"\0") if name in leg.prepared else b""
        leg.prepared[name] = parse
        leg.ask(stale + parse.message() + wire.SYNC_MESSAGE)

    def _closed(self, leg: Leg, name: bytes) -> None:
        for other in (self.reader, self.writer):
            if other is None or other.prepared.pop(name, None) is None or other is leg:
                continue
            other.ask(wire.message(wire.CLOSE, b"S" + name + b"\0") + wire.SYNC_MESSAGE)

    def passed(self, leg: Leg, data: bytes) -> None:
        """See `Holder.passed`."""
        self.transport.write(data)

    def ended(self, leg: Leg, answer: Answer) -> None:
        """See `Holder.ended`."""
        unit, self._copying = self._unit, None
        if unit is None or leg is not self._at:
            return
        if answer.has_failed:
            for parse in unit.parsed:
                # Whether it came to be is not known.
                leg.prepared.pop(parse.name, None)
        elif unit.steps:
            self._noted(unit, leg)
        if leg is self.writer:
            self._count(unit, answer.has_failed)
        if leg.status == IDLE:
            self._names.forget_transaction()
            if self._before != IDLE:
                self._journal.ended(leg)
                self._is_mode_stale |= self._is_mode_passing
                self._is_mode_passing = False
            if leg is self.writer and self._mode == SESSION:
                self._ask_position(leg)
            if leg is self.writer and self._mode in (SESSION, GLOBAL) and self.positions is not None:
                self.positions.expect()
        self._unit = None
        try:
            self._go_on()
        except ProtocolError as error:
            self.end("08P01", str(error))

    def _count(self, unit: Unit, has_failed: bool) -> None:
        """Add what was forwarded, now that the writer is done with it."""
        assert self.writer is not None
        if unit.writes:
            self._tally.statements += 1
            self._tally.statement_seconds += time.monotonic() - self._sent_at
        # What only prepares a statement has nothing to commit.
        is_over = self.writer.status == IDLE and not has_failed
        if is_over and (self._before == OPEN or (unit.writes and self._before == IDLE)):
            self._tally.commits += not any(step.kind == "rollback" for step in unit.steps)

    def forwards(self) -> tuple[str, bool] | None:
        """See `Connection.forwards`."""
        writer, reader = self.writer, self.reader
        if writer is None or reader is None:
            return None
        return reader.target.name, writer.status != IDLE or (self._at is writer and self._unit is not None)

    _is_mode_passing = False
    """Whether the mode may be another one when the transaction ends."""

    def _noted(self, unit: Unit, leg: Leg) -> None:
        for step in unit.steps:
            if step.kind == "deallocate":
                for name in [step.name.encode()] if step.name != "*" else list(self._names.statements):
                    self._names.statements.pop(name, None)
                    self._closed(leg, name)
                self._deallocated(step.text, leg)
        self._journal.note(unit, leg, self._before, self._names)
        if unit.touches_mode:
            self._is_mode_stale = True
            self._is_mode_passing = leg.status != IDLE

    def _deallocated(self, text: bytes, leg: Leg) -> None:
        for other in (self.reader, self.writer):
            if other is not None and other is not leg and other.status == IDLE:
                other.ask(wire.query(text))

    def _ask_position(self, writer: Leg) -> None:
        """Have the writer say how far the log is: behind what the client has just got to know."""
        self._telling = telling = asyncio.get_running_loop().create_future()

        def told(answer: Answer) -> None:
            self._wanted = max(self._wanted, position(answer))
            if not telling.done():
                telling.set_result(None)
            if self._telling is telling:
                self._telling = None

        writer.ask(WRITTEN, told)

    def copies(self, leg: Leg) -> None:
        """See `Holder.copies`."""
        self._copying = leg
        pending, self._pending = self._pending, b""
        if pending:
            leg.transport.write(pending)

    def held(self, leg: Leg, is_full: bool) -> None:
        """See `Holder.held`."""
        if is_full:
            self.transport.pause_reading()
        elif not self.transport.is_closing():
            self.transport.resume_reading()

    def lost(self, leg: Leg) -> None:
        """See `Holder.lost`."""
        if leg is self.reader:
            self.transport.close()
        elif leg is self.writer:
            is_needed = leg.status != IDLE or (self._at is leg and self._unit is not None and self._thinking is None)
            self.writer = None
            if is_needed:
                self.end("57P01", _GONE)

    # Ends

    async def _refuse(self, unit: Unit, code: str, text: str, hint: str = "") -> None:
        """Answer a unit with an error, after which the client's transaction has failed, as with any error."""
        leg = self.writer if self.writer is not None and self.writer.status != IDLE else self.reader
        assert leg is not None
        if leg.status == OPEN:
            said = text.replace("$", "").replace("'", "''").replace("%", "%%")
            failing = f"DO $fogbank$BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = '{code}'; END$fogbank$"
            with contextlib.suppress(Refused):
                await leg.asked(wire.query(failing))
        if self.transport.is_closing():
            return
        self.transport.write(wire.error(code, text, hint=hint))
        self._skip(unit)

    def _skip(self, unit: Unit) -> None:
        """Be done with a unit that has failed, and with what comes up to its Sync."""
        self._is_skipping = not unit.has_end
        if unit.has_end:
            self.transport.write(wire.ready(self._status()))
        self._unit = None
        self._thinking = None
        self._go_on()

    async def cancelled(self, key: bytes) -> None:
        """Cancel what the session with a key does: this connection was made to ask for it."""
        other = self.gate.keys.get(key)
        if other is not None:
            await other.interrupt()
        self.transport.close()

    async def interrupt(self) -> None:
        """Have what is under way be cancelled."""
        if self._thinking is not None:
            # Whatever else it is at, it has soon done.
            if self._is_waiting:
                self._thinking.cancel()
        elif self._at is not None and self._unit is not None:
            await legs.cancel(self._at.target, self.gate.paths, self._at.key)

    def end(self, code: str, text: str) -> None:
        """Tell the client why it is cut off."""
        if not self.transport.is_closing():
            self.transport.write(wire.error(code, text, severity="FATAL"))
            self.transport.close()

    def moved(self, front: Front) -> None:
        """See `Connection.moved`."""
        target: Target | None = self.reader.target if self.reader is not None else None
        if front.forwarding is None or (target is not None and target not in front.targets):
            self.cut()
            return
        writer = self.writer
        if writer is None or writer.target == front.forwarding.writer:
            return
        if writer.status != IDLE or (self._at is writer and self._unit is not None):
            self.cut()
            return
        self.writer, writer.holder = None, None
        writer.transport.abort()

    def cut(self) -> None:
        """See `Connection.cut`."""
        for leg in (self.reader, self.writer):
            if leg is not None:
                leg.transport.abort()
        self.transport.abort()
