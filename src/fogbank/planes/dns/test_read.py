"""Answers are read as they were written, and what is no answer is not."""

from __future__ import annotations

import random

import pytest

from fogbank.planes.dns import message, rdata, read
from fogbank.planes.dns.message import Answer, Query, Resource, Subnet

VALUES = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("CNAME", "www.example.com."),
    ("MX", "10 mail.example.com."),
    ("TXT", '"a b" "c\\"d"'),
    ("SRV", "1 2 443 a.example.com."),
    ("SOA", "ns.example.com. mail.example.com. 1 2 3 4 5"),
    ("CAA", '0 issue "ca.example"'),
    ("DS", "12345 13 2 00FF"),
]


@pytest.mark.parametrize(("type_", "text"), VALUES)
def test_what_is_written_is_read(type_: str, text: str) -> None:
    query = message.parsed(read.question(7, "Example.com", rdata.TYPES[type_]))
    record = Resource("example.com", rdata.TYPES[type_], 60, text, rdata.wire(type_, text))
    found = read.reading(message.written(query, Answer(records=(record,))))
    assert (found.code, found.is_authoritative, found.answer) == (
        "NOERROR",
        True,
        (read.Line("Example.com.", 60, type_, text),),
    )


def test_a_type_without_a_form_of_its_own_is_hexadecimal() -> None:
    query = message.parsed(read.question(7, "a", 44))
    record = Resource("a", 44, 60, "", rdata.wire("SSHFP", "4 2 00ff"))
    assert read.reading(message.written(query, Answer(records=(record,)))).answer[0].data == "\\# 4 040200ff"


def test_glue_is_left_out_before_an_answer_is_cut_short() -> None:
    query = message.parsed(read.question(7, "a", 1, 512))
    lots = tuple(Resource("a", 1, 60, f"192.0.2.{n}") for n in range(30))
    kept = read.reading(message.written(query, Answer(records=lots[:20], additional=lots), size_max=512))
    assert (kept.is_truncated, len(kept.answer), kept.additional) == (False, 20, ())
    cut = read.reading(message.written(query, Answer(records=lots), size_max=200))
    assert (cut.is_truncated, cut.answer) == (True, ())


@pytest.mark.parametrize(
    ("option", "subnet"),
    [
        (b"\0\x08\0\x07\0\x01\x18\0\xc0\0\x02", Subnet("192.0.2.0", 24)),
        (b"\0\x0a\0\x02ab\0\x08\0\x06\0\x02\x10\0\x20\x01", Subnet("2001::", 16)),
        (b"\0\x08\0\x04\0\0\0\0", None),
    ],
)
def test_the_network_that_a_resolver_asks_for_is_read_and_said_back(option: bytes, subnet: Subnet | None) -> None:
    asked = read.question(7, "a", 1)
    query = message.parsed(asked[:-2] + len(option).to_bytes(2, "big") + option)
    assert query.subnet == subnet
    if subnet is not None:
        said = message.written(query, Answer(scope=subnet.bits))
        body = option[-7:] if subnet.bits == 24 else option[-6:]
        assert said.endswith(body[:3] + bytes([subnet.bits]) + body[4:])


def test_a_subnet_that_is_none_is_no_query() -> None:
    asked = read.question(7, "a", 1)
    for option in (b"\0\x08\0\x07\0\x01\x21\0\xc0\0\x02", b"\0\x08\0\x07\0\x03\x18\0\xc0\0\x02", b"\0\x08\0\x02\0\x01"):
        with pytest.raises(message.Malformed):
            message.parsed(asked[:-2] + len(option).to_bytes(2, "big") + option)


def test_noise_is_no_answer_and_no_query() -> None:
    dice = random.Random(3)
    good = message.written(Query(1, "a", 1, 1, b"\1a\0"), Answer(records=(Resource("a", 1, 60, "192.0.2.1"),)))
    asked = read.question(7, "www.example.com", 1)
    for _ in range(3000):
        for start, parse in ((good, read.reading), (asked, message.parsed)):
            noise = bytearray(start)
            for _ in range(dice.randrange(1, 6)):
                noise[dice.randrange(len(noise))] = dice.randrange(256)
            try:
                parse(bytes(noise[: dice.randrange(len(noise) + 1)]))  # type: ignore[operator]
            except message.Malformed:
                continue
