"""Relays over a line: bytes arrive later than they were sent, in order, and no more are on the way than it holds."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from fogbank.planes.engines.proxies import Front
from fogbank.planes.engines.proxy.relay import End, Relay

if TYPE_CHECKING:
    from fogbank.planes.engines.proxy.serving import Gate

ON_THE_WAY_BYTES_MAX = 8 << 20
"""In each direction of a connection: over 100 ms that is 80 MB/s."""
_END = b""
"""Stands among what is on the way for: nothing more comes."""


class Line:
    """One direction: what an end has said, on its way to the other."""

    def __init__(self, source: End, sink: End, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds
        """Holds for what comes from now on; nothing overtakes what is on the way."""
        self._source, self._sink = source, sink
        self._way: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_held = False
        """Whether the sink takes nothing for now."""
        self._is_full = False
        self._closes = False
        self._is_cut = False

    def put(self, data: bytes) -> None:
        """Take what the source says."""
        if self._is_cut:
            return
        self._send(data)
        self._bytes += len(data)
        if self._bytes >= ON_THE_WAY_BYTES_MAX and not self._is_full:
            self._is_full = True
            self._source.transport.pause_reading()

    def end(self, *, closes: bool = False) -> None:
        """The source says nothing more, or is gone."""
        self._closes = self._closes or closes
        if not self._is_cut:
            self._send(_END)

    def hold(self, is_held: bool) -> None:
        """Let nothing arrive for now, or go on."""
        self._is_held = is_held
        self._arrive()

    def stop(self) -> None:
        """What is on the way is lost, and what comes."""
        self._is_cut = True
        self._way.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, data: bytes) -> None:
        due_at = time.monotonic() + self.delay_seconds
        self._way.append((max(due_at, self._way[-1][0]) if self._way else due_at, data))
        if self._timer is None:
            self._arrive()

    def _arrive(self) -> None:
        """Hand over what is due, and come again when the next is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._way and not self._is_held and self._way[0][0] <= time.monotonic():
            _, data = self._way.popleft()
            if data:
                self._bytes -= len(data)
                self._sink.transport.write(data)
            elif self._closes and not self._way:
                self._sink.transport.close()
                self._source.transport.close()
            elif not self._sink.transport.is_closing() and self._sink.transport.can_write_eof():
                self._sink.transport.write_eof()
        if self._is_full and self._bytes <= ON_THE_WAY_BYTES_MAX // 2 and not self._source.transport.is_closing():
            self._is_full = False
            self._source.transport.resume_reading()
        if self._way and not self._is_held:
            seconds = max(0.0, self._way[0][0] - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(seconds, self._arrive)


class FarEnd(End):
    """One end of a relay over a line."""

    line: Line | None = None
    """To the other end."""
    back: Line | None = None
    """From there."""

    def data_received(self, data: bytes) -> None:
        if self.line is not None:
            self.line.put(data)
        else:
            self.early += data
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        if self.back is not None:
            self.back.hold(True)

    def resume_writing(self) -> None:
        if self.back is not None:
            self.back.hold(False)

    def eof_received(self) -> bool:
        self.has_ended = True
        if self.line is not None:
            self.line.end(closes=self.peer is not None and self.peer.has_ended)
        return True

    def catch_up(self) -> None:
        assert self.peer is not None
        early, self.early = self.early, b""
        if early:
            assert self.line is not None
            self.transport.resume_reading()
            self.line.put(early)
        if self.has_ended and self.line is not None:
            self.line.end()

    def connection_lost(self, exc: Exception | None) -> None:
        peer, self.peer = self.peer, None
        if peer is None:
            return
        peer.peer = None
        if self.back is not None:
            # Nobody is there any more to whom it could arrive.
            self.back.stop()
        if self.line is not None:
            self.line.end(closes=True)


class FarRelay(FarEnd, Relay):
    """A client, and whoever of those behind a line takes the connection."""

    end = FarEnd

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._lines: tuple[Line, ...] = ()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        FarEnd.connection_lost(self, exc)

    def joined(self, other: End) -> None:
        """Both ends are there: the line is between them."""
        assert isinstance(other, FarEnd)
        delay = self._gate.front.delay_seconds or 0.0
        self.line, other.line = Line(self, other, delay), Line(other, self, delay)
        self.back, other.back = other.line, self.line
        self._lines = (self.line, other.line)
        super().joined(other)

    def moved(self, front: Front) -> None:
        for line in self._lines:
            line.delay_seconds = front.delay_seconds or 0.0
        super().moved(front)

    def cut(self) -> None:
        for line in self._lines:
            line.stop()
        super().cut()
