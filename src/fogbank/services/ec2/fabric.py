"""A VPC's fabric: all of it but interfaces and groups, read together, and as the parts that the network is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from fogbank.aws import internet
from fogbank.control.context import Context
from fogbank.planes.doors import Door
from fogbank.planes.net.facts import Element, Fact
from fogbank.services.ec2 import faults, lines, routing, zones
from fogbank.services.ec2.catalog import maybe
from fogbank.services.ec2.network import acls, gateways, names, skeleton, tables
from fogbank.services.ec2.network.faults import Broken
from fogbank.services.ec2.network.faults import faults as network_faults
from fogbank.services.ec2.network.tables import Hop, Way
from fogbank.services.ec2.prefix_lists import blocks_of
from fogbank.services.ec2.resources import (
    EgressOnlyGateway,
    Endpoint,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Peering,
    RouteTable,
    Subnet,
    TransitAttachment,
    Vpc,
)

_NATS = ("pending", "available")
"""The states in which a NAT gateway has its place in the network."""


class Fabric(NamedTuple):
    """What stands in a VPC."""

    vpc: Vpc
    region: str
    zones: Sequence[str]
    subnets: Mapping[str, Subnet]
    tables: Mapping[str, RouteTable]
    acls: Sequence[NetworkAcl]
    nats: Mapping[str, NatGateway]
    egress_only: frozenset[str]
    peerings: Mapping[str, Peering]
    lines: Mapping[str, lines.State]
    """What each peering goes over."""
    endpoints: Mapping[str, Endpoint]
    broken: Broken
    lists: Mapping[str, Sequence[str]]
    """The CIDRs of every prefix list that a route or an endpoint names."""
    interfaces: Mapping[str, NetworkInterface]
    """Those that routes lead to."""
    transit: Mapping[str, Mapping[int, NetworkInterface]]
    """Transit gateway -> its interface in each zone that it is attached in."""

    @property
    def is_connected(self) -> bool:
        """Whether the VPC has a link to its region's internet."""
        return bool(self.vpc.internet_gateway_id or self.egress_only)

    def table_of(self, subnet: Subnet) -> RouteTable:
        """The route table that a subnet's packets follow."""
        return self.tables[subnet.route_table_id or self.vpc.main_route_table_id]

    def zone(self, subnet: Subnet) -> int:
        return self.zones.index(subnet.zone)


def read(ctx: Context, vpc: Vpc, *, also: Collection[str] = ()) -> Fabric:
    """A VPC's fabric as the records have it now; `also` names further prefix lists whose blocks are wanted."""
    found = {one.id: one for one in ctx.scan(RouteTable, vpc.id)}
    endpoints = {one.id: one for one in ctx.scan(Endpoint, vpc.id) if one.type == "Gateway"}
    nats = {one.id: one for one in ctx.scan(NatGateway, vpc.id) if one.state in _NATS}
    named = {route.destination for table in found.values() for route in table.routes}
    named |= {one.prefix_list_id for one in endpoints.values()} | set(also)
    wanted = {route.target for table in found.values() for route in table.routes if route.target.startswith("eni-")}
    wanted |= {one.interface_id for one in nats.values()}
    peerings = {one.id: one for one in ctx.find(Peering, "by_vpc", vpc.id) if one.status == "active"}
    interfaces = (maybe(ctx, NetworkInterface, one) for one in sorted(wanted))
    return Fabric(
        vpc=vpc,
        region=ctx.region,
        zones=[name for name, _ in zones.zones(ctx.region)],
        subnets={one.id: one for one in ctx.scan(Subnet, vpc.id)},
        tables=found,
        acls=list(ctx.scan(NetworkAcl, vpc.id)),
        nats=nats,
        egress_only=frozenset(one.id for one in ctx.scan(EgressOnlyGateway, vpc.id)),
        peerings=peerings,
        lines={one.id: lines.now(ctx, one.requester.region, one.accepter.region) for one in peerings.values()},
        endpoints=endpoints,
        broken=faults.of_vpc(ctx, vpc),
        lists={one: blocks_of(ctx, one) for one in sorted(named) if one.startswith("pl-")},
        interfaces={one.id: one for one in interfaces if one is not None},
        transit={
            one.gateway_id: interfaces_of(ctx, one)
            for one in ctx.find(TransitAttachment, "by_resource", vpc.id)
            if one.state == "available"
        },
    )


def interfaces_of(ctx: Context, attachment: TransitAttachment) -> dict[int, NetworkInterface]:
    """The interfaces of a transit gateway's attachment to a VPC, by zone."""
    names_ = [name for name, _ in zones.zones(ctx.region)]
    found = {}
    for subnet_id, interface_id in attachment.interfaces.items():
        subnet, eni = maybe(ctx, Subnet, subnet_id), maybe(ctx, NetworkInterface, interface_id)
        if subnet is not None and eni is not None:
            found[names_.index(subnet.zone)] = eni
    return found


