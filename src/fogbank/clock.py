"""Cloud time: what AWS says about time, which people and tests may move."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any

LATEST = 221_845_392_000.0
"""The year 9000: dates that lie some centuries past it (four digits) still have to be told."""
_TIMERS_SWEPT = 1024


class Timer:
    """A call that is due at a moment of cloud time."""

    __slots__ = ("cancelled", "due_at", "fire")

    def __init__(self, due_at: float, fire: Callable[[], Any]) -> None:
        self.due_at = due_at
        self.fire = fire
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Seconds since 1970 as the cloud counts them: machine time moved by an offset, or standing still.

    The clock keeps timers but wakes nobody by itself: whoever runs the loop asks `next_due` and calls `fire_due`
    (`on_change` tells it that the answer may have changed).
    """

    def __init__(self, frozen_at: float | None = None) -> None:
        self.offset = 0.0
        self.frozen_at = frozen_at
        self.on_change: Callable[[], None] | None = None
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._sweep_at = _TIMERS_SWEPT

    def now(self) -> float:
        if self.frozen_at is not None:
            return self.frozen_at
        return time.time() + self.offset

    def check(self, seconds: float) -> None:
        """Raises ValueError for a step back, and for one past `LATEST`."""
        if seconds < 0:
            raise ValueError("cloud time only moves forward")
        if self.now() + seconds > LATEST:
            raise ValueError("cloud time ends with the year 8999")

    def advance(self, seconds: float) -> float:
        """Move cloud time forward; returns the new time. Raises what `check` raises."""
        self.check(seconds)
        if self.frozen_at is not None:
            self.frozen_at += seconds
        else:
            self.offset += seconds
        self._changed()
        return self.now()

    def freeze(self) -> float:
        """Stop cloud time where it is."""
        self.frozen_at = self.now()
        self._changed()
        return self.frozen_at

    def resume(self) -> float:
        """Let cloud time run on from where it stands."""
        if self.frozen_at is not None:
            self.offset = self.frozen_at - time.time()
            self.frozen_at = None
            self._changed()
        return self.now()

    def restart(self) -> float:
        """Go back to machine time: for `reset`, when no record is left that a step back could confuse."""
        self.offset = 0.0
        self.frozen_at = None
        self._changed()
        return self.now()

    def call_at(self, due_at: float, fire: Callable[[], Any]) -> Timer:
        """Have `fire` called once cloud time reaches `due_at`."""
        timer = Timer(due_at, fire)
        if len(self._timers) >= self._sweep_at:
            self._timers = [entry for entry in self._timers if not entry[2].cancelled]
            heapq.heapify(self._timers)
            self._sweep_at = max(_TIMERS_SWEPT, 2 * len(self._timers))
        heapq.heappush(self._timers, (due_at, next(self._order), timer))
        self._changed()
        return timer

    def next_due(self) -> float | None:
        """When the next timer is due, None if there is none."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def fire_due(self) -> int:
        """Call everything that is due; returns how many calls that were."""
        fired = 0
        while (due_at := self.next_due()) is not None and due_at <= self.now():
            heapq.heappop(self._timers)[2].fire()
            fired += 1
        return fired

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
