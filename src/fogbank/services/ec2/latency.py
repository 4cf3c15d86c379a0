"""How long packets take between regions, unless people say otherwise.

Round trips between the regions that most people use are about what AWS's Network Manager shows ("Infrastructure
Performance"), rounded; all others follow from the distance: light in glass, and a detour of two fifths.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType

_EARTH_KM = 6371.0
_GLASS_KM_PER_MS = 200.0
_DETOUR = 1.4
_ENDS_MS = 2.0
_PLACES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "af-south-1": (-33.9, 18.4),
        "ap-east-1": (22.3, 114.2),
        "ap-east-2": (25.0, 121.5),
        "ap-northeast-1": (35.6, 139.8),
        "ap-northeast-2": (37.5, 127.0),
        "ap-northeast-3": (34.7, 135.5),
        "ap-south-1": (19.1, 72.9),
        "ap-south-2": (17.4, 78.5),
        "ap-southeast-1": (1.4, 103.8),
        "ap-southeast-2": (-33.9, 151.2),
        "ap-southeast-3": (-6.2, 106.8),
        "ap-southeast-4": (-37.8, 145.0),
        "ap-southeast-5": (3.1, 101.7),
        "ap-southeast-6": (-36.8, 174.8),
        "ap-southeast-7": (13.8, 100.5),
        "ca-central-1": (45.5, -73.6),
        "ca-west-1": (51.0, -114.1),
        "cn-north-1": (39.9, 116.4),
        "cn-northwest-1": (37.5, 105.2),
        "eu-central-1": (50.1, 8.7),
        "eu-central-2": (47.4, 8.5),
        "eu-north-1": (59.3, 18.1),
        "eu-south-1": (45.5, 9.2),
        "eu-south-2": (41.6, -0.9),
        "eu-west-1": (53.3, -6.3),
        "eu-west-2": (51.5, -0.1),
        "eu-west-3": (48.9, 2.4),
        "il-central-1": (32.1, 34.8),
        "me-central-1": (24.5, 54.4),
        "me-south-1": (26.1, 50.6),
        "mx-central-1": (20.6, -100.4),
        "sa-east-1": (-23.5, -46.6),
        "us-east-1": (38.9, -77.4),
        "us-east-2": (40.0, -83.0),
        "us-gov-east-1": (40.0, -83.0),
        "us-gov-west-1": (45.8, -119.7),
        "us-west-1": (37.4, -121.9),
        "us-west-2": (45.8, -119.7),
    }
)
_MEASURED_MS: Mapping[str, float] = MappingProxyType(
    {
        "ap-northeast-1 ap-northeast-2": 34,
        "ap-northeast-1 ap-southeast-1": 70,
        "ap-northeast-1 ap-southeast-2": 107,
        "ap-northeast-1 eu-west-1": 203,
        "ap-northeast-1 us-east-1": 150,
        "ap-northeast-1 us-west-2": 99,
        "ap-south-1 ap-southeast-1": 64,
        "ap-south-1 eu-west-1": 122,
        "ap-south-1 us-east-1": 190,
        "ap-southeast-1 ap-southeast-2": 93,
        "ap-southeast-1 eu-west-1": 175,
        "ap-southeast-1 us-east-1": 216,
        "ap-southeast-1 us-west-2": 164,
        "ap-southeast-2 eu-west-1": 256,
        "ap-southeast-2 us-east-1": 199,
        "ap-southeast-2 us-west-2": 141,
        "ca-central-1 us-east-1": 15,
        "eu-central-1 eu-north-1": 23,
        "eu-central-1 eu-west-1": 25,
        "eu-central-1 eu-west-2": 16,
        "eu-central-1 eu-west-3": 10,
        "eu-central-1 us-east-1": 92,
        "eu-north-1 us-east-1": 111,
        "eu-west-1 eu-west-2": 12,
        "eu-west-1 eu-west-3": 18,
        "eu-west-1 sa-east-1": 176,
        "eu-west-1 us-east-1": 68,
        "eu-west-1 us-east-2": 78,
        "eu-west-1 us-west-1": 137,
        "eu-west-1 us-west-2": 118,
        "eu-west-2 us-east-1": 76,
        "eu-west-3 us-east-1": 82,
        "sa-east-1 us-east-1": 114,
        "us-east-1 us-east-2": 12,
        "us-east-1 us-west-1": 63,
        "us-east-1 us-west-2": 66,
        "us-east-2 us-west-2": 50,
        "us-west-1 us-west-2": 21,
    }
)


def round_trip_seconds(here: str, there: str) -> float:
    """The round trip between two regions, in seconds; none within one."""
    if here == there:
        return 0.0
    measured = _MEASURED_MS.get(" ".join(sorted((here, there))))
    return (measured if measured is not None else _by_distance(here, there)) / 1000


def _by_distance(here: str, there: str) -> float:
    nowhere = (0.0, 0.0)
    (one, east), (other, west) = (tuple(map(radians, _PLACES.get(region, nowhere))) for region in (here, there))
    arc = sin((one - other) / 2) ** 2 + cos(one) * cos(other) * sin((east - west) / 2) ** 2
    kilometres = 2 * _EARTH_KM * asin(sqrt(arc))
    return round(2 * kilometres / _GLASS_KM_PER_MS * _DETOUR + _ENDS_MS, 1)
