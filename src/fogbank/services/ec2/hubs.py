"""Transit gateways as routers: what is attached to one, and the routes of its tables in force."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.services.ec2 import fabric
from fogbank.services.ec2.network.transit import Attached, Hub
from fogbank.services.ec2.prefix_lists import blocks_of
from fogbank.services.ec2.resources import TransitAttachment, TransitRouteTable, Vpc
from fogbank.services.ec2.transit import effective


def hub(ctx: Context, gateway_id: str) -> Hub | None:
    """A transit gateway as it stands now; None while no VPC is attached to it."""
    attached = {
        one.id: Attached(one, fabric.interfaces_of(ctx, one))
        for one in ctx.scan(TransitAttachment, gateway_id)
        if one.state == "available" and one.type == "vpc"
    }
    if not attached:
        return None
    known = {name: one.attachment for name, one in attached.items()}
    blocks = {one.attachment.id: _blocks(ctx, one.attachment.resource_id) for one in attached.values()}
    tables = {one.id: one for one in ctx.scan(TransitRouteTable, gateway_id) if one.state == "available"}
    routes = {}
    for table in tables.values():
        lists = {route.destination: blocks_of(ctx, route.destination) for route in table.routes}
        routes[table.id] = effective(table, known, blocks, lists)
    return Hub(gateway_id, attached, tables, routes)


def _blocks(ctx: Context, vpc_id: str) -> tuple[str, ...]:
    vpc = ctx.get(Vpc, vpc_id)
    return vpc.cidrs if vpc is not None else ()
