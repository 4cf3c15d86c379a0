"""Facts about links, rates, addresses, neighbours, routes and rules as rtnetlink(7) writes and reads them: pure."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_interface, ip_network
from typing import NamedTuple

from fogbank.planes.net import rates
from fogbank.planes.net.facts import TABLE_MAIN, Address, Fact, Line, Neighbour, Pair, Rate, Route, RoutingRule
from fogbank.planes.net.netlink import (
    CREATE,
    DUMP,
    EXCLUSIVE,
    REPLACE,
    Message,
    attribute,
    by_kind,
    number,
    text,
)

NEW_LINK, DEL_LINK, GET_LINK, SET_LINK = 16, 17, 18, 19
NEW_ADDRESS, DEL_ADDRESS, GET_ADDRESS = 20, 21, 22
NEW_ROUTE, DEL_ROUTE, GET_ROUTE = 24, 25, 26
NEW_NEIGHBOUR, DEL_NEIGHBOUR, GET_NEIGHBOUR = 28, 29, 30
NEW_RULE, DEL_RULE, GET_RULE = 32, 33, 34
NEW_DISCIPLINE = 36

PROTOCOL = 251
"""Who made a route or rule, in `ip route`'s column `proto`: nobody else of rt_protos has this number."""
RULE_PRIORITY = 1000
TRASH_GROUP = 0x7FB00FB
"""The link group of what waits to be deleted in bulk: one by one each deletion waits for all of RCU (20-36 ms)."""
MISSING = (errno.ENOENT, errno.ESRCH, errno.ENODEV, errno.EADDRNOTAVAIL)
"""What the kernel says when something that is to go is not there."""
KINDS = {"unicast": 1, "local": 2, "blackhole": 6, "unreachable": 7, "prohibit": 8, "throw": 9}
NAMES = {number: name for name, number in KINDS.items()}
_DEVICELESS = ("blackhole", "unreachable", "prohibit", "throw")
METRIC_OF_IPV6 = 1024
"""IPv6's default metric (IP6_RT_PRIO_USER); 0 is written as this, and read as 0."""

_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_DISCIPLINE = struct.Struct("=BxxxiIII")
_ROOT = 0xFFFFFFFF
_PACKETS_WAITING_MAX = 100_000
_LINE_MAC = "02:fb:00:00:00:00"
_NO_ARP = 0x80
_QUEUE_PACKETS = 10_000
_UP, _ON_LINK, _PERMANENT = 0x1, 0x4, 0x80
_PERMANENT_ADDRESS = 0x80
_NO_PREFIX_ROUTE, _NO_DAD = 0x200, 0x2
_SCOPE_LINK, _SCOPE_HOST = 253, 254
_KERNEL = (b"\1", b"\2", b"\3")
"""IFA_PROTO of an address that the kernel gives: loopback, by a router's advertisement, of the MAC."""


class Link(NamedTuple):
    """A device as the kernel shows it. `peer` is the index of a veth's other end in its own namespace, 0 for others."""

    number: int
    name: str
    kind: str
    mac: str
    group: int
    mtu: int
    is_up: bool
    peer: int


def pair(fact: Pair, peer_ns_fd: int) -> Message:
    """Both ends of a veth pair, still down; the second is born in the namespace behind the file descriptor."""
    peer = _LINK.pack(0, 0, 0, 0, 0) + _end(fact.peer_name, fact.peer_mac, fact.peer_group, fact.mtu)
    peer += number(28, peer_ns_fd)  # IFLA_NET_NS_FD
    payload = _LINK.pack(0, 0, 0, 0, 0) + _end(fact.name, fact.mac, fact.group, fact.mtu)
    payload += attribute(18, text(1, "veth") + attribute(2, attribute(1, peer)))  # IFLA_LINKINFO, VETH_INFO_PEER
    return Message(NEW_LINK, CREATE | EXCLUSIVE, payload)


def _end(name: str, mac: str, group: int, mtu: int) -> bytes:
    # One queue each way: without these the kernel makes one for each CPU of the machine, and 1,000 pairs cost memory.
    return text(3, name) + attribute(1, _mac(mac)) + number(4, mtu) + number(27, group) + number(31, 1) + number(32, 1)


