"""Internet gateways, public addresses and NAT gateways: who gets out, under which address, and who gets in."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.aws.internet import api_address

from .tenant import INTERNET, NOTHING, OUTSIDE, REGION, Host, Tenant

ANY = "0.0.0.0/0"
API = ("curl", "-s", "-m", "1", "-H", "Host: checkip.amazonaws.com", f"http://{api_address(REGION)}/")


class Site(NamedTuple):
    """A VPC with a public and a private subnet, and an open host in each."""

    vpc: str
    public_subnet: str
    private_subnet: str
    public: Host
    private: Host


def _site(tenant: Tenant) -> Site:
    vpc = tenant.vpc()
    public, private = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24", "b")
    return Site(vpc, public, private, tenant.host(public), tenant.host(private))


def _with_internet(tenant: Tenant) -> tuple[Site, str]:
    """A site whose public subnet has a route to an internet gateway, and whose public host has an address."""
    site = _site(tenant)
    tenant.table(site.public_subnet, {ANY: tenant.gateway(site.vpc)})
    public = tenant.address(site.public)
    tenant.outside()
    return site, public


def test_without_a_gateway_there_is_no_internet(tenant: Tenant) -> None:
    site = _site(tenant)
    assert tenant.asked((site.public, OUTSIDE), (site.private, OUTSIDE)) == [NOTHING, NOTHING]


def test_a_gateway_without_a_route_leads_nowhere(tenant: Tenant) -> None:
    site = _site(tenant)
    gateway = tenant.gateway(site.vpc)
    public, outside = tenant.address(site.public), tenant.outside()
    assert (tenant.ask(site.public, outside), tenant.ask_from_outside(public)) == (NOTHING, NOTHING)
    tenant.route(tenant.main_table(site.vpc), ANY, gateway)
    assert (tenant.ask(site.public, outside), tenant.ask_from_outside(public)) == (public, outside)


def test_a_route_without_a_public_address_leads_nowhere(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    beside = tenant.host(site.public_subnet)
    assert tenant.asked((beside, OUTSIDE), (site.public, OUTSIDE)) == [NOTHING, public]


def test_a_private_subnet_has_no_way_out(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    assert tenant.asked((site.private, OUTSIDE), (site.private, public)) == [NOTHING, NOTHING]
    assert tenant.ask(site.private, site.public.ip) == site.private.ip


def test_a_public_address_is_subject_to_the_groups(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    group = tenant.group(site.vpc)
    shy = tenant.host(site.public_subnet, group)
    public = tenant.address(shy)
    assert tenant.ask_from_outside(public) == NOTHING
    tenant.allow(group, f"{OUTSIDE}/32")
    assert tenant.ask_from_outside(public) == OUTSIDE
    assert tenant.ask(site.public, shy.ip) == NOTHING


def test_a_public_address_that_nobody_has_is_silent(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    free = tenant.ec2("AllocateAddress")["PublicIp"]
    assert tenant.ask_from_outside(free) == NOTHING
    assert tenant.asked((site.public, free), (site.public, "192.0.2.1")) == [NOTHING, NOTHING]
    assert tenant.ask_from_outside(public) == OUTSIDE


def test_private_addresses_do_not_cross_the_internet(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    assert tenant.ask_from_outside(site.public.ip) == NOTHING
    assert tenant.ask(site.public, "10.200.0.1") == NOTHING


def test_within_the_vpc_a_public_address_leads_out_and_back_in(tenant: Tenant) -> None:
    """The far side sees the asker's public address, as it went through the gateway (VPC User Guide, "NAT")."""
    site, public = _with_internet(tenant)
    other = tenant.host(site.public_subnet)
    assert tenant.ask(other, public) == NOTHING
    own = tenant.address(other)
    assert tenant.asked((other, public), (other, site.public.ip), (other, own)) == [own, other.ip, own]


