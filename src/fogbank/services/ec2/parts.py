"""What the network is to be, by part: what the records of VPCs, groups, gateways, lines and faults come down to."""

from __future__ import annotations

from itertools import combinations

from fogbank.control.context import Context
from fogbank.planes.net.facts import Fact
from fogbank.services.ec2 import bandwidth, delays, fabric, faults, hubs, lines, zones
from fogbank.services.ec2.catalog import maybe
from fogbank.services.ec2.fabric import Fabric
from fogbank.services.ec2.network import gateways, groups, interfaces
from fogbank.services.ec2.network import transit as network_transit
from fogbank.services.ec2.network.faults import faults as network_faults
from fogbank.services.ec2.network.rates import rates
from fogbank.services.ec2.prefix_lists import blocks_of
from fogbank.services.ec2.resources import (
    NetworkInterface,
    Peering,
    PlacementGroup,
    SecurityGroup,
    Subnet,
    TransitGateway,
    Vpc,
)

Parts = dict[str, frozenset[Fact]]
NOTHING: frozenset[Fact] = frozenset()


def everything(ctx: Context) -> Parts:
    """Every part of the network of this account and region."""
    found: Parts = {}
    for vpc in ctx.scan(Vpc):
        if has_interfaces(ctx, vpc.id):
            found.update(whole(ctx, fabric.read(ctx, vpc)))
            found[delays.part(vpc.id)] = delays.of_vpc(ctx, vpc, lambda _: True)
    for gateway in ctx.scan(TransitGateway):
        found.update(transit(ctx, gateway.id))
    return found | of_lines(ctx) | uplinks(ctx)


def has_interfaces(ctx: Context, vpc_id: str) -> bool:
    """Whether anything is in a VPC: one with nothing in it has no router."""
    return next(ctx.scan(NetworkInterface, vpc_id), None) is not None


def whole(ctx: Context, known: Fabric) -> Parts:
    """Every part of a VPC."""
    found = fabric.parts(known)
    for eni in ctx.scan(NetworkInterface, known.vpc.id):
        found[f"{known.vpc.id}/{eni.id}"] = interface(ctx, known.vpc, eni)
    for one in ctx.scan(SecurityGroup, known.vpc.id):
        found[f"{known.vpc.id}/{one.id}"] = group(ctx, one)
    return found


def interface(ctx: Context, vpc: Vpc, eni: NetworkInterface) -> frozenset[Fact]:
    """An interface's facts."""
    subnet = ctx.get(Subnet, vpc.id, eni.subnet_id)
    if subnet is None:
        return NOTHING
    return interfaces.interface(vpc, subnet, eni, ctx.region) | limited(ctx, eni)


def limited(ctx: Context, eni: NetworkInterface) -> frozenset[Fact]:
    """What limits an interface."""
    limits = bandwidth.limits(eni.instance_type, ctx.planes.bandwidth_scale)
    if limits is None:
        return NOTHING
    group = ctx.get(PlacementGroup, eni.placement_group) if eni.placement_group else None
    cluster = group.id if group is not None and group.strategy == "cluster" else ""
    return rates(eni.vpc_id, eni, limits, cluster)


def group(ctx: Context, found: SecurityGroup) -> frozenset[Fact]:
    """A security group's facts."""
    lists = {one: blocks_of(ctx, one) for one in found.peers if one.startswith("pl-")}
    return groups.group(found, lists, _strangers(ctx, found))


def _strangers(ctx: Context, found: SecurityGroup) -> dict[str, list[NetworkInterface]]:
    """The members of the groups that a group's rules name beyond its own VPC, where a peering joins the two."""
    members: dict[str, list[NetworkInterface]] = {}
    for rule in found.rules:
        if not rule.peer.startswith("sg-"):
            continue
        there = ctx.at(account=rule.peer_account or None)
        named = maybe(there, SecurityGroup, rule.peer)
        if named is not None and named.vpc_id != found.vpc_id and _are_joined(ctx, found.vpc_id, named.vpc_id):
            members[rule.peer] = there.find(NetworkInterface, "by_group", rule.peer)
    return members


