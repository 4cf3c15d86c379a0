"""A network ACL as facts: a chain for each direction, its entries in order, and a last one that denies."""

from __future__ import annotations

from ipaddress import ip_network

from fogbank.planes.net.facts import Chain, Fact, Rules
from fogbank.services.ec2.network.groups import Ports, what
from fogbank.services.ec2.resources import AclEntry, NetworkAcl

_NAMES = {"1": "icmp", "58": "icmpv6", "6": "tcp", "17": "udp"}


def acl(found: NetworkAcl) -> frozenset[Fact]:
    """The two chains of a network ACL: `in` for what enters a subnet, `out` for what leaves it."""
    facts: set[Fact] = set()
    for way, is_egress in (("in", False), ("out", True)):
        chain = f"{found.id}-{way}"
        entries = sorted((one for one in found.entries if one.is_egress is is_egress), key=lambda one: one.number)
        rules = [_rule(chain, one) for one in entries]
        last = f'counter goto rejected_{way} comment "{chain} *"'
        facts |= {Chain(found.vpc_id, chain), Rules(found.vpc_id, chain, (*rules, last))}
    return frozenset(facts)


def _rule(chain: str, entry: AclEntry) -> str:
    block = ip_network(entry.cidr)
    family, protocol = ("ip", "ipv4") if block.version == 4 else ("ip6", "ipv6")
    side = "daddr" if entry.is_egress else "saddr"
    where = f"{family} {side} {block}" if block.prefixlen else f"meta nfproto {protocol}"
    name = _NAMES.get(entry.protocol, entry.protocol)
    low, high = (entry.icmp_type, entry.icmp_code) if name in ("icmp", "icmpv6") else (entry.from_port, entry.to_port)
    onward, rejected = ("enter", "rejected_out") if entry.is_egress else ("groups_out", "rejected_in")
    verdict = f"goto {onward if entry.allows else rejected}"
    return f'{where} {what(Ports(name, low, high))} counter {verdict} comment "{chain} {entry.number}"'
