"""Every error that the model has for operations of SQS: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import json

from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case

SERVICE = "sqs"


HOST = "http://127.0.0.1:4566/000000000000/"
ARN = "arn:aws:sqs:us-east-1:000000000000:"
MANY = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*", "Sid": f"s{n}"} for n in range(21)
        ]
    }
)


def _made(cloud: TestCloud) -> dict[str, str]:
    sqs, kms = cloud.client("sqs"), cloud.client("kms")
    long = {"MessageRetentionPeriod": "1209600"}
    states = ("Disabled", "Doomed", "Gone")
    keys = {name: kms("CreateKey")["KeyMetadata"]["KeyId"] for name in states}
    for name, key in keys.items():
        sqs("CreateQueue", QueueName=name, Attributes={"KmsMasterKeyId": key, **long})
        sqs("SendMessage", QueueUrl=HOST + name, MessageBody="x")
    kms("ScheduleKeyDeletion", KeyId=keys["Gone"], PendingWindowInDays=7)
    cloud.advance(8 * 86_400)
    kms("DisableKey", KeyId=keys["Disabled"])
    kms("ScheduleKeyDeletion", KeyId=keys["Doomed"])
    signs = kms("CreateKey", KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
    sqs("CreateQueue", QueueName="Signs", Attributes={"KmsMasterKeyId": signs})
    for name in ("jobs", "dead", "purged"):
        sqs("CreateQueue", QueueName=name)
    sqs("CreateQueue", QueueName="line.fifo", Attributes={"FifoQueue": "true"})
    redrive = json.dumps({"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 1})
    sqs("SetQueueAttributes", QueueUrl=HOST + "jobs", Attributes={"RedrivePolicy": redrive})
    sqs("PurgeQueue", QueueUrl=HOST + "purged")
    sqs("CreateQueue", QueueName="deleted")
    sqs("DeleteQueue", QueueUrl=HOST + "deleted")
    sqs("SendMessage", QueueUrl=HOST + "jobs", MessageBody="x")
    handle = sqs("ReceiveMessage", QueueUrl=HOST + "jobs", VisibilityTimeout=0)["Messages"][0]["ReceiptHandle"]
    for name in ("moving", "stopped"):
        sqs("CreateQueue", QueueName=name)
        sqs(
            "CreateQueue",
            QueueName=f"to-{name}",
            Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": ARN + name, "maxReceiveCount": 1})},
        )
    task = sqs("StartMessageMoveTask", SourceArn=f"{ARN}stopped")["TaskHandle"]
    cloud.advance(1)
    for _ in range(3):
        sqs("SendMessage", QueueUrl=HOST + "moving", MessageBody="x")
    sqs("StartMessageMoveTask", SourceArn=f"{ARN}moving", DestinationArn=f"{ARN}jobs", MaxNumberOfMessagesPerSecond=1)
    sqs(
        "CreateQueue",
        QueueName="full",
        Attributes={"Policy": json.dumps({"Statement": json.loads(MANY)["Statement"][:20]})},
    )
    return {"VISIBLE": handle, "DONE": task, "MANY": MANY, "LONG": "x" * 524_289, "SIGNING": signs, **keys}


EXCUSED: dict[str, str] = {
    "SendMessage:KmsAccessDenied": "test_access.py provokes it as a user",
    "ReceiveMessage:KmsAccessDenied": "test_access.py provokes it as a user",
    "ReceiveMessage:KmsNotFound": "of a ciphertext whose key is gone, kms says that access is denied",
    "RequestThrottled": "fogbank does not throttle; faults can be set to",
    "InvalidSecurity": "requests without TLS, signed with version 4, are taken",
    "KmsOptInRequired": "no account lacks a subscription here",
    "KmsThrottled": "fogbank does not throttle; faults can be set to",
    "DeleteMessage:InvalidIdFormat": "AWS has not sent it since handles replaced ids",
    "ReceiveMessage:KmsInvalidKeyUsage": "what a key may be used for never changes, so none that encrypted cannot decrypt",
    "ReceiveMessage:OverLimit": "120,000 messages in flight: test_waiting.py provokes it with a lower limit",
    "CreateQueue:InvalidAddress": "the request has no address of a queue",
    "GetQueueUrl:InvalidAddress": "the request has no address of a queue",
    "ListQueues:InvalidAddress": "the request has no address of a queue",
    "CancelMessageMoveTask:InvalidAddress": "the request has no address of a queue",
    "ListMessageMoveTasks:InvalidAddress": "the request has no address of a queue",
    "StartMessageMoveTask:InvalidAddress": "the request has no address of a queue",
    "AddPermission:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "RemovePermission:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "ChangeMessageVisibility:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "ChangeMessageVisibilityBatch:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "DeleteMessage:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "DeleteMessageBatch:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "DeleteQueue:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "GetQueueAttributes:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "ListDeadLetterSourceQueues:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "ListQueueTags:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "PurgeQueue:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "ReceiveMessage:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "SendMessageBatch:UnsupportedOperation": "told of each entry, in Failed",
    "SetQueueAttributes:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "TagQueue:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "UntagQueue:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "CreateQueue:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "GetQueueUrl:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "ListQueues:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "ListMessageMoveTasks:UnsupportedOperation": "there is no state that this operation is unsupported in",
    "SendMessageBatch:KmsDisabled": "told of each entry, in Failed",
    "SendMessageBatch:KmsInvalidState": "told of each entry, in Failed",
    "SendMessageBatch:KmsNotFound": "told of each entry, in Failed",
    "SendMessageBatch:KmsAccessDenied": "told of each entry, in Failed",
    "SendMessageBatch:KmsInvalidKeyUsage": "told of each entry, in Failed",
}
"""Errors that no client can provoke here, with the reason; `Operation:Error` for one operation alone."""

# fmt: off
CASES = [
    Case("AddPermission", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}),
    Case("AddPermission", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}, 404),
    Case("AddPermission", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}, 404),
    Case("AddPermission", "MissingParameter", "The request must contain the parameter QueueUrl.", {"Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}),
    Case("RemovePermission", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "Label": "x"}),
    Case("RemovePermission", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "Label": "x"}, 404),
    Case("RemovePermission", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "Label": "x"}, 404),
    Case("RemovePermission", "MissingParameter", "The request must contain the parameter QueueUrl.", {"Label": "x"}),
    Case("ChangeMessageVisibility", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "ReceiptHandle": "x", "VisibilityTimeout": 1}),
    Case("ChangeMessageVisibility", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "ReceiptHandle": "x", "VisibilityTimeout": 1}, 404),
    Case("ChangeMessageVisibility", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "ReceiptHandle": "x", "VisibilityTimeout": 1}, 404),
    Case("ChangeMessageVisibility", "MissingParameter", "The request must contain the parameter QueueUrl.", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
    Case("ChangeMessageVisibilityBatch", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
    Case("ChangeMessageVisibilityBatch", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}, 404),
    Case("ChangeMessageVisibilityBatch", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}, 404),
    Case("ChangeMessageVisibilityBatch", "MissingParameter", "The request must contain the parameter QueueUrl.", {"Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
    Case("DeleteMessage", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "ReceiptHandle": "x"}),
    Case("DeleteMessage", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "ReceiptHandle": "x"}, 404),
    Case("DeleteMessage", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "ReceiptHandle": "x"}, 404),
    Case("DeleteMessage", "MissingParameter", "The request must contain the parameter QueueUrl.", {"ReceiptHandle": "x"}),
    Case("DeleteMessageBatch", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
    Case("DeleteMessageBatch", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "Entries": [{"Id": "a", "ReceiptHandle": "x"}]}, 404),
    Case("DeleteMessageBatch", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "Entries": [{"Id": "a", "ReceiptHandle": "x"}]}, 404),
    Case("DeleteMessageBatch", "MissingParameter", "The request must contain the parameter QueueUrl.", {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
    Case("DeleteQueue", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none"}),
    Case("DeleteQueue", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://["}, 404),
    Case("DeleteQueue", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs"}, 404),
    Case("DeleteQueue", "MissingParameter", "The request must contain the parameter QueueUrl.", {}),
    Case("GetQueueAttributes", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none"}),
    Case("GetQueueAttributes", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://["}, 404),
    Case("GetQueueAttributes", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs"}, 404),
    Case("GetQueueAttributes", "MissingParameter", "The request must contain the parameter QueueUrl.", {}),
    Case("ListDeadLetterSourceQueues", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none"}),
    Case("ListDeadLetterSourceQueues", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://["}, 404),
    Case("ListDeadLetterSourceQueues", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs"}, 404),
    Case("ListDeadLetterSourceQueues", "MissingParameter", "The request must contain the parameter QueueUrl.", {}),
    Case("ListQueueTags", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none"}),
    Case("ListQueueTags", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://["}, 404),
    Case("ListQueueTags", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs"}, 404),
    Case("ListQueueTags", "MissingParameter", "The request must contain the parameter QueueUrl.", {}),
    Case("PurgeQueue", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none"}),
    Case("PurgeQueue", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://["}, 404),
    Case("PurgeQueue", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs"}, 404),
    Case("PurgeQueue", "MissingParameter", "The request must contain the parameter QueueUrl.", {}),
    Case("ReceiveMessage", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none"}),
    Case("ReceiveMessage", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://["}, 404),
    Case("ReceiveMessage", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs"}, 404),
    Case("ReceiveMessage", "MissingParameter", "The request must contain the parameter QueueUrl.", {}),
    Case("SendMessage", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "MessageBody": "x"}),
    Case("SendMessage", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "MessageBody": "x"}, 404),
    Case("SendMessage", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "MessageBody": "x"}, 404),
    Case("SendMessage", "MissingParameter", "The request must contain the parameter QueueUrl.", {"MessageBody": "x"}),
    Case("SendMessageBatch", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "Entries": [{"Id": "a", "MessageBody": "x"}]}),
    Case("SendMessageBatch", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "Entries": [{"Id": "a", "MessageBody": "x"}]}, 404),
    Case("SendMessageBatch", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "Entries": [{"Id": "a", "MessageBody": "x"}]}, 404),
    Case("SendMessageBatch", "MissingParameter", "The request must contain the parameter QueueUrl.", {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
    Case("SetQueueAttributes", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "Attributes": {}}),
    Case("SetQueueAttributes", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "Attributes": {}}, 404),
    Case("SetQueueAttributes", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "Attributes": {}}, 404),
    Case("SetQueueAttributes", "MissingParameter", "The request must contain the parameter QueueUrl.", {"Attributes": {}}),
    Case("TagQueue", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "Tags": {"a": "b"}}),
    Case("TagQueue", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "Tags": {"a": "b"}}, 404),
    Case("TagQueue", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "Tags": {"a": "b"}}, 404),
    Case("TagQueue", "MissingParameter", "The request must contain the parameter QueueUrl.", {"Tags": {"a": "b"}}),
    Case("UntagQueue", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/none", "TagKeys": ["a"]}),
    Case("UntagQueue", "InvalidAddress", "The address http://[ is not valid for this endpoint.", {"QueueUrl": "http://[", "TagKeys": ["a"]}, 404),
    Case("UntagQueue", "InvalidAddress", "The address jobs is not valid for this endpoint.", {"QueueUrl": "jobs", "TagKeys": ["a"]}, 404),
    Case("UntagQueue", "MissingParameter", "The request must contain the parameter QueueUrl.", {"TagKeys": ["a"]}),
    Case("ChangeMessageVisibilityBatch", "EmptyBatchRequest", "There should be at least one ChangeMessageVisibilityBatchRequestEntry in the request.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": []}),
    Case("ChangeMessageVisibilityBatch", "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "0", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "1", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "2", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "3", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "4", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "5", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "6", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "7", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "8", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "9", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "10", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
    Case("ChangeMessageVisibilityBatch", "BatchEntryIdsNotDistinct", "Id a repeated.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}, {"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
    Case("ChangeMessageVisibilityBatch", "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a b", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
    Case("ChangeMessageVisibilityBatch", "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a" * 81, "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
    Case("DeleteMessageBatch", "EmptyBatchRequest", "There should be at least one DeleteMessageBatchRequestEntry in the request.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": []}),
    Case("DeleteMessageBatch", "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "0", "ReceiptHandle": "x"}, {"Id": "1", "ReceiptHandle": "x"}, {"Id": "2", "ReceiptHandle": "x"}, {"Id": "3", "ReceiptHandle": "x"}, {"Id": "4", "ReceiptHandle": "x"}, {"Id": "5", "ReceiptHandle": "x"}, {"Id": "6", "ReceiptHandle": "x"}, {"Id": "7", "ReceiptHandle": "x"}, {"Id": "8", "ReceiptHandle": "x"}, {"Id": "9", "ReceiptHandle": "x"}, {"Id": "10", "ReceiptHandle": "x"}]}),
    Case("DeleteMessageBatch", "BatchEntryIdsNotDistinct", "Id a repeated.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a", "ReceiptHandle": "x"}, {"Id": "a", "ReceiptHandle": "x"}]}),
    Case("DeleteMessageBatch", "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a b", "ReceiptHandle": "x"}]}),
    Case("DeleteMessageBatch", "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a" * 81, "ReceiptHandle": "x"}]}),
    Case("SendMessageBatch", "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": []}),
    Case("SendMessageBatch", "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "0", "MessageBody": "x"}, {"Id": "1", "MessageBody": "x"}, {"Id": "2", "MessageBody": "x"}, {"Id": "3", "MessageBody": "x"}, {"Id": "4", "MessageBody": "x"}, {"Id": "5", "MessageBody": "x"}, {"Id": "6", "MessageBody": "x"}, {"Id": "7", "MessageBody": "x"}, {"Id": "8", "MessageBody": "x"}, {"Id": "9", "MessageBody": "x"}, {"Id": "10", "MessageBody": "x"}]}),
    Case("SendMessageBatch", "BatchEntryIdsNotDistinct", "Id a repeated.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "x"}]}),
    Case("SendMessageBatch", "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a b", "MessageBody": "x"}]}),
    Case("SendMessageBatch", "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a" * 81, "MessageBody": "x"}]}),
    Case("SendMessage", "InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": '\x00'}),
    Case("SendMessage", "InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": '\uffff'}),
    Case("SendMessage", "MissingParameter", "The request must contain the parameter MessageBody.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": ""}),
    Case("SendMessage", "UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String", "StringListValues": ["a"]}}}),
    Case("SendMessage", "InvalidParameterValue", "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "DelaySeconds": 901}),
    Case("SendMessage", "InvalidParameterValue", "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "DelaySeconds": -1}),
    Case("SendMessage", "InvalidParameterValue", "Value x for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageDeduplicationId": "x"}),
    Case("SendMessage", "InvalidParameterValue", "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageGroupId": "a b"}),
    Case("SendMessage", "MissingParameter", "The request must contain the parameter MessageGroupId.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/line.fifo", "MessageBody": "x"}),
    Case("SendMessage", "InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly", {"QueueUrl": "http://127.0.0.1:4566/000000000000/line.fifo", "MessageBody": "x", "MessageGroupId": "g"}),
    Case("SendMessage", "InvalidParameterValue", "Value " + "g" * 129 + " for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/line.fifo", "MessageBody": "x", "MessageGroupId": "g" * 129, "MessageDeduplicationId": "x"}),
    Case("SendMessage", "InvalidParameterValue", "Value 5 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/line.fifo", "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "x", "DelaySeconds": 5}),
    Case("SendMessage", "InvalidParameterValue", "Can't cast the value of message (user) attribute 'a' to a number.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}}),
    Case("SendMessage", "InvalidParameterValue", "Can't cast the value of message (user) attribute 'a' to a number.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "1e127"}}}),
    Case("SendMessage", "InvalidParameterValue", "Can't cast the value of message (user) attribute 'a' to a number.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "1" * 39}}}),
    Case("SendMessage", "InvalidParameterValue", "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}}),
    Case("SendMessage", "InvalidParameterValue", "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String"}}}),
    Case("SendMessage", "InvalidParameterValue", "The message attribute 'a' with type 'Binary' must use field 'Binary'.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Binary", "StringValue": "x"}}}),
    Case("SendMessage", "InvalidParameterValue", "You can't use message attribute names beginning with 'AWS.' or 'Amazon.' or any casing variants.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"aws.x": {"DataType": "String", "StringValue": "x"}}}),
    Case("SendMessage", "InvalidParameterValue", "You can't use message attribute names beginning or ending with '.', or with successive '.'.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a..b": {"DataType": "String", "StringValue": "x"}}}),
    Case("SendMessage", "InvalidParameterValue", "Number of message attributes [11] exceeds the allowed maximum [10].", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageAttributes": {"a0": {"DataType": "String", "StringValue": "x"}, "a1": {"DataType": "String", "StringValue": "x"}, "a2": {"DataType": "String", "StringValue": "x"}, "a3": {"DataType": "String", "StringValue": "x"}, "a4": {"DataType": "String", "StringValue": "x"}, "a5": {"DataType": "String", "StringValue": "x"}, "a6": {"DataType": "String", "StringValue": "x"}, "a7": {"DataType": "String", "StringValue": "x"}, "a8": {"DataType": "String", "StringValue": "x"}, "a9": {"DataType": "String", "StringValue": "x"}, "a10": {"DataType": "String", "StringValue": "x"}}}),
    Case("SendMessage", "InvalidParameterValue", "Message system attribute name 'Other' is invalid. Message system attribute names can only be 'AWSTraceHeader'.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "x", "MessageSystemAttributes": {"Other": {"DataType": "String", "StringValue": "x"}}}),
    Case("SendMessage", "KmsDisabled", "arn:aws:kms:us-east-1:000000000000:key/$Disabled is disabled.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/Disabled", "MessageBody": "x"}),
    Case("ReceiveMessage", "KmsDisabled", "arn:aws:kms:us-east-1:000000000000:key/$Disabled is disabled.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/Disabled"}),
    Case("SendMessage", "KmsInvalidState", "arn:aws:kms:us-east-1:000000000000:key/$Doomed is pending deletion.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/Doomed", "MessageBody": "x"}),
    Case("ReceiveMessage", "KmsInvalidState", "arn:aws:kms:us-east-1:000000000000:key/$Doomed is pending deletion.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/Doomed"}),
    Case("SendMessage", "KmsNotFound", "Key 'arn:aws:kms:us-east-1:000000000000:key/$Gone' does not exist", {"QueueUrl": "http://127.0.0.1:4566/000000000000/Gone", "MessageBody": "x"}),
    Case("SendMessage", "KmsInvalidKeyUsage", "arn:aws:kms:us-east-1:000000000000:key/$SIGNING key usage is SIGN_VERIFY which is not valid for GenerateDataKey.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/Signs", "MessageBody": "x"}),
    Case("ReceiveMessage", "InvalidParameterValue", "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MaxNumberOfMessages": 0}),
    Case("ReceiveMessage", "InvalidParameterValue", "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MaxNumberOfMessages": 11}),
    Case("ReceiveMessage", "InvalidParameterValue", "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "WaitTimeSeconds": 21}),
    Case("ReceiveMessage", "InvalidParameterValue", "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "WaitTimeSeconds": -1}),
    Case("ReceiveMessage", "InvalidParameterValue", "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "VisibilityTimeout": 43201}),
    Case("ReceiveMessage", "InvalidParameterValue", "Value a b for parameter ReceiveRequestAttemptId is invalid. Reason: ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/line.fifo", "ReceiveRequestAttemptId": "a b"}),
    Case("ReceiveMessage", "InvalidAttributeName", "Unknown Attribute Nothing.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "AttributeNames": ["Nothing"]}),
    Case("ChangeMessageVisibility", "ReceiptHandleIsInvalid", "The input receipt handle \"x\" is not a valid receipt handle.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "ReceiptHandle": "x", "VisibilityTimeout": 1}),
    Case("ChangeMessageVisibility", "MessageNotInflight", "The specified message isn't in flight.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "ReceiptHandle": "$VISIBLE", "VisibilityTimeout": 1}),
    Case("ChangeMessageVisibility", "InvalidParameterValue", "Value 43201 for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "ReceiptHandle": "$VISIBLE", "VisibilityTimeout": 43201}),
    Case("DeleteMessage", "ReceiptHandleIsInvalid", "The input receipt handle \"x\" is not a valid receipt handle.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "ReceiptHandle": "x"}),
    Case("DeleteMessage", "ReceiptHandleIsInvalid", "The input receipt handle \"$VISIBLE\" is not a valid receipt handle.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/line.fifo", "ReceiptHandle": "$VISIBLE"}),
    Case("PurgeQueue", "PurgeQueueInProgress", "Only one PurgeQueue operation on purged is allowed every 60 seconds.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/purged"}, 403),
    Case("GetQueueAttributes", "InvalidAttributeName", "Unknown Attribute Nothing.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "AttributeNames": ["Nothing"]}),
    Case("CreateQueue", "QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.", {"QueueName": "deleted"}),
    Case("CreateQueue", "QueueNameExists", "A queue already exists with the same name and a different value for attribute DelaySeconds", {"QueueName": "jobs", "Attributes": {"DelaySeconds": "5"}}),
    Case("CreateQueue", "InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length", {"QueueName": "a" * 81}),
    Case("CreateQueue", "InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length", {"QueueName": "a b"}),
    Case("CreateQueue", "InvalidParameterValue", "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length", {"QueueName": "a", "Attributes": {"FifoQueue": "true"}}),
    Case("CreateQueue", "InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length", {"QueueName": "a.fifo"}),
    Case("CreateQueue", "InvalidAttributeName", "Unknown Attribute Nothing.", {"QueueName": "new", "Attributes": {"Nothing": "1"}}),
    Case("CreateQueue", "InvalidParameterValue", "Tag keys must not start with the reserved prefix 'aws:'.", {"QueueName": "new", "tags": {"aws:x": ""}}),
    Case("CreateQueue", "MissingParameter", "The request must contain the parameter QueueName.", {}),
    Case("GetQueueUrl", "QueueDoesNotExist", "The specified queue does not exist.", {"QueueName": "none"}),
    Case("ListQueues", "InvalidParameterValue", "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.", {"MaxResults": 1001}),
    Case("ListQueues", "InvalidParameterValue", "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.", {"MaxResults": 0}),
    Case("ListQueues", "InvalidParameterValue", "Invalid or expired next token.", {"MaxResults": 1, "NextToken": "x"}),
    Case("ListDeadLetterSourceQueues", "InvalidParameterValue", "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MaxResults": 1001}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.", {"QueueName": "new", "Attributes": {"VisibilityTimeout": "43201"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.", {"QueueName": "new", "Attributes": {"VisibilityTimeout": "9" * 5000}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.", {"QueueName": "new", "Attributes": {"VisibilityTimeout": "²"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds.", {"QueueName": "new", "Attributes": {"DelaySeconds": "901"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter MaximumMessageSize.", {"QueueName": "new", "Attributes": {"MaximumMessageSize": "1023"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter MaximumMessageSize.", {"QueueName": "new", "Attributes": {"MaximumMessageSize": "1048577"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter MessageRetentionPeriod.", {"QueueName": "new", "Attributes": {"MessageRetentionPeriod": "59"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter MessageRetentionPeriod.", {"QueueName": "new", "Attributes": {"MessageRetentionPeriod": "1209601"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter ReceiveMessageWaitTimeSeconds.", {"QueueName": "new", "Attributes": {"ReceiveMessageWaitTimeSeconds": "21"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter KmsDataKeyReusePeriodSeconds.", {"QueueName": "new", "Attributes": {"KmsDataKeyReusePeriodSeconds": "59"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter Policy.", {"QueueName": "new", "Attributes": {"Policy": "x"}}),
    Case("CreateQueue", "InvalidAttributeValue", "Invalid value for the parameter SqsManagedSseEnabled.", {"QueueName": "new", "Attributes": {"SqsManagedSseEnabled": "maybe"}}),
    Case("CreateQueue", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:none\",\"maxReceiveCount\":1} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", {"QueueName": "new", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:none\",\"maxReceiveCount\":1}"}}),
    Case("CreateQueue", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\"} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not contain mandatory attribute: maxReceiveCount.", {"QueueName": "new", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\"}"}}),
    Case("CreateQueue", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1001} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.", {"QueueName": "new", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1001}"}}),
    Case("CreateQueue", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"²\"} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: ², valid values are from 1 to 1000 both inclusive.", {"QueueName": "new", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"²\"}"}}),
    Case("CreateQueue", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:line.fifo\",\"maxReceiveCount\":1} for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source.", {"QueueName": "new", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:line.fifo\",\"maxReceiveCount\":1}"}}),
    Case("CreateQueue", "InvalidParameterValue", "Value [[[[ for parameter RedrivePolicy is invalid. Reason: Amazon SQS can't create the redrive policy, as it isn't in JSON format.", {"QueueName": "new", "Attributes": {"RedrivePolicy": "[[[["}}),
    Case("CreateQueue", "InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication.", {"QueueName": "new", "Attributes": {"ContentBasedDeduplication": "true"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"VisibilityTimeout": "43201"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"VisibilityTimeout": "9" * 5000}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"VisibilityTimeout": "²"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"DelaySeconds": "901"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter MaximumMessageSize.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"MaximumMessageSize": "1023"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter MaximumMessageSize.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"MaximumMessageSize": "1048577"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter MessageRetentionPeriod.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"MessageRetentionPeriod": "59"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter MessageRetentionPeriod.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"MessageRetentionPeriod": "1209601"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter ReceiveMessageWaitTimeSeconds.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"ReceiveMessageWaitTimeSeconds": "21"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter KmsDataKeyReusePeriodSeconds.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"KmsDataKeyReusePeriodSeconds": "59"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter Policy.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"Policy": "x"}}),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter SqsManagedSseEnabled.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"SqsManagedSseEnabled": "maybe"}}),
    Case("SetQueueAttributes", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:none\",\"maxReceiveCount\":1} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:none\",\"maxReceiveCount\":1}"}}),
    Case("SetQueueAttributes", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\"} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not contain mandatory attribute: maxReceiveCount.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\"}"}}),
    Case("SetQueueAttributes", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1001} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1001}"}}),
    Case("SetQueueAttributes", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"²\"} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: ², valid values are from 1 to 1000 both inclusive.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"²\"}"}}),
    Case("SetQueueAttributes", "InvalidParameterValue", "Value {\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:line.fifo\",\"maxReceiveCount\":1} for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:line.fifo\",\"maxReceiveCount\":1}"}}),
    Case("SetQueueAttributes", "InvalidParameterValue", "Value [[[[ for parameter RedrivePolicy is invalid. Reason: Amazon SQS can't create the redrive policy, as it isn't in JSON format.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"RedrivePolicy": "[[[["}}),
    Case("SetQueueAttributes", "InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"ContentBasedDeduplication": "true"}}),
    Case("SetQueueAttributes", "InvalidAttributeName", "Unknown Attribute Nothing.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"Nothing": "1"}}),
    Case("SetQueueAttributes", "OverLimit", "21 Statements were found, maximum allowed is 20.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Attributes": {"Policy": "$MANY"}}, 403),
    Case("SetQueueAttributes", "InvalidAttributeValue", "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId is allowed only when the value for DeduplicationScope is messageGroup.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/line.fifo", "Attributes": {"FifoThroughputLimit": "perMessageGroupId"}}),
    Case("AddPermission", "OverLimit", "21 Statements were found, maximum allowed is 20.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/full", "Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}, 403),
    Case("AddPermission", "OverLimit", "8 Actions were found, maximum allowed is 7.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl", "PurgeQueue", "ListDeadLetterSourceQueues"]}, 403),
    Case("AddPermission", "InvalidParameterValue", "Value SQS:CreateQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["CreateQueue"]}),
    Case("AddPermission", "InvalidParameterValue", "Value SQS:Nothing for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Label": "x", "AWSAccountIds": ["111111111111"], "Actions": ["Nothing"]}),
    Case("AddPermission", "InvalidParameterValue", "Value 1 for parameter PrincipalId is invalid. Reason: Unable to verify.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Label": "x", "AWSAccountIds": ["1"], "Actions": ["SendMessage"]}),
    Case("AddPermission", "InvalidParameterValue", "Value ١١١١١١١١١١١١ for parameter PrincipalId is invalid. Reason: Unable to verify.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Label": "x", "AWSAccountIds": ["١١١١١١١١١١١١"], "Actions": ["SendMessage"]}),
    Case("AddPermission", "InvalidParameterValue", "Value a b for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Label": "a b", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}),
    Case("AddPermission", "InvalidParameterValue", "Value s1 for parameter Label is invalid. Reason: Already exists.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/full", "Label": "s1", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}),
    Case("RemovePermission", "InvalidParameterValue", "Value none for parameter Label is invalid. Reason: can't find label on existing policy.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Label": "none"}),
    Case("StartMessageMoveTask", "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:none"}),
    Case("StartMessageMoveTask", "ResourceNotFoundException", "The resource that you specified for the DestinationArn parameter doesn't exist.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:dead", "DestinationArn": "arn:aws:sqs:us-east-1:000000000000:none"}),
    Case("StartMessageMoveTask", "UnsupportedOperation", "There is already a task running. Only one active task is allowed for a source queue arn at a given time.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:moving"}),
    Case("StartMessageMoveTask", "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:jobs"}),
    Case("StartMessageMoveTask", "InvalidParameterValue", "Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: MaxNumberOfMessagesPerSecond must be an integer between 1 and 500.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:dead", "MaxNumberOfMessagesPerSecond": 501}),
    Case("StartMessageMoveTask", "InvalidParameterValue", "The source and destination queues must be of the same type.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:dead", "DestinationArn": "arn:aws:sqs:us-east-1:000000000000:line.fifo"}),
    Case("CancelMessageMoveTask", "ResourceNotFoundException", "Task does not exist.", {"TaskHandle": "eyJ0YXNrSWQiOiJ4Iiwic291cmNlQXJuIjoiYXJuOmF3czpzcXM6dXMtZWFzdC0xOjAwMDAwMDAwMDAwMDpqb2JzIn0="}),
    Case("CancelMessageMoveTask", "InvalidParameterValue", "Value x for parameter TaskHandle is invalid. Reason: The task handle is not valid.", {"TaskHandle": "x"}),
    Case("CancelMessageMoveTask", "UnsupportedOperation", "Only active tasks can be cancelled.", {"TaskHandle": "$DONE"}),
    Case("ListMessageMoveTasks", "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:none"}),
    Case("ListMessageMoveTasks", "InvalidParameterValue", "Value 11 for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 10.", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:dead", "MaxResults": 11}),
    Case("TagQueue", "InvalidParameterValue", "Tag keys must not start with the reserved prefix 'aws:'.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Tags": {"aws:x": ""}}),
    Case("TagQueue", "InvalidParameterValue", "Too many tags added for queue. Maximum number of tags is 50.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Tags": {f"k{n}": "" for n in range(51)}}),
    Case("SendMessageBatch", "BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048578 bytes.", {"QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "Entries": [{"Id": "a", "MessageBody": "$LONG"}, {"Id": "b", "MessageBody": "$LONG"}]}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)
