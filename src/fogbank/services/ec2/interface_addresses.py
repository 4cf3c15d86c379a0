"""The addresses of interfaces: those that a request names are checked, the others are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing, rules, subnets
from fogbank.services.ec2.resources import NetworkInterface, Subnet

ADDRESSES_MAX = 50
"""How many IPv4 addresses, or prefixes, an interface may have: what the largest instance types take."""
IPV4_PREFIX, IPV6_PREFIX = 28, 80


class Asked(NamedTuple):
    """What a request asks for: addresses by name and by number. The primary address is one of its own."""

    primary: str = ""
    ipv4: tuple[str, ...] = ()
    ipv4_count: int = 0
    ipv6: tuple[str, ...] = ()
    ipv6_count: int | None = None
    prefixes: tuple[str, ...] = ()
    ipv4_prefix_count: int = 0
    ipv6_prefix_count: int = 0


class Given(NamedTuple):
    """What an interface is given, in order."""

    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


def asked_by(req: Mapping[str, Any]) -> Asked:
    """What a CreateNetworkInterface asks for. Raises InvalidParameterCombination and InvalidParameterValue."""
    listed = req.get("PrivateIpAddresses") or ()
    _members(req, "PrivateIpAddresses", "PrivateIpAddress")
    primaries = [one["PrivateIpAddress"] for one in listed if one.get("Primary")]
    if req.get("PrivateIpAddress"):
        primaries.append(req["PrivateIpAddress"])
    if len(primaries) > 1:
        raise AwsError("InvalidParameterCombination", "Only one primary private IP address can be specified.")
    secondary = tuple(one["PrivateIpAddress"] for one in listed if not one.get("Primary"))
    if not primaries and secondary:
        text = "A primary private IP address must be specified when private IP addresses are listed."
        raise AwsError("InvalidParameterValue", text)
    _exclusive(req, "PrivateIpAddresses", "SecondaryPrivateIpAddressCount")
    _exclusive(req, "Ipv6Addresses", "Ipv6AddressCount")
    _exclusive(req, "Ipv4Prefixes", "Ipv4PrefixCount")
    _exclusive(req, "Ipv6Prefixes", "Ipv6PrefixCount")
    _exclusive(req, "Ipv4Prefixes", "SecondaryPrivateIpAddressCount")
    return Asked(
        primary=primaries[0] if primaries else "",
        ipv4=secondary,
        ipv4_count=req.get("SecondaryPrivateIpAddressCount", 0),
        ipv6=_members(req, "Ipv6Addresses", "Ipv6Address"),
        ipv6_count=req.get("Ipv6AddressCount"),
        prefixes=_members(req, "Ipv4Prefixes", "Ipv4Prefix") + _members(req, "Ipv6Prefixes", "Ipv6Prefix"),
        ipv4_prefix_count=req.get("Ipv4PrefixCount", 0),
        ipv6_prefix_count=req.get("Ipv6PrefixCount", 0),
    )


def first(ctx: Context, subnet: Subnet, asked: Asked) -> Given:
    """The addresses of a new interface: a primary one, and what else is asked for.

    Raises InvalidIPAddress.InUse, InvalidParameterValue, InsufficientFreeAddressesInSubnet, InsufficientCidrBlocks and
    PrivateIpAddressLimitExceeded.
    """
    _check_counts(asked)
    if not subnet.cidr and (asked.primary or asked.ipv4 or asked.ipv4_count or asked.ipv4_prefix_count):
        text = f"The subnet '{subnet.id}' is IPv6-only: IPv4 addresses cannot be assigned in it."
        raise AwsError("InvalidParameterValue", text)
    if asked.ipv6_count is None and not asked.ipv6:
        asked = asked._replace(ipv6_count=1 if subnet.assign_ipv6 else 0)
    if not subnet.cidr and not asked.ipv6 and not asked.ipv6_count:
        asked = asked._replace(ipv6_count=1)
    named = (*((asked.primary,) if asked.primary else ()), *asked.ipv4)
    count = asked.ipv4_count + (0 if asked.primary or not subnet.cidr else 1)
    return further(ctx, subnet, asked._replace(ipv4=named, ipv4_count=count))


def further(ctx: Context, subnet: Subnet, asked: Asked, interface: NetworkInterface | None = None) -> Given:
    """Addresses for an interface of a subnet, beside those that it has. Raises as `first` does."""
    _check_counts(asked)
    _check_room(asked, interface)
    in_use = subnets.taken(ctx, subnet)
    ipv4 = _ipv4(ctx, subnet, asked, in_use)
    ipv6 = _ipv6(ctx, subnet, asked, in_use)
    prefixes: tuple[str, ...] = ()
    if asked.prefixes or asked.ipv4_prefix_count or asked.ipv6_prefix_count:
        singles = _singles((*in_use.addresses, *ipv4, *ipv6))
        prefixes = _prefixes(subnet, asked, (*in_use.prefixes, *singles))
    return Given(ipv4, ipv6, prefixes)


def _check_counts(asked: Asked) -> None:
    """Raises InvalidParameterValue for less than none."""
    for count in (asked.ipv4_count, asked.ipv6_count or 0, asked.ipv4_prefix_count, asked.ipv6_prefix_count):
        if count < 0:
            text = f"Value ({count}) for parameter count is invalid. It must be at least 0."
            raise AwsError("InvalidParameterValue", text)


def _check_room(asked: Asked, interface: NetworkInterface | None) -> None:
    """Raises PrivateIpAddressLimitExceeded past what an interface takes."""
    has = (len(interface.addresses), len(interface.ipv6_addresses)) if interface else (0, 0)
    held = interface.prefixes if interface else ()
    counts = (
        (asked.ipv4, asked.ipv4_count, asked.ipv4_prefix_count),
        (asked.ipv6, asked.ipv6_count or 0, asked.ipv6_prefix_count),
    )
    for is_ipv6, (named, count, prefix_count) in enumerate(counts):
        prefixes = sum((":" in one) == is_ipv6 for one in (*held, *asked.prefixes))
        if has[is_ipv6] + len(named) + count + prefix_count + prefixes > ADDRESSES_MAX:
            raise AwsError("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")


def _ipv4(ctx: Context, subnet: Subnet, asked: Asked, in_use: subnets.Taken) -> tuple[str, ...]:
    named = [addressing.explicit(address, subnet.cidr) for address in asked.ipv4]
    for at, address in enumerate(named):
        if is_taken(address, in_use) or address in named[:at]:
            raise AwsError("InvalidIPAddress.InUse", "The specified address is already in use.")
    if not asked.ipv4_count:
        return tuple(named)
    kept = [one.cidr for one in subnet.reservations] + list(in_use.prefixes)
    cursor = ctx.held(subnets.Cursor, subnet.id)
    found = addressing.chosen(subnet.cidr, asked.ipv4_count, in_use.besides(named), kept, cursor.after)
    cursor.after = addressing.place(subnet.cidr, found[-1])
    return (*named, *found)


def _ipv6(ctx: Context, subnet: Subnet, asked: Asked, in_use: subnets.Taken) -> tuple[str, ...]:
    if not asked.ipv6 and not asked.ipv6_count:
        return ()
    block = _ipv6_block(subnet)
    named = [addressing.explicit(address, block, "ipv6Addresses") for address in asked.ipv6]
    for at, address in enumerate(named):
        if is_taken(address, in_use) or address in named[:at]:
            raise AwsError("InvalidIPAddress.InUse", "The specified address is already in use.")
    return (*named, *addressing.chosen_ipv6(block, asked.ipv6_count or 0, in_use.besides(named), ctx.random))


def _ipv6_block(subnet: Subnet) -> str:
    if not subnet.ipv6_blocks:
        text = f"The subnet '{subnet.id}' does not have an associated IPv6 CIDR block."
        raise AwsError("InvalidParameterValue", text)
    return subnet.ipv6_blocks[0].cidr


def _prefixes(subnet: Subnet, asked: Asked, taken: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for text in asked.prefixes:
        prefix = str(rules.network(text, "prefix"))
        is_ipv6 = ":" in prefix
        block = _ipv6_block(subnet) if is_ipv6 else subnet.cidr
        if not prefix.endswith(f"/{IPV6_PREFIX if is_ipv6 else IPV4_PREFIX}"):
            raise AwsError(
                "InvalidParameterValue", f"Value ({text}) for parameter prefix is invalid. Invalid prefix length"
            )
        if not block or not addressing.within(prefix, block):
            raise AwsError("InvalidParameterValue", "Prefix does not fall within the subnet's address range")
        if any(addressing.overlap(prefix, one) for one in (*taken, *found)):
            raise AwsError("InvalidIPAddress.InUse", "The specified prefix is already in use.")
        found.append(prefix)
    within = [one.cidr for one in subnet.reservations if one.type == "prefix"]
    kept = [one.cidr for one in subnet.reservations if one.type != "prefix"]
    counts = ((asked.ipv4_prefix_count, IPV4_PREFIX, False), (asked.ipv6_prefix_count, IPV6_PREFIX, True))
    for count, length, is_ipv6 in counts:
        if count:
            block = _ipv6_block(subnet) if is_ipv6 else subnet.cidr
            places = [one for one in within if (":" in one) == is_ipv6]
            found += addressing.chosen_prefixes(block, length, count, (*taken, *kept, *found), places)
    return tuple(found)


def is_taken(address: str, in_use: subnets.Taken) -> bool:
    """Whether an interface has an address, by itself or in a prefix."""
    own = next(iter(_singles((address,))))
    return address in in_use or any(addressing.within(own, prefix) for prefix in in_use.prefixes)


def _singles(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{address}/{128 if ':' in address else 32}" for address in addresses)


def _members(req: Mapping[str, Any], name: str, member: str) -> tuple[str, ...]:
    """A member of each of a list's structures. Raises MissingParameter where one has none."""
    found = tuple(one.get(member, "") for one in req.get(name) or ())
    if not all(found):
        text = f"The request must contain the parameter {member[:1].lower()}{member[1:]}"
        raise AwsError("MissingParameter", text)
    return found


def _exclusive(req: Mapping[str, Any], one: str, other: str) -> None:
    if req.get(one) and req.get(other):
        first, second = (name[:1].lower() + name[1:] for name in (one, other))
        text = f"The parameter {first} cannot be used with the parameter {second}"
        raise AwsError("InvalidParameterCombination", text)
