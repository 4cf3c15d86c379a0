"""The way of a packet through the network as the records have it: the same model that makes the kernel's rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, NamedTuple

from fogbank.services.ec2.fabric import Fabric, ways
from fogbank.services.ec2.network import tables
from fogbank.services.ec2.network.decide import Packet, entry, is_within, rule
from fogbank.services.ec2.network.transit import Hub
from fogbank.services.ec2.resources import NetworkInterface, RouteTable, SecurityGroup, Subnet
from fogbank.services.ec2.transit import lookup

_HOPS_MAX = 24
INTERNET = "internet"
"""Where a walk ends that has left for an address which no interface here has."""


class Map(NamedTuple):
    """All that a packet may meet: VPCs by id with their interfaces by address, and security groups by id."""

    fabrics: dict[str, Fabric]
    interfaces: dict[str, dict[str, NetworkInterface]]
    groups: dict[str, SecurityGroup]
    public: dict[str, tuple[str, str]]
    """Public address -> the VPC and the private address that have it."""
    hubs: dict[str, Hub]
    """Transit gateways."""

    def at(self, vpc_id: str, address: str) -> NetworkInterface | None:
        """The interface that has an address in a VPC, its delegated prefixes included."""
        found = self.interfaces[vpc_id].get(address)
        if found is not None:
            return found
        own = {one.id: one for one in self.interfaces[vpc_id].values()}
        return next((one for one in own.values() if any(is_within(address, block) for block in one.prefixes)), None)


class Step(NamedTuple):
    """What a packet met: the component's id, the packet as it came there, and what decided."""

    component: str
    packet: Packet
    more: Mapping[str, Any] = {}


class Walk(NamedTuple):
    """A packet's way: `end` is the interface it came to, or INTERNET; empty where it died, for the `reason`."""

    steps: tuple[Step, ...]
    end: str
    packet: Packet
    reason: str = ""
    at: str = ""
    """What it died at."""


class _Place(NamedTuple):
    """Where a packet comes into a router: the VPC, and the interface, or `igw` or a peering's id."""

    vpc_id: str
    entry: str


class _Died(Exception):
    def __init__(self, reason: str, at: str) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


