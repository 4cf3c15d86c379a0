"""Knocking: one packet from inside a namespace, and what comes back."""

from __future__ import annotations

import asyncio
from typing import Literal

from fogbank.planes.net.net import Listen, Net

SECONDS = 0.8
Heard = Literal["answered", "refused", "unreachable", "nothing"]


async def knock(net: Net, ns: str, address: str, port: int, *, is_stream: bool = True) -> Heard:
    """Try to connect (TCP), or to have a datagram answered; `nothing` is how dropping looks. Raises WorldError."""
    sock = await net.open(Listen(ns, "::" if ":" in address else "0.0.0.0", 0, is_stream))  # noqa: S104 - inside
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            sock.setblocking(False)
            await loop.sock_connect(sock, (address, port))
            if not is_stream:
                await loop.sock_sendall(sock, b"?")
                await loop.sock_recv(sock, 1)
            return "answered"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "nothing"
    except OSError:
        return "unreachable"
    finally:
        sock.close()
