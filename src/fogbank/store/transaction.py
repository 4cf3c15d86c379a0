"""A transaction: reads and writes records in memory at once, and can take all of it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fogbank.aws.scope import Scope
from fogbank.store.items import Item, Range, overlaid
from fogbank.store.log import ItemWrite, RecordWrite
from fogbank.store.records import R, Record, Table, encode, key_of, key_prefix, key_text
from fogbank.store.spaces import BLOB_SPACE, DOOMED_SPACE

if TYPE_CHECKING:
    from fogbank.store.store import Store


class Transaction:
    """All or nothing. As a context manager it commits on the way out, and aborts on an exception.

    `seen` is the last batch that the answer depends on: what was read and what was written. An answer may leave once
    the log has that batch (`Store.when_durable`).
    """

    __slots__ = ("_after", "_cleared", "_rows", "_store", "_undo", "items", "records", "seen", "tables")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._undo: list[tuple[Table, str, bytes | None]] = []
        self._after: list[Callable[[], object]] = []
        self.records: list[RecordWrite] = []
        self.items: list[ItemWrite] = []
        self._rows: dict[str, dict[str, bytes | None]] = {}
        """What `items` come down to: space -> key -> item, None for one that goes."""
        self._cleared: set[str] = set()
        """Spaces that go whole before `_rows` are written."""
        self.tables: set[Table] = set()
        self.seen = 0

    def get(self, kind: type[R], scope: Scope, *key: Any) -> R | None:
        found: R | None = self._read(kind, scope).get(key_text(key))
        return found

    def scan(
        self, kind: type[R], scope: Scope, *parts: Any, start: str = "", after: str = "", reverse: bool = False
    ) -> Iterator[R]:
        """Records in order of key: those whose key begins with `parts` (whole) or with the text `start`, past `after`.

        What the caller writes while it iterates may or may not be seen: collect first, then write.
        """
        table = self._read(kind, scope)
        for key in table.ordered(start or key_prefix(parts), after, reverse):
            yield table.get(key)

    def count(self, kind: type[Record], scope: Scope) -> int:
        return len(self._read(kind, scope).rows)

    def find(self, kind: type[R], scope: Scope, index: str, value: str) -> list[R]:
        """The records whose index holds `value`, in order of key."""
        table = self._read(kind, scope)
        return [table.get(key) for key in table.find(index, value)]

    def put(self, scope: Scope, record: Record) -> None:
        self._write(type(record), scope, key_of(record), encode(record))

    def delete(self, kind: type[Record], scope: Scope, *key: Any) -> None:
        self._write(kind, scope, key_text(key), None)

    def put_item(self, space: str, key: str, item: bytes) -> None:
        self._write_item(ItemWrite(space, key, item))

    def delete_item(self, space: str, key: str | None) -> None:
        """Take an item away, or with None the whole space."""
        self._write_item(ItemWrite(space, key, None))

    def _write_item(self, write: ItemWrite) -> None:
        self.items.append(write)
        self._note(write)

    def _note(self, write: ItemWrite) -> None:
        space, key, item = write
        if key is None:
            self._cleared.add(space)
            self._rows[space] = {}
        else:
            self._rows.setdefault(space, {})[key] = item

    def range(self, asked: Range) -> list[Item]:
        """Items of a space, this transaction's own writes included."""
        own = self._rows.get(asked.space)
        if own is None or asked.space not in self._cleared:
            found, number = self._store.items(asked, more=len(own or ()))
            self.seen = max(self.seen, number)
        else:
            found = []
        return overlaid(found, own, asked, asked.limit) if own else found[: asked.limit]

    def item(self, space: str, key: str) -> bytes | None:
        """One item, this transaction's own writes included."""
        own = self._rows.get(space)
        if own is not None and (key in own or space in self._cleared):
            return own.get(key)
        found, number = self._store.item(space, key)
        self.seen = max(self.seen, number)
        return found

    def count_items(self, space: str, after: str = "", before: str | None = None) -> int:
        """How many items the log has in a range of a space; this transaction's own writes do not count."""
        found, number = self._store.count_items(space, after, before)
        self.seen = max(self.seen, number)
        return found

    def keep_blob(self, name: str) -> None:
        """A row of this transaction names a blob: it stays, if this commits."""
        self.put_item(BLOB_SPACE, name, b"")
        self.after_commit(lambda: self._once_durable(lambda: self._store.blobs.settle(name)))

    def drop_blob(self, name: str) -> None:
        """No row names a blob any more: its file goes once the log says so."""
        self.delete_item(BLOB_SPACE, name)
        self.put_item(DOOMED_SPACE, name, b"")
        self.after_commit(lambda: self._once_durable(lambda: self._bury(name)))

    def _bury(self, name: str) -> None:
        self._store.blobs.delete(name)
        self._store.queue_item(ItemWrite(DOOMED_SPACE, name, None))

    def _once_durable(self, call: Callable[[], object]) -> None:
        def settle(failure: BaseException | None) -> None:
            if failure is None:
                call()

        self._store.when_durable(self.seen, settle)

    def has_written(self, service: str) -> bool:
        """Whether it has written records of a service: what it read then is no truth yet that others may remember."""
        return any(write.kind.startswith(f"{service}/") for write in self.records)

    def after_commit(self, call: Callable[[], object]) -> None:
        """Have something done once the transaction has committed, and never if it is taken back."""
        self._after.append(call)

    def savepoint(self) -> tuple[int, int, int]:
        """A mark to `rollback` to."""
        return len(self._undo), len(self.items), len(self._after)

    def rollback(self, savepoint: tuple[int, int, int]) -> None:
        """Take back what was written since the mark."""
        records, items, after = savepoint
        while len(self._undo) > records:
            table, key, before = self._undo.pop()
            table.put(key, before)
        del self.records[records:]
        if len(self.items) > items:
            del self.items[items:]
            self._rows.clear()
            self._cleared.clear()
            for write in self.items:
                self._note(write)
        del self._after[after:]

    def commit(self) -> int:
        """Queue what was written; returns `seen`, the batch that the answer has to wait for."""
        self._store.end(self)
        if self.records or self.items:
            self.seen = self._store.queue(self)
        for call in self._after:
            call()
        return self.seen

    def abort(self) -> None:
        """Take everything back."""
        self.rollback((0, 0, 0))
        self._store.end(self)

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.abort()

    def _read(self, kind: type[Record], scope: Scope) -> Table:
        table = self._store.table(kind, scope)
        if table.changed_in > self.seen:
            self.seen = table.changed_in
        return table

    def _write(self, kind: type[Record], scope: Scope, key: str, row: bytes | None) -> None:
        table = self._store.table(kind, scope)
        self._undo.append((table, key, table.put(key, row)))
        self.records.append(RecordWrite(kind.KIND, self._store.scope_text(kind, scope), key, kind.VERSION, row))
        self.tables.add(table)
