"""What leads out of a VPC, as facts: the link to the internet, NAT gateways, peerings, gateway endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network

from fogbank.aws import internet as public
from fogbank.aws.internet import PUBLIC, public_prefix
from fogbank.planes.net.facts import (
    LO,
    Address,
    Chain,
    Fact,
    Line,
    Namespace,
    Neighbour,
    Pair,
    Route,
    Rules,
    Setting,
    Uplink,
    mac,
)
from fogbank.services.ec2.addressing import ipv6_prefix
from fogbank.services.ec2.network import names
from fogbank.services.ec2.prefix_lists import aws_lists
from fogbank.services.ec2.resources import Endpoint, NatGateway, NetworkInterface, Peering, PrefixList, Vpc

MTU_INTERNET = 1500
_UPLINK = "10.0.2.0/24"
"""What is on the uplink's device. Nobody else sees it: private addresses are nowhere in an internet."""
_UPLINK_OWN = 100
KEPT = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    PUBLIC,
    "203.0.113.0/24",
    "224.0.0.0/3",
)
"""What does not leave: what is private, fogbank's own, for many, or nobody's (RFC 6890)."""
_NAT_IDLE_SECONDS = "350"
_NAT_IDLE = ("tcp_timeout_established", "udp_timeout", "udp_timeout_stream", "icmp_timeout")


def internet(region: str) -> Iterator[Fact]:
    """A region's internet, with AWS's own addresses: what has no address in it is nowhere."""
    ns = public.namespace(region)
    yield Namespace(ns, router=True)
    for address in (*own_addresses(region), names.OUTSIDE):
        yield Address(ns, LO, f"{address}/32")
    yield Address(ns, LO, f"{names.OUTSIDE_6}/128")
    yield from _name_servers(region)
    for every in names.EVERYWHERE:
        yield Route(ns, every, kind="blackhole", metric=names.METRIC_LAST)


def _name_servers(region: str) -> Iterator[Fact]:
    """Name servers, all at one address that this process answers at, unless a better route leads to real edges."""
    ns, answering = public.namespace(region), public.names_address(region)
    yield Address(ns, LO, f"{answering}/32")
    yield Route(ns, public.NAME_SERVERS, kind="local", device=LO, metric=names.METRIC_LAST)
    yield Chain(ns, "name_servers", "type nat hook prerouting priority -100; policy accept;")
    asked = f"ip daddr {public.NAME_SERVERS} fib daddr type local"
    yield Rules(ns, "name_servers", tuple(f"{asked} {one} dport 53 dnat to {answering}" for one in ("udp", "tcp")))
    yield Chain(ns, "names_only", "type filter hook input priority 0; policy accept;")
    yield Rules(ns, "names_only", (f'ip daddr {public.NAME_SERVERS} counter drop comment "no name server"',))


def uplink(region: str) -> frozenset[Fact]:
    """The way of a region's internet to the machine's own network: only for what is public, and not fogbank's own."""
    ns, device, network = public.namespace(region), names.UPLINK_DEVICE, ip_network(_UPLINK)
    kept = ", ".join(KEPT)
    return frozenset(
        {
            Namespace(ns, router=True),
            Uplink(ns, device, _UPLINK),
            Address(ns, device, f"{network[_UPLINK_OWN]}/{network.prefixlen}"),
            Route(ns, _UPLINK, device=device),
            Route(ns, "0.0.0.0/0", device=device, via=str(network[2])),
            Chain(ns, "kept", "type filter hook postrouting priority 90; policy accept;"),
            Rules(ns, "kept", (f'oifname "{device}" ip daddr {{ {kept} }} counter drop comment "not for the uplink"',)),
            Chain(ns, "uplink", "type nat hook postrouting priority 100; policy accept;"),
            Rules(ns, "uplink", (f'oifname "{device}" snat ip to {network[_UPLINK_OWN]}',)),
        }
    )


def own_addresses(region: str) -> list[str]:
    """The public addresses at which a region's API answers: one for most services, and those of the prefix lists."""
    return [public.api_address(region), *(answering(one) for one in aws_lists(region))]


def answering(found: PrefixList) -> str:
    """The address at which the service of one of AWS's prefix lists answers."""
    return found.entries[0].cidr.partition("/")[0]


