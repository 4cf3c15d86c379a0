"""What is planned ahead for public zones says what zones say, and nothing that was true before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.planes.dns import message, read
from fogbank.planes.dns.server import Desk, Terms
from fogbank.services.route53.test_signing import _key as key
from fogbank.services.route53.test_signing import _vouch as vouch
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]
ZONE = "example.com"


class Wire:
    """The name server of the host, without its socket."""

    def __init__(self, cloud: TestCloud) -> None:
        self._inside = cloud.cloud.inside
        self._terms = self._inside.terms()
        self._desk = Desk(self._inside.resolve_for_host, self._terms)

    def ask(self, name: str, type_: int = message.A) -> read.Reading:
        """What is said the second time, which is what was planned the first time, if anything is."""
        asked = read.question(7, name, type_)
        once, again = (self._desk.said(asked, "127.0.0.1", self._desk.plans()) for _ in range(2))
        assert len(once) == len(again)
        return read.reading(again)

    def data(self, name: str) -> list[str]:
        return [one.data for one in self.ask(name).answer]

    def is_planned(self, name: str, type_: int = message.A) -> bool:
        plans = self._desk.plans()
        return plans is not None and plans.found(read.question(7, name, type_)[2:]) is not None

    def slow(self, name: str, type_: int = message.A) -> bytes:
        query = message.parsed(read.question(7, name, type_))
        return message.written(query, self._inside.resolve_for_host(query, "127.0.0.1"), size_max=query.payload)

    def quick(self, name: str, type_: int = message.A) -> bytes:
        self.ask(name, type_)
        return self._desk.said(read.question(7, name, type_), "127.0.0.1", self._desk.plans())


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


@pytest.fixture
def wire(cloud: TestCloud) -> Wire:
    return Wire(cloud)


@pytest.fixture
def zone(route53: Client) -> str:
    return _zone(route53, ZONE)


def _zone(route53: Client, name: str) -> str:
    return str(route53("CreateHostedZone", Name=name, CallerReference=name)["HostedZone"]["Id"])


def _set(name: str, value: str, type_: str = "A", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value}], **more}


def _change(route53: Client, zone: str, *sets: dict[str, Any], action: str = "UPSERT") -> None:
    changes = [{"Action": action, "ResourceRecordSet": one} for one in sets]
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": changes})


def test_what_is_planned_is_what_the_zone_says(route53: Client, zone: str, wire: Wire) -> None:
    _change(route53, zone, _set("www.example.com", "192.0.2.1"), _set("*.any.example.com", "192.0.2.2"))
    _change(route53, zone, _set("c.example.com", "www.example.com", "CNAME"), _set("sub.example.com", "ns.net.", "NS"))
    for name in ("www", "x.any", "c", "a.sub", "missing", "any"):
        for type_ in (message.A, message.TXT, message.CNAME, message.ANY):
            full = f"{name}.example.com"
            assert wire.quick(full, type_) == wire.slow(full, type_)
            assert wire.is_planned(full, type_), (full, type_)


def test_every_change_is_told_at_once(route53: Client, zone: str, wire: Wire) -> None:
    for number in range(3):
        _change(route53, zone, _set("www.example.com", f"192.0.2.{number}"))
        assert wire.data("www.example.com") == [f"192.0.2.{number}"]
        assert wire.is_planned("www.example.com")
    _change(route53, zone, _set("www.example.com", "192.0.2.2"), action="DELETE")
    assert wire.ask("www.example.com").code == "NXDOMAIN"


def test_a_batch_that_is_refused_changes_nothing_that_was_planned(route53: Client, zone: str, wire: Wire) -> None:
    _change(route53, zone, _set("www.example.com", "192.0.2.1"))
    assert wire.data("www.example.com") == ["192.0.2.1"]
    with pytest.raises(Exception, match="InvalidChangeBatch"):
        _change(route53, zone, _set("www.example.com", "192.0.2.2"), _set("www.other.com", "192.0.2.2"))
    assert wire.is_planned("www.example.com")
    assert wire.data("www.example.com") == ["192.0.2.1"]


def test_zones_that_come_and_go_take_names_over_and_give_them_back(route53: Client, zone: str, wire: Wire) -> None:
    _change(route53, zone, _set("www.sub.example.com", "192.0.2.1"))
    assert wire.data("www.sub.example.com") == ["192.0.2.1"]
    below = _zone(route53, "sub.example.com")
    assert wire.ask("www.sub.example.com").code == "NXDOMAIN"
    _change(route53, below, _set("www.sub.example.com", "192.0.2.2"))
    assert wire.data("www.sub.example.com") == ["192.0.2.2"]
    _change(route53, below, _set("www.sub.example.com", "192.0.2.2"), action="DELETE")
    route53("DeleteHostedZone", Id=below)
    assert wire.data("www.sub.example.com") == ["192.0.2.1"]


def test_what_leads_into_another_zone_follows_both(route53: Client, zone: str, wire: Wire) -> None:
    other = _zone(route53, "example.net")
    _change(route53, zone, _set("www.example.com", "www.example.net", "CNAME"))
    _change(route53, other, _set("www.example.net", "192.0.2.1"))
    assert wire.data("www.example.com") == ["www.example.net.", "192.0.2.1"]
    _change(route53, other, _set("www.example.net", "192.0.2.2"))
    assert wire.data("www.example.com") == ["www.example.net.", "192.0.2.2"]


def test_names_of_services_are_not_for_zones_to_plan(route53: Client, wire: Wire) -> None:
    """Whoever makes a zone of a service's name answers for nothing in it."""
    zone = _zone(route53, "us-east-1.rds.amazonaws.com")
    _change(route53, zone, _set("db.us-east-1.rds.amazonaws.com", "192.0.2.1"))
    assert wire.ask("db.us-east-1.rds.amazonaws.com").answer == ()
    assert not wire.is_planned("db.us-east-1.rds.amazonaws.com")


