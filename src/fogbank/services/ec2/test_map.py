from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.flows import Accepted, Count, Flow, Flows, Rejected
from fogbank.services.ec2 import map as maps
from fogbank.services.ec2 import pages, traffic
from fogbank.services.ec2.network import names
from fogbank.services.ec2.resources import Vpc
from fogbank.services.ec2.traffic import Recent
from fogbank.testing import TestCloud

OUTSIDE = names.OUTSIDE


class Telling(FakeNet):
    """A network in which what is put into `news` and `totals` has happened."""

    def __init__(self) -> None:
        super().__init__("full")
        self.news: list[Flows] = []
        self.totals: dict[str, tuple[int, int]] = {}
        self.ended: list[str] = []

    @property
    def has_packets(self) -> bool:
        return True

    async def flows(self, ns: str, *, ends: bool = False) -> Flows:
        if ends:
            self.ended.append(ns)
        return self.news.pop(0) if self.news else Flows()

    async def counters(self, ns: str) -> Mapping[str, tuple[int, int]]:
        return dict(self.totals)


class Site:
    """A VPC with a public and a private subnet, an internet gateway, a NAT gateway, and a host in each subnet."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.ec2 = cloud.client("ec2")
        self.vpc = self.ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.public, self.private = self._subnet("10.0.1.0/24", "a"), self._subnet("10.0.2.0/24", "b")
        self.igw = self.ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
        self.ec2("AttachInternetGateway", InternetGatewayId=self.igw, VpcId=self.vpc)
        self.public_table = self._table(self.public, GatewayId=self.igw)
        address = self.ec2("AllocateAddress")["AllocationId"]
        self.nat = self.ec2("CreateNatGateway", SubnetId=self.public, AllocationId=address)["NatGateway"][
            "NatGatewayId"
        ]
        self.private_table = self._table(self.private, NatGatewayId=self.nat)
        made = self.ec2("CreateSecurityGroup", GroupName="web", Description="x", VpcId=self.vpc)
        self.group = made["GroupId"]
        rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": self.group}]}
        allowed = self.ec2("AuthorizeSecurityGroupIngress", GroupId=self.group, IpPermissions=[rule])
        self.rule = allowed["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        self.web, self.web_ip = self._host(self.public)
        self.db, self.db_ip = self._host(self.private)

    def _subnet(self, cidr: str, zone: str) -> str:
        found = self.ec2("CreateSubnet", VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=f"us-east-1{zone}")
        return str(found["Subnet"]["SubnetId"])

    def _table(self, subnet: str, **target: str) -> str:
        made = str(self.ec2("CreateRouteTable", VpcId=self.vpc)["RouteTable"]["RouteTableId"])
        self.ec2("AssociateRouteTable", RouteTableId=made, SubnetId=subnet)
        self.ec2("CreateRoute", RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", **target)
        return made

    def _host(self, subnet: str) -> tuple[str, str]:
        made = self.ec2("CreateNetworkInterface", SubnetId=subnet, Groups=[self.group])["NetworkInterface"]
        return made["NetworkInterfaceId"], made["PrivateIpAddress"]

    @property
    def scene(self) -> maps.Scene:
        ctx = self.cloud.cloud.context("ec2", "page", callers.root("000000000000"), "us-east-1")
        with ctx.begin():
            vpc = ctx.get(Vpc, self.vpc)
            assert vpc is not None
            return maps.read(ctx, vpc)

    @property
    def map(self) -> dict[str, Any]:
        return maps.drawn(self.scene)

    def nat_interface(self) -> dict[str, Any]:
        return next(one for one in self.map["interfaces"] if one["nat"] == self.nat)

    def look(self, flows: Flows) -> dict[str, Any]:
        """What the console is told of flows that were just seen."""
        recent, scene = Recent(), self.scene
        recent.add(100.0, traffic.look(scene, flows))
        return recent.told(100.0, scene)

    def page(self, path: str, method: str = "GET", body: str | bytes = b"") -> dict[str, Any]:
        path, _, query = path.partition("?")
        ctx = self.cloud.cloud.context("ec2", "page", callers.anonymous())
        content = body if isinstance(body, bytes) else body.encode()
        request = Request(method, f"/_fogbank/net{path}", query, {}, content)
        response = self.cloud.run(pages.answer(ctx, request))
        found: dict[str, Any] = json.loads(response.body)
        return found


@pytest.fixture
def site(cloud: TestCloud) -> Site:
    return Site(cloud)


@pytest.fixture
def telling() -> Iterator[tuple[Site, Telling]]:
    net = Telling()
    cloud = TestCloud(net=lambda _: net)
    found = Site(cloud)
    cloud.run(cloud.cloud.settled())
    yield found, net
    cloud.close()


def flow(source: str, destination: str, port: int, entered: str = "", left: str = "") -> Flow:
    return Flow(6, source, destination, 50_000, port, entered, left)


def passed(one: Flow, sent: int = 3, answered: int = 2) -> Flows:
    return Flows(accepted=(Accepted(one, Count(sent, sent * 60), Count(answered, answered * 50)),))


def dropped(one: Flow, side: str) -> Flows:
    return Flows(rejected=(Rejected(one, side, Count(1, 60)),))


def edge(site: Site, subnet: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in site.map["edges"] if one["from"] == subnet)
    return found


def decided(told: Mapping[str, Any]) -> list[tuple[str, str, str, bool]]:
    return [(one["id"], one["number"], one["way"], one["allows"]) for one in told["rules"]]


# The map


def test_a_subnet_shows_its_block_its_free_addresses_its_table_and_its_acl(site: Site) -> None:
    public, private = site.map["subnets"]
    described = site.ec2("DescribeSubnets", SubnetIds=[site.public])["Subnets"][0]
    assert (public["id"], public["cidr"], public["zone"]) == (site.public, "10.0.1.0/24", "us-east-1a")
    assert public["free"] == described["AvailableIpAddressCount"] == 249
    assert (public["is_public"], private["is_public"]) == (True, False)
    assert (public["table"], private["table"]) == (site.public_table, site.private_table)
    assert public["acl"] in site.map["acls"]
    assert site.map["zones"] == ["us-east-1a", "us-east-1b"]


def test_edges_go_where_routes_lead_and_to_a_nat_gateway_where_its_interface_is(site: Site) -> None:
    assert edge(site, site.public)["to"] == site.igw
    to_nat = edge(site, site.private)
    assert (to_nat["target"], to_nat["to"]) == (site.nat, site.nat_interface()["id"])
    assert site.nat_interface()["kind"] == "NAT gateway" and site.nat_interface()["public"]
    assert [one["kind"] for one in site.map["gateways"]] == ["internet gateway"]


def test_routes_are_told_longest_prefix_first(site: Site) -> None:
    for block in ("192.168.0.0/16", "192.168.7.0/24"):
        site.ec2("CreateRoute", RouteTableId=site.public_table, DestinationCidrBlock=block, GatewayId=site.igw)
    blocks = [one["destination"] for one in edge(site, site.public)["routes"]]
    assert blocks == ["192.168.7.0/24", "192.168.0.0/16", "0.0.0.0/0"]
    assert [one["destination"] for one in site.map["tables"][site.public_table]["routes"]][1:3] == [
        "10.0.0.0/16",
        "192.168.0.0/16",
    ]


def test_a_route_to_what_is_gone_is_a_blackhole_with_a_place_of_its_own(site: Site) -> None:
    site.ec2("DeleteNatGateway", NatGatewayId=site.nat)
    site.cloud.advance(60)
    gone = edge(site, site.private)
    assert gone["is_blackhole"] and gone["routes"][0]["state"] == "blackhole"
    assert {"id": site.nat, "kind": "blackhole"}.items() <= site.map["gateways"][-1].items()
    assert not edge(site, site.public)["is_blackhole"]


def test_endpoints_peerings_and_egress_only_gateways_stand_around_the_vpc(site: Site) -> None:
    endpoint = site.ec2(
        "CreateVpcEndpoint",
        VpcId=site.vpc,
        ServiceName="com.amazonaws.us-east-1.s3",
        RouteTableIds=[site.private_table],
    )["VpcEndpoint"]["VpcEndpointId"]
    other = site.ec2("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = site.ec2("CreateVpcPeeringConnection", VpcId=site.vpc, PeerVpcId=other)["VpcPeeringConnection"]
    site.ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    site.ec2("CreateEgressOnlyInternetGateway", VpcId=site.vpc)
    kinds = [one["kind"] for one in site.map["gateways"]]
    assert kinds == ["internet gateway", "egress-only gateway", "gateway endpoint", "peering"]
    assert any(other in one["text"] and "10.9.0.0/16" in one["text"] for one in site.map["gateways"])
    to_s3 = next(one for one in site.map["edges"] if one["to"] == endpoint)
    assert to_s3["from"] == site.private and to_s3["routes"][0]["blocks"]


def test_rules_are_told_under_the_names_of_their_counters(site: Site) -> None:
    """The names are those of the kernel's rules: the facts of the network say them."""
    site.cloud.run(site.cloud.cloud.settled())
    net = site.cloud.cloud.net
    assert isinstance(net, FakeNet)
    comments = " ".join(str(fact) for facts in net.parts.values() for fact in facts)
    rules = [one for group in site.map["groups"].values() for one in group["rules"]]
    rules += [one for acl in site.map["acls"].values() for one in acl["entries"]]
    missing = [one["counter"] for one in rules if f'comment "{one["counter"]}' not in comments]
    assert rules and not missing


