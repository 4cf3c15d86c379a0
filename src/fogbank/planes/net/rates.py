"""What limits a device's rate, as rtnetlink(7) writes and reads it: token buckets, and devices that only hold them.

What a device sends waits in a token bucket of its own (tc-tbf(8)). What arrives by it cannot wait there: it is led
through another device first (an ifb, by tc-mirred(8)), which sends it back where it came from, at that device's rate.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fogbank.planes.net.facts import Fact, Rate
from fogbank.planes.net.netlink import CREATE, DUMP, EXCLUSIVE, REPLACE, Message, attribute, by_kind, number, text

KIND = "ifb"
UNLIMITED = (errno.ENOENT, errno.EINVAL, errno.ENODEV)
"""What the kernel says of a bucket that is to go and is not there."""
_NEW_LINK = 16
_NEW_DISCIPLINE, _DEL_DISCIPLINE, _GET_DISCIPLINE = 36, 37, 38
_NEW_FILTER, _GET_FILTER = 44, 46
_LINK = struct.Struct("=BxHiII")
_DISCIPLINE = struct.Struct("=BxxxiIII")
_ROOT, _INGRESS, _INGRESS_HANDLE = 0xFFFFFFFF, 0xFFFFFFF1, 0xFFFF0000
_ANY_PROTOCOL = 0x0300
"""ETH_P_ALL, in the network's order."""
_PRIORITY = 1
_SPEED = struct.Struct("=BBHhHI")
"""struct tc_ratespec"""
_ETHERNET = 1
_SPEED_MAX = 0xFFFFFFFF
_SELECTOR = struct.Struct("=BBBxHHhhIIIii")
"""struct tc_u32_sel with one key, which matches everything."""
_TERMINAL = 1
_MIRRED = struct.Struct("=IIiiiiI")
_STOLEN, _REDIRECT = 4, 1
_BURST_BYTES_MIN = 32 << 10
_QUEUE_BYTES_MIN = 256 << 10
_BURSTS_PER_SECOND, _QUEUES_PER_SECOND = 200, 40

DISCIPLINES = Message(_GET_DISCIPLINE, DUMP, _DISCIPLINE.pack(0, 0, 0, 0, 0))


class Buckets(NamedTuple):
    """What a namespace's devices show, by their indexes."""

    rates: Mapping[int, int]
    """Bytes a second, of those that have a bucket."""
    fed: frozenset[int]
    """Those at which something looks at what arrives."""


def holder(name: str) -> Message:
    """A device that only holds what others are led through; one that is there waits for its end no more."""
    payload = _LINK.pack(0, 0, 0, 0, 0) + text(3, name) + number(27, 0)
    return Message(_NEW_LINK, CREATE, payload + attribute(18, text(1, KIND)))


def bucket(index: int, bytes_per_second: int) -> Message:
    """A device sends no more than this; a bucket that it has already gets the rate, and loses nothing.

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


def led(index: int, through: int) -> tuple[Message, ...]:
    """What arrives by a device goes through another one first. Nothing else may look at it yet."""
    look = _DISCIPLINE.pack(0, index, _INGRESS_HANDLE, _INGRESS, 0) + text(1, "ingress")
    redirect = attribute(2, _MIRRED.pack(0, 0, _STOLEN, 0, 0, _REDIRECT, through))
    action = attribute(1, text(1, "mirred") + attribute(2, redirect))
    everything = _SELECTOR.pack(_TERMINAL, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    head = _DISCIPLINE.pack(0, index, 0, _INGRESS_HANDLE, _PRIORITY << 16 | _ANY_PROTOCOL)
    options = attribute(2, attribute(5, everything) + attribute(7, action))
    return (
        Message(_NEW_DISCIPLINE, CREATE | EXCLUSIVE, look),
        Message(_NEW_FILTER, CREATE | EXCLUSIVE, head + text(1, "u32") + options),
    )


def straight(index: int) -> Message:
    """What arrives by a device goes nowhere first."""
    return Message(_DEL_DISCIPLINE, 0, _DISCIPLINE.pack(0, index, _INGRESS_HANDLE, _INGRESS, 0))


def leading(index: int) -> Message:
    """Where does what arrives by a device go first? Asked of one where something looks at it."""
    return Message(_GET_FILTER, DUMP, _DISCIPLINE.pack(0, index, 0, _INGRESS_HANDLE, 0))


def buckets_of(payloads: Iterable[bytes]) -> Buckets:
    """The devices with a bucket, from a dump, and those where something looks at what arrives."""
    rates: dict[int, int] = {}
    fed: set[int] = set()
    for payload in payloads:
        _, index, _, parent, _ = _DISCIPLINE.unpack_from(payload)
        found = by_kind(payload, _DISCIPLINE.size)
        kind = found.get(1, b"").rstrip(b"\0")
        if kind == b"ingress":
            fed.add(index)
        elif kind == b"tbf" and parent == _ROOT:
            rates[index] = _rate(by_kind(found.get(2, b"")))
    return Buckets(rates, frozenset(fed))


def _rate(options: Mapping[int, bytes]) -> int:
    if 4 in options:
        return int(struct.unpack_from("=Q", options[4])[0])
    return int(_SPEED.unpack_from(options[1])[5]) if 1 in options else 0


def target_of(payloads: Iterable[bytes]) -> int:
    """The device that the filters of another one lead through, from a dump; 0 for none."""
    for payload in payloads:
        options = by_kind(by_kind(payload, _DISCIPLINE.size).get(2, b""))
        action = by_kind(by_kind(options.get(7, b"")).get(1, b""))
        if action.get(1, b"").rstrip(b"\0") == b"mirred" and (parameters := by_kind(action.get(2, b"")).get(2)):
            return int(_MIRRED.unpack_from(parameters)[6])
    return 0


def rates_of(
    ns: str, buckets: Buckets, names: Mapping[int, str], holders: Iterable[int], targets: Mapping[int, int]
) -> set[Fact]:
    """The rates of a namespace. `targets` says through which device what arrives by another goes.

    A device that only holds is told of also where nothing is led through it, or at no rate, so that it can go.
    """
    sources = {through: index for index, through in targets.items()}
    held = set(holders)
    found: set[Fact] = {
        Rate(ns, names.get(sources.get(index, 0), ""), buckets.rates.get(index, 0), through=names[index])
        for index in held
    }
    found |= {
        Rate(ns, names[index], rate) for index, rate in buckets.rates.items() if index not in held and index in names
    }
    return found
