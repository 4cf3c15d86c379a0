"""Long polls: who waits, what wakes them, and how many messages may be in flight."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.caller import root
from fogbank.services.sqs.test_sqs import Queue
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

# Waiting


def in_background(cloud: TestCloud, queue: Queue, seconds: int = 20) -> Any:
    params = {"QueueUrl": queue.url, "WaitTimeSeconds": seconds, "MaxNumberOfMessages": 10}
    return cloud.cloud.call("sqs", "ReceiveMessage", params)


def test_who_waits_is_woken_by_a_message(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")

    async def scene() -> list[Any]:
        waiting = [asyncio.create_task(in_background(cloud, queue)) for _ in range(2)]
        await asyncio.sleep(0.01)
        for body in ("one", "two"):
            await cloud.cloud.call("sqs", "SendMessage", {"QueueUrl": queue.url, "MessageBody": body})
        return await asyncio.wait_for(asyncio.gather(*waiting), 5)

    found = cloud.run(scene())
    assert sorted(message["Body"] for answer in found for message in answer["Messages"]) == ["one", "two"]


def test_who_waits_is_woken_by_time(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("late", DelaySeconds=10)
    queue.send("in flight")
    queue.receive(VisibilityTimeout=20)

    async def scene() -> list[str]:
        found = []
        for _ in range(2):
            waiting = asyncio.create_task(in_background(cloud, queue))
            await asyncio.sleep(0.01)
            await cloud.cloud.advance(9)
            assert not waiting.done()
            await cloud.cloud.advance(1)
            found += [message["Body"] for message in (await asyncio.wait_for(waiting, 5))["Messages"]]
        return found

    assert cloud.run(scene()) == ["late", "in flight"]


def test_who_waits_is_woken_by_a_release_and_a_free_group(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo")
    for body in "ab":
        queue.send(body, MessageGroupId="g")
    [first] = queue.receive(1)

    async def scene() -> Any:
        waiting = asyncio.create_task(in_background(cloud, queue))
        await asyncio.sleep(0.01)
        params = {"QueueUrl": queue.url, "ReceiptHandle": first["ReceiptHandle"]}
        await cloud.cloud.call("sqs", "DeleteMessage", params)
        return await asyncio.wait_for(waiting, 5)

    assert [message["Body"] for message in cloud.run(scene())["Messages"]] == ["b"]


def test_who_has_left_takes_nothing_along(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")

    async def scene() -> Any:
        gone = asyncio.create_task(in_background(cloud, queue))
        staying = asyncio.create_task(in_background(cloud, queue))
        await asyncio.sleep(0.01)
        cloud.cloud.store.flush()
        with cloud.cloud.store.begin():
            pass
        # The first in line is woken and leaves in the same moment.
        ctx = cloud.cloud.context("sqs", "SendMessage", root("000000000000"))
        cloud.cloud.dispatch.answer(ctx, {"QueueUrl": queue.url, "MessageBody": "x"})
        gone.cancel()
        return await asyncio.wait_for(staying, 5)

    assert [message["Body"] for message in cloud.run(scene())["Messages"]] == ["x"]


def test_a_wait_ends(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", ReceiveMessageWaitTimeSeconds="1")
    assert queue.receive() == []
    assert queue.receive(WaitTimeSeconds=0) == []


def test_a_deleted_queue_lets_go_of_who_waits(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")

    async def scene() -> None:
        waiting = asyncio.create_task(in_background(cloud, queue))
        await asyncio.sleep(0.01)
        await cloud.cloud.call("sqs", "DeleteQueue", {"QueueUrl": queue.url})
        with refused("QueueDoesNotExist"):
            await asyncio.wait_for(waiting, 5)

    cloud.run(scene())


# Limits in flight


def test_too_many_in_flight(cloud: TestCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogbank.services.sqs.rules.FLIGHTS_MAX", 3)
    queue, fifo = Queue(cloud, "jobs"), Queue(cloud, "jobs.fifo")
    for n in range(5):
        queue.send(str(n))
        fifo.send(str(n), MessageGroupId=str(n))
    assert len(queue.receive()) == 3
    with refused("OverLimit"):
        queue.receive()
    assert queue.receive(WaitTimeSeconds=1) == []
    assert len(fifo.receive()) == 3
    assert fifo.receive() == []


def test_a_reset_ends_long_polls(cloud: TestCloud) -> None:
    url = cloud.call("sqs", "CreateQueue", {"QueueName": "q"})["QueueUrl"]

    async def story() -> None:
        poll = asyncio.create_task(cloud.cloud.call("sqs", "ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20}))
        for _ in range(10):
            await asyncio.sleep(0)
        cloud.cloud.reset()
        with pytest.raises(AwsError, match="QueueDoesNotExist"):
            await asyncio.wait_for(poll, 5)

    cloud.run(story())
