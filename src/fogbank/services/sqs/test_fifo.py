"""FIFO queues: the order of a group, duplicates, and receptions that are tried again."""

from __future__ import annotations

import hashlib

from fogbank.services.sqs.test_sqs import Queue
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


def test_a_group_keeps_its_order_and_waits_for_what_is_in_flight(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo", VisibilityTimeout="30")
    for number in range(6):
        queue.send(f"{number}", MessageGroupId="even" if number % 2 == 0 else "odd")
    [first] = queue.receive(1)
    assert first["Body"] == "0"
    assert queue.bodies() == ["1", "3", "5"], "the other group is free"
    assert queue.receive() == []
    queue.delete(first)
    assert queue.bodies() == ["2", "4"]
    cloud.advance(30)
    assert queue.bodies() == ["1", "3", "5", "2", "4"]


def test_a_group_is_blocked_until_the_last_of_its_messages_is_free(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo")
    for body in "abc":
        queue.send(body, MessageGroupId="g")
    one, two = queue.receive(2)
    queue("ChangeMessageVisibility", ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0)
    assert queue.receive() == []
    assert queue.counts() == (2, 1, 0)
    queue("ChangeMessageVisibility", ReceiptHandle=two["ReceiptHandle"], VisibilityTimeout=0)
    assert queue.bodies() == ["a", "b", "c"]


def test_sequence_numbers_grow(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo")
    numbers = [queue.send(str(n), MessageGroupId="g")["SequenceNumber"] for n in range(3)]
    assert all(len(number) == 20 and number.isdigit() for number in numbers)
    assert numbers == sorted(set(numbers))
    received = queue.receive(AttributeNames=["All"])
    assert [one["Attributes"]["SequenceNumber"] for one in received] == numbers
    assert received[0]["Attributes"]["MessageGroupId"] == "g"
    assert received[0]["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"0").hexdigest()


def test_duplicates_are_known_for_five_minutes(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo")
    first = queue.send("x", MessageGroupId="g")
    queue.delete(queue.receive()[0])
    cloud.advance(299)
    again = queue.send("x", MessageGroupId="other")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert queue.counts() == (0, 0, 0)
    queue.send("x", MessageGroupId="g", MessageDeduplicationId="explicit")
    assert queue.counts() == (1, 0, 0)
    cloud.advance(1)
    queue.send("x", MessageGroupId="g")
    assert queue.counts() == (2, 0, 0)


def test_deduplication_by_group(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for group in ("a", "b", "a"):
        queue.send("x", MessageGroupId=group)
    assert queue.counts() == (2, 0, 0)
    with refused("InvalidAttributeValue", "FifoThroughputLimit"):
        queue.set(DeduplicationScope="queue")
    queue.set(DeduplicationScope="queue", FifoThroughputLimit="perQueue")
    with refused("InvalidAttributeValue", "FifoThroughputLimit"):
        queue.set(FifoThroughputLimit="perMessageGroupId")


def test_what_a_fifo_queue_asks_of_a_message(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo", ContentBasedDeduplication="false")
    with refused("MissingParameter", "MessageGroupId"):
        queue.send("x", MessageDeduplicationId="d")
    with refused("InvalidParameterValue", "ContentBasedDeduplication enabled or MessageDeduplicationId provided"):
        queue.send("x", MessageGroupId="g")
    with refused("InvalidParameterValue", "not valid for this queue type"):
        queue.send("x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=1)
    for bad in ("", "a" * 129, "a b", "é"):
        with refused("InvalidParameterValue", "MessageGroupId"):
            queue.send("x", MessageGroupId=bad, MessageDeduplicationId="d")
    queue.send("x", MessageGroupId="a" * 128, MessageDeduplicationId="!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    standard = Queue(cloud, "jobs")
    with refused("InvalidParameterValue", "not valid for this queue type"):
        standard.send("x", MessageDeduplicationId="d")
    standard.send("x", MessageGroupId="tenant")
    assert standard.receive(AttributeNames=["MessageGroupId"])[0]["Attributes"] == {"MessageGroupId": "tenant"}


def test_an_old_handle_of_a_fifo_queue_has_expired(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo")
    queue.send("x", MessageGroupId="g")
    [message] = queue.receive(VisibilityTimeout=1)
    cloud.advance(1)
    with refused("InvalidParameterValue", "The receipt handle has expired"):
        queue.delete(message)
    [again] = queue.receive()
    with refused("InvalidParameterValue", "The receipt handle has expired"):
        queue.delete(message)
    queue.delete(again)
    assert queue.counts() == (0, 0, 0)


def test_a_reception_is_tried_again_by_its_attempt_id(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo")
    for body in "ab":
        queue.send(body, MessageGroupId="g")
    first = queue.receive(1, ReceiveRequestAttemptId="try")
    cloud.advance(20)
    assert queue.receive(1, ReceiveRequestAttemptId="try") == first
    cloud.advance(29)
    assert queue.counts() == (1, 1, 0), "the second answer hid it anew"
    queue.delete(first[0])
    assert queue.bodies(1, ReceiveRequestAttemptId="try") == ["b"]


def test_a_fifo_queue_with_a_delay(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo", DelaySeconds="5")
    queue.send("a", MessageGroupId="g")
    cloud.advance(4)
    queue.send("b", MessageGroupId="g")
    assert queue.counts() == (0, 0, 2)
    cloud.advance(1)
    assert queue.bodies() == ["a"]


def test_expiry_frees_a_group(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo", MessageRetentionPeriod="60")
    queue.send("old", MessageGroupId="g")
    queue.receive(VisibilityTimeout=1000)
    cloud.advance(30)
    queue.send("new", MessageGroupId="g")
    assert queue.receive() == []
    cloud.advance(30)
    assert queue.bodies() == ["new"]
