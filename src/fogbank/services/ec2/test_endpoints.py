from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Call = Callable[..., dict[str, Any]]
S3 = "com.amazonaws.us-east-1.s3"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::mine/*"}
        ],
    }
)


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


@pytest.fixture
def vpc(ec2: Call) -> str:
    return str(ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def table_of(ec2: Call, vpc: str) -> str:
    return str(ec2("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"])


def made(ec2: Call, vpc: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = ec2("CreateVpcEndpoint", VpcId=vpc, ServiceName=S3, **more)["VpcEndpoint"]
    return found


def shown(ec2: Call, endpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2("DescribeVpcEndpoints", VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
    return found


def routes(ec2: Call, table: str) -> dict[str, str]:
    found = ec2("DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return {one["DestinationPrefixListId"]: one["GatewayId"] for one in found if "DestinationPrefixListId" in one}


def test_an_endpoint_is_a_route_of_its_tables(ec2: Call, vpc: str) -> None:
    one, other = table_of(ec2, vpc), table_of(ec2, vpc)
    endpoint = made(ec2, vpc, RouteTableIds=[one])
    found = {"State": endpoint["State"], "Type": endpoint["VpcEndpointType"], "Tables": endpoint["RouteTableIds"]}
    assert found == {"State": "available", "Type": "Gateway", "Tables": [one]}
    assert json.loads(endpoint["PolicyDocument"])["Statement"][0]["Action"] == "*"
    assert routes(ec2, one) == {"pl-63a5400a": endpoint["VpcEndpointId"]}
    assert routes(ec2, other) == {}
    change = {"VpcEndpointId": endpoint["VpcEndpointId"], "AddRouteTableIds": [other], "RemoveRouteTableIds": [one]}
    ec2("ModifyVpcEndpoint", **change)
    assert (routes(ec2, one), len(routes(ec2, other))) == ({}, 1)
    assert ec2("DeleteVpcEndpoints", VpcEndpointIds=[endpoint["VpcEndpointId"]])["Unsuccessful"] == []
    assert routes(ec2, other) == {}


def test_a_table_leads_to_a_service_once(ec2: Call, vpc: str) -> None:
    table = table_of(ec2, vpc)
    endpoint = made(ec2, vpc, RouteTableIds=[table])
    with pytest.raises(AwsError) as caught:
        made(ec2, vpc, RouteTableIds=[table])
    text = f"route table {table} already has a route with destination-prefix-list-id pl-63a5400a"
    assert str(caught.value) == f"RouteAlreadyExists: {text}"
    with pytest.raises(AwsError, match="RouteAlreadyExists"):
        ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint["VpcEndpointId"], AddRouteTableIds=[table])
    ec2("CreateVpcEndpoint", VpcId=vpc, ServiceName="com.amazonaws.us-east-1.dynamodb", RouteTableIds=[table])
    assert len(routes(ec2, table)) == 2


def test_policies(ec2: Call, vpc: str) -> None:
    endpoint = made(ec2, vpc, PolicyDocument=POLICY)["VpcEndpointId"]
    assert shown(ec2, endpoint)["PolicyDocument"] == POLICY
    ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint, ResetPolicy=True)
    assert json.loads(shown(ec2, endpoint)["PolicyDocument"])["Statement"][0]["Resource"] == "*"
    ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint, PolicyDocument=POLICY)
    assert shown(ec2, endpoint)["PolicyDocument"] == POLICY
    for wrong in ("no policy", '{"Statement": []', '{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}'):
        with pytest.raises(AwsError, match="InvalidPolicyDocument"):
            ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint, PolicyDocument=wrong)


@pytest.mark.parametrize("type_", ["Interface", "GatewayLoadBalancer"])
def test_other_types_say_that_they_are_not_done(ec2: Call, vpc: str, type_: str) -> None:
    with pytest.raises(AwsError, match=f"UnsupportedOperation.*{type_}"):
        ec2("CreateVpcEndpoint", VpcId=vpc, ServiceName=S3, VpcEndpointType=type_)


def test_twenty_endpoints_and_not_one_more(ec2: Call, vpc: str) -> None:
    for _ in range(20):
        made(ec2, vpc)
    with pytest.raises(AwsError, match="VpcEndpointLimitExceeded"):
        made(ec2, vpc)


def test_what_could_not_be_deleted_is_told(ec2: Call, vpc: str) -> None:
    endpoint = made(ec2, vpc)["VpcEndpointId"]
    gone = "vpce-0123456789abcdef0"
    found = ec2("DeleteVpcEndpoints", VpcEndpointIds=[gone, endpoint])["Unsuccessful"]
    text = f"The Vpc Endpoint Id '{gone}' does not exist"
    assert found == [{"ResourceId": gone, "Error": {"Code": "InvalidVpcEndpointId.NotFound", "Message": text}}]
    assert ec2("DescribeVpcEndpoints")["VpcEndpoints"] == []


def test_services(ec2: Call) -> None:
    found = ec2("DescribeVpcEndpointServices")
    assert found["ServiceNames"] == [S3, "com.amazonaws.us-east-1.dynamodb"]
    assert found["ServiceDetails"][0]["ServiceType"] == [{"ServiceType": "Gateway"}]
    assert len(found["ServiceDetails"][0]["AvailabilityZones"]) == 6
    filters = [{"Name": "service-name", "Values": ["*dynamodb"]}]
    assert len(ec2("DescribeVpcEndpointServices", Filters=filters)["ServiceDetails"]) == 1


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}]
    made_ = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=S3, TagSpecifications=tags)["VpcEndpoint"]
    assert (made_["VpcEndpointId"][:5], made_["Tags"]) == ("vpce-", [{"Key": "a", "Value": "b"}])
    filters = [{"Name": "vpc-endpoint-state", "Values": ["available"]}, {"Name": "service-name", "Values": [S3]}]
    pages = ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
    assert len(pages.build_full_result()["VpcEndpoints"]) == 1
