"""Servers of DNS on sockets that others made: UDP, and TCP for what is longer."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from fogbank.planes.dns import message
from fogbank.planes.dns.limits import Limiter, Verdict
from fogbank.planes.dns.message import Answer, Malformed, Query
from fogbank.planes.dns.plans import Plan, Plans, identity

_LOG = logging.getLogger("fogbank.dns")
_IDLE_SECONDS = 10.0
_CONNECTIONS_MAX = 512
"""On one socket; whoever has been silent for longest goes first."""
_BATCH = 64
"""How many datagrams are answered before the loop sees to others."""
_DATAGRAM_BYTES_MAX = 2048
"""More than any question has."""
_ID_BYTES = 2
_LENGTH = struct.Struct("!H")
Answers = Callable[[Query, str], Answer]
"""Told a question and the address that asks; called on the loop, and must not wait."""


class Ahead(Protocol):
    """Whoever plans answers ahead, for UDP without signatures."""

    def plans(self) -> Plans:
        """What was planned, as far as it holds; asked for anew whenever the loop comes round."""

    def plan(self, query: Query, asker: str) -> Plan | None:
        """A plan for a question, or None for one that has to be answered each time."""


class Terms(NamedTuple):
    """How a socket is served."""

    ahead: Ahead | None = None
    limiter: Limiter | None = None


async def serve(sock: socket.socket, answers: Answers, terms: Terms = Terms()) -> Callable[[], None]:  # noqa: B008
    """Answer on a bound socket until the returned function is called. The socket's kind says which transport it is."""
    loop = asyncio.get_running_loop()
    if sock.type == socket.SOCK_DGRAM:
        datagrams = _Datagrams(sock, Desk(answers, terms))
        loop.add_reader(sock, datagrams.ready)
        return lambda: _close(loop, sock)
    crowd = _Crowd()
    server = await loop.create_server(lambda: _Stream(answers, crowd), sock=sock)
    return lambda: _leave(server, crowd)


