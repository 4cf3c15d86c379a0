from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


@pytest.fixture
def gateways(ec2: Call) -> list[str]:
    return [ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"] for _ in range(2)]


def path_of(ec2: Call, **more: Any) -> dict[str, Any]:
    request = {"Protocol": "tcp", "ClientToken": str(uuid4()), **more}
    found: dict[str, Any] = ec2("CreateNetworkInsightsPath", **request)["NetworkInsightsPath"]
    return found


def test_a_path_is_remembered_with_its_ends(ec2: Call, gateways: list[str]) -> None:
    source, destination = gateways
    arn = f"arn:aws:ec2:us-east-1:000000000000:internet-gateway/{destination}"
    made = path_of(ec2, Source=source, Destination=arn, DestinationPort=443)
    assert (made["Source"], made["Destination"], made["DestinationArn"]) == (source, destination, arn)
    found = ec2("DescribeNetworkInsightsPaths", NetworkInsightsPathIds=[made["NetworkInsightsPathId"]])
    assert found["NetworkInsightsPaths"] == [made]
    by_end = [{"Name": "destination", "Values": [destination]}]
    assert ec2("DescribeNetworkInsightsPaths", Filters=by_end)["NetworkInsightsPaths"] == [made]
    ec2("DeleteNetworkInsightsPath", NetworkInsightsPathId=made["NetworkInsightsPathId"])
    assert ec2("DescribeNetworkInsightsPaths")["NetworkInsightsPaths"] == []


def test_a_destination_may_be_an_address(ec2: Call, gateways: list[str]) -> None:
    filters = {"DestinationAddress": "10.0.0.1", "DestinationPortRange": {"FromPort": 80, "ToPort": 81}}
    made = path_of(ec2, Source=gateways[0], FilterAtSource=filters)
    assert made["FilterAtSource"] == filters
    assert "Destination" not in made
    with pytest.raises(AwsError, match="MissingParameter"):
        path_of(ec2, Source=gateways[0])
    with pytest.raises(AwsError, match="InvalidParameterCombination"):
        path_of(ec2, Source=gateways[0], FilterAtSource=filters, DestinationPort=80)


def test_a_hundred_paths_and_not_one_more(ec2: Call, gateways: list[str]) -> None:
    for _ in range(100):
        path_of(ec2, Source=gateways[0], Destination=gateways[1])
    with pytest.raises(AwsError, match="NetworkInsightsPathLimitExceeded"):
        path_of(ec2, Source=gateways[0], Destination=gateways[1])


def test_an_analysis_is_kept_with_its_answer_and_keeps_its_path(ec2: Call) -> None:
    subnet = ec2("DescribeSubnets")["Subnets"][0]["SubnetId"]
    one, other = (
        ec2("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"] for _ in range(2)
    )
    path = path_of(ec2, Source=one, Destination=other, DestinationPort=443)["NetworkInsightsPathId"]
    started = ec2("StartNetworkInsightsAnalysis", NetworkInsightsPathId=path, ClientToken="x")
    assert started["NetworkInsightsAnalysis"]["Status"] == "running"
    assert "NetworkPathFound" not in started["NetworkInsightsAnalysis"]
    analysis = ec2("DescribeNetworkInsightsAnalyses", NetworkInsightsPathId=path)["NetworkInsightsAnalyses"][0]
    assert (analysis["Status"], analysis["NetworkPathFound"]) == ("succeeded", True)
    assert analysis["ForwardPathComponents"][0]["SequenceNumber"] == 1
    unfound = [{"Name": "path-found", "Values": ["false"]}]
    assert ec2("DescribeNetworkInsightsAnalyses", Filters=unfound)["NetworkInsightsAnalyses"] == []
    with pytest.raises(AwsError, match="AnalysisExistsForNetworkInsightsPath"):
        ec2("DeleteNetworkInsightsPath", NetworkInsightsPathId=path)
    ec2("DeleteNetworkInsightsAnalysis", NetworkInsightsAnalysisId=analysis["NetworkInsightsAnalysisId"])
    ec2("DeleteNetworkInsightsPath", NetworkInsightsPathId=path)
