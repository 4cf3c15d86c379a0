"""Answers of HTTP, read as far as a probe must: the status, and the beginning of the body. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

HEAD_BYTES_MAX = 16_384
BODY_BYTES = 5_120
"""How much of a body is searched."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d\d\d)(?: [^\r\n]*)?\r?$")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r?$", re.I | re.M)
_CHUNKED = re.compile(rb"^transfer-encoding:.*\bchunked[ \t]*\r?$", re.I | re.M)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_LINE_MAX = 64


class NoHttp(ValueError):
    """Bytes that are no answer of HTTP."""


class Body(NamedTuple):
    """The beginning of a body, and whether nothing more of it needs to come."""

    data: bytes
    is_whole: bool


def status(heard: bytes | bytearray) -> int:
    """The status that an answer begins with; 0 while its line is not whole. Raises NoHttp."""
    end = heard.find(b"\n")
    if end < 0:
        if len(heard) > HEAD_BYTES_MAX or not b"HTTP/1."[: len(heard)] == bytes(heard[:7]):
            raise NoHttp("no line that HTTP begins with")
        return 0
    found = _STATUS.match(bytes(heard[:end]))
    if found is None:
        raise NoHttp("no line that HTTP begins with")
    return int(found[1])


def body(heard: bytes | bytearray) -> Body | None:
    """The body's first 5,120 bytes as far as they have come; None while the head is not whole. Raises NoHttp."""
    end = _HEAD_END.search(heard)
    if end is None:
        if len(heard) > HEAD_BYTES_MAX:
            raise NoHttp("a head without an end")
        return None
    head, rest = bytes(heard[: end.start()]), bytes(heard[end.end() :])
    if _CHUNKED.search(head):
        data, is_last = _unchunked(rest)
    else:
        length = _LENGTH.search(head)
        data, is_last = rest, length is not None and len(rest) >= int(length[1])
    return Body(data[:BODY_BYTES], is_last or len(data) >= BODY_BYTES)


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    """What chunks hold as far as they have come, and whether the last one has (RFC 9112, section 7.1)."""
    data, at = bytearray(), 0
    while len(data) < BODY_BYTES:
        end = rest.find(b"\n", at, at + _CHUNK_LINE_MAX)
        if end < 0:
            return bytes(data), False
        try:
            size = int(rest[at:end].partition(b";")[0], 16)
        except ValueError:
            raise NoHttp("a chunk without a size") from None
        if size <= 0:
            return bytes(data), True
        data += rest[end + 1 : end + 1 + size]
        at = end + 1 + size + 2
    return bytes(data), True
