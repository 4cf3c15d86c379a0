"""The durable log on SQLite: one writer, WAL, checkpoints outside the loop."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from fogbank import faults
from fogbank.store.log import Batch, RecordWrite

_FORMAT = 1
_CHECKPOINT_PAGES = 8_000
_WAL_PAGES_MAX = 32_000
_LOG = logging.getLogger("fogbank.store")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, row BLOB NOT NULL,
    PRIMARY KEY (kind, scope, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    space TEXT NOT NULL, key TEXT NOT NULL, item BLOB NOT NULL, PRIMARY KEY (space, key)
) WITHOUT ROWID;
"""


class StoreFormatError(Exception):
    """The state folder was written by a newer fogbank, or is no state folder."""


class SqliteLog:
    """Rows and items in `<folder>/fogbank.db`.

    A commit is a write into the page cache (`process`: survives `kill -9`) or an fsync as well (`power`). SQLite's own
    checkpoint would stop the loop for 20-30 ms, so it is off, and a thread with a connection of its own does it.
    """

    def __init__(self, folder: Path, durability: Literal["process", "power", "none"] = "process") -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "fogbank.db"
        self._synchronous = {"process": "NORMAL", "power": "FULL", "none": "OFF"}[durability]
        self._pages = 0
        self._checkpointing = False
        self._write = self._connect()
        found = self._write.execute("PRAGMA user_version").fetchone()[0]
        if found > _FORMAT:
            raise StoreFormatError(f"{self._path} has format {found}; this fogbank reads up to {_FORMAT}")
        self._write.executescript(_SCHEMA)
        self._write.execute(f"PRAGMA user_version={_FORMAT}")

    def rows(self, kind: str, scope: str) -> Iterator[tuple[str, int, bytes]]:
        return self._write.execute("SELECT key, version, row FROM records WHERE kind=? AND scope=?", (kind, scope))

    def scopes(self, kind: str) -> list[str]:
        return [row[0] for row in self._write.execute("SELECT DISTINCT scope FROM records WHERE kind=?", (kind,))]

    def is_empty(self) -> bool:
        """Whether no row was ever written, or all have been forgotten."""
        return self._write.execute("SELECT 1 FROM records LIMIT 1").fetchone() is None

    def items(self, space: str, after: str, before: str | None, limit: int, reverse: bool) -> list[tuple[str, bytes]]:
        order = "DESC" if reverse else "ASC"
        bound = "" if before is None else "AND key < ?"
        values = (space, after, limit) if before is None else (space, after, before, limit)
        # The text holds two words chosen above, no input.
        query = f"SELECT key, item FROM items WHERE space=? AND key > ? {bound} ORDER BY key {order} LIMIT ?"  # noqa: S608
        return self._write.execute(query, values).fetchall()

    def commit(self, batch: Batch) -> None:
        execute = self._write.execute
        puts: list[RecordWrite] = []
        deletes: list[RecordWrite] = []
        for write in batch.records.values():
            (deletes if write.row is None else puts).append(write)
        execute("BEGIN IMMEDIATE")
        try:
            if puts:
                self._write.executemany("INSERT OR REPLACE INTO records VALUES (?,?,?,?,?)", puts)
            if deletes:
                self._write.executemany(
                    "DELETE FROM records WHERE kind=? AND scope=? AND key=?", [write[:3] for write in deletes]
                )
            self._write_items(batch)
            faults.point("store.before-commit")
            execute("COMMIT")
        except BaseException:
            if self._write.in_transaction:
                execute("ROLLBACK")
            raise
        faults.point("store.after-commit")
        self._pages += 2 * (len(puts) + len(deletes) + sum(map(len, batch.items.values())))
        if self._pages > _CHECKPOINT_PAGES and not self._checkpointing:
            self._pages = 0
            self._checkpointing = True
            threading.Thread(target=self._checkpoint, name="fogbank-checkpoint", daemon=True).start()

    def _write_items(self, batch: Batch) -> None:
        many = self._write.executemany
        if batch.cleared:
            many("DELETE FROM items WHERE space=?", [(space,) for space in batch.cleared])
        if not batch.items:
            return
        puts = [
            (space, key, item)
            for space, items in batch.items.items()
            for key, item in items.items()
            if item is not None
        ]
        goes = [(space, key) for space, items in batch.items.items() for key, item in items.items() if item is None]
        many("INSERT OR REPLACE INTO items VALUES (?,?,?)", puts)
        many("DELETE FROM items WHERE space=? AND key=?", goes)

    def clear(self) -> None:
        self._write.execute("BEGIN IMMEDIATE")
        try:
            self._write.execute("DELETE FROM records")
            self._write.execute("DELETE FROM items")
            self._write.execute("COMMIT")
        except BaseException:
            if self._write.in_transaction:
                self._write.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._write.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, cached_statements=64)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA cache_size=-8192")
        connection.execute("PRAGMA busy_timeout=10000")
        return connection

    def _checkpoint(self) -> None:
        try:
            with contextlib.closing(self._connect()) as connection:
                left = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
                if left > _WAL_PAGES_MAX:
                    # Writes that never pause keep a passive checkpoint from ever reaching the end, and the file grows.
                    # Most of it has just been copied, so that this holds up one commit, and not for long.
                    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        except sqlite3.Error:
            _LOG.exception("a checkpoint failed; the next one tries again")
        finally:
            self._checkpointing = False
