"""What the router of every VPC has: its addresses, and the stages that each packet goes through.

A packet meets, in this order: the check of its source; the choice of a route table; a public address's translation; the
network ACL of the subnet that it leaves; that of the subnet it enters; connection tracking; the security groups of the
sender; those of the receiver. Each stage goes to the next with `goto`, so that the last one decides.
"""

from __future__ import annotations

from ipaddress import ip_network

from fogbank.planes.net import flows
from fogbank.planes.net.facts import LO, Address, Chain, Fact, Namespace, Route, Rules, Set, Setting
from fogbank.services.ec2.network import names
from fogbank.services.ec2.resources import Vpc

_SETS = (
    Set("", "enis", "type ifname"),
    Set("", "unchecked", "type ifname"),
    Set("", "eni_addr", "type ifname . ipv4_addr"),
    Set("", "eni_addr6", "type ifname . ipv6_addr"),
    Set("", "eni_net", "type ifname . ipv4_addr", flags="interval"),
    Set("", "eni_net6", "type ifname . ipv6_addr", flags="interval"),
    Set("", "route_table", "type devgroup : mark", is_map=True),
    Set("", "same_subnet", "type devgroup . devgroup"),
    Set("", "acl_out", "type devgroup : verdict", is_map=True),
    Set("", "acl_in", "type devgroup : verdict", is_map=True),
    Set("", "eni_out", "type ifname : verdict", is_map=True),
    Set("", "eni_in", "type ifname : verdict", is_map=True),
    Set("", "public_to_private", "type ipv4_addr : ipv4_addr", is_map=True),
    Set("", "private_to_public", "type ipv4_addr : ipv4_addr", is_map=True),
    Set("", "has_public", "type ipv4_addr"),
    Set("", "open6", "type devgroup"),
)


def _told(rule: str) -> str:
    """The statement that tells of a packet to whoever listens: for flow logs."""
    return f'log group {flows.GROUP} snaplen {flows.TOLD_BYTES} prefix "{rule}"'


def _rejected(way: str) -> tuple[str, str, tuple[str, ...]]:
    """Where an ACL or groups send what they reject: `out` of the sender's side, `in` at the receiver's."""
    counted = f"ct status confirmed {_told(way + flows.COUNTED)} drop"
    return f"rejected_{way}", "", (counted, f"{_told(way)} drop")


_CHAINS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "source",
        "type filter hook prerouting priority -300; policy accept;",
        (
            # First what nearly every packet is: from an interface, with an address of it.
            "iifname . ip saddr @eni_addr goto mark_table",
            "iifname . ip6 saddr @eni_addr6 goto mark_table",
            "iifname != @enis goto mark_table",
            "iifname @unchecked goto mark_table",
            "iifname . ip saddr @eni_net goto mark_table",
            "iifname . ip6 saddr @eni_net6 goto mark_table",
            "ip6 saddr fe80::/10 goto mark_table",
            "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
            'counter drop comment "source"',
        ),
    ),
    ("mark_table", "", ("meta mark set meta iifgroup map @route_table",)),
    (
        "to_private",
        "type nat hook prerouting priority -100; policy accept;",
        (f"iifgroup {names.GROUP_INTERNET} dnat ip to ip daddr map @public_to_private",),
    ),
    (
        "to_public",
        "type nat hook postrouting priority 100; policy accept;",
        (f"oifgroup {names.GROUP_INTERNET} snat ip to ip saddr map @private_to_public",),
    ),
    (
        "stages",
        "type filter hook forward priority 0; policy drop;",
        (
            # What an egress-only gateway leads out, nobody may lead in.
            f"iifgroup {names.GROUP_INTERNET} meta nfproto ipv6 ct state new meta oifgroup != @open6"
            ' counter drop comment "egress only"',
            "meta iifgroup . meta oifgroup @same_subnet goto groups_out",
            "meta iifgroup vmap @acl_out",
            "goto enter",
        ),
    ),
    ("enter", "", ("meta oifgroup vmap @acl_in", "goto groups_out")),
    (
        "groups_out",
        "",
        (
            "ct state established,related accept",
            'ct state invalid counter drop comment "invalid"',
            # By which devices a connection goes: its entry in the kernel's table does not say.
            f"ct state new {_told(flows.NEW)}",
            "iifname vmap @eni_out",
            "goto groups_in",
        ),
    ),
    (
        "groups_in",
        "",
        (
            "oifname vmap @eni_in",
            f"oifgroup {names.GROUP_INTERNET} meta nfproto ipv4 ip saddr != @has_public"
            ' counter drop comment "no public address"',
            "accept",
        ),
    ),
    _rejected("out"),
    _rejected("in"),
)


def router(vpc: Vpc) -> frozenset[Fact]:
    """The namespace of a VPC's router, its addresses, and its stages with nothing in them yet."""
    ns = vpc.id
    facts: set[Fact] = {
        Namespace(ns, router=True),
        Setting(ns, "net/netfilter/nf_conntrack_acct", "1"),
        Address(ns, LO, f"{names.METADATA}/32"),
        Address(ns, LO, f"{names.METADATA_6}/128"),
        Address(ns, LO, f"{names.TIME}/32"),
        Address(ns, LO, f"{names.TIME_6}/128"),
        *(Route(ns, every, kind="blackhole", metric=names.METRIC_LAST) for every in names.EVERYWHERE),
        *(Set(ns, one.name, one.type, one.is_map, one.flags) for one in _SETS),
    }
    if vpc.dns_support:
        facts |= {Address(ns, LO, f"{resolver(vpc)}/32"), Address(ns, LO, f"{names.RESOLVER}/32")}
        facts.add(Address(ns, LO, f"{names.RESOLVER_6}/128"))
    for name, hook, rules in _CHAINS:
        facts |= {Chain(ns, name, hook), Rules(ns, name, rules)}
    return frozenset(facts)


def resolver(vpc: Vpc) -> str:
    """The resolver's address: the VPC's first block plus two (VPC User Guide, "Amazon DNS server")."""
    return str(ip_network(vpc.blocks[0].cidr)[2])
