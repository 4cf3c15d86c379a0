"""How long packets take within a region: what people have said of zones, and what is slow on purpose, of each VPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fogbank.control.context import Context
from fogbank.planes.net.facts import Fact
from fogbank.services.ec2 import faults, hubs, lines, zones
from fogbank.services.ec2.network import names
from fogbank.services.ec2.network import transit as network_transit
from fogbank.services.ec2.network.delays import End, Ways
from fogbank.services.ec2.network.delays import delays as network_delays
from fogbank.services.ec2.network.transit import Hub
from fogbank.services.ec2.resources import (
    EgressOnlyGateway,
    Endpoint,
    NetworkInterface,
    Peering,
    Subnet,
    TransitGateway,
    Vpc,
)

Parts = dict[str, frozenset[Fact]]


def part(router: str) -> str:
    """What the part is called that is the delays of a VPC, or of a transit gateway."""
    return f"{router}/delays"


def of_vpc(ctx: Context, vpc: Vpc, is_there: Callable[[str], bool]) -> frozenset[Fact]:
    """The delays of a VPC. `is_there` knows which parts the network has: only what is there can be slow."""
    between, slow = lines.between_zones(ctx), faults.slow(ctx)
    if not between and not slow:
        return frozenset()
    subnets = {one.id: one for one in ctx.scan(Subnet, vpc.id)}
    more = {one.id: slow.get(one.id, 0.0) + slow.get(one.zone, 0.0) for one in subnets.values()}
    hosts = [one for one in ctx.scan(NetworkInterface, vpc.id) if is_there(f"{vpc.id}/{one.id}")]
    own = (one for one in hosts if one.id in slow and one.subnet_id in subnets)
    peerings = _peerings(ctx, vpc)
    return network_delays(
        Ways(
            vpc.id,
            {pair: seconds / 2 for pair, seconds in between.items()},
            {one.number: End(one.zone, more[one.id] / 2) for one in subnets.values()},
            {
                names.device(one.id): End(subnets[one.subnet_id].zone, (more[one.subnet_id] + slow[one.id]) / 2)
                for one in own
            },
            [names.device(one.id) for one in hosts],
            [
                *(device for device, name in _gateways(ctx, vpc) if is_there(f"{vpc.id}/{name}")),
                *(names.device(one.id) for one in peerings if is_there(f"peerings/{one.id}")),
            ],
            {names.device(one.id): _blocks(ctx, one, vpc) for one in peerings} if between else {},
        )
    )


def _gateways(ctx: Context, vpc: Vpc) -> Iterator[tuple[str, str]]:
    """The devices of what leads to the internet and to services, and the names of their parts."""
    if vpc.internet_gateway_id or next(ctx.scan(EgressOnlyGateway, vpc.id), None) is not None:
        yield names.INTERNET_DEVICE, "internet"
    yield from ((names.device(one.id), one.id) for one in ctx.scan(Endpoint, vpc.id) if one.type == "Gateway")


def _peerings(ctx: Context, vpc: Vpc) -> list[Peering]:
    """The peerings of a VPC within its region."""
    found = ctx.find(Peering, "by_vpc", vpc.id)
    return [one for one in found if one.status == "active" and one.requester.region == one.accepter.region]


def _blocks(ctx: Context, peering: Peering, vpc: Vpc) -> dict[str, str]:
    """The zones that the blocks of the subnets of a peer are in."""
    side = peering.accepter if peering.requester.vpc_id == vpc.id else peering.requester
    there = ctx.at(account=side.account).scan(Subnet, side.vpc_id)
    return {block: one.zone for one in there for block in (one.cidr, *(six.cidr for six in one.ipv6_blocks)) if block}


def around(ctx: Context, vpc_id: str) -> Parts:
    """The delays of a VPC and of its peers, whom its subnets matter to, as far as they have routers."""
    vpc = ctx.get(Vpc, vpc_id)
    if vpc is None:
        return {}
    sides = {(side.account, side.vpc_id) for one in _peerings(ctx, vpc) for side in (one.requester, one.accepter)}
    found: Parts = {}
    for account, name in sorted({*sides, (ctx.account, vpc_id)}):
        there = ctx.at(account=account)
        if ctx.planes.net.has(f"{name}/vpc") and (one := there.get(Vpc, name)) is not None:
            found[part(name)] = of_vpc(there, one, ctx.planes.net.has)
    return found


def of_hub(ctx: Context, hub: Hub) -> frozenset[Fact]:
    """The delays of a transit gateway: what comes in in one zone and leaves in another."""
    between = lines.between_zones(ctx)
    if not between:
        return frozenset()
    listed = [name for name, _ in zones.zones(ctx.region)]
    ports = list(network_transit.ports(hub))
    ends = {group: End(listed[zone]) for _, group, zone in ports}
    halves = {pair: seconds / 2 for pair, seconds in between.items()}
    return network_delays(Ways(hub.gateway_id, halves, ends, {}, [device for device, _, _ in ports], []))


def everywhere(ctx: Context) -> Parts:
    """The delays of every VPC and transit gateway of a region that has a router."""
    found: Parts = {}
    for scope in ctx.scopes(TransitGateway):
        there = ctx.at(scope.region, scope.account)
        for gateway in there.scan(TransitGateway) if scope.region == ctx.region else ():
            hub = hubs.hub(there, gateway.id) if ctx.planes.net.has(f"{gateway.id}/gateway") else None
            if hub is not None:
                found[part(gateway.id)] = of_hub(there, hub)
    for scope in ctx.scopes(Vpc):
        there = ctx.at(scope.region, scope.account)
        for vpc in there.scan(Vpc) if scope.region == ctx.region else ():
            if ctx.planes.net.has(f"{vpc.id}/vpc"):
                found[part(vpc.id)] = of_vpc(there, vpc, ctx.planes.net.has)
    return found
