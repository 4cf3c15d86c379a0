"""Internet gateways and egress-only internet gateways (EC2 API Reference, "CreateInternetGateway" and so on)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import gateways, rules, tagging, vpcs
from fogbank.services.ec2.catalog import dependency_violation, one
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import EgressOnlyGateway, InternetGateway, RouteTable, Vpc

_LISTING = Listing(
    InternetGateway,
    "InternetGateways",
    "InternetGatewayIds",
    "InternetGatewayId",
    {
        "attachment.state": "Attachments.State",
        "attachment.vpc-id": "Attachments.VpcId",
        "internet-gateway-id": "InternetGatewayId",
        "owner-id": "OwnerId",
    },
)
_EGRESS_ONLY_LISTING = Listing(
    EgressOnlyGateway,
    "EgressOnlyInternetGateways",
    "EgressOnlyInternetGatewayIds",
    "EgressOnlyInternetGatewayId",
    {"egress-only-internet-gateway-id": "EgressOnlyInternetGatewayId", "vpc-id": "Attachments.VpcId"},
    results_max=255,
)


def create_internet_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    text = "The maximum number of internet gateways has been reached."
    rules.check_quota("internet-gateways", ctx.count(InternetGateway), "InternetGatewayLimitExceeded", text)
    gateway = InternetGateway(id=vpcs.new_id(ctx, "igw"), tags=tagging.specified(req, "internet-gateway"))
    ctx.put(gateway)
    return {"InternetGateway": gateways.described(ctx, gateway)}


def delete_internet_gateway(ctx: Context, req: dict[str, Any]) -> None:
    gateway = one(ctx, InternetGateway, req["InternetGatewayId"])
    if gateway.vpc_id:
        raise dependency_violation("internetGateway", gateway.id)
    ctx.delete(InternetGateway, gateway.id)


def describe_internet_gateways(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, gateways.described)


def attach_internet_gateway(ctx: Context, req: dict[str, Any]) -> None:
    gateway = one(ctx, InternetGateway, req["InternetGatewayId"])
    vpc = one(ctx, Vpc, req["VpcId"])
    if gateway.vpc_id:
        text = f"resource {gateway.id} is already attached to network {gateway.vpc_id}"
        raise AwsError("Resource.AlreadyAssociated", text)
    if vpc.internet_gateway_id:
        text = f"Network {vpc.id} already has an internet gateway attached"
        raise AwsError("InvalidParameterValue", text)
    ctx.put(msgspec.structs.replace(gateway, vpc_id=vpc.id))
    ctx.put(msgspec.structs.replace(vpc, internet_gateway_id=gateway.id))


def detach_internet_gateway(ctx: Context, req: dict[str, Any]) -> None:
    gateway = one(ctx, InternetGateway, req["InternetGatewayId"])
    vpc = one(ctx, Vpc, req["VpcId"])
    if gateway.vpc_id != vpc.id:
        raise AwsError("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {vpc.id}")
    if gateways.has_public_addresses(ctx, vpc.id):
        text = (
            f"Network {vpc.id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )
        raise AwsError("DependencyViolation", text)
    for table in list(ctx.scan(RouteTable, vpc.id)):
        if table.edges:
            ctx.put(msgspec.structs.replace(table, edges=()))
    ctx.put(msgspec.structs.replace(gateway, vpc_id=""))
    ctx.put(msgspec.structs.replace(vpc, internet_gateway_id=""))


def create_egress_only_internet_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = one(ctx, Vpc, req["VpcId"])
    text = "The maximum number of egress-only internet gateways has been reached."
    count = ctx.count(EgressOnlyGateway)
    rules.check_quota("egress-only-gateways", count, "EgressOnlyInternetGatewayLimitExceeded", text)
    made = EgressOnlyGateway(
        vpc_id=vpc.id, id=vpcs.new_id(ctx, "eigw"), tags=tagging.specified(req, "egress-only-internet-gateway")
    )
    ctx.put(made)
    return {
        "EgressOnlyInternetGateway": gateways.egress_only_described(ctx, made),
        "ClientToken": req.get("ClientToken", ""),
    }


def delete_egress_only_internet_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    gateway = one(ctx, EgressOnlyGateway, req["EgressOnlyInternetGatewayId"])
    ctx.delete(EgressOnlyGateway, gateway.vpc_id, gateway.id)
    return {"ReturnCode": True}


def describe_egress_only_internet_gateways(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _EGRESS_ONLY_LISTING, gateways.egress_only_described)
