"""A VPC as a map: its fabric, interfaces and groups as one JSON value, for the console to draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, NamedTuple

from fogbank.control.context import Context
from fogbank.services.ec2 import fabric as fabrics
from fogbank.services.ec2 import routing, rules
from fogbank.services.ec2.fabric import Fabric
from fogbank.services.ec2.network import names
from fogbank.services.ec2.resources import (
    AclEntry,
    NetworkAcl,
    NetworkInterface,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Vpc,
)
from fogbank.services.ec2.subnets import PREFIX_SIZE

_PROTOCOLS = {"-1": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_LAST = 32767


class Scene(NamedTuple):
    """What is drawn of a VPC, and what decides in it."""

    fabric: Fabric
    account: str
    interfaces: Sequence[NetworkInterface]
    groups: Mapping[str, SecurityGroup]
    members: Mapping[str, Sequence[str]]
    """Address -> the security groups of the interface that has it, here or in a VPC that a peering joins."""


def read(ctx: Context, vpc: Vpc) -> Scene:
    """What there is of a VPC now."""
    groups = {one.id: one for one in ctx.scan(SecurityGroup, vpc.id)}
    peers = {peer for one in groups.values() for peer in one.peers}
    found = fabrics.read(ctx, vpc, also=[one for one in sorted(peers) if one.startswith("pl-")])
    interfaces = tuple(ctx.scan(NetworkInterface, vpc.id))
    known = [*interfaces]
    if any(one.startswith("sg-") and one not in groups for one in peers):
        sides = [side for one in found.peerings.values() for side in (one.requester, one.accepter)]
        for side in sides:
            if side.vpc_id != vpc.id and side.region == ctx.region:
                known += ctx.at(account=side.account).scan(NetworkInterface, side.vpc_id)
    members = {address: one.groups for one in known for address in addresses_of(one)}
    return Scene(found, ctx.account, interfaces, groups, members)


def addresses_of(eni: NetworkInterface) -> tuple[str, ...]:
    """All single addresses of an interface, of both families."""
    return (*(one.address for one in eni.addresses), *eni.ipv6_addresses)


def listed(vpc: Vpc, account: str, region: str) -> dict[str, Any]:
    """A VPC as one of many to choose from."""
    return {
        "id": vpc.id,
        "account": account,
        "region": region,
        "name": vpc.tags.get("Name", ""),
        "cidrs": list(vpc.cidrs),
        "is_default": vpc.is_default,
    }


def drawn(scene: Scene) -> dict[str, Any]:
    """The whole map. Nodes and edges have ids; an edge is `<subnet>><target>`, see `edge_id`."""
    fabric = scene.fabric
    edges = list(_edges(scene))
    return {
        "vpc": listed(fabric.vpc, scene.account, fabric.region),
        "zones": sorted({one.zone for one in fabric.subnets.values()}),
        "subnets": [_subnet(scene, one) for one in sorted(fabric.subnets.values(), key=_place)],
        "tables": {one.id: _table(fabric, one) for one in fabric.tables.values()},
        "acls": {one.id: _acl(one) for one in fabric.acls},
        "groups": {one.id: _group(one) for one in scene.groups.values()},
        "interfaces": [_interface(scene, one) for one in scene.interfaces],
        "gateways": [*_gateways(fabric), *_gone(scene, edges)],
        "edges": edges,
        "faults": [{"at": at, "loss": loss} for at, loss in broken(fabric)],
        "outside": names.OUTSIDE,
    }


def edge_id(subnet_id: str, target: str) -> str:
    """The id of the edge from a subnet to what its routes lead to."""
    return f"{subnet_id}>{target}"


def is_public(fabric: Fabric, subnet: Subnet) -> bool:
    """Whether a subnet's route table leads to an internet gateway (Amazon VPC User Guide, "Subnet types")."""
    gateway = fabric.vpc.internet_gateway_id
    return bool(gateway) and any(one.target == gateway for one in _rows(fabric, fabric.table_of(subnet)))


def broken(fabric: Fabric) -> Iterator[tuple[str, float]]:
    """(id, share of packets lost) of every interface and subnet with a fault."""
    yield from sorted(fabric.broken.interfaces.items())
    for subnet in fabric.subnets.values():
        if (loss := fabric.broken.subnets.get(subnet.number)) is not None:
            yield subnet.id, loss


