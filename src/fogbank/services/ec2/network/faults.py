"""Faults as facts: packets of some devices and subnets are dropped before anything else is decided, and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from fogbank.planes.net.facts import Chain, Fact, Rules
from fogbank.services.ec2.network import names

_OUT_OF = 10_000
_WAYS = {"in": "type filter hook prerouting priority -350;", "out": "type filter hook postrouting priority 350;"}


class Broken(NamedTuple):
    """What is broken within a VPC: the share of packets that is lost, by interface and by number of subnet."""

    interfaces: Mapping[str, float]
    subnets: Mapping[int, float]


def faults(vpc_id: str, broken: Broken) -> frozenset[Fact]:
    """The chains that drop; none where nothing is broken. What is connected already is dropped as well."""
    if not broken.interfaces and not broken.subnets:
        return frozenset()
    facts: set[Fact] = set()
    for way, hook in _WAYS.items():
        chain = f"faults_{way}"
        facts.add(Chain(vpc_id, chain, f"{hook} policy accept;"))
        facts.add(Rules(vpc_id, chain, tuple(_rules(broken, "iif" if way == "in" else "oif"))))
    return frozenset(facts)


def _rules(broken: Broken, side: str) -> Iterator[str]:
    ends: Iterable[tuple[str, float]] = (
        *((f'{side}name "{names.device(one)}"', loss) for one, loss in sorted(broken.interfaces.items())),
        *((f"{side}group {number}", loss) for number, loss in sorted(broken.subnets.items())),
    )
    for match, loss in ends:
        chance = f" numgen random mod {_OUT_OF} < {round(loss * _OUT_OF)}" if loss < 1 else ""
        yield f'{match}{chance} counter drop comment "fault"'
