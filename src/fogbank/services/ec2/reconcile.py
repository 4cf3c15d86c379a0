"""What follows from EC2's records: the network of each VPC that has an interface, and what time does to the records."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import combinations

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes.net.facts import Fact
from fogbank.services.ec2 import (
    fabric,
    faults,
    flow_delivery,
    hubs,
    lines,
    nat_gateways,
    peerings,
    traffic,
    transit_gateways,
    zones,
)
from fogbank.services.ec2.catalog import maybe
from fogbank.services.ec2.network import gateways, groups, interfaces, names
from fogbank.services.ec2.network import transit as network_transit
from fogbank.services.ec2.network.faults import faults as network_faults
from fogbank.services.ec2.prefix_lists import blocks_of
from fogbank.services.ec2.resources import (
    NatGateway,
    NetworkFault,
    NetworkInterface,
    Peering,
    RouteTable,
    SecurityGroup,
    Subnet,
    TransitAttachment,
    TransitGateway,
    TransitRouteTable,
    Vpc,
)

_LOOK_AGAIN_SECONDS = 600.0
Found = dict[str, frozenset[Fact]]
_NOTHING: frozenset[Fact] = frozenset()


def networks(ctx: Context) -> Found:
    """Every part of the network of this account and region: what the world is adopted by at the start."""
    found: Found = {}
    for vpc in ctx.scan(Vpc):
        if next(ctx.scan(NetworkInterface, vpc.id), None) is not None:
            found.update(_whole(ctx, vpc))
    for gateway in ctx.scan(TransitGateway):
        found.update(_transit(ctx, gateway.id))
    found.update(_lines(ctx))
    return found


async def within_vpc(ctx: Context, key: str) -> After | None:
    """A VPC, or what stands in one: its fabric is told anew. A VPC without an interface has no router."""
    vpc_id = key.partition("\0")[0]
    with ctx.begin():
        vpc = ctx.get(Vpc, vpc_id)
        if vpc is None or next(ctx.scan(NetworkInterface, vpc_id), None) is None:
            found, within = Found(), [f"{vpc_id}/"]
        elif not ctx.planes.net.has(f"{vpc_id}/vpc"):
            found, within = _whole(ctx, vpc), [f"{vpc_id}/"]
        else:
            found = fabric.parts(fabric.read(ctx, vpc))
            within = [f"{vpc_id}/{prefix}" for prefix in _FABRIC]
    await _tell(ctx, vpc_id, found, within)
    return None


async def nat_gateway(ctx: Context, key: str) -> After | None:
    """A NAT gateway: its place in the fabric, and then the state that it has come to."""
    await within_vpc(ctx, key)
    with ctx.begin():
        found = ctx.get(NatGateway, *key.split("\0"))
        seconds = nat_gateways.settle(ctx, found) if found is not None else None
    return After(seconds) if seconds is not None else None


async def _tell(ctx: Context, vpc_id: str, found: Found, within: list[str]) -> None:
    """Have the network be told of a VPC's fabric, and doors opened in it: closed before it goes, for they hold it."""
    with ctx.begin():
        vpc = ctx.get(Vpc, vpc_id) if found else None
        known = fabric.read(ctx, vpc) if vpc is not None else None
        if known is None:
            found = {**found, **_loose(ctx, vpc_id)}
    scope = "/".join(ctx.scope)
    if known is None:
        await ctx.planes.doors.set(vpc_id, [])
    if known is None or not known.vpc.internet_gateway_id:
        await _leave_internet(ctx)
    await ctx.planes.net.set(found, within=within)
    if known is None:
        flow_delivery.untapped(ctx, vpc_id)
    elif flow_delivery.is_wanted(ctx, vpc_id):
        # The network does not wait for who watches it: the flow log's own turn tries again.
        with contextlib.suppress(WorldError):
            await _gather(ctx, vpc_id)
    if known is not None:
        await ctx.planes.doors.set(vpc_id, fabric.doors(known, scope))
        if known.vpc.internet_gateway_id:
            await _tell_lines(ctx)
            await ctx.planes.doors.set(names.internet(ctx.region), fabric.internet_doors(ctx.region, ctx.partition))


