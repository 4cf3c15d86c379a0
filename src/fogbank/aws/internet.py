"""Where things are on the internets of this cloud: the public addresses of regions and of name servers."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from zlib import crc32

REGIONS = tuple(
    "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1"
    " ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1"
    " cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-isoe-west-1 eu-north-1 eu-south-1 eu-south-2 eu-west-1"
    " eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1"
    " sa-west-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 us-isob-east-1"
    " us-isob-west-1 us-isof-east-1 us-isof-south-1 us-west-1 us-west-2".split()
)
"""Each region's place is its slot for good: a new region goes to the end."""
SLOTS = 63
PUBLIC = "198.18.0.0/15"
"""The addresses of RFC 2544, which nobody routes: what is public here is not public elsewhere."""
_PUBLIC_PREFIX = 21
_NAMES, _API = 2, 10
NAME_SERVERS = "198.19.248.0/21"
"""The addresses of Route 53's 2,048 name servers: the slot past those of regions."""


def region_slot(region: str) -> int:
    """A region's number below `SLOTS`; regions that are not in the table share those that are left."""
    if region in REGIONS:
        return REGIONS.index(region)
    return len(REGIONS) + crc32(region.encode()) % (SLOTS - len(REGIONS))


def public_prefix(region: str) -> str:
    """The public addresses of a region: a /21 of 198.18.0.0/15. The first /24 of it is fogbank's own."""
    start = int(IPv4Network(PUBLIC).network_address) + (region_slot(region) << (32 - _PUBLIC_PREFIX))
    return f"{IPv4Address(start)}/{_PUBLIC_PREFIX}"


def namespace(region: str) -> str:
    """The namespace of a region's internet."""
    return f"inet-{region}"


def name_server(number: int) -> str:
    """The address of the name server `ns-<number>`, from 0 to 2,047."""
    return str(IPv4Network(NAME_SERVERS)[number])


def names_address(region: str) -> str:
    """The address of a region's internet at which this process answers names for all name servers."""
    return str(IPv4Network(public_prefix(region))[_NAMES])


def api_address(region: str) -> str:
    """The public address at which a region's API answers, and its websites."""
    return str(IPv4Network(public_prefix(region))[_API])


def checker_address(region: str) -> str:
    """The address of a region's internet from which health checkers come: that of the API, which is always there."""
    return str(IPv4Network(public_prefix(region))[_API])
