"""What a message may hold, how long it is, and its checksums as SQS computes them."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.sqs import rules

Attributes = dict[str, tuple[str, str | bytes]]
ATTRIBUTES_MAX = 10
_STRING, _BINARY = b"\x01", b"\x02"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}\Z")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")
_NUMBER_LETTERS_MAX = 128
_EXPONENTS = (-128, 126)
_DIGITS_MAX = 38
# https://www.w3.org/TR/REC-xml/#charsets
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Mapping[str, tuple[str, str | bytes]]) -> str:
    """The checksum of message attributes, in order of name.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        kind, value = attributes[name]
        is_binary = isinstance(value, bytes)
        raw = value if isinstance(value, bytes) else value.encode()
        for part in (name.encode(), kind.encode()):
            digest.update(struct.pack(">I", len(part)) + part)
        digest.update((_BINARY if is_binary else _STRING) + struct.pack(">I", len(raw)) + raw)
    return digest.hexdigest()


def checked_body(body: str) -> bytes:
    """A body as bytes. Raises MissingParameter and InvalidMessageContents."""
    if not body:
        raise rules.missing("MessageBody")
    check_characters(body)
    return body.encode()


def check_characters(text: str) -> None:
    if (text.isascii() and text.isprintable()) or not _FORBIDDEN.search(text):
        return
    raise AwsError(
        "InvalidMessageContents",
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
        "#x10000 to #x10FFFF",
    )


def checked_attributes(given: Mapping[str, Mapping[str, Any]]) -> Attributes:
    """Message attributes as they are stored. Raises InvalidParameterValue."""
    if len(given) > ATTRIBUTES_MAX:
        raise rules.invalid(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum [{ATTRIBUTES_MAX}]."
        )
    return {name: _checked(name, value) for name, value in given.items()}


def _checked(name: str, given: Mapping[str, Any]) -> tuple[str, str | bytes]:
    _check_name(name)
    kind = given.get("DataType") or ""
    if not kind:
        raise rules.invalid(f"The message attribute '{name}' must contain non-empty message attribute type.")
    logical, dot, label = kind.partition(".")
    if logical not in ("String", "Number", "Binary") or (dot and not label):
        raise rules.invalid(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes "
            "is Binary, Number, and String."
        )
    if len(kind) > 256 or not _NAME.match(kind):
        raise rules.invalid(f"The message attribute '{name}' has an invalid message attribute type '{kind}'.")
    member = "BinaryValue" if logical == "Binary" else "StringValue"
    other = "StringValue" if logical == "Binary" else "BinaryValue"
    if given.get("StringListValues") or given.get("BinaryListValues"):
        raise AwsError(
            "UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported."
        )
    if given.get(other):
        raise rules.invalid(
            f"The message attribute '{name}' with type '{logical}' must use field '{member.removesuffix('Value')}'."
        )
    value: str | bytes = given.get(member) or ""
    if not value:
        raise rules.invalid(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type "
            f"'{logical}'."
        )
    if isinstance(value, str):
        check_characters(value)
    if logical == "Number":
        _check_number(name, str(value))
    return kind, value


def _check_name(name: str) -> None:
    is_reserved = name.lower().startswith(("aws.", "amazon."))
    if _NAME.match(name) and not is_reserved and name[0] != "." and name[-1] != "." and ".." not in name:
        return
    if is_reserved:
        reason = "You can't use message attribute names beginning with 'AWS.' or 'Amazon.' or any casing variants."
    elif len(name) > 256:
        reason = "Message (user) attribute name is too long. It must be less than 256 characters long."
    elif not name:
        reason = "Message (user) attribute name cannot be empty."
    elif _NAME.match(name):
        reason = "You can't use message attribute names beginning or ending with '.', or with successive '.'."
    else:
        reason = "Invalid non-alphanumeric character was found in the message attribute name. Can only include "
        reason += "alphanumeric characters, hyphens, underscores, or dots."
    raise rules.invalid(reason)


def _check_number(name: str, value: str) -> None:
    """Up to 38 digits, from 10 to the -128 to 10 to the +126 (developer guide, "Message attribute data types")."""
    found = _NUMBER.match(value) if len(value) <= _NUMBER_LETTERS_MAX else None
    if found:
        mantissa, _, exponent = value.lower().lstrip("+-").partition("e")
        whole, _, fraction = mantissa.partition(".")
        digits = (whole + fraction).strip("0")
        leading = (whole + fraction).lstrip("0")
        power = int(exponent or 0) + len(leading) - len(fraction) - 1
        if not digits or (len(digits) <= _DIGITS_MAX and _EXPONENTS[0] <= power <= _EXPONENTS[1]):
            return
    raise rules.invalid(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def checked_trace(given: Mapping[str, Mapping[str, Any]]) -> str:
    """The value of AWSTraceHeader, the only system attribute that can be sent. Raises InvalidParameterValue."""
    for name, value in given.items():
        if name != "AWSTraceHeader":
            raise rules.invalid(
                f"Message system attribute name '{name}' is invalid. Message system attribute names can only be "
                "'AWSTraceHeader'."
            )
        if value.get("DataType") != "String" or not value.get("StringValue"):
            raise rules.invalid("The message system attribute 'AWSTraceHeader' must be a non-empty String.")
        check_characters(value["StringValue"])
        return str(value["StringValue"])
    return ""


def size_of(body: bytes, attributes: Mapping[str, tuple[str, str | bytes]]) -> int:
    """What counts towards a queue's maximum: the body, and names, types and values of attributes."""
    size = len(body)
    for name, (kind, value) in attributes.items():
        size += len(name) + len(kind) + (len(value) if isinstance(value, bytes) else len(value.encode()))
    return size


def chosen(attributes: Mapping[str, tuple[str, str | bytes]], names: Sequence[str]) -> Attributes:
    """The attributes that MessageAttributeNames asks for: names, `All`, `.*`, and `prefix.*`."""
    if "All" in names or ".*" in names:
        return dict(attributes)
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    wanted = set(names)
    return {name: value for name, value in attributes.items() if name in wanted or _begins(name, prefixes)}


def _begins(name: str, prefixes: Iterable[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def shown(attributes: Mapping[str, tuple[str, str | bytes]]) -> dict[str, dict[str, Any]]:
    """Attributes as ReceiveMessage gives them."""
    return {
        name: {"BinaryValue" if isinstance(value, bytes) else "StringValue": value, "DataType": kind}
        for name, (kind, value) in attributes.items()
    }
