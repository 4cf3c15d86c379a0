"""Network ACLs: stateless, in order, at the edge of a subnet."""

from __future__ import annotations

from .tenant import NOTHING, REFUSED, Host, Tenant

ANY = "0.0.0.0/0"
EPHEMERAL = (1024, 65535)


def _apart(tenant: Tenant) -> tuple[str, str, Host, Host]:
    """Two open hosts in two subnets: the second subnet's id, the VPC's, and the hosts."""
    vpc = tenant.vpc()
    far = tenant.subnet(vpc, "10.0.2.0/24", "b")
    return vpc, far, tenant.host(tenant.subnet(vpc, "10.0.1.0/24")), tenant.host(far)


def test_an_acl_without_entries_lets_nothing_through_in_either_direction(tenant: Tenant) -> None:
    _, subnet, near, far = _apart(tenant)
    assert tenant.asked((near, far.ip), (far, near.ip)) == [near.ip, far.ip]
    tenant.acl(subnet)
    assert tenant.asked((near, far.ip), (far, near.ip)) == [NOTHING, NOTHING]


def test_answers_are_let_through_only_by_entries_of_their_own(tenant: Tenant) -> None:
    """VPC User Guide, "Ephemeral ports": an ACL remembers nothing, an answer goes to the port that was asked from."""
    _, subnet, near, far = _apart(tenant)
    acl = tenant.acl(subnet, ("in", 100, "allow", ANY, (80, 80)))
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.entry(acl, "out", 100, "allow", ANY, (80, 80))
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.entry(acl, "out", 110, "allow", ANY, EPHEMERAL)
    assert tenant.ask(near, far.ip) == near.ip


def test_who_asks_needs_ephemeral_ports_inwards(tenant: Tenant) -> None:
    _, subnet, near, far = _apart(tenant)
    acl = tenant.acl(subnet, ("out", 100, "allow", ANY, (80, 80)))
    assert tenant.ask(far, near.ip) == NOTHING
    tenant.entry(acl, "in", 100, "allow", ANY, EPHEMERAL)
    assert tenant.asked((far, near.ip), (near, far.ip)) == [far.ip, NOTHING]


def test_the_lowest_number_that_matches_decides(tenant: Tenant) -> None:
    _, subnet, near, far = _apart(tenant)
    acl = tenant.acl(subnet, ("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    tenant.entry(acl, "in", 110, "deny", f"{near.ip}/32")
    assert tenant.ask(near, far.ip) == near.ip
    tenant.entry(acl, "in", 90, "deny", f"{near.ip}/32")
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.entry(acl, "in", 80, "allow", ANY, (80, 80))
    assert tenant.asked((near, far.ip), (near, far.ip, 81)) == [near.ip, NOTHING]


def test_an_entry_denies_its_block_and_nobody_else(tenant: Tenant) -> None:
    vpc, subnet, near, far = _apart(tenant)
    beside = tenant.host(tenant.subnet(vpc, "10.0.3.0/24"))
    everything = (("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    tenant.acl(subnet, ("in", 50, "deny", "10.0.1.0/24", None), *everything)
    assert tenant.asked((near, far.ip), (beside, far.ip)) == [NOTHING, beside.ip]


def test_an_entry_cuts_connections_that_are_established(tenant: Tenant) -> None:
    _, subnet, near, far = _apart(tenant)
    acl = tenant.acl(subnet, ("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    kept = tenant.net.connected(near.id, far.ip)
    assert kept.ask() == near.ip
    tenant.entry(acl, "in", 50, "deny", "10.0.1.0/24")
    assert kept.ask() == NOTHING


def test_within_a_subnet_no_acl_is_asked(tenant: Tenant) -> None:
    _, subnet, near, far = _apart(tenant)
    beside = tenant.host(subnet)
    tenant.acl(subnet)
    assert tenant.asked((beside, far.ip), (near, far.ip)) == [beside.ip, NOTHING]


def test_both_subnets_acls_are_asked(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    first, second = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24")
    near, far = tenant.host(first), tenant.host(second)
    everything = (("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    tenant.acl(second, *everything)
    assert tenant.ask(near, far.ip) == near.ip
    tenant.acl(first, ("out", 50, "deny", ANY, (80, 80)), *everything)
    assert tenant.asked((near, far.ip), (near, far.ip, 81)) == [NOTHING, REFUSED]


def test_a_change_of_an_entry_is_in_force_at_once(tenant: Tenant) -> None:
    _, subnet, near, far = _apart(tenant)
    everything = (("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    acl = tenant.acl(subnet, *everything)
    rule = {"NetworkAclId": acl, "RuleNumber": 100, "Egress": False}
    tenant.ec2("ReplaceNetworkAclEntry", **rule, Protocol="-1", RuleAction="deny", CidrBlock=ANY)
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.ec2("ReplaceNetworkAclEntry", **rule, Protocol="-1", RuleAction="allow", CidrBlock=ANY)
    assert tenant.ask(near, far.ip) == near.ip
    tenant.ec2("DeleteNetworkAclEntry", **rule)
    assert tenant.ask(near, far.ip) == NOTHING


def test_echoes_pass_by_type_and_code(tenant: Tenant) -> None:
    _, subnet, near, far = _apart(tenant)
    acl = tenant.acl(subnet, ("out", 100, "allow", ANY, None))
    icmp = {"NetworkAclId": acl, "Egress": False, "RuleAction": "allow", "Protocol": "1", "CidrBlock": ANY}
    tenant.ec2("CreateNetworkAclEntry", RuleNumber=100, IcmpTypeCode={"Type": 3, "Code": -1}, **icmp)
    assert not tenant.pings(near, far.ip)
    tenant.ec2("CreateNetworkAclEntry", RuleNumber=110, IcmpTypeCode={"Type": 8, "Code": 0}, **icmp)
    assert tenant.pings(near, far.ip)
    assert tenant.ask(near, far.ip) == NOTHING


def test_the_internet_and_peers_meet_the_acl_too(tenant: Tenant) -> None:
    vpc, subnet, near, far = _apart(tenant)
    table = tenant.main_table(vpc)
    tenant.route(table, ANY, tenant.gateway(vpc))
    public = tenant.address(far)
    outside = tenant.outside()
    assert (tenant.ask(far, outside), tenant.ask_from_outside(public)) == (public, outside)
    everything = (("in", 100, "allow", ANY, None), ("out", 100, "allow", ANY, None))
    tenant.acl(subnet, ("in", 50, "deny", "203.0.113.0/24", (80, 80)), *everything)
    assert (tenant.ask(far, outside), tenant.ask_from_outside(public)) == (public, NOTHING)
    assert tenant.ask(near, far.ip) == near.ip
