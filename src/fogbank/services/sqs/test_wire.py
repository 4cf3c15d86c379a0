"""SQS over the wire: boto3, and the query protocol of older clients."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient


def test_the_way_of_a_message(boto: MakeClient, served: Served, account: str) -> None:
    sqs = boto("sqs")
    url = sqs.create_queue(QueueName="jobs", tags={"a": "b"})["QueueUrl"]
    assert url == f"{served.url}/{account}/jobs"
    sqs.send_message(
        QueueUrl=url,
        MessageBody="héllo",
        MessageAttributes={
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
            "n": {"DataType": "Number", "StringValue": "1"},
        },
    )
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == "héllo"
    assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\x01"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert [page["QueueUrls"] for page in sqs.get_paginator("list_queues").paginate()] == [[url]]


def test_old_clients_find_their_codes(boto: MakeClient, served: Served, account: str) -> None:
    sqs = boto("sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as error:
        sqs.get_queue_url(QueueName="none")
    assert error.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error.value.response["Error"]["QueryErrorCode"] == "QueueDoesNotExist"
    sqs.create_queue(QueueName="jobs")
    with pytest.raises(sqs.exceptions.QueueNameExists) as exists:
        sqs.create_queue(QueueName="jobs", Attributes={"DelaySeconds": "1"})
    assert exists.value.response["Error"]["Code"] == "QueueAlreadyExists"
    with pytest.raises(ClientError) as unknown:
        sqs.set_queue_attributes(QueueUrl=f"{served.url}/{account}/jobs", Attributes={"Colour": "red"})
    assert unknown.value.response["Error"]["Code"] == "InvalidAttributeName"
    with pytest.raises(ClientError) as denied:
        boto("sqs", aws_access_key_id="999999999999").purge_queue(QueueUrl=f"{served.url}/{account}/jobs")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def signed(account: str) -> str:
    scope = f"Credential={account}/20260101/us-east-1/sqs/aws4_request"
    return f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x"


def query(served: Served, account: str, path: str, **form: str) -> tuple[int, str]:
    headers = {
        "x-amz-date": "20260101T000000Z",
        "authorization": signed(account),
        "content-type": "application/x-www-form-urlencoded",
    }
    data = urllib.parse.urlencode({"Version": "2012-11-05", **form}).encode()
    request = urllib.request.Request(f"{served.url}{path}", data, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_query_protocol(served: Served, account: str) -> None:
    form = {"QueueName": "old", "Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "7"}
    status, text = query(served, account, "/", Action="CreateQueue", **form)
    assert (status, f"<QueueUrl>{served.url}/{account}/old</QueueUrl>" in text) == (200, True)
    path = f"/{account}/old"
    attribute = {
        "MessageAttribute.1.Name": "a",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringValue": "x",
    }
    status, text = query(served, account, path, Action="SendMessage", MessageBody="<one & two>", **attribute)
    assert status == 200
    assert "<MD5OfMessageAttributes>a512aac9938034acb0b3c3d965944bf1</MD5OfMessageAttributes>" in text
    asked = {"AttributeName.1": "All", "MessageAttributeName.1": "All", "MaxNumberOfMessages": "10"}
    status, text = query(served, account, path, Action="ReceiveMessage", **asked)
    assert "<Body>&lt;one &amp; two&gt;</Body>" in text
    assert "<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>" in text
    status, text = query(served, account, path, Action="GetQueueAttributes", **{"AttributeName.1": "VisibilityTimeout"})
    assert "<Attribute><Name>VisibilityTimeout</Name><Value>7</Value></Attribute>" in text
    batch = {
        "SendMessageBatchRequestEntry.1.Id": "a",
        "SendMessageBatchRequestEntry.1.MessageBody": "x",
        "SendMessageBatchRequestEntry.2.Id": "b",
        "SendMessageBatchRequestEntry.2.MessageBody": "x",
        "SendMessageBatchRequestEntry.2.DelaySeconds": "901",
    }
    status, text = query(served, account, path, Action="SendMessageBatch", **batch)
    assert "<SendMessageBatchResultEntry><Id>a</Id>" in text
    assert "<Code>InvalidParameterValue</Code>" in text


def test_errors_of_the_query_protocol(served: Served, account: str) -> None:
    status, text = query(served, account, f"/{account}/none", Action="SendMessage", MessageBody="x")
    assert status == 400
    assert "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in text
    query(served, account, "/", Action="CreateQueue", QueueName="old")
    status, text = query(served, account, f"/{account}/old", Action="SendMessage")
    assert (status, "<Code>MissingParameter</Code>" in text) == (400, True)
    eleven = {f"DeleteMessageBatchRequestEntry.{n}.Id": str(n) for n in range(1, 12)}
    eleven |= {f"DeleteMessageBatchRequestEntry.{n}.ReceiptHandle": "x" for n in range(1, 12)}
    status, text = query(served, account, f"/{account}/old", Action="DeleteMessageBatch", **eleven)
    assert "<Code>AWS.SimpleQueueService.TooManyEntriesInBatchRequest</Code>" in text


def test_a_client_that_leaves_takes_no_message_along(boto: MakeClient, served: Served, account: str) -> None:
    import socket

    sqs = boto("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    form = urllib.parse.urlencode({"Version": "2012-11-05", "Action": "ReceiveMessage", "WaitTimeSeconds": "20"})
    text = (
        f"POST /{account}/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\nx-amz-date: 20260101T000000Z\r\n"
        f"authorization: {signed(account)}\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(form)}\r\n\r\n{form}"
    )
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(text.encode())
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    got: list[Any] = []
    waiting = threading.Thread(
        target=lambda: got.extend(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"])
    )
    waiting.start()
    time.sleep(0.2)
    begun = time.monotonic()
    boto("sqs").send_message(QueueUrl=url, MessageBody="x")
    waiting.join()
    assert [message["Body"] for message in got] == ["x"]
    assert time.monotonic() - begun < 5, "it was woken, not asked again at the end of its wait"
