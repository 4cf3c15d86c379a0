"""Elastic IPs, NAT gateways and network interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.fitting import fitted
from fogbank.control.resource_type import (
    Call,
    Change,
    Functions,
    Properties,
    Table,
    Wanted,
    of_calls,
    of_functions,
    some,
    tags,
)
from fogbank.services.ec2.types.tagged import retag, retagged, specified

_EIP = ("Domain", "NetworkBorderGroup", "PublicIpv4Pool")
_NAT = (
    "AllocationId",
    "ConnectivityType",
    "PrivateIpAddress",
    "SecondaryAllocationIds",
    "SecondaryPrivateIpAddressCount",
    "SecondaryPrivateIpAddresses",
    "SubnetId",
)
_INTERFACE = (
    "Description",
    "InterfaceType",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "SecondaryPrivateIpAddressCount",
    "SubnetId",
)
_ASSOCIATION = ("AllocationId", "NetworkInterfaceId", "PrivateIpAddress")


def _allocate(ctx: Context, wanted: Wanted) -> str:
    asked = {"Domain": "vpc", **some(wanted.properties, *_EIP), **specified("elastic-ip", wanted)}
    return str(ctx.call("ec2", "AllocateAddress", **fitted("ec2", "AllocateAddress", asked))["PublicIp"])


def _address(ctx: Context, public_ip: str) -> dict[str, Any] | None:
    asked = [{"Name": "public-ip", "Values": [public_ip]}]
    found: list[dict[str, Any]] = ctx.call("ec2", "DescribeAddresses", Filters=asked)["Addresses"]
    return found[0] if found else None


def _release(ctx: Context, public_ip: str, properties: Properties) -> None:
    found = _address(ctx, public_ip)
    if found is not None:
        ctx.call("ec2", "ReleaseAddress", AllocationId=found["AllocationId"])


def _retag_address(ctx: Context, change: Change) -> None:
    found = _address(ctx, change.id)
    before, after = tags(change.tags_before, change.before.get("Tags")), tags(change.tags, change.after.get("Tags"))
    gone = [key for key in before if key not in after]
    for operation, params in retagged(found["AllocationId"], after, gone) if found is not None else ():
        ctx.call("ec2", operation, **params)


def _allocated(ctx: Context, public_ip: str, properties: Properties) -> Mapping[str, Any]:
    found = _address(ctx, public_ip) or {}
    return {"PublicIp": public_ip, "AllocationId": found.get("AllocationId", "")}


def _is_available(answer: dict[str, Any]) -> bool:
    (found,) = answer["NatGateways"]
    if found["State"] == "failed":
        raise AwsError(found.get("FailureCode", "GeneralServiceException"), found.get("FailureMessage", "It failed."))
    return bool(found["State"] == "available")


def _create_interface(wanted: Wanted) -> Call:
    groups = {"Groups": wanted.properties["GroupSet"]} if "GroupSet" in wanted.properties else {}
    more = specified("network-interface", wanted)
    return "CreateNetworkInterface", {**some(wanted.properties, *_INTERFACE), **groups, **more}


def _interface_calls(interface: str, before: Properties, after: Properties, is_new: bool = False) -> list[Call]:
    """Whatever of an interface is changed by calls of its own; a new one has its groups and description already."""
    given: list[dict[str, Any]] = []
    if before.get("SourceDestCheck", True) != after.get("SourceDestCheck", True):
        given.append({"SourceDestCheck": {"Value": after.get("SourceDestCheck", True)}})
    if not is_new and before.get("Description", "") != after.get("Description", ""):
        given.append({"Description": {"Value": after.get("Description", "")}})
    if not is_new and before.get("GroupSet") != after.get("GroupSet") and after.get("GroupSet"):
        given.append({"Groups": after["GroupSet"]})
    return [("ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": interface, **one}) for one in given]


def _interface(identity: str, properties: Properties, answer: dict[str, Any]) -> Mapping[str, Any]:
    (found,) = answer["NetworkInterfaces"]
    more = [one["PrivateIpAddress"] for one in found["PrivateIpAddresses"] if not one["Primary"]]
    six = [one["Ipv6Address"] for one in found.get("Ipv6Addresses", ())]
    return {
        "Id": identity,
        "PrimaryPrivateIpAddress": found["PrivateIpAddress"],
        "PrimaryIpv6Address": six[0] if six else "",
        "SecondaryPrivateIpAddresses": more,
        "VpcId": found["VpcId"],
    }


def _associate(wanted: Wanted) -> Call:
    properties = wanted.properties
    by_address = {"PublicIp": properties["EIP"]} if "EIP" in properties and "AllocationId" not in properties else {}
    return "AssociateAddress", {**some(properties, *_ASSOCIATION), **by_address}


TYPES = (
    of_functions(
        Functions(
            "AWS::EC2::EIP",
            create=_allocate,
            delete=_release,
            update=_retag_address,
            attributes=_allocated,
            known=frozenset((*_EIP, "Tags")),
            replaces=frozenset(_EIP),
            has_tags=True,
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::EIPAssociation",
            "ec2",
            create=_associate,
            identity=lambda answer, wanted: str(answer["AssociationId"]),
            delete=lambda identity, properties: [("DisassociateAddress", {"AssociationId": identity})],
            attributes=lambda identity, properties, answer: {"Id": identity},
            absent=("InvalidAssociationID.NotFound",),
            known=frozenset((*_ASSOCIATION, "EIP")),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::NatGateway",
            "ec2",
            create=lambda wanted: (
                "CreateNatGateway",
                {**some(wanted.properties, *_NAT), "ClientToken": wanted.token, **specified("natgateway", wanted)},
            ),
            identity=lambda answer, wanted: str(answer["NatGateway"]["NatGatewayId"]),
            update=lambda change: (),
            retag=retag,
            delete=lambda nat, properties: [("DeleteNatGateway", {"NatGatewayId": nat})],
            look=lambda nat: ("DescribeNatGateways", {"NatGatewayIds": [nat]}),
            ready=_is_available,
            gone=lambda answer: all(one["State"] == "deleted" for one in answer["NatGateways"]),
            attributes=lambda nat, properties, answer: {"NatGatewayId": nat},
            absent=("NatGatewayNotFound",),
            required=("SubnetId",),
            known=frozenset((*_NAT, "Tags")),
            replaces=frozenset(_NAT),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::NetworkInterface",
            "ec2",
            create=_create_interface,
            identity=lambda answer, wanted: str(answer["NetworkInterface"]["NetworkInterfaceId"]),
            afterwards=lambda interface, wanted: _interface_calls(interface, {}, wanted.properties, True),
            update=lambda change: _interface_calls(change.id, change.before, change.after),
            retag=retag,
            delete=lambda interface, properties: [("DeleteNetworkInterface", {"NetworkInterfaceId": interface})],
            look=lambda interface: ("DescribeNetworkInterfaces", {"NetworkInterfaceIds": [interface]}),
            attributes=_interface,
            absent=("InvalidNetworkInterfaceID.NotFound",),
            required=("SubnetId",),
            known=frozenset((*_INTERFACE, "GroupSet", "SourceDestCheck", "Tags")),
            replaces=frozenset(_INTERFACE) - {"Description"},
        )
    ),
)
