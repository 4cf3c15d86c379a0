"""Events that nobody waits for: tried again, given up, told of, and never lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.planes.sandbox.sandbox import Outcome
from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, World
from fogbank.testing import TestCloud

FAILED = Outcome(b'{"errorMessage": "bad", "errorType": "E"}', "Unhandled", seconds=0.001)


@pytest.fixture
def world(cloud: TestCloud) -> World:
    found = World(cloud)
    for name in ("dead", "good", "bad"):
        cloud.call("sqs", "CreateQueue", {"QueueName": name})
    found.make(DeadLetterConfig={"TargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"})
    return found


def messages(world: World, queue: str) -> list[dict[str, Any]]:
    url = f"http://localhost/{ACCOUNT}/{queue}"
    given = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    found: list[dict[str, Any]] = world.cloud.call("sqs", "ReceiveMessage", given).get("Messages", [])
    return found


def destinations(world: World, **more: Any) -> None:
    def at(name: str) -> dict[str, str]:
        return {"Destination": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"}

    given = {"OnSuccess": at("good"), "OnFailure": at("bad")}
    world.call("PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=given, **more)


def test_an_event_is_carried_out_after_its_answer(world: World) -> None:
    destinations(world)
    answer = world.invoke(payload={"n": 1}, InvocationType="Event")
    assert answer["StatusCode"] == 202 and answer["Payload"] == b""
    world.cloud.run(world.cloud.cloud.settled())
    assert [json.loads(one.payload) for one in world.sandboxes.asked] == [{"n": 1}]
    (told,) = messages(world, "good")
    body = json.loads(told["Body"])
    assert body["requestPayload"] == {"n": 1} and body["responsePayload"] == {"n": 1}
    assert body["requestContext"] == {
        "requestId": world.sandboxes.asked[0].id,
        "functionArn": f"{AT}:f:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert body["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_an_event_that_fails_is_tried_twice_more_and_then_buried(world: World) -> None:
    destinations(world)
    world.sandboxes.answers = lambda function, invocation: FAILED
    world.invoke(payload={"n": 1}, InvocationType="Event")
    world.cloud.run(world.cloud.cloud.settled())
    seen = [len(world.sandboxes.asked)]
    for seconds in (59, 1, 119, 1):
        world.cloud.advance(seconds)
        seen.append(len(world.sandboxes.asked))
    assert seen == [1, 1, 2, 2, 3]
    assert len({one.id for one in world.sandboxes.asked}) == 1, "all tries are of one request"
    (told,) = messages(world, "bad")
    body = json.loads(told["Body"])
    assert body["requestContext"]["condition"] == "RetriesExhausted"
    assert body["requestContext"]["approximateInvokeCount"] == 3
    assert body["responseContext"]["functionError"] == "Unhandled" and body["responsePayload"]["errorType"] == "E"
    (dead,) = messages(world, "dead")
    assert json.loads(dead["Body"]) == {"n": 1}
    given = {name: one["StringValue"] for name, one in dead["MessageAttributes"].items()}
    assert given == {"RequestID": world.sandboxes.asked[0].id, "ErrorCode": "200", "ErrorMessage": "bad"}
    assert messages(world, "good") == []
    world.cloud.advance(3600)
    assert len(world.sandboxes.asked) == 3


def test_retries_and_ages_are_those_that_were_asked_for(world: World) -> None:
    destinations(world, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60)
    world.sandboxes.answers = lambda function, invocation: FAILED
    world.invoke(InvocationType="Event")
    world.cloud.advance(600)
    assert len(world.sandboxes.asked) == 1
    world.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    world.cloud.call("sqs", "PurgeQueue", {"QueueUrl": f"http://localhost/{ACCOUNT}/bad"})
    world.invoke(InvocationType="Event")
    world.cloud.advance(59)
    assert messages(world, "bad") == []
    world.cloud.advance(120)
    (told,) = messages(world, "bad")
    assert json.loads(told["Body"])["requestContext"]["condition"] == "EventAgeExceeded"
    assert len(world.sandboxes.asked) == 1


def test_a_role_that_may_not_send_gets_no_word_out(world: World) -> None:
    destinations(world)
    world.allow("logs:*")
    world.invoke(InvocationType="Event")
    world.cloud.run(world.cloud.cloud.settled())
    assert len(world.sandboxes.asked) == 1 and messages(world, "good") == []


def test_an_accepted_event_outlives_the_process(tmp_path: Any) -> None:
    first = TestCloud(ephemeral=False, state=str(tmp_path))
    world = World(first)
    world.make()

    class Away(Exception): ...

    def never(function: Any, invocation: Any) -> Outcome:
        raise Away

    world.sandboxes.answers = never
    world.invoke(payload={"n": 7}, InvocationType="Event")
    first.close()
    second = TestCloud(ephemeral=False, state=str(tmp_path))
    try:
        second.run(second.cloud.settled())
        asked = second.cloud.planes.sandboxes.asked  # type: ignore[attr-defined]
        assert [json.loads(one.payload) for one in asked] == [{"n": 7}]
    finally:
        second.close()
