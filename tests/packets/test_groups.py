"""Security groups: stateful, allow only, at each interface; who is a member decides, wherever the member is."""

from __future__ import annotations

from .tenant import NOTHING, REFUSED, Host, Tenant


def _pair(tenant: Tenant) -> tuple[str, str, Host, Host]:
    """A VPC with a group, a host that is open, and one in the group, in two subnets."""
    vpc = tenant.vpc()
    group = tenant.group(vpc)
    near = tenant.host(tenant.subnet(vpc, "10.0.1.0/24"))
    return vpc, group, near, tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"), group)


def test_a_group_without_rules_lets_nothing_in(tenant: Tenant) -> None:
    _, group, near, far = _pair(tenant)
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.allow(group, "10.0.1.0/24")
    assert tenant.ask(near, far.ip) == near.ip
    tenant.revoke(group, "10.0.1.0/24")
    assert tenant.ask(near, far.ip) == NOTHING


def test_what_a_group_drops_is_silence_and_what_it_lets_through_may_be_refused(tenant: Tenant) -> None:
    _, group, near, far = _pair(tenant)
    tenant.allow(group, "0.0.0.0/0", (80, 81))
    assert tenant.asked((near, far.ip, 81), (near, far.ip, 82)) == [REFUSED, NOTHING]


def test_a_rule_lets_its_ports_through_and_no_others(tenant: Tenant) -> None:
    _, group, near, far = _pair(tenant)
    tenant.allow(group, "0.0.0.0/0", (8000, 8002))
    probes = [(near, far.ip, port) for port in (7999, 8000, 8002, 8003)]
    assert tenant.asked(*probes) == [NOTHING, REFUSED, REFUSED, NOTHING]


def test_a_rule_lets_its_protocol_through_and_no_other(tenant: Tenant) -> None:
    _, group, near, far = _pair(tenant)
    tenant.net.serve(far.id, far.ip, 53, udp=True)
    tenant.net.serve(far.id, far.ip, 53)
    tenant.allow(group, "0.0.0.0/0", 53, protocol="udp")
    assert tenant.ask(near, far.ip, 53, udp=True) == near.ip
    assert tenant.ask(near, far.ip, 53) == NOTHING


def test_echoes_are_let_through_by_their_type(tenant: Tenant) -> None:
    _, group, near, far = _pair(tenant)
    assert not tenant.pings(near, far.ip)
    tenant.allow(group, "10.0.0.0/8", (8, -1), protocol="icmp")
    assert tenant.pings(near, far.ip)
    assert tenant.ask(near, far.ip) == NOTHING


def test_a_rule_lets_its_block_through_and_no_other(tenant: Tenant) -> None:
    vpc, group, near, far = _pair(tenant)
    beside = tenant.host(tenant.subnet(vpc, "10.0.3.0/24"))
    tenant.allow(group, f"{near.ip}/32")
    assert tenant.asked((near, far.ip), (beside, far.ip)) == [near.ip, NOTHING]


def test_a_group_counts_within_a_subnet_too(tenant: Tenant) -> None:
    vpc = tenant.vpc()
    subnet, group = tenant.subnet(vpc), tenant.group(vpc)
    near, far = tenant.host(subnet), tenant.host(subnet, group)
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.allow(group, "10.0.1.0/24")
    assert tenant.ask(near, far.ip) == near.ip


def test_rules_out_count_for_who_begins_and_answers_need_none(tenant: Tenant) -> None:
    _, group, near, far = _pair(tenant)
    tenant.allow(group, "0.0.0.0/0")
    assert tenant.asked((far, near.ip), (near, far.ip)) == [far.ip, near.ip]
    tenant.revoke(group, "0.0.0.0/0", None, way="Egress")
    assert tenant.asked((far, near.ip), (near, far.ip)) == [NOTHING, near.ip]
    tenant.allow(group, f"{near.ip}/32", 80, way="Egress")
    assert tenant.ask(far, near.ip) == far.ip


