"""What limits a device's rate, as rtnetlink(7) writes and reads it: a token bucket that what it sends waits in."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from fogbank.planes.net.facts import Fact, Rate
from fogbank.planes.net.netlink import CREATE, DUMP, REPLACE, Message, attribute, by_kind, number, text

_NEW_DISCIPLINE, _DEL_DISCIPLINE, _GET_DISCIPLINE = 36, 37, 38
_DISCIPLINE = struct.Struct("=BxxxiIII")
_ROOT = 0xFFFFFFFF
_SPEED = struct.Struct("=BBHhHI")
"""struct tc_ratespec"""
_ETHERNET = 1
_SPEED_MAX = 0xFFFFFFFF
_BURST_BYTES_MIN = 32 << 10
_QUEUE_BYTES_MIN = 256 << 10
_BURSTS_PER_SECOND, _QUEUES_PER_SECOND = 200, 40

DISCIPLINES = Message(_GET_DISCIPLINE, DUMP, _DISCIPLINE.pack(0, 0, 0, 0, 0))


def limited(index: int, bytes_per_second: int) -> Message:
    """A device sends no more than this (tc-tbf(8)); one with a rate already gets this one, and loses nothing.

    5 ms at full speed go at once, 25 ms wait (of slow ones 32 and 256 KiB), and what is more is lost.
    """
    burst = max(_BURST_BYTES_MIN, bytes_per_second // _BURSTS_PER_SECOND)
    queue = burst + max(_QUEUE_BYTES_MIN, bytes_per_second // _QUEUES_PER_SECOND)
    speed = _SPEED.pack(0, _ETHERNET, 0, 0, 0, min(bytes_per_second, _SPEED_MAX))
    shape = speed + bytes(_SPEED.size) + struct.pack("=III", min(queue, _SPEED_MAX), 0, 0)
    options = attribute(1, shape) + attribute(4, struct.pack("=Q", bytes_per_second)) + number(6, burst)
    head = _DISCIPLINE.pack(0, index, 0, _ROOT, 0)
    return Message(_NEW_DISCIPLINE, CREATE | REPLACE, head + text(1, "tbf") + attribute(2, options))


def unlimited(index: int) -> Message:
    """A device sends as fast as it can."""
    return Message(_DEL_DISCIPLINE, 0, _DISCIPLINE.pack(0, index, 0, _ROOT, 0))


def rates_of(ns: str, payloads: Iterable[bytes], names: Mapping[int, str]) -> set[Fact]:
    """The rates of a namespace's devices, from a dump."""
    found: set[Fact] = set()
    for payload in payloads:
        _, index, _, parent, _ = _DISCIPLINE.unpack_from(payload)
        attributes = by_kind(payload, _DISCIPLINE.size)
        if attributes.get(1, b"").rstrip(b"\0") == b"tbf" and parent == _ROOT and index in names:
            found.add(Rate(ns, names[index], _rate(by_kind(attributes.get(2, b"")))))
    return found


def _rate(options: Mapping[int, bytes]) -> int:
    if 4 in options:
        return int(struct.unpack_from("=Q", options[4])[0])
    return int(_SPEED.unpack_from(options[1])[5]) if 1 in options else 0
