"""Internet gateways and egress-only internet gateways, as they are described."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.ec2.resources import EgressOnlyGateway, InternetGateway, NetworkInterface


def described(ctx: Context, gateway: InternetGateway) -> dict[str, Any]:
    """An internet gateway as DescribeInternetGateways shows it; `available` is how AWS calls attached ones."""
    return {
        "InternetGatewayId": gateway.id,
        "OwnerId": ctx.account,
        "Attachments": [{"State": "available", "VpcId": gateway.vpc_id}] if gateway.vpc_id else [],
        "Tags": tags.written(gateway.tags),
    }


def egress_only_described(ctx: Context, gateway: EgressOnlyGateway) -> dict[str, Any]:
    """An egress-only internet gateway as DescribeEgressOnlyInternetGateways shows it."""
    return {
        "EgressOnlyInternetGatewayId": gateway.id,
        "Attachments": [{"State": "attached", "VpcId": gateway.vpc_id}],
        "Tags": tags.written(gateway.tags),
    }


def has_public_addresses(ctx: Context, vpc_id: str) -> bool:
    """Whether an interface of a VPC has a public IPv4 address."""
    return any(interface.public_ips for interface in ctx.scan(NetworkInterface, vpc_id))
