from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fogbank.services.ec2.fabric import Fabric
from fogbank.services.ec2.network import walk
from fogbank.services.ec2.network.decide import Packet
from fogbank.services.ec2.network.faults import Broken
from fogbank.services.ec2.network.walk import INTERNET, Map, Walk
from fogbank.services.ec2.resources import (
    AclEntry,
    Association,
    Block,
    Edge,
    NatAddress,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Peering,
    PrivateAddress,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Side,
    Subnet,
    Vpc,
)

ANY = "0.0.0.0/0"
OUTSIDE = "203.0.113.10"
PUBLIC, NAT_PUBLIC = "198.19.32.9", "198.19.32.10"
OPEN = SecurityGroup(
    vpc_id="vpc-1",
    id="sg-open",
    name="open",
    description="x",
    rules=(Rule("r1", False, "-1", -1, -1, ANY), Rule("r2", True, "-1", -1, -1, ANY)),
)
CLOSED = SecurityGroup(vpc_id="vpc-1", id="sg-closed", name="closed", description="x", rules=OPEN.rules[1:])
ALLOW = NetworkAcl(
    vpc_id="vpc-1",
    id="acl-1",
    entries=tuple(AclEntry(100, is_egress, "-1", True, ANY) for is_egress in (False, True)),
)


class World:
    """Two peers. 10.0.0.0/16 has a public subnet with a NAT gateway, and a private one; 10.9.0.0/16 has one subnet."""

    def __init__(self) -> None:
        self.routes = {"public": {ANY: "igw-1"}, "private": {ANY: "nat-1"}, "peer": {"10.0.0.0/16": "pcx-1"}}
        self.acls = {"public": ALLOW, "private": ALLOW, "peer": ALLOW}
        self.edges: tuple[Edge, ...] = ()
        self.peering = "active"
        self.nat = "available"
        public = PrivateAddress("10.0.1.4", Association("", "eipalloc-1", PUBLIC, "amazon"))
        nat = PrivateAddress("10.0.1.9", Association("", "eipalloc-2", NAT_PUBLIC, "amazon"))
        self.interfaces = {
            "a": self._interface("a", "vpc-1", "public", public),
            "b": self._interface("b", "vpc-1", "private", PrivateAddress("10.0.2.4")),
            "c": self._interface("c", "vpc-2", "peer", PrivateAddress("10.9.1.4")),
            "nat": self._interface("nat", "vpc-1", "public", nat, groups=(), checks_source=False),
        }
        self.groups = {"sg-open": OPEN, "sg-closed": CLOSED}

    @staticmethod
    def _interface(name: str, vpc: str, subnet: str, address: PrivateAddress, **more: Any) -> NetworkInterface:
        given = {"groups": ("sg-open",), **more}
        return NetworkInterface(
            vpc_id=vpc, id=f"eni-{name}", subnet_id=f"subnet-{subnet}", mac="", addresses=(address,), **given
        )

    def change(self, name: str, **more: Any) -> None:
        self.interfaces[name] = msgspec.structs.replace(self.interfaces[name], **more)

    def map(self) -> Map:
        fabrics = {
            "vpc-1": self._fabric("vpc-1", "10.0.0.0/16", ("public", "private"), "igw-1"),
            "vpc-2": self._fabric("vpc-2", "10.9.0.0/16", ("peer",), ""),
        }
        interfaces: dict[str, dict[str, NetworkInterface]] = {"vpc-1": {}, "vpc-2": {}}
        public = {}
        for one in self.interfaces.values():
            for address in one.addresses:
                interfaces[one.vpc_id][address.address] = one
                if address.association is not None:
                    public[address.association.public_ip] = (one.vpc_id, address.address)
        return Map(fabrics, interfaces, self.groups, public, {})

    def _fabric(self, vpc: str, cidr: str, subnets: tuple[str, ...], gateway: str) -> Fabric:
        found = Vpc(id=vpc, blocks=(Block("a", cidr),), internet_gateway_id=gateway)
        nat = NatGateway(
            vpc_id=vpc,
            id="nat-1",
            subnet_id="subnet-public",
            interface_id="eni-nat",
            state=self.nat,
            addresses=(NatAddress("10.0.1.9", NAT_PUBLIC),),
        )
        sides = Side("1" * 12, "us-east-1", "vpc-1"), Side("1" * 12, "us-east-1", "vpc-2")
        peering = Peering(id="pcx-1", requester=sides[0], accepter=sides[1], status=self.peering)
        return Fabric(
            vpc=found,
            region="us-east-1",
            zones=["us-east-1a"],
            subnets={
                f"subnet-{one}": Subnet(
                    vpc_id=vpc,
                    id=f"subnet-{one}",
                    number=at,
                    cidr="",
                    zone="us-east-1a",
                    zone_id="",
                    acl_id=f"acl-{one}",
                    route_table_id=f"rtb-{one}",
                )
                for at, one in enumerate(subnets, 101)
            },
            tables={
                f"rtb-{one}": RouteTable(
                    vpc_id=vpc,
                    id=f"rtb-{one}",
                    number=at,
                    routes=tuple(Route(block, target) for block, target in self.routes[one].items()),
                    edges=self.edges if one == "public" else (),
                )
                for at, one in enumerate(subnets, 201)
            },
            acls=[msgspec.structs.replace(self.acls[one], id=f"acl-{one}") for one in subnets],
            nats={"nat-1": nat} if vpc == "vpc-1" and self.nat == "available" else {},
            egress_only=frozenset(),
            peerings={"pcx-1": peering} if self.peering == "active" else {},
            lines={},
            endpoints={},
            broken=Broken({}, {}),
            lists={},
            interfaces={one.id: one for one in self.interfaces.values() if one.vpc_id == vpc},
            transit={},
        )

    def ask(self, name: str, destination: str, port: int = 80) -> tuple[Walk, Walk | None]:
        eni = self.interfaces[name]
        packet = Packet("tcp", eni.addresses[0].address, destination, destination_port=port)
        return walk.both_ways(self.map(), eni, packet)

    def ends(self, name: str, destination: str, port: int = 80) -> tuple[str, str]:
        """Where a connection's first packet ends, and its answer; a reason where one dies."""
        forth, back = self.ask(name, destination, port)
        return forth.end or forth.reason, "" if back is None else back.end or back.reason

    def from_outside(self, destination: str) -> tuple[str, str]:
        forth, back = walk.both_ways_in(self.map(), Packet("tcp", OUTSIDE, destination, destination_port=80))
        return forth.end or forth.reason, "" if back is None else back.end or back.reason


