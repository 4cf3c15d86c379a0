"""Reachability Analyzer: paths walked over the records, and told as the API tells them.

Reachability Analyzer Guide, "How Reachability Analyzer works" and "Explanation codes". Where a path leaves open which
port or which address outside is meant, one that anything at the destination lets through is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from itertools import product
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import fabric, hubs
from fogbank.services.ec2.catalog import NOUNS, maybe, prefix_of
from fogbank.services.ec2.network import names
from fogbank.services.ec2.network.decide import Packet
from fogbank.services.ec2.network.walk import INTERNET, Map, Step, Walk, both_ways, both_ways_in
from fogbank.services.ec2.resources import (
    InsightsPath,
    InternetGateway,
    NetworkInterface,
    Peering,
    SecurityGroup,
    TransitGateway,
    Vpc,
)

_PORTS = (80, 443, 22)
_CANDIDATES_MAX = 32
_TARGETS = {
    "igw": "GatewayId",
    "nat": "NatGatewayId",
    "eni": "NetworkInterfaceId",
    "pcx": "VpcPeeringConnectionId",
    "tgw": "TransitGatewayId",
    "eigw": "EgressOnlyInternetGatewayId",
    "vpce": "GatewayId",
}


def everything(ctx: Context) -> Map:
    """All networks of this region, those of other accounts too, and what peerings join to them."""
    world = Map({}, {}, {}, {}, {})
    regions = {ctx.region} | _joined_regions(ctx)
    for scope in ctx.scopes(Vpc):
        if scope.region in regions and scope.partition == ctx.partition:
            there = ctx.at(scope.region, scope.account)
            world.groups.update((one.id, one) for one in there.scan(SecurityGroup))
            found = (hubs.hub(there, gateway.id) for gateway in there.scan(TransitGateway))
            world.hubs.update((hub.gateway_id, hub) for hub in found if hub is not None)
            for vpc in there.scan(Vpc):
                world.fabrics[vpc.id] = fabric.read(there, vpc, also=_named_lists(there, vpc))
                world.interfaces[vpc.id] = _interfaces(there, vpc, world.public)
    return world


def _interfaces(ctx: Context, vpc: Vpc, public: dict[str, tuple[str, str]]) -> dict[str, NetworkInterface]:
    """A VPC's interfaces by each of their addresses; their public addresses are added to `public`."""
    found: dict[str, NetworkInterface] = {}
    for eni in ctx.scan(NetworkInterface, vpc.id):
        found.update(dict.fromkeys((*(one.address for one in eni.addresses), *eni.ipv6_addresses), eni))
        public.update(
            (one.association.public_ip, (vpc.id, one.address)) for one in eni.addresses if one.association is not None
        )
    return found


def _joined_regions(ctx: Context) -> set[str]:
    return {side.region for one in ctx.scan(Peering) for side in (one.requester, one.accepter)}


def _named_lists(ctx: Context, vpc: Vpc) -> set[str]:
    return {peer for group in ctx.scan(SecurityGroup, vpc.id) for peer in group.peers if peer.startswith("pl-")}


def analyse(ctx: Context, path: InsightsPath) -> tuple[bool, dict[str, Any]]:
    """Whether a path is there, and the analysis's members that say how, or why not.

    Raises InvalidParameterValue for a source or a destination that cannot be one.
    """
    world = everything(ctx)
    first: tuple[Walk, Walk | None] | None = None
    for packet, start in _packets(ctx, world, path):
        found = both_ways_in(world, packet) if start is None else both_ways(world, start, packet)
        if _arrives(path, found):
            forth, back = found
            answer = {"ForwardPathComponents": _components(ctx, world, forth)}
            if back is not None:
                answer["ReturnPathComponents"] = _components(ctx, world, back)
            return True, answer
        first = first or found
    if first is None:
        return False, {"Explanations": [{"ExplanationCode": "NO_POSSIBLE_DESTINATION", "Direction": "egress"}]}
    return False, {"Explanations": list(_explanations(ctx, world, first))}


def _arrives(path: InsightsPath, found: tuple[Walk, Walk | None]) -> bool:
    forth, back = found
    if not forth.end or (back is not None and not back.end):
        return False
    wanted = prefix_of(_id(path.destination))
    return (forth.end == INTERNET) == (wanted == "igw") if wanted else True


