"""What EC2 decides from plain values: blocks of addresses, and how many of everything there may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import MappingProxyType

from fogbank.aws.errors import AwsError

Network = IPv4Network | IPv6Network

QUOTAS: Mapping[str, int] = MappingProxyType(
    {
        "vpcs": 5,
        "internet-gateways": 5,
        "egress-only-gateways": 5,
        "elastic-ips": 5,
        "blocks": 5,
        "subnets": 200,
        "route-tables": 200,
        "routes": 500,
        "acls": 200,
        "acl-entries": 20,
        "groups": 2_500,
        "group-rules": 60,
        "groups-of-interface": 5,
        "interfaces": 5_000,
        "nat-gateways": 5,
        "peerings": 50,
        "endpoints": 20,
        "prefix-lists": 100,
        "prefix-list-entries": 1_000,
    }
)
"""How many there may be, as AWS begins with (Amazon VPC User Guide, "Amazon VPC quotas")."""

VPC_PREFIXES = range(16, 29)
RESERVED_FIRST = 4
"""Of each subnet: the network, the router, the resolver, and one for later; and the last address besides."""
_BLOCK = re.compile(r"[0-9a-fA-F:.]+/(0|[1-9][0-9]{0,2})")
_NOT_FOR_VPCS = tuple(ip_network(text) for text in ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "0.0.0.0/8"))


def network(text: str, member: str = "CIDR") -> Network:
    """A block as AWS takes it: host bits are cleared as AWS clears them. Raises InvalidParameterValue."""
    found = parsed(text)
    if found is None:
        text = f"Value ({text}) for parameter {member} is invalid. This is not a valid CIDR block."
        raise AwsError("InvalidParameterValue", text)
    return found


def parsed(text: str) -> Network | None:
    """A block, None for what is none: Python takes netmasks, zones and leading zeros besides, AWS does not."""
    try:
        return ip_network(text, strict=False) if _BLOCK.fullmatch(text) else None
    except ValueError:
        return None


def address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, None for what is none, or names a zone (`fe80::1%eth0`)."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def vpc_block(text: str) -> str:
    """A VPC's IPv4 block in its canonical form. Raises InvalidParameterValue and InvalidVpc.Range."""
    found = network(text, "cidrBlock")
    if found.version != 4:
        text = f"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        raise AwsError("InvalidParameterValue", text)
    if found.prefixlen not in VPC_PREFIXES or any(found.overlaps(other) for other in _NOT_FOR_VPCS):
        raise AwsError("InvalidVpc.Range", f"The CIDR '{text}' is invalid.")
    return str(found)


def subnet_block(text: str, blocks: Iterable[str], taken: Iterable[str]) -> str:
    """A subnet's IPv4 block: within one of the VPC's, apart from all others.

    Raises InvalidParameterValue, InvalidSubnet.Range and InvalidSubnet.Conflict.
    """
    found = network(text, "cidrBlock")
    if found.version != 4:
        text = f"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        raise AwsError("InvalidParameterValue", text)
    if found.prefixlen not in VPC_PREFIXES or not any(found.subnet_of(one) for one in _v4(blocks)):
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")
    if any(found.overlaps(one) for one in _v4(taken)):
        raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{text}' conflicts with another subnet")
    return str(found)


def addresses(block: str) -> Iterator[str]:
    """The addresses of a subnet that interfaces may have, in order: all but the first four and the last."""
    found = network(block)
    for at in range(RESERVED_FIRST, found.num_addresses - 1):
        yield str(found[at])


def is_assignable(address: str, block: str) -> bool:
    """Whether an interface may have an address of this subnet."""
    found = network(block)
    at = int(network(f"{address}/{found.max_prefixlen}").network_address) - int(found.network_address)
    return RESERVED_FIRST <= at < found.num_addresses - 1


def size_of(block: str) -> int:
    """How many addresses interfaces may have in a subnet."""
    return max(0, network(block).num_addresses - RESERVED_FIRST - 1)


def check_quota(name: str, count: int, code: str, text: str) -> None:
    """Raises `code` where there are as many as there may be already."""
    if count >= QUOTAS[name]:
        raise AwsError(code, text)


def _v4(blocks: Iterable[str]) -> Iterator[IPv4Network]:
    for block in blocks:
        found = ip_network(block)
        if isinstance(found, IPv4Network):
            yield found
