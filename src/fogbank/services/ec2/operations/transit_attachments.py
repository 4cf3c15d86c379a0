"""What is attached to transit gateways: VPCs and peers (EC2 API Reference, "CreateTransitGatewayVpcAttachment" …)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, peerings, tagging, transit_gateways
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import Side, Subnet, TransitAttachment, Vpc
from fogbank.services.ec2.vpcs import new_id

_STATE = {
    "state": "State",
    "transit-gateway-attachment-id": "TransitGatewayAttachmentId",
    "transit-gateway-id": "TransitGatewayId",
}
_ALL = Listing(
    TransitAttachment,
    "TransitGatewayAttachments",
    "",
    "TransitGatewayAttachmentId",
    {
        **_STATE,
        "association.state": "Association.State",
        "association.transit-gateway-route-table-id": "Association.TransitGatewayRouteTableId",
        "resource-id": "ResourceId",
        "resource-owner-id": "ResourceOwnerId",
        "resource-type": "ResourceType",
        "transit-gateway-owner-id": "TransitGatewayOwnerId",
    },
)
_VPCS = _ALL._replace(result="TransitGatewayVpcAttachments", filters={**_STATE, "vpc-id": "VpcId"})
_PEERS = _ALL._replace(
    result="TransitGatewayPeeringAttachments",
    filters={
        **_STATE,
        "transit-gateway-id": "RequesterTgwInfo.TransitGatewayId",
        "local-owner-id": "RequesterTgwInfo.OwnerId",
        "remote-owner-id": "AccepterTgwInfo.OwnerId",
    },
)
PEERS_MAX = 50
_DIFFERENT_ZONES = "Duplicate Subnets for same AZ"


def create_transit_gateway_vpc_attachment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    gateway = transit_gateways.gateway(ctx, req["TransitGatewayId"])
    vpc = catalog.one(ctx, Vpc, req["VpcId"])
    if any(one.resource_id == vpc.id and _is_left(one) for one in ctx.scan(TransitAttachment, gateway.id)):
        text = f"{gateway.id} has non-deleted Transit Gateway Attachments with same VPC ID."
        raise AwsError("DuplicateTransitGatewayAttachment", text)
    subnets = _subnets(ctx, vpc.id, req["SubnetIds"])
    if not subnets:
        raise AwsError("MissingParameter", "The request must contain the parameter subnetIds")
    _check_zones(subnets)
    options = {**transit_gateways.VPC_OPTIONS, **(req.get("Options") or {})}
    _check_ipv6(options, subnets)
    attachment_id = new_id(ctx, "tgw-attach")
    made = TransitAttachment(
        gateway_id=gateway.id,
        id=attachment_id,
        number=transit_gateways.next_number(ctx, TransitAttachment, gateway.id),
        resource_id=vpc.id,
        interfaces={one.id: transit_gateways.make_interface(ctx, one, attachment_id) for one in subnets},
        options=options,
        created_at=ctx.now,
        tags=tagging.specified(req, "transit-gateway-attachment"),
    )
    made = transit_gateways.join(ctx, gateway, made)
    shown = transit_gateways.described_vpc_attachment(ctx, made)
    return {"TransitGatewayVpcAttachment": {**shown, "State": "pending"}}


def modify_transit_gateway_vpc_attachment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = transit_gateways.attachment(ctx, req["TransitGatewayAttachmentId"], "vpc")
    interfaces = dict(found.interfaces)
    for subnet_id in req.get("RemoveSubnetIds") or ():
        if subnet_id not in interfaces:
            raise AwsError("InvalidSubnetID.NotFound", f"Subnet {subnet_id} was deleted or does not exist.")
        transit_gateways.remove_interface(ctx, interfaces.pop(subnet_id))
    added = [one for one in _subnets(ctx, found.resource_id, req.get("AddSubnetIds") or ()) if one.id not in interfaces]
    _check_zones([*catalog.found(ctx, Subnet, list(interfaces)), *added])
    for subnet in added:
        interfaces[subnet.id] = transit_gateways.make_interface(ctx, subnet, found.id)
    if not interfaces:
        raise AwsError("InvalidParameterValue", f"{found.id} must have at least one subnet.")
    options = {**found.options, **(req.get("Options") or {})}
    _check_ipv6(options, catalog.found(ctx, Subnet, list(interfaces)))
    changed = msgspec.structs.replace(found, interfaces=interfaces, options=options)
    ctx.put(changed)
    shown = transit_gateways.described_vpc_attachment(ctx, changed)
    return {"TransitGatewayVpcAttachment": {**shown, "State": "modifying"}}


def delete_transit_gateway_vpc_attachment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = transit_gateways.attachment(ctx, req["TransitGatewayAttachmentId"], "vpc")
    transit_gateways.end(ctx, found, "deleted")
    shown = transit_gateways.described_vpc_attachment(ctx, found)
    return {"TransitGatewayVpcAttachment": {**shown, "State": "deleting"}}


def describe_transit_gateway_vpc_attachments(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = transit_gateways.shown(ctx, TransitAttachment, req.get("TransitGatewayAttachmentIds"))
    vpcs = [found for found in records if found.type == "vpc"]
    return listed(ctx, req, _VPCS, transit_gateways.described_vpc_attachment, vpcs)


def describe_transit_gateway_attachments(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = transit_gateways.shown(ctx, TransitAttachment, req.get("TransitGatewayAttachmentIds"))
    return listed(ctx, req, _ALL, transit_gateways.described_attachment, records)


def create_transit_gateway_peering_attachment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    gateway = transit_gateways.gateway(ctx, req["TransitGatewayId"])
    account, region = peerings.far_scope(ctx, req["PeerAccountId"], req["PeerRegion"])
    there = ctx.at(region, account)
    peer = transit_gateways.gateway(there, req["PeerTransitGatewayId"])
    if peer.id == gateway.id:
        raise AwsError("InvalidParameterValue", "A transit gateway cannot be peered with itself.")
    peers = [one for one in ctx.scan(TransitAttachment, gateway.id) if one.type == "peering" and _is_left(one)]
    if any(one.resource_id == peer.id for one in peers):
        text = f"{gateway.id} has non-deleted Transit Gateway Peering Attachments with {peer.id}."
        raise AwsError("DuplicateTransitGatewayAttachment", text)
    if len(peers) >= PEERS_MAX:
        text = "The maximum number of transit gateway peering attachments has been reached."
        raise AwsError("TransitGatewayAttachmentLimitExceeded", text)
    options = req.get("Options") or {}
    asked = TransitAttachment(
        gateway_id=gateway.id,
        id=new_id(ctx, "tgw-attach"),
        number=transit_gateways.next_number(ctx, TransitAttachment, gateway.id),
        resource_id=peer.id,
        type="peering",
        peer=Side(there.account, there.region, peer.id),
        options={**options, "IsRequester": True},
        state="pendingAcceptance",
        created_at=ctx.now,
        tags=tagging.specified(req, "transit-gateway-attachment"),
    )
    ctx.put(asked)
    answering = msgspec.structs.replace(
        asked,
        gateway_id=peer.id,
        number=transit_gateways.next_number(there, TransitAttachment, peer.id),
        resource_id=gateway.id,
        peer=Side(ctx.account, ctx.region, gateway.id),
        options={**options, "IsRequester": False},
        tags={},
    )
    there.put(answering)
    return {"TransitGatewayPeeringAttachment": {**_peering(ctx, asked), "State": "initiatingRequest"}}


def accept_transit_gateway_peering_attachment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _answered(ctx, req)
    for scope, side in _sides(ctx, found):
        scope.put(msgspec.structs.replace(side, state="available"))
    return {"TransitGatewayPeeringAttachment": {**_peering(ctx, found), "State": "pending"}}


def reject_transit_gateway_peering_attachment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _answered(ctx, req)
    for scope, side in _sides(ctx, found):
        transit_gateways.end(scope, side, "rejected")
    return {"TransitGatewayPeeringAttachment": {**_peering(ctx, found), "State": "rejected"}}


def delete_transit_gateway_peering_attachment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = transit_gateways.attachment(ctx, req["TransitGatewayAttachmentId"], "peering")
    for scope, side in _sides(ctx, found):
        transit_gateways.end(scope, side, "deleted")
    return {"TransitGatewayPeeringAttachment": {**_peering(ctx, found), "State": "deleting"}}


def describe_transit_gateway_peering_attachments(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = transit_gateways.shown(ctx, TransitAttachment, req.get("TransitGatewayAttachmentIds"))
    found = {one.id: one for one in records if one.type == "peering"}
    return listed(ctx, req, _PEERS, _peering, found.values())


def _is_left(found: TransitAttachment) -> bool:
    return found.state not in transit_gateways.ENDED


def _subnets(ctx: Context, vpc_id: str, ids: Sequence[str]) -> list[Subnet]:
    """Subnets of a VPC. Raises InvalidSubnetID.NotFound, in transit gateways' words, and .Malformed."""
    found = []
    for subnet_id in dict.fromkeys(ids):
        if catalog.prefix_of(subnet_id) != "subnet":
            catalog.one(ctx, Subnet, subnet_id)
        subnet = ctx.get(Subnet, vpc_id, subnet_id)
        if subnet is None:
            raise AwsError("InvalidSubnetID.NotFound", f"Subnet {subnet_id} was deleted or does not exist.")
        found.append(subnet)
    return found