def internet_link(vpc: Vpc, region: str) -> frozenset[Fact]:
    """The link of a VPC to its region's internet, over which IPv6 blocks are reached as they are."""
    inet, device = public.namespace(region), names.device(vpc.id)
    pair = Pair(
        vpc.id,
        names.INTERNET_DEVICE,
        mac(vpc.id, 0),
        inet,
        device,
        mac(vpc.id, 1),
        group=names.GROUP_INTERNET,
        mtu=MTU_INTERNET,
    )
    facts: set[Fact] = {Namespace(vpc.id, router=True), *internet(region), pair, *_next_hops(pair)}
    for block in vpc.ipv6_blocks:
        facts.add(Route(inet, block.cidr, device=device, via=names.NEXT_HOP_6))
    return frozenset(facts)


def _next_hops(pair: Pair) -> Iterator[Fact]:
    for hop in (names.NEXT_HOP, names.NEXT_HOP_6):
        yield Neighbour(pair.ns, pair.name, hop, pair.peer_mac)
        yield Neighbour(pair.peer_ns, pair.peer_name, hop, pair.mac)


def nat(gateway: NatGateway, eni: NetworkInterface) -> frozenset[Fact]:
    """A NAT gateway in the namespace of its interface: it forwards what comes from within, and nothing that does not.

    Idle connections end after 350 seconds (VPC User Guide, "NAT gateway basics").
    """
    ns, own = eni.id, [one.private_ip for one in gateway.addresses if one.status == "succeeded"]
    if not own:
        return frozenset()
    source = own[0] if len(own) == 1 else _spread(own)
    return frozenset(
        {
            Namespace(ns),
            Setting(ns, "net/ipv4/ip_forward", "1"),
            *(Setting(ns, f"net/netfilter/nf_conntrack_{name}", _NAT_IDLE_SECONDS) for name in _NAT_IDLE),
            Chain(ns, "input", "type filter hook input priority 0; policy drop;"),
            Rules(ns, "input", ("ct state established,related accept", "meta l4proto icmp accept")),
            Chain(ns, "translate", "type nat hook postrouting priority 100; policy accept;"),
            Rules(ns, "translate", (f"ip saddr != {{ {', '.join(own)} }} snat ip to {source}",)),
        }
    )


def _spread(addresses: Sequence[str]) -> str:
    """By source and destination, so that a connection's packets, and those of one pair of hosts, have one address."""
    choices = ", ".join(f"{number} : {address}" for number, address in enumerate(addresses))
    return f"jhash ip saddr . ip daddr mod {len(addresses)} map {{ {choices} }}"


def region_line(here: str, there: str, round_trip_seconds: float, loss: float) -> frozenset[Fact]:
    """The line between the internets of two regions, and what is reached over it."""
    one, other = public.namespace(here), public.namespace(there)
    line = Line(one, names.line(there), other, names.line(here), round_trip_seconds / 2, loss=loss)
    facts: set[Fact] = {*internet(here), *internet(there), line}
    for ns, device, far in ((one, line.name, there), (other, line.peer_name, here)):
        facts |= {Route(ns, block, device=device) for block in (public_prefix(far), ipv6_prefix(far))}
    return frozenset(facts)


def peering(found: Peering, round_trip_seconds: float, loss: float = 0.0) -> frozenset[Fact]:
    """The link between two routers: a cable within a region, a line with delay between two."""
    here, there = found.requester, found.accepter
    device = names.device(found.id)
    routers = {Namespace(here.vpc_id, router=True), Namespace(there.vpc_id, router=True)}
    if here.region != there.region:
        line = Line(
            here.vpc_id,
            device,
            there.vpc_id,
            device,
            round_trip_seconds / 2,
            loss=loss,
            group=names.GROUP_JOIN,
            peer_group=names.GROUP_JOIN,
        )
        return frozenset({*routers, line})
    pair = Pair(
        here.vpc_id,
        device,
        mac(found.id, 0),
        there.vpc_id,
        device,
        mac(found.id, 1),
        group=names.GROUP_JOIN,
        peer_group=names.GROUP_JOIN,
    )
    return frozenset({*routers, pair, *_next_hops(pair)})


def endpoint(found: Endpoint, addresses: Iterable[str]) -> frozenset[Fact]:
    """A gateway endpoint: a namespace that has the service's addresses, one link away."""
    pair = Pair(
        found.vpc_id,
        names.device(found.id),
        mac(found.id, 0),
        found.id,
        names.HOST_DEVICE,
        mac(found.id, 1),
        group=names.GROUP_ENDPOINT,
    )
    return frozenset(
        {
            Namespace(found.vpc_id, router=True),
            Namespace(found.id),
            pair,
            *_next_hops(pair),
            *(Address(found.id, LO, f"{address}/32") for address in addresses),
            Route(found.id, "0.0.0.0/0", device=names.HOST_DEVICE, via=names.NEXT_HOP),
        }
    )
