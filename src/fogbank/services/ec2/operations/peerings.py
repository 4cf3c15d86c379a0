"""VPC peering connections (EC2 API Reference, "CreateVpcPeeringConnection" and the pages around it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, peerings, rules, tagging
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import Peering, Side, Vpc
from fogbank.services.ec2.vpcs import new_id

_PENDING_MAX = 25
_LISTING = Listing(
    Peering,
    "VpcPeeringConnections",
    "VpcPeeringConnectionIds",
    "VpcPeeringConnectionId",
    {
        "accepter-vpc-info.cidr-block": "AccepterVpcInfo.CidrBlock",
        "accepter-vpc-info.owner-id": "AccepterVpcInfo.OwnerId",
        "accepter-vpc-info.vpc-id": "AccepterVpcInfo.VpcId",
        "expiration-time": "ExpirationTime",
        "requester-vpc-info.cidr-block": "RequesterVpcInfo.CidrBlock",
        "requester-vpc-info.owner-id": "RequesterVpcInfo.OwnerId",
        "requester-vpc-info.vpc-id": "RequesterVpcInfo.VpcId",
        "status-code": "Status.Code",
        "status-message": "Status.Message",
        "vpc-peering-connection-id": "VpcPeeringConnectionId",
    },
)
_CLASSIC = ("AllowEgressFromLocalClassicLinkToRemoteVpc", "AllowEgressFromLocalVpcToRemoteClassicLink")
_OPTION = "AllowDnsResolutionFromRemoteVpc"


def create_vpc_peering_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = catalog.one(ctx, Vpc, req["VpcId"])
    if not req.get("PeerVpcId"):
        raise AwsError("MissingParameter", "The request must contain the parameter peerVpcId")
    account, region = peerings.far_scope(ctx, req.get("PeerOwnerId"), req.get("PeerRegion"))
    here, there = peerings.side_of(ctx, vpc), _peer(ctx, account, region, req["PeerVpcId"])
    if here.vpc_id == there.vpc_id:
        text = "The requester VPC and the accepter VPC of a VPC peering connection must not be the same VPC."
        raise AwsError("InvalidParameterValue", text)
    _check_new(ctx, here, there)
    record = Peering(
        id=new_id(ctx, "pcx"),
        requester=here,
        accepter=there,
        expires_at=ctx.now + peerings.EXPIRES_AFTER_SECONDS,
        tags=tagging.specified(req, "vpc-peering-connection"),
    )
    fails = not there.cidrs or peerings.overlap(here, there)
    record = peerings.moved(record, "failed" if fails else "pending-acceptance", now=ctx.now)
    if there.cidrs:
        peerings.put(ctx, record)
    else:
        ctx.put(record)
    shown = peerings.described(ctx, record)
    if not fails:
        begun = peerings.moved(record, "initiating-request", now=ctx.now)
        shown["Status"] = {"Code": begun.status, "Message": begun.message}
    return {"VpcPeeringConnection": shown}


def accept_vpc_peering_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = _asked(ctx, req)
    accepter = record.accepter
    if ctx.account != accepter.account:
        text = f"User {ctx.account} cannot accept peering {record.id}"
        raise AwsError("OperationNotPermitted", text)
    if ctx.region != accepter.region:
        text = (
            f"Incorrect region ({ctx.region}) specified for this request. "
            f"VPC peering connection {record.id} must be accepted in region {accepter.region}"
        )
        raise AwsError("OperationNotPermitted", text)
    _check_transition(record, ("pending-acceptance",), "provisioning")
    for side in (record.requester, accepter):
        there = ctx.at(side.region, side.account)
        count = sum(one.status == "active" for one in peerings.of_vpc(there, side.vpc_id))
        text = f"The maximum number of active VPC peering connections for VPC {side.vpc_id} has been reached."
        rules.check_quota("peerings", count, "ActiveVpcPeeringConnectionPerVpcLimitExceeded", text)
    accepted = peerings.moved(record, "active", now=ctx.now)
    peerings.put(ctx, accepted)
    begun = peerings.moved(record, "provisioning", now=ctx.now)
    status = {"Code": begun.status, "Message": begun.message}
    return {"VpcPeeringConnection": {**peerings.described(ctx, accepted), "Status": status}}


def reject_vpc_peering_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = _asked(ctx, req)
    if (ctx.account, ctx.region) != (record.accepter.account, record.accepter.region):
        text = f"User {ctx.account} cannot reject peering {record.id}"
        raise AwsError("OperationNotPermitted", text)
    _check_transition(record, ("pending-acceptance",), "rejected")
    peerings.put(ctx, peerings.moved(record, "rejected", now=ctx.now, by=ctx.account))
    return {"Return": True}


def delete_vpc_peering_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = _asked(ctx, req)
    is_requester = (ctx.account, ctx.region) == (record.requester.account, record.requester.region)
    if record.status == "pending-acceptance" and not is_requester:
        # Whoever was asked rejects; only who asked may take it back (VPC Peering Guide, "Delete").
        raise AwsError("OperationNotPermitted", f"User {ctx.account} cannot delete peering {record.id}")
    _check_transition(record, ("pending-acceptance", "active"), "deleting")
    peerings.put(ctx, peerings.moved(record, "deleted", now=ctx.now, by=ctx.account))
    return {"Return": True}


def describe_vpc_peering_connections(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    for peering_id in req.get("VpcPeeringConnectionIds") or ():
        peerings.one(ctx, peering_id)
    records = [found for found in ctx.scan(Peering) if not peerings.is_gone(found, ctx.now)]
    return listed(ctx, req, _LISTING, peerings.described, records)


def modify_vpc_peering_connection_options(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = _asked(ctx, req)
    wanted = {side: req.get(f"{side}PeeringConnectionOptions") for side in ("Requester", "Accepter")}
    if not any(wanted.values()):
        either = "requesterPeeringConnectionOptions or accepterPeeringConnectionOptions"
        text = f"The request must contain the parameter {either}"
        raise AwsError("MissingParameter", text)
    if record.status != "active":
        text = f"Peering {record.id} is not active. Peering options can be added only to active peerings."
        raise AwsError("OperationNotPermitted", text)
    answer: dict[str, Any] = {}
    for name, options in wanted.items():
        if options:
            record = _with_options(ctx, record, name, options)
            side = record.requester if name == "Requester" else record.accepter
            answer[f"{name}PeeringConnectionOptions"] = dict(peerings.options(side))
    peerings.put(ctx, record)
    return answer


def _peer(ctx: Context, account: str, region: str, vpc_id: str) -> Side:
    """The other side; without blocks where it cannot be found in another account or region, which AWS finds out later.

    Raises InvalidVpcID.NotFound within the account and the region.
    """
    if catalog.prefix_of(vpc_id) != "vpc" or (account, region) == (ctx.account, ctx.region):
        return peerings.side_of(ctx, catalog.one(ctx, Vpc, vpc_id))
    there = ctx.at(region, account)
    found = there.get(Vpc, vpc_id)
    return peerings.side_of(there, found) if found else Side(account, region, vpc_id)


def _check_new(ctx: Context, here: Side, there: Side) -> None:
    """Raises VpcPeeringConnectionAlreadyExists and OutstandingVpcPeeringConnectionLimitExceeded."""
    found = peerings.of_vpc(ctx, here.vpc_id)
    for other in found:
        if there.vpc_id in other.vpc_ids and other.status in ("pending-acceptance", "active"):
            text = f"A VPC peering connection {other.id} between VPCs {here.vpc_id} and {there.vpc_id} already exists."
            raise AwsError("VpcPeeringConnectionAlreadyExists", text)
    pending = [peerings.at(one, ctx.now) for one in ctx.scan(Peering)]
    mine = [one for one in pending if one.status == "pending-acceptance" and one.requester.account == ctx.account]
    if len(mine) >= _PENDING_MAX:
        text = "The maximum number of outstanding VPC peering connection requests has been reached."
        raise AwsError("OutstandingVpcPeeringConnectionLimitExceeded", text)


def _asked(ctx: Context, req: dict[str, Any]) -> Peering:
    if not req.get("VpcPeeringConnectionId"):
        raise AwsError("MissingParameter", "The request must contain the parameter vpcPeeringConnectionId")
    return peerings.one(ctx, req["VpcPeeringConnectionId"])


def _check_transition(record: Peering, allowed: tuple[str, ...], target: str) -> None:
    if record.status not in allowed:
        text = f"Invalid state transition for {record.id}, attempted to transition from {record.status} to {target}"
        raise AwsError("InvalidStateTransition", text)


def _with_options(ctx: Context, record: Peering, name: str, options: Mapping[str, Any]) -> Peering:
    """A peering with the options of one side, which only that side may set."""
    side = record.requester if name == "Requester" else record.accepter
    if (side.account, side.region) != (ctx.account, ctx.region):
        text = f"User {ctx.account} cannot modify {name.lower()} peering options of {record.id}"
        raise AwsError("OperationNotPermitted", text)
    if any(options.get(one) for one in _CLASSIC):
        raise AwsError("InvalidParameterValue", "ClassicLink is no longer supported.")
    changed = msgspec.structs.replace(side, resolves_dns=options.get(_OPTION, side.resolves_dns))
    if name == "Requester":
        return msgspec.structs.replace(record, requester=changed)
    return msgspec.structs.replace(record, accepter=changed)