def test_after_a_reset_nobody_remembers(cloud: TestCloud, route53: Client, zone: str, wire: Wire) -> None:
    _change(route53, zone, _set("www.example.com", "192.0.2.1"))
    assert wire.data("www.example.com") == ["192.0.2.1"]
    cloud.cloud.store.clear()
    assert wire.ask("www.example.com").code == "REFUSED"


def test_health_flips_answers_and_leaves_the_plan(route53: Client, zone: str, wire: Wire, cloud: TestCloud) -> None:
    config = {"Type": "TCP", "IPAddress": "198.18.0.1", "Port": 80, "Disabled": False}
    check = route53("CreateHealthCheck", CallerReference="a", HealthCheckConfig=config)["HealthCheck"]["Id"]
    primary = _set("www.example.com", "192.0.2.1", Failover="PRIMARY", SetIdentifier="a", HealthCheckId=check)
    _change(route53, zone, primary, _set("www.example.com", "192.0.2.2", Failover="SECONDARY", SetIdentifier="b"))
    before = wire.data("www.example.com")
    assert wire.is_planned("www.example.com")
    route53("UpdateHealthCheck", HealthCheckId=check, Inverted=True)
    flipped = wire.data("www.example.com")
    assert [before, flipped] in ([["192.0.2.1"], ["192.0.2.2"]], [["192.0.2.2"], ["192.0.2.1"]])


def test_questions_that_are_logged_are_not_planned(cloud: TestCloud, route53: Client, zone: str, wire: Wire) -> None:
    """Answers that are made ahead must not get past the log, also those that were made before it began."""
    assert wire.ask("www.example.com").code == "NXDOMAIN"
    assert wire.is_planned("www.example.com")
    logs, account = cloud.client("logs", region="us-east-1"), cloud.cloud.settings.account
    logs("CreateLogGroup", logGroupName="/aws/route53/a")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs("PutResourcePolicy", policyName="route53", policyDocument=document)
    group = f"arn:aws:logs:us-east-1:{account}:log-group:/aws/route53/a"
    route53("CreateQueryLoggingConfig", HostedZoneId=zone, CloudWatchLogsLogGroupArn=group)
    assert wire.ask("www.example.com").code == "NXDOMAIN"
    assert not wire.is_planned("www.example.com")


