"""The runtime API that one environment asks for its events, on a port of its own.

Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes" and "Building a custom runtime".
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools

PAYLOAD_BYTES_MAX = 6_291_556
"""Of an answer that is not streamed."""
STREAMED_BYTES_MAX = 200 << 20
_ROOT = "/2018-06-01/runtime/"
_WORDS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Too Large"}
_ACCEPTED = b'{"status":"OK"}\n'


class Event(NamedTuple):
    """What the API hands out: headers are what the runtime is told beside the payload."""

    id: str
    payload: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """What a runtime has said of an event, or of its beginning."""

    payload: bytes
    error_type: str = ""
    """Empty where it is no error."""
    is_cut: bool = False
    """Whether an answer that was being streamed has broken off."""


Gate = Callable[[tuple[str, int], tuple[str, int]], bool]
"""Whether a connection (whose ends are given: theirs, ours) comes from the environment."""


class RuntimeApi:
    """What is known of one environment between its requests."""

    def __init__(self, gate: Gate, on_ready: Callable[[], None]) -> None:
        """`on_ready` is told each time the runtime asks for an event and there is none."""
        self.gate = gate
        self._on_ready = on_ready
        self._waiting: _Connection | None = None
        self._event: Event | None = None
        self._current = ""
        self._answer: asyncio.Future[Answer] | None = None
        self._write: Callable[[bytes], None] | None = None
        self.begun: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        """None once the runtime asks for its first event; what it says is wrong where it cannot begin."""
        self.asked = asyncio.Event()
        """Whether it waits for an event, or has been given one."""
        self._connections: set[_Connection] = set()

    def connection(self) -> asyncio.Protocol:
        """What the loop's server makes for each connection."""
        found = _Connection(self)
        self._connections.add(found)
        return found

    def offer(self, event: Event, write: Callable[[bytes], None] | None) -> asyncio.Future[Answer]:
        """Have the runtime answer an event; `write` is told the parts of a streamed answer."""
        self._event, self._write = event, write
        self._answer = asyncio.get_running_loop().create_future()
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._hand(waiting)
        return self._answer

    def close(self) -> None:
        """Let go of every connection."""
        for connection in list(self._connections):
            connection.abort()

    # What connections ask

    def ask(self, connection: _Connection) -> None:
        """The runtime wants an event."""
        self._current = ""
        self.asked.set()
        if not self.begun.done():
            self.begun.set_result(None)
        if self._event is not None:
            self._hand(connection)
            return
        self._waiting = connection
        self._on_ready()

    def _hand(self, connection: _Connection) -> None:
        event, self._event = self._event, None
        if event is None:
            return
        self._current = event.id
        connection.say(200, event.payload, event.headers)

    def is_current(self, request_id: str) -> bool:
        """Whether this is the event that is being answered."""
        return bool(request_id) and request_id == self._current and self._answer is not None

    def takes_stream(self) -> Callable[[bytes], None] | None:
        """Who is told the parts of a streamed answer."""
        return self._write

    def settle(self, answer: Answer) -> None:
        """The runtime has said all of an event."""
        self._current = ""
        self.asked.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def refuse(self, answer: Answer) -> None:
        """The runtime says that it cannot begin."""
        if not self.begun.done():
            self.begun.set_result(answer)

    def gone(self, connection: _Connection) -> None:
        """A connection has ended."""
        self._connections.discard(connection)
        if self._waiting is connection:
            self._waiting = None


class _Connection(asyncio.Protocol):
    """One connection of a runtime: requests one after the other."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._path = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._stream: Callable[[bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        if not self._api.gate(transport.get_extra_info("peername")[:2], transport.get_extra_info("sockname")[:2]):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stream is not None:
            self._api.settle(Answer(b"", "Runtime.TruncatedResponse", is_cut=True))
        self._api.gone(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def abort(self) -> None:
        self._transport.abort()

    # httptools

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        # Those of a chunked body's end come here too.
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming":
            request_id, what = self._named()
            if what == "response" and self._api.is_current(request_id):
                self._stream = self._api.takes_stream()

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._stream is not None and self._size <= STREAMED_BYTES_MAX:
            self._stream(body)
        elif self._size <= PAYLOAD_BYTES_MAX:
            self._body.append(body)

    def on_message_complete(self) -> None:
        stream, self._stream = self._stream, None
        method, path = self._parser.get_method(), urlsplit(self._path.decode("latin-1")).path
        if method == b"GET" and path == f"{_ROOT}invocation/next":
            self._begin()
            self._api.ask(self)
            return
        if method == b"POST" and path == f"{_ROOT}init/error":
            self._api.refuse(Answer(b"".join(self._body), self._headers.get(_ERROR_TYPE, "") or "Unhandled"))
            self.say(202, _ACCEPTED)
        elif method == b"POST":
            self._told(stream is not None)
        else:
            self._wrong(404, "UnknownOperation", f"{method.decode()} {path} is not an operation of the runtime API")
        self._begin()

    def _named(self) -> tuple[str, str]:
        """Whose answer this is, and whether it is one or an error."""
        path = urlsplit(self._path.decode("latin-1")).path
        if not path.startswith(f"{_ROOT}invocation/"):
            return "", ""
        request_id, _, what = path[len(_ROOT) + len("invocation/") :].partition("/")
        return request_id, what

    def _told(self, is_streamed: bool) -> None:
        request_id, what = self._named()
        if what not in ("response", "error"):
            self._wrong(404, "UnknownOperation", "this is not an operation of the runtime API")
            return
        if not self._api.is_current(request_id):
            self._wrong(400, "InvalidRequestID", "Invalid request ID")
            return
        if is_streamed or (what == "response" and _ERROR_TYPE in self._headers):
            self._api.settle(_streamed(self._headers))
        elif what == "error":
            kind = self._headers.get(_ERROR_TYPE, "") or "Unhandled"
            self._api.settle(Answer(b"".join(self._body), kind))
        elif self._size > PAYLOAD_BYTES_MAX:
            text = f"Exceeded maximum allowed payload size ({PAYLOAD_BYTES_MAX} bytes)."
            self._wrong(413, "RequestEntityTooLarge", text)
            return
        else:
            self._api.settle(Answer(b"".join(self._body)))
        self.say(202, _ACCEPTED)

    def _wrong(self, status: int, kind: str, text: str) -> None:
        self.say(status, f'{{"errorMessage":"{text}","errorType":"{kind}"}}\n'.encode())

    def say(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"HTTP/1.1 {status} {_WORDS[status]}\r\nContent-Type: application/json\r\n{lines}"
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"


def _streamed(headers: Mapping[str, str]) -> Answer:
    """What came of an answer in parts; an error in its middle is told by the trailers."""
    kind = headers.get(_ERROR_TYPE, "")
    if not kind:
        return Answer(b"")
    body = b""
    with contextlib.suppress(binascii.Error, ValueError):
        body = base64.b64decode(headers.get(_ERROR_BODY, ""))
    return Answer(body, kind)
