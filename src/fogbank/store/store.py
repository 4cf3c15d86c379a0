"""The store: records in memory as the read path, group commit to the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fogbank.aws.scope import Scope
from fogbank.store.blobs import Blobs
from fogbank.store.items import Item, Range, overlaid
from fogbank.store.log import Batch, ItemWrite, Log
from fogbank.store.records import Record, Table
from fogbank.store.spaces import BLOB_SPACE, DOOMED_SPACE
from fogbank.store.transaction import Transaction
from fogbank.store.upgrade import Steps, upgraded

Changed = Callable[[str, str, str], None]
"""Told (kind, scope, key) of each record that a commit wrote."""


_LOG = logging.getLogger("fogbank.store")
_TABLES_MAX = 20_000
_OVERLAID_MAX = 256
_NO_WRITES: Mapping[str, bytes | None] = {}


class Store:
    """Everything that a cloud remembers.

    One transaction is open at a time, and it cannot wait, so reads never see another's half-done work. A commit queues
    its writes in the current batch, which `schedule` brings to the log once the loop has done what it is at.
    """

    def __init__(
        self,
        log: Log,
        schedule: Callable[[Callable[[], None]], Any],
        upgrades: Mapping[str, Steps] | None = None,
        blobs: Blobs | None = None,
    ) -> None:
        self._log = log
        self._blobs = blobs
        self._schedule = schedule
        self._upgrades = upgrades or {}
        self._tables: dict[tuple[str, Scope], Table] = {}
        self._counters: dict[tuple[str, str], int] = {}
        self._moved: dict[tuple[str, str], int] = {}
        self._drops = 0
        self._batch = Batch(1)
        self._scheduled = False
        self._tidying = False
        self._closed = False
        self._open: Transaction | None = None
        self.durable = 0
        """The number of the last batch that the log has."""
        self.failure: BaseException | None = None
        """What kept the last batch from the log, None if it is there."""
        self.on_changed: Changed | None = None

    def begin(self) -> Transaction:
        """Open a transaction. Raises RuntimeError while another is open: nobody may hold one and wait."""
        if self._open is not None:
            raise RuntimeError("a transaction is open already: one was held across an await")
        self._open = Transaction(self)
        return self._open

    def end(self, transaction: Transaction) -> None:
        if self._open is not transaction:
            raise RuntimeError("this transaction has ended already")
        self._open = None

    def scope_text(self, kind: type[Record], scope: Scope) -> str:
        """A scope as it is stored: without its region for what is global."""
        return f"{scope[0]}/{scope[1]}/" if kind.GLOBAL else "/".join(scope)

    def table(self, kind: type[Record], scope: Scope) -> Table:
        """The rows of a kind in a scope, loaded on first use."""
        where = (kind.KIND, scope)
        found = self._tables.get(where)
        if found is None:
            home = scope.everywhere() if kind.GLOBAL else scope
            found = self._tables.get((kind.KIND, home))
            if found is None:
                if len(self._tables) >= _TABLES_MAX:
                    self._forget_empty()
                found = self._tables[kind.KIND, home] = Table(kind, self._load(kind, self.scope_text(kind, scope)))
            self._tables[where] = found
        return found

    def scopes(self, kind: type[Record]) -> list[Scope]:
        """Where a kind has rows, or has had some since the start."""
        names = set(self.scopes_of(kind.KIND))
        names.update(
            scope.everywhere() if kind.GLOBAL else scope for (name, scope) in self._tables if name == kind.KIND
        )
        return sorted(names)

    def scopes_of(self, kind: str) -> list[Scope]:
        """Where the log has rows of a kind, by its name."""
        return [Scope(*name.split("/")) for name in self._log.scopes(kind)]

    @property
    def drops(self) -> int:
        """How often memory was let go of and read anew: what is derived from it goes then too."""
        return self._drops

    def changes(self, service: str, scope: Scope) -> int:
        """A number that moves with every write of a service's records in a scope: what caches are keyed by."""
        return self._drops + self._counters.get((service, "/".join(scope)), 0)

    def moved_in(self, service: str, scope: Scope) -> int:
        """The batch in which `changes` moved last: what an answer that rests on a cache has to wait for."""
        return self._moved.get((service, "/".join(scope)), 0)

    def when_durable(self, number: int, call: Callable[[BaseException | None], None]) -> None:
        """Have `call` called with None once batch `number` is in the log, or with what prevented it."""
        if number <= self.durable:
            call(None)
        else:
            self._batch.waiters.append(call)

    def queue(self, transaction: Transaction) -> int:
        """Put a transaction's writes into the current batch; returns its number."""
        batch = self._batch
        for write in transaction.records:
            batch.records[write[:3]] = write
            where = (write.kind.partition("/")[0], write.scope)
            self._counters[where] = self._counters.get(where, 0) + 1
            self._moved[where] = batch.number
        for table in transaction.tables:
            table.changed_in = batch.number
        for item in transaction.items:
            batch.add_item(item)
        self._schedule_flush()
        return batch.number

    def queue_item(self, write: ItemWrite) -> None:
        """Put one item into the current batch, without a transaction: what nobody waits for and nobody takes back."""
        self._batch.add_item(write)
        self._schedule_flush()

    def _schedule_flush(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._schedule(self.flush)

    def flush(self) -> None:
        """Bring the current batch to the log, and tell who waited for it."""
        self._scheduled = False
        batch, self._batch = self._batch, Batch(self._batch.number + 1)
        failure: BaseException | None = None
        if batch:
            try:
                self._log.commit(batch)
                self.failure = None
            except Exception as error:
                failure = self.failure = error
                self._drop_tables()
        if self._log.is_untidy and not self._tidying:
            self._tidying = True
            self._schedule(self._tidy)
        self.durable = batch.number
        for call in batch.waiters:
            call(failure)
        if failure is None and self.on_changed is not None:
            for kind, scope, key in batch.records:
                self.on_changed(kind, scope, key)

    def _tidy(self) -> None:
        """Delete what large spaces left, a little between other things."""
        self._tidying = False
        if self._closed:
            return
        try:
            self._log.tidy()
        except Exception:
            _LOG.exception("what a space left could not be deleted; it is tried again after the next commit")
            return
        if self._log.is_untidy:
            self._tidying = True
            self._schedule(self._tidy)

    def items(self, asked: Range, more: int = 0) -> tuple[list[Item], int]:
        """Items of a space (up to `more` past the limit) and the batch they depend on."""
        writes = self._pending(asked.space)
        limit = asked.limit + more
        if writes is None:
            return self._log.items(asked.space, asked.after, asked.before, limit, asked.reverse), self.durable
        found: list[Item] = []
        if asked.space not in self._batch.cleared:
            found = self._log.items(asked.space, asked.after, asked.before, limit + len(writes), asked.reverse)
        return overlaid(found, writes, asked, limit), self._batch.number

    def item(self, space: str, key: str) -> tuple[bytes | None, int]:
        """One item and the batch it depends on."""
        writes = self._pending(space)
        if writes is None:
            return self._log.item(space, key), self.durable
        if key in writes:
            return writes[key], self._batch.number
        return None if space in self._batch.cleared else self._log.item(space, key), self._batch.number

    def count_items(self, space: str, after: str, before: str | None) -> tuple[int, int]:
        """How many items lie in a range of a space, and the batch that this depends on."""
        if self._pending(space) is not None:
            self.flush()
        return self._log.count(space, after, before), self.durable

    def _pending(self, space: str) -> Mapping[str, bytes | None] | None:
        """What the current batch will write to a space, None for nothing. Where that is much, it is written now."""
        writes = self._batch.items.get(space)
        if writes is not None and len(writes) > _OVERLAID_MAX:
            self.flush()
            return None
        return _NO_WRITES if writes is None and space in self._batch.cleared else writes

    @property
    def blobs(self) -> Blobs:
        """The files beside the log. Raises RuntimeError for a store that was made without."""
        if self._blobs is None:
            raise RuntimeError("this store has no place for blobs")
        return self._blobs

    def sweep_blobs(self) -> int:
        """Take away the blobs that a crash left without a row, and those whose row went; returns how many."""
        doomed = [key for key, _ in self.items(Range(DOOMED_SPACE, limit=1_000_000))[0]]
        gone = self.blobs.sweep(lambda name: self.item(BLOB_SPACE, name)[0] is not None, doomed)
        if doomed:
            with self.begin() as transaction:
                transaction.delete_item(DOOMED_SPACE, None)
        return gone

    def clear(self) -> None:
        """Forget everything."""
        self.flush()
        if self._blobs is not None:
            self._blobs.clear()
        self._log.clear()
        self._drop_tables()

    def close(self) -> None:
        self.flush()
        self._closed = True
        self._log.close()

    def _forget_empty(self) -> None:
        """Let go of tables that hold nothing: anybody may ask for accounts that nobody has."""
        held = self._open.tables if self._open is not None else set()
        self._tables = {
            where: table
            for where, table in self._tables.items()
            if table.rows or table in held or table.changed_in > self.durable
        }

    def _drop_tables(self) -> None:
        self._tables.clear()
        self._drops += 1

    def _load(self, kind: type[Record], scope: str) -> dict[str, bytes]:
        steps = self._upgrades.get(kind.KIND, {})
        return {
            key: row if version == kind.VERSION else upgraded(kind, version, row, steps)
            for key, version, row in self._log.rows(kind.KIND, scope)
        }