def _check_zones(subnets: Sequence[Subnet]) -> None:
    if len({subnet.zone for subnet in subnets}) < len(subnets):
        raise AwsError("DuplicateSubnetsInSameZone", _DIFFERENT_ZONES)


def _check_ipv6(options: dict[str, Any], subnets: Sequence[Subnet]) -> None:
    without = [subnet.id for subnet in subnets if not subnet.ipv6_blocks]
    if options["Ipv6Support"] == "enable" and without:
        text = f"Subnets {', '.join(without)} do not have an IPv6 CIDR block."
        raise AwsError("InvalidParameterValue", text)


def _answered(ctx: Context, req: dict[str, Any]) -> TransitAttachment:
    """The accepter's side of an attachment that waits for an answer. Raises IncorrectState, OperationNotPermitted."""
    attachment_id = req["TransitGatewayAttachmentId"]
    transit_gateways.attachment(ctx, attachment_id, "peering")
    sides = ctx.find(TransitAttachment, "by_id", attachment_id)
    mine = next((one for one in sides if not one.options["IsRequester"]), None)
    if mine is None:
        text = f"User {ctx.account} cannot accept or reject {attachment_id} in {ctx.region}"
        raise AwsError("OperationNotPermitted", text)
    if mine.state != "pendingAcceptance":
        raise AwsError("IncorrectState", f"{attachment_id} is in invalid state")
    return mine


