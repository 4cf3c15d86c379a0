"""The functions of one row: numbers, texts, times, networks (User Guide, "Supported operations and functions")."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Any

from fogbank.services.logs.insights.rows import Moment, number, text

_SECOND, _DAY = 1000, 86_400_000
UNITS_MS: Mapping[str, int] = {
    "ms": 1,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "min": 60 * _SECOND,
    "h": 3600 * _SECOND,
    "d": _DAY,
    "w": 7 * _DAY,
    "mo": 30 * _DAY,
    "q": 91 * _DAY,
    "y": 365 * _DAY,
}
_MANY = 1000
_LETTERS_MAX = 2_000_000
"""What a text may grow to by functions: more of it is nothing."""

Call = Callable[..., Any]


def _numeric(made: Callable[..., Any]) -> Call:
    """A function of numbers: nothing comes of what is no number, or has no answer."""

    def call(*values: Any) -> Any:
        numbers = [number(value) for value in values]
        if any(one is None for one in numbers):
            return None
        try:
            return made(*numbers)
        except (ValueError, OverflowError, ZeroDivisionError):
            return None

    return call


def _textual(made: Callable[..., Any]) -> Call:
    def call(first: Any, *others: Any) -> Any:
        return None if first is None else made(text(first), *others)

    return call


def _best(made: Callable[..., Any]) -> Call:
    def call(*values: Any) -> Any:
        numbers = [one for one in map(number, values) if one is not None]
        return made(numbers) if numbers else None

    return call


def _whole(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and math.isfinite(found) else None


def _replace(value: str, old: Any, new: Any) -> str | None:
    before, after = text(old), text(new)
    if len(value) + value.count(before) * len(after) > _LETTERS_MAX:
        return None
    return value.replace(before, after)


def _stripped(made: Callable[[str, str | None], str]) -> Call:
    return _textual(lambda value, marks=None: made(value, None if marks is None else text(marks)))


def _substr(value: str, start: Any, length: Any = None) -> str:
    begin = max(0, _whole(start) or 0)
    return value[begin:] if length is None else value[begin : begin + max(0, _whole(length) or 0)]


def _is_valid_ip(value: Any, version: int = 0) -> int:
    try:
        found = ipaddress.ip_address(text(value))
    except ValueError:
        return 0
    return int(version in (0, found.version))


def _is_in_subnet(value: Any, subnet: Any, version: int = 0) -> int:
    try:
        found = ipaddress.ip_address(text(value))
        net = ipaddress.ip_network(text(subnet), strict=False)
    except ValueError:
        return 0
    return int(version in (0, found.version) and found.version == net.version and found in net)


def floored(at: Any, period: Any) -> Moment | None:
    """A time cut to a period."""
    return _on_step(at, period, lambda when, step: when // step * step)


def _ceiled(at: Any, period: Any) -> Moment | None:
    return _on_step(at, period, lambda when, step: -(-when // step) * step)


def _on_step(at: Any, period: Any, made: Callable[[float, float], float]) -> Moment | None:
    when, step = number(at), number(period)
    if when is None or not step or not math.isfinite(when) or not math.isfinite(step):
        return None
    found = made(when, step)
    return Moment(int(found)) if math.isfinite(found) else None


def _concat(*values: Any) -> str | None:
    parts = [text(value) for value in values if value is not None]
    return "".join(parts) if sum(map(len, parts)) <= _LETTERS_MAX else None


def _from_millis(value: Any) -> Moment | None:
    found = _whole(value)
    return None if found is None else Moment(found)


FUNCTIONS: Mapping[str, tuple[Call, int, int]] = {
    "abs": (_numeric(abs), 1, 1),
    "ceil": (_numeric(math.ceil), 1, 1),
    "floor": (_numeric(math.floor), 1, 1),
    "greatest": (_best(max), 1, _MANY),
    "least": (_best(min), 1, _MANY),
    "log": (_numeric(math.log), 1, 1),
    "sqrt": (_numeric(math.sqrt), 1, 1),
    "concat": (_concat, 1, _MANY),
    "strlen": (_textual(len), 1, 1),
    "toupper": (_textual(str.upper), 1, 1),
    "tolower": (_textual(str.lower), 1, 1),
    "substr": (_textual(_substr), 2, 3),
    "replace": (_textual(_replace), 3, 3),
    "strcontains": (_textual(lambda value, part: int(text(part) in value)), 2, 2),
    "trim": (_stripped(str.strip), 1, 2),
    "ltrim": (_stripped(str.lstrip), 1, 2),
    "rtrim": (_stripped(str.rstrip), 1, 2),
    "isempty": (lambda value: int(value is None or value == ""), 1, 1),
    "isblank": (lambda value: int(value is None or not text(value).strip()), 1, 1),
    "ispresent": (lambda value: int(value is not None), 1, 1),
    "coalesce": (lambda *values: next((value for value in values if value is not None), None), 1, _MANY),
    "isvalidip": (_is_valid_ip, 1, 1),
    "isvalidipv4": (lambda value: _is_valid_ip(value, 4), 1, 1),
    "isvalidipv6": (lambda value: _is_valid_ip(value, 6), 1, 1),
    "isipinsubnet": (_is_in_subnet, 2, 2),
    "isipv4insubnet": (lambda value, net: _is_in_subnet(value, net, 4), 2, 2),
    "isipv6insubnet": (lambda value, net: _is_in_subnet(value, net, 6), 2, 2),
    "frommillis": (_from_millis, 1, 1),
    "tomillis": (_whole, 1, 1),
    "datefloor": (floored, 2, 2),
    "dateceil": (_ceiled, 2, 2),
    "bin": (floored, 1, 2),
}
"""Name -> what is called, and the least and the most arguments it takes."""
