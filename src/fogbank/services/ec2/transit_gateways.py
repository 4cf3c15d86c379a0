"""Transit gateways, their attachments and route tables, as they are found, made and described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, interfaces, prefix_lists, transit
from fogbank.services.ec2.interface_addresses import Asked
from fogbank.services.ec2.listing import limit_of, paged
from fogbank.services.ec2.resources import (
    NetworkInterface,
    Subnet,
    TransitAttachment,
    TransitGateway,
    TransitRouteTable,
    Vpc,
)
from fogbank.services.ec2.vpcs import new_id
from fogbank.store.records import R

ENDED = ("deleted", "rejected", "failed")
VISIBLE_SECONDS = 3_600
REQUESTER = "amazon-transit-gateway"
"""As whom transit gateways make their interfaces."""
OPTIONS: Mapping[str, Any] = {
    "AmazonSideAsn": 64512,
    "TransitGatewayCidrBlocks": (),
    "AutoAcceptSharedAttachments": "disable",
    "DefaultRouteTableAssociation": "enable",
    "DefaultRouteTablePropagation": "enable",
    "VpnEcmpSupport": "enable",
    "DnsSupport": "enable",
    "SecurityGroupReferencingSupport": "disable",
    "MulticastSupport": "disable",
}
VPC_OPTIONS: Mapping[str, str] = {
    "DnsSupport": "enable",
    "SecurityGroupReferencingSupport": "enable",
    "Ipv6Support": "disable",
    "ApplianceModeSupport": "disable",
}


def is_gone(record: TransitGateway | TransitAttachment | TransitRouteTable, now: float) -> bool:
    """Whether what was deleted is no longer shown, and may be forgotten."""
    return record.state in ENDED and now >= record.ended_at + VISIBLE_SECONDS


def shown(ctx: Context, kind: type[R], ids: Sequence[str] | None) -> list[R]:
    """The records that a Describe operation is about: those that are named, else all that are not gone."""
    if ids:
        return catalog.found(ctx, kind, ids)
    return [record for record in ctx.scan(kind) if not is_gone(record, ctx.now)]  # type: ignore[arg-type]


def gateway(ctx: Context, gateway_id: str) -> TransitGateway:
    """A transit gateway that is there. Raises InvalidTransitGatewayID.NotFound and .Malformed."""
    return _there(catalog.one(ctx, TransitGateway, gateway_id), "tgw")


def table(ctx: Context, table_id: str) -> TransitRouteTable:
    """Raises InvalidRouteTableID.NotFound and InvalidRouteTableId.Malformed."""
    return _there(catalog.one(ctx, TransitRouteTable, table_id), "tgw-rtb")


def attachment(ctx: Context, attachment_id: str, type_: str = "") -> TransitAttachment:
    """Raises InvalidTransitGatewayAttachmentID.NotFound and .Malformed."""
    found = catalog.one(ctx, TransitAttachment, attachment_id)
    if type_ and found.type != type_:
        raise missing("tgw-attach", attachment_id)
    return _there(found, "tgw-attach")


def attachment_of(ctx: Context, table_: TransitRouteTable, attachment_id: str) -> TransitAttachment:
    """An attachment of a table's gateway that packets may go through. Raises IncorrectState besides."""
    attachment(ctx, attachment_id)
    found = ctx.get(TransitAttachment, table_.gateway_id, attachment_id)
    if found is None:
        text = f"{table_.id} and {attachment_id} belong to different transit gateways."
        raise AwsError("InvalidParameterValue", text)
    if found.state != "available":
        raise AwsError("IncorrectState", f"{attachment_id} is in invalid state")
    return found


def missing(prefix: str, resource_id: str) -> AwsError:
    noun = catalog.NOUNS[prefix]
    return AwsError(noun.missing, noun.text.format(resource_id))


def next_number(ctx: Context, kind: type[TransitAttachment] | type[TransitRouteTable], gateway_id: str) -> int:
    """The next number within a gateway; those of what was deleted do not come again while it is remembered."""
    return 1 + max((record.number for record in ctx.scan(kind, gateway_id)), default=0)


def make_table(ctx: Context, gateway_id: str, given: Mapping[str, str]) -> TransitRouteTable:
    made = TransitRouteTable(
        gateway_id=gateway_id,
        id=new_id(ctx, "tgw-rtb"),
        number=next_number(ctx, TransitRouteTable, gateway_id),
        created_at=ctx.now,
        tags=given,
    )
    ctx.put(made)
    return made


def join(ctx: Context, gateway_: TransitGateway, made: TransitAttachment) -> TransitAttachment:
    """Associate and propagate a new attachment as its gateway does by default; puts it."""
    if gateway_.association_table_id and made.type == "vpc":
        made = msgspec.structs.replace(made, route_table_id=gateway_.association_table_id)
    if gateway_.propagation_table_id and made.type == "vpc":
        propagate(ctx, table(ctx, gateway_.propagation_table_id), made.id)
    ctx.put(made)
    return made


def propagate(ctx: Context, table_: TransitRouteTable, attachment_id: str) -> None:
    ctx.put(msgspec.structs.replace(table_, propagating=(*table_.propagating, attachment_id)))


def end(ctx: Context, record: TransitAttachment, state: str) -> TransitAttachment:
    """An attachment that is no more: without interfaces, association and propagations; its static routes stay."""
    for interface_id in record.interfaces.values():
        remove_interface(ctx, interface_id)
    for table_ in ctx.scan(TransitRouteTable, record.gateway_id):
        if record.id in table_.propagating:
            left = tuple(one for one in table_.propagating if one != record.id)
            ctx.put(msgspec.structs.replace(table_, propagating=left))
    ended = msgspec.structs.replace(record, state=state, ended_at=ctx.now, interfaces={}, route_table_id="")
    ctx.put(ended)
    return ended


