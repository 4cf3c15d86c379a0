"""NAT gateways and their addresses (EC2 API Reference, "CreateNatGateway" and the pages around it)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import elastic_ips, interface_addresses, interfaces, nat_gateways, rules, tagging, vpcs
from fogbank.services.ec2.catalog import one
from fogbank.services.ec2.interface_addresses import Asked
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import ElasticIp, NatAddress, NatGateway, NetworkInterface, Subnet, Vpc

_LISTING = Listing(
    NatGateway,
    "NatGateways",
    "NatGatewayIds",
    "NatGatewayId",
    {
        "nat-gateway-id": "NatGatewayId",
        "state": "State",
        "subnet-id": "SubnetId",
        "vpc-id": "VpcId",
        "connectivity-type": "ConnectivityType",
    },
)
_REQUESTER = "amazon-aws"
_DRAIN_SECONDS = range(1, 4001)


def create_nat_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if req.get("AvailabilityMode") == "regional" or "AvailabilityZoneAddresses" in req or "VpcId" in req:
        raise AwsError("UnsupportedOperation", "fogbank's NAT gateways are zonal.")
    if not req.get("SubnetId"):
        raise AwsError("MissingParameter", "The request must contain the parameter subnetId")
    subnet = one(ctx, Subnet, req["SubnetId"])
    connectivity = req.get("ConnectivityType", "public")
    _check_members(req, connectivity)
    allocations = [req["AllocationId"], *(req.get("SecondaryAllocationIds") or ())] if "AllocationId" in req else []
    eips = [one(ctx, ElasticIp, allocation) for allocation in allocations]
    _check_quota(ctx, subnet)
    nat = NatGateway(
        vpc_id=subnet.vpc_id,
        id=vpcs.new_id(ctx, "nat"),
        subnet_id=subnet.id,
        interface_id="",
        connectivity=connectivity,
        created_at=ctx.now,
        tags=tagging.specified(req, "natgateway"),
    )
    if failure := _failure(ctx, subnet, eips):
        addresses = tuple(
            NatAddress("", allocation_id=eip.id, is_primary=at == 0, status="failed") for at, eip in enumerate(eips)
        )
        nat = msgspec.structs.replace(
            nat, state="failed", failure_code=failure[0], failure_message=failure[1], addresses=addresses
        )
    else:
        nat = _made(ctx, subnet, nat, req)
    ctx.put(nat)
    shown = nat_gateways.described(ctx, msgspec.structs.replace(nat, state="pending", failure_code=""))
    return {"NatGateway": shown, "ClientToken": req.get("ClientToken", "")}


def delete_nat_gateway(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    nat = one(ctx, NatGateway, req["NatGatewayId"])
    if nat.state == "deleted":
        raise AwsError("NatGatewayNotFound", f"NatGateway {nat.id} was not found")
    if nat.state == "failed":
        ctx.put(msgspec.structs.replace(nat, state="deleted", deleted_at=ctx.now))
    else:
        ctx.put(msgspec.structs.replace(nat, state="deleting"))
    return {"NatGatewayId": nat.id}


def describe_nat_gateways(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, {**req, "Filters": req.get("Filter")}, _LISTING, nat_gateways.described)


def associate_nat_gateway_address(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    nat = _usable(ctx, req["NatGatewayId"], "public")
    eips = [one(ctx, ElasticIp, allocation) for allocation in req["AllocationIds"]]
    for eip in eips:
        elastic_ips.check_unassociated(eip)
    named = req.get("PrivateIpAddresses") or []
    if named and len(named) != len(eips):
        text = "The number of private IP addresses must be the number of allocation IDs."
        raise AwsError("InvalidParameterValue", text)
    _check_room(nat, len(eips))
    private = _assign(ctx, nat, named, 0 if named else len(eips))
    added = [
        nat_gateways.with_public(ctx, nat, eip.id, address, is_primary=False)
        for eip, address in zip(eips, private, strict=True)
    ]
    return _with(ctx, nat, added)


def disassociate_nat_gateway_address(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    nat = _usable(ctx, req["NatGatewayId"], "public")
    _check_drain(req)
    gone = []
    for association_id in req["AssociationIds"]:
        address = next((one for one in nat.addresses if one.association_id == association_id), None)
        if address is None:
            text = f"The association ID '{association_id}' does not exist"
            raise AwsError("InvalidAssociationID.NotFound", text)
        gone.append(address)
    return _without(ctx, nat, gone)


def assign_private_nat_gateway_address(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    nat = _usable(ctx, req["NatGatewayId"], "private")
    named, count = req.get("PrivateIpAddresses") or [], req.get("PrivateIpAddressCount", 0)
    if bool(named) == bool(count):
        code = "InvalidParameterCombination" if named else "MissingParameter"
        raise AwsError(code, "The request must contain exactly one of privateIpAddresses, privateIpAddressCount")
    _check_room(nat, len(named) + count)
    return _with(ctx, nat, [NatAddress(address) for address in _assign(ctx, nat, named, count)])


def unassign_private_nat_gateway_address(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    nat = _usable(ctx, req["NatGatewayId"], "private")
    _check_drain(req)
    wanted = req["PrivateIpAddresses"]
    known = {address.private_ip: address for address in nat.addresses}
    if any(address not in known for address in wanted):
        text = f"Some of [{', '.join(wanted)}] are not assigned to interface {nat.interface_id}"
        raise AwsError("InvalidParameterValue", text)
    return _without(ctx, nat, [known[address] for address in wanted])


def _check_members(req: dict[str, Any], connectivity: str) -> None:
    if connectivity == "public":
        if not req.get("AllocationId"):
            raise AwsError("MissingParameter", "The request must contain the parameter allocationId")
        if "SecondaryPrivateIpAddressCount" in req:
            text = "SecondaryPrivateIpAddressCount can be used with a private NAT gateway only."
            raise AwsError("InvalidParameterCombination", text)
        secondary = req.get("SecondaryPrivateIpAddresses")
        if secondary and len(secondary) != len(req.get("SecondaryAllocationIds") or ()):
            text = "The number of private IP addresses must be the number of allocation IDs."
            raise AwsError("InvalidParameterValue", text)
    elif "AllocationId" in req or "SecondaryAllocationIds" in req:
        text = "AllocationId cannot be used with a private NAT gateway."
        raise AwsError("InvalidParameterCombination", text)
    elif "SecondaryPrivateIpAddresses" in req and "SecondaryPrivateIpAddressCount" in req:
        text = "The parameter secondaryPrivateIpAddresses cannot be used with the parameter "
        raise AwsError("InvalidParameterCombination", text + "secondaryPrivateIpAddressCount")


def _check_quota(ctx: Context, subnet: Subnet) -> None:
    zones = {one.id: one.zone for one in ctx.scan(Subnet)}
    count = sum(
        zones.get(nat.subnet_id) == subnet.zone for nat in ctx.scan(NatGateway) if nat.state in nat_gateways.COUNTED
    )
    limit = rules.QUOTAS["nat-gateways"]
    text = f"Performing this operation would exceed the limit of {limit} NAT gateways"
    rules.check_quota("nat-gateways", count, "NatGatewayLimitExceeded", text)


def _failure(ctx: Context, subnet: Subnet, eips: Sequence[ElasticIp]) -> tuple[str, str] | None:
    """(code, message) of what keeps a gateway from coming up (Amazon VPC User Guide, "NAT gateway creation fails")."""
    if eips and not one(ctx, Vpc, subnet.vpc_id).internet_gateway_id:
        return "Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached"
    for eip in eips:
        if eip.association_id:
            return "Resource.AlreadyAssociated", f"Elastic IP address [{eip.id}] is already associated"
    return None


def _made(ctx: Context, subnet: Subnet, nat: NatGateway, req: dict[str, Any]) -> NatGateway:
    """The gateway with its interface, and its addresses on it."""
    named = tuple(req.get("SecondaryPrivateIpAddresses") or ())
    allocations = tuple(req.get("SecondaryAllocationIds") or ())
    count = 0 if named else req.get("SecondaryPrivateIpAddressCount", len(allocations))
    _check_room(nat, 1 + len(named) + count)
    wanted = interfaces.Wanted(
        asked=Asked(primary=req.get("PrivateIpAddress", ""), ipv4=named, ipv4_count=count, ipv6_count=0),
        groups=(),
        description=f"Interface for NAT Gateway {nat.id}",
        type=interfaces.NAT,
        requester_id=_REQUESTER,
        checks_source=False,
    )
    interface = interfaces.make(ctx, subnet, wanted)
    nat = msgspec.structs.replace(nat, interface_id=interface.id)
    private = [address.address for address in interface.addresses]
    if nat.connectivity == "private":
        found = [NatAddress(address, is_primary=at == 0) for at, address in enumerate(private)]
    else:
        pairs = zip((req["AllocationId"], *allocations), private, strict=True)
        found = [
            nat_gateways.with_public(ctx, nat, allocation, address, is_primary=at == 0)
            for at, (allocation, address) in enumerate(pairs)
        ]
    return msgspec.structs.replace(nat, addresses=tuple(found))


def _usable(ctx: Context, nat_id: str, connectivity: str) -> NatGateway:
    nat = one(ctx, NatGateway, nat_id)
    if nat.state not in ("pending", "available"):
        raise AwsError("NatGatewayNotFound", f"NatGateway {nat.id} was not found")
    if nat.connectivity != connectivity:
        text = f"The operation is for {connectivity} NAT gateways; '{nat.id}' is a {nat.connectivity} one."
        raise AwsError("InvalidParameter", text)
    return nat


def _check_room(nat: NatGateway, more: int) -> None:
    if len(nat.addresses) + more > nat_gateways.ADDRESSES_MAX:
        text = f"A NAT gateway can have {nat_gateways.ADDRESSES_MAX} private IPv4 addresses at most."
        raise AwsError("PrivateIpAddressLimitExceeded", text)


def _check_drain(req: dict[str, Any]) -> None:
    seconds = req.get("MaxDrainDurationSeconds", 350)
    if seconds not in _DRAIN_SECONDS:
        text = f"Value ({seconds}) for parameter maxDrainDurationSeconds is invalid. "
        raise AwsError("InvalidParameterValue", text + "Expecting a value between 1 and 4000.")


def _assign(ctx: Context, nat: NatGateway, named: Sequence[str], count: int) -> tuple[str, ...]:
    interface = one(ctx, NetworkInterface, nat.interface_id)
    asked = Asked(ipv4=tuple(named), ipv4_count=count)
    given = interface_addresses.further(ctx, one(ctx, Subnet, nat.subnet_id), asked, interface)
    interfaces.with_addresses(ctx, interface, given)
    return given.ipv4


def _with(ctx: Context, nat: NatGateway, added: Sequence[NatAddress]) -> dict[str, Any]:
    ctx.put(msgspec.structs.replace(nat, addresses=(*nat.addresses, *added)))
    return {"NatGatewayId": nat.id, "NatGatewayAddresses": [nat_gateways.address(nat, found) for found in added]}


def _without(ctx: Context, nat: NatGateway, gone: Sequence[NatAddress]) -> dict[str, Any]:
    if any(address.is_primary for address in gone):
        raise AwsError("InvalidParameterValue", f"The primary address of '{nat.id}' cannot be removed.")
    for address in gone:
        if address.association_id:
            elastic_ips.disassociate(ctx, elastic_ips.by_association(ctx, address.association_id))
    interface = one(ctx, NetworkInterface, nat.interface_id)
    names = [address.private_ip for address in gone]
    left = tuple(address for address in interface.addresses if address.address not in names)
    ctx.put(msgspec.structs.replace(interface, addresses=left))
    ctx.put(msgspec.structs.replace(nat, addresses=tuple(found for found in nat.addresses if found not in gone)))
    status = "disassociating" if nat.connectivity == "public" else "unassigning"
    shown = [nat_gateways.address(nat, msgspec.structs.replace(found, status=status)) for found in gone]
    return {"NatGatewayId": nat.id, "NatGatewayAddresses": shown}
