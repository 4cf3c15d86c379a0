from __future__ import annotations

from typing import NamedTuple

from fogbank.planes.net.flows import Accepted, Count, Flow, Flows, Rejected
from fogbank.services.ec2 import flow_formats, flow_records
from fogbank.services.ec2.flow_records import Face, Place, Window
from fogbank.services.ec2.network import names

A = Face(
    "eni-0aaaaaaaaaaaaaaaa", "123456789012", "subnet-a", "use1-az1", "", ("10.0.1.4", "10.0.1.5"), ("2001:db8::4",)
)
B = Face("eni-0bbbbbbbbbbbbbbbb", "123456789012", "subnet-b", "use1-az2", "i-0b", ("10.0.2.4",), ())
PLACE = Place(
    "vpc-1",
    "us-east-1",
    (A, B),
    frozenset({"10.0.0.2", names.METADATA}),
    frozenset({"pfar"}),
    {"198.18.0.32": "S3"},
)
EVERY = flow_formats.DEFAULT + (
    " ${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${pkt-dstaddr} ${region} ${az-id}"
    " ${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path} ${reject-reason}"
)


class Case(NamedTuple):
    flows: Flows
    traffic: str = "ALL"
    format: str = flow_formats.DEFAULT
    lost: int = 0


def rows(case: Case, *faces: Face) -> list[str]:
    window = Window(1431280876.2, 1431280934.9, flow_formats.fields(case.format), case.traffic, case.lost)
    found = flow_records.seen(case.flows, PLACE)
    return [row for _, row in flow_records.records(found, faces or (A, B), PLACE, window)]


def flow(source: str, destination: str, **more: object) -> Flow:
    known: dict[str, object] = {"protocol": 6, "source_port": 20641, "destination_port": 22, **more}
    return Flow(source=source, destination=destination, **known)  # type: ignore[arg-type]


def accepted(one: Flow, sent: Count, answered: Count | None = None) -> Flows:
    return Flows(accepted=(Accepted(one, sent, answered or Count()),))


def test_the_default_format_is_as_documented() -> None:
    """VPC User Guide, "Flow log record examples": accepted and rejected traffic, no data, skipped records."""
    case = Case(accepted(flow("172.31.16.139", "10.0.2.4"), Count(20, 4249)))
    assert rows(case, B) == [
        f"2 123456789012 {B.id} 172.31.16.139 10.0.2.4 20641 22 6 20 4249 1431280876 1431280934 ACCEPT OK"
    ]
    lost = Flows(rejected=(Rejected(flow("172.31.9.69", "10.0.2.4", left=names.device(B.id)), "in", Count(20, 4249)),))
    assert rows(Case(lost), B) == [
        f"2 123456789012 {B.id} 172.31.9.69 10.0.2.4 20641 22 6 20 4249 1431280876 1431280934 REJECT OK"
    ]
    assert rows(Case(Flows()), B) == [f"2 123456789012 {B.id} - - - - - - - 1431280876 1431280934 - NODATA"]
    assert rows(Case(Flows(), lost=3), B) == [f"2 123456789012 {B.id} - - - - - - - 1431280876 1431280934 - SKIPDATA"]


def test_every_field_that_can_be_known() -> None:
    one = flow("10.0.2.4", "198.18.0.32", entered=names.device(B.id), left="g0123")
    out, back = rows(Case(accepted(one, Count(2, 120, 3), Count(1, 60, 18)), format=EVERY), B)
    begin = f"8 123456789012 {B.id} "
    assert sorted((out, back)) == sorted(
        [
            begin + "10.0.2.4 198.18.0.32 20641 22 6 2 120 1431280876 1431280934 ACCEPT OK "
            "vpc-1 subnet-b i-0b 3 IPv4 10.0.2.4 198.18.0.32 us-east-1 use1-az2 - S3 egress 7 -",
            begin + "198.18.0.32 10.0.2.4 22 20641 6 1 60 1431280876 1431280934 ACCEPT OK "
            "vpc-1 subnet-b i-0b 18 IPv4 198.18.0.32 10.0.2.4 us-east-1 use1-az2 S3 - ingress - -",
        ]
    )


