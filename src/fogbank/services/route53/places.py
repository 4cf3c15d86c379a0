"""Where askers are: the places of regions, and those of the networks that documentation is written with.

Coordinates are about those of the regions' cities. How long a way takes follows from its length (light in glass, with a
detour of two fifths), until it has been measured (`latency.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import NamedTuple

from fogbank.aws.internet import public_prefix
from fogbank.planes.dns.routing import Asker, kilometres

_KM_PER_SECOND = 200_000.0
_DETOUR = 1.4


class Spot(NamedTuple):
    """A region's place on earth."""

    latitude: float
    longitude: float
    continent: str
    country: str
    subdivision: str = ""


REGIONS: Mapping[str, Spot] = MappingProxyType(
    {
        "af-south-1": Spot(-33.9, 18.4, "AF", "ZA"),
        "ap-east-1": Spot(22.3, 114.2, "AS", "HK"),
        "ap-east-2": Spot(25.0, 121.5, "AS", "TW"),
        "ap-northeast-1": Spot(35.6, 139.8, "AS", "JP"),
        "ap-northeast-2": Spot(37.5, 127.0, "AS", "KR"),
        "ap-northeast-3": Spot(34.7, 135.5, "AS", "JP"),
        "ap-south-1": Spot(19.1, 72.9, "AS", "IN"),
        "ap-south-2": Spot(17.4, 78.5, "AS", "IN"),
        "ap-southeast-1": Spot(1.4, 103.8, "AS", "SG"),
        "ap-southeast-2": Spot(-33.9, 151.2, "OC", "AU"),
        "ap-southeast-3": Spot(-6.2, 106.8, "AS", "ID"),
        "ap-southeast-4": Spot(-37.8, 145.0, "OC", "AU"),
        "ap-southeast-5": Spot(3.1, 101.7, "AS", "MY"),
        "ap-southeast-6": Spot(-36.8, 174.8, "OC", "NZ"),
        "ap-southeast-7": Spot(13.8, 100.5, "AS", "TH"),
        "ca-central-1": Spot(45.5, -73.6, "NA", "CA"),
        "ca-west-1": Spot(51.0, -114.1, "NA", "CA"),
        "cn-north-1": Spot(39.9, 116.4, "AS", "CN"),
        "cn-northwest-1": Spot(37.5, 105.2, "AS", "CN"),
        "eu-central-1": Spot(50.1, 8.7, "EU", "DE"),
        "eu-central-2": Spot(47.4, 8.5, "EU", "CH"),
        "eu-north-1": Spot(59.3, 18.1, "EU", "SE"),
        "eu-south-1": Spot(45.5, 9.2, "EU", "IT"),
        "eu-south-2": Spot(41.6, -0.9, "EU", "ES"),
        "eu-west-1": Spot(53.3, -6.3, "EU", "IE"),
        "eu-west-2": Spot(51.5, -0.1, "EU", "GB"),
        "eu-west-3": Spot(48.9, 2.4, "EU", "FR"),
        "il-central-1": Spot(32.1, 34.8, "AS", "IL"),
        "me-central-1": Spot(24.5, 54.4, "AS", "AE"),
        "me-south-1": Spot(26.1, 50.6, "AS", "BH"),
        "mx-central-1": Spot(20.6, -100.4, "NA", "MX"),
        "sa-east-1": Spot(-23.5, -46.6, "SA", "BR"),
        "us-east-1": Spot(38.9, -77.4, "NA", "US", "VA"),
        "us-east-2": Spot(40.0, -83.0, "NA", "US", "OH"),
        "us-gov-east-1": Spot(40.0, -83.0, "NA", "US", "OH"),
        "us-gov-west-1": Spot(45.8, -119.7, "NA", "US", "OR"),
        "us-west-1": Spot(37.4, -121.9, "NA", "US", "CA"),
        "us-west-2": Spot(45.8, -119.7, "NA", "US", "OR"),
    }
)
_NETWORKS = (
    (ip_network("192.0.2.0/24"), "us-west-2"),
    (ip_network("198.51.100.0/24"), "eu-central-1"),
    (ip_network("203.0.113.0/24"), "ap-northeast-1"),
    *((ip_network(public_prefix(region)), region) for region in REGIONS),
)
"""The public addresses of regions; and the networks of RFC 5737, so that a client's subnet can be tried out."""
_NO_LATENCIES: Mapping[str, float] = MappingProxyType({})


@lru_cache(maxsize=4096)
def region_of(address: str, region: str) -> str:
    """The region that an address is in or near; `region` where nothing is known of the address."""
    where = ip_address(address)
    return next((found for block, found in _NETWORKS if where in block), region)


def asker(address: str, region: str, latencies: Mapping[str, float], bits: int = 0) -> Asker:
    """Who asks from an address in (or near) a region, with the seconds of a round trip to each region."""
    spot = REGIONS.get(region)
    if spot is None:
        return Asker(address, bits=bits)
    here = (spot.latitude, spot.longitude)
    return Asker(address, spot.continent, spot.country, spot.subdivision, here, latencies, bits)


@lru_cache(maxsize=64)
def latencies(region: str) -> Mapping[str, float]:
    """What round trips to each region take by the length of the way."""
    if region not in REGIONS:
        return _NO_LATENCIES
    here = REGIONS[region][:2]
    return MappingProxyType(
        {name: 2 * _DETOUR * kilometres(here, spot[:2]) / _KM_PER_SECOND for name, spot in REGIONS.items()}
    )
