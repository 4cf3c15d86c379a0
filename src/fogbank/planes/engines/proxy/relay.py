"""Relays: what a client sends goes to a target, and what that answers comes back, byte by byte."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Front, Target
from fogbank.planes.engines.proxy.sockets import connected

if TYPE_CHECKING:
    from fogbank.planes.engines.proxy.serving import Gate

_LOG = logging.getLogger("fogbank.proxy")


class End(asyncio.Protocol):
    """One end of a relay. It reads no quicker than the other end writes, and closes when both have said all."""

    transport: asyncio.Transport
    peer: End | None = None
    has_ended = False
    """Whether it will say nothing more."""
    early = b""
    """What it has said before there was somebody to hear it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None:
            self.peer.transport.write(data)
        else:
            self.early += data
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        if self.peer is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None:
            self.peer.transport.resume_reading()

    def eof_received(self) -> bool:
        self.has_ended = True
        peer = self.peer
        if peer is None:
            return True
        if peer.has_ended:
            peer.transport.close()
            return False
        if peer.transport.can_write_eof():
            peer.transport.write_eof()
        return True

    def catch_up(self) -> None:
        """Pass on what came before there was a peer."""
        assert self.peer is not None
        early, self.early = self.early, b""
        if early:
            self.transport.resume_reading()
            self.peer.transport.write(early)
        if self.has_ended:
            self.peer.transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        peer, self.peer = self.peer, None
        if peer is None:
            return
        peer.peer = None
        if exc is None:
            peer.transport.close()
        else:
            peer.transport.abort()


class Relay(End):
    """A client, and whoever of those behind the front takes the connection."""

    end: type[End] = End
    """What the other end is."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._leading: asyncio.Task[None] | None = None
        self.target: Target | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._gate.connections.add(self)
        self._leading = asyncio.ensure_future(self._lead())

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _forget(self) -> None:
        self._gate.connections.discard(self)
        if self._leading is not None:
            self._leading.cancel()

    def moved(self, front: Front) -> None:
        """The front has other targets: go on only with one that is still among them."""
        if self.target is not None and self.target not in front.targets:
            self.cut()

    def cut(self) -> None:
        """End the connection at once, on both ends."""
        if self.peer is not None:
            self.peer.transport.abort()
        self.transport.abort()

    def forwards(self) -> None:
        """See `Connection.forwards`."""

    async def _lead(self) -> None:
        """Connect to the next target that takes it; with none, the client is told by the connection's end."""
        for target in self._gate.in_turn():
            self.target = target
            try:
                other = await connected(target, self._gate.paths, self.end)
            except (OSError, WorldError, TimeoutError) as error:
                _LOG.info("%s does not take a connection: %s", target.name, error)
                continue
            if self.transport.is_closing() or target not in self._gate.front.targets:
                other.transport.abort()
                break
            if other.transport.is_closing():
                # It has said why, and gone.
                self.transport.write(other.early)
                self.transport.close()
                return
            self.joined(other)
            return
        self.transport.abort()

    def joined(self, other: End) -> None:
        """Both ends are there."""
        self.peer, other.peer = other, self
        self.catch_up()
        other.catch_up()
