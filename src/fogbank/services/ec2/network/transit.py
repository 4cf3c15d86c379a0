"""A transit gateway as facts: a router of its own, behind the interfaces that it has in the subnets of its attachments.

Each of those interfaces is a link group of the gateway's, numbered by attachment and zone: so its packets look into the
route table that the attachment is associated with, and leave by the interface in their own zone where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fogbank.planes.net.facts import (
    Chain,
    Element,
    Fact,
    Namespace,
    Neighbour,
    Pair,
    Route,
    RoutingRule,
    Rules,
    Set,
    Setting,
    mac,
)
from fogbank.services.ec2.network import names
from fogbank.services.ec2.network.tables import ZONES_MAX
from fogbank.services.ec2.resources import NetworkInterface, TransitAttachment, TransitRouteTable
from fogbank.services.ec2.transit import Effective

MTU = 8500
_DEVICE = "tgw"
_MARK = 1


class Attached(NamedTuple):
    """A VPC's attachment with its interfaces, by zone (0 to 14)."""

    attachment: TransitAttachment
    interfaces: Mapping[int, NetworkInterface]

    def towards(self, zone: int) -> NetworkInterface | None:
        """The interface that packets from a zone leave by: its own zone's, or the first there is."""
        return self.interfaces.get(zone) or next((self.interfaces[one] for one in sorted(self.interfaces)), None)


class Hub(NamedTuple):
    """A transit gateway: what is attached to it, and its route tables with their routes in force, by their ids."""

    gateway_id: str
    attached: Mapping[str, Attached]
    tables: Mapping[str, TransitRouteTable]
    routes: Mapping[str, Sequence[Effective]]

    def behind(self, interface_id: str) -> tuple[Attached, int] | None:
        """The attachment that an interface belongs to, and the zone that the interface is in."""
        for one in self.attached.values():
            for zone, eni in one.interfaces.items():
                if eni.id == interface_id:
                    return one, zone
        return None


def parts(hub: Hub, zones: int) -> dict[str, frozenset[Fact]]:
    """Every part of a transit gateway, named below it."""
    below = f"{hub.gateway_id}/"
    found = {f"{below}gateway": gateway(hub.gateway_id)}
    for name, one in hub.attached.items():
        found[below + name] = attachment(one, hub.tables.get(one.attachment.route_table_id))
    for name, table in hub.tables.items():
        found[below + name] = route_table(table, hub.routes[name], hub.attached, zones)
    return found


def gateway(gateway_id: str) -> frozenset[Fact]:
    """The router: a packet looks into the table of where it came in, and into no other."""
    return frozenset(
        {
            Namespace(gateway_id, router=True),
            *(Route(gateway_id, every, kind="blackhole", metric=names.METRIC_LAST) for every in names.EVERYWHERE),
            Set(gateway_id, "route_table", "type devgroup : mark", is_map=True),
            Chain(gateway_id, "choose", "type filter hook prerouting priority -300; policy accept;"),
            Rules(gateway_id, "choose", ("meta mark set meta iifgroup map @route_table",)),
        }
    )


def attachment(found: Attached, table: TransitRouteTable | None) -> frozenset[Fact]:
    """The links of an attachment. One that is associated with no route table leads nowhere."""
    facts: set[Fact] = set()
    for zone, eni in found.interfaces.items():
        group = _group(found.attachment, zone)
        facts.update(_link(found.attachment.gateway_id, eni, group))
        if table is not None:
            mark = table.number * ZONES_MAX + zone
            facts.add(Element(found.attachment.gateway_id, "route_table", str(group), str(mark)))
    return frozenset(facts)


def _link(gateway_id: str, eni: NetworkInterface, group: int) -> Iterator[Fact]:
    ns = eni.id
    pair = Pair(
        ns,
        _DEVICE,
        mac(f"{gateway_id}/{eni.id}", 0),
        gateway_id,
        _port(eni),
        mac(f"{gateway_id}/{eni.id}", 1),
        peer_group=group,
        mtu=MTU,
    )
    yield from (Namespace(ns), pair)
    yield from (Setting(ns, name, "1") for name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"))
    yield Chain(ns, "choose", "type filter hook prerouting priority -300; policy accept;")
    yield Rules(ns, "choose", (f'iifname "{names.HOST_DEVICE}" meta mark set {_MARK}',))
    yield RoutingRule(ns, _MARK, _MARK)
    for hop, every in zip((names.NEXT_HOP, names.NEXT_HOP_6), names.EVERYWHERE, strict=True):
        yield Neighbour(ns, _DEVICE, hop, pair.peer_mac)
        yield Neighbour(gateway_id, _port(eni), hop, pair.mac)
        yield Route(ns, every, table=_MARK, device=_DEVICE, via=hop)


def route_table(
    table: TransitRouteTable, routes: Sequence[Effective], attached: Mapping[str, Attached], zones: int
) -> frozenset[Fact]:
    """A route table of the gateway, as each zone sees it."""
    ns, facts = table.gateway_id, set[Fact]()
    for zone in range(zones):
        at = table.number * ZONES_MAX + zone
        facts.add(RoutingRule(ns, at, at))
        facts.update(
            Route(ns, every, table=at, kind="blackhole", metric=names.METRIC_LAST) for every in names.EVERYWHERE
        )
        for route in routes:
            there = attached.get(route.attachment_id) if route.state == "active" else None
            eni = there.towards(zone) if there is not None else None
            if eni is None:
                facts.add(Route(ns, route.destination, table=at, kind="blackhole"))
            else:
                via = names.NEXT_HOP_6 if ":" in route.destination else names.NEXT_HOP
                facts.add(Route(ns, route.destination, table=at, device=_port(eni), via=via))
    return frozenset(facts)


def ports(hub: Hub) -> Iterator[tuple[str, int, int]]:
    """The devices of a gateway's router, each with its link group and its zone."""
    for one in hub.attached.values():
        for zone, eni in one.interfaces.items():
            yield _port(eni), _group(one.attachment, zone), zone


def _group(attachment: TransitAttachment, zone: int) -> int:
    return attachment.number * ZONES_MAX + zone


def _port(eni: NetworkInterface) -> str:
    return f"t{names.tail(eni.id)}"