@pytest.fixture
def world() -> World:
    return World()


def test_local_routes_lead_from_subnet_to_subnet_and_back(world: World) -> None:
    assert world.ends("a", "10.0.2.4") == ("eni-b", "eni-a")
    assert world.ends("a", "10.0.2.99") == ("NO_ROUTE_TO_DESTINATION", "")


def test_the_steps_tell_what_decided(world: World) -> None:
    forth, _ = world.ask("a", "10.0.2.4")
    assert [step.component for step in forth.steps] == [
        "eni-a",
        "rtb-public",
        "acl-public",
        "acl-private",
        "sg-open",
        "sg-open",
        "eni-b",
    ]
    assert forth.steps[1].more["target"] == "local"
    assert forth.steps[2].more["entry"].number == 100
    assert forth.steps[5].more["rule"].id == "r1"


def test_a_public_host_leaves_under_its_public_address(world: World) -> None:
    forth, back = world.ask("a", OUTSIDE)
    assert back is not None
    assert (forth.end, forth.packet.source, back.end) == (INTERNET, PUBLIC, "eni-a")


def test_a_private_host_leaves_under_the_nat_gateways_and_its_answer_finds_it(world: World) -> None:
    forth, back = world.ask("b", OUTSIDE)
    assert back is not None
    assert (forth.end, forth.packet.source, back.end) == (INTERNET, NAT_PUBLIC, "eni-b")
    assert "nat-1" in [step.component for step in forth.steps]
    assert back.packet.destination == "10.0.2.4"


