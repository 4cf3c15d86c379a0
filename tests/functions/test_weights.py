"""Weighted aliases: as many events as their weights say go to each version, and the metrics add up to the last one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from tests.functions.conftest import Town

from fogbank.planes.sandbox.sandbox import Function, Invocation, Outcome
from fogbank.services.lambda_.test_lambda import World, zipped
from fogbank.testing import TestCloud

SHARE = 0.05
DEVIATIONS_MAX = 5.0
AT_ONCE = 50


def _published(world: World, name: str) -> None:
    """A function with two versions, of which one in twenty events of the alias `live` is to meet the second."""
    code = "def run(event, context): return context.function_version"
    world.make(name, Code={"ZipFile": zipped(main=code)}, Publish=True)
    world.call("UpdateFunctionConfiguration", FunctionName=name, Description="the second")
    world.call("PublishVersion", FunctionName=name)
    routing = {"AdditionalVersionWeights": {"2": SHARE}}
    world.call("CreateAlias", FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=routing)


def _executed(world: World, name: str, count: int, at_once: int) -> Counter[str]:
    """How many of so many events each version was told to be executed for; the function says the same of itself."""

    async def one() -> str:
        params = {"FunctionName": name, "Qualifier": "live", "Payload": b"{}"}
        answer = await world.cloud.cloud.call("lambda", "Invoke", params)
        assert "FunctionError" not in answer and json.loads(answer["Payload"]) == answer["ExecutedVersion"]
        return str(answer["ExecutedVersion"])

    async def many() -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(0, count, at_once):
            found.update(await asyncio.gather(*(one() for _ in range(at_once))))
        return found

    seen: Counter[str] = world.cloud.run(many())
    return seen


def _counted(world: World, **dimensions: str) -> float:
    """The sum of the metric Invocations with exactly these dimensions."""
    world.cloud.advance(60)
    now = world.cloud.clock.now()
    given: dict[str, Any] = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Statistics": ["Sum"],
        "Period": 3600,
        "StartTime": now - 7200,
        "EndTime": now + 60,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    found = world.cloud.call("cloudwatch", "GetMetricStatistics", given)
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def _check_metrics(world: World, name: str, seen: Counter[str]) -> None:
    alias = {"FunctionName": name, "Resource": f"{name}:live"}
    assert _counted(world, FunctionName=name) == seen.total()
    assert _counted(world, **alias) == seen.total()
    assert {version: _counted(world, **alias, ExecutedVersion=version) for version in ("1", "2")} == dict(seen)
    # Nobody called a version by its own name.
    assert _counted(world, FunctionName=name, Resource=f"{name}:2") == 0


def test_one_in_twenty_of_ten_thousand_meets_the_second_version(cloud: TestCloud) -> None:
    def its_version(function: Function, invocation: Invocation) -> Outcome:
        return Outcome(json.dumps(function.environ["AWS_LAMBDA_FUNCTION_VERSION"]).encode())

    world, count = World(cloud), 10_000
    world.sandboxes.answers = its_version
    _published(world, "tide")
    seen = _executed(world, "tide", count, AT_ONCE)
    assert seen.total() == count
    assert abs(seen["2"] - count * SHARE) < DEVIATIONS_MAX * (count * SHARE * (1 - SHARE)) ** 0.5
    _check_metrics(world, "tide", seen)


def test_environments_of_both_versions_share_the_events(town: Town) -> None:
    count = 600
    _published(town, "weighed")
    seen = _executed(town, "weighed", count, 4)
    assert abs(seen["2"] - count * SHARE) < DEVIATIONS_MAX * (count * SHARE * (1 - SHARE)) ** 0.5
    _check_metrics(town, "weighed", seen)
    routing: dict[str, Any] = {"AdditionalVersionWeights": {}}
    town.call("UpdateAlias", FunctionName="weighed", Name="live", RoutingConfig=routing)
    assert dict(_executed(town, "weighed", 40, 4)) == {"1": 40}


@pytest.mark.parametrize("weight", [-0.1, 1.1])
def test_a_weight_is_a_share(cloud: TestCloud, weight: float) -> None:
    world = World(cloud)
    _published(world, "tide")
    routing = {"AdditionalVersionWeights": {"2": weight}}
    given = {"FunctionName": "tide", "Name": "live", "RoutingConfig": routing}
    assert "routingConfig" in world.refused("UpdateAlias", "ValidationException", **given)