def _packets(ctx: Context, world: Map, path: InsightsPath) -> Iterator[tuple[Packet, NetworkInterface | None]]:
    """The packets that the path may mean, each with the interface that sends it, None for the internet."""
    source = _end(ctx, path.source, "Source")
    destination = _end(ctx, path.destination, "Destination") if path.destination else None
    start = source if isinstance(source, NetworkInterface) else None
    receiver = destination if isinstance(destination, NetworkInterface) else None
    ends = product(_addresses_to(path, destination, start), _addresses_from(world, path, start, receiver))
    for (far, near), port in product(ends, _ports(world, path, receiver)):
        if (":" in near) == (":" in far):
            yield Packet(path.protocol, near, far, destination_port=port), start


def _end(ctx: Context, text: str, member: str) -> NetworkInterface | InternetGateway:
    found_id = _id(text)
    found = maybe(ctx, NetworkInterface, found_id) or maybe(ctx, InternetGateway, found_id)
    if found is None:
        raise AwsError("InvalidParameterValue", f"{member} {text} is not a resource that a path can begin or end at.")
    return found


def _id(text: str) -> str:
    return text.rpartition("/")[2]


def _addresses_to(
    path: InsightsPath, destination: NetworkInterface | InternetGateway | None, start: NetworkInterface | None
) -> Iterator[str]:
    if path.destination_ip:
        yield path.destination_ip
    elif isinstance(destination, NetworkInterface):
        if start is None:
            yield from (one.association.public_ip for one in destination.addresses if one.association)
        else:
            yield from (one.address for one in destination.addresses)
        yield from destination.ipv6_addresses
    else:
        yield names.OUTSIDE


def _addresses_from(
    world: Map, path: InsightsPath, start: NetworkInterface | None, receiver: NetworkInterface | None
) -> Iterator[str]:
    if path.source_ip:
        yield path.source_ip
    elif start is not None:
        yield from (one.address for one in start.addresses)
        yield from start.ipv6_addresses
    else:
        yield names.OUTSIDE
        for rule in _rules(world, receiver):
            if "/" in rule.peer and not ip_network(rule.peer).is_private:
                yield str(ip_network(rule.peer)[0])


def _ports(world: Map, path: InsightsPath, receiver: NetworkInterface | None) -> list[int]:
    if path.destination_port:
        return [path.destination_port]
    found = dict.fromkeys(_PORTS)
    found.update(dict.fromkeys(rule.from_port for rule in _rules(world, receiver) if rule.from_port > 0))
    return list(found)[:_CANDIDATES_MAX]


def _rules(world: Map, receiver: NetworkInterface | None) -> Iterable[Any]:
    groups = receiver.groups if receiver is not None else ()
    return [rule for one in groups for rule in world.groups[one].rules if not rule.is_egress]


def _components(ctx: Context, world: Map, walk: Walk) -> list[dict[str, Any]]:
    return [{"SequenceNumber": at, **_component(ctx, world, step)} for at, step in enumerate(walk.steps, 1)]


