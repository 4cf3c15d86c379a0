"""Chains of services across `kill -9`: nothing acknowledged is lost on its way, and nothing is told twice."""

from __future__ import annotations

import json
import random
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fogbank.testing.process import CloudProcess

ACCOUNT = "000000000000"
KILLS = 6
WRITERS = 4
LEFT = (BotoCoreError, ClientError, OSError)


class Stack:
    """A cloud that is killed and started again, and clients that follow it to its new port."""

    def __init__(self, folder: Path) -> None:
        self.process = CloudProcess(folder)
        self.process.start()

    def client(self, service: str) -> Any:
        config = Config(
            retries={"total_max_attempts": 1}, read_timeout=20, connect_timeout=5, s3={"addressing_style": "path"}
        )
        return boto3.client(
            service,
            endpoint_url=self.process.card.url,
            region_name="us-east-1",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="x",
            config=config,
        )

    def advance(self, seconds: float) -> None:
        body = json.dumps({"advance_seconds": seconds}).encode()
        request = urllib.request.Request(f"{self.process.card.url}/_fogbank/clock", body, method="POST")
        urllib.request.urlopen(request, timeout=60).close()

    def again(self) -> None:
        self.process.kill()
        self.process.start()

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """The name and the ARN of a queue that every service may send to."""
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy, **attributes})
        return name, arn

    def url(self, name: str) -> str:
        return f"{self.process.card.url}/{ACCOUNT}/{name}"

    def drained(self, name: str) -> list[dict[str, Any]]:
        """Every message of a queue, taken away."""
        sqs, found = self.client("sqs"), []
        while page := sqs.receive_message(QueueUrl=self.url(name), MaxNumberOfMessages=10).get("Messages"):
            for message in page:
                sqs.delete_message(QueueUrl=self.url(name), ReceiptHandle=message["ReceiptHandle"])
            found += page
        return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    found = Stack(tmp_path / "state")
    yield found
    found.process.kill()


def until_killed(stack: Stack, write: Callable[[Any, str], None], service: str, number: int) -> list[str]:
    """Let writers write names until the cloud is killed at a random moment; what was acknowledged."""
    acknowledged: list[str] = []

    def work(writer: int) -> None:
        client, count = stack.client(service), 0
        try:
            while True:
                name = f"{number}-{writer}-{count}"
                write(client, name)
                acknowledged.append(name)
                count += 1
        except LEFT:
            return

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    threading.Event().wait(random.uniform(0.15, 0.6))
    stack.again()
    for thread in threads:
        thread.join()
    return acknowledged


def test_every_object_that_was_put_is_told_of_once(stack: Stack) -> None:
    s3, sns = stack.client("s3"), stack.client("sns")
    topic = sns.create_topic(Name="objects")["TopicArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic}]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    inbox, inbox_arn = stack.queue("inbox")
    other, other_arn = stack.queue("other")
    wanted = {"Records": {"s3": {"object": {"key": [{"prefix": "in/"}]}}}}
    for arn, filter_policy in ((inbox_arn, wanted), (other_arn, {"Records": {"eventName": ["ObjectRemoved:Delete"]}})):
        attributes = {
            "FilterPolicy": json.dumps(filter_policy),
            "FilterPolicyScope": "MessageBody",
            "RawMessageDelivery": "true",
        }
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    s3.create_bucket(Bucket="chain")
    configuration = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="chain", NotificationConfiguration=configuration)
    stack.drained(inbox)

    def put(client: Any, name: str) -> None:
        client.put_object(Bucket="chain", Key=f"in/{name}", Body=name.encode() * 5_000)
        client.put_object(Bucket="chain", Key=f"out/{name}", Body=b"")

    acknowledged: list[str] = []
    told: Counter[str] = Counter()
    for number in range(KILLS):
        acknowledged += until_killed(stack, put, "s3", number)
        for message in stack.drained(inbox):
            (record,) = json.loads(message["Body"])["Records"]
            told[record["s3"]["object"]["key"]] += 1
    assert acknowledged
    assert [name for name in acknowledged if told[f"in/{name}"] != 1] == []
    assert max(told.values()) == 1 and all(key.startswith("in/") for key in told)
    there = {
        found["Key"]
        for page in stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket="chain", Prefix="in/")
        for found in page.get("Contents", ())
    }
    assert there == set(told), "an object and what is told of it are one"
    for name in random.sample(acknowledged, 5):
        body = stack.client("s3").get_object(Bucket="chain", Key=f"in/{name}")["Body"].read()
        assert body == name.encode() * 5_000
    blobs = stack.process.state / "blobs"
    files = {path.name for path in blobs.glob("??/*")}
    stack.again()
    assert len({path.name for path in blobs.glob("??/*")}) <= len(files)
    assert len({path.name for path in blobs.glob("??/*")}) == len(there), "no orphan outlives a start"
    assert stack.drained(other) == []


