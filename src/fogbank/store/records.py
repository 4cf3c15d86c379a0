"""Records: the typed rows that services remember, and the tables that hold them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import msgspec
from sortedcontainers import SortedDict, SortedList, SortedSet

_SEPARATOR = "\x00"
_NUMBER_WIDTH = 12


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A row. Subclasses name their kind (`service/noun`), the fields of their key and of their indexes.

    `VERSION` grows when old rows must be rewritten to be read (see `upgrade`); a new field with a default needs none.
    """

    KIND: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    INDEXES: ClassVar[Mapping[str, str]] = {}
    """Name of an index -> the field it goes by; a field that is a tuple is indexed by each of its values."""
    VERSION: ClassVar[int] = 1
    GLOBAL: ClassVar[bool] = False
    """Whether the rows belong to an account in all its regions (IAM) rather than in one."""


R = TypeVar("R", bound=Record)


def key_text(parts: tuple[Any, ...]) -> str:
    """A key as the text it is stored and sorted by; numbers sort as numbers."""
    if len(parts) == 1 and type(parts[0]) is str:
        return parts[0]
    return _SEPARATOR.join(f"{part:0{_NUMBER_WIDTH}d}" if isinstance(part, int) else str(part) for part in parts)


def key_prefix(parts: tuple[Any, ...]) -> str:
    """What every key that begins with these whole parts begins with."""
    return key_text(parts) + _SEPARATOR if parts else ""


def key_of(record: Record) -> str:
    return key_text(tuple(getattr(record, field) for field in record.KEY))


class Table:
    """The rows of one kind in one scope, as encoded bytes; decoded when read, ordered when first asked in order."""

    __slots__ = ("_decode", "_indexes", "_ordered", "changed_in", "kind", "rows")

    def __init__(self, kind: type[Record], rows: dict[str, bytes]) -> None:
        self.kind = kind
        self.rows = rows
        self.changed_in = 0
        """The number of the last batch that wrote here."""
        self._decode = _decoder(kind)
        self._ordered: SortedList | None = None
        self._indexes: dict[str, SortedDict] = {}

    def get(self, key: str) -> Any:
        row = self.rows.get(key)
        return None if row is None else self._decode(row)

    def put(self, key: str, row: bytes | None) -> bytes | None:
        """Write a row, or take it away with None; returns what stood there."""
        before = self.rows.get(key)
        if self._indexes:
            self._reindex(key, before, row)
        if row is None:
            self.rows.pop(key, None)
            if before is not None and self._ordered is not None:
                self._ordered.remove(key)
        else:
            self.rows[key] = row
            if before is None and self._ordered is not None:
                self._ordered.add(key)
        return before

    def ordered(self, prefix: str = "", after: str = "", reverse: bool = False) -> Iterator[str]:
        """Keys in order that begin with `prefix` and come strictly past `after` (before it, when reversed)."""
        if self._ordered is None:
            self._ordered = SortedList(self.rows)
        low, high = prefix, prefix + "\U0010ffff" if prefix else None
        if reverse:
            found = self._ordered.irange(low or None, after or high, (True, not after), reverse=True)
        else:
            found = self._ordered.irange(max(low, after) or None, high, (after < low or not after, True))
        yield from found

    def find(self, index: str, value: str) -> list[str]:
        """Keys of the rows whose indexed field is, or holds, `value`; in order."""
        entries = self._indexes.get(index)
        if entries is None:
            entries = self._indexes[index] = SortedDict()
            for key, row in self.rows.items():
                for found in _values(self._decode(row), self.kind.INDEXES[index]):
                    entries.setdefault(found, SortedSet()).add(key)
        return list(entries.get(value, ()))

    def _reindex(self, key: str, before: bytes | None, after: bytes | None) -> None:
        old = self._decode(before) if before is not None else None
        new = self._decode(after) if after is not None else None
        for index, entries in self._indexes.items():
            field = self.kind.INDEXES[index]
            was, is_ = set(_values(old, field)), set(_values(new, field))
            for value in was - is_:
                entries[value].discard(key)
                if not entries[value]:
                    del entries[value]
            for value in is_ - was:
                entries.setdefault(value, SortedSet()).add(key)


def _values(record: Record | None, field: str) -> tuple[str, ...]:
    if record is None:
        return ()
    value = getattr(record, field)
    if value is None:
        return ()
    return tuple(value) if isinstance(value, tuple | frozenset | list) else (value,)


_DECODERS: dict[type[Record], Any] = {}
encode = msgspec.msgpack.Encoder().encode


def _decoder(kind: type[Record]) -> Any:
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.msgpack.Decoder(kind).decode
    return _DECODERS[kind]
