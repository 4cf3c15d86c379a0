from typing import Any

import msgspec
import pytest

from fogbank.services.ec2 import nat_gateways
from fogbank.services.ec2.resources import NatGateway
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

Ec2 = Any


@pytest.fixture
def ec2(cloud: TestCloud) -> Ec2:
    return cloud.client("ec2")


@pytest.fixture
def subnet(ec2: Ec2) -> str:
    """A subnet of a VPC with an internet gateway."""
    vpc_id = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    return str(ec2("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"])


def shown(ec2: Ec2, nat_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2("DescribeNatGateways", NatGatewayIds=[nat_id])["NatGateways"][0]
    return found


def test_states_follow_the_world() -> None:
    nat = NatGateway(vpc_id="vpc-1", id="nat-1", subnet_id="subnet-1", interface_id="eni-1", created_at=100.0)
    available = nat_gateways.settled(nat, 101.0)
    assert available is not None and available.state == "available"
    assert nat_gateways.settled(available, 1e9) == available
    deleted = nat_gateways.settled(msgspec.structs.replace(nat, state="deleting"), 200.0)
    assert deleted is not None and (deleted.state, deleted.deleted_at) == ("deleted", 200.0)
    assert nat_gateways.settled(deleted, 200.0 + 3599) == deleted
    assert nat_gateways.settled(deleted, 200.0 + 3600) is None
    failed = msgspec.structs.replace(nat, state="failed")
    assert nat_gateways.settled(failed, 100.0 + 3599) == failed
    assert nat_gateways.settled(failed, 100.0 + 3600) is None


def test_a_public_gateway_from_its_birth_to_its_oblivion(cloud: TestCloud, ec2: Ec2, subnet: str) -> None:
    allocation = ec2("AllocateAddress")
    made = ec2("CreateNatGateway", SubnetId=subnet, AllocationId=allocation["AllocationId"])["NatGateway"]
    assert (made["State"], made["ConnectivityType"]) == ("pending", "public")
    address = made["NatGatewayAddresses"][0]
    assert (address["PrivateIp"], address["PublicIp"], address["IsPrimary"]) == (
        "10.0.1.4",
        allocation["PublicIp"],
        True,
    )
    interface = ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[address["NetworkInterfaceId"]])
    found = interface["NetworkInterfaces"][0]
    assert (found["InterfaceType"], found["RequesterManaged"], found["SourceDestCheck"], found["Status"]) == (
        "nat_gateway",
        True,
        False,
        "in-use",
    )
    assert (found["Groups"], found["Association"]["PublicIp"]) == ([], allocation["PublicIp"])
    cloud.advance(1)
    assert shown(ec2, made["NatGatewayId"])["State"] == "available"
    with refused("InvalidIPAddress.InUse"):
        ec2("ReleaseAddress", AllocationId=allocation["AllocationId"])
    assert ec2("DeleteNatGateway", NatGatewayId=made["NatGatewayId"]) == {"NatGatewayId": made["NatGatewayId"]}
    cloud.advance(1)
    found = shown(ec2, made["NatGatewayId"])
    assert found["State"] == "deleted" and found["DeleteTime"] > found["CreateTime"]
    with refused("InvalidNetworkInterfaceID.NotFound"):
        ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[address["NetworkInterfaceId"]])
    ec2("ReleaseAddress", AllocationId=allocation["AllocationId"])
    with refused("NatGatewayNotFound"):
        ec2("DeleteNatGateway", NatGatewayId=made["NatGatewayId"])
    cloud.advance(3590)
    assert shown(ec2, made["NatGatewayId"])["State"] == "deleted"
    cloud.advance(20)
    with refused("NatGatewayNotFound"):
        shown(ec2, made["NatGatewayId"])


def test_without_an_internet_gateway_a_public_one_fails(ec2: Ec2) -> None:
    vpc_id = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    allocation = ec2("AllocateAddress")["AllocationId"]
    made = ec2("CreateNatGateway", SubnetId=subnet, AllocationId=allocation)["NatGateway"]
    assert made["State"] == "pending" and "FailureCode" not in made
    found = shown(ec2, made["NatGatewayId"])
    assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert found["FailureMessage"] == f"Network {vpc_id} has no Internet gateway attached"
    ec2("DeleteSubnet", SubnetId=subnet)
    ec2("DeleteVpc", VpcId=vpc_id)


def test_an_address_in_use_makes_it_fail(ec2: Ec2, subnet: str) -> None:
    allocation = ec2("AllocateAddress")["AllocationId"]
    ec2("CreateNatGateway", SubnetId=subnet, AllocationId=allocation)
    made = ec2("CreateNatGateway", SubnetId=subnet, AllocationId=allocation)["NatGateway"]
    assert shown(ec2, made["NatGatewayId"])["FailureCode"] == "Resource.AlreadyAssociated"


