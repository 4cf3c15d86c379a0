"""One HTTP/1.1 connection: bytes in, requests to the application, answers out in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any, cast

import httptools

from fogbank.codec.message import Response
from fogbank.gateway.body import BodyPlan, BodyStream, stream_error
from fogbank.gateway.head import (
    Received,
    Upgrade,
    head_problem,
    named,
    oversize,
    plain,
    response_head,
    split_target,
    without_upgrade,
)

if TYPE_CHECKING:
    from fogbank.gateway.server import Server

_log = logging.getLogger("fogbank.gateway")
_ONCE_ONLY = frozenset({"host", "authorization"})
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_ONE_WRITE_BYTES = 64 * 1024
_HEAD_SLICE_BYTES = 8 * 1024
_BODY_SLICE_BYTES = 64 * 1024
_REPEATS_MAX = 256
_LINGER_BYTES_MAX = 16 * 1024 * 1024
_NEVER = float("inf")


class _Stop(Exception):
    """Raised out of the parser's callbacks: nothing after this byte is a request."""


class Connection(asyncio.Protocol):
    """Parses, bounds and times one client. At most one request is being answered; later ones wait in `_queue`."""

    def __init__(self, server: Server, listener: str = "") -> None:
        self.deadline = _NEVER
        self._server = server
        self._app = server.app
        self._limits = server.limits
        self._loop = server.loop
        self._listener = listener
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._parser: Any = None
        self._peer = self._local = "127.0.0.1"
        self._tls = False
        # the head that is being read
        self._url = self._again = b""
        self._headers: dict[str, str] = {}
        self._head_open = False
        self._head_until = 0.0
        self._pending = self._repeats = 0
        # the body that is being read
        self._parsing: Received | None = None
        self._parts: list[bytes] = []
        self._stream: BodyStream | None = None
        self._body_max = self._body_bytes = self._fed_bytes = 0
        self._left: int | None = 0
        self._discarding = self._continue_due = False
        self._upgrade: tuple[Upgrade, Received] | None = None
        # the answers
        self._current: Received | None = None
        self._task: asyncio.Task[None] | None = None
        self._result: Response | Awaitable[Response] | None = None
        self._queue: deque[tuple[Received, Response | None]] = deque()
        self._refusal: Response | None = None
        self._held = b""
        self._deaf = False  # the answers that are due still leave, but no byte is read as HTTP any more
        self._closing = self._lagging = self._write_paused = False
        self._reading = True
        self._drained: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._peer = peer[0] if isinstance(peer, tuple) else self._peer
        self._local = local[0] if isinstance(local, tuple) else self._local
        self._tls = transport.get_extra_info("ssl_object") is not None
        self._parser = httptools.HttpRequestParser(self)
        self.deadline = self._loop.time() + self._limits.idle_seconds
        if not self._server.admit(self):
            self._refuse(plain(503, "Too many connections."))

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._parser = None
        self._queue.clear()
        self._server.leave(self)
        if self._stream is not None:
            self._stream.fail(ConnectionResetError("the client left"))
        if self._task is not None:
            # Cancelled before its first step it never awaits what the application returned: that is closed then.
            self._task.add_done_callback(self._abandon)
            self._task.cancel()
        self.resume_writing()

    def _abandon(self, _: object) -> None:
        if asyncio.iscoroutine(self._result):
            self._result.close()

    def pause_writing(self) -> None:
        self._write_paused = True
        self._rearm()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._advance()

    def eof_received(self) -> bool:
        """A client that closes its half has left, as with most servers: its waiting calls are cancelled."""
        if not self._closing and (self._head_open or self._parsing is not None) and self._current is None:
            self._refuse(plain(400, "The request ended early."))
        return False

    def data_received(self, data: bytes) -> None:
        if self._closing or self._deaf:
            self._pending += len(data)
            if self._pending > _LINGER_BYTES_MAX:
                self._transport.abort()
            return
        if self._held:
            self._held += data
            return
        if len(data) <= _HEAD_SLICE_BYTES or (self._left or 0) >= len(data):
            self._feed(data)
        else:
            self._feed_slices(data)
        if not self._closing:
            self._rearm()

    def _feed_slices(self, data: bytes) -> None:
        # A segment full of tiny requests must not become a queue of thousands: it is fed in slices, the rest is held.
        view = memoryview(data)
        while view and not self._closing and not self._deaf:
            if len(self._queue) >= self._limits.pipeline_max:
                break
            size = _HEAD_SLICE_BYTES if self._parsing is None else max(_BODY_SLICE_BYTES, self._left or 0)
            self._feed(view[:size])
            view = view[size:]
        self._held = b"" if self._closing or self._deaf else bytes(view)
        self._steer_reading()

    def _feed(self, data: bytes | memoryview) -> None:
        served, size = self._server.requests_total, len(data)
        self._pending = self._pending + size if self._parsing is None else 0
        self._fed_bytes += size
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(bytes(data[upgrade.args[0] :]))
        except httptools.HttpParserCallbackError as error:
            self._stop_on(error)
        except httptools.HttpParserError as error:
            self._refuse(plain(400, f"{error}."))
        else:
            self._check_bounds(moved=self._server.requests_total != served)

    def _stop_on(self, error: Exception) -> None:
        if self._refusal is None and not self._closing and not isinstance(error.__context__, _Stop):
            _log.error("connection from %s broke", self._peer, exc_info=error.__context__)
            self._refusal = plain(500)
        if self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            self._refuse(refusal)

    def _check_bounds(self, moved: bool) -> None:
        """Bound what the parser keeps for itself: an endless head, chunk extensions, trailers."""
        if self._closing:
            return
        bound = self._limits.head_bytes_max
        if self._parsing is None:
            if moved:
                self._pending = 0
            elif self._pending > bound:
                self._refuse(plain(414 if len(self._url) > self._limits.target_bytes_max else 431))
        elif self._left is None and self._fed_bytes > bound + 8 * self._body_bytes + _BODY_SLICE_BYTES:
            self._refuse(plain(400, "The chunked body is mostly framing."))

    def on_message_begin(self) -> None:
        self._head_open = True
        self._head_until = 0.0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        lower, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        headers = self._headers if self._parsing is None else self._parsing.trailers
        if lower not in headers:
            headers[lower] = text
            return
        self._repeats += 1
        if lower in _ONCE_ONLY or self._repeats > _REPEATS_MAX:
            self._refusal = plain(400 if lower in _ONCE_ONLY else 431, "A header is repeated.")
            raise _Stop
        headers[lower] += (", " if lower == "transfer-encoding" else ",") + text

    def on_headers_complete(self) -> None:
        if self._closing:
            raise _Stop
        self._server.requests_total += 1
        self._head_open = False
        request = self._request()
        self._refusal = oversize(request, self._pending, self._limits) or head_problem(request)
        if self._refusal is not None:
            raise _Stop
        headers = request.headers
        if "upgrade" in headers and self._parser.should_upgrade() and self._meets_upgrade(request):
            return
        length = headers.get("content-length")
        self._left = None if "transfer-encoding" in headers else int(length or 0)
        self._parsing = request
        self._body_bytes = self._fed_bytes = 0
        self._plan_body(request)
        if self._closing or self._refusal is not None:
            raise _Stop

    def _request(self) -> Received:
        parser, headers, url = self._parser, self._headers, self._url.decode("latin-1")
        self._headers, self._url, self._repeats = {}, b"", 0
        path, query = split_target(url, headers)
        return Received(
            method=parser.get_method().decode("latin-1"),
            path=path,
            query=query,
            headers=headers,
            peer=self._peer,
            tls=self._tls,
            version=parser.get_http_version(),
            keep_alive=parser.should_keep_alive(),
            listener=self._listener,
            local=self._local,
        )

    def _meets_upgrade(self, request: Received) -> bool:
        """Note what `_switch` does once the parser has let go of this head; always True, or out by _Stop."""
        if "h2c" in {token.strip().lower() for token in request.headers["upgrade"].split(",")}:
            # RFC 9110 section 7.8 lets a server ignore Upgrade; Java's and curl's offers of h2c must not fail. llhttp
            # would take the body for the other protocol, so the head is read again without the offer.
            self._again = without_upgrade(request)
            self._server.requests_total -= 1
            return True
        verdict = self._ask_head(request)
        bare = request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers
        if isinstance(verdict, Upgrade) and bare and self._current is None and not self._queue:
            self._upgrade = verdict, request
            return True
        self._refusal = verdict if isinstance(verdict, Response) else plain(501, "This upgrade is not implemented.")
        raise _Stop

    def _ask_head(self, request: Received) -> BodyPlan | Response | Upgrade:
        try:
            return self._app.head(request)
        except Exception as error:
            return self._failure(request, error)

    def _plan_body(self, request: Received) -> None:
        plan = self._ask_head(request)
        if not isinstance(plan, BodyPlan):
            refusal = plan if isinstance(plan, Response) else plain(501)
            self._refuse_body(request, refusal)
            return
        limit = plan.bytes_max if plan.stream else min(plan.bytes_max, self._limits.body_bytes_max)
        if self._left is not None and self._left > limit:
            self._refuse_body(request, plain(413))
            return
        self._body_max = limit
        expects = self._left != 0 and request.version == "1.1" and "expect" in request.headers
        if plan.stream:
            self._stream = request.stream = BodyStream(self._loop, self._body_lags, self._body_wanted)
        if expects:
            self._continue_due = True
            if plan.continue_at_once or not plan.stream:
                self._continue(request)
        if plan.stream:
            self._offer(request)

    def _refuse_body(self, request: Received, refusal: Response) -> None:
        named(refusal, self._server.new_id)
        # A client that expects a 100 may send the body or not: then its next byte could be either's.
        certain = self._left is not None and (self._left == 0 or "expect" not in request.headers)
        if not certain or self._left is None or self._left > self._limits.drain_bytes_max:
            self._refusal = refusal
            return
        self._discarding = True
        self._offer(request, refusal)

    def on_body(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)
        self._body_bytes += len(data)
        self._continue_due = False
        if self._discarding:
            return
        if self._body_bytes > self._body_max:
            self._refusal = plain(413)
            raise _Stop
        if self._stream is not None:
            self._stream.feed(data)
        else:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        request, self._parsing, self._pending = self._parsing, None, 0
        self._continue_due = False
        self._left = 0
        if request is None:
            return  # the end of a head that asks for an upgrade
        if self._discarding:
            self._discarding = False
        elif self._stream is not None:
            stream, self._stream = self._stream, None
            stream.end(request.trailers)
        else:
            parts = self._parts
            if parts:
                request.body = parts[0] if len(parts) == 1 else b"".join(parts)
                self._parts = []
            self._offer(request)

    def _body_lags(self, lagging: bool) -> None:
        self._lagging = lagging
        self._steer_reading()

    def _body_wanted(self) -> None:
        if self._continue_due and self._current is not None:
            self._continue(self._current)
        self._rearm()

    def _continue(self, request: Received) -> None:
        if self._queue or (self._current is not None and self._current is not request):
            return  # a 100 would be read as the answer before it; _advance comes back to it
        self._continue_due = False
        self._transport.write(_CONTINUE)

    def _offer(self, request: Received, ready: Response | None = None) -> None:
        if self._current is None and not self._queue and not self._write_paused:
            self._serve(request, ready)
        else:
            self._queue.append((request, ready))
            self._steer_reading()

    def _serve(self, request: Received, ready: Response | None) -> None:
        self._current = request
        result: Response | Awaitable[Response]
        try:
            result = ready or self._app(request)
            if type(result) is Response and type(result.body) is bytes:
                persist = self._persists(request)
                self._write_whole(request, result, persist)
                self._answered(request, persist)
                return
        except Exception as error:
            result = self._failure(request, error)
        self._result = result
        self._task = self._loop.create_task(self._answer(request, result))

    async def _answer(self, request: Received, result: Response | Awaitable[Response]) -> None:
        try:
            response = result if isinstance(result, Response) else await result
            if not isinstance(response, Response):
                raise TypeError(f"the application answered with {type(response).__name__}")
        except asyncio.CancelledError:
            self._transport.abort()  # the client has left, the loop ends, or the call was cancelled from inside
            raise
        except Exception as error:
            response = self._failure(request, error)
        if self._transport.is_closing():
            return
        persist = self._persists(request)
        try:
            if isinstance(response.body, bytes):
                self._write_whole(request, response, persist)
            else:
                persist = await self._write_parts(request, response, persist)
        except Exception as error:
            if not self._transport.is_closing():
                _log.error("answer to %s %s broke off", request.method, request.path, exc_info=error)
            self._transport.abort()
            return
        self._task = self._result = None
        self._answered(request, persist)
        self._advance()

    def _persists(self, request: Received) -> bool:
        if not request.keep_alive or self._server.stopping or self._closing:
            return False
        if self._parsing is not request:
            return True
        # The answer overtakes its body: a short rest is read and dropped, a long or uncertain one costs the connection.
        return self._left is not None and self._left <= self._limits.drain_bytes_max and not self._continue_due

    def _tail(self, request: Received, persist: bool) -> str:
        if not persist:
            return self._server.lines() + "Connection: close\r\n"
        return self._server.lines() + ("Connection: keep-alive\r\n" if request.version == "1.0" else "")

    def _write_whole(self, request: Received, response: Response, persist: bool) -> None:
        body = cast(bytes, response.body)
        head, length = response_head(response, len(body), self._tail(request, persist))
        if request.method == "HEAD" or response.status == 304 or length is None:
            body = b""
        elif length != len(body):
            raise ValueError(f"content-length {length} with a body of {len(body)} bytes")
        if len(body) <= _ONE_WRITE_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    async def _write_parts(self, request: Received, response: Response, persist: bool) -> bool:
        """Send an iterator's parts as fast as the client takes them; whether the connection may go on."""
        parts = cast(AsyncIterator[bytes], response.body)
        try:
            stated = any(name.lower() == "content-length" for name, _ in response.headers)
            bare = request.method == "HEAD" or response.status in (204, 304)
            chunked = not stated and request.version == "1.1"
            persist = persist and (stated or chunked or bare)
            tail = self._tail(request, persist)
            if chunked and response.status not in (204, 304):
                tail += "Transfer-Encoding: chunked\r\n"
            head, length = response_head(response, None, tail)
            self._transport.write(head)
            if not bare:
                await self._write_body(parts, length, chunked)
        finally:
            close = getattr(parts, "aclose", None)
            if close is not None:
                await close()
        return persist

    async def _write_body(self, parts: AsyncIterator[bytes], length: int | None, chunked: bool) -> None:
        sent, write = 0, self._transport.write
        async for part in parts:
            if not part:
                continue
            sent += len(part)
            if length is not None and sent > length:
                raise ValueError(f"a body of more than its {length} bytes")
            write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            while self._write_paused and not self._transport.is_closing():
                self._drained = self._loop.create_future()
                await self._drained
            if self._transport.is_closing():
                raise ConnectionResetError("the client left")
        if length is not None and sent != length:
            raise ValueError(f"a body of {sent} of its {length} bytes")
        if chunked:
            write(b"0\r\n\r\n")

    def _answered(self, request: Received, persist: bool) -> None:
        self._current = None
        if self._parsing is request:
            # What is left of this body belongs to nobody.
            self._discarding = True
            if self._stream is not None:
                self._stream.fail(ConnectionAbortedError("the request is answered"))
                self._stream = None
        if not persist:
            self._finish_closing(linger=self._parsing is not None)

    def _advance(self) -> None:
        """After an answer: the next waiting request, then the bytes that were held back."""
        while self._queue and self._current is None and not self._write_paused and not self._closing:
            self._serve(*self._queue.popleft())
        if self._closing:
            return
        if self._continue_due and self._stream is None and self._parsing is not None:
            self._continue(self._parsing)
        if self._held and len(self._queue) < self._limits.pipeline_max:
            self._loop.call_soon(self._feed_held)
        self._steer_reading()
        self._rearm()

    def _feed_held(self) -> None:
        data, self._held = self._held, b""
        if data and not self._closing:
            self._feed_slices(data)
            self._steer_reading()
            self._rearm()

    def _failure(self, request: Received, error: Exception) -> Response:
        request_id = self._server.new_id()
        _log.error("%s %s failed, request id %s", request.method, request.path, request_id, exc_info=error)
        return plain(500, request_id=request_id)

    def _steer_reading(self) -> None:
        """Read only while what has been read is also consumed."""
        full = len(self._queue) >= self._limits.pipeline_max
        wanted = self._closing or not (self._lagging or self._held or self._deaf or full)
        if wanted == self._reading or self._transport.is_closing():
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _rearm(self) -> None:
        """Set the time (of the loop) at which the server calls `expire`."""
        if self._closing:
            return
        now, limits = self._loop.time(), self._limits
        if self._write_paused:
            self.deadline = now + limits.write_seconds
        elif self._parsing is not None and not self._deaf:
            idle = self._stream is not None and not self._stream.is_awaited
            self.deadline = _NEVER if idle else now + limits.body_seconds
        elif self._current is not None or self._queue:
            self.deadline = _NEVER
        elif self._head_open:
            self._head_until = self._head_until or now + limits.head_seconds
            self.deadline = self._head_until
        else:
            self.deadline = now + limits.idle_seconds

    def expire(self) -> None:
        """The deadline has passed: end what stalls."""
        self.deadline = _NEVER
        if self._write_paused or self._closing:
            self._transport.abort()
        elif not (self._head_open or self._parsing is not None):
            self._finish_closing(linger=False)
        else:
            self._refuse(plain(408))

    def drain(self) -> None:
        """The server stops: leave at once when idle, else with the answer that is due."""
        if self._current is None and not self._queue and self._parsing is None and not self._write_paused:
            self._finish_closing(linger=False)

    def abort(self) -> None:
        """Reset."""
        self._transport.abort()

    def _refuse(self, refusal: Response) -> None:
        """Answer what is no request (or too much of one) after the answers that are due, then close."""
        if self._closing:
            return
        named(refusal, self._server.new_id)
        request = self._parsing or Received("GET", "/", "", {})
        request.keep_alive = False
        self._deaf, self._head_open, self._held, self._parts = True, False, b"", []
        self._steer_reading()
        self._parsing, self._left = request, None
        if self._discarding:  # it has its answer, or that is on its way
            if self._current is None and not self._queue:
                self._finish_closing(linger=True)
        elif self._stream is None:
            self._offer(request, refusal)
        else:
            self._stream.fail(stream_error(refusal.status))  # the application answers

    def _finish_closing(self, linger: bool) -> None:
        self._closing = True
        self._queue.clear()
        self._held, self._pending = b"", 0
        self.deadline = self._loop.time() + (self._limits.linger_seconds if linger else self._limits.write_seconds)
        if not linger:
            self._transport.close()
            return
        # Closing with unread bytes resets the connection, and the client may lose the answer: read and drop a while.
        self._steer_reading()
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def _switch(self, rest: bytes) -> None:
        """Hand the transport to the upgraded protocol, or go on in HTTP/1.1 where an offer of h2c was ignored."""
        upgrade, self._upgrade = self._upgrade, None
        if self._closing:
            return
        if upgrade is None:
            self._parser = httptools.HttpRequestParser(self)
            again, self._again = self._again, b""
            self._feed(again + rest)
            return
        (headers, connect), request = upgrade
        head, _ = response_head(Response(101, headers), None, self._server.lines() + "Connection: upgrade\r\n")
        protocol = connect(request)
        self._closing = True
        self._server.leave(self, upgraded=self._transport)
        self._transport.write(head)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if rest:
            protocol.data_received(rest)
