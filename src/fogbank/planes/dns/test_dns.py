from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fogbank.planes.dns import message, server
from fogbank.planes.dns.message import Answer, Malformed, Query, Resource

SOA = Resource("example.com", message.SOA, 60, "ns.example.com mail.example.com 1 2 3 4 5")


def asked(
    name: str, type_: int = message.A, *, flags: int = 0x0100, payload: int | None = None, klass: int = 1
) -> bytes:
    """A query's bytes; with EDNS where a payload size is given."""
    head = struct.pack("!HHHHHH", 0x1234, flags, 1, 0, 0, 0 if payload is None else 1)
    opt = b"" if payload is None else b"\0" + struct.pack("!HHIH", message.OPT, payload, 0, 0)
    return head + message.wire_name(name) + struct.pack("!HH", type_, klass) + opt


def flags_of(data: bytes) -> int:
    return int.from_bytes(data[2:4], "big")


def code_of(data: bytes) -> int:
    return flags_of(data) & 15


def counts_of(data: bytes) -> tuple[int, ...]:
    return struct.unpack_from("!HHHH", data, 4)


def echoed(query: Query, asker: str) -> Answer:
    """Answers with the asker's address, and what a name asks for."""
    if query.name == "broken.example.com":
        raise RuntimeError("no")
    if query.name == "long.example.com":
        return Answer(records=tuple(Resource(query.name, message.TXT, 60, "x" * 200) for _ in range(10)))
    return Answer(records=(Resource(query.name, message.A, 60, asker),), authority=(SOA,))


def said(data: bytes, *, is_stream: bool = False) -> bytes:
    found = server.answered(data, "10.0.0.9", echoed, is_stream=is_stream)
    assert found is not None
    return found


def test_a_query_is_read() -> None:
    found = message.parsed(asked("WWW.Example.com", message.AAAA))
    assert (found.id, found.name, found.type, found.klass) == (0x1234, "www.example.com", message.AAAA, 1)
    assert (found.recursion, found.edns, found.payload, found.opcode) == (True, False, 512, 0)
    assert found.asked == b"\3WWW\7Example\3com\0"


@pytest.mark.parametrize(("named", "taken"), [(4096, 1232), (1000, 1000), (100, 512)])
def test_edns_says_how_much_fits(named: int, taken: int) -> None:
    found = message.parsed(asked("a.example", payload=named))
    assert (found.edns, found.payload) == (True, taken)


def test_an_answer_repeats_the_question_as_it_was_written() -> None:
    found = said(asked("WwW.example.com"))
    assert b"\3WwW\7example\3com\0" in found
    assert (found[:2], code_of(found), counts_of(found)) == (b"\x124", message.NOERROR, (1, 1, 1, 0))
    assert flags_of(found) & 0x8580 == 0x8580  # an authoritative answer, recursion wanted and available
    assert socket.inet_aton("10.0.0.9") in found


def test_an_answer_to_edns_has_edns() -> None:
    assert counts_of(said(asked("a.example", payload=4096)))[3] == 1
    assert counts_of(said(asked("a.example")))[3] == 0


def test_what_does_not_fit_a_datagram_is_cut_and_says_so() -> None:
    cut = said(asked("long.example.com"))
    assert (len(cut) <= 512, bool(flags_of(cut) & 0x0200), counts_of(cut)[1]) == (True, True, 0)
    whole = said(asked("long.example.com"), is_stream=True)
    assert (bool(flags_of(whole) & 0x0200), counts_of(whole)[1]) == (False, 10)


def test_what_fits_by_edns_is_not_cut() -> None:
    query = message.parsed(asked("a.example", payload=1232))
    answer = Answer(records=tuple(Resource("a.example", message.A, 1, "10.0.0.1") for _ in range(60)))
    assert len(message.written(query, answer, size_max=query.payload)) > 512
    short = message.parsed(asked("a.example"))
    assert flags_of(message.written(short, answer, size_max=short.payload)) & 0x0200


@pytest.mark.parametrize(
    "record",
    [
        Resource("a.example", message.A, 60, "10.0.0.1"),
        Resource("a.example", message.AAAA, 60, "2001:db8::1"),
        Resource("a.example", message.CNAME, 60, "b.example"),
        Resource("a.example", message.TXT, 60, "x" * 300),
        SOA,
    ],
)
def test_data_is_as_long_as_it_says(record: Resource) -> None:
    query = message.parsed(asked("a.example"))
    written = message.written(query, Answer(records=(record,)))
    start = 12 + len(query.asked) + 4
    name = 2 if record.name == query.name else len(message.wire_name(record.name))
    (length,) = struct.unpack_from("!H", written, start + name + 8)
    assert start + name + 10 + length == len(written)


