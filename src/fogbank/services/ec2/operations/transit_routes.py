"""The routes of transit gateways: associations, propagations, static routes (EC2 API Reference, "…RouteTable…")."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.control.context import Context
from fogbank.services.ec2 import prefix_lists, rules, transit, transit_gateways
from fogbank.services.ec2.resources import PrefixList, TransitAttachment, TransitRoute, TransitRouteTable
from fogbank.services.ec2.transit import Effective

_RESOURCE = {
    "transit-gateway-attachment-id": "TransitGatewayAttachmentId",
    "resource-id": "ResourceId",
    "resource-type": "ResourceType",
}
_ROUTES = {
    "attachment.transit-gateway-attachment-id": "TransitGatewayAttachments.TransitGatewayAttachmentId",
    "attachment.resource-id": "TransitGatewayAttachments.ResourceId",
    "attachment.resource-type": "TransitGatewayAttachments.ResourceType",
    "prefix-list-id": "PrefixListId",
    "state": "State",
    "type": "Type",
}
_LISTS = {
    "prefix-list-id": "PrefixListId",
    "prefix-list-owner-id": "PrefixListOwnerId",
    "attachment.transit-gateway-attachment-id": "TransitGatewayAttachment.TransitGatewayAttachmentId",
    "attachment.resource-id": "TransitGatewayAttachment.ResourceId",
    "attachment.resource-type": "TransitGatewayAttachment.ResourceType",
    "is-blackhole": "Blackhole",
    "state": "State",
}
_SEARCHES = ("exact-match", "longest-prefix-match", "subnet-of-match", "supernet-of-match")
ROUTES_MAX = 10_000
_RESULTS_MAX = 1_000


def associate_transit_gateway_route_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    found = transit_gateways.attachment_of(ctx, table, req["TransitGatewayAttachmentId"])
    if found.route_table_id:
        text = f"Transit Gateway Attachment {found.id} is already associated to a route table."
        raise AwsError("Resource.AlreadyAssociated", text)
    ctx.put(msgspec.structs.replace(found, route_table_id=table.id))
    return {"Association": _association(table, found, "associating")}


def disassociate_transit_gateway_route_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    found = transit_gateways.attachment_of(ctx, table, req["TransitGatewayAttachmentId"])
    if found.route_table_id != table.id:
        text = f"Transit Gateway Attachment {found.id} is not associated to {table.id}."
        raise AwsError("InvalidAssociation.NotFound", text)
    ctx.put(msgspec.structs.replace(found, route_table_id=""))
    return {"Association": _association(table, found, "disassociating")}


def enable_transit_gateway_route_table_propagation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    found = transit_gateways.attachment_of(ctx, table, _attachment_id(req))
    if found.type == "peering":
        text = f"{found.id} is a peering attachment, which does not propagate routes."
        raise AwsError("InvalidParameterValue", text)
    if found.id in table.propagating:
        text = f"Propagation from {found.id} to {table.id} is already enabled."
        raise AwsError("TransitGatewayRouteTablePropagation.Duplicate", text)
    transit_gateways.propagate(ctx, table, found.id)
    return {"Propagation": _propagation(table, found, "enabled")}


def disable_transit_gateway_route_table_propagation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    found = transit_gateways.attachment_of(ctx, table, _attachment_id(req))
    if found.id not in table.propagating:
        text = f"Propagation from {found.id} to {table.id} was not found."
        raise AwsError("TransitGatewayRouteTablePropagation.NotFound", text)
    left = tuple(one for one in table.propagating if one != found.id)
    ctx.put(msgspec.structs.replace(table, propagating=left))
    return {"Propagation": _propagation(table, found, "disabled")}


def create_transit_gateway_route(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table, cidr = _named(ctx, req)
    attachment_id = _target(ctx, table, req)
    if _static(table, cidr) is not None:
        text = f"Route {cidr} already exists in Transit Gateway Route Table {table.id}."
        raise AwsError("RouteAlreadyExists", text)
    if len(table.routes) >= ROUTES_MAX:
        raise AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.")
    return _routed(ctx, table, TransitRoute(cidr, attachment_id))


def replace_transit_gateway_route(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table, cidr = _named(ctx, req)
    _require(table, cidr)
    return _routed(ctx, table, TransitRoute(cidr, _target(ctx, table, req)))


def delete_transit_gateway_route(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table, cidr = _named(ctx, req)
    route = _require(table, cidr)
    ctx.put(msgspec.structs.replace(table, routes=_without(table, cidr)))
    gone = Effective(cidr, route.attachment_id, "static", "deleted")
    return {"Route": _route(ctx, table, gone)}


def search_transit_gateway_routes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    most = req.get("MaxResults", _RESULTS_MAX)
    named = [(str(one.get("Name", "")), one) for one in req["Filters"]]
    searches = {name: one.get("Values") or () for name, one in named if name.startswith("route-search.")}
    for name in searches:
        if name.removeprefix("route-search.") not in _SEARCHES:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    found = transit.searched(transit_gateways.routes(ctx, table), searches)
    others = [one for name, one in named if name not in searches]
    rows = list(matching((_route(ctx, table, one) for one in found), others, _ROUTES))
    return {"Routes": rows[:most], "AdditionalRoutesAvailable": len(rows) > most}


def create_transit_gateway_prefix_list_reference(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table, found = _listed(ctx, req)
    attachment_id = _target(ctx, table, req)
    if _static(table, found.id) is not None:
        text = f"Prefix list {found.id} is already referenced in Transit Gateway Route Table {table.id}."
        raise AwsError("RouteAlreadyExists", text)
    return _referred(ctx, table, TransitRoute(found.id, attachment_id))


def modify_transit_gateway_prefix_list_reference(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table, found = _listed(ctx, req)
    _require(table, found.id)
    return _referred(ctx, table, TransitRoute(found.id, _target(ctx, table, req)))


def delete_transit_gateway_prefix_list_reference(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table, found = _listed(ctx, req)
    route = _require(table, found.id)
    ctx.put(msgspec.structs.replace(table, routes=_without(table, found.id)))
    return {"TransitGatewayPrefixListReference": {**_reference(ctx, table, route), "State": "deleting"}}


def get_transit_gateway_prefix_list_references(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    rows = [_reference(ctx, table, route) for route in table.routes if route.destination.startswith("pl-")]
    return transit_gateways.rows(req, "TransitGatewayPrefixListReferences", rows, _LISTS)


def get_transit_gateway_route_table_associations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    attachments = ctx.scan(TransitAttachment, table.gateway_id)
    rows = [_resource(found, "associated") for found in attachments if found.route_table_id == table.id]
    return transit_gateways.rows(req, "Associations", rows, _RESOURCE)


def get_transit_gateway_route_table_propagations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    attachments = ctx.scan(TransitAttachment, table.gateway_id)
    rows = [_resource(found, "enabled") for found in attachments if found.id in table.propagating]
    return transit_gateways.rows(req, "TransitGatewayRouteTablePropagations", rows, _RESOURCE)


def get_transit_gateway_attachment_propagations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = transit_gateways.attachment(ctx, req["TransitGatewayAttachmentId"])
    tables = ctx.scan(TransitRouteTable, found.gateway_id)
    rows = [
        {"TransitGatewayRouteTableId": table.id, "State": "enabled"}
        for table in tables
        if found.id in table.propagating
    ]
    paths = {"transit-gateway-route-table-id": "TransitGatewayRouteTableId"}
    return transit_gateways.rows(req, "TransitGatewayAttachmentPropagations", rows, paths)


def _attachment_id(req: dict[str, Any]) -> str:
    if not req.get("TransitGatewayAttachmentId"):
        raise AwsError("MissingParameter", "The request must contain the parameter transitGatewayAttachmentId")
    return str(req["TransitGatewayAttachmentId"])


def _named(ctx: Context, req: dict[str, Any]) -> tuple[TransitRouteTable, str]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    return table, str(rules.network(req["DestinationCidrBlock"], "destinationCidrBlock"))


def _listed(ctx: Context, req: dict[str, Any]) -> tuple[TransitRouteTable, PrefixList]:
    table = transit_gateways.table(ctx, req["TransitGatewayRouteTableId"])
    return table, prefix_lists.one(ctx, req["PrefixListId"])


def _target(ctx: Context, table: TransitRouteTable, req: dict[str, Any]) -> str:
    attachment_id = transit.chosen_attachment(req)
    return transit_gateways.attachment_of(ctx, table, attachment_id).id if attachment_id else ""


def _static(table: TransitRouteTable, destination: str) -> TransitRoute | None:
    return next((route for route in table.routes if route.destination == destination), None)


def _require(table: TransitRouteTable, destination: str) -> TransitRoute:
    found = _static(table, destination)
    if found is None:
        word = "prefix list" if destination.startswith("pl-") else "destination CIDR block"
        text = f"Could not find a static route with {word} {destination} in {table.id}."
        raise AwsError("InvalidRoute.NotFound", text)
    return found


def _without(table: TransitRouteTable, destination: str) -> tuple[TransitRoute, ...]:
    return tuple(route for route in table.routes if route.destination != destination)


def _routed(ctx: Context, table: TransitRouteTable, route: TransitRoute) -> dict[str, Any]:
    ctx.put(msgspec.structs.replace(table, routes=(*_without(table, route.destination), route)))
    state = "active" if route.attachment_id else "blackhole"
    return {"Route": _route(ctx, table, Effective(route.destination, route.attachment_id, "static", state))}


def _referred(ctx: Context, table: TransitRouteTable, route: TransitRoute) -> dict[str, Any]:
    ctx.put(msgspec.structs.replace(table, routes=(*_without(table, route.destination), route)))
    return {"TransitGatewayPrefixListReference": {**_reference(ctx, table, route), "State": "pending"}}


def _resource(found: TransitAttachment, state: str) -> dict[str, Any]:
    return {
        "TransitGatewayAttachmentId": found.id,
        "ResourceId": found.resource_id,
        "ResourceType": found.type,
        "State": state,
    }


def _association(table: TransitRouteTable, found: TransitAttachment, state: str) -> dict[str, Any]:
    return {"TransitGatewayRouteTableId": table.id, **_resource(found, state)}


_propagation = _association


def _towards(ctx: Context, table: TransitRouteTable, attachment_id: str) -> dict[str, Any]:
    found = ctx.get(TransitAttachment, table.gateway_id, attachment_id)
    shown = {"TransitGatewayAttachmentId": attachment_id}
    return {**shown, "ResourceId": found.resource_id, "ResourceType": found.type} if found else shown


def _route(ctx: Context, table: TransitRouteTable, one: Effective) -> dict[str, Any]:
    shown: dict[str, Any] = {"DestinationCidrBlock": one.destination, "Type": one.type, "State": one.state}
    if one.prefix_list_id:
        shown["PrefixListId"] = one.prefix_list_id
    if one.attachment_id:
        shown["TransitGatewayAttachments"] = [_towards(ctx, table, one.attachment_id)]
    return shown


def _reference(ctx: Context, table: TransitRouteTable, route: TransitRoute) -> dict[str, Any]:
    found = prefix_lists.one(ctx, route.destination)
    shown: dict[str, Any] = {
        "TransitGatewayRouteTableId": table.id,
        "PrefixListId": route.destination,
        "PrefixListOwnerId": "AWS" if prefix_lists.is_aws(found.name) else ctx.account,
        "State": "available",
        "Blackhole": not route.attachment_id,
    }
    if route.attachment_id:
        shown["TransitGatewayAttachment"] = _towards(ctx, table, route.attachment_id)
    return shown
