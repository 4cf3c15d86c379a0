"""LDAP (RFC 4511) as far as a login needs it: simple binds, each said yes or no to; nothing else is served."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import NamedTuple

_LOG = logging.getLogger("fogbank.ldap")
MESSAGE_BYTES_MAX = 1 << 16
_CLIENTS_MAX = 256
_IDLE_SECONDS = 10.0
_VERSION = 3
_SEQUENCE, _INTEGER, _OCTETS, _ENUMERATED = 0x30, 0x02, 0x04, 0x0A
_BIND, _BOUND, _UNBIND, _ABANDON, _EXTENDED = 0x60, 0x61, 0x42, 0x50, 0x78
_SIMPLE = 0x80
_DISCONNECTION = b"1.3.6.1.4.1.1466.20036"
SUCCESS, PROTOCOL_ERROR, METHOD_NOT_SUPPORTED, INVALID, UNWILLING, OTHER = 0, 2, 7, 49, 53, 80
Check = Callable[[str, str], bool]
"""Told a name and a password; called on the loop, and must not wait."""


class Malformed(Exception):
    """What came is no LDAP message."""


class Asked(NamedTuple):
    """A message: what it asks (the tag of its operation), and of a bind the version, the name and the password."""

    id: int
    operation: int
    version: int = 0
    name: str = ""
    password: str | None = None
    """None for another method than the simple one."""


async def serve(sock: socket.socket, check: Check) -> Callable[[], None]:
    """Answer on a bound socket until the returned function is called; sessions in hand end by themselves."""
    clients: set[_Client] = set()
    server = await asyncio.get_running_loop().create_server(lambda: _Client(check, clients), sock=sock)
    return server.close


def taken(data: bytes) -> tuple[Asked, int] | None:
    """The first message, and how many bytes it has; None until all of it is there. Raises Malformed."""
    head = _head(data, 0, len(data))
    if head is None:
        return None
    tag, at, end = head
    if tag != _SEQUENCE or end > MESSAGE_BYTES_MAX:
        raise Malformed(f"no message begins with {tag:#x}, or one of {end} bytes")
    if len(data) < end:
        return None
    tag, number, at = _element(data, at, end)
    if tag != _INTEGER or not 1 <= len(number) <= 4:
        raise Malformed("no message id")
    operation, body, _ = _element(data, at, end)
    asked = Asked(int.from_bytes(number, "big", signed=True), operation)
    return (_bind(asked, body) if operation == _BIND else asked), end


def _bind(asked: Asked, body: bytes) -> Asked:
    tag, version, at = _element(body, 0, len(body))
    kind, name, at = _element(body, at, len(body))
    method, secret, _ = _element(body, at, len(body))
    if (tag, kind) != (_INTEGER, _OCTETS) or len(version) != 1:
        raise Malformed("no bind request")
    try:
        password = secret.decode() if method == _SIMPLE else None
        return asked._replace(version=version[0], name=name.decode(), password=password)
    except UnicodeDecodeError as error:
        raise Malformed(str(error)) from None


def _head(data: bytes, at: int, end: int) -> tuple[int, int, int] | None:
    """The tag of an element, and where its content begins and ends; None where that is not there yet."""
    if end - at < 2:
        return None
    tag, size = data[at], data[at + 1]
    at += 2
    if size & 0x80:
        count = size & 0x7F
        # No indefinite lengths, says RFC 4511, section 5.1.
        if not 1 <= count <= 4:
            raise Malformed(f"a length of {count} bytes")
        if end - at < count:
            return None
        size = int.from_bytes(data[at : at + count], "big")
        at += count
    return tag, at, at + size


def _element(data: bytes, at: int, end: int) -> tuple[int, bytes, int]:
    """The tag and the content of an element within another, and where the next begins."""
    head = _head(data, at, end)
    if head is None or head[2] > end:
        raise Malformed("an element is longer than what it is in")
    tag, start, stop = head
    return tag, data[start:stop], stop


def _written(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def answer(id: int, code: int, text: str = "", *, operation: int = _BOUND) -> bytes:
    """A result with this code; by default of a bind."""
    result = _written(_ENUMERATED, bytes([code])) + _written(_OCTETS, b"") + _written(_OCTETS, text.encode())
    if operation == _EXTENDED:
        result += _written(0x8A, _DISCONNECTION)
    number = id.to_bytes(5, "big", signed=True).lstrip(b"\0") or b"\0"
    number = b"\0" + number if number[0] & 0x80 and id > 0 else number
    return _written(_SEQUENCE, _written(_INTEGER, number) + _written(operation, result))


def answered(asked: Asked, check: Check) -> int:
    """The result of a bind."""
    if asked.version != _VERSION:
        return PROTOCOL_ERROR
    if asked.password is None:
        return METHOD_NOT_SUPPORTED
    if not asked.password or not asked.name:
        # It would be an anonymous one (RFC 4513, section 5.1.2).
        return UNWILLING
    try:
        return SUCCESS if check(asked.name, asked.password) else INVALID
    except Exception:
        _LOG.exception("the login of %s could not be checked", asked.name)
        return OTHER


class _Client(asyncio.Protocol):
    """A session: any number of binds, as long as they come soon enough one after the other."""

    def __init__(self, check: Check, clients: set[_Client]) -> None:
        self._check = check
        self._clients = clients
        self._buffer = b""
        self._transport: asyncio.Transport
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._clients.add(self)
        if len(self._clients) > _CLIENTS_MAX:
            self._transport.abort()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while not self._transport.is_closing() and (found := taken(self._buffer)) is not None:
                asked, size = found
                self._buffer = self._buffer[size:]
                self._wait()
                self._take(asked)
        except Malformed as error:
            self._end(PROTOCOL_ERROR, str(error))

    def _take(self, asked: Asked) -> None:
        if asked.operation == _BIND:
            self._transport.write(answer(asked.id, answered(asked, self._check)))
        elif asked.operation == _UNBIND:
            self._transport.close()
        elif asked.operation != _ABANDON:
            self._end(UNWILLING, "only binds are served")

    def _end(self, code: int, text: str) -> None:
        """Say that the session ends, and why (RFC 4511, section 4.4.1)."""
        self._buffer = b""
        self._transport.write(answer(0, code, text, operation=_EXTENDED))
        self._transport.close()

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._transport.abort)
