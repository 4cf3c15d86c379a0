"""Versions and aliases: when there is a new one, what an alias leads to, and how events are shared."""

from __future__ import annotations

import json

import pytest

from fogbank.planes.sandbox.sandbox import Function as Wanted
from fogbank.planes.sandbox.sandbox import Invocation, Outcome
from fogbank.services.lambda_.test_lambda import AT, World, zipped
from fogbank.testing import TestCloud


@pytest.fixture
def world(cloud: TestCloud) -> World:
    found = World(cloud)
    found.make()
    return found


def its_version(function: Wanted, invocation: Invocation) -> Outcome:
    return Outcome(json.dumps(function.environ["AWS_LAMBDA_FUNCTION_VERSION"]).encode(), seconds=0.001)


def test_a_version_is_published_only_if_something_changed(world: World) -> None:
    call = world.call
    first = call("PublishVersion", FunctionName="f", Description="one")
    assert (first["Version"], first["FunctionArn"], first["Description"]) == ("1", f"{AT}:f:1", "one")
    assert call("PublishVersion", FunctionName="f")["Version"] == "1"
    call("UpdateFunctionConfiguration", FunctionName="f", Timeout=9)
    second = call("PublishVersion", FunctionName="f")
    assert (second["Version"], second["Timeout"]) == ("2", 9)
    assert call("GetFunctionConfiguration", FunctionName="f", Qualifier="1")["Timeout"] == 3
    listed = call("ListVersionsByFunction", FunctionName="f")["Versions"]
    assert [one["Version"] for one in listed] == ["$LATEST", "1", "2"]
    call("DeleteFunction", FunctionName="f", Qualifier="1")
    text = world.refused("GetFunction", "ResourceNotFoundException", FunctionName="f", Qualifier="1")
    assert text == f"Function not found: {AT}:f:1"
    call("UpdateFunctionCode", FunctionName="f", ZipFile=zipped(main="y = 1"), Publish=True)
    assert [one["Version"] for one in call("ListVersionsByFunction", FunctionName="f")["Versions"]] == [
        "$LATEST",
        "2",
        "3",
    ]


def test_an_alias_leads_to_its_version(world: World) -> None:
    call = world.call
    call("PublishVersion", FunctionName="f")
    made = call("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    assert made["AliasArn"] == f"{AT}:f:live"
    answer = world.invoke(f"{AT}:f:live")
    assert answer["ExecutedVersion"] == "1" and world.sandboxes.asked[-1].arn == f"{AT}:f:live"
    text = world.refused("DeleteFunction", "ResourceConflictException", FunctionName="f", Qualifier="1")
    assert "live" in text
    stale = {"FunctionName": "f", "Name": "live", "RevisionId": "11111111"}
    world.refused("UpdateAlias", "PreconditionFailedException", **stale)
    call("DeleteAlias", FunctionName="f", Name="live")
    world.refused("Invoke", "ResourceNotFoundException", FunctionName="f:live")


def test_a_weighted_alias_shares_its_events(world: World) -> None:
    call = world.call
    call("PublishVersion", FunctionName="f")
    call("UpdateFunctionConfiguration", FunctionName="f", Timeout=9)
    call("PublishVersion", FunctionName="f")
    routing = {"AdditionalVersionWeights": {"2": 0.25}}
    call("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=routing)
    world.sandboxes.answers = its_version
    seen = [world.invoke(Qualifier="live") for _ in range(400)]
    to_second = sum(one["ExecutedVersion"] == "2" for one in seen)
    # Five standard deviations of a binomial distribution.
    assert abs(to_second - 100) < 5 * (400 * 0.25 * 0.75) ** 0.5
    assert all(json.loads(one["Payload"]) == one["ExecutedVersion"] for one in seen)
    world.cloud.advance(60)
    statistics = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Statistics": ["Sum"], "Period": 3600}
    span = {"StartTime": world.cloud.clock.now() - 3600, "EndTime": world.cloud.clock.now() + 60}

    def counted(**dimensions: str) -> float:
        given = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        found = world.cloud.call("cloudwatch", "GetMetricStatistics", {**statistics, **span, "Dimensions": given})
        return sum(point["Sum"] for point in found["Datapoints"])

    assert counted(FunctionName="f") == 400
    assert counted(FunctionName="f", Resource="f:live") == 400
    assert counted(FunctionName="f", Resource="f:live", ExecutedVersion="2") == to_second
    call("UpdateAlias", FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {world.invoke(Qualifier="live")["ExecutedVersion"] for _ in range(30)} == {"1"}


def test_functions_and_aliases_are_listed_in_pages(world: World) -> None:
    for name in ("g", "h"):
        world.make(name)
    world.call("PublishVersion", FunctionName="g")
    page = world.call("ListFunctions", MaxItems=2)
    assert [one["FunctionName"] for one in page["Functions"]] == ["f", "g"]
    rest = world.call("ListFunctions", MaxItems=2, Marker=page["NextMarker"])
    assert [one["FunctionName"] for one in rest["Functions"]] == ["h"] and "NextMarker" not in rest
    everything = world.call("ListFunctions", FunctionVersion="ALL")["Functions"]
    assert [one["FunctionArn"] for one in everything] == [
        f"{AT}:f:$LATEST",
        f"{AT}:g:$LATEST",
        f"{AT}:g:1",
        f"{AT}:h:$LATEST",
    ]
