"""What SQS decides about single values: addresses, handles, batches, ranges, and the errors that it has for them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from fogbank.aws.errors import AwsError

BATCH_MAX = 10
BATCH_BYTES_MAX = 1_048_576
FLIGHTS_MAX = 120_000
VISIBILITY_MAX = 43_200
DELAY_MAX = 900
WAIT_MAX = 20
DELETED_SECONDS = 60
PURGE_SECONDS = 60
DEDUPLICATION_MS = 300_000
LISTED_MAX = 1000
MOVE_RATE_MAX = 500
TASKS_SHOWN_MAX = 10
TAGS_MAX = 50
ACTIONS_MAX = 7
STATEMENTS_MAX = 20
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}\Z")
_HANDLE_START = "AQEB"
_ACTIONS = {
    name.lower(): name
    for name in (
        "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
        "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
    )
}  # fmt: skip
_OWNERS_ACTIONS = {
    name.lower()
    for name in (
        "AddPermission", "CancelMessageMoveTask", "CreateQueue", "DeleteQueue", "ListMessageMoveTasks", "ListQueueTags",
        "ListQueues", "RemovePermission", "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
    )
}  # fmt: skip


def no_queue() -> AwsError:
    return AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def invalid_value(value: object, parameter: str, reason: str) -> AwsError:
    return invalid(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def missing(parameter: str) -> AwsError:
    return AwsError("MissingParameter", f"The request must contain the parameter {parameter}.")


class Address(NamedTuple):
    """What a queue's URL says that counts."""

    account: str
    name: str


@lru_cache(maxsize=8192)
def address_of(url: str) -> Address:
    """The account and name that a queue's URL ends with, whatever its host. Raises InvalidAddress."""
    try:
        parts = [unquote(part) for part in urlsplit(url).path.split("/") if part]
    except ValueError:
        parts = []
    if len(parts) < 2 or not _ACCOUNT.match(parts[-2]):
        raise AwsError("InvalidAddress", f"The address {url} is not valid for this endpoint.", status=404)
    return Address(parts[-2], parts[-1])


def checked_name(name: str, fifo: bool) -> None:
    """The name of a queue to be made. Raises InvalidParameterValue."""
    if fifo and not (name.endswith(".fifo") and len(name) <= 80 and _NAME.match(name[:-5])):
        raise invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
            ".fifo suffix and be 1 to 80 in length"
        )
    if not fifo and not _NAME.match(name):
        raise invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")


def within(value: int | None, least: int, most: int, error: tuple[str, str]) -> None:
    """Raises InvalidParameterValue, in the words of (parameter, reason), for a value outside its range."""
    if value is not None and not least <= value <= most:
        raise invalid_value(value, *error)


def check_token(value: str, parameter: str) -> None:
    """A group or deduplication id. Raises InvalidParameterValue."""
    if not _TOKEN.match(value):
        raise invalid_value(
            value,
            parameter,
            f"{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )


class Handle(NamedTuple):
    """What a receipt handle stands for: one receipt of one message of one queue."""

    id: str
    receipt: int
    """How often the message had been received with this one."""
    uid: str
    group: str


def handle_text(handle: Handle) -> str:
    raw = f"{handle.id}\n{handle.receipt}\n{handle.uid}\n{handle.group}".encode()
    return _HANDLE_START + base64.b64encode(raw).decode()


def handle_of(text: str, uid: str) -> Handle:
    """The receipt that a handle stands for. Raises ReceiptHandleIsInvalid for what this queue never gave."""
    try:
        raw = base64.b64decode(text.removeprefix(_HANDLE_START), validate=True).decode()
        key, count, of, group = raw.split("\n", 3)
        handle = Handle(key, int(count), of, group)
    except (binascii.Error, UnicodeError, ValueError):
        raise _no_handle(text) from None
    if of != uid or not text.startswith(_HANDLE_START) or len(key) != 20 or not key.isdigit():
        raise _no_handle(text)
    return handle


def _no_handle(text: str) -> AwsError:
    return AwsError("ReceiptHandleIsInvalid", f'The input receipt handle "{text}" is not a valid receipt handle.')


def check_batch(entries: Sequence[Mapping[str, Any]], noun: str) -> None:
    """How many entries a batch has and what they are called. Raises the errors of batches."""
    if not entries:
        raise AwsError("EmptyBatchRequest", f"There should be at least one {noun} in the request.")
    if len(entries) > BATCH_MAX:
        text = f"Maximum number of entries per request are {BATCH_MAX}. You have sent {len(entries)}."
        raise AwsError("TooManyEntriesInBatchRequest", text)
    seen: set[str] = set()
    for entry in entries:
        name = entry["Id"]
        if not _ENTRY_ID.match(name):
            raise AwsError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most "
                "80 letters long.",
            )
        if name in seen:
            raise AwsError("BatchEntryIdsNotDistinct", f"Id {name} repeated.")
        seen.add(name)


def check_batch_bytes(total: int) -> None:
    if total > BATCH_BYTES_MAX:
        text = f"Batch requests cannot be longer than {BATCH_BYTES_MAX} bytes. You have sent {total} bytes."
        raise AwsError("BatchRequestTooLong", text)


def check_many(number: int, most: int, what: str) -> None:
    """Raises OverLimit for more of something in a policy than it may hold (developer guide, "Policy quotas")."""
    if number > most:
        raise AwsError("OverLimit", f"{number} {what} were found, maximum allowed is {most}.")


def checked_actions(actions: Sequence[str]) -> list[str]:
    """The actions of AddPermission as policies write them. Raises InvalidParameterValue and OverLimit."""
    check_many(len(actions), ACTIONS_MAX, "Actions")
    found = []
    for action in actions:
        known = _ACTIONS.get(action.lower())
        if known is None and action.lower() in _OWNERS_ACTIONS:
            raise invalid_value(f"SQS:{action}", "ActionName", "Only the queue owner is allowed to invoke this action.")
        if known is None:
            raise invalid_value(
                f"SQS:{action}", "ActionName", "Please refer to the appropriate WSDL for a list of valid actions."
            )
        found.append(f"SQS:{known}")
    return found


def checked_label(label: str) -> None:
    if not _NAME.match(label):
        raise invalid_value(
            label,
            "Label",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
        )


def checked_accounts(accounts: Sequence[str]) -> None:
    for account in accounts:
        if not _ACCOUNT.match(account):
            raise invalid_value(account, "PrincipalId", "Unable to verify.")


def failed(entry_id: str, error: AwsError) -> dict[str, Any]:
    """One entry of a batch that did not go through."""
    is_sender = (error.status or 400) < 500
    return {"Id": entry_id, "SenderFault": is_sender, "Code": error.code, "Message": error.message}


def check_tags(tags: Mapping[str, str]) -> None:
    """The tags that a queue is to have. Raises InvalidParameterValue."""
    if len(tags) > TAGS_MAX:
        raise invalid(f"Too many tags added for queue. Maximum number of tags is {TAGS_MAX}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise invalid("Tag keys must be between 1 and 128 characters in length, values at most 256.")
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys must not start with the reserved prefix 'aws:'.")
