"""Counts and times of requests, as nodes, edges and time series tell them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fogbank.services.xray.traces import Part

_ENTRIES_MAX = 100


class Statistics:
    """What came of requests; one that has not ended is not counted."""

    __slots__ = ("errors", "faults", "ok", "seconds", "throttles", "times")

    def __init__(self) -> None:
        self.ok = 0
        self.errors = 0
        """Those that are no throttles."""
        self.throttles = 0
        self.faults = 0
        self.seconds = 0.0
        self.times = Histogram()

    @property
    def total(self) -> int:
        return self.ok + self.errors + self.throttles + self.faults

    def add(self, part: Part) -> None:
        if part.is_open:
            return
        if part.is_fault:
            self.faults += 1
        elif part.is_throttle:
            self.throttles += 1
        elif part.is_error:
            self.errors += 1
        else:
            self.ok += 1
        self.seconds += part.seconds
        self.times.add(part.seconds)

    def described(self) -> dict[str, Any]:
        return {
            "OkCount": self.ok,
            "ErrorStatistics": {
                "ThrottleCount": self.throttles,
                "OtherCount": self.errors,
                "TotalCount": self.throttles + self.errors,
            },
            "FaultStatistics": {"OtherCount": self.faults, "TotalCount": self.faults},
            "TotalCount": self.total,
            "TotalResponseTime": round(self.seconds, 6),
        }


class Histogram:
    """How often a time was taken: by the millisecond, and more coarsely where there are many."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def add(self, seconds: float) -> None:
        self._counts[round(seconds, 3)] += 1

    def described(self) -> list[dict[str, Any]]:
        counts, digits = self._counts, 3
        while len(counts) > _ENTRIES_MAX and digits:
            digits -= 1
            merged: Counter[float] = Counter()
            for value, count in counts.items():
                merged[float(f"{value:.{max(digits, 1)}g}") if digits else round(value)] += count
            counts = merged
        return [{"Value": value, "Count": counts[value]} for value in sorted(counts)]
