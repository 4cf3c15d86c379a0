"""What the packets of the last seconds did in a VPC: which edges of its map they went over, and which rules decided."""

from __future__ import annotations

from asyncio import Future, TimerHandle
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple, TypeVar

from fogbank.control.context import Context
from fogbank.planes.net.flows import Count, Flow, Flows
from fogbank.services.ec2 import fabric as fabrics
from fogbank.services.ec2 import routing
from fogbank.services.ec2.map import (
    Scene,
    addresses_of,
    broken,
    edge_id,
    entry_told,
    is_public,
    node_of,
    read,
    rule_told,
)
from fogbank.services.ec2.network import counters, names
from fogbank.services.ec2.network.decide import Packet, entry, rule
from fogbank.services.ec2.resources import NetworkInterface, Subnet, Vpc

WINDOW_SECONDS = 5.0
"""Machine time that "the last seconds" are."""
_FLOWS_MAX = 400
"""How many flows of one look are drawn; further ones are only counted."""
_CONVERSATIONS_MAX = 60
_RULES_MAX = 8
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
Counters = Mapping[str, tuple[int, int]]
K = TypeVar("K")


class Tally:
    """What went by something: packets and bytes that passed and that were dropped, and which rules decided."""

    def __init__(self) -> None:
        self.passed = Count()
        self.dropped = Count()
        self.decided: dict[str, tuple[Mapping[str, Any], Count]] = {}

    def add(self, count: Count, rules: Iterable[Mapping[str, Any]], *, is_drop: bool) -> None:
        """Packets that passed, or were dropped, by these rules."""
        if is_drop:
            self.dropped = self.dropped.plus(count)
        else:
            self.passed = self.passed.plus(count)
        for told in rules:
            name = f"{told['counter']} {told['number']}"
            before = self.decided.get(name, (told, Count()))[1]
            self.decided[name] = told, before.plus(count)

    def merge(self, other: Tally) -> None:
        """Both together."""
        self.passed, self.dropped = self.passed.plus(other.passed), self.dropped.plus(other.dropped)
        for name, (told, count) in other.decided.items():
            self.decided[name] = told, self.decided.get(name, (told, Count()))[1].plus(count)

    def told(self) -> dict[str, Any]:
        """As JSON: the rules that denied first, then those that most packets met."""
        ranked = sorted(self.decided.values(), key=lambda one: (bool(one[0]["allows"]), -one[1].packets))
        return {
            "passed": _count(self.passed),
            "dropped": _count(self.dropped),
            "rules": [{**told, "recent": _count(count)} for told, count in ranked[:_RULES_MAX]],
        }


class Event(NamedTuple):
    """Packets of one way that met the same: `rejected` is `out` or `in` where they were dropped, by whose side."""

    flow: Flow
    size: Count
    rejected: str = ""
    is_answer: bool = False
    """Answers go past security groups."""


class Look:
    """What was new at one look: a tally for every edge, conversation and interface that packets touched."""

    def __init__(self) -> None:
        self.edges: dict[str, Tally] = {}
        self.conversations: dict[tuple[str, str], Tally] = {}
        self.interfaces: dict[str, Tally] = {}
        self.counters: dict[str, tuple[int, int]] = {}
        self.lost = 0
        """Packets that were not looked at one by one."""

    def merge(self, other: Look) -> None:
        """Both together."""
        _merge(self.edges, other.edges)
        _merge(self.conversations, other.conversations)
        _merge(self.interfaces, other.interfaces)
        for name, (packets, octets) in other.counters.items():
            before = self.counters.get(name, (0, 0))
            self.counters[name] = before[0] + packets, before[1] + octets
        self.lost += other.lost


