from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest

from fogbank.planes.net.facts import (
    LO,
    Address,
    Chain,
    Element,
    Fact,
    Line,
    Namespace,
    Neighbour,
    Pair,
    Route,
    RoutingRule,
    Rules,
    Set,
    mac,
)
from fogbank.services.ec2.network import acls, gateways, groups, interfaces, names, skeleton, tables, transit
from fogbank.services.ec2.network.groups import Ports
from fogbank.services.ec2.network.tables import Hop, Way
from fogbank.services.ec2.network.transit import Attached
from fogbank.services.ec2.resources import (
    AclEntry,
    Association,
    Block,
    Endpoint,
    NatAddress,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Peering,
    PrivateAddress,
    RouteTable,
    Rule,
    SecurityGroup,
    Side,
    Subnet,
    TransitAttachment,
    TransitRouteTable,
    Vpc,
)
from fogbank.services.ec2.transit import Effective

REGION = "us-east-1"
VPC = Vpc(
    id="vpc-0123456789abcdef0",
    blocks=(Block("a", "10.0.0.0/16"), Block("b", "10.1.0.0/16")),
    ipv6_blocks=(Block("c", "2001:db8:1::/56"),),
    internet_gateway_id="igw-1",
)
SUBNET = Subnet(
    vpc_id=VPC.id,
    id="subnet-1",
    number=101,
    cidr="10.0.1.0/24",
    zone="us-east-1b",
    zone_id="use1-az2",
    ipv6_blocks=(Block("d", "2001:db8:1:1::/64"),),
    acl_id="acl-1",
)
ENI = "eni-0aaaaaaaaaaaaaaaa"
DEVICE = "eaaaaaaaaaaaa"
TABLE = RouteTable(vpc_id=VPC.id, id="rtb-1", number=102)


def eni(**more: Any) -> NetworkInterface:
    given: dict[str, Any] = {"addresses": (PrivateAddress("10.0.1.4"),), "groups": ("sg-1",)} | more
    return NetworkInterface(vpc_id=VPC.id, id=ENI, subnet_id=SUBNET.id, mac="02:00:00:00:00:01", **given)


def of(facts: Iterable[Fact], kind: type[Fact]) -> set[Any]:
    return {one for one in facts if isinstance(one, kind)}


def rules(facts: Iterable[Fact], chain: str) -> tuple[str, ...]:
    (found,) = (one for one in facts if isinstance(one, Rules) and one.chain == chain)
    return found.rules


def elements(facts: Iterable[Fact], name: str) -> set[tuple[str, str]]:
    return {(one.key, one.value) for one in facts if isinstance(one, Element) and one.set == name}


# Names


def test_devices_have_room_for_twelve_digits_of_an_id() -> None:
    assert names.device(ENI) == DEVICE
    assert {names.device(f"{kind}-0123456789abcdef0")[0] for kind in ("eni", "pcx", "vpc", "vpce", "tgw-attach")} == {
        *"epvgt"
    }
    assert len(names.device("tgw-attach-0123456789abcdef0")) <= 15


def test_the_ends_of_links_have_addresses_of_their_own() -> None:
    found = {mac(one, end) for one in (ENI, VPC.id) for end in (0, 1)}
    assert len(found) == 4
    assert all(one.startswith("02:") and len(one) == 17 for one in found)


def test_a_set_of_groups_has_one_name_in_whatever_order() -> None:
    assert names.combination(("sg-1", "sg-2")) == names.combination(("sg-2", "sg-1")) != names.combination(("sg-1",))


# Interfaces


def test_an_interface_is_a_link_with_its_addresses_on_both_sides() -> None:
    facts = interfaces.interface(VPC, SUBNET, eni(), REGION)
    (pair,) = of(facts, Pair)
    assert (pair.ns, pair.name, pair.peer_ns, pair.peer_name) == (VPC.id, DEVICE, ENI, "eth0")
    assert (pair.group, pair.mtu, pair.peer_mac) == (101, 9001, "02:00:00:00:00:01")
    assert of(facts, Address) == {Address(ENI, "eth0", "10.0.1.4/24")}
    assert of(facts, Route) == {
        Route(VPC.id, "10.0.1.4/32", device=DEVICE),
        Route(ENI, "0.0.0.0/0", device="eth0", via="10.0.1.1"),
    }
    assert of(facts, Neighbour) == {
        Neighbour(VPC.id, DEVICE, "10.0.1.4", "02:00:00:00:00:01"),
        Neighbour(ENI, "eth0", "10.0.1.1", pair.mac),
    }
    assert elements(facts, "eni_addr") == {(f'"{DEVICE}" . 10.0.1.4', "")}
    assert (elements(facts, "enis"), elements(facts, "unchecked")) == ({(f'"{DEVICE}"', "")}, set())


