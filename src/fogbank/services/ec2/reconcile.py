"""What follows from EC2's records: the network of each VPC that has an interface, and what time does to the records."""

from __future__ import annotations

import asyncio
import contextlib

from fogbank.aws import internet
from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.ec2 import (
    delays,
    fabric,
    faults,
    flow_delivery,
    lines,
    nat_gateways,
    parts,
    peerings,
    traffic,
    transit_gateways,
)
from fogbank.services.ec2.fabric import Fabric
from fogbank.services.ec2.parts import NOTHING, Parts
from fogbank.services.ec2.resources import (
    NatGateway,
    NetworkFault,
    NetworkInterface,
    Peering,
    RouteTable,
    SecurityGroup,
    TransitAttachment,
    TransitGateway,
    TransitRouteTable,
    Vpc,
)

_LOOK_AGAIN_SECONDS = 600.0
_FABRIC = ("vpc", "faults", "subnet-", "acl-", "rtb", "internet", "nat-", "vpce-", "tgw-")
"""What the parts of a fabric are called, below the VPC; the others are interfaces and groups."""


def networks(ctx: Context) -> Parts:
    """Every part of the network of this account and region: what the world is adopted by at the start."""
    return parts.everything(ctx)


async def within_vpc(ctx: Context, key: str) -> After | None:
    """A VPC, or what stands in one: its fabric is told anew. A VPC without an interface has no router."""
    vpc_id = key.partition("\0")[0]
    with ctx.begin():
        known = _fabric(ctx, vpc_id)
        if known is None:
            found, within = parts.loose_links(ctx, vpc_id), [f"{vpc_id}/"]
        elif ctx.planes.net.has(f"{vpc_id}/vpc"):
            found, within = fabric.parts(known), [f"{vpc_id}/{prefix}" for prefix in _FABRIC]
        else:
            found, within = parts.whole(ctx, known), [f"{vpc_id}/"]
    if known is None:
        await _leave(ctx, vpc_id, found, within)
    else:
        await _tell(ctx, known, found, within)
    return None


def _fabric(ctx: Context, vpc_id: str) -> Fabric | None:
    """The fabric of a VPC that has anything in it."""
    vpc = ctx.get(Vpc, vpc_id)
    return fabric.read(ctx, vpc) if vpc is not None and parts.has_interfaces(ctx, vpc_id) else None


async def nat_gateway(ctx: Context, key: str) -> After | None:
    """A NAT gateway: its place in the fabric, and then the state that it has come to."""
    await within_vpc(ctx, key)
    with ctx.begin():
        found = ctx.get(NatGateway, *key.split("\0"))
        seconds = nat_gateways.settle(ctx, found) if found is not None else None
    return After(seconds) if seconds is not None else None


async def _tell(ctx: Context, known: Fabric, found: Parts, within: list[str]) -> None:
    """Have the network be told of a VPC that has a router, and open the doors in it."""
    vpc = known.vpc
    was_connected = ctx.planes.net.has(f"{vpc.id}/internet")
    if was_connected and not known.is_connected:
        await _leave_internet(ctx)
    await ctx.planes.net.set(found, within=within)
    await _tell_delays(ctx, vpc.id)
    if flow_delivery.is_wanted(ctx, vpc.id):
        # The network does not wait for who watches it: the flow log's own turn tries again.
        with contextlib.suppress(WorldError):
            await _gather(ctx, vpc.id)
    await ctx.planes.doors.set(vpc.id, fabric.doors(known, "/".join(ctx.scope)))
    if was_connected != known.is_connected:
        await _tell_lines(ctx)
    if known.is_connected:
        await ctx.planes.doors.set(internet.namespace(ctx.region), fabric.internet_doors(ctx.region, ctx.partition))
    if known.is_connected and ctx.planes.has_uplink:
        # Also where it was told before, and could not be made.
        await _tell_lines(ctx)


async def _leave(ctx: Context, vpc_id: str, found: Parts, within: list[str]) -> None:
    """Take a VPC's router away. Its doors are closed before: they would hold its namespace."""
    was_connected = ctx.planes.net.has(f"{vpc_id}/internet")
    await ctx.planes.doors.set(vpc_id, [])
    if was_connected:
        await _leave_internet(ctx)
    await ctx.planes.net.set(found, within=within)
    flow_delivery.untapped(ctx, vpc_id)
    if was_connected:
        await _tell_lines(ctx)


async def _leave_internet(ctx: Context) -> None:
    """Close the doors of a region's internet that nobody is in any more: it ends, and comes back as another one."""
    with ctx.begin():
        is_left = ctx.region not in lines.connected(ctx)
    if is_left:
        await ctx.planes.doors.set(internet.namespace(ctx.region), [])