def test_long_texts_are_written_in_pieces() -> None:
    raw = message.wire_data(Resource("a", message.TXT, 60, "x" * 300))
    assert (raw[0], raw[256], len(raw)) == (255, 45, 302)


@pytest.mark.parametrize("name", ["a" * 64, ".".join(["a" * 63] * 4), "a..b"])
def test_what_is_no_name_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        message.wire_name(name)


@pytest.mark.parametrize(
    "data",
    [
        asked("a.example")[:14],
        asked("a.example")[:-1],
        struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
        struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + b"\x40" * 80,
        struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1",
        struct.pack("!HHHHHH", 7, 0, 0, 0, 0, 0),
        struct.pack("!HHHHHH", 7, 0, 2, 0, 0, 0) + asked("a.example")[12:] * 2,
    ],
)
def test_a_question_that_cannot_be_read_is_told_so(data: bytes) -> None:
    with pytest.raises(Malformed):
        message.parsed(data)
    assert code_of(said(data)) == message.FORMERR
    assert said(data)[:2] == data[:2]


@pytest.mark.parametrize("data", [b"", b"x" * 11, asked("a.example", flags=0x8000)])
def test_what_is_no_question_gets_no_answer(data: bytes) -> None:
    """Else two servers could be made to talk to each other for ever."""
    assert server.answered(data, "10.0.0.9", echoed, is_stream=False) is None


def test_random_bytes_never_break_anything() -> None:
    dice = random.Random(53)
    for _ in range(3000):
        data = bytearray(asked("www.example.com", payload=4096))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        found = server.answered(bytes(data[: dice.randrange(len(data) + 1)]), "10.0.0.9", echoed, is_stream=False)
        assert found is None or len(found) >= 12


def test_what_is_not_done_here_is_refused() -> None:
    assert code_of(said(asked("a.example", flags=0x2800))) == message.NOTIMP
    assert code_of(said(asked("a.example", klass=3))) == message.REFUSED


def test_an_answer_that_cannot_be_made_is_a_failure_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    assert code_of(said(asked("broken.example.com"))) == message.SERVFAIL
    assert "broken.example.com" in caplog.text


def over(kind: socket.SocketKind, talk: Callable[[tuple[str, int]], Awaitable[Any]]) -> Any:
    """Run a server on a socket of this kind, and talk to its address."""

    async def run() -> Any:
        sock = socket.socket(socket.AF_INET, kind)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        address = sock.getsockname()
        close = await server.serve(sock, echoed)
        try:
            async with asyncio.timeout(5):
                return await talk(address)
        finally:
            close()
            await asyncio.sleep(0)

    return asyncio.run(run())


def test_datagrams_are_answered_and_nonsense_is_not() -> None:
    async def talk(address: tuple[str, int]) -> bytes:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(address)
            for data in (b"nonsense", asked("a.example")):
                await loop.sock_sendall(sock, data)
            return await loop.sock_recv(sock, 4096)

    found = over(socket.SOCK_DGRAM, talk)
    assert (found[:2], socket.inet_aton("127.0.0.1") in found) == (b"\x124", True)


def test_several_questions_in_one_connection_are_answered_in_order() -> None:
    """RFC 7766, section 6.2.1.1: a client may send before it has heard."""
    questions = [asked(f"{name}.example", payload=4096) for name in ("a", "bb", "ccc")]
    stream = b"".join(struct.pack("!H", len(one)) + one for one in questions)

    async def talk(address: tuple[str, int]) -> list[bytes]:
        reader, writer = await asyncio.open_connection(*address)
        for at in range(0, len(stream), 7):
            # In pieces, so that a length and a message come apart.
            writer.write(stream[at : at + 7])
            await writer.drain()
        found = []
        for _ in questions:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            found.append(await reader.readexactly(length))
        writer.close()
        await writer.wait_closed()
        return found

    found = over(socket.SOCK_STREAM, talk)
    assert [one[12:20].split(b"\0")[0][: at + 2] for at, one in enumerate(found)] == [b"\1a", b"\2bb", b"\3ccc"]


def test_a_connection_that_sends_no_question_is_closed() -> None:
    async def talk(address: tuple[str, int]) -> bytes:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(struct.pack("!H", 4) + b"nope")
        heard = await reader.read()
        writer.close()
        return heard

    assert over(socket.SOCK_STREAM, talk) == b""
