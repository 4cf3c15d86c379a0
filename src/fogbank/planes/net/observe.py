"""What holds in the kernel, read back as the same facts, so that it can be adopted or removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from fogbank.planes.net import rates, rtnetlink
from fogbank.planes.net.facts import DELAY_DEVICE, Delay, Fact, Line, Namespace, Pair, Uplink
from fogbank.planes.net.netlink import Channel, Message
from fogbank.planes.net.plan import NFT, Difference, wire_of
from fogbank.planes.net.rtnetlink import Link


class Seen(NamedTuple):
    """What a namespace shows."""

    is_router: bool
    has_table: bool
    links: Mapping[str, Link]
    """By name."""
    facts: frozenset[Fact]
    """Rates, addresses, neighbours, routes and rules."""
    halves: frozenset[Fact]
    """Rules that one of the two families lacks."""


def seen(ns: str, channel: Channel, is_router: bool, has_table: bool) -> Seen:
    """Read a namespace through a channel of its own. Raises WorldError."""

    def dumped(message: Message) -> list[bytes]:
        return [payload for _, payload in channel.ask(message)]

    links = [rtnetlink.link_of(payload) for payload in dumped(rtnetlink.LINKS)]
    names = {link.number: link.name for link in links}
    facts = rtnetlink.addresses_of(ns, dumped(rtnetlink.ADDRESSES), names)
    facts |= rtnetlink.neighbours_of(ns, dumped(rtnetlink.NEIGHBOURS), names)
    for message in rtnetlink.ROUTES:
        facts |= rtnetlink.routes_of(ns, dumped(message), names)
    facts |= rates.rates_of(ns, dumped(rates.DISCIPLINES), names)
    rules, halves = rtnetlink.rules_of(ns, dumped(rtnetlink.RULES))
    return Seen(is_router, has_table, {link.name: link for link in links}, frozenset(facts | rules), frozenset(halves))


def compared(
    wanted: Iterable[Fact], looked_at: Mapping[str, Seen | None], carried: AbstractSet[Line | Uplink] = frozenset()
) -> Difference:
    """How what is wanted of some namespaces differs from what they show; None shows that there is none.

    Settings are always written again, and tables are not looked at: whoever asks makes them anew. Veths are ours, and
    go when nobody wants them; devices of other kinds are not. `carried` have all they need but devices.
    """
    desired = {fact for fact in wanted if not isinstance(fact, NFT)}
    lines = {fact for fact in carried if isinstance(fact, Line)}
    observed, claimed, strays = _links(desired, looked_at, lines)
    observed |= {fact for fact in carried if isinstance(fact, Uplink) and fact.ns in looked_at}
    staying = {fact.ns for fact in desired if isinstance(fact, Namespace)}
    for ns, view in looked_at.items():
        if view is None:
            continue
        observed.add(Namespace(ns, view.is_router))
        if DELAY_DEVICE in view.links:
            # How long packets wait there is not to be seen: it is said anew, or goes.
            observed.add(Delay(ns, (), ()))
        if ns in staying:
            observed |= {*view.facts, *(view.halves - desired)}
            veths = {name for name, link in view.links.items() if link.kind == "veth"}
            strays |= {_stray(ns, name) for name in veths if (ns, name) not in claimed}
    return Difference(desired - observed, (observed - desired) | strays)


def _links(
    desired: AbstractSet[Fact], looked_at: Mapping[str, Seen | None], lines: AbstractSet[Line]
) -> tuple[set[Fact], set[tuple[str, str]], set[Fact]]:
    """The pairs and lines that hold, the ends that are somebody's, and those that have to go first, wherever."""
    observed: set[Fact] = set()
    claimed: set[tuple[str, str]] = set()
    strays: set[Fact] = set()
    for fact in desired:
        if not isinstance(fact, Pair | Line):
            continue
        ends = {(fact.ns, fact.name), (fact.peer_ns, fact.peer_name)}
        if isinstance(fact, Line):
            # Whoever makes a line clears its ends.
            claimed |= ends
        elif _holds(fact, looked_at):
            observed.add(fact)
            claimed |= ends
        else:
            strays |= {_stray(ns, name) for ns, name in ends}
    wires = {wire_of(fact) for fact in desired if isinstance(fact, Line)}
    observed |= {
        line
        for line in lines
        if not looked_at.keys().isdisjoint((line.ns, line.peer_ns))
        and (wire_of(line) not in wires or _is_carried(line, looked_at))
    }
    return observed, claimed, strays


def _is_carried(line: Line, looked_at: Mapping[str, Seen | None]) -> bool:
    """Whether both devices of a line are as wanted, as far as it was looked."""
    for ns, name, group in ((line.ns, line.name, line.group), (line.peer_ns, line.peer_name, line.peer_group)):
        if ns not in looked_at:
            continue
        view = looked_at[ns]
        link = view.links.get(name) if view is not None else None
        if link is None or (link.is_up, link.group, link.mtu) != (True, group, line.mtu):
            return False
    return True


def _stray(ns: str, name: str) -> Pair:
    """An end of a pair of which no more is known."""
    return Pair(ns, name, "", "", "", "")


def _holds(pair: Pair, looked_at: Mapping[str, Seen | None]) -> bool:
    """Whether both ends are as wanted and each other's, as far as it was looked; an end elsewhere is as it was left."""
    ends = (
        (pair.ns, pair.name, pair.mac, pair.group),
        (pair.peer_ns, pair.peer_name, pair.peer_mac, pair.peer_group),
    )
    found: list[Link] = []
    for ns, name, mac, group in ends:
        if ns not in looked_at:
            continue
        view = looked_at[ns]
        link = view.links.get(name) if view is not None else None
        if link is None or link.kind != "veth" or not link.is_up or not link.peer:
            return False
        if (link.mac, link.group, link.mtu) != (mac.lower(), group, pair.mtu):
            return False
        found.append(link)
    if len(found) == 2:
        return found[0].peer == found[1].number and found[1].peer == found[0].number
    return True