def node_of(fabric: Fabric, target: str) -> str:
    """Where an edge to a target ends: at the interface of a NAT gateway, else at the target itself."""
    nat = fabric.nats.get(target)
    return nat.interface_id if nat is not None else target


def _place(subnet: Subnet) -> tuple[str, int, str]:
    block = subnet.cidr or next((one.cidr for one in subnet.ipv6_blocks), "")
    return subnet.zone, int(ip_network(block).network_address) if block else 0, subnet.id


def _subnet(scene: Scene, subnet: Subnet) -> dict[str, Any]:
    fabric = scene.fabric
    within = [one for one in scene.interfaces if one.subnet_id == subnet.id]
    return {
        "id": subnet.id,
        "name": subnet.tags.get("Name", ""),
        "zone": subnet.zone,
        "cidr": subnet.cidr,
        "ipv6_cidrs": [one.cidr for one in subnet.ipv6_blocks],
        "free": _free(subnet, within),
        "is_public": is_public(fabric, subnet),
        "table": fabric.table_of(subnet).id,
        "acl": subnet.acl_id,
    }


def _free(subnet: Subnet, within: Iterable[NetworkInterface]) -> int:
    """How many IPv4 addresses are left for interfaces."""
    if not subnet.cidr:
        return 0
    taken = sum(len(one.addresses) + PREFIX_SIZE * sum(":" not in prefix for prefix in one.prefixes) for one in within)
    return rules.size_of(subnet.cidr) - taken


def _rows(fabric: Fabric, table: RouteTable) -> list[routing.InForce]:
    return routing.routes_of(fabric.vpc.cidrs, table, (), fabric.endpoints.values())


def _table(fabric: Fabric, table: RouteTable) -> dict[str, Any]:
    return {
        "name": table.tags.get("Name", ""),
        "is_main": table.id == fabric.vpc.main_route_table_id,
        "routes": [_route(fabric, one) for one in sorted(_rows(fabric, table), key=lambda one: _longest(fabric, one))],
    }


def _route(fabric: Fabric, row: routing.InForce) -> dict[str, Any]:
    leads = row.target == routing.LOCAL or fabrics.hop(fabric, row.target) is not None
    return {
        "destination": row.destination,
        "blocks": list(fabric.lists.get(row.destination, ())),
        "target": row.target,
        "state": "active" if leads else "blackhole",
    }


def _longest(fabric: Fabric, row: routing.InForce) -> tuple[int, str]:
    """The order in which routes are looked at: longest prefix first; a prefix list by its longest."""
    blocks = (row.destination,) if "/" in row.destination else fabric.lists.get(row.destination, ())
    return -max((ip_network(block).prefixlen for block in blocks), default=0), row.destination


def _edges(scene: Scene) -> Iterator[dict[str, Any]]:
    fabric = scene.fabric
    for subnet in sorted(fabric.subnets.values(), key=_place):
        by_target: dict[str, list[dict[str, Any]]] = {}
        for one in sorted(_rows(fabric, fabric.table_of(subnet)), key=lambda one: _longest(fabric, one)):
            if one.target != routing.LOCAL:
                by_target.setdefault(one.target, []).append(_route(fabric, one))
        for target, routes in by_target.items():
            yield {
                "id": edge_id(subnet.id, target),
                "from": subnet.id,
                "to": node_of(fabric, target),
                "target": target,
                "routes": routes,
                "is_blackhole": all(one["state"] == "blackhole" for one in routes),
            }


def _gateways(fabric: Fabric) -> Iterator[dict[str, Any]]:
    """What stands around the VPC."""
    vpc = fabric.vpc
    if vpc.internet_gateway_id:
        yield _node(vpc.internet_gateway_id, "internet gateway", "")
    for one in sorted(fabric.egress_only):
        yield _node(one, "egress-only gateway", "IPv6 out only")
    for endpoint in fabric.endpoints.values():
        yield _node(endpoint.id, "gateway endpoint", endpoint.service, endpoint.tags.get("Name", ""))
    for peering in fabric.peerings.values():
        far = next((one for one in (peering.requester, peering.accepter) if one.vpc_id != vpc.id), peering.accepter)
        text = f"{far.vpc_id} {' '.join((*far.cidrs, *far.ipv6_cidrs))} in {far.region}, account {far.account}"
        yield _node(peering.id, "peering", text, peering.tags.get("Name", ""))
    for gateway in sorted(fabric.transit):
        yield _node(gateway, "transit gateway", "")


