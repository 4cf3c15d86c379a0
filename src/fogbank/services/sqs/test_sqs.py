"""SQS through the in-process cloud: what a producer and a consumer notice."""

from __future__ import annotations

import contextlib
import hashlib
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.caller import Caller
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

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
    with refused("QueueNameExists", "different value for attribute VisibilityTimeout"):
        sqs("CreateQueue", QueueName="jobs", Attributes={"VisibilityTimeout": "11"})


@pytest.mark.parametrize("name", ["", "a" * 81, "a b", "a.fifo", "a.b"])
def test_a_bad_name_is_refused(cloud: TestCloud, name: str) -> None:
    with refused("InvalidParameterValue", "Can only include alphanumeric characters"):
        cloud.call("sqs", "CreateQueue", {"QueueName": name})


def test_names_have_up_to_80_letters_and_fifo_names_their_ending(cloud: TestCloud) -> None:
    sqs = cloud.client("sqs")
    sqs("CreateQueue", QueueName="a" * 80)
    sqs("CreateQueue", QueueName="a" * 75 + ".fifo", Attributes={"FifoQueue": "true"})
    for name in ("plain", "a" * 76 + ".fifo"):
        with refused("InvalidParameterValue", "must end with .fifo suffix"):
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
        with refused("InvalidAttributeValue", f"Invalid value for the parameter {name}"):
            queue.set(**{name: bad})


def test_attributes_that_are_none_of_a_queues(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    for name in ("Colour", "QueueArn", "ContentBasedDeduplication", "FifoQueue"):
        with refused("InvalidAttributeName", f"Unknown Attribute {name}."):
            queue.set(**{name: "true"})
    with refused("InvalidAttributeName", "Unknown Attribute Colour."):
        queue.attributes("Colour")
    with refused("InvalidAttributeName", "Unknown Attribute FifoQueue."):
        cloud.call("sqs", "CreateQueue", {"QueueName": "other", "Attributes": {"FifoQueue": "false"}})


def test_a_deleted_queues_name_is_free_after_a_minute(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("old")
    queue("DeleteQueue")
    with refused("QueueDoesNotExist", "The specified queue does not exist."):
        queue.receive()
    cloud.advance(59)
    with refused("QueueDeletedRecently", "wait 60 seconds"):
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
    with refused("PurgeQueueInProgress", "Only one PurgeQueue operation on jobs is allowed every 60 seconds."):
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
        with refused("InvalidParameterValue", "between 1 and 1000"):
            sqs("ListQueues", MaxResults=most)
    with refused("InvalidParameterValue", "next token"):
        sqs("ListQueues", NextToken="nonsense")


def test_a_url_is_known_by_its_account_and_name(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("x")
    for host in ("https://sqs.us-east-1.amazonaws.com", "http://sqs.localhost:1234", "http://queue"):
        counted = cloud.call(
            "sqs", "GetQueueAttributes", {"QueueUrl": f"{host}/000000000000/jobs", "AttributeNames": [COUNTS[0]]}
        )
        assert counted == {"Attributes": {COUNTS[0]: "1"}}
    with refused("InvalidAddress", "The address nonsense is not valid for this endpoint."):
        cloud.call("sqs", "PurgeQueue", {"QueueUrl": "nonsense"})
    assert cloud.call("sqs", "GetQueueUrl", {"QueueName": "jobs"}) == {"QueueUrl": queue.url}
    with refused("QueueDoesNotExist"):
        cloud.call("sqs", "GetQueueUrl", {"QueueName": "jobs"}, region="eu-west-1")


def test_tags(cloud: TestCloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs("CreateQueue", QueueName="jobs", tags={"team": "a"})["QueueUrl"]
    sqs("TagQueue", QueueUrl=url, Tags={"stage": "test", "team": "b"})
    assert sqs("ListQueueTags", QueueUrl=url) == {"Tags": {"team": "b", "stage": "test"}}
    sqs("UntagQueue", QueueUrl=url, TagKeys=["team"])
    assert sqs("ListQueueTags", QueueUrl=url) == {"Tags": {"stage": "test"}}
    with refused("InvalidParameterValue", "aws:"):
        sqs("TagQueue", QueueUrl=url, Tags={"aws:x": "y"})
    sqs("TagQueue", QueueUrl=url, Tags={f"k{n}": "" for n in range(49)})
    with refused("InvalidParameterValue", "Maximum number of tags is 50"):
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
    with refused("InvalidParameterValue", "Total VisibilityTimeout for the message is beyond the limit"):
        queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=43_141)
    for bad in (-1, 43_201):
        with refused("InvalidParameterValue", "must be an integer between 0 and 43200"):
            queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=bad)
    queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=0)
    with refused("MessageNotInflight"):
        queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=1)
    [again] = queue.receive(VisibilityTimeout=0)
    queue.delete(again)
    with refused("InvalidParameterValue", "Message does not exist or is not available"):
        queue("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=1)


def test_handles_are_checked(cloud: TestCloud) -> None:
    queue, other = Queue(cloud, "jobs"), Queue(cloud, "other")
    queue.send("one")
    [message] = queue.receive()
    for bad in ("nonsense", "AQEBnonsense", ""):
        with refused("ReceiptHandleIsInvalid", "is not a valid receipt handle"):
            queue("DeleteMessage", ReceiptHandle=bad)
    with refused("ReceiptHandleIsInvalid"):
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
        with refused("InvalidParameterValue", "DelaySeconds must be >= 0 and <= 900"):
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
    with refused("MissingParameter", "MessageBody"):
        queue.send("")
    for bad in ("\x00", "a\x0bb", "\ufffe"):
        with refused("InvalidMessageContents"):
            queue.send(bad)
    queue.send("é" * 512)
    with refused("InvalidParameterValue", "Message must be shorter than 1024 bytes"):
        queue.send("é" * 512 + "x")
    attribute = {"abc": {"DataType": "String", "StringValue": "x"}}
    queue.send("x" * 1014, MessageAttributes=attribute)
    with refused("InvalidParameterValue", "Message must be shorter"):
        queue.send("x" * 1015, MessageAttributes=attribute)


def test_a_message_of_a_mebibyte(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.send("x" * 1_048_576)
    with refused("InvalidParameterValue", "shorter than 1048576 bytes"):
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
    with refused("InvalidParameterValue", "can only be 'AWSTraceHeader'"):
        queue.send("x", MessageSystemAttributes={"Other": {"DataType": "String", "StringValue": "x"}})
    with refused("InvalidAttributeName", "Unknown Attribute Colour"):
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
    with refused("InvalidParameterValue", text):
        Queue(cloud, "jobs").send("x", MessageAttributes={name: value})


def test_good_numbers_and_ten_attributes(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    for number in ("0", "-1.5", "1e126", "1E-128", "+.5", "9" * 38, "1" + "0" * 40):
        queue.send("x", MessageAttributes={"n": {"DataType": "Number", "StringValue": number}})
    queue.send("x", MessageAttributes={f"a{n}": STRING for n in range(10)})
    with refused("InvalidParameterValue", r"Number of message attributes \[11\] exceeds the allowed maximum \[10\]"):
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
    with refused("InvalidParameterValue", text):
        queue("ReceiveMessage", **params)


def test_what_is_not_there_is_missing(cloud: TestCloud) -> None:
    with refused("MissingParameter", "The request must contain the parameter QueueUrl."):
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
    with refused(code):
        queue("SendMessageBatch", Entries=entries)
    assert queue.counts() == (0, 0, 0)


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