async def region_line(ctx: Context, key: str) -> After | None:
    """A line between regions: that of their internets, and those of the peerings between them."""
    await _tell_lines(ctx)
    with ctx.begin():
        over = _distant(ctx)
    for there, vpc_id in over:
        await within_vpc(there, vpc_id)
    return None


async def zone_line(ctx: Context, key: str) -> After | None:
    """The way between two zones: the routers of their region are told how long it takes."""
    await _tell_delays(ctx)
    return None


async def _tell_delays(ctx: Context, vpc_id: str = "") -> None:
    """Have packets take their time in a VPC and in its peers; without one, in all of a region.

    By itself, since it is what a machine may lack: all else is there without it.
    """
    with ctx.begin():
        found = delays.around(ctx, vpc_id) if vpc_id else delays.everywhere(ctx)
    await ctx.planes.net.set(found)


async def network_fault(ctx: Context, key: str) -> After | None:
    """A fault: the routers of its region, or the lines, are told; and once more when it is over."""
    with ctx.begin():
        found = ctx.get(NetworkFault, key)
        if found is not None and faults.is_over(found, ctx.now):
            ctx.delete(NetworkFault, key)
        broken = parts.broken(ctx) if ctx.region else {}
    if ctx.region:
        await ctx.planes.net.set(broken)
        await _tell_delays(ctx)
    else:
        await region_line(ctx, key)
    return After(found.ends_at - ctx.now) if found is not None and found.ends_at > ctx.now else None


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


async def _tell_lines(ctx: Context) -> None:
    """Have the lines between all regions that have an internet be there."""
    with ctx.begin():
        found, uplinks = parts.of_lines(ctx), parts.uplinks(ctx)
    await ctx.planes.net.set(found, within=["lines/"])
    await ctx.planes.net.set(uplinks, within=["uplinks/"])


async def interface(ctx: Context, key: str) -> After | None:
    """An interface: a link into a namespace of its own. The first brings the VPC's router, the last takes it."""
    vpc_id, _, eni_id = key.partition("\0")
    with ctx.begin():
        vpc, eni = ctx.get(Vpc, vpc_id), ctx.get(NetworkInterface, vpc_id, eni_id)
        has_router = ctx.planes.net.has(f"{vpc_id}/vpc")
        is_within = vpc is not None and has_router and (eni is not None or parts.has_interfaces(ctx, vpc_id))
        if is_within and vpc is not None:
            found = {f"{vpc_id}/{eni_id}": parts.interface(ctx, vpc, eni) if eni is not None else NOTHING}
            if eni is None and ctx.find(RouteTable, "by_target", eni_id):
                # The kernel forgets routes over a device that goes; they are to drop what they match from now on.
                found.update(fabric.parts(fabric.read(ctx, vpc)))
    if is_within:
        await ctx.planes.net.set(found)
        await _tell_delays(ctx, vpc_id)
    else:
        await within_vpc(ctx, key)
    with ctx.begin():
        theirs = parts.groups_of_peers(ctx, vpc_id)
    if theirs:
        await ctx.planes.net.set(theirs)
    return None


async def placement_group(ctx: Context, key: str) -> After | None:
    """A placement group: its members' connections to one another have another limit."""
    with ctx.begin():
        members = [f"{one.vpc_id}\0{one.id}" for one in ctx.find(NetworkInterface, "by_placement_group", key)]
    for member in members:
        await interface(ctx, member)
    return None


async def group(ctx: Context, key: str) -> After | None:
    """A security group: its chains in the router of its VPC, if there is one."""
    vpc_id, _, group_id = key.partition("\0")
    with ctx.begin():
        found = ctx.get(SecurityGroup, vpc_id, group_id)
        facts = parts.group(ctx, found) if found is not None else NOTHING
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
        with there.begin():
            theirs = parts.groups_beyond(there, side.vpc_id)
        await ctx.planes.net.set(theirs)
    if found.status != "active":
        # Only now: neither side has a route over it any more, that the kernel would forget in silence.
        await ctx.planes.net.set({fabric.link(key): NOTHING})
    return _until(ctx, found)


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
    """A transit gateway: the fabric of the VPCs that are attached to it, and its router."""
    gateway_id = key.partition("\0")[0]
    with ctx.begin():
        vpcs = {one.resource_id for one in ctx.scan(TransitAttachment, gateway_id) if one.type == "vpc"}
    for vpc_id in sorted(vpcs):
        await within_vpc(ctx, vpc_id)
    with ctx.begin():
        found = parts.transit(ctx, gateway_id)
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
