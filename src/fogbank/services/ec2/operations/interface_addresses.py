"""The addresses of network interfaces (EC2 API Reference, "AssignPrivateIpAddresses" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import elastic_ips, interface_addresses, interfaces, subnets
from fogbank.services.ec2.catalog import one
from fogbank.services.ec2.interface_addresses import Asked
from fogbank.services.ec2.resources import NetworkInterface, PrivateAddress, Subnet

_IPV4 = ("PrivateIpAddresses", "SecondaryPrivateIpAddressCount", "Ipv4Prefixes", "Ipv4PrefixCount")
_IPV6 = ("Ipv6Addresses", "Ipv6AddressCount", "Ipv6Prefixes", "Ipv6PrefixCount")


def assign_private_ip_addresses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    interface = _editable(ctx, req)
    _check_one(req, _IPV4)
    subnet = one(ctx, Subnet, interface.subnet_id)
    own = [address.address for address in interface.addresses]
    named = [address for address in req.get("PrivateIpAddresses") or () if address not in own]
    _take_over(ctx, interface, named, moves=bool(req.get("AllowReassignment")))
    asked = Asked(
        ipv4=tuple(named),
        ipv4_count=req.get("SecondaryPrivateIpAddressCount", 0),
        prefixes=tuple(req.get("Ipv4Prefixes") or ()),
        ipv4_prefix_count=req.get("Ipv4PrefixCount", 0),
    )
    given = interface_addresses.further(ctx, subnet, asked, interface)
    interfaces.with_addresses(ctx, interface, given)
    return {
        "NetworkInterfaceId": interface.id,
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": address} for address in given.ipv4],
        "AssignedIpv4Prefixes": [{"Ipv4Prefix": prefix} for prefix in given.prefixes],
    }


def unassign_private_ip_addresses(ctx: Context, req: dict[str, Any]) -> None:
    interface = _editable(ctx, req)
    addresses, prefixes = req.get("PrivateIpAddresses") or [], req.get("Ipv4Prefixes") or []
    if not addresses and not prefixes:
        raise AwsError("MissingParameter", "The request must contain the parameter privateIpAddresses or ipv4Prefixes")
    own = [address.address for address in interface.addresses]
    _check_assigned(interface, addresses, own)
    _check_assigned(interface, prefixes, interface.prefixes)
    if own and own[0] in addresses:
        text = f"The primary private IP address '{own[0]}' of interface {interface.id} cannot be unassigned."
        raise AwsError("InvalidParameterValue", text)
    for address in interface.addresses:
        if address.address in addresses and address.association and address.association.id:
            elastic_ips.disassociate(ctx, elastic_ips.by_association(ctx, address.association.id))
    _without(ctx, interface.id, addresses, prefixes)
    subnets.freed(ctx, interface.subnet_id)


def assign_ipv6_addresses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    interface = _editable(ctx, req)
    _check_one(req, _IPV6)
    subnet = one(ctx, Subnet, interface.subnet_id)
    asked = Asked(
        ipv6=tuple(address for address in req.get("Ipv6Addresses") or () if address not in interface.ipv6_addresses),
        ipv6_count=req.get("Ipv6AddressCount", 0),
        prefixes=tuple(req.get("Ipv6Prefixes") or ()),
        ipv6_prefix_count=req.get("Ipv6PrefixCount", 0),
    )
    given = interface_addresses.further(ctx, subnet, asked, interface)
    interfaces.with_addresses(ctx, interface, given)
    return {
        "NetworkInterfaceId": interface.id,
        "AssignedIpv6Addresses": list(given.ipv6),
        "AssignedIpv6Prefixes": list(given.prefixes),
    }


def unassign_ipv6_addresses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    interface = _editable(ctx, req)
    addresses, prefixes = req.get("Ipv6Addresses") or [], req.get("Ipv6Prefixes") or []
    if not addresses and not prefixes:
        raise AwsError("MissingParameter", "The request must contain the parameter ipv6Addresses or ipv6Prefixes")
    _check_assigned(interface, addresses, interface.ipv6_addresses)
    _check_assigned(interface, prefixes, interface.prefixes)
    _without(ctx, interface.id, addresses, prefixes)
    return {
        "NetworkInterfaceId": interface.id,
        "UnassignedIpv6Addresses": list(addresses),
        "UnassignedIpv6Prefixes": list(prefixes),
    }


def _editable(ctx: Context, req: dict[str, Any]) -> NetworkInterface:
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    interfaces.check_editable(ctx, interface)
    return interface


def _check_one(req: dict[str, Any], members: tuple[str, ...]) -> None:
    given = [member for member in members if req.get(member)]
    names = [member[:1].lower() + member[1:] for member in given or members]
    if not given:
        raise AwsError("MissingParameter", f"The request must contain exactly one of {', '.join(names)}")
    if len(given) > 1:
        text = f"The parameter {names[0]} cannot be used with the parameter {names[1]}"
        raise AwsError("InvalidParameterCombination", text)


def _take_over(ctx: Context, interface: NetworkInterface, named: list[str], *, moves: bool) -> None:
    """Take secondary addresses from the other interfaces of the subnet, if the request says that it may."""
    in_use = subnets.taken(ctx, one(ctx, Subnet, interface.subnet_id))
    taken = [address for address in named if address in in_use]
    if taken and not moves:
        raise AwsError("InvalidParameterValue", f"[{', '.join(taken)}] assigned, but move is not allowed.")
    for other in ctx.find(NetworkInterface, "by_subnet", interface.subnet_id) if taken else ():
        moved = [address for address in other.addresses if address.address in taken]
        if not moved:
            continue
        interfaces.check_editable(ctx, other)
        if other.addresses[0] in moved:
            text = f"The primary private IP address '{moved[0].address}' of interface {other.id} cannot be moved."
            raise AwsError("InvalidParameterValue", text)
        for address in moved:
            if address.association and address.association.id:
                elastic_ips.disassociate(ctx, elastic_ips.by_association(ctx, address.association.id))
        _without(ctx, other.id, [address.address for address in moved], [])


def _without(ctx: Context, interface_id: str, addresses: list[str], prefixes: list[str]) -> None:
    interface = one(ctx, NetworkInterface, interface_id)
    left: tuple[PrivateAddress, ...] = tuple(one for one in interface.addresses if one.address not in addresses)
    ctx.put(
        msgspec.structs.replace(
            interface,
            addresses=left,
            ipv6_addresses=tuple(one for one in interface.ipv6_addresses if one not in addresses),
            prefixes=tuple(one for one in interface.prefixes if one not in prefixes),
        )
    )


def _check_assigned(interface: NetworkInterface, given: list[str], own: tuple[str, ...] | list[str]) -> None:
    if any(address not in own for address in given):
        text = f"Some of [{', '.join(given)}] are not assigned to interface {interface.id}"
        raise AwsError("InvalidParameterValue", text)
