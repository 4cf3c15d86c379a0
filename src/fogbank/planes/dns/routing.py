"""Which of several record sets of one name and type is told: the routing policies, as pure functions.

Route 53 Developer Guide, "Choosing a routing policy" and "How Amazon Route 53 chooses records when health checking is
configured". Where none is healthy, all are taken to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType
from typing import NamedTuple

ANSWERS_MAX = 8
"""How many values a multivalue answer has at most."""
_EARTH_KM = 6371.0
_NOWHERE_SECONDS = 1e9
_NO_REGIONS: Mapping[str, float] = MappingProxyType({})


class Asker(NamedTuple):
    """Whoever asks, or the network that a resolver asks for, as the tables that were handed in know it."""

    address: str = ""
    continent: str = ""
    country: str = ""
    subdivision: str = ""
    coordinates: tuple[float, float] = (0.0, 0.0)
    """Latitude and longitude in degrees."""
    latencies: Mapping[str, float] = _NO_REGIONS
    """Seconds of a round trip to each region."""
    bits: int = 0
    """How many bits of a client's subnet `address` has; 0 where no subnet was told."""


class Place(NamedTuple):
    """A location of geolocation routing; nothing at all is the default."""

    continent: str = ""
    country: str = ""
    subdivision: str = ""


class Choice(NamedTuple):
    """A record set as it is answered. `policy` says which of the fields below it count."""

    ttl: int
    values: tuple[tuple[str, bytes], ...] = ()
    """Each value as people write it, and as it goes over the wire."""
    alias: str = ""
    """The name within the zone whose records of the same type are told instead."""
    evaluates: bool = False
    """Whether an alias is healthy only if what it stands for is."""
    check: str = ""
    """The id of its health check; empty for none."""
    policy: str = "simple"
    weight: int = 0
    region: str = ""
    is_primary: bool = False
    place: Place = Place()
    coordinates: tuple[float, float] = (0.0, 0.0)
    bias: int = 0
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """The blocks of its CIDR location; none for the default location."""


Random = Callable[[], float]
"""A number from 0 up to 1."""


def chosen(choices: Sequence[Choice], asker: Asker, alive: Callable[[Choice], bool], random: Random) -> list[Choice]:
    """The record sets that are told: several for multivalue answers, else one; none where no location fits."""
    if choices[0].policy == "simple":
        return [choices[0]]
    if choices[0].policy == "multivalue":
        return _some([one for one in choices if alive(one)] or list(choices), random)
    ranked = _RANKED.get(choices[0].policy)
    if ranked is None:
        found: Choice | None = _weighted(choices, alive, random)
    else:
        order = ranked(choices, asker)
        found = next((one for one in order if alive(one)), order[0] if order else None)
    return [found] if found is not None else []


def _some(choices: list[Choice], random: Random) -> list[Choice]:
    """At most eight, in random order."""
    left, taken = list(choices), list[Choice]()
    while left and len(taken) < ANSWERS_MAX:
        taken.append(left.pop(int(random() * len(left))))
    return taken


def _weighted(choices: Sequence[Choice], alive: Callable[[Choice], bool], random: Random) -> Choice:
    """Those of weight 0 are told only where no healthy one has any; all of weight 0 are equal among themselves."""
    healthy = [one for one in choices if alive(one)] or list(choices)
    heavy = [one for one in healthy if one.weight]
    if not heavy:
        return healthy[int(random() * len(healthy))]
    at = random() * sum(one.weight for one in heavy)
    for one in heavy:
        at -= one.weight
        if at < 0:
            return one
    return heavy[-1]


def _by_latency(choices: Sequence[Choice], asker: Asker) -> list[Choice]:
    return sorted(choices, key=lambda one: (asker.latencies.get(one.region, _NOWHERE_SECONDS), one.region))


def _by_rank(choices: Sequence[Choice], asker: Asker) -> list[Choice]:
    """The primary, then the secondary; the primary where neither is healthy."""
    return sorted(choices, key=lambda one: not one.is_primary)


def _by_place(choices: Sequence[Choice], asker: Asker) -> list[Choice]:
    """The smallest region that has whoever asks first, the default last."""
    wanted = (
        Place(country=asker.country, subdivision=asker.subdivision) if asker.country and asker.subdivision else None,
        Place(country=asker.country) if asker.country else None,
        Place(continent=asker.continent) if asker.continent else None,
        Place(country="*"),
    )
    by_place = {one.place: one for one in choices}
    return [by_place[place] for place in wanted if place is not None and place in by_place]


def _by_distance(choices: Sequence[Choice], asker: Asker) -> list[Choice]:
    return sorted(choices, key=lambda one: biased(kilometres(one.coordinates, asker.coordinates), one.bias))


def _by_network(choices: Sequence[Choice], asker: Asker) -> list[Choice]:
    """The longest block that has the asker first, the default location last."""
    address = ip_address(asker.address) if asker.address else None
    found = [(block.prefixlen, one) for one in choices for block in one.networks if address and address in block]
    ordered = [one for _, one in sorted(found, key=lambda pair: -pair[0])]
    return [*ordered, *(one for one in choices if not one.networks)]


_RANKED: Mapping[str, Callable[[Sequence[Choice], Asker], list[Choice]]] = MappingProxyType(
    {
        "latency": _by_latency,
        "failover": _by_rank,
        "geolocation": _by_place,
        "geoproximity": _by_distance,
        "cidr": _by_network,
    }
)


def biased(distance: float, bias: int) -> float:
    """A distance as a bias from -99 to 99 makes it: shorter for a region that is to grow, longer for one to shrink.

    Route 53 Developer Guide, "Geoproximity routing": 1 - bias/100 of it, or the distance over 1 + bias/100.
    """
    return distance * (1 - bias / 100) if bias >= 0 else distance / (1 + bias / 100)


def kilometres(here: tuple[float, float], there: tuple[float, float]) -> float:
    """The way between two places on the ground."""
    (one, east), (other, west) = (tuple(map(radians, place)) for place in (here, there))
    arc = sin((one - other) / 2) ** 2 + cos(one) * cos(other) * sin((east - west) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(arc)))
