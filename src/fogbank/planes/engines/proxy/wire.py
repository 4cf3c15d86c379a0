"""PostgreSQL's protocol 3 as bytes (PostgreSQL's documentation, chapter "Frontend/Backend Protocol"). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

INT = Struct("!I")
SHORT = Struct("!H")
HEAD_BYTES = 5
CANCEL_CODE, TLS_CODE, GSS_CODE = 80877102, 80877103, 80877104
MESSAGE_BYTES_MAX = 1 << 30
STARTUP_BYTES_MAX = 10_000
"""As much as the server takes (`MAX_STARTUP_PACKET_LENGTH`)."""

# What a client says.
QUERY, PARSE, BIND, DESCRIBE, EXECUTE, CLOSE, SYNC, FLUSH = b"QPBDECSH"
TERMINATE, PASSWORD, CALL = b"XpF"
# What a server says.
AUTHENTICATION, ERROR, READY, KEY, ROW, SETTING, NOTICE, COPY_IN = b"REZKDSNG"
# What a server says of a client's authentication.
DONE, CLEARTEXT, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 10, 11, 12

SYNC_MESSAGE = b"S\0\0\0\x04"


class ProtocolError(Exception):
    """A peer that does not speak the protocol."""


def message(kind: int, body: bytes) -> bytes:
    """A message of a kind."""
    return bytes((kind,)) + INT.pack(len(body) + 4) + body


def query(sql: str | bytes) -> bytes:
    """A simple query."""
    text = sql.encode() if isinstance(sql, str) else sql
    return message(QUERY, text + b"\0")


def ready(status: int) -> bytes:
    """That the server is ready, with the state of its transaction (`I`, `T` or `E`)."""
    return b"Z\0\0\0\x05" + bytes((status,))


def error(code: str, text: str, *, severity: str = "ERROR", hint: str = "") -> bytes:
    """An error as a server says it."""
    fields = {"S": severity, "V": severity, "C": code, "M": text, "H": hint}
    body = b"".join(key.encode() + value.encode() + b"\0" for key, value in fields.items() if value)
    return message(ERROR, body + b"\0")


def fields(body: bytes) -> dict[str, str]:
    """The fields of an error or a notice, by their letters."""
    parts = body.rstrip(b"\0").split(b"\0")
    return {chr(part[0]): part[1:].decode(errors="replace") for part in parts if part}


def row(body: bytes) -> list[str | None]:
    """The values of a row in text format."""
    (count,) = SHORT.unpack_from(body)
    values: list[str | None] = []
    at = 2
    for _ in range(count):
        (size,) = INT.unpack_from(body, at)
        at += 4
        if size == 0xFFFFFFFF:
            values.append(None)
            continue
        values.append(body[at : at + size].decode(errors="replace"))
        at += size
    return values


def startup(version: int, parameters: Mapping[bytes, bytes]) -> bytes:
    """The packet that begins a session."""
    pairs = b"".join(name + b"\0" + value + b"\0" for name, value in parameters.items())
    body = INT.pack(version) + pairs + b"\0"
    return INT.pack(len(body) + 4) + body


def startup_parameters(body: bytes) -> dict[bytes, bytes]:
    """What a client has begun its session with: `body` follows the version. The last of two equal names holds.

    Raises ProtocolError.
    """
    if body[-1:] != b"\0":
        raise ProtocolError("invalid startup packet layout: expected terminator as last byte")
    parts = body[:-1].split(b"\0")
    if len(parts) % 2 == 0 or parts[-1]:
        raise ProtocolError("invalid startup packet layout: expected terminator as last byte")
    return dict(zip(parts[:-1:2], parts[1::2], strict=True))


def cancel(key: bytes) -> bytes:
    """The packet that asks to cancel: `key` is the body of the server's BackendKeyData."""
    return INT.pack(8 + len(key)) + INT.pack(CANCEL_CODE) + key


class Parse(NamedTuple):
    """A statement that is prepared."""

    name: bytes
    sql: bytes
    types: bytes
    """The rest of the message."""

    def message(self, name: bytes | None = None) -> bytes:
        """As it is said, under another name if one is given."""
        own = self.name if name is None else name
        return message(PARSE, own + b"\0" + self.sql + b"\0" + self.types)


def parse(body: bytes) -> Parse:
    """Raises ProtocolError."""
    try:
        name, sql, types = body.split(b"\0", 2)
    except ValueError:
        raise ProtocolError("a Parse without an end") from None
    return Parse(name, sql, types)


def bind(body: bytes) -> tuple[bytes, bytes, bytes]:
    """The portal, the statement, and the rest of a Bind. Raises ProtocolError."""
    try:
        portal, statement, rest = body.split(b"\0", 2)
    except ValueError:
        raise ProtocolError("a Bind without an end") from None
    return portal, statement, rest


def named(body: bytes) -> tuple[int, bytes]:
    """What a Describe or a Close is about: `S` or `P`, and its name."""
    return body[0] if body else 0, body[1:].rstrip(b"\0")


def portal(body: bytes) -> bytes:
    """The portal that an Execute runs."""
    return body.partition(b"\0")[0]
