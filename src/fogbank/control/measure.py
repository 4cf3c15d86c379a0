"""Measures: what services count of themselves, added up for a minute of cloud time and then told to CloudWatch."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from fogbank.aws.scope import Scope

if TYPE_CHECKING:
    from fogbank.control.dispatch import Dispatch

_LOG = logging.getLogger("fogbank.measure")
_PERIOD_SECONDS = 60
_DATA_MAX = 1_000


class Point(NamedTuple):
    """One measurement: `metric` of `namespace` (`AWS/SQS`), with its dimensions in order."""

    scope: Scope
    namespace: str
    metric: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]


class _Sum(msgspec.Struct):
    count: float = 0.0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")


class Measures:
    """Adds up in memory: a kill loses the minute that is being counted."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._sums: dict[Point, _Sum] = {}
        self._minute = 0.0

    def add(self, point: Point, value: float) -> None:
        """Count a value in this minute. Nothing happens where there is no `cloudwatch`."""
        if not self._sums:
            if self._dispatch.services.get("cloudwatch") is None:
                return
            clock = self._dispatch.clock
            self._minute = clock.now() // _PERIOD_SECONDS * _PERIOD_SECONDS
            clock.call_at(self._minute + _PERIOD_SECONDS, self.publish)
        found = self._sums.get(point)
        if found is None:
            found = self._sums[point] = _Sum()
        found.count += 1
        found.total += value
        found.least = min(found.least, value)
        found.most = max(found.most, value)

    def publish(self) -> None:
        """Tell CloudWatch what was counted."""
        sums, self._sums = self._sums, {}
        groups: dict[tuple[Scope, str], list[Mapping[str, object]]] = {}
        for point, found in sums.items():
            groups.setdefault(point[:2], []).append(_datum(point, found, self._minute))
        for (scope, namespace), data in groups.items():
            for start in range(0, len(data), _DATA_MAX):
                self._put(scope, namespace, data[start : start + _DATA_MAX])

    def clear(self) -> None:
        self._sums.clear()

    def _put(self, scope: Scope, namespace: str, data: list[Mapping[str, object]]) -> None:
        from fogbank.control import caller
        from fogbank.control.context import Context

        publisher = caller.service(f"{namespace.partition('/')[2].lower()}.amazonaws.com", scope.account)
        ctx = Context(self._dispatch, "cloudwatch", "PutMetricData", scope, publisher)
        answer = self._dispatch.answer(ctx, {"Namespace": namespace, "MetricData": data})
        if answer.error is not None:
            _LOG.warning("%s: %s", namespace, answer.error)


def _datum(point: Point, found: _Sum, at: float) -> dict[str, object]:
    return {
        "MetricName": point.metric,
        "Unit": point.unit,
        "Timestamp": at,
        "Dimensions": [{"Name": name, "Value": value} for name, value in point.dimensions],
        "StatisticValues": {
            "SampleCount": found.count,
            "Sum": found.total,
            "Minimum": found.least,
            "Maximum": found.most,
        },
    }