def test_ipv6_leads_out_by_the_link_local_address_of_the_router() -> None:
    facts = interfaces.interface(VPC, SUBNET, eni(ipv6_addresses=("2001:db8:1:1::5",)), REGION)
    assert Route(ENI, "::/0", device="eth0", via="fe80::1") in facts
    assert Address(ENI, "eth0", "2001:db8:1:1::5/64") in facts
    assert Route(VPC.id, "2001:db8:1:1::5/128", device=DEVICE) in facts
    assert elements(facts, "eni_addr6") == {(f'"{DEVICE}" . 2001:db8:1:1::5', "")}


def test_a_delegated_prefix_is_a_route_and_a_source() -> None:
    facts = interfaces.interface(VPC, SUBNET, eni(prefixes=("10.0.1.16/28", "2001:db8:1:1:1::/80")), REGION)
    assert Route(VPC.id, "10.0.1.16/28", device=DEVICE) in facts
    assert elements(facts, "eni_net") == {(f'"{DEVICE}" . 10.0.1.16/28', "")}
    assert elements(facts, "eni_net6") == {(f'"{DEVICE}" . 2001:db8:1:1:1::/80', "")}


def test_an_unchecked_interface_is_in_the_set_of_those() -> None:
    assert elements(interfaces.interface(VPC, SUBNET, eni(checks_source=False), REGION), "unchecked")


def test_an_interface_goes_through_all_of_its_groups_and_is_a_member_of_each() -> None:
    facts = interfaces.interface(VPC, SUBNET, eni(groups=("sg-2", "sg-1")), REGION)
    chain = names.combination(("sg-1", "sg-2"))
    for way in ("in", "out"):
        assert elements(facts, f"eni_{way}") == {(f'"{DEVICE}"', f"goto {chain}-{way}")}
        found = rules(facts, f"{chain}-{way}")
        assert found[:2] == (f"jump sg-1-{way}", f"jump sg-2-{way}")
        assert f'comment "{chain}-{way}"' in found[2]
    assert elements(facts, "m4-sg-1") == elements(facts, "m4-sg-2") == {("10.0.1.4", "")}


def test_an_interface_without_groups_is_not_asked_for_any() -> None:
    facts = interfaces.interface(VPC, SUBNET, eni(groups=()), REGION)
    assert not elements(facts, "eni_in") | elements(facts, "eni_out")


def test_a_public_address_is_translated_where_there_is_a_gateway() -> None:
    public = (PrivateAddress("10.0.1.4", Association("", "eipalloc-1", "198.19.32.9", "amazon")),)
    facts = interfaces.interface(VPC, SUBNET, eni(addresses=public), REGION)
    assert elements(facts, "public_to_private") == {("198.19.32.9", "10.0.1.4")}
    assert elements(facts, "private_to_public") == {("10.0.1.4", "198.19.32.9")}
    assert Route("inet-us-east-1", "198.19.32.9/32", device=names.device(VPC.id), via="169.254.0.1") in facts
    closed = VPC.__class__(id=VPC.id, blocks=VPC.blocks)
    assert not elements(interfaces.interface(closed, SUBNET, eni(addresses=public), REGION), "has_public")


# Groups


def group(*given: Rule) -> SecurityGroup:
    return SecurityGroup(vpc_id=VPC.id, id="sg-1", name="x", description="x", rules=given)


def rule(peer: str, protocol: str = "tcp", low: int = 80, high: int = 80, *, is_egress: bool = False) -> Rule:
    return Rule("sgr-1", is_egress, protocol, low, high, peer)


def test_rules_of_the_same_ports_are_one_for_all_blocks_of_a_family() -> None:
    given = [rule("10.0.0.0/24"), rule("10.0.1.0/24"), rule("192.0.2.0/24"), rule("2001:db8::/32")]
    found = rules(groups.group(group(*given), {}, {}), "sg-1-in")
    assert len(found) == 2
    assert found[0].startswith("ip saddr { 10.0.0.0/23, 192.0.2.0/24 } tcp dport 80 counter accept ")
    assert found[1].startswith("ip6 saddr { 2001:db8::/32 } tcp dport 80 counter accept ")


