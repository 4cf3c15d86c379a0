"""Flows: what packets and connections went through a namespace, from the kernel's messages to numbers by flow."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from fogbank.planes.net.netlink import by_kind

GROUP = 1
"""The group that rules log to (`log group 1 prefix "…"`)."""
NEW = "new"
"""The prefix with which a rule tells the devices of a connection's first packet; packets under any other are lost."""
COUNTED = " counted"
"""What a prefix ends with where the packet's connection has counted it already (`ct status confirmed`)."""
TOLD_BYTES = 128
"""How much of a packet is wanted: its headers."""
HEADER_BYTES = 4
"""The nfgenmsg before a message's attributes."""
FIN, SYN, RST, ACK = 1, 2, 4, 16
_MAX = 65_536
_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58
_EXTENSIONS = (0, 43, 60)
_FRAGMENT = 44
_FIN_WAIT, _CLOSE_WAIT, _LAST_ACK, _TIME_WAIT, _CLOSE = 4, 5, 6, 7, 8
_ASSURED, _BEGAN_CLOSING = 4, 8
K = TypeVar("K")
V = TypeVar("V")


class Flow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Packets of one way that have their addresses, protocol, ports and devices in common; icmp's ports are 0.

    Addresses are those between the translations of public addresses: both ends as the inside sees them.
    """

    protocol: int
    source: str
    destination: str
    source_port: int
    destination_port: int
    entered: str = ""
    """The device that they came in by; empty if unknown."""
    left: str = ""

    def reversed(self) -> Flow:
        """The other way: of what answers it."""
        ends = self.destination, self.source, self.destination_port, self.source_port
        return Flow(self.protocol, *ends, self.left, self.entered)


class Count(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How much: packets, their bytes from the IP header on, and of TCP's flags FIN, SYN and RST (SYN with ACK: 18)."""

    packets: int = 0
    octets: int = 0
    flags: int = 0

    def plus(self, other: Count) -> Count:
        """Both together."""
        return Count(self.packets + other.packets, self.octets + other.octets, self.flags | other.flags)