def make_interface(ctx: Context, subnet: Subnet, attachment_id: str) -> str:
    """An interface of the transit gateway in a subnet, managed by it. Raises what `interfaces.make` raises."""
    wanted = interfaces.Wanted(
        asked=Asked(ipv6_count=1 if subnet.ipv6_blocks else 0),
        groups=(),
        description=f"Network Interface for Transit Gateway Attachment {attachment_id}",
        type="transit_gateway",
        requester_id=REQUESTER,
        owner="amazon-aws",
        checks_source=False,
    )
    return interfaces.make(ctx, subnet, wanted).id


def remove_interface(ctx: Context, interface_id: str) -> None:
    if (found := catalog.maybe(ctx, NetworkInterface, interface_id)) is not None:
        interfaces.remove(ctx, found)


def blocks(ctx: Context, found: TransitAttachment) -> tuple[str, ...]:
    """What an attachment propagates: the blocks of its VPC, those of IPv6 where it supports that."""
    vpc = ctx.get(Vpc, found.resource_id) if found.type == "vpc" else None
    if vpc is None:
        return ()
    with_ipv6 = found.options.get("Ipv6Support") == "enable"
    return tuple(block.cidr for block in (*vpc.blocks, *(vpc.ipv6_blocks if with_ipv6 else ())))


def routes(ctx: Context, table_: TransitRouteTable) -> list[transit.Effective]:
    """The routes of a table in force; see `transit.effective`."""
    attachments = {found.id: found for found in ctx.scan(TransitAttachment, table_.gateway_id)}
    named = {route.destination for route in table_.routes if route.destination.startswith("pl-")}
    return transit.effective(
        table_,
        attachments,
        {one: blocks(ctx, attachments[one]) for one in table_.propagating if one in attachments},
        {one: prefix_lists.blocks_of(ctx, one) for one in named},
    )


def rows(
    req: Mapping[str, Any], result: str, found: Iterable[dict[str, Any]], paths: Mapping[str, str]
) -> dict[str, Any]:
    """The answer of a Get operation on a table or an attachment; `paths` begins with what identifies a row."""
    return paged(req, result, matching(found, req.get("Filters"), paths), next(iter(paths.values())), limit_of(req))


def described_gateway(ctx: Context, found: TransitGateway) -> dict[str, Any]:
    """As DescribeTransitGateways shows it."""
    options = dict(found.options)
    options["TransitGatewayCidrBlocks"] = list(options.get("TransitGatewayCidrBlocks", ()))
    if found.association_table_id:
        options["AssociationDefaultRouteTableId"] = found.association_table_id
    if found.propagation_table_id:
        options["PropagationDefaultRouteTableId"] = found.propagation_table_id
    return {
        "TransitGatewayId": found.id,
        "TransitGatewayArn": ctx.arn(f"transit-gateway/{found.id}"),
        "State": found.state,
        "OwnerId": ctx.account,
        "Description": found.description,
        "CreationTime": found.created_at,
        "Options": options,
        "Tags": tags.written(found.tags),
    }


def described_table(ctx: Context, found: TransitRouteTable) -> dict[str, Any]:
    """As DescribeTransitGatewayRouteTables shows it."""
    gateway_ = ctx.get(TransitGateway, found.gateway_id)
    return {
        "TransitGatewayRouteTableId": found.id,
        "TransitGatewayId": found.gateway_id,
        "State": found.state,
        "DefaultAssociationRouteTable": gateway_ is not None and gateway_.association_table_id == found.id,
        "DefaultPropagationRouteTable": gateway_ is not None and gateway_.propagation_table_id == found.id,
        "CreationTime": found.created_at,
        "Tags": tags.written(found.tags),
    }


def described_attachment(ctx: Context, found: TransitAttachment) -> dict[str, Any]:
    """As DescribeTransitGatewayAttachments shows it."""
    row: dict[str, Any] = {
        "TransitGatewayAttachmentId": found.id,
        "TransitGatewayId": found.gateway_id,
        "TransitGatewayOwnerId": ctx.account,
        "ResourceOwnerId": found.peer.account if found.peer else ctx.account,
        "ResourceType": found.type,
        "ResourceId": found.resource_id,
        "State": found.state,
        "CreationTime": found.created_at,
        "Tags": tags.written(found.tags),
    }
    if found.route_table_id:
        row["Association"] = {"TransitGatewayRouteTableId": found.route_table_id, "State": "associated"}
    return row


def described_vpc_attachment(ctx: Context, found: TransitAttachment) -> dict[str, Any]:
    """As DescribeTransitGatewayVpcAttachments shows it."""
    return {
        "TransitGatewayAttachmentId": found.id,
        "TransitGatewayId": found.gateway_id,
        "VpcId": found.resource_id,
        "VpcOwnerId": ctx.account,
        "State": found.state,
        "SubnetIds": list(found.interfaces),
        "CreationTime": found.created_at,
        "Options": dict(found.options),
        "Tags": tags.written(found.tags),
    }


def _there(found: R, prefix: str) -> R:
    if found.state in ENDED:  # type: ignore[attr-defined]
        raise missing(prefix, found.id)  # type: ignore[attr-defined]
    return found
