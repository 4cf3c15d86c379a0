"""What a request's body goes through: the stream with back-pressure, aws-chunked and its signatures, checksums."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.codec.checksums import Promise, malformed_trailer
from fogbank.codec.message import Request

_HIGH_BYTES = 512 * 1024
_LOW_BYTES = 128 * 1024
EMPTY_SHA256 = hashlib.sha256().hexdigest()
_CHUNK_LINE_MAX = 512
_TRAILERS_MAX = 8 * 1024
_CHUNK_LINE = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64,256}))?\r")
_HEX_SHA256 = re.compile("[0-9a-f]{64}")
_WORDS = (
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
)
_TRUNCATED = "The request body terminated unexpectedly"
_WRONG_LENGTH = "You did not provide the number of bytes specified by the Content-Length HTTP header"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)


class BodyPlan(NamedTuple):
    """How the application wants the body: as `request.stream`, or whole in `request.body`; `bytes_max` of it (413).

    `continue_at_once` False keeps `100 Continue` back until the stream is first read.
    """

    stream: bool
    bytes_max: int
    continue_at_once: bool = True


def stream_error(status: int) -> AwsError:
    """What the reader of a stream meets when the body breaks off (400), stalls (408) or grows too long (413)."""
    if status == 413:
        return AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", status=400)
    if status == 408:
        text = (
            "Your socket connection to the server was not read from or written to within the timeout period. "
            "Idle connections will be closed."
        )
        return AwsError("RequestTimeout", text, status=400)
    return AwsError("IncompleteBody", _TRUNCATED, status=400)


def sha256_mismatch(claimed: str, computed: str) -> AwsError:
    """The body is not the one that x-amz-content-sha256 announced; both in hex."""
    return AwsError(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        status=400,
        ClientComputedContentSHA256=claimed,
        S3ComputedContentSHA256=computed,
    )


class BodyStream:
    """A body that is still arriving: iterate once, from one task. At most about half a mebibyte waits in it.

    `trailers` (HTTP's own) are there once the iteration has ended. Raises AwsError where the client breaks the body,
    ConnectionError where it left or the request has been answered.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, lags: Callable[[bool], None], wanted: Callable[[], None]
    ) -> None:
        self.trailers: dict[str, str] = {}
        self._loop = loop
        self._lags = lags
        self._wanted = wanted
        self._parts: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lagging = False
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the reader waits for the client, and not the client for the reader."""
        return self._waiter is not None

    def feed(self, data: bytes) -> None:
        """Bytes from the client."""
        self._parts.append(data)
        self._waiting_bytes += len(data)
        if not self._lagging and self._waiting_bytes > _HIGH_BYTES:
            self._lagging = True
            self._lags(True)
        self._wake()

    def end(self, trailers: dict[str, str]) -> None:
        """The body is complete."""
        self.trailers = trailers
        self._ended = True
        self._release()

    def fail(self, error: Exception) -> None:
        """The body will not be completed: what waits is dropped, the reader gets `error`."""
        if self._ended or self._error is not None:
            return
        self._error = error
        self._parts.clear()
        self._release()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._waiter = self._loop.create_future()
            self._wanted()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._parts.popleft()
        self._waiting_bytes -= len(data)
        if self._lagging and self._waiting_bytes <= _LOW_BYTES:
            self._lagging = False
            self._lags(False)
        return data

    def _release(self) -> None:
        # Nothing more comes: a reader that never empties the rest must not hold up the next request.
        if self._lagging:
            self._lagging = False
            self._lags(False)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class ChunkSigner(msgspec.Struct):
    """What signs the chunks of one request: `sigv4.Verifier.chunk_signer` makes it; `previous` is the chain's state.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
    """

    key: bytes
    timestamp: str
    scope: str
    previous: str

    def chunk(self, sha256: str) -> str:
        """The signature of the next chunk, whose data has this digest; the chain moves on."""
        return self._next(f"AWS4-HMAC-SHA256-PAYLOAD\n{self._context()}\n{EMPTY_SHA256}\n{sha256}")

    def trailer(self, trailers: Mapping[str, str]) -> str:
        """The signature of the trailers, in their order, without x-amz-trailer-signature."""
        text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        sha256 = hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()
        return self._next(f"AWS4-HMAC-SHA256-TRAILER\n{self._context()}\n{sha256}")

    def _context(self) -> str:
        return f"{self.timestamp}\n{self.scope}\n{self.previous}"

    def _next(self, text: str) -> str:
        self.previous = hmac.digest(self.key, text.encode(), "sha256").hex()
        return self.previous


class ChunkedPlan(msgspec.Struct, frozen=True):
    """What the headers say of an aws-chunked body; `decoded_length` in bytes."""

    decoded_length: int
    signed: bool
    trailing: bool


def chunked_plan(headers: Mapping[str, str]) -> ChunkedPlan | None:
    """The aws-chunked framing of a body, None where it has none. AwsError MissingContentLength without its length."""
    word = headers.get("x-amz-content-sha256", "")
    codings = [coding.strip().lower() for coding in headers.get("content-encoding", "").split(",")]
    if not word.startswith("STREAMING-") and "aws-chunked" not in codings:
        return None
    length = headers.get("x-amz-decoded-content-length", "")
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", status=411)
    trailing = word.endswith("-TRAILER") or "x-amz-trailer" in headers
    return ChunkedPlan(int(length), word.startswith("STREAMING-AWS4-HMAC-SHA256"), trailing)


class ChunkedDecoder:
    """Frees a body of aws-chunked, whatever pieces it comes in; keeps at most one line and the trailers.

    With a `signer` each chunk's signature is compared when its last byte is in: data of a chunk is handed out before,
    so nothing may be kept until `finish` has returned. Raises AwsError IncompleteBody, SignatureDoesNotMatch,
    MalformedTrailerError.
    """

    def __init__(self, plan: ChunkedPlan, signer: ChunkSigner | None = None) -> None:
        self.trailers: dict[str, str] = {}
        self._plan = plan
        self._signer = signer if plan.signed else None
        self._line = b""
        self._state = "size"
        self._left = 0
        self._decoded = 0
        self._signature = ""
        self._sha256 = hashlib.sha256()
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The payload in these bytes, in pieces."""
        pieces: list[bytes] = []
        position = 0
        while position < len(data):
            if self._state == "data":
                position = self._take(data, position, pieces)
            else:
                position = self._read_line(data, position)
        return pieces

    def finish(self) -> None:
        """The body has ended: all chunks, the trailers and the promised length must be there."""
        if self._state != "done":
            raise AwsError("IncompleteBody", _TRUNCATED, status=400)
        if self._decoded != self._plan.decoded_length:
            raise AwsError("IncompleteBody", _WRONG_LENGTH, status=400)

    def _take(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        piece = bytes(data[position : position + self._left])
        self._left -= len(piece)
        if self._signer is not None:
            self._sha256.update(piece)
        pieces.append(piece)
        if not self._left:
            self._verify(self._sha256.hexdigest())
            self._state = "data end"
        return position + len(piece)

    def _read_line(self, data: bytes, position: int) -> int:
        end = data.find(b"\n", position)
        stop = len(data) if end < 0 else end
        room = _TRAILERS_MAX if self._state == "trailers" else _CHUNK_LINE_MAX
        if len(self._line) + stop - position > room:
            raise AwsError("IncompleteBody", _TRUNCATED, status=400)
        self._line += data[position:stop]
        if end >= 0:
            line, self._line = self._line, b""
            self._on_line(line)
        return stop + 1

    def _on_line(self, line: bytes) -> None:
        if self._state == "size":
            self._on_size(line)
        elif self._state == "data end" and line == b"\r":
            self._state = "size"
        elif self._state == "trailers":
            self._on_trailer(line)
        elif line != b"\r":
            raise AwsError("IncompleteBody", _TRUNCATED, status=400)

    def _on_size(self, line: bytes) -> None:
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise AwsError("IncompleteBody", _TRUNCATED, status=400)
        self._left = int(match[1], 16)
        self._signature = (match[2] or b"").decode()
        self._decoded += self._left
        if self._decoded > self._plan.decoded_length:
            raise AwsError("IncompleteBody", _WRONG_LENGTH, status=400)
        self._state = "data" if self._left else "trailers"
        if not self._left:
            self._verify(EMPTY_SHA256)
        elif self._signer is not None:
            self._sha256 = hashlib.sha256()

    def _verify(self, sha256: str) -> None:
        if self._signer is not None and not hmac.compare_digest(self._signer.chunk(sha256), self._signature):
            raise AwsError("SignatureDoesNotMatch", MISMATCH, status=403)

    def _on_trailer(self, line: bytes) -> None:
        line = line.strip()
        due = self._plan.trailing and self._signer is not None
        if not line:
            # AWS's own example ends a trailer with "\n\r\n" and only then signs it: a blank line ends nothing yet.
            if not (due and self.trailers):
                self._state = "done"
            return
        name, colon, value = line.partition(b":")
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        self._trailer_bytes += len(line)
        if not colon or not self._plan.trailing or key in self.trailers or self._trailer_bytes > _TRAILERS_MAX:
            raise malformed_trailer()
        if key != "x-amz-trailer-signature":
            self.trailers[key] = text
            return
        if self._signer is not None and self._signer.trailer(self.trailers) != text:
            raise AwsError("SignatureDoesNotMatch", MISMATCH, status=403)
        self._state = "done"


class Payload:
    """A request's payload: freed of aws-chunked, its signatures, checksums and x-amz-content-sha256 verified.

    `feed` all bytes, then `finish`; or iterate `over` a stream, or `whole` at once. Nothing counts before the end.
    `promises` False leaves the checksum headers alone: they speak of something else than this payload.
    """

    def __init__(self, headers: Mapping[str, str], signer: ChunkSigner | None = None, *, promises: bool = True) -> None:
        plan = chunked_plan(headers)
        self._decoder = ChunkedDecoder(plan, signer) if plan is not None else None
        self._promise = Promise(headers) if promises else None
        word = headers.get("x-amz-content-sha256", "")
        self._word = word if _HEX_SHA256.fullmatch(word) else ""
        self._sha256 = hashlib.sha256()

    @property
    def trailers(self) -> dict[str, str]:
        """The trailers inside the aws-chunked body, after `finish`."""
        return self._decoder.trailers if self._decoder is not None else {}

    @property
    def checksums(self) -> dict[str, str]:
        """The promised checksums as computed, base64 by algorithm, after `finish`."""
        return self._promise.values if self._promise is not None else {}

    @property
    def is_promised(self) -> bool:
        """Whether the request came with a checksum of its payload, or its MD5."""
        return self._promise is not None and self._promise.is_made

    def feed(self, data: bytes) -> list[bytes]:
        """The payload in these bytes, in pieces."""
        if self._word:
            self._sha256.update(data)
        pieces = self._decoder.feed(data) if self._decoder is not None else [data]
        if self._promise is not None:
            for piece in pieces:
                self._promise.update(piece)
        return pieces

    def finish(self) -> None:
        """The body has ended; raises the AwsError that says what is wrong with it."""
        if self._decoder is not None:
            self._decoder.finish()
        if self._word and self._word != (computed := self._sha256.hexdigest()):
            raise sha256_mismatch(self._word, computed)
        if self._promise is not None:
            self._promise.finish(self.trailers)

    async def over(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The payload of a stream; the last step raises what `finish` raises."""
        async for data in stream:
            for piece in self.feed(data):
                yield piece
        self.finish()

    def whole(self, body: bytes) -> bytes:
        """The payload of a complete body."""
        pieces = self.feed(body)
        self.finish()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def check_word(headers: Mapping[str, str]) -> None:
    """What S3 says of an x-amz-content-sha256 that is none. Raises AwsError InvalidArgument."""
    word = headers.get("x-amz-content-sha256", "")
    if not word or word in _WORDS or _HEX_SHA256.fullmatch(word.lower()):
        return
    text = f"x-amz-content-sha256 must be {', '.join(_WORDS)} or a valid sha256 value."
    raise AwsError("InvalidArgument", text, status=400, ArgumentName="x-amz-content-sha256", ArgumentValue=word[:256])


def unwrap(request: Request, signer: ChunkSigner | None, *, promises: bool) -> Payload:
    """Leave a request with its payload as if it had come without aws-chunked, verified as `Payload` does.

    Raises what `Payload` raises; for a stream that comes while it is read.
    """
    payload = Payload(request.headers, signer, promises=promises)
    if request.stream is not None:
        request.stream = payload.over(request.stream)
    else:
        request.body = payload.whole(request.body)
    headers = request.headers
    length = headers.pop("x-amz-decoded-content-length", None)
    if length is not None:
        headers["content-length"] = length
    codings = [coding.strip() for coding in headers.get("content-encoding", "").split(",")]
    if "aws-chunked" in codings:
        # S3 stores the coding of the object, of which this is no part.
        codings.remove("aws-chunked")
        headers["content-encoding"] = ",".join(codings)
        if not codings:
            del headers["content-encoding"]
    return payload
