"""Checkers as processes: what makes a target healthy, what is streamed, and what outlives the cloud."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fogbank.clock import Clock
from fogbank.planes import process
from fogbank.planes.authority import Authority
from fogbank.planes.checks import aggregate, frames, reading, targets
from fogbank.planes.checks.processes import CheckerProcesses
from fogbank.planes.checks.reading import Body, NoHttp
from fogbank.planes.checks.targets import CAPACITY, HEALTHY, UNHEALTHY, Code, Seen, Target
from fogbank.planes.engines.engine import Engines, until
from fogbank.planes.net.fake import FakeNet

START = 1_750_000_000.0
REGIONS = ("us-east-1", "eu-west-1", "ap-northeast-1")
PATIENCE_SECONDS = 60.0

# Pure


def test_a_row_is_read_as_it_was_written() -> None:
    seen = Seen(Code.STATUS, 503, "192.0.2.7", START, 1.5, 2.5, 4.5)
    rows = targets.written(Seen()) + targets.written(seen)
    assert (targets.read(rows, 0), targets.read(rows, 1)) == (Seen(), seen)
    assert len(targets.written(seen)) == len(targets.written(Seen()))


@pytest.mark.parametrize("threshold", range(1, 11))
def test_a_state_turns_after_so_many_results_in_a_row(threshold: int) -> None:
    state, streak = HEALTHY, 0
    for _ in range(threshold - 1):
        state, streak = targets.counted(state, streak, False, threshold)
    assert state == HEALTHY
    assert targets.counted(state, streak, True, threshold) == (HEALTHY, 0), "a success begins the count anew"
    state, streak = targets.counted(state, streak, False, threshold)
    assert (state, streak) == (UNHEALTHY, 0)
    for _ in range(threshold):
        state, streak = targets.counted(state, streak, True, threshold)
    assert state == HEALTHY


def test_probes_are_spread_over_their_interval_and_elsewhere_for_each_checker() -> None:
    tenths = [int(targets.phase(slot, "us-east-1") * 10) for slot in range(1000)]
    assert all(90 <= tenths.count(tenth) <= 110 for tenth in range(10))
    assert len({targets.phase(7, region) for region in REGIONS}) == 3
    assert targets.due_after(START, 10, 0.5) == START + 5
    assert targets.due_after(START + 5, 10, 0.5) == START + 15


def _states(*of_place_0: int) -> list[bytes]:
    return [bytes([state]) + bytes(CAPACITY - 1) for state in of_place_0]


@pytest.mark.parametrize("looked", range(1, 9))
def test_more_than_18_percent_of_those_who_look_make_a_target_healthy(looked: int) -> None:
    for healthy in range(looked + 1):
        states = _states(*[HEALTHY] * healthy, *[UNHEALTHY] * (looked - healthy))
        found = aggregate.merged(bytes(CAPACITY), aggregate.summed(states))
        assert found[0] == (healthy / looked > 0.18)
        assert found[1:] == bytes(CAPACITY - 1)


def test_where_nobody_looks_what_was_known_holds() -> None:
    nobody = aggregate.summed(_states(0, 0, 0))
    assert aggregate.merged(aggregate.HEALTHY_ALL, nobody) == aggregate.HEALTHY_ALL
    assert aggregate.merged(bytes(CAPACITY), nobody) == bytes(CAPACITY)
    assert aggregate.summed([]) == bytes(CAPACITY)


def test_a_full_table_of_eight_carries_nothing_into_the_next_place() -> None:
    assert aggregate.summed([bytes([HEALTHY]) * CAPACITY] * 8) == b"\x88" * CAPACITY
    assert aggregate.without(b"\x11" * CAPACITY, [1])[:3] == b"\x11\x00\x11"


def test_frames_are_read_however_they_are_cut() -> None:
    said = frames.time_told(5.0, None) + frames.state(7, bytes(CAPACITY)) + frames.ask(1, CAPACITY - 1, 99)
    reader = frames.Reader()
    found = [one for at in range(0, len(said), 1000) for one in reader.feed(said[at : at + 1000])]
    assert [kind for kind, _ in found] == [frames.TIME, frames.STATE, frames.ASK]
    assert frames.time_of(found[0][1]) == (5.0, None)
    assert frames.state_of(found[1][1]) == (7, bytes(CAPACITY))
    assert frames.asked(found[2][1]) == (1, CAPACITY - 1, 1)
    with pytest.raises(frames.Broken):
        list(frames.Reader().feed(b"\x01\xff\xff\xff\xff"))


@pytest.mark.parametrize(
    ("heard", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200),
        (b"HTTP/1.0 503 No\r\nA: b", 503),
        (b"HTTP/1.1 301\r\n", 301),
        (b"HTTP/1.1 20", 0),
        (b"HT", 0),
        (b"", 0),
    ],
)
def test_the_status_is_in_the_first_line(heard: bytes, status: int) -> None:
    assert reading.status(heard) == status


@pytest.mark.parametrize(
    "heard", [b"SSH-2.0", b"HTTP/2 200 OK\r\n", b"\r\n", b"HTTP/1.1 abc OK\r\n", b"HTTP/1.1" * 9999]
)
def test_what_is_no_http_is_told_apart(heard: bytes) -> None:
    with pytest.raises(NoHttp):
        reading.status(heard)


def test_a_body_is_read_as_far_as_5120_bytes() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    assert reading.body(head[:-1]) is None
    assert reading.body(head + b"ab") == Body(b"ab", False)
    assert reading.body(head + b"abc") == Body(b"abc", True)
    found = reading.body(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 6000)
    assert found == Body(b"x" * 5120, True)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert reading.body(chunked + b"3\r\nabc\r\n2;x=y\r\nd") == Body(b"abcd", False)
    assert reading.body(chunked + b"3\r\nabc\r\n0\r\n\r\n") == Body(b"abc", True)
    with pytest.raises(NoHttp):
        reading.body(chunked + b"zz\r\n")
    with pytest.raises(NoHttp):
        reading.body(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 9999)


# Checkers

Story = Callable[["World"], Coroutine[Any, Any, None]]
Served = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


async def soon(is_so: Callable[[], object]) -> None:
    async def asked() -> bool:
        return bool(is_so())

    await until(asked, PATIENCE_SECONDS)


class World:
    """A folder for checkers, and a cloud's time that stands still until it is moved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = f"fbck{uuid.uuid4().hex[:8]}"
        self.clock = Clock(frozen_at=START)
        self._running: list[tuple[CheckerProcesses, asyncio.Task[None]]] = []
        self.checks = self.cloud()

    def cloud(self, dns: str = "") -> CheckerProcesses:
        """As a cloud that has just been started sees it."""
        made = CheckerProcesses(self.engines, self.folder / "health.table", lambda region: ("", ""))
        made.attend(self.clock, lambda: dns)
        self._running.append((made, asyncio.ensure_future(made.run())))
        return made

    async def die(self) -> None:
        """As `kill -9` leaves it: nobody listens any longer."""
        for checks, task in self._running:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            checks.close()
        self._running.clear()

    @property
    def engines(self) -> Engines:
        return Engines(self.folder / "engines", self.prefix, FakeNet("plain"))

    def watch(self, *given: Target) -> None:
        self.checks.set({one.slot: one for one in given})

    async def total(self, slot: int, wanted: int, *, seconds: float = 0.0) -> None:
        """Move cloud time, if so wished, and wait until so much is said of a place."""
        if seconds:
            self.clock.advance(seconds)
        try:
            await soon(lambda: self.checks.known().total[slot] == wanted)
        except TimeoutError:
            found = self.checks.known().total[slot]
            raise AssertionError(f"{found:#x}, not {wanted:#x}; {await self.checks.reports(slot)}") from None

    async def seen(self, slot: int) -> set[tuple[Code, int]]:
        """What all checkers saw last at a place."""
        reports = await self.checks.reports(slot)
        assert set(reports) == set(REGIONS)
        return {(one.last[0].code, one.last[0].status) for one in reports.values()}

    async def sees(self, slot: int, code: Code, status: int) -> None:
        """Wait until all checkers see this at a place."""

        async def is_so() -> bool:
            return await self.seen(slot) == {(code, status)}

        await until(is_so, PATIENCE_SECONDS)

    async def clear(self) -> None:
        await self.die()
        await CheckerProcesses(self.engines, self.folder / "health.table", lambda region: ("", "")).clear()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[Story], None]]:
    def called(story: Story) -> None:
        async def main() -> None:
            world = World(tmp_path)
            pids = []
            try:
                await story(world)
            finally:
                pids = [found.pid for name in world.engines.names() if (found := world.engines.found(name))]
                await world.clear()
            assert pids, "there were checkers"
            assert all(process.found(pid) is None for pid in pids)
            assert not (tmp_path / "health.table").exists()

        asyncio.run(main())

    return called