# The traffic


def test_what_passes_colours_its_conversation_and_names_the_rules_that_let_it(site: Site) -> None:
    told = site.look(passed(flow(site.web_ip, site.db_ip, 80)))
    (talk,) = told["conversations"]
    assert (talk["from"], talk["to"]) == (site.web, site.db)
    assert (talk["passed"], talk["dropped"]["packets"]) == ({"packets": 5, "bytes": 280}, 0)
    assert (site.group, site.rule, "in", True) in decided(talk)
    assert told["edges"] == {}


def test_what_a_group_drops_is_dropped_at_the_receiver_and_let_go_by_the_sender(site: Site) -> None:
    told = site.look(dropped(flow(site.web_ip, site.db_ip, 22), "in"))
    (talk,) = told["conversations"]
    assert (talk["passed"]["packets"], talk["dropped"]["packets"]) == (0, 1)
    assert decided(talk) == [(site.group, "no rule", "in", False)]
    assert talk["rules"][0]["counter"] == f"{names.combination([site.group])}-in"
    assert told["interfaces"][site.db]["dropped"]["packets"] == 1
    assert told["interfaces"][site.web]["dropped"]["packets"] == 0


@pytest.mark.parametrize(("way", "number"), [("out", "90"), ("in", "90"), ("in", "*")])
def test_what_an_acl_drops_names_the_entry(site: Site, way: str, number: str) -> None:
    """Egress is decided where the sender is, ingress where the receiver is; `*` is the last entry."""
    acl = next(iter(site.map["acls"]))
    if number == "*":
        site.ec2("DeleteNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, Egress=False)
    else:
        site.ec2(
            "CreateNetworkAclEntry",
            NetworkAclId=acl,
            RuleNumber=90,
            Egress=way == "out",
            Protocol="6",
            RuleAction="deny",
            CidrBlock="0.0.0.0/0",
            PortRange={"From": 80, "To": 80},
        )
    told = site.look(dropped(flow(site.web_ip, site.db_ip, 80), way))
    (talk,) = told["conversations"]
    assert decided(talk) == [(acl, number, way, False)]
    assert talk["rules"][0]["at"] == (site.public if way == "out" else site.private)
    assert (site.db in told["interfaces"]) == (way == "in")


def test_both_legs_through_a_nat_gateway_are_on_their_own_edges(site: Site) -> None:
    nat = site.nat_interface()
    leg = flow(site.db_ip, OUTSIDE, 443, names.device(site.db), names.device(nat["id"]))
    out = flow(nat["addresses"][0], OUTSIDE, 443, names.device(nat["id"]), names.INTERNET_DEVICE)
    told = site.look(Flows(accepted=passed(leg).accepted + passed(out).accepted))
    assert told["edges"].keys() == {f"{site.private}>{site.nat}", f"{site.public}>{site.igw}"}
    assert all(one["passed"]["packets"] == 5 for one in told["edges"].values())
    assert told["conversations"] == []


def test_what_comes_in_from_the_internet_is_on_the_edge_that_its_answers_take(site: Site) -> None:
    come = flow(OUTSIDE, site.web_ip, 22, names.INTERNET_DEVICE, names.device(site.web))
    told = site.look(dropped(come, "in"))
    assert told["edges"][f"{site.public}>{site.igw}"]["dropped"]["packets"] == 1
    unanswerable = flow(OUTSIDE, site.db_ip, 22, names.INTERNET_DEVICE, names.device(site.db))
    told = site.look(dropped(unanswerable, "in"))
    assert told["edges"] == {}
    assert (told["conversations"][0]["from"], told["conversations"][0]["to"]) == (site.igw, site.db)


def test_what_only_counters_tell_is_blamed_on_nobody_when_it_may_be_several(site: Site) -> None:
    recent, scene = Recent(), site.scene
    recent.counted(100.0, {})
    recent.counted(101.0, {"no public address": (4, 240)})
    (lost,) = recent.told(101.0, scene)["elsewhere"]
    assert (lost["dropped"]["packets"], lost["at"]) == (4, [site.igw, f"{site.public}>{site.igw}"])


def test_a_fault_is_blamed_on_what_is_broken(site: Site) -> None:
    site.page("/faults", "POST", json.dumps({"target": site.db}))
    assert site.map["faults"] == [{"at": site.db, "loss": 1.0}]
    recent = Recent()
    recent.counted(100.0, {})
    recent.counted(101.0, {"fault": (2, 120)})
    assert recent.told(101.0, site.scene)["elsewhere"][0]["at"] == [site.db]


def test_the_last_seconds_pass(site: Site) -> None:
    recent, scene = Recent(), site.scene
    recent.add(100.0, traffic.look(scene, passed(flow(site.web_ip, site.db_ip, 80))))
    assert recent.told(104.9, scene)["conversations"]
    assert recent.told(105.0, scene)["conversations"] == []


def test_counters_of_a_rule_made_anew_begin_anew_and_what_nobody_watched_is_not_of_the_last_seconds(
    site: Site,
) -> None:
    recent, scene = Recent(), site.scene

    def counted(at: float, packets: int) -> tuple[int, int]:
        recent.counted(at, {"acl-1-in 100": (packets, packets * 10)})
        found = recent.told(at, scene)["counters"]["acl-1-in 100"]
        return found["total"]["packets"], found["recent"]["packets"]

    assert counted(100.0, 50) == (50, 0)
    assert counted(101.0, 53) == (53, 3)
    assert counted(102.0, 2) == (2, 5)
    assert counted(110.0, 90) == (90, 0)


def test_rules_of_a_group_are_counted_together_whose_ports_are_the_same(site: Site) -> None:
    kernel = {f"{site.group}-in tcp 80-80 0": (1, 60), f"{site.group}-in tcp 80-80 1": (2, 120), "acl-1-in *": (3, 9)}
    assert traffic.by_rule(kernel) == {f"{site.group}-in tcp 80-80": (3, 180), "acl-1-in *": (3, 9)}


# The pages


def test_the_pages_tell_of_vpcs_of_all_accounts_and_say_what_is_not_there(site: Site) -> None:
    strangers = site.cloud.call("ec2", "DescribeVpcs", caller=callers.root("111122223333"), region="eu-west-1")
    listed = site.page("/map")
    homes = {one["id"]: (one["account"], one["region"]) for one in listed["vpcs"]}
    assert homes[site.vpc] == ("000000000000", "us-east-1")
    assert homes[strangers["Vpcs"][0]["VpcId"]] == ("111122223333", "eu-west-1")
    assert site.page(f"/map?vpc={site.vpc}")["vpc"]["id"] == site.vpc
    assert "does not exist" in site.page("/traffic?vpc=vpc-0")["message"]
    assert "vpc" in site.page("/traffic")["message"]


def test_a_packet_is_traced_by_the_records(site: Site) -> None:
    told = site.page("/trace", "POST", json.dumps({"source": site.web, "destination": site.db_ip, "port": 443}))
    assert (told["forth"]["at"], told["forth"]["reason"]) == (site.db, "ENI_SG_RULES_MISMATCH")
    told = site.page("/trace", "POST", json.dumps({"source": site.web, "destination": site.db}))
    assert (told["forth"]["end"], told["back"]["end"]) == (site.db, site.web)


def test_a_line_is_as_it_was_last_said(site: Site) -> None:
    between = {"here": "us-east-1", "there": "eu-west-1"}
    usual = site.page("/line", "POST", json.dumps(between))
    assert (usual["here"], usual["there"], usual["loss"]) == ("eu-west-1", "us-east-1", 0.0)
    said = site.page("/line", "POST", json.dumps({**between, "round_trip_seconds": 0.5, "loss": 0.25}))
    assert (said["round_trip_seconds"], said["loss"]) == (0.5, 0.25)
    assert site.page("/line", "POST", json.dumps({**between, "round_trip_seconds": None})) == usual


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/trace", "not JSON", "JSON is malformed"),
        ("/trace", b'{"source": "\xff"}', "can't decode byte 0xff"),
        ("/trace", "[]", "Expected `object`"),
        ("/trace", {"source": "eni-1"}, "`destination`"),
        ("/trace", {"source": "web", "destination": "10.0.0.4", "port": 65536}, "<= 65535"),
        ("/trace", {"source": "web", "destination": "10.0.0.4", "port": "80"}, "Expected `int`"),
        ("/trace", {"source": "web", "destination": "10.0.0.4", "protocol": "carrier pigeon"}, "carrier pigeon"),
        ("/trace", {"source": "web", "destination": "db.internal"}, "db.internal is neither an address nor"),
        ("/trace", {"source": "web", "destination": "2001:db8::1"}, "has no address from which"),
        ("/line", {"here": "us-east-1", "there": "us-east-9"}, "us-east-9 is no region"),
        ("/line", {"here": "us-east-1", "there": "us-east-1", "loss": 0.5}, "between two regions"),
        ("/line", {"here": "us-east-1", "there": "eu-west-1", "loss": 2}, "<= 1.0"),
        ("/line", {"here": "us-east-1", "there": "eu-west-1", "delay": 2}, "unknown field `delay`"),
        ("/faults", {"loss": 1}, "`target`"),
    ],
)
def test_a_page_says_what_it_does_not_understand(site: Site, path: str, body: Any, why: str) -> None:
    if isinstance(body, dict):
        body = json.dumps({**body, **({"source": site.web} if body.get("source") == "web" else {})})
    answer = site.page(path, "POST", body)
    assert answer["error"] == "ValidationException"
    assert why in answer["message"]


