"""Route tables: main and explicit ones, the longest prefix, local routes, and routes that lead nowhere (any more)."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError

from .tenant import NOTHING, REFUSED, Host, Tenant

ANY = "0.0.0.0/0"


def _forwards(tenant: Tenant, host: Host) -> None:
    """Make a host a router of IPv4, as one sets up an appliance."""
    tenant.ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=host.id, SourceDestCheck={"Value": False})
    tenant.said(host, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")


def test_local_routes_join_all_subnets(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    first = tenant.host(tenant.subnet(vpc, "10.0.1.0/24", "a"))
    second = tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"))
    third = tenant.host(tenant.subnet(vpc, "10.0.3.0/24", "c"))
    assert tenant.asked((first, second.ip), (second, third.ip), (third, first.ip)) == [first.ip, second.ip, third.ip]
    assert tenant.asked((first, "10.0.1.77"), (first, "10.0.9.9"), (first, "10.9.0.1")) == [NOTHING, NOTHING, NOTHING]


def test_a_secondary_block_is_local_too(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    first = tenant.host(tenant.subnet(vpc))
    tenant.ec2("AssociateVpcCidrBlock", VpcId=vpc, CidrBlock="10.1.0.0/16")
    second = tenant.host(tenant.subnet(vpc, "10.1.7.0/24"))
    assert tenant.asked((first, second.ip), (second, first.ip)) == [first.ip, second.ip]


def test_a_subnet_follows_the_main_table_until_it_has_one_of_its_own(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    host = tenant.host(subnet)
    tenant.route(tenant.main_table(vpc), ANY, tenant.gateway(vpc))
    public, outside = tenant.address(host), tenant.outside()
    assert tenant.ask(host, outside) == public
    own = tenant.table(subnet)
    assert tenant.ask(host, outside) == NOTHING
    found = tenant.ec2("DescribeRouteTables", RouteTableIds=[own])["RouteTables"][0]["Associations"][0]
    tenant.ec2("DisassociateRouteTable", AssociationId=found["RouteTableAssociationId"])
    assert tenant.ask(host, outside) == public


def test_another_main_table_counts_for_who_follows_it(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    host = tenant.host(tenant.subnet(vpc))
    gateway = tenant.gateway(vpc)
    public, outside = tenant.address(host), tenant.outside()
    other = tenant.ec2("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    tenant.route(other, ANY, gateway)
    assert tenant.ask(host, outside) == NOTHING
    main = tenant.ec2("DescribeRouteTables", RouteTableIds=[tenant.main_table(vpc)])["RouteTables"][0]
    association = main["Associations"][0]["RouteTableAssociationId"]
    tenant.ec2("ReplaceRouteTableAssociation", AssociationId=association, RouteTableId=other)
    assert tenant.ask(host, outside) == public


def test_the_longest_prefix_wins(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    public, private = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24")
    gateway, host = tenant.gateway(vpc), tenant.host(private)
    tenant.table(public, {ANY: gateway})
    address = tenant.address(host)
    nat, behind = tenant.nat(public)
    table = tenant.table(private, {ANY: nat, "203.0.113.0/24": gateway})
    outside = tenant.outside()
    assert tenant.ask(host, outside) == address
    tenant.ec2("DeleteRoute", RouteTableId=table, DestinationCidrBlock="203.0.113.0/24")
    assert tenant.ask(host, outside) == behind


def test_a_route_whose_target_was_deleted_drops_what_a_shorter_one_would_carry(tenant: Tenant) -> None:
    """VPC User Guide, "Route tables": a blackhole is a route; what matches it goes nowhere else."""
    vpc = tenant.vpc()
    public, private = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24")
    tenant.table(public, {ANY: tenant.gateway(vpc)})
    host = tenant.host(private)
    nat, behind = tenant.nat(public)
    gone, _ = tenant.nat(public)
    table = tenant.table(private, {ANY: nat, "203.0.113.0/24": gone})
    outside = tenant.outside()
    tenant.ec2("DeleteNatGateway", NatGatewayId=gone)
    assert tenant.ask(host, outside) == NOTHING
    tenant.ec2("DeleteRoute", RouteTableId=table, DestinationCidrBlock="203.0.113.0/24")
    assert tenant.ask(host, outside) == behind


def test_a_route_to_an_interface_that_was_deleted_drops_too(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    public, private = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24")
    tenant.table(public, {ANY: tenant.gateway(vpc)})
    host, middle = tenant.host(private), tenant.host(public)
    nat, behind = tenant.nat(public)
    table = tenant.table(private, {ANY: nat, "203.0.113.0/24": middle.id})
    outside = tenant.outside()
    tenant.ec2("DeleteNetworkInterface", NetworkInterfaceId=middle.id)
    assert tenant.ask(host, outside) == NOTHING
    # The kernel takes its time to forget a device and its routes: this one has to be there for good.
    tenant.needs("ip")
    shown = tenant.net.command(vpc, "ip", "route", "show", "table", "all", "203.0.113.0/24")
    assert shown.output.startswith(b"blackhole")
    routes = tenant.ec2("DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert {one["DestinationCidrBlock"]: one["State"] for one in routes}["203.0.113.0/24"] == "blackhole"
    tenant.ec2("DeleteRoute", RouteTableId=table, DestinationCidrBlock="203.0.113.0/24")
    assert tenant.ask(host, outside) == behind


def test_a_route_more_specific_than_local_leads_through_a_middlebox(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    first, middle, second = (tenant.subnet(vpc, f"10.0.{number}.0/24") for number in (1, 2, 3))
    near, box, far = tenant.host(first), tenant.host(middle), tenant.host(second)
    table = tenant.table(first)
    tenant.route(table, "10.0.3.0/24", box.id)
    assert tenant.ask(near, far.ip) == NOTHING
    _forwards(tenant, box)
    assert tenant.ask(near, far.ip) == near.ip
    tenant.said(box, "nft", "add table ip box; add chain ip box out { type nat hook postrouting priority 100; }")
    tenant.said(box, "nft", "add rule ip box out ip daddr 10.0.3.0/24 masquerade")
    assert tenant.ask(near, far.ip) == box.ip
    tenant.ec2("DeleteRoute", RouteTableId=table, DestinationCidrBlock="10.0.3.0/24")
    assert tenant.ask(near, far.ip) == near.ip


def test_a_middlebox_whose_addresses_are_checked_forwards_nothing(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    first, middle, second = (tenant.subnet(vpc, f"10.0.{number}.0/24") for number in (1, 2, 3))
    near, box, far = tenant.host(first), tenant.host(middle), tenant.host(second)
    tenant.route(tenant.table(first), "10.0.3.0/24", box.id)
    _forwards(tenant, box)
    assert tenant.ask(near, far.ip) == near.ip
    tenant.ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=box.id, SourceDestCheck={"Value": True})
    assert tenant.asked((near, far.ip), (near, box.ip)) == [NOTHING, near.ip]


def test_a_checked_interface_cannot_stand_for_another_address(tenant: Tenant) -> None:
    """EC2 User Guide, "Source/destination checking": it has to be the source, or the destination, of its packets."""
    vpc = tenant.vpc()
    first, middle = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24")
    near, box = tenant.host(first), tenant.host(middle)
    tenant.route(tenant.table(first), "192.0.2.0/24", box.id)
    tenant.said(box, "ip", "address", "add", "192.0.2.7/32", "dev", "lo")
    assert tenant.ask(near, "192.0.2.7") == NOTHING
    tenant.ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=box.id, SourceDestCheck={"Value": False})
    assert tenant.ask(near, "192.0.2.7") == near.ip


def test_what_comes_in_from_the_internet_follows_the_gateways_table(tenant: Tenant) -> None:
    """VPC User Guide, "Middlebox routing": an edge association leads through an appliance."""
    vpc = tenant.vpc()
    public, middle = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24")
    host, box = tenant.host(public), tenant.host(middle)
    gateway = tenant.gateway(vpc)
    tenant.table(middle, {ANY: gateway})
    table = tenant.table(public, {ANY: gateway})
    address, outside = tenant.address(host), tenant.outside()
    assert tenant.ask_from_outside(address) == outside
    tenant.route(table, ANY, box.id, verb="Replace")
    edge = tenant.ec2("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    tenant.route(edge, "10.0.1.0/24", box.id)
    tenant.ec2("AssociateRouteTable", RouteTableId=edge, GatewayId=gateway)
    assert tenant.ask_from_outside(address) == NOTHING
    _forwards(tenant, box)
    assert tenant.ask_from_outside(address) == outside


def test_a_prefix_list_in_a_route_means_its_blocks_of_the_moment(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    host = tenant.host(tenant.subnet(vpc))
    gateway = tenant.gateway(vpc)
    public, outside = tenant.address(host), tenant.outside()
    made = tenant.ec2("CreateManagedPrefixList", PrefixListName="x", AddressFamily="IPv4", MaxEntries=4)["PrefixList"]
    tenant.route(tenant.main_table(vpc), made["PrefixListId"], gateway)
    assert tenant.ask(host, outside) == NOTHING
    change = {"PrefixListId": made["PrefixListId"]}
    tenant.ec2("ModifyManagedPrefixList", CurrentVersion=1, AddEntries=[{"Cidr": "203.0.113.0/28"}], **change)
    assert tenant.ask(host, outside) == public
    tenant.ec2("ModifyManagedPrefixList", CurrentVersion=2, RemoveEntries=[{"Cidr": "203.0.113.0/28"}], **change)
    assert tenant.ask(host, outside) == NOTHING


def test_a_wrong_block_in_a_route_is_a_way_to_nowhere(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    host = tenant.host(tenant.subnet(vpc))
    gateway = tenant.gateway(vpc)
    public, outside = tenant.address(host), tenant.outside()
    table = tenant.main_table(vpc)
    tenant.route(table, "203.0.112.0/24", gateway)
    assert tenant.ask(host, outside) == NOTHING
    tenant.route(table, "203.0.113.0/24", gateway)
    assert tenant.ask(host, outside) == public


def test_a_block_within_the_vpc_may_not_lead_out_of_it(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    near, far = tenant.host(tenant.subnet(vpc)), tenant.host(tenant.subnet(vpc, "10.0.2.0/24"))
    with pytest.raises(AwsError, match="InvalidParameterValue"):
        tenant.route(tenant.main_table(vpc), "10.0.2.0/24", tenant.gateway(vpc))
    assert tenant.asked((near, far.ip), (near, far.ip, 81)) == [near.ip, REFUSED]
