"""Dynamic labels: `${MAX}`, `${PROP('Dim.QueueName')}` (User Guide, "Use dynamic labels")."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from fogbank.services.cloudwatch.math.series import Series

_PLACE = re.compile(r"\$\{\s*([A-Z_]+|PROP\('([^']+)'\))\s*\}")

_OF_VALUES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "AVG": lambda values: sum(values) / len(values),
    "SUM": sum,
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "DATAPOINT_COUNT": lambda values: float(len(values)),
}


def filled(text: str, series: Series, zone: str = "") -> str:
    """A label with what it names; what it cannot name shows as `--`."""

    def fill(found: re.Match[str]) -> str:
        if found[2] is not None:
            return series.facts.get(found[2], "--")
        word = found[1]
        if word == "LABEL":
            return series.label
        values = list(series.values.values())
        range_, _, kind = word.partition("_")
        if word in _OF_VALUES:
            return _number(_OF_VALUES[word](values)) if values else "--"
        if kind in ("TIME", "TIME_RELATIVE") and range_ in ("MAX", "MIN", "FIRST", "LAST"):
            return _time(series, range_, zone) if values else "--"
        return "--"

    return _PLACE.sub(fill, text)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def _time(series: Series, which: str, zone: str) -> str:
    times = list(series.values)
    at = {
        "FIRST": times[0],
        "LAST": times[-1],
        "MAX": max(times, key=lambda one: series.values[one]),
        "MIN": min(times, key=lambda one: series.values[one]),
    }[which]
    offset = UTC
    if found := re.fullmatch(r"([+-])(\d\d)(\d\d)", zone):
        minutes = int(found[2]) * 60 + int(found[3])
        offset = timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
    return datetime.fromtimestamp(at, offset).strftime("%Y-%m-%d %H:%M:%S")
