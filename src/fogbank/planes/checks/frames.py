"""What a cloud and a checker tell each other over a socket: frames of a kind, a length and a body."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import msgspec

from fogbank.planes.checks.targets import CAPACITY, ROW, Target

TABLE, TIME, ASK, STATE, ROWS = 1, 2, 3, 4, 5
"""The first three go to a checker, the others come from it."""
_HEAD = struct.Struct("!BI")
_TIME = struct.Struct("!dd")
_STATE = struct.Struct("!I")
_ASK = struct.Struct("!III")
STATE_BYTES = _HEAD.size + _STATE.size + CAPACITY
"""Of each message of a checker, whatever it says."""
_BYTES_MAX = 64 << 20


class Broken(ValueError):
    """Bytes that are no frame."""


class Table(msgspec.Struct, frozen=True, array_like=True):
    """All that is to be looked at."""

    serial: int
    targets: tuple[Target, ...]
    known: bytes
    """1 for each place that was healthy last: where a checker that knows nothing begins."""
    set_at: float = 0.0
    """Cloud time when this was wanted: what has fallen due since is probed at once."""
    dns: str = ""
    """`address:port` of the server that knows names; empty where there is none."""


class Reader:
    """Takes bytes as they come, and gives whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Each frame (kind, body) that is whole now. Raises Broken."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._buffer)
            if length > _BYTES_MAX:
                raise Broken(f"a frame of {length} bytes")
            if len(self._buffer) < _HEAD.size + length:
                return
            body = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            yield kind, body


def frame(kind: int, body: bytes) -> bytes:
    return _HEAD.pack(kind, len(body)) + body


def table(found: Table) -> bytes:
    return frame(TABLE, msgspec.msgpack.encode(found))


def table_of(body: bytes) -> Table:
    """Raises Broken."""
    try:
        return msgspec.msgpack.decode(body, type=Table)
    except msgspec.MsgspecError as error:
        raise Broken(str(error)) from None


def time_told(offset: float, frozen_at: float | None) -> bytes:
    """What cloud time is: machine time moved by an offset, or a moment at which it stands still."""
    return frame(TIME, _TIME.pack(offset, math.nan if frozen_at is None else frozen_at))


def time_of(body: bytes) -> tuple[float, float | None]:
    offset, frozen_at = _TIME.unpack(body)
    return offset, None if math.isnan(frozen_at) else frozen_at


def state(serial: int, states: bytes | bytearray) -> bytes:
    return frame(STATE, _STATE.pack(serial) + states)


def state_of(body: bytes) -> tuple[int, bytes]:
    """The table that a checker goes by, and a byte for each place."""
    return _STATE.unpack_from(body)[0], body[_STATE.size :]


def ask(number: int, first: int, count: int) -> bytes:
    """A question for rows; the answer has its number."""
    return frame(ASK, _ASK.pack(number, first, count))


def asked(body: bytes) -> tuple[int, int, int]:
    """The number, the first place and how many, within the table."""
    number, first, count = _ASK.unpack(body)
    first = min(first, CAPACITY)
    return number, first, min(count, CAPACITY - first)


def rows(number: int, last: bytes, failed: bytes) -> bytes:
    """The rows of the last probes, and as many of the last that failed."""
    return frame(ROWS, _ASK.pack(number, 0, len(last) // ROW.size) + last + failed)


def rows_of(body: bytes) -> tuple[int, bytes, bytes]:
    number, _, count = _ASK.unpack_from(body)
    half = _ASK.size + count * ROW.size
    return number, body[_ASK.size : half], body[half:]