def test_a_bug_of_ours_is_no_fault_of_who_asks(telling: tuple[Site, Telling], monkeypatch: pytest.MonkeyPatch) -> None:
    site, net = telling

    async def broken(ns: str) -> Mapping[str, tuple[int, int]]:
        raise KeyError(ns)

    monkeypatch.setattr(net, "counters", broken)
    with pytest.raises(KeyError):
        site.page(f"/traffic?vpc={site.vpc}")


def test_without_packets_the_pages_say_so_and_everything_is_idle(site: Site) -> None:
    told = site.page(f"/traffic?vpc={site.vpc}")
    assert (told["has_packets"], told["edges"], told["conversations"]) == (False, {}, [])


def test_who_looks_again_sees_what_has_happened_since(telling: tuple[Site, Telling]) -> None:
    site, net = telling
    first = site.page(f"/traffic?vpc={site.vpc}")
    assert first["conversations"] == []
    net.news = [passed(flow(site.web_ip, site.db_ip, 80))]
    net.totals = {f"{site.group}-in tcp 80-80 0": (1, 60)}
    told = site.page(f"/traffic?vpc={site.vpc}")
    assert told["conversations"][0]["passed"]["packets"] == 5
    assert told["counters"][f"{site.group}-in tcp 80-80"]["recent"]["packets"] == 1


