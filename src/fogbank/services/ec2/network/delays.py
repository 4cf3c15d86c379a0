"""Delays as facts: packets between zones, and those of what is slow on purpose, wait after all else has been decided.

The last thing that a router does with a packet is to mark it with how long it is to wait, by where it came from and
where it goes. Half of a round trip is each way's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fogbank.planes.net.facts import DELAY_MARK, DELAYS_MAX, Chain, Delay, Fact, Rules

_HOOK = "type filter hook postrouting priority 360; policy accept;"
"""After everything, also after what is lost on purpose."""
_DIGITS = 6
"""Of a second: a time is one of whole microseconds."""


class End(NamedTuple):
    """An end of a packet's way: its zone, if it has one, and how many seconds it adds each way."""

    zone: str = ""
    seconds: float = 0.0


class Ways(NamedTuple):
    """What is known of a VPC's router, as far as it matters to how long packets take."""

    vpc_id: str
    zones: Mapping[tuple[str, str], float]
    """Seconds one way, by two zones in order."""
    subnets: Mapping[int, End]
    """By number of subnet."""
    interfaces: Mapping[str, End]
    """By device; only those that are slower than their subnet."""
    hosts: Sequence[str]
    """The devices of all interfaces."""
    joins: Sequence[str]
    """The devices of what leads out of the VPC within its region, and has a link layer."""
    beyond: Mapping[str, Mapping[str, str]] = {}
    """The zones that blocks are in, by the device of the peering behind which they are."""

    def seconds(self, source: End, end: End) -> float:
        """How long a packet takes from one end to the other."""
        here, there = sorted((source.zone, end.zone))
        return round(source.seconds + end.seconds + self.zones.get((here, there), 0.0), _DIGITS)


class Row(NamedTuple):
    """What of a packet is looked at, and how many seconds it takes by that."""

    match: str
    field: str
    by: Mapping[str, float]


def delays(ways: Ways) -> frozenset[Fact]:
    """The chains that mark packets, and the place where they wait; nothing where none has to."""
    ends = sorted({*ways.subnets.values(), *ways.interfaces.values(), End()})
    tables = {end: rows for end in ends if (rows := list(_rows(ways, end)))}
    found = sorted({seconds for rows in tables.values() for row in rows for seconds in row.by.values()})
    if not found:
        return frozenset()
    # Of more than there is room for, some are rounded down to others.
    times = tuple(found[:: -(-len(found) // DELAYS_MAX)])
    chains = {end: f"wait-{number}" for number, end in enumerate(tables)}
    facts: set[Fact] = {
        Chain(ways.vpc_id, "wait", _HOOK),
        Rules(ways.vpc_id, "wait", tuple(_choices(ways, chains))),
        Delay(ways.vpc_id, times, tuple(sorted((*ways.hosts, *ways.joins)))),
    }
    for end, rows in tables.items():
        facts.add(Chain(ways.vpc_id, chains[end]))
        facts.add(Rules(ways.vpc_id, chains[end], tuple(_rule(row, times) for row in rows)))
    return frozenset(facts)


def _choices(ways: Ways, chains: Mapping[End, str]) -> Iterator[str]:
    """Where a packet goes chooses the chain that looks at where it came from."""
    devices = {_quoted(device): chains[end] for device, end in sorted(ways.interfaces.items()) if end in chains}
    groups = {str(number): chains[end] for number, end in sorted(ways.subnets.items()) if end in chains}
    for field, found in (("oifname", devices), ("oifgroup", groups)):
        if found:
            yield f"{field} vmap {{ {', '.join(f'{key} : goto {chain}' for key, chain in found.items())} }}"
    if End() in chains:
        if ways.subnets:
            yield f"oifgroup {{ {', '.join(map(str, sorted(ways.subnets)))} }} accept"
        yield f"goto {chains[End()]}"


def _rows(ways: Ways, end: End) -> Iterator[Row]:
    """How long packets to an end take, by what is looked at first."""

    def row(match: str, field: str, sources: Iterable[tuple[str, End]]) -> Iterator[Row]:
        found = ((key, ways.seconds(source, end)) for key, source in sources)
        if by := {key: seconds for key, seconds in found if seconds}:
            yield Row(match, field, by)

    yield from row("", "iifname", ((_quoted(device), one) for device, one in sorted(ways.interfaces.items())))
    yield from row("", "iifgroup", ((str(number), one) for number, one in sorted(ways.subnets.items())))
    for device, blocks in sorted(ways.beyond.items()):
        for family in ("ip", "ip6"):
            theirs = ((one, End(zone)) for one, zone in sorted(blocks.items()) if (":" in one) == (family == "ip6"))
            yield from row(f"iifname {_quoted(device)}", f"{family} saddr", theirs)
    if end.seconds:
        yield from row("", "iifname", ((_quoted(device), End()) for device in sorted(ways.joins)))
        # From the router itself, or from another region: there packets do not wait on their way back.
        yield Row("", "", {"": round(2 * end.seconds, _DIGITS)})


def _rule(row: Row, times: Sequence[float]) -> str:
    marks = {key: f"{DELAY_MARK + bisect_right(times, seconds) - 1:#x}" for key, seconds in row.by.items()}
    if not row.field:
        return f"meta mark set {marks['']}"
    elements = ", ".join(f"{key} : {mark}" for key, mark in marks.items())
    return f"{row.match} meta mark set {row.field} map {{ {elements} }} accept".lstrip()


def _quoted(device: str) -> str:
    return f'"{device}"'