def test_a_rule_for_everybody_looks_at_the_family_only() -> None:
    found = rules(groups.group(group(rule("0.0.0.0/0", "-1", -1, -1)), {}, {}), "sg-1-in")
    assert found[0].split()[:5] == ["meta", "nfproto", "ipv4", "counter", "accept"]


def test_rules_out_look_at_the_destination_and_go_on_to_the_receiver() -> None:
    found = rules(groups.group(group(rule("10.0.0.0/24", is_egress=True)), {}, {}), "sg-1-out")
    assert found[0].startswith("ip daddr { 10.0.0.0/24 } tcp dport 80 counter goto groups_in ")
    assert rules(groups.group(group(rule("10.0.0.0/24", is_egress=True)), {}, {}), "sg-1-in") == ()


def test_a_prefix_list_is_its_blocks_and_an_empty_one_is_nobody() -> None:
    found = groups.group(group(rule("pl-1")), {"pl-1": ("10.0.0.0/24", "10.0.2.0/24")}, {})
    assert rules(found, "sg-1-in")[0].startswith("ip saddr { 10.0.0.0/24, 10.0.2.0/24 } ")
    assert rules(groups.group(group(rule("pl-1")), {"pl-1": ()}, {}), "sg-1-in") == ()


def test_a_reference_is_the_set_of_the_other_groups_members() -> None:
    facts = groups.group(group(rule("sg-2")), {}, {})
    assert [one.split(" tcp")[0] for one in rules(facts, "sg-1-in")] == ["ip saddr @m4-sg-2", "ip6 saddr @m6-sg-2"]
    assert Set(VPC.id, "m4-sg-2", "type ipv4_addr") in facts
    assert not elements(facts, "m4-sg-2")


def test_members_beyond_the_vpc_are_in_the_set_here() -> None:
    facts = groups.group(group(rule("sg-2")), {}, {"sg-2": [eni(ipv6_addresses=("2001:db8::9",))]})
    assert elements(facts, "m4-sg-2") == {("10.0.1.4", "")}
    assert elements(facts, "m6-sg-2") == {("2001:db8::9", "")}


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        (Ports("-1", -1, -1), ""),
        (Ports("tcp", 80, 80), "tcp dport 80"),
        (Ports("tcp", 80, 90), "tcp dport 80-90"),
        (Ports("udp", 0, 65535), "meta l4proto udp"),
        (Ports("tcp", -1, -1), "meta l4proto tcp"),
        (Ports("icmp", -1, -1), "meta l4proto icmp"),
        (Ports("icmp", 8, -1), "icmp type 8"),
        (Ports("icmp", 3, 4), "icmp type 3 icmp code 4"),
        (Ports("icmpv6", 128, -1), "icmpv6 type 128"),
        (Ports("50", -1, -1), "meta l4proto 50"),
    ],
)
def test_ports_as_nft_matches_them(ports: Ports, expected: str) -> None:
    assert groups.what(ports) == expected


# Network ACLs


def test_an_acls_entries_are_in_order_and_the_last_one_is_for_all_the_rest() -> None:
    entries = (
        AclEntry(200, False, "-1", True, "0.0.0.0/0"),
        AclEntry(100, False, "6", False, "10.0.2.0/24", 80, 90),
        AclEntry(100, True, "17", True, "::/0", 53, 53),
    )
    facts = acls.acl(NetworkAcl(vpc_id=VPC.id, id="acl-1", entries=entries))
    inwards, outwards = rules(facts, "acl-1-in"), rules(facts, "acl-1-out")
    assert inwards[0].startswith("ip saddr 10.0.2.0/24 tcp dport 80-90 counter ")
    assert "goto groups_out" not in inwards[0]
    assert inwards[1].startswith("meta nfproto ipv4  counter goto groups_out ")
    assert outwards[0].startswith("meta nfproto ipv6 udp dport 53 counter goto enter ")
    assert [found[-1].endswith(f'comment "acl-1-{way} *"') for found, way in ((inwards, "in"), (outwards, "out"))] == [
        True,
        True,
    ]


def test_an_acl_without_entries_still_denies() -> None:
    facts = acls.acl(NetworkAcl(vpc_id=VPC.id, id="acl-1"))
    assert [len(rules(facts, f"acl-1-{way}")) for way in ("in", "out")] == [1, 1]


# Subnets and route tables


