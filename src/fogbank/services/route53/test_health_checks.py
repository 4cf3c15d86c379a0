"""Health checks through the API, what follows from them on the wire, and real checkers behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.planes.checks.fake import FakeChecks
from fogbank.planes.checks.plane import Reports
from fogbank.planes.checks.targets import CAPACITY, Code, Seen, Target
from fogbank.planes.dns import message, read
from fogbank.planes.dns.rdata import TYPES
from fogbank.services.route53 import health_checks, health_configs, throttles
from fogbank.services.route53.resources import HealthCheck
from fogbank.testing import START, TestCloud

Client = Callable[..., dict[str, Any]]
ENDPOINT = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": 8080, "ResourcePath": "/health"}


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


class World:
    """A zone with records that follow health checks, and checkers that say what they are told to."""

    def __init__(self, cloud: TestCloud, route53: Client) -> None:
        self.cloud, self.route53 = cloud, route53
        self.zone = route53("CreateHostedZone", Name="example.com", CallerReference="z")["HostedZone"]["Id"]
        assert isinstance(cloud.cloud.checks, FakeChecks)
        self.checks = cloud.cloud.checks
        self._count = 0

    def check(self, **more: Any) -> str:
        self._count += 1
        config = more if "Type" in more else {**ENDPOINT, "Port": 8000 + self._count, **more}
        made = self.route53("CreateHealthCheck", CallerReference=f"c{self._count}", HealthCheckConfig=config)
        self.cloud.run(self.cloud.cloud.settled())
        return str(made["HealthCheck"]["Id"])

    def says(self, check_id: str, healthy: int, looked: int = 3) -> None:
        slot = next(slot for slot, one in self.checks.targets.items() if check_id in one.agent)
        self.checks.say(slot, healthy, looked)

    def record(self, name: str, value: str, check: str = "", **more: Any) -> None:
        body = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}], **more}
        body |= {"HealthCheckId": check} if check else {}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": body}]}
        self.route53("ChangeResourceRecordSets", HostedZoneId=self.zone, ChangeBatch=batch)

    def told(self, name: str) -> list[str]:
        """What the host's name server says."""
        query = message.parsed(read.question(1, name, TYPES["A"]))
        said = self.cloud.cloud.inside.resolve_for_host(query, "127.0.0.1")
        return sorted(one.data for one in said.records)

    def is_healthy(self, check_id: str) -> bool:
        """As a failover record shows it."""
        name = f"h{check_id}.example.com"
        self.record(name, "192.0.2.1", check_id, SetIdentifier="a", Failover="PRIMARY")
        self.record(name, "192.0.2.2", SetIdentifier="b", Failover="SECONDARY")
        return self.told(name) == ["192.0.2.1"]


@pytest.fixture
def world(cloud: TestCloud, route53: Client) -> World:
    return World(cloud, route53)


# The API


def test_a_health_check_is_made_with_its_defaults_and_listed(route53: Client) -> None:
    made = route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=ENDPOINT)
    found = made["HealthCheck"]
    assert made["Location"].endswith(f"/2013-04-01/healthcheck/{found['Id']}")
    assert found["HealthCheckConfig"] == {
        **ENDPOINT,
        "RequestInterval": 30,
        "FailureThreshold": 3,
        "MeasureLatency": False,
        "Inverted": False,
        "Disabled": False,
        "EnableSNI": False,
    }
    assert found["HealthCheckVersion"] == 1
    assert route53("GetHealthCheck", HealthCheckId=found["Id"])["HealthCheck"] == found
    assert route53("ListHealthChecks")["HealthChecks"] == [found]
    assert route53("GetHealthCheckCount")["HealthCheckCount"] == 1
    assert route53("GetCheckerIpRanges")["CheckerIpRanges"]
    limit = route53("GetAccountLimit", Type="MAX_HEALTH_CHECKS_BY_OWNER")
    assert (limit["Limit"]["Value"], limit["Count"]) == (200, 1)


