"""VPCs, subnets and internet gateways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, of_calls, some
from fogbank.services.ec2.types.tagged import retag, specified

_VPC = ("CidrBlock", "InstanceTenancy")
_SUBNET = ("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId", "Ipv6CidrBlock", "Ipv6Native")
_VPC_SWITCHES = ("EnableDnsSupport", "EnableDnsHostnames")
_SUBNET_SWITCHES = ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64")
_DEFAULT_ON = ("EnableDnsSupport",)


def _of_vpc(vpc: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}]


def _switches(kind: str, identity: str, before: Properties, after: Properties) -> list[Call]:
    """One call for each switch that is to be another: EC2 takes one at a time."""
    names = _VPC_SWITCHES if kind == "Vpc" else _SUBNET_SWITCHES
    calls: list[Call] = []
    for name in names:
        default = name in _DEFAULT_ON
        if str(before.get(name, default)).lower() != str(after.get(name, default)).lower():
            params = {f"{kind}Id": identity, name: {"Value": after.get(name, default)}}
            calls.append((f"Modify{kind}Attribute", params))
    return calls


def _update_vpc(change: Change) -> list[Call]:
    calls = _switches("Vpc", change.id, change.before, change.after)
    if change.before.get("InstanceTenancy") != change.after.get("InstanceTenancy"):
        calls.append(("ModifyVpcTenancy", {"VpcId": change.id, "InstanceTenancy": "default"}))
    return calls


def _vpc(identity: str, properties: Properties, answer: dict[str, Any]) -> Mapping[str, Any]:
    (found,) = answer["Vpcs"]
    return {
        "VpcId": identity,
        "CidrBlock": found["CidrBlock"],
        "CidrBlockAssociations": [one["AssociationId"] for one in found["CidrBlockAssociationSet"]],
        "DefaultNetworkAcl": next(one["NetworkAclId"] for one in answer["NetworkAcls"] if one["IsDefault"]),
        "DefaultSecurityGroup": next(
            one["GroupId"] for one in answer["SecurityGroups"] if one["GroupName"] == "default"
        ),
        "Ipv6CidrBlocks": [one["Ipv6CidrBlock"] for one in found.get("Ipv6CidrBlockAssociationSet", ())],
    }


def _subnet(identity: str, properties: Properties, answer: dict[str, Any]) -> Mapping[str, Any]:
    (found,) = answer["Subnets"]
    associations = [one for acl in answer["NetworkAcls"] for one in acl["Associations"]]
    return {
        "SubnetId": identity,
        **some(found, "AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "VpcId"),
        "Ipv6CidrBlocks": [one["Ipv6CidrBlock"] for one in found.get("Ipv6CidrBlockAssociationSet", ())],
        "NetworkAclAssociationId": next(
            one["NetworkAclAssociationId"] for one in associations if one["SubnetId"] == identity
        ),
    }


def _cidr_association(answer: dict[str, Any], wanted: Wanted) -> str:
    found = answer.get("CidrBlockAssociation") or answer["Ipv6CidrBlockAssociation"]
    return str(found["AssociationId"])


def _attachment(verb: str, properties: Properties) -> Call:
    return f"{verb}InternetGateway", some(properties, "InternetGatewayId", "VpcId")


TYPES = (
    of_calls(
        Table(
            "AWS::EC2::VPC",
            "ec2",
            create=lambda wanted: ("CreateVpc", {**some(wanted.properties, *_VPC), **specified("vpc", wanted)}),
            identity=lambda answer, wanted: str(answer["Vpc"]["VpcId"]),
            afterwards=lambda vpc, wanted: _switches("Vpc", vpc, {}, wanted.properties),
            update=_update_vpc,
            retag=retag,
            delete=lambda vpc, properties: [("DeleteVpc", {"VpcId": vpc})],
            look=lambda vpc: ("DescribeVpcs", {"VpcIds": [vpc]}),
            looks=lambda vpc: [
                ("DescribeNetworkAcls", {"Filters": _of_vpc(vpc)}),
                ("DescribeSecurityGroups", {"Filters": _of_vpc(vpc)}),
            ],
            attributes=_vpc,
            absent=("InvalidVpcID.NotFound",),
            known=frozenset((*_VPC, *_VPC_SWITCHES, "Tags")),
            replaces=frozenset(("CidrBlock",)),
            replaced=lambda before, after: (
                before.get("InstanceTenancy", "default") != after.get("InstanceTenancy", "default")
                and after.get("InstanceTenancy", "default") != "default"
            ),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::VPCCidrBlock",
            "ec2",
            create=lambda wanted: (
                "AssociateVpcCidrBlock",
                some(wanted.properties, "VpcId", "CidrBlock", "AmazonProvidedIpv6CidrBlock", "Ipv6CidrBlock"),
            ),
            identity=_cidr_association,
            delete=lambda identity, properties: [("DisassociateVpcCidrBlock", {"AssociationId": identity})],
            attributes=lambda identity, properties, answer: {"Id": identity},
            absent=("InvalidVpcCidrBlockAssociationID.NotFound", "InvalidVpcID.NotFound"),
            required=("VpcId",),
            known=frozenset(("VpcId", "CidrBlock", "AmazonProvidedIpv6CidrBlock", "Ipv6CidrBlock")),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::Subnet",
            "ec2",
            create=lambda wanted: (
                "CreateSubnet",
                {**some(wanted.properties, *_SUBNET), **specified("subnet", wanted)},
            ),
            identity=lambda answer, wanted: str(answer["Subnet"]["SubnetId"]),
            afterwards=lambda subnet, wanted: _switches("Subnet", subnet, {}, wanted.properties),
            update=lambda change: _switches("Subnet", change.id, change.before, change.after),
            retag=retag,
            delete=lambda subnet, properties: [("DeleteSubnet", {"SubnetId": subnet})],
            look=lambda subnet: ("DescribeSubnets", {"SubnetIds": [subnet]}),
            looks=lambda subnet: [
                ("DescribeNetworkAcls", {"Filters": [{"Name": "association.subnet-id", "Values": [subnet]}]})
            ],
            attributes=_subnet,
            absent=("InvalidSubnetID.NotFound",),
            required=("VpcId",),
            known=frozenset((*_SUBNET, *_SUBNET_SWITCHES, "Tags")),
            replaces=frozenset(_SUBNET),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::InternetGateway",
            "ec2",
            create=lambda wanted: ("CreateInternetGateway", specified("internet-gateway", wanted)),
            identity=lambda answer, wanted: str(answer["InternetGateway"]["InternetGatewayId"]),
            update=lambda change: (),
            retag=retag,
            delete=lambda gateway, properties: [("DeleteInternetGateway", {"InternetGatewayId": gateway})],
            attributes=lambda gateway, properties, answer: {"InternetGatewayId": gateway},
            absent=("InvalidInternetGatewayID.NotFound",),
            known=frozenset(("Tags",)),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::EgressOnlyInternetGateway",
            "ec2",
            create=lambda wanted: (
                "CreateEgressOnlyInternetGateway",
                {**some(wanted.properties, "VpcId"), **specified("egress-only-internet-gateway", wanted)},
            ),
            identity=lambda answer, wanted: str(answer["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]),
            update=lambda change: (),
            retag=retag,
            delete=lambda gateway, properties: [
                ("DeleteEgressOnlyInternetGateway", {"EgressOnlyInternetGatewayId": gateway})
            ],
            attributes=lambda gateway, properties, answer: {"Id": gateway},
            absent=("InvalidGatewayID.NotFound", "InvalidEgressOnlyInternetGatewayId.NotFound"),
            required=("VpcId",),
            known=frozenset(("VpcId", "Tags")),
            replaces=frozenset(("VpcId",)),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::VPCGatewayAttachment",
            "ec2",
            create=lambda wanted: _attachment("Attach", wanted.properties),
            identity=lambda answer, wanted: f"IGW|{wanted.properties['VpcId']}",
            update=lambda change: [_attachment("Detach", change.before), _attachment("Attach", change.after)],
            delete=lambda identity, properties: [_attachment("Detach", properties)],
            attributes=lambda identity, properties, answer: {"AttachmentType": "IGW"},
            absent=("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"),
            required=("VpcId", "InternetGatewayId"),
            known=frozenset(("VpcId", "InternetGatewayId")),
            replaces=frozenset(("VpcId",)),
        )
    ),
)
