"""Flows: the kernel's messages as they came from one, and what a book makes of them; taps in a real namespace."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes.net import flows, probe
from fogbank.planes.net.facts import Chain, Fact, Namespace, Rules, Setting
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.flows import Book, Connection, Count, Flow, Flows, Logged
from fogbank.testing.network import Network

# Of Linux 6.18: the first packet of a connection, and one that a rule has dropped.
NEW_PACKET = bytes.fromhex(
    "02000001080001000800020008000a006e657700080004000000000208000500000000030800020000000650100008000006000002ec8e73"
    "ca47000006000f000001000006001100000e0000120010000235a68dc65102ec8e73ca470800000014000300000000006b017d9d00000000"
    "000d175108000c0000000000400009004500003c15b340003f0610010a0001040a00010584f50050010a59b800000000a002f50716370000"
    "020423010402080acfd14c0c000000000103030a"
)
LOST_PACKET = bytes.fromhex(
    "02000001080001000800020007000a00696e0000080004000000000208000500000000030800020000000650100008000006000002ec8e73"
    "ca47000006000f000001000006001100000e0000120010000235a68dc65102ec8e73ca470800000014000300000000006b017d9d00000000"
    "000d1abb08000c0000000002400009004500003cf9ef40003f062bc40a0001040a000105ac0f00519e360db900000000a002f50716370000"
    "020423010402080a0c64d86d000000000103030a"
)
ENTRY = bytes.fromhex(
    "020000003400018014000180080001000a000104080002000a0001051c00028005000100060000000600020084f500000600030000500000"
    "3400028014000180080001000a000105080002000a0001041c000280050001000600000006000200005000000600030084f5000008000300"
    "0000018e080008000000000008000c00b18045af08000b00000000010800070000000077300004802c000180050001000700000005000200"
    "0a000000050003000a000000060004002700000006000500230000001c0009800c00010000000000000000060c0002000000000000000141"
    "1c000a800c00010000000000000000040c00020000000000000000e0"
)
ASK = Flow(6, "10.0.1.4", "10.0.1.5", 34037, 80)
DEVICES = {2: "ea", 3: "eb"}


def book() -> Book:
    return Book(lambda index: DEVICES.get(index, ""))


def told(rule: str, flow: Flow = ASK, *, sequence: int = 0, octets: int = 60) -> Logged:
    return Logged(rule, flow, Count(1, octets, 2), 2, 3, sequence)


def entry(sent: int, answered: int, *, number: int = 1, state: int = 3, flow: Flow = ASK) -> Connection:
    return Connection(number, flow, 0, state, (0, 0), Count(sent, sent * 100), Count(answered, answered * 100))


def test_a_logged_packet_as_the_kernel_tells_it() -> None:
    found = flows.logged(NEW_PACKET)
    assert found == Logged("new", ASK, Count(1, 60, flows.SYN), 2, 3, 0)
    lost = flows.logged(LOST_PACKET)
    assert lost is not None
    assert (lost.rule, lost.flow.destination_port, lost.sequence) == ("in", 81, 2)


def test_a_connection_as_the_kernel_tells_it() -> None:
    found = flows.connection(ENTRY)
    assert found is not None
    assert (found.id, found.flow, found.state) == (0xB18045AF, ASK, 7)
    assert (found.sent, found.answered) == (Count(6, 321), Count(4, 224))


@pytest.mark.parametrize("cut", [0, 4, 30, 140, 160])
def test_what_is_cut_off_is_no_packet(cut: int) -> None:
    assert flows.logged(NEW_PACKET[:cut]) is None
    assert flows.packet_of(NEW_PACKET[-60:][: min(cut, 20)]) is None


def test_the_headers_of_ipv6_are_walked() -> None:
    ends = bytes(15) + b"\1" + bytes(15) + b"\2"
    tcp = struct.pack(">HHIIBBHHH", 1000, 443, 0, 0, 0x50, flows.SYN | flows.ACK, 0, 0, 0)
    hop_by_hop = bytes([6, 0, *bytes(6)])
    packet = struct.pack(">IHBB", 6 << 28, len(hop_by_hop) + len(tcp), 0, 64) + ends + hop_by_hop + tcp
    assert flows.packet_of(packet) == (Flow(6, "::1", "::2", 1000, 443), Count(1, 68, 18))
    echo = struct.pack(">IHBB", 6 << 28, 8, 58, 64) + ends + bytes(8)
    assert flows.packet_of(echo) == (Flow(58, "::1", "::2", 0, 0), Count(1, 48))


def test_a_connection_is_told_with_its_devices_and_only_what_is_new_of_it() -> None:
    found = book()
    found.packet(told(flows.NEW))
    found.goes_on(entry(3, 2))
    (one,) = found.taken().accepted
    assert one.flow == msgspec.structs.replace(ASK, entered="ea", left="eb")
    assert (one.sent, one.answered) == (Count(3, 300, flows.SYN), Count(2, 200, flows.SYN | flows.ACK))
    found.goes_on(entry(3, 2))
    assert found.taken() == Flows()
    found.ends(entry(5, 3, state=7))
    (one,) = found.taken().accepted
    assert (one.sent, one.answered) == (Count(2, 200, flows.FIN), Count(1, 100, flows.FIN))
    # It is still in the table that was being read.
    found.goes_on(entry(5, 3, state=7))
    assert found.taken().accepted == ()


def test_a_connection_that_was_there_before_is_told_from_now_on() -> None:
    found = book()
    found.begun(entry(10, 10))
    found.goes_on(entry(11, 10))
    (one,) = found.taken().accepted
    assert (one.sent, one.answered, one.flow.entered) == (Count(1, 100), Count(), "")


def test_what_was_dropped_after_it_was_counted_has_not_gone_through() -> None:
    found = book()
    found.packet(told("out" + flows.COUNTED, Flow(6, ASK.destination, ASK.source, 80, 34037), octets=100))
    found.goes_on(entry(1, 1))
    shown = found.taken()
    assert [(one.rule, one.count.packets) for one in shown.rejected] == [("out", 1)]
    assert [(one.sent.packets, one.answered.packets) for one in shown.accepted] == [(1, 0)]
    # And what came before there was a connection is nobody's.
    found.packet(told("in"))
    found.goes_on(entry(2, 1))
    assert [one.sent.packets for one in found.taken().accepted] == [1]


def test_dropped_packets_are_added_up() -> None:
    found = book()
    for sequence in range(3):
        found.packet(told("in", sequence=sequence))
    (one,) = found.taken().rejected
    assert (one.rule, one.count, one.flow.entered, one.flow.left) == ("in", Count(3, 180, 2), "ea", "eb")


def test_what_is_lost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    found = book()
    found.packet(told("in", sequence=1))
    found.packet(told("in", sequence=5))
    assert found.taken().lost == 3
    monkeypatch.setattr(flows, "_MAX", 2)
    for port in range(4):
        found.packet(told("in", Flow(17, "10.0.0.9", "10.0.1.5", 1, port), sequence=6 + port))
    shown = found.taken()
    assert (shown.lost, [one.flow.destination_port for one in shown.rejected]) == (2, [2, 3])


def test_a_connection_whose_end_nobody_heard_is_forgotten() -> None:
    found = book()
    found.goes_on(entry(5, 5))
    found.looked()
    found.looked()
    found.goes_on(entry(1, 1))
    found.looked()
    # The same number again, with less than before: another connection.
    assert found.taken().accepted[0].sent.packets == 6


def test_nothing_is_told_where_there_are_no_packets() -> None:
    assert asyncio.run(FakeNet("plain").flows("r")) == Flows()


DROPS = frozenset[Fact](
    {
        Namespace("r", router=True),
        Setting("r", "net/netfilter/nf_conntrack_acct", "1"),
        Chain("r", "output", "type filter hook output priority 0; policy accept;"),
        Rules(
            "r",
            "output",
            (
                'udp dport 9 log group 1 snaplen 128 prefix "in" drop',
                'ct state new log group 1 snaplen 128 prefix "new"',
            ),
        ),
    }
)


@pytest.fixture
def net() -> Iterator[Network]:
    mode, reason = probe.found("full")
    if mode != "full":
        pytest.skip(f"no network namespaces here: {reason}")
    found = Network(mode)
    yield found
    found.close()


def test_in_a_namespace(net: Network) -> None:
    net.run(net.net.set({"r": DROPS}))
    net.serve("r", "127.0.0.1", 53, udp=True)
    assert net.run(net.net.flows("r")) == Flows(has_begun=True)
    assert net.ask("r", "127.0.0.1", 53, udp=True) == "127.0.0.1"
    # Whoever sends what is dropped on its way out is told so.
    assert net.ask("r", "127.0.0.1", 9, udp=True).startswith("(")
    shown = net.run(net.net.flows("r"))
    assert [(one.rule, one.flow.destination_port, one.flow.left) for one in shown.rejected] == [("in", 9, "lo")]
    (one,) = shown.accepted
    assert (one.flow.destination_port, one.flow.left, one.sent, one.answered) == (53, "lo", Count(1, 29), Count(1, 37))
    assert net.run(net.net.flows("r", ends=True)) == Flows()
    assert net.run(net.net.flows("r", ends=True)) == Flows()


def test_a_namespace_that_goes_is_let_go_and_another_of_its_name_begun(net: Network) -> None:
    net.run(net.net.set({"r": DROPS}))
    net.run(net.net.flows("r"))
    net.run(net.net.set({"r": frozenset()}))
    assert not Path(net.net.path("r")).exists()
    with pytest.raises(WorldError):
        net.run(net.net.flows("r"))
    net.run(net.net.set({"r": DROPS}))
    assert net.run(net.net.flows("r")).has_begun
