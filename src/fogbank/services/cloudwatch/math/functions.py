"""The functions of metric math."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fogbank.services.cloudwatch.math.language import BadExpression
from fogbank.services.cloudwatch.math.series import Series, Value, is_scalar, times

Axis = Callable[[int], Sequence[int]]
Call = Callable[[list[Any], Axis], Value]


def _on_each(made: Callable[[float], float]) -> Call:
    """A function of one number, of each value of a series, of each series of an array."""

    def one(series: Series) -> Series:
        found = {}
        for at, value in series.values.items():
            try:
                found[at] = float(made(value))
            except (ValueError, OverflowError):
                continue
        return series.with_values(found)

    def call(arguments: list[Any], axis: Axis) -> Value:
        value = arguments[0]
        if isinstance(value, list):
            return [one(series) for series in value]
        if isinstance(value, Series):
            return one(value)
        try:
            return float(made(float(value)))
        except (TypeError, ValueError, OverflowError):
            raise BadExpression("a function has no result for its number") from None

    return call


def _summary(made: Callable[[Sequence[float]], float]) -> Call:
    """Of a series the one number, of an array the series of what its series have at each time."""

    def call(arguments: list[Any], axis: Axis) -> Value:
        value = arguments[0]
        if isinstance(value, Series):
            return made(list(value.values.values())) if value.values else 0.0
        if isinstance(value, list):
            by_time = {at: made([one.values[at] for one in value if at in one.values]) for at in times(value)}
            return Series("", by_time, value[0].period if value else 60)
        if is_scalar(value):
            return float(value)
        raise BadExpression("a function takes time series")

    return call


def _series(value: Any) -> Series:
    if not isinstance(value, Series):
        raise BadExpression("a function takes a time series")
    return value


def _array(value: Any) -> list[Series]:
    if isinstance(value, Series):
        return [value]
    if not isinstance(value, list):
        raise BadExpression("a function takes an array of time series")
    return value


def _mapped(made: Callable[[Series], Mapping[int, float]]) -> Call:
    """A function of one series, or of each of an array."""

    def call(arguments: list[Any], axis: Axis) -> Value:
        value = arguments[0]
        if isinstance(value, list):
            return [series.with_values(made(series)) for series in value]
        series = _series(value)
        return series.with_values(made(series))

    return call


def _pairs(series: Series) -> list[tuple[int, float, int, float]]:
    """(time, value, time before, value before) of all values but the first."""
    found = list(series.values.items())
    return [(at, value, *found[number]) for number, (at, value) in enumerate(found[1:])]


def _running(series: Series) -> Mapping[int, float]:
    total, found = 0.0, {}
    for at, value in series.values.items():
        total += value
        found[at] = total
    return found


def _calendar(made: Callable[[datetime], float]) -> Call:
    return _mapped(lambda series: {at: float(made(datetime.fromtimestamp(at, UTC))) for at in series.values})


def _fill(arguments: list[Any], axis: Axis) -> Value:
    value, how = arguments
    if isinstance(value, list):
        return [_filled(series, how, axis(series.period)) for series in value]
    series = _series(value)
    return _filled(series, how, axis(series.period))


def _filled(series: Series, how: Any, axis: Sequence[int]) -> Series:
    if is_scalar(how):
        return series.with_values({at: series.values.get(at, float(how)) for at in axis})
    if isinstance(how, Series):
        other = {at: series.values.get(at, how.values.get(at)) for at in axis}
        return series.with_values({at: value for at, value in other.items() if value is not None})
    if how == "REPEAT":
        found: dict[int, float] = {}
        last: float | None = None
        for at in axis:
            last = series.values.get(at, last)
            if last is not None:
                found[at] = last
        return series.with_values(found)
    if how == "LINEAR":
        return series.with_values(_linear(series.values, axis))
    raise BadExpression("FILL takes a number, REPEAT or LINEAR")


def _linear(values: Mapping[int, float], axis: Sequence[int]) -> Mapping[int, float]:
    known = sorted(values)
    found = {}
    for at in axis:
        if at in values:
            found[at] = values[at]
            continue
        before = [one for one in known if one < at][-1:]
        after = [one for one in known if one > at][:1]
        if before and after:
            share = (at - before[0]) / (after[0] - before[0])
            found[at] = values[before[0]] + share * (values[after[0]] - values[before[0]])
    return found


def _if(arguments: list[Any], axis: Axis) -> Value:
    condition, then = arguments[0], arguments[1]
    otherwise = arguments[2] if len(arguments) > 2 else None
    if is_scalar(condition):
        chosen = then if condition else otherwise
        if chosen is None:
            raise BadExpression("IF has no value for its condition")
        found: Value = chosen
        return found
    if isinstance(condition, list) or isinstance(then, list) or isinstance(otherwise, list):
        raise BadExpression("IF takes no arrays")
    series = _series(condition)
    made = {}
    for at, value in series.values.items():
        source = then if value else otherwise
        picked = source.values.get(at) if isinstance(source, Series) else source
        if picked is not None:
            made[at] = float(picked)
    return series.with_values(made)


def _sort(arguments: list[Any], axis: Axis) -> Value:
    found = _array(arguments[0])
    by, order = str(arguments[1]), str(arguments[2]) if len(arguments) > 2 else "ASC"
    if by not in _SORTS or order not in ("ASC", "DESC"):
        raise BadExpression("SORT takes AVG, MIN, MAX or SUM, and ASC or DESC")
    made = sorted(found, key=lambda one: _SORTS[by](list(one.values.values()) or [0.0]), reverse=order == "DESC")
    return made[: int(arguments[3])] if len(arguments) > 3 else made


def _slice(arguments: list[Any], axis: Axis) -> Value:
    found = _array(arguments[0])
    start = int(arguments[1])
    if len(arguments) > 2:
        return found[start : int(arguments[2])]
    if not 0 <= start < len(found):
        raise BadExpression("SLICE is out of range")
    return found[start]


def _end(position: int) -> Call:
    def call(arguments: list[Any], axis: Axis) -> Value:
        found = _array(arguments[0])
        if not found:
            raise BadExpression("FIRST and LAST need a time series")
        return found[position]

    return call


def _refused(name: str) -> Call:
    def call(arguments: list[Any], axis: Axis) -> Value:
        raise BadExpression(f"the function {name} is not supported")

    return call


def _deviation(values: Sequence[float]) -> float:
    return statistics.pstdev(values)


_SORTS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "SUM": math.fsum,
    "STDDEV": _deviation,
}
FUNCTIONS: Mapping[str, tuple[Call, int, int]] = {
    "ABS": (_on_each(abs), 1, 1),
    "CEIL": (_on_each(math.ceil), 1, 1),
    "FLOOR": (_on_each(math.floor), 1, 1),
    "LOG": (_on_each(math.log), 1, 1),
    "LOG10": (_on_each(math.log10), 1, 1),
    "AVG": (_summary(statistics.fmean), 1, 1),
    "MAX": (_summary(max), 1, 1),
    "MIN": (_summary(min), 1, 1),
    "SUM": (_summary(math.fsum), 1, 1),
    "STDDEV": (_summary(_deviation), 1, 1),
    "DATAPOINT_COUNT": (_summary(lambda values: float(len(values))), 1, 1),
    "METRIC_COUNT": (lambda arguments, axis: float(len(_array(arguments[0]))), 1, 1),
    "DIFF": (_mapped(lambda series: {at: value - old for at, value, _, old in _pairs(series)}), 1, 1),
    "DIFF_TIME": (_mapped(lambda series: {at: float(at - was) for at, _, was, _ in _pairs(series)}), 1, 1),
    "RATE": (_mapped(lambda series: {at: (value - old) / (at - was) for at, value, was, old in _pairs(series)}), 1, 1),
    "RUNNING_SUM": (_mapped(_running), 1, 1),
    "FILL": (_fill, 2, 2),
    "FIRST": (_end(0), 1, 1),
    "LAST": (_end(-1), 1, 1),
    "IF": (_if, 2, 3),
    "PERIOD": (lambda arguments, axis: float(_series(arguments[0]).period), 1, 1),
    "REMOVE_EMPTY": (lambda arguments, axis: [one for one in _array(arguments[0]) if one.values], 1, 1),
    "SLICE": (_slice, 2, 3),
    "SORT": (_sort, 2, 4),
    "MINUTE": (_calendar(lambda at: at.minute), 1, 1),
    "HOUR": (_calendar(lambda at: at.hour), 1, 1),
    "DAY": (_calendar(lambda at: at.isoweekday()), 1, 1),
    "DATE": (_calendar(lambda at: at.day), 1, 1),
    "MONTH": (_calendar(lambda at: at.month), 1, 1),
    "YEAR": (_calendar(lambda at: at.year), 1, 1),
    "EPOCH": (_calendar(lambda at: at.timestamp()), 1, 1),
    "INSIGHT_RULE_METRIC": (_refused("INSIGHT_RULE_METRIC"), 0, 99),
    "SERVICE_QUOTA": (_refused("SERVICE_QUOTA"), 0, 99),
    "ANOMALY_DETECTION_BAND": (_refused("ANOMALY_DETECTION_BAND"), 0, 99),
}
"""Name -> what is called, and the least and the most arguments it takes."""