class Site:
    """An HTTP server whose answer tests change."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.requests: list[bytes] = []
        self.port = 0
        self.is_silent = False
        self.is_hasty = False
        """Whether it answers before it is asked."""

    def says(self, status: int, body: bytes = b"") -> None:
        self.answer = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if not self.is_hasty:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self.is_silent:
                await reader.read()
            writer.write(self.answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def site(context: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    found = Site()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


def _http(found: Site, **more: Any) -> Target:
    given = {"slot": 5, "kind": "http", "address": "127.0.0.1", "interval": 10, "threshold": 2, "regions": REGIONS}
    return Target(**{**given, "port": found.port, "host": "x.example", "path": "/health", **more})


def test_a_target_falls_ill_and_recovers_as_its_threshold_says(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as found:
            world.watch(_http(found))
            await world.total(5, 0x33, seconds=10)
            assert world.checks.known().healthy == aggregate.HEALTHY_ALL
            found.says(500)
            await world.total(5, 0x33, seconds=10)
            await soon(lambda: len(found.requests) >= 6)
            await world.total(5, 0x30, seconds=10)
            assert world.checks.known().healthy[5] == 0
            assert sum(world.checks.known().healthy) == CAPACITY - 1
            assert await world.seen(5) == {(Code.STATUS, 500)}
            found.says(302)
            # Three missed probes are made up for at once: two of them are enough.
            await world.total(5, 0x33, seconds=30)
            assert await world.seen(5) == {(Code.OK, 302)}
            (reports,) = {one.failed[0].status for one in (await world.checks.reports(5)).values()}
            assert reports == 500
            request = found.requests[0].decode()
            assert request.startswith("GET /health HTTP/1.1\r\nHost: x.example\r\n")

    run(story)


def test_nothing_is_tried_again(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as found:
            found.says(500)
            world.watch(_http(found, threshold=1))
            await world.total(5, 0x30, seconds=10)
            assert len(found.requests) == 3, "one of each checker"
            found.is_silent = True
            await world.total(5, 0x30, seconds=20)
            await world.sees(5, Code.ANSWER_LATE, 0)

    run(story)


def test_a_refused_connection_is_unhealthy_and_tcp_needs_no_more_than_one(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as found:
            tcp = _http(found, kind="tcp", threshold=1, slot=1)
            with socket.socket() as closed:
                closed.bind(("127.0.0.1", 0))
                refused = _http(found, kind="tcp", threshold=1, slot=CAPACITY - 1, port=closed.getsockname()[1])
                far = _http(found, address="198.18.1.1", threshold=1, slot=3)
                world.watch(tcp, refused, far)
                await world.total(1, 0x33, seconds=10)
                await world.total(CAPACITY - 1, 0x30)
                await world.total(3, 0x30)
                assert await world.seen(CAPACITY - 1) == {(Code.REFUSED, 0)}
                assert await world.seen(3) == {(Code.UNREACHABLE, 0)}
                assert not found.requests or found.requests == [b""] * len(found.requests)

    run(story)


def test_text_is_searched_in_the_first_5120_bytes(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as near, site() as far:
            near.says(200, b"x" * 5110 + b"I am fine")
            far.says(200, b"x" * 5115 + b"I am fine")
            world.watch(
                _http(near, slot=1, search="I am fine", threshold=1),
                _http(far, slot=2, search="I am fine", threshold=1),
            )
            await world.total(1, 0x33, seconds=10)
            await world.total(2, 0x30)
            assert await world.seen(2) == {(Code.NOT_FOUND, 200)}
            near.says(200, b"I AM FINE")
            await world.total(1, 0x30, seconds=10)

    run(story)


def test_tls_tells_the_name_it_is_told_to_and_believes_every_certificate(
    run: Callable[[Story], None], tmp_path: Path
) -> None:
    from fogbank.gateway.tls import ssl_context

    context = ssl_context(Authority.load_or_create(tmp_path / "tls"))
    names: list[str | None] = []
    before = context.sni_callback

    def told(sock: Any, name: str | None, given: ssl.SSLContext) -> Any:
        names.append(name)
        return before(sock, name, given) if before is not None else None

    context.sni_callback = told

    async def story(world: World) -> None:
        async with site(context) as found, site() as plain:
            plain.is_hasty = True
            world.watch(
                _http(found, slot=1, kind="https", sni="a.example", threshold=1),
                _http(found, slot=2, kind="https", threshold=1),
                _http(plain, slot=3, kind="https", threshold=1),
            )
            await world.total(1, 0x33, seconds=10)
            await world.total(2, 0x33)
            await world.total(3, 0x30)
            assert await world.seen(3) == {(Code.TLS, 0)}
            assert sorted(names, key=str) == [None] * 3 + ["a.example"] * 3
            (report, *_) = (await world.checks.reports(1)).values()
            assert report.last[0].tls_ms > 0

    run(story)


def test_who_says_nothing_is_left_out(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as found:
            world.watch(_http(found, threshold=1))
            await world.total(5, 0x33, seconds=10)
            name = "checker-eu-west-1"
            running = world.engines.found(name)
            assert running is not None
            os.kill(running.pid, signal.SIGSTOP)
            try:
                await world.total(5, 0x22)
            finally:
                os.kill(running.pid, signal.SIGKILL)
            # Another one takes its place, and begins with what is known.
            await world.total(5, 0x33, seconds=10)
            assert world.engines.found(name) != running

    run(story)


def test_checkers_outlive_the_cloud_and_are_found_again(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as found:
            found.says(500)
            target = _http(found, threshold=1)
            world.watch(target)
            await world.total(5, 0x30, seconds=10)
            before = [world.engines.found(name) for name in world.engines.names()]
            await soon((world.folder / "health.table").exists)
            await world.die()
            world.checks = world.cloud()
            assert world.checks.known().healthy[5] == 0, "a restart begins with what was known"
            world.watch(target)
            await world.total(5, 0x30)
            assert [world.engines.found(name) for name in world.engines.names()] == before
            found.says(200)
            await world.total(5, 0x33, seconds=10)

    run(story)


def test_a_place_that_is_given_to_another_target_begins_anew(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as bad, site() as good:
            bad.says(500)
            world.watch(_http(bad, threshold=1))
            await world.total(5, 0x30, seconds=10)
            world.watch(_http(bad, threshold=3))
            await world.sees(5, Code.STATUS, 500)
            assert world.checks.known().total[5] == 0x30, "the same is looked at"
            world.watch(_http(good, threshold=3))
            await world.total(5, 0x00)
            assert world.checks.known().healthy[5] == 1
            await world.total(5, 0x33, seconds=10)
            world.watch(_http(good, threshold=3, regions=REGIONS[:2]))
            await world.total(5, 0x22)

    run(story)


def test_the_bytes_that_are_streamed_are_the_same_whatever_fails(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as found:
            world.watch(*(_http(found, slot=slot, threshold=1) for slot in range(50)))
            await world.total(49, 0x33, seconds=10)

            async def messages() -> set[int]:
                before = dict(world.checks.received())
                await soon(lambda: all(world.checks.received()[name] - n > 3 * CAPACITY for name, n in before.items()))
                return {(world.checks.received()[name] - n) % frames.STATE_BYTES for name, n in before.items()}

            assert await messages() == {0}
            found.says(500)
            await world.total(49, 0x30, seconds=10)
            assert await messages() == {0}

    run(story)


def test_nobody_is_left_when_nothing_is_to_be_looked_at(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as found:
            world.watch(_http(found, threshold=1))
            await world.total(5, 0x33, seconds=10)
            running = {name: world.engines.found(name) for name in world.engines.names()}
            assert len(running) == 3
            world.watch()
            await world.total(5, 0x00)
            await soon(lambda: not world.engines.names())
            assert all(world.engines.found(name) is None for name in running), "nobody"
            world.watch(_http(found, threshold=1))
            await world.total(5, 0x33, seconds=10)

    run(story)


def test_what_cannot_be_heard_to_its_end_is_left(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with site() as endless, site() as large, site() as foreign:
            endless.answer = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000
            large.says(200, b"x" * 3_000_000)
            foreign.answer = b"SSH-2.0-OpenSSH\r\n"
            world.watch(
                _http(endless, slot=1, threshold=1, search="ok"),
                _http(large, slot=2, threshold=1, search="ok"),
                _http(foreign, slot=3, threshold=1),
                _http(foreign, slot=4, threshold=1, kind="https", sni="x" * 64),
            )
            for slot in (1, 2, 3, 4):
                await world.total(slot, 0x30, seconds=10 if slot == 1 else 0)
            assert await world.seen(1) == {(Code.NO_HTTP, 200)}
            assert await world.seen(2) == {(Code.NOT_FOUND, 200)}
            assert await world.seen(3) == {(Code.NO_HTTP, 0)}
            assert await world.seen(4) == {(Code.TLS, 0)}

    run(story)
