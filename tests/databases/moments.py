"""Moments of cloud time, on both sides of which commits lie."""

from __future__ import annotations

import time

from fogbank.testing.databases import Rds


def next_second(rds: Rds) -> float:
    """A whole second that has just come: a restore to a moment is told no part of one."""
    clock = rds.cloud.clock
    wanted = int(clock.now()) + 1
    while (left := wanted - clock.now()) > 0:
        time.sleep(left)
    return float(wanted)