def test_a_gateway_carries_nobody_without_a_public_address(world: World) -> None:
    world.routes["private"] = {ANY: "igw-1"}
    assert world.ends("b", OUTSIDE) == ("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "")


def test_a_route_to_what_is_gone_is_in_a_bad_state(world: World) -> None:
    world.nat = "deleted"
    assert world.ends("b", OUTSIDE) == ("BAD_STATE_ROUTE", "")
    world.routes["private"] = {}
    assert world.ends("b", OUTSIDE) == ("NO_ROUTE_TO_DESTINATION", "")


def test_the_longest_prefix_wins(world: World) -> None:
    world.routes["private"] = {ANY: "nat-1", "203.0.113.0/24": "eni-gone"}
    assert world.ends("b", OUTSIDE)[0] == "BAD_STATE_ROUTE"
    assert world.ends("b", "192.0.2.1")[0] == INTERNET


def test_from_outside_only_public_addresses_are_reached(world: World) -> None:
    assert world.from_outside(PUBLIC) == ("eni-a", INTERNET)
    assert world.from_outside("10.0.2.4") == ("IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS", "")
    assert world.from_outside(NAT_PUBLIC)[0] == "NO_ROUTE_TO_DESTINATION"


def test_an_answer_to_the_outside_needs_a_route(world: World) -> None:
    world.routes["public"] = {}
    assert world.from_outside(PUBLIC) == ("eni-a", "NO_ROUTE_TO_DESTINATION")


def test_a_public_address_of_the_same_vpc_is_reached_through_the_gateway(world: World) -> None:
    forth, back = world.ask("b", PUBLIC)
    assert (forth.end, forth.packet.source, back and back.end) == ("eni-a", NAT_PUBLIC, "eni-b")


def test_groups_decide_about_who_begins_and_not_about_answers(world: World) -> None:
    world.change("b", groups=("sg-closed",))
    assert world.ends("a", "10.0.2.4") == ("SG_HAS_NO_RULES", "")
    assert world.ends("b", "10.0.1.4") == ("eni-a", "eni-b")


def test_a_group_that_has_rules_but_none_that_matches_says_so(world: World) -> None:
    rules = (Rule("r3", False, "tcp", 443, 443, ANY), *CLOSED.rules)
    world.groups["sg-closed"] = msgspec.structs.replace(CLOSED, rules=rules)
    world.change("b", groups=("sg-closed",))
    assert world.ends("a", "10.0.2.4") == ("ENI_SG_RULES_MISMATCH", "")
    assert world.ends("a", "10.0.2.4", 443) == ("eni-b", "eni-a")


def test_acls_decide_about_answers_too(world: World) -> None:
    world.acls["private"] = msgspec.structs.replace(
        ALLOW, entries=(AclEntry(1, False, "6", True, ANY, 80, 80), AclEntry(1, True, "6", True, ANY, 80, 80))
    )
    assert world.ends("a", "10.0.2.4") == ("eni-b", "SUBNET_ACL_RESTRICTION")
    assert world.ends("a", "10.0.2.4", 81) == ("SUBNET_ACL_RESTRICTION", "")


def test_a_peering_needs_a_route_on_both_sides(world: World) -> None:
    assert world.ends("a", "10.9.1.4") == (INTERNET, "eni-a")
    world.routes["public"]["10.9.0.0/16"] = "pcx-1"
    assert world.ends("a", "10.9.1.4") == ("eni-c", "eni-a")
    world.routes["peer"] = {}
    assert world.ends("a", "10.9.1.4") == ("eni-c", "NO_ROUTE_TO_DESTINATION")


def test_a_peering_is_no_way_out(world: World) -> None:
    world.routes["peer"] = {ANY: "pcx-1"}
    assert world.ends("c", OUTSIDE) == ("NO_ROUTE_TO_DESTINATION", "")
    assert world.ends("c", "10.0.1.4")[0] == "eni-a"


def test_a_peering_that_is_gone_is_a_blackhole(world: World) -> None:
    world.routes["public"]["10.9.0.0/16"] = "pcx-1"
    world.peering = "deleted"
    assert world.ends("a", "10.9.1.4") == ("BAD_STATE_ROUTE", "")


def test_a_group_names_members_in_a_peer(world: World) -> None:
    world.routes["public"]["10.9.0.0/16"] = "pcx-1"
    named = Rule("r4", False, "-1", -1, -1, "sg-open")
    world.groups["sg-closed"] = msgspec.structs.replace(CLOSED, rules=(named, *CLOSED.rules))
    world.change("c", groups=("sg-closed",))
    assert world.ends("a", "10.9.1.4") == ("eni-c", "eni-a")
    world.change("a", groups=("sg-closed",))
    assert world.ends("a", "10.9.1.4")[0] == "ENI_SG_RULES_MISMATCH"


def test_an_interface_that_is_checked_is_no_way_to_others(world: World) -> None:
    world.routes["private"]["203.0.113.0/24"] = "eni-a"
    assert world.ends("b", OUTSIDE)[0] == "ENI_SOURCE_DEST_CHECK_RESTRICTION"


def test_what_comes_in_through_a_gateway_follows_its_table(world: World) -> None:
    world.edges = (Edge("rtbassoc-1", "igw-1"),)
    world.routes["public"] |= {"10.0.1.0/24": "eni-b"}
    assert world.from_outside(PUBLIC)[0] == "ENI_SOURCE_DEST_CHECK_RESTRICTION"


def test_a_delegated_prefix_leads_to_its_interface(world: World) -> None:
    world.change("b", prefixes=("10.0.2.16/28",))
    assert world.ends("a", "10.0.2.17")[0] == "eni-b"
    assert world.ends("a", "10.0.2.33")[0] == "NO_ROUTE_TO_DESTINATION"
