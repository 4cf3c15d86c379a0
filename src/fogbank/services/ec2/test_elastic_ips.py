from typing import Any

import pytest

from fogbank.control.caller import root
from fogbank.services.ec2.addressing import is_public_of
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

Ec2 = Any


@pytest.fixture
def ec2(cloud: TestCloud) -> Ec2:
    return cloud.client("ec2")


@pytest.fixture
def subnet(ec2: Ec2) -> str:
    """A default subnet, which has an internet gateway."""
    filters = [{"Name": "cidr", "Values": ["172.31.0.0/20"]}]
    return str(ec2("DescribeSubnets", Filters=filters)["Subnets"][0]["SubnetId"])


def interface_of(ec2: Ec2, subnet: str, **more: Any) -> str:
    return str(ec2("CreateNetworkInterface", SubnetId=subnet, **more)["NetworkInterface"]["NetworkInterfaceId"])


def test_five_addresses_of_the_region_and_no_more(ec2: Ec2) -> None:
    found = {ec2("AllocateAddress", Domain="vpc")["PublicIp"] for _ in range(5)}
    assert len(found) == 5 and all(is_public_of("us-east-1", address) for address in found)
    with refused("AddressLimitExceeded"):
        ec2("AllocateAddress")


def test_an_address_is_one_accounts_at_a_time_and_can_be_had_back(cloud: TestCloud) -> None:
    first, second = (cloud.client("ec2", caller=root(account)) for account in ("111111111111", "222222222222"))
    eip = first("AllocateAddress")
    with refused("InvalidAddress.NotFound"):
        second("AllocateAddress", Address=eip["PublicIp"])
    first("ReleaseAddress", AllocationId=eip["AllocationId"])
    assert first("AllocateAddress", Address=eip["PublicIp"])["PublicIp"] == eip["PublicIp"]


def test_an_address_is_associated_moved_and_taken_away(ec2: Ec2, subnet: str) -> None:
    one, other = interface_of(ec2, subnet), interface_of(ec2, subnet)
    eip = ec2("AllocateAddress")["AllocationId"]
    made = ec2("AssociateAddress", AllocationId=eip, NetworkInterfaceId=one)["AssociationId"]
    assert ec2("AssociateAddress", AllocationId=eip, NetworkInterfaceId=one)["AssociationId"] == made
    found = ec2("DescribeAddresses", Filters=[{"Name": "network-interface-id", "Values": [one]}])["Addresses"][0]
    assert (found["AssociationId"], found["PrivateIpAddress"]) == (made, "172.31.0.4")
    with refused("Resource.AlreadyAssociated"):
        ec2("AssociateAddress", AllocationId=eip, NetworkInterfaceId=other)
    moved = ec2("AssociateAddress", AllocationId=eip, NetworkInterfaceId=other, AllowReassociation=True)
    with refused("InvalidAssociationID.NotFound"):
        ec2("DisassociateAddress", AssociationId=made)
    with refused("InvalidIPAddress.InUse"):
        ec2("ReleaseAddress", AllocationId=eip)
    ec2("DisassociateAddress", AssociationId=moved["AssociationId"])
    ec2("ReleaseAddress", AllocationId=eip)
    with refused("InvalidAllocationID.NotFound"):
        ec2("DescribeAddresses", AllocationIds=[eip])


def test_each_private_address_can_have_one(ec2: Ec2, subnet: str) -> None:
    interface = interface_of(ec2, subnet, SecondaryPrivateIpAddressCount=1)
    first, second, third = (ec2("AllocateAddress") for _ in range(3))
    of = {"NetworkInterfaceId": interface}
    ec2("AssociateAddress", AllocationId=first["AllocationId"], **of)
    ec2("AssociateAddress", AllocationId=second["AllocationId"], PrivateIpAddress="172.31.0.5", **of)
    shown = ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
    assert [one["Association"]["PublicIp"] for one in shown["PrivateIpAddresses"]] == [
        first["PublicIp"],
        second["PublicIp"],
    ]
    with refused("Resource.AlreadyAssociated"):
        ec2("AssociateAddress", AllocationId=third["AllocationId"], **of)
    ec2("AssociateAddress", AllocationId=third["AllocationId"], AllowReassociation=True, **of)
    assert "AssociationId" not in ec2("DescribeAddresses", AllocationIds=[first["AllocationId"]])["Addresses"][0]
    with refused("InvalidParameterValue"):
        ec2("AssociateAddress", AllocationId=first["AllocationId"], PrivateIpAddress="172.31.0.9", **of)
    ec2("UnassignPrivateIpAddresses", PrivateIpAddresses=["172.31.0.5"], **of)
    ec2("ReleaseAddress", AllocationId=second["AllocationId"])


def test_a_vpc_without_an_internet_gateway_has_no_use_for_it(ec2: Ec2) -> None:
    vpc_id = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    interface = interface_of(ec2, subnet)
    eip = ec2("AllocateAddress")["AllocationId"]
    with refused("Gateway.NotAttached"):
        ec2("AssociateAddress", AllocationId=eip, NetworkInterfaceId=interface)


def test_a_reverse_name_keeps_an_address(ec2: Ec2) -> None:
    eip = ec2("AllocateAddress")["AllocationId"]
    assert ec2("ModifyAddressAttribute", AllocationId=eip, DomainName="mail.example.com")["Address"]["PtrRecord"] == (
        "mail.example.com."
    )
    found = ec2("DescribeAddressesAttribute", AllocationIds=[eip], Attribute="domain-name")["Addresses"]
    assert [one["PtrRecord"] for one in found] == ["mail.example.com."]
    with refused("InvalidAddress.Locked"):
        ec2("ReleaseAddress", AllocationId=eip)
    ec2("ResetAddressAttribute", AllocationId=eip, Attribute="domain-name")
    ec2("ReleaseAddress", AllocationId=eip)


def test_addresses_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2")
    tagged = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": "a"}]}]
    made = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged)
    found = ec2.describe_addresses(PublicIps=[made["PublicIp"]])["Addresses"]
    assert [(one["AllocationId"], one["Tags"]) for one in found] == [
        (made["AllocationId"], [{"Key": "Name", "Value": "a"}])
    ]
    assert ec2.describe_addresses(Filters=[{"Name": "tag:Name", "Values": ["b"]}])["Addresses"] == []
    ec2.release_address(AllocationId=made["AllocationId"])
    with pytest.raises(ec2.exceptions.ClientError) as caught:
        ec2.release_address(AllocationId=made["AllocationId"])
    assert caught.value.response["Error"]["Code"] == "InvalidAllocationID.NotFound"
