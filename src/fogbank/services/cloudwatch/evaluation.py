"""Decides the state of a metric alarm from its data points (User Guide, "Alarm evaluation", "Missing data")."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

EXTRA_PERIODS = 2
"""How many periods before the evaluation periods are looked at too, in case some of these are missing."""
COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (lambda value, bound: value > bound, "greater than"),
    "GreaterThanOrEqualToThreshold": (lambda value, bound: value >= bound, "greater than or equal to"),
    "LessThanThreshold": (lambda value, bound: value < bound, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, bound: value <= bound, "less than or equal to"),
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


class Plan(NamedTuple):
    """What an alarm compares."""

    comparison: str
    threshold: float
    periods: int
    needed: int
    """How many of the periods must breach."""
    missing: str
    period: int
    statistic: str = ""
    unit: str = ""


class Point(NamedTuple):
    """A data point: the start of its period, its value, how many samples it has."""

    at: int
    value: float
    samples: float = 1.0


class Verdict(NamedTuple):
    """The state that data lead to, None to stay as it is."""

    state: str | None
    reason: str = ""
    data: str = ""


def span_of(plan: Plan, now: float) -> tuple[int, int]:
    """The start and the end of the periods that are looked at."""
    end = int(now // plan.period * plan.period)
    return end - plan.period * (plan.periods + EXTRA_PERIODS), end


def judged(plan: Plan, points: Sequence[Point], current: str, now: float) -> Verdict:
    """The verdict on the points of `span_of`, oldest first."""
    _, end = span_of(plan, now)
    breaches = COMPARISONS[plan.comparison][0]
    found = points[-plan.periods :]
    lacking = plan.periods - len(found)
    hits = [point for point in found if breaches(point.value, plan.threshold)]
    state = _state(plan, (found, hits, lacking), current, end)
    if state is None:
        return Verdict(None)
    if state == "INSUFFICIENT_DATA":
        many = f"{plan.periods} datapoints were" if plan.periods > 1 else "1 datapoint was"
        return Verdict(state, f"Insufficient Data: {many} unknown.", _data(plan, found, now))
    return Verdict(state, _reason(plan, (found, hits, lacking), state, current), _data(plan, found, now))


Seen = tuple[Sequence[Point], Sequence[Point], int]
"""The points, those of them that breach, and how many are missing."""


def _state(plan: Plan, seen: Seen, current: str, end: int) -> str | None:
    found, hits, lacking = seen
    if len(hits) >= plan.needed:
        return "ALARM"
    if not lacking:
        return "OK"
    if plan.missing == "breaching":
        return "ALARM" if len(hits) + lacking >= plan.needed else "OK"
    if plan.missing == "notBreaching":
        return "OK"
    if not found:
        return None if plan.missing == "ignore" else "INSUFFICIENT_DATA"
    if len(hits) < len(found):
        return "OK"
    if plan.missing == "ignore":
        return None
    # All that is there breaches, but it is less than what is needed: an alarm only if that has been so for long enough.
    return "ALARM" if hits[0].at <= end - plan.needed * plan.period else None


def _reason(plan: Plan, seen: Seen, state: str, current: str) -> str:
    found, hits, lacking = seen
    treated = _TREATED.get(plan.missing, "")
    if not found:
        periods = f"{plan.periods} periods" if plan.periods > 1 else "1 period"
        missing = f"{lacking} missing datapoints were" if lacking > 1 else "1 missing datapoint was"
        return f"Threshold Crossed: no datapoints were received for {periods} and {missing} treated as [{treated}]."
    shown = hits if state == "ALARM" and hits else [point for point in found if point not in hits] or found
    listed = ", ".join(f"{point.value} ({_short(point.at)})" for point in reversed(shown))
    words = COMPARISONS[plan.comparison][1]
    verb = ("was " if len(shown) == 1 else "were ") + ("" if state == "ALARM" and hits else "not ")
    count = plan.needed if state == "ALARM" else plan.periods - plan.needed + 1
    counted = f"{count} datapoint{'s' if count > 1 else ''}"
    way = f"{'OK' if state == 'ALARM' else 'ALARM'} -> {state}"
    text = f"{len(shown)} out of the last {len(found) + (lacking if treated else 0)} datapoints [{listed}] "
    text += f"{verb}{words} the threshold ({float(plan.threshold)}) (minimum {counted} for {way} transition)."
    if lacking and treated:
        many = f"{lacking} missing datapoints were" if lacking > 1 else "1 missing datapoint was"
        text = f"{many} treated as [{treated}] and {text}"
    return f"Threshold Crossed: {text}"


def _short(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d/%m/%y %H:%M:%S")


def iso(at: float) -> str:
    """A time as alarms write it: `2025-06-15T15:06:40.000+0000`."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _data(plan: Plan, found: Sequence[Point], now: float) -> str:
    start, _ = span_of(plan, now)
    data: dict[str, Any] = {"version": "1.0", "queryDate": iso(now), "startDate": iso(found[0].at if found else start)}
    if plan.unit:
        data["unit"] = plan.unit
    if plan.statistic:
        data["statistic"] = plan.statistic
    data |= {
        "period": plan.period,
        "recentDatapoints": [point.value for point in found],
        "threshold": float(plan.threshold),
        "evaluatedDatapoints": [
            {"timestamp": iso(point.at), "sampleCount": point.samples, "value": point.value}
            for point in reversed(found)
        ],
    }
    return json.dumps(data, separators=(",", ":"))
