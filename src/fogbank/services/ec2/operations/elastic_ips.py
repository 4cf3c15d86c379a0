"""Elastic IP addresses (EC2 API Reference, "AllocateAddress" and the pages around it)."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing, elastic_ips, interfaces, rules, tagging, vpcs
from fogbank.services.ec2.catalog import found, one
from fogbank.services.ec2.listing import Listing, limit_of, listed, paged
from fogbank.services.ec2.resources import ElasticIp, NetworkInterface

_LISTING = Listing(
    ElasticIp,
    "Addresses",
    "AllocationIds",
    "AllocationId",
    {
        "allocation-id": "AllocationId",
        "association-id": "AssociationId",
        "domain": "Domain",
        "instance-id": "InstanceId",
        "network-border-group": "NetworkBorderGroup",
        "network-interface-id": "NetworkInterfaceId",
        "network-interface-owner-id": "NetworkInterfaceOwnerId",
        "private-ip-address": "PrivateIpAddress",
        "public-ip": "PublicIp",
    },
)
_NOT_HERE = ("CustomerOwnedIpv4Pool", "IpamPoolId")


def allocate_address(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    for member in _NOT_HERE:
        if member in req:
            raise AwsError("UnsupportedOperation", f"fogbank has no address pools: {member} cannot be used.")
    if req.get("PublicIpv4Pool", elastic_ips.POOL) != elastic_ips.POOL:
        raise AwsError("InvalidPoolID.NotFound", f"The pool ID '{req['PublicIpv4Pool']}' does not exist.")
    if req.get("Domain") == "standard":
        raise AwsError(
            "InvalidParameterValue", "Value (standard) for parameter domain is invalid. EC2-Classic is gone."
        )
    border = req.get("NetworkBorderGroup", ctx.region)
    if border != ctx.region:
        text = f"Value ({border}) for parameter networkBorderGroup is invalid. Invalid network border group"
        raise AwsError("InvalidParameterValue", text)
    tags = tagging.specified(req, "elastic-ip")
    text = "The maximum number of addresses has been reached."
    rules.check_quota("elastic-ips", _own_count(ctx), "AddressLimitExceeded", text)
    made = ElasticIp(
        id=vpcs.new_id(ctx, "eipalloc"),
        public_ip=_recovered(ctx, req["Address"]) if req.get("Address") else elastic_ips.free_address(ctx),
        border_group=border,
        is_managed=bool(interfaces.requester_of(ctx)),
        tags=tags,
    )
    ctx.put(made)
    return {
        "AllocationId": made.id,
        "PublicIp": made.public_ip,
        "PublicIpv4Pool": elastic_ips.POOL,
        "NetworkBorderGroup": border,
        "Domain": "vpc",
    }


def release_address(ctx: Context, req: dict[str, Any]) -> None:
    if not req.get("AllocationId"):
        if not req.get("PublicIp"):
            raise AwsError("MissingParameter", "Either public IP or allocation id must be specified")
        elastic_ips.by_ip(ctx, _checked(req["PublicIp"]))
        text = "You must specify an allocation id when releasing a VPC elastic IP address"
        raise AwsError("InvalidParameterValue", text)
    eip = one(ctx, ElasticIp, req["AllocationId"])
    _check_own(ctx, eip)
    if eip.association_id:
        raise AwsError("InvalidIPAddress.InUse", f"Address {eip.public_ip} is in use.")
    if eip.ptr:
        text = f"Address '{eip.public_ip}' cannot be released because it has a reverse DNS record."
        raise AwsError("InvalidAddress.Locked", text)
    ctx.delete(ElasticIp, eip.id)


def associate_address(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    eip = _named(ctx, req)
    _check_own(ctx, eip)
    if req.get("InstanceId"):
        raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{req['InstanceId']}' does not exist")
    if not req.get("NetworkInterfaceId"):
        raise AwsError("MissingParameter", "Either instance ID or network interface id must be specified")
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    interfaces.check_editable(ctx, interface)
    private_ip = _private_ip(interface, req.get("PrivateIpAddress", ""))
    if eip.interface_id == interface.id and eip.private_ip == private_ip:
        return {"AssociationId": eip.association_id}
    before = next(address.association for address in interface.addresses if address.address == private_ip)
    if not req.get("AllowReassociation"):
        elastic_ips.check_unassociated(eip)
        if before is not None and before.id:
            text = f"resource {interface.id} is already associated with associate-id {before.id}"
            raise AwsError("Resource.AlreadyAssociated", text)
    if eip.interface_id:
        interfaces.check_editable(ctx, one(ctx, NetworkInterface, eip.interface_id))
        eip = elastic_ips.disassociate(ctx, eip)
    if before is not None and before.id:
        elastic_ips.disassociate(ctx, elastic_ips.by_association(ctx, before.id))
    eip = elastic_ips.associate(ctx, eip, one(ctx, NetworkInterface, interface.id), private_ip)
    return {"AssociationId": eip.association_id}


def disassociate_address(ctx: Context, req: dict[str, Any]) -> None:
    if req.get("AssociationId"):
        eip = elastic_ips.by_association(ctx, req["AssociationId"])
    elif req.get("PublicIp"):
        eip = elastic_ips.by_ip(ctx, _checked(req["PublicIp"]))
        if not eip.association_id:
            text = f"The association ID of address '{eip.public_ip}' does not exist"
            raise AwsError("InvalidAssociationID.NotFound", text)
    else:
        raise AwsError("MissingParameter", "Either public IP or association id must be specified")
    interfaces.check_editable(ctx, one(ctx, NetworkInterface, eip.interface_id))
    elastic_ips.disassociate(ctx, eip)


def describe_addresses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    chosen = None
    if req.get("PublicIps"):
        chosen = [elastic_ips.by_ip(ctx, _checked(address)) for address in req["PublicIps"]]
        if req.get("AllocationIds"):
            wanted = {eip.id for eip in found(ctx, ElasticIp, req["AllocationIds"])}
            chosen = [eip for eip in chosen if eip.id in wanted]
            req = {**req, "AllocationIds": None}
    return listed(ctx, req, _LISTING, elastic_ips.described, chosen)


def describe_addresses_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ids = req.get("AllocationIds")
    rows = found(ctx, ElasticIp, ids) if ids else list(ctx.scan(ElasticIp))
    return paged(req, "Addresses", [elastic_ips.attribute(eip) for eip in rows], "AllocationId", limit_of(req, least=1))


def modify_address_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    eip = one(ctx, ElasticIp, req["AllocationId"])
    name = req.get("DomainName", "")
    if not name or ".." in name or name.startswith("."):
        raise AwsError("InvalidParameterValue", f"Value ({name}) for parameter domainName is invalid.")
    eip = msgspec.structs.replace(eip, ptr=name if name.endswith(".") else f"{name}.")
    ctx.put(eip)
    return {"Address": elastic_ips.attribute(eip)}


def reset_address_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    eip = msgspec.structs.replace(one(ctx, ElasticIp, req["AllocationId"]), ptr="")
    ctx.put(eip)
    return {"Address": elastic_ips.attribute(eip)}


def _own_count(ctx: Context) -> int:
    """How many addresses people have: those that services take for themselves do not count."""
    if interfaces.requester_of(ctx):
        return 0
    return sum(not eip.is_managed for eip in ctx.scan(ElasticIp))


def _check_own(ctx: Context, eip: ElasticIp) -> None:
    if eip.is_managed and not interfaces.requester_of(ctx):
        raise AwsError("AuthFailure", "You do not have permission to access the specified resource.", status=403)


def _checked(address: str) -> str:
    try:
        return str(IPv4Address(address))
    except ValueError:
        text = f"Value ({address}) for parameter publicIp is invalid. Invalid IPv4 address"
        raise AwsError("InvalidParameterValue", text) from None


def _recovered(ctx: Context, address: str) -> str:
    address = _checked(address)
    if not addressing.is_public_of(ctx.region, address) or not elastic_ips.is_free(ctx, address):
        raise AwsError("InvalidAddress.NotFound", f"Address '{address}' not found.")
    return address


def _named(ctx: Context, req: dict[str, Any]) -> ElasticIp:
    if req.get("AllocationId"):
        return one(ctx, ElasticIp, req["AllocationId"])
    if req.get("PublicIp"):
        return elastic_ips.by_ip(ctx, _checked(req["PublicIp"]))
    raise AwsError("MissingParameter", "Either public IP or allocation id must be specified")


def _private_ip(interface: NetworkInterface, wanted: str) -> str:
    addresses = [one.address for one in interface.addresses]
    if not addresses:
        text = f"The network interface '{interface.id}' has no private IPv4 address."
        raise AwsError("InvalidParameterValue", text)
    if wanted and wanted not in addresses:
        text = f"Invalid value '{wanted}' for PrivateIpAddress. Address is not assigned to interface {interface.id}"
        raise AwsError("InvalidParameterValue", text)
    return wanted or addresses[0]