def test_a_schedule_misses_no_beat_and_doubles_none(stack: Stack) -> None:
    inbox, arn = stack.queue("beats")
    events = stack.client("events")
    events.put_rule(Name="beat", ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule="beat", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.time"}])
    times: list[str] = []
    for _ in range(KILLS):
        walker = threading.Thread(target=_walk, args=(stack,))
        walker.start()
        threading.Event().wait(random.uniform(0.05, 0.3))
        stack.process.kill()
        walker.join()
        stack.process.start()
        times += [json.loads(message["Body"]) for message in stack.drained(inbox)]
    stack.advance(61)
    times += [json.loads(message["Body"]) for message in stack.drained(inbox)]
    assert len(times) > KILLS and len(times) == len(set(times)), Counter(times).most_common(3)


def _walk(stack: Stack) -> None:
    try:
        for _ in range(1_000):
            stack.advance(60)
    except OSError:
        return


def test_an_alarm_is_raised_once_for_what_was_logged_before_the_kill(stack: Stack) -> None:
    inbox, arn = stack.queue("pager")
    logs, sns = stack.client("logs"), stack.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    transformation = {"metricName": "Errors", "metricNamespace": "App", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="app", filterName="f", filterPattern="ERROR", metricTransformations=[transformation]
    )
    stack.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="App",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    stack.advance(120)
    stack.drained(inbox)
    for number in range(3):
        now = json.loads(urllib.request.urlopen(f"{stack.process.card.url}/_fogbank/clock").read())["now"]
        event = {"timestamp": int(now * 1000), "message": f"ERROR {number}"}
        stack.client("logs").put_log_events(logGroupName="app", logStreamName="s", logEvents=[event])
        stack.again()
        stack.advance(300)
        stack.again()
        (message,) = stack.drained(inbox)
        assert json.loads(message["Body"])["NewStateValue"] == "ALARM"
        stack.advance(300)
    history = stack.client("cloudwatch").describe_alarm_history(AlarmName="errors", HistoryItemType="StateUpdate")
    raised = [item for item in history["AlarmHistoryItems"] if "to ALARM" in item["HistorySummary"]]
    assert len(raised) == 3


def test_receives_are_counted_across_kills_until_the_dead_letter_queue(stack: Stack) -> None:
    dead, dead_arn = stack.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    inbox, _ = stack.queue("work", RedrivePolicy=policy, VisibilityTimeout="30")
    sent = {
        stack.client("sqs").send_message(QueueUrl=stack.url(inbox), MessageBody=str(number))["MessageId"]
        for number in range(5)
    }
    for receives in range(1, 4):
        stack.again()
        found = stack.client("sqs").receive_message(
            QueueUrl=stack.url(inbox), MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
        assert {message["Attributes"]["ApproximateReceiveCount"] for message in found} == {str(receives)}
        assert {message["MessageId"] for message in found} == sent
        stack.again()
        hidden = stack.client("sqs").receive_message(QueueUrl=stack.url(inbox), MaxNumberOfMessages=10)
        assert "Messages" not in hidden, "what is in flight stays hidden"
        stack.advance(31)
    assert stack.drained(inbox) == []
    assert {message["MessageId"] for message in stack.drained(dead)} == sent
