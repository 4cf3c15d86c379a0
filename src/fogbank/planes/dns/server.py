"""Servers of DNS on sockets that others made: UDP, and TCP for what is longer."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any

from fogbank.planes.dns import message
from fogbank.planes.dns.message import Answer, Malformed, Query

_LOG = logging.getLogger("fogbank.dns")
_IDLE_SECONDS = 10.0
_LENGTH = struct.Struct("!H")
Answers = Callable[[Query, str], Answer]
"""Told a question and the address that asks; called on the loop, and must not wait."""


async def serve(sock: socket.socket, answers: Answers) -> Callable[[], None]:
    """Answer on a bound socket until the returned function is called. The socket's kind says which transport it is."""
    loop = asyncio.get_running_loop()
    if sock.type == socket.SOCK_DGRAM:
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(answers), sock=sock)
        return transport.close
    server = await loop.create_server(lambda: _Stream(answers), sock=sock)
    return server.close


def answered(data: bytes, asker: str, answers: Answers, *, is_stream: bool) -> bytes | None:
    """The bytes of an answer; None for what deserves none (it is no question at all)."""
    try:
        query = message.parsed(data)
    except Malformed as error:
        return None if error.id is None else message.refused(error.id, message.FORMERR)
    if query.opcode:
        return message.written(query, Answer(message.NOTIMP, authoritative=False))
    if query.klass != message.IN or query.type in (message.AXFR, message.IXFR):
        return message.written(query, Answer(message.REFUSED, authoritative=False))
    try:
        answer = answers(query, asker)
        return message.written(query, answer, size_max=65535 if is_stream else query.payload)
    except Exception:
        _LOG.exception("%s asked by %s could not be answered", query.name, asker)
        return message.written(query, Answer(message.SERVFAIL, authoritative=False))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        said = answered(data, addr[0], self._answers, is_stream=False)
        if said is not None:
            self._transport.sendto(said, addr)


class _Stream(asyncio.Protocol):
    """Messages with their length before them, any number in a connection (RFC 7766); idle ones are closed."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._buffer = bytearray()
        self._transport: asyncio.Transport
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._wait()
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if len(self._buffer) < _LENGTH.size + length:
                return
            query = bytes(self._buffer[_LENGTH.size : _LENGTH.size + length])
            del self._buffer[: _LENGTH.size + length]
            asker = self._transport.get_extra_info("peername")[0]
            said = answered(query, asker, self._answers, is_stream=True)
            if said is None:
                self._transport.close()
                return
            self._transport.write(_LENGTH.pack(len(said)) + said)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle is not None:
            self._idle.cancel()

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._transport.close)
