"""Instances of traffic policies: names that are answered as a version of a policy says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.dns import rdata
from fogbank.services.route53 import (
    health_checks,
    latency,
    names,
    protections,
    record_sets,
    rules,
    traffic,
    traffic_documents,
    traffic_policies,
    zones,
)
from fogbank.services.route53.record_sets import Batch, Shown, key_of
from fogbank.services.route53.resources import HostedZone, RecordSet, TrafficPolicy, TrafficPolicyInstance

_MARKERS = ("HostedZoneIdMarker", "TrafficPolicyInstanceNameMarker", "TrafficPolicyInstanceTypeMarker")


def create_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, name = zones.one(ctx, req["HostedZoneId"]), _name(req["Name"])
    policy = traffic_policies.one(ctx, req["TrafficPolicyId"], req["TrafficPolicyVersion"])
    if not record_sets.is_within(name, zone.name):
        raise AwsError("InvalidInput", f"The name {name} is not within the hosted zone {zone.name}")
    for known in ctx.find(TrafficPolicyInstance, "by_zone", zone.id):
        if (known.name, known.type) == (name, policy.type):
            text = f"A traffic policy instance for {policy.type} {name} already exists."
            raise AwsError("TrafficPolicyInstanceAlreadyExists", text)
    most = rules.ACCOUNT_LIMITS["MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER"]
    if ctx.count(TrafficPolicyInstance) >= most:
        text = f"MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER - Cannot create more than {most} traffic policy instances."
        raise AwsError("TooManyTrafficPolicyInstances", f"Limits Exceeded: {text}")
    found = TrafficPolicyInstance(
        id=ctx.uuid(),
        zone_id=zone.id,
        name=name,
        type=policy.type,
        ttl=req["TTL"],
        policy_id=policy.id,
        policy_version=policy.version,
        policy=f"{policy.id} {policy.version}",
    )
    found = _applied(ctx, zone, found, policy)
    location = f"https://route53.amazonaws.com/2013-04-01/trafficpolicyinstance/{found.id}"
    return {"TrafficPolicyInstance": {**_shown(found), "State": "Creating"}, "Location": location}


def update_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = traffic_policies.instance(ctx, req["Id"])
    policy = traffic_policies.one(ctx, req["TrafficPolicyId"], req["TrafficPolicyVersion"])
    if policy.type != found.type:
        text = f"The traffic policy has the type {policy.type}, the instance has the type {found.type}."
        raise AwsError("ConflictingTypes", text)
    found = msgspec.structs.replace(
        found,
        ttl=req["TTL"],
        policy_id=policy.id,
        policy_version=policy.version,
        policy=f"{policy.id} {policy.version}",
        message="",
    )
    found = _applied(ctx, zones.one(ctx, found.zone_id), found, policy)
    return {"TrafficPolicyInstance": {**_shown(found), "State": "Updating"}}


def get_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"TrafficPolicyInstance": _shown(traffic_policies.instance(ctx, req["Id"]))}


def get_traffic_policy_instance_count(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"TrafficPolicyInstanceCount": ctx.count(TrafficPolicyInstance)}


def delete_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = traffic_policies.instance(ctx, req["Id"])
    ctx.delete(TrafficPolicyInstance, found.id)
    zone = ctx.get(HostedZone, found.zone_id)
    before = _own(ctx, found)
    if zone is not None and before:
        zones.write(ctx, zone, before, ())
        zones.forget(ctx, zone.id)
    return {}


def list_traffic_policy_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _page(req, ctx.scan(TrafficPolicyInstance))


def list_traffic_policy_instances_by_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = zones.one(ctx, req["HostedZoneId"])
    page = _page({**req, "HostedZoneIdMarker": zone.id}, ctx.find(TrafficPolicyInstance, "by_zone", zone.id))
    page.pop("HostedZoneIdMarker", None)
    return page


def list_traffic_policy_instances_by_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = traffic_policies.one(ctx, req["TrafficPolicyId"], req["TrafficPolicyVersion"])
    return _page(req, ctx.find(TrafficPolicyInstance, "by_policy", f"{policy.id} {policy.version}"))


def _applied(
    ctx: Context, zone: HostedZone, found: TrafficPolicyInstance, policy: TrafficPolicy
) -> TrafficPolicyInstance:
    """An instance that is answered from now on, or that says why it is not (API reference, TrafficPolicyInstance)."""
    shown = {"Name": found.name, "Type": found.type, "TTL": found.ttl, "TrafficPolicyInstanceId": found.id}
    try:
        document = traffic_documents.read(policy.document)
        for check in sorted(document.health_checks):
            health_checks.one(ctx, check)
        tree = traffic.tree(document, found.ttl)
        before, after = _changed(ctx, zone, found, shown)
    except AwsError as error:
        found = msgspec.structs.replace(found, message=error.message)
        ctx.put(found)
        # What it answered before, if anything, it answers no more.
        zones.forget(ctx, zone.id)
        return found
    ctx.put(found)
    shown_sets = [one.shown for branches in tree.values() for one in branches]
    latency.wanted(ctx, (one["Region"] for one in shown_sets if "Region" in one))
    leads_out = any("AliasTarget" in one for one in shown_sets)
    zone = msgspec.structs.replace(zone, has_targets=zone.has_targets or leads_out)
    zones.write(ctx, zone, before, after)
    zones.forget(ctx, zone.id)
    return found


def _changed(
    ctx: Context, zone: HostedZone, found: TrafficPolicyInstance, shown: Shown
) -> tuple[list[RecordSet], list[RecordSet]]:
    """The record sets at an instance's name before and after. Raises InvalidChangeBatch."""
    protections.check(ctx, zone.id, [key_of(shown)])
    before = zones.at(ctx, zone.id, found.name)
    sets = {key_of(one.shown): one.shown for one in before}
    batch = Batch(zone.id, zone.name, sets, lambda name: [one.shown for one in zones.at(ctx, zone.id, name)])
    is_known = any(one.get("TrafficPolicyInstanceId") == found.id for one in sets.values())
    after = record_sets.changed(batch, [("UPSERT" if is_known else "CREATE", shown)])
    if zone.records + len(after) - len(before) > rules.RECORDS_MAX:
        text = f"Number of records limit of {rules.RECORDS_MAX} exceeded for hosted zone {zone.id}."
        raise record_sets.invalid([text])
    return before, [zones.record_of(zone.id, one) for one in after.values()]


