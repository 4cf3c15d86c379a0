"""Reusable delegation sets."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import delegation_sets, rules, shown, zones
from fogbank.services.route53.resources import DelegationSet, HostedZone


def create_reusable_delegation_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if any(one.reference == req["CallerReference"] for one in ctx.scan(DelegationSet)):
        text = "A delegation set with the same owner and caller reference combination has already been created."
        raise AwsError("DelegationSetAlreadyCreated", text)
    if ctx.count(DelegationSet) >= rules.DELEGATION_SETS_MAX:
        text = f"Cannot create more than {rules.DELEGATION_SETS_MAX} reusable delegation sets."
        raise AwsError("LimitsExceeded", f"Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER - {text}")
    zone = _marked(ctx, req["HostedZoneId"]) if "HostedZoneId" in req else None
    servers = zone.servers if zone is not None else zones.new_servers(ctx)
    found = DelegationSet(id=zones.new_id(ctx, "N"), reference=req["CallerReference"], servers=servers)
    ctx.put(found)
    if zone is not None:
        ctx.put(msgspec.structs.replace(zone, delegation_id=found.id, shard=""))
    location = f"https://route53.amazonaws.com/2013-04-01/delegationset/{found.id}"
    return {"DelegationSet": shown.delegation_set(found), "Location": location}


def get_reusable_delegation_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"DelegationSet": shown.delegation_set(delegation_sets.one(ctx, req["Id"]))}


def list_reusable_delegation_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most, marker = rules.limit(req), req.get("Marker", "")
    found = list(islice(ctx.scan(DelegationSet, after=rules.before(marker)), most + 1))
    page = {
        "DelegationSets": [shown.delegation_set(one) for one in found[:most]],
        "Marker": marker,
        "IsTruncated": len(found) > most,
        "MaxItems": str(most),
    }
    return {**page, "NextMarker": found[most].id} if len(found) > most else page


def delete_reusable_delegation_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = delegation_sets.one(ctx, req["Id"])
    if ctx.find(HostedZone, "by_delegation", found.id):
        text = "The specified delegation set contains associated hosted zones which must be deleted before it."
        raise AwsError("DelegationSetInUse", text)
    ctx.delete(DelegationSet, found.id)
    return {}


def _marked(ctx: Context, given: str) -> HostedZone:
    """The zone whose name servers are to be for others too. Raises HostedZoneNotFound, InvalidArgument and others."""
    zone = ctx.get(HostedZone, rules.id_of(given))
    if zone is None:
        raise AwsError("HostedZoneNotFound", f"The specified HostedZone cannot be found: {rules.id_of(given)}")
    if zone.is_private:
        raise AwsError("InvalidArgument", "The specified hosted zone is a private one, which has no delegation set.")
    if zone.delegation_id:
        raise AwsError("DelegationSetAlreadyReusable", "The specified delegation set has been marked as reusable.")
    return zone
