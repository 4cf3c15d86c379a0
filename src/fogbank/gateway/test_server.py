"""The HTTP server, by raw sockets: what must work works, and what must be refused is seen to be refused."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvloop

from fogbank.codec.message import Request, Response
from fogbank.gateway.head import Received, response_head
from fogbank.gateway.server import BodyPlan, Limits, Server

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
both_loops = pytest.mark.parametrize("loop", LOOPS)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
EXPECTING = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
Answer = Callable[[Request], Response | Awaitable[Response]]


def run(main: Awaitable[Any], loop: str = "asyncio") -> Any:
    async def timed() -> Any:
        return await asyncio.wait_for(main, 30)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(timed())


def ok(request: Request) -> Response:
    text = f"{request.method} {request.path}?{request.query} {len(request.body)}"
    return Response(200, [("Content-Type", "text/plain")], text.encode())


def gated() -> tuple[asyncio.Event, Callable[[Request], Awaitable[Response]]]:
    """An application that answers once the event is set."""
    gate = asyncio.Event()

    async def slow(request: Request) -> Response:
        await gate.wait()
        return ok(request)

    return gate, slow


class App:
    """Answers with `answer`; `plan` decides on heads; remembers what it was asked."""

    def __init__(self, answer: Answer = ok, plan: Any = None) -> None:
        self.answer = answer
        self.plan = plan if plan is not None else BodyPlan(False, 1 << 30)
        self.heads: list[Request] = []
        self.requests: list[Request] = []

    def head(self, request: Request) -> Any:
        self.heads.append(request)
        return self.plan(request) if callable(self.plan) else self.plan

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        self.requests.append(request)
        return self.answer(request)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something has happened on the other side of a socket; `run` bounds it."""
    while not condition():  # noqa: ASYNC110 - what is awaited has no event
        await asyncio.sleep(0)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [line.partition(": ") for line in lines[1:-2]]
        return int(lines[0].split()[1]), {name.lower(): value for name, _, value in pairs}

    async def response(self, *, bare: bool = False) -> tuple[int, dict[str, str], bytes]:
        status, headers = await self.head()
        if bare or status < 200:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, await self.chunks()
        return status, headers, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def chunks(self) -> bytes:
        pieces = []
        while size := int(await self.reader.readline(), 16):
            pieces.append(await self.reader.readexactly(size))
            assert await self.reader.readline() == b"\r\n"
        assert await self.reader.readline() == b"\r\n"
        return b"".join(pieces)

    async def rest(self) -> bytes:
        """What comes until the server closes; a reset counts as the end."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while part := await self.reader.read(65536):
                data += part
        return data

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()


class Served:
    def __init__(self, server: Server, app: App, address: tuple[str, int]) -> None:
        self.server, self.app, self.address = server, app, address
        self._clients: list[Client] = []

    async def client(self, **options: Any) -> Client:
        client = Client(*await asyncio.open_connection(*self.address, **options))
        self._clients.append(client)
        return client

    async def talk(self, data: bytes) -> bytes:
        """Everything that the server answers to these bytes until it closes."""
        client = await self.client()
        with contextlib.suppress(ConnectionError):
            await client.send(data)
        answer = await client.rest()
        await client.close()
        return answer

    async def works(self) -> None:
        client = await self.client()
        await client.send(GET)
        assert (await client.response())[0] == 200
        await client.close()

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        await self.server.stop(5)


@contextlib.asynccontextmanager
async def serving(app: App | None = None, limits: Limits | None = None, tls: Any = None) -> AsyncIterator[Served]:
    app = app or App()
    server = Server(app, limits, new_id=lambda: "id-1")
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    await server.listen(sock, tls, name="door")
    served = Served(server, app, sock.getsockname())
    try:
        yield served
    finally:
        await served.close()


@both_loops
def test_requests_arrive_raw_and_connections_are_kept(loop: str) -> None:
    async def main() -> None:
        async with serving() as served:
            client = await served.client()
            await client.send(
                b"PUT /a%2Fb//c/../%20?x=%41&y HTTP/1.1\r\nHost: b.s3:4566\r\nX-Amz-Meta: \xc3\xa9 \r\n"
                b"X-Rep: 1\r\nx-rep: 2\r\nContent-Length: 3\r\n\r\nabc"
            )
            status, headers, body = await client.response()
            assert status == 200 and body == b"PUT /a%2Fb//c/../%20?x=%41&y 3"
            assert headers["server"] == "fogbank" and headers["date"].endswith("GMT")
            assert "connection" not in headers
            request = served.app.requests[0]
            assert isinstance(request, Received)
            assert request.path == "/a%2Fb//c/../%20" and request.query == "x=%41&y" and request.body == b"abc"
            assert request.headers["x-amz-meta"].encode("latin-1") == b"\xc3\xa9"
            assert request.headers["x-rep"] == "1,2" and request.headers["host"] == "b.s3:4566"
            assert (request.peer, request.local, request.listener, request.tls) == (
                "127.0.0.1",
                "127.0.0.1",
                "door",
                False,
            )
            await client.send(GET)
            assert (await client.response())[2] == b"GET /? 0"
            assert served.server.requests_total == 2 and served.server.connections_open == 1

    run(main(), loop)


@both_loops
def test_bytes_may_come_one_by_one(loop: str) -> None:
    async def main() -> None:
        async with serving() as served:
            client = await served.client()
            client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"\r\nPOST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi":
                await client.send(bytes([byte]))
                await asyncio.sleep(0)
            assert (await client.response())[2] == b"POST /p? 2"

    run(main(), loop)


@pytest.mark.parametrize(
    ("head", "connection"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", "close"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "close"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive"),
    ],
)
def test_who_keeps_the_connection(head: bytes, connection: str) -> None:
    async def main() -> None:
        async with serving() as served:
            client = await served.client()
            await client.send(head)
            status, headers, _ = await client.response()
            assert (status, headers["connection"]) == (200, connection)
            if connection == "close":
                assert await client.rest() == b""

    run(main())


def test_an_absolute_target_replaces_host() -> None:
    async def main() -> None:
        async with serving() as served:
            client = await served.client()
            await client.send(b"GET http://b.example:80/x?y HTTP/1.1\r\nHost: other\r\n\r\n")
            assert (await client.response())[2] == b"GET /x?y 0"
            assert served.app.requests[0].headers["host"] == "b.example:80"

    run(main())


@both_loops
def test_chunked_body_with_trailers_kept_apart(loop: str) -> None:
    async def main() -> None:
        async with serving() as served:
            client = await served.client()
            await client.send(
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
                b"3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nX-T: v\r\nAuthorization: evil\r\n\r\n"
            )
            assert (await client.response())[2] == b"POST /? 13"
            request = served.app.requests[0]
            assert isinstance(request, Received)
            assert request.body == b"abc0123456789" and request.trailers == {"x-t": "v", "authorization": "evil"}
            assert "x-t" not in request.headers and "authorization" not in request.headers

    run(main(), loop)


async def parts(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@both_loops
def test_iterators_go_out_chunked_or_by_length(loop: str) -> None:
    def answer(request: Request) -> Response:
        headers = [("content-length", "5")] if request.path == "/known" else []
        return Response(200, headers, parts(b"ab", b"", b"cde"))

    async def main() -> None:
        async with serving(App(answer)) as served:
            client = await served.client()
            for path, expected in (("/", "transfer-encoding"), ("/known", "content-length")):
                await client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                status, headers, body = await client.response()
                assert (status, body) == (200, b"abcde") and expected in headers
            await client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
            assert (await client.response(bare=True))[0] == 200
            assert (await client.response())[2] == b"abcde"
            old = await served.talk(b"GET / HTTP/1.0\r\n\r\n")
            assert old.endswith(b"\r\n\r\nabcde") and b"chunked" not in old and b"Connection: close" in old

    run(main(), loop)


@pytest.mark.parametrize("pieces", [(b"ab",), (b"abcdef",)])
def test_an_iterator_that_breaks_its_length_breaks_the_connection(pieces: tuple[bytes, ...], caplog: Any) -> None:
    async def main() -> None:
        app = App(lambda _: Response(200, [("content-length", "5")], parts(*pieces)))
        async with serving(app) as served:
            answer = await served.talk(GET)
            assert len(answer.partition(b"\r\n\r\n")[2]) < 5

    with caplog.at_level(logging.ERROR):
        run(main())
    assert len(caplog.records) == 1


def test_head_has_the_length_without_the_body() -> None:
    async def main() -> None:
        def answer(request: Request) -> Response:
            return Response(200, [("Content-Length", "1000")]) if request.path == "/stated" else ok(request)

        async with serving(App(answer)) as served:
            client = await served.client()
            await client.send(b"HEAD /stated HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
            assert (await client.response(bare=True))[1]["content-length"] == "1000"
            assert (await client.response(bare=True))[1]["content-length"] == "9"
            assert (await client.response())[2] == b"GET /? 0"

    run(main())


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    async def main() -> None:
        async with serving(App(lambda _: Response(status, [], b"not to be seen"))) as served:
            client = await served.client()
            await client.send(GET + GET)
            for _ in range(2):
                got, headers, _ = await client.response(bare=True)
                assert got == status and "content-length" not in headers

    run(main())


def test_a_response_header_cannot_break_out_of_its_line() -> None:
    for value in ("a\r\nX: y", "a\nX: y", "a\rb", "a\0b"):
        with pytest.raises(ValueError, match="line break"):
            response_head(Response(200, [("x", value)]), 0, "")
    head, _ = response_head(Response(200, [("x", "caf\xe9"), ("y", "\u20ac")]), 0, "")
    assert "\u20ac".encode() in head


@both_loops
def test_pipelined_answers_keep_their_order(loop: str) -> None:
    async def main() -> None:
        gate, slow = gated()

        app = App(lambda request: slow(request) if request.path == "/slow" else ok(request))
        async with serving(app) as served:
            client = await served.client()
            paths = ["/slow", "/1", "/slow", "/2", "/3"]
            await client.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths))
            await until(lambda: app.requests)
            assert len(app.requests) == 1
            gate.set()
            for path in paths:
                assert (await client.response())[2] == f"GET {path}? 0".encode()

    run(main(), loop)


@both_loops
def test_a_pipelined_burst_is_bounded_and_all_of_it_answered(loop: str) -> None:
    async def main() -> None:
        gate, count = asyncio.Event(), 20_000

        async def slow(request: Request) -> Response:
            await gate.wait()
            return ok(request)

        app = App(lambda request: ok(request) if gate.is_set() else slow(request))
        async with serving(app) as served:
            client = await served.client()
            client.writer.write(GET * count)
            await until(lambda: served.server.requests_total >= 32)
            for _ in range(1000):
                await asyncio.sleep(0)
            assert served.server.requests_total < 32 + 2 * 8192 // len(GET)
            gate.set()
            for _ in range(count):
                assert (await client.response())[0] == 200
            assert served.server.requests_total == count

    run(main(), loop)


def test_a_malformed_request_is_refused_after_the_answers_before_it() -> None:
    async def main() -> None:
        gate, slow = gated()

        async with serving(App(slow)) as served:
            client = await served.client()
            await client.send(GET + b"BAD\r\n\r\n" + GET)
            await until(lambda: served.app.requests)
            await client.send(GET)
            gate.set()
            assert (await client.response())[0] == 200
            status, headers, _ = await client.response()
            assert (status, headers["connection"]) == (400, "close")
            assert await client.rest() == b"" and len(served.app.requests) == 1

    run(main())
