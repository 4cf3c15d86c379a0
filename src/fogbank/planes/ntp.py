"""Network time (RFC 5905, as a simple server): this machine's time, to whoever asks inside the network.

Not cloud time: namespaces share the machine's one clock, and whoever follows this server sets it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

_EPOCH_1900 = 2_208_988_800
_PACKET = struct.Struct("!BBbbIII8s8s8s8s")
_CLIENT, _SERVER = 3, 4
_STRATUM = 3
_PRECISION = -20
_ROOT = 0xA9FEA97B
"""169.254.169.123, in the place of the server that this one follows."""


async def serve(sock: socket.socket) -> Callable[[], None]:
    """Answer on a bound datagram socket until the returned function is called."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(_Time, sock=sock)
    return transport.close


def answered(data: bytes, now: float) -> bytes | None:
    """The answer to a client's packet, `now` in seconds since 1970; None for what is no question."""
    if len(data) < _PACKET.size:
        return None
    version, mode = data[0] >> 3 & 7, data[0] & 7
    if mode != _CLIENT or not 1 <= version <= 4:
        return None
    stamp = _stamp(now)
    first = version << 3 | _SERVER
    # The client's own time of sending comes back to it as the origin.
    return _PACKET.pack(first, _STRATUM, data[2], _PRECISION, 0, 0, _ROOT, stamp, data[40:48], stamp, stamp)


def _stamp(seconds: float) -> bytes:
    return struct.pack("!II", int(seconds) + _EPOCH_1900 & 0xFFFFFFFF, int(seconds % 1 * 2**32))


class _Time(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        said = answered(data, time.time())
        if said is not None:
            self._transport.sendto(said, addr)
