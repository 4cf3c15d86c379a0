"""fogbank's own pages about networks (`/_fogbank/net`), and what is answered inside them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from fogbank.aws import internet
from fogbank.aws.errors import AwsError, WorldError
from fogbank.aws.internet import REGIONS
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.pages import Pages, answered, unclear
from fogbank.planes.net.knock import knock
from fogbank.services.ec2 import addressing, faults, flow_delivery, lines, map, reach, rules, traffic
from fogbank.services.ec2.inside import endpoint_policy, metadata, resolve
from fogbank.services.ec2.network import counters, skeleton
from fogbank.services.ec2.network.decide import Packet
from fogbank.services.ec2.network.walk import Map, Walk, both_ways
from fogbank.services.ec2.resources import DhcpOptions, NetworkInterface, RegionLine, Vpc

__all__ = ["answer", "endpoint_policy", "metadata", "observe", "resolve"]

_START = "/_fogbank/net"
_LET_GO_SECONDS = 15.0
"""Machine time after the last look at a VPC's traffic."""


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Place(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    region: str = ""


class _Way(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    destination: str
    protocol: Literal["tcp", "udp"] = "tcp"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 80


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    here: str
    there: str
    round_trip_seconds: Annotated[float, msgspec.Meta(ge=0)] | msgspec.UnsetType | None = msgspec.UNSET
    loss: Annotated[float, msgspec.Meta(ge=0, le=1)] | msgspec.UnsetType = msgspec.UNSET


class _Fault(msgspec.Struct, forbid_unknown_fields=True):
    id: str = ""


class _View(msgspec.Struct, forbid_unknown_fields=True):
    vpc: str


class _AnyView(msgspec.Struct, forbid_unknown_fields=True):
    vpc: str | None = None


async def answer(ctx: Context, request: Request) -> Response:
    """The page of a request, as JSON."""
    return await answered(ctx, request, _START, _PAGES)


def observe(ctx: Context, request: Request, response: Response, error: str) -> None:
    """Say with every answer that packets are not enforced, where they are not."""
    if not ctx.planes.net.has_packets:
        response.headers.append(("x-fogbank-network", "records-only"))


async def _listed(ctx: Context, wanted: _Nothing) -> dict[str, Any]:
    """Every interface there is, in all accounts and regions."""
    with ctx.begin():
        rows = []
        for scope in ctx.scopes(NetworkInterface):
            there = ctx.at(scope.region, scope.account)
            for eni in there.scan(NetworkInterface):
                rows.append(
                    {
                        "id": eni.id,
                        "account": scope.account,
                        "region": scope.region,
                        "vpc": eni.vpc_id,
                        "subnet": eni.subnet_id,
                        "addresses": [*(one.address for one in eni.addresses), *eni.ipv6_addresses],
                        "public": [one.association.public_ip for one in eni.addresses if one.association],
                        "type": eni.type,
                    }
                )
    return {"mode": ctx.planes.net.mode, "interfaces": rows}


async def _enter(ctx: Context, wanted: _Place) -> dict[str, Any]:
    """How to run a command inside: an interface's id, or `internet` with a region."""
    if not ctx.planes.net.has_packets:
        raise WorldError("VPCs are records only here (network mode plain): fogbank doctor says what is missing")
    if wanted.id == "internet":
        region = _region(wanted.region or ctx.region)
        return {"argv": ctx.planes.net.entry(internet.namespace(region)), "resolv_conf": ""}
    with ctx.begin():
        there, eni = _interface(ctx, wanted.id)
        vpc = there.get(Vpc, eni.vpc_id)
        conf = _resolv_conf(there, vpc) if vpc is not None else ""
    return {"argv": ctx.planes.net.entry(eni.id), "resolv_conf": conf, "region": there.region}


def _interface(ctx: Context, interface_id: str) -> tuple[Context, NetworkInterface]:
    """An interface of any account and region. Raises InvalidNetworkInterfaceID.NotFound."""
    for scope in ctx.scopes(NetworkInterface):
        there = ctx.at(scope.region, scope.account)
        if found := there.find(NetworkInterface, "by_id", interface_id):
            return there, found[0]
    text = f"The networkInterface ID '{interface_id}' does not exist"
    raise AwsError("InvalidNetworkInterfaceID.NotFound", text)


def _resolv_conf(ctx: Context, vpc: Vpc) -> str:
    """What DHCP would have told the interface, as resolv.conf(5) has it."""
    found = ctx.get(DhcpOptions, vpc.dhcp_options_id)
    options = found.values if found is not None else {}
    servers = [
        skeleton.resolver(vpc) if one == "AmazonProvidedDNS" else one
        for one in options.get("domain-name-servers", ("AmazonProvidedDNS",))
    ]
    search = options.get("domain-name", (addressing.private_domain(ctx.region),))
    return "".join(f"nameserver {one}\n" for one in servers) + f"search {' '.join(search)}\noptions timeout:1\n"


async def _trace(ctx: Context, wanted: _Way) -> dict[str, Any]:
    """A packet's way by the model, hop by hop, and what a real one met: which rules counted it, and what came back."""
    with ctx.begin():
        there, eni = _interface(ctx, wanted.source)
        world = reach.everything(there)
        packet = _first(ctx, eni, wanted)
        forth, back = both_ways(world, eni, packet)
    told: dict[str, Any] = {"forth": _walked(world, forth), "back": _walked(world, back) if back else None}
    if ctx.planes.net.has_packets:
        dead = next((walk for walk in (forth, back) if walk is not None and not walk.end), None)
        sent = await _sent(ctx, eni.id, packet, world)
        counted = (one["rule"] for one in sent["counted"])
        told["packet"] = {**sent, "died_at": counters.death(counted, dead) if sent["heard"] == "nothing" else ""}
    return told


def _first(ctx: Context, eni: NetworkInterface, wanted: _Way) -> Packet:
    """The packet that an interface is to send, from its address of the destination's family."""
    far = wanted.destination
    if far.startswith("eni-"):
        far = map.addresses_of(_interface(ctx, far)[1])[0]
    if rules.address(far) is None:
        raise unclear(f"{far} is neither an address nor an interface")
    near = next((one for one in map.addresses_of(eni) if (":" in one) == (":" in far)), None)
    if near is None:
        raise unclear(f"{eni.id} has no address from which {far} could be asked")
    return Packet(wanted.protocol, near, far, destination_port=wanted.port)


def _walked(world: Map, walk: Walk) -> dict[str, Any]:
    return {"steps": reach.told(world, walk), "end": walk.end, "reason": walk.reason, "at": walk.at}


async def _sent(ctx: Context, eni_id: str, packet: Packet, world: Map) -> dict[str, Any]:
    """What came back for a real packet, and the rules whose counters moved in the routers."""
    net = ctx.planes.net
    routers = [vpc_id for vpc_id in world.fabrics if net.has(f"{vpc_id}/vpc")]
    before = {vpc_id: await net.counters(vpc_id) for vpc_id in routers}
    is_stream = packet.protocol == "tcp"
    heard = await knock(net, eni_id, packet.destination, packet.destination_port, is_stream=is_stream)
    moved = []
    for vpc_id in routers:
        for rule, (packets, _) in (await net.counters(vpc_id)).items():
            count = packets - before[vpc_id].get(rule, (0, 0))[0]
            if count > 0:
                moved.append({"vpc": vpc_id, "rule": rule, "packets": count})
    return {"heard": heard, "counted": moved}


async def _line(ctx: Context, wanted: _Line) -> dict[str, Any]:
    """The line between two regions, or the way between two zones, after what is said of it."""
    if lines.region_of(wanted.here):
        return await _zones(ctx, wanted)
    here, there = sorted((_region(wanted.here), _region(wanted.there)))
    said = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    with ctx.begin():
        if len(said) > len(("here", "there")):
            if here == there:
                raise unclear("a line is between two regions")
            lines.say(ctx, RegionLine(**{**said, "here": here, "there": there}))
        now = lines.now(ctx, here, there)
    return {"here": here, "there": there, "round_trip_seconds": now.round_trip_seconds, "loss": now.loss}


async def _zones(ctx: Context, wanted: _Line) -> dict[str, Any]:
    here, there = sorted((wanted.here, wanted.there))
    if here == there or lines.region_of(here) != lines.region_of(there) or wanted.loss is not msgspec.UNSET:
        raise unclear("two zones of a region, and a time between them, are wanted")
    seconds = None if wanted.round_trip_seconds is msgspec.UNSET else wanted.round_trip_seconds or 0.0
    if seconds:
        await ctx.planes.net.delays()
    with ctx.begin():
        now = lines.say_zones(ctx, here, there, seconds)
    return {"here": here, "there": there, "round_trip_seconds": now, "loss": 0.0}


async def _faults(ctx: Context, wanted: _Nothing) -> dict[str, Any]:
    with ctx.begin():
        return {"faults": [msgspec.to_builtins(one) for one in faults.listed(ctx)]}


async def _break(ctx: Context, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Break an interface, a subnet, a zone or a line between regions."""
    if faults.is_within_vpc(wanted):
        await ctx.planes.net.delays()
    with ctx.begin():
        made: dict[str, Any] = msgspec.to_builtins(faults.add(ctx, wanted))
    return made


async def _mend(ctx: Context, wanted: _Fault) -> dict[str, Any]:
    with ctx.begin():
        return {"removed": faults.remove(ctx, wanted.id)}


async def _map(ctx: Context, wanted: _AnyView) -> dict[str, Any]:
    """A VPC as a map; without one, the VPCs that there are."""
    told = {"mode": ctx.planes.net.mode, "has_packets": ctx.planes.net.has_packets}
    with ctx.begin():
        if wanted.vpc is None:
            homes = ((scope, ctx.at(scope.region, scope.account)) for scope in ctx.scopes(Vpc))
            listed = (map.listed(one, scope.account, scope.region) for scope, there in homes for one in there.scan(Vpc))
            return {**told, "vpcs": sorted(listed, key=lambda one: (one["account"], one["region"], one["id"]))}
        return {**told, **map.drawn(map.read(*_vpc(ctx, wanted.vpc)))}


async def _traffic(ctx: Context, wanted: _View) -> dict[str, Any]:
    """What the packets of the last seconds did in a VPC. Who asks again within seconds watches."""
    net, loop = ctx.planes.net, asyncio.get_running_loop()
    with ctx.begin():
        there, vpc = _vpc(ctx, wanted.vpc)
        recent = traffic.watched(there, vpc.id)
    has_router = net.has_packets and net.has(f"{vpc.id}/vpc")
    if has_router:
        flows, totals = await net.flows(vpc.id), traffic.by_rule(await net.counters(vpc.id))
    with ctx.begin():
        there, vpc = _vpc(ctx, wanted.vpc)
        if has_router:
            # Flow logs live on the same flows: what is read here is told to them.
            flow_delivery.gathered(there, vpc.id, flows)
            traffic.gathered(there, vpc.id, flows, loop.time())
            recent.counted(loop.time(), totals)
            recent.dropped()
            recent.let_go = loop.call_later(_LET_GO_SECONDS, _let_go, there, vpc.id, recent)
        told = recent.told(loop.time(), map.read(there, vpc))
    return {"mode": net.mode, "has_packets": net.has_packets, **told}


def _let_go(ctx: Context, vpc_id: str, recent: traffic.Recent) -> None:
    """Nobody watches a VPC any more: unless flow logs do, its router is no longer listened to."""
    if vpc_id not in flow_delivery.watches(ctx).vpcs:
        recent.ending = asyncio.ensure_future(_end(ctx, vpc_id))


async def _end(ctx: Context, vpc_id: str) -> None:
    with contextlib.suppress(WorldError):
        await ctx.planes.net.flows(vpc_id, ends=True)


def _vpc(ctx: Context, wanted: str) -> tuple[Context, Vpc]:
    """A VPC of any account and region. Raises InvalidVpcID.NotFound."""
    for scope in ctx.scopes(Vpc):
        there = ctx.at(scope.region, scope.account)
        if (found := there.get(Vpc, wanted)) is not None:
            return there, found
    raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{wanted}' does not exist")


def _region(name: str) -> str:
    if name not in REGIONS:
        raise unclear(f"{name} is no region")
    return name


_PAGES: Pages = {
    ("GET", ""): (_Nothing, _listed),
    ("GET", "/map"): (_AnyView, _map),
    ("GET", "/traffic"): (_View, _traffic),
    ("POST", "/enter"): (_Place, _enter),
    ("POST", "/trace"): (_Way, _trace),
    ("POST", "/line"): (_Line, _line),
    ("GET", "/faults"): (_Nothing, _faults),
    ("POST", "/faults"): (dict[str, Any], _break),
    ("DELETE", "/faults"): (_Fault, _mend),
}
"""What a page takes, and what answers it."""