def cable(fact: Line, peer_ns_fd: int) -> Message:
    """Both ends of a line as a veth pair without a link layer: nobody asks for neighbours, and every packet is theirs.

    A device without ARP sends to its own address, so both ends have the same.
    """
    peer = _LINK.pack(0, 0, 0, _NO_ARP, _NO_ARP) + _end(fact.peer_name, _LINE_MAC, fact.peer_group, fact.mtu)
    peer += number(28, peer_ns_fd)
    payload = _LINK.pack(0, 0, 0, _UP | _NO_ARP, _UP | _NO_ARP) + _end(fact.name, _LINE_MAC, fact.group, fact.mtu)
    return Message(
        NEW_LINK, CREATE | EXCLUSIVE, payload + attribute(18, text(1, "veth") + attribute(2, attribute(1, peer)))
    )


def configured(name: str, group: int, mtu: int) -> Message:
    """A device that is there gets its group and MTU, room for many packets, and goes up."""
    payload = _LINK.pack(0, 0, 0, _UP, _UP) + text(3, name) + number(27, group) + number(4, mtu)
    return Message(SET_LINK, 0, payload + number(13, _QUEUE_PACKETS))


def up(name: str) -> Message:
    """A device that is there goes up."""
    return Message(SET_LINK, 0, _LINK.pack(0, 0, 0, _UP, _UP) + text(3, name))


def quiet(name: str) -> Message:
    """A device gets no IPv6 address of its own making: IN6_ADDR_GEN_MODE_NONE. To be said before it goes up."""
    payload = _LINK.pack(0, 0, 0, 0, 0) + text(3, name)
    return Message(SET_LINK, 0, payload + attribute(26, attribute(socket.AF_INET6, attribute(8, b"\1"))))


def trashed(name: str) -> Message:
    """A device joins the link group that is deleted in bulk."""
    return Message(SET_LINK, 0, _LINK.pack(0, 0, 0, 0, 0) + text(3, name) + number(27, TRASH_GROUP))


def trash_deleted() -> Message:
    """All devices of that group go at once."""
    return Message(DEL_LINK, 0, _LINK.pack(0, 0, 0, 0, 0) + number(27, TRASH_GROUP))


def deleted(name: str) -> Message:
    """A device goes now."""
    return Message(DEL_LINK, 0, _LINK.pack(0, 0, 0, 0, 0) + text(3, name))


def link_asked(name: str) -> Message:
    """What is this device?"""
    return Message(GET_LINK, 0, _LINK.pack(0, 0, 0, 0, 0) + text(3, name))


def way_asked(address: str) -> Message:
    """Where would a packet to this address go?"""
    packed = ip_address(address).packed
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    payload = _ROUTE.pack(family, len(packed) * 8, 0, 0, 0, 0, 0, 0, 0)
    return Message(GET_ROUTE, 0, payload + attribute(1, packed))


def is_here(payload: bytes) -> bool:
    """Whether the kernel answered that a packet stays in its namespace."""
    return int(_ROUTE.unpack_from(payload)[7]) == KINDS["local"]


def delayed(index: int, delay_seconds: float, loss: float) -> Message:
    """Packets that leave by a device wait, and are lost with a probability, by the kernel's own hand: tc-netem(8)."""
    head = _DISCIPLINE.pack(0, index, 0x10000, _ROOT, 0)
    options = struct.pack("=IIIIII", 0, _PACKETS_WAITING_MAX, int(loss * 0xFFFFFFFF), 0, 0, 0)
    options += attribute(10, struct.pack("=q", int(delay_seconds * 1e9)))  # TCA_NETEM_LATENCY64
    return Message(NEW_DISCIPLINE, CREATE | REPLACE, head + text(1, "netem") + attribute(2, options))


def made(fact: Fact, indexes: Mapping[str, int]) -> tuple[Message, ...]:
    """What makes a fact hold, or gives it its new value. Raises KeyError with a device that is not there."""
    match fact:
        case Rate():
            return (rates.limited(indexes[fact.device], fact.bytes_per_second),)
        case Address():
            return (Message(NEW_ADDRESS, CREATE | REPLACE, _address(fact, indexes[fact.device])),)
        case Neighbour():
            return (Message(NEW_NEIGHBOUR, CREATE | REPLACE, _neighbour(fact, indexes[fact.device])),)
        case Route():
            index = indexes[fact.device] if fact.device else 0
            return (Message(NEW_ROUTE, CREATE | REPLACE, _route(fact, index)),)
        case RoutingRule():
            return tuple(
                Message(NEW_RULE, CREATE | EXCLUSIVE, _rule(fact, family))
                for family in (socket.AF_INET, socket.AF_INET6)
            )
    raise TypeError(f"rtnetlink knows nothing of {fact}")


