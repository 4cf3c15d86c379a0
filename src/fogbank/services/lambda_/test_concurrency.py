"""How many executions there may be, and which environments are kept ready."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.sandbox.sandbox import Invocation, Outcome
from fogbank.services.lambda_.test_lambda import World
from fogbank.testing import TestCloud


@pytest.fixture
def world(cloud: TestCloud) -> World:
    found = World(cloud)
    found.make()
    return found


class Gate:
    """Environments that answer when they are let."""

    def __init__(self, world: World) -> None:
        self.open = asyncio.Event()
        self.inside = 0
        start = world.sandboxes.start

        async def started(function: Any, hear: Any = None) -> Any:
            found = await start(function, hear)
            gate = self

            class Slow:
                init_seconds = 0.001

                async def invoke(self, invocation: Invocation, write: Any = None) -> Outcome:
                    gate.inside += 1
                    await gate.open.wait()
                    return await found.invoke(invocation, write)

                async def stop(self) -> None:
                    return None

            return Slow()

        world.sandboxes.start = started  # type: ignore[method-assign]


def at_once(world: World, count: int, gate: Gate) -> list[Any]:
    """What so many calls are answered that are all begun before the first has ended."""

    async def all_of_them() -> list[Any]:
        call = world.cloud.cloud.call
        calls = [asyncio.ensure_future(call("lambda", "Invoke", {"FunctionName": "f"})) for _ in range(count)]
        async with asyncio.timeout(10):
            while gate.inside + sum(call.done() for call in calls) < count:  # noqa: ASYNC110
                await asyncio.sleep(0)
        gate.open.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    found: list[Any] = world.cloud.run(all_of_them())
    return found


def test_each_execution_has_an_environment_of_its_own(world: World) -> None:
    answers = at_once(world, 3, Gate(world))
    assert [one["StatusCode"] for one in answers] == [200] * 3 and len(world.sandboxes.started) == 3
    world.invoke()
    assert len(world.sandboxes.started) == 3


def test_more_than_was_reserved_is_throttled(world: World) -> None:
    world.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=2)
    answers = at_once(world, 3, Gate(world))
    (refused,) = [one for one in answers if isinstance(one, AwsError)]
    assert (refused.code, refused.message) == ("TooManyRequestsException", "Rate Exceeded.")
    assert refused.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    world.invoke()
    world.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    world.refused("Invoke", "TooManyRequestsException", FunctionName="f")
    world.call("DeleteFunctionConcurrency", FunctionName="f")
    world.invoke()
    assert world.call("GetFunctionConcurrency", FunctionName="f") == {}


def test_what_is_reserved_is_lost_to_the_others(world: World) -> None:
    world.make("g")
    text = world.refused(
        "PutFunctionConcurrency", "InvalidParameterValueException", FunctionName="g", ReservedConcurrentExecutions=901
    )
    assert "below its minimum value of [100]" in text
    world.call("PutFunctionConcurrency", FunctionName="g", ReservedConcurrentExecutions=900)
    limits = world.call("GetAccountSettings")["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (1000, 100)
    answers = at_once(world, 102, Gate(world))
    refused = [one for one in answers if isinstance(one, AwsError)]
    assert [one.members["Reason"] for one in refused] == ["ConcurrentInvocationLimitExceeded"] * 2


def test_provisioned_environments_are_there_before_they_are_needed(world: World) -> None:
    world.call("PublishVersion", FunctionName="f")
    world.call("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    asked = {"FunctionName": "f", "Qualifier": "live"}
    made = world.call("PutProvisionedConcurrencyConfig", **asked, ProvisionedConcurrentExecutions=2)
    assert made["Status"] == "IN_PROGRESS"
    world.cloud.run(world.cloud.cloud.settled())
    found = world.call("GetProvisionedConcurrencyConfig", **asked)
    assert (found["Status"], found["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 2)
    assert [one.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] for one in world.sandboxes.started] == [
        "provisioned-concurrency"
    ] * 2
    world.invoke(Qualifier="live")
    world.cloud.advance(1800)
    world.invoke(Qualifier="live")
    assert len(world.sandboxes.started) == 2, "they do not go when nobody calls"
    world.cloud.advance(3000)
    assert len(world.sandboxes.started) == 4, "their credentials do not last for ever"
    world.call("DeleteProvisionedConcurrencyConfig", **asked)
    world.cloud.run(world.cloud.cloud.settled())
    world.refused("GetProvisionedConcurrencyConfig", "ProvisionedConcurrencyConfigNotFoundException", **asked)
    world.invoke(Qualifier="live")
    assert len(world.sandboxes.started) == 5


def test_throttles_are_measured(world: World) -> None:
    world.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    world.refused("Invoke", "TooManyRequestsException", FunctionName="f")
    world.cloud.advance(60)
    given = {"Namespace": "AWS/Lambda", "MetricName": "Throttles"}
    found = world.cloud.call("cloudwatch", "ListMetrics", given)["Metrics"]
    assert [] in [one["Dimensions"] for one in found]
    assert [{"Name": "FunctionName", "Value": "f"}] in [one["Dimensions"] for one in found]
    assert json.dumps(found)
