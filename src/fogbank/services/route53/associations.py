"""The VPCs that a private zone is told in."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import zones

_TOLD = "The VPC ID that you specified either isn't a valid ID or the current account is not authorized to access it"


def read(ctx: Context, given: dict[str, Any], *, is_ours: bool = True) -> str:
    """A VPC of a request as `eu-west-1 vpc-1`. Raises InvalidInput; InvalidVPCId for one that is not this account's.

    That it is there is asked of EC2 as the caller, who needs `ec2:DescribeVpcs` at AWS too.
    """
    region, vpc_id = given.get("VPCRegion", ""), given.get("VPCId", "")
    if not region or not vpc_id:
        raise AwsError("InvalidInput", "Both VPCRegion and VPCId must be specified for a VPC.")
    if not vpc_id.startswith("vpc-"):
        raise AwsError("InvalidVPCId", f"{_TOLD}: {vpc_id}")
    if is_ours:
        try:
            ctx.at(region).call("ec2", "DescribeVpcs", VpcIds=[vpc_id])
        except AwsError as error:
            if not error.code.startswith("InvalidVpc"):
                raise
            raise AwsError("InvalidVPCId", f"{_TOLD}: {vpc_id}") from None
    return f"{region} {vpc_id}"


def check_free(ctx: Context, vpc: str, name: str) -> None:
    """Raises ConflictingDomainExists for a VPC that has a private zone of this name."""
    region, _, vpc_id = vpc.partition(" ")
    for _, zone in zones.everywhere(ctx, "by_vpc", vpc):
        if zone.name == name:
            raise AwsError(
                "ConflictingDomainExists",
                f"The VPC {vpc_id} in region {region} has already been associated with the hosted zone {zone.id} "
                "with the same domain name.",
            )
