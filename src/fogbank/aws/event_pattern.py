"""Event patterns: the content filtering language of EventBridge rules and of SNS filter policies.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

Dialect = Literal["events", "sns"]
Test = Callable[[Any], bool]

_MISSING: Any = object()
_OR_MIN = 2
_DEPTH_MAX = 100
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "<": lambda found, wanted: found < wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    ">=": lambda found, wanted: found >= wanted,
}


class BadPattern(ValueError):
    """The pattern is none; the text says what is wrong with it."""


class Pattern:
    """A pattern, compiled once."""

    __slots__ = ("_test",)

    def __init__(self, test: Test) -> None:
        self._test = test

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether an event, as plain JSON values, has what the pattern asks for."""
        return self._test(event)


def compiled(pattern: Mapping[str, Any], dialect: Dialect = "events") -> Pattern:
    """Raises BadPattern."""
    if not pattern and dialect == "events":
        raise BadPattern("Event pattern is empty")
    return Pattern(_members(pattern, dialect, 0))


def _members(pattern: Mapping[str, Any], dialect: Dialect, depth: int) -> Test:
    """All members of an object must match; in a list of objects, those of one and the same."""
    if depth > _DEPTH_MAX:
        raise BadPattern("The pattern is nested too deeply")
    tests: list[tuple[str, Test]] = []
    choices: list[Test] = []
    for name, wanted in pattern.items():
        if name == "$or" and _is_choice(wanted):
            choices = [_members(one, dialect, depth + 1) for one in wanted]
        else:
            tests.append((name, _value(name, wanted, dialect, depth)))

    def test(found: Any) -> bool:
        if isinstance(found, list):
            return any(test(one) for one in found)
        members = found if isinstance(found, dict) else {}
        if not all(one(members.get(name, _MISSING)) for name, one in tests):
            return False
        return not choices or any(choice(found) for choice in choices)

    return test


def _is_choice(wanted: Any) -> bool:
    """Whether `$or` is the operator, and not a member of that name."""
    if not isinstance(wanted, list):
        return False
    if not all(isinstance(one, dict) for one in wanted):
        return False
    if len(wanted) < _OR_MIN:
        raise BadPattern("There are less than 2 elements in $or")
    if not all(wanted):
        raise BadPattern("Empty objects are not allowed in $or")
    return True


def _value(name: str, wanted: Any, dialect: Dialect, depth: int) -> Test:
    if isinstance(wanted, dict):
        if not wanted:
            raise BadPattern(f"Empty objects are not allowed: '{name}'")
        return _members(wanted, dialect, depth + 1)
    if not isinstance(wanted, list):
        raise BadPattern(f"'{name}' must be an object or an array")
    if not wanted:
        raise BadPattern(f"Empty arrays are not allowed: '{name}'")
    absent = False
    tests: list[Test] = []
    for one in wanted:
        if isinstance(one, dict) and set(one) == {"exists"}:
            if not isinstance(one["exists"], bool):
                raise BadPattern("exists match pattern must be either true or false.")
            if one["exists"]:
                tests.append(lambda found: True)
            else:
                absent = True
        else:
            tests.append(_leaf(one, dialect))

    def test(found: Any) -> bool:
        # Only leaves count: what has members of its own is not there for `exists`.
        if found is _MISSING or isinstance(found, dict):
            return absent
        if isinstance(found, list):
            return any(one(item) for one in tests for item in _leaves(found))
        return any(one(found) for one in tests)

    return test


