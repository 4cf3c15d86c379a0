"""Listening sockets of the API, with one clock and one set of limits for all their connections."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from ssl import SSLContext
from typing import Protocol

import msgspec

from fogbank.codec.message import Request, Response
from fogbank.gateway.body import BodyPlan, BodyStream
from fogbank.gateway.connection import Connection
from fogbank.gateway.head import Received, Upgrade, plain

__all__ = ["Application", "BodyPlan", "BodyStream", "Limits", "Received", "Server", "Upgrade", "plain"]

_SWEEP_SECONDS_MAX = 1.0


class Limits(msgspec.Struct, frozen=True):
    """What one client may cost; past each limit the status in the comment, then the connection closes."""

    head_bytes_max: int = 128 * 1024  # 431
    target_bytes_max: int = 64 * 1024  # 414
    body_bytes_max: int = 128 * 1024 * 1024  # 413; of a body held in memory: a stream has its plan's own bound
    idle_seconds: float = 75.0  # closed silently
    head_seconds: float = 20.0  # 408
    body_seconds: float = 60.0  # 408; without one byte while one is wanted
    write_seconds: float = 300.0  # reset; the client does not read its answer
    drain_bytes_max: int = 256 * 1024  # the rest of a refused body that is read to keep the connection
    linger_seconds: float = 2.0  # how long a client may take to read a refusal before the reset
    connections_max: int = 10_000  # 503
    pipeline_max: int = 32  # requests that wait on one connection before it is read no further


class Application(Protocol):
    """What the server calls; both methods run on the loop."""

    def head(self, request: Request) -> BodyPlan | Response | Upgrade:
        """Decide before any body byte is wanted, and before `100 Continue`; a Response refuses at once.

        With pipelining it may be called while an earlier request of the same connection is still being answered.
        """

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer. A Response returned directly costs no task; an awaitable is cancelled when the client leaves."""


class Server:
    """Serves `app` on any number of sockets. Its counters may be read at any time.

    `now` gives the seconds since 1970 that the Date header tells; `new_id` the ids of failures.
    """

    def __init__(
        self,
        app: Application,
        limits: Limits | None = None,
        *,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.app = app
        self.limits = limits or Limits()
        self.new_id = new_id
        self.loop: asyncio.AbstractEventLoop
        self.stopping = False
        self.requests_total = 0
        self.connections_total = 0
        self._now = now
        self._second = -1
        self._lines = ""
        self._listeners: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._upgraded: set[asyncio.Transport] = set()
        self._empty: asyncio.Event
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def connections_open(self) -> int:
        """How many connections are open, without those that an upgrade took away."""
        return len(self._connections)

    async def listen(self, sock: socket.socket, ssl: SSLContext | None = None, name: str = "") -> asyncio.Server:
        """Accept on a bound socket, made in any namespace; requests carry `name` as `Received.listener`.

        The answer's `close()` ends this one listener; `stop` ends all.
        """
        self.loop = asyncio.get_running_loop()
        if not self._listeners:
            self._empty = asyncio.Event()
        listener = await self.loop.create_server(
            lambda: Connection(self, name),
            sock=sock,
            ssl=ssl,
            backlog=1024,
            ssl_handshake_timeout=self.limits.head_seconds if ssl else None,
        )
        self._listeners.append(listener)
        return listener

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """Accept no more, let the requests in flight finish (`Connection: close`), after `grace_seconds` reset them."""
        self.stopping = True
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.drain()
        await self._left_within(grace_seconds)
        for transport in list(self._upgraded):
            transport.abort()
        for connection in list(self._connections):
            connection.abort()
        await self._left_within(1.0)
        # What was cancelled has its turn before this returns.
        await asyncio.sleep(0)
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def _left_within(self, seconds: float) -> None:
        if not self._connections:
            return
        self._empty.clear()
        # Not by `wait_for`, which in Python 3.11 loses a cancellation that comes together with the last one's leaving.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()

    def admit(self, connection: Connection) -> bool:
        """Count a connection in; whether there is room for it."""
        self.connections_total += 1
        self._connections.add(connection)
        if self._sweeping is None:
            self._sweep()
        return len(self._connections) <= self.limits.connections_max

    def leave(self, connection: Connection, upgraded: asyncio.Transport | None = None) -> None:
        """Count a connection out; one that was `upgraded` is only reset when the server stops."""
        self._connections.discard(connection)
        if upgraded is not None:
            self._upgraded = {transport for transport in self._upgraded if not transport.is_closing()} | {upgraded}
        if not self._connections:
            self._empty.set()

    def lines(self) -> str:
        """The header lines of every answer: Date (RFC 9110 section 6.6.1, made once a second) and Server."""
        second = int(self._now())
        if second != self._second:
            self._second = second
            self._lines = f"Date: {formatdate(second, usegmt=True)}\r\nServer: fogbank\r\n"
        return self._lines

    def _sweep(self) -> None:
        # One timer for all: arming one per request would cost more than parsing it.
        self._sweeping = None
        now = self.loop.time()
        for connection in [connection for connection in self._connections if connection.deadline <= now]:
            connection.expire()
        if self._connections:
            limits = self.limits
            shortest = min(limits.idle_seconds, limits.head_seconds, limits.body_seconds, limits.linger_seconds)
            self._sweeping = self.loop.call_later(min(shortest / 4, _SWEEP_SECONDS_MAX), self._sweep)
