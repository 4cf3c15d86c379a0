"""`kill -9` while a custom resource, or a signal, is waited for: the wait is a record, and outlives the process."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .test_kill import Killed, killed

__all__ = ["killed"]
_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
BODY = """
Parameters: {Topic: {Type: String}}
Resources:
  Made: {Type: 'Custom::Thing', Properties: {ServiceToken: !Ref Topic, Size: 3}}
  Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}
  Waits: {Type: 'AWS::CloudFormation::WaitCondition', Properties: {Handle: !Ref Handle, Timeout: 600}}
Outputs:
  Colour: {Value: !GetAtt Made.Colour}
"""


def put(found: Killed, url: str, said: dict[str, Any]) -> None:
    """Put something to an address, at the port that the cloud has by now."""
    parts = urlsplit(url)
    there = urlunsplit(parts._replace(netloc=urlsplit(found.cloud.card.url).netloc))
    request = urllib.request.Request(there, json.dumps(said).encode(), method="PUT")
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200


def asked(found: Killed, queue: str) -> dict[str, Any]:
    """The next request that somebody was told of over the topic."""
    given = {"QueueUrl": queue, "WaitTimeSeconds": 10}
    (message,) = found.ask("sqs", "ReceiveMessage", given)["Messages"]
    found.ask("sqs", "DeleteMessage", {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]})
    told: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
    return told


def answer(found: Killed, told: dict[str, Any]) -> None:
    echoed = {name: told[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    put(
        found,
        told["ResponseURL"],
        {"Status": "SUCCESS", "PhysicalResourceId": "t", "Data": {"Colour": "red"}, **echoed},
    )


def test_an_answer_after_the_restart_counts(killed: Killed) -> None:
    topic = killed.ask("sns", "CreateTopic", {"Name": "makes"})["TopicArn"]
    policy = {"Policy": json.dumps(_ALL)}
    queue = killed.ask("sqs", "CreateQueue", {"QueueName": "asked", "Attributes": policy})["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:asked"
    killed.ask("sns", "Subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn})
    given = [{"ParameterKey": "Topic", "ParameterValue": topic}]
    killed.ask("cloudformation", "CreateStack", {"StackName": "made", "TemplateBody": BODY, "Parameters": given})
    told = asked(killed, queue)
    killed.cloud.kill()
    killed.start()
    answer(killed, told)
    rows = killed.ask("cloudformation", "DescribeStackResources", {"StackName": "made"})["StackResources"]
    url = next(row["PhysicalResourceId"] for row in rows if row["LogicalResourceId"] == "Handle")
    killed.cloud.kill()
    killed.start()
    put(killed, url, {"Status": "SUCCESS", "UniqueId": "one", "Data": "", "Reason": ""})
    assert killed.ended() == "CREATE_COMPLETE"
    found = killed.ask("cloudformation", "DescribeStacks", {"StackName": "made"})["Stacks"][0]
    assert found["Outputs"][0]["OutputValue"] == "red"
    again = killed.ask("sqs", "ReceiveMessage", {"QueueUrl": queue}).get("Messages", [])
    assert all(told["RequestId"] in one["Body"] for one in again), "nothing else was asked"
    killed.ask("sqs", "PurgeQueue", {"QueueUrl": queue})
    killed.ask("cloudformation", "DeleteStack", {"StackName": "made"})
    told = asked(killed, queue)
    killed.cloud.kill()
    killed.start()
    answer(killed, told)
    assert (told["RequestType"], killed.ended()) == ("Delete", "DELETE_COMPLETE")
