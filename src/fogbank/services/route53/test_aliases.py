"""Aliases to services: websites of S3 under people's own names, as programs of the machine and of a VPC reach them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws import internet
from fogbank.aws.errors import AwsError
from fogbank.planes.dns import message, read
from fogbank.planes.dns.message import Answer
from fogbank.planes.dns.rdata import TYPES
from fogbank.services.route53 import aliases
from fogbank.testing import Served, TestCloud
from fogbank.testing.plugin import MakeClient

Client = Callable[..., dict[str, Any]]
VIRGINIA, OHIO = "s3-website-us-east-1.amazonaws.com", "s3-website.us-east-2.amazonaws.com"


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


@pytest.fixture
def zone(route53: Client) -> str:
    made = route53("CreateHostedZone", Name="example.com", CallerReference="a")
    return str(made["HostedZone"]["Id"])


def _alias(
    route53: Client, zone: str, name: str, target: tuple[str, str], type_: str = "A", **more: Any
) -> dict[str, Any]:
    alias = {"HostedZoneId": target[0], "DNSName": target[1], "EvaluateTargetHealth": True}
    shown = {"Name": name, "Type": type_, "AliasTarget": alias, **more}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": shown}]}
    return route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)


def _said(cloud: TestCloud, name: str, type_: str = "A", vpc: str = "") -> Answer:
    query = message.parsed(read.question(1, name, TYPES[type_]))
    if vpc:
        where = f"aws/{cloud.cloud.settings.account}/us-east-1/{vpc}"
        return cloud.cloud.inside.resolve(where, query, "10.0.0.9")
    return cloud.cloud.inside.resolve_for_host(query, "127.0.0.1")


def test_an_alias_to_a_website_is_told_as_the_asker_reaches_it(cloud: TestCloud, route53: Client, zone: str) -> None:
    _alias(route53, zone, "www.example.com", (aliases.WEBSITES["us-east-1"], VIRGINIA))
    _alias(route53, zone, "ohio.example.com", (aliases.WEBSITES["us-east-2"], OHIO))
    vpc = str(cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"])
    for name, region in (("www.example.com", "us-east-1"), ("ohio.example.com", "us-east-2")):
        for asker, address in (("", "127.0.0.1"), (vpc, internet.api_address(region))):
            (one,) = _said(cloud, name, vpc=asker).records
            assert (one.name, one.ttl, one.data) == (name, 60, address)
        nothing = _said(cloud, name, "AAAA")
        assert nothing.code == message.NOERROR and not nothing.records
    rows = route53("ListResourceRecordSets", HostedZoneId=zone)["ResourceRecordSets"]
    assert rows[-1]["AliasTarget"]["DNSName"] == f"{VIRGINIA}."


def test_the_health_of_a_website_is_not_looked_at(cloud: TestCloud, route53: Client, zone: str) -> None:
    website = (aliases.WEBSITES["us-east-1"], VIRGINIA)
    _alias(route53, zone, "f.example.com", website, SetIdentifier="a", Failover="PRIMARY")
    second = {"Name": "f.example.com", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    second |= {"SetIdentifier": "b", "Failover": "SECONDARY"}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": second}]}
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)
    assert [one.data for one in _said(cloud, "f.example.com").records] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("target", "type_"),
    [
        ((aliases.WEBSITES["us-east-2"], VIRGINIA), "A"),
        (("ZNONE", VIRGINIA), "A"),
        ((aliases.WEBSITES["us-east-1"], "www.example.net"), "A"),
        ((aliases.WEBSITES["us-east-1"], VIRGINIA), "TXT"),
        (("Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net"), "A"),
    ],
)
def test_a_target_that_is_no_services_is_not_found(
    route53: Client, zone: str, target: tuple[str, str], type_: str
) -> None:
    with pytest.raises(AwsError, match="that target was not found") as found:
        _alias(route53, zone, "www.example.com", target, type_)
    assert found.value.code == "InvalidChangeBatch"


def test_a_zone_that_had_no_aliases_is_asked_anew_once_it_has(cloud: TestCloud, route53: Client, zone: str) -> None:
    """Answers are planned ahead by their question; those to a service depend on who asks."""
    terms = cloud.cloud.inside.terms()
    assert terms.ahead is not None
    terms.ahead.plans()
    record = {"Name": "www.example.com", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)
    query = message.parsed(read.question(1, "www.example.com", TYPES["A"]))
    assert terms.ahead.plan(query, "127.0.0.1") is not None
    _alias(route53, zone, "www.example.com", (aliases.WEBSITES["us-east-1"], VIRGINIA))
    assert terms.ahead.plan(query, "127.0.0.1") is None


def test_a_website_is_read_by_its_own_name(served: Served, boto: MakeClient, account: str) -> None:
    route53, s3, name = boto("route53"), boto("s3"), f"www.z{account}.example"
    zone = route53.create_hosted_zone(Name=f"z{account}.example", CallerReference="a")["HostedZone"]["Id"]
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=name, Key="index.html", Body=b"hello")
    s3.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    alias = {"HostedZoneId": aliases.WEBSITES["us-east-1"], "DNSName": VIRGINIA, "EvaluateTargetHealth": False}
    change = {"Action": "CREATE", "ResourceRecordSet": {"Name": name, "Type": "A", "AliasTarget": alias}}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    said = route53.test_dns_answer(HostedZoneId=zone, RecordName=name, RecordType="A")["RecordData"]
    connection = http.client.HTTPConnection(said[0], served.port, timeout=20)
    connection.request("GET", "/", headers={"host": name})
    assert connection.getresponse().read() == b"hello"
    connection.close()
