"""Servers under people who mean no good: limits, floods, slow and greedy clients, and what is malformed."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fogbank.planes.dns import message, read, server
from fogbank.planes.dns.limits import Limiter, Verdict
from fogbank.planes.dns.message import Answer, Query, Resource
from fogbank.planes.dns.server import Desk, Terms

GOOD = read.question(1, "www.example.com", message.A)
EDNS = b"\0" + struct.pack("!HHIH", message.OPT, 1232, 0, 0)


def _answers(query: Query, asker: str) -> Answer:
    if query.name == "long.example.com":
        rows = tuple(Resource(query.name, message.TXT, 60, "x" * 250) for _ in range(200))
        return Answer(records=rows)
    if query.name == "gone.example.com":
        return Answer(message.NXDOMAIN, authority=(Resource("example.com", message.SOA, 5, "a. b. 1 2 3 4 5"),))
    return Answer(records=(Resource(query.name, message.A, 60, "192.0.2.1"),))


def _said(data: bytes) -> bytes:
    return Desk(_answers, Terms()).said(data, "192.0.2.9", None)


def _code(said: bytes) -> int:
    """With the half that EDNS has."""
    high = said[-6] if said[-11:-8] == b"\0\0\x29" else 0
    return said[3] & 15 | high << 4


def _query(name: str = "www.example.com", more: bytes = b"", count: int = 0, flags: int = 0x0100) -> bytes:
    head = struct.pack("!HHHHHH", 7, flags, 1, 0, 0, count)
    return head + message.wire_name(name) + struct.pack("!HH", 1, 1) + more


# What is malformed


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_query(more=EDNS, count=1), message.NOERROR),
        (_query(more=EDNS + EDNS, count=2), message.FORMERR),
        (_query(more=b"\0" + struct.pack("!HHIH", message.OPT, 1232, 1 << 16, 0), count=1), message.BADVERS),
        (_query(more=b"garbage"), message.FORMERR),
        (_query(more=EDNS + b"\0", count=1), message.FORMERR),
        (_query(more=EDNS[:-3], count=1), message.FORMERR),
        (_query(more=b"", count=1), message.FORMERR),
        (_query(more=EDNS * 30, count=30), message.FORMERR),
        (_query(flags=0x1000), message.NOTIMP),
        (_query(flags=0x2800, more=b"zone", count=9), message.NOTIMP),
        (struct.pack("!HHHHHH", 7, 0x1000, 0, 0, 0, 0), message.NOTIMP),
        (struct.pack("!HHHHHH", 7, 0, 0, 0, 0, 0), message.FORMERR),
        (struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1", message.FORMERR),
        (struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + b"\3www\xc0\x0c\0\1\0\1", message.FORMERR),
        (struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1", message.FORMERR),
        (_query()[:-1] + b"\3", message.REFUSED),  # CHAOS
        (_query()[:-2] + b"\0\xff", message.REFUSED),  # any class
        (_query()[:-4] + b"\0\xfc\0\1", message.REFUSED),  # AXFR
        (_query()[:-4] + b"\0\xfb\0\1", message.REFUSED),  # IXFR
        (_query()[:-4] + b"\xff\1\0\1", message.NOERROR),  # a type that nobody knows
    ],
)
def test_each_fault_has_its_code_and_comes_back_with_its_number(data: bytes, code: int) -> None:
    said = _said(data)
    assert (_code(said), said[:2], said[2] & 0x80) == (code, data[:2], 0x80)


def test_a_version_of_edns_that_nobody_knows_is_told_so_in_version_0() -> None:
    """RFC 6891, section 6.1.3."""
    said = _said(_query(more=b"\0" + struct.pack("!HHIH", message.OPT, 1232, 5 << 16, 0), count=1))
    assert said[-11:] == b"\0" + struct.pack("!HHIH", message.OPT, message.EDNS_BYTES_MAX, 1 << 24, 0)
    assert said[6:8] == b"\0\0"


def test_answers_to_what_cannot_be_read_are_no_longer_than_it() -> None:
    assert len(_said(struct.pack("!HHHHHH", 7, 0, 0, 0, 0, 0))) == 12
    assert _said(b"") == _said(b"x" * 11) == b""


# Limits


class _Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_whoever_is_sent_the_same_too_often_gets_short_answers_and_nothing_in_turn() -> None:
    clock = _Time()
    desk = Desk(_answers, Terms(None, Limiter(10, clock)))
    asked = [desk.said(GOOD, f"203.0.113.{number}", None) for number in range(30)]
    assert all(read.reading(one).answer for one in asked[:10])
    short = [one for one in asked[10:] if one]
    assert len(short) == 10
    assert all(read.reading(one).is_truncated and not read.reading(one).answer for one in short)
    assert all(len(one) <= len(GOOD) and one[:2] == GOOD[:2] for one in short)
    # Others, and other questions, are not concerned.
    assert read.reading(desk.said(GOOD, "198.51.100.1", None)).answer
    assert read.reading(desk.said(read.question(1, "b.example.com", 1), "203.0.113.1", None)).answer
    clock.now += 4
    assert read.reading(desk.said(GOOD, "203.0.113.7", None)).answer


def test_whoever_never_stops_stays_silenced_and_is_forgiven_in_seconds() -> None:
    clock = _Time()
    limiter = Limiter(10, clock)
    for _ in range(1000):
        limiter.verdict("203.0.113.1", "a")
        clock.now += 0.01
    verdicts = {limiter.verdict("203.0.113.1", "a") for _ in range(2)}
    assert verdicts == {Verdict.CUT, Verdict.DROPPED}
    clock.now += 7
    assert limiter.verdict("203.0.113.1", "a") is Verdict.SENT


def test_names_that_do_not_exist_are_counted_together() -> None:
    """Else random names would get past the limit, each an answer of its own."""
    desk = Desk(
        lambda query, asker: _answers(query._replace(name="gone.example.com"), asker), Terms(None, Limiter(5, _Time()))
    )
    asked = [desk.said(read.question(1, f"x{n}.example.com", 1), "203.0.113.1", None) for n in range(20)]
    assert sum(bool(one) and not read.reading(one).is_truncated for one in asked) == 5


def test_networks_of_ipv6_count_by_56_bits_and_this_machine_does_not_count() -> None:
    limiter = Limiter(1, _Time())
    assert limiter.verdict("2001:db8::1", "a") is Verdict.SENT
    assert limiter.verdict("2001:db8:0:ff::1", "a") is not Verdict.SENT
    assert limiter.verdict("2001:db8:0:100::1", "a") is Verdict.SENT
    for address in ("127.0.0.1", "127.0.0.53", "::1"):
        assert {limiter.verdict(address, "a") for _ in range(100)} == {Verdict.SENT}


def test_a_flood_from_everywhere_takes_no_more_memory_than_there_is_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogbank.planes.dns.limits._ACCOUNTS_MAX", 100)
    limiter, dice = Limiter(1, _Time()), random.Random(1)
    for _ in range(5000):
        limiter.verdict(".".join(str(dice.randrange(1, 224)) for _ in range(4)), str(dice.random()))
    assert limiter.size <= 300


# Streams


def _over(talk: Callable[[tuple[str, int]], Awaitable[Any]]) -> Any:
    """Run a server for streams, and talk to its address."""

    async def run() -> Any:
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        close = await server.serve(sock, _answers)
        try:
            async with asyncio.timeout(20):
                return await talk(sock.getsockname())
        finally:
            close()
            await asyncio.sleep(0)

    return asyncio.run(run())


def _framed(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


async def _ask(address: tuple[str, int]) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(_framed(GOOD))
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    found = await reader.readexactly(length)
    writer.close()
    return found


def test_more_connections_than_there_is_room_for_push_out_the_silent_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_CONNECTIONS_MAX", 8)

    async def talk(address: tuple[str, int]) -> bytes:
        held = [await asyncio.open_connection(*address) for _ in range(30)]
        # The first ones hear that they were let go of.
        heard = [await _ended(reader) for reader, _ in held[:22]]
        assert heard == [b""] * 22
        for _, writer in held:
            writer.close()
        return await _ask(address)

    assert read.reading(_over(talk)).answer


async def _ended(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def test_whoever_sends_byte_by_byte_and_never_a_whole_message_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_IDLE_SECONDS", 0.3)

    async def talk(address: tuple[str, int]) -> float:
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection(*address)
        began, ended = loop.time(), asyncio.create_task(_ended(reader))
        while not ended.done():
            writer.write(b"\1")
            await asyncio.wait((ended,), timeout=0.05)
        writer.close()
        return loop.time() - began

    assert _over(talk) > 0.2


def test_whoever_takes_no_answers_is_not_answered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_IDLE_SECONDS", 1.0)
    asked = 0

    def counted(query: Query, asker: str) -> Answer:
        nonlocal asked
        asked += 1
        return _answers(query, asker)

    async def run() -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        address = sock.getsockname()
        close = await server.serve(sock, counted)
        loop = asyncio.get_running_loop()
        with socket.socket() as greedy:
            greedy.setblocking(False)
            await loop.sock_connect(greedy, address)
            stream = _framed(read.question(1, "long.example.com", message.TXT)) * 5000
            # It sends what it can, and reads nothing; others are answered meanwhile.
            with pytest.raises((TimeoutError, ConnectionError)):
                async with asyncio.timeout(15):
                    while True:
                        await loop.sock_sendall(greedy, stream)
            assert read.reading(await _ask(address)).answer
        close()
        await asyncio.sleep(0)

    asyncio.run(run())
    # 50 KiB each: the sockets' buffers and ours take a few MiB, not the 250 MiB that were asked for.
    assert asked < 1000


def test_half_closed_connections_are_answered_and_closed() -> None:
    async def talk(address: tuple[str, int]) -> bytes:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(_framed(GOOD))
        writer.write_eof()
        heard = await reader.read()
        writer.close()
        return heard[2:]

    assert read.reading(_over(talk)).answer
