"""For tests: how fast data goes from one namespace to another."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from fogbank.planes.net.net import Listen, Net

_PIECE = bytes(64 << 10)
_ROOM_BYTES = 1 << 20


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
        self.bytes = 0
        """What has arrived."""

    async def speed(self, seconds: float) -> float:
        """Bytes a second that arrive from now on."""
        before, began = self.bytes, time.monotonic()
        await asyncio.sleep(seconds)
        return (self.bytes - before) / (time.monotonic() - began)


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
            tasks += [asyncio.create_task(_send(sock)), asyncio.create_task(_count(accepted, found))]
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


async def _count(sock: socket.socket, found: Sending) -> None:
    loop, room = asyncio.get_running_loop(), bytearray(_ROOM_BYTES)
    while got := await loop.sock_recv_into(sock, room):
        found.bytes += got
