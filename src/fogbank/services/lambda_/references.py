"""What clients call a function: its name, a part of its ARN, or the whole, each with a qualifier or without.

https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html (FunctionName)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fogbank.aws.errors import AwsError

LATEST = "$LATEST"
_REFERENCE = re.compile(
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?\Z"
)
_NAME_MAX = 64


class Reference(NamedTuple):
    """A function, and perhaps one of its versions or aliases; `region` and `account` are empty for the caller's own."""

    name: str
    qualifier: str = ""
    region: str = ""
    account: str = ""


def parsed(text: str, qualifier: str | None = None) -> Reference:
    """What a FunctionName means, with the Qualifier beside it.

    Raises ValidationException for what names nothing, InvalidParameterValueException for two qualifiers that differ.
    """
    found = _REFERENCE.match(text)
    if found is None:
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?"
            "(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
        )
    name, inner = found["name"], found["qualifier"] or ""
    if len(name) > _NAME_MAX:
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must "
            f"have length less than or equal to {_NAME_MAX}",
        )
    if qualifier and inner and qualifier != inner:
        raise AwsError(
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return Reference(name, qualifier or inner, found["region"] or "", found["account"] or "")


def is_number(qualifier: str) -> bool:
    """Whether a qualifier is a version rather than an alias."""
    return qualifier.isdigit() or qualifier == LATEST


def shown(number: int) -> str:
    """A version's number as AWS writes it."""
    return str(number) if number else LATEST
