"""Traffic policies: documents, versions, instances, and what a name answers that has one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.dns import message, read
from fogbank.planes.dns.message import Answer
from fogbank.planes.dns.rdata import TYPES
from fogbank.services.route53 import traffic, traffic_documents
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]
WEST, EUROPE, JAPAN = "192.0.2.1", "198.51.100.1", "203.0.113.1"
"""Askers near Oregon, Frankfurt and Tokyo."""


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


@pytest.fixture
def zone(route53: Client) -> str:
    made = route53("CreateHostedZone", Name="example.com", CallerReference="a")
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _document(rules: dict[str, Any], start: str, type_: str = "A", **endpoints: str) -> str:
    body = {
        "AWSPolicyFormatVersion": "2015-10-01",
        "RecordType": type_,
        "StartRule": start,
        "Endpoints": {name: {"Type": "value", "Value": value} for name, value in endpoints.items()},
        "Rules": rules,
    }
    return json.dumps(body)


def _to(name: str, **more: Any) -> dict[str, Any]:
    return {"EndpointReference": name, **more}


def _policy(route53: Client, document: str, name: str = "p") -> str:
    return str(route53("CreateTrafficPolicy", Name=name, Document=document)["TrafficPolicy"]["Id"])


def _instance(route53: Client, zone: str, policy: str, name: str = "www.example.com", version: int = 1) -> str:
    made = route53(
        "CreateTrafficPolicyInstance",
        HostedZoneId=zone,
        Name=name,
        TTL=30,
        TrafficPolicyId=policy,
        TrafficPolicyVersion=version,
    )["TrafficPolicyInstance"]
    assert made["State"] == "Creating"
    return str(made["Id"])


def _told(
    route53: Client, zone: str, address: str = WEST, name: str = "www.example.com", type_: str = "A"
) -> list[str]:
    said = route53("TestDNSAnswer", HostedZoneId=zone, RecordName=name, RecordType=type_, ResolverIP=address)
    return list(said["RecordData"])


def _said(cloud: TestCloud, name: str, type_: str = "A") -> Answer:
    return cloud.cloud.inside.resolve_for_host(message.parsed(read.question(1, name, TYPES[type_])), "127.0.0.1")


def _check(route53: Client, name: str) -> str:
    config = {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 1, "Disabled": True}
    return str(route53("CreateHealthCheck", CallerReference=name, HealthCheckConfig=config)["HealthCheck"]["Id"])


def _turn(route53: Client, check: str, *, is_healthy: bool) -> None:
    route53("UpdateHealthCheck", HealthCheckId=check, Disabled=True, Inverted=not is_healthy)


def _nested(check: str) -> str:
    """By place, in Europe by health, elsewhere by weight: three rules deep."""
    rules = {
        "places": {
            "RuleType": "geo",
            "Locations": [
                {"RuleReference": "europe", "Continent": "EU", "EvaluateTargetHealth": True},
                {"RuleReference": "spread", "IsDefault": True},
            ],
        },
        "europe": {
            "RuleType": "failover",
            "Primary": _to("frankfurt", HealthCheck=check),
            "Secondary": {"RuleReference": "nearest"},
        },
        "nearest": {
            "RuleType": "latency",
            "Regions": [_to("dublin", Region="eu-west-1"), _to("milan", Region="eu-south-1")],
        },
        "spread": {"RuleType": "weighted", "Items": [_to("one", Weight="1"), _to("two", Weight=0)]},
    }
    return _document(
        rules, "places", frankfurt="10.0.0.1", dublin="10.0.0.2", milan="10.0.0.3", one="10.0.0.4", two="10.0.0.5"
    )


def test_a_nested_policy_answers_as_its_document_says_and_follows_health(
    cloud: TestCloud, route53: Client, zone: str
) -> None:
    check = _check(route53, "frankfurt")
    _instance(route53, zone, _policy(route53, _nested(check)))
    assert _told(route53, zone, EUROPE) == ["10.0.0.1"]
    assert _told(route53, zone, WEST) == _told(route53, zone, JAPAN) == ["10.0.0.4"]
    _turn(route53, check, is_healthy=False)
    assert _told(route53, zone, EUROPE) == ["10.0.0.3"]  # Milan is nearer to Frankfurt
    _turn(route53, check, is_healthy=True)
    assert _told(route53, zone, EUROPE) == ["10.0.0.1"]
    on_the_wire = _said(cloud, "www.example.com")
    assert [(one.data, one.ttl) for one in on_the_wire.records] == [("10.0.0.4", 30)]


def test_every_kind_of_rule_is_answered(route53: Client, zone: str) -> None:
    ends = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
    rules: dict[str, dict[str, Any]] = {
        "latency": {
            "RuleType": "latency",
            "Regions": [_to("a", Region="us-west-2"), _to("b", Region="ap-northeast-1")],
        },
        "geoproximity": {
            "RuleType": "geoproximity",
            "GeoproximityLocations": [
                _to("a", Region="aws:route53:us-west-2", Bias="10"),
                _to("b", Latitude="35.6", Longitude="139.8"),
            ],
        },
        "multivalue": {"RuleType": "multivalue", "Items": [_to("a"), _to("b"), _to("c")]},
        "failover": {"RuleType": "failover", "Primary": _to("a"), "Secondary": _to("b")},
        "geo": {
            "RuleType": "geo",
            "Locations": [_to("a", Country="US", Subdivision="OR"), _to("b", Country="JP"), _to("c", IsDefault=True)],
        },
    }
    for name, rule in list(rules.items()):
        policy = _policy(route53, _document({name: rule}, name, **ends), name)
        _instance(route53, zone, policy, f"{name}.example.com")
    told = {name: [_told(route53, zone, one, f"{name}.example.com") for one in (WEST, JAPAN)] for name in rules}
    assert told["latency"] == told["geoproximity"] == told["geo"] == [["10.0.0.1"], ["10.0.0.2"]]
    assert told["failover"] == [["10.0.0.1"], ["10.0.0.1"]]
    assert sorted(told["multivalue"][0]) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert _told(route53, zone, EUROPE, "geo.example.com") == ["10.0.0.3"]


def test_weights_are_kept_to(route53: Client, zone: str) -> None:
    rule = {"RuleType": "weighted", "Items": [_to("a", Weight=3), _to("b", Weight=1)]}
    _instance(route53, zone, _policy(route53, _document({"w": rule}, "w", a="10.0.0.1", b="10.0.0.2")))
    found = Counter(_told(route53, zone)[0] for _ in range(400))
    assert 255 < found["10.0.0.1"] < 345  # five times the deviation of 400 throws


def test_an_endpoint_alone_of_another_type_and_aliases_to_an_instance(route53: Client, zone: str) -> None:
    body = {
        "AWSPolicyFormatVersion": "2023-05-09",
        "RecordType": "MX",
        "StartEndpoint": "mail",
        "Endpoints": {"mail": {"Type": "value", "Value": "10 mail.example.com"}},
    }
    _instance(route53, zone, _policy(route53, json.dumps(body)), "example.com")
    assert _told(route53, zone, name="example.com", type_="MX") == ["10 mail.example.com"]
    target = {"HostedZoneId": zone, "DNSName": "example.com", "EvaluateTargetHealth": False}
    change = {"Action": "CREATE", "ResourceRecordSet": {"Name": "m.example.com", "Type": "MX", "AliasTarget": target}}
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    assert _told(route53, zone, name="m.example.com", type_="MX") == ["10 mail.example.com"]


def test_an_instance_is_one_record_set_and_its_rules_have_no_names(
    cloud: TestCloud, route53: Client, zone: str
) -> None:
    instance = _instance(route53, zone, _policy(route53, _nested(_check(route53, "x"))))
    rows = route53("ListResourceRecordSets", HostedZoneId=zone)["ResourceRecordSets"]
    assert rows[2:] == [{"Name": "www.example.com.", "Type": "A", "TTL": 30, "TrafficPolicyInstanceId": instance}]
    assert route53("GetHostedZone", Id=zone)["HostedZone"]["ResourceRecordSetCount"] == 3
    hidden = traffic.hidden(instance, "europe", "example.com")
    for name in (hidden, hidden.lower()):
        assert _said(cloud, name).code == message.NXDOMAIN


def test_the_states_of_an_instance(route53: Client, zone: str) -> None:
    policy = _policy(route53, _document({"f": {"RuleType": "multivalue", "Items": [_to("a")]}}, "f", a="10.0.0.1"))
    instance = _instance(route53, zone, policy)
    assert route53("GetTrafficPolicyInstance", Id=instance)["TrafficPolicyInstance"] == {
        "Id": instance,
        "HostedZoneId": zone,
        "Name": "www.example.com.",
        "TTL": 30,
        "State": "Applied",
        "Message": "",
        "TrafficPolicyId": policy,
        "TrafficPolicyVersion": 1,
        "TrafficPolicyType": "A",
    }
    document = _document({"f": {"RuleType": "multivalue", "Items": [_to("a")]}}, "f", a="10.0.0.2")
    made = route53("CreateTrafficPolicyVersion", Id=policy, Document=document)["TrafficPolicy"]
    assert (made["Version"], made["Name"]) == (2, "p")
    assert _told(route53, zone) == ["10.0.0.1"]
    update = {"Id": instance, "TTL": 5, "TrafficPolicyId": policy, "TrafficPolicyVersion": 2}
    route53("UpdateTrafficPolicyInstance", **update)
    assert _told(route53, zone) == ["10.0.0.2"]
    with pytest.raises(AwsError, match="TrafficPolicyInUse"):
        route53("DeleteTrafficPolicy", Id=policy, Version=2)
    route53("DeleteTrafficPolicy", Id=policy, Version=1)
    with pytest.raises(AwsError, match="HostedZoneNotEmpty"):
        route53("DeleteHostedZone", Id=zone)
    route53("DeleteTrafficPolicyInstance", Id=instance)
    assert _told(route53, zone) == []
    assert route53("GetHostedZone", Id=zone)["HostedZone"]["ResourceRecordSetCount"] == 2
    assert route53("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 0}
    route53("DeleteTrafficPolicy", Id=policy, Version=2)


def test_an_instance_that_cannot_be_made_has_failed_and_says_why(route53: Client, zone: str) -> None:
    record = {"Name": "www.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.9.9.9"}]}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": changes})
    plain = {"RuleType": "multivalue", "Items": [_to("a")]}
    checked = {"RuleType": "multivalue", "Items": [_to("a", HealthCheck="none")]}
    reasons = []
    for name, rule, where in (("taken", plain, "www"), ("unchecked", checked, "other")):
        policy = _policy(route53, _document({"f": rule}, "f", a="10.0.0.1"), name)
        instance = _instance(route53, zone, policy, f"{where}.example.com")
        found = route53("GetTrafficPolicyInstance", Id=instance)["TrafficPolicyInstance"]
        assert found["State"] == "Failed"
        reasons.append(found["Message"])
    assert "already exists" in reasons[0] and "health check" in reasons[1]
    entry = {"RecordName": "kept.example.com", "RecordType": "A"}
    route53("CreateResourceRecordSetProtections", HostedZoneId=zone, Protections=[entry])
    kept = _instance(route53, zone, _policy(route53, _document({"f": plain}, "f", a="10.0.0.1")), "kept.example.com")
    assert "is protected" in route53("GetTrafficPolicyInstance", Id=kept)["TrafficPolicyInstance"]["Message"]
    assert _told(route53, zone) == ["10.9.9.9"]


def test_an_instances_record_set_may_be_deleted_as_others_are(route53: Client, zone: str) -> None:
    """API reference, ResourceRecordSet: the instance stays, and does nothing."""
    policy = _policy(route53, _document({"f": {"RuleType": "multivalue", "Items": [_to("a")]}}, "f", a="10.0.0.1"))
    instance = _instance(route53, zone, policy)
    record = route53("ListResourceRecordSets", HostedZoneId=zone)["ResourceRecordSets"][2]
    changes = [{"Action": "DELETE", "ResourceRecordSet": record}]
    with pytest.raises(AwsError, match="InvalidInput"):
        route53(
            "ChangeResourceRecordSets",
            HostedZoneId=zone,
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
        )
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": changes})
    assert _told(route53, zone) == []
    assert route53("GetTrafficPolicyInstance", Id=instance)["TrafficPolicyInstance"]["State"] == "Applied"
    route53("DeleteHostedZone", Id=zone)
    assert route53("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 0}


def test_policies_versions_and_instances_are_listed_in_pages(route53: Client, zone: str) -> None:
    document = _document({"f": {"RuleType": "multivalue", "Items": [_to("a")]}}, "f", a="10.0.0.1")
    ids = [_policy(route53, document, f"p{number}") for number in range(5)]
    for _ in range(4):
        route53("CreateTrafficPolicyVersion", Id=ids[0], Document=document, Comment="c")
    first = route53("ListTrafficPolicies", MaxItems="3")
    rest = route53("ListTrafficPolicies", TrafficPolicyIdMarker=first["TrafficPolicyIdMarker"])
    assert first["IsTruncated"] and not rest["IsTruncated"]
    rows = [*first["TrafficPolicySummaries"], *rest["TrafficPolicySummaries"]]
    assert sorted(one["Id"] for one in rows) == sorted(ids)
    assert {one["TrafficPolicyCount"]: one["LatestVersion"] for one in rows} == {5: 5, 1: 1}
    page = route53("ListTrafficPolicyVersions", Id=ids[0], MaxItems="2")
    more = route53(
        "ListTrafficPolicyVersions", Id=ids[0], TrafficPolicyVersionMarker=page["TrafficPolicyVersionMarker"]
    )
    versions = [one["Version"] for one in (*page["TrafficPolicies"], *more["TrafficPolicies"])]
    assert versions == [1, 2, 3, 4, 5]
    route53("UpdateTrafficPolicyComment", Id=ids[0], Version=2, Comment="said")
    assert route53("GetTrafficPolicy", Id=ids[0], Version=2)["TrafficPolicy"]["Comment"] == "said"
    for number, policy in enumerate(ids):
        _instance(route53, zone, policy, f"{number}.example.com")
    found, marker = [], dict[str, Any]()
    while True:
        page = route53("ListTrafficPolicyInstances", MaxItems="2", **marker)
        found += [one["Name"] for one in page["TrafficPolicyInstances"]]
        if not page["IsTruncated"]:
            break
        marker = {name: page[name] for name in page if name.endswith("Marker")}
    assert found == [f"{number}.example.com." for number in range(5)]
    (one,) = route53("ListTrafficPolicyInstancesByPolicy", TrafficPolicyId=ids[3], TrafficPolicyVersion=1)[
        "TrafficPolicyInstances"
    ]
    assert one["Name"] == "3.example.com."
    listed = route53(
        "ListTrafficPolicyInstancesByHostedZone", HostedZoneId=zone, TrafficPolicyInstanceNameMarker="3.example.com"
    )
    assert [one["Name"] for one in listed["TrafficPolicyInstances"]] == ["3.example.com.", "4.example.com."]
    limit = route53("GetAccountLimit", Type="MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER")
    assert (limit["Count"], limit["Limit"]["Value"]) == (5, 5)


def test_a_website_is_an_endpoint(route53: Client, zone: str) -> None:
    body = {
        "AWSPolicyFormatVersion": "2015-10-01",
        "RecordType": "A",
        "StartRule": "f",
        "Endpoints": {
            "site": {"Type": "s3-website", "Region": "us-east-1", "Value": "s3-website-us-east-1.amazonaws.com"},
            "one": {"Type": "value", "Value": "10.0.0.1"},
        },
        "Rules": {
            "f": {
                "RuleType": "failover",
                "Primary": _to("one", HealthCheck=(check := _check(route53, "one"))),
                "Secondary": _to("site"),
            }
        },
    }
    _instance(route53, zone, _policy(route53, json.dumps(body)))
    assert _told(route53, zone, "127.0.0.1") == ["10.0.0.1"]
    _turn(route53, check, is_healthy=False)
    assert _told(route53, zone, "127.0.0.1") == ["127.0.0.1"]


_ITEM = {"a": {"RuleType": "multivalue", "Items": [_to("e")]}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not a traffic policy document"),
        (_document(_ITEM, "a", e="10.0.0.1").replace("2015-10-01", "2014-01-01"), "AWSPolicyFormatVersion"),
        (_document(_ITEM, "a", "SOA", e="10.0.0.1"), "RecordType"),
        (_document(_ITEM, "b", e="10.0.0.1"), "rule b of the start is not defined"),
        (_document(_ITEM, "a"), "endpoint e of the rule a is not defined"),
        (_document(_ITEM, "a", e="ten"), "value ten of the endpoint e"),
        (_document({"a": {"RuleType": "chance", "Items": [_to("e")]}}, "a", e="10.0.0.1"), "unknown type chance"),
        (_document({"a": {"RuleType": "geo", "Items": [_to("e")]}}, "a", e="10.0.0.1"), "must have exactly: locations"),
        (_document({"a": {"RuleType": "failover", "Primary": _to("e")}}, "a", e="10.0.0.1"), "primary, secondary"),
        (
            _document({"a": {"RuleType": "geo", "Locations": [_to("e", Country="ZZ")]}}, "a", e="10.0.0.1"),
            "no location CountryCode=ZZ",
        ),
        (
            _document({"a": {"RuleType": "latency", "Regions": [_to("e", Region="moon")]}}, "a", e="10.0.0.1"),
            "unknown region moon",
        ),
        (
            _document({"a": {"RuleType": "weighted", "Items": [_to("e", Weight=256)]}}, "a", e="10.0.0.1"),
            "from 0 to 255",
        ),
        (
            _document({"a": {"RuleType": "weighted", "Items": [{"RuleReference": "a"}]}}, "a", e="10.0.0.1"),
            "leads back to itself",
        ),
        (
            _document({"a": {"RuleType": "weighted", "Items": [_to("e", RuleReference="a")]}}, "a", e="10.0.0.1"),
            "one of EndpointReference and RuleReference",
        ),
        (_document(_ITEM, "a", e="10.0.0.1").replace('"value"', '"moon"'), "unknown type moon"),
    ],
)
def test_a_document_that_is_wrong_is_refused(text: str, why: str) -> None:
    with pytest.raises(AwsError, match="InvalidTrafficPolicyDocument") as found:
        traffic_documents.read(text)
    assert why in found.value.message