class Recent:
    """The last seconds of a VPC that somebody watches. Times are machine time, in seconds."""

    def __init__(self, *_: str) -> None:
        self.let_go: TimerHandle | None = None
        """When the router is no longer listened to, unless somebody looks again."""
        self.ending: Future[None] | None = None
        self.looked_at = -WINDOW_SECONDS
        self._looks: deque[tuple[float, Look]] = deque()
        self._totals: Counters = {}

    def dropped(self) -> None:
        """There is nothing to let go of any more."""
        if self.let_go is not None:
            self.let_go.cancel()

    def is_watched(self, now: float) -> bool:
        """Whether somebody has looked within the window."""
        return now - self.looked_at < WINDOW_SECONDS

    def add(self, now: float, look: Look) -> None:
        """Note what is new since the last look."""
        self._looks.append((now, look))
        while self._looks[0][0] <= now - WINDOW_SECONDS:
            self._looks.popleft()

    def counted(self, now: float, totals: Counters) -> None:
        """Note the counters as they are. What was counted while nobody looked is not of the last seconds."""
        look = Look()
        if self.is_watched(now):
            look.counters = {name: news for name, count in totals.items() if (news := self._news(name, count))[0]}
        self._totals, self.looked_at = totals, now
        self.add(now, look)

    def _news(self, name: str, count: tuple[int, int]) -> tuple[int, int]:
        before = self._totals.get(name, (0, 0))
        # A rule that was made anew counts from the beginning.
        return (count[0] - before[0], count[1] - before[1]) if count[0] >= before[0] else count

    def told(self, now: float, scene: Scene) -> dict[str, Any]:
        """The last seconds as JSON, in the ids of `map.drawn`."""
        whole = Look()
        for at, look in self._looks:
            if at > now - WINDOW_SECONDS:
                whole.merge(look)
        busiest = sorted(whole.conversations.items(), key=lambda one: -_packets(one[1]))[:_CONVERSATIONS_MAX]
        return {
            "seconds": WINDOW_SECONDS,
            "edges": {name: tally.told() for name, tally in whole.edges.items()},
            "conversations": [{"from": ends[0], "to": ends[1], **tally.told()} for ends, tally in busiest],
            "interfaces": {name: tally.told() for name, tally in whole.interfaces.items()},
            "counters": {
                name: {"total": _pair(total), "recent": _pair(whole.counters.get(name, (0, 0)))}
                for name, total in self._totals.items()
                if total[0]
            },
            "elsewhere": list(_elsewhere(scene, whole.counters)),
            "lost": whole.lost,
        }


def by_rule(totals: Counters) -> dict[str, tuple[int, int]]:
    """The kernel's counters by the names that rules on the map have."""
    found: dict[str, tuple[int, int]] = {}
    for comment, (packets, octets) in totals.items():
        name = counters.name_of(comment)
        before = found.get(name, (0, 0))
        found[name] = before[0] + packets, before[1] + octets
    return found


def gathered(ctx: Context, vpc_id: str, flows: Flows, now: float) -> None:
    """Note what is new in a VPC, if somebody watches it."""
    vpc, recent = ctx.get(Vpc, vpc_id), watched(ctx, vpc_id)
    if vpc is not None and recent.is_watched(now):
        recent.add(now, look(read(ctx, vpc), flows))


def watched(ctx: Context, vpc_id: str) -> Recent:
    """The last seconds of a VPC of this account and region."""
    return ctx.held(Recent, *ctx.scope, vpc_id)


def look(scene: Scene, flows: Flows) -> Look:
    """What flows come down to on the map."""
    found, whose = Look(), _Whose(scene)
    events: list[Event] = []
    for one in flows.accepted:
        events += [Event(one.flow, one.sent), Event(one.flow.reversed(), one.answered, is_answer=True)]
    events += [Event(one.flow, one.count, one.rule) for one in flows.rejected]
    events.sort(key=lambda event: (not event.rejected, -event.size.packets))
    for event in events[:_FLOWS_MAX]:
        if event.size.packets:
            whose.add(found, event)
    found.lost = flows.lost + sum(event.size.packets for event in events[_FLOWS_MAX:])
    return found


