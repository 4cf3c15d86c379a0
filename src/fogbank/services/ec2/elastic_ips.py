"""Elastic IP addresses: which are free, whose they are, and how they are described."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing, vpcs
from fogbank.services.ec2.catalog import maybe
from fogbank.services.ec2.resources import Association, ElasticIp, NetworkInterface, PrivateAddress, Vpc

POOL = "amazon"


def is_free(ctx: Context, address: str) -> bool:
    """Whether no account of the region has a public address."""
    for kind, index in ((ElasticIp, "by_ip"), (NetworkInterface, "by_public_ip")):
        for scope in ctx.scopes(kind):
            if scope.region == ctx.region and ctx.at(account=scope.account).find(kind, index, address):
                return False
    return True


def free_address(ctx: Context) -> str:
    """A public address of the region that no account has. Raises InsufficientAddressCapacity."""
    for address in addressing.public_addresses(ctx.region, ctx.random):
        if is_free(ctx, address):
            return address
    raise AwsError("InsufficientAddressCapacity", "Not enough addresses available to fulfill your request.", status=500)


def by_association(ctx: Context, association_id: str) -> ElasticIp:
    """The address of an association. Raises InvalidAssociationID.NotFound."""
    found = ctx.find(ElasticIp, "by_association", association_id) if association_id else []
    if not found:
        raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")
    return found[0]


def by_ip(ctx: Context, address: str) -> ElasticIp:
    """An address of this account. Raises InvalidAddress.NotFound."""
    found = ctx.find(ElasticIp, "by_ip", address)
    if not found:
        raise AwsError("InvalidAddress.NotFound", f"Address '{address}' not found.")
    return found[0]


def check_unassociated(eip: ElasticIp) -> None:
    """Raises Resource.AlreadyAssociated."""
    if eip.association_id:
        text = f"resource {eip.id} is already associated with associate-id {eip.association_id}"
        raise AwsError("Resource.AlreadyAssociated", text)


def associate(ctx: Context, eip: ElasticIp, interface: NetworkInterface, private_ip: str) -> ElasticIp:
    """Give a private address of an interface this public one: both records are written.

    Raises Gateway.NotAttached in a VPC without an internet gateway.
    """
    vpc = ctx.get(Vpc, interface.vpc_id)
    if vpc is None or not vpc.internet_gateway_id:
        raise AwsError("Gateway.NotAttached", f"Network {interface.vpc_id} is not attached to any internet gateway")
    eip = msgspec.structs.replace(
        eip,
        association_id=vpcs.new_id(ctx, "eipassoc"),
        vpc_id=interface.vpc_id,
        interface_id=interface.id,
        private_ip=private_ip,
    )
    ctx.put(eip)
    association = Association(eip.association_id or "", eip.id, eip.public_ip, ctx.account)
    ctx.put(_with_association(interface, private_ip, association))
    return eip


def disassociate(ctx: Context, eip: ElasticIp) -> ElasticIp:
    """Take an address from the interface that has it: both records are written."""
    interface = maybe(ctx, NetworkInterface, eip.interface_id) if eip.interface_id else None
    if interface is not None:
        ctx.put(_with_association(interface, eip.private_ip, None))
    eip = msgspec.structs.replace(eip, association_id=None, vpc_id="", interface_id="", private_ip="")
    ctx.put(eip)
    return eip


def _with_association(
    interface: NetworkInterface, private_ip: str, association: Association | None
) -> NetworkInterface:
    addresses = tuple(
        PrivateAddress(one.address, association) if one.address == private_ip else one for one in interface.addresses
    )
    return msgspec.structs.replace(interface, addresses=addresses)


def described(ctx: Context, eip: ElasticIp) -> dict[str, Any]:
    """An address as DescribeAddresses shows it."""
    shown: dict[str, Any] = {
        "AllocationId": eip.id,
        "PublicIp": eip.public_ip,
        "Domain": "vpc",
        "PublicIpv4Pool": POOL,
        "NetworkBorderGroup": eip.border_group or ctx.region,
        "Tags": tags.written(eip.tags),
    }
    if eip.association_id:
        shown |= {
            "AssociationId": eip.association_id,
            "NetworkInterfaceId": eip.interface_id,
            "NetworkInterfaceOwnerId": ctx.account,
            "PrivateIpAddress": eip.private_ip,
        }
        interface = ctx.get(NetworkInterface, eip.vpc_id, eip.interface_id)
        if interface is not None:
            shown["SubnetId"] = interface.subnet_id
            if interface.attachment and interface.attachment.instance_id:
                shown["InstanceId"] = interface.attachment.instance_id
    return shown


def attribute(eip: ElasticIp) -> dict[str, Any]:
    """An address with its reverse name, as DescribeAddressesAttribute shows it."""
    shown = {"PublicIp": eip.public_ip, "AllocationId": eip.id}
    return shown | ({"PtrRecord": eip.ptr} if eip.ptr else {})
