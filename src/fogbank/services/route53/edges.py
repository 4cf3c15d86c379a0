"""Edge locations: places that answer for name servers, joined to an internet by BGP, as facts and routers. Pure.

The addresses of a stripe of name servers are announced by every edge that has the stripe (anycast): a core router
leads to one of them, and to the next when that one is gone. Who asks stays at the same address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, ip_network

from fogbank.aws import internet
from fogbank.planes.doors import Door
from fogbank.planes.engines.bird import Peer, Router
from fogbank.planes.net.facts import LO, Address, Chain, Fact, Namespace, Neighbour, Pair, Parts, Route, Rules, mac
from fogbank.services.route53 import rules
from fogbank.services.route53.resources import Edge, Edges

CORE = "names"
FAULTS = ("killed", "blackholed", "silent")
"""Of an edge: its router has died and nobody answers; all packets are lost; it is reached, and answers nothing."""
NAMES = ("IAD", "DUB", "NRT", "SYD", "GRU", "FRA", "SIN", "SFO", "LHR", "CDG", "ORD", "HKG")
_ANSWERING = "169.254.53.53"
"""The address at which an edge answers whatever it is asked at."""
_HOP = "169.254.0.1"
_LINKS = "10.53.0.0"
"""The addresses of the links between core and edges: nobody else sees them."""
_CORE_AS, _EDGE_AS = 64_512, 64_513
_EVERYWHERE = "0.0.0.0/0"


def stripe(number: int) -> str:
    """The addresses of a stripe of name servers."""
    block = ip_network(internet.NAME_SERVERS)
    return str(list(block.subnets(new_prefix=block.prefixlen + 2))[number])


def ns(edge: Edge) -> str:
    return f"edge-{edge.name.lower()}"


def made(count: int, *, is_striped: bool) -> Iterator[Edge]:
    """So many edges: of one stripe each in turn, or each of all stripes."""
    every = tuple(range(len(rules.STRIPES)))
    for number, name in enumerate(NAMES[:count]):
        yield Edge(name=name, stripes=(number % len(every),) if is_striped else every)


def parts(found: Edges) -> Parts:
    """All that is to be true of the network: the core, and each edge."""
    core = frozenset(_core(found.region))
    return {"names/core": core, **{f"names/{edge.name}": frozenset(_edge(found, edge)) for edge in found.edges}}


def doors(edge: Edge, partition: str, region: str) -> list[Door]:
    """Where an edge answers, unless it is dead."""
    name = f"{partition}/edges/{region}/"
    return [Door(ns(edge), _ANSWERING, "dns", name)] if edge.fault != "killed" else []


def core(found: Edges) -> Router:
    """The router that knows the way to every edge."""
    peers = (
        Peer(
            name=edge.name,
            device=_device(edge),
            own_address=_near(found, edge),
            address=_far(found, edge),
            as_number=_EDGE_AS + number,
        )
        for number, edge in enumerate(found.edges)
    )
    return Router(ns=CORE, id=_LINKS, as_number=_CORE_AS, peers=tuple(peers), accepts=internet.NAME_SERVERS)


def router(found: Edges, edge: Edge) -> Router:
    """The router of an edge, which announces its stripes."""
    near, far = _near(found, edge), _far(found, edge)
    return Router(
        ns=ns(edge),
        id=far,
        as_number=_EDGE_AS + found.edges.index(edge),
        peers=(Peer(name="core", device="eth0", own_address=far, address=near, as_number=_CORE_AS),),
        announces=tuple(map(stripe, edge.stripes)),
    )


def _core(region: str) -> Iterator[Fact]:
    inet = internet.namespace(region)
    link = Pair(inet, CORE, mac(CORE, 0), CORE, "inet", mac(CORE, 1), mtu=1500)
    yield from (Namespace(inet, router=True), Namespace(CORE, router=True), link)
    yield Neighbour(link.ns, link.name, _HOP, link.peer_mac)
    yield Neighbour(link.peer_ns, link.peer_name, _HOP, link.mac)
    yield Route(inet, internet.NAME_SERVERS, device=link.name, via=_HOP)
    yield Route(CORE, _EVERYWHERE, device=link.peer_name, via=_HOP)
    yield Route(CORE, internet.NAME_SERVERS, kind="blackhole", metric=9999)


def _edge(found: Edges, edge: Edge) -> Iterator[Fact]:
    here, device = ns(edge), _device(edge)
    near, far = _near(found, edge), _far(found, edge)
    yield from (Namespace(CORE, router=True), Namespace(here))
    yield Pair(CORE, device, mac(here, 0), here, "eth0", mac(here, 1), mtu=1500)
    yield from (Address(CORE, device, f"{near}/31"), Address(here, "eth0", f"{far}/31"))
    yield from (Route(CORE, f"{far}/32", device=device), Route(here, f"{near}/32", device="eth0"))
    yield from (Neighbour(CORE, device, far, mac(here, 1)), Neighbour(here, "eth0", near, mac(here, 0)))
    yield Route(here, _EVERYWHERE, device="eth0", via=near)
    yield Address(here, LO, f"{_ANSWERING}/32")
    yield from (Route(here, stripe(one), kind="local", device=LO) for one in edge.stripes)
    yield Chain(here, "asked", "type nat hook prerouting priority -100; policy accept;")
    asked = f"ip daddr {internet.NAME_SERVERS}"
    yield Rules(here, "asked", tuple(f"{asked} {one} dport 53 dnat to {_ANSWERING}" for one in ("udp", "tcp")))
    yield from _broken(here, edge.fault)


def _broken(here: str, fault: str) -> Iterator[Fact]:
    for hook, way in (("input", "iifname"), ("output", "oifname")):
        yield Chain(here, hook, f"type filter hook {hook} priority 0; policy accept;")
        yield Rules(here, hook, tuple(_lost(hook, way, fault)))


def _lost(hook: str, way: str, fault: str) -> Iterable[str]:
    if not fault and hook == "input":
        # Name servers answer names, and nothing else.
        return (f"ip daddr {internet.NAME_SERVERS} drop",)
    if fault == "blackholed":
        return (f'{way} "eth0" drop',)
    if fault == "silent" and hook == "input":
        return ("udp dport 53 drop", "tcp dport 53 drop")
    return ()


def _device(edge: Edge) -> str:
    return f"e-{edge.name.lower()}"


def _near(found: Edges, edge: Edge) -> str:
    return str(IPv4Address(_LINKS) + 2 * (found.edges.index(edge) + 1))


def _far(found: Edges, edge: Edge) -> str:
    return str(IPv4Address(_LINKS) + 2 * (found.edges.index(edge) + 1) + 1)
