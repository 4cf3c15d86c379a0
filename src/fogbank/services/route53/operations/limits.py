"""Limits, and how much of them is used."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import delegation_sets, rules, traffic_policies, zones
from fogbank.services.route53.resources import DelegationSet, HealthCheck, HostedZone, TrafficPolicyInstance
from fogbank.store.records import Record


def get_account_limit(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    counted: dict[str, type[Record]] = {
        "MAX_HEALTH_CHECKS_BY_OWNER": HealthCheck,
        "MAX_HOSTED_ZONES_BY_OWNER": HostedZone,
        "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": DelegationSet,
        "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": TrafficPolicyInstance,
    }
    kind = counted.get(req["Type"])
    limit = {"Type": req["Type"], "Value": rules.ACCOUNT_LIMITS[req["Type"]]}
    return {"Limit": limit, "Count": ctx.count(kind) if kind is not None else len(traffic_policies.newest(ctx))}


def get_hosted_zone_limit(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = zones.one(ctx, req["HostedZoneId"])
    if req["Type"] == "MAX_RRSETS_BY_ZONE":
        return {"Limit": {"Type": req["Type"], "Value": rules.RECORDS_MAX}, "Count": zone.records}
    if not zone.is_private:
        raise AwsError("HostedZoneNotPrivate", "The specified hosted zone is a public hosted zone, not a private one.")
    return {"Limit": {"Type": req["Type"], "Value": rules.VPCS_MAX}, "Count": len(zone.vpcs)}


def get_reusable_delegation_set_limit(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = delegation_sets.one(ctx, req["DelegationSetId"])
    limit = {"Type": req["Type"], "Value": rules.ZONES_OF_DELEGATION_SET_MAX}
    return {"Limit": limit, "Count": len(ctx.find(HostedZone, "by_delegation", found.id))}