def unmade(fact: Fact, indexes: Mapping[str, int]) -> tuple[Message, ...]:
    """What unmakes a fact. Raises KeyError with a device that is not there: then the fact does not hold."""
    match fact:
        case Rate():
            return (rates.unlimited(indexes[fact.device]),)
        case Address():
            return (Message(DEL_ADDRESS, 0, _address(fact, indexes[fact.device])),)
        case Neighbour():
            return (Message(DEL_NEIGHBOUR, 0, _neighbour(fact, indexes[fact.device])),)
        case Route():
            index = indexes[fact.device] if fact.device else 0
            return (Message(DEL_ROUTE, 0, _route(fact, index)),)
        case RoutingRule():
            return tuple(Message(DEL_RULE, 0, _rule(fact, family)) for family in (socket.AF_INET, socket.AF_INET6))
    raise TypeError(f"rtnetlink knows nothing of {fact}")


def _family(version: int) -> int:
    return socket.AF_INET if version == 4 else socket.AF_INET6


def _mac(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _address(fact: Address, index: int) -> bytes:
    address = ip_interface(fact.address)
    flags = _NO_PREFIX_ROUTE | (_NO_DAD if address.version == 6 else 0)
    payload = _ADDRESS.pack(_family(address.version), address.network.prefixlen, flags & 0xFF, 0, index)
    payload += attribute(2, address.ip.packed) + attribute(1, address.ip.packed)
    return payload + number(8, flags) + attribute(11, bytes([PROTOCOL]))


def _neighbour(fact: Neighbour, index: int) -> bytes:
    address = ip_address(fact.address)
    payload = _NEIGHBOUR.pack(_family(address.version), index, _PERMANENT, 0, 0)
    return payload + attribute(1, address.packed) + attribute(2, _mac(fact.mac))


def _route(fact: Route, index: int) -> bytes:
    destination = ip_network(fact.destination)
    scope = 0
    if destination.version == 4 and fact.kind == "local":
        scope = _SCOPE_HOST
    elif destination.version == 4 and fact.kind == "unicast" and not fact.via:
        scope = _SCOPE_LINK
    table = fact.table if fact.table < 256 else 0
    flags = _ON_LINK if fact.via else 0
    payload = _ROUTE.pack(
        _family(destination.version), destination.prefixlen, 0, 0, table, PROTOCOL, scope, KINDS[fact.kind], flags
    )
    payload += attribute(1, destination.network_address.packed) + number(15, fact.table)
    if index:
        payload += number(4, index)
    if fact.via:
        payload += attribute(5, ip_address(fact.via).packed)
    metric = fact.metric or (METRIC_OF_IPV6 if destination.version == 6 else 0)
    return payload + (number(6, metric) if metric else b"")


def _rule(fact: RoutingRule, family: int) -> bytes:
    table = fact.table if fact.table < 256 else 0
    payload = _ROUTE.pack(family, 0, 0, 0, table, 0, 0, 1, 0)
    payload += number(6, RULE_PRIORITY) + number(15, fact.table) + number(10, fact.mark)
    return payload + attribute(21, bytes([PROTOCOL]))


LINKS = Message(GET_LINK, DUMP, _LINK.pack(0, 0, 0, 0, 0))
ADDRESSES = Message(GET_ADDRESS, DUMP, _ADDRESS.pack(0, 0, 0, 0, 0))
NEIGHBOURS = Message(GET_NEIGHBOUR, DUMP, _NEIGHBOUR.pack(0, 0, 0, 0, 0))
RULES = Message(GET_RULE, DUMP, _ROUTE.pack(0, 0, 0, 0, 0, 0, 0, 0, 0))
ROUTES = tuple(
    Message(GET_ROUTE, DUMP, _ROUTE.pack(family, 0, 0, 0, 0, PROTOCOL, 0, 0, 0))
    for family in (socket.AF_INET, socket.AF_INET6)
)


def link_of(payload: bytes) -> Link:
    """A device, from the answer to a question or dump."""
    _, _, index, flags, _ = _LINK.unpack_from(payload)
    found = by_kind(payload, _LINK.size)
    kind = by_kind(found.get(18, b"")).get(1, b"").rstrip(b"\0").decode()
    return Link(
        number=index,
        name=_text(found.get(3, b"")),
        kind=kind,
        mac=found.get(1, b"").hex(":"),
        group=_number(found.get(27, b"")),
        mtu=_number(found.get(4, b"")),
        is_up=bool(flags & _UP),
        peer=_number(found.get(5, b"")) if kind == "veth" else 0,
    )


def addresses_of(ns: str, payloads: Iterable[bytes], names: Mapping[int, str]) -> set[Fact]:
    """The addresses that somebody gave to devices, from a dump; what the kernel makes by itself is left out."""
    addresses: set[Fact] = set()
    for payload in payloads:
        family, bits, _, _, index = _ADDRESS.unpack_from(payload)
        found = by_kind(payload, _ADDRESS.size)
        packed = found.get(2) or found.get(1, b"")
        flags = _number(found.get(8, b""))
        address = _ip(packed) if family in (socket.AF_INET, socket.AF_INET6) else ""
        is_own = found.get(11) in _KERNEL or not flags & _PERMANENT_ADDRESS
        if address and not is_own and f"{address}/{bits}" not in ("127.0.0.1/8", "::1/128"):
            addresses.add(Address(ns, names.get(index, ""), f"{address}/{bits}"))
    return addresses


def neighbours_of(ns: str, payloads: Iterable[bytes], names: Mapping[int, str]) -> set[Fact]:
    """The permanent neighbours, from a dump."""
    neighbours: set[Fact] = set()
    for payload in payloads:
        family, index, state, _, _ = _NEIGHBOUR.unpack_from(payload)
        found = by_kind(payload, _NEIGHBOUR.size)
        if state & _PERMANENT and family in (socket.AF_INET, socket.AF_INET6) and 2 in found:
            neighbours.add(Neighbour(ns, names.get(index, ""), _ip(found[1]), found[2].hex(":")))
    return neighbours


def routes_of(ns: str, payloads: Iterable[bytes], names: Mapping[int, str]) -> set[Fact]:
    """The routes that are ours by their protocol, from a dump."""
    routes: set[Fact] = set()
    for payload in payloads:
        family, bits, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(payload)
        if protocol != PROTOCOL or kind not in NAMES:
            continue
        found = by_kind(payload, _ROUTE.size)
        address = _ip(found[1]) if 1 in found else ("0.0.0.0" if family == socket.AF_INET else "::")  # noqa: S104
        metric = _number(found.get(6, b""))
        name = NAMES[kind]
        routes.add(
            Route(
                ns,
                f"{address}/{bits}",
                table=_number(found.get(15, b"")) or table or TABLE_MAIN,
                kind=name,
                device="" if name in _DEVICELESS else names.get(_number(found.get(4, b"")), ""),
                via=_ip(found[5]) if 5 in found else "",
                metric=0 if family == socket.AF_INET6 and metric == METRIC_OF_IPV6 else metric,
            )
        )
    return routes


def rules_of(ns: str, payloads: Iterable[bytes]) -> tuple[set[Fact], set[Fact]]:
    """The rules that are ours, from a dump: those of both families, and those that one family lacks."""
    seen: dict[Fact, set[int]] = {}
    for payload in payloads:
        family, _, _, _, table, _, _, _, _ = _ROUTE.unpack_from(payload)
        found = by_kind(payload, _ROUTE.size)
        if found.get(21) == bytes([PROTOCOL]):
            rule = RoutingRule(ns, _number(found.get(10, b"")), _number(found.get(15, b"")) or table)
            seen.setdefault(rule, set()).add(family)
    return {rule for rule, families in seen.items() if len(families) == 2}, {
        rule for rule, families in seen.items() if len(families) == 1
    }


def _ip(packed: bytes) -> str:
    return str(ip_address(packed))


def _number(value: bytes) -> int:
    return struct.unpack_from("=I", value)[0] if len(value) >= 4 else 0


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode()