def _close(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    if sock.fileno() >= 0:
        loop.remove_reader(sock)
        sock.close()


def _leave(server: asyncio.AbstractServer, crowd: _Crowd) -> None:
    server.close()
    crowd.leave()


def answered(data: bytes, asker: str, answers: Answers, *, is_stream: bool) -> bytes | None:
    """The bytes of an answer; None for what deserves none (it is no question at all)."""
    try:
        query = message.parsed(data)
    except Malformed as error:
        return None if error.id is None else message.refused(error.id, error.code)
    query = query._replace(is_stream=True) if is_stream else query
    return _written(query, _answer(query, asker, answers), is_stream=is_stream)


def _answer(query: Query, asker: str, answers: Answers) -> Answer:
    refusal = _refusal(query)
    if refusal:
        return Answer(refusal, authoritative=False)
    try:
        return answers(query, asker)
    except Exception:
        _LOG.exception("%s asked by %s could not be answered", query.name, asker)
        return Answer(message.SERVFAIL, authoritative=False)


def _refusal(query: Query) -> int:
    """The code for what is answered to nobody: other messages than queries, other classes, transfers of zones."""
    if query.opcode:
        return message.NOTIMP
    if query.version:
        return message.BADVERS
    return message.REFUSED if query.klass != message.IN or query.type in (message.AXFR, message.IXFR) else 0


def _written(query: Query, answer: Answer, *, is_stream: bool) -> bytes:
    try:
        return message.written(query, answer, size_max=65535 if is_stream else query.payload)
    except Exception:
        _LOG.exception("%s could not be answered", query.name)
        return message.written(query, Answer(message.SERVFAIL, authoritative=False))


class Desk:
    """What datagrams are answered with: out of what was planned where there is a plan, and within the limits."""

    def __init__(self, answers: Answers, terms: Terms) -> None:
        self._answers = answers
        self._ahead, self._limiter = terms

    def plans(self) -> Plans | None:
        """What holds until the loop comes round again."""
        return self._ahead.plans() if self._ahead is not None else None

    def said(self, data: bytes, asker: str, plans: Plans | None) -> bytes:
        """The answer to a datagram; empty for what deserves none, and for what is over the limit."""
        plan = plans.found(data[_ID_BYTES:]) if plans is not None else None
        return self._considered(data, asker, plans) if plan is None else self._by(plan, data, asker)

    def _by(self, plan: Plan, data: bytes, asker: str) -> bytes:
        try:
            said = data[:_ID_BYTES] + (plan.fixed or plan.said(asker))
        except Exception:
            _LOG.exception("a question by %s could not be answered", asker)
            return self._considered(data, asker, None)
        return said if self._limiter is None else self._limited(said, asker, plan.identity)

    def _considered(self, data: bytes, asker: str, plans: Plans | None) -> bytes:
        """The answer to what was not asked before in just these bytes."""
        try:
            query = message.parsed(data)
        except Malformed as error:
            said = b"" if error.id is None else message.refused(error.id, error.code)
            return said and self._limited(said, asker, "malformed")
        plan = self._planned(query, asker) if plans is not None else None
        if plan is not None and plans is not None:
            plans.keep(data[_ID_BYTES:], plan)
            return self._by(plan, data, asker)
        answer = _answer(query, asker, self._answers)
        return self._limited(_written(query, answer, is_stream=False), asker, identity(query, answer))

    def _planned(self, query: Query, asker: str) -> Plan | None:
        if self._ahead is None or _refusal(query):
            return None
        try:
            return self._ahead.plan(query, asker)
        except Exception:
            _LOG.exception("%s asked by %s could not be answered", query.name, asker)
            return None

    def _limited(self, said: bytes, asker: str, about: str) -> bytes:
        verdict = self._limiter.verdict(asker, about) if self._limiter is not None else Verdict.SENT
        if verdict is Verdict.SENT:
            return said
        return message.cut(said) if verdict is Verdict.CUT else b""


class _Datagrams:
    """Answers what has come, so many at a time: a call of the loop costs more than an answer."""

    def __init__(self, sock: socket.socket, desk: Desk) -> None:
        self._sock = sock
        self._desk = desk

    def ready(self) -> None:
        receive, send, said = self._sock.recvfrom, self._sock.sendto, self._desk.said
        plans = self._desk.plans()
        for _ in range(_BATCH):
            try:
                data, address = receive(_DATAGRAM_BYTES_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # What the network says of an answer that went before.
                continue
            answer = said(data, address[0], plans)
            try:
                if answer:
                    send(answer, address)
            except OSError:
                # Nobody is told of a datagram that is lost; whoever asked asks again.
                continue


class _Crowd:
    """The connections of one socket, the one that said something last at the end."""

    def __init__(self) -> None:
        self._ones: dict[_Stream, None] = {}

    def heard(self, one: _Stream) -> None:
        self._ones.pop(one, None)
        self._ones[one] = None
        if len(self._ones) > _CONNECTIONS_MAX:
            next(iter(self._ones)).leave()

    def gone(self, one: _Stream) -> None:
        self._ones.pop(one, None)

    def leave(self) -> None:
        for one in list(self._ones):
            one.leave()


class _Stream(asyncio.Protocol):
    """Messages with their length before them, any number in a connection (RFC 7766, section 6.2.1).

    Whoever sends no whole message for a while, or takes no answers, is let go of.
    """

    def __init__(self, answers: Answers, crowd: _Crowd) -> None:
        self._answers = answers
        self._crowd = crowd
        self._buffer = bytearray()
        self._transport: asyncio.Transport
        self._idle: asyncio.TimerHandle | None = None
        self._is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._heard()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._answer()

    def pause_writing(self) -> None:
        self._is_full = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self._transport.resume_reading()
        self._answer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.gone(self)
        if self._idle is not None:
            self._idle.cancel()

    def leave(self) -> None:
        """Close at once, whatever is left to be said."""
        self._crowd.gone(self)
        self._transport.abort()

    def _answer(self) -> None:
        at, buffer = 0, self._buffer
        while not self._is_full and not self._transport.is_closing() and len(buffer) >= at + _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, at)
            end = at + _LENGTH.size + length
            if len(buffer) < end:
                break
            peer: Any = self._transport.get_extra_info("peername")
            said = answered(bytes(buffer[at + _LENGTH.size : end]), peer[0], self._answers, is_stream=True)
            at = end
            if said is None:
                self._transport.close()
                return
            self._transport.write(_LENGTH.pack(len(said)) + said)
        if at:
            del buffer[:at]
            self._heard()

    def _heard(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self.leave)
        self._crowd.heard(self)
