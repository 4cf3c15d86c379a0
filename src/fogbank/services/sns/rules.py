"""What SNS decides about single values: names, subjects, attributes, sizes, and its errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.tags import TAGS_MAX

MESSAGE_BYTES_MAX = 262_144
SUBJECT_MAX = 100
PROTECTION_MAX = 30_720
BATCH_MAX = 10
PAGE = 100
PENDING_SECONDS = 48 * 3600
DEDUPLICATION_MS = 300_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_TOKEN = re.compile(r"[!-~]{1,128}\Z")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_.-]{1,256}\Z")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")
_SUBJECT = re.compile(r"[!-~][ -~]*\Z")
_PHONE = re.compile(r"\+?[1-9]\d{4,14}\Z")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {message}")


def bad_value(message: str) -> AwsError:
    return AwsError("ParameterValueInvalid", message)


def not_found(what: str = "Topic") -> AwsError:
    return AwsError("NotFound", f"{what} does not exist")


def checked_name(name: str, fifo: bool) -> None:
    """The name of a topic to be made. Raises InvalidParameter."""
    if fifo and not name.endswith(".fifo"):
        raise invalid("Topic Name: FIFO topic names must end with .fifo")
    plain = name.removesuffix(".fifo") if fifo else name
    if not _NAME.match(plain) or len(name) > 256:
        raise invalid("Topic Name")


def topic_arn(text: str, member: str = "TopicArn") -> Arn:
    """Raises InvalidParameter for what is no topic's ARN."""
    arn = Arn.parse(text)
    if arn is None or arn.service != "sns" or not arn.resource or ":" in arn.resource or "/" in arn.resource:
        raise invalid(f"{member} Reason: An ARN must have at least 6 elements, not {text.count(':') + 1}"
                      if text.count(":") < 5 else f"{member}")  # fmt: skip
    return arn


def checked_subject(subject: str | None) -> None:
    """ASCII, no line breaks, up to a hundred letters, the first one none of space (Publish API page)."""
    if subject is not None and (len(subject) > SUBJECT_MAX or not _SUBJECT.match(subject)):
        raise invalid("Subject")


def check_token(value: str | None, member: str) -> None:
    if value is not None and not _TOKEN.match(value):
        raise invalid(f"{member} Reason: {member} can only include alphanumeric and punctuation characters, 1 to 128")


def checked_phone(number: str) -> str:
    if not _PHONE.match(number.replace("-", "").replace(" ", "")):
        raise invalid(f"PhoneNumber Reason: {number} is not valid to publish to")
    return number


def check_attributes(given: Mapping[str, Mapping[str, Any]]) -> int:
    """Message attributes looked at; returns their bytes. Raises ParameterValueInvalid."""
    size = 0
    for name, value in given.items():
        kind = value.get("DataType") or ""
        _check_attribute(name, kind, value)
        raw = value["BinaryValue"] if kind.startswith("Binary") else value["StringValue"].encode()
        size += len(name.encode()) + len(kind) + len(raw)
    return size


def _check_attribute(name: str, kind: str, value: Mapping[str, Any]) -> None:
    is_reserved = name.lower().startswith(("aws.sns.", "aws.mm.")) is False and name.lower().startswith(
        ("aws.", "amazon.")
    )
    if not _ATTRIBUTE.match(name) or name[0] == "." or name[-1] == "." or ".." in name or is_reserved:
        raise bad_value(f"Invalid non-alphanumeric character was found in the message attribute name '{name}'.")
    logical = kind.partition(".")[0]
    if not kind:
        raise bad_value(f"The message attribute '{name}' must contain non-empty message attribute type.")
    if logical not in ("String", "Number", "Binary"):
        raise bad_value(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes "
            "is Binary, Number, and String."
        )
    member = "BinaryValue" if logical == "Binary" else "StringValue"
    if not value.get(member):
        raise bad_value(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type "
            f"'{kind}'."
        )
    if logical == "Number" and not _NUMBER.match(value[member]):
        raise bad_value(f"Could not cast message attribute '{name}' value to number.")


def check_batch(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raises the errors of batches."""
    if not entries:
        raise AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > BATCH_MAX:
        raise AwsError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
    ids = [entry["Id"] for entry in entries]
    if any(not _ENTRY_ID.match(name) for name in ids):
        raise AwsError("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")  # fmt: skip  # noqa: E501
    if len(set(ids)) < len(ids):
        raise AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")


def check_protection(text: str) -> None:
    """A data protection policy, which fogbank keeps and does not act on. Raises InvalidParameter."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        found = None
    if len(text) > PROTECTION_MAX or not isinstance(found, dict):
        raise invalid("DataProtectionPolicy")


def check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > TAGS_MAX:
        raise AwsError("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys that start with 'aws:' are reserved")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise invalid("Tags")
