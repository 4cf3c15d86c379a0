"""fogbank's own pages about networks (`/_fogbank/net`), and what is answered inside them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import orjson

from fogbank.aws.errors import AwsError, WorldError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.planes.net.knock import knock
from fogbank.services.ec2 import addressing, faults, flow_delivery, lines, map, reach, traffic
from fogbank.services.ec2.inside import endpoint_policy, metadata, resolve
from fogbank.services.ec2.network import names, skeleton
from fogbank.services.ec2.network.decide import Packet
from fogbank.services.ec2.network.walk import Map, Walk, both_ways
from fogbank.services.ec2.resources import DhcpOptions, NetworkInterface, RegionLine, Vpc

__all__ = ["answer", "endpoint_policy", "metadata", "observe", "resolve"]

_START = "/_fogbank/net"
_LET_GO_SECONDS = 15.0
"""Machine time after the last look at a VPC's traffic."""
_WHY = {
    "source": "the check of its source",
    "no public address": "the internet gateway: the sender has no public address",
    "egress only": "the egress-only internet gateway",
    "invalid": "connection tracking: it belongs to no connection",
}


async def answer(ctx: Context, request: Request) -> Response:
    """The page of a request, as JSON."""
    try:
        page = _PAGES.get((request.method, request.path.removeprefix(_START).rstrip("/")))
        if page is None:
            raise AwsError("NotFound", f"{request.method} {request.path}: there is no such page.", status=404)
        body = orjson.loads(request.body) if request.body else dict(parse_qsl(request.query))
        return _json(200, await page(ctx, body))
    except (AwsError, WorldError) as error:
        status = (error.status or 400) if isinstance(error, AwsError) else 503
        return _json(status, {"error": type(error).__name__, "message": getattr(error, "message", str(error))})
    except (KeyError, TypeError, ValueError) as error:
        return _json(400, {"error": "ValidationException", "message": f"What was asked for is not clear: {error}"})


def observe(ctx: Context, request: Request, response: Response, error: str) -> None:
    """Say with every answer that packets are not enforced, where they are not."""
    if not ctx.planes.net.has_packets:
        response.headers.append(("x-fogbank-network", "records-only"))


def _json(status: int, value: Any) -> Response:
    return Response(status, [("content-type", "application/json")], orjson.dumps(value))


