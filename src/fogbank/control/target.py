"""Targets: a payload handed to the resource that an ARN names, in the transaction of whoever hands it over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller
from fogbank.control.context import Context

RETRIED = frozenset(("InternalFailure", "InternalError", "ServiceUnavailable", "ThrottlingException", "Throttling"))
"""Codes after which the same delivery may succeed later; every other refusal is final."""


class Parcel(NamedTuple):
    """What is handed over; `group` and `deduplication` for FIFO queues and topics, `attributes` for queues."""

    body: str
    group: str = ""
    deduplication: str = ""
    attributes: Mapping[str, str] = {}
    subject: str = ""
    stream: str = ""
    """The name of the log stream, for a log group."""


def deliver(ctx: Context, arn: str, parcel: Parcel) -> None:
    """Hand a parcel to a queue, a topic, a log group or a function, as the caller of `ctx`, wherever the resource is.

    Raises the target's AwsError, and InvalidParameterValue for an ARN of something that cannot be handed anything.
    """
    parsed = Arn.parse(arn)
    send = _SENDERS.get(parsed.service) if parsed is not None else None
    if parsed is None or send is None:
        raise AwsError("InvalidParameterValue", f"{arn} is no target of fogbank's yet.")
    send(ctx.at(parsed.region, parsed.account), parsed, parcel)


def check(ctx: Context, arn: str, parcel: Parcel) -> None:
    """Raise what `deliver` would raise of a parcel; nothing is handed over."""
    mark = ctx.transaction.savepoint()
    deliver(ctx, arn, parcel)
    ctx.transaction.rollback(mark)


def is_deliverable(arn: str) -> bool:
    """Whether `deliver` knows what an ARN names."""
    parsed = Arn.parse(arn)
    return parsed is not None and parsed.service in _SENDERS


def is_final(error: AwsError) -> bool:
    """Whether trying again cannot help (no such queue, denied), as opposed to a fault of the moment."""
    return error.code not in RETRIED and (error.status or 400) < 500


def as_role(ctx: Context, role_arn: str, name: str, *, service: str = "") -> Context:
    """The same call made as a role that this service, or `service`, has assumed.

    Raises AccessDenied where the role's trust forbids that.
    """
    parsed = Arn.parse(role_arn)
    account = parsed.account if parsed is not None else ctx.account
    made = ctx.as_service(ctx.source, service).call("sts", "AssumeRole", RoleArn=role_arn, RoleSessionName=name[:64])
    user = made["AssumedRoleUser"]
    principal = Principal(
        arn=user["Arn"], account=account, kind="role", role_arn=role_arn, user_id=user["AssumedRoleId"]
    )
    return ctx.authorized_as(Caller(principal=principal, enforced=True))


def _to_queue(ctx: Context, arn: Arn, parcel: Parcel) -> None:
    request: dict[str, Any] = {
        "QueueUrl": f"https://sqs.{arn.region}.amazonaws.com/{arn.account}/{arn.resource}",
        "MessageBody": parcel.body,
    }
    if parcel.group:
        request["MessageGroupId"] = parcel.group
    if parcel.deduplication:
        request["MessageDeduplicationId"] = parcel.deduplication
    if parcel.attributes:
        request["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in parcel.attributes.items() if value
        }
    ctx.call("sqs", "SendMessage", **request)


def _to_topic(ctx: Context, arn: Arn, parcel: Parcel) -> None:
    request: dict[str, Any] = {"TopicArn": str(arn), "Message": parcel.body}
    if parcel.group:
        request["MessageGroupId"] = parcel.group
    if parcel.deduplication:
        request["MessageDeduplicationId"] = parcel.deduplication
    if parcel.subject:
        request["Subject"] = parcel.subject
    ctx.call("sns", "Publish", **request)


def _to_log_group(ctx: Context, arn: Arn, parcel: Parcel) -> None:
    group = arn.resource.removeprefix("log-group:").removesuffix(":*")
    stream = parcel.stream or "events"
    event = {"timestamp": int(ctx.now * 1000), "message": parcel.body}
    put = {"logGroupName": group, "logStreamName": stream, "logEvents": [event]}
    try:
        ctx.call("logs", "PutLogEvents", **put)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        ctx.call("logs", "CreateLogStream", logGroupName=group, logStreamName=stream)
        ctx.call("logs", "PutLogEvents", **put)


def _to_function(ctx: Context, arn: Arn, parcel: Parcel) -> None:
    ctx.call("lambda", "InvokeAsync", FunctionName=str(arn), InvokeArgs=parcel.body.encode())


_SENDERS: Mapping[str, Callable[[Context, Arn, Parcel], None]] = {
    "sqs": _to_queue,
    "sns": _to_topic,
    "logs": _to_log_group,
    "lambda": _to_function,
}
