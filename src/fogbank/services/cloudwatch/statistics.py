"""Statistics of data points (User Guide, "CloudWatch statistics definitions")."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec

_DISTINCT_MAX = 1_000
_STEP = math.log(1.01)


class Bucket(msgspec.Struct, array_like=True):
    """Data points added up. `values` is how often each value came, None once a statistic set hides that."""

    count: float = 0.0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    values: dict[float, float] | None = {}

    def add(self, other: Bucket) -> None:
        if not other.count:
            return
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        if self.values is None or other.values is None:
            self.values = None
            return
        for value, count in other.values.items():
            self.values[value] = self.values.get(value, 0.0) + count
        if len(self.values) > _DISTINCT_MAX:
            self.values = _coarse(self.values)

    def add_value(self, value: float, count: float = 1.0) -> None:
        self.count += count
        self.total += value * count
        self.least = min(self.least, value)
        self.most = max(self.most, value)
        if self.values is not None:
            self.values[value] = self.values.get(value, 0.0) + count


def of_set(given: Mapping[str, float]) -> Bucket:
    """A statistic set; its values are known where it has one, or all are equal."""
    count, least, most = given["SampleCount"], given["Minimum"], given["Maximum"]
    values = {least: count} if least == most else None
    return Bucket(count, given["Sum"], least, most, values)


def _coarse(values: Mapping[float, float]) -> dict[float, float]:
    """Fewer values: in steps of one percent, so that none is off by more than half of that."""
    found: dict[float, float] = {}
    for value, count in values.items():
        rounded = value
        if value:
            rounded = math.copysign(math.exp(round(math.log(abs(value)) / _STEP) * _STEP), value)
        found[rounded] = found.get(rounded, 0.0) + count
    return found


Statistic = Callable[[Bucket], float | None]
"""The value of a bucket, None where it has none."""

_SIMPLE: Mapping[str, Statistic] = {
    "SampleCount": lambda bucket: bucket.count,
    "Sum": lambda bucket: bucket.total,
    "Minimum": lambda bucket: bucket.least,
    "Maximum": lambda bucket: bucket.most,
    "Average": lambda bucket: bucket.total / bucket.count,
}
SIMPLE = tuple(_SIMPLE)
_SHORT = re.compile(r"(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)", re.IGNORECASE)
_RANGE = re.compile(r"(TM|WM|TC|TS|PR)\(\s*([-\d.]+%?)?\s*:\s*([-\d.]+%?)?\s*\)", re.IGNORECASE)


@lru_cache(maxsize=512)
def statistic(name: str) -> Statistic | None:
    """What a statistic's name stands for, None for a name that AWS does not know."""
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name.upper() == "IQM":
        return _of_values(_ranged("TM", "25%", "75%"))
    if found := _SHORT.fullmatch(name):
        kind, percent = found[1].lower(), float(found[2])
        if percent > 100:
            return None
        if kind == "p":
            return _of_values(lambda values, count: _percentile(values, count, percent))
        return _of_values(_ranged(kind.upper(), None, f"{percent}%"))
    if found := _RANGE.fullmatch(name):
        kind, low, high = found[1].upper(), found[2], found[3]
        if (not low and not high) or (low and high and low.endswith("%") != high.endswith("%")):
            return None
        if kind == "PR" and (low or high).endswith("%"):
            return None
        try:
            return _of_values(_ranged(kind, low, high))
        except ValueError:
            return None
    return None


def is_percentile(name: str) -> bool:
    return name[:1] in "pP" and name[1:2].isdigit()


Values = list[tuple[float, float]]
"""(value, how often) in order of value."""


def _of_values(made: Callable[[Values, float], float | None]) -> Statistic:
    def call(bucket: Bucket) -> float | None:
        if bucket.values is None or bucket.count <= 0:
            return None
        return made(sorted(bucket.values.items()), bucket.count)

    return call


def _percentile(values: Values, count: float, percent: float) -> float:
    """The least value that this many percent of all are not above."""
    wanted, seen = percent / 100 * count, 0.0
    for value, weight in values:
        seen += weight
        if seen >= wanted - 1e-9:
            return value
    return values[-1][0]


def _bound(text: str | None) -> tuple[float | None, bool]:
    if not text:
        return None, False
    is_percent = text.endswith("%")
    number = float(text.removesuffix("%"))
    if is_percent and not 0 <= number <= 100:
        raise ValueError(text)
    return number, is_percent


def _ranged(kind: str, low: str | None, high: str | None) -> Callable[[Values, float], float | None]:
    """A statistic of the values past `low` and up to `high`, which are values, or percents of all values."""
    least, by_percent = _bound(low)
    most, also = _bound(high)
    by_percent = by_percent or also

    def call(values: Values, count: float) -> float | None:
        if by_percent:
            kept = _within_percents(values, count, (least or 0.0) / 100, 1.0 if most is None else most / 100)
        else:
            kept = [
                (value, weight)
                for value, weight in values
                if (least is None or value > least) and (most is None or value <= most)
            ]
        weight = sum(one for _, one in kept)
        if kind == "TC":
            return weight
        if kind == "TS":
            return sum(value * one for value, one in kept)
        if kind == "PR":
            return weight / count * 100
        if not weight:
            return None
        if kind == "TM":
            return sum(value * one for value, one in kept) / weight
        low_value = kept[0][0] if by_percent or least is None else least
        high_value = kept[-1][0] if by_percent or most is None else most
        return sum(min(max(value, low_value), high_value) * one for value, one in values) / count

    return call


def _within_percents(values: Values, count: float, low: float, high: float) -> Values:
    start, end, seen = low * count, high * count, 0.0
    kept = []
    for value, weight in values:
        share = min(seen + weight, end) - max(seen, start)
        seen += weight
        if share > 1e-9:
            kept.append((value, share))
    return kept
