"""Query logging: configurations, and the lines that are written of what is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.dns import message, read, server
from fogbank.planes.dns.rdata import TYPES
from fogbank.services.route53 import query_logs
from fogbank.testing import START, TestCloud

Client = Callable[..., dict[str, Any]]
GROUP = "/aws/route53/logged.example"


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


@pytest.fixture
def logs(cloud: TestCloud) -> Client:
    return cloud.client("logs", region="us-east-1")


def _zone(route53: Client, name: str = "logged.example", **more: Any) -> str:
    made = route53("CreateHostedZone", Name=name, CallerReference=name, **more)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _arn(cloud: TestCloud, group: str = GROUP, region: str = "us-east-1") -> str:
    return f"arn:aws:logs:{region}:{cloud.cloud.settings.account}:log-group:{group}"


def _allow(logs: Client, *actions: str, **more: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": actions or ("logs:CreateLogStream", "logs:PutLogEvents"),
        "Resource": "arn:aws:logs:us-east-1:*:log-group:/aws/route53/*",
        **more,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs("PutResourcePolicy", policyName="route53", policyDocument=document)


def _log(route53: Client, zone: str, arn: str) -> str:
    made = route53("CreateQueryLoggingConfig", HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn)
    return str(made["QueryLoggingConfig"]["Id"])


def _ask(cloud: TestCloud, name: str, type_: str = "A", address: str = "127.0.0.1", *, is_stream: bool = False) -> None:
    data = read.question(1, name, TYPES[type_])
    assert server.answered(data, address, cloud.cloud.inside.resolve_for_host, is_stream=is_stream) is not None


def _lines(logs: Client, zone: str) -> list[str]:
    found = logs("GetLogEvents", logGroupName=GROUP, logStreamName=f"{zone}/IAD1", startFromHead=True)
    return [one["message"] for one in found["events"]]


@pytest.fixture
def logged(cloud: TestCloud, route53: Client, logs: Client) -> str:
    zone = _zone(route53)
    logs("CreateLogGroup", logGroupName=GROUP)
    _allow(logs)
    _log(route53, zone, _arn(cloud))
    return zone


def test_a_line_is_written_for_each_question(cloud: TestCloud, logs: Client, logged: str) -> None:
    _ask(cloud, "logged.example", "SOA")
    cloud.advance(0.13)
    _ask(cloud, "No.Logged.example", "AAAA", "192.0.2.1", is_stream=True)
    cloud.advance(query_logs.PACE_SECONDS)
    assert _lines(logs, logged) == [
        f"1.0 2025-06-15T15:06:40.000Z {logged} logged.example SOA NOERROR UDP IAD1 127.0.0.1 -",
        f"1.0 2025-06-15T15:06:40.130Z {logged} no.logged.example AAAA NXDOMAIN TCP IAD1 192.0.2.1 -",
    ]
    assert START == 1_750_000_000.0


def test_each_line_is_written_once_in_one_stream_for_each_edge(cloud: TestCloud, logs: Client, logged: str) -> None:
    for number in range(3):
        _ask(cloud, f"n{number}.logged.example")
        cloud.advance(query_logs.PACE_SECONDS)
    assert len(_lines(logs, logged)) == 3
    streams = logs("DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert [one["logStreamName"] for one in streams] == [f"{logged}/IAD1"]


def test_other_zones_and_tests_of_answers_are_not_logged(
    cloud: TestCloud, route53: Client, logs: Client, logged: str
) -> None:
    _zone(route53, "silent.example")
    _ask(cloud, "silent.example", "SOA")
    route53("TestDNSAnswer", HostedZoneId=logged, RecordName="logged.example", RecordType="SOA")
    _ask(cloud, "logged.example", "SOA")
    cloud.advance(query_logs.PACE_SECONDS)
    assert len(_lines(logs, logged)) == 1


def test_what_nobody_takes_is_bounded() -> None:
    lines = query_logs.Lines(of_zone=5, of_all=8)
    line = query_logs.Line(START, "IAD1", message.Query(1, "a", 1, 1, b""), 0, "127.0.0.1")
    for zone in ("Z1", "Z2"):
        for _ in range(9):
            lines.add(zone, line)
    assert len(lines) == 8
    assert [len(lines.taken(zone)) for zone in ("Z1", "Z2", "Z1")] == [5, 3, 0]
    assert len(lines) == 0


def test_a_zone_whose_logs_cannot_be_written_still_answers(cloud: TestCloud, logs: Client, logged: str) -> None:
    logs("DeleteResourcePolicy", policyName="route53")
    _ask(cloud, "logged.example", "SOA")
    cloud.advance(query_logs.PACE_SECONDS)
    _allow(logs)
    _ask(cloud, "logged.example", "NS")
    cloud.advance(query_logs.PACE_SECONDS)
    (line,) = _lines(logs, logged)
    assert " NS NOERROR " in line


def test_nothing_is_written_once_a_configuration_is_deleted(
    cloud: TestCloud, route53: Client, logs: Client, logged: str
) -> None:
    (found,) = route53("ListQueryLoggingConfigs")["QueryLoggingConfigs"]
    route53("DeleteQueryLoggingConfig", Id=found["Id"])
    with pytest.raises(AwsError, match="NoSuchQueryLoggingConfig"):
        route53("GetQueryLoggingConfig", Id=found["Id"])
    _ask(cloud, "logged.example", "SOA")
    cloud.advance(3 * query_logs.PACE_SECONDS)
    assert logs("DescribeLogStreams", logGroupName=GROUP)["logStreams"] == []
    _log(route53, logged, _arn(cloud))


def test_a_zone_takes_its_configuration_with_it(route53: Client, logged: str) -> None:
    route53("DeleteHostedZone", Id=logged)
    assert route53("ListQueryLoggingConfigs")["QueryLoggingConfigs"] == []


def test_configurations_are_listed_in_pages(cloud: TestCloud, route53: Client, logs: Client, logged: str) -> None:
    others = {_zone(route53, f"z{number}.example") for number in range(4)}
    made = {_log(route53, zone, _arn(cloud)) for zone in others}
    first = route53("ListQueryLoggingConfigs", MaxResults="3")
    rest = route53("ListQueryLoggingConfigs", MaxResults="3", NextToken=first["NextToken"])
    assert "NextToken" not in rest
    found = [one["Id"] for page in (first, rest) for one in page["QueryLoggingConfigs"]]
    assert len(found) == 5
    assert made < set(found)
    (one,) = route53("ListQueryLoggingConfigs", HostedZoneId=logged)["QueryLoggingConfigs"]
    assert (one["HostedZoneId"], one["CloudWatchLogsLogGroupArn"]) == (logged, _arn(cloud))
    assert route53("GetQueryLoggingConfig", Id=one["Id"])["QueryLoggingConfig"] == one
    with pytest.raises(AwsError, match="InvalidPaginationToken"):
        route53("ListQueryLoggingConfigs", NextToken="no token")


# Refusals


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("no arn", "InvalidInput"),
        ("arn:aws:s3:::bucket", "InvalidInput"),
        ("arn:aws:logs:eu-west-1:000000000000:log-group:/aws/route53/a", "InvalidInput"),
        ("arn:aws:logs:us-east-1:111111111111:log-group:/aws/route53/a", "InvalidInput"),
        ("arn:aws:logs:us-east-1:000000000000:log-group:/aws/route53/a", "NoSuchCloudWatchLogsLogGroup"),
    ],
)
def test_groups_that_cannot_be_written_to(route53: Client, arn: str, code: str) -> None:
    with pytest.raises(AwsError) as refused:
        _log(route53, _zone(route53), arn)
    assert refused.value.code == code


@pytest.mark.parametrize("actions", [(), ("logs:CreateLogStream",), ("logs:PutLogEvents",)])
def test_the_policy_must_let_route_53_write(
    cloud: TestCloud, route53: Client, logs: Client, actions: tuple[str, ...]
) -> None:
    zone = _zone(route53)
    logs("CreateLogGroup", logGroupName=GROUP)
    if actions:
        _allow(logs, *actions)
    with pytest.raises(AwsError, match="InsufficientCloudWatchLogsResourcePolicy"):
        _log(route53, zone, _arn(cloud))
    _allow(logs)
    _log(route53, zone, _arn(cloud))
    assert logs("DescribeLogStreams", logGroupName=GROUP)["logStreams"] == [], "a stream is made by the first line"


def test_the_policy_may_say_for_which_zone(cloud: TestCloud, route53: Client, logs: Client) -> None:
    zone, other = _zone(route53), _zone(route53, "other.example")
    logs("CreateLogGroup", logGroupName=GROUP)
    _allow(logs, Condition={"ArnEquals": {"aws:SourceArn": f"arn:aws:route53:::hostedzone/{zone}"}})
    _log(route53, zone, _arn(cloud))
    with pytest.raises(AwsError, match="InsufficientCloudWatchLogsResourcePolicy"):
        _log(route53, other, _arn(cloud))


def test_one_configuration_for_a_zone_and_none_for_private_ones(cloud: TestCloud, route53: Client, logged: str) -> None:
    with pytest.raises(AwsError, match="QueryLoggingConfigAlreadyExists"):
        _log(route53, logged, _arn(cloud))
    with pytest.raises(AwsError, match="NoSuchHostedZone"):
        _log(route53, "ZNONE", _arn(cloud))
    vpc = cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    private = _zone(route53, "private.example", VPC={"VPCRegion": "us-east-1", "VPCId": vpc})
    with pytest.raises(AwsError, match="InvalidInput"):
        _log(route53, private, _arn(cloud))
