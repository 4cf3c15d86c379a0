"""The kinds of resources by the prefix of their ids: how each is found, and what is said of one that is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2.resources import (
    DhcpOptions,
    EgressOnlyGateway,
    ElasticIp,
    Endpoint,
    FlowLog,
    InsightsAnalysis,
    InsightsPath,
    InterfacePermission,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Peering,
    PlacementGroup,
    PrefixList,
    RouteTable,
    SecurityGroup,
    Subnet,
    TransitAttachment,
    TransitGateway,
    TransitRouteTable,
    Vpc,
)
from fogbank.store.records import R, Record


class Noun(NamedTuple):
    """A kind of resource: its record, its type among tags, and its errors (EC2 API Reference, "Error codes")."""

    record: type[Record]
    type: str
    missing: str
    """The code for an id that is not there."""
    text: str
    """What is said of it."""
    malformed: str


def _noun(record: type[Record], type_: str, code: str, word: str, malformed: str = "") -> Noun:
    """A noun whose errors follow the pattern that most of EC2's do; `malformed` where that is written otherwise."""
    text = f"The {word} '{{}}' does not exist"
    return Noun(record, type_, f"{code}.NotFound", text, f"{malformed or code}.Malformed")


NOUNS: Mapping[str, Noun] = {
    "vpc": _noun(Vpc, "vpc", "InvalidVpcID", "vpc ID"),
    "subnet": _noun(Subnet, "subnet", "InvalidSubnetID", "subnet ID"),
    "rtb": _noun(RouteTable, "route-table", "InvalidRouteTableID", "routeTable ID", "InvalidRouteTableId"),
    "igw": _noun(
        InternetGateway,
        "internet-gateway",
        "InvalidInternetGatewayID",
        "internetGateway ID",
        "InvalidInternetGatewayId",
    ),
    "eigw": _noun(
        EgressOnlyGateway,
        "egress-only-internet-gateway",
        "InvalidGatewayID",
        "eigw ID",
        "InvalidEgressOnlyInternetGatewayId",
    ),
    "nat": Noun(NatGateway, "natgateway", "NatGatewayNotFound", "NatGateway {} was not found", "NatGatewayMalformed"),
    "sg": Noun(
        SecurityGroup,
        "security-group",
        "InvalidGroup.NotFound",
        "The security group '{}' does not exist",
        "InvalidGroupId.Malformed",
    ),
    "acl": _noun(NetworkAcl, "network-acl", "InvalidNetworkAclID", "networkAcl ID", "InvalidNetworkAclId"),
    "eni": _noun(
        NetworkInterface,
        "network-interface",
        "InvalidNetworkInterfaceID",
        "networkInterface ID",
        "InvalidNetworkInterfaceId",
    ),
    "eni-perm": _noun(
        InterfacePermission, "network-interface-permission", "InvalidPermissionID", "networkInterfacePermission ID"
    ),
    "eipalloc": _noun(ElasticIp, "elastic-ip", "InvalidAllocationID", "allocation ID"),
    "dopt": _noun(DhcpOptions, "dhcp-options", "InvalidDhcpOptionID", "dhcpOption ID", "InvalidDhcpOptionsId"),
    "pcx": _noun(
        Peering,
        "vpc-peering-connection",
        "InvalidVpcPeeringConnectionID",
        "vpcPeeringConnection ID",
        "InvalidVpcPeeringConnectionId",
    ),
    "pl": _noun(PrefixList, "prefix-list", "InvalidPrefixListID", "prefix list ID", "InvalidPrefixListId"),
    "vpce": _noun(Endpoint, "vpc-endpoint", "InvalidVpcEndpointId", "Vpc Endpoint Id"),
    "fl": _noun(FlowLog, "vpc-flow-log", "InvalidFlowLogId", "flow log ID"),
    "pg": _noun(PlacementGroup, "placement-group", "InvalidPlacementGroupId", "placement group ID"),
    "tgw": Noun(
        TransitGateway,
        "transit-gateway",
        "InvalidTransitGatewayID.NotFound",
        "Transit Gateway {} was deleted or does not exist.",
        "InvalidTransitGatewayID.Malformed",
    ),
    "tgw-attach": Noun(
        TransitAttachment,
        "transit-gateway-attachment",
        "InvalidTransitGatewayAttachmentID.NotFound",
        "Transit Gateway Attachment {} was deleted or does not exist.",
        "InvalidTransitGatewayAttachmentID.Malformed",
    ),
    "tgw-rtb": Noun(
        TransitRouteTable,
        "transit-gateway-route-table",
        "InvalidRouteTableID.NotFound",
        "Transit Gateway Route Table {} was deleted or does not exist.",
        "InvalidRouteTableId.Malformed",
    ),
    "nip": _noun(InsightsPath, "network-insights-path", "InvalidNetworkInsightsPathId", "network insights path ID"),
    "nia": _noun(
        InsightsAnalysis,
        "network-insights-analysis",
        "InvalidNetworkInsightsAnalysisId",
        "network insights analysis ID",
    ),
}
_ID = re.compile(r"([a-z]+(?:-[a-z]+)?)-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_BY_RECORD = {noun.record: (prefix, noun) for prefix, noun in NOUNS.items()}


def prefix_of(resource_id: str) -> str:
    """`eni` of `eni-0123456789abcdef0`; empty for what is no id."""
    found = _ID.fullmatch(resource_id)
    return found[1] if found else ""


def one(ctx: Context, kind: type[R], resource_id: str) -> R:
    """A resource by its id. Raises its `….NotFound`, or `….Malformed` for what is no id of its kind."""
    return found(ctx, kind, (resource_id,))[0]


def found(ctx: Context, kind: type[R], ids: Sequence[str]) -> list[R]:
    """Resources by their ids, in the order given. Raises as `one` does."""
    prefix, noun = _BY_RECORD[kind]
    for resource_id in ids:
        if prefix_of(resource_id) != prefix:
            raise AwsError(noun.malformed, f'Invalid id: "{resource_id}" (expecting "{prefix}-...")')
    rows = [maybe(ctx, kind, resource_id) for resource_id in ids]
    if missing := [resource_id for resource_id, row in zip(ids, rows, strict=True) if row is None]:
        text = noun.text if len(missing) == 1 else noun.text.replace(" ID ", " IDs ").replace("does not", "do not")
        raise AwsError(noun.missing, text.format(", ".join(missing)))
    return [row for row in rows if row is not None]


def maybe(ctx: Context, kind: type[R], resource_id: str) -> R | None:
    """A resource by its id, None where there is none."""
    if kind.KEY == ("id",):
        return ctx.get(kind, resource_id)
    rows = ctx.find(kind, "by_id", resource_id)
    return rows[0] if rows else None


def dependency_violation(word: str, resource_id: str) -> AwsError:
    """What is said of deleting what others still need."""
    return AwsError("DependencyViolation", f"The {word} '{resource_id}' has dependencies and cannot be deleted.")
