"""For tests: a cloud whose network is the kernel's, and probes that send packets through it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson

from fogbank.planes.net.kernel import KernelNet
from fogbank.planes.net.namespaces import prefix_of
from fogbank.planes.net.net import Listen, Ran
from fogbank.services.ec2.network import names
from fogbank.testing import MakeChecks, MakeDatabases, MakeProxies, MakeRouters, TestCloud

T = TypeVar("T")
SILENCE_SECONDS = 0.4
"""How long a probe waits: an answer within a machine takes microseconds, and what is dropped never comes."""
_SLICE_SECONDS = 0.02


class Network:
    """A cloud of this test's own with real packets, which leaves nothing behind."""

    def __init__(
        self,
        mode: str = "full",
        databases: MakeDatabases | None = None,
        proxies: MakeProxies | None = None,
        routers: MakeRouters | None = None,
        checks: MakeChecks | None = None,
        **settings: Any,
    ) -> None:
        self.cloud = TestCloud(
            net=lambda folder: KernelNet(prefix_of(folder), mode, folder),
            databases=databases,
            proxies=proxies,
            routers=routers,
            checks=checks,
            is_running=True,
            **settings,
        )
        self.net = self.cloud.cloud.net
        self._servers: list[Callable[[], None]] = []

    def close(self) -> None:
        """End everything, and leave nothing on the machine."""
        self.hush()
        self.run(self.net.clear())
        self.cloud.close()

    def forget(self) -> None:
        """Reset the cloud: no servers, no records, no network; the next test finds an empty world."""
        self.hush()
        self.cloud.cloud.reset()
        self.run(self.cloud.cloud.emptied())

    def hush(self) -> None:
        """Close all servers and kept connections; the network stays."""
        for close in self._servers:
            close()
        self._servers.clear()
        self.run(asyncio.sleep(0))

    def run(self, work: Awaitable[T]) -> T:
        found: T = self.cloud.run(work)
        return found

    def ec2(self, operation: str, *, region: str = "us-east-1", account: str = "", **params: Any) -> dict[str, Any]:
        """An operation of EC2, and what follows from it done."""
        from fogbank.control import caller as callers

        caller = callers.root(account) if account else None
        result = self.cloud.call("ec2", operation, params, region=region, caller=caller)
        self.settle()
        return result

    def page(self, service: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What one of fogbank's own pages of a service answers, once the network has followed; it has to be 200."""
        from fogbank.codec.message import Request
        from fogbank.control import caller as callers

        ctx = self.cloud.cloud.context(service, "page", callers.anonymous(), "us-east-1")
        installed = self.cloud.cloud.services.get(service)
        answers = installed.page("answer") if installed is not None else None
        assert answers is not None
        request = Request(method, f"/_fogbank/{path}", "", {}, orjson.dumps(body) if body is not None else b"")
        response = self.run(answers(ctx, request))
        answer: dict[str, Any] = orjson.loads(response.body)
        assert response.status == 200, answer
        self.settle()
        return answer

    def settle(self) -> None:
        """Wait until the network is what the records say."""
        self.run(self.cloud.cloud.settled())

    def command(self, ns: str, *argv: str, seconds: float = 10.0) -> Ran:
        """Run a command inside a namespace."""
        ran: Ran = self.run(self.net.run(ns, argv, seconds=seconds))
        return ran

    def serve(self, ns: str, address: str, port: int = 80, *, udp: bool = False) -> None:
        """Answer at an address inside a namespace, with the address of whoever asks."""
        self.run(self._serve(Listen(ns, address, port, not udp)))

    async def _serve(self, wanted: Listen) -> None:
        sock = await self.net.open(wanted)
        loop = asyncio.get_running_loop()
        if wanted.is_stream:
            server = await loop.create_server(lambda: _Whoami(self._servers), sock=sock)
            self._servers.append(server.close)
        else:
            transport, _ = await loop.create_datagram_endpoint(_WhoamiDatagrams, sock=sock)
            self._servers.append(transport.close)

    def ask(self, ns: str, address: str, port: int = 80, *, udp: bool = False, source: str = "") -> str:
        """The address under which a server saw this namespace; what went wrong in brackets: `(nothing)`."""
        return self.run(self.asked(ns, address, port, udp=udp, source=source))

    def hears(self, ns: str, address: str, port: int = 80, *, udp: bool = False) -> bool:
        """Whether a server answers."""
        return not self.ask(ns, address, port, udp=udp).startswith("(")

    def asked_all(self, probes: Sequence[tuple[str, str, int]]) -> list[str]:
        """What `ask` says to many probes (namespace, address, port), all at once."""

        async def every() -> list[str]:
            return list(await asyncio.gather(*(self.asked(*probe) for probe in probes)))

        return self.run(every())

    def connected(self, ns: str, address: str, port: int = 80) -> Kept:
        """A TCP connection that stays; raises TimeoutError where nothing answers."""
        sock = self.run(self._connected(Listen(ns, "::" if ":" in address else "0.0.0.0", 0), address, port))  # noqa: S104
        self._servers.append(sock.close)
        return Kept(self, sock)

    async def _connected(self, wanted: Listen, address: str, port: int) -> socket.socket:
        sock: socket.socket = await self.net.open(wanted)
        sock.setblocking(False)
        await _in_time(asyncio.get_running_loop().sock_connect(sock, (address, port)), SILENCE_SECONDS)
        return sock

    async def asked(
        self,
        ns: str,
        address: str,
        port: int = 80,
        *,
        udp: bool = False,
        source: str = "",
        seconds: float = SILENCE_SECONDS,
    ) -> str:
        """What `ask` says, for tests that ask many at once. A namespace of the internet asks from its host outside."""
        if not source and ns.startswith("inet-"):
            source = names.OUTSIDE_6 if ":" in address else names.OUTSIDE
        any_address = "::" if ":" in address else "0.0.0.0"  # noqa: S104 - inside a namespace
        sock = await self.net.open(Listen(ns, source or any_address, 0, not udp))
        try:
            sock.setblocking(False)
            return await _heard(_said(sock, (address, port)), seconds)
        finally:
            sock.close()


class Kept(NamedTuple):
    """A connection that stays open until the servers are closed."""

    net: Network
    sock: socket.socket

    def ask(self) -> str:
        """What the server says now: its `(nothing)` is what `Network.ask` calls so."""
        return self.net.run(self._asked())

    async def _asked(self) -> str:
        return await _heard(_said(self.sock, None), SILENCE_SECONDS)


async def _heard(words: Coroutine[Any, Any, str], seconds: float) -> str:
    try:
        return await _in_time(words, seconds) or "(closed)"
    except TimeoutError:
        return "(nothing)"
    except OSError as error:
        return f"({errno.errorcode.get(error.errno or 0, '?')})"


async def _said(sock: socket.socket, server: tuple[str, int] | None) -> str:
    """What a server says, after connecting to it where it is given."""
    loop = asyncio.get_running_loop()
    if server is not None:
        await loop.sock_connect(sock, server)
    await loop.sock_sendall(sock, b"?")
    return (await loop.sock_recv(sock, 256)).decode()


async def _in_time(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What comes of work within a time in which the machine had time for us: what it had not counts for nothing.

    Raises TimeoutError.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    silence = 0.0
    while silence < seconds:
        began = loop.time()
        await asyncio.wait({task}, timeout=_SLICE_SECONDS)
        if task.done():
            return task.result()
        silence += _SLICE_SECONDS if loop.time() - began < 2 * _SLICE_SECONDS else 0.0
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        return task.result()
    raise TimeoutError


class _Whoami(asyncio.Protocol):
    def __init__(self, ends: list[Callable[[], None]]) -> None:
        self._ends = ends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        # The other end's goodbye may be among what the network drops.
        self._ends.append(self._transport.abort)

    def data_received(self, data: bytes) -> None:
        self._transport.write(str(self._transport.get_extra_info("peername")[0]).encode())


class _WhoamiDatagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        with contextlib.suppress(OSError):
            self._transport.sendto(str(addr[0]).encode(), addr)


@contextlib.contextmanager
def network(**settings: Any) -> Iterator[Network]:
    """`with network() as net:`"""
    found = Network(**settings)
    try:
        yield found
    finally:
        found.close()
