"""Looks at the data of a metric alarm and brings it to the state that these lead to."""

from __future__ import annotations

import json

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudwatch import alarms, evaluation, points, queries, rules
from fogbank.services.cloudwatch.evaluation import Plan, Point
from fogbank.services.cloudwatch.points import Span
from fogbank.services.cloudwatch.resources import Alarm, Metric
from fogbank.services.cloudwatch.statistics import is_percentile, statistic


def plan_of(alarm: Alarm) -> Plan:
    return Plan(
        comparison=alarm.comparison,
        threshold=alarm.threshold,
        periods=alarm.evaluation_periods,
        needed=alarm.datapoints_to_alarm or alarm.evaluation_periods,
        missing=alarm.missing,
        period=alarm.period,
        statistic=alarm.stat,
        unit=alarm.unit,
    )


def look(ctx: Context, alarm: Alarm) -> None:
    """Evaluate an alarm now."""
    plan = plan_of(alarm)
    start, end = evaluation.span_of(plan, ctx.now)
    try:
        found = _of_queries(ctx, alarm, start, end) if alarm.queries else _of_metric(ctx, alarm, start, end)
    except AwsError as error:
        why = (f"Insufficient Data: {error.message}", "")
        alarms.change(ctx, alarm, "INSUFFICIENT_DATA", why)
        return
    if found is None:
        return
    state = alarms.state_of(ctx, alarm)
    verdict = evaluation.judged(plan, found, state.value, ctx.now)
    if verdict.state is not None and verdict.state != state.value:
        alarms.change(ctx, alarm, verdict.state, (verdict.reason, verdict.data))


def _of_metric(ctx: Context, alarm: Alarm, start: int, end: int) -> list[Point] | None:
    """The data points of a metric; None where a percentile rests on too few samples to say anything."""
    metric = ctx.get(Metric, alarm.namespace, alarm.metric_name, rules.where_of(alarm.dimensions))
    if metric is None:
        return []
    compute = statistic(alarm.stat)
    assert compute is not None
    buckets = points.read(ctx, metric.number, Span(start, end, alarm.period), alarm.unit)
    if alarm.low_samples == "ignore" and is_percentile(alarm.stat):
        latest = list(buckets.values())[-alarm.evaluation_periods :]
        if any(_has_few(alarm.stat, bucket.count) for bucket in latest):
            return None
    found = []
    for at, bucket in buckets.items():
        value = compute(bucket)
        if value is not None:
            found.append(Point(at, value, bucket.count))
    return found


def _has_few(stat: str, count: float) -> bool:
    """Whether samples are too few for a percentile: ten divided by what lies outside of it (User Guide)."""
    percent = float(stat[1:]) / 100
    outside = 1 - percent if percent >= 0.5 else percent
    return outside > 0 and count < 10 / outside


def _of_queries(ctx: Context, alarm: Alarm, start: int, end: int) -> list[Point]:
    asked = json.loads(alarm.queries)
    request = queries.Request(ctx, asked, start, end)
    [shown] = queries.shown(asked)
    found = request.series(shown["Id"])
    if len(found) != 1:
        raise rules.bad("The expression of an alarm must make one time series.")
    return [Point(at, value) for at, value in found[0].values.items() if start <= at < end]