def _component(ctx: Context, world: Map, step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {"Component": _named(ctx, step.component), "OutboundHeader": _header(step.packet)}
    more = step.more
    if (entry := more.get("entry")) is not None:
        found["AclRule"] = {
            "Cidr": entry.cidr,
            "Egress": entry.is_egress,
            "Protocol": "all" if entry.protocol == "-1" else entry.protocol,
            "RuleAction": "allow" if entry.allows else "deny",
            "RuleNumber": entry.number,
            **_port_range(entry.from_port, entry.to_port),
        }
        found["Subnet"] = _named(ctx, more["subnet"])
    if (rule := more.get("rule")) is not None:
        found["SecurityGroupRule"] = _group_rule(step, rule)
    if more.get("target"):
        found["RouteTableRoute"] = _route(more["route"], more["target"])
    return found


def _group_rule(step: Step, rule: Any) -> dict[str, Any]:
    found = {
        "Direction": "egress" if rule.is_egress else "ingress",
        "SecurityGroupId": rule.peer if rule.peer.startswith("sg-") else step.component,
        "Protocol": "all" if rule.protocol == "-1" else rule.protocol,
        **_port_range(rule.from_port, rule.to_port),
    }
    if "/" in rule.peer:
        found["Cidr"] = rule.peer
    elif rule.peer.startswith("pl-"):
        found["PrefixListId"] = rule.peer
    return found


def _route(block: str, target: str) -> dict[str, Any]:
    member = "GatewayId" if target == "local" else _TARGETS.get(prefix_of(target), "GatewayId")
    return {
        "DestinationCidr": block,
        member: target,
        "Origin": "createroutetable" if target == "local" else "createroute",
    }


def _port_range(low: int, high: int) -> dict[str, Any]:
    return {"PortRange": {"From": low, "To": high}} if low >= 0 else {}


def _header(packet: Packet) -> dict[str, Any]:
    full = 128 if ":" in packet.source else 32
    return {
        "Protocol": {"tcp": "6", "udp": "17"}.get(packet.protocol, packet.protocol),
        "SourceAddresses": [f"{packet.source}/{full}"],
        "SourcePortRanges": [{"From": packet.source_port, "To": packet.source_port}],
        "DestinationAddresses": [f"{packet.destination}/{full}"],
        "DestinationPortRanges": [{"From": packet.destination_port, "To": packet.destination_port}],
    }


def _named(ctx: Context, resource_id: str) -> dict[str, str]:
    noun = NOUNS.get(prefix_of(resource_id))
    if noun is None:
        return {"Id": resource_id}
    return {"Id": resource_id, "Arn": ctx.arn(f"{noun.type}/{resource_id}")}


def _explanations(ctx: Context, world: Map, found: tuple[Walk, Walk | None]) -> Iterator[dict[str, Any]]:
    """Where each of the two ways died; the way back is not walked where there is none forth."""
    forth, back = found
    dead = forth if not forth.end else back
    if dead is None or dead.end:
        return
    direction = "egress"
    explanation: dict[str, Any] = {"ExplanationCode": dead.reason, "PacketField": "destination-address"}
    kind = prefix_of(dead.at)
    if kind == "acl":
        entry = next(step.more["entry"] for step in reversed(dead.steps) if "entry" in step.more)
        direction = "egress" if entry.is_egress else "ingress"
        explanation |= {"Acl": _named(ctx, dead.at), "AclRule": _component(ctx, world, dead.steps[-1])["AclRule"]}
        explanation["Subnet"] = _named(ctx, dead.steps[-1].more["subnet"])
    elif kind == "eni":
        eni = next(one for known in world.interfaces.values() for one in known.values() if one.id == dead.at)
        is_sender = any(step.component == dead.at for step in dead.steps)
        direction = "egress" if is_sender else "ingress"
        explanation["NetworkInterface"] = _named(ctx, dead.at)
        explanation["SecurityGroups"] = [_named(ctx, one) for one in eni.groups]
        explanation["Subnet"], explanation["Vpc"] = _named(ctx, eni.subnet_id), _named(ctx, eni.vpc_id)
    elif kind == "rtb":
        explanation["RouteTable"] = _named(ctx, dead.at)
    else:
        explanation["Component"] = _named(ctx, dead.at)
    yield {**explanation, "Direction": direction}


def told(world: Map, walk: Walk) -> list[Mapping[str, Any]]:
    """A walk for people, a line for each thing that the packet met."""
    lines: list[Mapping[str, Any]] = []
    for step in walk.steps:
        line: dict[str, Any] = {"at": step.component, "packet": _words(step.packet)}
        if "entry" in step.more:
            entry = step.more["entry"]
            line["decided"] = f"entry {entry.number} {'allows' if entry.allows else 'denies'} {entry.cidr}"
        elif "rule" in step.more:
            line["decided"] = f"rule {step.more['rule'].id} lets {step.more['rule'].peer} through"
        elif "target" in step.more:
            route, target = step.more["route"], step.more["target"]
            line["decided"] = f"{route} -> {target or 'blackhole'}" if route else "no route"
        lines.append(line)
    return lines


def _words(packet: Packet) -> str:
    return f"{packet.protocol} {packet.source}:{packet.source_port} -> {packet.destination}:{packet.destination_port}"
