"""Blobs: bytes by their digest, written beside the log before the row that names them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple


class Blob(NamedTuple):
    """Bytes that lie on disk: their SHA-256 in hex and how many there are."""

    digest: str
    size_bytes: int


class Blobs:
    """Files in `<folder>/blobs`, each named by what it holds; a name in place means that the bytes are whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "blobs"
        self._arriving = self._folder / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in self._arriving.iterdir():
            left_over.unlink()

    async def put(self, chunks: AsyncIterator[bytes]) -> Blob:
        """Write what arrives, with bounded memory, and give it its name."""
        digest, size = hashlib.sha256(), 0
        arriving = self._arriving / secrets.token_hex(16)
        try:
            with arriving.open("xb", buffering=0) as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
            path = self.path(digest.hexdigest())
            path.parent.mkdir(exist_ok=True)
            arriving.replace(path)
        except BaseException:
            arriving.unlink(missing_ok=True)
            raise
        return Blob(digest.hexdigest(), size)

    def path(self, digest: str) -> Path:
        """Where a blob lies."""
        return self._folder / digest[:2] / digest

    def delete(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)

    def digests(self) -> list[str]:
        """Every blob there is: whoever owns the rows deletes those that no row names."""
        return [path.name for path in self._folder.glob("??/*")]

    def clear(self) -> None:
        for digest in self.digests():
            self.delete(digest)
