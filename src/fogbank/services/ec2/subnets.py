"""Subnets: where they may lie, which of their addresses are taken, and how they are described."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import rules, zones
from fogbank.services.ec2.resources import Block, NetworkInterface, Reservation, Subnet

PREFIX_SIZE = 16
"""How many addresses a delegated IPv4 prefix (a /28) holds."""


class Taken:
    """What interfaces have of a subnet: `address in taken` looks one up, of any number."""

    def __init__(self, ctx: Context, subnet: Subnet, besides: Collection[str] = ()) -> None:
        self._ctx = ctx
        self._subnet = subnet
        self._besides = besides

    def __contains__(self, address: object) -> bool:
        if address in self._besides:
            return True
        return bool(self._ctx.find(NetworkInterface, "by_place", f"{self._subnet.id} {address}"))

    def besides(self, addresses: Collection[str]) -> Taken:
        """The same, and these addresses."""
        return Taken(self._ctx, self._subnet, addresses)

    @cached_property
    def addresses(self) -> frozenset[str]:
        """All single addresses of both families: goes through every interface of the subnet."""
        found = self._ctx.find(NetworkInterface, "by_subnet", self._subnet.id)
        return frozenset(
            address for one in found for address in (*(own.address for own in one.addresses), *one.ipv6_addresses)
        )

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The delegated prefixes of both families."""
        found = self._ctx.find(NetworkInterface, "by_delegating_subnet", self._subnet.id)
        return tuple(prefix for one in found for prefix in one.prefixes)


class Cursor:
    """The place in a subnet after the last address that was given: whoever comes next looks there first."""

    def __init__(self, subnet_id: str) -> None:
        self.after = 0


def freed(ctx: Context, subnet_id: str) -> None:
    """Have the next address be looked for from the first one again: some have become free."""
    ctx.held(Cursor, subnet_id).after = 0


def taken(ctx: Context, subnet: Subnet) -> Taken:
    """What the interfaces of a subnet have of it."""
    return Taken(ctx, subnet)


def available(ctx: Context, subnet: Subnet) -> int:
    """How many IPv4 addresses are left for interfaces."""
    if not subnet.cidr:
        return 0
    in_use = taken(ctx, subnet)
    singles = sum(":" not in address for address in in_use.addresses)
    prefixes = sum(":" not in prefix for prefix in in_use.prefixes)
    return rules.size_of(subnet.cidr) - singles - prefixes * PREFIX_SIZE


def zone_of(ctx: Context, req: Mapping[str, Any]) -> tuple[str, str]:
    """The (name, id) of the zone that a request names by either, the region's first where it names none.

    Raises InvalidParameterValue and InvalidParameterCombination.
    """
    name, zone_id = req.get("AvailabilityZone"), req.get("AvailabilityZoneId")
    known = zones.zones(ctx.region)
    for given, at, member in ((name, 0, "availabilityZone"), (zone_id, 1, "availabilityZoneId")):
        if given and given not in (zone[at] for zone in known):
            listed = ", ".join(zone[at] for zone in known)
            text = (
                f"Value ({given}) for parameter {member} is invalid. Subnets can currently only be created in the "
                f"following availability zones: {listed}."
            )
            raise AwsError("InvalidParameterValue", text)
    found = next((zone for zone in known if name in (zone[0], None, "") and zone_id in (zone[1], None, "")), None)
    if found is None:
        text = "The parameters availabilityZone and availabilityZoneId do not name the same zone"
        raise AwsError("InvalidParameterCombination", text)
    return found


def described(ctx: Context, subnet: Subnet) -> dict[str, Any]:
    """A subnet as DescribeSubnets shows it."""
    shown: dict[str, Any] = {
        "SubnetId": subnet.id,
        "SubnetArn": ctx.arn(f"subnet/{subnet.id}"),
        "VpcId": subnet.vpc_id,
        "OwnerId": ctx.account,
        "State": "available",
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": subnet.zone_id,
        "AvailableIpAddressCount": available(ctx, subnet),
        "DefaultForAz": subnet.is_default,
        "MapPublicIpOnLaunch": subnet.map_public_ip,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": subnet.assign_ipv6,
        "Ipv6CidrBlockAssociationSet": [association(block) for block in subnet.ipv6_blocks],
        "EnableDns64": subnet.dns64,
        "Ipv6Native": not subnet.cidr,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": subnet.hostname_type,
            "EnableResourceNameDnsARecord": subnet.resource_name_a,
            "EnableResourceNameDnsAAAARecord": subnet.resource_name_aaaa,
        },
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "Tags": tags.written(subnet.tags),
    }
    if subnet.cidr:
        shown["CidrBlock"] = subnet.cidr
    return shown


def association(block: Block, state: str = "associated") -> dict[str, Any]:
    """An IPv6 block of a subnet as it is shown."""
    return {
        "AssociationId": block.association_id,
        "Ipv6CidrBlock": block.cidr,
        "Ipv6CidrBlockState": {"State": state},
        "Ipv6AddressAttribute": "public",
        "IpSource": "amazon",
    }


def reserved(ctx: Context, subnet: Subnet, reservation: Reservation) -> dict[str, Any]:
    """A CIDR reservation as GetSubnetCidrReservations shows it."""
    return {
        "SubnetCidrReservationId": reservation.id,
        "SubnetId": subnet.id,
        "Cidr": reservation.cidr,
        "ReservationType": reservation.type,
        "OwnerId": ctx.account,
        "Description": reservation.description,
        "Tags": tags.written(reservation.tags),
    }
