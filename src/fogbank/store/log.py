"""What the store asks of the database below it: the durable log. SQLite answers here; PostgreSQL can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol


class RecordWrite(NamedTuple):
    """A row to be written, or taken away where `row` is None."""

    kind: str
    scope: str
    key: str
    version: int
    row: bytes | None


class ItemWrite(NamedTuple):
    """An item to be written, or taken away where `item` is None; key None takes the whole space away."""

    space: str
    key: str | None
    item: bytes | None


class Batch:
    """Everything that one group commit writes, later writes of a key standing for earlier ones."""

    __slots__ = ("cleared", "items", "number", "records", "waiters")

    def __init__(self, number: int) -> None:
        self.number = number
        self.records: dict[tuple[str, str, str], RecordWrite] = {}
        self.items: dict[str, dict[str, bytes | None]] = {}
        """Space -> key -> item, None for one that goes."""
        self.cleared: set[str] = set()
        """Spaces that go whole before `items` are written."""
        self.waiters: list[Callable[[BaseException | None], None]] = []

    def __bool__(self) -> bool:
        return bool(self.records or self.items or self.cleared)

    def add_item(self, write: ItemWrite) -> None:
        if write.key is None:
            self.cleared.add(write.space)
            self.items.pop(write.space, None)
        else:
            self.items.setdefault(write.space, {})[write.key] = write.item


class Log(Protocol):
    """A durable, ordered store of rows and items.

    With several processes on one log (PostgreSQL), `commit` also compares the versions it replaces and raises
    Conflict, `NOTIFY` tells the others which tables to drop, and `lease` says who runs reconcilers; the SQLite log has
    one process and needs neither.
    """

    def rows(self, kind: str, scope: str) -> Iterator[tuple[str, int, bytes]]:
        """Every (key, version, row) of a kind in a scope."""

    def scopes(self, kind: str) -> list[str]:
        """The scopes in which a kind has rows."""

    def items(self, space: str, after: str, before: str | None, limit: int, reverse: bool) -> list[tuple[str, bytes]]:
        """At most `limit` items of a space with `after` < key (< `before`), in order of key."""

    def item(self, space: str, key: str) -> bytes | None:
        """One item of a space."""

    def count(self, space: str, after: str, before: str | None) -> int:
        """How many items of a space have `after` < key (< `before`)."""

    def is_empty(self) -> bool:
        """Whether no row was ever written, or all have been forgotten."""

    def commit(self, batch: Batch) -> None:
        """Write a batch in one transaction; what is written when this returns survives the process."""

    is_untidy: bool
    """Whether `tidy` has something to do."""

    def tidy(self) -> None:
        """Take some milliseconds to delete what is out of sight already."""

    def clear(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Write what is left and let go of the files."""


class Conflict(Exception):
    """Another process wrote a row first: the caller runs its transaction again."""
