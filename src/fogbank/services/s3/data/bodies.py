"""Bodies on their way in and out: small ones as rows, large ones as blobs, encrypted where that is asked for."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.codec.checksums import Checksum, checksum
from fogbank.control.context import Context
from fogbank.services.s3 import crc, rules
from fogbank.services.s3.encryption import cipher, new_nonce
from fogbank.services.s3.entries import INLINE_BYTES_MAX, Entry, Part, decode_parts, space
from fogbank.services.s3.resources import Bucket
from fogbank.store.blobs import Blobs

Body = bytes | AsyncIterator[bytes] | None
_OPEN_MAX = 4


class Stored(NamedTuple):
    """Bytes that have been taken in: a blob, or `inline` ones that wait for the transaction that writes their row."""

    part: Part
    md5: str
    """In hex."""
    algorithm: str
    checksum: str
    """What the client promised, or else what was computed."""
    needed: str
    """The checksum that was asked for whatever the client promises; empty if none was."""
    inline: bytes | None


class Intake:
    """Takes one body in.

    `key` encrypts it; `algorithm` is what is computed of it unless the client promised one; `needed` is computed in
    any case.
    """

    def __init__(self, ctx: Context, key: bytes, algorithm: str = "crc64nvme", *, needed: str = "") -> None:
        self._ctx = ctx
        self._key = key
        self._algorithm = needed or algorithm
        self._needed = needed
        self._nonce = new_nonce(key)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sums: dict[str, Checksum] = {}
        self._given = ("", "")
        self._content_md5: str | None = None
        self._size = 0

    def expect(self, req: Mapping[str, Any]) -> None:
        """Hold the body to what a request says of it. Raises MissingContentLength, InvalidRequest, EntityTooLarge."""
        size = req.get("ContentLength")
        if size is None and self._ctx.payload is not None:
            text = "You must provide the Content-Length HTTP header."
            raise AwsError("MissingContentLength", text, status=411)
        if size is not None and size > rules.PUT_BYTES_MAX:
            raise _too_large(size)
        self._given = crc.given(dict(req))
        self._content_md5 = req.get("ContentMD5")
        named = crc.checked_algorithm(req.get("ChecksumAlgorithm"))
        self._algorithm = self._given[0] or named or self._algorithm

    @staticmethod
    def is_small(body: Body) -> bool:
        return body is None or (isinstance(body, bytes) and len(body) <= INLINE_BYTES_MAX)

    def whole(self, body: bytes | None) -> Stored:
        """Take in a body that is all there, to become a row. Raises BadDigest and InvalidDigest."""
        data = body or b""
        self._size = len(data)
        self._md5.update(data)
        self._sums = self._begun()
        for running in self._sums.values():
            running.update(data)
        if self._key:
            data = cipher(self._key, self._nonce).update(data)
        name = f"{int(self._ctx.now * 1000):011x}{self._ctx.uuid().replace('-', '')[:16]}"
        return self._stored(name, data)

    async def take(self, body: Body) -> Stored:
        """Take in a body of any size, with bounded memory. Raises what is wrong with it, and leaves nothing then."""
        if body is None or isinstance(body, bytes):
            if self.is_small(body):
                return self.whole(body)
            return await self._streamed([body or b""], None)
        first: list[bytes] = []
        size = 0
        async for chunk in body:
            first.append(chunk)
            size += len(chunk)
            if size > INLINE_BYTES_MAX:
                return await self._streamed(first, body)
        return self.whole(b"".join(first))

    async def _streamed(self, first: Sequence[bytes], rest: AsyncIterator[bytes] | None) -> Stored:
        self._sums = self._begun()
        sums = (self._md5, *self._sums.values())
        chunks = self._chunks(first, rest)
        if self._key:
            blob = await self._ctx.blobs.put(self._encrypted(chunks, sums))
        else:
            blob = await self._ctx.blobs.put(chunks, sums)
        try:
            return self._stored(blob.name, None)
        except BaseException:
            self._ctx.blobs.delete(blob.name)
            raise

    def _begun(self) -> dict[str, Checksum]:
        """Empty sums of all that has to be computed here; what the gateway has computed already does not."""
        names = {self._needed} if self._promised() is not None else {self._algorithm, self._needed}
        return {name: checksum(name) for name in names if name}

    async def _chunks(self, first: Sequence[bytes], rest: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
        for chunk in first:
            self._count(chunk)
            yield chunk
        if rest is not None:
            async for chunk in rest:
                self._count(chunk)
                yield chunk

    async def _encrypted(self, chunks: AsyncIterator[bytes], sums: Sequence[Any]) -> AsyncIterator[bytes]:
        running = cipher(self._key, self._nonce)
        async for chunk in chunks:
            for one in sums:
                one.update(chunk)
            yield running.update(chunk)

    def _count(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > rules.PUT_BYTES_MAX:
            raise _too_large(self._size)

    def _promised(self) -> tuple[str, str] | None:
        """What the gateway has verified already."""
        payload = self._ctx.payload
        return next(iter(payload.checksums.items()), None) if payload is not None else None

    def _stored(self, name: str, inline: bytes | None) -> Stored:
        found = self._promised()
        if found is None:
            self._check()
            algorithm = self._algorithm
            value = self._sum(algorithm)
        else:
            algorithm, value = found
        part = Part(name, self._size, inline is not None, self._nonce)
        return Stored(part, self._md5.hexdigest(), algorithm, value, self._sum(self._needed), inline)

    def _sum(self, algorithm: str) -> str:
        return base64.b64encode(self._sums[algorithm].digest()).decode() if algorithm else ""

    def _check(self) -> None:
        """For calls that came without a gateway: what their members promise."""
        algorithm, promised = self._given
        if algorithm and promised != self._sum(algorithm):
            raise crc.bad_digest(algorithm)
        if self._content_md5 is None or self._ctx.payload is not None:
            return
        if self._content_md5 != base64.b64encode(self._md5.digest()).decode():
            text = "The Content-MD5 you specified did not match what we received."
            raise AwsError("BadDigest", text, status=400)


class Outlet(AsyncIterator[bytes]):
    """A body on its way out: an asynchronous iterator over a run of an object's bytes.

    The first files are open before the transaction ends, and the others held, so that a delete in the middle of a read
    does no harm.
    """

    def __init__(self, blobs: Blobs, runs: Sequence[_Run], key: bytes) -> None:
        self._blobs = blobs
        self._runs = list(runs)
        self._key = key
        self._files: dict[str, int] = {}
        self._held: set[str] = set()
        for at, run in enumerate(self._runs):
            if run.inline is None and at < _OPEN_MAX:
                self._files[run.part.body] = blobs.open(run.part.body)
            elif run.inline is None:
                blobs.hold(run.part.body)
                self._held.add(run.part.body)
        self._pieces = self._all()

    async def __anext__(self) -> bytes:
        return await self._pieces.__anext__()

    async def aclose(self) -> None:
        await self._pieces.aclose()
        self._close()

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        while self._files:
            os.close(self._files.popitem()[1])
        while self._held:
            self._blobs.release(self._held.pop())

    def _file(self, name: str) -> int:
        if name in self._files:
            return self._files.pop(name)
        file = self._blobs.open(name)
        self._held.discard(name)
        self._blobs.release(name)
        return file

    async def _all(self) -> AsyncGenerator[bytes, None]:
        for run in self._runs:
            running = cipher(self._key, run.part.nonce, run.start) if self._key and run.part.nonce else None
            if run.inline is not None:
                piece = run.inline[run.start : run.end]
                yield running.update(piece) if running is not None else piece
                continue
            async for piece in self._blobs.pieces(self._file(run.part.body), run.start, run.end - run.start):
                yield running.update(piece) if running is not None else piece


class _Run(NamedTuple):
    """Bytes of one part; `inline` holds the whole part where it is a row."""

    part: Part
    start: int
    end: int
    inline: bytes | None


class Source:
    """The bytes of a version, read inside a transaction."""

    def __init__(self, ctx: Context, bucket: Bucket, entry: Entry, key: bytes) -> None:
        self._ctx = ctx
        self._bucket = bucket
        self._entry = entry
        self._key = key

    @property
    def parts(self) -> Sequence[Part]:
        entry = self._entry
        if entry.part is not None:
            return (entry.part,)
        row = self._ctx.item(space(self._ctx.partition, "manifest", self._bucket.name), entry.manifest)
        return decode_parts(row) if row is not None else ()

    def body(self, span: rules.Span | None = None) -> bytes | AsyncIterator[bytes]:
        """The bytes of a span, all of them without one: at once where they are one small row."""
        start, end = span if span is not None else (0, self._entry.size)
        runs = list(self._runs(start, end))
        if not runs:
            return b""
        if len(runs) == 1 and runs[0].inline is not None:
            run = runs[0]
            piece = run.inline[run.start : run.end] if run.inline is not None else b""
            return cipher(self._key, run.part.nonce, run.start).update(piece) if self._key and run.part.nonce else piece
        return Outlet(self._ctx.blobs, runs, self._key)

    def _runs(self, start: int, end: int) -> list[_Run]:
        found, at = [], 0
        for part in self.parts:
            low, high = max(start - at, 0), min(end - at, part.size)
            at += part.size
            if low < high:
                found.append(_Run(part, low, high, self._inline(part)))
        return found

    def _inline(self, part: Part) -> bytes | None:
        if not part.is_inline:
            return None
        return self._ctx.item(space(self._ctx.partition, "body", self._bucket.name), part.body) or b""


class Keeping:
    """Writes that name stored bytes: the row of a small body with them, a blob kept, and deleted where that fails."""

    def __init__(self, ctx: Context, stored: Stored) -> None:
        self._ctx = ctx
        self._stored = stored

    def __enter__(self) -> Keeping:
        return self

    def keep(self, bucket: Bucket) -> None:
        part = self._stored.part
        if self._stored.inline is None:
            self._ctx.transaction.keep_blob(part.body)
        else:
            self._ctx.put_item(space(self._ctx.partition, "body", bucket.name), part.body, self._stored.inline)

    def __exit__(self, kind: Any, error: BaseException | None, at: Any) -> None:
        if error is not None and self._stored.inline is None:
            self._ctx.blobs.delete(self._stored.part.body)


def _too_large(size: int) -> AwsError:
    text = "Your proposed upload exceeds the maximum allowed size"
    return AwsError("EntityTooLarge", text, status=400, ProposedSize=size, MaxSizeAllowed=rules.PUT_BYTES_MAX)
