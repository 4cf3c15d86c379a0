from typing import Any

import pytest

from fogbank.control.caller import service
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

Ec2 = Any


@pytest.fixture
def ec2(cloud: TestCloud) -> Ec2:
    return cloud.client("ec2")


@pytest.fixture
def subnet(ec2: Ec2) -> str:
    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    made = ec2("CreateSubnet", VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24", Ipv6CidrBlock=block)["Subnet"]
    return str(made["SubnetId"])


def made(ec2: Ec2, subnet: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = ec2("CreateNetworkInterface", SubnetId=subnet, **more)["NetworkInterface"]
    return found


def shown(ec2: Ec2, interface_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][0]
    return found


def test_an_interface_gets_the_lowest_free_address_and_the_default_group(ec2: Ec2, subnet: str) -> None:
    first, second = made(ec2, subnet), made(ec2, subnet)
    assert (first["PrivateIpAddress"], second["PrivateIpAddress"]) == ("10.0.1.4", "10.0.1.5")
    assert [group["GroupName"] for group in first["Groups"]] == ["default"]
    found = shown(ec2, first["NetworkInterfaceId"])
    assert (found["Status"], found["PrivateDnsName"]) == ("available", "ip-10-0-1-4.ec2.internal")
    assert found["SourceDestCheck"] and not found["RequesterManaged"]
    ec2("DeleteNetworkInterface", NetworkInterfaceId=first["NetworkInterfaceId"])
    assert made(ec2, subnet)["PrivateIpAddress"] == "10.0.1.4"


def test_addresses_are_named_or_counted(ec2: Ec2, subnet: str) -> None:
    found = made(
        ec2,
        subnet,
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.1.20", "Primary": True},
            {"PrivateIpAddress": "10.0.1.30", "Primary": False},
        ],
        Ipv6AddressCount=2,
        Ipv4PrefixCount=1,
        Ipv6PrefixCount=1,
    )
    assert [(one["PrivateIpAddress"], one["Primary"]) for one in found["PrivateIpAddresses"]] == [
        ("10.0.1.20", True),
        ("10.0.1.30", False),
    ]
    assert len(found["Ipv6Addresses"]) == 2
    assert found["Ipv4Prefixes"] == [{"Ipv4Prefix": "10.0.1.32/28"}]
    assert found["Ipv6Prefixes"][0]["Ipv6Prefix"].endswith("/80")
    with refused("InvalidIPAddress.InUse"):
        made(ec2, subnet, PrivateIpAddress="10.0.1.30")
    with refused("InvalidIPAddress.InUse"):
        made(ec2, subnet, PrivateIpAddress="10.0.1.33")


def test_a_full_subnet_has_no_more(ec2: Ec2, subnet: str) -> None:
    vpc_id = ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    small = ec2("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.2.0/28")["Subnet"]["SubnetId"]
    made(ec2, small, SecondaryPrivateIpAddressCount=10)
    assert ec2("DescribeSubnets", SubnetIds=[small])["Subnets"][0]["AvailableIpAddressCount"] == 0
    with refused("InsufficientFreeAddressesInSubnet"):
        made(ec2, small)


def test_addresses_come_and_go(ec2: Ec2, subnet: str) -> None:
    interface = made(ec2, subnet)["NetworkInterfaceId"]
    added = ec2("AssignPrivateIpAddresses", NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=2)
    assert [one["PrivateIpAddress"] for one in added["AssignedPrivateIpAddresses"]] == ["10.0.1.5", "10.0.1.6"]
    ec2("UnassignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.1.5"])
    assert [one["PrivateIpAddress"] for one in shown(ec2, interface)["PrivateIpAddresses"]] == ["10.0.1.4", "10.0.1.6"]
    with refused("InvalidParameterValue", "primary"):
        ec2("UnassignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.1.4"])
    with refused("InvalidParameterValue", "are not assigned"):
        ec2("UnassignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.1.5"])
    v6 = ec2("AssignIpv6Addresses", NetworkInterfaceId=interface, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    assert shown(ec2, interface)["Ipv6Addresses"][0]["Ipv6Address"] == v6[0]
    ec2("UnassignIpv6Addresses", NetworkInterfaceId=interface, Ipv6Addresses=v6)
    assert shown(ec2, interface)["Ipv6Addresses"] == []


def test_a_secondary_address_can_be_moved_if_one_says_so(ec2: Ec2, subnet: str) -> None:
    first = made(ec2, subnet, SecondaryPrivateIpAddressCount=1)["NetworkInterfaceId"]
    second = made(ec2, subnet)["NetworkInterfaceId"]
    wanted = {"NetworkInterfaceId": second, "PrivateIpAddresses": ["10.0.1.5"]}
    with refused("InvalidParameterValue", "assigned, but move is not allowed"):
        ec2("AssignPrivateIpAddresses", **wanted)
    ec2("AssignPrivateIpAddresses", **wanted, AllowReassignment=True)
    assert [one["PrivateIpAddress"] for one in shown(ec2, first)["PrivateIpAddresses"]] == ["10.0.1.4"]
    assert [one["PrivateIpAddress"] for one in shown(ec2, second)["PrivateIpAddresses"]] == ["10.0.1.6", "10.0.1.5"]


def test_five_groups_and_no_more(ec2: Ec2, subnet: str) -> None:
    vpc_id = ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    groups = [
        ec2("CreateSecurityGroup", VpcId=vpc_id, GroupName=f"g{number}", Description="d")["GroupId"]
        for number in range(6)
    ]
    interface = made(ec2, subnet, Groups=groups[:5])
    assert len(interface["Groups"]) == 5
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        made(ec2, subnet, Groups=groups)
    interface_id = interface["NetworkInterfaceId"]
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, Groups=groups)
    ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, Groups=groups[5:])
    assert [group["GroupName"] for group in shown(ec2, interface_id)["Groups"]] == ["g5"]


