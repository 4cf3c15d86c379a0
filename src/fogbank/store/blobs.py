"""Blobs: bytes that are too many for a row, each a file of its own, written before the row that names it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

_PIECE_BYTES = 1024 * 1024
_VECTORS_MAX = 512
"""The kernel takes 1024 (IOV_MAX)."""


class Sum(Protocol):
    """What grows with the bytes: hashlib's objects, and `codec.checksums`."""

    def update(self, data: bytes, /) -> None: ...


class Blob(NamedTuple):
    """Bytes that lie on disk: their name and how many there are."""

    name: str
    size_bytes: int


class Blobs:
    """Files in `<folder>/blobs`.

    A blob is complete when it has its place. Until a commit has named it (`settle`), a second name in `arriving` marks
    it, so that the next start finds what a crash left: `sweep` takes away what no row names.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "blobs"
        self._arriving = self._folder / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._readers: dict[str, int] = {}
        self._waiting: set[str] = set()

    async def put(self, chunks: AsyncIterator[bytes], sums: Sequence[Sum] = ()) -> Blob:
        """Write what arrives, a mebibyte at a time in memory, and have it counted by `sums`.

        Writing and counting run in a thread while the next bytes arrive.
        """
        name = secrets.token_hex(16)
        arriving = self._arriving / name
        try:
            with arriving.open("xb", buffering=0) as file:
                size = await _written(file.fileno(), chunks, sums)
            self._place(name)
        except BaseException:
            arriving.unlink(missing_ok=True)
            raise
        return Blob(name, size)

    def copy(self, name: str) -> str:
        """Another name for the same bytes: each is deleted by itself."""
        other = secrets.token_hex(16)
        os.link(self.path(name), self._arriving / other)
        self._place(other)
        return other

    def path(self, name: str) -> Path:
        """Where a blob lies."""
        return self._folder / name[:2] / name

    def open(self, name: str) -> int:
        """A file descriptor that `pieces` reads and closes: deleting the blob meanwhile does no harm."""
        return os.open(self.path(name), os.O_RDONLY)

    def hold(self, name: str) -> None:
        """A blob stays until it has been released as often: who reads many cannot have all of them open."""
        self._readers[name] = self._readers.get(name, 0) + 1

    def release(self, name: str) -> None:
        """The reader that held a blob is done with it: one that was deleted meanwhile goes now."""
        left = self._readers.pop(name, 1) - 1
        if left:
            self._readers[name] = left
        elif name in self._waiting:
            self._waiting.discard(name)
            self.delete(name)

    async def pieces(self, file: int, start: int, size_bytes: int) -> AsyncIterator[bytes]:
        """Bytes of an open file, read ahead in a thread by one piece; closes it at the end."""
        loop = asyncio.get_running_loop()
        end = start + size_bytes
        ahead: asyncio.Future[bytes] | None = None
        try:
            while start < end or ahead is not None:
                piece = await ahead if ahead is not None else b""
                if ahead is not None and not piece:
                    raise OSError("a blob is shorter than its row says")
                start += len(piece)
                ahead = None
                if start < end:
                    ahead = loop.run_in_executor(None, os.pread, file, min(_PIECE_BYTES, end - start), start)
                if piece:
                    yield piece
        finally:
            if ahead is not None:
                await asyncio.wait((ahead,))
            os.close(file)

    def settle(self, name: str) -> None:
        """A commit has named this blob."""
        (self._arriving / name).unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Take a blob away; one that is being read goes with its last reader, or at the next start."""
        if name in self._readers:
            self._waiting.add(name)
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(self.path(name), self._arriving / name)
            return
        self.path(name).unlink(missing_ok=True)
        self.settle(name)

    def sweep(self, is_named: Callable[[str], bool], doomed: Sequence[str]) -> int:
        """Take away what a crash left: blobs that arrived without a commit, and `doomed` ones; returns how many."""
        gone = 0
        for left_over in list(self._arriving.iterdir()):
            if is_named(left_over.name):
                self.settle(left_over.name)
            else:
                self.delete(left_over.name)
                gone += 1
        for name in doomed:
            self.delete(name)
        return gone + len(doomed)

    def names(self) -> list[str]:
        """Every blob there is."""
        return [path.name for path in self._folder.glob("??/*")]

    def clear(self) -> None:
        self._readers.clear()
        self._waiting.clear()
        for name in self.names():
            self.delete(name)
        for left_over in list(self._arriving.iterdir()):
            left_over.unlink()

    def _place(self, name: str) -> None:
        path = self.path(name)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        os.link(self._arriving / name, path)


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Chunks gathered until they are worth a thread."""
    waiting: list[bytes] = []
    size = 0
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= _PIECE_BYTES:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


async def _written(file: int, chunks: AsyncIterator[bytes], sums: Sequence[Sum]) -> int:
    """Write and count chunks, each in a thread, while the next ones arrive; returns how many bytes that were."""
    size = 0
    loop = asyncio.get_running_loop()
    working: list[asyncio.Future[None]] = []
    try:
        async for piece in _pieces(chunks):
            size += sum(map(len, piece))
            await _all(working)
            # A disk takes new pages about as fast as MD5 counts them: one after the other would halve both.
            working = [loop.run_in_executor(None, _write, file, piece), loop.run_in_executor(None, _count, piece, sums)]
    finally:
        # The file is closed after this: nobody may write to it any more.
        await _all(working)
    return size


async def _all(working: list[asyncio.Future[None]]) -> None:
    if working:
        await asyncio.wait(working)
    for one in working:
        one.result()


def _count(piece: list[bytes], sums: Sequence[Sum]) -> None:
    for one in sums:
        for data in piece:
            one.update(data)


def _write(file: int, piece: list[bytes]) -> None:
    left = [memoryview(data) for data in piece if data]
    while left:
        written = os.writev(file, left[:_VECTORS_MAX])
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]
