"""Event notifications: who is to be told is told in the same transaction, and nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.fault import parsed
from fogbank.testing import TestCloud

ACCOUNT = "000000000000"
INBOX = f"arn:aws:sqs:us-east-1:{ACCOUNT}:inbox"


class Desk:
    """A bucket, and a queue that S3 may send to."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.s3 = cloud.client("s3")
        self.sqs = cloud.client("sqs")
        self.s3("CreateBucket", Bucket="desk")
        self.make_queue("inbox")

    def make_queue(self, name: str, *, bucket: str = "desk") -> str:
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
            },
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs("CreateQueue", QueueName=name, Attributes={"Policy": policy})
        return arn

    def listen(self, *events: str, arn: str = INBOX, rules: list[dict[str, str]] | None = None, **more: Any) -> None:
        one: dict[str, Any] = {"QueueArn": arn, "Events": list(events)}
        if rules:
            one["Filter"] = {"Key": {"FilterRules": rules}}
        given = {"QueueConfigurations": [one], **more}
        self.s3("PutBucketNotificationConfiguration", Bucket="desk", NotificationConfiguration=given)
        self.messages()

    def messages(self, name: str = "inbox") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        url = f"http://x/{ACCOUNT}/{name}"
        while page := self.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for one in page:
                self.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
            found += [json.loads(one["Body"]) for one in page]
        return found

    def events(self) -> list[tuple[str, str]]:
        records = [record for message in self.messages() for record in message["Records"]]
        return [(record["eventName"], record["s3"]["object"]["key"]) for record in records]


@pytest.fixture
def desk(cloud: TestCloud) -> Desk:
    return Desk(cloud)


def test_a_put_is_told_with_all_that_aws_tells(desk: Desk) -> None:
    desk.listen("s3:ObjectCreated:*")
    desk.s3("PutObject", Bucket="desk", Key="a b/ü.txt", Body=b"tide")
    (message,) = desk.messages()
    (record,) = message["Records"]
    assert record["eventVersion"] == "2.1" and record["eventSource"] == "aws:s3" and record["awsRegion"] == "us-east-1"
    assert record["eventName"] == "ObjectCreated:Put" and record["eventTime"] == "2025-06-15T15:06:40.000Z"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::desk"
    thing = record["s3"]["object"]
    assert thing["key"] == "a+b/%C3%BC.txt" and thing["size"] == 4
    assert thing["eTag"] == "7e30a47c05b1cd8b4ffcc5c65dd5a1ed" or len(thing["eTag"]) == 32
    assert thing["sequencer"]


def test_each_event_has_its_name_and_filters_are_kept(desk: Desk) -> None:
    desk.listen(
        "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*",
        rules=[{"Name": "prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".txt"}],
    )  # fmt: skip
    s3 = desk.s3
    for key in ("in/a.txt", "in/a.png", "out/a.txt"):
        s3("PutObject", Bucket="desk", Key=key, Body=b"x")
    assert desk.events() == [("ObjectCreated:Put", "in/a.txt")]
    s3("CopyObject", Bucket="desk", Key="in/b.txt", CopySource="desk/out/a.txt")
    upload = s3("CreateMultipartUpload", Bucket="desk", Key="in/c.txt")["UploadId"]
    part = s3("UploadPart", Bucket="desk", Key="in/c.txt", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3("CompleteMultipartUpload", Bucket="desk", Key="in/c.txt", UploadId=upload, MultipartUpload=parts)
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    s3("PutObjectTagging", Bucket="desk", Key="in/c.txt", Tagging=tags)
    s3("DeleteObjectTagging", Bucket="desk", Key="in/c.txt")
    s3("DeleteObjects", Bucket="desk", Delete={"Objects": [{"Key": "in/b.txt"}, {"Key": "in/a.png"}]})
    assert desk.events() == [
        ("ObjectCreated:Copy", "in/b.txt"),
        ("ObjectCreated:CompleteMultipartUpload", "in/c.txt"),
        ("ObjectTagging:Put", "in/c.txt"),
        ("ObjectTagging:Delete", "in/c.txt"),
        ("ObjectRemoved:Delete", "in/b.txt"),
    ]
    s3("PutBucketVersioning", Bucket="desk", VersioningConfiguration={"Status": "Enabled"})
    s3("DeleteObject", Bucket="desk", Key="in/a.txt")
    assert desk.events() == [("ObjectRemoved:DeleteMarkerCreated", "in/a.txt")]


def test_what_fails_is_told_to_nobody(desk: Desk) -> None:
    desk.listen("s3:ObjectCreated:*")
    desk.s3("PutObject", Bucket="desk", Key="a", Body=b"x")
    desk.messages()
    with pytest.raises(AwsError, match="PreconditionFailed"):
        desk.s3("PutObject", Bucket="desk", Key="a", Body=b"x", IfNoneMatch="*")
    assert desk.messages() == []


def test_a_destination_that_does_not_let_s3_in_is_refused(desk: Desk) -> None:
    desk.sqs("CreateQueue", QueueName="closed")
    closed = f"arn:aws:sqs:us-east-1:{ACCOUNT}:closed"
    for arn in (closed, f"{closed}-and-not-there", desk.make_queue("others", bucket="other")):
        with pytest.raises(AwsError, match="Unable to validate the following destination configurations"):
            desk.listen("s3:ObjectCreated:*", arn=arn)
    assert desk.s3("GetBucketNotificationConfiguration", Bucket="desk") == {}
    given = {"QueueConfigurations": [{"QueueArn": closed, "Events": ["s3:ObjectCreated:*"]}]}
    desk.s3(
        "PutBucketNotificationConfiguration",
        Bucket="desk",
        NotificationConfiguration=given,
        SkipDestinationValidation=True,
    )
    desk.s3("PutObject", Bucket="desk", Key="a", Body=b"x")
    assert desk.messages("closed") == []


def test_the_test_message_comes_first(desk: Desk) -> None:
    given = {"QueueConfigurations": [{"QueueArn": INBOX, "Events": ["s3:ObjectCreated:*"]}]}
    desk.s3("PutBucketNotificationConfiguration", Bucket="desk", NotificationConfiguration=given)
    (message,) = desk.messages()
    assert message["Event"] == "s3:TestEvent" and message["Bucket"] == "desk"
    shown = desk.s3("GetBucketNotificationConfiguration", Bucket="desk")
    assert shown["QueueConfigurations"][0]["Id"]


@pytest.mark.parametrize(
    ("configurations", "text"),
    [
        ([{"QueueArn": INBOX, "Events": ["s3:ObjectEaten:*"]}], "not supported for notifications"),
        ([{"QueueArn": "inbox", "Events": ["s3:ObjectCreated:*"]}], "could not be parsed"),
        ([{"QueueArn": INBOX.replace("us-east-1", "eu-west-1"), "Events": ["s3:ObjectCreated:*"]}], "region"),
        ([{"QueueArn": f"{INBOX}.fifo", "Events": ["s3:ObjectCreated:*"]}], "FIFO"),
        (
            [
                {"QueueArn": INBOX, "Events": ["s3:ObjectCreated:*"]},
                {"QueueArn": INBOX, "Events": ["s3:ObjectCreated:Put"]},
            ],
            "overlap",
        ),
        (
            [
                {
                    "QueueArn": INBOX,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "middle", "Value": "x"}]}},
                }
            ],
            "filter rule name must be either prefix or suffix",
        ),
    ],
)
def test_a_configuration_that_makes_no_sense(desk: Desk, configurations: Any, text: str) -> None:
    given = {"QueueConfigurations": configurations}
    with pytest.raises(AwsError, match=f"InvalidArgument.*{text}"):
        desk.s3("PutBucketNotificationConfiguration", Bucket="desk", NotificationConfiguration=given)


