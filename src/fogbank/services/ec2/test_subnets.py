from typing import Any

from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


def vpc_of(ec2: Any, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = ec2("CreateVpc", CidrBlock="10.0.0.0/16", **more)["Vpc"]
    return found


def subnet_of(ec2: Any, vpc_id: str, cidr: str = "10.0.1.0/24", **more: Any) -> str:
    return str(ec2("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr, **more)["Subnet"]["SubnetId"])


def shown(ec2: Any, subnet_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"][0]
    return found


def test_a_zone_is_named_either_way(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)["VpcId"]
    first = shown(ec2, subnet_of(ec2, vpc_id, AvailabilityZoneId="use1-az3"))
    assert (first["AvailabilityZone"], first["AvailabilityZoneId"]) == ("us-east-1c", "use1-az3")
    other = shown(ec2, subnet_of(ec2, vpc_id, "10.0.2.0/24", AvailabilityZone="us-east-1d"))
    assert (other["AvailabilityZone"], other["AvailabilityZoneId"]) == ("us-east-1d", "use1-az4")


def test_free_addresses_are_counted(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    subnet_id = subnet_of(ec2, vpc_of(ec2)["VpcId"], "10.0.0.0/24")
    assert shown(ec2, subnet_id)["AvailableIpAddressCount"] == 251
    made = ec2("CreateNetworkInterface", SubnetId=subnet_id, SecondaryPrivateIpAddressCount=2)["NetworkInterface"]
    assert shown(ec2, subnet_id)["AvailableIpAddressCount"] == 248
    ec2("AssignPrivateIpAddresses", NetworkInterfaceId=made["NetworkInterfaceId"], Ipv4PrefixCount=1)
    assert shown(ec2, subnet_id)["AvailableIpAddressCount"] == 232
    ec2("DeleteNetworkInterface", NetworkInterfaceId=made["NetworkInterfaceId"])
    assert shown(ec2, subnet_id)["AvailableIpAddressCount"] == 251


def test_a_subnet_with_interfaces_stays(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    subnet_id = subnet_of(ec2, vpc_of(ec2)["VpcId"])
    made = ec2("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
    with refused("DependencyViolation"):
        ec2("DeleteSubnet", SubnetId=subnet_id)
    ec2("DeleteNetworkInterface", NetworkInterfaceId=made["NetworkInterfaceId"])
    ec2("DeleteSubnet", SubnetId=subnet_id)
    with refused("InvalidSubnetID.NotFound"):
        shown(ec2, subnet_id)


def test_two_hundred_subnets_and_no_more(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)["VpcId"]
    for number in range(200):
        subnet_of(ec2, vpc_id, f"10.0.{number}.0/28")
    with refused("SubnetLimitExceeded"):
        subnet_of(ec2, vpc_id, "10.0.200.0/28")


def test_a_subnet_of_both_families(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc = vpc_of(ec2, AmazonProvidedIpv6CidrBlock=True)
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet_id = subnet_of(ec2, vpc["VpcId"])
    with refused("InvalidParameterValue"):
        ec2("ModifySubnetAttribute", SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
    made = ec2("AssociateSubnetCidrBlock", SubnetId=subnet_id, Ipv6CidrBlock=block)["Ipv6CidrBlockAssociation"]
    with refused("InvalidSubnet.Conflict"):
        subnet_of(ec2, vpc["VpcId"], "10.0.2.0/24", Ipv6CidrBlock=block)
    ec2("ModifySubnetAttribute", SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
    interface = ec2("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
    assert len(interface["Ipv6Addresses"]) == 1
    with refused("DependencyViolation"):
        ec2("DisassociateSubnetCidrBlock", AssociationId=made["AssociationId"])
    ec2("DeleteNetworkInterface", NetworkInterfaceId=interface["NetworkInterfaceId"])
    ec2("DisassociateSubnetCidrBlock", AssociationId=made["AssociationId"])
    found = shown(ec2, subnet_id)
    assert (found["Ipv6CidrBlockAssociationSet"], found["AssignIpv6AddressOnCreation"]) == ([], False)


def test_an_ipv6_only_subnet(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc = vpc_of(ec2, AmazonProvidedIpv6CidrBlock=True)
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = ec2("CreateSubnet", VpcId=vpc["VpcId"], Ipv6Native=True, Ipv6CidrBlock=block)["Subnet"]
    assert subnet["Ipv6Native"] and "CidrBlock" not in subnet and subnet["AvailableIpAddressCount"] == 0
    interface = ec2("CreateNetworkInterface", SubnetId=subnet["SubnetId"])["NetworkInterface"]
    assert "PrivateIpAddress" not in interface and len(interface["Ipv6Addresses"]) == 1
    with refused("InvalidParameterValue"):
        ec2("CreateNetworkInterface", SubnetId=subnet["SubnetId"], PrivateIpAddress="10.0.0.4")


def test_attributes_of_a_subnet(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    subnet_id = subnet_of(ec2, vpc_of(ec2)["VpcId"])
    ec2("ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    ec2("ModifySubnetAttribute", SubnetId=subnet_id, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2("ModifySubnetAttribute", SubnetId=subnet_id, EnableResourceNameDnsARecordOnLaunch={"Value": True})
    found = shown(ec2, subnet_id)
    assert found["MapPublicIpOnLaunch"]
    assert found["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }
    interface = ec2("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
    assert "Association" not in interface


def test_what_is_reserved_is_not_given_away(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    subnet_id = subnet_of(ec2, vpc_of(ec2)["VpcId"], "10.0.0.0/24")
    explicit = ec2("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr="10.0.0.0/28", ReservationType="explicit")[
        "SubnetCidrReservation"
    ]
    ec2("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr="10.0.0.64/27", ReservationType="prefix")
    with refused("InvalidParameterValue"):
        ec2("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr="10.0.0.64/28", ReservationType="prefix")
    first = ec2("CreateNetworkInterface", SubnetId=subnet_id, Ipv4PrefixCount=1)["NetworkInterface"]
    assert first["PrivateIpAddress"] == "10.0.0.16"
    assert first["Ipv4Prefixes"] == [{"Ipv4Prefix": "10.0.0.64/28"}]
    named = ec2("CreateNetworkInterface", SubnetId=subnet_id, PrivateIpAddress="10.0.0.9")["NetworkInterface"]
    assert named["PrivateIpAddress"] == "10.0.0.9"
    found = ec2("GetSubnetCidrReservations", SubnetId=subnet_id)
    assert [one["Cidr"] for one in found["SubnetIpv4CidrReservations"]] == ["10.0.0.0/28", "10.0.0.64/27"]
    ec2("DeleteSubnetCidrReservation", SubnetCidrReservationId=explicit["SubnetCidrReservationId"])
    assert ec2("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["PrivateIpAddress"] == "10.0.0.4"


def test_subnets_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2", region="eu-west-1")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in range(7)
    ]
    ec2.get_waiter("subnet_available").wait(SubnetIds=made)
    pages = ec2.get_paginator("describe_subnets").paginate(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}], PaginationConfig={"PageSize": 5}
    )
    found = [[subnet["SubnetId"] for subnet in page["Subnets"]] for page in pages]
    assert [len(page) for page in found] == [5, 2]
    assert sorted(one for page in found for one in page) == sorted(made)
