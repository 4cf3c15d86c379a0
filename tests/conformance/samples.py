"""Values for shapes: what a client might send, or a service answer, with everything in it that is hard to carry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_TEXT = 'naïve <b>&amp; "q" ünï ☁'
_WORD = "a1"
_MOMENT = datetime(2026, 3, 4, 5, 6, 7, 250000, tzinfo=UTC)
_WHOLE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class Samples:
    """Samples for botocore's shapes. The full ones fill every member; the sparse ones what is required."""

    def __init__(self, *, is_full: bool, is_input: bool) -> None:
        self.is_full = is_full
        self.is_input = is_input

    def of(self, shape: Any) -> dict[str, Any]:
        """A sample for the whole input or output of an operation."""
        made: dict[str, Any] = self._structure(shape, ())
        return made

    def _value(self, shape: Any, place: str, above: tuple[str, ...]) -> Any:
        return getattr(self, "_" + shape.type_name, self._string)(shape, above, place)

    def _structure(self, shape: Any, above: tuple[str, ...], place: str = "") -> Any:
        if shape.metadata.get("document") or getattr(shape, "is_document_type", False):
            return {"any": [1, 2.5, "x", True, {"deep": []}]}
        if shape.serialization.get("eventstream"):
            return None
        names = list(shape.members)
        if shape.is_tagged_union:
            usable = [name for name in names if not self._closes(shape.members[name], above)]
            # A union must have a member, whichever can be had without going round again.
            names = [(usable or names)[0 if self.is_full else -1]]
        elif not self.is_full:
            payload = shape.serialization.get("payload")
            names = [name for name in names if name in shape.required_members or name == payload]
        made = {}
        for name in names:
            member = shape.members[name]
            if self._closes(member, (*above, shape.name)) and not shape.is_tagged_union:
                continue
            value = self._value(member, member.serialization.get("location", ""), (*above, shape.name))
            if value is None and name == shape.serialization.get("payload") and member.type_name == "structure":
                value = None if member.serialization.get("eventstream") else {}
            if value is not None:
                made[name] = value
        # Forms and XML cannot tell an empty structure in a list from none.
        return made if made or not above else None

    def _closes(self, shape: Any, above: tuple[str, ...]) -> bool:
        """Whether a shape leads back to one that is being filled already, for the second time."""
        for _ in range(4):
            if shape.name in above and above.count(shape.name) > 1:
                return True
            if shape.type_name == "list":
                shape = shape.member
            elif shape.type_name == "map":
                shape = shape.value
            else:
                break
        return shape.type_name == "structure" and above.count(shape.name) > 1

    def _list(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        if len(above) > 12:
            return None
        inner = [self._value(shape.member, place or "list", (*above, shape.name)) for _ in range(2)]
        return [one for one in inner if one is not None] or None

    def _map(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        if len(above) > 12:
            return None
        value = self._value(shape.value, place or "map", (*above, shape.name))
        if value is None:
            return None
        keys = ("k1", "k2") if place else ("key.one", "ü key")
        if place == "headers":
            keys = ("k1", "k2")
        return dict.fromkeys(keys, value)

    def _string(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        if shape.serialization.get("jsonvalue"):
            return {"json": [1, "ü"]} if shape.serialization.get("location") == "header" else '{"json":1}'
        if shape.serialization.get("hostLabel"):
            return "123456789012"
        enum = shape.metadata.get("enum")
        if enum:
            return enum[0]
        if place in ("header", "headers"):
            return "plain, text" if shape.type_name == "string" and above and not self.is_input else "plain text"
        if place == "statusCode":
            return 200
        return _TEXT if place != "uri" else "a b/ü%+c"

    def _timestamp(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        form = shape.serialization.get("timestampFormat", "").lower()
        is_whole = form == "rfc822" or (place == "header" and not form) or place == "list" or place == "header"
        return _WHOLE if is_whole else _MOMENT

    def _blob(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        return b"\x00\xff blob" if not shape.serialization.get("streaming") else b"stream"

    def _boolean(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        return True

    def _integer(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        return 200 if place == "statusCode" else 7

    def _long(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        return 2**53 + 1

    def _float(self, shape: Any, above: tuple[str, ...], place: str) -> Any:
        return 2.5

    _double = _float


def plain(value: Any) -> Any:
    """A value as both sides can be compared: moments as seconds."""
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def difference(left: Any, right: Any, path: str = "") -> str:
    """The first place where two values differ, in words; empty when they are the same."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in {**left, **right}:
            if key not in left or key not in right:
                side = "right" if key not in left else "left"
                return f"{path}.{key} only {side}: {str(left.get(key, right.get(key)))[:80]}"
            found = difference(left[key], right[key], f"{path}.{key}")
            if found:
                return found
        return ""
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return next((found for at, (a, b) in pairs if (found := difference(a, b, f"{path}[{at}]"))), "")
    return "" if left == right else f"{path}: {str(left)[:100]!r} != {str(right)[:100]!r}"
