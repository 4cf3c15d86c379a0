"""Route tables: what their routes lead to, whom they are for, and how they are described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import prefix_lists, routing
from fogbank.services.ec2.catalog import maybe, one
from fogbank.services.ec2.resources import (
    EgressOnlyGateway,
    Endpoint,
    InternetGateway,
    NatGateway,
    NetworkInterface,
    Peering,
    RouteTable,
    Subnet,
    TransitAttachment,
    Vpc,
)

_NAT_ALIVE = ("pending", "available")
_PEERING_ENDED = ("deleted", "rejected", "failed", "expired", "deleting")


def live_targets(ctx: Context, vpc: Vpc, table: RouteTable) -> frozenset[str]:
    """The targets of a table that would take a packet, and the prefix lists that are there."""
    wanted = {route.target for route in table.routes}
    lists = {route.destination for route in table.routes if "/" not in route.destination}
    return frozenset(
        [target for target in wanted if _is_live(ctx, vpc, target)]
        + ([found.id for found in prefix_lists.everything(ctx) if found.id in lists] if lists else [])
    )


def _is_live(ctx: Context, vpc: Vpc, target: str) -> bool:
    kind = target.split("-")[0]
    if kind == "igw":
        return vpc.internet_gateway_id == target
    if kind == "eigw":
        return ctx.get(EgressOnlyGateway, vpc.id, target) is not None
    if kind == "nat":
        nat = ctx.get(NatGateway, vpc.id, target)
        return nat is not None and nat.state in _NAT_ALIVE
    if kind == "eni":
        return ctx.get(NetworkInterface, vpc.id, target) is not None
    if kind == "vpce":
        return ctx.get(Endpoint, vpc.id, target) is not None
    if kind == "pcx":
        peering = ctx.get(Peering, target)
        return peering is not None and peering.status == "active"
    return kind == "tgw" and _is_attached(ctx, vpc, target)


def _is_attached(ctx: Context, vpc: Vpc, gateway_id: str) -> bool:
    return any(
        attachment.gateway_id == gateway_id and attachment.state in ("available", "pending", "modifying")
        for attachment in ctx.find(TransitAttachment, "by_resource", vpc.id)
    )


def routes(ctx: Context, vpc: Vpc, table: RouteTable) -> list[routing.InForce]:
    """The routes of a table as they are in force."""
    return routing.routes_of(vpc.cidrs, table, live_targets(ctx, vpc, table), ctx.scan(Endpoint, vpc.id))


def subnets_of(ctx: Context, table: RouteTable) -> Iterator[Subnet]:
    """The subnets that are explicitly associated with a table."""
    return (subnet for subnet in ctx.scan(Subnet, table.vpc_id) if subnet.route_table_id == table.id)


def described(ctx: Context, table: RouteTable) -> dict[str, Any]:
    """A route table as DescribeRouteTables shows it."""
    vpc = one(ctx, Vpc, table.vpc_id)
    return {
        "RouteTableId": table.id,
        "VpcId": table.vpc_id,
        "OwnerId": ctx.account,
        "Associations": [{**found, "RouteTableId": table.id} for found in _associations(ctx, vpc, table)],
        "PropagatingVgws": [{"GatewayId": gateway} for gateway in table.propagating],
        "Routes": [routing.shown(route) for route in routes(ctx, vpc, table)],
        "Tags": tags.written(table.tags),
    }


def _associations(ctx: Context, vpc: Vpc, table: RouteTable) -> Iterator[dict[str, Any]]:
    state = {"AssociationState": {"State": "associated"}}
    if vpc.main_route_table_id == table.id:
        yield {"Main": True, "RouteTableAssociationId": vpc.main_association_id, **state}
    for subnet in subnets_of(ctx, table):
        yield {
            "Main": False,
            "RouteTableAssociationId": subnet.route_association_id,
            "SubnetId": subnet.id,
            **state,
        }
    for edge in table.edges:
        yield {"Main": False, "RouteTableAssociationId": edge.association_id, "GatewayId": edge.gateway_id, **state}


def target(ctx: Context, vpc: Vpc, table: RouteTable, member: str, target_id: str) -> str:
    """What a route is to lead to, once it is seen to be there and in the table's VPC.

    Raises the kind's `….NotFound`, and InvalidParameterValue for what belongs to another VPC.
    """
    if member == "GatewayId":
        return _gateway(ctx, vpc, table, target_id)
    if member == "EgressOnlyInternetGatewayId":
        eigw = maybe(ctx, EgressOnlyGateway, target_id)
        if eigw is None:
            raise AwsError("InvalidGatewayID.NotFound", f"The eigw ID '{target_id}' does not exist")
        return _same(table, vpc.id, eigw.vpc_id, f"network gateway {target_id}", target_id)
    if member == "NatGatewayId":
        nat = maybe(ctx, NatGateway, target_id)
        if nat is None or nat.state not in _NAT_ALIVE:
            raise AwsError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{target_id}' does not exist")
        return _same(table, vpc.id, nat.vpc_id, f"interface {nat.interface_id}", target_id)
    if member == "NetworkInterfaceId":
        interface = one(ctx, NetworkInterface, target_id)
        return _same(table, vpc.id, interface.vpc_id, f"interface {target_id}", target_id)
    if member == "VpcPeeringConnectionId":
        peering = maybe(ctx, Peering, target_id)
        if peering is None or peering.status in _PEERING_ENDED:
            text = f"The vpcPeeringConnection ID '{target_id}' does not exist"
            raise AwsError("InvalidVpcPeeringConnectionID.NotFound", text)
        ours = vpc.id if vpc.id in peering.vpc_ids else ""
        return _same(table, vpc.id, ours, f"VPC peering connection {target_id}", target_id)
    return _further(ctx, vpc, member, target_id)


def _gateway(ctx: Context, vpc: Vpc, table: RouteTable, gateway_id: str) -> str:
    if gateway_id.startswith("vpce-"):
        return _endpoint(ctx, vpc, gateway_id)
    gateway = ctx.get(InternetGateway, gateway_id)
    if gateway is None:
        raise AwsError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
    return _same(table, vpc.id, gateway.vpc_id, f"network gateway {gateway_id}", gateway_id)


def _further(ctx: Context, vpc: Vpc, member: str, target_id: str) -> str:
    if member == "VpcEndpointId":
        return _endpoint(ctx, vpc, target_id)
    if member == "InstanceId":
        raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{target_id}' does not exist")
    if member == "CarrierGatewayId":
        raise AwsError("InvalidCarrierGatewayID.NotFound", f"The carrierGateway ID '{target_id}' does not exist")
    if member == "TransitGatewayId":
        if not _is_attached(ctx, vpc, target_id):
            # AWS says so too of a gateway that is there, but not attached to this VPC.
            text = f"The transitGateway ID '{target_id}' does not exist."
            raise AwsError("InvalidTransitGatewayID.NotFound", text)
        return target_id
    raise AwsError("UnsupportedOperation", f"fogbank has nothing that {member} could name.")


def _endpoint(ctx: Context, vpc: Vpc, endpoint_id: str) -> str:
    endpoint = maybe(ctx, Endpoint, endpoint_id)
    if endpoint is None or endpoint.vpc_id != vpc.id:
        raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
    if endpoint.type != "GatewayLoadBalancer":
        text = (
            f"The VPC endpoint {endpoint_id} is of type {endpoint.type}; a route can lead to type GatewayLoadBalancer."
        )
        raise AwsError("InvalidParameterValue", text)
    return endpoint_id


def _same(table: RouteTable, ours: str, theirs: str, what: str, target_id: str) -> str:
    if ours != theirs:
        raise AwsError("InvalidParameterValue", f"route table {table.id} and {what} belong to different networks")
    return target_id
