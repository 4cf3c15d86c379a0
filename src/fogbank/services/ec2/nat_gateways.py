"""NAT gateways: their states, their addresses, and how they are described."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.ec2 import elastic_ips, interfaces
from fogbank.services.ec2.resources import ElasticIp, NatAddress, NatGateway, NetworkInterface

KEPT_SECONDS = 3600
"""How long one that is deleted, or has failed, can still be seen."""
COUNTED = ("pending", "available", "deleting")
ADDRESSES_MAX = 8


def settled(nat: NatGateway, now: float) -> NatGateway | None:
    """What a NAT gateway is once the world has followed: None for one that is to be forgotten.

    A pending one is available, one that is being deleted is deleted; deleted and failed ones are kept for an hour.
    """
    if nat.state == "pending":
        return msgspec.structs.replace(nat, state="available")
    if nat.state == "deleting":
        return msgspec.structs.replace(nat, state="deleted", deleted_at=now)
    ended_at = ended(nat)
    if ended_at is not None and now >= ended_at + KEPT_SECONDS:
        return None
    return nat


def ended(nat: NatGateway) -> float | None:
    """When it was deleted, or failed; None while it has not."""
    if nat.state == "deleted":
        return nat.deleted_at
    return nat.created_at if nat.state == "failed" else None


def settle(ctx: Context, nat: NatGateway) -> float | None:
    """Write what a NAT gateway has come to, for the reconciler: with a deleted one go its interface and its addresses.

    Returns the seconds after which to look again, None for never.
    """
    after = settled(nat, ctx.now)
    if after is None:
        ctx.delete(NatGateway, nat.vpc_id, nat.id)
        return None
    if after.state == "deleted" and nat.state != "deleted":
        release(ctx, nat)
    if after != nat:
        ctx.put(after)
    ended_at = ended(after)
    return None if ended_at is None else max(0.0, ended_at + KEPT_SECONDS - ctx.now)


def release(ctx: Context, nat: NatGateway) -> None:
    """Take a NAT gateway's interface away; its Elastic IP addresses are free again."""
    interface = ctx.get(NetworkInterface, nat.vpc_id, nat.interface_id) if nat.interface_id else None
    if interface is not None:
        interfaces.remove(ctx, interface)


def with_public(ctx: Context, nat: NatGateway, allocation_id: str, private_ip: str, *, is_primary: bool) -> NatAddress:
    """Associate an Elastic IP address, which must be free, with an address of the gateway's interface."""
    eip = ctx.get(ElasticIp, allocation_id)
    interface = ctx.get(NetworkInterface, nat.vpc_id, nat.interface_id)
    assert eip is not None and interface is not None
    eip = elastic_ips.associate(ctx, eip, interface, private_ip)
    return NatAddress(
        private_ip=private_ip,
        public_ip=eip.public_ip,
        allocation_id=eip.id,
        association_id=eip.association_id or "",
        is_primary=is_primary,
    )


def described(ctx: Context, nat: NatGateway) -> dict[str, Any]:
    """A NAT gateway as DescribeNatGateways shows it."""
    shown: dict[str, Any] = {
        "NatGatewayId": nat.id,
        "VpcId": nat.vpc_id,
        "SubnetId": nat.subnet_id,
        "State": nat.state,
        "ConnectivityType": nat.connectivity,
        "AvailabilityMode": "zonal",
        "CreateTime": nat.created_at,
        "NatGatewayAddresses": [address(nat, one) for one in nat.addresses],
        "Tags": tags.written(nat.tags),
    }
    if nat.deleted_at:
        shown["DeleteTime"] = nat.deleted_at
    if nat.failure_code:
        shown |= {"FailureCode": nat.failure_code, "FailureMessage": nat.failure_message}
    return shown


def address(nat: NatGateway, found: NatAddress) -> dict[str, Any]:
    """An address of a NAT gateway as it is shown."""
    shown: dict[str, Any] = {"IsPrimary": found.is_primary, "Status": found.status}
    members = {
        "PrivateIp": found.private_ip,
        "PublicIp": found.public_ip,
        "AllocationId": found.allocation_id,
        "AssociationId": found.association_id,
        "NetworkInterfaceId": nat.interface_id,
    }
    return shown | {member: text for member, text in members.items() if text}