def _leaves(found: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for one in found:
        if isinstance(one, list):
            flat += _leaves(one)
        elif not isinstance(one, dict):
            flat.append(one)
    return flat


def _leaf(wanted: Any, dialect: Dialect) -> Test:
    if not isinstance(wanted, dict):
        if isinstance(wanted, list):
            raise BadPattern("Match value must be String, number, true, false, or null")
        return _exactly(wanted, dialect)
    if len(wanted) != 1:
        raise BadPattern("Only one key allowed in match expression")
    ((kind, value),) = wanted.items()
    make = _OPERATORS.get(kind)
    if make is None:
        raise BadPattern(f"Unrecognized match type {kind}")
    return make(value, dialect)


def _exactly(wanted: Any, dialect: Dialect) -> Test:
    # To EventBridge 300 and 300.0 are different values: it compares what was written.
    strict = dialect == "events" or isinstance(wanted, bool)

    def test(found: Any) -> bool:
        if isinstance(found, bool) is not isinstance(wanted, bool):
            return False
        return bool(found == wanted) and (not strict or type(found) is type(wanted))

    return test


def _text_test(kind: str, value: Any, test: Callable[[str, str], bool]) -> Test:
    """A test of strings; the value may be `{"equals-ignore-case": …}` where the operator allows that."""
    if isinstance(value, dict) and set(value) == {"equals-ignore-case"}:
        wanted = _string(kind, value["equals-ignore-case"]).casefold()
        return lambda found: isinstance(found, str) and test(found.casefold(), wanted)
    wanted = _string(kind, value)
    return lambda found: isinstance(found, str) and test(found, wanted)


def _string(kind: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadPattern(f"{kind} match pattern must be a string")
    return value


def _prefix(value: Any, dialect: Dialect) -> Test:
    return _text_test("prefix", value, str.startswith)


def _suffix(value: Any, dialect: Dialect) -> Test:
    return _text_test("suffix", value, str.endswith)


def _ignoring_case(value: Any, dialect: Dialect) -> Test:
    wanted = _string("equals-ignore-case", value).casefold()
    return lambda found: isinstance(found, str) and found.casefold() == wanted


def _wildcard(value: Any, dialect: Dialect) -> Test:
    text = _string("wildcard", value)
    if re.search(r"(?<!\\)\*\*", text):
        raise BadPattern("Consecutive wildcard characters at pos " + str(text.index("**")))
    parts: list[str] = []
    position = 0
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            position += 1
            if text[position : position + 1] not in ("*", "\\"):
                raise BadPattern("Invalid escape character at pos " + str(position - 1))
            parts.append(re.escape(text[position]))
        else:
            parts.append(".*" if letter == "*" else re.escape(letter))
        position += 1
    expression = re.compile("".join(parts), re.DOTALL)
    return lambda found: isinstance(found, str) and expression.fullmatch(found) is not None


def _anything_but(value: Any, dialect: Dialect) -> Test:
    if isinstance(value, dict):
        if len(value) != 1 or next(iter(value)) not in ("prefix", "suffix", "wildcard", "equals-ignore-case"):
            raise BadPattern(f"Unsupported anything-but pattern: {', '.join(value)}")
        ((kind, inner),) = value.items()
        refused = [_OPERATORS[kind](one, dialect) for one in (inner if isinstance(inner, list) else [inner])]
        return lambda found: isinstance(found, str) and not any(test(found) for test in refused)
    values = value if isinstance(value, list) else [value]
    if not values:
        raise BadPattern("Value of anything-but must be an array or single string/number value.")
    if not all(isinstance(one, str) or _is_number(one) for one in values):
        raise BadPattern("Inside anything but list, start|null|boolean is not supported.")
    tests = [_exactly(one, dialect) for one in values]
    return lambda found: not any(test(found) for test in tests)


def _numeric(value: Any, dialect: Dialect) -> Test:
    if not isinstance(value, list):
        raise BadPattern("Value of numeric must be an array.")
    if len(value) not in (2, 4):
        raise BadPattern("Too few or too many arguments to numeric pattern")
    pairs = list(zip(value[::2], value[1::2], strict=True))
    for operator, bound in pairs:
        if operator not in _COMPARE:
            raise BadPattern(f"Unrecognized numeric range operator: {operator}")
        if not _is_number(bound):
            raise BadPattern(f"Value of {operator} must be numeric")
    if len(pairs) == 2:
        (lower, low), (upper, high) = sorted(pairs, key=lambda pair: pair[0], reverse=True)
        if lower[0] != ">" or upper[0] != "<":
            raise BadPattern("Bad numeric range operator: a range has one lower and one upper bound")
        if low >= high:
            raise BadPattern("Bottom must be less than top")
    checks = [(_COMPARE[operator], float(bound)) for operator, bound in pairs]
    return lambda found: _is_number(found) and all(check(found, bound) for check, bound in checks)


def _cidr(value: Any, dialect: Dialect) -> Test:
    text = _string("cidr", value)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise BadPattern(f"Malformed CIDR, one '/' required: {text}") from None

    def test(found: Any) -> bool:
        if not isinstance(found, str):
            return False
        try:
            return ipaddress.ip_address(found) in network
        except ValueError:
            return False

    return test


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OPERATORS: Mapping[str, Callable[[Any, Dialect], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