def test_pages_of_health_checks_have_all_of_them(route53: Client) -> None:
    made = {
        route53("CreateHealthCheck", CallerReference=str(n), HealthCheckConfig=ENDPOINT)["HealthCheck"]["Id"]
        for n in range(5)
    }
    found, marker = [], {}
    while True:
        page = route53("ListHealthChecks", MaxItems="2", **marker)
        found += [one["Id"] for one in page["HealthChecks"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert found == sorted(made)


def test_a_creation_may_be_repeated_but_not_with_other_settings(route53: Client, cloud: TestCloud) -> None:
    first = route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=ENDPOINT)
    assert route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=ENDPOINT) == first
    with pytest.raises(AwsError, match="HealthCheckAlreadyExists"):
        route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig={**ENDPOINT, "Port": 1})
    route53("DeleteHealthCheck", HealthCheckId=first["HealthCheck"]["Id"])
    with pytest.raises(AwsError, match="HealthCheckAlreadyExists"):
        route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=ENDPOINT)
    cloud.advance(4 * 86_400)
    route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=ENDPOINT)


def test_a_change_counts_the_version_and_minds_it(route53: Client) -> None:
    made = route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=ENDPOINT)["HealthCheck"]
    changed = route53("UpdateHealthCheck", HealthCheckId=made["Id"], HealthCheckVersion=1, FailureThreshold=5)
    assert changed["HealthCheck"]["HealthCheckVersion"] == 2
    assert changed["HealthCheck"]["HealthCheckConfig"]["FailureThreshold"] == 5
    with pytest.raises(AwsError, match="HealthCheckVersionMismatch"):
        route53("UpdateHealthCheck", HealthCheckId=made["Id"], HealthCheckVersion=1, FailureThreshold=6)
    reset = route53("UpdateHealthCheck", HealthCheckId=made["Id"], ResetElements=["ResourcePath"])
    assert "ResourcePath" not in reset["HealthCheck"]["HealthCheckConfig"]
    with pytest.raises(AwsError, match="both specified and reset"):
        route53("UpdateHealthCheck", HealthCheckId=made["Id"], ResourcePath="/", ResetElements=["ResourcePath"])


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"Type": "HTTP"}, "IPAddress or FullyQualifiedDomainName"),
        ({"Type": "TCP", "IPAddress": "127.0.0.1"}, "Port must be specified"),
        ({"Type": "HTTP_STR_MATCH", "IPAddress": "127.0.0.1"}, "SearchString must be specified"),
        ({**ENDPOINT, "SearchString": "x"}, "SearchString cannot be specified"),
        ({**ENDPOINT, "RequestInterval": 20}, "must be 10 or 30"),
        ({**ENDPOINT, "IPAddress": "10.0.0.1"}, "local, private, non-routable"),
        ({**ENDPOINT, "IPAddress": "224.0.0.1"}, "local, private, non-routable"),
        ({**ENDPOINT, "ResourcePath": "/ HTTP/1.1\r\nHost: b"}, "not valid in a path"),
        ({**ENDPOINT, "FullyQualifiedDomainName": "a b"}, "not a valid domain name"),
        ({"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 1, "ResourcePath": "/"}, "ResourcePath cannot be specified"),
        ({"Type": "CALCULATED"}, "HealthThreshold must be specified"),
        ({"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ["none"]}, "none does not exist"),
        ({"Type": "CALCULATED", "HealthThreshold": 1, "Port": 80}, "Port cannot be specified"),
        ({"Type": "CLOUDWATCH_METRIC"}, "AlarmIdentifier must be specified"),
        (
            {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "us-east-1", "Name": "none"}},
            "The alarm none does not exist",
        ),
    ],
)
def test_what_cannot_be_is_refused(route53: Client, config: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text) as refused:
        route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=config)
    assert refused.value.code == "InvalidInput"


