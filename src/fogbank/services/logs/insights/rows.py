"""Rows of a query: an event with its built-in fields, those of its JSON, and those that commands added."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

_UNREAD: Any = object()
_INDEX = re.compile(r"[0-9]{1,9}")
_EPOCH_MS_MAX = 253_402_300_799_000


class Moment(int):
    """Milliseconds since 1970 that are shown as a date."""


class Row:
    """`get` finds a field by its name; `values` holds what commands added."""

    __slots__ = ("_document", "builtin", "values")

    def __init__(self, builtin: dict[str, Any], values: dict[str, Any] | None = None) -> None:
        self.builtin = builtin
        self.values: dict[str, Any] = values or {}
        self._document: Any = _UNREAD

    def get(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        if name in self.builtin:
            return self.builtin[name]
        if self._document is _UNREAD:
            self._document = document(self.builtin.get("@message", ""))
        return None if self._document is None else plain(inside(self._document, name))


def document(message: str) -> Any:
    """The JSON in a message, None if there is none; text before the first brace is passed over, as at AWS."""
    start = message.find("{")
    if start < 0:
        return None
    try:
        found = msgspec.json.decode(message[start:] if start else message)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def inside(place: Any, name: str) -> Any:
    """`a.b.0` in a document; a member whose own name has dots is found too."""
    if isinstance(place, dict):
        if name in place:
            return place[name]
        head, _, rest = name.partition(".")
        while rest:
            if head in place and (found := inside(place[head], rest)) is not None:
                return found
            more, _, rest = rest.partition(".")
            head = f"{head}.{more}"
        return None
    if isinstance(place, list):
        head, _, rest = name.partition(".")
        if not _INDEX.fullmatch(head) or int(head) >= len(place):
            return None
        return inside(place[int(head)], rest) if rest else place[int(head)]
    return None


def plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


def number(value: Any) -> int | float | None:
    """A value as a number, None if it is none."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or not value or value[:1] in "iInN_" or "_" in value:
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def text(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)


def shown(value: Any) -> str:
    """A value as results show it."""
    if isinstance(value, Moment):
        if not 0 <= value <= _EPOCH_MS_MAX:
            return str(int(value))
        at = datetime.fromtimestamp(value // 1000, UTC)
        return f"{at:%Y-%m-%d %H:%M:%S}.{value % 1000:03d}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if value != value else "Infinity"
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else f"{round(value, 4):.10g}"
    return str(value)


def is_true(value: Any) -> bool:
    return value is not None and value != 0 and value != ""