def _own(ctx: Context, found: TrafficPolicyInstance) -> list[RecordSet]:
    """An instance's record set, unless somebody has deleted it: people may."""
    rows = zones.at(ctx, found.zone_id, found.name)
    return [one for one in rows if one.shown.get("TrafficPolicyInstanceId") == found.id]


def _name(given: str) -> str:
    """Raises InvalidInput."""
    try:
        return names.shown_name(given)
    except rdata.Illegal as error:
        raise AwsError("InvalidInput", f"Name is not valid: {error}") from None


def _order(zone_id: str, name: str, type_: str) -> tuple[str, str, str]:
    return zone_id, names.order(name) if name else "", type_


def _page(req: dict[str, Any], rows: Iterable[TrafficPolicyInstance]) -> dict[str, Any]:
    """Instances by zone, name and type; markers name the first of a page."""
    most = rules.limit(req)
    zone_id, name, type_ = (req.get(marker, "") for marker in _MARKERS)
    if type_ and not name:
        raise AwsError("InvalidInput", f"If you specify {_MARKERS[2]}, you must also specify {_MARKERS[1]}.")
    start = _order(rules.id_of(zone_id), _name(name) if name else "", type_)
    found = sorted(rows, key=lambda one: _order(one.zone_id, one.name, one.type))
    found = [one for one in found if _order(one.zone_id, one.name, one.type) >= start]
    page: dict[str, Any] = {"TrafficPolicyInstances": [_shown(one) for one in found[:most]], "MaxItems": str(most)}
    if len(found) <= most:
        return {**page, "IsTruncated": False}
    following = found[most]
    told = dict(zip(_MARKERS, (following.zone_id, following.name, following.type), strict=True))
    return {**page, "IsTruncated": True, **told}


def _shown(found: TrafficPolicyInstance) -> dict[str, Any]:
    return {
        "Id": found.id,
        "HostedZoneId": found.zone_id,
        "Name": found.name,
        "TTL": found.ttl,
        "State": "Failed" if found.message else "Applied",
        "Message": found.message,
        "TrafficPolicyId": found.policy_id,
        "TrafficPolicyVersion": found.policy_version,
        "TrafficPolicyType": found.type,
    }
