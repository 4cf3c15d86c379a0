"""Hosted zones."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import (
    associations,
    delegation_sets,
    names,
    query_logs,
    rules,
    shown,
    signing,
    zones,
)
from fogbank.services.route53.resources import (
    Authorization,
    Change,
    DelegationSet,
    HostedZone,
    Protection,
    RecordSet,
    TrafficPolicyInstance,
)

_REQUIRED = 2
"""The NS and the SOA record."""
_PRIVATE_SERVERS = ("ns-1536.fogdns-00.co.uk", "ns-0.fogdns-00.com", "ns-1024.fogdns-00.org", "ns-512.fogdns-00.net")


def create_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ctx.find(HostedZone, "by_reference", req["CallerReference"]):
        text = "A hosted zone has already been created with the specified caller reference."
        raise AwsError("HostedZoneAlreadyExists", text)
    name = names.domain_name(req["Name"])
    if ctx.count(HostedZone) >= rules.ZONES_MAX:
        text = f"Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more than {rules.ZONES_MAX} hosted zones."
        raise AwsError("TooManyHostedZones", text)
    config = req.get("HostedZoneConfig", {})
    vpc = associations.read(ctx, req["VPC"]) if "VPC" in req else ""
    if config.get("PrivateZone") and not vpc:
        raise AwsError("InvalidInput", "When you're creating a private hosted zone, you must specify a VPC.")
    if vpc:
        associations.check_free(ctx, vpc, name)
    chosen = _delegation_set(ctx, req["DelegationSetId"], is_private=bool(vpc)) if "DelegationSetId" in req else None
    own = chosen is None and not vpc
    servers = zones.new_servers(ctx) if own else chosen.servers if chosen is not None else _PRIVATE_SERVERS
    zone = HostedZone(
        id=zones.new_id(ctx, "Z"),
        name=name,
        reference=req["CallerReference"],
        comment=config.get("Comment", ""),
        is_private=bool(vpc),
        vpcs=(vpc,) if vpc else (),
        servers=servers,
        shard=" ".join(servers) if own else "",
        delegation_id=chosen.id if chosen is not None else "",
        created_at=ctx.now,
    )
    zone = zones.write(ctx, zone, (), [zones.record_of(zone.id, one) for one in zones.first_records(zone)])
    location = f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}"
    answer = {"HostedZone": shown.zone(zone), "ChangeInfo": zones.noted(ctx), "Location": location}
    return {**answer, "VPC": shown.vpc(vpc)} if vpc else {**answer, "DelegationSet": shown.servers_of(zone)}


def get_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = zones.one(ctx, req["Id"])
    if zone.is_private:
        return {"HostedZone": shown.zone(zone), "VPCs": [shown.vpc(one) for one in zone.vpcs]}
    return {"HostedZone": shown.zone(zone), "DelegationSet": shown.servers_of(zone)}


def get_hosted_zone_count(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"HostedZoneCount": ctx.count(HostedZone)}


def list_hosted_zones(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most, marker = rules.limit(req), req.get("Marker", "")
    rows = ctx.scan(HostedZone, after=rules.before(marker))
    if "DelegationSetId" in req:
        wanted = delegation_sets.one(ctx, req["DelegationSetId"]).id
        rows = (one for one in rows if one.delegation_id == wanted)
    if req.get("HostedZoneType") == "PrivateHostedZone":
        rows = (one for one in rows if one.is_private)
    found = list(islice(rows, most + 1))
    more = {"NextMarker": found[most].id} if len(found) > most else {}
    shown_zones = [shown.zone(one) for one in found[:most]]
    page = {"HostedZones": shown_zones, "Marker": marker, "IsTruncated": bool(more), "MaxItems": str(most)}
    return {**page, **more}


def list_hosted_zones_by_name(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """By names with their labels reversed, then by id (API reference, ListHostedZonesByName)."""
    most = rules.limit(req)
    if "HostedZoneId" in req and "DNSName" not in req:
        raise AwsError("InvalidInput", "If you specify a value for HostedZoneId, you must also specify a DNSName.")
    name = names.domain_name(req["DNSName"]) if "DNSName" in req else ""
    start = (names.order(name), rules.id_of(req.get("HostedZoneId", ""))) if name else ("", "")
    rows = sorted(ctx.scan(HostedZone), key=lambda one: (names.order(one.name), one.id))
    found = [one for one in rows if (names.order(one.name), one.id) >= start]
    page: dict[str, Any] = {"HostedZones": [shown.zone(one) for one in found[:most]], "MaxItems": str(most)}
    page |= {key: req[key] for key in ("DNSName", "HostedZoneId") if key in req}
    more = {"NextDNSName": found[most].name, "NextHostedZoneId": found[most].id} if len(found) > most else {}
    return {**page, "IsTruncated": bool(more), **more}


def update_hosted_zone_comment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = msgspec.structs.replace(zones.one(ctx, req["Id"]), comment=req.get("Comment", ""))
    ctx.put(zone)
    return {"HostedZone": shown.zone(zone)}


def delete_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = zones.one(ctx, req["Id"])
    if zone.records > _REQUIRED:
        text = "The specified hosted zone contains non-required resource record sets  and so cannot be deleted."
        raise AwsError("HostedZoneNotEmpty", text)
    if next(ctx.scan(Protection, zone.id), None) is not None:
        text = "The specified hosted zone contains resource record set protections and so cannot be deleted."
        raise AwsError("HostedZoneNotEmpty", text)
    signing.drop(ctx, zone)
    query_logs.stop(ctx, zone)
    for record in list(ctx.scan(RecordSet, zone.id)):
        ctx.delete(RecordSet, zone.id, record.order, record.type, record.identifier)
    for one in list(ctx.scan(Authorization, zone.id)):
        ctx.delete(Authorization, zone.id, one.vpc)
    for instance in ctx.find(TrafficPolicyInstance, "by_zone", zone.id):
        # One whose record set could not be made, or was deleted.
        ctx.delete(TrafficPolicyInstance, instance.id)
    ctx.delete(HostedZone, zone.id)
    zones.gone(ctx, zone)
    return {"ChangeInfo": zones.noted(ctx)}


def get_change(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    change_id = rules.id_of(req["Id"])
    found = ctx.get(Change, change_id)
    if found is None:
        raise AwsError("NoSuchChange", f"A change with the specified change ID does not exist: {change_id}")
    # All name servers answer from what has been committed: a change that can be asked for has reached them.
    return {"ChangeInfo": zones.change_info(found, "INSYNC")}


def _delegation_set(ctx: Context, given: str, *, is_private: bool) -> DelegationSet:
    if is_private:
        raise AwsError("InvalidInput", "A reusable delegation set cannot be associated with a private hosted zone.")
    return delegation_sets.one(ctx, given)
