"""What many zones share, exactly: how many name servers any two have in common, and what they lose. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from math import comb

from fogbank.services.route53 import rules

Shard = tuple[int, ...]
"""The numbers of a zone's name servers."""
OF_ZONE = 4


def shards(zones: int, seed: int = 1) -> list[Shard]:
    """The name servers of so many zones: drawn as Route 53 here draws them, no two alike."""
    drawn = random.Random(seed).sample(range(rules.SHARDS), zones)
    return [tuple(at * rules.STRIPE_SIZE + place for at, place in enumerate(rules.shard(one))) for one in drawn]


def overlaps(zones: Sequence[Shard]) -> list[int]:
    """How many pairs of zones share 0, 1, … 4 name servers.

    Nobody counts five billion pairs one by one: for every set of k name servers, the zones that have all of them make
    that many pairs. A pair that shares n is counted n over k times so, and what is counted twice is taken out again.
    """
    sums = [comb(len(zones), 2)]
    for k in range(1, OF_ZONE + 1):
        having = Counter(part for zone in zones for part in combinations(zone, k))
        sums.append(sum(comb(count, 2) for count in having.values()))
    return [sum((-1) ** (n - k) * comb(n, k) * sums[n] for n in range(k, OF_ZONE + 1)) for k in range(OF_ZONE + 1)]


def losses(zones: Iterable[Shard], gone: Collection[int]) -> list[float]:
    """The share of zones that lose 0, 1, … 4 of their name servers when some are gone."""
    found = Counter(sum(server in gone for server in zone) for zone in zones)
    return [found[lost] / max(1, found.total()) for lost in range(OF_ZONE + 1)]


def stripe(number: int) -> range:
    """The name servers of a stripe."""
    return range(number * rules.STRIPE_SIZE, (number + 1) * rules.STRIPE_SIZE)


def scenes(seed: int = 2) -> Mapping[str, frozenset[int]]:
    """What may be gone: a few name servers, or all that one edge answers for, in both layouts."""
    dice = random.Random(seed)
    some = dice.sample(range(rules.SERVERS), 4)
    return {
        "1 name server": frozenset(some[:1]),
        "2 name servers": frozenset(some[:2]),
        "4 name servers": frozenset(some),
        "a stripe": frozenset(stripe(2)),
        "an edge of one stripe": frozenset(stripe(0)),
        "an edge of all stripes": frozenset(range(rules.SERVERS)),
    }
