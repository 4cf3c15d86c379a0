"""The limits of an interface as facts: its own both ways, and those of its connections where they are lower."""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.planes.net.facts import Chain, Element, Fact, Rate, Rules, Set
from fogbank.services.ec2.bandwidth import Limits
from fogbank.services.ec2.network import names
from fogbank.services.ec2.resources import NetworkInterface

_BURST_BYTES = 128 << 10
"""Beside the second's worth that nftables always lets through in advance. Packets may come 64 KiB at a time."""
_FLOWS_MAX, _IDLE = 65_535, "1m"
_FAMILIES = (("4", "ip"), ("6", "ip6"))
_WAYS = (("out", "o", "d"), ("in", "i", "s"))
"""Way, and the letters of the far device and of the far address in nftables' words."""


def rates(ns: str, eni: NetworkInterface, limits: Limits, cluster: str) -> frozenset[Fact]:
    """The limits of an interface whose router is `ns`; `cluster` is the id of its cluster placement group."""
    # Each end of its link sends no faster. What it sends could be held back at the router's end as well, by an ifb; but
    # that would pass by the egress hook (nf_skip_egress), and so by every delay.
    facts: set[Fact] = {
        Rate(ns, names.device(eni.id), limits.interface),
        Rate(eni.id, names.HOST_DEVICE, limits.interface),
    }
    if cluster:
        facts.update(_members(ns, eni, cluster))
    if limits.flow or limits.flow_in_cluster or limits.internet:
        facts.update(_connections(ns, eni, limits, cluster))
    return frozenset(facts)


def _members(ns: str, eni: NetworkInterface, cluster: str) -> Iterator[Fact]:
    for version, family in _FAMILIES:
        yield Set(ns, f"{cluster}-{version}", f"type {_address(family)}")
    yield from (Element(ns, f"{cluster}-4", one.address) for one in eni.addresses)
    yield from (Element(ns, f"{cluster}-6", one) for one in eni.ipv6_addresses)


def _connections(ns: str, eni: NetworkInterface, limits: Limits, cluster: str) -> Iterator[Fact]:
    """Chains that drop what is too much: a queue for each connection is nothing that the kernel has everywhere."""
    yield Chain(ns, "rates", "type filter hook forward priority -10; policy accept;")
    yield Rules(ns, "rates", ("iifname vmap @rates_out", "oifname vmap @rates_in"))
    for way, far, end in _WAYS:
        chain = f"rate-{names.tail(eni.id)}-{way}"
        yield Set(ns, f"rates_{way}", "type ifname : verdict", is_map=True)
        yield Element(ns, f"rates_{way}", f'"{names.device(eni.id)}"', f"jump {chain}")
        yield Chain(ns, chain)
        rules = []
        if limits.internet:
            rules.append(f"{far}ifgroup {names.GROUP_INTERNET} {_over(limits.internet)} drop")
        if cluster:
            near = f"{chain}-near"
            yield Chain(ns, near)
            yield Rules(ns, near, tuple(_of_each(way, limits.flow_in_cluster)))
            yield from _flows(ns, way, limits.flow_in_cluster)
            rules += [f"{family} {end}addr @{cluster}-{version} goto {near}" for version, family in _FAMILIES]
        yield Rules(ns, chain, (*rules, *_of_each(way, limits.flow)))
        yield from _flows(ns, way, limits.flow)


def _of_each(way: str, rate: int) -> Iterator[str]:
    for version, family in _FAMILIES if rate else ():
        key = f"{family} saddr . {family} daddr . meta l4proto . th sport . th dport"
        yield f"meta l4proto {{ tcp, udp }} update @{_set(way, version, rate)} {{ {key} {_over(rate)} }} drop"


def _flows(ns: str, way: str, rate: int) -> Iterator[Fact]:
    """The sets that know the connections of a way. Each rate has its own: a connection keeps its rate in a set."""
    for version, family in _FAMILIES if rate else ():
        address = _address(family)
        kind = f"type {address} . {address} . inet_proto . inet_service . inet_service"
        limits = f"size {_FLOWS_MAX}; timeout {_IDLE}"
        yield Set(ns, _set(way, version, rate), f"{kind}; {limits}", flags="dynamic,timeout")


def _set(way: str, version: str, rate: int) -> str:
    return f"flows{version}-{way}-{rate}"


def _address(family: str) -> str:
    return "ipv4_addr" if family == "ip" else "ipv6_addr"


def _over(rate: int) -> str:
    return f"limit rate over {rate} bytes/second burst {_BURST_BYTES} bytes"