def test_signatures_are_not_planned_and_questions_for_them_are(cloud: TestCloud, route53: Client, zone: str) -> None:
    _change(route53, zone, _set(f"www.{ZONE}", "192.0.2.1"))
    inside = cloud.cloud.inside
    desk = Desk(inside.resolve_for_host, inside.terms())
    asked = read.question(7, f"www.{ZONE}", message.A, wants_proof=True)

    def types() -> list[list[str]]:
        return [[one.type for one in read.reading(desk.said(asked, "127.0.0.1", desk.plans())).answer] for _ in "12"]

    assert types() == [["A"], ["A"]]
    plans = desk.plans()
    assert plans is not None and plans.found(asked[2:]) is not None
    vouch(route53, zone, key(cloud))
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    assert types() == [["A", "RRSIG"], ["A", "RRSIG"]]
    route53("DisableHostedZoneDNSSEC", HostedZoneId=zone)
    assert types() == [["A"], ["A"]]


def test_many_zones_are_compiled_in_turn_and_changes_are_never_lost(
    route53: Client, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was let go of, to make room, hears of no change; its plans must go with it."""
    monkeypatch.setattr("fogbank.services.route53.zones._COMPILED_MAX", 8)
    made = {number: _zone(route53, f"z{number}.example") for number in range(12)}
    for turn in range(3):
        for number, zone in made.items():
            _change(route53, zone, _set(f"www.z{number}.example", f"192.0.{turn}.{number}"))
            for other in range(number + 1):
                assert wire.data(f"www.z{other}.example") == [f"192.0.{turn}.{other}"]


def test_the_public_name_servers_of_a_region_are_planned_and_limited_and_resolvers_are_not(
    cloud: TestCloud, route53: Client, zone: str
) -> None:
    _change(route53, zone, _set("www.example.com", "192.0.2.1"), _set("c.example.com", "www.example.net", "CNAME"))
    inside, account = cloud.cloud.inside, cloud.cloud.settings.account
    assert inside.terms(f"aws/{account}/eu-west-1/vpc-1") == Terms()
    terms = inside.terms(f"aws/{account}/eu-west-1/")
    desk = Desk(lambda query, asker: inside.resolve(f"aws/{account}/eu-west-1/", query, asker), terms)
    for name in ("www.example.com", "c.example.com"):
        asked = read.question(7, name, message.A)
        said = [desk.said(asked, "198.18.0.9", desk.plans()) for _ in range(1000)]
        assert said[0] == said[1] != b""
        most = cloud.cloud.settings.dns_answers_per_second
        assert most <= sum(bool(one) and not read.reading(one).is_truncated for one in said) < 2 * most


def test_zones_of_a_partition_are_told_there_and_nowhere_else(cloud: TestCloud, route53: Client) -> None:
    def made(region: str, address: str) -> None:
        zone = cloud.call("route53", "CreateHostedZone", {"Name": ZONE, "CallerReference": region}, region=region)
        value = {"Name": ZONE, "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": address}]}
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": value}]}
        wanted = {"HostedZoneId": zone["HostedZone"]["Id"], "ChangeBatch": batch}
        cloud.call("route53", "ChangeResourceRecordSets", wanted, region=region)

    def asked(partition: str, region: str) -> list[str]:
        query = message.parsed(read.question(7, ZONE, message.A))
        said = cloud.cloud.inside.resolve(f"{partition}/igw/{region}/", query, "192.0.2.9")
        return [one.data for one in said.records]

    made("us-gov-west-1", "192.0.2.1")
    assert asked("aws", "us-east-1") == []
    made("us-east-1", "192.0.2.2")
    assert asked("aws-us-gov", "us-gov-west-1") == ["192.0.2.1"]
    assert asked("aws", "us-east-1") == ["192.0.2.2"]