def test_a_subnet_is_a_link_group_with_a_table_and_an_acl() -> None:
    facts = tables.subnet(SUBNET, VPC, TABLE, 1)
    assert elements(facts, "route_table") == {("101", str(102 * 16 + 1))}
    assert elements(facts, "same_subnet") == {("101 . 101", "")}
    assert elements(facts, "acl_in") == {("101", "goto acl-1-in")}
    assert Chain(VPC.id, "acl-1-out") in facts


def test_a_table_has_local_routes_and_ends_in_a_blackhole() -> None:
    facts = tables.route_table(VPC, TABLE, [], [1])
    at = 102 * 16 + 1
    assert of(facts, RoutingRule) == {RoutingRule(VPC.id, at, at)}
    assert of(facts, Route) == {
        *(Route(VPC.id, block, table=at, kind="throw") for block in ("10.0.0.0/16", "10.1.0.0/16", "2001:db8:1::/56")),
        *(Route(VPC.id, every, table=at, kind="blackhole", metric=9999) for every in ("0.0.0.0/0", "::/0")),
    }


def test_a_way_is_a_route_of_its_family_and_one_to_nowhere_a_blackhole() -> None:
    ways = [
        Way("0.0.0.0/0", "igw-1", Hop("igw")),
        Way("::/0", "igw-1", Hop("igw")),
        Way("10.9.0.0/16", "pcx-1", None),
    ]
    facts = tables.route_table(VPC, TABLE, ways, [0])
    at = 102 * 16
    assert Route(VPC.id, "0.0.0.0/0", table=at, device="igw", via="169.254.0.1") in facts
    assert Route(VPC.id, "::/0", table=at, device="igw", via="fe80::1") in facts
    assert Route(VPC.id, "10.9.0.0/16", table=at, kind="blackhole") in facts


def test_a_way_may_differ_by_zone_and_be_missing_in_one() -> None:
    facts = tables.route_table(VPC, TABLE, [Way("10.9.0.0/16", "tgw-1", {0: Hop("e1", "10.0.1.9")})], [0, 1])
    assert Route(VPC.id, "10.9.0.0/16", table=102 * 16, device="e1", via="10.0.1.9") in facts
    assert Route(VPC.id, "10.9.0.0/16", table=102 * 16 + 1, kind="blackhole") in facts


def test_a_local_route_that_was_replaced_is_not_local() -> None:
    facts = tables.route_table(VPC, TABLE, [Way("10.0.0.0/16", "eni-1", Hop("e1", "10.0.1.9"))], [0])
    assert Route(VPC.id, "10.0.0.0/16", table=102 * 16, kind="throw") not in facts


# Gateways


def test_the_link_to_the_internet_leads_ipv6_back() -> None:
    facts = gateways.internet_link(VPC, REGION)
    (pair,) = of(facts, Pair)
    assert (pair.name, pair.peer_ns, pair.group, pair.mtu) == ("igw", "inet-us-east-1", names.GROUP_INTERNET, 1500)
    assert Route("inet-us-east-1", "2001:db8:1::/56", device=pair.peer_name, via="fe80::1") in facts
    assert Route("inet-us-east-1", "0.0.0.0/0", kind="blackhole", metric=9999) in facts
    assert Address("inet-us-east-1", LO, "203.0.113.10/32") in facts


def nat(*addresses: str, status: str = "succeeded") -> frozenset[Fact]:
    given = tuple(NatAddress(one, status=status) for one in addresses)
    found = NatGateway(vpc_id=VPC.id, id="nat-1", subnet_id="subnet-1", interface_id=ENI, addresses=given)
    return gateways.nat(found, eni())


def test_a_nat_gateway_translates_all_but_its_own_and_lets_nothing_begin_from_outside() -> None:
    facts = nat("10.0.1.4")
    assert rules(facts, "translate") == ("ip saddr != { 10.0.1.4 } snat ip to 10.0.1.4",)
    (chain,) = (one for one in of(facts, Chain) if one.name == "input")
    assert "policy drop" in chain.hook


def test_several_addresses_of_a_nat_gateway_share_the_hosts() -> None:
    (found,) = rules(nat("10.0.1.4", "10.0.1.5"), "translate")
    assert "mod 2 map { 0 : 10.0.1.4, 1 : 10.0.1.5 }" in found


def test_a_nat_gateway_without_an_address_is_nothing() -> None:
    assert nat("10.0.1.4", status="failed") == frozenset()