def _sides(ctx: Context, found: TransitAttachment) -> list[tuple[Context, TransitAttachment]]:
    """Both records of a peering attachment, each with the scope that it lies in."""
    assert found.peer is not None
    there = ctx.at(found.peer.region, found.peer.account)
    other = there.get(TransitAttachment, found.resource_id, found.id)
    return [(ctx, found), *([(there, other)] if other else [])]


def _peering(ctx: Context, found: TransitAttachment) -> dict[str, Any]:
    """As DescribeTransitGatewayPeeringAttachments shows it."""
    assert found.peer is not None
    here = {"TransitGatewayId": found.gateway_id, "OwnerId": ctx.account, "Region": ctx.region}
    there = {
        "TransitGatewayId": found.peer.vpc_id,
        "OwnerId": found.peer.account,
        "Region": found.peer.region,
    }
    asks = found.options["IsRequester"]
    # Read anew: an operation describes what it has just changed.
    now = ctx.get(TransitAttachment, found.gateway_id, found.id) or found
    messages = {"available": "Available", "pendingAcceptance": "Pending Acceptance"}
    return {
        "TransitGatewayAttachmentId": found.id,
        "RequesterTgwInfo": here if asks else there,
        "AccepterTgwInfo": there if asks else here,
        # Told only if it was asked for: terraform takes options that nobody gave for a change.
        **(
            {"Options": {"DynamicRouting": found.options["DynamicRouting"]}}
            if "DynamicRouting" in found.options
            else {}
        ),
        "State": now.state,
        "Status": {"Code": now.state, "Message": messages.get(now.state, now.state.capitalize())},
        "CreationTime": found.created_at,
        "Tags": tags.written(found.tags),
    }
