"""IPv6: dual-stack subnets, gateways both ways, egress-only gateways outwards only; groups and ACLs of its own."""

from __future__ import annotations

from ipaddress import ip_network
from typing import NamedTuple

import pytest

from fogbank.aws.errors import AwsError

from .tenant import NOTHING, OUTSIDE_6, Host, Tenant

ANY, ANY_6 = "0.0.0.0/0", "::/0"


class Site(NamedTuple):
    """A dual-stack VPC, two subnets of it, and an open host in each."""

    vpc: str
    block: str
    first: str
    second: str
    near: Host
    far: Host


def _site(tenant: Tenant, cidr: str = "10.0.0.0/16") -> Site:
    vpc = tenant.vpc(cidr, AmazonProvidedIpv6CidrBlock=True)
    block = tenant.ipv6_of(vpc)
    first, second = (_subnet(tenant, vpc, cidr, block, number) for number in (1, 2))
    return Site(vpc, block, first, second, _host(tenant, first), _host(tenant, second))


def _subnet(tenant: Tenant, vpc: str, cidr: str, block: str, number: int) -> str:
    wide = cidr.replace("0.0/16", f"{number}.0/24")
    narrow = [str(one) for one in ip_network(block).subnets(new_prefix=64)]
    return tenant.subnet(vpc, wide, Ipv6CidrBlock=narrow[number])


def _host(tenant: Tenant, subnet: str, *groups: str) -> Host:
    return tenant.host(subnet, *groups, Ipv6AddressCount=1)


def _egress_only(tenant: Tenant, vpc: str) -> str:
    made = tenant.ec2("CreateEgressOnlyInternetGateway", VpcId=vpc)["EgressOnlyInternetGateway"]
    return str(made["EgressOnlyInternetGatewayId"])


def test_both_families_are_local(tenant: Tenant) -> None:
    site = _site(tenant)
    near, far = site.near, site.far
    assert tenant.asked((near, far.ip6), (far, near.ip6), (near, far.ip)) == [near.ip6, far.ip6, near.ip]
    assert tenant.ask(near, far.ip6[:-1] + ("e" if far.ip6.endswith("f") else "f")) == NOTHING


