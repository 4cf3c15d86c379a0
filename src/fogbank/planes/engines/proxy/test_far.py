"""Lines: when bytes arrive, in which order, and what does not."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fogbank.planes.engines.proxies import Front, Target
from fogbank.planes.engines.proxy.far import ON_THE_WAY_BYTES_MAX
from fogbank.planes.engines.proxy.serving import Gate

_LATE_SECONDS = 5.0
"""For a machine that is busy."""
_PATIENCE_SECONDS = 30.0
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Story = Callable[["Far"], Coroutine[Any, Any, None]]


class Far:
    """A line, a client at its one end, and whoever takes its connection at the other."""

    def __init__(self, gate: Gate, near: Ends, far: Ends) -> None:
        self.gate = gate
        self.near, self.far = near, far

    def slow(self, seconds: float) -> None:
        self.gate.move(line(self.gate.front.address, self.gate.front.targets, seconds))


def line(folder: str, targets: tuple[Target, ...], seconds: float) -> Front:
    return Front(address=folder, port=5432, targets=targets, delay_seconds=seconds)


@asynccontextmanager
async def laid(folder: Path, seconds: float) -> AsyncIterator[Far]:
    taken: asyncio.Queue[Ends] = asyncio.Queue()
    (folder / "a").mkdir()
    (folder / "b").mkdir()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await taken.put((reader, writer))

    async with await asyncio.start_unix_server(take, folder / "b" / ".s.PGSQL.5432"):
        gate = Gate(line(str(folder / "a"), (Target(name="b", address=str(folder / "b")),), seconds), {})
        await gate.open()
        near = await asyncio.open_unix_connection(str(folder / "a" / ".s.PGSQL.5432"))
        far = await taken.get()
        try:
            yield Far(gate, near, far)
        finally:
            for _, writer in (near, far):
                writer.transport.abort()
            gate.close()


def told(tmp_path: Path, seconds: float, story: Story) -> None:
    async def main() -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS), laid(tmp_path, seconds) as far:
            await story(far)

    asyncio.run(main())


async def arrived(writer: asyncio.StreamWriter, reader: asyncio.StreamReader, text: bytes) -> float:
    """After how many seconds a text was there."""
    said_at = time.monotonic()
    writer.write(text)
    assert await reader.readexactly(len(text)) == text
    return time.monotonic() - said_at


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2])
def test_each_byte_takes_the_time_of_the_line_both_ways(tmp_path: Path, seconds: float) -> None:
    async def story(far: Far) -> None:
        for _ in range(3):
            for writer, reader in ((far.near[1], far.far[0]), (far.far[1], far.near[0])):
                assert seconds <= await arrived(writer, reader, b"x") < seconds + _LATE_SECONDS

    told(tmp_path, seconds, story)


def test_what_is_said_later_arrives_later_and_all_of_it_is_on_the_way_at_once(tmp_path: Path) -> None:
    async def story(far: Far) -> None:
        said: list[float] = []
        for number in range(20):
            far.near[1].write(bytes([number]))
            said.append(time.monotonic())
            await asyncio.sleep(0.01)
        for number in range(20):
            assert await far.far[0].readexactly(1) == bytes([number])
            assert time.monotonic() - said[number] >= 0.2
        assert time.monotonic() - said[0] < 20 * 0.2, "one after another would have taken longer"

    told(tmp_path, 0.2, story)


def test_a_line_that_becomes_quicker_lets_nothing_overtake(tmp_path: Path) -> None:
    async def story(far: Far) -> None:
        began = time.monotonic()
        far.near[1].write(b"slow")
        await asyncio.sleep(0.02)
        far.slow(0.0)
        far.near[1].write(b"quick")
        assert await far.far[0].readexactly(9) == b"slowquick"
        assert time.monotonic() - began >= 1.0
        assert await arrived(far.near[1], far.far[0], b"x") < 1.0, "what comes later takes the new time"
        far.slow(0.3)
        assert await arrived(far.far[1], far.near[0], b"x") >= 0.3

    told(tmp_path, 1.0, story)


def test_who_has_said_all_still_hears(tmp_path: Path) -> None:
    async def story(far: Far) -> None:
        began = time.monotonic()
        far.near[1].write(b"question")
        far.near[1].write_eof()
        assert await far.far[0].read() == b"question"
        assert time.monotonic() - began >= 0.1
        far.far[1].write(b"answer")
        far.far[1].close()
        assert await far.near[0].read() == b"answer"
        assert time.monotonic() - began >= 0.2

    told(tmp_path, 0.1, story)


def test_what_was_on_the_way_arrives_though_its_sender_has_gone(tmp_path: Path) -> None:
    async def story(far: Far) -> None:
        text = os.urandom(1 << 20)
        far.near[1].write(text)
        await far.near[1].drain()
        far.near[1].close()
        assert await far.far[0].read() == text

    told(tmp_path, 0.1, story)


def test_a_line_holds_so_much_and_whoever_says_more_waits(tmp_path: Path) -> None:
    async def story(far: Far) -> None:
        text = os.urandom(1 << 20)
        count = 3 * ON_THE_WAY_BYTES_MAX // len(text)

        async def say() -> None:
            for _ in range(count):
                far.near[1].write(text)
                await far.near[1].drain()
            far.near[1].write_eof()

        saying = asyncio.ensure_future(say())
        done, _ = await asyncio.wait([saying], timeout=1.0)
        assert not done, "the line is full"
        heard = 0
        while data := await far.far[0].read(1 << 20):
            heard += len(data)
        await saying
        assert heard == count * len(text)

    # Longer than what is waited for above: nothing has arrived by then.
    told(tmp_path, 1.5, story)


def test_a_line_that_is_down_takes_what_is_on_the_way_with_it(tmp_path: Path) -> None:
    async def story(far: Far) -> None:
        far.near[1].write(b"lost")
        await asyncio.sleep(0.02)
        far.gate.move(line(far.gate.front.address, (), 0.3))
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await far.far[0].readexactly(1)
        reader, writer = await asyncio.open_unix_connection(f"{far.gate.front.address}/.s.PGSQL.5432")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.transport.abort()

    told(tmp_path, 0.3, story)
