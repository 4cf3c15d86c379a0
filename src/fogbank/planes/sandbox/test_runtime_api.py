from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable

import pytest

from fogbank.planes.sandbox.runtime_api import Answer, Event, RuntimeApi

Runtime = tuple[asyncio.StreamReader, asyncio.StreamWriter]
ROOT = "/2018-06-01/runtime"
NEXT = f"GET {ROOT}/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"


def with_api(test: Callable[[RuntimeApi, Callable[[], Awaitable[Runtime]], list[int]], Awaitable[None]]) -> None:
    """Run a test with an API that listens; the list grows each time that the runtime waits."""

    async def run() -> None:
        waits: list[int] = []
        api = RuntimeApi(lambda theirs, ours: True, lambda: waits.append(1))
        server = await asyncio.get_running_loop().create_server(api.connection, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        opened: list[Runtime] = []

        async def connect() -> Runtime:
            opened.append(await asyncio.open_connection("127.0.0.1", port))
            return opened[-1]

        try:
            async with asyncio.timeout(20):
                await test(api, connect, waits)
        finally:
            for _, writer in opened:
                writer.close()
            api.close()
            server.close()

    asyncio.run(run())


async def said(runtime: Runtime, text: str) -> tuple[int, dict[str, str], bytes]:
    reader, writer = runtime
    writer.write(text.encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


def post(path: str, body: str, headers: str = "") -> str:
    return f"POST {ROOT}/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}"


def test_an_event_goes_out_and_its_answer_comes_back() -> None:
    async def test(api: RuntimeApi, connect: Callable[[], Awaitable[Runtime]], waits: list[int]) -> None:
        runtime = await connect()
        asked = asyncio.ensure_future(said(runtime, NEXT))
        assert await api.begun is None and waits == [1]
        answer = api.offer(Event("one", b'{"a":1}', (("Lambda-Runtime-Aws-Request-Id", "one"),)), None)
        status, headers, body = await asked
        assert (status, headers["lambda-runtime-aws-request-id"], body) == (200, "one", b'{"a":1}')
        assert (await said(runtime, post("invocation/one/response", "done")))[0] == 202
        assert await answer == Answer(b"done")
        again = api.offer(Event("two", b""), None)
        assert (await said(runtime, NEXT))[0] == 200 and waits == [1], "nobody waits where there is an event"
        error = "Lambda-Runtime-Function-Error-Type: Odd\r\n"
        assert (await said(runtime, post("invocation/two/error", "{}", error)))[0] == 202
        assert await again == Answer(b"{}", "Odd")

    with_api(test)


def test_an_answer_to_another_event_is_refused() -> None:
    async def test(api: RuntimeApi, connect: Callable[[], Awaitable[Runtime]], waits: list[int]) -> None:
        runtime = await connect()
        assert (await said(runtime, post("invocation/none/response", "x")))[0] == 400
        answer = api.offer(Event("one", b""), None)
        await said(runtime, NEXT)
        status, _, body = await said(runtime, post("invocation/other/response", "x"))
        assert status == 400 and b"InvalidRequestID" in body and not answer.done()
        assert (await said(runtime, post("invocation/one/nothing", "x")))[0] == 404
        assert (await said(runtime, f"GET {ROOT}/nothing HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 404
        assert (await said(runtime, post("invocation/one/response", "x")))[0] == 202
        assert (await said(runtime, post("invocation/one/response", "x")))[0] == 400, "once"

    with_api(test)


def test_who_cannot_begin_says_so() -> None:
    async def test(api: RuntimeApi, connect: Callable[[], Awaitable[Runtime]], waits: list[int]) -> None:
        assert (await said(await connect(), post("init/error", '{"errorType":"x"}')))[0] == 202
        assert await api.begun == Answer(b'{"errorType":"x"}', "Unhandled")

    with_api(test)


STREAMING = "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_streamed_answer_comes_in_parts_with_its_error_at_the_end(is_wanted: bool) -> None:
    async def test(api: RuntimeApi, connect: Callable[[], Awaitable[Runtime]], waits: list[int]) -> None:
        runtime = await connect()
        parts: list[bytes] = []
        for trailers, wanted in (
            ("", Answer(b"" if is_wanted else b"onetwo")),
            (
                "Lambda-Runtime-Function-Error-Type: Odd\r\nLambda-Runtime-Function-Error-Body: "
                f"{base64.b64encode(b'{}').decode()}\r\n",
                Answer(b"{}", "Odd"),
            ),
        ):
            answer = api.offer(Event("one", b""), parts.append if is_wanted else None)
            await said(runtime, NEXT)
            runtime[1].write(f"POST {ROOT}/invocation/one/response HTTP/1.1\r\nHost: x\r\n{STREAMING}\r\n".encode())
            runtime[1].write(b"3\r\none\r\n")
            assert (await said(runtime, f"3\r\ntwo\r\n0\r\n{trailers}\r\n"))[0] == 202
            assert await answer == wanted
        assert parts == ([b"one", b"two"] * 2 if is_wanted else [])

    with_api(test)


def test_a_stream_that_is_cut_is_an_error() -> None:
    async def test(api: RuntimeApi, connect: Callable[[], Awaitable[Runtime]], waits: list[int]) -> None:
        runtime = await connect()
        answer = api.offer(Event("one", b""), lambda part: None)
        await said(runtime, NEXT)
        runtime[1].write(
            f"POST {ROOT}/invocation/one/response HTTP/1.1\r\nHost: x\r\n{STREAMING}\r\n3\r\none\r\n".encode()
        )
        runtime[1].close()
        assert (await answer).is_cut

    with_api(test)


def test_what_is_no_http_is_cut_off() -> None:
    async def test(api: RuntimeApi, connect: Callable[[], Awaitable[Runtime]], waits: list[int]) -> None:
        reader, writer = await connect()
        writer.write(b"no http\r\n\r\n")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)

    with_api(test)


def test_a_stranger_is_let_go_at_once() -> None:
    async def test(api: RuntimeApi, connect: Callable[[], Awaitable[Runtime]], waits: list[int]) -> None:
        api.gate = lambda theirs, ours: False
        runtime = await connect()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError, BrokenPipeError)):
            await said(runtime, NEXT)
        assert waits == [] and not api.begun.done()

    with_api(test)
