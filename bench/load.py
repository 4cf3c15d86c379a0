"""Load: raw, pre-signed requests over keep-alive connections, so that the client is not what is measured."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import msgspec

from fogbank.codec.message import Request
from fogbank.gateway import sigv4


class Target(NamedTuple):
    """A server and the credentials that its requests are signed with."""

    port: int
    access_key_id: str
    secret: str


class Call(NamedTuple):
    """A request before it is signed."""

    service: str
    body: bytes = b""
    target: str = ""
    content_type: str = "application/x-amz-json-1.1"
    method: str = "POST"
    path: str = "/"
    query: str = ""


def signed(call: Call, target: Target) -> bytes:
    """The bytes of a request, signed for now."""
    return head(call, target, len(call.body)) + call.body


def head(call: Call, target: Target, length: int) -> bytes:
    """The head of a request whose body of so many bytes is sent by itself; what S3 gets is not hashed first."""
    headers = {"host": f"127.0.0.1:{target.port}", "content-type": call.content_type}
    if call.target:
        headers["x-amz-target"] = call.target
    if call.service == "s3":
        headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
    request = Request(call.method, call.path, call.query, headers, call.body)
    credentials = sigv4.Credentials(target.access_key_id, target.secret)
    headers |= sigv4.sign(request, credentials, sigv4.Signing("us-east-1", call.service, time.time()))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    where = f"{call.path}?{call.query}" if call.query else call.path
    return f"{call.method} {where} HTTP/1.1\r\n{lines}content-length: {length}\r\n\r\n".encode()


class Figures(msgspec.Struct):
    """What a run showed."""

    requests_per_second: float
    median_ms: float
    errors: int
    requests: int
    first_error: str = ""
    p99_ms: float = 0.0


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last has come."""

    def __init__(self, requests: Iterator[bytes], until: float, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._until = until
        self.done = done
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport
        self.times: list[float] = []
        self.errors = 0
        self.first_error = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        now = time.perf_counter()
        self.times.append(now - self._sent_at)
        if head[9:12] != b"200":
            self.errors += 1
            self.first_error = self.first_error or (head[:40] + body[:200]).decode(errors="replace")
        self._buffer = b""
        if now >= self._until:
            self._transport.close()
        elif b"connection: close" not in head.lower():
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))


async def run(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Figures:
    """Send the requests in turn over so many connections for so long; those that the server ends are made anew."""
    turn = itertools.cycle(requests)
    started = time.perf_counter()
    until = started + seconds
    protocols: list[_Connection] = []

    async def keep_busy() -> None:
        loop = asyncio.get_running_loop()
        while time.perf_counter() < until:
            protocol = _Connection(turn, until, loop.create_future())
            protocols.append(protocol)
            await loop.create_connection(lambda: protocol, "127.0.0.1", port)  # noqa: B023 - called at once
            await protocol.done

    await asyncio.gather(*(keep_busy() for _ in range(connections)))
    spent = time.perf_counter() - started
    times = sorted(itertools.chain.from_iterable(protocol.times for protocol in protocols))
    if not times:
        return Figures(0, 0, 1, 0, "no answer")
    errors = sum(protocol.errors for protocol in protocols)
    first = next((protocol.first_error for protocol in protocols if protocol.first_error), "")
    median, p99 = (times[len(times) * share // 100] * 1000 for share in (50, 99))
    return Figures(len(times) / spent, median, errors, len(times), first, p99)


async def once(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Send every request once; returns how many a second. Raises RuntimeError for an answer that is no success."""
    left = iter(requests)
    started = time.perf_counter()

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in left:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
            if head[9:12] != b"200":
                raise RuntimeError(f"{head[:40]!r} {body[:300]!r}")
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    return len(requests) / (time.perf_counter() - started)
