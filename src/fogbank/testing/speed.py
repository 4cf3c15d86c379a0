"""For tests: how fast data goes from one namespace to another."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import sys
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from fogbank.planes.net.net import Listen, Net

_PIECE = bytes(64 << 10)
_ROOM_BYTES = 1 << 20
_SLICE_SECONDS = 0.01
_LOST_SHARE_MAX, _TRIALS_MAX = 0.1, 5
_RECEIVED_AT = 128


class Way(NamedTuple):
    """From an address in one namespace to one in another."""

    ns: str
    address: str
    to_ns: str
    to_address: str
    port: int = 5001

    @property
    def back(self) -> Way:
        return Way(self.to_ns, self.to_address, self.ns, self.address, self.port)


class Sending:
    """Connections over a way that carry what they can."""

    def __init__(self) -> None:
        self.accepted: list[socket.socket] = []

    async def speed(self, seconds: float) -> float:
        """Bytes a second that arrive from now on, in a time in which the machine had time for us.

        A machine that is busy elsewhere sends nothing, and afterwards as much as a limit has saved up for it: it is
        measured again then.
        """
        best = _Window(math.inf, 0.0)
        for _ in range(_TRIALS_MAX):
            best = min(best, await self._window(seconds))
            if best.lost_seconds < _LOST_SHARE_MAX * seconds:
                break
        return best.speed

    async def _window(self, seconds: float) -> _Window:
        before, began, lost = self._arrived(), time.monotonic(), 0.0
        while (now := time.monotonic()) < began + seconds:
            await asyncio.sleep(_SLICE_SECONDS)
            lost += max(0.0, time.monotonic() - now - 2 * _SLICE_SECONDS)
        return _Window(lost, (self._arrived() - before) / (time.monotonic() - began))

    def _arrived(self) -> int:
        """Bytes that have come to the kernel. When somebody reads them, says nothing of the network."""
        return sum(_received(sock) for sock in self.accepted)


class _Window(NamedTuple):
    lost_seconds: float
    """In which the machine did something else."""
    speed: float


def _received(sock: socket.socket) -> int:
    """`tcpi_bytes_received` of tcp(7)."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED_AT + 8)
    return int.from_bytes(info[_RECEIVED_AT:], sys.byteorder)


@contextlib.asynccontextmanager
async def sending(net: Net, way: Way, connections: int = 1) -> AsyncIterator[Sending]:
    """`async with sending(net, way) as found:` TCP connections that carry data until the end. Raises OSError."""
    found, loop = Sending(), asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(await net.open(Listen(way.to_ns, way.to_address, way.port)))
        listening.listen()
        tasks: list[asyncio.Task[None]] = []
        for _ in range(connections):
            sock = stack.enter_context(await net.open(Listen(way.ns, way.address, 0)))
            await asyncio.wait_for(loop.sock_connect(sock, (way.to_address, way.port)), 5)
            accepted, _ = await loop.sock_accept(listening)
            stack.enter_context(accepted)
            found.accepted.append(accepted)
            tasks += [asyncio.create_task(_send(sock)), asyncio.create_task(_read(accepted))]
        try:
            yield found
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _send(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await loop.sock_sendall(sock, _PIECE)


async def _read(sock: socket.socket) -> None:
    loop, room = asyncio.get_running_loop(), bytearray(_ROOM_BYTES)
    while await loop.sock_recv_into(sock, room):
        continue
