from __future__ import annotations

import pytest

from fogbank.services.ec2.network import decide
from fogbank.services.ec2.network.decide import Packet
from fogbank.services.ec2.resources import AclEntry, NetworkAcl, Rule, SecurityGroup

ANY = "0.0.0.0/0"
WEB = Packet("tcp", "10.0.1.4", "10.0.2.4", destination_port=80)
PING = Packet("icmp", "10.0.1.4", "10.0.2.4", source_port=8, destination_port=0)


def acl(*entries: AclEntry) -> NetworkAcl:
    return NetworkAcl(vpc_id="vpc-1", id="acl-1", entries=entries)


def group(*rules: Rule) -> SecurityGroup:
    return SecurityGroup(vpc_id="vpc-1", id="sg-1", name="x", description="x", rules=rules)


def rule(protocol: str = "tcp", low: int = 80, high: int = 80, peer: str = ANY, *, is_egress: bool = False) -> Rule:
    return Rule("sgr-1", is_egress, protocol, low, high, peer)


def lets(one: Rule, packet: Packet, *, members: tuple[str, ...] = (), is_egress: bool = False) -> bool:
    lists = {"pl-1": ("10.0.1.0/24",), "pl-2": ()}
    found = decide.rule([group(one)], packet, lists, lambda _, address: address in members, is_egress=is_egress)
    return found is not None


def test_an_answer_has_everything_the_other_way_round() -> None:
    assert WEB.reply() == Packet("tcp", "10.0.2.4", "10.0.1.4", 80, 50000)
    assert WEB.reply().reply() == WEB


@pytest.mark.parametrize(
    ("address", "block", "expected"),
    [
        ("10.0.1.4", "10.0.0.0/16", True),
        ("10.1.1.4", "10.0.0.0/16", False),
        ("2001:db8::1", "::/0", True),
        ("2001:db8::1", ANY, False),
        ("10.0.1.4", "::/0", False),
    ],
)
def test_a_block_holds_addresses_of_its_own_family(address: str, block: str, expected: bool) -> None:
    assert decide.is_within(address, block) is expected


def test_an_acl_without_a_match_denies_by_its_last_entry() -> None:
    found = decide.entry(acl(), WEB, is_egress=False)
    assert (found.number, found.allows) == (32767, False)


def test_the_entry_with_the_lowest_number_decides_in_whatever_order_they_are_kept() -> None:
    entries = (AclEntry(200, False, "-1", True, ANY), AclEntry(100, False, "6", False, "10.0.1.0/24", 80, 80))
    assert decide.entry(acl(*entries), WEB, is_egress=False).number == 100
    assert decide.entry(acl(*entries), WEB._replace(destination_port=81), is_egress=False).number == 200
    assert decide.entry(acl(*entries), WEB, is_egress=True).number == 32767


def test_an_entry_looks_at_the_far_end() -> None:
    inwards, outwards = AclEntry(1, False, "-1", True, "10.0.1.0/24"), AclEntry(1, True, "-1", True, "10.0.2.0/24")
    assert decide.entry(acl(inwards), WEB, is_egress=False).allows
    assert decide.entry(acl(outwards), WEB, is_egress=True).allows
    assert not decide.entry(acl(outwards), WEB.reply(), is_egress=True).allows


@pytest.mark.parametrize(
    ("type_", "code", "expected"), [(-1, -1, True), (8, -1, True), (8, 0, True), (8, 1, False), (0, -1, False)]
)
def test_icmp_goes_by_type_and_code(type_: int, code: int, expected: bool) -> None:
    one = AclEntry(1, False, "1", True, ANY, icmp_type=type_, icmp_code=code)
    assert decide.entry(acl(one), PING, is_egress=False).allows is expected
    assert lets(rule("icmp", type_, code), PING) is expected


@pytest.mark.parametrize(
    ("protocol", "low", "high", "expected"),
    [
        ("tcp", 80, 80, True),
        ("tcp", 0, 65535, True),
        ("tcp", -1, -1, True),
        ("6", 80, 80, True),
        ("tcp", 81, 90, False),
        ("udp", 80, 80, False),
        ("-1", -1, -1, True),
        ("icmp", -1, -1, False),
    ],
)
def test_a_rule_goes_by_protocol_and_ports(protocol: str, low: int, high: int, expected: bool) -> None:
    assert lets(rule(protocol, low, high), WEB) is expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (ANY, True),
        ("::/0", False),
        ("10.0.1.0/24", True),
        ("10.0.2.0/24", False),
        ("pl-1", True),
        ("pl-2", False),
        ("pl-3", False),
        ("sg-9", True),
    ],
)
def test_a_rule_lets_its_peer_through(peer: str, expected: bool) -> None:
    assert lets(rule(peer=peer), WEB, members=("10.0.1.4",)) is expected


def test_who_is_no_member_is_no_peer() -> None:
    assert not lets(rule(peer="sg-9"), WEB, members=("10.0.2.4",))


def test_rules_out_look_at_the_destination_and_only_outwards() -> None:
    out = rule(peer="10.0.2.0/24", is_egress=True)
    assert lets(out, WEB, is_egress=True)
    assert not lets(out, WEB)
    assert not lets(rule(peer="10.0.2.0/24"), WEB, is_egress=True)


def test_any_group_will_do_and_is_named() -> None:
    groups = [group(rule("udp")), group(rule())]
    found = decide.rule(groups, WEB, {}, lambda _, __: False, is_egress=False)
    assert found == (groups[1], rule())
