"""Regions, zones and the account's attributes (EC2 API Reference, "DescribeRegions" and the pages around it)."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.aws.scope import dns_suffix_of
from fogbank.control.context import Context
from fogbank.model.regions import regions
from fogbank.services.ec2 import rules, zones
from fogbank.services.ec2.resources import Vpc

_REGION_FILTERS = {"endpoint": "Endpoint", "opt-in-status": "OptInStatus", "region-name": "RegionName"}
_ZONE_FILTERS = {
    "group-name": "GroupName",
    "group-long-name": "GroupLongName",
    "message": "Messages.Message",
    "opt-in-status": "OptInStatus",
    "parent-zone-id": "ParentZoneId",
    "parent-zone-name": "ParentZoneName",
    "region-name": "RegionName",
    "state": "State",
    "zone-id": "ZoneId",
    "zone-name": "ZoneName",
    "zone-type": "ZoneType",
}
_ALWAYS_ON = frozenset(
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1"
    " eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2".split()
)
"""The regions that an account need not opt in to; in fogbank it has opted in to the others."""


def describe_regions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    known = regions(ctx.partition)
    wanted = req.get("RegionNames") or known
    for name in wanted:
        if name not in known:
            raise AwsError("InvalidParameterValue", f"Invalid region name: {name}")
    rows = (
        {"RegionName": name, "Endpoint": f"ec2.{name}.{dns_suffix_of(ctx.partition)}", "OptInStatus": _opted(ctx, name)}
        for name in known
        if name in wanted
    )
    return {"Regions": list(matching(rows, req.get("Filters"), _REGION_FILTERS))}


def describe_availability_zones(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    known = zones.zones(ctx.region)
    names, ids = req.get("ZoneNames") or (), req.get("ZoneIds") or ()
    for given, at, word in ((names, 0, "zone"), (ids, 1, "zone ID")):
        for name in given:
            if name not in (zone[at] for zone in known):
                raise AwsError("InvalidParameterValue", f"Invalid availability {word}: [{name}]")
    rows = (
        {
            "State": "available",
            "OptInStatus": "opt-in-not-required",
            "Messages": [],
            "RegionName": ctx.region,
            "ZoneName": name,
            "ZoneId": zone_id,
            "GroupName": f"{ctx.region}-zg-1",
            "NetworkBorderGroup": ctx.region,
            "ZoneType": "availability-zone",
        }
        for name, zone_id in known
        if (not names or name in names) and (not ids or zone_id in ids)
    )
    return {"AvailabilityZones": list(matching(rows, req.get("Filters"), _ZONE_FILTERS))}


def describe_account_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    default = next((vpc.id for vpc in ctx.scan(Vpc) if vpc.is_default), "none")
    attributes = {
        "supported-platforms": "VPC",
        "default-vpc": default,
        "max-instances": "20",
        "vpc-max-security-groups-per-interface": str(rules.QUOTAS["groups-of-interface"]),
        "max-elastic-ips": str(rules.QUOTAS["elastic-ips"]),
        "vpc-max-elastic-ips": str(rules.QUOTAS["elastic-ips"]),
    }
    wanted = req.get("AttributeNames") or attributes
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": attributes[name]}]}
            for name in attributes
            if name in wanted
        ]
    }


def _opted(ctx: Context, region: str) -> str:
    return "opt-in-not-required" if region in _ALWAYS_ON or ctx.partition != "aws" else "opted-in"