def parts(fabric: Fabric) -> dict[str, frozenset[Fact]]:
    """The fabric as parts of the network, all named below the VPC."""
    vpc, below = fabric.vpc, f"{fabric.vpc.id}/"
    found = {f"{below}vpc": skeleton.router(vpc) | frozenset(_open6(fabric))}
    for subnet in fabric.subnets.values():
        found[below + subnet.id] = tables.subnet(subnet, vpc, fabric.table_of(subnet), fabric.zone(subnet))
    for acl in fabric.acls:
        found[below + acl.id] = acls.acl(acl)
    for table, used in _used(fabric).items():
        found[below + table] = tables.route_table(vpc, fabric.tables[table], ways(fabric, fabric.tables[table]), used)
        for gateway in fabric.tables[table].edges:
            if gateway.gateway_id == vpc.internet_gateway_id:
                found[below + gateway.association_id] = tables.edge(vpc, fabric.tables[table])
    if fabric.is_connected:
        found[f"{below}internet"] = gateways.internet_link(vpc, fabric.region)
    for nat in fabric.nats.values():
        if (eni := fabric.interfaces.get(nat.interface_id)) is not None:
            found[below + nat.id] = gateways.nat(nat, eni)
    for peering in fabric.peerings.values():
        # Both sides' to say, and the same from either: one part, so that a change of it is no contradiction.
        found[link(peering.id)] = gateways.peering(peering, *fabric.lines[peering.id])
    for endpoint in fabric.endpoints.values():
        found[below + endpoint.id] = gateways.endpoint(endpoint, _answering(fabric, endpoint))
    if broken := network_faults(vpc.id, fabric.broken):
        found[f"{below}faults"] = broken
    return found


def link(peering_id: str) -> str:
    """The part that is the link of a peering."""
    return f"peerings/{peering_id}"


def doors(fabric: Fabric, scope: str) -> list[Door]:
    """Where fogbank itself answers in a VPC, and beyond its endpoints and its internet gateway."""
    vpc, name = fabric.vpc, f"{scope}/{fabric.vpc.id}"
    found = [Door(vpc.id, names.METADATA, "metadata", name), Door(vpc.id, names.TIME, "time", name)]
    if vpc.dns_support:
        found += [Door(vpc.id, address, "dns", name) for address in (skeleton.resolver(vpc), names.RESOLVER)]
    for endpoint in fabric.endpoints.values():
        through = f"{name}/{endpoint.id}"
        found += [Door(endpoint.id, address, "api", through) for address in _answering(fabric, endpoint)]
    return found


def internet_doors(region: str, partition: str) -> list[Door]:
    """Where fogbank answers on a region's internet. They are nobody's: every account is to find the same ones open."""
    name = f"{partition}/{names.INTERNET_DEVICE}/{region}/"
    ns = internet.namespace(region)
    doors = [Door(ns, one, "api", name) for one in gateways.own_addresses(region)]
    return [*doors, Door(ns, internet.names_address(region), "dns", name)]


def _answering(fabric: Fabric, endpoint: Endpoint) -> list[str]:
    return [block.partition("/")[0] for block in fabric.lists[endpoint.prefix_list_id]]


def _used(fabric: Fabric) -> dict[str, list[int]]:
    """Route tables that packets follow, with the zones that see them."""
    used: dict[str, set[int]] = {}
    for subnet in fabric.subnets.values():
        used.setdefault(fabric.table_of(subnet).id, set()).add(fabric.zone(subnet))
    for table in fabric.tables.values():
        if table.edges:
            used.setdefault(table.id, set()).add(tables.ZONE_EDGE)
    return {table: sorted(zones_) for table, zones_ in used.items()}


def _open6(fabric: Fabric) -> Iterator[Fact]:
    """The subnets that the internet may reach by IPv6: those with a route to an internet gateway."""
    for subnet in fabric.subnets.values():
        table = fabric.table_of(subnet)
        if any(route.target == fabric.vpc.internet_gateway_id and ":" in route.destination for route in table.routes):
            yield Element(fabric.vpc.id, "open6", str(subnet.number))


def ways(fabric: Fabric, table: RouteTable) -> list[Way]:
    """A route table's routes in force but for the local ones, by block."""
    rows = routing.routes_of(fabric.vpc.cidrs, table, (), fabric.endpoints.values())
    chosen = routing.by_block(rows, fabric.lists)
    return [
        Way(block, row.target, hop(fabric, row.target)) for block, row in chosen.items() if row.target != routing.LOCAL
    ]


def hop(fabric: Fabric, target: str) -> Mapping[int, Hop] | Hop | None:
    """Where a route's target is, None for one that leads nowhere (any more): a blackhole."""
    if target == fabric.vpc.internet_gateway_id or target in fabric.egress_only:
        return Hop(names.INTERNET_DEVICE)
    if target in fabric.peerings or target in fabric.endpoints:
        return Hop(names.device(target))
    if target in fabric.transit:
        return {zone: _hop_to(eni) for zone, eni in fabric.transit[target].items()}
    if target in fabric.nats:
        target = fabric.nats[target].interface_id
    eni = fabric.interfaces.get(target)
    return None if eni is None else _hop_to(eni)


def _hop_to(eni: NetworkInterface) -> Hop:
    return Hop(
        names.device(eni.id), eni.addresses[0].address if eni.addresses else "", next(iter(eni.ipv6_addresses), "")
    )
