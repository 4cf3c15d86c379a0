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

_FORMAT = 2
_CHECKPOINT_PAGES = 8_000
_WAL_PAGES_MAX = 32_000
_LOG = logging.getLogger("fogbank.store")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, row BLOB NOT NULL,
    PRIMARY KEY (kind, scope, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spaces (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS lost (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS entries (
    space INTEGER NOT NULL, key TEXT NOT NULL, item BLOB NOT NULL, PRIMARY KEY (space, key)
) WITHOUT ROWID;
"""
# Format 1 wrote the name of its space into each row.
_FROM_FORMAT_1 = """
INSERT INTO spaces (name) SELECT DISTINCT space FROM items;
INSERT INTO entries SELECT spaces.id, items.key, items.item FROM items JOIN spaces ON spaces.name = items.space;
DROP TABLE items;
"""
_SPACES_KNOWN_MAX = 100_000
_TIDIED = 2_000
"""Rows that are deleted at once: some milliseconds."""


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
        self._checkpointing: threading.Thread | None = None
        self._spaces: dict[str, int] = {}
        self.is_untidy = True
        self._write = self._connect()
        found = self._write.execute("PRAGMA user_version").fetchone()[0]
        if found > _FORMAT:
            raise StoreFormatError(f"{self._path} has format {found}; this fogbank reads up to {_FORMAT}")
        upgrade = _FROM_FORMAT_1 if found == 1 else ""
        self._write.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {upgrade} PRAGMA user_version={_FORMAT}; COMMIT;")

    def rows(self, kind: str, scope: str) -> Iterator[tuple[str, int, bytes]]:
        return self._write.execute("SELECT key, version, row FROM records WHERE kind=? AND scope=?", (kind, scope))

    def scopes(self, kind: str) -> list[str]:
        return [row[0] for row in self._write.execute("SELECT DISTINCT scope FROM records WHERE kind=?", (kind,))]

    def is_empty(self) -> bool:
        """Whether no row was ever written, or all have been forgotten."""
        return self._write.execute("SELECT 1 FROM records LIMIT 1").fetchone() is None

    def items(self, space: str, after: str, before: str | None, limit: int, reverse: bool) -> list[tuple[str, bytes]]:
        number = self._space(space)
        if number is None:
            return []
        order = "DESC" if reverse else "ASC"
        bound = "" if before is None else "AND key < ?"
        values = (number, after, limit) if before is None else (number, after, before, limit)
        # The text holds two words chosen above, no input.
        query = f"SELECT key, item FROM entries WHERE space=? AND key > ? {bound} ORDER BY key {order} LIMIT ?"  # noqa: S608
        return self._write.execute(query, values).fetchall()

    def item(self, space: str, key: str) -> bytes | None:
        number = self._space(space)
        if number is None:
            return None
        found = self._write.execute("SELECT item FROM entries WHERE space=? AND key=?", (number, key)).fetchone()
        return None if found is None else found[0]

    def count(self, space: str, after: str, before: str | None) -> int:
        number = self._space(space)
        if number is None:
            return 0
        bound = "" if before is None else "AND key < ?"
        values = (number, after) if before is None else (number, after, before)
        query = f"SELECT count(*) FROM entries WHERE space=? AND key > ? {bound}"  # noqa: S608
        counted: int = self._write.execute(query, values).fetchone()[0]
        return counted

    def _space(self, name: str) -> int | None:
        """The number of a space, None if nothing was ever written to it."""
        number = self._spaces.get(name)
        if number is None:
            found = self._write.execute("SELECT id FROM spaces WHERE name=?", (name,)).fetchone()
            if found is None:
                return None
            number = self._remembered(name, found[0])
        return number

    def _new_space(self, name: str) -> int:
        number = self._space(name)
        if number is None:
            made = self._write.execute("INSERT INTO spaces (name) VALUES (?)", (name,))
            number = self._remembered(name, made.lastrowid or 0)
        return number

    def _remembered(self, name: str, number: int) -> int:
        if len(self._spaces) >= _SPACES_KNOWN_MAX:
            self._spaces.clear()
        self._spaces[name] = number
        return number

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
            # Spaces that this batch made are no more.
            self._spaces.clear()
            raise
        faults.point("store.after-commit")
        self._pages += 2 * (len(puts) + len(deletes) + sum(map(len, batch.items.values())))
        if self._pages > _CHECKPOINT_PAGES:
            self._make_room()

    def _make_room(self) -> None:
        """Have the log's file copied into the database by a thread; wait for one that cannot keep up."""
        if self._checkpointing is not None and self._checkpointing.is_alive():
            if self._pages > _WAL_PAGES_MAX:
                self._checkpointing.join()
            return
        self._pages = 0
        self._checkpointing = threading.Thread(target=self._checkpoint, name="fogbank-checkpoint", daemon=True)
        self._checkpointing.start()

    def _lose(self, number: int) -> None:
        """Let go of a space. Nobody finds it any more; of a large one `tidy` deletes the rows, a few at a time."""
        self._write.execute("DELETE FROM spaces WHERE id=?", (number,))
        if self._delete_some(number) == _TIDIED:
            self._write.execute("INSERT INTO lost VALUES (?)", (number,))
            self.is_untidy = True

    def _delete_some(self, number: int) -> int:
        query = "DELETE FROM entries WHERE space=? AND key IN (SELECT key FROM entries WHERE space=? LIMIT ?)"
        return self._write.execute(query, (number, number, _TIDIED)).rowcount

    def tidy(self) -> None:
        found = self._write.execute("SELECT id FROM lost LIMIT 1").fetchone()
        if found is None:
            self.is_untidy = False
            return
        self._write.execute("BEGIN IMMEDIATE")
        if self._delete_some(found[0]) < _TIDIED:
            self._write.execute("DELETE FROM lost WHERE id=?", found)
        self._write.execute("COMMIT")
        self._pages += _TIDIED // 4

    def _write_items(self, batch: Batch) -> None:
        many = self._write.executemany
        for space in batch.cleared:
            number = self._space(space)
            if number is not None:
                self._lose(number)
                del self._spaces[space]
        puts: list[tuple[int, str, bytes]] = []
        goes: list[tuple[int, str]] = []
        for space, items in batch.items.items():
            number = self._new_space(space)
            for key, item in items.items():
                if item is None:
                    goes.append((number, key))
                else:
                    puts.append((number, key, item))
        if puts:
            many("INSERT OR REPLACE INTO entries VALUES (?,?,?)", puts)
        if goes:
            many("DELETE FROM entries WHERE space=? AND key=?", goes)

    def clear(self) -> None:
        self._write.execute("BEGIN IMMEDIATE")
        try:
            self._write.execute("DELETE FROM records")
            self._write.execute("DELETE FROM entries")
            self._write.execute("DELETE FROM spaces")
            self._write.execute("DELETE FROM lost")
            self._spaces.clear()
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
