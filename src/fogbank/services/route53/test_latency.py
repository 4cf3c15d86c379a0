"""How far askers are: measured where there is a line, told by people, guessed until then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.services.route53 import pages
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]
NAME = "www.shop.example"
NEAR, FAR = "198.51.100.7", "203.0.113.7"
"""Addresses that are taken to be in eu-central-1 and ap-northeast-1."""


@pytest.fixture
def zone(route53: Client) -> str:
    zone = str(route53("CreateHostedZone", Name="shop.example", CallerReference="1")["HostedZone"]["Id"])
    sets = [
        {
            "Name": NAME,
            "Type": "A",
            "TTL": 60,
            "SetIdentifier": region,
            "Region": region,
            "ResourceRecords": [{"Value": address}],
        }
        for region, address in (("eu-west-1", "192.0.2.1"), ("us-west-2", "192.0.2.2"))
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": one} for one in sets]
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return zone


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


def asked(route53: Client, zone: str, resolver: str) -> str:
    (found,) = route53("TestDNSAnswer", HostedZoneId=zone, RecordName=NAME, RecordType="A", ResolverIP=resolver)[
        "RecordData"
    ]
    return str(found)


def page(cloud: TestCloud, method: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    ctx = cloud.cloud.context("route53", "page", callers.anonymous(), "us-east-1")
    request = Request(method, f"/_fogbank/dns{path}", "", {}, orjson.dumps(body) if body else b"")
    response = cloud.run(pages.answer(ctx, request))
    return response.status, orjson.loads(response.body)


def test_the_region_with_the_shortest_round_trip_is_told(route53: Client, zone: str) -> None:
    assert (asked(route53, zone, NEAR), asked(route53, zone, FAR)) == ("192.0.2.1", "192.0.2.2")


def test_answers_follow_what_ec2_says_of_lines_where_there_are_no_packets(
    cloud: TestCloud, route53: Client, zone: str
) -> None:
    cloud.advance(31)
    assert asked(route53, zone, NEAR) == "192.0.2.1"
    assert page(cloud, "GET", "/latency")[1]["measured"]["eu-central-1"]["eu-west-1"] == pytest.approx(0.025)
    line = {"here": "eu-central-1", "there": "eu-west-1", "round_trip_seconds": 0.5}
    ctx = cloud.cloud.context("ec2", "page", callers.anonymous(), "us-east-1")
    ec2 = cloud.cloud.services.get("ec2")
    answer = ec2.page("answer") if ec2 is not None else None
    assert answer is not None
    cloud.run(answer(ctx, Request("POST", "/_fogbank/net/line", "", {}, orjson.dumps(line))))
    assert asked(route53, zone, NEAR) == "192.0.2.1", "nobody has looked yet"
    cloud.advance(31)
    assert asked(route53, zone, NEAR) == "192.0.2.2"


def test_what_people_say_of_a_network_counts_first_and_the_longest_network_most(
    cloud: TestCloud, route53: Client, zone: str
) -> None:
    assert page(cloud, "POST", "/latency", network="198.51.0.0/16", region="us-west-2", seconds=0.001)[0] == 200
    assert asked(route53, zone, NEAR) == "192.0.2.2"
    assert page(cloud, "POST", "/latency", network="198.51.100.0/24", region="us-west-2", seconds=0.9)[0] == 200
    assert asked(route53, zone, NEAR) == "192.0.2.1"
    assert len(page(cloud, "GET", "/latency")[1]["told"]) == 2
    page(cloud, "POST", "/latency", network="198.51.100.0/24", region="us-west-2")
    page(cloud, "POST", "/latency", network="198.51.0.0/16", region="us-west-2")
    assert (page(cloud, "GET", "/latency")[1]["told"], asked(route53, zone, NEAR)) == ([], "192.0.2.1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"network": "198.51.100.0/33", "region": "us-west-2", "seconds": 1},
        {"network": "198.51.100.0/24", "region": "us-west-9", "seconds": 1},
        {"network": "198.51.100.0/24", "region": "us-west-2", "seconds": -1},
    ],
)
def test_what_makes_no_sense_is_refused(cloud: TestCloud, wrong: dict[str, Any]) -> None:
    status, said = page(cloud, "POST", "/latency", **wrong)
    assert status == 400
    assert said["error"] in ("InvalidInput", "ValidationException")


def test_without_packets_there_are_no_edges(cloud: TestCloud) -> None:
    status, said = page(cloud, "POST", "/edges", count=4)
    assert (status, said["error"]) == (400, "ValidationException")
    assert page(cloud, "GET", "/edges") == (200, {"region": "", "edges": []})
