"""The functions of `stats`: many rows become one value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fogbank.services.logs.insights.rows import number, text


class Tally:
    """What `stats` keeps of a group for one function. `add` gets the arguments of each row, and the row's time."""

    def add(self, values: Sequence[Any], at: int) -> None:
        raise NotImplementedError

    def result(self) -> Any:
        raise NotImplementedError


class _Count(Tally):
    def __init__(self) -> None:
        self.count = 0

    def add(self, values: Sequence[Any], at: int) -> None:
        self.count += not values or values[0] is not None

    def result(self) -> Any:
        return self.count


class _Distinct(Tally):
    def __init__(self) -> None:
        self.seen: set[str] = set()

    def add(self, values: Sequence[Any], at: int) -> None:
        if values[0] is not None:
            self.seen.add(text(values[0]))

    def result(self) -> Any:
        return len(self.seen)


class _Sum(Tally):
    """Sum, mean and deviation, from three sums."""

    def __init__(self, kind: str) -> None:
        self.kind, self.count, self.total = kind, 0, 0.0
        self.mean = self.spread = 0.0

    def add(self, values: Sequence[Any], at: int) -> None:
        found = number(values[0])
        if found is None:
            return
        self.count += 1
        self.total += found
        step = found - self.mean
        self.mean += step / self.count
        self.spread += step * (found - self.mean)

    def result(self) -> Any:
        if not self.count:
            return None
        if self.kind == "sum":
            return self.total
        if self.kind == "avg":
            return self.total / self.count
        return math.sqrt(self.spread / (self.count - 1)) if self.count > 1 else 0.0


class _Extreme(Tally):
    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.best: Any = None

    def add(self, values: Sequence[Any], at: int) -> None:
        found = number(values[0])
        if found is not None and (self.best is None or (found - self.best) * self.sign > 0):
            self.best = values[0] if isinstance(values[0], int) else found

    def result(self) -> Any:
        return self.best


class _Percentile(Tally):
    def __init__(self, percent: float = 50.0) -> None:
        self.percent = percent
        self.values: list[float] = []

    def add(self, values: Sequence[Any], at: int) -> None:
        found = number(values[0])
        if len(values) > 1:
            self.percent = float(number(values[1]) or 0.0)
        if found is not None:
            self.values.append(found)

    def result(self) -> Any:
        if not self.values:
            return None
        ordered = sorted(self.values)
        if not 0 <= self.percent <= 100:
            return None
        return ordered[max(0, math.ceil(self.percent / 100 * len(ordered)) - 1)]


class _Picked(Tally):
    """The value of the row that comes first or last, by time or by the value itself."""

    def __init__(self, by_time: bool, sign: int) -> None:
        self.by_time, self.sign = by_time, sign
        self.key: Any = None
        self.value: Any = None

    def add(self, values: Sequence[Any], at: int) -> None:
        if values[0] is None:
            return
        key = at if self.by_time else text(values[0])
        if self.key is None or (key > self.key if self.sign > 0 else key < self.key):
            self.key, self.value = key, values[0]

    def result(self) -> Any:
        return self.value


MAKERS: Mapping[str, Callable[[], Tally]] = {
    "count": _Count,
    "count_distinct": _Distinct,
    "sum": lambda: _Sum("sum"),
    "avg": lambda: _Sum("avg"),
    "stddev": lambda: _Sum("stddev"),
    "min": lambda: _Extreme(-1),
    "max": lambda: _Extreme(1),
    "pct": _Percentile,
    "percentile": _Percentile,
    "median": _Percentile,
    "earliest": lambda: _Picked(True, -1),
    "latest": lambda: _Picked(True, 1),
    "sortsfirst": lambda: _Picked(False, -1),
    "sortslast": lambda: _Picked(False, 1),
}
_TWO = ("pct", "percentile")
AGGREGATES: Mapping[str, tuple[int, int]] = {name: (2, 2) if name in _TWO else (1, 1) for name in MAKERS}
"""Name -> the least and the most arguments it takes."""
