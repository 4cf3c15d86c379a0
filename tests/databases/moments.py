"""Moments of the machine's clock, by which commits are stamped."""

from __future__ import annotations

import time


def next_second() -> float:
    """A whole second that has just come: what commits before and after lies on both sides of it."""
    wanted = int(time.time()) + 1
    while time.time() < wanted:
        time.sleep(wanted - time.time())
    return float(wanted)