def test_a_private_gateway_has_no_public_address(ec2: Ec2, subnet: str) -> None:
    made = ec2("CreateNatGateway", SubnetId=subnet, ConnectivityType="private", SecondaryPrivateIpAddressCount=2)[
        "NatGateway"
    ]
    assert [one["PrivateIp"] for one in made["NatGatewayAddresses"]] == ["10.0.1.4", "10.0.1.5", "10.0.1.6"]
    assert not any("PublicIp" in one for one in made["NatGatewayAddresses"])
    nat_id = made["NatGatewayId"]
    added = ec2("AssignPrivateNatGatewayAddress", NatGatewayId=nat_id, PrivateIpAddresses=["10.0.1.40"])
    assert [one["PrivateIp"] for one in added["NatGatewayAddresses"]] == ["10.0.1.40"]
    with refused("PrivateIpAddressLimitExceeded"):
        ec2("AssignPrivateNatGatewayAddress", NatGatewayId=nat_id, PrivateIpAddressCount=5)
    ec2("AssignPrivateNatGatewayAddress", NatGatewayId=nat_id, PrivateIpAddressCount=4)
    ec2("UnassignPrivateNatGatewayAddress", NatGatewayId=nat_id, PrivateIpAddresses=["10.0.1.40"])
    assert len(shown(ec2, nat_id)["NatGatewayAddresses"]) == 7
    with refused("InvalidParameterValue"):
        ec2("UnassignPrivateNatGatewayAddress", NatGatewayId=nat_id, PrivateIpAddresses=["10.0.1.4"])


def test_further_public_addresses_come_and_go(ec2: Ec2, subnet: str) -> None:
    first, second = (ec2("AllocateAddress")["AllocationId"] for _ in range(2))
    nat_id = ec2("CreateNatGateway", SubnetId=subnet, AllocationId=first)["NatGateway"]["NatGatewayId"]
    with refused("Resource.AlreadyAssociated"):
        ec2("AssociateNatGatewayAddress", NatGatewayId=nat_id, AllocationIds=[first])
    ec2("AssociateNatGatewayAddress", NatGatewayId=nat_id, AllocationIds=[second])
    addresses = shown(ec2, nat_id)["NatGatewayAddresses"]
    assert [one["AllocationId"] for one in addresses] == [first, second]
    with refused("InvalidParameterValue"):
        ec2("DisassociateNatGatewayAddress", NatGatewayId=nat_id, AssociationIds=[addresses[0]["AssociationId"]])
    gone = ec2("DisassociateNatGatewayAddress", NatGatewayId=nat_id, AssociationIds=[addresses[1]["AssociationId"]])
    assert gone["NatGatewayAddresses"][0]["Status"] == "disassociating"
    ec2("ReleaseAddress", AllocationId=second)


def test_five_gateways_in_a_zone_and_no_more(ec2: Ec2, subnet: str) -> None:
    for _ in range(5):
        ec2("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")
    with refused("NatGatewayLimitExceeded"):
        ec2("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")
    vpc_id = ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    other = ec2("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    ec2("CreateNatGateway", SubnetId=other["SubnetId"], ConnectivityType="private")


def test_people_keep_their_hands_off_its_interface(ec2: Ec2, subnet: str) -> None:
    allocation = ec2("AllocateAddress")["AllocationId"]
    made = ec2("CreateNatGateway", SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayAddresses"][0]
    interface = made["NetworkInterfaceId"]
    found = ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
    with refused("InvalidParameterValue", "is currently in use"):
        ec2("DeleteNetworkInterface", NetworkInterfaceId=interface)
    with refused("OperationNotPermitted", "ela-attach"):
        ec2("DetachNetworkInterface", AttachmentId=found["Attachment"]["AttachmentId"])
    with refused("AuthFailure"):
        ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, SourceDestCheck={"Value": True})
    with refused("AuthFailure"):
        ec2("DisassociateAddress", AssociationId=made["AssociationId"])
    with refused("DependencyViolation"):
        ec2("DeleteSubnet", SubnetId=subnet)


def test_a_route_to_a_gateway_that_is_going_is_a_blackhole(ec2: Ec2, subnet: str) -> None:
    vpc_id = ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    nat_id = ec2("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    table = ec2("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat_id}
    ec2("CreateRoute", **out)
    ec2("DeleteNatGateway", NatGatewayId=nat_id)
    found = ec2("DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Routes"][-1]
    assert (found["NatGatewayId"], found["State"]) == (nat_id, "blackhole")
    with refused("InvalidNatGatewayID.NotFound"):
        ec2("CreateRoute", **{**out, "DestinationCidrBlock": "192.168.0.0/16"})


def test_nat_gateways_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat_id = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    often = {"Delay": 1, "MaxAttempts": 20}
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat_id], WaiterConfig=often)
    ec2.delete_nat_gateway(NatGatewayId=nat_id)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat_id], WaiterConfig=often)
    pages = ec2.get_paginator("describe_nat_gateways").paginate(Filter=[{"Name": "state", "Values": ["deleted"]}])
    assert [nat["NatGatewayId"] for page in pages for nat in page["NatGateways"]] == [nat_id]
    ec2.release_address(AllocationId=allocation)
