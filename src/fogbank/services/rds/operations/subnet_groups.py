"""DB subnet groups: where in a VPC instances are put."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import groups, listing, quotas
from fogbank.services.rds.resources import Cluster, GroupSubnet, Instance, SubnetGroup

_NAME = re.compile(r"[a-zA-Z0-9._ -]{1,255}")
_ZONES_MIN = 2


def create_db_subnet_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["DBSubnetGroupName"].lower()
    if _NAME.fullmatch(name) is None or name == groups.DEFAULT:
        text = "The parameter DBSubnetGroupName must be provided and must not be blank, or 'default'; it takes letters,"
        text = f"{text} numbers, periods, underscores, spaces and hyphens."
        raise AwsError("InvalidParameterValue", text)
    if ctx.get(SubnetGroup, name) is not None:
        raise AwsError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    quotas.check(ctx, "DBSubnetGroups", "DBSubnetGroupQuotaExceeded")
    vpc_id, subnets = _subnets(ctx, req["SubnetIds"])
    group = SubnetGroup(
        name=name,
        description=req["DBSubnetGroupDescription"],
        vpc_id=vpc_id,
        subnets=subnets,
        tags=tags.read(req.get("Tags")),
    )
    ctx.put(group)
    return {"DBSubnetGroup": groups.described_subnet_group(ctx, group)}


def describe_db_subnet_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    if name := req.get("DBSubnetGroupName"):
        return {"DBSubnetGroups": [groups.described_subnet_group(ctx, _existing(ctx, name))]}
    rows = ((group.name, groups.described_subnet_group(ctx, group)) for group in ctx.scan(SubnetGroup))
    return listing.page(req, "DBSubnetGroups", rows)


def modify_db_subnet_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = _existing(ctx, req["DBSubnetGroupName"])
    vpc_id, subnets = _subnets(ctx, req["SubnetIds"])
    users = _users(ctx, group)
    if vpc_id != group.vpc_id:
        text = f"The new subnets are not in the same VPC as the DB subnet group: {group.vpc_id}."
        raise AwsError("InvalidSubnet", text)
    kept = {one.id for one in subnets}
    seats = [seat for name in users for seat in _seats(ctx, name)]
    for subnet_id in sorted(one.id for one in group.subnets):
        if subnet_id not in kept and subnet_id in seats:
            text = f"The subnet {subnet_id} is in use by a DB instance, and cannot be taken from the group."
            raise AwsError("SubnetAlreadyInUse", text)
    description = req.get("DBSubnetGroupDescription", group.description)
    group = msgspec.structs.replace(group, description=description, subnets=subnets)
    ctx.put(group)
    return {"DBSubnetGroup": groups.described_subnet_group(ctx, group)}


def delete_db_subnet_group(ctx: Context, req: dict[str, Any]) -> None:
    group = _existing(ctx, req["DBSubnetGroupName"])
    if users := _users(ctx, group):
        text = f"Cannot delete the subnet group '{group.name}' because at least one database instance:"
        raise AwsError("InvalidDBSubnetGroupStateFault", f"{text} {users[0]} is still using it.")
    ctx.delete(SubnetGroup, group.name)


def _existing(ctx: Context, name: str) -> SubnetGroup:
    found = ctx.get(SubnetGroup, name.lower())
    if found is None:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
    return found


def _users(ctx: Context, group: SubnetGroup) -> list[str]:
    found = [one.id for one in ctx.find(Instance, "by_subnet_group", group.name)]
    return found + [one.id for one in ctx.find(Cluster, "by_subnet_group", group.name)]


def _seats(ctx: Context, identifier: str) -> list[str]:
    found = ctx.get(Instance, identifier)
    return [seat.subnet_id for seat in found.seats] if found is not None else []


def _subnets(ctx: Context, wanted: Sequence[str]) -> tuple[str, tuple[GroupSubnet, ...]]:
    """The VPC and the subnets of a group. Raises InvalidSubnet, DBSubnetGroupDoesNotCoverEnoughAZs."""
    ids = list(dict.fromkeys(wanted))
    limit = quotas.LIMITS["SubnetsPerDBSubnetGroup"]
    if len(ids) > limit:
        raise AwsError("DBSubnetQuotaExceededFault", f"A DB subnet group has at most {limit} subnets.")
    try:
        found = ctx.as_service().call("ec2", "DescribeSubnets", SubnetIds=ids)["Subnets"] if ids else []
    except AwsError:
        found = []
    if not found:
        raise AwsError("InvalidSubnet", f"Some input subnets in :[{', '.join(ids)}] are invalid.")
    vpcs = {one["VpcId"] for one in found}
    if len(vpcs) > 1:
        text = f"The subnets of a DB subnet group are all in one VPC; these are in {', '.join(sorted(vpcs))}."
        raise AwsError("InvalidSubnet", text)
    zones = sorted({one["AvailabilityZone"] for one in found})
    if len(zones) < _ZONES_MIN:
        text = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement."
        text = f"{text} Current AZ coverage: {', '.join(zones)}. Add subnets to cover at least {_ZONES_MIN} AZs."
        raise AwsError("DBSubnetGroupDoesNotCoverEnoughAZs", text)
    placed = {one["SubnetId"]: one["AvailabilityZone"] for one in found}
    return vpcs.pop(), tuple(GroupSubnet(id=one, zone=placed[one]) for one in ids)
