"""Decisions of Route 53: the name servers of a zone, limits, ids, and what is asked of pages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fogbank.aws.errors import AwsError

STRIPES = ("com", "net", "org", "co.uk")
"""The top-level domains of the four stripes of name servers: a zone has one server of each."""
STRIPE_SIZE = 512
SHARDS = STRIPE_SIZE**3
SERVERS = STRIPE_SIZE * len(STRIPES)
ZONES_MAX, RECORDS_MAX, VPCS_MAX = 500, 10_000, 300
DELEGATION_SETS_MAX, ZONES_OF_DELEGATION_SET_MAX = 100, 100
ACCOUNT_LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "MAX_HEALTH_CHECKS_BY_OWNER": 200,
        "MAX_HOSTED_ZONES_BY_OWNER": ZONES_MAX,
        "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": 5,
        "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": DELEGATION_SETS_MAX,
        "MAX_TRAFFIC_POLICIES_BY_OWNER": 50,
    }
)
"""Route 53 Developer Guide, "Quotas"."""
_REDUCED = 0x11
"""x^9 is x^4 + 1 in the field that shards are computed in."""


def shard(number: int) -> tuple[int, int, int, int]:
    """The places of a zone's servers in their stripes, for a number below `SHARDS`.

    A number is a polynomial of degree two over the field of 512 elements, a shard its values at four places. Two
    polynomials agree at two places at most: so no two numbers share more than two servers (Reed and Solomon, 1960).
    """
    low, middle, high = number & 511, number >> 9 & 511, number >> 18 & 511
    one, two, three, four = (_times(_times(high, at) ^ middle, at) ^ low for at in (1, 2, 3, 4))
    return one, two, three, four


def servers(number: int) -> tuple[str, ...]:
    """The names of the four servers of a shard: `ns-N.fogdns-NN.com` and so on."""
    return tuple(server(stripe * STRIPE_SIZE + place) for stripe, place in enumerate(shard(number)))


def server(number: int) -> str:
    """The name of a name server by its number, from 0 to 2,047."""
    stripe, place = divmod(number, STRIPE_SIZE)
    return f"ns-{number}.fogdns-{place // 8:02d}.{STRIPES[stripe]}"


def _times(one: int, other: int) -> int:
    product = 0
    while other:
        if other & 1:
            product ^= one
        one = one << 1 if one < 256 else (one << 1 & 511) ^ _REDUCED
        other >>= 1
    return product


def before(key: str) -> str:
    """What every key from this one on comes after, in listings that begin with a row rather than past one."""
    return f"{key[:-1]}{chr(ord(key[-1]) - 1)}\U0010ffff" if key else ""


def id_of(text: str) -> str:
    """An id without the path that answers have before it: `/hostedzone/Z1` is `Z1`."""
    return text.rpartition("/")[2]


def limit(req: Mapping[str, Any], name: str = "MaxItems", most: int = 100) -> int:
    """How many rows a page has. Raises InvalidInput for what is no number above 0."""
    given = str(req.get(name, most))
    if not given.isdigit() or not int(given):
        raise AwsError("InvalidInput", f"The value for {name} must be a number greater than 0.")
    return min(int(given), most)
