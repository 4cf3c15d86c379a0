"""SQS through the in-process cloud: what a producer and a consumer notice."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.caller import Caller, root
from fogbank.testing import TestCloud

OTHER = "111122223333"
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Queue:
    """A queue and short words for what one does with it."""

    def __init__(self, cloud: TestCloud, name: str, caller: Caller | None = None, **attributes: str) -> None:
        self.cloud, self.name = cloud, name
        self.sqs: Callable[..., dict[str, Any]] = cloud.client("sqs", caller=caller)
        if name.endswith(".fifo"):
            attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", **attributes}
        self.url = self.sqs("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = self.attributes("QueueArn")["QueueArn"]

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.sqs(operation, QueueUrl=self.url, **params)

    def send(self, body: str, **params: Any) -> dict[str, Any]:
        return self("SendMessage", MessageBody=body, **params)

    def receive(self, number: int = 10, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self("ReceiveMessage", MaxNumberOfMessages=number, **params).get("Messages", [])
        return found

    def bodies(self, number: int = 10, **params: Any) -> list[str]:
        return [message["Body"] for message in self.receive(number, **params)]

    def delete(self, message: dict[str, Any]) -> None:
        self("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])

    def attributes(self, *names: str) -> dict[str, str]:
        found: dict[str, str] = self("GetQueueAttributes", AttributeNames=list(names or ("All",))).get("Attributes", {})
        return found

    def set(self, **attributes: str) -> None:
        self("SetQueueAttributes", Attributes=attributes)

    def counts(self) -> tuple[int, ...]:
        found = self.attributes(*COUNTS)
        return tuple(int(found[name]) for name in COUNTS)


def user(cloud: TestCloud, *actions: str, **more: Any) -> Caller:
    """The user `bob`, who may do these things."""
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": "*", **more}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = cloud.client("iam")
    with contextlib.suppress(AwsError):
        iam("CreateUser", UserName="bob")
    iam("PutUserPolicy", UserName="bob", PolicyName="own", PolicyDocument=document)
    credential = cloud.cloud.credential(iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"], None)
    assert credential is not None
    return credential.caller


def refusal(code: str, text: str = "") -> Any:
    return pytest.raises(AwsError, match=f"^{code}: .*{text}")


# Queues


def test_a_queue_has_awss_defaults(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    assert queue.url == "http://127.0.0.1:4566/000000000000/jobs"
    assert queue.attributes() == {
        "QueueArn": "arn:aws:sqs:us-east-1:000000000000:jobs",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "CreatedTimestamp": "1750000000",
        "LastModifiedTimestamp": "1750000000",
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }


def test_creating_again_answers_the_same_queue_unless_attributes_differ(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", VisibilityTimeout="10")
    sqs = cloud.client("sqs")
    assert sqs("CreateQueue", QueueName="jobs")["QueueUrl"] == queue.url
    assert sqs("CreateQueue", QueueName="jobs", Attributes={"VisibilityTimeout": "10"})["QueueUrl"] == queue.url
    with refusal("QueueNameExists", "different value for attribute VisibilityTimeout"):
        sqs("CreateQueue", QueueName="jobs", Attributes={"VisibilityTimeout": "11"})


@pytest.mark.parametrize("name", ["", "a" * 81, "a b", "a.fifo", "a.b"])
def test_a_bad_name_is_refused(cloud: TestCloud, name: str) -> None:
    with refusal("InvalidParameterValue", "Can only include alphanumeric characters"):
        cloud.call("sqs", "CreateQueue", {"QueueName": name})


def test_names_have_up_to_80_letters_and_fifo_names_their_ending(cloud: TestCloud) -> None:
    sqs = cloud.client("sqs")
    sqs("CreateQueue", QueueName="a" * 80)
    sqs("CreateQueue", QueueName="a" * 75 + ".fifo", Attributes={"FifoQueue": "true"})
    for name in ("plain", "a" * 76 + ".fifo"):
        with refusal("InvalidParameterValue", "must end with .fifo suffix"):
            sqs("CreateQueue", QueueName=name, Attributes={"FifoQueue": "true"})


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("VisibilityTimeout", 0, 43_200),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("DelaySeconds", 0, 900),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    ],
)
def test_numbers_have_ranges(cloud: TestCloud, name: str, least: int, most: int) -> None:
    queue = Queue(cloud, "jobs")
    for good in (least, most):
        queue.set(**{name: str(good)})
    for bad in (str(least - 1), str(most + 1), "x", ""):
        with refusal("InvalidAttributeValue", f"Invalid value for the parameter {name}"):
            queue.set(**{name: bad})


def test_attributes_that_are_none_of_a_queues(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    for name in ("Colour", "QueueArn", "ContentBasedDeduplication", "FifoQueue"):
        with refusal("InvalidAttributeName", f"Unknown Attribute {name}."):
            queue.set(**{name: "true"})
    with refusal("InvalidAttributeName", "Unknown Attribute Colour."):
        queue.attributes("Colour")
    with refusal("InvalidAttributeName", "Unknown Attribute FifoQueue."):
        cloud.call("sqs", "CreateQueue", {"QueueName": "other", "Attributes": {"FifoQueue": "false"}})


def test_a_deleted_queues_name_is_free_after_a_minute(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("old")
    queue("DeleteQueue")
    with refusal("QueueDoesNotExist", "The specified queue does not exist."):
        queue.receive()
    cloud.advance(59)
    with refusal("QueueDeletedRecently", "wait 60 seconds"):
        Queue(cloud, "jobs")
    cloud.advance(1)
    again = Queue(cloud, "jobs")
    assert again.counts() == (0, 0, 0)
    assert again.receive() == []


def test_purge_empties_once_a_minute(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    for body in "abc":
        queue.send(body)
    queue.send("later", DelaySeconds=10)
    queue.receive(1)
    queue("PurgeQueue")
    assert queue.counts() == (0, 0, 0)
    with refusal("PurgeQueueInProgress", "Only one PurgeQueue operation on jobs is allowed every 60 seconds."):
        queue("PurgeQueue")
    queue.send("new")
    cloud.advance(60)
    assert queue.bodies() == ["new"]
    queue("PurgeQueue")


def test_queues_are_listed_by_prefix_and_page(cloud: TestCloud) -> None:
    sqs = cloud.client("sqs")
    for name in ("a1", "a2", "a3", "b"):
        sqs("CreateQueue", QueueName=name)
    assert [url.rpartition("/")[2] for url in sqs("ListQueues")["QueueUrls"]] == ["a1", "a2", "a3", "b"]
    page = sqs("ListQueues", QueueNamePrefix="a", MaxResults=2)
    assert len(page["QueueUrls"]) == 2
    rest = sqs("ListQueues", QueueNamePrefix="a", MaxResults=2, NextToken=page["NextToken"])
    assert [url.rpartition("/")[2] for url in rest["QueueUrls"]] == ["a3"]
    assert "NextToken" not in rest
    for most in (0, 1001):
        with refusal("InvalidParameterValue", "between 1 and 1000"):
            sqs("ListQueues", MaxResults=most)
    with refusal("InvalidParameterValue", "next token"):
        sqs("ListQueues", NextToken="nonsense")


def test_a_url_is_known_by_its_account_and_name(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("x")
    for host in ("https://sqs.us-east-1.amazonaws.com", "http://sqs.localhost:1234", "http://queue"):
        counted = cloud.call(
            "sqs", "GetQueueAttributes", {"QueueUrl": f"{host}/000000000000/jobs", "AttributeNames": [COUNTS[0]]}
        )
        assert counted == {"Attributes": {COUNTS[0]: "1"}}
    with refusal("InvalidAddress", "The address nonsense is not valid for this endpoint."):
        cloud.call("sqs", "PurgeQueue", {"QueueUrl": "nonsense"})
    assert cloud.call("sqs", "GetQueueUrl", {"QueueName": "jobs"}) == {"QueueUrl": queue.url}
    with refusal("QueueDoesNotExist"):
        cloud.call("sqs", "GetQueueUrl", {"QueueName": "jobs"}, region="eu-west-1")


def test_tags(cloud: TestCloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs("CreateQueue", QueueName="jobs", tags={"team": "a"})["QueueUrl"]
    sqs("TagQueue", QueueUrl=url, Tags={"stage": "test", "team": "b"})
    assert sqs("ListQueueTags", QueueUrl=url) == {"Tags": {"team": "b", "stage": "test"}}
    sqs("UntagQueue", QueueUrl=url, TagKeys=["team"])
    assert sqs("ListQueueTags", QueueUrl=url) == {"Tags": {"stage": "test"}}
    with refusal("InvalidParameterValue", "aws:"):
        sqs("TagQueue", QueueUrl=url, Tags={"aws:x": "y"})
    sqs("TagQueue", QueueUrl=url, Tags={f"k{n}": "" for n in range(49)})
    with refusal("InvalidParameterValue", "Maximum number of tags is 50"):
        sqs("TagQueue", QueueUrl=url, Tags={"one": "more"})


# Messages


def test_a_message_is_hidden_while_somebody_has_it(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", VisibilityTimeout="5")
    queue.send("one")
    [message] = queue.receive()
    assert queue.receive() == []
    assert queue.counts() == (0, 1, 0)
    cloud.advance(5)
    assert queue.counts() == (1, 0, 0)
    [again] = queue.receive(AttributeNames=["All"])
    assert again["MessageId"] == message["MessageId"]
    assert again["ReceiptHandle"] != message["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["Attributes"]["ApproximateFirstReceiveTimestamp"] == "1750000000000"
    queue.delete(message)
    assert queue.counts() == (0, 1, 0), "an old handle deletes nothing"
    queue.delete(again)
    queue.delete(again)
    assert queue.counts() == (0, 0, 0)


def test_visibility_is_changed_up_to_twelve_hours_in_all(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("one")
    [message] = queue.receive()
    handle = message["ReceiptHandle"]
    queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=43_200)
    cloud.advance(60)
    queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=43_140)
    with refusal("InvalidParameterValue", "Total VisibilityTimeout for the message is beyond the limit"):
        queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=43_141)
    for bad in (-1, 43_201):
        with refusal("InvalidParameterValue", "must be an integer between 0 and 43200"):
            queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=bad)
    queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=0)
    with refusal("MessageNotInflight"):
        queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=1)
    [again] = queue.receive(VisibilityTimeout=0)
    queue.delete(again)
    with refusal("InvalidParameterValue", "Message does not exist or is not available"):
        queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=1)


def test_handles_are_checked(cloud: TestCloud) -> None:
    queue, other = Queue(cloud, "jobs"), Queue(cloud, "other")
    queue.send("one")
    [message] = queue.receive()
    for bad in ("nonsense", "AQEBnonsense", ""):
        with refusal("ReceiptHandleIsInvalid", "is not a valid receipt handle"):
            queue("DeleteMessage", ReceiptHandle=bad)
    with refusal("ReceiptHandleIsInvalid"):
        other("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])


def test_delays(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", DelaySeconds="2")
    queue.send("queue's")
    queue.send("own", DelaySeconds=900)
    queue.send("none", DelaySeconds=0)
    assert queue.counts() == (1, 0, 2)
    assert queue.bodies() == ["none"]
    cloud.advance(2)
    assert queue.bodies() == ["queue's"]
    cloud.advance(897)
    assert queue.counts() == (2, 0, 1)
    cloud.advance(1)
    assert "own" in queue.bodies()
    for bad in (-1, 901):
        with refusal("InvalidParameterValue", "DelaySeconds must be >= 0 and <= 900"):
            queue.send("x", DelaySeconds=bad)


def test_messages_expire(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", MessageRetentionPeriod="60")
    queue.send("first")
    queue.send("in flight")
    queue.send("delayed", DelaySeconds=50)
    queue.receive(1, VisibilityTimeout=1000)
    cloud.advance(30)
    queue.send("second")
    cloud.advance(29)
    assert queue.counts() == (3, 1, 0)
    cloud.advance(1)
    assert queue.counts() == (1, 0, 0)
    assert queue.bodies() == ["second"]
    queue.set(MessageRetentionPeriod="1209600")
    cloud.advance(1_000_000)
    assert queue.bodies() == ["second"]


def test_many_messages_expire(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", MessageRetentionPeriod="60")
    for _ in range(120):
        queue("SendMessageBatch", Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(10)])
    cloud.clock.advance(60)
    assert queue.counts() == (0, 0, 0)
    assert queue.receive() == []
    cloud.advance(1)
    queue.send("y")
    assert queue.counts() == (1, 0, 0)


def test_bodies(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", MaximumMessageSize="1024")
    text = "tab\t line\n \U0001f600 é"
    assert queue.send(text)["MD5OfMessageBody"] == hashlib.md5(text.encode()).hexdigest()
    assert queue.bodies() == [text]
    with refusal("MissingParameter", "MessageBody"):
        queue.send("")
    for bad in ("\x00", "a\x0bb", "\ufffe"):
        with refusal("InvalidMessageContents"):
            queue.send(bad)
    queue.send("é" * 512)
    with refusal("InvalidParameterValue", "Message must be shorter than 1024 bytes"):
        queue.send("é" * 512 + "x")
    attribute = {"abc": {"DataType": "String", "StringValue": "x"}}
    queue.send("x" * 1014, MessageAttributes=attribute)
    with refusal("InvalidParameterValue", "Message must be shorter"):
        queue.send("x" * 1015, MessageAttributes=attribute)


def test_a_message_of_a_mebibyte(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("x" * 1_048_576)
    with refusal("InvalidParameterValue", "shorter than 1048576 bytes"):
        queue.send("x" * 1_048_577)
    assert queue.bodies() == ["x" * 1_048_576]


def test_checksums_of_attributes_are_awss(cloud: TestCloud) -> None:
    # The algorithm of "Calculating the MD5 message digest for message attributes", done by hand.
    queue = Queue(cloud, "jobs")
    attributes = {
        "b": {"DataType": "Number.int", "StringValue": "230.000000000000000001"},
        "a": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
        "c": {"DataType": "String.json", "StringValue": '{"é": 1}'},
    }
    raw = b""
    for name, kind, transport, value in (
        (b"a", b"Binary.png", b"\x02", b"\x00\xff"),
        (b"b", b"Number.int", b"\x01", b"230.000000000000000001"),
        (b"c", b"String.json", b"\x01", '{"é": 1}'.encode()),
    ):
        for part in (name, kind):
            raw += struct.pack(">I", len(part)) + part
        raw += transport + struct.pack(">I", len(value)) + value
    expected = hashlib.md5(raw).hexdigest()
    sent = queue.send("x", MessageAttributes=attributes)
    assert sent["MD5OfMessageAttributes"] == expected
    [message] = queue.receive(MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert message["MD5OfMessageAttributes"] == expected
    assert message["MessageAttributes"] == attributes
    [some] = queue.receive(MessageAttributeNames=["b"], VisibilityTimeout=0)
    assert list(some["MessageAttributes"]) == ["b"]
    assert some["MD5OfMessageAttributes"] != expected
    [none] = queue.receive(VisibilityTimeout=0)
    assert "MessageAttributes" not in none
    assert "MD5OfMessageAttributes" not in none


def test_attributes_are_chosen_by_prefix(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs", VisibilityTimeout="0")
    value = {"DataType": "String", "StringValue": "x"}
    queue.send("x", MessageAttributes=dict.fromkeys(("bar.one", "bar.two", "barrel", "foo"), value))
    for names, expected in (
        (["bar.*"], {"bar.one", "bar.two"}),
        ([".*"], {"bar.one", "bar.two", "barrel", "foo"}),
        (["foo", "absent"], {"foo"}),
    ):
        [message] = queue.receive(MessageAttributeNames=names)
        assert set(message["MessageAttributes"]) == expected


def test_system_attributes(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    assert len(queue.send("x", MessageSystemAttributes=trace)["MD5OfMessageSystemAttributes"]) == 32
    [message] = queue.receive(MessageSystemAttributeNames=["AWSTraceHeader", "SenderId"])
    assert message["Attributes"] == {
        "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
        "SenderId": "000000000000",
    }
    with refusal("InvalidParameterValue", "can only be 'AWSTraceHeader'"):
        queue.send("x", MessageSystemAttributes={"Other": {"DataType": "String", "StringValue": "x"}})
    with refusal("InvalidAttributeName", "Unknown Attribute Colour"):
        queue.receive(MessageSystemAttributeNames=["Colour"])


STRING = {"DataType": "String", "StringValue": "x"}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("a", {"DataType": "", "StringValue": "x"}, "must contain non-empty message attribute type"),
        ("a", {"DataType": "Text", "StringValue": "x"}, "set of supported type prefixes is Binary, Number, and String"),
        ("a", {"DataType": "String."}, "invalid message attribute type"),
        ("a", {"DataType": "String", "StringValue": ""}, "must contain non-empty message attribute value"),
        ("a", {"DataType": "String", "BinaryValue": b"x"}, "must use field 'String'"),
        ("a", {"DataType": "Binary", "StringValue": "x"}, "must use field 'Binary'"),
        ("a", {"DataType": "Number", "StringValue": "abc"}, "Can't cast the value"),
        ("a", {"DataType": "Number", "StringValue": "1e127"}, "Can't cast the value"),
        ("a", {"DataType": "Number", "StringValue": "1" * 39}, "Can't cast the value"),
        ("a b", STRING, "Invalid non-alphanumeric character"),
        ("AWS.x", STRING, "beginning with 'AWS.'"),
        ("amazon.x", STRING, "beginning with 'AWS.'"),
        (".x", STRING, "beginning or ending"),
        ("x..y", STRING, "successive"),
        ("x" * 257, STRING, "too long"),
    ],
)
def test_attributes_that_are_none(cloud: TestCloud, name: str, value: dict[str, Any], text: str) -> None:
    with refusal("InvalidParameterValue", text):
        Queue(cloud, "jobs").send("x", MessageAttributes={name: value})


def test_good_numbers_and_ten_attributes(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    for number in ("0", "-1.5", "1e126", "1E-128", "+.5", "9" * 38, "1" + "0" * 40):
        queue.send("x", MessageAttributes={"n": {"DataType": "Number", "StringValue": number}})
    queue.send("x", MessageAttributes={f"a{n}": STRING for n in range(10)})
    with refusal("InvalidParameterValue", r"Number of message attributes \[11\] exceeds the allowed maximum \[10\]"):
        queue.send("x", MessageAttributes={f"a{n}": STRING for n in range(11)})


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"MaxNumberOfMessages": 0}, "Must be between 1 and 10, if provided."),
        ({"MaxNumberOfMessages": 11}, "Must be between 1 and 10, if provided."),
        ({"VisibilityTimeout": -1}, "Must be between 0 and 43200, if provided."),
        ({"VisibilityTimeout": 43_201}, "Must be between 0 and 43200, if provided."),
        ({"WaitTimeSeconds": 21}, "Must be >= 0 and <= 20, if provided."),
    ],
)
def test_what_a_reception_may_ask(cloud: TestCloud, params: dict[str, int], text: str) -> None:
    queue = Queue(cloud, "jobs")
    with refusal("InvalidParameterValue", text):
        queue("ReceiveMessage", **params)


def test_what_is_not_there_is_missing(cloud: TestCloud) -> None:
    with refusal("MissingParameter", "The request must contain the parameter QueueUrl."):
        cloud.call("sqs", "SendMessage", {"MessageBody": "x"})


# Batches


def test_batches(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    sent = queue(
        "SendMessageBatch",
        Entries=[{"Id": "good", "MessageBody": "a"}, {"Id": "bad", "MessageBody": "b", "DelaySeconds": 901}],
    )
    assert [one["Id"] for one in sent["Successful"]] == ["good"]
    [failed] = sent["Failed"]
    assert failed["Id"] == "bad"
    assert failed["SenderFault"] is True
    assert failed["Code"] == "InvalidParameterValue"
    [message] = queue.receive()
    changed = queue(
        "ChangeMessageVisibilityBatch",
        Entries=[
            {"Id": "a", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 100},
            {"Id": "b", "ReceiptHandle": "nonsense", "VisibilityTimeout": 100},
            {"Id": "c", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 43_201},
        ],
    )
    assert changed["Successful"] == [{"Id": "a"}]
    assert [one["Code"] for one in changed["Failed"]] == ["ReceiptHandleIsInvalid", "InvalidParameterValue"]
    cloud.advance(99)
    assert queue.counts() == (0, 1, 0)
    deleted = queue("DeleteMessageBatch", Entries=[{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}])
    assert deleted == {"Successful": [{"Id": "a"}]}
    assert queue.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "MessageBody": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": "a" * 81, "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": "a", "MessageBody": "x" * 524_288}, {"Id": "b", "MessageBody": "x" * 524_289}], "BatchRequestTooLong"),
    ],
)
def test_batches_that_are_none(cloud: TestCloud, entries: list[dict[str, str]], code: str) -> None:
    queue = Queue(cloud, "jobs")
    with refusal(code):
        queue("SendMessageBatch", Entries=entries)
    assert queue.counts() == (0, 0, 0)


# FIFO


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
    with refusal("InvalidAttributeValue", "FifoThroughputLimit"):
        queue.set(DeduplicationScope="queue")
    queue.set(DeduplicationScope="queue", FifoThroughputLimit="perQueue")
    with refusal("InvalidAttributeValue", "FifoThroughputLimit"):
        queue.set(FifoThroughputLimit="perMessageGroupId")


def test_what_a_fifo_queue_asks_of_a_message(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo", ContentBasedDeduplication="false")
    with refusal("MissingParameter", "MessageGroupId"):
        queue.send("x", MessageDeduplicationId="d")
    with refusal("InvalidParameterValue", "ContentBasedDeduplication enabled or MessageDeduplicationId provided"):
        queue.send("x", MessageGroupId="g")
    with refusal("InvalidParameterValue", "not valid for this queue type"):
        queue.send("x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=1)
    for bad in ("", "a" * 129, "a b", "é"):
        with refusal("InvalidParameterValue", "MessageGroupId"):
            queue.send("x", MessageGroupId=bad, MessageDeduplicationId="d")
    queue.send("x", MessageGroupId="a" * 128, MessageDeduplicationId="!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    standard = Queue(cloud, "jobs")
    with refusal("InvalidParameterValue", "not valid for this queue type"):
        standard.send("x", MessageDeduplicationId="d")
    standard.send("x", MessageGroupId="tenant")
    assert standard.receive(AttributeNames=["MessageGroupId"])[0]["Attributes"] == {"MessageGroupId": "tenant"}


def test_an_old_handle_of_a_fifo_queue_has_expired(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs.fifo")
    queue.send("x", MessageGroupId="g")
    [message] = queue.receive(VisibilityTimeout=1)
    cloud.advance(1)
    with refusal("InvalidParameterValue", "The receipt handle has expired"):
        queue.delete(message)
    [again] = queue.receive()
    with refusal("InvalidParameterValue", "The receipt handle has expired"):
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


# Dead letters


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
        with refusal("InvalidParameterValue", "valid values are from 1 to 1000 both inclusive"):
            policy(deadLetterTargetArn=dead.arn, maxReceiveCount=count)
    with refusal("InvalidParameterValue", "does not contain mandatory attribute: maxReceiveCount"):
        policy(deadLetterTargetArn=dead.arn)
    with refusal("InvalidParameterValue", "does not contain mandatory attribute: deadLetterTargetArn"):
        policy(maxReceiveCount=1)
    with refusal("InvalidParameterValue", "Dead letter target does not exist"):
        policy(deadLetterTargetArn=dead.arn + "x", maxReceiveCount=1)
    with refusal("InvalidParameterValue", "Dead letter target does not exist"):
        policy(deadLetterTargetArn=dead.arn.replace("us-east-1", "eu-west-1"), maxReceiveCount=1)
    with refusal("InvalidParameterValue", "must be same type of queue"):
        policy(deadLetterTargetArn=fifo.arn, maxReceiveCount=1)
    with refusal("InvalidParameterValue", "JSON"):
        queue.set(RedrivePolicy="{")
    queue.set(RedrivePolicy="")
    assert "RedrivePolicy" not in queue.attributes()


def test_a_dead_letter_queue_says_whom_it_serves(cloud: TestCloud) -> None:
    queue, dead = with_dead_letters(cloud)
    listed = dead("ListDeadLetterSourceQueues")
    assert listed == {"queueUrls": [queue.url]}
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    with refusal("InvalidParameterValue", "redrive allow policy"):
        queue.set(RedrivePolicy=policy)
    dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}))
    queue.set(RedrivePolicy=policy)
    with refusal("InvalidParameterValue", "redrive allow policy"):
        Queue(cloud, "other").set(RedrivePolicy=policy)
    arns = [f"{queue.arn}{n}" for n in range(11)]
    dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": arns[:10]}))
    with refusal("InvalidParameterValue", "at most 10"):
        dead.set(RedriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": arns}))
    for bad in (
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "some"},
        {"redrivePermission": "allowAll", "sourceQueueArns": arns[:1]},
    ):
        with refusal("InvalidParameterValue", "RedriveAllowPolicy"):
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
    with refusal("UnsupportedOperation", "already a task running"):
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
    with refusal("UnsupportedOperation", "Only active tasks"):
        sqs("CancelMessageMoveTask", TaskHandle=handle)


def test_tasks_that_cannot_be(cloud: TestCloud) -> None:
    queue, dead = with_dead_letters(cloud)
    sqs = cloud.client("sqs")
    with refusal("ResourceNotFoundException", "SourceArn"):
        sqs("StartMessageMoveTask", SourceArn=dead.arn + "x")
    with refusal("ResourceNotFoundException", "DestinationArn"):
        sqs("StartMessageMoveTask", SourceArn=dead.arn, DestinationArn=dead.arn + "x")
    with refusal("InvalidParameterValue", "must be configured as a Dead Letter Queue"):
        sqs("StartMessageMoveTask", SourceArn=queue.arn)
    for rate in (0, 501):
        with refusal("InvalidParameterValue", "between 1 and 500"):
            sqs("StartMessageMoveTask", SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=rate)
    for most in (0, 11):
        with refusal("InvalidParameterValue", "between 1 and 10"):
            sqs("ListMessageMoveTasks", SourceArn=dead.arn, MaxResults=most)
    dead.send("nobody's")
    sqs("StartMessageMoveTask", SourceArn=dead.arn)
    cloud.advance(0)
    [task] = sqs("ListMessageMoveTasks", SourceArn=dead.arn)["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert dead.counts() == (1, 0, 0)


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
        with refusal("QueueDoesNotExist"):
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
    with refusal("OverLimit"):
        queue.receive()
    assert queue.receive(WaitTimeSeconds=1) == []
    assert len(fifo.receive()) == 3
    assert fifo.receive() == []


# Permissions


def test_a_policy_lets_another_account_send(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    theirs = cloud.client("sqs", caller=root(OTHER))
    with refusal("AccessDeniedException", "sqs:SendMessage"):
        theirs("SendMessage", QueueUrl=queue.url, MessageBody="x")
    queue("AddPermission", Label="them", AWSAccountIds=[OTHER], Actions=["SendMessage", "GetQueueUrl"])
    assert json.loads(queue.attributes()["Policy"]) == {
        "Version": "2012-10-17",
        "Id": f"{queue.arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "them",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
                "Action": ["SQS:SendMessage", "SQS:GetQueueUrl"],
                "Resource": queue.arn,
            }
        ],
    }
    theirs("SendMessage", QueueUrl=queue.url, MessageBody="x")
    found = theirs("GetQueueUrl", QueueName="jobs", QueueOwnerAWSAccountId="000000000000")
    assert found["QueueUrl"] == queue.url
    with refusal("AccessDeniedException", "sqs:ReceiveMessage"):
        theirs("ReceiveMessage", QueueUrl=queue.url)
    assert queue.receive(AttributeNames=["SenderId"])[0]["Attributes"]["SenderId"] == OTHER
    with refusal("InvalidParameterValue", "Already exists"):
        queue("AddPermission", Label="them", AWSAccountIds=[OTHER], Actions=["*"])
    queue("RemovePermission", Label="them")
    assert "Policy" not in queue.attributes()
    with refusal("AccessDeniedException"):
        theirs("SendMessage", QueueUrl=queue.url, MessageBody="x")
    with refusal("InvalidParameterValue", "can't find label"):
        queue("RemovePermission", Label="them")


def test_permissions_that_cannot_be_given(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    with refusal("InvalidParameterValue", "Only the queue owner"):
        queue("AddPermission", Label="a", AWSAccountIds=[OTHER], Actions=["DeleteQueue"])
    with refusal("InvalidParameterValue", "WSDL"):
        queue("AddPermission", Label="a", AWSAccountIds=[OTHER], Actions=["Dance"])
    with refusal("InvalidParameterValue", "PrincipalId"):
        queue("AddPermission", Label="a", AWSAccountIds=["12"], Actions=["*"])
    with refusal("InvalidParameterValue", "Label"):
        queue("AddPermission", Label="a b", AWSAccountIds=[OTHER], Actions=["*"])


def test_the_owners_operations_are_nobody_elses(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": queue.arn}],
    }
    queue.set(Policy=json.dumps(everything))
    theirs = cloud.client("sqs", caller=root(OTHER))
    theirs("PurgeQueue", QueueUrl=queue.url)
    for operation, params in (
        ("DeleteQueue", {}),
        ("TagQueue", {"Tags": {"a": "b"}}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("RemovePermission", {"Label": "x"}),
    ):
        with refusal("AccessDeniedException"):
            theirs(operation, QueueUrl=queue.url, **params)
    with refusal("InvalidAttributeValue", "Policy"):
        queue.set(Policy="{")


def test_a_user_needs_a_policy_and_tags_can_decide(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    bob = cloud.client("sqs", caller=user(cloud, "sqs:ReceiveMessage"))
    with refusal("AccessDeniedException", "no identity-based policy allows the sqs:SendMessage action"):
        bob("SendMessage", QueueUrl=queue.url, MessageBody="x")
    caller = user(cloud, "sqs:*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})
    bob = cloud.client("sqs", caller=caller)
    with refusal("AccessDeniedException"):
        bob("SendMessageBatch", QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
    queue("TagQueue", Tags={"team": "a"})
    bob("SendMessageBatch", QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
    sender = queue.receive(AttributeNames=["SenderId"])[0]["Attributes"]["SenderId"]
    assert sender == caller.principal.user_id != ""


# Encryption


def test_one_kind_of_encryption_at_a_time(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.set(KmsMasterKeyId="alias/aws/sqs")
    found = queue.attributes()
    assert found["KmsMasterKeyId"] == "alias/aws/sqs"
    assert (found["SqsManagedSseEnabled"], found["KmsDataKeyReusePeriodSeconds"]) == ("false", "300")
    with refusal("InvalidAttributeValue", "one type of server-side encryption"):
        queue.set(KmsMasterKeyId="alias/aws/sqs", SqsManagedSseEnabled="true")
    queue.send("secret")
    assert queue.bodies(VisibilityTimeout=0) == ["secret"]
    queue.set(SqsManagedSseEnabled="true")
    assert "KmsMasterKeyId" not in queue.attributes()
    assert queue.bodies(VisibilityTimeout=0) == ["secret"], "what was encrypted before is still opened"


def test_a_key_that_may_not_be_used(cloud: TestCloud) -> None:
    key = cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    queue = Queue(cloud, "jobs", KmsMasterKeyId=key, KmsDataKeyReusePeriodSeconds="60")
    queue.send("secret")
    cloud.call("kms", "DisableKey", {"KeyId": key})
    queue.send("within the reuse period")
    cloud.advance(60)
    with refusal("KmsDisabled"):
        queue.send("x")
    with refusal("KmsDisabled"):
        queue.receive()
    assert queue.counts() == (2, 0, 0), "what could not be opened stays"
    cloud.call("kms", "EnableKey", {"KeyId": key})
    assert queue.bodies() == ["secret", "within the reuse period"]
    queue.set(KmsMasterKeyId="alias/none")
    with refusal("KmsNotFound"):
        queue.send("x")


def test_who_sends_must_be_allowed_to_use_the_key(cloud: TestCloud) -> None:
    key = cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    queue = Queue(cloud, "jobs", KmsMasterKeyId=key)
    bob = cloud.client("sqs", caller=user(cloud, "sqs:*"))
    with refusal("KmsAccessDenied", "kms:GenerateDataKey"):
        bob("SendMessage", QueueUrl=queue.url, MessageBody="x")
    answer = bob("SendMessageBatch", QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
    assert answer["Failed"][0]["Code"] == "KmsAccessDenied"
    bob = cloud.client("sqs", caller=user(cloud, "sqs:*", "kms:GenerateDataKey"))
    with refusal("KmsAccessDenied", "kms:Decrypt"):
        bob("SendMessage", QueueUrl=queue.url, MessageBody="x")
    queue.send("for eyes that may")
    with refusal("KmsAccessDenied", "kms:Decrypt"):
        bob("ReceiveMessage", QueueUrl=queue.url)
    assert queue.bodies() == ["for eyes that may"]


@pytest.mark.parametrize("attributes", [{}, {"KmsMasterKeyId": "alias/aws/sqs"}])
def test_a_body_lies_encrypted(cloud: TestCloud, attributes: dict[str, str]) -> None:
    queue = Queue(cloud, "jobs", **attributes)
    queue.send("needle in the haystack")
    cloud.cloud.store.flush()
    files = [path for path in cloud.cloud.folder.rglob("fogbank.db*") if path.is_file()]
    assert files
    assert all(b"needle in the haystack" not in path.read_bytes() for path in files)


# Memory and restarts


def test_what_is_kept_in_memory_is_found_again_on_disk(cloud: TestCloud) -> None:
    queue, fifo = Queue(cloud, "jobs"), Queue(cloud, "jobs.fifo")
    for one, group in ((queue, {}), (fifo, {"MessageGroupId": "g"})):
        for n in range(4):
            one.send(str(n), **group)
        one.receive(2)
    queue.send("late", DelaySeconds=100)
    before = queue.counts(), fifo.counts()
    assert before == ((2, 2, 1), (2, 2, 0))
    cloud.cloud.store.flush()
    cloud.cloud.store._drop_tables()
    assert (queue.counts(), fifo.counts()) == before
    later = fifo.send("4", MessageGroupId="g")["SequenceNumber"]
    cloud.advance(30)
    received = fifo.receive(AttributeNames=["SequenceNumber"])
    assert [one["Body"] for one in received] == ["0", "1", "2", "3", "4"]
    assert received[-1]["Attributes"]["SequenceNumber"] == later
    assert queue.counts() == (4, 0, 1)


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
