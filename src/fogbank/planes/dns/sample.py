"""How far a name server is: questions from inside a namespace, and how long their answers take."""

from __future__ import annotations

import asyncio
import socket
import time

from fogbank.planes.dns import message
from fogbank.planes.dns.read import question
from fogbank.planes.net.net import Listen, Net

_PORT = 53
_TIMES = 3
_SECONDS = 2.0


async def round_trip(net: Net, ns: str, address: str, server: str) -> float | None:
    """The shortest of three round trips to a name server in seconds of machine time; None if nothing comes back.

    The questions are asked from an address of the namespace. Raises WorldError.
    """
    sock = await net.open(Listen(ns, address, 0, is_stream=False))
    found: list[float] = []
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (server, _PORT))
        async with asyncio.timeout(_SECONDS):
            for number in range(_TIMES):
                found.append(await _asked(sock, number))
    except (TimeoutError, OSError):
        return min(found, default=None)
    finally:
        sock.close()
    return min(found)


async def _asked(sock: socket.socket, number: int) -> float:
    loop = asyncio.get_running_loop()
    sent_at = time.perf_counter()
    await loop.sock_sendall(sock, question(number, ".", message.SOA))
    # An answer to an earlier question is not this one's.
    while (await loop.sock_recv(sock, 512))[:2] != number.to_bytes(2, "big"):
        continue
    return time.perf_counter() - sent_at
