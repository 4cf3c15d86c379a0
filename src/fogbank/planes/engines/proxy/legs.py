"""Connections to servers: what a client asked for is passed on to it, what was asked on its behalf is kept from it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, cast

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Target
from fogbank.planes.engines.proxy import scram, wire
from fogbank.planes.engines.proxy.sockets import CONNECT_SECONDS, connected
from fogbank.planes.engines.proxy.wire import INT

IDLE, OPEN, FAILED = b"ITE"
_TOLD = frozenset((wire.READY, wire.ERROR, wire.COPY_IN))
"""What of an answer is looked at while it is passed on."""


class Refused(Exception):
    """A server that says an error where it was asked on somebody's behalf: its code and its words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Answer:
    """What is expected of a server, until it says that it is ready."""

    __slots__ = ("done", "has_failed", "hides_ready", "is_passed", "rows", "words")

    def __init__(self, is_passed: bool, done: Callable[[Answer], None] | None = None) -> None:
        self.is_passed = is_passed
        """Whether the client gets it."""
        self.done = done
        self.hides_ready = False
        """Whether the client does not get to know that the server is ready."""
        self.has_failed = False
        self.rows: list[list[str | None]] = []
        self.words: dict[str, str] = {}


class Holder(Protocol):
    """Whoever has a leg."""

    def passed(self, leg: Leg, data: bytes) -> None:
        """The client is to get this."""

    def ended(self, leg: Leg, answer: Answer) -> None:
        """An answer to what the client asked is complete."""

    def copies(self, leg: Leg) -> None:
        """The server takes what follows as data."""

    def lost(self, leg: Leg) -> None:
        """The connection is gone."""

    def held(self, leg: Leg, is_full: bool) -> None:
        """What is written to the server piles up, or does not any longer."""


class Leg(asyncio.Protocol):
    """A connection to a server."""

    def __init__(self, holder: Holder | None, target: Target, *, is_first: bool = False) -> None:
        """`is_first`: what it says unasked is the client's too."""
        self.holder = holder
        self.target = target
        self.status = IDLE
        self.key = b""
        self.expected: deque[Answer] = deque()
        self.prepared: dict[bytes, wire.Parse] = {}
        """Statements that the server has, by name."""
        self.applied = 0
        """How much of the session's journal it has had."""
        self.is_first = is_first
        self.login: Callable[[int, bytes], None] | None = None
        """Who is told each message until somebody is logged in."""
        self.transport: asyncio.Transport
        self._rest = b""
        self._skip = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self.expected:
            answer.has_failed = True
            answer.words = {"C": "57P01", "M": "terminating connection due to administrator command"}
            if answer.done is not None:
                answer.done(answer)
        self.expected.clear()
        if self.holder is not None:
            self.holder.lost(self)

    def pause_writing(self) -> None:
        if self.holder is not None:
            self.holder.held(self, True)

    def resume_writing(self) -> None:
        if self.holder is not None:
            self.holder.held(self, False)

    def ask(self, data: bytes, done: Callable[[Answer], None] | None = None) -> None:
        """Say something on one's own behalf, which ends with the server being ready."""
        self.expected.append(Answer(False, done))
        self.transport.write(data)

    async def asked(self, data: bytes) -> Answer:
        """The answer to a question of one's own. Raises Refused."""
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def done(answer: Answer) -> None:
            if not waiting.done():
                waiting.set_result(answer)

        self.ask(data, done)
        answer = await waiting
        if answer.has_failed:
            raise Refused(answer.words.get("C", "08006"), answer.words.get("M", "the server has ended the connection"))
        return answer

    def data_received(self, data: bytes) -> None:
        at = 0
        if self._rest:
            data, self._rest = self._rest + data, b""
        elif self._skip:
            if self._skip >= len(data):
                self._skip -= len(data)
                self._pass(data)
                return
            at, self._skip = self._skip, 0
        if self.login is not None:
            self._logging_in(data)
        else:
            self._read(data, at)

    def _read(self, data: bytes, at: int) -> None:
        """Go through the messages from `at`. What is passed on is passed on in as few pieces as can be."""
        begin, end, unpack = 0, len(data), INT.unpack_from
        passes = at > 0 or self._passes()
        while end - at >= wire.HEAD_BYTES:
            kind, after = data[at], at + 1 + unpack(data, at + 1)[0]
            if passes and kind not in _TOLD:
                if after > end:
                    self._skip, at = after - end, end
                    break
                at = after
                continue
            if after > end:
                break
            if not passes:
                begin = after
            elif kind == wire.READY:
                is_hidden = self.expected and self.expected[0].hides_ready
                self._pass(data[begin : at if is_hidden else after])
                begin = after
            body = data[at + wire.HEAD_BYTES : after]
            at = after
            self._told(kind, body)
            passes = self._passes()
        if at > begin:
            self._pass(data[begin:at])
        if at < end:
            self._rest = data[at:]

    def _passes(self) -> bool:
        """Whether what the server says now is for the client: also what it says unasked, if it is the client's own."""
        return self.expected[0].is_passed if self.expected else self.is_first

    def _pass(self, data: bytes) -> None:
        if self.holder is not None and data:
            self.holder.passed(self, data)

    def _told(self, kind: int, body: bytes) -> None:
        if kind == wire.READY:
            self.status = body[0]
            if not self.expected:
                return
            answer = self.expected.popleft()
            if answer.done is not None:
                answer.done(answer)
            elif answer.is_passed and self.holder is not None:
                self.holder.ended(self, answer)
        elif not self.expected:
            return
        elif kind == wire.ERROR:
            self.expected[0].has_failed = True
            if not self.expected[0].is_passed:
                self.expected[0].words = wire.fields(body)
        elif kind == wire.ROW:
            self.expected[0].rows.append(wire.row(body))
        elif kind == wire.COPY_IN and self.holder is not None:
            self.holder.copies(self)

    def _logging_in(self, data: bytes) -> None:
        at = 0
        while self.login is not None and len(data) - at >= wire.HEAD_BYTES:
            after = at + 1 + INT.unpack_from(data, at + 1)[0]
            if after > len(data):
                break
            self.login(data[at], data[at + wire.HEAD_BYTES : after])
            at = after
        if self.login is None and at < len(data):
            self._read(data[at:], 0)
        else:
            self._rest = data[at:]


