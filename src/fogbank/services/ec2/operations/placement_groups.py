"""Placement groups (EC2 API Reference, "CreatePlacementGroup" and the pages around it)."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import tagging
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import PlacementGroup
from fogbank.services.ec2.vpcs import new_id

_LISTING = Listing(
    PlacementGroup,
    "PlacementGroups",
    "GroupIds",
    "GroupId",
    {
        "group-name": "GroupName",
        "group-arn": "GroupArn",
        "spread-level": "SpreadLevel",
        "state": "State",
        "strategy": "Strategy",
    },
)
_STRATEGIES = ("cluster", "spread", "partition")
_GROUPS_MAX, _NAME_MAX = 500, 255
_PARTITIONS = range(1, 8)
_PARTITIONS_USUAL = 2


def create_placement_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, strategy = req.get("GroupName", ""), req.get("Strategy", "")
    if not name:
        raise AwsError("MissingParameter", "The request must contain the parameter groupName")
    if len(name) > _NAME_MAX or not name.isascii():
        text = f"Value ({name}) for parameter groupName is invalid. A name has up to {_NAME_MAX} ASCII characters."
        raise AwsError("InvalidParameterValue", text)
    if not strategy:
        raise AwsError("MissingParameter", "The request must contain the parameter strategy")
    if strategy not in _STRATEGIES:
        text = f"Value ({strategy}) for parameter strategy is invalid. Invalid placement strategy."
        raise AwsError("InvalidParameterValue", text)
    if ctx.get(PlacementGroup, name) is not None:
        raise AwsError("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
    if ctx.count(PlacementGroup) >= _GROUPS_MAX:
        raise AwsError("PlacementGroupLimitExceeded", "The maximum number of placement groups has been reached.")
    group = PlacementGroup(
        name=name,
        id=new_id(ctx, "pg"),
        strategy=strategy,
        partitions=_partitions(strategy, req.get("PartitionCount")),
        spread_level=_spread_level(strategy, req.get("SpreadLevel")),
        tags=tagging.specified(req, "placement-group"),
    )
    ctx.put(group)
    return {"PlacementGroup": _described(ctx, group)}


def delete_placement_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _known(ctx, req["GroupName"])
    ctx.delete(PlacementGroup, req["GroupName"])
    return {}


def describe_placement_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = None
    if names := req.get("GroupNames"):
        records = [_known(ctx, name) for name in names]
    return listed(ctx, req, _LISTING, _described, records)


def _known(ctx: Context, name: str) -> PlacementGroup:
    group = ctx.get(PlacementGroup, name)
    if group is None:
        raise AwsError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    return group


def _partitions(strategy: str, count: int | None) -> int:
    if strategy != "partition":
        if count is not None:
            text = f"Value ({count}) for parameter partitionCount is invalid. Only valid for the partition strategy."
            raise AwsError("InvalidParameterValue", text)
        return 0
    if count is not None and count not in _PARTITIONS:
        text = f"Value ({count}) for parameter partitionCount is invalid. Valid range is 1 - {_PARTITIONS[-1]}."
        raise AwsError("InvalidParameterValue", text)
    return count or _PARTITIONS_USUAL


def _spread_level(strategy: str, level: str | None) -> str:
    if strategy == "spread":
        return level or "rack"
    if level:
        text = f"Value ({level}) for parameter spreadLevel is invalid. Only valid for the spread strategy."
        raise AwsError("InvalidParameterValue", text)
    return ""


def _described(ctx: Context, group: PlacementGroup) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "GroupName": group.name,
        "GroupId": group.id,
        "GroupArn": ctx.arn(f"placement-group/{group.name}"),
        "State": "available",
        "Strategy": group.strategy,
        "Tags": tags.written(group.tags),
    }
    if group.partitions:
        shown["PartitionCount"] = group.partitions
    if group.spread_level:
        shown["SpreadLevel"] = group.spread_level
    return shown