def test_a_group_of_another_vpc_is_refused(ec2: Ec2, subnet: str) -> None:
    elsewhere = ec2("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2("CreateSecurityGroup", VpcId=elsewhere, GroupName="g", Description="d")["GroupId"]
    with refused("InvalidParameter", "belong to different networks"):
        made(ec2, subnet, Groups=[group])


def test_attributes_of_an_interface(ec2: Ec2, subnet: str) -> None:
    interface = made(ec2, subnet, Description="before")["NetworkInterfaceId"]
    ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, Description={"Value": "after"})
    ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, SourceDestCheck={"Value": False})
    of = {"NetworkInterfaceId": interface}
    assert ec2("DescribeNetworkInterfaceAttribute", **of, Attribute="description")["Description"] == {"Value": "after"}
    assert ec2("DescribeNetworkInterfaceAttribute", **of, Attribute="sourceDestCheck")["SourceDestCheck"] == {
        "Value": False
    }
    assert ec2("DescribeNetworkInterfaceAttribute", **of, Attribute="groupSet")["Groups"][0]["GroupName"] == "default"
    assert "Attachment" not in ec2("DescribeNetworkInterfaceAttribute", **of, Attribute="attachment")
    ec2("ResetNetworkInterfaceAttribute", **of, SourceDestCheck="true")
    assert shown(ec2, interface)["SourceDestCheck"]
    with refused("InvalidParameterCombination"):
        ec2("ModifyNetworkInterfaceAttribute", **of, Description={"Value": "x"}, SourceDestCheck={"Value": True})


def test_a_service_has_interfaces_of_its_own(cloud: TestCloud, ec2: Ec2, subnet: str) -> None:
    rds = cloud.client("ec2", caller=service("rds.amazonaws.com", "000000000000"))
    interface = made(rds, subnet, Description="RDSNetworkInterface")
    assert (interface["RequesterId"], interface["RequesterManaged"], interface["Status"]) == (
        "amazon-rds",
        True,
        "in-use",
    )
    of = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    with refused("InvalidParameterValue", "currently in use"):
        ec2("DeleteNetworkInterface", **of)
    with refused("OperationNotPermitted"):
        ec2("DetachNetworkInterface", AttachmentId=interface["Attachment"]["AttachmentId"])
    for operation, more in (
        ("ModifyNetworkInterfaceAttribute", {"Description": {"Value": "x"}}),
        ("AssignPrivateIpAddresses", {"SecondaryPrivateIpAddressCount": 1}),
        ("ResetNetworkInterfaceAttribute", {"SourceDestCheck": "true"}),
    ):
        with refused("AuthFailure"):
            ec2(operation, **of, **more)
    other = cloud.client("ec2", caller=service("elasticloadbalancing.amazonaws.com", "000000000000"))
    with refused("InvalidParameterValue"):
        other("DeleteNetworkInterface", **of)
    rds("DeleteNetworkInterface", **of)
    balancer = made(other, subnet, Description="ELB net/x/1")
    assert (balancer["RequesterId"], balancer["InterfaceType"]) == ("amazon-elb", "network_load_balancer")


def test_there_are_no_instances_yet(ec2: Ec2, subnet: str) -> None:
    interface = made(ec2, subnet)["NetworkInterfaceId"]
    of = {"NetworkInterfaceId": interface, "DeviceIndex": 1}
    with refused("InvalidInstanceID.NotFound"):
        ec2("AttachNetworkInterface", **of, InstanceId="i-01234567")
    with refused("InvalidInstanceID.Malformed"):
        ec2("AttachNetworkInterface", **of, InstanceId="x")
    with refused("InvalidAttachmentID.NotFound"):
        ec2("DetachNetworkInterface", AttachmentId="eni-attach-01234567")


