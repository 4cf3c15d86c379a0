"""Adds up what checkers say: the same work whatever they say, as pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from fogbank.planes.checks.targets import CAPACITY, REGIONS_MAX

SHARE = 0.18
"""More than this share of those that look must find a target healthy (Developer Guide, "How Amazon Route 53
determines whether a health check is healthy")."""
HEALTHY_ALL = b"\x01" * CAPACITY


def is_healthy(total: int) -> bool:
    """The verdict on a sum: the high half counts who looks, the low half who finds it healthy."""
    return total & 0x0F > SHARE * (total >> 4)


_VERDICT = bytes(map(is_healthy, range(256)))
_LOOKED = bytes(0xFF if total >> 4 else 0 for total in range(256))


def summed(states: Sequence[bytes]) -> bytes:
    """The states of up to eight checkers added place by place: no place can carry into the next."""
    assert len(states) <= REGIONS_MAX
    return sum(int.from_bytes(one, "big") for one in states).to_bytes(CAPACITY, "big")


def merged(known: bytes, total: bytes) -> bytes:
    """1 for each place that is healthy; where nobody has looked, what was known before holds."""
    looked = int.from_bytes(total.translate(_LOOKED), "big")
    verdict = int.from_bytes(total.translate(_VERDICT), "big")
    before = int.from_bytes(known, "big")
    return (verdict & looked | before & ~looked).to_bytes(CAPACITY, "big")


def without(state: bytes, slots: Sequence[int]) -> bytes:
    """A state that says nothing of some places: they are others' now."""
    if not slots:
        return state
    left = bytearray(state)
    for slot in slots:
        left[slot] = 0
    return bytes(left)
