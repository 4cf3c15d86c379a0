"""Series: values at times, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Series(NamedTuple):
    """`values` by time in seconds, in order of time."""

    label: str
    values: Mapping[int, float]
    period: int = 60
    facts: Mapping[str, str] = {}
    """What dynamic labels may name: `MetricName`, `Dim.QueueName`, …"""

    def with_values(self, values: Mapping[int, float]) -> Series:
        return self._replace(values=values)


Value = float | str | Series | list[Series]


def is_scalar(value: Any) -> bool:
    return isinstance(value, int | float)


def times(found: Sequence[Series]) -> list[int]:
    """Every time that one of the series has a value at."""
    return sorted({at for one in found for at in one.values})
