"""What things are called inside namespaces: devices, sets, chains, and the addresses that mean something everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fogbank.services.ec2.zones import short_of

GROUP_INTERNET = 10
"""The link group of a router's links to the internet; subnets begin past 100."""
GROUP_JOIN = 11
"""The link group of what joins routers: peerings, transit gateways."""
GROUP_ENDPOINT = 12
HOST_DEVICE = "eth0"
INTERNET_DEVICE = "igw"
UPLINK_DEVICE = "uplink"
NEXT_HOP, NEXT_HOP_6 = "169.254.0.1", "fe80::1"
"""The far end of every link between routers: the links have no addresses of their own, and nobody asks for theirs."""
RESOLVER, METADATA, TIME = "169.254.169.253", "169.254.169.254", "169.254.169.123"
RESOLVER_6, METADATA_6, TIME_6 = "fd00:ec2::253", "fd00:ec2::254", "fd00:ec2::123"
EVERYWHERE = ("0.0.0.0/0", "::/0")
OUTSIDE, OUTSIDE_6 = "203.0.113.10", "2001:db8:ffff::10"
"""Addresses of every region's internet that are nobody's (RFC 5737): for whoever starts something outside."""
METRIC_LAST = 9999


def tail(resource_id: str) -> str:
    """The twelve digits of an id that a device's name has room for."""
    return resource_id[-12:]


def device(resource_id: str) -> str:
    """The router's end of what an id stands for: `e…` of an interface, `p…` of a peering, `v…` of a VPC."""
    letter = {"eni": "e", "pcx": "p", "vpc": "v", "vpce": "g", "tgw-attach": "t"}[resource_id.rpartition("-")[0]]
    return letter + tail(resource_id)


def line(region: str) -> str:
    """The device of the line to a region: `w-euw1`."""
    return f"w-{short_of(region)}"


def combination(groups: Sequence[str]) -> str:
    """The name of a set of security groups, which all interfaces that have exactly these share."""
    return "c-" + hashlib.blake2s(" ".join(sorted(groups)).encode(), digest_size=6).hexdigest()


def members(group: str, version: int) -> str:
    """The set that holds the addresses of a security group's interfaces."""
    return f"m{version}-{group}"