def test_the_version_is_the_highest_of_the_fields() -> None:
    for format_, version in (
        ("${version} ${srcaddr}", "2"),
        ("${version} ${vpc-id}", "3"),
        ("${vpc-id} ${version} ${region}", "4"),
        ("${version} ${flow-direction} ${type}", "5"),
        ("${version} ${ecs-task-id}", "7"),
    ):
        (row,) = rows(Case(Flows(), format=format_), B)
        assert version in row.split()


def test_each_interface_has_its_own_view() -> None:
    brief = "${interface-id} ${flow-direction} ${action} ${packets}"
    one = flow("10.0.1.4", "10.0.2.4", entered=names.device(A.id), left=names.device(B.id))
    through = accepted(one, Count(3, 1), Count(2, 1))
    assert rows(Case(through, format=brief)) == [
        f"{A.id} ingress ACCEPT 2",
        f"{A.id} egress ACCEPT 3",
        f"{B.id} ingress ACCEPT 3",
        f"{B.id} egress ACCEPT 2",
    ]
    at_receiver = Flows(rejected=(Rejected(one, "in", Count(1, 1)),))
    assert rows(Case(at_receiver, format=brief)) == [f"{A.id} egress ACCEPT 1", f"{B.id} ingress REJECT 1"]
    at_sender = Flows(rejected=(Rejected(one, "out", Count(1, 1)),))
    assert rows(Case(at_sender, format="${flow-direction} ${action}")) == ["egress REJECT", "- -"]
    for traffic, expected in (("ACCEPT", ["ACCEPT", "-"]), ("REJECT", ["-", "REJECT"])):
        assert rows(Case(at_receiver, traffic, "${action}")) == expected


def test_addresses_of_an_interface_are_its_primary_ones_and_those_of_packets_as_they_are() -> None:
    fields = "${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr}"
    secondary = accepted(flow("203.0.113.5", "10.0.1.5", left=names.device(A.id)), Count(1, 1))
    assert rows(Case(secondary, format=fields), A) == ["203.0.113.5 10.0.1.4 203.0.113.5 10.0.1.5"]
    passed_on = accepted(flow("10.0.1.4", "203.0.113.5", left=names.device(B.id)), Count(1, 1))
    assert rows(Case(passed_on, format=fields), B) == ["10.0.1.4 10.0.2.4 10.0.1.4 203.0.113.5"]
    six = accepted(flow("2001:db8::4", "2001:db8:1::9", entered=names.device(A.id), left="igw"), Count(1, 1))
    shown = rows(Case(six, format="${srcaddr} ${dstaddr} ${type} ${traffic-path}"), A)
    assert shown == ["2001:db8::4 2001:db8:1::9 IPv6 8"]


def test_the_path_that_traffic_takes() -> None:
    for device, path in ((names.device(B.id), "1"), ("igw", "8"), ("g01", "7"), ("pnear", "4"), ("pfar", "5")):
        one = flow("10.0.1.4", "10.9.9.9", entered=names.device(A.id), left=device)
        shown = rows(Case(accepted(one, Count(1, 1)), format="${flow-direction} ${traffic-path}"), A)
        assert shown == [f"egress {path}"]


def test_what_aws_does_not_log_is_not_told() -> None:
    for one in (
        flow("10.0.1.4", "10.0.0.2", protocol=17, destination_port=53),
        flow("10.0.1.4", names.METADATA, destination_port=80),
        flow(
            "0.0.0.0", "255.255.255.255", protocol=17, source_port=68, destination_port=67, entered=names.device(A.id)
        ),
    ):
        assert flow_records.seen(accepted(one, Count(1, 1)), PLACE) == {}
    # One's own resolver is logged as anything else.
    own = flow("10.0.1.4", "10.0.2.4", protocol=17, destination_port=53)
    assert len(flow_records.seen(accepted(own, Count(1, 1)), PLACE)) == 2


def test_a_stranger_has_no_records() -> None:
    assert flow_records.seen(accepted(flow("203.0.113.1", "203.0.113.2"), Count(1, 1), Count(1, 1)), PLACE) == {}
