"""Subnets and route tables as facts: which table a packet's route is looked up in, and what stands there.

A subnet's packets carry the number of a table of the kernel's: one for each route table and zone, since the way into a
transit gateway is the interface in the packet's own zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from fogbank.planes.net.facts import Chain, Element, Fact, Route, RoutingRule
from fogbank.services.ec2.network import names
from fogbank.services.ec2.resources import RouteTable, Subnet, Vpc

ZONES_MAX = 16
ZONE_EDGE = 15
"""Stands in the place of a zone for what comes in through a gateway."""


class Hop(NamedTuple):
    """Where a route leads: a device of the router, and the address of the next hop on it, for either family."""

    device: str
    via: str = names.NEXT_HOP
    via6: str = names.NEXT_HOP_6


class Way(NamedTuple):
    """A route in force: a block, and where it leads by zone (0 to 14, `ZONE_EDGE`); `None` is a blackhole."""

    block: str
    target: str
    hops: Mapping[int, Hop] | Hop | None


def number(table: RouteTable, zone: int) -> int:
    """The kernel's table, and the mark, for a route table as a zone sees it."""
    return table.number * ZONES_MAX + zone


def subnet(found: Subnet, vpc: Vpc, table: RouteTable, zone: int) -> frozenset[Fact]:
    """The place of a subnet's interfaces in the stages of the router: its table, and its network ACL."""
    ns, group = vpc.id, str(found.number)
    facts: set[Fact] = {
        Element(ns, "same_subnet", f"{group} . {group}"),
        Element(ns, "route_table", group, str(number(table, zone))),
    }
    for way in ("in", "out"):
        chain = f"{found.acl_id}-{way}"
        facts |= {Chain(ns, chain), Element(ns, f"acl_{way}", group, f"goto {chain}")}
    return frozenset(facts)


def edge(vpc: Vpc, table: RouteTable) -> frozenset[Fact]:
    """What comes in from the internet looks into this route table first."""
    return frozenset({Element(vpc.id, "route_table", str(names.GROUP_INTERNET), str(number(table, ZONE_EDGE)))})


def route_table(vpc: Vpc, table: RouteTable, ways: Sequence[Way], zones: Iterable[int]) -> frozenset[Fact]:
    """A route table as each of these zones sees it. What it has no way for is dropped, in silence."""
    facts: set[Fact] = set()
    for zone in zones:
        at = number(table, zone)
        facts.add(RoutingRule(vpc.id, at, at))
        facts.update(
            Route(vpc.id, every, table=at, kind="blackhole", metric=names.METRIC_LAST) for every in names.EVERYWHERE
        )
        facts.update(_routes(vpc, ways, zone, at))
    return frozenset(facts)


def _routes(vpc: Vpc, ways: Sequence[Way], zone: int, at: int) -> Iterator[Fact]:
    chosen = {way.block: way for way in ways}
    for block in vpc.cidrs:
        if block not in chosen:
            # The local route: on to the main table, which has the interfaces.
            yield Route(vpc.id, block, table=at, kind="throw")
    for way in chosen.values():
        hop = way.hops.get(zone) if isinstance(way.hops, Mapping) else way.hops
        if hop is None:
            yield Route(vpc.id, way.block, table=at, kind="blackhole")
            continue
        via = hop.via if ip_network(way.block).version == 4 else hop.via6
        yield Route(vpc.id, way.block, table=at, device=hop.device, via=via)