def test_routing_controls_say_that_they_are_not_there(route53: Client) -> None:
    with pytest.raises(AwsError, match="Application Recovery Controller") as refused:
        config = {"Type": "RECOVERY_CONTROL", "RoutingControlArn": "arn:x"}
        route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=config)
    assert refused.value.status == 501


def test_an_account_has_200_at_most_and_a_rate(route53: Client, cloud: TestCloud) -> None:
    for n in range(200):
        made = route53("CreateHealthCheck", CallerReference=str(n), HealthCheckConfig=ENDPOINT)["HealthCheck"]
    with pytest.raises(AwsError, match="TooManyHealthChecks"):
        route53("CreateHealthCheck", CallerReference="x", HealthCheckConfig=ENDPOINT)
    for _ in range(int(throttles.CHANGES_MAX)):
        route53("UpdateHealthCheck", HealthCheckId=made["Id"], Inverted=True)
    with pytest.raises(AwsError, match="ThrottlingException"):
        route53("UpdateHealthCheck", HealthCheckId=made["Id"], Inverted=True)
    cloud.advance(1)
    route53("UpdateHealthCheck", HealthCheckId=made["Id"], Inverted=True)


def test_health_checks_have_tags(route53: Client) -> None:
    made = route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=ENDPOINT)["HealthCheck"]["Id"]
    tag = {"Key": "Name", "Value": "x"}
    route53("ChangeTagsForResource", ResourceType="healthcheck", ResourceId=made, AddTags=[tag])
    found = route53("ListTagsForResource", ResourceType="healthcheck", ResourceId=made)["ResourceTagSet"]
    assert found == {"ResourceType": "healthcheck", "ResourceId": made, "Tags": [tag]}
    with pytest.raises(AwsError, match="NoSuchHealthCheck"):
        route53("ListTagsForResource", ResourceType="healthcheck", ResourceId="none")


def test_health_checks_of_other_accounts_are_not_there(cloud: TestCloud, world: World) -> None:
    mine = world.check()
    theirs = cloud.client("route53", caller=callers.root("111111111111"))
    for operation in ("GetHealthCheck", "DeleteHealthCheck", "GetHealthCheckStatus"):
        with pytest.raises(AwsError, match="NoSuchHealthCheck"):
            theirs(operation, HealthCheckId=mine)
    made = theirs("CreateHealthCheck", CallerReference="c1", HealthCheckConfig=ENDPOINT)["HealthCheck"]["Id"]
    cloud.run(cloud.cloud.settled())
    assert len(world.checks.targets) == 2, "each has a place of its own"
    with pytest.raises(AwsError, match="NoSuchHealthCheck"):
        world.record("a.example.com", "192.0.2.1", made, SetIdentifier="a", Failover="PRIMARY")


# What is looked at


def test_a_health_check_is_looked_at_as_it_says(world: World) -> None:
    config = {
        "Type": "HTTPS_STR_MATCH",
        "FullyQualifiedDomainName": "www.example.com",
        "Port": 8443,
        "ResourcePath": "up",
        "SearchString": "fine",
        "RequestInterval": 10,
        "FailureThreshold": 1,
        "Regions": ["us-west-1", "us-west-2", "sa-east-1"],
    }
    made = world.check(**config)
    (found,) = world.checks.targets.values()
    assert found == Target(
        slot=found.slot,
        kind="https",
        port=8443,
        name="www.example.com",
        path="up",
        host="www.example.com:8443",
        search="fine",
        sni="www.example.com",
        agent=f"Amazon-Route53-Health-Check-Service (ref {made}; report http://amzn.to/1vsZADi)",
        interval=10,
        threshold=1,
        regions=("us-west-1", "us-west-2", "sa-east-1"),
    )
    assert 0 <= found.slot < CAPACITY
    world.route53("UpdateHealthCheck", HealthCheckId=made, Disabled=True)
    world.cloud.run(world.cloud.cloud.settled())
    assert world.checks.targets == {}
    world.route53("UpdateHealthCheck", HealthCheckId=made, Disabled=False, EnableSNI=False)
    world.cloud.run(world.cloud.cloud.settled())
    (again,) = world.checks.targets.values()
    assert (again.slot, again.sni) == (found.slot, "")
    world.route53("DeleteHealthCheck", HealthCheckId=made)
    world.cloud.run(world.cloud.cloud.settled())
    assert world.checks.targets == {}


