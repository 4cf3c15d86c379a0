"""Route tables, routes and associations (EC2 API Reference, "CreateRouteTable" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import prefix_lists, route_tables, routing, rules, tagging, vpcs
from fogbank.services.ec2.catalog import dependency_violation, maybe, one
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import (
    Edge,
    Endpoint,
    InternetGateway,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)

_LISTING = Listing(
    RouteTable,
    "RouteTables",
    "RouteTableIds",
    "RouteTableId",
    {
        "association.gateway-id": "Associations.GatewayId",
        "association.main": "Associations.Main",
        "association.route-table-association-id": "Associations.RouteTableAssociationId",
        "association.route-table-id": "Associations.RouteTableId",
        "association.subnet-id": "Associations.SubnetId",
        "owner-id": "OwnerId",
        "route-table-id": "RouteTableId",
        "route.destination-cidr-block": "Routes.DestinationCidrBlock",
        "route.destination-ipv6-cidr-block": "Routes.DestinationIpv6CidrBlock",
        "route.destination-prefix-list-id": "Routes.DestinationPrefixListId",
        "route.egress-only-internet-gateway-id": "Routes.EgressOnlyInternetGatewayId",
        "route.gateway-id": "Routes.GatewayId",
        "route.instance-id": "Routes.InstanceId",
        "route.nat-gateway-id": "Routes.NatGatewayId",
        "route.network-interface-id": "Routes.NetworkInterfaceId",
        "route.origin": "Routes.Origin",
        "route.state": "Routes.State",
        "route.transit-gateway-id": "Routes.TransitGatewayId",
        "route.vpc-peering-connection-id": "Routes.VpcPeeringConnectionId",
        "vpc-id": "VpcId",
    },
    results_max=100,
)


def create_route_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = one(ctx, Vpc, req["VpcId"])
    text = "The maximum number of route tables has been reached."
    rules.check_quota("route-tables", sum(1 for _ in ctx.scan(RouteTable, vpc.id)), "RouteTableLimitExceeded", text)
    table = RouteTable(
        vpc_id=vpc.id,
        id=vpcs.new_id(ctx, "rtb"),
        number=vpcs.numbered(ctx, vpc),
        tags=tagging.specified(req, "route-table"),
    )
    ctx.put(table)
    return {"RouteTable": route_tables.described(ctx, table), "ClientToken": req.get("ClientToken", "")}


def delete_route_table(ctx: Context, req: dict[str, Any]) -> None:
    table = one(ctx, RouteTable, req["RouteTableId"])
    vpc = one(ctx, Vpc, table.vpc_id)
    if table.id == vpc.main_route_table_id or table.edges or any(True for _ in route_tables.subnets_of(ctx, table)):
        raise dependency_violation("routeTable", table.id)
    for endpoint in list(ctx.scan(Endpoint, vpc.id)):
        if table.id in endpoint.route_table_ids:
            left = tuple(one for one in endpoint.route_table_ids if one != table.id)
            ctx.put(msgspec.structs.replace(endpoint, route_table_ids=left))
    ctx.delete(RouteTable, table.vpc_id, table.id)


def describe_route_tables(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, route_tables.described)


def create_route(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = one(ctx, RouteTable, req["RouteTableId"])
    vpc = one(ctx, Vpc, table.vpc_id)
    route = _wanted(ctx, vpc, table, req)
    if any(route.destination == other.destination for other in route_tables.routes(ctx, vpc, table)):
        text = f"The route identified by {route.destination} already exists."
        raise AwsError("RouteAlreadyExists", text)
    _check_quota(ctx, table, route)
    ctx.put(msgspec.structs.replace(table, routes=(*table.routes, route)))
    return {"Return": True}


def replace_route(ctx: Context, req: dict[str, Any]) -> None:
    table = one(ctx, RouteTable, req["RouteTableId"])
    vpc = one(ctx, Vpc, table.vpc_id)
    route = _wanted(ctx, vpc, table, req)
    others = tuple(one for one in table.routes if one.destination != route.destination)
    is_local = route.destination in vpc.cidrs
    if route.target == routing.LOCAL:
        if not is_local:
            text = f"The destination {route.destination} is not a CIDR block of the VPC: it cannot have a local target."
            raise AwsError("InvalidParameterValue", text)
        ctx.put(msgspec.structs.replace(table, routes=others))
        return
    if len(others) == len(table.routes) and not is_local:
        text = f"There is no route defined for '{route.destination}' in the route table. Use CreateRoute instead."
        raise AwsError("InvalidParameterValue", text)
    if is_local:
        route = msgspec.structs.replace(route, origin=routing.BY_TABLE)
    ctx.put(msgspec.structs.replace(table, routes=(*others, route)))


def delete_route(ctx: Context, req: dict[str, Any]) -> None:
    table = one(ctx, RouteTable, req["RouteTableId"])
    vpc = one(ctx, Vpc, table.vpc_id)
    destination = routing.destination(req)
    if destination in vpc.cidrs:
        text = f"cannot remove local route {destination} in route table {table.id}"
        raise AwsError("InvalidParameterValue", text)
    left = tuple(route for route in table.routes if route.destination != destination)
    if len(left) == len(table.routes):
        if any(route.destination == destination for route in route_tables.routes(ctx, vpc, table)):
            text = f"cannot remove VPC endpoint route {destination} in route table {table.id}"
            raise AwsError("InvalidParameterValue", text)
        kind = routing.DESTINATIONS[routing.kind_of(destination)]
        text = f"no route with {kind} {destination} in route table {table.id}"
        raise AwsError("InvalidRoute.NotFound", text)
    ctx.put(msgspec.structs.replace(table, routes=left))


def associate_route_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    table = one(ctx, RouteTable, req["RouteTableId"])
    if "PublicIpv4Pool" in req:
        raise AwsError("UnsupportedOperation", "fogbank has no address pools: PublicIpv4Pool cannot be used.")
    if bool(req.get("SubnetId")) == bool(req.get("GatewayId")):
        code = "InvalidParameterCombination" if req.get("SubnetId") else "MissingParameter"
        raise AwsError(code, "The request must contain exactly one of subnetId, gatewayId")
    if req.get("SubnetId"):
        association_id = _associate_subnet(ctx, table, req["SubnetId"])
    else:
        association_id = _associate_gateway(ctx, table, req["GatewayId"])
    return {"AssociationId": association_id, "AssociationState": {"State": "associated"}}


def disassociate_route_table(ctx: Context, req: dict[str, Any]) -> None:
    wanted = req["AssociationId"]
    if any(vpc.main_association_id == wanted for vpc in ctx.scan(Vpc)):
        text = f"cannot disassociate the main route table association {wanted}"
        raise AwsError("InvalidParameterValue", text)
    _disassociate(ctx, wanted)


def replace_route_table_association(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted, table = req["AssociationId"], one(ctx, RouteTable, req["RouteTableId"])
    new_id = vpcs.new_id(ctx, "rtbassoc")
    main = next((vpc for vpc in ctx.scan(Vpc) if vpc.main_association_id == wanted), None)
    if main is not None:
        if main.id != table.vpc_id:
            raise _different(table, f"network {main.id}")
        ctx.put(msgspec.structs.replace(main, main_route_table_id=table.id, main_association_id=new_id))
        return {"NewAssociationId": new_id, "AssociationState": {"State": "associated"}}
    subnet_id, gateway_id = _disassociate(ctx, wanted)
    table = one(ctx, RouteTable, table.id)
    new_id = _associate_subnet(ctx, table, subnet_id) if subnet_id else _associate_gateway(ctx, table, gateway_id)
    return {"NewAssociationId": new_id, "AssociationState": {"State": "associated"}}


def enable_vgw_route_propagation(ctx: Context, req: dict[str, Any]) -> None:
    one(ctx, RouteTable, req["RouteTableId"])
    raise _no_vpn_gateway(req["GatewayId"])


def disable_vgw_route_propagation(ctx: Context, req: dict[str, Any]) -> None:
    one(ctx, RouteTable, req["RouteTableId"])
    raise _no_vpn_gateway(req["GatewayId"])


def _no_vpn_gateway(gateway_id: str) -> AwsError:
    return AwsError("InvalidVpnGatewayID.NotFound", f"The vpnGateway ID '{gateway_id}' does not exist")


def _wanted(ctx: Context, vpc: Vpc, table: RouteTable, req: dict[str, Any]) -> Route:
    """The route that a request describes, checked against the VPC and the table."""
    destination = routing.destination(req)
    member = routing.target_member(req)
    if "/" not in destination:
        prefix_lists.one(ctx, destination)
    if member == "LocalTarget":
        return Route(destination, routing.LOCAL)
    target = route_tables.target(ctx, vpc, table, member, req[member])
    blocks = {cidr for subnet in ctx.scan(Subnet, vpc.id) for cidr in (subnet.cidr, *_ipv6(subnet)) if cidr}
    routing.check_destination(destination, target, vpc.cidrs, blocks)
    route = Route(destination, target)
    for edge in table.edges:
        alone = msgspec.structs.replace(table, routes=(route,))
        routing.check_edge(alone, edge.gateway_id, vpc.cidrs)
    return route


def _ipv6(subnet: Subnet) -> tuple[str, ...]:
    return tuple(block.cidr for block in subnet.ipv6_blocks)


def _check_quota(ctx: Context, table: RouteTable, route: Route) -> None:
    routes = (*table.routes, route)
    sizes = {}
    if any("/" not in one.destination for one in routes):
        for found in prefix_lists.everything(ctx):
            sizes[found.id] = (6 if found.family == "IPv6" else 4, found.entries_max)
    for family in (4, 6):
        if routing.weight(routes, family, sizes) > rules.QUOTAS["routes"]:
            raise AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.")


def _different(table: RouteTable, what: str) -> AwsError:
    return AwsError("InvalidParameterValue", f"Route table {table.id} and {what} belong to different networks")


def _associate_subnet(ctx: Context, table: RouteTable, subnet_id: str) -> str:
    subnet = one(ctx, Subnet, subnet_id)
    if subnet.vpc_id != table.vpc_id:
        raise _different(table, f"subnet {subnet.id}")
    if subnet.route_table_id:
        if subnet.route_table_id == table.id:
            return subnet.route_association_id
        raise _conflict(table)
    association_id = vpcs.new_id(ctx, "rtbassoc")
    ctx.put(msgspec.structs.replace(subnet, route_table_id=table.id, route_association_id=association_id))
    return association_id


def _associate_gateway(ctx: Context, table: RouteTable, gateway_id: str) -> str:
    gateway = maybe(ctx, InternetGateway, gateway_id)
    if gateway is None:
        raise AwsError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
    if gateway.vpc_id != table.vpc_id:
        raise AwsError(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {gateway_id} belong to different networks",
        )
    for other in ctx.scan(RouteTable, table.vpc_id):
        edge = next((edge for edge in other.edges if edge.gateway_id == gateway_id), None)
        if edge is not None and other.id == table.id:
            return edge.association_id
        if edge is not None:
            raise _conflict(table)
    routing.check_edge(table, gateway_id, one(ctx, Vpc, table.vpc_id).cidrs)
    association_id = vpcs.new_id(ctx, "rtbassoc")
    ctx.put(msgspec.structs.replace(table, edges=(*table.edges, Edge(association_id, gateway_id))))
    return association_id


def _conflict(table: RouteTable) -> AwsError:
    text = f"the specified association for route table {table.id} conflicts with an existing association"
    return AwsError("Resource.AlreadyAssociated", text)


def _disassociate(ctx: Context, association_id: str) -> tuple[str, str]:
    """Undo an association; returns the (subnet, gateway) that it was of, one of them empty."""
    if association_id.startswith("rtbassoc-"):
        for subnet in ctx.find(Subnet, "by_association", association_id):
            ctx.put(msgspec.structs.replace(subnet, route_table_id="", route_association_id=""))
            return subnet.id, ""
        for table in ctx.find(RouteTable, "by_association", association_id):
            gateway = next(edge.gateway_id for edge in table.edges if edge.association_id == association_id)
            left = tuple(edge for edge in table.edges if edge.association_id != association_id)
            ctx.put(msgspec.structs.replace(table, edges=left))
            return "", gateway
    raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")