class Walker:
    """Walks one packet; the answer to it is walked by `back`, past security groups, and translated as it was."""

    def __init__(self, world: Map, *, is_answer: bool = False, translated: dict[str, str] | None = None) -> None:
        self._world = world
        self._is_answer = is_answer
        self.translated: dict[str, str] = {} if translated is None else translated
        """NAT gateway's interface -> the address that it stood for."""
        self._steps: list[Step] = []

    def from_interface(self, eni: NetworkInterface, packet: Packet) -> Walk:
        """The walk of a packet that an interface sends."""
        return self._walk(_Place(eni.vpc_id, eni.id), packet)

    def from_internet(self, packet: Packet) -> Walk:
        """The walk of a packet that comes from an address which nobody here has."""
        try:
            place, inside = self._in_from_internet(packet)
        except _Died as died:
            return Walk((), "", packet, died.reason, died.at)
        return self._walk(place, inside)

    def _walk(self, place: _Place, packet: Packet) -> Walk:
        try:
            for _ in range(_HOPS_MAX):
                found = self._cross(place, packet)
                if isinstance(found, str):
                    return Walk(tuple(self._steps), found, self._last, "")
                place, packet = found
            raise _Died("NO_ROUTE_TO_DESTINATION", place.vpc_id)
        except _Died as died:
            return Walk(tuple(self._steps), "", packet, died.reason, died.at)

    def _cross(self, place: _Place, packet: Packet) -> tuple[_Place, Packet] | str:
        """Through one router: to the next one's entry, or to where the packet ends."""
        fabric = self._world.fabrics[place.vpc_id]
        sender = self._interface(place)
        if sender is not None:
            self._step(sender.id, packet)
        target, block = self._lookup(fabric, place, sender, packet)
        zone = fabric.zone(fabric.subnets[sender.subnet_id]) if sender is not None else tables.ZONE_EDGE
        receiver = self._receiver(fabric, target, packet, zone)
        self._acls(fabric, sender, receiver, packet)
        if not self._is_answer:
            self._leave(fabric, sender, packet)
            if receiver is not None:
                self._enter(fabric, receiver, packet)
        if receiver is not None:
            return self._arrive(fabric, receiver, packet)
        self._step(target, packet, {"route": block})
        return self._out(fabric, target, packet)

    def _interface(self, place: _Place) -> NetworkInterface | None:
        known = self._world.interfaces[place.vpc_id].values()
        return next((one for one in known if one.id == place.entry), None)

    def _lookup(
        self, fabric: Fabric, place: _Place, sender: NetworkInterface | None, packet: Packet
    ) -> tuple[str, str]:
        """The target of the route that a packet takes (`local` within the VPC), and the block that it matched."""
        table, zone = _table(fabric, place, sender)
        if table is None:
            return "local", ""
        best, target = "", ""
        for block, found in _routes(fabric, table, zone):
            length = ip_network(block).prefixlen
            if is_within(packet.destination, block) and (not best or length > ip_network(best).prefixlen):
                best, target = block, found
        self._step(table.id, packet, {"route": best, "target": target})
        if not best:
            raise _Died("NO_ROUTE_TO_DESTINATION", table.id)
        if not target:
            raise _Died("BAD_STATE_ROUTE", table.id)
        return target, best

    def _receiver(self, fabric: Fabric, target: str, packet: Packet, zone: int) -> NetworkInterface | None:
        if target == "local":
            found = self._world.at(fabric.vpc.id, packet.destination)
            if found is None:
                raise _Died("NO_ROUTE_TO_DESTINATION", fabric.vpc.id)
            return found
        if target in fabric.nats:
            return fabric.interfaces[fabric.nats[target].interface_id]
        if target in fabric.transit:
            # The route was looked up for the sender's zone, and a blackhole where the gateway is not there.
            return fabric.transit[target][zone]
        return fabric.interfaces.get(target)

    def _acls(
        self, fabric: Fabric, sender: NetworkInterface | None, receiver: NetworkInterface | None, packet: Packet
    ) -> None:
        here, there = (one.subnet_id if one is not None else "" for one in (sender, receiver))
        if here == there:
            return
        for subnet_id, is_egress in ((here, True), (there, False)):
            if not subnet_id:
                continue
            acl = next(one for one in fabric.acls if one.id == fabric.subnets[subnet_id].acl_id)
            decided = entry(acl, packet, is_egress=is_egress)
            self._step(acl.id, packet, {"entry": decided, "subnet": subnet_id})
            if not decided.allows:
                raise _Died("SUBNET_ACL_RESTRICTION", acl.id)

    def _leave(self, fabric: Fabric, sender: NetworkInterface | None, packet: Packet) -> None:
        if sender is not None and sender.groups:
            self._through(fabric, sender, packet, is_egress=True)

    def _enter(self, fabric: Fabric, receiver: NetworkInterface, packet: Packet) -> None:
        if receiver.groups:
            self._through(fabric, receiver, packet, is_egress=False)

    def _through(self, fabric: Fabric, eni: NetworkInterface, packet: Packet, *, is_egress: bool) -> None:
        groups = [self._world.groups[one] for one in eni.groups]
        found = rule(
            groups,
            packet,
            fabric.lists,
            lambda group, address: self._is_member(fabric, group, address),
            is_egress=is_egress,
        )
        if found is None:
            has_rules = any(one.is_egress is is_egress for group in groups for one in group.rules)
            raise _Died("ENI_SG_RULES_MISMATCH" if has_rules else "SG_HAS_NO_RULES", eni.id)
        self._step(found[0].id, packet, {"rule": found[1]})

    def _is_member(self, fabric: Fabric, group: str, address: str) -> bool:
        """Whether an address is one of a group's, in this VPC or in one that a peering joins to it."""
        joined = [fabric.vpc.id]
        joined += [vpc for one in fabric.peerings.values() for vpc in one.vpc_ids if vpc != fabric.vpc.id]
        for vpc_id in joined:
            found = self._world.interfaces.get(vpc_id, {}).get(address)
            if found is not None and group in found.groups:
                return True
        return False

    def _arrive(self, fabric: Fabric, eni: NetworkInterface, packet: Packet) -> tuple[_Place, Packet] | str:
        self._step(eni.id, packet)
        nat = next((one for one in fabric.nats.values() if one.interface_id == eni.id), None)
        if nat is None and (onward := self._through_hub(fabric, eni, packet)) is not None:
            return onward, packet
        if nat is None:
            if self._world.at(fabric.vpc.id, packet.destination) != eni:
                raise _Died("ENI_SOURCE_DEST_CHECK_RESTRICTION" if eni.checks_source else "BAD_STATE", eni.id)
            self._last = packet
            return eni.id
        own = nat.addresses[0].private_ip
        if packet.destination == own:
            if not self._is_answer or eni.id not in self.translated:
                raise _Died("NO_ROUTE_TO_DESTINATION", nat.id)
            return _Place(fabric.vpc.id, eni.id), packet._replace(destination=self.translated[eni.id])
        self._step(nat.id, packet)
        if self._is_answer:
            raise _Died("NO_ROUTE_TO_DESTINATION", nat.id)
        self.translated[eni.id] = packet.source
        return _Place(fabric.vpc.id, eni.id), packet._replace(source=own)

    def _through_hub(self, fabric: Fabric, eni: NetworkInterface, packet: Packet) -> _Place | None:
        """The far side of the transit gateway that an interface belongs to; None for any other interface."""
        for hub in self._world.hubs.values():
            here = hub.behind(eni.id)
            if here is None or self._world.at(fabric.vpc.id, packet.destination) == eni:
                continue
            attached, zone = here
            table = attached.attachment.route_table_id
            route = lookup(hub.routes.get(table, ()), packet.destination)
            if route is None or route.state != "active":
                raise _Died("BAD_STATE_ROUTE" if route else "NO_ROUTE_TO_DESTINATION", table or hub.gateway_id)
            self._step(hub.gateway_id, packet, {"route": route.destination, "target": route.attachment_id})
            there = hub.attached[route.attachment_id]
            out = there.towards(zone)
            if out is None:
                raise _Died("NO_ROUTE_TO_DESTINATION", hub.gateway_id)
            return _Place(there.attachment.resource_id, out.id)
        return None

    def _out(self, fabric: Fabric, target: str, packet: Packet) -> tuple[_Place, Packet] | str:
        """Over a link to another router, or to the internet."""
        if target in fabric.peerings:
            there = next(vpc for vpc in fabric.peerings[target].vpc_ids if vpc != fabric.vpc.id)
            return _Place(there, target), packet
        if target.startswith("vpce-"):
            self._last = packet
            return target
        outside = packet
        if ":" not in packet.source:
            public = _public_of(self._world, fabric.vpc.id, packet.source)
            if public is None:
                raise _Died("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", target)
            outside = packet._replace(source=public)
        if outside.destination in self._world.public:
            return self._in_from_internet(outside)
        self._last = outside
        return INTERNET

    def _in_from_internet(self, packet: Packet) -> tuple[_Place, Packet]:
        found = self._world.public.get(packet.destination)
        if found is None:
            raise _Died("IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS", INTERNET)
        vpc_id, private = found
        gateway = self._world.fabrics[vpc_id].vpc.internet_gateway_id
        if not gateway:
            raise _Died("UNASSOCIATED_COMPONENT", vpc_id)
        self._step(gateway, packet)
        return _Place(vpc_id, gateway), packet._replace(destination=private)

    def _step(self, component: str, packet: Packet, more: Mapping[str, Any] | None = None) -> None:
        self._steps.append(Step(component, packet, more or {}))

    _last: Packet