def test_what_checkers_saw_is_told_in_aws_s_words(world: World) -> None:
    made = world.check()
    world.checks.said = {
        "us-east-1": Reports((Seen(Code.OK, 200, "", START),), (Seen(Code.STATUS, 503, "", START - 60),)),
        "eu-west-1": Reports((Seen(Code.REFUSED, 0, "192.0.2.7", START),), (Seen(Code.NO_NAME, 0, "", START),)),
        "sa-east-1": Reports((Seen(),), (Seen(),)),
    }
    found = world.route53("GetHealthCheckStatus", HealthCheckId=made)["HealthCheckObservations"]
    assert [(one["Region"], one["StatusReport"]["Status"].partition(". The")[0]) for one in found] == [
        ("eu-west-1", "Failure: Resolved IP: 192.0.2.7. Connection refused"),
        ("us-east-1", "Success: HTTP Status Code 200, OK"),
    ]
    assert found[1]["StatusReport"]["CheckedTime"] == START
    found = world.route53("GetHealthCheckLastFailureReason", HealthCheckId=made)["HealthCheckObservations"]
    assert [one["StatusReport"]["Status"] for one in found] == [
        "Failure: DNS resolution failed.",
        "Failure: HTTP Status Code 503, Service Unavailable",
    ]
    parent = world.check(Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[made])
    with pytest.raises(AwsError, match="InvalidInput"):
        world.route53("GetHealthCheckStatus", HealthCheckId=parent)


# What follows


def test_failover_records_follow_health(world: World) -> None:
    check = world.check()
    assert world.is_healthy(check), "it is healthy until somebody has looked"
    world.says(check, 0)
    assert not world.is_healthy(check)
    world.says(check, 1, looked=3)
    assert world.is_healthy(check), "one of three is more than 18 %"
    world.says(check, 1, looked=6)
    assert not world.is_healthy(check)


def test_weighted_records_follow_health_and_all_unhealthy_is_all_healthy(world: World) -> None:
    one, other = world.check(), world.check()
    world.record("w.example.com", "192.0.2.1", one, SetIdentifier="a", Weight=10)
    world.record("w.example.com", "192.0.2.2", other, SetIdentifier="b", Weight=10)

    def told() -> set[str]:
        return {world.told("w.example.com")[0] for _ in range(60)}

    assert told() == {"192.0.2.1", "192.0.2.2"}
    world.says(one, 0)
    assert told() == {"192.0.2.2"}
    world.says(other, 0)
    assert told() == {"192.0.2.1", "192.0.2.2"}
    world.says(one, 3)
    assert told() == {"192.0.2.1"}


def test_latency_records_follow_health(world: World) -> None:
    near, far = world.check(), world.check()
    world.record("l.example.com", "192.0.2.1", near, SetIdentifier="a", Region="us-east-1")
    world.record("l.example.com", "192.0.2.2", far, SetIdentifier="b", Region="ap-northeast-1")
    assert world.told("l.example.com") == ["192.0.2.1"]
    world.says(near, 0)
    assert world.told("l.example.com") == ["192.0.2.2"]
    world.says(near, 3)
    assert world.told("l.example.com") == ["192.0.2.1"]