def _loose(ctx: Context, vpc_id: str) -> Found:
    """The links of a VPC's peerings that have a router at neither end, once this VPC has none."""
    found: Found = {}
    for one in ctx.find(Peering, "by_vpc", vpc_id):
        if not any(ctx.planes.net.has(f"{end}/vpc") for end in one.vpc_ids if end != vpc_id):
            found[fabric.link(one.id)] = _NOTHING
    return found


async def _leave_internet(ctx: Context) -> None:
    """Close the doors of a region's internet that nobody is in any more: it ends, and comes back as another one."""
    with ctx.begin():
        is_left = ctx.region not in lines.connected(ctx)
    if is_left:
        await ctx.planes.doors.set(names.internet(ctx.region), [])


async def region_line(ctx: Context, key: str) -> After | None:
    """A line between regions: that of their internets, and those of the peerings between them."""
    await _tell_lines(ctx)
    with ctx.begin():
        over = _distant(ctx)
    for there, vpc_id in over:
        await within_vpc(there, vpc_id)
    return None


async def network_fault(ctx: Context, key: str) -> After | None:
    """A fault: the routers of its region, or the lines, are told; and once more when it is over."""
    with ctx.begin():
        found = ctx.get(NetworkFault, key)
        if found is not None and faults.is_over(found, ctx.now):
            ctx.delete(NetworkFault, key)
        broken = _broken(ctx) if ctx.region else {}
    if ctx.region:
        await ctx.planes.net.set(broken)
    else:
        await region_line(ctx, key)
    return After(found.ends_at - ctx.now) if found is not None and found.ends_at > ctx.now else None


def _broken(ctx: Context) -> Found:
    """What is broken of each VPC of a region that has a router."""
    found: Found = {}
    for scope in ctx.scopes(Vpc):
        there = ctx.at(scope.region, scope.account)
        for vpc in there.scan(Vpc) if scope.region == ctx.region else ():
            if ctx.planes.net.has(f"{vpc.id}/vpc"):
                found[f"{vpc.id}/faults"] = network_faults(vpc.id, faults.of_vpc(there, vpc))
    return found


def _distant(ctx: Context) -> list[tuple[Context, str]]:
    """The VPCs with a peering to another region, each with a context in its scope."""
    found: dict[str, tuple[Context, str]] = {}
    for scope in ctx.scopes(Peering):
        there = ctx.at(scope.region, scope.account)
        for one in there.scan(Peering):
            side = one.requester if one.requester.region == scope.region else one.accepter
            if one.requester.region != one.accepter.region and side.account == scope.account:
                there.join(None)
                found[side.vpc_id] = (there, side.vpc_id)
    return list(found.values())


def _lines(ctx: Context) -> Found:
    return {
        f"lines/{here}--{there}": gateways.region_line(here, there, *lines.now(ctx, here, there))
        for here, there in combinations(lines.connected(ctx), 2)
    }


async def _tell_lines(ctx: Context) -> None:
    """Have the lines between all regions that have an internet be there."""
    with ctx.begin():
        found = _lines(ctx)
    await ctx.planes.net.set(found, within=["lines/"])


_FABRIC = ("vpc", "faults", "subnet-", "acl-", "rtb", "internet", "nat-", "vpce-", "tgw-")
"""What the parts of a fabric are called, below the VPC; the others are interfaces and groups."""


async def interface(ctx: Context, key: str) -> After | None:
    """An interface: a link into a namespace of its own. The first brings the VPC's router, the last takes it."""
    vpc_id, _, eni_id = key.partition("\0")
    with ctx.begin():
        vpc, eni = ctx.get(Vpc, vpc_id), ctx.get(NetworkInterface, vpc_id, eni_id)
        is_first = not ctx.planes.net.has(f"{vpc_id}/vpc")
        if vpc is None or (eni is None and next(ctx.scan(NetworkInterface, vpc_id), None) is None):
            found, within = Found(), [f"{vpc_id}/"]
        elif is_first:
            found, within = _whole(ctx, vpc), [f"{vpc_id}/"]
        else:
            found, within = {f"{vpc_id}/{eni_id}": _interface(ctx, vpc, eni) if eni is not None else _NOTHING}, []
            if eni is None and ctx.find(RouteTable, "by_target", eni_id):
                # The kernel forgets routes over a device that goes; they are to drop what they match from now on.
                found.update(fabric.parts(fabric.read(ctx, vpc)))
        theirs = _strangers_groups(ctx, vpc_id)
    if within:
        await _tell(ctx, vpc_id, found, within)
        await ctx.planes.net.set(theirs)
    else:
        await ctx.planes.net.set({**found, **theirs})
    return None


