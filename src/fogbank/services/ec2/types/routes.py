"""Route tables, their routes, and the subnets that use them."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.resource_type import (
    Change,
    Functions,
    Properties,
    Table,
    Wanted,
    of_calls,
    of_functions,
    some,
)
from fogbank.services.ec2.types.tagged import retag, specified

_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_TARGETS = (
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
)


def _destination(properties: Properties) -> str:
    return str(next(iter(some(properties, *_DESTINATIONS).values()), ""))


def _association(ctx: Context, subnet: str) -> str | None:
    """What ties a subnet to a route table now: its id is another with every table."""
    asked = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = ctx.call("ec2", "DescribeRouteTables", Filters=asked)["RouteTables"]
    ties = [one for table in tables for one in table["Associations"] if one.get("SubnetId") == subnet]
    return str(ties[0]["RouteTableAssociationId"]) if ties else None


def _associate(ctx: Context, wanted: Wanted) -> str:
    asked: dict[str, Any] = some(wanted.properties, "RouteTableId", "SubnetId")
    return str(ctx.call("ec2", "AssociateRouteTable", **asked)["AssociationId"])


def _reassociate(ctx: Context, change: Change) -> None:
    tie = _association(ctx, change.after["SubnetId"])
    if tie is None:
        raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{change.id}' does not exist")
    ctx.call("ec2", "ReplaceRouteTableAssociation", AssociationId=tie, RouteTableId=change.after["RouteTableId"])


def _disassociate(ctx: Context, identity: str, properties: Properties) -> None:
    tie = _association(ctx, properties["SubnetId"])
    if tie is not None:
        ctx.call("ec2", "DisassociateRouteTable", AssociationId=tie)


TYPES = (
    of_calls(
        Table(
            "AWS::EC2::RouteTable",
            "ec2",
            create=lambda wanted: (
                "CreateRouteTable",
                {**some(wanted.properties, "VpcId"), **specified("route-table", wanted)},
            ),
            identity=lambda answer, wanted: str(answer["RouteTable"]["RouteTableId"]),
            update=lambda change: (),
            retag=retag,
            delete=lambda table, properties: [("DeleteRouteTable", {"RouteTableId": table})],
            attributes=lambda table, properties, answer: {"RouteTableId": table},
            absent=("InvalidRouteTableID.NotFound",),
            required=("VpcId",),
            known=frozenset(("VpcId", "Tags")),
            replaces=frozenset(("VpcId",)),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::Route",
            "ec2",
            create=lambda wanted: (
                "CreateRoute",
                some(wanted.properties, "RouteTableId", *_DESTINATIONS, *_TARGETS),
            ),
            identity=lambda answer, wanted: f"{wanted.properties['RouteTableId']}|{_destination(wanted.properties)}",
            update=lambda change: [("ReplaceRoute", some(change.after, "RouteTableId", *_DESTINATIONS, *_TARGETS))],
            delete=lambda identity, properties: [("DeleteRoute", some(properties, "RouteTableId", *_DESTINATIONS))],
            attributes=lambda identity, properties, answer: {"CidrBlock": _destination(properties)},
            absent=("InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"),
            required=("RouteTableId",),
            known=frozenset(("RouteTableId", *_DESTINATIONS, *_TARGETS)),
            replaces=frozenset(("RouteTableId", *_DESTINATIONS)),
        )
    ),
    of_functions(
        Functions(
            "AWS::EC2::SubnetRouteTableAssociation",
            create=_associate,
            update=_reassociate,
            delete=_disassociate,
            attributes=lambda ctx, identity, properties: {"Id": identity},
            required=("RouteTableId", "SubnetId"),
            known=frozenset(("RouteTableId", "SubnetId")),
            replaces=frozenset(("SubnetId",)),
        )
    ),
)