def test_a_block_that_comes_later_is_local_and_let_through_by_default(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    tenant.host(subnet)
    tenant.ec2("AssociateVpcCidrBlock", VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    block = tenant.ipv6_of(vpc)
    tenant.ec2("AssociateSubnetCidrBlock", SubnetId=subnet, Ipv6CidrBlock=block.replace("/56", "/64"))
    default = tenant.default_group(vpc)
    near = _host(tenant, subnet, default)
    far = _host(tenant, _subnet(tenant, vpc, "10.0.0.0/16", block, 2), default)
    assert tenant.asked((near, far.ip6), (far, near.ip6)) == [near.ip6, far.ip6]


def test_a_gateway_carries_ipv6_both_ways_untranslated(tenant: Tenant) -> None:
    site = _site(tenant)
    gateway = tenant.gateway(site.vpc)
    tenant.outside()
    assert (tenant.ask(site.near, OUTSIDE_6), tenant.ask_from_outside(site.near.ip6)) == (NOTHING, NOTHING)
    tenant.table(site.first, {ANY_6: gateway})
    assert tenant.ask(site.near, OUTSIDE_6) == site.near.ip6
    assert tenant.ask_from_outside(site.near.ip6) == OUTSIDE_6
    assert (tenant.ask(site.far, OUTSIDE_6), tenant.ask_from_outside(site.far.ip6)) == (NOTHING, NOTHING)


def test_a_route_of_one_family_does_not_carry_the_other(tenant: Tenant) -> None:
    site = _site(tenant)
    tenant.table(site.first, {ANY: tenant.gateway(site.vpc)})
    public, outside = tenant.address(site.near), tenant.outside()
    assert tenant.asked((site.near, outside), (site.near, OUTSIDE_6)) == [public, NOTHING]


def test_an_egress_only_gateway_lets_out_and_nothing_in(tenant: Tenant) -> None:
    site = _site(tenant)
    gateway = _egress_only(tenant, site.vpc)
    tenant.table(site.first, {ANY_6: gateway})
    tenant.outside()
    assert tenant.ask(site.near, OUTSIDE_6) == site.near.ip6
    assert tenant.ask_from_outside(site.near.ip6) == NOTHING
    assert tenant.ask(site.far, OUTSIDE_6) == NOTHING


def test_beside_an_internet_gateway_an_egress_only_one_still_lets_nothing_in(tenant: Tenant) -> None:
    site = _site(tenant)
    tenant.table(site.first, {ANY_6: tenant.gateway(site.vpc)})
    tenant.table(site.second, {ANY_6: _egress_only(tenant, site.vpc)})
    tenant.outside()
    assert tenant.asked((site.near, OUTSIDE_6), (site.far, OUTSIDE_6)) == [site.near.ip6, site.far.ip6]
    assert tenant.ask_from_outside(site.near.ip6) == OUTSIDE_6
    assert tenant.ask_from_outside(site.far.ip6) == NOTHING


def test_an_egress_only_gateway_does_not_carry_ipv4(tenant: Tenant) -> None:
    site = _site(tenant)
    gateway = _egress_only(tenant, site.vpc)
    with pytest.raises(AwsError, match="InvalidParameterValue"):
        tenant.route(tenant.main_table(site.vpc), ANY, gateway)
    tenant.route(tenant.main_table(site.vpc), ANY_6, gateway)
    outside = tenant.outside()
    assert tenant.asked((site.near, outside), (site.near, OUTSIDE_6)) == [NOTHING, site.near.ip6]


def test_an_egress_only_gateway_that_is_deleted_leads_nowhere(tenant: Tenant) -> None:
    site = _site(tenant)
    gateway = _egress_only(tenant, site.vpc)
    tenant.route(tenant.main_table(site.vpc), ANY_6, gateway)
    tenant.outside()
    assert tenant.ask(site.near, OUTSIDE_6) == site.near.ip6
    tenant.ec2("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=gateway)
    assert tenant.ask(site.near, OUTSIDE_6) == NOTHING


def test_a_groups_rules_are_of_one_family(tenant: Tenant) -> None:
    site = _site(tenant)
    group = tenant.group(site.vpc)
    guarded = _host(tenant, site.second, group)
    tenant.allow(group, ANY)
    assert tenant.asked((site.near, guarded.ip), (site.near, guarded.ip6)) == [site.near.ip, NOTHING]
    tenant.allow(group, site.near.ip6 + "/128")
    assert tenant.asked((site.near, guarded.ip6), (site.far, guarded.ip6)) == [site.near.ip6, NOTHING]


def test_a_reference_to_a_group_means_its_ipv6_members_too(tenant: Tenant) -> None:
    site = _site(tenant)
    clients, servers = tenant.group(site.vpc, "clients"), tenant.group(site.vpc, "servers")
    tenant.allow(servers, clients)
    guarded = _host(tenant, site.second, servers)
    assert tenant.ask(site.near, guarded.ip6) == NOTHING
    tenant.join(site.near, clients)
    assert tenant.ask(site.near, guarded.ip6) == site.near.ip6


def test_a_group_lets_no_ipv6_out_unless_a_rule_does(tenant: Tenant) -> None:
    """A group that is made in a dual-stack VPC lets both out; without the rule of one family, it lets out the other."""
    site = _site(tenant)
    group = tenant.group(site.vpc)
    talker = _host(tenant, site.first, group)
    assert tenant.ask(talker, site.far.ip6) == talker.ip6
    tenant.revoke(group, ANY_6, None, way="Egress")
    assert tenant.asked((talker, site.far.ip6), (talker, site.far.ip)) == [NOTHING, talker.ip]


def test_an_acls_entries_are_of_one_family(tenant: Tenant) -> None:
    site = _site(tenant)
    acl = tenant.acl(site.second, ("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    assert tenant.asked((site.near, site.far.ip), (site.near, site.far.ip6)) == [site.near.ip, NOTHING]
    tenant.entry(acl, "in", 110, "allow", ANY_6, (80, 80))
    tenant.entry(acl, "out", 110, "allow", ANY_6, (1024, 65535))
    assert tenant.asked((site.near, site.far.ip6), (site.far, site.near.ip6)) == [site.near.ip6, NOTHING]


def test_a_peering_carries_ipv6_where_both_sides_have_the_route(tenant: Tenant) -> None:
    here, there = _site(tenant), _site(tenant, "10.9.0.0/16")
    peering = tenant.peering(here.vpc, there.vpc)
    tenant.route(tenant.main_table(here.vpc), there.block, peering)
    assert tenant.ask(here.near, there.near.ip6) == NOTHING
    tenant.route(tenant.main_table(there.vpc), here.block, peering)
    assert tenant.ask(here.near, there.near.ip6) == here.near.ip6


def test_a_transit_gateway_carries_ipv6(tenant: Tenant) -> None:
    here, there = _site(tenant), _site(tenant, "10.9.0.0/16")
    gateway = str(tenant.ec2("CreateTransitGateway")["TransitGateway"]["TransitGatewayId"])
    for site, other in ((here, there), (there, here)):
        tenant.ec2(
            "CreateTransitGatewayVpcAttachment",
            TransitGatewayId=gateway,
            VpcId=site.vpc,
            SubnetIds=[site.first],
            Options={"Ipv6Support": "enable"},
        )
        tenant.route(tenant.main_table(site.vpc), other.block, gateway)
    assert tenant.ask(here.near, there.near.ip6) == here.near.ip6
    tenant.ec2("DeleteRoute", RouteTableId=tenant.main_table(there.vpc), DestinationIpv6CidrBlock=here.block)
    assert tenant.ask(here.near, there.near.ip6) == NOTHING


def test_an_address_that_is_taken_away_is_silent(tenant: Tenant) -> None:
    site = _site(tenant)
    assert tenant.ask(site.near, site.far.ip6) == site.near.ip6
    tenant.ec2("UnassignIpv6Addresses", NetworkInterfaceId=site.far.id, Ipv6Addresses=[site.far.ip6])
    assert tenant.asked((site.near, site.far.ip6), (site.near, site.far.ip)) == [NOTHING, site.near.ip]
