"""Services that call functions: each event as AWS documents it, and nothing where the function's policy says no."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.functions.conftest import Town

from fogbank.aws.errors import AwsError
from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, allowed

HERE = f"us-east-1:{ACCOUNT}"
TELLS = """
import base64
import gzip
import json
def run(event, context):
    print("EVENT", json.dumps(event))
"""
TRUST = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"""


class Sources:
    """A function that prints what it is handed, and one that nobody may call."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.call = town.cloud.call
        self.seen = 0
        town.write("tells", TELLS)
        town.write("closed", TELLS)

    def may_call(self, service: str, source: str, name: str = "tells") -> None:
        given = {"Action": "lambda:InvokeFunction", "Principal": f"{service}.amazonaws.com", "SourceArn": source}
        self.town.call(
            "AddPermission", FunctionName=name, StatementId=service.replace(".", "-"), SourceAccount=ACCOUNT, **given
        )

    def told(self, name: str = "tells") -> list[Any]:
        """Every event that a function has been handed."""
        self.town.cloud.run(self.town.cloud.cloud.settled())
        group = f"/aws/lambda/{name}"
        if not self.call("logs", "DescribeLogGroups", {"logGroupNamePrefix": group})["logGroups"]:
            return []
        return [json.loads(line[6:]) for line in self.town.log(group) if line.startswith("EVENT ")]

    def next(self) -> Any:
        """The one event that has come since the last was asked for."""
        deadline = time.monotonic() + 30
        while len(found := self.told()) == self.seen:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(found) == self.seen + 1
        self.seen += 1
        return found[-1]

    def queue(self, name: str, service: str = "") -> str:
        arn = f"arn:aws:sqs:{HERE}:{name}"
        attributes = {"VisibilityTimeout": "30"}
        if service:
            principal = {"Service": f"{service}.amazonaws.com"}
            statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn}
            attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.call("sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes})
        return arn

    def letters(self, name: str) -> list[dict[str, Any]]:
        self.town.cloud.run(self.town.cloud.cloud.settled())
        asked = {"QueueUrl": f"http://x/{ACCOUNT}/{name}", "MessageAttributeNames": ["All"]}
        return list(self.call("sqs", "ReceiveMessage", asked).get("Messages", ()))

    def measured(self, namespace: str, metric: str, **dimensions: str) -> float:
        """What a metric of this minute has come to."""
        self.town.cloud.cloud.dispatch.measures.publish()
        now = self.town.cloud.clock.now()
        asked = {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "StartTime": now - 3600,
            "EndTime": now + 3600,
            "Period": 7200,
            "Statistics": ["Sum"],
        }
        found = self.call("cloudwatch", "GetMetricStatistics", asked)["Datapoints"]
        return sum(float(point["Sum"]) for point in found)


@pytest.fixture(scope="module")
def sources(town: Town) -> Iterator[Sources]:
    yield Sources(town)


def attributes(letter: dict[str, Any]) -> dict[str, str]:
    return {name: str(value["StringValue"]) for name, value in letter["MessageAttributes"].items()}


def refused(call: Callable[[], Any], code: str) -> AwsError:
    with pytest.raises(AwsError) as caught:
        call()
    assert caught.value.code == code, str(caught.value)
    return caught.value


def test_sns(sources: Sources) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
    topic = str(sources.call("sns", "CreateTopic", {"Name": "tides"})["TopicArn"])
    sources.may_call("sns", topic)
    want = {"TopicArn": topic, "Protocol": "lambda", "ReturnSubscriptionArn": True}
    arn = sources.call("sns", "Subscribe", {**want, "Endpoint": f"{AT}:tells"})["SubscriptionArn"]
    quay = {"Quay": {"DataType": "String", "StringValue": "four"}, "Raw": {"DataType": "Binary", "BinaryValue": b"x"}}
    said = {"TopicArn": topic, "Message": "high", "Subject": "Tide", "MessageAttributes": quay}
    message_id = sources.call("sns", "Publish", said)["MessageId"]
    event = sources.next()
    (record,) = event["Records"]
    assert list(event) == ["Records"]
    told = record.pop("Sns")
    assert record == {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": arn}
    assert set(told) == {
        *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature"),
        *("SigningCertUrl", "UnsubscribeUrl", "MessageAttributes"),
    }
    assert (told["Type"], told["MessageId"], told["TopicArn"]) == ("Notification", message_id, topic)
    assert (told["Subject"], told["Message"], told["SignatureVersion"]) == ("Tide", "high", "1")
    assert told["MessageAttributes"] == {
        "Quay": {"Type": "String", "Value": "four"},
        "Raw": {"Type": "Binary", "Value": "eA=="},
    }
    dead = sources.queue("unheard", "sns")
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    sources.call("sns", "Subscribe", {**want, "Endpoint": f"{AT}:closed", "Attributes": redrive})
    sources.call("sns", "Publish", {"TopicArn": topic, "Message": "low"})
    (record,) = sources.next()["Records"]
    assert (record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == (None, {})
    (letter,) = sources.letters("unheard")
    assert json.loads(letter["Body"])["Message"] == "low"
    assert "AccessDenied" in attributes(letter)["ErrorCode"]
    assert sources.told("closed") == []
    assert sources.measured("AWS/SNS", "NumberOfNotificationsFailed", TopicName="tides") == 1
    assert sources.measured("AWS/SNS", "NumberOfNotificationsDelivered", TopicName="tides") == 2


def test_s3(sources: Sources) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    sources.call("s3", "CreateBucket", {"Bucket": "quays"})

    def listens(name: str) -> None:
        one = {"Id": "new", "LambdaFunctionArn": f"{AT}:{name}", "Events": ["s3:ObjectCreated:*"]}
        configuration = {"LambdaFunctionConfigurations": [one]}
        asked = {"Bucket": "quays", "NotificationConfiguration": configuration}
        sources.call("s3", "PutBucketNotificationConfiguration", asked)

    error = refused(lambda: listens("closed"), "InvalidArgument")
    assert error.message == "Unable to validate the following destination configurations"
    sources.may_call("s3", "arn:aws:s3:::quays")
    listens("tells")
    made = sources.call("s3", "PutObject", {"Bucket": "quays", "Key": "a b/four.txt", "Body": b"tide"})
    event = sources.next()
    (record,) = event["Records"]
    assert list(event) == ["Records"], "and no test event: functions are not run for that"
    assert set(record) == {
        *("eventVersion", "eventSource", "awsRegion", "eventTime", "eventName", "userIdentity"),
        *("requestParameters", "responseElements", "s3"),
    }
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    assert set(record["requestParameters"]) == {"sourceIPAddress"} and set(record["userIdentity"]) == {"principalId"}
    told = record["s3"]
    assert (told["s3SchemaVersion"], told["configurationId"]) == ("1.0", "new")
    assert set(told["bucket"]) == {"name", "ownerIdentity", "arn"} and told["bucket"]["arn"] == "arn:aws:s3:::quays"
    thing = told["object"]
    assert (thing["key"], thing["size"], thing["eTag"]) == ("a+b/four.txt", 4, made["ETag"].strip('"'))
    assert thing["sequencer"]
    sources.town.call("RemovePermission", FunctionName="tells", StatementId="s3")
    sources.call("s3", "PutObject", {"Bucket": "quays", "Key": "unheard", "Body": b"tide"})
    assert len(sources.told()) == sources.seen


def test_events(sources: Sources) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html"""
    pattern = json.dumps({"source": ["quay"]})
    rule = sources.call("events", "PutRule", {"Name": "quay", "EventPattern": pattern})["RuleArn"]
    dead = sources.queue("unmatched", "events")
    closed = {"Id": "2", "Arn": f"{AT}:closed", "DeadLetterConfig": {"Arn": dead}}
    sources.may_call("events", rule)
    sources.call("events", "PutTargets", {"Rule": "quay", "Targets": [{"Id": "1", "Arn": f"{AT}:tells"}, closed]})
    entry = {"Source": "quay", "DetailType": "Tide", "Detail": '{"height": 4}', "Resources": ["arn:x"]}
    put = sources.call("events", "PutEvents", {"Entries": [entry]})["Entries"][0]["EventId"]
    event = sources.next()
    at = event.pop("time")
    assert time.strptime(at, "%Y-%m-%dT%H:%M:%SZ")
    assert event == {
        "version": "0",
        "id": put,
        "detail-type": "Tide",
        "source": "quay",
        "account": ACCOUNT,
        "region": "us-east-1",
        "resources": ["arn:x"],
        "detail": {"height": 4},
    }
    (letter,) = sources.letters("unmatched")
    told = attributes(letter)
    assert json.loads(letter["Body"])["id"] == put and told["TARGET_ARN"] == f"{AT}:closed"
    assert told["RULE_ARN"] == rule and told["ERROR_CODE"] == "NO_PERMISSIONS"
    assert sources.told("closed") == []
    assert sources.measured("AWS/Events", "FailedInvocations", RuleName="quay") == 1
    assert sources.measured("AWS/Events", "Invocations", RuleName="quay") == 2