async def group(ctx: Context, key: str) -> After | None:
    """A security group: its chains in the router of its VPC, if there is one."""
    vpc_id, _, group_id = key.partition("\0")
    with ctx.begin():
        found = ctx.get(SecurityGroup, vpc_id, group_id)
        facts = _group(ctx, found) if found is not None else _NOTHING
    if ctx.planes.net.has(f"{vpc_id}/vpc"):
        await ctx.planes.net.set({f"{vpc_id}/{group_id}": facts})
    return None


async def peering(ctx: Context, key: str) -> After | None:
    """A peering: the fabrics of both its VPCs, whose routes lead over it, and then its link."""
    with ctx.begin():
        found = ctx.get(Peering, key)
        if found is not None and peerings.is_gone(found, ctx.now):
            ctx.delete(Peering, key)
        elif found is not None and peerings.expired(found, ctx.now):
            peerings.put(ctx, peerings.at(found, ctx.now))
    if found is None:
        return None
    for side in (found.requester, found.accepter):
        there = ctx.at(side.region, side.account)
        await within_vpc(there, side.vpc_id)
        await _groups_beyond(there, side.vpc_id)
    if found.status != "active":
        # Only now: neither side has a route over it any more, that the kernel would forget in silence.
        await ctx.planes.net.set({fabric.link(key): _NOTHING})
    return _until(ctx, found)


async def _groups_beyond(ctx: Context, vpc_id: str) -> None:
    """The groups of a VPC whose rules name groups of others: whom they mean comes and goes with the peering."""
    with ctx.begin():
        known = list(ctx.scan(SecurityGroup, vpc_id))
    own = {one.id for one in known}
    for one in known:
        if any(peer.startswith("sg-") and peer not in own for peer in one.peers):
            await group(ctx, f"{vpc_id}\0{one.id}")


async def flow_log(ctx: Context, key: str) -> After | None:
    """A flow log: when its interval is over, what has been gathered of its VPC is delivered."""
    with ctx.begin():
        turn = flow_delivery.turn(ctx, key)
    for vpc_id in turn.ended:
        with contextlib.suppress(WorldError):
            await ctx.planes.net.flows(vpc_id, ends=True)
    if not turn.vpc_id:
        return None
    if turn.seconds <= 0 or flow_delivery.is_wanted(ctx, turn.vpc_id):
        await _gather(ctx, turn.vpc_id)
    if turn.seconds > 0:
        return After(turn.seconds)
    with ctx.begin():
        work = flow_delivery.work(ctx, key)
    if work is None:
        return None
    try:
        await _deliver(ctx, work)
        trouble = ""
    except AwsError as error:
        trouble = flow_delivery.trouble_of(error)
    with ctx.begin():
        flow_delivery.done(ctx, work, trouble)
    return After(work.flow_log.interval_seconds)


async def _gather(ctx: Context, vpc_id: str) -> None:
    """What is new in the router of a VPC, if there is one, for all its flow logs."""
    if ctx.planes.net.has(f"{vpc_id}/vpc"):
        flows = await ctx.planes.net.flows(vpc_id)
        with ctx.begin():
            flow_delivery.gathered(ctx, vpc_id, flows)
            traffic.gathered(ctx, vpc_id, flows, asyncio.get_running_loop().time())


async def _deliver(ctx: Context, work: flow_delivery.Work) -> None:
    """Raises AwsError: the destination's, or the role's."""
    if work.flow_log.destination_type == "s3":
        if work.records:
            body = await asyncio.to_thread(flow_delivery.body, work)
            itself = flow_delivery.as_log_delivery(ctx)
            await itself.invoke("s3", "PutObject", **flow_delivery.put_object(ctx, work, body))
        return
    for some in flow_delivery.batches(work):
        with ctx.begin():
            flow_delivery.to_logs(ctx, work, some)
        # Others get their turn.
        await asyncio.sleep(0)


def _until(ctx: Context, found: Peering) -> After | None:
    """When time does something to a peering: it expires, or what is left of it is forgotten."""
    if found.status in ("initiating-request", "pending-acceptance"):
        return After(max(0.0, found.expires_at - ctx.now))
    return After(_LOOK_AGAIN_SECONDS) if found.ended_at and not peerings.is_gone(found, ctx.now) else None


