"""Which addresses there are: public prefixes and IPv6 blocks of regions, secondary blocks, interfaces' addresses."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import chain

from fogbank.aws.errors import AwsError
from fogbank.aws.ids import Random
from fogbank.aws.internet import public_prefix, region_slot
from fogbank.services.ec2 import rules

IPV6_BLOCKS = 1 << 16
_OWN_ADDRESSES = 256
_IPV6_START = int(IPv6Address("2001:db8::"))
_IPV6_RESERVED = 4
_TRIES = 64
_PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_BENCHMARK = IPv4Network("198.19.0.0/16")
_TENTH_FIRST = IPv4Network("10.0.0.0/16")
_LINK_LOCAL = IPv4Network("169.254.0.0/16")
_RESTRICTED = (
    "The CIDR '{}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a "
    "publicly-routable CIDR. For additional restrictions, see "
    "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Subnets.html"
)


def is_public_of(region: str, address: str) -> bool:
    """Whether an address is one that accounts can be given in a region."""
    found, block = ip_address(address), IPv4Network(public_prefix(region))
    return found in block and int(found) - int(block.network_address) >= _OWN_ADDRESSES


def public_addresses(region: str, source: Random) -> Iterator[str]:
    """The addresses that accounts can be given in a region: some at random, then all of them in order."""
    block = IPv4Network(public_prefix(region))
    size = block.num_addresses - _OWN_ADDRESSES
    for _ in range(_TRIES):
        yield str(block[_OWN_ADDRESSES + int(source.random() * size)])
    for at in range(_OWN_ADDRESSES, block.num_addresses):
        yield str(block[at])


def ipv6_block(slot: int, number: int) -> str:
    """The `number`-th /56 of a region: 2001:db8::/32, 8 bits of the region's slot, 16 bits of number."""
    return f"{IPv6Address(_IPV6_START | slot << 88 | number << 72)}/56"


def ipv6_prefix(region: str) -> str:
    """The /40 that all IPv6 blocks of a region lie in."""
    return f"{IPv6Address(_IPV6_START | region_slot(region) << 88)}/40"


def free_ipv6_block(region: str, taken: Collection[str]) -> str:
    """The first /56 of a region that nobody has. Raises InsufficientCidrBlocks when all are taken."""
    slot = region_slot(region)
    for number in range(IPV6_BLOCKS):
        if (block := ipv6_block(slot, number)) not in taken:
            return block
    raise AwsError("InsufficientCidrBlocks", "There are no IPv6 CIDR blocks left in this region.")


def secondary_block(text: str, blocks: Iterable[str]) -> str:
    """A further IPv4 block of a VPC that has these already.

    Raises InvalidVpc.Range where it overlaps one, or where the ranges do not go together (Amazon VPC User Guide,
    "IPv4 CIDR block association restrictions").
    """
    found = IPv4Network(rules.vpc_block(text))
    present = [IPv4Network(block) for block in blocks]
    for block in present:
        if found.overlaps(block):
            raise AwsError("InvalidVpc.Range", f"The CIDR '{found}' conflicts with the CIDR '{block}' of the VPC.")
    if _excludes(present[0], found) or (
        found.subnet_of(_TENTH_FIRST) and any(block.subnet_of(_TENTH_FIRST.supernet()) for block in present)
    ):
        raise AwsError("InvalidVpc.Range", _RESTRICTED.format(found))
    return str(found)


def _excludes(block: IPv4Network, found: IPv4Network) -> bool:
    """Whether a VPC whose first block is one of these may not have the other."""
    ours, theirs = _private_range(block), _private_range(found)
    if found.overlaps(_LINK_LOCAL):
        return True
    if theirs is not None and theirs != ours:
        return True
    if found.overlaps(_BENCHMARK):
        return not block.subnet_of(_BENCHMARK)
    return ours == 1 and found.subnet_of(IPv4Network("172.31.0.0/16"))


def _private_range(block: IPv4Network) -> int | None:
    return next((at for at, one in enumerate(_PRIVATE) if block.overlaps(one)), None)


def subnet_ipv6_block(text: str, blocks: Iterable[str], taken: Iterable[str]) -> str:
    """A subnet's IPv6 block: a /64 (or /44 to /60 in steps of 4) of one of the VPC's, apart from all others.

    Raises InvalidParameterValue, InvalidSubnet.Range and InvalidSubnet.Conflict.
    """
    found = rules.network(text, "ipv6CidrBlock")
    if not isinstance(found, IPv6Network):
        raise AwsError(
            "InvalidParameterValue",
            f"Value ({text}) for parameter ipv6CidrBlock is invalid. This is not a valid IPv6 CIDR block.",
        )
    within = any(found.subnet_of(IPv6Network(block)) for block in blocks)
    if found.prefixlen not in range(44, 65, 4) or not within:
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")
    if any(found.overlaps(IPv6Network(block)) for block in taken):
        raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{text}' conflicts with another subnet")
    return str(found)