def test_scheduler(sources: Sources) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html"""
    for name, action in (("wakes", "lambda:InvokeFunction"), ("sleeps", "sqs:SendMessage")):
        sources.call("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": TRUST})
        given = {"RoleName": name, "PolicyName": "p", "PolicyDocument": allowed(action)}
        sources.call("iam", "PutRolePolicy", given)

    def schedule(name: str, role: str, **target: Any) -> str:
        told = {"Arn": f"{AT}:tells", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}", **target}
        asked = {"Name": name, "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}}
        return str(sources.call("scheduler", "CreateSchedule", {**asked, "Target": told})["ScheduleArn"])

    schedule("given", "wakes", Input='{"by": "<aws.scheduler.schedule-arn>"}')
    assert sources.next() == {"by": f"arn:aws:scheduler:{HERE}:schedule/default/given"}
    arn = schedule("plain", "wakes")
    event = sources.next()
    assert event.pop("id") and time.strptime(event.pop("time"), "%Y-%m-%dT%H:%M:%SZ")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "region": "us-east-1",
        "resources": [arn],
        "detail": "{}",
    }
    dead = sources.queue("asleep")
    schedule("asleep", "sleeps", Input='{"n": 1}', DeadLetterConfig={"Arn": dead})
    (letter,) = sources.letters("asleep")
    told = attributes(letter)
    assert letter["Body"] == '{"n": 1}' and told["ERROR_CODE"] == "AccessDeniedException"
    assert "lambda:InvokeFunction" in told["ERROR_MESSAGE"] and told["TARGET_ARN"] == f"{AT}:tells"
    assert len(sources.told()) == sources.seen
    assert sources.measured("AWS/Scheduler", "InvocationDroppedCount", ScheduleGroup="default") == 1


def test_sqs(sources: Sources) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    arn = sources.queue("inbox")
    mapping = {"FunctionName": "tells", "EventSourceArn": arn}
    sources.town.allow("logs:*")
    error = refused(lambda: sources.town.call("CreateEventSourceMapping", **mapping), "InvalidParameterValueException")
    assert error.message.endswith("does not have permissions to call ReceiveMessage on SQS")
    sources.town.allow("logs:*", "sqs:*")
    uuid = sources.town.call("CreateEventSourceMapping", **mapping)["UUID"]
    quay = {"Quay": {"DataType": "Number", "StringValue": "4"}}
    message = {"QueueUrl": f"http://x/{ACCOUNT}/inbox", "MessageBody": "high", "MessageAttributes": quay}
    sent = sources.call("sqs", "SendMessage", message)
    event = sources.next()
    (record,) = event["Records"]
    assert list(event) == ["Records"] and record.pop("receiptHandle")
    told = record.pop("attributes")
    assert {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(told)
    assert told["ApproximateReceiveCount"] == "1" and told["SentTimestamp"].isdigit()
    assert record == {
        "messageId": sent["MessageId"],
        "body": "high",
        "messageAttributes": {
            "Quay": {"stringValue": "4", "stringListValues": [], "binaryListValues": [], "dataType": "Number"}
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }
    sources.town.call("DeleteEventSourceMapping", UUID=uuid)


def test_logs(sources: Sources) -> None:
    """A filter between two functions: one prints, the other is told."""
    source = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/prints:*"
    sources.town.write("prints", "def run(event, context): print('level', event['level'])")
    sources.town.said("prints", {"level": "calm"})
    sources.town.cloud.run(sources.town.cloud.cloud.settled())
    want = {"logGroupName": "/aws/lambda/prints", "filterName": "storms", "filterPattern": "storm"}
    refused(
        lambda: sources.call("logs", "PutSubscriptionFilter", {**want, "destinationArn": f"{AT}:closed"}),
        "InvalidParameterException",
    )
    sources.may_call("logs", source)
    sources.call("logs", "PutSubscriptionFilter", {**want, "destinationArn": f"{AT}:tells"})
    assert set(sources.next()) == {"awslogs"}
    sources.town.said("prints", {"level": "calm"})
    sources.town.said("prints", {"level": "storm"})
    event = sources.next()

    told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert (told["messageType"], told["owner"], told["logGroup"]) == ("DATA_MESSAGE", ACCOUNT, "/aws/lambda/prints")
    assert [one["message"] for one in told["logEvents"]] == ["level storm\n"]
    assert told["logStream"] and told["subscriptionFilters"] == ["storms"]


def test_alarms(sources: Sources) -> None:
    alarm = f"arn:aws:cloudwatch:{HERE}:alarm:high"
    sources.may_call("lambda.alarms.cloudwatch", alarm)
    metric = {"Namespace": "Tides", "MetricName": "height", "Statistic": "Maximum", "Period": 60}
    rule = {"EvaluationPeriods": 1, "Threshold": 4, "ComparisonOperator": "GreaterThanThreshold"}
    actions = [f"{AT}:closed", f"{AT}:tells"]
    sources.call("cloudwatch", "PutMetricAlarm", {"AlarmName": "high", **metric, **rule, "AlarmActions": actions})
    state = {"AlarmName": "high", "StateValue": "ALARM", "StateReason": "drill"}
    sources.call("cloudwatch", "SetAlarmState", state)
    event = sources.next()
    assert (event["source"], event["alarmArn"], event["alarmData"]["state"]["value"]) == (
        "aws.cloudwatch",
        alarm,
        "ALARM",
    )
    assert sources.told("closed") == []
    asked = {"AlarmName": "high", "HistoryItemType": "Action"}
    items = sources.call("cloudwatch", "DescribeAlarmHistory", asked)["AlarmHistoryItems"]
    said = sorted(one["HistorySummary"] for one in items)
    assert said[0].startswith(f"Failed to execute action {AT}:closed. Received error: ")
    assert said[1] == f"Successfully executed action {AT}:tells"
