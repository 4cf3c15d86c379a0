"""Interfaces: the addresses that are theirs and no others, what they carry for others, and how they go."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError

from .tenant import NOTHING, REFUSED, Host, Tenant

ANY = "0.0.0.0/0"


def _pair(tenant: Tenant, **more: Any) -> tuple[str, str, Host, Host]:
    """A VPC, the subnet of the first of two open hosts (made with `more`), and the hosts."""
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    return vpc, subnet, tenant.host(subnet, **more), tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"))


def _wear(tenant: Tenant, host: Host, address: str) -> None:
    """Give a host an address of which the cloud knows nothing."""
    tenant.said(host, "ip", "address", "add", f"{address}/32", "dev", "eth0")


def test_what_comes_from_an_address_that_is_not_its_own_is_dropped(tenant: Tenant) -> None:
    _, _, near, far = _pair(tenant)
    _wear(tenant, near, "10.0.1.200")
    _wear(tenant, near, "192.0.2.7")
    for stolen in ("10.0.1.200", "192.0.2.7"):
        assert tenant.ask(near, far.ip, source=stolen) == NOTHING
    assert tenant.ask(near, far.ip, source=near.ip) == near.ip


def test_nobody_speaks_for_a_neighbour(tenant: Tenant) -> None:
    vpc, subnet, near, far = _pair(tenant)
    group = tenant.group(vpc)
    victim = tenant.host(subnet)
    tenant.allow(group, f"{victim.ip}/32", None)
    tenant.join(far, group)
    tenant.said(near, "ip", "address", "add", f"{victim.ip}/32", "dev", "eth0")
    tenant.net.serve(far.id, far.ip, 53, udp=True)
    assert tenant.ask(near, far.ip, 53, udp=True, source=victim.ip) == NOTHING
    assert tenant.ask(victim, far.ip, 53, udp=True) == victim.ip


def test_without_the_check_foreign_sources_pass_and_answers_need_a_route(tenant: Tenant) -> None:
    vpc, _, near, far = _pair(tenant)
    _wear(tenant, near, "192.0.2.7")
    tenant.ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=near.id, SourceDestCheck={"Value": False})
    assert tenant.ask(near, far.ip, source="192.0.2.7") == NOTHING
    tenant.route(tenant.main_table(vpc), "192.0.2.0/24", near.id)
    assert tenant.ask(near, far.ip, source="192.0.2.7") == "192.0.2.7"
    tenant.ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=near.id, SourceDestCheck={"Value": True})
    assert tenant.ask(near, far.ip, source="192.0.2.7") == NOTHING


def test_a_secondary_address_is_as_good_as_the_first(tenant: Tenant) -> None:
    _, _, near, far = _pair(tenant)
    assert tenant.ask(far, "10.0.1.50") == NOTHING
    tenant.ec2("AssignPrivateIpAddresses", NetworkInterfaceId=near.id, PrivateIpAddresses=["10.0.1.50"])
    assert (tenant.ask(far, "10.0.1.50"), tenant.ask(near, far.ip, source="10.0.1.50")) == (far.ip, "10.0.1.50")
    tenant.ec2("UnassignPrivateIpAddresses", NetworkInterfaceId=near.id, PrivateIpAddresses=["10.0.1.50"])
    assert tenant.asked((far, "10.0.1.50"), (far, near.ip)) == [NOTHING, far.ip]


def test_a_secondary_address_moves_to_another_interface(tenant: Tenant) -> None:
    """How people let a pair of hosts take over from each other."""
    _, subnet, near, far = _pair(tenant)
    other = tenant.host(subnet)
    tenant.net.serve(other.id, "0.0.0.0", 81)
    tenant.ec2("AssignPrivateIpAddresses", NetworkInterfaceId=near.id, PrivateIpAddresses=["10.0.1.50"])
    assert tenant.asked((far, "10.0.1.50"), (far, "10.0.1.50", 81)) == [far.ip, REFUSED]
    move = {"PrivateIpAddresses": ["10.0.1.50"], "AllowReassignment": True}
    tenant.ec2("AssignPrivateIpAddresses", NetworkInterfaceId=other.id, **move)
    assert tenant.asked((far, "10.0.1.50"), (far, "10.0.1.50", 81)) == [far.ip, far.ip]
    assert tenant.ask(other, far.ip, source="10.0.1.50") == "10.0.1.50"
    tenant.ec2("AssignPrivateIpAddresses", NetworkInterfaceId=near.id, **move)
    assert tenant.asked((far, "10.0.1.50"), (far, "10.0.1.50", 81)) == [far.ip, REFUSED]


def test_each_private_address_has_a_public_one_of_its_own(tenant: Tenant) -> None:
    vpc, _, near, _ = _pair(tenant)
    tenant.route(tenant.main_table(vpc), ANY, tenant.gateway(vpc))
    tenant.ec2("AssignPrivateIpAddresses", NetworkInterfaceId=near.id, PrivateIpAddresses=["10.0.1.50"])
    first, outside = tenant.address(near), tenant.outside()
    assert tenant.ask(near, outside, source="10.0.1.50") == NOTHING
    second = tenant.address(near, "10.0.1.50")
    assert tenant.ask(near, outside, source="10.0.1.50") == second
    assert tenant.ask(near, outside, source=near.ip) == first


def test_a_delegated_prefix_leads_to_its_interface(tenant: Tenant) -> None:
    _, _, near, far = _pair(tenant)
    _wear(tenant, near, "10.0.1.65")
    assert tenant.ask(far, "10.0.1.65") == NOTHING
    tenant.ec2("AssignPrivateIpAddresses", NetworkInterfaceId=near.id, Ipv4Prefixes=["10.0.1.64/28"])
    assert (tenant.ask(far, "10.0.1.65"), tenant.ask(near, far.ip, source="10.0.1.65")) == (far.ip, "10.0.1.65")
    tenant.ec2("UnassignPrivateIpAddresses", NetworkInterfaceId=near.id, Ipv4Prefixes=["10.0.1.64/28"])
    assert tenant.ask(far, "10.0.1.65") == NOTHING


def test_an_interface_that_is_deleted_is_silent_and_its_namespace_gone(tenant: Tenant) -> None:
    _, _, near, far = _pair(tenant)
    assert tenant.ask(near, far.ip) == near.ip
    tenant.ec2("DeleteNetworkInterface", NetworkInterfaceId=far.id)
    assert tenant.ask(near, far.ip) == NOTHING
    assert not tenant.exists(far.id)


def test_an_address_that_is_free_again_is_its_next_owners(tenant: Tenant) -> None:
    _, subnet, near, far = _pair(tenant)
    tenant.ec2("DeleteNetworkInterface", NetworkInterfaceId=near.id)
    heir = tenant.host(subnet, PrivateIpAddress=near.ip)
    assert tenant.asked((far, near.ip), (heir, far.ip)) == [far.ip, near.ip]


def test_an_interface_that_is_made_without_a_group_is_in_the_default_one(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    made = tenant.ec2("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]
    tenant.net.serve(made["NetworkInterfaceId"], "0.0.0.0", 80)
    member, stranger = tenant.host(subnet, tenant.default_group(vpc)), tenant.host(subnet)
    address = made["PrivateIpAddress"]
    assert tenant.asked((member, address), (stranger, address)) == [member.ip, NOTHING]


def test_packets_larger_than_the_internets_pass_within_the_vpc(tenant: Tenant) -> None:
    """EC2 User Guide, "Network MTU": 9001 within a VPC."""
    _, _, near, far = _pair(tenant)
    tenant.net.serve(far.id, far.ip, 53, udp=True)
    sent = (
        "import socket,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(0.4);"
        "s.setsockopt(socket.IPPROTO_IP,10,2); s.connect((sys.argv[1],53)); s.send(b'x'*int(sys.argv[2])); s.recv(9)"
    )
    argv = (tenant.python, "-c", sent, far.ip)
    assert tenant.heard(near, *argv, "8900").code == 0
    assert tenant.run(near, *argv, "9100").code != 0


def test_a_quota_error_leaves_nothing_half_made(tenant: Tenant) -> None:
    vpc, subnet, near, far = _pair(tenant)
    groups = [tenant.group(vpc, f"g{number}") for number in range(6)]
    before = tenant.namespaces()
    with pytest.raises(AwsError, match="SecurityGroupsPerInterfaceLimitExceeded"):
        tenant.host(subnet, *groups)
    with pytest.raises(AwsError, match="VpcLimitExceeded"):
        for _ in range(6):
            tenant.vpc()
    with pytest.raises(AwsError, match="AddressLimitExceeded"):
        for _ in range(6):
            tenant.ec2("AllocateAddress")
    assert tenant.namespaces() == before
    assert tenant.ask(near, far.ip) == near.ip


def test_deleting_everything_leaves_no_namespace(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    host = tenant.host(subnet)
    gateway = tenant.gateway(vpc)
    tenant.table(subnet, {ANY: gateway})
    nat, _ = tenant.nat(subnet)
    described = tenant.ec2("DescribeNatGateways", NatGatewayIds=[nat])["NatGateways"][0]
    inner = described["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    assert [tenant.exists(one) for one in (vpc, host.id, inner)] == [True, True, True]
    tenant.net.hush()
    tenant.ec2("DeleteNatGateway", NatGatewayId=nat)
    tenant.ec2("DeleteNetworkInterface", NetworkInterfaceId=host.id)
    assert [tenant.exists(one) for one in (vpc, host.id, inner)] == [False, False, False]
    for table in tenant.ec2("DescribeRouteTables", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
        "RouteTables"
    ]:
        tenant.ec2("DisassociateRouteTable", AssociationId=table["Associations"][0]["RouteTableAssociationId"])
        tenant.ec2("DeleteRouteTable", RouteTableId=table["RouteTableId"])
    tenant.ec2("DetachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    tenant.ec2("DeleteSubnet", SubnetId=subnet)
    tenant.ec2("DeleteSecurityGroup", GroupId=tenant.open_group(vpc))
    tenant.ec2("DeleteVpc", VpcId=vpc)
    assert not tenant.net.net.has(f"{vpc}/vpc")