class _Whose:
    """Finds for a flow whose it is, over which edge it went, and which rules decided about it."""

    def __init__(self, scene: Scene) -> None:
        fabric = scene.fabric
        self._scene = scene
        self._by_device = {names.device(one.id): one for one in scene.interfaces}
        self._by_address = {address: one for one in scene.interfaces for address in addresses_of(one)}
        self._beyond = {names.device(one): one for one in (*fabric.peerings, *fabric.endpoints)}
        self._acls = {one.id: one for one in fabric.acls}
        self._routes: dict[str, list[tuple[IPv4Network | IPv6Network, str]]] = {}

    def add(self, found: Look, event: Event) -> None:
        """Note what an event touched."""
        flow = event.flow
        sender = self._interface(flow.entered, flow.source)
        receiver = self._interface(flow.left, flow.destination)
        rules = list(self._decided(event, sender, receiver))
        self._way(found, event, sender, receiver).add(event.size, rules, is_drop=bool(event.rejected))
        for eni, side in ((sender, "out"), (receiver, "in")):
            # What the receiver's side rejects, the sender's has let go; the receiver never sees what the sender's does.
            if eni is not None and (side == "out" or event.rejected != "out"):
                own = [one for one in rules if one["at"] in (eni.id, eni.subnet_id) and one["way"] == side]
                tally = found.interfaces.setdefault(eni.id, Tally())
                tally.add(event.size, own, is_drop=event.rejected == side)

    def _interface(self, device: str, address: str) -> NetworkInterface | None:
        return self._by_device.get(device) if device else self._by_address.get(address)

    def _way(
        self, found: Look, event: Event, sender: NetworkInterface | None, receiver: NetworkInterface | None
    ) -> Tally:
        """The tally of the edge that packets went over, either way; of two that talk directly, their conversation.

        A conversation is from who began it to who answers.
        """
        flow = event.flow
        for here, there, address, device in (
            (sender, receiver, flow.destination, flow.left),
            (receiver, sender, flow.source, flow.entered),
        ):
            target = self._target(here, address)
            if here is not None and target and self._is_at(target, there, device):
                return found.edges.setdefault(edge_id(here.subnet_id, target), Tally())
        ends = (
            sender.id if sender is not None else self._gateway(flow.entered, flow.source),
            receiver.id if receiver is not None else self._gateway(flow.left, flow.destination),
        )
        return found.conversations.setdefault(ends[::-1] if event.is_answer else ends, Tally())

    def _is_at(self, target: str, eni: NetworkInterface | None, device: str) -> bool:
        """Whether a flow's far end is what a route leads to: that interface, or a gateway with that device."""
        if eni is not None:
            return node_of(self._scene.fabric, target) == eni.id
        if device == names.INTERNET_DEVICE:
            return target.startswith(("igw-", "eigw-"))
        return self._beyond[device] == target if device in self._beyond else True

    def _target(self, eni: NetworkInterface | None, address: str) -> str:
        """What the route leads to that an interface's packets to an address take; empty for local, and for none."""
        if eni is None:
            return ""
        subnet = self._scene.fabric.subnets[eni.subnet_id]
        if subnet.id not in self._routes:
            self._routes[subnet.id] = _routes(self._scene, subnet)
        far = ip_address(address)
        return next((target for block, target in self._routes[subnet.id] if far in block), "")

    def _gateway(self, device: str, address: str) -> str:
        if device in self._beyond:
            return self._beyond[device]
        fabric = self._scene.fabric
        fallback = next(iter(sorted(fabric.egress_only)), fabric.vpc.id)
        return fabric.vpc.internet_gateway_id or fallback

    def _decided(
        self, event: Event, sender: NetworkInterface | None, receiver: NetworkInterface | None
    ) -> Iterator[Mapping[str, Any]]:
        """What an event's packets met, in order; of rejected ones only the rule that denied."""
        flow, rejected = event.flow, event.rejected
        packet = Packet(
            _PROTOCOLS.get(flow.protocol, str(flow.protocol)),
            flow.source,
            flow.destination,
            flow.source_port,
            flow.destination_port,
        )
        same = sender is not None and receiver is not None and sender.subnet_id == receiver.subnet_id
        for eni, is_egress in ((sender, True), (receiver, False)):
            if eni is None or (rejected and (rejected == "out") != is_egress):
                continue
            met = [] if same else [self._entry(eni, packet, is_egress)]
            is_decided = event.is_answer or (rejected and any(not one["allows"] for one in met))
            if eni.groups and not is_decided:
                met += self._rule(eni, packet, is_egress)
            yield from (one for one in met if one["allows"] != bool(rejected))

    def _entry(self, eni: NetworkInterface, packet: Packet, is_egress: bool) -> Mapping[str, Any]:
        acl = self._acls[self._scene.fabric.subnets[eni.subnet_id].acl_id]
        return {**entry_told(acl.id, entry(acl, packet, is_egress=is_egress)), "at": eni.subnet_id}

    def _rule(self, eni: NetworkInterface, packet: Packet, is_egress: bool) -> Iterator[Mapping[str, Any]]:
        scene = self._scene
        groups = [scene.groups[one] for one in eni.groups if one in scene.groups]
        found = rule(
            groups,
            packet,
            scene.fabric.lists,
            lambda group, address: group in scene.members.get(address, ()),
            is_egress=is_egress,
        )
        if found is not None:
            yield {**rule_told(found[0].id, found[1]), "at": eni.id}
            return
        way = "out" if is_egress else "in"
        yield {
            "kind": "security group",
            "id": " ".join(eni.groups),
            "number": "no rule",
            "way": way,
            "allows": False,
            "protocol": packet.protocol,
            "ports": f"port {packet.destination_port}" if packet.destination_port else "",
            "peer": packet.destination if is_egress else packet.source,
            "counter": f"{names.combination(eni.groups)}-{way}",
            "at": eni.id,
        }


