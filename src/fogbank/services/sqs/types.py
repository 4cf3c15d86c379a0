"""SQS's resource types."""

from __future__ import annotations

import json
from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, of_calls, tags

_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)
_ABSENT = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _attributes(properties: Properties) -> dict[str, str]:
    found = {name: _text(properties[name]) for name in _ATTRIBUTES if name in properties}
    return found | ({"FifoQueue": "true"} if str(properties.get("FifoQueue", "")).lower() == "true" else {})


def _create(wanted: Wanted) -> Call:
    properties = wanted.properties
    is_fifo = str(properties.get("FifoQueue", "")).lower() == "true"
    name = properties.get("QueueName", f"{wanted.name}.fifo" if is_fifo else wanted.name)
    given = {"QueueName": name, "Attributes": _attributes(properties)}
    return "CreateQueue", {**given, "tags": tags(wanted.tags, properties.get("Tags"))}


def _update(change: Change) -> list[Call]:
    after = _attributes(change.after)
    gone = {name: "" for name in _attributes(change.before) if name not in after}
    after.pop("FifoQueue", None)
    return [("SetQueueAttributes", {"QueueUrl": change.id, "Attributes": {**gone, **after}})]


def _policy(urls: Any, document: Any) -> list[Call]:
    attributes = {"Policy": _text(document) if document else ""}
    return [("SetQueueAttributes", {"QueueUrl": url, "Attributes": attributes}) for url in urls]


TYPES = (
    of_calls(
        Table(
            "AWS::SQS::Queue",
            "sqs",
            taken=lambda wanted: ("GetQueueUrl", {"QueueName": _create(wanted)[1]["QueueName"]}),
            create=_create,
            identity=lambda answer, wanted: str(answer["QueueUrl"]),
            update=_update,
            retag=lambda change, new, gone: [
                *([("TagQueue", {"QueueUrl": change.id, "Tags": new})] if new else ()),
                *([("UntagQueue", {"QueueUrl": change.id, "TagKeys": gone})] if gone else ()),
            ],
            delete=lambda url, properties: [("DeleteQueue", {"QueueUrl": url})],
            look=lambda url: ("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["QueueArn"]}),
            attributes=lambda url, properties, answer: {
                "Arn": answer["Attributes"]["QueueArn"],
                "QueueName": url.rpartition("/")[2],
                "QueueUrl": url,
            },
            absent=_ABSENT,
            known=frozenset((*_ATTRIBUTES, "QueueName", "FifoQueue", "Tags")),
            replaces=frozenset(("QueueName", "FifoQueue")),
        )
    ),
    of_calls(
        Table(
            "AWS::SQS::QueuePolicy",
            "sqs",
            create=lambda wanted: _policy(wanted.properties["Queues"][:1], wanted.properties["PolicyDocument"])[0],
            identity=lambda answer, wanted: wanted.name,
            afterwards=lambda identity, wanted: _policy(
                wanted.properties["Queues"][1:], wanted.properties["PolicyDocument"]
            ),
            update=lambda change: _policy(change.after["Queues"], change.after["PolicyDocument"]),
            delete=lambda identity, properties: _policy(properties["Queues"], ""),
            absent=_ABSENT,
            required=("PolicyDocument", "Queues"),
            known=frozenset(("PolicyDocument", "Queues")),
        )
    ),
)
