"""What is looked at and what was seen of it: values, fixed-size rows, and when a state turns."""

from __future__ import annotations

import struct
from enum import IntEnum
from ipaddress import IPv4Address
from typing import Literal, NamedTuple

import msgspec

CAPACITY = 16_384
"""How many targets there can be. All that is streamed and kept has this many places, taken or not."""
REGIONS_MAX = 8
UNSEEN, UNHEALTHY, HEALTHY = 0x00, 0x10, 0x11
"""What a checker says of a place: the high half counts who looks, the low half who finds it healthy."""
ROW = struct.Struct("<BxH4sdfff")
_NO_ADDRESS = bytes(4)


class Code(IntEnum):
    """How a probe ended."""

    NONE = 0
    """There has been none yet."""
    OK = 1
    CONNECT_LATE = 2
    REFUSED = 3
    UNREACHABLE = 4
    STATUS = 5
    """A status other than 2xx and 3xx."""
    ANSWER_LATE = 6
    NO_HTTP = 7
    """What came is no answer of HTTP, or none came."""
    NOT_FOUND = 8
    """The text that was looked for is not in what may be read."""
    TLS = 9
    NO_NAME = 10
    BODY_LATE = 11
    NOWHERE = 12
    """The checker is in no network from which the target could be reached: it has not looked."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Something to look at, at its place in the table. Without an address its name is asked for at each probe."""

    slot: int
    kind: Literal["http", "https", "tcp"]
    port: int
    address: str = ""
    name: str = ""
    path: str = "/"
    host: str = ""
    """The Host header."""
    search: str = ""
    """What must be in the first 5,120 bytes of the answer's body; empty for nothing."""
    sni: str = ""
    """The name that a TLS handshake tells; empty for none."""
    agent: str = "fogbank"
    interval: int = 30
    """Seconds of cloud time."""
    threshold: int = 3
    """So many results in a row turn a state."""
    regions: tuple[str, ...] = ()
    """The checkers that look."""

    @property
    def subject(self) -> tuple[object, ...]:
        """What is looked at: while this is the same, what is known of it holds."""
        return (self.kind, self.address, self.name, self.port, self.path, self.host, self.search, self.sni)


class Seen(NamedTuple):
    """What the last probe of a place saw; `status` is 0 where no HTTP came, times are in milliseconds."""

    code: Code = Code.NONE
    status: int = 0
    address: str = ""
    """The IPv4 address that a name stood for; empty where none was asked for."""
    checked_at: float = 0.0
    """Cloud time."""
    connect_ms: float = 0.0
    tls_ms: float = 0.0
    first_byte_ms: float = 0.0


def written(seen: Seen) -> bytes:
    """A row, always of `ROW.size` bytes."""
    address = IPv4Address(seen.address).packed if seen.address else _NO_ADDRESS
    return ROW.pack(seen.code, seen.status, address, *seen[3:])


def read(rows: bytes, at: int = 0) -> Seen:
    """The row at a place. Raises struct.error where there is none."""
    code, status, address, *rest = ROW.unpack_from(rows, at * ROW.size)
    where = str(IPv4Address(address)) if address != _NO_ADDRESS else ""
    return Seen(Code(code), status, where, *rest)


def counted(state: int, streak: int, is_ok: bool, threshold: int) -> tuple[int, int]:
    """A state and how many results in a row have spoken against it, after one more result."""
    if is_ok == (state == HEALTHY):
        return state, 0
    if streak + 1 < threshold:
        return state, streak + 1
    return (HEALTHY if is_ok else UNHEALTHY), 0


def phase(slot: int, region: str) -> float:
    """Where in its interval a place is probed, from 0 up to 1: spread evenly, and elsewhere for each checker."""
    return (slot * 0.6180339887498949 + sum(region.encode()) * 0.3819660112501051) % 1.0


def due_after(now: float, interval: int, share: float) -> float:
    """The first moment past `now` at which a place is to be probed."""
    start = share * interval
    return start + ((now - start) // interval + 1) * interval
