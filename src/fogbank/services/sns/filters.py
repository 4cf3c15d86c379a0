"""Filter policies: what may be said in one, and which messages pass.

https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.event_pattern import BadPattern, Pattern, compiled
from fogbank.services.sns import rules

KEYS_MAX = 5
COMBINATIONS_MAX = 150
POLICY_BYTES_MAX = 262_144
_LARGEST = 1_000_000_000
_BODY = "MessageBody"


def bad(reason: str) -> AwsError:
    return rules.invalid(f"FilterPolicy: {reason}")


def check(text: str, scope: str) -> None:
    """Raises InvalidParameter for what is no filter policy."""
    if not text:
        return
    if len(text.encode()) > POLICY_BYTES_MAX:
        raise bad("Filter policy is too large")
    try:
        policy = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise bad("failed to parse JSON.") from None
    if not isinstance(policy, dict):
        raise bad("Filter policy must be a JSON object")
    is_nested = any(isinstance(value, dict) for value in policy.values())
    if is_nested and scope != _BODY:
        raise bad("Filter policy scope MessageAttributes does not support nested filter policy")
    try:
        compiled(policy, "sns")
    except BadPattern as error:
        raise bad(str(error)) from None
    except RecursionError:
        raise bad("Filter policy is too complex") from None
    leaves = list(_leaves(policy, 1))
    if len({path for path, _, _ in leaves}) > KEYS_MAX:
        raise bad(f"Filter policy can not have more than {KEYS_MAX} keys")
    combinations = 1
    for _, depth, count in leaves:
        combinations *= count * (depth if scope == _BODY else 1)
    if combinations > COMBINATIONS_MAX:
        raise bad("Filter policy is too complex")
    for number in _numbers(policy):
        if abs(number) > _LARGEST:
            raise bad("Value of numeric must be between -1000000000 and 1000000000")


def _no_number(text: str) -> float:
    raise ValueError(text)


def _leaves(policy: Mapping[str, Any], depth: int, path: str = "") -> Iterator[tuple[str, int, int]]:
    """(path, depth, number of values) of each key that has values."""
    for name, value in policy.items():
        if name == "$or" and isinstance(value, list) and all(isinstance(one, dict) for one in value):
            for one in value:
                yield from _leaves(one, depth, path)
        elif isinstance(value, dict):
            yield from _leaves(value, depth + 1, f"{path}.{name}")
        else:
            yield f"{path}.{name}", depth, len(value)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Pattern:
    return compiled(json.loads(text), "sns")


def passes(text: str, scope: str, message: str, attributes: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a message passes a filter policy; an empty one lets all pass."""
    if not text or text == "{}":
        return True
    if scope != _BODY:
        return _compiled(text).matches(dict(_values(attributes)))
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and _compiled(text).matches(body)


def _values(attributes: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Attributes as a policy sees them: binary ones not at all."""
    for name, given in attributes.items():
        kind, text = given["DataType"], given.get("StringValue", "")
        if kind.startswith("Binary"):
            continue
        if kind.startswith("Number"):
            yield name, float(text)
        elif kind == "String.Array":
            yield name, _array(text)
        else:
            yield name, text


def _array(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, list) else text