def _node(node_id: str, kind: str, text: str, name: str = "") -> dict[str, Any]:
    return {"id": node_id, "kind": kind, "text": text, "name": name}


def _gone(scene: Scene, edges: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The targets of routes that are not there (any more): a packet that goes there ends there."""
    known = {one["id"] for one in _gateways(scene.fabric)} | {one.id for one in scene.interfaces}
    for target in sorted({str(edge["to"]) for edge in edges} - known):
        yield _node(target, "blackhole", "this target is gone, or not attached to this VPC")


def _interface(scene: Scene, eni: NetworkInterface) -> dict[str, Any]:
    nat = next((one for one in scene.fabric.nats.values() if one.interface_id == eni.id), None)
    kind = "NAT gateway" if nat is not None else eni.type.replace("_", " ")
    return {
        "id": eni.id,
        "name": eni.tags.get("Name", "") or (nat.tags.get("Name", "") if nat is not None else ""),
        "subnet": eni.subnet_id,
        "kind": kind,
        "is_gateway": nat is not None or eni.type == "transit_gateway",
        "nat": nat.id if nat is not None else "",
        "addresses": [one.address for one in eni.addresses],
        "ipv6_addresses": list(eni.ipv6_addresses),
        "public": list(eni.public_ips),
        "groups": list(eni.groups),
        "description": eni.description,
        "checks_source": eni.checks_source,
    }


def _acl(acl: NetworkAcl) -> dict[str, Any]:
    ordered = sorted(acl.entries, key=lambda one: (one.is_egress, one.number))
    last = [AclEntry(_LAST, way, "-1", False, "0.0.0.0/0") for way in (False, True)]
    return {
        "name": acl.tags.get("Name", ""),
        "is_default": acl.is_default,
        "entries": [entry_told(acl.id, one) for one in (*ordered, *last)],
    }


def entry_told(acl_id: str, one: AclEntry) -> dict[str, Any]:
    """An entry of a network ACL, with the name of its counter (see `network.acls`); `*` is the last, which denies."""
    number = "*" if one.number == _LAST else str(one.number)
    way = _way(one.is_egress)
    is_icmp = one.protocol in ("1", "58")
    low, high = (one.icmp_type, one.icmp_code) if is_icmp else (one.from_port, one.to_port)
    return {
        "kind": "network ACL",
        "id": acl_id,
        "number": number,
        "way": way,
        "allows": one.allows,
        "protocol": _PROTOCOLS.get(one.protocol, one.protocol),
        "ports": _ports(_PROTOCOLS.get(one.protocol, one.protocol), low, high),
        "peer": one.cidr if number != "*" else "all",
        "counter": f"{acl_id}-{way} {number}",
    }


def _group(group: SecurityGroup) -> dict[str, Any]:
    ordered = sorted(group.rules, key=lambda one: (one.is_egress, one.protocol, one.from_port, one.peer))
    return {"name": group.name, "rules": [rule_told(group.id, one) for one in ordered]}


def rule_told(group_id: str, one: Rule) -> dict[str, Any]:
    """A rule of a security group, with the name of its counter, which all rules with the same ports share."""
    way = _way(one.is_egress)
    return {
        "kind": "security group",
        "id": group_id,
        "number": one.id,
        "way": way,
        "allows": True,
        "protocol": _PROTOCOLS.get(one.protocol, one.protocol),
        "ports": _ports(_PROTOCOLS.get(one.protocol, one.protocol), one.from_port, one.to_port),
        "peer": one.peer,
        "counter": f"{group_id}-{way} {one.protocol} {one.from_port}-{one.to_port}",
    }


def _way(is_egress: bool) -> str:
    return "out" if is_egress else "in"


def _ports(protocol: str, low: int, high: int) -> str:
    if protocol in ("icmp", "icmpv6"):
        return "all types" if low == -1 else f"type {low}" + (f" code {high}" if high != -1 else "")
    if protocol == "all" or low == -1 or (low, high) == (0, 65535):
        return "all ports"
    return f"port {low}" if low == high else f"ports {low}-{high}"
