"""The targets: one process that answers for all of them, well or badly, as it is told on its standard input."""

from __future__ import annotations

import asyncio
import sys
import time

try:
    from uvloop import run
except ImportError:
    from asyncio import run

ADDRESSES = 100
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
BAD = b"HTTP/1.1 503 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"


class Mood:
    """How the targets are: `good`, `bad`, `flap SECONDS`, or `only NUMBER…` (those are bad)."""

    def __init__(self) -> None:
        self.words = ["good"]

    def answer(self, path: bytes) -> bytes:
        kind, *more = self.words
        if kind == "flap":
            return BAD if int(time.time() / float(more[0])) % 2 else GOOD
        if kind == "only":
            return BAD if path.decode() in more else GOOD
        return BAD if kind == "bad" else GOOD


class Target(asyncio.Protocol):
    """One probe: `GET /NUMBER`."""

    def __init__(self, mood: Mood) -> None:
        self.mood = mood

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.mood.answer(data[5 : data.index(b" ", 5)]))
        self.transport.close()


async def main() -> None:
    mood, loop = Mood(), asyncio.get_running_loop()
    first = await loop.create_server(lambda: Target(mood), "127.9.0.1", 0, backlog=4096)
    port = first.sockets[0].getsockname()[1]
    for number in range(2, ADDRESSES + 1):
        await loop.create_server(lambda: Target(mood), f"127.9.0.{number}", port, backlog=4096)
    print(port, flush=True)
    ended = loop.create_future()

    def told() -> None:
        line = sys.stdin.readline()
        if line:
            mood.words = line.split()
        elif not ended.done():
            ended.set_result(None)

    loop.add_reader(sys.stdin.fileno(), told)
    await ended


if __name__ == "__main__":
    run(main())
