"""Sets of DHCP options (EC2 API Reference, "CreateDhcpOptions" and the pages around it)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import dhcp_options, rules, tagging, vpcs
from fogbank.services.ec2.catalog import dependency_violation, one
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import DhcpOptions, Vpc

_LISTING = Listing(
    DhcpOptions,
    "DhcpOptions",
    "DhcpOptionsIds",
    "DhcpOptionsId",
    {
        "dhcp-options-id": "DhcpOptionsId",
        "key": "DhcpConfigurations.Key",
        "value": "DhcpConfigurations.Values.Value",
        "owner-id": "OwnerId",
    },
)
_SERVERS_MAX = 4
_KEYS = {
    "domain-name": 1,
    "domain-name-servers": _SERVERS_MAX,
    "ntp-servers": _SERVERS_MAX,
    "netbios-name-servers": _SERVERS_MAX,
    "netbios-node-type": 1,
    "ipv6-address-preferred-lease-time": 1,
}
"""Option -> how many values it may have."""
_NODE_TYPES = ("1", "2", "4", "8")
_LEASE = re.compile(r"[0-9]{1,10}")
_LEASES = (140, 2_147_483_647)


def create_dhcp_options(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, tuple[str, ...]] = {}
    for given in req["DhcpConfigurations"]:
        key, wanted = given.get("Key", ""), tuple(given.get("Values") or ())
        if key in values:
            raise AwsError("InvalidParameterValue", f"Option {key} is specified more than once")
        _check(key, wanted)
        values[key] = wanted
    if not values:
        raise AwsError("MissingParameter", "The request must contain the parameter dhcpConfigurations")
    made = DhcpOptions(id=vpcs.new_id(ctx, "dopt"), values=values, tags=tagging.specified(req, "dhcp-options"))
    ctx.put(made)
    return {"DhcpOptions": dhcp_options.described(ctx, made)}


def delete_dhcp_options(ctx: Context, req: dict[str, Any]) -> None:
    options = one(ctx, DhcpOptions, req["DhcpOptionsId"])
    if any(vpc.dhcp_options_id == options.id for vpc in ctx.scan(Vpc)):
        raise dependency_violation("dhcpOptions", options.id)
    ctx.delete(DhcpOptions, options.id)


def describe_dhcp_options(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, dhcp_options.described)


def associate_dhcp_options(ctx: Context, req: dict[str, Any]) -> None:
    vpc = one(ctx, Vpc, req["VpcId"])
    wanted = req["DhcpOptionsId"]
    if wanted != dhcp_options.NONE:
        wanted = one(ctx, DhcpOptions, wanted).id
    ctx.put(msgspec.structs.replace(vpc, dhcp_options_id=wanted))


def _check(key: str, values: tuple[str, ...]) -> None:
    if key not in _KEYS:
        raise AwsError("InvalidParameterValue", f"Value ({key}) for parameter name is invalid. Unknown DHCP option")
    if not values:
        raise AwsError("InvalidParameterValue", f"Value () for parameter {key} is invalid. A value is required")
    if len(values) > _KEYS[key]:
        text = f"Value ({', '.join(values)}) for parameter {key} is invalid. At most {_KEYS[key]} values are allowed"
        raise AwsError("InvalidParameterValue", text)
    for value in values:
        if not _is_valid(key, value):
            text = f"Value ({value}) for parameter {key} is invalid. "
            raise AwsError("InvalidParameterValue", text + _reason(key))


def _is_valid(key: str, value: str) -> bool:
    if key == "netbios-node-type":
        return value in _NODE_TYPES
    if key == "ipv6-address-preferred-lease-time":
        return _LEASE.fullmatch(value) is not None and _LEASES[0] <= int(value) <= _LEASES[1]
    if key == "domain-name":
        return bool(value)
    if key == "domain-name-servers" and value == "AmazonProvidedDNS":
        return True
    return rules.address(value) is not None


def _reason(key: str) -> str:
    if key == "netbios-node-type":
        return f"Node type must be one of {', '.join(_NODE_TYPES)}"
    if key == "ipv6-address-preferred-lease-time":
        return f"Lease time must be between {_LEASES[0]} and {_LEASES[1]} seconds"
    return "Invalid IPv4 address"