def _table(fabric: Fabric, place: _Place, sender: NetworkInterface | None) -> tuple[RouteTable | None, int]:
    """The table that a packet's route is looked up in; None for only the VPC's interfaces."""
    if sender is not None:
        subnet: Subnet = fabric.subnets[sender.subnet_id]
        return fabric.table_of(subnet), fabric.zone(subnet)
    for table in fabric.tables.values():
        if any(edge.gateway_id == place.entry for edge in table.edges):
            return table, tables.ZONE_EDGE
    return None, 0


def _routes(fabric: Fabric, table: RouteTable, zone: int) -> Iterator[tuple[str, str]]:
    """(block, target) of every route: `local`, what it leads to, or empty for a blackhole."""
    chosen: dict[str, str] = dict.fromkeys(fabric.vpc.cidrs, "local")
    for way in ways(fabric, table):
        hop = way.hops.get(zone) if isinstance(way.hops, Mapping) else way.hops
        chosen[way.block] = way.target if hop is not None else ""
    yield from chosen.items()


def _public_of(world: Map, vpc_id: str, private: str) -> str | None:
    return next((public for public, where in world.public.items() if where == (vpc_id, private)), None)


def both_ways(world: Map, eni: NetworkInterface, packet: Packet) -> tuple[Walk, Walk | None]:
    """The walk of a connection's first packet from an interface, and that of the answer, if the packet arrives."""
    forth = Walker(world)
    there = forth.from_interface(eni, packet)
    if not there.end:
        return there, None
    return there, _answer(world, there, forth.translated)


def both_ways_in(world: Map, packet: Packet) -> tuple[Walk, Walk | None]:
    """The same for a packet that comes from the internet."""
    forth = Walker(world)
    there = forth.from_internet(packet)
    return there, _answer(world, there, forth.translated) if there.end else None


def _answer(world: Map, there: Walk, translated: dict[str, str]) -> Walk | None:
    back = Walker(world, is_answer=True, translated=translated)
    reply = there.packet.reply()
    if there.end == INTERNET:
        return back.from_internet(reply)
    if there.end.startswith("vpce-"):
        return None
    known = (one for found in world.interfaces.values() for one in found.values())
    return back.from_interface(next(one for one in known if one.id == there.end), reply)
