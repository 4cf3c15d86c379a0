"""Gateway endpoints: their services, their policies, and the route tables that lead to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.services.ec2 import prefix_lists
from fogbank.services.ec2.catalog import found
from fogbank.services.ec2.resources import Endpoint, PrefixList, RouteTable

FULL_ACCESS = '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
POLICY_LENGTH_MAX = 20_480


def services(ctx: Context) -> tuple[PrefixList, ...]:
    """The services that gateway endpoints lead to, by their prefix lists."""
    return prefix_lists.aws_lists(ctx.region)


def service(ctx: Context, name: str) -> PrefixList:
    """Raises InvalidServiceName."""
    one = next((known for known in services(ctx) if known.name == name), None)
    if one is None:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    return one


def policy_of(document: str, partition: str) -> str:
    """A policy as the endpoint keeps it. Raises InvalidPolicyDocument."""
    if len(document) > POLICY_LENGTH_MAX:
        text = f"The policy document must not be longer than {POLICY_LENGTH_MAX} characters."
        raise AwsError("InvalidPolicyDocument", text)
    try:
        check(document, "resource", partition=partition)
    except MalformedPolicy as error:
        raise AwsError("InvalidPolicyDocument", f"The policy document is invalid: {error}") from None
    return document


def tables(ctx: Context, vpc_id: str, ids: Sequence[str]) -> list[RouteTable]:
    """Route tables of a VPC. Raises InvalidRouteTableID.NotFound, and InvalidParameter for another VPC's."""
    rows = found(ctx, RouteTable, tuple(dict.fromkeys(ids)))
    for table in rows:
        if table.vpc_id != vpc_id:
            text = f"Route table {table.id} and network {vpc_id} belong to different networks"
            raise AwsError("InvalidParameter", text)
    return rows


def check_unrouted(ctx: Context, rows: Sequence[RouteTable], prefix_list_id: str) -> None:
    """Raises RouteAlreadyExists where a table leads a service's addresses somewhere already.

    An endpoint's routes follow from its `route_table_ids`; those that people made are in the table.
    """
    for table in rows:
        others = ctx.scan(Endpoint, table.vpc_id)
        named = any(one.prefix_list_id == prefix_list_id and table.id in one.route_table_ids for one in others)
        if named or any(route.destination == prefix_list_id for route in table.routes):
            text = f"route table {table.id} already has a route with destination-prefix-list-id {prefix_list_id}"
            raise AwsError("RouteAlreadyExists", text)


def described(ctx: Context, endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as DescribeVpcEndpoints shows it."""
    return {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": endpoint.type,
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service,
        "ServiceRegion": ctx.region,
        "State": endpoint.state,
        "PolicyDocument": endpoint.policy,
        "RouteTableIds": list(endpoint.route_table_ids),
        "SubnetIds": [],
        "Groups": [],
        "PrivateDnsEnabled": False,
        "RequesterManaged": False,
        "NetworkInterfaceIds": [],
        "DnsEntries": [],
        "CreationTimestamp": endpoint.created_at,
        "OwnerId": ctx.account,
        "Tags": tags.written(endpoint.tags),
    }