def test_multivalue_answers_leave_out_what_is_unhealthy(world: World) -> None:
    checks = [world.check() for _ in range(3)]
    for n, check in enumerate(checks):
        world.record("m.example.com", f"192.0.2.{n}", check, SetIdentifier=str(n), MultiValueAnswer=True)
    assert world.told("m.example.com") == ["192.0.2.0", "192.0.2.1", "192.0.2.2"]
    world.says(checks[1], 0)
    assert world.told("m.example.com") == ["192.0.2.0", "192.0.2.2"]
    for check in checks:
        world.says(check, 0)
    assert world.told("m.example.com") == ["192.0.2.0", "192.0.2.1", "192.0.2.2"]


def test_inverted_and_disabled_health_checks(world: World) -> None:
    inverted = world.check(Inverted=True)
    assert not world.is_healthy(inverted)
    world.says(inverted, 0)
    assert world.is_healthy(inverted)
    for is_inverted in (False, True):
        check = world.check(Inverted=is_inverted)
        world.says(check, 3 if is_inverted else 0)
        assert not world.is_healthy(check)
        world.route53("UpdateHealthCheck", HealthCheckId=check, Disabled=True)
        world.cloud.run(world.cloud.cloud.settled())
        assert world.is_healthy(check) is not is_inverted


def test_calculated_health_checks_count_their_children(world: World) -> None:
    children = [world.check() for _ in range(3)]
    two = world.check(Type="CALCULATED", HealthThreshold=2, ChildHealthChecks=children)
    above = world.check(Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[two], Inverted=True)
    always = world.check(Type="CALCULATED", HealthThreshold=0, ChildHealthChecks=children)
    never = world.check(Type="CALCULATED", HealthThreshold=4, ChildHealthChecks=children)
    for unhealthy in range(4):
        for n, child in enumerate(children):
            world.says(child, 0 if n < unhealthy else 3)
        assert world.is_healthy(two) is (unhealthy <= 1)
        assert world.is_healthy(above) is (unhealthy > 1)
        assert world.is_healthy(always)
        assert not world.is_healthy(never)
    with pytest.raises(AwsError, match="cannot monitor itself"):
        world.route53("UpdateHealthCheck", HealthCheckId=two, ChildHealthChecks=[above])


