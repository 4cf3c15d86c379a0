"""VPC endpoints and peering connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
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

_ENDPOINT = (
    "DnsOptions",
    "IpAddressType",
    "PolicyDocument",
    "PrivateDnsEnabled",
    "RouteTableIds",
    "SecurityGroupIds",
    "ServiceName",
    "SubnetIds",
    "VpcEndpointType",
    "VpcId",
)
_PEERING = ("VpcId", "PeerVpcId", "PeerOwnerId", "PeerRegion")


def _update_endpoint(change: Change) -> list[Call]:
    params: dict[str, Any] = {}
    for name in ("DnsOptions", "IpAddressType", "PrivateDnsEnabled", "PolicyDocument"):
        if name in change.after and change.before.get(name) != change.after[name]:
            params[name] = change.after[name]
    if "PolicyDocument" in change.before and "PolicyDocument" not in change.after:
        params["ResetPolicy"] = True
    for name in ("RouteTableIds", "SecurityGroupIds", "SubnetIds"):
        old, new = change.before.get(name, []), change.after.get(name, [])
        more, less = [one for one in new if one not in old], [one for one in old if one not in new]
        params |= ({f"Add{name}": more} if more else {}) | ({f"Remove{name}": less} if less else {})
    return [("ModifyVpcEndpoint", {"VpcEndpointId": change.id, **params})] if params else []


def _is_available(answer: dict[str, Any]) -> bool:
    (found,) = answer["VpcEndpoints"]
    if found["State"].lower() in ("failed", "rejected", "expired"):
        told = found.get("LastError", {})
        raise AwsError(told.get("Code", "GeneralServiceException"), told.get("Message", f"It is {found['State']}."))
    return bool(found["State"].lower() in ("available", "pendingacceptance"))


def _endpoint(identity: str, properties: Properties, answer: dict[str, Any]) -> Mapping[str, Any]:
    (found,) = answer["VpcEndpoints"]
    entries = [f"{one.get('HostedZoneId', '')}:{one['DnsName']}" for one in found.get("DnsEntries", ())]
    return {
        "Id": identity,
        "CreationTimestamp": str(found["CreationTimestamp"]),
        "DnsEntries": entries,
        "NetworkInterfaceIds": found.get("NetworkInterfaceIds", []),
    }


def _is_deleted(answer: Mapping[str, Any]) -> bool:
    return all(one["State"].lower() == "deleted" for one in answer["VpcEndpoints"])


def _peer(ctx: Context, wanted: Wanted) -> str:
    """Ask for a peering, and accept it where the other side is the same account's."""
    asked = {**some(wanted.properties, *_PEERING), **specified("vpc-peering-connection", wanted)}
    made = ctx.call("ec2", "CreateVpcPeeringConnection", **asked)["VpcPeeringConnection"]
    identity = str(made["VpcPeeringConnectionId"])
    if wanted.properties.get("PeerOwnerId", ctx.account) == ctx.account:
        there = ctx.at(wanted.properties.get("PeerRegion"))
        there.call("ec2", "AcceptVpcPeeringConnection", VpcPeeringConnectionId=identity)
    return identity


def _unpeer(ctx: Context, identity: str, properties: Properties) -> None:
    try:
        ctx.call("ec2", "DeleteVpcPeeringConnection", VpcPeeringConnectionId=identity)
    except AwsError as error:
        if error.code not in ("InvalidVpcPeeringConnectionID.NotFound", "InvalidStateTransition"):
            raise


def _retag_peering(ctx: Context, change: Change) -> None:
    before, after = tags(change.tags_before, change.before.get("Tags")), tags(change.tags, change.after.get("Tags"))
    for operation, params in retagged(change.id, after, [key for key in before if key not in after]):
        ctx.call("ec2", operation, **params)


TYPES = (
    of_calls(
        Table(
            "AWS::EC2::VPCEndpoint",
            "ec2",
            create=lambda wanted: (
                "CreateVpcEndpoint",
                {**some(wanted.properties, *_ENDPOINT), **specified("vpc-endpoint", wanted)},
            ),
            identity=lambda answer, wanted: str(answer["VpcEndpoint"]["VpcEndpointId"]),
            update=_update_endpoint,
            retag=retag,
            delete=lambda endpoint, properties: [("DeleteVpcEndpoints", {"VpcEndpointIds": [endpoint]})],
            look=lambda endpoint: ("DescribeVpcEndpoints", {"VpcEndpointIds": [endpoint]}),
            ready=_is_available,
            gone=_is_deleted,
            attributes=_endpoint,
            absent=("InvalidVpcEndpointId.NotFound",),
            required=("VpcId", "ServiceName"),
            known=frozenset((*_ENDPOINT, "Tags")),
            replaces=frozenset(("VpcId", "ServiceName", "VpcEndpointType")),
        )
    ),
    of_functions(
        Functions(
            "AWS::EC2::VPCPeeringConnection",
            create=_peer,
            delete=_unpeer,
            update=_retag_peering,
            attributes=lambda ctx, identity, properties: {"Id": identity},
            required=("VpcId", "PeerVpcId"),
            known=frozenset((*_PEERING, "Tags")),
            replaces=frozenset(_PEERING),
            has_tags=True,
        )
    ),
)
