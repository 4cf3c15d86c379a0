"""VPC endpoints and the services that they lead to (EC2 API Reference, "CreateVpcEndpoint" and the pages around it)."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, endpoints, rules, tagging, zones
from fogbank.services.ec2.listing import Listing, bounded, limit_of, listed, paged
from fogbank.services.ec2.resources import Endpoint, PrefixList, Vpc
from fogbank.services.ec2.vpcs import new_id

_LISTING = Listing(
    Endpoint,
    "VpcEndpoints",
    "VpcEndpointIds",
    "VpcEndpointId",
    {
        "ip-address-type": "IpAddressType",
        "service-name": "ServiceName",
        "service-region": "ServiceRegion",
        "vpc-id": "VpcId",
        "vpc-endpoint-id": "VpcEndpointId",
        "vpc-endpoint-state": "State",
        "vpc-endpoint-type": "VpcEndpointType",
    },
    results_min=1,
)
_SERVICES = {
    "owner": "Owner",
    "service-name": "ServiceName",
    "service-region": "ServiceRegion",
    "service-type": "ServiceType.ServiceType",
    "supported-ip-address-types": "SupportedIpAddressTypes",
}
_NOT_FOR_GATEWAYS = {
    "SubnetIds": "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
    "SecurityGroupIds": "Security group IDs are only supported for Interface type VPC Endpoints.",
    "AddSubnetIds": "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
    "RemoveSubnetIds": "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
    "AddSecurityGroupIds": "Security group IDs are only supported for Interface type VPC Endpoints.",
    "RemoveSecurityGroupIds": "Security group IDs are only supported for Interface type VPC Endpoints.",
    "PrivateDnsEnabled": "Private DNS is only supported for Interface type VPC Endpoints.",
}


def create_vpc_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    type_ = req.get("VpcEndpointType") or "Gateway"
    if type_ != "Gateway":
        text = f"fogbank does not implement VPC endpoints of the type {type_}. See `fogbank coverage`."
        raise AwsError("UnsupportedOperation", text)
    vpc = catalog.one(ctx, Vpc, req["VpcId"])
    if not req.get("ServiceName"):
        raise AwsError("MissingParameter", "The request must contain the parameter serviceName")
    service = endpoints.service(ctx, req["ServiceName"])
    _check_members(req)
    text = "The maximum number of VPC endpoints has been reached."
    rules.check_quota("endpoints", ctx.count(Endpoint), "VpcEndpointLimitExceeded", text)
    tables = endpoints.tables(ctx, vpc.id, req.get("RouteTableIds") or ())
    endpoints.check_unrouted(ctx, tables, service.id)
    endpoint = Endpoint(
        vpc_id=vpc.id,
        id=new_id(ctx, "vpce"),
        service=service.name,
        prefix_list_id=service.id,
        route_table_ids=tuple(table.id for table in tables),
        policy=_policy(ctx, req) or endpoints.FULL_ACCESS,
        created_at=ctx.now,
        tags=tagging.specified(req, "vpc-endpoint"),
    )
    ctx.put(endpoint)
    answer = {"VpcEndpoint": endpoints.described(ctx, endpoint)}
    return {**answer, **({"ClientToken": req["ClientToken"]} if "ClientToken" in req else {})}


def modify_vpc_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    endpoint = catalog.one(ctx, Endpoint, req["VpcEndpointId"])
    _check_members(req)
    if req.get("ResetPolicy") and req.get("PolicyDocument"):
        text = "The parameter resetPolicy cannot be used with the parameter policyDocument"
        raise AwsError("InvalidParameterCombination", text)
    policy = endpoints.FULL_ACCESS if req.get("ResetPolicy") else _policy(ctx, req) or endpoint.policy
    removed = endpoints.tables(ctx, endpoint.vpc_id, req.get("RemoveRouteTableIds") or ())
    added = endpoints.tables(ctx, endpoint.vpc_id, req.get("AddRouteTableIds") or ())
    gone = {table.id for table in removed}
    left = tuple(one for one in endpoint.route_table_ids if one not in gone)
    changed = msgspec.structs.replace(endpoint, policy=policy, route_table_ids=left)
    ctx.put(changed)
    endpoints.check_unrouted(ctx, added, endpoint.prefix_list_id)
    ctx.put(msgspec.structs.replace(changed, route_table_ids=(*left, *(table.id for table in added))))
    return {"Return": True}


def delete_vpc_endpoints(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    unsuccessful = []
    for endpoint_id in req["VpcEndpointIds"]:
        try:
            endpoint = catalog.one(ctx, Endpoint, endpoint_id)
        except AwsError as error:
            problem = {"Code": error.code, "Message": error.message}
            unsuccessful.append({"ResourceId": endpoint_id, "Error": problem})
            continue
        ctx.delete(Endpoint, endpoint.vpc_id, endpoint.id)
    return {"Unsuccessful": unsuccessful}


def describe_vpc_endpoints(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, bounded(req), _LISTING, endpoints.described)


def describe_vpc_endpoint_services(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The services of gateway endpoints; those of the other types come with them."""
    known = endpoints.services(ctx)
    if names := req.get("ServiceNames"):
        known = tuple(endpoints.service(ctx, name) for name in names)
    rows = matching((_service(ctx, one) for one in known), req.get("Filters"), _SERVICES)
    found = paged(req, "ServiceDetails", rows, "ServiceName", limit_of(bounded(req), least=1))
    return {"ServiceNames": [row["ServiceName"] for row in found["ServiceDetails"]], **found}


def _policy(ctx: Context, req: dict[str, Any]) -> str:
    document = req.get("PolicyDocument")
    return endpoints.policy_of(document, ctx.partition) if document else ""


def _check_members(req: dict[str, Any]) -> None:
    for member, text in _NOT_FOR_GATEWAYS.items():
        if req.get(member):
            raise AwsError("InvalidParameter", text)


def _service(ctx: Context, found: PrefixList) -> dict[str, Any]:
    short = found.name.rpartition(".")[2]
    return {
        "ServiceName": found.name,
        "ServiceId": f"vpce-svc-0{crc32(found.name.encode()):016x}",
        "ServiceType": [{"ServiceType": "Gateway"}],
        "ServiceRegion": ctx.region,
        "AvailabilityZones": [name for name, _ in zones.zones(ctx.region)],
        "AvailabilityZoneIds": [zone_id for _, zone_id in zones.zones(ctx.region)],
        "Owner": "amazon",
        "BaseEndpointDnsNames": [f"{short}.{ctx.region}.amazonaws.com"],
        "VpcEndpointPolicySupported": True,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": ["ipv4"],
        "Tags": [],
    }
