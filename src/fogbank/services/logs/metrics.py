"""Metric filters at work: what the events of a batch add to CloudWatch's metrics."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.services.logs.patterns import Pattern, compiled
from fogbank.services.logs.patterns.document import shown
from fogbank.services.logs.resources import Group, MetricFilter, Transformation

_LOG = logging.getLogger("fogbank.logs")
_MINUTE_MS = 60_000
_VALUES_MAX = 150
_DATA_MAX = 1_000

Points = dict[tuple[int, tuple[tuple[str, str], ...]], dict[float, int]]
"""(minute, dimensions) -> value -> how often."""


def publish(ctx: Context, group: Group, events: Sequence[Mapping[str, Any]]) -> None:
    """Tell CloudWatch, in this transaction, what the group's metric filters find in new events."""
    if not ctx.has_service("cloudwatch"):
        return
    data: dict[str, list[dict[str, Any]]] = {}
    for kept in ctx.scan(MetricFilter, group.name):
        pattern = compiled(kept.pattern)
        hits = [event for event in events if pattern.matches(event["message"])]
        for made in kept.transformations:
            points = _points(pattern, made, events, hits)
            data.setdefault(made.namespace, []).extend(_data(made, points))
    itself = ctx.as_service(Source(ctx.arn(group.resource), ctx.account))
    for namespace, found in data.items():
        for start in range(0, len(found), _DATA_MAX):
            try:
                itself.call(
                    "cloudwatch", "PutMetricData", Namespace=namespace, MetricData=found[start : start + _DATA_MAX]
                )
            except AwsError as error:
                _LOG.warning("%s: its metric filters' data were refused: %s", group.name, error)


def _points(
    pattern: Pattern, made: Transformation, events: Sequence[Mapping[str, Any]], hits: Sequence[Mapping[str, Any]]
) -> Points:
    points: Points = {}
    for event in hits:
        value = _number(made.value, pattern, event["message"])
        dimensions = _dimensions(made, pattern, event["message"])
        if value is not None and dimensions is not None:
            at = event["timestamp"] // _MINUTE_MS
            counts = points.setdefault((at, dimensions), {})
            counts[value] = counts.get(value, 0) + 1
    if made.default is not None:
        # Once for each minute that has events, and none that matches.
        for at in {event["timestamp"] // _MINUTE_MS for event in events} - {at for at, _ in points}:
            points[at, ()] = {made.default: 1}
    return points


def _number(text: str, pattern: Pattern, message: str) -> float | None:
    found: Any = pattern.value(message, text) if text.startswith("$") else text
    if found is None or isinstance(found, bool):
        return None
    try:
        value = float(found)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _dimensions(made: Transformation, pattern: Pattern, message: str) -> tuple[tuple[str, str], ...] | None:
    """None where the event lacks a field that a dimension takes its value from."""
    found = []
    for name, selector in sorted(made.dimensions.items()):
        value = pattern.value(message, selector) if selector.startswith("$") else selector
        if value is None or value == "":
            return None
        found.append((name, shown(value)[:1024]))
    return tuple(found)


def _data(made: Transformation, points: Points) -> list[dict[str, Any]]:
    found = []
    for (at, dimensions), counts in sorted(points.items()):
        pairs = sorted(counts.items())
        for start in range(0, len(pairs), _VALUES_MAX):
            part = pairs[start : start + _VALUES_MAX]
            found.append(
                {
                    "MetricName": made.name,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
                    "Timestamp": at * _MINUTE_MS / 1000,
                    "Values": [value for value, _ in part],
                    "Counts": [float(count) for _, count in part],
                    "Unit": made.unit or "None",
                }
            )
    return found