class Credential(NamedTuple):
    """Who logs in, and by what: a password, or what has been heard of another login, and the verifier it answers to."""

    user: str
    password: str = ""
    heard: scram.Heard | None = None
    verifier: str = ""

    def key(self, server_first: str) -> bytes:
        """Raises scram.Failed."""
        if self.heard is not None:
            return self.heard.key(self.verifier)
        return scram.key_of(self.password, server_first)


class _Login:
    """A login of our own."""

    def __init__(self, leg: Leg, credential: Credential) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leg = leg
        self._credential = credential
        self._scram = scram.Login(secrets.token_urlsafe(18))

    def __call__(self, kind: int, body: bytes) -> None:
        if self.ready.done():
            return
        if kind == wire.AUTHENTICATION:
            try:
                self._authenticate(INT.unpack_from(body)[0], body[4:])
            except scram.Failed as error:
                self.ready.set_exception(Refused("28000", str(error)))
        elif kind == wire.ERROR:
            said = wire.fields(body)
            self.ready.set_exception(Refused(said.get("C", "08006"), said.get("M", "")))
        elif kind == wire.KEY:
            self._leg.key = body
        elif kind == wire.READY:
            self._leg.login = None
            self.ready.set_result(None)

    def _authenticate(self, step: int, body: bytes) -> None:
        if step == wire.CLEARTEXT:
            self._say(self._credential.password.encode() + b"\0")
        elif step == wire.SASL:
            first = self._scram.first.encode()
            self._say(scram.MECHANISM.encode() + b"\0" + INT.pack(len(first)) + first)
        elif step == wire.SASL_CONTINUE:
            said = body.decode()
            self._say(self._scram.final(said, self._credential.key(said)).encode())
        elif step not in (wire.DONE, wire.SASL_FINAL):
            raise scram.Failed(f"the server wants an authentication ({step}) that cannot be forwarded")

    def _say(self, body: bytes) -> None:
        self._leg.transport.write(wire.message(wire.PASSWORD, body))


async def opened(leg: Leg, paths: Mapping[str, str], startup: bytes, credential: Credential) -> Leg:
    """A leg that is connected and logged in. Raises OSError, WorldError, TimeoutError, Refused."""
    login = _Login(leg, credential)
    leg.login = login
    await connected(leg.target, paths, lambda: leg)
    leg.transport.write(startup)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await login.ready
    except BaseException:
        leg.holder = None
        leg.transport.abort()
        raise
    return leg


async def cancel(target: Target, paths: Mapping[str, str], key: bytes) -> None:
    """Have a server cancel what the session with this key runs; nothing happens where it cannot be reached."""
    ended = asyncio.Event()
    with contextlib.suppress(OSError, WorldError, TimeoutError):
        leg = await connected(target, paths, lambda: _Told(ended))
        leg.transport.write(wire.cancel(key))
        async with asyncio.timeout(CONNECT_SECONDS):
            await ended.wait()


class _Told(asyncio.Protocol):
    """A connection whose end says that the server has done what it was told."""

    transport: asyncio.Transport

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()
