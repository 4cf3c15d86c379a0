from typing import Any

import pytest

from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

Ec2 = Any


@pytest.fixture
def ec2(cloud: TestCloud) -> Ec2:
    return cloud.client("ec2")


@pytest.fixture
def vpc_id(ec2: Ec2) -> str:
    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    return str(vpc["VpcId"])


def table_of(ec2: Ec2, vpc_id: str) -> str:
    return str(ec2("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"])


def subnet_of(ec2: Ec2, vpc_id: str, cidr: str = "10.0.1.0/24") -> str:
    return str(ec2("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr)["Subnet"]["SubnetId"])


def interface_of(ec2: Ec2, subnet_id: str) -> str:
    return str(ec2("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"])


def internet_of(ec2: Ec2, vpc_id: str) -> str:
    gateway = str(ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"])
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    return gateway


def routes(ec2: Ec2, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ec2("DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return found


def main_of(ec2: Ec2, vpc_id: str) -> dict[str, Any]:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
    found: dict[str, Any] = ec2("DescribeRouteTables", Filters=filters)["RouteTables"][0]
    return found


def test_local_routes_come_first_and_follow_the_vpcs_blocks(ec2: Ec2, vpc_id: str) -> None:
    table, gateway = table_of(ec2, vpc_id), internet_of(ec2, vpc_id)
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.1.0.0/16")
    found = routes(ec2, table)
    assert [(route.get("DestinationCidrBlock"), route["GatewayId"], route["Origin"]) for route in found] == [
        ("10.0.0.0/16", "local", "CreateRouteTable"),
        ("10.1.0.0/16", "local", "CreateRouteTable"),
        (None, "local", "CreateRouteTable"),
        ("0.0.0.0/0", gateway, "CreateRoute"),
    ]


def test_a_route_whose_target_is_gone_is_a_blackhole(ec2: Ec2, vpc_id: str) -> None:
    table, gateway, subnet = table_of(ec2, vpc_id), internet_of(ec2, vpc_id), subnet_of(ec2, vpc_id)
    interface = interface_of(ec2, subnet)
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="192.168.0.0/16", NetworkInterfaceId=interface)
    assert [route["State"] for route in routes(ec2, table)] == ["active"] * 4
    ec2("DetachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    ec2("DeleteNetworkInterface", NetworkInterfaceId=interface)
    assert [route["State"] for route in routes(ec2, table)] == ["active", "active", "blackhole", "blackhole"]
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    assert routes(ec2, table)[2]["State"] == "active"


def test_routes_are_made_replaced_and_deleted(ec2: Ec2, vpc_id: str) -> None:
    table, gateway = table_of(ec2, vpc_id), internet_of(ec2, vpc_id)
    interface = interface_of(ec2, subnet_of(ec2, vpc_id))
    out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidParameterValue", "Use CreateRoute instead"):
        ec2("ReplaceRoute", **out, GatewayId=gateway)
    assert ec2("CreateRoute", **out, GatewayId=gateway) == {"Return": True}
    with refused("RouteAlreadyExists"):
        ec2("CreateRoute", **out, NetworkInterfaceId=interface)
    ec2("ReplaceRoute", **out, NetworkInterfaceId=interface)
    assert routes(ec2, table)[-1]["NetworkInterfaceId"] == interface
    ec2("DeleteRoute", **out)
    with refused("InvalidRoute.NotFound"):
        ec2("DeleteRoute", **out)


def test_host_bits_of_a_destination_are_cleared(ec2: Ec2, vpc_id: str) -> None:
    table, gateway = table_of(ec2, vpc_id), internet_of(ec2, vpc_id)
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="100.68.0.18/18", GatewayId=gateway)
    assert routes(ec2, table)[-1]["DestinationCidrBlock"] == "100.68.0.0/18"


def test_a_local_route_can_be_replaced_and_put_back_only(ec2: Ec2, vpc_id: str) -> None:
    table, interface = table_of(ec2, vpc_id), interface_of(ec2, subnet_of(ec2, vpc_id))
    local = {"RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/16"}
    with refused("RouteAlreadyExists"):
        ec2("CreateRoute", **local, NetworkInterfaceId=interface)
    with refused("InvalidParameterValue", "cannot remove local route"):
        ec2("DeleteRoute", **local)
    ec2("ReplaceRoute", **local, NetworkInterfaceId=interface)
    replaced = next(route for route in routes(ec2, table) if route.get("DestinationCidrBlock") == "10.0.0.0/16")
    assert (replaced["NetworkInterfaceId"], replaced["Origin"]) == (interface, "CreateRouteTable")
    ec2("ReplaceRoute", **local, LocalTarget=True)
    assert routes(ec2, table)[0]["GatewayId"] == "local"


def test_a_route_more_specific_than_local_names_a_subnet_and_leads_inside(ec2: Ec2, vpc_id: str) -> None:
    table, gateway = table_of(ec2, vpc_id), internet_of(ec2, vpc_id)
    subnet_of(ec2, vpc_id, "10.0.2.0/24")
    interface = interface_of(ec2, subnet_of(ec2, vpc_id))
    with refused("InvalidParameterValue", "can target only an interface or an instance"):
        ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", GatewayId=gateway)
    with refused("InvalidParameterValue", "must be the CIDR block of a subnet"):
        ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.2.0/25", NetworkInterfaceId=interface)
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", NetworkInterfaceId=interface)
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.0.0/8", GatewayId=gateway)


def test_ipv6_leaves_through_an_egress_only_gateway(ec2: Ec2, vpc_id: str) -> None:
    table = table_of(ec2, vpc_id)
    made = ec2("CreateEgressOnlyInternetGateway", VpcId=vpc_id)["EgressOnlyInternetGateway"]
    gateway = made["EgressOnlyInternetGatewayId"]
    with refused("InvalidParameterValue"):
        ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", EgressOnlyInternetGatewayId=gateway)
    ec2("CreateRoute", RouteTableId=table, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=gateway)
    assert routes(ec2, table)[-1] == {
        "DestinationIpv6CidrBlock": "::/0",
        "EgressOnlyInternetGatewayId": gateway,
        "State": "active",
        "Origin": "CreateRoute",
    }


def test_a_prefix_list_is_a_destination(ec2: Ec2, vpc_id: str) -> None:
    table, gateway = table_of(ec2, vpc_id), internet_of(ec2, vpc_id)
    made = ec2(
        "CreateManagedPrefixList",
        PrefixListName="a",
        MaxEntries=499,
        AddressFamily="IPv4",
        Entries=[{"Cidr": "100.64.0.0/16"}],
    )["PrefixList"]["PrefixListId"]
    ec2("CreateRoute", RouteTableId=table, DestinationPrefixListId=made, GatewayId=gateway)
    assert routes(ec2, table)[-1]["DestinationPrefixListId"] == made
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    with refused("RouteLimitExceeded"):
        ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="100.0.0.0/16", GatewayId=gateway)
    ec2("CreateRoute", RouteTableId=table, DestinationIpv6CidrBlock="::/0", GatewayId=gateway)


def test_five_hundred_routes_and_no_more(ec2: Ec2, vpc_id: str) -> None:
    table, gateway = table_of(ec2, vpc_id), internet_of(ec2, vpc_id)
    for number in range(500):
        cidr = f"100.{number // 250}.{number % 250}.0/24"
        ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock=cidr, GatewayId=gateway)
    with refused("RouteLimitExceeded"):
        ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def test_two_hundred_tables_and_no_more(ec2: Ec2, vpc_id: str) -> None:
    for _ in range(199):
        table_of(ec2, vpc_id)
    with refused("RouteTableLimitExceeded"):
        table_of(ec2, vpc_id)


def test_a_subnet_follows_the_main_table_until_it_has_its_own(ec2: Ec2, vpc_id: str) -> None:
    table, other, subnet = table_of(ec2, vpc_id), table_of(ec2, vpc_id), subnet_of(ec2, vpc_id)
    made = ec2("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)["AssociationId"]
    with refused("Resource.AlreadyAssociated"):
        ec2("AssociateRouteTable", RouteTableId=other, SubnetId=subnet)
    with refused("DependencyViolation"):
        ec2("DeleteRouteTable", RouteTableId=table)
    moved = ec2("ReplaceRouteTableAssociation", AssociationId=made, RouteTableId=other)["NewAssociationId"]
    assert moved != made
    ec2("DeleteRouteTable", RouteTableId=table)
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    assert [one["RouteTableId"] for one in ec2("DescribeRouteTables", Filters=filters)["RouteTables"]] == [other]
    ec2("DisassociateRouteTable", AssociationId=moved)
    assert not ec2("DescribeRouteTables", Filters=filters)["RouteTables"]
    with refused("InvalidAssociationID.NotFound"):
        ec2("DisassociateRouteTable", AssociationId=moved)


def test_another_table_can_be_the_main_one(ec2: Ec2, vpc_id: str) -> None:
    main, table = main_of(ec2, vpc_id), table_of(ec2, vpc_id)
    association = main["Associations"][0]["RouteTableAssociationId"]
    with refused("InvalidParameterValue", "cannot disassociate the main route table association"):
        ec2("DisassociateRouteTable", AssociationId=association)
    with refused("DependencyViolation"):
        ec2("DeleteRouteTable", RouteTableId=main["RouteTableId"])
    ec2("ReplaceRouteTableAssociation", AssociationId=association, RouteTableId=table)
    assert main_of(ec2, vpc_id)["RouteTableId"] == table
    ec2("DeleteRouteTable", RouteTableId=main["RouteTableId"])


def test_a_table_at_the_edge(ec2: Ec2, vpc_id: str) -> None:
    table, other, gateway = table_of(ec2, vpc_id), table_of(ec2, vpc_id), internet_of(ec2, vpc_id)
    subnet_of(ec2, vpc_id, "10.0.2.0/24")
    interface = interface_of(ec2, subnet_of(ec2, vpc_id))
    ec2("CreateRoute", RouteTableId=other, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    with refused("InvalidParameterValue", "unsupported route target"):
        ec2("AssociateRouteTable", RouteTableId=other, GatewayId=gateway)
    made = ec2("AssociateRouteTable", RouteTableId=table, GatewayId=gateway)["AssociationId"]
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", NetworkInterfaceId=interface)
    with refused("InvalidParameterValue", "unsupported route destination"):
        ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="192.168.0.0/16", NetworkInterfaceId=interface)
    third = table_of(ec2, vpc_id)
    with refused("Resource.AlreadyAssociated"):
        ec2("AssociateRouteTable", RouteTableId=third, GatewayId=gateway)
    with refused("DependencyViolation"):
        ec2("DeleteRouteTable", RouteTableId=table)
    assert (
        ec2("DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Associations"][0]["GatewayId"] == gateway
    )
    ec2("DisassociateRouteTable", AssociationId=made)
    ec2("DeleteRouteTable", RouteTableId=table)


def test_what_belongs_to_another_vpc_is_refused(ec2: Ec2, vpc_id: str) -> None:
    elsewhere = ec2("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    table, gateway = table_of(ec2, vpc_id), internet_of(ec2, elsewhere)
    subnet = subnet_of(ec2, elsewhere, "10.9.1.0/24")
    interface = interface_of(ec2, subnet)
    out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    for target in ({"GatewayId": gateway}, {"NetworkInterfaceId": interface}):
        with refused("InvalidParameterValue", "belong to different networks"):
            ec2("CreateRoute", **out, **target)
    for target in ({"SubnetId": subnet}, {"GatewayId": gateway}):
        with refused("InvalidParameterValue", "belong to different networks"):
            ec2("AssociateRouteTable", RouteTableId=table, **target)


def test_a_gateway_endpoint_is_a_route_that_only_it_removes(ec2: Ec2, vpc_id: str) -> None:
    table = table_of(ec2, vpc_id)
    endpoint = ec2("CreateVpcEndpoint", VpcId=vpc_id, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table])[
        "VpcEndpoint"
    ]["VpcEndpointId"]
    found = routes(ec2, table)[-1]
    assert (found["GatewayId"], found["State"]) == (endpoint, "active")
    with refused("InvalidParameterValue", "cannot remove VPC endpoint route"):
        ec2("DeleteRoute", RouteTableId=table, DestinationPrefixListId=found["DestinationPrefixListId"])
    ec2("DeleteRouteTable", RouteTableId=table)
    assert ec2("DescribeVpcEndpoints", VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["RouteTableIds"] == []


def test_route_tables_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = {ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"] for _ in range(11)}
    pages = ec2.get_paginator("describe_route_tables").paginate(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}], PaginationConfig={"PageSize": 5}
    )
    found = [[table["RouteTableId"] for table in page["RouteTables"]] for page in pages]
    assert [len(page) for page in found] == [5, 5, 2]
    assert made < {one for page in found for one in page}
