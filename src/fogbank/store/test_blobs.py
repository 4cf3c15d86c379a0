"""Blobs: whole or not at all, gone when no row names them, also after a crash."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fogbank.store.blobs import Blobs
from fogbank.store.sqlite import SqliteLog
from fogbank.store.store import Store

MEBIBYTE = 1024 * 1024


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def broken(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    raise ConnectionResetError


async def read(blobs: Blobs, name: str, start: int, size: int) -> bytes:
    return b"".join([piece async for piece in blobs.pieces(blobs.open(name), start, size)])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(SqliteLog(tmp_path), lambda call: call(), blobs=Blobs(tmp_path))


def test_bytes_come_back_whole_and_in_ranges(tmp_path: Path) -> None:
    async def story() -> None:
        blobs, md5 = Blobs(tmp_path), hashlib.md5()
        data = bytes(range(256)) * 12_345
        blob = await blobs.put(chunks(data[:10], data[10:MEBIBYTE], data[MEBIBYTE:]), [md5])
        assert blob.size_bytes == len(data)
        assert md5.digest() == hashlib.md5(data).digest()
        assert await read(blobs, blob.name, 0, len(data)) == data
        assert await read(blobs, blob.name, 1_048_570, 12) == data[1_048_570:1_048_582]
        assert await read(blobs, blob.name, 5, 0) == b""

    asyncio.run(story())


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        blobs = Blobs(tmp_path)
        with pytest.raises(ConnectionResetError):
            await blobs.put(broken(b"x" * 3 * MEBIBYTE, b"y"))

    asyncio.run(story())
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_a_reader_keeps_its_bytes_when_they_are_deleted_and_a_copy_is_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        blobs = Blobs(tmp_path)
        blob = await blobs.put(chunks(b"tide"))
        other = blobs.copy(blob.name)
        file = blobs.open(blob.name)
        blobs.delete(blob.name)
        assert b"".join([piece async for piece in blobs.pieces(file, 0, 4)]) == b"tide"
        assert await read(blobs, other, 0, 4) == b"tide"
        with pytest.raises(FileNotFoundError):
            blobs.open(blob.name)

    asyncio.run(story())


def test_the_next_start_takes_away_what_no_row_names(tmp_path: Path, store: Store) -> None:
    kept = asyncio.run(store.blobs.put(chunks(b"kept")))
    orphan = asyncio.run(store.blobs.put(chunks(b"never committed")))
    doomed = asyncio.run(store.blobs.put(chunks(b"its row goes, and then the process")))
    with store.begin() as transaction:
        transaction.keep_blob(kept.name)
        transaction.keep_blob(doomed.name)
    with store.begin() as transaction:
        # As drop_blob does, but the process dies before the file goes.
        transaction.delete_item("fogbank/blob", doomed.name)
        transaction.put_item("fogbank/doomed", doomed.name, b"")
    store.close()
    again = Store(SqliteLog(tmp_path), lambda call: call(), blobs=Blobs(tmp_path))
    assert sorted(again.blobs.names()) == sorted([kept.name, orphan.name, doomed.name])
    assert again.sweep_blobs() == 2
    assert again.blobs.names() == [kept.name]
    assert again.sweep_blobs() == 0
    again.close()


def test_a_file_goes_with_its_row_and_stays_where_the_row_stays(store: Store) -> None:
    blob = asyncio.run(store.blobs.put(chunks(b"x")))
    with store.begin() as transaction:
        transaction.keep_blob(blob.name)
    with pytest.raises(ZeroDivisionError), store.begin() as transaction:
        transaction.drop_blob(blob.name)
        raise ZeroDivisionError
    assert store.blobs.names() == [blob.name]
    with store.begin() as transaction:
        transaction.drop_blob(blob.name)
    assert store.blobs.names() == []
    assert store.sweep_blobs() == 0
    store.close()


def test_what_is_held_stays_until_its_last_reader_is_done(tmp_path: Path) -> None:
    async def story() -> None:
        blobs = Blobs(tmp_path)
        names = [(await blobs.put(chunks(b"tide"))).name for _ in range(2)]
        for name in names:
            blobs.settle(name)
            blobs.hold(name)
        blobs.hold(names[0])
        for name in names:
            blobs.delete(name)
        blobs.release(names[0])
        assert await read(blobs, names[0], 0, 4) == b"tide"
        blobs.release(names[0])
        assert not blobs.path(names[0]).exists() and blobs.path(names[1]).exists()
        # A crash while it is read: nothing names it at the next start.
        later = Blobs(tmp_path)
        assert later.sweep(lambda name: False, ()) == 1
        assert later.names() == []

    asyncio.run(story())
