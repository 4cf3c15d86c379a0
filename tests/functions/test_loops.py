"""Functions that call themselves, by others or not: how far it goes."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from tests.functions.conftest import Town

AGAIN = """
import boto3, json, os
sqs, functions = boto3.client("sqs"), boto3.client("lambda")
def run(event, context):
    if "Records" in event:
        event = json.loads(event["Records"][0]["body"])
    count = event["count"] + 1
    told = json.dumps({**event, "count": count})
    if count > event.get("most", 100):
        return
    if "queue" in event:
        sqs.send_message(QueueUrl=event["queue"], MessageBody=told)
    else:
        functions.invoke(FunctionName=context.function_name, InvocationType="Event", Payload=told)
"""


def executions(town: Town, name: str, wanted: int) -> int:
    """How often a function has run by its log, once that was so often, and nothing follows."""
    ends_at = time.monotonic() + 30
    while True:
        seen = sum("START RequestId" in line for line in town.log(f"/aws/lambda/{name}"))
        if seen >= wanted or time.monotonic() > ends_at:
            break
    town.cloud.advance(1.0)
    return sum("START RequestId" in line for line in town.log(f"/aws/lambda/{name}"))


@pytest.fixture(scope="module")
def looping(town: Town) -> Town:
    town.allow("logs:*", "sqs:*", "lambda:*")
    return town


def first(town: Town, name: str, **event: Any) -> None:
    town.invoke(name, {"count": 0, **event}, InvocationType="Event")


def test_a_function_that_calls_itself_is_stopped(looping: Town) -> None:
    looping.write("again", AGAIN, Timeout=20)
    first(looping, "again")
    assert executions(looping, "again", 16) == 16


def test_also_where_a_queue_is_between(looping: Town) -> None:
    looping.write("around", AGAIN, Timeout=20)
    url = looping.cloud.call("sqs", "CreateQueue", {"QueueName": "around"})["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:around"
    looping.call("CreateEventSourceMapping", FunctionName="around", EventSourceArn=queue)
    first(looping, "around", queue=url)
    assert executions(looping, "around", 16) == 16
    told = looping.cloud.call("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})["Attributes"]
    left = int(told["ApproximateNumberOfMessages"]) + int(told["ApproximateNumberOfMessagesNotVisible"])
    assert left == 1, "the message that is not taken stays, for the queue's own dead letters"


def test_unless_it_is_meant(looping: Town) -> None:
    looping.write("meant", AGAIN, Timeout=20)
    looping.call("PutFunctionRecursionConfig", FunctionName="meant", RecursiveLoop="Allow")
    first(looping, "meant", most=20)
    assert executions(looping, "meant", 21) == 21


def test_whoever_waits_is_told(looping: Town) -> None:
    looping.write("waits", "import os\ndef run(event, context): return os.environ['_X_AMZN_TRACE_ID']")
    login = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    client = boto3.client("lambda", endpoint_url=looping.cloud.cloud.planes.api_url(), **login)
    header = json.loads(looping.invoke("waits")["Payload"])
    header = header.rpartition(":")[0] + ":16"
    client.meta.events.register(
        "before-sign.*", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", header)
    )
    with pytest.raises(client.exceptions.RecursiveInvocationException):
        looping.cloud.run(_aside(client.invoke, FunctionName="waits"))


async def _aside(call: Any, **given: Any) -> Any:
    import asyncio

    return await asyncio.to_thread(call, **given)
