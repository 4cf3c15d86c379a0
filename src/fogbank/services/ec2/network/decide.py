"""Which entry of a network ACL, and which rule of a security group, decides about a packet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from fogbank.services.ec2.resources import AclEntry, NetworkAcl, Rule, SecurityGroup

_NUMBERS = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}
_LAST = 32767


class Packet(NamedTuple):
    """What is looked at of a packet; of icmp the ports are type and code."""

    protocol: str
    source: str
    destination: str
    source_port: int = 50000
    destination_port: int = 0

    def reply(self) -> Packet:
        """The answer to it."""
        return Packet(self.protocol, self.destination, self.source, self.destination_port, self.source_port)


def is_within(address: str, block: str) -> bool:
    """Whether a block of either family holds an address."""
    found, network = ip_address(address), ip_network(block)
    return found.version == network.version and found in network


def entry(acl: NetworkAcl, packet: Packet, *, is_egress: bool) -> AclEntry:
    """The first entry, in order of number, that a packet matches; the last one denies all."""
    for one in sorted(acl.entries, key=lambda one: one.number):
        if one.is_egress is is_egress and _matches(one, packet):
            return one
    return AclEntry(_LAST, is_egress, "-1", False, "::/0" if ":" in packet.source else "0.0.0.0/0")


def _matches(one: AclEntry, packet: Packet) -> bool:
    if not is_within(packet.destination if one.is_egress else packet.source, one.cidr):
        return False
    if one.protocol == "-1":
        return True
    if one.protocol != _NUMBERS.get(packet.protocol, packet.protocol):
        return False
    if packet.protocol in ("icmp", "icmpv6"):
        return _covers(one.icmp_type, one.icmp_code, packet)
    return one.from_port == -1 or one.from_port <= packet.destination_port <= one.to_port


def rule(
    groups: Iterable[SecurityGroup],
    packet: Packet,
    lists: Mapping[str, Sequence[str]],
    is_member: Callable[[str, str], bool],
    *,
    is_egress: bool,
) -> tuple[SecurityGroup, Rule] | None:
    """A rule that lets a packet through, and its group. `is_member(group, address)` knows who is in a group."""
    far = packet.destination if is_egress else packet.source
    for group in groups:
        for one in group.rules:
            if one.is_egress is is_egress and _lets(one, packet) and _is_peer(one.peer, far, lists, is_member):
                return group, one
    return None


def _lets(one: Rule, packet: Packet) -> bool:
    if one.protocol == "-1":
        return True
    if _NUMBERS.get(one.protocol, one.protocol) != _NUMBERS.get(packet.protocol, packet.protocol):
        return False
    if packet.protocol in ("icmp", "icmpv6"):
        return _covers(one.from_port, one.to_port, packet)
    return one.from_port == -1 or one.from_port <= packet.destination_port <= one.to_port


def _covers(type_: int, code: int, packet: Packet) -> bool:
    return type_ == -1 or (type_ == packet.source_port and code in (-1, packet.destination_port))


def _is_peer(
    peer: str, address: str, lists: Mapping[str, Sequence[str]], is_member: Callable[[str, str], bool]
) -> bool:
    if peer.startswith("sg-"):
        return is_member(peer, address)
    blocks = lists.get(peer, ()) if peer.startswith("pl-") else (peer,)
    return any(is_within(address, block) for block in blocks)