async def _listed(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
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


async def _enter(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """How to run a command inside: an interface's id, or `internet` with a region."""
    wanted = str(body["id"])
    if not ctx.planes.net.has_packets:
        raise WorldError("VPCs are records only here (network mode plain): fogbank doctor says what is missing")
    if wanted == "internet":
        region = str(body.get("region") or ctx.region)
        return {"argv": ctx.planes.net.entry(names.internet(region)), "resolv_conf": ""}
    with ctx.begin():
        there, eni = _interface(ctx, wanted)
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


async def _trace(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """A packet's way by the model, hop by hop, and what a real one met: which rules counted it, and what came back."""
    with ctx.begin():
        there, eni = _interface(ctx, str(body["source"]))
        world = reach.everything(there)
        destination = str(body["destination"])
        if destination.startswith("eni-"):
            destination = _interface(ctx, destination)[1].addresses[0].address
        protocol, port = str(body.get("protocol", "tcp")), int(body.get("port", 80))
        near = eni.ipv6_addresses[0] if ":" in destination else eni.addresses[0].address
        forth, back = both_ways(world, eni, Packet(protocol, near, destination, destination_port=port))
    told: dict[str, Any] = {"forth": _walked(world, forth), "back": _walked(world, back) if back else None}
    if ctx.planes.net.has_packets:
        dead = next((walk for walk in (forth, back) if walk is not None and not walk.end), None)
        told["packet"] = await _sent(ctx, eni.id, Packet(protocol, near, destination, destination_port=port), world)
        told["packet"]["died_at"] = _death(told["packet"], dead)
    return told


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


def _death(packet: Mapping[str, Any], dead: Walk | None) -> str:
    """What the packet died of: a rule that counted it and that the model, too, says so of; empty where none did.

    Others' packets move the same counters, so that the counters alone may name a rule which had nothing to do with it.
    """
    if packet["heard"] != "nothing":
        return ""
    named = {
        "ENI_SG_RULES_MISMATCH": "c-",
        "SG_HAS_NO_RULES": "c-",
        "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": "no public",
    }
    wanted = named.get(dead.reason, dead.at) if dead is not None else ""
    dropping = [one["rule"] for one in packet["counted"] if _drop(one["rule"]) and one["rule"].startswith(wanted)]
    return _drop(dropping[0]) if dropping else ""


def _drop(rule: str) -> str:
    """What a rule that drops stands for; empty for one that lets through, or may."""
    if rule == "fault":
        return "a fault that is in force (fogbank fault list)"
    if rule in _WHY:
        return _WHY[rule]
    if rule.endswith(" *"):
        return f"network ACL {rule.split('-in')[0].split('-out')[0]}: no entry allows it"
    if rule.startswith("c-"):
        return f"security groups, {'inbound' if rule.endswith('-in') else 'outbound'}: no rule lets it through"
    return ""


async def _line(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """The line between two regions, after what the body says of it."""
    here, there = sorted((_region(body["here"]), _region(body["there"])))
    with ctx.begin():
        if len(body) > len(("here", "there")):
            found = msgspec.convert({**body, "here": here, "there": there}, RegionLine)
            if here == there or (found.round_trip_seconds or 0) < 0 or not 0 <= found.loss <= 1:
                raise ValueError("two regions, a time of 0 or more, and a loss from 0 to 1 are wanted")
            lines.say(ctx, found)
        now = lines.now(ctx, here, there)
    return {"here": here, "there": there, "round_trip_seconds": now.round_trip_seconds, "loss": now.loss}


async def _faults(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        return {"faults": [msgspec.to_builtins(one) for one in faults.listed(ctx)]}


async def _break(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """Break an interface, a subnet, a zone or a line between regions."""
    with ctx.begin():
        made: dict[str, Any] = msgspec.to_builtins(faults.add(ctx, body))
    return made


async def _mend(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        return {"removed": faults.remove(ctx, str(body.get("id", "")))}


async def _map(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """A VPC as a map; without one, the VPCs that there are."""
    told = {"mode": ctx.planes.net.mode, "has_packets": ctx.planes.net.has_packets}
    with ctx.begin():
        if "vpc" not in body:
            homes = ((scope, ctx.at(scope.region, scope.account)) for scope in ctx.scopes(Vpc))
            listed = (map.listed(one, scope.account, scope.region) for scope, there in homes for one in there.scan(Vpc))
            return {**told, "vpcs": sorted(listed, key=lambda one: (one["account"], one["region"], one["id"]))}
        return {**told, **map.drawn(map.read(*_vpc(ctx, body)))}


async def _traffic(ctx: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the packets of the last seconds did in a VPC. Who asks again within seconds watches."""
    net, loop = ctx.planes.net, asyncio.get_running_loop()
    with ctx.begin():
        there, vpc = _vpc(ctx, body)
        recent = traffic.watched(there, vpc.id)
    has_router = net.has_packets and net.has(f"{vpc.id}/vpc")
    if has_router:
        flows, totals = await net.flows(vpc.id), traffic.by_rule(await net.counters(vpc.id))
    with ctx.begin():
        there, vpc = _vpc(ctx, body)
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


def _vpc(ctx: Context, body: Mapping[str, Any]) -> tuple[Context, Vpc]:
    """A VPC of any account and region. Raises InvalidVpcID.NotFound."""
    wanted = str(body["vpc"])
    for scope in ctx.scopes(Vpc):
        there = ctx.at(scope.region, scope.account)
        if (found := there.get(Vpc, wanted)) is not None:
            return there, found
    raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{wanted}' does not exist")


def _region(name: Any) -> str:
    if name not in addressing.REGIONS:
        raise ValueError(f"{name} is no region")
    return str(name)


_PAGES = {
    ("GET", ""): _listed,
    ("GET", "/map"): _map,
    ("GET", "/traffic"): _traffic,
    ("POST", "/enter"): _enter,
    ("POST", "/trace"): _trace,
    ("POST", "/line"): _line,
    ("GET", "/faults"): _faults,
    ("POST", "/faults"): _break,
    ("DELETE", "/faults"): _mend,
}
