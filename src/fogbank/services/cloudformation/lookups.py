"""What there is of the types of parameters that rules ask of: networks, subnets, security groups."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fogbank.control.context import Context


class _Listing(NamedTuple):
    """How EC2 is asked for all of a type."""

    operation: str
    member: str
    identity: str


_LISTINGS = MappingProxyType(
    {
        "AWS::EC2::VPC::Id": _Listing("DescribeVpcs", "Vpcs", "VpcId"),
        "AWS::EC2::Subnet::Id": _Listing("DescribeSubnets", "Subnets", "SubnetId"),
        "AWS::EC2::SecurityGroup::Id": _Listing("DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    }
)


def listed(ctx: Context, kind: str) -> Mapping[str, Mapping[str, Any]]:
    """All that there is of a parameter type in the account and region, with its attributes, by its id."""
    listing = _LISTINGS[kind]
    rows = _rows(ctx, listing.operation, listing.member)
    found = {row[listing.identity]: {**row, **_tags(row)} for row in rows}
    if kind != "AWS::EC2::VPC::Id":
        return found
    acls = {
        row["VpcId"]: row["NetworkAclId"]
        for row in _rows(ctx, "DescribeNetworkAcls", "NetworkAcls")
        if row["IsDefault"]
    }
    groups = _rows(ctx, "DescribeSecurityGroups", "SecurityGroups")
    own = {row["VpcId"]: row["GroupId"] for row in groups if row["GroupName"] == "default"}
    return {
        vpc: {**row, "DefaultNetworkAcl": acls.get(vpc, ""), "DefaultSecurityGroup": own.get(vpc, "")}
        for vpc, row in found.items()
    }


def _rows(ctx: Context, operation: str, member: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = ctx.as_service().call("ec2", operation).get(member, [])
    return found


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {f"Tags.{one['Key']}": one["Value"] for one in row.get("Tags", ())}
