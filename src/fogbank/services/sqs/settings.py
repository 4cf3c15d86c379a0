"""The attributes of a queue: what CreateQueue and SetQueueAttributes take, and GetQueueAttributes gives."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.services.sqs import rules
from fogbank.services.sqs.resources import Queue

COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
RECEIVES_MAX = 1000
SOURCES_MAX = 10
POLICY_BYTES_MAX = 8192
_NUMBER = re.compile(r"[0-9]{1,10}")
# Attribute -> (field, least, most)
_NUMBERS = {
    "VisibilityTimeout": ("visibility_seconds", 0, 43_200),
    "MaximumMessageSize": ("size_max", 1024, 1_048_576),
    "MessageRetentionPeriod": ("retention_seconds", 60, 1_209_600),
    "DelaySeconds": ("delay_seconds", 0, 900),
    "ReceiveMessageWaitTimeSeconds": ("wait_seconds", 0, 20),
    "KmsDataKeyReusePeriodSeconds": ("key_reuse_seconds", 60, 86_400),
}
_FIFO_ONLY = {"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}
_TEXTS = {"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "SqsManagedSseEnabled"}
SETTABLE = {*_NUMBERS, *_FIFO_ONLY, *_TEXTS}
KNOWN = {*SETTABLE, *COUNTS, "All", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"}
_CHOICES = {
    "DeduplicationScope": ("deduplicates_by_group", {"queue": False, "messageGroup": True}),
    "FifoThroughputLimit": ("limits_by_group", {"perQueue": False, "perMessageGroupId": True}),
    "ContentBasedDeduplication": ("deduplicates_content", {"false": False, "true": True}),
}


def unknown(name: str) -> AwsError:
    return AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def bad(name: str, reason: str = "") -> AwsError:
    text = f"Invalid value for the parameter {name}."
    return AwsError("InvalidAttributeValue", f"{text} Reason: {reason}" if reason else text)


def applied(queue: Queue, given: Mapping[str, str], now: float) -> Queue:
    """The queue with attributes as given, its dead-letter queue not yet looked at.

    Raises InvalidAttributeName, InvalidAttributeValue and, for redrive policies, InvalidParameterValue.
    """
    changes: dict[str, Any] = {}
    for name, value in given.items():
        if name not in SETTABLE or (name in _FIFO_ONLY and not queue.fifo):
            raise unknown(name)
        changes.update(_change(name, value))
    _settle_encryption(queue, given, changes)
    changed = msgspec.structs.replace(queue, changed_at=now, **changes)
    if changed.limits_by_group and not changed.deduplicates_by_group:
        raise bad(
            "FifoThroughputLimit",
            "perMessageGroupId is allowed only when the value for DeduplicationScope is messageGroup.",
        )
    return changed


def _change(name: str, value: str) -> dict[str, Any]:
    if name in _NUMBERS:
        field, least, most = _NUMBERS[name]
        if not _NUMBER.fullmatch(value) or not least <= int(value) <= most:
            raise bad(name)
        return {field: int(value)}
    if name in _CHOICES:
        field, choices = _CHOICES[name]
        wanted = value.lower() if name == "ContentBasedDeduplication" else value
        if wanted not in choices:
            raise bad(name)
        return {field: choices[wanted]}
    if name == "FifoQueue":
        if value.lower() != "true":
            raise bad(name)
        return {}
    if name == "Policy":
        return {"policy": _checked_policy(value)}
    if name == "RedrivePolicy":
        return _redrive(value)
    if name == "RedriveAllowPolicy":
        return {"redrive_allow": _redrive_allow(value)}
    if name == "KmsMasterKeyId":
        return {"key_id": value}
    if value.lower() not in ("true", "false"):
        raise bad(name)
    return {"sse": value.lower() == "true"}


def _settle_encryption(queue: Queue, given: Mapping[str, str], changes: dict[str, Any]) -> None:
    """One kind of encryption at a time: asking for one turns the other off."""
    if given.get("KmsMasterKeyId") and changes.get("sse"):
        raise AwsError(
            "InvalidAttributeValue",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE.",
        )
    if "key_id" in changes and "sse" not in changes:
        changes["sse"] = queue.sse and not queue.key_id and not changes["key_id"]
    elif changes.get("sse"):
        changes["key_id"] = ""


def _checked_policy(text: str) -> str:
    if not text:
        return ""
    try:
        check(text, "resource")
    except MalformedPolicy:
        raise bad("Policy") from None
    statements = json.loads(text)["Statement"]
    rules.check_many(len(statements) if isinstance(statements, list) else 1, rules.STATEMENTS_MAX, "Statements")
    if len(text.encode()) > POLICY_BYTES_MAX:
        raise bad("Policy", f"a policy can have at most {POLICY_BYTES_MAX} bytes.")
    return text


def _redrive(text: str) -> dict[str, Any]:
    if not text:
        return {"dead_letter_arn": "", "receives_max": 0}
    given = _object("RedrivePolicy", text)
    for member in ("maxReceiveCount", "deadLetterTargetArn"):
        if not given.get(member) and given.get(member) != 0:
            raise _bad_redrive(text, f"Redrive policy does not contain mandatory attribute: {member}.")
    if extra := set(given) - {"maxReceiveCount", "deadLetterTargetArn"}:
        raise _bad_redrive(
            text, f"Only following attributes are allowed: [deadLetterTargetArn, maxReceiveCount]. Not {min(extra)}."
        )
    count = str(given["maxReceiveCount"])
    if not _NUMBER.fullmatch(count) or not 1 <= int(count) <= RECEIVES_MAX:
        raise _bad_redrive(
            text,
            f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to {RECEIVES_MAX} both inclusive.",
        )
    arn = Arn.parse(str(given["deadLetterTargetArn"]))
    if arn is None or arn.service != "sqs" or not arn.resource:
        raise _bad_redrive(text, f"Invalid value for deadLetterTargetArn: {given['deadLetterTargetArn']}.")
    return {"dead_letter_arn": str(arn), "receives_max": int(count)}


def _bad_redrive(text: str, reason: str) -> AwsError:
    return rules.invalid_value(text, "RedrivePolicy", reason)


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise rules.invalid_value(text, name, "Amazon SQS can't create the redrive policy, as it isn't in JSON format.")
    return given


def _redrive_allow(text: str) -> str:
    if not text:
        return ""
    given = _object("RedriveAllowPolicy", text)
    permission, sources = given.get("redrivePermission"), given.get("sourceQueueArns")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        raise rules.invalid_value(
            text, "RedriveAllowPolicy", "Amazon SQS can't create the redrive allow policy. Invalid redrivePermission."
        )
    if (permission == "byQueue") is not bool(sources) or set(given) - {"redrivePermission", "sourceQueueArns"}:
        raise rules.invalid_value(
            text,
            "RedriveAllowPolicy",
            "Amazon SQS can't create the redrive allow policy. sourceQueueArns go with byQueue, and with it alone.",
        )
    if sources and (not isinstance(sources, list) or len(sources) > SOURCES_MAX):
        raise rules.invalid_value(
            text, "RedriveAllowPolicy", f"sourceQueueArns can have at most {SOURCES_MAX} source queues."
        )
    return text


def allows_source(target: Queue, source_arn: str) -> bool:
    """Whether a dead-letter queue takes what a source gives up (its RedriveAllowPolicy)."""
    if not target.redrive_allow:
        return True
    policy = json.loads(target.redrive_allow)
    permission = policy["redrivePermission"]
    return permission == "allowAll" or (permission == "byQueue" and source_arn in policy["sourceQueueArns"])


def shown(queue: Queue, arn: str) -> dict[str, str]:
    """Every attribute but the counts."""
    found = {
        "QueueArn": arn,
        "CreatedTimestamp": str(int(queue.created_at)),
        "LastModifiedTimestamp": str(int(queue.changed_at)),
    }
    for name, (field, _, _) in _NUMBERS.items():
        found[name] = str(getattr(queue, field))
    if queue.key_id:
        found["KmsMasterKeyId"] = queue.key_id
    else:
        del found["KmsDataKeyReusePeriodSeconds"]
    found["SqsManagedSseEnabled"] = _boolean(queue.sse)
    if queue.policy:
        found["Policy"] = queue.policy
    if queue.dead_letter_arn:
        policy = {"deadLetterTargetArn": queue.dead_letter_arn, "maxReceiveCount": queue.receives_max}
        found["RedrivePolicy"] = json.dumps(policy, separators=(",", ":"))
    if queue.redrive_allow:
        found["RedriveAllowPolicy"] = queue.redrive_allow
    if queue.fifo:
        found["FifoQueue"] = "true"
        found["ContentBasedDeduplication"] = _boolean(queue.deduplicates_content)
        found["DeduplicationScope"] = "messageGroup" if queue.deduplicates_by_group else "queue"
        found["FifoThroughputLimit"] = "perMessageGroupId" if queue.limits_by_group else "perQueue"
    return found


def _boolean(value: bool) -> str:
    return "true" if value else "false"