def test_a_public_name_comes_with_hostnames(ec2: Ec2, subnet: str) -> None:
    vpc_id = ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    gateway = ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    interface = made(ec2, subnet)["NetworkInterfaceId"]
    eip = ec2("AllocateAddress")
    ec2("AssociateAddress", AllocationId=eip["AllocationId"], NetworkInterfaceId=interface)
    assert "PublicDnsName" not in shown(ec2, interface)["Association"]
    ec2("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    name = f"ec2-{eip['PublicIp'].replace('.', '-')}.compute-1.amazonaws.com"
    assert shown(ec2, interface)["Association"]["PublicDnsName"] == name
    ec2("DeleteNetworkInterface", NetworkInterfaceId=interface)
    assert "AssociationId" not in ec2("DescribeAddresses")["Addresses"][0]


def test_permissions_of_other_accounts(ec2: Ec2, subnet: str) -> None:
    interface = made(ec2, subnet)["NetworkInterfaceId"]
    wanted = {"NetworkInterfaceId": interface, "AwsAccountId": "111111111111", "Permission": "INSTANCE-ATTACH"}
    first = ec2("CreateNetworkInterfacePermission", **wanted)["InterfacePermission"]
    assert first["PermissionState"] == {"State": "granted"}
    again = ec2("CreateNetworkInterfacePermission", **wanted)["InterfacePermission"]
    assert again["NetworkInterfacePermissionId"] == first["NetworkInterfacePermissionId"]
    filters = [{"Name": "network-interface-permission.network-interface-id", "Values": [interface]}]
    found = ec2("DescribeNetworkInterfacePermissions", Filters=filters)["NetworkInterfacePermissions"]
    assert [one["AwsAccountId"] for one in found] == ["111111111111"]
    permission = first["NetworkInterfacePermissionId"]
    assert ec2("DeleteNetworkInterfacePermission", NetworkInterfacePermissionId=permission) == {"Return": True}
    with refused("InvalidPermissionID.NotFound"):
        ec2("DeleteNetworkInterfacePermission", NetworkInterfacePermissionId=permission)


def test_interfaces_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2", region="eu-west-1")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    tagged = [{"ResourceType": "network-interface", "Tags": [{"Key": "team", "Value": "a"}]}]
    ids = [
        ec2.create_network_interface(SubnetId=subnet, TagSpecifications=tagged)["NetworkInterface"][
            "NetworkInterfaceId"
        ]
        for _ in range(6)
    ]
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=ids)
    pages = ec2.get_paginator("describe_network_interfaces").paginate(
        Filters=[{"Name": "tag:team", "Values": ["a"]}, {"Name": "subnet-id", "Values": [subnet]}],
        PaginationConfig={"PageSize": 5},
    )
    found = [[one["NetworkInterfaceId"] for one in page["NetworkInterfaces"]] for page in pages]
    assert [len(page) for page in found] == [5, 1] and sorted(one for page in found for one in page) == sorted(ids)
    one = ec2.describe_network_interfaces(NetworkInterfaceIds=ids[:1])["NetworkInterfaces"][0]
    assert one["TagSet"] == [{"Key": "team", "Value": "a"}]
    assert one["PrivateDnsName"] == "ip-10-0-0-4.eu-west-1.compute.internal"


@pytest.mark.parametrize(
    ("member", "least"),
    [
        ("SecondaryPrivateIpAddressCount", -1),
        ("Ipv6AddressCount", -1),
        ("Ipv4PrefixCount", -1),
        ("Ipv6PrefixCount", -3),
    ],
)
def test_nobody_has_less_than_no_addresses(ec2: Ec2, subnet: str, member: str, least: int) -> None:
    with refused("InvalidParameterValue", "at least 0"):
        made(ec2, subnet, **{member: least})


@pytest.mark.parametrize(
    "member", ["SecondaryPrivateIpAddressCount", "Ipv6AddressCount", "Ipv4PrefixCount", "Ipv6PrefixCount"]
)
def test_an_interface_has_up_to_fifty_addresses_of_each_family(ec2: Ec2, subnet: str, member: str) -> None:
    for count in (51, 2**31 - 1):
        with refused("PrivateIpAddressLimitExceeded"):
            made(ec2, subnet, **{member: count})
    if member.startswith("Ipv6"):
        found = shown(ec2, made(ec2, subnet, **{member: 50})["NetworkInterfaceId"])
        assert len(found["Ipv6Addresses"]) + len(found["Ipv6Prefixes"]) == 50


def test_addresses_are_named_once_and_without_a_zone(ec2: Ec2, subnet: str) -> None:
    block = ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    address = block.replace("::/64", "::9")
    with refused("InvalidIPAddress.InUse"):
        made(ec2, subnet, Ipv6Addresses=[{"Ipv6Address": address}, {"Ipv6Address": address}])
    with refused("InvalidParameterValue", "not a valid IP address"):
        made(ec2, subnet, Ipv6Addresses=[{"Ipv6Address": f"{address}%eth0"}])


@pytest.mark.parametrize("member", ["Ipv6Addresses", "Ipv4Prefixes", "Ipv6Prefixes", "PrivateIpAddresses"])
def test_a_structure_without_what_it_is_for_is_refused(ec2: Ec2, subnet: str, member: str) -> None:
    with refused("MissingParameter"):
        made(ec2, subnet, **{member: [{}]})
