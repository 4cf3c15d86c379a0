"""Peerings: routes on both sides, no way through to a third, groups across them, blocks that must not overlap."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError

from .tenant import NOTHING, Host, Tenant


def _two(tenant: Tenant) -> tuple[str, str, Host, Host]:
    """Two VPCs, 10.0.0.0/16 and 10.9.0.0/16, with an open host in each."""
    here, there = tenant.vpc(), tenant.vpc("10.9.0.0/16")
    return here, there, tenant.host(tenant.subnet(here)), tenant.host(tenant.subnet(there, "10.9.1.0/24"))


def test_two_vpcs_do_not_reach_each_other(tenant: Tenant) -> None:
    _, _, near, far = _two(tenant)
    assert tenant.asked((near, far.ip), (far, near.ip)) == [NOTHING, NOTHING]


def test_a_peering_needs_a_route_on_both_sides(tenant: Tenant) -> None:
    here, there, near, far = _two(tenant)
    peering = tenant.peering(here, there)
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.route(tenant.main_table(here), "10.9.0.0/16", peering)
    assert tenant.asked((near, far.ip), (far, near.ip)) == [NOTHING, NOTHING]
    tenant.route(tenant.main_table(there), "10.0.0.0/16", peering)
    assert tenant.asked((near, far.ip), (far, near.ip)) == [near.ip, far.ip]


def test_a_peering_that_nobody_accepted_carries_nothing(tenant: Tenant) -> None:
    here, there, near, far = _two(tenant)
    made = tenant.ec2("CreateVpcPeeringConnection", VpcId=here, PeerVpcId=there)["VpcPeeringConnection"]
    peering = made["VpcPeeringConnectionId"]
    for vpc, block in ((here, "10.9.0.0/16"), (there, "10.0.0.0/16")):
        tenant.route(tenant.main_table(vpc), block, peering)
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert tenant.ask(near, far.ip) == near.ip


def test_only_subnets_whose_table_has_the_route_reach_the_peer(tenant: Tenant) -> None:
    here, there, near, far = _two(tenant)
    tenant.joined(here, there)
    other = tenant.subnet(here, "10.0.2.0/24")
    beside = tenant.host(other)
    tenant.table(other)
    assert tenant.asked((near, far.ip), (beside, far.ip)) == [near.ip, NOTHING]


def test_a_peering_is_not_a_way_to_a_third(tenant: Tenant) -> None:
    """VPC Peering Guide, "Transitive peering": a route to a third VPC over a second leads nowhere."""
    here, there, near, far = _two(tenant)
    third = tenant.vpc("10.20.0.0/16")
    beyond = tenant.host(tenant.subnet(third, "10.20.1.0/24"))
    first, second = tenant.joined(here, there), tenant.joined(there, third)
    tenant.route(tenant.main_table(here), "10.20.0.0/16", first)
    tenant.route(tenant.main_table(third), "10.0.0.0/16", second)
    assert tenant.asked((near, far.ip), (far, beyond.ip), (near, beyond.ip)) == [near.ip, far.ip, NOTHING]


def test_a_peer_cannot_use_the_others_internet_gateway_nor_its_nat_gateway(tenant: Tenant) -> None:
    """VPC Peering Guide, "Edge to edge routing through a gateway or private connection"."""
    here, there, near, far = _two(tenant)
    table = tenant.main_table(there)
    tenant.route(table, "0.0.0.0/0", tenant.gateway(there))
    public, outside = tenant.address(far), tenant.outside()
    peering = tenant.joined(here, there)
    tenant.route(tenant.main_table(here), "0.0.0.0/0", peering)
    assert tenant.asked((far, outside), (near, outside), (near, far.ip)) == [public, NOTHING, near.ip]


def test_a_peering_that_is_deleted_carries_nothing_more(tenant: Tenant) -> None:
    here, there, near, far = _two(tenant)
    peering = tenant.joined(here, there)
    assert tenant.ask(near, far.ip) == near.ip
    tenant.ec2("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert tenant.asked((near, far.ip), (far, near.ip)) == [NOTHING, NOTHING]


def test_a_peering_joins_two_accounts(tenant: Tenant) -> None:
    other = tenant.neighbour()
    here, there = tenant.vpc(), other.vpc("10.9.0.0/16")
    near, far = tenant.host(tenant.subnet(here)), other.host(other.subnet(there, "10.9.1.0/24"))
    peering = tenant.peering(here, there, PeerOwnerId=other.account)
    tenant.route(tenant.main_table(here), "10.9.0.0/16", peering)
    assert tenant.ask(near, far.ip) == NOTHING
    other.route(other.main_table(there), "10.0.0.0/16", peering)
    assert (tenant.ask(near, far.ip), other.ask(far, near.ip)) == (near.ip, far.ip)


def test_a_peering_joins_two_regions(tenant: Tenant) -> None:
    here = tenant.vpc()
    there = str(tenant.ec2("CreateVpc", CidrBlock="10.9.0.0/16", region="eu-west-1")["Vpc"]["VpcId"])
    near = tenant.host(tenant.subnet(here))
    far = tenant.host(tenant.subnet(there, "10.9.1.0/24", region="eu-west-1"), region="eu-west-1")
    peering = tenant.peering(here, there, PeerRegion="eu-west-1")
    tenant.route(tenant.main_table(here), "10.9.0.0/16", peering)
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.route(tenant.main_table(there, region="eu-west-1"), "10.0.0.0/16", peering, region="eu-west-1")
    assert tenant.ask(near, far.ip) == near.ip


def test_blocks_of_peers_must_not_overlap(tenant: Tenant) -> None:
    here, there = tenant.vpc(), tenant.vpc("10.0.128.0/17")
    made = tenant.ec2("CreateVpcPeeringConnection", VpcId=here, PeerVpcId=there)["VpcPeeringConnection"]
    found = tenant.ec2("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[made["VpcPeeringConnectionId"]])
    assert found["VpcPeeringConnections"][0]["Status"]["Code"] == "failed"
    with pytest.raises(AwsError, match="InvalidStateTransition"):
        tenant.ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=made["VpcPeeringConnectionId"])


def test_two_vpcs_with_the_same_block_are_two_worlds(tenant: Tenant) -> None:
    here, there = tenant.vpc(), tenant.vpc()
    first = [tenant.host(tenant.subnet(here, block)) for block in ("10.0.1.0/24", "10.0.2.0/24")]
    second = [tenant.host(tenant.subnet(there, block)) for block in ("10.0.1.0/24", "10.0.2.0/24")]
    assert [one.ip for one in first] == [one.ip for one in second]
    tenant.net.serve(second[1].id, second[1].ip, 81)
    assert tenant.asked((first[0], first[1].ip), (second[0], second[1].ip)) == [first[0].ip, second[0].ip]
    assert tenant.asked((first[0], first[1].ip, 81), (second[0], second[1].ip, 81)) == [
        "(ECONNREFUSED)",
        second[0].ip,
    ]


def _guarded(tenant: Tenant) -> tuple[str, str, str, str]:
    """Two peers; in the second a host whose group lets a group of the first in: VPCs and groups."""
    here, there = tenant.vpc(), tenant.vpc("10.9.0.0/16")
    tenant.joined(here, there)
    clients, servers = tenant.group(here, "clients"), tenant.group(there, "servers")
    tenant.allow(servers, clients)
    return here, there, clients, servers


def test_a_group_names_a_group_of_the_peer_and_follows_its_members(tenant: Tenant) -> None:
    here, there, clients, servers = _guarded(tenant)
    subnet = tenant.subnet(here)
    outsider, member = tenant.host(subnet), tenant.host(subnet, clients)
    server = tenant.host(tenant.subnet(there, "10.9.1.0/24"), servers)
    assert tenant.asked((member, server.ip), (outsider, server.ip)) == [member.ip, NOTHING]
    tenant.join(outsider, clients)
    tenant.join(member, tenant.group(here, "elsewhere"))
    assert tenant.asked((member, server.ip), (outsider, server.ip)) == [NOTHING, outsider.ip]
    late = tenant.host(subnet, clients)
    assert tenant.ask(late, server.ip) == late.ip


def test_the_first_interface_of_the_peer_is_a_member_too(tenant: Tenant) -> None:
    here, there, clients, servers = _guarded(tenant)
    server = tenant.host(tenant.subnet(there, "10.9.1.0/24"), servers)
    first = tenant.host(tenant.subnet(here), clients)
    assert tenant.ask(first, server.ip) == first.ip


def test_an_address_whose_member_is_gone_is_nobodys(tenant: Tenant) -> None:
    here, there, clients, servers = _guarded(tenant)
    server = tenant.host(tenant.subnet(there, "10.9.1.0/24"), servers)
    subnet = tenant.subnet(here)
    member = tenant.host(subnet, clients)
    assert tenant.ask(member, server.ip) == member.ip
    tenant.ec2("DeleteNetworkInterface", NetworkInterfaceId=member.id)
    heir = tenant.host(subnet, PrivateIpAddress=member.ip)
    assert tenant.ask(heir, server.ip) == NOTHING


def test_a_reference_to_a_peers_group_comes_back_with_another_peering(tenant: Tenant) -> None:
    """VPC Peering Guide, "Stale security group rules": the rule stays when the peering goes."""
    here, there, clients, servers = _guarded(tenant)
    member = tenant.host(tenant.subnet(here), clients)
    server = tenant.host(tenant.subnet(there, "10.9.1.0/24"), servers)
    assert tenant.ask(member, server.ip) == member.ip
    found = tenant.ec2("DescribeVpcPeeringConnections", Filters=[{"Name": "status-code", "Values": ["active"]}])
    tenant.ec2(
        "DeleteVpcPeeringConnection",
        VpcPeeringConnectionId=found["VpcPeeringConnections"][0]["VpcPeeringConnectionId"],
    )
    assert tenant.ask(member, server.ip) == NOTHING
    late = tenant.host(tenant.subnet(here, "10.0.2.0/24"), clients)
    again = tenant.peering(here, there)
    tenant.route(tenant.main_table(here), "10.9.0.0/16", again, verb="Replace")
    tenant.route(tenant.main_table(there), "10.0.0.0/16", again, verb="Replace")
    assert tenant.asked((member, server.ip), (late, server.ip)) == [member.ip, late.ip]
