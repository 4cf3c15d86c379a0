"""Batches of messages for functions: which are for them, and what their answer says of each.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from fogbank.aws.event_pattern import BadPattern, Pattern, compiled
from fogbank.services.lambda_ import rules

_FILTERS_MAX = 5
Message = Mapping[str, Any]


def record(message: Message, source: str, region: str) -> dict[str, Any]:
    """A message as a function gets it."""
    made: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message.get("Body", ""),
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {name: _attribute(one) for name, one in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message.get("MD5OfBody", ""),
    }
    if "MD5OfMessageAttributes" in message:
        made["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return {**made, "eventSource": "aws:sqs", "eventSourceARN": source, "awsRegion": region}


def payload(messages: Sequence[Message], source: str, region: str) -> bytes:
    return orjson.dumps({"Records": [record(one, source, region) for one in messages]})


def trace(messages: Sequence[Message]) -> str:
    """The tracing header of a batch: an execution is part of one trace, its first message's."""
    headers = (one.get("Attributes", {}).get("AWSTraceHeader", "") for one in messages)
    return next(filter(None, headers), "")


def failed(answer: bytes, messages: Sequence[Message]) -> set[str]:
    """The ids of the messages that an answer reports as failed; all of them for an answer that makes no sense."""
    everything = {one["MessageId"] for one in messages}
    try:
        found = orjson.loads(answer or b"null")
        if not found:
            return set()
        reported = {one["itemIdentifier"] for one in found.get("batchItemFailures") or ()}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return everything
    return everything if reported - everything else reported


def check_filters(criteria: Mapping[str, Any]) -> tuple[str, ...]:
    """The patterns of FilterCriteria. Raises InvalidParameterValueException."""
    patterns = tuple(one.get("Pattern", "{}") for one in criteria.get("Filters") or ())
    if len(patterns) > _FILTERS_MAX:
        raise rules.invalid("Too many filters: an event source mapping can have 5.")
    for pattern in patterns:
        try:
            _compiled(pattern)
        except (BadPattern, orjson.JSONDecodeError, AttributeError, TypeError):
            raise rules.invalid("Invalid filter pattern definition.") from None
    return patterns


def passes(message: Message, patterns: Sequence[str], source: str, region: str) -> bool:
    """Whether a message is for the function: one filter is enough, and its body counts as JSON where it is."""
    if not patterns:
        return True
    seen = record(message, source, region)
    with contextlib.suppress(orjson.JSONDecodeError):
        seen["body"] = orjson.loads(seen["body"])
    return any(_compiled(pattern).matches(seen) for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Pattern:
    return compiled(orjson.loads(pattern))


def _attribute(one: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": one["DataType"]}
    if "StringValue" in one:
        made["stringValue"] = one["StringValue"]
    if "BinaryValue" in one:
        made["binaryValue"] = base64.b64encode(one["BinaryValue"]).decode()
    return made