def within(cidr: str, block: str) -> bool:
    """Whether a block lies in another; never, where they are of different families."""
    inner, outer = ip_network(cidr), ip_network(block)
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def overlap(one: str, other: str) -> bool:
    """Whether two blocks of any family have an address in common."""
    return within(one, other) or within(other, one)


def chosen(block: str, count: int, taken: Container[str], kept: Iterable[str], after: int = 0) -> list[str]:
    """`count` IPv4 addresses of a subnet that are not taken, and in no block that is kept: the lowest past a place.

    Past the last address it goes on from the first. Raises InsufficientFreeAddressesInSubnet.
    """
    network = IPv4Network(block)
    start, size = int(network.network_address), network.num_addresses
    keeps = [(int(one[0]), int(one[-1])) for one in map(IPv4Network, (one for one in kept if ":" not in one))]
    first = max(rules.RESERVED_FIRST, after + 1)
    found: list[str] = []
    for at in chain(range(first, size - 1), range(rules.RESERVED_FIRST, min(first, size - 1))):
        if len(found) == count:
            break
        # As text by hand: a subnet with thousands of interfaces is gone through each time.
        number = start + at
        address = f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        if not any(low <= number <= high for low, high in keeps) and address not in taken:
            found.append(address)
    if len(found) < count:
        raise insufficient()
    return found


def place(block: str, address: str) -> int:
    """An address's place in a block: 0 for the first."""
    return int(IPv4Address(address)) - int(IPv4Network(block).network_address)


def chosen_ipv6(block: str, count: int, taken: Container[str], random: Random) -> list[str]:
    """IPv6 addresses of a subnet, at random as AWS takes them."""
    network = IPv6Network(block)
    bits = network.max_prefixlen - network.prefixlen
    found: list[str] = []
    while len(found) < count:
        offset = random.getrandbits(bits)
        address = str(network[offset])
        if _IPV6_RESERVED <= offset < network.num_addresses - 1 and address not in taken and address not in found:
            found.append(address)
    return found


def chosen_prefixes(block: str, length: int, count: int, taken: Collection[str], within: Iterable[str]) -> list[str]:
    """The lowest `count` prefixes of a length in a subnet's block that hold nothing taken.

    `taken` are blocks; `within`, where there are any, are the reservations that prefixes come from.
    Raises InsufficientCidrBlocks.
    """
    network = ip_network(block)
    size = 1 << network.max_prefixlen - length
    first, last = _range(network)
    # What nobody may have: the first four addresses, and the last one of IPv4.
    ranges = [(first, first + rules.RESERVED_FIRST - 1), *([(last, last)] if network.version == 4 else [])]
    ranges = sorted([*ranges, *(_range(one) for one in map(ip_network, taken) if one.version == network.version)])
    found: list[str] = []
    for low, high in map(_range, [ip_network(one) for one in within if overlap(one, block)] or [network]):
        at = -(-low // size) * size
        for taken_low, taken_high in [*ranges, (high + 1, high + 1)]:
            while at + size <= min(taken_low, high + 1) and len(found) < count:
                found.append(f"{type(network.network_address)(at)}/{length}")
                at += size
            at = max(at, -(-(taken_high + 1) // size) * size)
    if len(found) < count:
        raise AwsError("InsufficientCidrBlocks", "The specified subnet does not have enough free cidr blocks.")
    return found


def _range(block: IPv4Network | IPv6Network) -> tuple[int, int]:
    return int(block.network_address), int(block.broadcast_address)


def insufficient() -> AwsError:
    return AwsError(
        "InsufficientFreeAddressesInSubnet",
        "The specified subnet does not have enough free addresses to satisfy the request.",
    )


def explicit(address: str, block: str, member: str = "privateIpAddress") -> str:
    """An address that somebody names, in its canonical form. Raises InvalidParameterValue."""
    found = rules.address(address)
    if found is None:
        text = f"Value ({address}) for parameter {member} is invalid. This is not a valid IP address."
        raise AwsError("InvalidParameterValue", text)
    if not block or found not in ip_network(block):
        raise AwsError("InvalidParameterValue", "Address does not fall within the subnet's address range")
    if not rules.is_assignable(str(found), block):
        raise AwsError("InvalidParameterValue", "Address is in subnet's reserved address range")
    return str(found)


def private_name(address: str, region: str) -> str:
    """`ip-10-0-1-4.ec2.internal`, in other regions than us-east-1 `ip-10-0-1-4.eu-west-1.compute.internal`."""
    return f"ip-{address.replace('.', '-')}.{private_domain(region)}"


def private_domain(region: str) -> str:
    """The domain of private names, which is also the domain-name of the default DHCP options."""
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"


def public_name(address: str, region: str) -> str:
    """`ec2-198-18-1-4.compute-1.amazonaws.com`, in other regions than us-east-1 `….<region>.compute.amazonaws.com`."""
    domain = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{domain}.amazonaws.com"


def mac(random: Random) -> str:
    """A locally administered, unicast MAC address, as AWS gives them."""
    bits = random.getrandbits(40)
    return ":".join(("02", *(f"{bits >> shift & 0xFF:02x}" for shift in (32, 24, 16, 8, 0))))
