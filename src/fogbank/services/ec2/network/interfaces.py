"""An interface as facts: a link into a namespace of its own, its addresses on both sides, its place in every stage."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from fogbank.aws import internet
from fogbank.planes.net.facts import Address, Chain, Element, Fact, Namespace, Neighbour, Pair, Route, Rules, Set, mac
from fogbank.services.ec2.network import names
from fogbank.services.ec2.resources import NetworkInterface, Subnet, Vpc

MTU = 9001
_GROUP_ROUTER = 0


def interface(vpc: Vpc, subnet: Subnet, eni: NetworkInterface, region: str) -> frozenset[Fact]:
    """Everything that is true because of one interface."""
    facts: set[Fact] = {
        Namespace(eni.id),
        Pair(
            vpc.id,
            names.device(eni.id),
            mac(eni.id, 0),
            eni.id,
            names.HOST_DEVICE,
            eni.mac,
            group=subnet.number,
            mtu=MTU,
        ),
        Element(vpc.id, "enis", _quoted(eni)),
    }
    facts.update(_addresses(vpc, subnet, eni))
    facts.update(_gateways(subnet, eni))
    facts.update(_groups(vpc, eni))
    facts.update(_public(vpc, eni, region))
    if not eni.checks_source:
        facts.add(Element(vpc.id, "unchecked", _quoted(eni)))
    return frozenset(facts)


def _addresses(vpc: Vpc, subnet: Subnet, eni: NetworkInterface) -> Iterator[Fact]:
    device = names.device(eni.id)
    for address, length, of in _all(subnet, eni):
        full = ip_network(address).max_prefixlen
        yield Address(eni.id, names.HOST_DEVICE, f"{address}/{length}")
        yield Route(vpc.id, f"{address}/{full}", device=device)
        yield Neighbour(vpc.id, device, address, eni.mac)
        yield Element(vpc.id, f"eni_addr{of}", f"{_quoted(eni)} . {address}")
    for prefix in eni.prefixes:
        of = _suffix(prefix)
        yield Route(vpc.id, prefix, device=device)
        yield Element(vpc.id, f"eni_net{of}", f"{_quoted(eni)} . {prefix}")


def _all(subnet: Subnet, eni: NetworkInterface) -> Iterator[tuple[str, int, str]]:
    """(address, length of the subnet's prefix, suffix of the family's sets)."""
    for one in eni.addresses:
        yield one.address, ip_network(subnet.cidr).prefixlen, ""
    for address in eni.ipv6_addresses:
        yield address, ip_network(subnet.ipv6_blocks[0].cidr).prefixlen, "6"


def _gateways(subnet: Subnet, eni: NetworkInterface) -> Iterator[Fact]:
    """The way out of the interface's own namespace: the subnet's first address, which nobody needs to ask for."""
    router_mac = mac(eni.id, 0)
    if eni.addresses:
        gateway = str(ip_network(subnet.cidr)[1])
        yield Neighbour(eni.id, names.HOST_DEVICE, gateway, router_mac)
        yield Route(eni.id, "0.0.0.0/0", device=names.HOST_DEVICE, via=gateway)
    if eni.ipv6_addresses:
        yield Neighbour(eni.id, names.HOST_DEVICE, names.NEXT_HOP_6, router_mac)
        yield Route(eni.id, "::/0", device=names.HOST_DEVICE, via=names.NEXT_HOP_6)


def _groups(vpc: Vpc, eni: NetworkInterface) -> Iterator[Fact]:
    """Its security groups: it is a member of each, and goes through all of them both ways. Without any, it is open."""
    if not eni.groups:
        return
    combination = names.combination(eni.groups)
    for way in ("in", "out"):
        chain = f"{combination}-{way}"
        yield Chain(vpc.id, chain)
        jumps = tuple(f"jump {group}-{way}" for group in sorted(eni.groups))
        yield Rules(vpc.id, chain, (*jumps, f'counter goto rejected_{way} comment "{combination}-{way}"'))
        yield Element(vpc.id, f"eni_{way}", _quoted(eni), f"goto {chain}")
        yield from (Chain(vpc.id, f"{group}-{way}") for group in eni.groups)
    for group in eni.groups:
        yield from memberships(vpc.id, group, eni)


def memberships(ns: str, group: str, eni: NetworkInterface) -> Iterator[Fact]:
    """The interface's addresses in the sets of a group, in the router of its own VPC, or of a peer that names it."""
    yield from member_sets(ns, group)
    yield from (Element(ns, names.members(group, 4), one.address) for one in eni.addresses)
    yield from (Element(ns, names.members(group, 6), address) for address in eni.ipv6_addresses)


def member_sets(ns: str, group: str) -> Iterator[Fact]:
    yield Set(ns, names.members(group, 4), "type ipv4_addr")
    yield Set(ns, names.members(group, 6), "type ipv6_addr")


def _public(vpc: Vpc, eni: NetworkInterface, region: str) -> Iterator[Fact]:
    """Its public addresses: translated at the internet gateway, and led to it by the internet."""
    if not vpc.internet_gateway_id:
        return
    for one in eni.addresses:
        if one.association is None:
            continue
        public = one.association.public_ip
        yield Element(vpc.id, "public_to_private", public, one.address)
        yield Element(vpc.id, "private_to_public", one.address, public)
        yield Element(vpc.id, "has_public", one.address)
        yield Route(internet.namespace(region), f"{public}/32", device=names.device(vpc.id), via=names.NEXT_HOP)


def _quoted(eni: NetworkInterface) -> str:
    return f'"{names.device(eni.id)}"'


def _suffix(prefix: str) -> str:
    return "6" if ip_network(prefix).version == 6 else ""
