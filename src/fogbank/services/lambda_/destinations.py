"""What is told of events that nobody waits for: destinations, and dead-letter queues.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context
from fogbank.control.target import Parcel
from fogbank.services.lambda_ import acting, functions, rules
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Event, Version

_ERROR_BYTES_MAX = 1024


class Result(NamedTuple):
    """How an event has ended."""

    condition: str
    """`Success`, `RetriesExhausted` or `EventAgeExceeded`."""
    status: int = 200
    version: str = ""
    payload: bytes = b""
    error: str = ""


def tell(ctx: Context, event: Event, payload: bytes, result: Result, destination: str) -> None:
    """Tell a destination how an event has ended, as the function's role; a refusal is counted. Within a transaction."""
    found = functions.find(ctx, event.function, event.qualifier or None)
    try:
        at = _as_role(ctx, found)
        body = orjson.dumps(envelope(ctx, found, event, payload, result)).decode()
        _send(at, destination, body, found, result.condition == "Success")
    except AwsError:
        ctx.measure("DestinationDeliveryFailures", 1, "Count", FunctionName=event.function)


def envelope(ctx: Context, found: Found, event: Event, payload: bytes, result: Result) -> dict[str, Any]:
    """What a destination is told."""
    tried = event.tried
    qualifier = event.qualifier or result.version or "$LATEST"
    said: dict[str, Any] = {
        "version": "1.0",
        "timestamp": rules.iso(ctx.now),
        "requestContext": {
            "requestId": event.id,
            "functionArn": functions.arn(ctx, found.name, qualifier),
            "condition": result.condition,
            "approximateInvokeCount": tried,
        },
        "requestPayload": _json(payload or b"{}"),
    }
    if result.version:
        said["responseContext"] = {"statusCode": result.status, "executedVersion": result.version}
        if result.error:
            said["responseContext"]["functionError"] = result.error
        said["responsePayload"] = _json(result.payload)
    return said


def bury(ctx: Context, event: Event, payload: bytes, result: Result, version: Version) -> None:
    """Send an event that failed to the dead-letter queue or topic of its function. Within a transaction."""
    arn = version.configuration.dead_letter
    parsed = Arn.parse(arn)
    if parsed is None:
        return
    said = _json(result.payload)
    message = said.get("errorMessage", "") if isinstance(said, dict) else ""
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": event.id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(result.status)},
        "ErrorMessage": {"DataType": "String", "StringValue": str(message or result.condition)[:_ERROR_BYTES_MAX]},
    }
    text = (payload or b"{}").decode("utf-8", "replace")
    try:
        at = _as_role(ctx, functions.find(ctx, event.function, event.qualifier or None))
        at = at.at(parsed.region, parsed.account)
        if parsed.service == "sqs":
            url = f"https://sqs.{parsed.region}.amazonaws.com/{parsed.account}/{parsed.resource}"
            at.call("sqs", "SendMessage", QueueUrl=url, MessageBody=text, MessageAttributes=attributes)
        else:
            at.call("sns", "Publish", TopicArn=arn, Message=text, MessageAttributes=attributes)
    except AwsError:
        ctx.measure("DeadLetterErrors", 1, "Count", FunctionName=event.function)


def _as_role(ctx: Context, found: Found) -> Context:
    return acting.as_function(ctx, functions.version_of(found).configuration.role, found.name)


def _send(at: Context, arn: str, body: str, found: Found, is_success: bool) -> None:
    if ":event-bus/" not in arn:
        targets.deliver(at, arn, Parcel(body))
        return
    entry = {
        "EventBusName": arn,
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {'Success' if is_success else 'Failure'}",
        "Detail": body,
        "Resources": [functions.arn(at, found.name, found.qualifier or "$LATEST")],
    }
    (result,) = at.call("events", "PutEvents", Entries=[entry])["Entries"]
    if "ErrorCode" in result:
        raise AwsError(result["ErrorCode"], result["ErrorMessage"])


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text.decode("utf-8", "replace")
