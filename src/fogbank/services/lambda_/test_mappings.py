"""Event source mappings of queues: batches, what is reported as failed, filters, and who may."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.planes.sandbox.sandbox import Outcome
from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, World
from fogbank.testing import TestCloud

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
URL = f"http://localhost/{ACCOUNT}/q"


@pytest.fixture
def world(cloud: TestCloud) -> World:
    found = World(cloud)
    cloud.call("sqs", "CreateQueue", {"QueueName": "q"})
    found.make()
    return found


def soon(world: World, is_so: Callable[[], bool]) -> None:
    """Let the cloud run until something is so, at most ten seconds."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        world.cloud.run(asyncio.sleep(0.005))


def send(world: World, *bodies: str) -> None:
    for body in bodies:
        world.cloud.call("sqs", "SendMessage", {"QueueUrl": URL, "MessageBody": body})


def left(world: World) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = world.cloud.call("sqs", "GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": names})["Attributes"]
    return sum(int(found[name]) for name in names)


def bodies(world: World) -> list[str]:
    return [record["body"] for one in world.sandboxes.asked for record in json.loads(one.payload)["Records"]]


def test_messages_are_handed_over_and_taken_away(world: World) -> None:
    made = world.call("CreateEventSourceMapping", FunctionName="f", EventSourceArn=QUEUE)
    assert (made["State"], made["BatchSize"], made["FunctionArn"]) == ("Creating", 10, f"{AT}:f")
    assert world.call("GetEventSourceMapping", UUID=made["UUID"])["State"] == "Enabled"
    send(world, "a", "b")
    soon(world, lambda: len(bodies(world)) == 2)
    (record, *_) = json.loads(world.sandboxes.asked[0].payload)["Records"]
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", QUEUE, "us-east-1")
    assert record["attributes"]["ApproximateReceiveCount"] == "1" and record["messageAttributes"] == {}
    assert left(world) == 0
    world.call("UpdateEventSourceMapping", UUID=made["UUID"], Enabled=False)
    world.cloud.run(world.cloud.cloud.settled())
    send(world, "c")
    assert left(world) == 1
    world.call("UpdateEventSourceMapping", UUID=made["UUID"], Enabled=True)
    soon(world, lambda: "c" in bodies(world))
    world.call("DeleteEventSourceMapping", UUID=made["UUID"])
    assert world.refused("GetEventSourceMapping", "ResourceNotFoundException", UUID=made["UUID"])


def test_only_what_failed_comes_again(world: World) -> None:
    def answer(function: Any, invocation: Any) -> Outcome:
        records = json.loads(invocation.payload)["Records"]
        failed = [{"itemIdentifier": one["messageId"]} for one in records if one["body"] == "bad"]
        return Outcome(json.dumps({"batchItemFailures": failed}).encode())

    world.sandboxes.answers = answer
    send(world, "good", "bad", "fine")
    more = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    world.call("CreateEventSourceMapping", FunctionName="f", EventSourceArn=QUEUE, **more)
    soon(world, lambda: len(bodies(world)) == 3 and left(world) == 1)
    world.cloud.advance(31)
    soon(world, lambda: bodies(world).count("bad") == 2)
    assert bodies(world).count("good") == 1


def test_a_batch_whose_function_fails_comes_again(world: World) -> None:
    world.sandboxes.answers = lambda function, invocation: Outcome(b"{}", "Unhandled")
    send(world, "a")
    world.call("CreateEventSourceMapping", FunctionName="f", EventSourceArn=QUEUE)
    soon(world, lambda: len(bodies(world)) == 1)
    assert left(world) == 1
    world.sandboxes.answers = lambda function, invocation: Outcome(b"{}")
    world.cloud.advance(31)
    soon(world, lambda: len(bodies(world)) == 2 and left(world) == 0)


def test_what_no_filter_lets_through_leaves_the_queue_unseen(world: World) -> None:
    criteria = {"Filters": [{"Pattern": json.dumps({"body": {"kind": ["tide"]}})}]}
    world.call("CreateEventSourceMapping", FunctionName="f", EventSourceArn=QUEUE, FilterCriteria=criteria)
    send(world, '{"kind": "wind"}', '{"kind": "tide"}')
    soon(world, lambda: left(world) == 0)
    assert bodies(world) == ['{"kind": "tide"}']


def test_the_role_must_be_allowed_to_read_the_queue(world: World) -> None:
    world.allow("logs:*")
    create = {"FunctionName": "f", "EventSourceArn": QUEUE}
    text = world.refused("CreateEventSourceMapping", "InvalidParameterValueException", **create)
    assert text == "The function execution role does not have permissions to call ReceiveMessage on SQS"
    world.allow("sqs:*")
    world.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=60)
    text = world.refused("CreateEventSourceMapping", "InvalidParameterValueException", **create)
    assert text == "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"


def test_a_mapping_waits_for_another_function_of_its_name(world: World) -> None:
    world.call("CreateEventSourceMapping", FunctionName="f", EventSourceArn=QUEUE)
    world.cloud.run(world.cloud.cloud.settled())
    world.call("DeleteFunction", FunctionName="f")
    world.cloud.run(world.cloud.cloud.settled())
    send(world, "a")
    assert left(world) == 1 and bodies(world) == []
    world.make()
    soon(world, lambda: bodies(world) == ["a"])
