"""Doors inside the network: sockets made in namespaces, served by the process's one loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from functools import partial
from ssl import SSLContext
from typing import Protocol

from fogbank.aws.errors import WorldError
from fogbank.gateway.server import Server
from fogbank.planes import ldap, ntp
from fogbank.planes.dns import server as dns
from fogbank.planes.dns.message import Answer, Query
from fogbank.planes.doors import Door
from fogbank.planes.net.net import Listen, Net

_HOP_LIMIT = 1
"""Of what the metadata service answers: a container behind an instance's bridge is one hop too far (EC2 User Guide)."""


class Inside(Protocol):
    """Whoever answers."""

    def resolve(self, name: str, query: Query, asker: str, /) -> Answer:
        """Told a door's name, a question, and who asks."""

    def terms(self, name: str, /) -> dns.Terms:
        """Told a door's name: how names are served there."""

    def logged_in(self, name: str, who: str, password: str, /) -> bool:
        """Told a door's name, the name that somebody logs in by, and the password."""


class OpenDoors:
    """Keeps the doors of each owner open. Closing one closes its sockets; connections in hand end by themselves."""

    def __init__(self, net: Net, server: Callable[[], Server], tls: Callable[[], SSLContext], inside: Inside) -> None:
        self._net = net
        self._server = server
        self._inside = inside
        self._tls = tls
        self._open: dict[str, dict[Door, list[Callable[[], None]]]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def set(self, owner: str, doors: Sequence[Door]) -> None:
        if not self._net.has_packets:
            # Nobody is inside who could knock.
            doors = [door for door in doors if not door.ns]
        async with self._turns.setdefault(owner, asyncio.Lock()):
            known = self._open.setdefault(owner, {})
            for gone in set(known) - set(doors):
                for close in known.pop(gone):
                    close()
            for door in sorted(set(doors) - set(known)):
                known[door] = await self._opened(door)
            if not known:
                del self._open[owner]

    def close(self) -> None:
        """Close every door."""
        for known in self._open.values():
            for closes in known.values():
                for close in closes:
                    close()
        self._open.clear()

    async def _opened(self, door: Door) -> list[Callable[[], None]]:
        closes: list[Callable[[], None]] = []
        try:
            if door.kind == "dns":
                for is_stream in (False, True):
                    sock = await self._net.open(Listen(door.ns, door.address, 53, is_stream))
                    answers = partial(self._inside.resolve, door.name)
                    closes.append(await dns.serve(sock, answers, self._inside.terms(door.name)))
            elif door.kind == "time":
                closes.append(await ntp.serve(await self._net.open(Listen(door.ns, door.address, 123, False))))
            elif door.kind == "logins":
                sock = await self._listening(Listen(door.ns, door.address, door.port))
                closes.append(await ldap.serve(sock, partial(self._inside.logged_in, door.name)))
            elif door.kind == "metadata":
                sock = await self._net.open(Listen(door.ns, door.address, 80))
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, _HOP_LIMIT)
                closes.append((await self._server().listen(sock, None, f"metadata {door.name}")).close)
            else:
                for port, context in ((80, None), (443, self._tls())):
                    sock = await self._net.open(Listen(door.ns, door.address, port))
                    closes.append((await self._server().listen(sock, context, f"api {door.name}")).close)
        except BaseException as error:
            for close in closes:
                close()
            if isinstance(error, OSError):
                raise WorldError(f"{door.kind} at {door.address} in {door.ns}: {error}") from error
            raise
        return closes

    async def _listening(self, wanted: Listen) -> socket.socket:
        """A bound socket in a namespace, or on the machine."""
        if wanted.ns:
            return await self._net.open(wanted)
        return socket.create_server((wanted.address, wanted.port))
