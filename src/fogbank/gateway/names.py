"""DNS for programs of this machine: a loopback address of UDP and TCP, served by the process's one loop."""

from __future__ import annotations

import socket
from collections.abc import Callable

from fogbank.planes.dns import server
from fogbank.planes.dns.server import Answers, Terms

ADDRESS = "127.0.0.1"
_TRIES = 16


class HostNames:
    """The two sockets, at one port."""

    def __init__(self) -> None:
        self.at = ""
        """`address:port`; empty while nothing listens."""
        self._closes: list[Callable[[], None]] = []

    async def open(self, port: int, answers: Answers, terms: Terms = Terms()) -> None:  # noqa: B008
        """Listen; port 0 takes a free one. Raises OSError where the port is taken or not ours to take."""
        for sock in bound(port):
            self._closes.append(await server.serve(sock, answers, terms))
            self.at = f"{ADDRESS}:{sock.getsockname()[1]}"

    def close(self) -> None:
        for close in self._closes:
            close()
        self._closes.clear()
        self.at = ""


def bound(port: int) -> tuple[socket.socket, socket.socket]:
    """A stream and a datagram socket of one loopback port, 0 for a free one. Raises OSError."""
    for left in reversed(range(_TRIES)):
        stream, datagrams = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        try:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stream.bind((ADDRESS, port))
            datagrams.bind((ADDRESS, stream.getsockname()[1]))
        except OSError:
            stream.close()
            datagrams.close()
            if port or not left:
                raise
            continue
        stream.setblocking(False)
        datagrams.setblocking(False)
        return stream, datagrams
    raise OSError("no port is free for both UDP and TCP")
