"""Transit gateways and their route tables (EC2 API Reference, "CreateTransitGateway" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import rules, tagging, transit_gateways
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import TransitAttachment, TransitGateway, TransitRouteTable
from fogbank.services.ec2.vpcs import new_id

_GATEWAYS = Listing(
    TransitGateway,
    "TransitGateways",
    "",
    "TransitGatewayId",
    {
        "options.propagation-default-route-table-id": "Options.PropagationDefaultRouteTableId",
        "options.amazon-side-asn": "Options.AmazonSideAsn",
        "options.association-default-route-table-id": "Options.AssociationDefaultRouteTableId",
        "options.auto-accept-shared-attachments": "Options.AutoAcceptSharedAttachments",
        "options.default-route-table-association": "Options.DefaultRouteTableAssociation",
        "options.default-route-table-propagation": "Options.DefaultRouteTablePropagation",
        "options.dns-support": "Options.DnsSupport",
        "options.vpn-ecmp-support": "Options.VpnEcmpSupport",
        "owner-id": "OwnerId",
        "state": "State",
        "transit-gateway-id": "TransitGatewayId",
    },
)
_TABLES = Listing(
    TransitRouteTable,
    "TransitGatewayRouteTables",
    "",
    "TransitGatewayRouteTableId",
    {
        "default-association-route-table": "DefaultAssociationRouteTable",
        "default-propagation-route-table": "DefaultPropagationRouteTable",
        "state": "State",
        "transit-gateway-id": "TransitGatewayId",
        "transit-gateway-route-table-id": "TransitGatewayRouteTableId",
    },
)
GATEWAYS_MAX, TABLES_MAX = 5, 20
_PRIVATE_ASNS = (range(64512, 65535), range(4200000000, 4294967295))
_BLOCKS_MAX, _BLOCK_PREFIX_MAX, _BLOCK_PREFIX_MAX_IPV6 = 5, 24, 64


def create_transit_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    count = sum(found.state not in transit_gateways.ENDED for found in ctx.scan(TransitGateway))
    if count >= GATEWAYS_MAX:
        raise AwsError("TransitGatewayLimitExceeded", "The maximum number of transit gateways has been reached.")
    options = {**transit_gateways.OPTIONS, **(req.get("Options") or {})}
    options["TransitGatewayCidrBlocks"] = _blocks(options["TransitGatewayCidrBlocks"])
    _check_asn(options["AmazonSideAsn"])
    gateway = TransitGateway(
        id=new_id(ctx, "tgw"),
        description=req.get("Description", ""),
        options=options,
        created_at=ctx.now,
        tags=tagging.specified(req, "transit-gateway"),
    )
    associates, propagates = (
        options[name] == "enable" for name in ("DefaultRouteTableAssociation", "DefaultRouteTablePropagation")
    )
    if associates or propagates:
        table_id = transit_gateways.make_table(ctx, gateway.id, {}).id
        gateway = msgspec.structs.replace(
            gateway,
            association_table_id=table_id if associates else "",
            propagation_table_id=table_id if propagates else "",
        )
    ctx.put(gateway)
    return {"TransitGateway": {**transit_gateways.described_gateway(ctx, gateway), "State": "pending"}}


def delete_transit_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    gateway = transit_gateways.gateway(ctx, req["TransitGatewayId"])
    left = [one for one in ctx.scan(TransitAttachment, gateway.id) if one.state not in transit_gateways.ENDED]
    for type_, word in (("vpc", "VPC"), ("peering", "Transit Gateway Cross Region Peering")):
        if ids := [one.id for one in left if one.type == type_]:
            text = f"{gateway.id} has non-deleted {word} Attachments: {', '.join(ids)}."
            raise AwsError("IncorrectState", text)
    tables = [one for one in ctx.scan(TransitRouteTable, gateway.id) if one.state not in transit_gateways.ENDED]
    own = (gateway.association_table_id, gateway.propagation_table_id)
    if ids := [one.id for one in tables if one.id not in own]:
        text = f"{gateway.id} has non-deleted Transit Gateway Route Tables: {', '.join(ids)}."
        raise AwsError("IncorrectState", text)
    for table in tables:
        ctx.put(_ended(ctx, table))
    ended = msgspec.structs.replace(gateway, state="deleted", ended_at=ctx.now)
    ctx.put(ended)
    return {"TransitGateway": {**transit_gateways.described_gateway(ctx, ended), "State": "deleting"}}


def describe_transit_gateways(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = transit_gateways.shown(ctx, TransitGateway, req.get("TransitGatewayIds"))
    return listed(ctx, req, _GATEWAYS, transit_gateways.described_gateway, records)


def modify_transit_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    gateway = transit_gateways.gateway(ctx, req["TransitGatewayId"])
    given = dict(req.get("Options") or {})
    added, removed = (given.pop(f"{verb}TransitGatewayCidrBlocks", ()) for verb in ("Add", "Remove"))
    tables = {
        "association_table_id": given.pop("AssociationDefaultRouteTableId", gateway.association_table_id),
        "propagation_table_id": given.pop("PropagationDefaultRouteTableId", gateway.propagation_table_id),
    }
    options = {**gateway.options, **{name: one for name, one in given.items() if name in transit_gateways.OPTIONS}}
    blocks = [one for one in options["TransitGatewayCidrBlocks"] if one not in _blocks(removed)]
    options["TransitGatewayCidrBlocks"] = _blocks([*blocks, *added])
    _check_asn(options["AmazonSideAsn"])
    for member, option in (
        ("association_table_id", "DefaultRouteTableAssociation"),
        ("propagation_table_id", "DefaultRouteTablePropagation"),
    ):
        tables[member] = _default_table(ctx, gateway, tables[member], option, options)
    description = req.get("Description", gateway.description)
    changed = msgspec.structs.replace(gateway, options=options, description=description, **tables)
    ctx.put(changed)
    return {"TransitGateway": {**transit_gateways.described_gateway(ctx, changed), "State": "modifying"}}


def create_transit_gateway_route_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    gateway = transit_gateways.gateway(ctx, req["TransitGatewayId"])
    count = sum(one.state not in transit_gateways.ENDED for one in ctx.scan(TransitRouteTable, gateway.id))
    if count >= TABLES_MAX:
        text = "The maximum number of transit gateway route tables has been reached."
        raise AwsError("TransitGatewayRouteTableLimitExceeded", text)
    given = tagging.specified(req, "transit-gateway-route-table")
    table = transit_gateways.make_table(ctx, gateway.id, given)
    return {"TransitGatewayRouteTable": {**transit_gateways.described_table(ctx, table), "State": "pending"}}


def delete_transit_gateway_route_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    gateway = transit_gateways.gateway(ctx, table.gateway_id)
    for word, default_id in (
        ("association", gateway.association_table_id),
        ("propagation", gateway.propagation_table_id),
    ):
        if default_id == table.id:
            text = f"Cannot delete {table.id}: it is the default {word} route table of {gateway.id}."
            raise AwsError("IncorrectState", text)
    attachments = ctx.scan(TransitAttachment, gateway.id)
    if ids := [one.id for one in attachments if one.route_table_id == table.id]:
        text = f"{table.id} has non-deleted associations: {', '.join(ids)}."
        raise AwsError("IncorrectState", text)
    ended = _ended(ctx, table)
    ctx.put(ended)
    return {"TransitGatewayRouteTable": {**transit_gateways.described_table(ctx, ended), "State": "deleting"}}


def describe_transit_gateway_route_tables(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = transit_gateways.shown(ctx, TransitRouteTable, req.get("TransitGatewayRouteTableIds"))
    return listed(ctx, req, _TABLES, transit_gateways.described_table, records)


def _default_table(ctx: Context, gateway: TransitGateway, table_id: str, option: str, options: dict[str, Any]) -> str:
    """The default table after a change: none where the option is off, a table of the gateway where it is on."""
    if options[option] == "disable":
        return ""
    if not table_id:
        # Turned on without a table of its own, the option takes the one the other option has, or a new one.
        other = gateway.association_table_id or gateway.propagation_table_id
        return other or transit_gateways.make_table(ctx, gateway.id, {}).id
    if transit_gateways.table(ctx, table_id).gateway_id != gateway.id:
        text = f"{table_id} does not belong to {gateway.id}."
        raise AwsError("InvalidParameterValue", text)
    return table_id


def _check_asn(asn: int) -> None:
    if not any(asn in known for known in _PRIVATE_ASNS):
        text = f"Amazon side ASN {asn} is not valid. Allowed ranges are 64512 to 65534 and 4200000000 to 4294967294."
        raise AwsError("InvalidParameterValue", text)


def _blocks(given: Any) -> tuple[str, ...]:
    """The CIDR blocks of a gateway (Transit Gateways guide): up to five, /24 or larger, of IPv6 /64 or larger."""
    found = tuple(dict.fromkeys(str(rules.network(one, "transitGatewayCidrBlocks")) for one in given))
    if len(found) > _BLOCKS_MAX:
        raise AwsError("InvalidParameterValue", f"A transit gateway can have at most {_BLOCKS_MAX} CIDR blocks.")
    for one in found:
        block = rules.network(one)
        if block.prefixlen > (_BLOCK_PREFIX_MAX if block.version == 4 else _BLOCK_PREFIX_MAX_IPV6):
            raise AwsError("InvalidParameterValue", f"The CIDR block {one} is too small for a transit gateway.")
    return found


def _ended(ctx: Context, table: TransitRouteTable) -> TransitRouteTable:
    return msgspec.structs.replace(table, state="deleted", ended_at=ctx.now, routes=(), propagating=())
