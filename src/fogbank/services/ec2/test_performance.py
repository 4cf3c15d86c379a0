"""GetAwsNetworkPerformanceData: what a line takes now, and nothing of one that is down."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.services.ec2 import pages
from fogbank.testing import TestCloud


def said(cloud: TestCloud, path: str, **body: Any) -> None:
    ctx = cloud.cloud.context("ec2", "page", callers.anonymous(), "us-east-1")
    response = cloud.run(pages.answer(ctx, Request("POST", f"/_fogbank/net{path}", "", {}, orjson.dumps(body))))
    assert response.status == 200, response.body


def points(cloud: TestCloud, here: str, there: str) -> list[float]:
    query = {"Id": "a", "Source": here, "Destination": there, "Metric": "aggregate-latency", "Statistic": "p50"}
    (found,) = cloud.call("ec2", "GetAwsNetworkPerformanceData", {"DataQueries": [query]})["DataResponses"]
    assert (found["Id"], found["Source"], found["Destination"]) == ("a", here, there)
    return [round(point["Value"], 3) for point in found["MetricPoints"]]


def test_a_line_takes_what_people_say_and_faults_add(cloud: TestCloud) -> None:
    assert points(cloud, "us-east-1", "eu-west-1") == points(cloud, "eu-west-1", "us-east-1") == [68.0]
    said(cloud, "/line", here="eu-west-1", there="us-east-1", round_trip_seconds=0.04)
    assert points(cloud, "us-east-1", "eu-west-1") == [40.0]
    said(cloud, "/faults", target="eu-west-1--us-east-1", delay_seconds=0.1)
    assert points(cloud, "us-east-1", "eu-west-1") == [140.0]
    assert points(cloud, "us-east-1", "us-east-1") == [0.0]
    assert points(cloud, "us-east-1", "us-west-2") == [66.0], "another line"


def test_a_line_that_is_down_has_no_point(cloud: TestCloud) -> None:
    said(cloud, "/faults", target="eu-west-1--us-east-1", seconds=60)
    assert points(cloud, "us-east-1", "eu-west-1") == []
    cloud.advance(61)
    assert points(cloud, "us-east-1", "eu-west-1") == [68.0]


def test_zones_of_a_region(cloud: TestCloud) -> None:
    said(cloud, "/line", here="us-east-1b", there="us-east-1a", round_trip_seconds=0.002)
    assert points(cloud, "us-east-1a", "us-east-1b") == [2.0]
    assert points(cloud, "us-east-1a", "eu-west-1b") == [68.0]


def test_what_is_no_place_is_refused_and_pages_follow_one_another(cloud: TestCloud) -> None:
    with pytest.raises(AwsError, match="InvalidParameterValue"):
        points(cloud, "nowhere-1", "us-east-1")
    with pytest.raises(AwsError, match="MissingParameter"):
        cloud.call("ec2", "GetAwsNetworkPerformanceData", {"DataQueries": [{"Id": "a", "Source": "us-east-1"}]})
    queries = [{"Id": name, "Source": "us-east-1", "Destination": "us-west-2"} for name in "abc"]
    first = cloud.call("ec2", "GetAwsNetworkPerformanceData", {"DataQueries": queries, "MaxResults": 2})
    rest = {"DataQueries": queries, "NextToken": first["NextToken"]}
    second = cloud.call("ec2", "GetAwsNetworkPerformanceData", rest)
    assert [one["Id"] for one in first["DataResponses"] + second["DataResponses"]] == ["a", "b", "c"]
    assert "NextToken" not in second