class Rejected(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Packets that a rule dropped, by the prefix that it logs with, without `COUNTED`."""

    flow: Flow
    rule: str
    count: Count


class Accepted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What went through of connections: in the direction of their first packet, and back."""

    flow: Flow
    sent: Count
    answered: Count


class Flows(msgspec.Struct, frozen=True, array_like=True):
    """What is new since the last time, and how many packets are not in it because there was no room."""

    rejected: tuple[Rejected, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    lost: int = 0
    has_begun: bool = False
    """Whether nobody listened before: this was the first time, or something has broken off."""


class Connection(NamedTuple):
    """An entry of the kernel's table of connections."""

    id: int
    flow: Flow
    status: int
    state: int
    """Of TCP, the kernel's `enum tcp_conntrack`; 0 where unknown."""
    closing: tuple[int, int]
    """Of TCP, the connection's flags as each end has them."""
    sent: Count
    answered: Count


class Logged(NamedTuple):
    """A packet that a rule has told of."""

    rule: str
    flow: Flow
    size: Count
    entered: int
    """The index of a device, 0 for none."""
    left: int
    sequence: int


def logged(payload: bytes) -> Logged | None:
    """A message of nfnetlink_log; None if it holds no IP packet."""
    found = by_kind(payload, HEADER_BYTES)
    packet = packet_of(found.get(9, b""))
    if packet is None:
        return None
    return Logged(
        rule=found.get(10, b"").rstrip(b"\0").decode(errors="replace"),
        flow=packet[0],
        size=packet[1],
        entered=_number(found.get(4, b"")),
        left=_number(found.get(5, b"")),
        sequence=_number(found.get(12, b"")),
    )


def packet_of(data: bytes) -> tuple[Flow, Count] | None:
    """Who sends what to whom, by the headers of a packet (RFC 791, 8200, 9293, 768); None if they are not whole."""
    try:
        if data[0] >> 4 == 4:
            length, protocol, start = int.from_bytes(data[2:4], "big"), data[9], (data[0] & 15) * 4
            ends = socket.inet_ntop(socket.AF_INET, data[12:16]), socket.inet_ntop(socket.AF_INET, data[16:20])
        elif data[0] >> 4 == 6:
            length = 40 + int.from_bytes(data[4:6], "big")
            ends = socket.inet_ntop(socket.AF_INET6, data[8:24]), socket.inet_ntop(socket.AF_INET6, data[24:40])
            protocol, start = _past_extensions(data)
        else:
            return None
        ports, flags = (0, 0), 0
        if protocol in (_TCP, _UDP):
            ports = struct.unpack_from(">HH", data, start)
        if protocol == _TCP:
            flags = _told(data[start + 13])
    except (IndexError, ValueError, struct.error):
        return None
    return Flow(protocol, *ends, *ports), Count(1, length, flags)


def _past_extensions(data: bytes) -> tuple[int, int]:
    protocol, start = data[6], 40
    while protocol in _EXTENSIONS or protocol == _FRAGMENT:
        length = 8 if protocol == _FRAGMENT else (data[start + 1] + 1) * 8
        protocol, start = data[start], start + length
    return protocol, start


def _told(flags: int) -> int:
    """ACK is told only with SYN (VPC User Guide, "Flow log records", tcp-flags)."""
    return flags & (FIN | SYN | RST | (ACK if flags & SYN else 0))


def connection(payload: bytes) -> Connection | None:
    """A message of ctnetlink; None if it is about no IP connection."""
    found = by_kind(payload, HEADER_BYTES)
    there, back = _ends(found.get(1, b"")), _ends(found.get(2, b""))
    if there is None or back is None:
        return None
    # A packet is routed and filtered between the two translations: from its first source, to who answers it.
    flow = Flow(there.protocol, there.source, back.source, there.source_port, back.source_port)
    tcp = by_kind(by_kind(found.get(4, b"")).get(1, b""))
    return Connection(
        id=_number(found.get(12, b"")),
        flow=flow,
        status=_number(found.get(3, b"")),
        state=_number(tcp.get(1, b"")),
        closing=(tcp.get(4, b"\0")[0], tcp.get(5, b"\0")[0]),
        sent=_counted(found.get(9, b"")),
        answered=_counted(found.get(10, b"")),
    )


def _ends(payload: bytes) -> Flow | None:
    found = by_kind(payload)
    addresses, proto = by_kind(found.get(1, b"")), by_kind(found.get(2, b""))
    for family, first in ((socket.AF_INET, 1), (socket.AF_INET6, 3)):
        if first in addresses and first + 1 in addresses:
            source, destination = (socket.inet_ntop(family, addresses[at]) for at in (first, first + 1))
            ports = _number(proto.get(2, b"")), _number(proto.get(3, b""))
            return Flow(_number(proto.get(1, b"")), source, destination, *ports)
    return None


def _counted(payload: bytes) -> Count:
    found = by_kind(payload)
    return Count(_number(found.get(1, b"")), _number(found.get(2, b"")))


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")


class _Known:
    """What has been told of a connection so far: packets and bytes each way, and its flags."""

    __slots__ = ("flags", "is_seen", "told")

    def __init__(self) -> None:
        self.told = [0, 0, 0, 0]
        self.flags = [0, 0]
        self.is_seen = True


class Book:
    """Adds up what the kernel tells of a namespace, until it is asked for. It holds no more than 65,536 of anything."""

    def __init__(self, device: Callable[[int], str]) -> None:
        """`device` names the device that has an index."""
        self._device = device
        self._known: dict[int, _Known] = {}
        self._ended: set[int] = set()
        self._ways: dict[Flow, tuple[str, str]] = {}
        self._rejected: dict[tuple[Flow, str], Count] = {}
        self._accepted: dict[Flow, tuple[Count, Count]] = {}
        self._owed: dict[tuple[bool, Flow], Count] = {}
        """Packets that were dropped after their connection had counted them: not to be told as gone through."""
        self._lost = 0
        self._sequence = -1

    def lose(self, packets: int = 1) -> None:
        """Packets, or the end of a connection, that nobody will tell of again."""
        self._lost += packets

    def packet(self, told: Logged) -> None:
        """A rule has told of a packet: the first of a connection, or one that it drops."""
        if 0 <= self._sequence < told.sequence - 1:
            self.lose(told.sequence - 1 - self._sequence)
        self._sequence = told.sequence
        ways = self._device(told.entered), self._device(told.left)
        if told.rule == NEW:
            self._ways.pop(told.flow, None)
            _room(self._ways)
            self._ways[told.flow] = ways
            return
        if told.rule.endswith(COUNTED):
            _room(self._owed)
            self._owed[True, told.flow] = self._owed.get((True, told.flow), Count()).plus(told.size)
        flow = msgspec.structs.replace(told.flow, entered=ways[0], left=ways[1])
        key = (flow, told.rule.removesuffix(COUNTED))
        if key not in self._rejected and (dropped := _room(self._rejected)) is not None:
            self.lose(dropped.packets)
        self._rejected[key] = self._rejected.get(key, Count()).plus(told.size)

    def begun(self, found: Connection) -> None:
        """A connection that was there before: only what it does from now on is told."""
        if (known := self._remembered(found.id)) is not None:
            known.told = [found.sent.packets, found.sent.octets, found.answered.packets, found.answered.octets]
            known.flags = list(_flags(found))

    def goes_on(self, found: Connection) -> None:
        """A connection as it is now."""
        if found.id not in self._ended:
            self._add(found)

    def ends(self, found: Connection) -> None:
        """A connection as it was at its end."""
        self.goes_on(found)
        self._known.pop(found.id, None)
        self._ended.add(found.id)

    def looked(self) -> None:
        """All connections have been told: one that has not been for the second time has ended unheard."""
        for number in [number for number, known in self._known.items() if not known.is_seen]:
            del self._known[number]
        for known in self._known.values():
            known.is_seen = False
        self._ended.clear()
        # What no connection has shown to have counted by the second time, none will.
        self._owed = {(False, flow): count for (is_new, flow), count in self._owed.items() if is_new}

    def taken(self) -> Flows:
        """What has been added up since the last time."""
        flows = Flows(
            tuple(Rejected(flow, rule, count) for (flow, rule), count in self._rejected.items()),
            tuple(Accepted(flow, *counts) for flow, counts in self._accepted.items()),
            self._lost,
        )
        self._rejected, self._accepted, self._lost = {}, {}, 0
        return flows

    def _remembered(self, number: int) -> _Known | None:
        if number not in self._known and len(self._known) >= _MAX:
            return None
        return self._known.setdefault(number, _Known())

    def _add(self, found: Connection) -> None:
        known = self._remembered(found.id)
        if known is None:
            self.lose(found.sent.packets + found.answered.packets)
            return
        known.is_seen = True
        now = [found.sent.packets, found.sent.octets, found.answered.packets, found.answered.octets]
        news = [max(0, count - told) for count, told in zip(now, known.told, strict=True)]
        known.told = now
        news[:2] = self._passed(found.flow, news[0], news[1])
        news[2:] = self._passed(found.flow.reversed(), news[2], news[3])
        if not news[0] and not news[2]:
            return
        flags = _flags(found)
        sent = Count(news[0], news[1], flags[0] & ~known.flags[0] if news[0] else 0)
        answered = Count(news[2], news[3], flags[1] & ~known.flags[1] if news[2] else 0)
        known.flags = [told | one.flags for told, one in zip(known.flags, (sent, answered), strict=True)]
        entered, left = self._ways.get(found.flow, ("", ""))
        flow = msgspec.structs.replace(found.flow, entered=entered, left=left)
        if flow not in self._accepted and (dropped := _room(self._accepted)) is not None:
            self.lose(dropped[0].packets + dropped[1].packets)
        before = self._accepted.get(flow, (Count(), Count()))
        self._accepted[flow] = before[0].plus(sent), before[1].plus(answered)

    def _passed(self, flow: Flow, packets: int, octets: int) -> tuple[int, int]:
        """How many of the packets that a connection has counted were not dropped after that."""
        for key in ((True, flow), (False, flow)):
            owed = self._owed.pop(key, None) if packets else None
            if owed is None:
                continue
            left = Count(max(0, owed.packets - packets), max(0, owed.octets - octets))
            packets, octets = max(0, packets - owed.packets), max(0, octets - owed.octets)
            if left.packets:
                self._owed[key] = left
        return packets, octets


def _room(found: dict[K, V]) -> V | None:
    """What had to go so that there is room for one more: the oldest."""
    return found.pop(next(iter(found))) if len(found) >= _MAX else None


def _flags(found: Connection) -> tuple[int, int]:
    """The flags that each end of a TCP connection has sent, as far as the connection's state tells."""
    if found.flow.protocol != _TCP:
        return 0, 0
    if found.state == _CLOSE and not found.status & _ASSURED:
        return SYN, RST
    first, second = SYN, SYN | ACK
    if found.state in (_LAST_ACK, _TIME_WAIT):
        return first | FIN, second | FIN
    if found.state in (_FIN_WAIT, _CLOSE_WAIT):
        first |= FIN if found.closing[0] & _BEGAN_CLOSING else 0
        second |= FIN if found.closing[1] & _BEGAN_CLOSING else 0
    return first, second