async def prefix_list(ctx: Context, key: str) -> After | None:
    """A prefix list: the groups and the route tables that name it."""
    with ctx.begin():
        named = ctx.find(SecurityGroup, "by_peer", key)
        vpcs = {table.vpc_id for table in ctx.find(RouteTable, "by_target", key)}
    for one in named:
        await group(ctx, f"{one.vpc_id}\0{one.id}")
    for vpc_id in sorted(vpcs):
        await within_vpc(ctx, vpc_id)
    return None


async def transit(ctx: Context, key: str) -> After | None:
    """A transit gateway: its router, and the fabric of the VPCs that are attached to it."""
    gateway_id = key.partition("\0")[0]
    with ctx.begin():
        found = _transit(ctx, gateway_id)
        vpcs = {one.resource_id for one in ctx.scan(TransitAttachment, gateway_id) if one.type == "vpc"}
    for vpc_id in sorted(vpcs):
        await within_vpc(ctx, vpc_id)
    await ctx.planes.net.set(found, within=[f"{gateway_id}/"])
    return _forget_transit(ctx, gateway_id)


def _forget_transit(ctx: Context, gateway_id: str) -> After | None:
    """What was deleted of a transit gateway is forgotten once it is no longer shown."""
    with ctx.begin():
        gateway = ctx.get(TransitGateway, gateway_id)
        within: list[TransitGateway | TransitAttachment | TransitRouteTable] = [
            *ctx.scan(TransitAttachment, gateway_id),
            *ctx.scan(TransitRouteTable, gateway_id),
            *([gateway] if gateway is not None else []),
        ]
        for one in within:
            if transit_gateways.is_gone(one, ctx.now):
                ctx.delete(type(one), *((one.id,) if isinstance(one, TransitGateway) else (gateway_id, one.id)))
        left = [one for one in within if one.state in transit_gateways.ENDED]
    return After(_LOOK_AGAIN_SECONDS) if left else None


def _transit(ctx: Context, gateway_id: str) -> Found:
    """Every part of a transit gateway; none while nothing is attached to it."""
    found = hubs.hub(ctx, gateway_id)
    return network_transit.parts(found, len(zones.zones(ctx.region))) if found is not None else {}


def _whole(ctx: Context, vpc: Vpc) -> Found:
    """Every part of a VPC."""
    found = fabric.parts(fabric.read(ctx, vpc))
    for eni in ctx.scan(NetworkInterface, vpc.id):
        found[f"{vpc.id}/{eni.id}"] = _interface(ctx, vpc, eni)
    for one in ctx.scan(SecurityGroup, vpc.id):
        found[f"{vpc.id}/{one.id}"] = _group(ctx, one)
    return found


def _interface(ctx: Context, vpc: Vpc, eni: NetworkInterface) -> frozenset[Fact]:
    subnet = ctx.get(Subnet, vpc.id, eni.subnet_id)
    return interfaces.interface(vpc, subnet, eni, ctx.region) if subnet is not None else _NOTHING


def _group(ctx: Context, found: SecurityGroup) -> frozenset[Fact]:
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


def _strangers_groups(ctx: Context, vpc_id: str) -> Found:
    """The groups of peers that name a group of this VPC: they hold its interfaces' addresses too."""
    sides = (side for one in ctx.find(Peering, "by_vpc", vpc_id) for side in (one.requester, one.accepter))
    found: Found = {}
    for side in sides:
        if side.vpc_id != vpc_id and side.region == ctx.region and ctx.planes.net.has(f"{side.vpc_id}/vpc"):
            there = ctx.at(account=side.account)
            naming = (one for one in there.scan(SecurityGroup, side.vpc_id) if _names_one_of(ctx, one, vpc_id))
            found.update((f"{side.vpc_id}/{one.id}", _group(there, one)) for one in naming)
    return found


def _names_one_of(ctx: Context, group: SecurityGroup, vpc_id: str) -> bool:
    return any(peer.startswith("sg-") and _is_of(ctx, peer, vpc_id) for peer in group.peers)


def _is_of(ctx: Context, group_id: str, vpc_id: str) -> bool:
    found = maybe(ctx, SecurityGroup, group_id)
    return found is not None and found.vpc_id == vpc_id
