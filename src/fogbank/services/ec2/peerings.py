"""VPC peerings: their states over time, and the record that lies in the scope of either side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.model.regions import regions
from fogbank.services.ec2 import catalog
from fogbank.services.ec2.resources import Peering, Side, Vpc
from fogbank.services.ec2.rules import network

_ACCOUNT = re.compile("[0-9]{12}")
DAY = 86_400
EXPIRES_AFTER_SECONDS = 7 * DAY
_VISIBLE_SECONDS = {"deleted": 2 * 3_600, "failed": 2 * 3_600, "rejected": 2 * DAY, "expired": 2 * DAY}
_MESSAGES = {
    "initiating-request": "Initiating Request to {accepter}",
    "pending-acceptance": "Pending Acceptance by {accepter}",
    "active": "Active",
    "provisioning": "Provisioning",
    "deleted": "Deleted by {by}",
    "rejected": "Rejected by {by}",
    "expired": "VPC Peering Connection has expired.",
    "failed": "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
}
ENDED = tuple(_VISIBLE_SECONDS)


def moved(record: Peering, status: str, *, now: float, by: str = "") -> Peering:
    """A peering in another state, with AWS's text of it. `by` is the account that ended it."""
    message = _MESSAGES[status].format(accepter=record.accepter.account, by=by)
    ended = now if status in ENDED else 0.0
    return msgspec.structs.replace(record, status=status, message=message, ended_at=ended)


def expired(record: Peering, now: float) -> bool:
    """Whether nobody accepted a peering in time: seven days (VPC Peering Guide, "Lifecycle")."""
    return record.status in ("initiating-request", "pending-acceptance") and now >= record.expires_at > 0


def at(record: Peering, now: float) -> Peering:
    """A peering as it is at a time: pending ones expire by themselves, at the time that they were to."""
    return moved(record, "expired", now=record.expires_at) if expired(record, now) else record


def is_gone(record: Peering, now: float) -> bool:
    """Whether a peering that has ended is no longer shown, and may be forgotten.

    The guide has two hours or two days, by who looks; here both sides see deleted and failed ones for two hours,
    rejected and expired ones for two days.
    """
    found = at(record, now)
    return found.status in ENDED and now >= found.ended_at + _VISIBLE_SECONDS[found.status]


def far_scope(ctx: Context, account: str | None, region: str | None) -> tuple[str, str]:
    """The account and the region of another side, the caller's own by default. Raises InvalidParameterValue."""
    account, region = account or ctx.account, region or ctx.region
    if not _ACCOUNT.fullmatch(account):
        raise AwsError("InvalidParameterValue", f"Value ({account}) for parameter peerOwnerId is invalid.")
    if region != ctx.region and region not in regions(ctx.partition):
        raise AwsError("InvalidParameterValue", f"Value ({region}) for parameter peerRegion is invalid.")
    return account, region


def overlap(one: Side, other: Side) -> bool:
    """Whether any blocks of two sides overlap, of either family."""
    for mine in (*one.cidrs, *one.ipv6_cidrs):
        for theirs in (*other.cidrs, *other.ipv6_cidrs):
            first, second = network(mine), network(theirs)
            if first.version == second.version and first.overlaps(second):
                return True
    return False


def one(ctx: Context, peering_id: str) -> Peering:
    """A peering as it is now. Raises InvalidVpcPeeringConnectionID.NotFound and .Malformed."""
    found = at(catalog.one(ctx, Peering, peering_id), ctx.now)
    if is_gone(found, ctx.now):
        noun = catalog.NOUNS["pcx"]
        raise AwsError(noun.missing, noun.text.format(peering_id))
    return found


def of_vpc(ctx: Context, vpc_id: str) -> list[Peering]:
    """The peerings of a VPC as they are now, those that have ended too."""
    return [at(found, ctx.now) for found in ctx.find(Peering, "by_vpc", vpc_id)]


def between(ctx: Context, vpc_id: str, other_id: str) -> Peering | None:
    """The active peering of two VPCs, None without one or across regions, where groups cannot be named."""
    for found in of_vpc(ctx, vpc_id):
        is_near = found.requester.region == found.accepter.region
        if found.status == "active" and other_id in found.vpc_ids and is_near:
            return found
    return None


def put(ctx: Context, record: Peering) -> None:
    """Write a peering in the scopes of both sides; each keeps its own tags."""
    places = {(side.region, side.account) for side in (record.requester, record.accepter)}
    for region, account in places:
        there = ctx.at(region, account)
        before = there.get(Peering, record.id)
        mine = (region, account) == (ctx.region, ctx.account)
        kept = record.tags if mine else before.tags if before else {}
        there.put(msgspec.structs.replace(record, tags=kept))


def side_of(ctx: Context, vpc: Vpc) -> Side:
    """A VPC of this scope as the side of a peering."""
    cidrs, ipv6_cidrs = (tuple(block.cidr for block in blocks) for blocks in (vpc.blocks, vpc.ipv6_blocks))
    return Side(ctx.account, ctx.region, vpc.id, cidrs, ipv6_cidrs)


def described(ctx: Context, record: Peering) -> dict[str, Any]:
    """A peering as DescribeVpcPeeringConnections shows it."""
    found = at(record, ctx.now)
    shown: dict[str, Any] = {
        "VpcPeeringConnectionId": found.id,
        "RequesterVpcInfo": _side(ctx, found.requester, found.status),
        "AccepterVpcInfo": _side(ctx, found.accepter, found.status if found.status == "active" else "rejected"),
        "Status": {"Code": found.status, "Message": found.message},
        "Tags": tags.written(found.tags),
    }
    if found.status in ("initiating-request", "pending-acceptance"):
        shown["ExpirationTime"] = found.expires_at
    return shown


def options(side: Side) -> Mapping[str, bool]:
    return {
        "AllowDnsResolutionFromRemoteVpc": side.resolves_dns,
        "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
        "AllowEgressFromLocalVpcToRemoteClassicLink": False,
    }


def _side(ctx: Context, side: Side, status: str) -> dict[str, Any]:
    """One side; what it has for blocks now, which may be more than when the peering was made."""
    shown: dict[str, Any] = {"OwnerId": side.account, "VpcId": side.vpc_id, "Region": side.region}
    if status in ("rejected", "expired"):
        return shown
    there = ctx.at(side.region, side.account)
    vpc = there.get(Vpc, side.vpc_id)
    now = side_of(there, vpc) if vpc else side
    if now.cidrs:
        shown |= {"CidrBlock": now.cidrs[0], "CidrBlockSet": [{"CidrBlock": cidr} for cidr in now.cidrs]}
    if now.ipv6_cidrs:
        shown["Ipv6CidrBlockSet"] = [{"Ipv6CidrBlock": cidr} for cidr in now.ipv6_cidrs]
    if status == "active":
        shown["PeeringOptions"] = options(side)
    return shown