def test_several_groups_let_through_what_any_of_them_does(tenant: Tenant) -> None:
    vpc, group, near, far = _pair(tenant)
    other = tenant.group(vpc, "other")
    tenant.allow(group, "0.0.0.0/0", 80)
    tenant.allow(other, "0.0.0.0/0", 81)
    assert tenant.asked((near, far.ip), (near, far.ip, 81)) == [near.ip, NOTHING]
    tenant.join(far, group, other)
    assert tenant.asked((near, far.ip), (near, far.ip, 81)) == [near.ip, REFUSED]
    tenant.join(far, other)
    assert tenant.asked((near, far.ip), (near, far.ip, 81)) == [NOTHING, REFUSED]


def test_a_reference_means_the_members_of_the_moment(tenant: Tenant) -> None:
    vpc, group, near, far = _pair(tenant)
    clients = tenant.group(vpc, "clients")
    tenant.allow(group, clients)
    assert tenant.ask(near, far.ip) == NOTHING
    tenant.join(near, clients)
    assert tenant.ask(near, far.ip) == near.ip
    tenant.join(near, tenant.group(vpc, "elsewhere"))
    assert tenant.ask(near, far.ip) == NOTHING


def test_a_member_that_comes_later_is_a_member(tenant: Tenant) -> None:
    vpc, group, near, far = _pair(tenant)
    clients = tenant.group(vpc, "clients")
    tenant.allow(group, clients)
    late = tenant.host(tenant.subnet(vpc, "10.0.3.0/24"), clients)
    assert tenant.asked((late, far.ip), (near, far.ip)) == [late.ip, NOTHING]


def test_a_reference_of_a_group_to_itself_joins_its_members(tenant: Tenant) -> None:
    vpc, group, near, far = _pair(tenant)
    beside = tenant.host(tenant.subnet(vpc, "10.0.3.0/24"), group)
    assert tenant.ask(beside, far.ip) == NOTHING
    tenant.allow(group, group)
    assert tenant.asked((beside, far.ip), (near, far.ip)) == [beside.ip, NOTHING]


def test_the_default_group_lets_its_members_in_and_nobody_else(tenant: Tenant) -> None:
    vpc, _, near, _ = _pair(tenant)
    default = tenant.default_group(vpc)
    subnet = tenant.subnet(vpc, "10.0.3.0/24")
    first, second = tenant.host(subnet, default), tenant.host(subnet, default)
    assert tenant.asked((first, second.ip), (near, second.ip), (first, near.ip)) == [first.ip, NOTHING, first.ip]


def test_an_established_connection_outlives_its_rule_and_a_new_one_is_not_made(tenant: Tenant) -> None:
    """EC2 User Guide, "Security group connection tracking": tracked flows are not cut when a rule changes."""
    _, group, near, far = _pair(tenant)
    tenant.allow(group, "10.0.1.0/24")
    kept = tenant.net.connected(near.id, far.ip)
    assert kept.ask() == near.ip
    tenant.revoke(group, "10.0.1.0/24")
    assert (kept.ask(), tenant.ask(near, far.ip)) == (near.ip, NOTHING)


def test_a_prefix_list_in_a_rule_means_its_blocks_of_the_moment(tenant: Tenant) -> None:
    vpc, group, near, far = _pair(tenant)
    beside = tenant.host(tenant.subnet(vpc, "10.0.3.0/24"))
    made = tenant.ec2(
        "CreateManagedPrefixList",
        PrefixListName="x",
        AddressFamily="IPv4",
        MaxEntries=4,
        Entries=[{"Cidr": "10.0.1.0/24"}],
    )["PrefixList"]
    tenant.allow(group, made["PrefixListId"])
    assert tenant.asked((near, far.ip), (beside, far.ip)) == [near.ip, NOTHING]
    tenant.ec2(
        "ModifyManagedPrefixList",
        PrefixListId=made["PrefixListId"],
        CurrentVersion=1,
        AddEntries=[{"Cidr": "10.0.3.0/24"}],
        RemoveEntries=[{"Cidr": "10.0.1.0/24"}],
    )
    assert tenant.asked((near, far.ip), (beside, far.ip)) == [NOTHING, beside.ip]