def peering(region: str) -> frozenset[Fact]:
    sides = Side("1" * 12, REGION, VPC.id), Side("2" * 12, region, "vpc-2")
    return gateways.peering(Peering(id="pcx-0123456789abcdef0", requester=sides[0], accepter=sides[1]), 0.08)


def test_a_peering_is_a_cable_within_a_region_and_a_line_between_two() -> None:
    (pair,) = of(peering(REGION), Pair)
    assert (pair.ns, pair.peer_ns, pair.group, pair.peer_group) == (VPC.id, "vpc-2", names.GROUP_JOIN, names.GROUP_JOIN)
    assert len(of(peering(REGION), Neighbour)) == 4
    (line,) = of(peering("eu-west-1"), Line)
    assert (line.ns, line.peer_ns, line.group) == (VPC.id, "vpc-2", names.GROUP_JOIN)
    assert not of(peering("eu-west-1"), Pair)


def test_an_endpoint_is_a_namespace_with_the_services_addresses() -> None:
    found = Endpoint(vpc_id=VPC.id, id="vpce-0123456789abcdef0", service="com.amazonaws.x.s3", prefix_list_id="pl-1")
    facts = gateways.endpoint(found, ["198.19.32.32"])
    assert Address(found.id, LO, "198.19.32.32/32") in facts
    assert Route(found.id, "0.0.0.0/0", device="eth0", via="169.254.0.1") in facts


# The router


def test_a_router_answers_for_the_resolver_only_with_dns_support() -> None:
    lo = {one.address for one in of(skeleton.router(VPC), Address)}
    assert {"10.0.0.2/32", "169.254.169.253/32", "169.254.169.254/32"} <= lo
    silent = Vpc(id=VPC.id, blocks=VPC.blocks, dns_support=False)
    assert not {"10.0.0.2/32", "169.254.169.253/32"} & {one.address for one in of(skeleton.router(silent), Address)}


def test_every_place_that_a_rule_of_the_router_goes_to_is_there() -> None:
    facts = skeleton.router(VPC)
    chains, sets = {one.name for one in of(facts, Chain)}, {one.name for one in of(facts, Set)}
    words = [word.strip(",") for one in of(facts, Rules) for line in one.rules for word in line.split()]
    assert {word[1:] for word in words if word.startswith("@")} <= sets
    assert {after for word, after in pairwise(words) if word in ("goto", "jump")} <= chains
    assert {one.chain for one in of(facts, Rules)} == chains


# Transit gateways


def attached(zone: int = 0) -> Attached:
    found = TransitAttachment(gateway_id="tgw-1", id="tgw-attach-1", number=3, resource_id=VPC.id)
    return Attached(found, {zone: eni()})


def test_an_attachment_looks_into_the_table_that_it_is_associated_with() -> None:
    table = TransitRouteTable(gateway_id="tgw-1", id="tgw-rtb-1", number=7)
    assert elements(transit.attachment(attached(2), table), "route_table") == {(str(3 * 16 + 2), str(7 * 16 + 2))}
    assert not elements(transit.attachment(attached(2), None), "route_table")


def test_routes_lead_by_the_zones_own_interface_or_by_any_and_others_nowhere() -> None:
    table = TransitRouteTable(gateway_id="tgw-1", id="tgw-rtb-1", number=7)
    routes = [
        Effective("10.0.0.0/16", "tgw-attach-1", "propagated", "active"),
        Effective("10.9.0.0/16", "tgw-attach-1", "static", "blackhole"),
        Effective("10.8.0.0/16", "tgw-attach-9", "static", "active"),
    ]
    facts = transit.route_table(table, routes, {"tgw-attach-1": attached()}, 2)
    for at in (7 * 16, 7 * 16 + 1):
        assert Route("tgw-1", "10.0.0.0/16", table=at, device="taaaaaaaaaaaa", via="169.254.0.1") in facts
        for nowhere in ("10.8.0.0/16", "10.9.0.0/16"):
            assert Route("tgw-1", nowhere, table=at, kind="blackhole") in facts
        assert Route("tgw-1", "0.0.0.0/0", table=at, kind="blackhole", metric=9999) in facts


def test_what_enters_a_transit_gateways_interface_goes_to_the_gateway() -> None:
    facts = transit.attachment(attached(), None)
    assert RoutingRule(ENI, 1, 1) in facts
    assert Route(ENI, "0.0.0.0/0", table=1, device="tgw", via="169.254.0.1") in facts
    assert Namespace(ENI) in facts
