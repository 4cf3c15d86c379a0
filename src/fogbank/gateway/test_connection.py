"""What clients may not do: leave calls behind, smuggle, exhaust, stall. Seen to be refused on raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import socket
import ssl
import struct
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.gateway.server import BodyPlan, Limits, Upgrade
from fogbank.gateway.test_server import EXPECTING, GET, App, both_loops, gated, ok, run, serving, until
from fogbank.gateway.tls import ssl_context
from fogbank.planes.authority import Authority


@both_loops
@pytest.mark.parametrize("way", ["close", "reset", "mid-body"])
def test_a_client_that_leaves_cancels_its_call(way: str, loop: str) -> None:
    async def main() -> None:
        cancelled = asyncio.Event()

        async def answer(request: Request) -> Response:
            try:
                if request.stream is not None:
                    async for _ in request.stream:
                        pass
                await asyncio.Event().wait()
            except (asyncio.CancelledError, ConnectionError):
                cancelled.set()
                raise
            raise AssertionError

        async with serving(App(answer, BodyPlan(way == "mid-body", 100))) as served:
            client = await served.client()
            await client.send(GET if way != "mid-body" else EXPECTING.replace(b"Expect: 100-continue\r\n", b"") + b"he")
            await until(lambda: served.app.requests)
            if way == "reset":
                sock = client.writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await client.close()
            await cancelled.wait()
            await until(lambda: not served.server.connections_open)

    run(main(), loop)


def test_a_client_that_leaves_closes_the_iterator() -> None:
    async def main() -> None:
        closed = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield bytes(1 << 16)
            finally:
                closed.set()

        async with serving(App(lambda _: Response(200, [], endless()))) as served:
            client = await served.client()
            await client.send(GET)
            await client.head()
            await client.close()
            await closed.wait()

    run(main())


@both_loops
@pytest.mark.parametrize("where", ["head", "call", "await", "header", "type"])
def test_a_bug_of_the_application_is_a_500_and_one_log_line(where: str, loop: str, caplog: Any) -> None:
    def fail(_: Request) -> Any:
        raise RuntimeError("a secret of the inside")

    async def later(request: Request) -> Response:
        return fail(request)

    async def wrong(_: Request) -> Any:
        return "text"

    answers: dict[str, Any] = {
        "call": fail,
        "await": later,
        "header": lambda _: Response(200, [("x", "a\r\nSet-Cookie: b")]),
        "type": wrong,
        "head": ok,
    }

    async def main() -> None:
        async with serving(App(answers[where], fail if where == "head" else None)) as served:
            client = await served.client()
            await client.send(GET)
            status, headers, body = await client.response()
            assert status == 500 and headers["x-amzn-requestid"] == headers["x-amz-request-id"] == "id-1"
            assert b"secret" not in body and b"Traceback" not in body and "set-cookie" not in headers
            await client.send(GET)
            assert (await client.response())[0] == 500

    with caplog.at_level(logging.ERROR):
        run(main(), loop)
    assert [record.getMessage() for record in caplog.records] == ["GET / failed, request id id-1"] * 2


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "CL and TE": (400, HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "TE and CL": (400, HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    "two lengths": (400, HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "a list of lengths": (400, HEAD + b"Content-Length: 3, 4\r\n\r\nabcd"),
    "a signed length": (400, HEAD + b"Content-Length: +3\r\n\r\nabc"),
    "a negative length": (400, HEAD + b"Content-Length: -3\r\n\r\nabc"),
    "an endless length": (400, HEAD + b"Content-Length: 99999999999999999999999999\r\n\r\nabc"),
    "an empty length": (400, HEAD + b"Content-Length: \r\n\r\nabc"),
    "identity": (400, HEAD + b"Transfer-Encoding: identity\r\n\r\nabc"),
    "gzip, chunked": (501, HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked, identity": (400, HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    "chunked twice": (400, HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "xchunked": (400, HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "chunked in HTTP/1.0": (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "obs-fold": (400, HEAD + b"X: a\r\n b\r\n\r\n"),
    "space before the first header": (400, b"GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n"),
    "space before the colon": (400, HEAD + b"X : a\r\n\r\n"),
    "empty name": (400, HEAD + b": a\r\n\r\n"),
    "NUL in a value": (400, HEAD + b"X: a\0b\r\n\r\n"),
    "NUL in a name": (400, HEAD + b"X\0: ab\r\n\r\n"),
    "CR in a value": (400, HEAD + b"X: a\rb\r\n\r\n"),
    "bare LF": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "bare LF in headers": (400, b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\nX: a\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "a bad host": (400, b"GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n"),
    "two authorizations": (400, HEAD + b"Authorization: a\r\nAuthorization: b\r\n\r\n"),
    "bad chunk size": (400, CHUNKED + b"xyz\r\n\r\n"),
    "negative chunk size": (400, CHUNKED + b"-1\r\n\r\n"),
    "0x chunk size": (400, CHUNKED + b"0x1\r\na\r\n0\r\n\r\n"),
    "overflowing chunk size": (400, CHUNKED + b"fffffffffffffffff\r\na\r\n0\r\n\r\n"),
    "chunk size and LF": (400, CHUNKED + b"1\na\r\n0\r\n\r\n"),
    "chunk longer than said": (400, CHUNKED + b"1\r\naa\r\n0\r\n\r\n"),
    "LF in an extension": (400, CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n"),
    "length as a trailer": (400, CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n"),
    "no version": (505, b"GET /\r\n\r\n"),
    "HTTP/0.9": (505, b"GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    "HTTP/1.2": (400, b"GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    "HTTP/2 preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)),
    "unknown method": (400, b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "method of others": (501, b"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "CONNECT": (501, b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "ICE": (501, b"SOURCE / ICE/1.0\r\nHost: a\r\n\r\n"),
    "raw bytes in the target": (400, b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "space in the target": (400, b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    "fragment": (400, b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    "relative target": (400, b"GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
}


@both_loops
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_are_refused_and_nothing_after_them_is_read(name: str, loop: str) -> None:
    status, data = MALFORMED[name]

    async def main() -> None:
        async with serving() as served:
            answer = await served.talk(data + GET + GET)
            assert answer.startswith(b"HTTP/1.1 %d " % status), answer
            assert answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in answer
            assert not served.app.requests
            await served.works()

    run(main(), loop)


def test_upgrades_are_refused_but_offers_of_h2c_ignored() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %b\r\nContent-Length: 2\r\n\r\nhi"

    async def main() -> None:
        async with serving() as served:
            assert (await served.talk(head % b"websocket" + GET)).startswith(b"HTTP/1.1 501 ")
            client = await served.client()
            await client.send(head % b"h2c" + GET)
            assert (await client.response())[2] == b"POST /? 2"
            assert (await client.response())[2] == b"GET /? 0"

    run(main())


@both_loops
def test_an_upgrade_that_the_application_takes(loop: str) -> None:
    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(data.upper())

    plan = Upgrade([("Upgrade", "echo")], lambda _: Echo())

    async def main() -> None:
        async with serving(App(plan=lambda _: plan)) as served:
            client = await served.client()
            await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nrest")
            status, headers = await client.head()
            assert (status, headers["upgrade"], headers["connection"]) == (101, "echo", "upgrade")
            assert await client.reader.readexactly(4) == b"REST"
            await client.send(b"more")
            assert await client.reader.readexactly(4) == b"MORE"
            assert served.server.connections_open == 0

    run(main(), loop)


@both_loops
@pytest.mark.parametrize(
    ("status", "start", "filler"),
    [
        (431, GET[:-2] + b"X: ", b"x" * 65536),
        (431, GET[:-2], b"".join(b"h%d: v\r\n" % number for number in range(6000))),
        (431, GET[:-2], b"a:\r\n" * 16384),
        (414, b"GET /", b"x" * 65536),
    ],
)
def test_a_gigabyte_of_head_is_refused_early(status: int, start: bytes, filler: bytes, loop: str) -> None:
    async def main() -> None:
        async with serving() as served:
            client = await served.client()
            sent = 0
            await client.send(start)
            with contextlib.suppress(ConnectionError):
                while sent < 1 << 30 and not client.reader.at_eof():
                    await client.send(filler)
                    sent += len(filler)
            assert sent < 64 << 20  # what the kernel and the lingering close swallow
            answer = await client.rest()
            # A reset may overtake the answer where a client never reads.
            assert not answer or answer.startswith(b"HTTP/1.1 %d " % status)
            assert not served.app.heads
            await served.works()

    run(main(), loop)


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (431, GET[:-2] + b"X: " + b"x" * 2000 + b"\r\n\r\n"),
        (431, GET[:-2] + b"".join(b"h%d: v\r\n" % number for number in range(300)) + b"\r\n"),
        (414, b"GET /" + b"x" * 600 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
        (200, GET[:-2] + b"X: " + b"x" * 400 + b"\r\n\r\n"),
    ],
)
def test_limits_of_a_head_that_comes_in_one_piece(status: int, head: bytes) -> None:
    async def main() -> None:
        async with serving(limits=Limits(head_bytes_max=1000, target_bytes_max=500)) as served:
            client = await served.client()
            await client.send(head)
            assert (await client.response())[0] == status

    run(main())


def test_pipelined_requests_do_not_add_up_to_a_long_head() -> None:
    async def main() -> None:
        async with serving(limits=Limits(head_bytes_max=300)) as served:
            client = await served.client()
            for _ in range(20):
                await client.send((GET * 20)[:-5])
                await client.send(GET[-5:])
                for _ in range(20):
                    assert (await client.response())[0] == 200

    run(main())


@pytest.mark.parametrize(
    "rest", [b"1;" + b"x" * 300_000, b"1;" + b"x" * 500 + b"\r\na\r\n", b"0\r\nT: " + b"x" * 300_000]
)
def test_a_chunked_body_of_framing_only_is_refused(rest: bytes) -> None:
    async def main() -> None:
        async with serving() as served:
            answer = await served.talk(CHUNKED + rest * (1 if len(rest) > 1000 else 2000))
            assert answer.startswith(b"HTTP/1.1 400 ") and not served.app.requests

    run(main())


SHORT = Limits(head_seconds=0.15, idle_seconds=0.4, body_seconds=0.15, write_seconds=0.15, linger_seconds=0.1)


@both_loops
def test_a_slow_head_is_cut_off_though_it_makes_progress(loop: str) -> None:
    async def main() -> None:
        async with serving(limits=SHORT) as served:
            client = await served.client()
            started = asyncio.get_running_loop().time()

            async def drip() -> None:
                with contextlib.suppress(ConnectionError):
                    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
                    while True:
                        await client.send(b"X-a: b\r\n")
                        await asyncio.sleep(0.02)

            task = asyncio.create_task(drip())
            status, headers, _ = await client.response()
            assert (status, headers["connection"]) == (408, "close")
            assert asyncio.get_running_loop().time() - started < 2
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await served.works()

    run(main(), loop)


@both_loops
def test_a_body_that_stalls_is_cut_off(loop: str) -> None:
    async def main() -> None:
        async with serving(limits=SHORT) as served:
            assert (await served.talk(HEAD + b"Content-Length: 9\r\n\r\nabc")).startswith(b"HTTP/1.1 408 ")
            assert not served.app.requests

    run(main(), loop)


def test_a_stream_that_stalls_tells_its_reader_but_a_slow_reader_is_no_stall() -> None:
    async def main() -> None:
        async def answer(request: Request) -> Response:
            assert request.stream is not None
            if request.path == "/slow":
                await asyncio.sleep(0.5)
            try:
                return Response(200, [], b"".join([part async for part in request.stream]))
            except AwsError as error:
                return Response(400, [], error.code.encode())

        async with serving(App(answer, BodyPlan(True, 100)), SHORT) as served:
            client = await served.client()
            await client.send(b"PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
            await asyncio.sleep(0.4)
            await client.send(b"abc")
            assert (await client.response())[2] == b"abc"
            await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
            assert (await client.response())[2] == b"RequestTimeout"

    run(main())


def test_idle_connections_are_closed_silently_and_waiting_calls_are_not() -> None:
    async def main() -> None:
        async def slow(request: Request) -> Response:
            await asyncio.sleep(0.7)
            return ok(request)

        async with serving(App(slow), SHORT) as served:
            client = await served.client()
            await client.send(GET)
            assert (await client.response())[0] == 200
            assert await client.rest() == b""
            assert await served.talk(b"") == b""

    run(main())


@both_loops
def test_a_client_that_never_reads_is_reset(loop: str) -> None:
    async def main() -> None:
        async with serving(App(lambda _: Response(200, [], bytes(1 << 20))), SHORT) as served:
            client = await served.client(limit=1 << 10)
            client.writer.write(GET * 64)
            await until(lambda: served.server.connections_open)
            await until(lambda: not served.server.connections_open)
            assert len(await client.rest()) < 64 << 20

    run(main(), loop)


def test_connections_past_the_limit_are_turned_away() -> None:
    async def main() -> None:
        async with serving(limits=Limits(connections_max=2)) as served:
            first = await served.client()
            await served.client()
            await first.send(GET)
            assert (await first.response())[0] == 200
            await until(lambda: served.server.connections_total >= 2)
            assert (await served.talk(GET)).startswith(b"HTTP/1.1 503 ")
            await first.close()
            await until(lambda: served.server.connections_open <= 1)
            await served.works()

    run(main())


@both_loops
def test_stop_finishes_what_is_in_flight_and_accepts_no_more(loop: str) -> None:
    async def main() -> None:
        gate, slow = gated()

        async with serving(App(slow)) as served:
            idle, busy = await served.client(), await served.client()
            await busy.send(GET)
            await until(lambda: served.app.requests)
            stopping = asyncio.create_task(served.server.stop(10))
            assert await idle.rest() == b""
            with pytest.raises(ConnectionError):
                await asyncio.open_connection(*served.address)
            gate.set()
            status, headers, _ = await busy.response()
            assert (status, headers["connection"]) == (200, "close")
            await stopping
            assert served.server.connections_open == 0

    run(main(), loop)


def test_stop_cancels_what_does_not_end_in_its_grace() -> None:
    async def main() -> None:
        cancelled = asyncio.Event()

        async def forever(_: Request) -> Response:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
            raise AssertionError

        async with serving(App(forever)) as served:
            client = await served.client()
            await client.send(GET)
            await until(lambda: served.app.requests)
            await served.server.stop(0.05)
            assert cancelled.is_set() and await client.rest() == b""

    run(main())


@both_loops
def test_tls_with_a_certificate_for_each_name(loop: str, tmp_path: Path) -> None:
    authority = Authority.load_or_create(tmp_path / "ca")

    async def main() -> None:
        async with serving(tls=ssl_context(authority, ["10.9.8.7"])) as served:
            trust = ssl.create_default_context(cafile=authority.bundle)
            trust.set_alpn_protocols(["h2", "http/1.1"])
            for name in ("b.s3.eu-west-1.amazonaws.com", "sqs.us-east-1.amazonaws.com", "localhost", "127.0.0.1"):
                client = await served.client(ssl=trust, server_hostname=name)
                tls = client.writer.get_extra_info("ssl_object")
                assert tls.selected_alpn_protocol() == "http/1.1"
                await client.send(GET + HEAD + b"Content-Length: 2\r\n\r\nhi")
                assert (await client.response())[2] == b"GET /? 0"
                assert (await client.response())[2] == b"POST /? 2"
                await client.close()
            assert served.app.requests[0].tls
            with pytest.raises(ssl.SSLError):
                await served.client(ssl=ssl.create_default_context(), server_hostname="localhost")
            client = await served.client(ssl=trust, server_hostname="localhost")
            await client.send(HEAD + b"Content-Length: 999999999999\r\n\r\n" + GET)
            assert (await client.response())[0] == 413
            await client.close()

    run(main(), loop)


SEEDS = [
    GET,
    HEAD + b"Content-Length: 5\r\n\r\nhello",
    CHUNKED + b"5\r\nhello\r\n0\r\nT: v\r\n\r\n",
    EXPECTING + b"hello",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
]


def mutated(rng: random.Random) -> bytes:
    data = bytearray(b"".join(rng.choices(SEEDS, k=rng.randint(1, 4))))
    for _ in range(rng.randint(0, 6)):
        at = rng.randrange(len(data))
        change = rng.randrange(4)
        if change == 0:
            data[at] = rng.randrange(256)
        elif change == 1:
            del data[at : at + rng.randint(1, 9)]
        elif change == 2:
            data[at:at] = rng.choice(
                [b"\r\n", b"\n", b"\0", b" ", b":", b"Content-Length: 7\r\n", b"\xff", b"0\r\n\r\n"]
            )
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 20))
        if not data:
            data += b"x"
    return bytes(data)


@both_loops
@pytest.mark.parametrize("streams", [False, True])
def test_whatever_comes_the_server_lives(streams: bool, loop: str, caplog: Any) -> None:
    async def answer(request: Request) -> Response:
        if request.stream is not None:
            with contextlib.suppress(AwsError):
                async for _ in request.stream:
                    pass
        return ok(request)

    async def main() -> None:
        rng = random.Random(7)
        async with serving(App(answer, BodyPlan(streams, 1000)), SHORT) as served:

            async def one(data: bytes) -> None:
                client = await served.client()
                with contextlib.suppress(ConnectionError):
                    for start in range(0, len(data), max(1, len(data) // rng.randint(1, 5))):
                        await client.send(data[start : start + max(1, len(data) // 3)])
                    client.writer.write_eof()
                await client.rest()
                await client.close()

            for _ in range(12):
                cases = [mutated(rng) for _ in range(40)] + [rng.randbytes(200) for _ in range(10)]
                await asyncio.gather(*map(one, cases))
            await served.works()
            await until(lambda: not served.server.connections_open)

    with caplog.at_level(logging.ERROR):
        run(main(), loop)
    assert not caplog.records


def test_a_call_that_is_cancelled_from_inside_resets_its_connection() -> None:
    async def main() -> None:
        async def cancelled(_: Request) -> Response:
            raise asyncio.CancelledError

        async with serving(App(cancelled)) as served:
            assert await served.talk(GET) == b""
            assert served.server.connections_open == 0

    run(main())


@both_loops
def test_a_client_that_leaves_between_two_answers_leaves_no_coroutine_behind(loop: str) -> None:
    async def main() -> None:
        async def answer(request: Request) -> Response:
            await asyncio.sleep(0)
            return ok(request)

        async with serving(App(answer)) as served:
            for turns in range(60):
                client = await served.client()
                await client.send(GET * 100)
                for _ in range(turns):
                    await asyncio.sleep(0)
                client.writer.transport.abort()
            await until(lambda: served.server.connections_total >= 60 and not served.server.connections_open)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        run(main(), loop)
        gc.collect()
    assert not [one for one in seen if "never awaited" in str(one.message)]