def test_a_fault_of_the_moment_delays_a_notice_and_loses_none(desk: Desk, cloud: TestCloud) -> None:
    desk.listen("s3:ObjectCreated:*")
    fault = {"service": "sqs", "operation": "SendMessage", "error": "InternalFailure", "status": 500, "seconds": 20}
    cloud.cloud.dispatch.faults.add(parsed(fault, "f", cloud.clock.now()))
    desk.s3("PutObject", Bucket="desk", Key="a", Body=b"x")
    assert desk.messages() == []
    cloud.advance(120)
    assert desk.events() == [("ObjectCreated:Put", "a")]
    cloud.advance(3_600)
    assert desk.messages() == []


def test_eventbridge_hears_of_objects_when_it_is_asked_to(desk: Desk, cloud: TestCloud) -> None:
    s3, events = desk.s3, cloud.client("events")
    events("PutRule", Name="r", EventPattern=json.dumps({"source": ["aws.s3"]}))
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": INBOX}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    desk.sqs("SetQueueAttributes", QueueUrl=f"http://x/{ACCOUNT}/inbox", Attributes={"Policy": policy})
    events("PutTargets", Rule="r", Targets=[{"Id": "1", "Arn": INBOX}])
    s3("PutObject", Bucket="desk", Key="quiet", Body=b"x")
    given: dict[str, Any] = {"EventBridgeConfiguration": {}}
    s3("PutBucketNotificationConfiguration", Bucket="desk", NotificationConfiguration=given)
    s3("PutObject", Bucket="desk", Key="a/b", Body=b"tide")
    s3("DeleteObject", Bucket="desk", Key="a/b")
    cloud.events()
    created, deleted = desk.messages()
    assert created["detail-type"] == "Object Created" and created["resources"] == ["arn:aws:s3:::desk"]
    assert created["detail"]["object"]["key"] == "a/b" and created["detail"]["object"]["size"] == 4
    assert created["detail"]["reason"] == "PutObject"
    assert deleted["detail-type"] == "Object Deleted"
    assert deleted["detail"]["deletion-type"] == "Permanently Deleted"


def test_lifecycle_tells_too(desk: Desk, cloud: TestCloud) -> None:
    desk.listen("s3:LifecycleExpiration:*")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    desk.s3("PutBucketLifecycleConfiguration", Bucket="desk", LifecycleConfiguration={"Rules": [rule]})
    desk.s3("PutObject", Bucket="desk", Key="a", Body=b"x")
    cloud.advance(2 * 86_400)
    assert desk.events() == [("LifecycleExpiration:Delete", "a")]
