"""VPCs and their blocks (EC2 API Reference, "CreateVpc" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing, rules, subnets, tagging, vpcs
from fogbank.services.ec2.catalog import dependency_violation, one
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import Block, Peering, RouteTable, Subnet, Vpc

_LISTING = Listing(
    Vpc,
    "Vpcs",
    "VpcIds",
    "VpcId",
    {
        "vpc-id": "VpcId",
        "cidr": "CidrBlock",
        "cidrBlock": "CidrBlock",
        "cidr-block-association.cidr-block": "CidrBlockAssociationSet.CidrBlock",
        "cidr-block-association.association-id": "CidrBlockAssociationSet.AssociationId",
        "cidr-block-association.state": "CidrBlockAssociationSet.CidrBlockState.State",
        "ipv6-cidr-block-association.ipv6-cidr-block": "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
        "ipv6-cidr-block-association.ipv6-pool": "Ipv6CidrBlockAssociationSet.Ipv6Pool",
        "ipv6-cidr-block-association.association-id": "Ipv6CidrBlockAssociationSet.AssociationId",
        "ipv6-cidr-block-association.state": "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
        "dhcp-options-id": "DhcpOptionsId",
        "is-default": "IsDefault",
        "isDefault": "IsDefault",
        "instance-tenancy": "InstanceTenancy",
        "owner-id": "OwnerId",
        "state": "State",
    },
)
_ATTRIBUTES = {
    "EnableDnsSupport": ("enableDnsSupport", "dns_support"),
    "EnableDnsHostnames": ("enableDnsHostnames", "dns_hostnames"),
    "EnableNetworkAddressUsageMetrics": ("enableNetworkAddressUsageMetrics", "usage_metrics"),
}
_NOT_HERE = ("Ipv4IpamPoolId", "Ipv6IpamPoolId", "Ipv6Pool", "Ipv6CidrBlock")


def create_vpc(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _refuse_pools(req)
    if not req.get("CidrBlock"):
        raise AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    cidr = rules.vpc_block(req["CidrBlock"])
    tenancy = req.get("InstanceTenancy", "default")
    if tenancy == "host":
        raise AwsError("InvalidParameterValue", "The tenancy value 'host' is not supported for VPCs.")
    rules.check_quota("vpcs", ctx.count(Vpc), "VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    block = Block(vpcs.new_id(ctx, "vpc-cidr-assoc"), cidr)
    tags = tagging.specified(req, "vpc")
    vpc = vpcs.make(ctx, Vpc(id=vpcs.new_id(ctx, "vpc"), blocks=(block,), tenancy=tenancy, tags=tags))
    if req.get("AmazonProvidedIpv6CidrBlock"):
        vpc = vpcs.with_ipv6(ctx, vpc)
    shown = vpcs.described(ctx, vpc)
    for association in shown["Ipv6CidrBlockAssociationSet"]:
        association["Ipv6CidrBlockState"] = {"State": "associating"}
    return {"Vpc": {**shown, "State": "pending"}}


def create_default_vpc(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Vpc": {**vpcs.described(ctx, vpcs.make_default(ctx)), "State": "pending"}}


def create_default_subnet(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, _ = subnets.zone_of(ctx, req)
    default = next((vpc for vpc in ctx.scan(Vpc) if vpc.is_default), None)
    if default is None:
        raise AwsError("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.")
    if req.get("Ipv6Native"):
        raise AwsError("InvalidParameterValue", "The default VPC has no IPv6 CIDR block for an IPv6-only subnet.")
    for subnet in ctx.scan(Subnet, default.id):
        if subnet.is_default and subnet.zone == zone:
            text = f"'{subnet.id}' is already the default subnet in {zone}."
            raise AwsError("DefaultSubnetAlreadyExistsInAvailabilityZone", text)
    return {"Subnet": subnets.described(ctx, vpcs.make_default_subnet(ctx, default, zone))}


def delete_vpc(ctx: Context, req: dict[str, Any]) -> None:
    vpc = one(ctx, Vpc, req["VpcId"])
    if vpcs.has_dependencies(ctx, vpc):
        raise dependency_violation("vpc", vpc.id)
    vpcs.remove(ctx, vpc)


def describe_vpcs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, vpcs.described)


def modify_vpc_attribute(ctx: Context, req: dict[str, Any]) -> None:
    vpc = one(ctx, Vpc, req["VpcId"])
    given = [member for member in _ATTRIBUTES if member in req]
    if len(given) != 1:
        names = ", ".join(_ATTRIBUTES[member][0] for member in given)
        if not given:
            raise AwsError("MissingParameter", "The request must contain the parameter attribute")
        raise AwsError("InvalidParameterCombination", f"Fields for multiple attribute types specified: {names}")
    wanted = bool(req[given[0]].get("Value"))
    if given[0] == "EnableDnsHostnames" and wanted and not vpc.dns_support:
        raise AwsError("InvalidParameterValue", f"DNS hostnames need DNS support, which is disabled for '{vpc.id}'.")
    ctx.put(msgspec.structs.replace(vpc, **{_ATTRIBUTES[given[0]][1]: wanted}))


def describe_vpc_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = one(ctx, Vpc, req["VpcId"])
    for member, (attribute, field) in _ATTRIBUTES.items():
        if attribute == req["Attribute"]:
            return {"VpcId": vpc.id, member: {"Value": getattr(vpc, field)}}
    raise AwsError("InvalidParameterValue", f"Value ({req['Attribute']}) for parameter attribute is invalid.")


def modify_vpc_tenancy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = one(ctx, Vpc, req["VpcId"])
    ctx.put(msgspec.structs.replace(vpc, tenancy="default"))
    return {"ReturnValue": True}


def associate_vpc_cidr_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = one(ctx, Vpc, req["VpcId"])
    _refuse_pools(req)
    wants_ipv6 = bool(req.get("AmazonProvidedIpv6CidrBlock"))
    if wants_ipv6 == bool(req.get("CidrBlock")):
        text = "The request must contain exactly one of CidrBlock, AmazonProvidedIpv6CidrBlock, Ipv6Pool"
        raise AwsError("InvalidParameterCombination" if wants_ipv6 else "MissingParameter", text)
    if wants_ipv6:
        if vpc.ipv6_blocks:
            raise _too_many(vpc, 1)
        block = vpcs.with_ipv6(ctx, vpc).ipv6_blocks[-1]
        return {"VpcId": vpc.id, "Ipv6CidrBlockAssociation": vpcs.ipv6_association(ctx, block, "associating")}
    cidr = addressing.secondary_block(req["CidrBlock"], [block.cidr for block in vpc.blocks])
    if len(vpc.blocks) >= rules.QUOTAS["blocks"]:
        raise _too_many(vpc, rules.QUOTAS["blocks"])
    _check_unrouted(ctx, vpc, cidr)
    block = Block(vpcs.new_id(ctx, "vpc-cidr-assoc"), cidr)
    ctx.put(msgspec.structs.replace(vpc, blocks=(*vpc.blocks, block)))
    return {"VpcId": vpc.id, "CidrBlockAssociation": vpcs.association(block, "associating")}


def disassociate_vpc_cidr_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc, block = _associated(ctx, req["AssociationId"])
    if block == vpc.blocks[0]:
        text = (
            f"The vpc CIDR block with association ID {block.association_id} may not be disassociated. It is the primary"
            " IPv4 CIDR block of the VPC"
        )
        raise AwsError("OperationNotPermitted", text)
    for subnet in ctx.scan(Subnet, vpc.id):
        taken = [one.cidr for one in subnet.ipv6_blocks] + ([subnet.cidr] if subnet.cidr else [])
        if any(addressing.within(cidr, block.cidr) for cidr in taken):
            text = f"The CIDR '{block.cidr}' has dependencies and cannot be disassociated."
            raise AwsError("DependencyViolation", text)
    blocks, ipv6_blocks = (
        tuple(found for found in all_ if found.association_id != block.association_id)
        for all_ in (vpc.blocks, vpc.ipv6_blocks)
    )
    ctx.put(msgspec.structs.replace(vpc, blocks=blocks, ipv6_blocks=ipv6_blocks))
    if ":" in block.cidr:
        return {"VpcId": vpc.id, "Ipv6CidrBlockAssociation": vpcs.ipv6_association(ctx, block, "disassociating")}
    return {"VpcId": vpc.id, "CidrBlockAssociation": vpcs.association(block, "disassociating")}


def _refuse_pools(req: dict[str, Any]) -> None:
    for member in _NOT_HERE:
        if member in req:
            raise AwsError("UnsupportedOperation", f"fogbank has no address pools: {member} cannot be used.")


def _too_many(vpc: Vpc, limit: int) -> AwsError:
    return AwsError(
        "CidrLimitExceeded", f"This network '{vpc.id}' has met its maximum number of allowed CIDRs: {limit}"
    )


def _check_unrouted(ctx: Context, vpc: Vpc, cidr: str) -> None:
    """A block must not be as large as, or larger than, what a route or a peering leads elsewhere."""
    for table in ctx.scan(RouteTable, vpc.id):
        for route in table.routes:
            if "/" in route.destination and addressing.within(route.destination, cidr):
                text = f"The CIDR '{cidr}' conflicts with the route to '{route.destination}' in '{table.id}'."
                raise AwsError("InvalidVpc.Range", text)
    for peering in ctx.find(Peering, "by_vpc", vpc.id):
        far = peering.accepter if peering.requester.vpc_id == vpc.id else peering.requester
        if peering.status == "active" and any(addressing.overlap(cidr, other) for other in far.cidrs):
            text = f"The CIDR '{cidr}' conflicts with the VPC peering connection '{peering.id}'."
            raise AwsError("InvalidVpc.Range", text)


def _associated(ctx: Context, association_id: str) -> tuple[Vpc, Block]:
    for vpc in ctx.scan(Vpc):
        for block in (*vpc.blocks, *vpc.ipv6_blocks):
            if block.association_id == association_id:
                return vpc, block
    text = f"The vpc CIDR block association ID '{association_id}' does not exist"
    raise AwsError("InvalidVpcCidrBlockAssociationID.NotFound", text)
