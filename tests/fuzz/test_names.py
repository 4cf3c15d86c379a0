"""Hostile packets at the name server: no answer above the limits, no failure, and the next good question is answered.

`FOGBANK_FUZZ_PACKETS=1000000 pytest tests/fuzz/test_names.py` sends as many.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import socket
import struct
from typing import Any

import pytest

from fogbank.planes.dns import message, read
from fogbank.planes.dns.server import Desk, answered
from fogbank.testing import Served, TestCloud
from fogbank.testing.plugin import MakeClient

PACKETS = int(os.environ.get("FOGBANK_FUZZ_PACKETS", "100000"))
CHECKED_EVERY = 500
SUBNET = bytes.fromhex("000800070001180004d203"), bytes.fromhex("0008000b0002380020010db8000000")
NAMES = ("www", "many", "weighted", "latency", "alias", "chain", "x.any", "x.sub", "missing", "text", "")
TYPES = (1, 2, 5, 6, 12, 15, 16, 28, 33, 43, 46, 48, 99, 250, 251, 252, 255, 257, 65280)


def _records(name: str, zone: str) -> list[dict[str, Any]]:
    """All that a zone can have: what each policy, wildcards, delegations and long answers make of packets."""

    def one(label: str, type_: str, *values: str, **more: Any) -> dict[str, Any]:
        rows = {} if "AliasTarget" in more else {"TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
        return {"Name": f"{label}.{name}", "Type": type_, **rows, **more}

    target = {"HostedZoneId": zone.rpartition("/")[2], "DNSName": f"latency.{name}", "EvaluateTargetHealth": True}
    found = [one("www", "A", "192.0.2.1"), one("many", "A", *(f"192.0.2.{n}" for n in range(200)))]
    found += [one("weighted", "A", f"192.0.2.{n}", SetIdentifier=str(n), Weight=n) for n in range(3)]
    for region in ("us-east-1", "eu-west-1"):
        found.append(one("latency", "A", "192.0.2.1", SetIdentifier=region, Region=region))
    found += [one("alias", "A", AliasTarget=target), one("chain", "CNAME", f"weighted.{name}")]
    found += [one("*.any", "A", "192.0.2.1"), one("sub", "NS", f"ns.sub.{name}"), one("ns.sub", "A", "192.0.2.1")]
    return [*found, one("text", "TXT", *(f'"{n:0250d}"' for n in range(10)))]


def _batch(name: str, zone: str) -> dict[str, Any]:
    return {"Changes": [{"Action": "CREATE", "ResourceRecordSet": one} for one in _records(name, zone)]}


def _good(dice: random.Random, zone: str) -> bytes:
    """A question as resolvers ask it."""
    label = dice.choice(NAMES)
    name = f"{label}.{zone}" if label else zone
    options = dice.choice((b"", b"", *SUBNET, b"\0\x0a\0\x08" + dice.randbytes(8)))
    flags = dice.choice((0, 0x8000)) | dice.choice((0, 0, 0, 1 << 16))
    edns = b"\0" + struct.pack("!HHIH", message.OPT, dice.choice((0, 512, 1232, 65535)), flags, len(options)) + options
    extra = dice.choice((b"", edns, edns, edns + edns))
    count = 0 if not extra else len(extra) // len(edns)
    head = struct.pack("!HHHHHH", dice.randrange(65536), dice.choice((0, 0x0100, 0x0110)), 1, 0, 0, count)
    return (
        head + message.wire_name(name) + struct.pack("!HH", dice.choice(TYPES), dice.choice((1, 1, 1, 3, 255))) + extra
    )


def _changed(dice: random.Random, data: bytes, other: bytes) -> bytes:
    """A packet with bytes flipped, cut, doubled, put in, or swapped with those of another."""
    raw = bytearray(data)
    for _ in range(dice.randrange(4)):
        at, how = dice.randrange(len(raw) + 1), dice.randrange(7)
        if how == 0:
            raw[at : at + 1] = bytes([dice.randrange(256)])
        elif how == 1:
            del raw[at:]
        elif how == 2:
            raw[at:at] = raw[at : at + 40]
        elif how == 3:
            raw[at:at] = bytes([0xC0 | dice.randrange(64), dice.randrange(256)])
        elif how == 4:
            raw[at : at + 2] = struct.pack("!H", dice.choice((0, 1, 63, 64, 255, 512, 65535)))
        elif how == 5:
            raw[at:] = other[at:]
        else:
            raw += dice.randbytes(dice.randrange(600))
    return bytes(raw)


def _allowed(data: bytes) -> int:
    """The bytes that an answer to a datagram may have."""
    try:
        return message.parsed(data).payload
    except message.Malformed:
        return 12


def _check(data: bytes, said: bytes) -> None:
    if len(data) < 12 or data[2] & 0x80:
        assert not said, data.hex()
        return
    assert said[:2] == data[:2], data.hex()
    assert said[2] & 0x80, data.hex()
    assert said[3] & 15 != message.SERVFAIL, data.hex()
    assert len(said) <= _allowed(data), data.hex()
    assert len(said) <= message.UDP_BYTES or b"\0\0\x29" in data, data.hex()
    read.reading(said)


def test_packets_that_are_damaged_are_answered_within_limits_or_not_at_all(
    cloud: TestCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """In process, through what answers datagrams and, every tenth, what answers streams."""
    call = cloud.client("route53")
    zone = call("CreateHostedZone", Name="example.com", CallerReference="a")["HostedZone"]["Id"]
    call("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=_batch("example.com", zone))
    inside, dice = cloud.cloud.inside, random.Random(2026)
    desk = Desk(inside.resolve_for_host, inside.terms())
    good = [_good(dice, "example.com") for _ in range(500)]
    with caplog.at_level(logging.WARNING, "fogbank.dns"):
        for number in range(PACKETS):
            data = _changed(dice, dice.choice(good), dice.choice(good))
            _check(data, desk.said(data, "127.0.0.1", desk.plans()))
            if number % 10 == 0:
                said = answered(data, "127.0.0.1", inside.resolve_for_host, is_stream=True)
                assert said is None or said[3] & 15 != message.SERVFAIL, data.hex()
            if number % CHECKED_EVERY == 0:
                asked = read.question(number & 65535, "www.example.com", message.A)
                assert read.reading(desk.said(asked, "127.0.0.1", desk.plans())).answer[0].data == "192.0.2.1"
    assert not caplog.records


def test_the_sockets_answer_the_next_good_question(served: Served, boto: MakeClient, account: str) -> None:
    name, route53 = f"z{account}.example", boto("route53")
    zone = route53.create_hosted_zone(Name=name, CallerReference=account)["HostedZone"]["Id"]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=_batch(name, zone))
    host, _, port = served.cloud.names.at.rpartition(":")
    dice, address = random.Random(53), (host, int(port))
    good = [_good(dice, name) for _ in range(200)]
    asked = read.question(1, f"www.{name}", message.A)
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(address)
        for _ in range(max(50, PACKETS // 1000)):
            noise = [_changed(dice, dice.choice(good), dice.choice(good)) for _ in range(40)]
            for one in noise:
                sock.send(one)
            number = dice.randbytes(2)
            sock.send(number + asked[2:])
            while (said := sock.recv(65535))[:2] != number or said[3] & 15 or said[6:8] != b"\0\1":
                assert len(said) <= message.EDNS_BYTES_MAX
            assert read.reading(said).answer[0].data == "192.0.2.1"
    for _ in range(50):
        with socket.create_connection(address, 5) as stream:
            for _ in range(10):
                one = _changed(dice, dice.choice(good), dice.choice(good))
                length = len(one) + dice.choice((0, 0, 0, -1, 1, 500))
                with contextlib.suppress(ConnectionError):  # it hangs up on those who ask nothing
                    stream.sendall(struct.pack("!H", max(0, length)) + one)
    with socket.create_connection(address, 5) as stream:
        stream.sendall(struct.pack("!H", len(asked)) + asked)
        said = stream.recv(2)
        assert read.reading(stream.recv(struct.unpack("!H", said)[0])).answer[0].data == "192.0.2.1"