def _routes(scene: Scene, subnet: Subnet) -> list[tuple[IPv4Network | IPv6Network, str]]:
    """(block, target) of a subnet's routes, longest first; the target of local ones is empty."""
    fabric = scene.fabric
    found = [(ip_network(cidr), "") for cidr in fabric.vpc.cidrs]
    ways = fabrics.ways(fabric, fabric.table_of(subnet))
    taken = {way.block for way in ways}
    found = [one for one in found if str(one[0]) not in taken]
    found += [(ip_network(way.block), "" if way.target == routing.LOCAL else way.target) for way in ways]
    return sorted(found, key=lambda one: -one[0].prefixlen)


def _elsewhere(scene: Scene, recent: Counters) -> Iterator[dict[str, Any]]:
    """What was dropped of which only the number is known, and where that may have been."""
    for name, text in counters.ELSEWHERE.items():
        if name in recent:
            yield {"rule": name, "text": text, "dropped": _pair(recent[name]), "at": _suspects(scene, name)}


def _suspects(scene: Scene, name: str) -> Sequence[str]:
    fabric = scene.fabric
    if name == "fault":
        return [at for at, _ in broken(fabric)]
    if name == "no public address":
        gateway = fabric.vpc.internet_gateway_id
        nameless = {one.subnet_id for one in scene.interfaces if any(not a.association for a in one.addresses)}
        edges = [edge_id(one.id, gateway) for one in fabric.subnets.values() if one.id in nameless]
        public = [one for one in edges if is_public(fabric, fabric.subnets[one.partition(">")[0]])]
        # Of several subnets nobody knows which it was.
        return [gateway, *(public if len(public) == 1 else ())]
    return sorted(fabric.egress_only) if name == "egress only" else []


def _merge(into: dict[K, Tally], more: Mapping[K, Tally]) -> None:
    for name, tally in more.items():
        into.setdefault(name, Tally()).merge(tally)


def _packets(tally: Tally) -> int:
    return tally.passed.packets + tally.dropped.packets


def _count(count: Count) -> dict[str, int]:
    return _pair((count.packets, count.octets))


def _pair(count: tuple[int, int]) -> dict[str, int]:
    return {"packets": count[0], "bytes": count[1]}