@pytest.mark.parametrize(
    ("lacking", "is_healthy"), [("Healthy", True), ("Unhealthy", False), ("LastKnownStatus", True)]
)
def test_health_follows_an_alarm(world: World, cloud: TestCloud, lacking: str, is_healthy: bool) -> None:
    cloudwatch = cloud.client("cloudwatch", region="eu-west-1")
    alarm = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    alarm |= {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmName": "a"}
    cloudwatch("PutMetricAlarm", **alarm)
    identifier = {"Region": "eu-west-1", "Name": "a"}
    more = {"AlarmIdentifier": identifier, "InsufficientDataHealthStatus": lacking}
    check = world.check(Type="CLOUDWATCH_METRIC", **more)
    shown = world.route53("GetHealthCheck", HealthCheckId=check)["HealthCheck"]["CloudWatchAlarmConfiguration"]
    assert shown["MetricName"] == "M"
    assert world.is_healthy(check) is is_healthy
    for state in ("ALARM", "OK"):
        cloudwatch("SetAlarmState", AlarmName="a", StateValue=state, StateReason="x")
        cloud.advance(10)
        assert world.is_healthy(check) is (state == "OK")


def test_a_health_check_that_is_gone_is_healthy(world: World) -> None:
    check = world.check()
    world.says(check, 0)
    assert not world.is_healthy(check)
    world.record("g.example.com", "192.0.2.1", check, SetIdentifier="a", Failover="PRIMARY")
    world.record("g.example.com", "192.0.2.2", SetIdentifier="b", Failover="SECONDARY")
    world.route53("DeleteHealthCheck", HealthCheckId=check)
    world.cloud.run(world.cloud.cloud.settled())
    assert world.told("g.example.com") == ["192.0.2.1"]


def test_the_table_is_read_the_same_way_whatever_fails() -> None:
    config = {"Type": "TCP", "Inverted": False, "Disabled": False, "IPAddress": "127.0.0.1", "Port": 1}
    config |= {"RequestInterval": 10, "FailureThreshold": 1, "EnableSNI": False}
    checks = {
        str(n): HealthCheck(id=str(n), reference=str(n), place=str(n), config={**config, "Inverted": n % 3 == 0})
        for n in range(1000)
    }
    plan = health_checks.planned(checks)
    for byte in (0, 1):
        found = health_checks.statuses(plan, bytes([byte]) * CAPACITY, {})
        assert found == {str(n): bool(byte) != (n % 3 == 0) for n in range(1000)}


def test_a_circle_of_children_is_seen_however_long() -> None:
    known = {str(n): {"ChildHealthChecks": [str(n + 1)]} for n in range(100)}
    assert health_configs.is_circle("99", ["0"], known)
    assert not health_configs.is_circle("100x", ["0"], known)


def test_each_minute_is_told_to_cloudwatch(world: World, cloud: TestCloud) -> None:
    check = world.check(MeasureLatency=True)
    parent = world.check(Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[check])
    world.says(check, 1, looked=4)
    seen = Seen(Code.OK, 200, "", START, 2.0, 5.0, 9.0)
    world.checks.said = {"eu-west-1": Reports((seen,), (Seen(),))}
    cloud.advance(180)
    cloudwatch = cloud.client("cloudwatch", region="us-east-1")

    def last(metric: str, check_id: str, **more: str) -> float:
        dimensions = [{"Name": name, "Value": value} for name, value in {**more, "HealthCheckId": check_id}.items()]
        found = cloudwatch(
            "GetMetricStatistics",
            Namespace="AWS/Route53",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=START - 600,
            EndTime=START + 600,
            Period=60,
            Statistics=["Average"],
        )["Datapoints"]
        return float(max(found, key=lambda one: one["Timestamp"])["Average"])

    assert last("HealthCheckStatus", check) == 1.0
    assert last("HealthCheckPercentageHealthy", check) == 25.0
    assert last("ChildHealthCheckHealthyCount", parent) == 1.0
    assert last("ConnectionTime", check, Region="eu-west-1") == 2.0
    assert last("SSLHandshakeTime", check, Region="eu-west-1") == 5.0
    assert last("TimeToFirstByte", check, Region="eu-west-1") == 9.0


def test_a_reset_forgets_what_was_looked_at(world: World, cloud: TestCloud) -> None:
    world.check()

    async def reset() -> None:
        cloud.cloud.reset()
        await cloud.cloud.emptied()

    cloud.run(reset())
    assert world.checks.targets == {}
    again = World(cloud, world.route53)
    check = again.check()
    again.says(check, 0)
    assert not again.is_healthy(check)


def test_who_may_see_one_health_check_sees_no_other(cloud: TestCloud, world: World) -> None:
    mine, other = world.check(), world.check()
    account = cloud.cloud.settings.account
    iam = cloud.client("iam")
    iam("CreateUser", UserName="u")
    arn = f"arn:aws:route53:::healthcheck/{mine}"
    actions = ["route53:GetHealthCheck", "route53:ListTagsForResource"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": arn}]}
    iam("PutUserPolicy", UserName="u", PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam("CreateAccessKey", UserName="u")["AccessKey"]["AccessKeyId"]
    found = cloud.cloud.credential(key, None)
    assert found is not None and found.caller.account == account
    user = cloud.client("route53", caller=found.caller)
    assert user("GetHealthCheck", HealthCheckId=mine)["HealthCheck"]["Id"] == mine
    user("ListTagsForResource", ResourceType="healthcheck", ResourceId=mine)
    for operation, params in (("GetHealthCheck", {"HealthCheckId": other}), ("ListHealthChecks", {})):
        with pytest.raises(AwsError, match="AccessDenied"):
            user(operation, **params)
