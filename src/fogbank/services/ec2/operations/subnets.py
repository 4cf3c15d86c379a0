"""Subnets, their IPv6 blocks and their reservations (EC2 API Reference, "CreateSubnet" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing, rules, subnets, tagging, vpcs
from fogbank.services.ec2.catalog import dependency_violation, one
from fogbank.services.ec2.listing import Listing, limit_of, listed, paged
from fogbank.services.ec2.resources import Block, NetworkInterface, Reservation, Subnet, Vpc

_LISTING = Listing(
    Subnet,
    "Subnets",
    "SubnetIds",
    "SubnetId",
    {
        "availability-zone": "AvailabilityZone",
        "availabilityZone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "availabilityZoneId": "AvailabilityZoneId",
        "available-ip-address-count": "AvailableIpAddressCount",
        "cidr-block": "CidrBlock",
        "cidr": "CidrBlock",
        "cidrBlock": "CidrBlock",
        "default-for-az": "DefaultForAz",
        "defaultForAz": "DefaultForAz",
        "enable-dns64": "EnableDns64",
        "ipv6-cidr-block-association.ipv6-cidr-block": "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
        "ipv6-cidr-block-association.association-id": "Ipv6CidrBlockAssociationSet.AssociationId",
        "ipv6-cidr-block-association.state": "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
        "ipv6-native": "Ipv6Native",
        "map-customer-owned-ip-on-launch": "MapCustomerOwnedIpOnLaunch",
        "map-public-ip-on-launch": "MapPublicIpOnLaunch",
        "outpost-arn": "OutpostArn",
        "owner-id": "OwnerId",
        "private-dns-name-options-on-launch.hostname-type": "PrivateDnsNameOptionsOnLaunch.HostnameType",
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": (
            "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord"
        ),
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": (
            "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord"
        ),
        "state": "State",
        "subnet-arn": "SubnetArn",
        "subnet-id": "SubnetId",
        "vpc-id": "VpcId",
    },
)
_RESERVATION_FILTERS = {
    "reservationType": "ReservationType",
    "reservation-type": "ReservationType",
    "subnet-id": "SubnetId",
}
_SWITCHES = {
    "MapPublicIpOnLaunch": "map_public_ip",
    "AssignIpv6AddressOnCreation": "assign_ipv6",
    "EnableDns64": "dns64",
    "EnableResourceNameDnsARecordOnLaunch": "resource_name_a",
    "EnableResourceNameDnsAAAARecordOnLaunch": "resource_name_aaaa",
}
_NOT_HERE = ("MapCustomerOwnedIpOnLaunch", "CustomerOwnedIpv4Pool", "EnableLniAtDeviceIndex", "DisableLniAtDeviceIndex")


def create_subnet(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = one(ctx, Vpc, req["VpcId"])
    for member in ("OutpostArn", "Ipv4IpamPoolId", "Ipv6IpamPoolId"):
        if member in req:
            raise AwsError("UnsupportedOperation", f"fogbank has no Outposts or address pools: {member}.")
    zone, zone_id = subnets.zone_of(ctx, req)
    others = list(ctx.scan(Subnet, vpc.id))
    cidr = _cidr(vpc, others, req)
    ipv6 = _ipv6(ctx, vpc, others, req)
    text = "The maximum number of subnets has been reached."
    rules.check_quota("subnets", len(others), "SubnetLimitExceeded", text)
    subnet = Subnet(
        vpc_id=vpc.id,
        id=vpcs.new_id(ctx, "subnet"),
        number=vpcs.numbered(ctx, vpc),
        cidr=cidr,
        zone=zone,
        zone_id=zone_id,
        ipv6_blocks=ipv6,
        assign_ipv6=not cidr,
        hostname_type="ip-name" if cidr else "resource-name",
        acl_id=vpc.default_acl_id,
        acl_association_id=vpcs.new_id(ctx, "aclassoc"),
        tags=tagging.specified(req, "subnet"),
    )
    ctx.put(subnet)
    return {"Subnet": subnets.described(ctx, subnet)}


def delete_subnet(ctx: Context, req: dict[str, Any]) -> None:
    subnet = one(ctx, Subnet, req["SubnetId"])
    if ctx.find(NetworkInterface, "by_subnet", subnet.id):
        raise dependency_violation("subnet", subnet.id)
    ctx.delete(Subnet, subnet.vpc_id, subnet.id)


def describe_subnets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, subnets.described)


def modify_subnet_attribute(ctx: Context, req: dict[str, Any]) -> None:
    subnet = one(ctx, Subnet, req["SubnetId"])
    if unknown := [member for member in _NOT_HERE if member in req]:
        raise AwsError("UnsupportedOperation", f"fogbank has no Outposts: {unknown[0]} cannot be set.")
    given = [member for member in (*_SWITCHES, "PrivateDnsHostnameTypeOnLaunch") if member in req]
    if not given:
        raise AwsError("MissingParameter", "The request must contain the parameter attribute")
    if len(given) > 1:
        text = f"Fields for multiple attribute types specified: {', '.join(given)}"
        raise AwsError("InvalidParameterCombination", text)
    if given[0] == "PrivateDnsHostnameTypeOnLaunch":
        if req[given[0]] == "ip-name" and not subnet.cidr:
            raise AwsError("InvalidParameterValue", "An IPv6-only subnet cannot have the hostname type 'ip-name'.")
        ctx.put(msgspec.structs.replace(subnet, hostname_type=req[given[0]]))
        return
    wanted = bool(req[given[0]].get("Value"))
    if wanted:
        _check_switch(subnet, given[0])
    ctx.put(msgspec.structs.replace(subnet, **{_SWITCHES[given[0]]: wanted}))


def associate_subnet_cidr_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    subnet = one(ctx, Subnet, req["SubnetId"])
    if "Ipv6IpamPoolId" in req:
        raise AwsError("UnsupportedOperation", "fogbank has no address pools: Ipv6IpamPoolId cannot be used.")
    if not req.get("Ipv6CidrBlock"):
        raise AwsError("MissingParameter", "The request must contain the parameter ipv6CidrBlock")
    vpc = one(ctx, Vpc, subnet.vpc_id)
    found = _ipv6(ctx, vpc, list(ctx.scan(Subnet, vpc.id)), req)
    if subnet.ipv6_blocks:
        text = f"This network '{subnet.id}' has met its maximum number of allowed CIDRs: 1"
        raise AwsError("CidrLimitExceeded", text)
    ctx.put(msgspec.structs.replace(subnet, ipv6_blocks=found))
    return {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": subnets.association(found[0], "associating")}


def disassociate_subnet_cidr_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    subnet, block = _associated(ctx, req["AssociationId"])
    if not subnet.cidr:
        text = f"The IPv6 CIDR block of the IPv6-only subnet '{subnet.id}' cannot be disassociated."
        raise AwsError("OperationNotPermitted", text)
    in_use = subnets.taken(ctx, subnet)
    if any(":" in address for address in (*in_use.addresses, *in_use.prefixes)):
        text = f"The IPv6 CIDR block '{block.cidr}' of '{subnet.id}' has dependencies and cannot be disassociated."
        raise AwsError("DependencyViolation", text)
    left = tuple(one for one in subnet.ipv6_blocks if one != block)
    kept = tuple(one for one in subnet.reservations if not addressing.within(one.cidr, block.cidr))
    ctx.put(
        msgspec.structs.replace(
            subnet, ipv6_blocks=left, reservations=kept, assign_ipv6=subnet.assign_ipv6 and bool(left)
        )
    )
    return {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": subnets.association(block, "disassociating")}


def create_subnet_cidr_reservation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    subnet = one(ctx, Subnet, req["SubnetId"])
    cidr = str(rules.network(req["Cidr"], "cidr"))
    blocks = [subnet.cidr, *(block.cidr for block in subnet.ipv6_blocks)]
    if not any(block and addressing.within(cidr, block) for block in blocks):
        raise AwsError("InvalidParameterValue", f"The CIDR '{cidr}' is not within the CIDR of the subnet.")
    if any(addressing.overlap(cidr, other.cidr) for other in subnet.reservations):
        raise AwsError("InvalidParameterValue", f"The CIDR '{cidr}' overlaps with an existing reservation.")
    made = Reservation(
        id=vpcs.new_id(ctx, "scr"),
        cidr=cidr,
        type=req["ReservationType"],
        description=req.get("Description", ""),
        tags=tagging.specified(req, "subnet-cidr-reservation"),
    )
    ctx.put(msgspec.structs.replace(subnet, reservations=(*subnet.reservations, made)))
    return {"SubnetCidrReservation": subnets.reserved(ctx, subnet, made)}


def delete_subnet_cidr_reservation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = req["SubnetCidrReservationId"]
    for subnet in ctx.scan(Subnet):
        for reservation in subnet.reservations:
            if reservation.id == wanted:
                left = tuple(one for one in subnet.reservations if one.id != wanted)
                ctx.put(msgspec.structs.replace(subnet, reservations=left))
                subnets.freed(ctx, subnet.id)
                return {"DeletedSubnetCidrReservation": subnets.reserved(ctx, subnet, reservation)}
    text = f"The subnet CIDR reservation ID '{wanted}' does not exist"
    raise AwsError("InvalidSubnetCidrReservationID.NotFound", text)


def get_subnet_cidr_reservations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    subnet = one(ctx, Subnet, req["SubnetId"])
    rows = (subnets.reserved(ctx, subnet, reservation) for reservation in subnet.reservations)
    chosen = matching(rows, req.get("Filters"), _RESERVATION_FILTERS)
    page = paged(req, "Rows", chosen, "SubnetCidrReservationId", limit_of(req))
    found = page.pop("Rows")
    return {
        "SubnetIpv4CidrReservations": [row for row in found if ":" not in row["Cidr"]],
        "SubnetIpv6CidrReservations": [row for row in found if ":" in row["Cidr"]],
        **page,
    }


def _cidr(vpc: Vpc, others: list[Subnet], req: dict[str, Any]) -> str:
    given = req.get("CidrBlock")
    if req.get("Ipv6Native"):
        if given:
            text = "The parameters CidrBlock and Ipv6Native cannot be used together"
            raise AwsError("InvalidParameterCombination", text)
        if not req.get("Ipv6CidrBlock"):
            raise AwsError("MissingParameter", "The request must contain the parameter ipv6CidrBlock")
        return ""
    if not given:
        raise AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    taken = [subnet.cidr for subnet in others if subnet.cidr]
    return rules.subnet_block(given, [block.cidr for block in vpc.blocks], taken)


def _ipv6(ctx: Context, vpc: Vpc, others: list[Subnet], req: dict[str, Any]) -> tuple[Block, ...]:
    if not req.get("Ipv6CidrBlock"):
        return ()
    taken = [block.cidr for subnet in others for block in subnet.ipv6_blocks]
    cidr = addressing.subnet_ipv6_block(req["Ipv6CidrBlock"], [block.cidr for block in vpc.ipv6_blocks], taken)
    return (Block(vpcs.new_id(ctx, "subnet-cidr-assoc"), cidr),)


def _check_switch(subnet: Subnet, member: str) -> None:
    needs_ipv6 = ("AssignIpv6AddressOnCreation", "EnableDns64", "EnableResourceNameDnsAAAARecordOnLaunch")
    name = member[:1].lower() + member[1:]
    if member in needs_ipv6 and not subnet.ipv6_blocks:
        text = f"Invalid value 'true' for {name}. Subnet must be associated with IPv6 CIDR."
        raise AwsError("InvalidParameterValue", text)
    if member not in needs_ipv6 and not subnet.cidr:
        text = f"Invalid value 'true' for {name}. Subnet must be associated with IPv4 CIDR."
        raise AwsError("InvalidParameterValue", text)


def _associated(ctx: Context, association_id: str) -> tuple[Subnet, Block]:
    for subnet in ctx.scan(Subnet):
        for block in subnet.ipv6_blocks:
            if block.association_id == association_id:
                return subnet, block
    text = f"The subnet CIDR block association ID '{association_id}' does not exist"
    raise AwsError("InvalidSubnetCidrBlockAssociationID.NotFound", text)