def test_two_vpcs_reach_each_other_only_by_their_public_addresses(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    vpc = tenant.vpc("10.5.0.0/16")
    there = tenant.host(tenant.subnet(vpc, "10.5.1.0/24"))
    tenant.route(tenant.main_table(vpc), ANY, tenant.gateway(vpc))
    far = tenant.address(there)
    assert tenant.asked((site.public, far), (site.public, there.ip), (there, public)) == [public, NOTHING, far]


def test_an_address_that_is_disassociated_reaches_nobody(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    assert tenant.ask_from_outside(public) == OUTSIDE
    tenant.ec2("DisassociateAddress", PublicIp=public)
    assert (tenant.ask_from_outside(public), tenant.ask(site.public, OUTSIDE)) == (NOTHING, NOTHING)


def test_an_address_that_moves_reaches_its_new_host(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    other = tenant.host(site.public_subnet)
    tenant.net.serve(other.id, other.ip, 81)
    allocation = tenant.ec2("DescribeAddresses", PublicIps=[public])["Addresses"][0]["AllocationId"]
    assert tenant.ask_from_outside(public, 81) == "(ECONNREFUSED)"
    tenant.ec2("AssociateAddress", AllocationId=allocation, NetworkInterfaceId=other.id, AllowReassociation=True)
    assert tenant.ask_from_outside(public, 81) == OUTSIDE
    assert tenant.asked((other, OUTSIDE), (site.public, OUTSIDE)) == [public, NOTHING]


def test_a_gateway_that_is_detached_takes_the_internet_with_it(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    assert tenant.ask(site.public, OUTSIDE) == public
    tenant.ec2("DisassociateAddress", PublicIp=public)
    gateway = tenant.ec2("DescribeInternetGateways", Filters=[{"Name": "attachment.vpc-id", "Values": [site.vpc]}])
    found = gateway["InternetGateways"][0]["InternetGatewayId"]
    tenant.ec2("DetachInternetGateway", InternetGatewayId=found, VpcId=site.vpc)
    assert tenant.ask(site.public, OUTSIDE) == NOTHING
    tenant.ec2("AttachInternetGateway", InternetGatewayId=found, VpcId=site.vpc)
    own = tenant.address(site.public)
    # The internet that had nobody in it has ended, and with it its servers.
    tenant.net.serve(INTERNET, OUTSIDE, 80)
    assert tenant.ask(site.public, OUTSIDE) == own
    assert tenant.said(site.public, *API) == own


def test_a_nat_gateway_leads_a_private_subnet_out_under_its_own_address(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    nat, public = tenant.nat(site.public_subnet)
    assert tenant.ask(site.private, OUTSIDE) == NOTHING
    tenant.table(site.private_subnet, {ANY: nat})
    assert tenant.ask(site.private, OUTSIDE) == public
    assert tenant.ask(site.private, OUTSIDE, udp=True) == public
    assert tenant.pings(site.private, OUTSIDE)


def test_nobody_comes_in_through_a_nat_gateway(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    nat, public = tenant.nat(site.public_subnet)
    tenant.table(site.private_subnet, {ANY: nat})
    assert tenant.ask(site.private, OUTSIDE) == public
    assert tenant.ask_from_outside(public) == NOTHING
    assert tenant.ask_from_outside(public, udp=True) == NOTHING
    assert tenant.ask_from_outside(site.private.ip) == NOTHING


def test_through_a_nat_gateway_a_public_address_of_the_same_vpc_sees_the_gateways(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    nat, address = tenant.nat(site.public_subnet)
    tenant.table(site.private_subnet, {ANY: nat})
    assert tenant.asked((site.private, public), (site.private, site.public.ip)) == [address, site.private.ip]


def test_a_nat_gateway_in_a_subnet_without_a_gateway_leads_nowhere(tenant: Tenant) -> None:
    """VPC User Guide, "Troubleshoot NAT gateways": its subnet has to be a public one."""
    site, _ = _with_internet(tenant)
    wrong = tenant.subnet(site.vpc, "10.0.3.0/24")
    nat, public = tenant.nat(wrong)
    tenant.table(site.private_subnet, {ANY: nat})
    assert tenant.ask(site.private, OUTSIDE) == NOTHING
    tenant.table(wrong, {ANY: _gateway_of(tenant, site.vpc)})
    assert tenant.ask(site.private, OUTSIDE) == public


def _gateway_of(tenant: Tenant, vpc: str) -> str:
    found = tenant.ec2("DescribeInternetGateways", Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])
    return str(found["InternetGateways"][0]["InternetGatewayId"])


def test_the_acl_of_the_nat_gateways_subnet_counts(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    nat, public = tenant.nat(site.public_subnet)
    tenant.table(site.private_subnet, {ANY: nat})
    everything = (("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    acl = tenant.acl(site.public_subnet, *everything)
    assert tenant.ask(site.private, OUTSIDE) == public
    tenant.entry(acl, "in", 50, "deny", "10.0.2.0/24")
    assert tenant.ask(site.private, OUTSIDE) == NOTHING


def test_each_zone_goes_out_by_its_own_nat_gateway(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    other = tenant.subnet(site.vpc, "10.0.3.0/24", "c")
    there = tenant.host(other)
    first, second = tenant.nat(site.public_subnet), tenant.nat(site.public_subnet)
    tenant.table(site.private_subnet, {ANY: first[0]})
    tenant.table(other, {ANY: second[0]})
    assert tenant.asked((site.private, OUTSIDE), (there, OUTSIDE)) == [first[1], second[1]]


def test_a_private_nat_gateway_hides_addresses_and_reaches_no_internet(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    made = tenant.ec2("CreateNatGateway", SubnetId=site.public_subnet, ConnectivityType="private")["NatGateway"]
    vpc = tenant.vpc("10.7.0.0/16")
    there = tenant.host(tenant.subnet(vpc, "10.7.1.0/24"))
    peering = tenant.peering(site.vpc, vpc)
    tenant.route(tenant.main_table(vpc), "10.0.1.0/24", peering)
    for table in _tables_of(tenant, site.public_subnet):
        tenant.route(table, "10.7.0.0/16", peering)
    tenant.table(site.private_subnet, {ANY: made["NatGatewayId"]})
    own = tenant.ec2("DescribeNatGateways", NatGatewayIds=[made["NatGatewayId"]])["NatGateways"][0]
    private = own["NatGatewayAddresses"][0]["PrivateIp"]
    assert tenant.asked((site.private, there.ip), (site.private, OUTSIDE)) == [private, NOTHING]


def _tables_of(tenant: Tenant, subnet: str) -> list[str]:
    found = tenant.ec2("DescribeRouteTables", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    return [str(one["RouteTableId"]) for one in found["RouteTables"]]


def test_a_nat_gateway_that_is_deleted_leaves_a_blackhole_until_another_takes_its_place(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    nat, public = tenant.nat(site.public_subnet)
    table = tenant.table(site.private_subnet, {ANY: nat})
    assert tenant.ask(site.private, OUTSIDE) == public
    tenant.ec2("DeleteNatGateway", NatGatewayId=nat)
    assert tenant.ask(site.private, OUTSIDE) == NOTHING
    routes = tenant.ec2("DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [one["State"] for one in routes if one["DestinationCidrBlock"] == ANY] == ["blackhole"]
    again, other = tenant.nat(site.public_subnet)
    tenant.route(table, ANY, again, verb="Replace")
    assert tenant.ask(site.private, OUTSIDE) == other


def test_a_kept_connection_goes_on_through_a_nat_gateway_while_routes_stay(tenant: Tenant) -> None:
    site, _ = _with_internet(tenant)
    nat, public = tenant.nat(site.public_subnet)
    table = tenant.table(site.private_subnet, {ANY: nat})
    kept = tenant.net.connected(site.private.id, OUTSIDE)
    assert kept.ask() == public
    tenant.ec2("DeleteRoute", RouteTableId=table, DestinationCidrBlock=ANY)
    assert kept.ask() == NOTHING
    tenant.route(table, ANY, nat)
    assert tenant.ask(site.private, OUTSIDE) == public


def test_the_api_answers_on_the_internet_and_sees_who_asks(tenant: Tenant) -> None:
    site, public = _with_internet(tenant)
    nat, behind = tenant.nat(site.public_subnet)
    tenant.table(site.private_subnet, {ANY: nat})
    assert [tenant.said(one, *API) for one in (site.public, site.private)] == [public, behind]
    assert tenant.run(tenant.host(site.public_subnet), *API).code == 28


def test_two_accounts_find_the_same_api_on_the_internet(tenant: Tenant) -> None:
    here, public = _with_internet(tenant)
    other = tenant.neighbour()
    there, far = _with_internet(other)
    assert [tenant.said(here.public, *API), other.said(there.public, *API)] == [public, far]
    assert tenant.asked((here.public, far), (here.public, "10.200.0.1")) == [public, NOTHING]


def test_the_cloud_itself_is_not_governed_from_inside(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    host = tenant.host(tenant.subnet(vpc))
    tenant.route(tenant.main_table(vpc), "0.0.0.0/0", tenant.gateway(vpc))
    tenant.address(host)
    for path in ("info", "reset", "net", "net/faults", "console/"):
        asked = ("curl", "-s", "-m", "1", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: 127.0.0.1")
        ran = tenant.heard(host, *asked, f"http://{api_address(REGION)}/_fogbank/{path}")
        assert ran.output == b"403", path
