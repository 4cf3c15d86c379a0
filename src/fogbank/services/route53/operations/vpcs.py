"""Private zones and their VPCs, also across accounts."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import associations, rules, shown, zones
from fogbank.services.route53.resources import Authorization, HostedZone

_PUBLIC = (
    "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support associating a VPC "
    "with a public hosted zone."
)
_TOKEN = ("InvalidPaginationToken", "The value that you specified to get the second or subsequent page is invalid.")


def associate_vpc_with_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    owner, zone = zones.owner_of(ctx, req["HostedZoneId"])
    vpc = associations.read(ctx, req["VPC"])
    if owner.account != ctx.account and owner.get(Authorization, zone.id, vpc) is None:
        text = f"The VPC: {req['VPC']['VPCId']} is not authorized to be associated with the hosted zone: {zone.id}"
        raise AwsError("NotAuthorizedException", text)
    if not zone.is_private:
        raise AwsError("PublicZoneVPCAssociation", _PUBLIC)
    if vpc not in zone.vpcs:
        associations.check_free(ctx, vpc, zone.name)
        if len(zone.vpcs) >= rules.VPCS_MAX:
            text = f"Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - Cannot associate more than {rules.VPCS_MAX} VPCs."
            raise AwsError("LimitsExceeded", text)
        owner.put(msgspec.structs.replace(zone, vpcs=(*zone.vpcs, vpc)))
    return {"ChangeInfo": zones.noted(ctx, req.get("Comment", ""))}


def disassociate_vpc_from_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    owner, zone = zones.owner_of(ctx, req["HostedZoneId"])
    # The zone's owner may take away any VPC, the VPC's owner its own.
    vpc = associations.read(ctx, req["VPC"], is_ours=owner.account != ctx.account)
    if vpc not in zone.vpcs:
        text = "The specified VPC and hosted zone are not currently associated."
        raise AwsError("VPCAssociationNotFound", text)
    if len(zone.vpcs) == 1:
        text = (
            "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is "
            "associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC from a "
            "hosted zone."
        )
        raise AwsError("LastVPCAssociation", text)
    owner.put(msgspec.structs.replace(zone, vpcs=tuple(one for one in zone.vpcs if one != vpc)))
    return {"ChangeInfo": zones.noted(ctx, req.get("Comment", ""))}


def create_vpc_association_authorization(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, vpc = _private(ctx, req), associations.read(ctx, req["VPC"], is_ours=False)
    if sum(1 for _ in ctx.scan(Authorization, zone.id)) >= _AUTHORIZATIONS_MAX:
        text = "You've created the maximum number of authorizations that can be created for the hosted zone."
        raise AwsError("TooManyVPCAssociationAuthorizations", text)
    ctx.put(Authorization(zone_id=zone.id, vpc=vpc))
    return {"HostedZoneId": zone.id, "VPC": shown.vpc(vpc)}


_AUTHORIZATIONS_MAX = 1000


def delete_vpc_association_authorization(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, vpc = _private(ctx, req), associations.read(ctx, req["VPC"], is_ours=False)
    if ctx.get(Authorization, zone.id, vpc) is None:
        text = "The VPC that you specified is not authorized to be associated with the hosted zone."
        raise AwsError("VPCAssociationAuthorizationNotFound", text)
    ctx.delete(Authorization, zone.id, vpc)
    return {}


def list_vpc_association_authorizations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, most = _private(ctx, req), rules.limit(req, "MaxResults", 50)
    after = paging.after(req.get("NextToken"), *_TOKEN)
    start = f"{zone.id}\x00{after}" if after else ""
    found, token = paging.page(ctx.scan(Authorization, zone.id, after=start), most, lambda one: one.vpc)
    page = {"HostedZoneId": zone.id, "VPCs": [shown.vpc(one.vpc) for one in found]}
    return {**page, "NextToken": token} if token else page


def list_hosted_zones_by_vpc(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most, vpc = rules.limit(req), associations.read(ctx, {key: req[key] for key in ("VPCId", "VPCRegion")})
    after = paging.after(req.get("NextToken"), *_TOKEN)
    rows = sorted((zone.id, zone.name, owner.account) for owner, zone in zones.everywhere(ctx, "by_vpc", vpc))
    found, token = paging.page((row for row in rows if row[0] > after), most, lambda row: row[0])
    summaries = [
        {"HostedZoneId": zone_id, "Name": name, "Owner": {"OwningAccount": account}} for zone_id, name, account in found
    ]
    page = {"HostedZoneSummaries": summaries, "MaxItems": str(most)}
    return {**page, "NextToken": token} if token else page


def _private(ctx: Context, req: dict[str, Any]) -> HostedZone:
    """Raises NoSuchHostedZone, and InvalidInput for a public zone."""
    zone = zones.one(ctx, req["HostedZoneId"])
    if not zone.is_private:
        raise AwsError("InvalidInput", _PUBLIC)
    return zone
