"""Bodies on the wire: 100-continue, refused bodies that are never parsed, and back-pressure both ways."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.gateway.server import BodyPlan, Limits
from fogbank.gateway.test_server import EXPECTING, GET, App, both_loops, gated, run, serving, until


@both_loops
def test_continue_is_sent_when_the_body_is_wanted(loop: str) -> None:
    async def main() -> None:
        async with serving() as served:
            client = await served.client()
            await client.send(EXPECTING)
            assert (await client.head())[0] == 100
            await client.send(b"hello")
            assert (await client.response())[2] == b"PUT /? 5"
            await client.send(EXPECTING.replace(b"1.1", b"1.0") + b"hello")
            assert (await client.response())[0] == 200

    run(main(), loop)


@both_loops
def test_continue_waits_for_the_first_read_of_the_stream(loop: str) -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def answer(request: Request) -> Response:
            await gate.wait()
            assert request.stream is not None
            return Response(200, [], b"".join([part async for part in request.stream]))

        async with serving(App(answer, BodyPlan(True, 100, False))) as served:
            client = await served.client()
            await client.send(EXPECTING)
            await until(lambda: served.app.requests)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.reader.readexactly(1), 0.05)
            gate.set()
            assert (await client.head())[0] == 100
            await client.send(b"hello")
            assert (await client.response())[2] == b"hello"

    run(main(), loop)


def test_continue_never_overtakes_an_answer() -> None:
    async def main() -> None:
        gate, slow = gated()

        async with serving(App(slow)) as served:
            client = await served.client()
            await client.send(GET + EXPECTING)
            await until(lambda: len(served.app.heads) >= 2)
            gate.set()
            assert (await client.response())[0] == 200
            assert (await client.head())[0] == 100
            await client.send(b"hello")
            assert (await client.response())[2] == b"PUT /? 5"

    run(main())


@pytest.mark.parametrize("early", [False, True])
def test_a_refused_expectation_gets_no_continue_and_its_body_is_no_request(early: bool) -> None:
    async def main() -> None:
        refused = App(plan=Response(403, [], b"no"))
        async with serving(refused) as served:
            client = await served.client()
            await client.send(EXPECTING.replace(b": 5", b": %d" % len(GET)) + (GET if early else b""))
            status, headers, body = await client.response()
            assert (status, body, headers["connection"]) == (403, b"no", "close")
            if not early:
                await client.send(GET)
            assert await client.rest() == b"" and not refused.requests and len(refused.heads) == 1

    run(main())


def test_other_expectations_fail() -> None:
    async def main() -> None:
        async with serving() as served:
            assert (await served.talk(EXPECTING.replace(b"100-continue", b"tea"))).startswith(b"HTTP/1.1 417 ")

    run(main())


def test_a_short_refused_body_is_drained_and_the_connection_goes_on() -> None:
    async def main() -> None:
        app = App(plan=lambda request: Response(403, [], b"no") if request.path == "/no" else BodyPlan(False, 9))
        async with serving(app) as served:
            client = await served.client()
            await client.send(b"PUT /no HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (2 * len(GET)))
            assert (await client.response())[0] == 403
            await client.send(GET + GET + GET)
            assert (await client.response())[0] == 200
            assert len(app.requests) == 1

    run(main())


@both_loops
@pytest.mark.parametrize("framing", [b"Content-Length: 100000000", b"Transfer-Encoding: chunked"])
def test_a_long_refused_body_closes_and_is_never_parsed(framing: bytes, loop: str) -> None:
    async def main() -> None:
        app = App(plan=Response(403, [], b"no"))
        async with serving(app, Limits(linger_seconds=5)) as served:
            client = await served.client()
            await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n" + GET)
            status, headers, _ = await client.response()
            assert (status, headers["connection"]) == (403, "close")
            with contextlib.suppress(ConnectionError):
                await client.send(GET * 1000)
            assert await client.rest() == b"" and len(app.heads) == 1

    run(main(), loop)


@pytest.mark.parametrize("limit", ["plan", "server"])
def test_a_body_that_claims_too_much_is_refused_before_it_is_sent(limit: str) -> None:
    async def main() -> None:
        plan = BodyPlan(False, 1000 if limit == "plan" else 1 << 40)
        async with serving(App(plan=plan), Limits(body_bytes_max=1000)) as served:
            answer = await served.talk(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n" + GET)
            assert answer.startswith(b"HTTP/1.1 413 ") and answer.count(b"HTTP/1.1") == 1
            assert not served.app.requests
            await served.works()

    run(main())


def test_a_chunked_body_that_grows_too_long_is_refused() -> None:
    async def main() -> None:
        async with serving(App(plan=BodyPlan(False, 1000))) as served:
            head = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            answer = await served.talk(head + b"1ff\r\n" + b"x" * 511 + b"\r\n3ff\r\n" + b"y" * 1000)
            assert answer.startswith(b"HTTP/1.1 413 ") and not served.app.requests
            claimed = await served.talk(head + b"ffffffffffffffff\r\n" + b"x" * 2000)
            assert claimed.startswith(b"HTTP/1.1 413 ")

    run(main())


@both_loops
def test_a_stream_slows_its_client_down(loop: str) -> None:
    async def main() -> None:
        gate, total = asyncio.Event(), 64 << 20
        received = 0

        async def answer(request: Request) -> Response:
            nonlocal received
            await gate.wait()
            assert request.stream is not None
            async for part in request.stream:
                received += len(part)
            return Response(200, [], str(received).encode())

        async with serving(App(answer, BodyPlan(True, total))) as served:
            client = await served.client()
            await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)
            sent = 0
            block = bytes(1 << 20)
            with contextlib.suppress(asyncio.TimeoutError):
                while sent < total:
                    client.writer.write(block)
                    sent += len(block)
                    await asyncio.wait_for(client.writer.drain(), 0.3)
            assert sent < 32 << 20  # the kernel's buffers and half a mebibyte of ours, not the body
            gate.set()
            for _ in range((total - sent) >> 20):
                await client.send(block)
            assert (await client.response())[2] == str(total).encode()

    run(main(), loop)


@both_loops
def test_a_slow_reader_slows_the_iterator_down(loop: str) -> None:
    async def main() -> None:
        made = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal made
            for _ in range(1000):
                made += 1
                yield bytes(1 << 16)

        async with serving(App(lambda _: Response(200, [], endless()))) as served:
            client = await served.client(limit=1 << 16)
            await client.send(GET)
            await client.head()
            before = -1
            while made != before:
                before = made
                for _ in range(200):
                    await asyncio.sleep(0)
            assert 0 < made < 500
            assert len(await client.chunks()) == 1000 << 16

    run(main(), loop)


def test_http_trailers_of_a_stream_come_with_its_end() -> None:
    async def main() -> None:
        async def answer(request: Request) -> Response:
            stream: Any = request.stream
            body = b"".join([part async for part in stream])
            return Response(200, [], body + str(stream.trailers).encode())

        async with serving(App(answer, BodyPlan(True, 100))) as served:
            client = await served.client()
            await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            await until(lambda: served.app.requests)
            await client.send(b"0\r\nT: 1\r\n\r\n" + GET)
            assert (await client.response())[2] == b"ab{'t': '1'}"
            assert (await client.response())[2] == b"{}"

    run(main())


@pytest.mark.parametrize(
    ("rest", "code"),
    [(b"zz\r\n", "IncompleteBody"), (b"ff\r\n" + b"x" * 300, "EntityTooLarge")],
)
def test_a_stream_that_breaks_tells_its_reader(rest: bytes, code: str) -> None:
    async def main() -> None:
        async def answer(request: Request) -> Response:
            assert request.stream is not None
            try:
                return Response(200, [], b"".join([part async for part in request.stream]))
            except AwsError as error:
                return Response(400, [], error.code.encode())

        async with serving(App(answer, BodyPlan(True, 100))) as served:
            client = await served.client()
            await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n" + rest)
            status, headers, body = await client.response()
            assert (status, body, headers["connection"]) == (400, code.encode(), "close")
            assert await client.rest() == b""

    run(main())


@pytest.mark.parametrize("length", [10, 10_000_000])
def test_an_answer_before_the_end_of_its_stream(length: int) -> None:
    async def main() -> None:
        async with serving(App(lambda _: Response(200, [], b"early"), BodyPlan(True, 1 << 30))) as served:
            client = await served.client()
            await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length)
            _, headers, body = await client.response()
            assert body == b"early"
            if length == 10:
                await client.send(bytes(10) + GET)
                assert (await client.response())[2] == b"early"
            else:
                assert headers["connection"] == "close"
                with contextlib.suppress(ConnectionError):
                    await client.send(GET * 100)
                assert await client.rest() == b"" and len(served.app.heads) == 1

    run(main())


@both_loops
@pytest.mark.parametrize("length", [600_000, 700_000, 2_000_000])
def test_a_stream_that_nobody_reads_does_not_hold_up_the_next_request(length: int, loop: str) -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def answer(request: Request) -> Response:
            await gate.wait()
            return Response(200, [], request.path.encode())

        async with serving(App(answer, BodyPlan(True, 1 << 30)), Limits(drain_bytes_max=1 << 30)) as served:
            client = await served.client()
            client.writer.write(
                b"PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length + bytes(length) + GET
            )
            await until(lambda: served.app.requests)
            for _ in range(1000):
                await asyncio.sleep(0)
            gate.set()
            assert (await client.response())[2] == b"/1"
            assert (await client.response())[2] == b"/"

    run(main(), loop)


def test_a_refused_body_that_stalls_gets_no_second_answer() -> None:
    async def main() -> None:
        async with serving(App(plan=Response(403, [], b"no")), Limits(body_seconds=0.1, linger_seconds=0.1)) as served:
            answer = await served.talk(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
            assert answer.count(b"HTTP/1.1") == 1 and answer.startswith(b"HTTP/1.1 403 ")

    run(main())
