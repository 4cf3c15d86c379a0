"""What may be published, alone and in batches, and what each protocol's text is."""

from __future__ import annotations

import json

import pytest

from fogbank.services.sns.test_sns import Inbox, Topic, string
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


@pytest.fixture
def topic(cloud: TestCloud) -> Topic:
    return Topic(cloud)


@pytest.fixture
def inbox(cloud: TestCloud) -> Inbox:
    return Inbox(cloud, "inbox")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"Message": ""}, "Empty message"),
        ({"Message": "x" * 262_145}, "Message too long"),
        ({"Message": "x", "Subject": ""}, "Subject"),
        ({"Message": "x", "Subject": "a" * 101}, "Subject"),
        ({"Message": "x", "Subject": "a\nb"}, "Subject"),
        ({"Message": "x", "Subject": " a"}, "Subject"),
        ({"Message": "x", "Subject": "é"}, "Subject"),
        ({"Message": "x", "MessageStructure": "xml"}, "MessageStructure"),
        ({"Message": "x", "MessageStructure": "json"}, "failed to parse"),
        ({"Message": '{"sqs": "x"}', "MessageStructure": "json"}, "No default entry in JSON message body"),
        ({"Message": "x", "PhoneNumber": "+15005550006"}, "Only one"),
    ],
)
def test_messages_that_are_none(topic: Topic, params: dict[str, str], text: str) -> None:
    with refused("InvalidParameter", text):
        topic("Publish", **params)


def test_the_largest_message(topic: Topic) -> None:
    topic.publish("x" * 262_144)
    topic.publish("x", Subject="a" * 100)
    topic.publish("x" * 262_136, MessageAttributes={"a": string("x")})
    with refused("InvalidParameter", "Message too long"):
        topic.publish("x" * 262_137, MessageAttributes={"a": string("x")})
    with refused("InvalidParameter", "no value for required parameter"):
        topic.sns("Publish", Message="x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", {"DataType": "String", "StringValue": ""}),
        ("a", {"DataType": "Text", "StringValue": "x"}),
        ("a", {"DataType": "Number", "StringValue": "x"}),
        ("a b", {"DataType": "String", "StringValue": "x"}),
        ("AWS.x", {"DataType": "String", "StringValue": "x"}),
    ],
)
def test_attributes_that_are_none(topic: Topic, name: str, value: dict[str, str]) -> None:
    with refused("ParameterValueInvalid"):
        topic.publish("x", MessageAttributes={name: value})


def test_a_text_for_each_protocol(topic: Topic, inbox: Inbox) -> None:
    topic.subscribe(inbox)
    topic.publish(json.dumps({"default": "for all", "sqs": "for queues"}), MessageStructure="json")
    topic.publish(json.dumps({"default": "for all", "email": "for people"}), MessageStructure="json")
    assert inbox.texts() == ["for queues", "for all"]


def test_batches(topic: Topic, inbox: Inbox) -> None:
    topic.subscribe(inbox)
    answer = topic(
        "PublishBatch",
        PublishBatchRequestEntries=[{"Id": "a", "Message": "one"}, {"Id": "b", "Message": "two", "Subject": "é"}],
    )
    assert [one["Id"] for one in answer["Successful"]] == ["a"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("b", "InvalidParameter")]
    assert inbox.texts() == ["one"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "Message": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "x"}, {"Id": "a", "Message": "y"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a.b", "Message": "x"}], "InvalidBatchEntryId"),
        ([{"Id": "a", "Message": "x" * 131_072}, {"Id": "b", "Message": "x" * 131_073}], "BatchRequestTooLong"),
    ],
)
def test_batches_that_are_none(topic: Topic, entries: list[dict[str, str]], code: str) -> None:
    with refused(code):
        topic("PublishBatch", PublishBatchRequestEntries=entries)
