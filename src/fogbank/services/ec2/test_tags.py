from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient
from fogbank.testing.refused import refused

Ec2 = Any


@pytest.fixture
def ec2(cloud: TestCloud) -> Ec2:
    return cloud.client("ec2")


def tags_of(ec2: Ec2, resource_id: str) -> dict[str, str]:
    found = ec2("DescribeTags", Filters=[{"Name": "resource-id", "Values": [resource_id]}])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_everything_that_an_account_begins_with_can_be_tagged(ec2: Ec2) -> None:
    ids = [
        ec2("DescribeVpcs")["Vpcs"][0]["VpcId"],
        ec2("DescribeSubnets")["Subnets"][0]["SubnetId"],
        ec2("DescribeRouteTables")["RouteTables"][0]["RouteTableId"],
        ec2("DescribeInternetGateways")["InternetGateways"][0]["InternetGatewayId"],
        ec2("DescribeDhcpOptions")["DhcpOptions"][0]["DhcpOptionsId"],
        ec2("DescribeNetworkAcls")["NetworkAcls"][0]["NetworkAclId"],
        ec2("DescribeSecurityGroups")["SecurityGroups"][0]["GroupId"],
        ec2("DescribeSecurityGroupRules")["SecurityGroupRules"][0]["SecurityGroupRuleId"],
        ec2("AllocateAddress")["AllocationId"],
    ]
    ec2("CreateTags", Resources=ids, Tags=[{"Key": "team", "Value": "a"}])
    found = ec2("DescribeTags", Filters=[{"Name": "tag:team", "Values": ["a"]}])["Tags"]
    assert sorted(tag["ResourceId"] for tag in found) == sorted(ids)
    assert {tag["ResourceType"] for tag in found} == {
        "vpc",
        "subnet",
        "route-table",
        "internet-gateway",
        "dhcp-options",
        "network-acl",
        "security-group",
        "security-group-rule",
        "elastic-ip",
    }


def test_tags_are_overwritten_and_taken_away(ec2: Ec2) -> None:
    vpc_id = ec2("DescribeVpcs")["Vpcs"][0]["VpcId"]
    ec2("CreateTags", Resources=[vpc_id], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}, {"Key": "c"}])
    ec2("CreateTags", Resources=[vpc_id], Tags=[{"Key": "a", "Value": "3"}])
    assert tags_of(ec2, vpc_id) == {"a": "3", "b": "2", "c": ""}
    ec2("DeleteTags", Resources=[vpc_id], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    assert tags_of(ec2, vpc_id) == {"a": "3", "c": ""}
    assert ec2("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"][0]["Tags"] == [
        {"Key": "a", "Value": "3"},
        {"Key": "c", "Value": ""},
    ]
    ec2("DeleteTags", Resources=[vpc_id])
    assert tags_of(ec2, vpc_id) == {}


def test_fifty_tags_and_no_more(ec2: Ec2) -> None:
    vpc_id = ec2("DescribeVpcs")["Vpcs"][0]["VpcId"]
    ec2("CreateTags", Resources=[vpc_id], Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    with refused("TagLimitExceeded"):
        ec2("CreateTags", Resources=[vpc_id], Tags=[{"Key": "one more", "Value": ""}])
    assert len(tags_of(ec2, vpc_id)) == 50


def test_nothing_is_tagged_if_one_is_not_there(ec2: Ec2) -> None:
    vpc_id = ec2("DescribeVpcs")["Vpcs"][0]["VpcId"]
    with refused("InvalidSubnetID.NotFound"):
        ec2("CreateTags", Resources=[vpc_id, "subnet-01234567"], Tags=[{"Key": "a", "Value": "1"}])
    assert tags_of(ec2, vpc_id) == {}


def test_tags_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2")
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(7)])
    pages = ec2.get_paginator("describe_tags").paginate(
        Filters=[{"Name": "resource-type", "Values": ["vpc"]}], PaginationConfig={"PageSize": 5}
    )
    assert [len(page["Tags"]) for page in pages] == [5, 2]


def test_a_tag_without_a_key_is_refused(ec2: Ec2) -> None:
    vpc_id = ec2("DescribeVpcs")["Vpcs"][0]["VpcId"]
    for operation, more in (
        ("CreateTags", {"Resources": [vpc_id], "Tags": [{"Value": "x"}]}),
        (
            "CreateTransitGateway",
            {"TagSpecifications": [{"ResourceType": "transit-gateway", "Tags": [{"Value": "x"}]}]},
        ),
    ):
        with pytest.raises(AwsError, match="InvalidParameterValue: Tag key cannot be empty"):
            ec2(operation, **more)


@pytest.mark.parametrize("value", ["\x00", "\x01", "\x1b[31m", "\ufffe"])
def test_what_xml_cannot_carry_is_refused_and_not_remembered(boto: MakeClient, value: str) -> None:
    client = boto("ec2")
    vpc_id = client.describe_vpcs()["Vpcs"][0]["VpcId"]
    with pytest.raises(ClientError, match="InvalidCharacter"):
        client.create_tags(Resources=[vpc_id], Tags=[{"Key": "a", "Value": value}])
    kept = "tab\tline\nü ☁ %01"
    client.create_tags(Resources=[vpc_id], Tags=[{"Key": "a", "Value": kept}])
    assert client.describe_vpcs()["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": kept}]