def test_looking_takes_nothing_from_flow_logs(telling: tuple[Site, Telling]) -> None:
    site, net = telling
    iam = site.cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam("CreateRole", RoleName="flows", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    may = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    iam("PutRolePolicy", RoleName="flows", PolicyName="logs", PolicyDocument=json.dumps({"Statement": [may]}))
    site.ec2(
        "CreateFlowLogs",
        ResourceIds=[site.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        MaxAggregationInterval=60,
        LogGroupName="flows",
        DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/flows",
    )
    site.cloud.run(site.cloud.cloud.settled())
    site.page(f"/traffic?vpc={site.vpc}")
    net.news = [dropped(flow(site.web_ip, site.db_ip, 22), "in")]
    assert site.page(f"/traffic?vpc={site.vpc}")["conversations"][0]["dropped"]["packets"] == 1
    site.cloud.advance(60)
    logs = site.cloud.client("logs")
    events = logs("FilterLogEvents", logGroupName="flows", filterPattern="REJECT")["events"]
    assert [one["message"].split()[2] for one in events] == [site.db]


def test_what_flow_logs_read_is_seen_by_who_watches(telling: tuple[Site, Telling]) -> None:
    site, _ = telling
    site.page(f"/traffic?vpc={site.vpc}")
    ctx = site.cloud.cloud.context("ec2", "page", callers.root("000000000000"), "us-east-1")
    now = traffic.watched(ctx, site.vpc).looked_at
    with ctx.begin():
        traffic.gathered(ctx, site.vpc, passed(flow(site.web_ip, site.db_ip, 80)), now)
    assert site.page(f"/traffic?vpc={site.vpc}")["conversations"]


def test_the_router_is_let_go_when_nobody_looks_any_more(
    telling: tuple[Site, Telling], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, net = telling
    monkeypatch.setattr(pages, "_LET_GO_SECONDS", 0.0)
    site.page(f"/traffic?vpc={site.vpc}")
    site.cloud.run(site.cloud.cloud.settled())
    site.page("/map")
    site.page("/map")
    assert net.ended == [site.vpc]
