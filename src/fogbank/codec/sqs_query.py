"""The names that SQS's parameters have in the query protocol, which its model no longer holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.model.operation import Model

# From the query examples of https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/: what one element of
# a flattened list or map is called, by the member that holds it.
_ELEMENTS: Mapping[tuple[str, str], str] = {
    ("AddPermissionRequest", "AWSAccountIds"): "AWSAccountId",
    ("AddPermissionRequest", "Actions"): "ActionName",
    ("ChangeMessageVisibilityBatchRequest", "Entries"): "ChangeMessageVisibilityBatchRequestEntry",
    ("ChangeMessageVisibilityBatchResult", "Failed"): "BatchResultErrorEntry",
    ("ChangeMessageVisibilityBatchResult", "Successful"): "ChangeMessageVisibilityBatchResultEntry",
    ("CreateQueueRequest", "Attributes"): "Attribute",
    ("CreateQueueRequest", "tags"): "Tag",
    ("DeleteMessageBatchRequest", "Entries"): "DeleteMessageBatchRequestEntry",
    ("DeleteMessageBatchResult", "Failed"): "BatchResultErrorEntry",
    ("DeleteMessageBatchResult", "Successful"): "DeleteMessageBatchResultEntry",
    ("GetQueueAttributesRequest", "AttributeNames"): "AttributeName",
    ("GetQueueAttributesResult", "Attributes"): "Attribute",
    ("ListDeadLetterSourceQueuesResult", "queueUrls"): "QueueUrl",
    ("ListMessageMoveTasksResult", "Results"): "ListMessageMoveTasksResultEntry",
    ("ListQueueTagsResult", "Tags"): "Tag",
    ("ListQueuesResult", "QueueUrls"): "QueueUrl",
    ("Message", "Attributes"): "Attribute",
    ("Message", "MessageAttributes"): "MessageAttribute",
    ("MessageAttributeValue", "BinaryListValues"): "BinaryListValue",
    ("MessageAttributeValue", "StringListValues"): "StringListValue",
    ("MessageSystemAttributeValue", "BinaryListValues"): "BinaryListValue",
    ("MessageSystemAttributeValue", "StringListValues"): "StringListValue",
    ("ReceiveMessageRequest", "AttributeNames"): "AttributeName",
    ("ReceiveMessageRequest", "MessageAttributeNames"): "MessageAttributeName",
    ("ReceiveMessageRequest", "MessageSystemAttributeNames"): "MessageSystemAttributeName",
    ("ReceiveMessageResult", "Messages"): "Message",
    ("SendMessageBatchRequest", "Entries"): "SendMessageBatchRequestEntry",
    ("SendMessageBatchRequestEntry", "MessageAttributes"): "MessageAttribute",
    ("SendMessageBatchRequestEntry", "MessageSystemAttributes"): "MessageSystemAttribute",
    ("SendMessageBatchResult", "Failed"): "BatchResultErrorEntry",
    ("SendMessageBatchResult", "Successful"): "SendMessageBatchResultEntry",
    ("SendMessageRequest", "MessageAttributes"): "MessageAttribute",
    ("SendMessageRequest", "MessageSystemAttributes"): "MessageSystemAttribute",
    ("SetQueueAttributesRequest", "Attributes"): "Attribute",
    ("TagQueueRequest", "Tags"): "Tag",
    ("UntagQueueRequest", "TagKeys"): "TagKey",
}
_TAG_MAP = "TagMap"


def with_query_names(model: Model) -> Model:
    """SQS's model with the names of its query form: `Messages` is `Message`, maps have `Name` and `Value`."""
    shapes: dict[str, Any] = {name: _shape(name, shape) for name, shape in model.shapes.items()}
    raw = {operation.name: _raw(operation.name, operation.input, operation.output) for operation in model.operations()}
    return Model(model.service, model.metadata, raw, shapes)


def _raw(name: str, taken: str | None, given: str | None) -> dict[str, Any]:
    raw: dict[str, Any] = {"http": {"method": "POST", "requestUri": "/"}}
    if taken:
        raw["input"] = {"shape": taken}
    if given:
        raw["output"] = {"shape": given, "resultWrapper": f"{name}Result"}
    return raw


def _shape(name: str, shape: Mapping[str, Any]) -> Mapping[str, Any]:
    if shape["type"] == "structure":
        members = {
            member: {**ref, "locationName": _ELEMENTS[name, member], "flattened": True}
            if (name, member) in _ELEMENTS
            else ref
            for member, ref in shape["members"].items()
        }
        return {**shape, "members": members}
    if shape["type"] == "map":
        key = "Key" if name == _TAG_MAP else "Name"
        return {
            **shape,
            "key": {**shape["key"], "locationName": key},
            "value": {**shape["value"], "locationName": "Value"},
        }
    return shape
