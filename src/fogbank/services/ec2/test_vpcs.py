from typing import Any

import pytest

from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


def vpc_of(ec2: Any, cidr: str = "10.0.0.0/16", **more: Any) -> str:
    return str(ec2("CreateVpc", CidrBlock=cidr, **more)["Vpc"]["VpcId"])


def shown(ec2: Any, vpc_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"][0]
    return found


def test_a_vpc_comes_with_its_table_its_acl_and_its_group(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    tables = ec2("DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
    assert [table["Associations"][0]["Main"] for table in tables] == [True]
    ec2("DeleteVpc", VpcId=vpc_id)
    assert not ec2("DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
    with refused("InvalidVpcID.NotFound"):
        ec2("DescribeVpcs", VpcIds=[vpc_id])


def test_five_vpcs_and_no_more(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    for number in range(4):
        vpc_of(ec2, f"10.{number}.0.0/16")
    with refused("VpcLimitExceeded"):
        vpc_of(ec2)


def test_an_ipv6_block_is_unique_in_a_region_over_all_accounts(cloud: TestCloud) -> None:
    from fogbank.control.caller import root

    blocks = set()
    for account in ("111111111111", "222222222222"):
        ec2 = cloud.client("ec2", caller=root(account))
        found = shown(ec2, vpc_of(ec2, AmazonProvidedIpv6CidrBlock=True))
        blocks.add(found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
    assert len(blocks) == 2
    elsewhere = cloud.client("ec2", region="eu-west-1")
    found = shown(elsewhere, vpc_of(elsewhere, AmazonProvidedIpv6CidrBlock=True))
    assert found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] not in blocks


def test_a_vpc_with_ipv6_lets_it_through_by_default(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2, AmazonProvidedIpv6CidrBlock=True)
    of_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    entries = ec2("DescribeNetworkAcls", Filters=of_vpc)["NetworkAcls"][0]["Entries"]
    assert {entry.get("Ipv6CidrBlock") for entry in entries if entry["RuleNumber"] == 101} == {"::/0"}
    group = ec2("DescribeSecurityGroups", Filters=of_vpc)["SecurityGroups"][0]
    assert group["IpPermissionsEgress"][0]["Ipv6Ranges"][0]["CidrIpv6"] == "::/0"


def test_five_blocks_and_no_more(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    for number in range(1, 5):
        made = ec2("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=f"10.{number}.0.0/16")["CidrBlockAssociation"]
        assert made["CidrBlockState"] == {"State": "associating"}
    assert len(shown(ec2, vpc_id)["CidrBlockAssociationSet"]) == 5
    with refused("CidrLimitExceeded"):
        ec2("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.9.0.0/16")
    ec2("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    with refused("CidrLimitExceeded"):
        ec2("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)


def test_a_block_goes_once_no_subnet_is_in_it(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    primary = shown(ec2, vpc_id)["CidrBlockAssociationSet"][0]["AssociationId"]
    with refused("OperationNotPermitted"):
        ec2("DisassociateVpcCidrBlock", AssociationId=primary)
    made = ec2("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    subnet = ec2("CreateSubnet", VpcId=vpc_id, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    with refused("DependencyViolation"):
        ec2("DisassociateVpcCidrBlock", AssociationId=made["AssociationId"])
    ec2("DeleteSubnet", SubnetId=subnet)
    ec2("DisassociateVpcCidrBlock", AssociationId=made["AssociationId"])
    with refused("InvalidVpcCidrBlockAssociationID.NotFound"):
        ec2("DisassociateVpcCidrBlock", AssociationId=made["AssociationId"])


def test_a_block_must_not_swallow_a_route(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    table = ec2("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    gateway = ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.2.0.0/24", GatewayId=gateway)
    for cidr in ("10.2.0.0/16", "10.2.0.0/24"):
        with refused("InvalidVpc.Range"):
            ec2("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=cidr)
    ec2("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.2.0.0/25")


@pytest.mark.parametrize(
    "make",
    [
        ("CreateSubnet", {"CidrBlock": "10.0.1.0/24"}),
        ("CreateRouteTable", {}),
        ("CreateEgressOnlyInternetGateway", {}),
        ("CreateSecurityGroup", {"GroupName": "a", "Description": "a"}),
        ("CreateNetworkAcl", {}),
    ],
    ids=lambda made: made[0],
)
def test_a_vpc_with_something_in_it_stays(cloud: TestCloud, make: tuple[str, dict[str, Any]]) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    ec2(make[0], VpcId=vpc_id, **make[1])
    with refused("DependencyViolation"):
        ec2("DeleteVpc", VpcId=vpc_id)


def test_a_vpc_with_an_internet_gateway_stays(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    gateway = ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    with refused("DependencyViolation"):
        ec2("DeleteVpc", VpcId=vpc_id)
    ec2("DetachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    ec2("DeleteVpc", VpcId=vpc_id)


def test_attributes_are_set_one_at_a_time(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    for attribute, member, before in (
        ("enableDnsHostnames", "EnableDnsHostnames", False),
        ("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", False),
    ):
        assert ec2("DescribeVpcAttribute", VpcId=vpc_id, Attribute=attribute)[member] == {"Value": before}
        ec2("ModifyVpcAttribute", VpcId=vpc_id, **{member: {"Value": not before}})
        assert ec2("DescribeVpcAttribute", VpcId=vpc_id, Attribute=attribute)[member] == {"Value": not before}
    with refused("InvalidParameterCombination"):
        both = {"Value": True}
        ec2("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport=both, EnableDnsHostnames=both)


def test_the_default_vpc_can_be_had_back(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    with refused("DefaultVpcAlreadyExists"):
        ec2("CreateDefaultVpc")
    default = ec2("DescribeVpcs")["Vpcs"][0]["VpcId"]
    for subnet in ec2("DescribeSubnets")["Subnets"]:
        ec2("DeleteSubnet", SubnetId=subnet["SubnetId"])
    gateway = ec2("DescribeInternetGateways")["InternetGateways"][0]["InternetGatewayId"]
    ec2("DetachInternetGateway", VpcId=default, InternetGatewayId=gateway)
    ec2("DeleteInternetGateway", InternetGatewayId=gateway)
    ec2("DeleteVpc", VpcId=default)
    with refused("DefaultVpcDoesNotExist"):
        ec2("CreateDefaultSubnet", AvailabilityZone="us-east-1a")
    assert ec2("CreateDefaultVpc")["Vpc"]["IsDefault"]
    assert len(ec2("DescribeSubnets")["Subnets"]) == 6


def test_a_default_subnet_can_be_had_back(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    in_b = [{"Name": "availability-zone", "Values": ["us-east-1b"]}]
    before = ec2("DescribeSubnets", Filters=in_b)["Subnets"][0]
    with refused("DefaultSubnetAlreadyExistsInAvailabilityZone"):
        ec2("CreateDefaultSubnet", AvailabilityZone="us-east-1b")
    ec2("DeleteSubnet", SubnetId=before["SubnetId"])
    ec2("CreateSubnet", VpcId=before["VpcId"], CidrBlock="172.31.16.0/24")
    made = ec2("CreateDefaultSubnet", AvailabilityZone="us-east-1b")["Subnet"]
    assert (made["CidrBlock"], made["DefaultForAz"], made["MapPublicIpOnLaunch"]) == ("172.31.96.0/20", True, True)


def test_tenancy_goes_back_to_default_only(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2, InstanceTenancy="dedicated")
    assert shown(ec2, vpc_id)["InstanceTenancy"] == "dedicated"
    assert ec2("ModifyVpcTenancy", VpcId=vpc_id, InstanceTenancy="default")["ReturnValue"]
    assert shown(ec2, vpc_id)["InstanceTenancy"] == "default"


def test_vpcs_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2")
    made = ec2.create_vpc(
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "a"}]}],
    )["Vpc"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[made["VpcId"]])
    ec2.get_waiter("vpc_exists").wait(VpcIds=[made["VpcId"]])
    pages = ec2.get_paginator("describe_vpcs").paginate(Filters=[{"Name": "tag:Name", "Values": ["a"]}])
    assert [vpc["VpcId"] for page in pages for vpc in page["Vpcs"]] == [made["VpcId"]]
    with pytest.raises(ec2.exceptions.ClientError) as caught:
        ec2.delete_vpc(VpcId="vpc-00000000000000000")
    assert caught.value.response["Error"] == {
        "Code": "InvalidVpcID.NotFound",
        "Message": "The vpc ID 'vpc-00000000000000000' does not exist",
    }
