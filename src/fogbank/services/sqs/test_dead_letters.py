"""Dead letters: what is received too often, and the tasks that move it back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.services.sqs.test_sqs import STRING, Queue
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


def with_dead_letters(cloud: TestCloud, ending: str = "", receives: int = 2) -> tuple[Queue, Queue]:
    dead = Queue(cloud, f"dead{ending}")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives})
    return Queue(cloud, f"jobs{ending}", RedrivePolicy=policy, VisibilityTimeout="1"), dead


@pytest.mark.parametrize("ending", ["", ".fifo"])
def test_what_is_received_too_often_is_given_up(cloud: TestCloud, ending: str) -> None:
    queue, dead = with_dead_letters(cloud, ending)
    group = {"MessageGroupId": "g"} if ending else {}
    sent = queue.send("poison", **group, MessageAttributes={"a": STRING})
    for _ in range(2):
        assert queue.bodies() == ["poison"]
        cloud.advance(1)
    assert dead.counts() == (0, 0, 0)
    assert queue.receive() == []
    assert queue.counts() == (0, 0, 0)
    [message] = dead.receive(AttributeNames=["All"], MessageAttributeNames=["All"])
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == {"a": STRING}
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == queue.arn
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    expected = "1750000002000" if ending else "1750000000000"
    assert message["Attributes"]["SentTimestamp"] == expected, "only a standard queue's message keeps its age"


def test_redrive_policies_are_checked(cloud: TestCloud) -> None:
    dead, fifo = Queue(cloud, "dead"), Queue(cloud, "dead.fifo")
    queue = Queue(cloud, "jobs")

    def policy(**given: Any) -> None:
        queue.set(RedrivePolicy=json.dumps(given))

    for count in (1, "5", 1000):
        policy(deadLetterTargetArn=dead.arn, maxReceiveCount=count)
    assert json.loads(queue.attributes()["RedrivePolicy"]) == {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1000}
    for count in (0, 1001, "x"):
        with refused("InvalidParameterValue", "valid values are from 1 to 1000 both inclusive"):
            policy(deadLetterTargetArn=dead.arn, maxReceiveCount=count)
    with refused("InvalidParameterValue", "does not contain mandatory attribute: maxReceiveCount"):
        policy(deadLetterTargetArn=dead.arn)
    with refused("InvalidParameterValue", "does not contain mandatory attribute: deadLetterTargetArn"):
        policy(maxReceiveCount=1)
    with refused("InvalidParameterValue", "Dead letter target does not exist"):
        policy(deadLetterTargetArn=dead.arn + "x", maxReceiveCount=1)
    with refused("InvalidParameterValue", "Dead letter target does not exist"):
        policy(deadLetterTargetArn=dead.arn.replace("us-east-1", "eu-west-1"), maxReceiveCount=1)
    with refused("InvalidParameterValue", "must be same type of queue"):
        policy(deadLetterTargetArn=fifo.arn, maxReceiveCount=1)
    with refused("InvalidParameterValue", "JSON"):
        queue.set(RedrivePolicy="{")
    queue.set(RedrivePolicy="")
    assert "RedrivePolicy" not in queue.attributes()


def test_a_dead_letter_queue_says_whom_it_serves(cloud: TestCloud) -> None:
    queue, dead = with_dead_letters(cloud)
    listed = dead("ListDeadLetterSourceQueues")
    assert listed == {"queueUrls": [queue.url]}
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    with refused("InvalidParameterValue", "redrive allow policy"):
        queue.set(RedrivePolicy=policy)
    dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}))
    queue.set(RedrivePolicy=policy)
    with refused("InvalidParameterValue", "redrive allow policy"):
        Queue(cloud, "other").set(RedrivePolicy=policy)
    arns = [f"{queue.arn}{n}" for n in range(11)]
    dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": arns[:10]}))
    with refused("InvalidParameterValue", "at most 10"):
        dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": arns}))
    for bad in (
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "some"},
        {"redrivePermission": "allowAll", "sourceQueueArns": arns[:1]},
    ):
        with refused("InvalidParameterValue", "RedriveAllowPolicy"):
            dead.set(RedriveAllowPolicy=json.dumps(bad))


def given_up(cloud: TestCloud, number: int, ending: str = "") -> tuple[Queue, Queue]:
    queue, dead = with_dead_letters(cloud, ending, receives=1)
    for n in range(number):
        queue.send(str(n), **({"MessageGroupId": f"g{n % 2}"} if ending else {}))
    for _ in range(5):
        while queue.receive():
            pass
        cloud.advance(1)
    assert dead.counts() == (number, 0, 0)
    return queue, dead


@pytest.mark.parametrize("ending", ["", ".fifo"])
def test_a_task_moves_messages_back(cloud: TestCloud, ending: str) -> None:
    queue, dead = given_up(cloud, 25, ending)
    sqs = cloud.client("sqs")
    sqs("StartMessageMoveTask", SourceArn=dead.arn)
    cloud.advance(0)
    [task] = sqs("ListMessageMoveTasks", SourceArn=dead.arn)["Results"]
    assert task["Status"] == "COMPLETED"
    assert task["ApproximateNumberOfMessagesMoved"] == task["ApproximateNumberOfMessagesToMove"] == 25
    assert "TaskHandle" not in task
    assert dead.counts() == (0, 0, 0)
    assert queue.counts() == (25, 0, 0)
    [message, *_] = queue.receive(AttributeNames=["All"])
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in message["Attributes"]


def test_a_task_keeps_its_pace_and_can_be_stopped(cloud: TestCloud) -> None:
    _, dead = given_up(cloud, 25)
    target = Queue(cloud, "target")
    sqs = cloud.client("sqs")
    handle = sqs("StartMessageMoveTask", SourceArn=dead.arn, DestinationArn=target.arn, MaxNumberOfMessagesPerSecond=5)[
        "TaskHandle"
    ]
    with refused("UnsupportedOperation", "already a task running"):
        sqs("StartMessageMoveTask", SourceArn=dead.arn)
    cloud.advance(2)
    assert target.counts() == (15, 0, 0)
    [task] = sqs("ListMessageMoveTasks", SourceArn=dead.arn)["Results"]
    assert (task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 5)
    assert task["DestinationArn"] == target.arn
    assert sqs("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 15}
    cloud.advance(10)
    assert (target.counts(), dead.counts()) == ((15, 0, 0), (10, 0, 0))
    assert sqs("ListMessageMoveTasks", SourceArn=dead.arn)["Results"][0]["Status"] == "CANCELLED"
    with refused("UnsupportedOperation", "Only active tasks"):
        sqs("CancelMessageMoveTask", TaskHandle=handle)


def test_tasks_that_cannot_be(cloud: TestCloud) -> None:
    queue, dead = with_dead_letters(cloud)
    sqs = cloud.client("sqs")
    with refused("ResourceNotFoundException", "SourceArn"):
        sqs("StartMessageMoveTask", SourceArn=dead.arn + "x")
    with refused("ResourceNotFoundException", "DestinationArn"):
        sqs("StartMessageMoveTask", SourceArn=dead.arn, DestinationArn=dead.arn + "x")
    with refused("InvalidParameterValue", "must be configured as a Dead Letter Queue"):
        sqs("StartMessageMoveTask", SourceArn=queue.arn)
    for rate in (0, 501):
        with refused("InvalidParameterValue", "between 1 and 500"):
            sqs("StartMessageMoveTask", SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=rate)
    for most in (0, 11):
        with refused("InvalidParameterValue", "between 1 and 10"):
            sqs("ListMessageMoveTasks", SourceArn=dead.arn, MaxResults=most)
    dead.send("nobody's")
    sqs("StartMessageMoveTask", SourceArn=dead.arn)
    cloud.advance(0)
    [task] = sqs("ListMessageMoveTasks", SourceArn=dead.arn)["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert dead.counts() == (1, 0, 0)
