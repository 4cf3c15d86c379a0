"""A security group as facts: for each direction one chain, whose rules let through what the group allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import collapse_addresses, ip_network
from typing import NamedTuple

from fogbank.planes.net.facts import Chain, Fact, Rules
from fogbank.services.ec2.network import names
from fogbank.services.ec2.network.interfaces import member_sets, memberships
from fogbank.services.ec2.resources import NetworkInterface, Rule, SecurityGroup

_ICMP = ("icmp", "icmpv6")


class Ports(NamedTuple):
    """What rules have in common that become one rule of the kernel's: all but whom they let through."""

    protocol: str
    low: int
    high: int


def group(
    found: SecurityGroup,
    lists: Mapping[str, Sequence[str]],
    strangers: Mapping[str, Sequence[NetworkInterface]],
) -> frozenset[Fact]:
    """The chains of a group. `lists` holds the CIDRs of prefix lists; `strangers` the members of other VPCs' groups."""
    facts: set[Fact] = set(member_sets(found.vpc_id, found.id))
    for way, is_egress in (("in", False), ("out", True)):
        chain = f"{found.id}-{way}"
        facts.add(Chain(found.vpc_id, chain))
        facts.add(Rules(found.vpc_id, chain, tuple(_rules(chain, found.rules, is_egress, lists))))
    for peer in found.peers:
        if peer.startswith("sg-"):
            facts.update(member_sets(found.vpc_id, peer))
            for eni in strangers.get(peer, ()):
                facts.update(memberships(found.vpc_id, peer, eni))
    return frozenset(facts)


def _rules(chain: str, rules: Iterable[Rule], is_egress: bool, lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    grouped: dict[Ports, list[str]] = {}
    for rule in rules:
        if rule.is_egress is is_egress:
            grouped.setdefault(Ports(rule.protocol, rule.from_port, rule.to_port), []).append(rule.peer)
    verdict = "goto groups_in" if is_egress else "accept"
    for ports in sorted(grouped):
        for number, match in enumerate(_matches(grouped[ports], "daddr" if is_egress else "saddr", lists)):
            comment = f"{chain} {ports.protocol} {ports.low}-{ports.high} {number}"
            yield f'{match}{what(ports)} counter {verdict} comment "{comment}"'


def _matches(peers: Sequence[str], side: str, lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What each rule begins with: one for the blocks of either family, one for each group and family."""
    blocks = [ip_network(cidr) for peer in peers for cidr in _blocks(peer, lists)]
    for family, version in (("ip", 4), ("ip6", 6)):
        found = list(collapse_addresses(block for block in blocks if block.version == version))  # type: ignore[type-var]
        if found and found[0].prefixlen == 0:
            yield f"meta nfproto {'ipv4' if version == 4 else 'ipv6'} "
        elif found:
            yield f"{family} {side} {{ {', '.join(str(block) for block in found)} }} "
    for peer in sorted(peer for peer in peers if peer.startswith("sg-")):
        yield f"ip {side} @{names.members(peer, 4)} "
        yield f"ip6 {side} @{names.members(peer, 6)} "


def _blocks(peer: str, lists: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if peer.startswith("sg-"):
        return ()
    return lists.get(peer, ()) if peer.startswith("pl-") else (peer,)


def what(ports: Ports) -> str:
    """The match of a protocol with its ports, or its type and code; nothing for all traffic."""
    protocol, low, high = ports
    if protocol == "-1":
        return ""
    if protocol in ("tcp", "udp"):
        every = low in (-1, 0) and high in (-1, 65535)
        return f"meta l4proto {protocol}" if every else f"{protocol} dport {low}" + (f"-{high}" if high != low else "")
    if protocol in _ICMP:
        return _icmp(protocol, low, high)
    return f"meta l4proto {protocol}"


def _icmp(protocol: str, type_: int, code: int) -> str:
    if type_ == -1:
        return f"meta l4proto {protocol}"
    return f"{protocol} type {type_}" + (f" {protocol} code {code}" if code != -1 else "")