def _are_joined(ctx: Context, here: str, there: str) -> bool:
    return any(one.status == "active" and there in one.vpc_ids for one in ctx.find(Peering, "by_vpc", here))


def groups_of_peers(ctx: Context, vpc_id: str) -> Parts:
    """The groups of peers that name a group of this VPC: they hold its interfaces' addresses too."""
    sides = (side for one in ctx.find(Peering, "by_vpc", vpc_id) for side in (one.requester, one.accepter))
    found: Parts = {}
    for side in sides:
        if side.vpc_id != vpc_id and side.region == ctx.region and _has_router(ctx, side.vpc_id):
            there = ctx.at(account=side.account)
            naming = (one for one in there.scan(SecurityGroup, side.vpc_id) if _names_one_of(ctx, one, vpc_id))
            found.update((f"{side.vpc_id}/{one.id}", group(there, one)) for one in naming)
    return found


def _names_one_of(ctx: Context, named: SecurityGroup, vpc_id: str) -> bool:
    peers = (maybe(ctx, SecurityGroup, peer) for peer in named.peers if peer.startswith("sg-"))
    return any(one is not None and one.vpc_id == vpc_id for one in peers)


def groups_beyond(ctx: Context, vpc_id: str) -> Parts:
    """The groups of a VPC whose rules name groups of others: whom they mean comes and goes with a peering."""
    known = list(ctx.scan(SecurityGroup, vpc_id)) if _has_router(ctx, vpc_id) else []
    own = {one.id for one in known}
    beyond = (one for one in known if any(peer.startswith("sg-") and peer not in own for peer in one.peers))
    return {f"{vpc_id}/{one.id}": group(ctx, one) for one in beyond}


def loose_links(ctx: Context, vpc_id: str) -> Parts:
    """The links, as nothing, of a VPC's peerings that have a router at neither end once this VPC has none."""
    others = {one.id: next((end for end in one.vpc_ids if end != vpc_id), "") for one in _peerings(ctx, vpc_id)}
    return {fabric.link(name): NOTHING for name, other in others.items() if not _has_router(ctx, other)}


def _peerings(ctx: Context, vpc_id: str) -> list[Peering]:
    return ctx.find(Peering, "by_vpc", vpc_id)


def transit(ctx: Context, gateway_id: str) -> Parts:
    """Every part of a transit gateway; none while nothing is attached to it."""
    found = hubs.hub(ctx, gateway_id)
    if found is None:
        return {}
    return {
        **network_transit.parts(found, len(zones.zones(ctx.region))),
        delays.part(gateway_id): delays.of_hub(ctx, found),
    }


def of_lines(ctx: Context) -> Parts:
    """The lines between all regions that have an internet with somebody in it."""
    return {
        f"lines/{here}--{there}": gateways.region_line(here, there, *lines.now(ctx, here, there))
        for here, there in combinations(lines.connected(ctx), 2)
    }


def uplinks(ctx: Context) -> Parts:
    """The ways to the machine's own network, where they are wanted, of all regions with somebody in their internet."""
    regions = lines.connected(ctx) if ctx.planes.has_uplink else []
    return {f"uplinks/{region}": gateways.uplink(region) for region in regions}


def broken(ctx: Context) -> Parts:
    """What is broken of each VPC of a region that has a router."""
    found: Parts = {}
    for scope in ctx.scopes(Vpc):
        there = ctx.at(scope.region, scope.account)
        for vpc in there.scan(Vpc) if scope.region == ctx.region else ():
            if _has_router(ctx, vpc.id):
                found[f"{vpc.id}/faults"] = network_faults(vpc.id, faults.of_vpc(there, vpc))
    return found


def _has_router(ctx: Context, vpc_id: str) -> bool:
    return ctx.planes.net.has(f"{vpc_id}/vpc")
