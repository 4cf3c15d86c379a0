"""Metrics: data put, listed, and read as statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws import paging
from fogbank.control.context import Context
from fogbank.services.cloudwatch import points, rules
from fogbank.services.cloudwatch.resources import Metric
from fogbank.services.cloudwatch.statistics import SIMPLE, Bucket, statistic

_BAD_TOKEN = ("InvalidParameterValueException", "The specified token isn't valid.")


def put_metric_data(ctx: Context, req: dict[str, Any]) -> None:
    rules.check_namespace(req["Namespace"], ctx.caller.principal.kind == "service")
    data = list(req.get("MetricData", ()))
    path = "MetricData.member"
    for entity in req.get("EntityMetricData", ()):
        data += entity.get("MetricData", ())
    if not data:
        raise rules.missing("The parameter MetricData is required.")
    if len(data) > rules.DATA_MAX:
        raise rules.invalid(f"The collection MetricData must not have a size greater than {rules.DATA_MAX}.")
    now = ctx.now
    points.put(ctx, req["Namespace"], [_checked(datum, f"{path}.{at}", now) for at, datum in enumerate(data, 1)])


def _checked(datum: Mapping[str, Any], path: str, now: float) -> dict[str, Any]:
    """A datum with its dimensions in order. Raises InvalidParameterValue, InvalidParameterCombination."""
    given = [key for key in ("Value", "Values", "StatisticValues") if key in datum]
    if not given:
        raise rules.missing(
            f"At least one of the parameters {path}.Value, .Values and .StatisticValues must be specified."
        )
    if len(given) > 1:
        raise rules.combination(f"The parameters {path}.{given[0]} and {path}.{given[1]} are mutually exclusive.")
    if "Value" in datum:
        rules.check_number(datum["Value"], f"{path}.Value")
    elif "Values" in datum:
        _check_values(datum, path)
    else:
        _check_set(datum["StatisticValues"], f"{path}.StatisticValues")
    if datum.get("StorageResolution", 60) not in (1, 60):
        raise rules.invalid(f"The parameter {path}.StorageResolution must be 1 or 60.")
    if not datum["MetricName"].isascii() or not datum["MetricName"].isprintable():
        raise rules.invalid(f"The parameter {path}.MetricName must contain only ASCII characters.")
    at = datum.get("Timestamp", now)
    if not now - rules.PAST_SECONDS <= at <= now + rules.FUTURE_SECONDS:
        raise rules.invalid(
            f"The parameter {path}.Timestamp must specify a time no more than two weeks in the past and no more than "
            "two hours in the future."
        )
    dimensions = rules.dimensions_of(datum.get("Dimensions", ()), f"{path}.Dimensions")
    return {**datum, "Timestamp": at, "dimensions": dimensions}


def _check_values(datum: Mapping[str, Any], path: str) -> None:
    values, counts = datum["Values"], datum.get("Counts")
    if not values:
        raise rules.invalid(f"The parameter {path}.Values is empty.")
    if len(values) > rules.VALUES_MAX:
        raise rules.invalid(f"The collection {path}.Values must not have a size greater than {rules.VALUES_MAX}.")
    if counts is not None and len(counts) != len(values):
        raise rules.combination(f"The parameters {path}.Values and {path}.Counts must have the same size.")
    for value in values:
        rules.check_number(value, f"{path}.Values")
    for count in counts or ():
        rules.check_number(count, f"{path}.Counts")
        if count < 0:
            raise rules.invalid(f"The value {count} for parameter {path}.Counts is invalid.")


def _check_set(given: Mapping[str, float], path: str) -> None:
    for name in ("SampleCount", "Sum", "Minimum", "Maximum"):
        rules.check_number(given[name], f"{path}.{name}")
    if given["SampleCount"] <= 0:
        raise rules.invalid(f"The parameter {path}.SampleCount must be greater than 0.")
    if given["Maximum"] < given["Minimum"]:
        raise rules.invalid(f"The parameter {path}.Maximum must not be less than {path}.Minimum.")


def list_metrics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    start = f"{req['Namespace']}\x00" if "Namespace" in req else ""
    if start and "MetricName" in req:
        start += f"{req['MetricName']}\x00"
    since = ctx.now - (3 * 3_600 if req.get("RecentlyActive") else rules.ACTIVE_SECONDS)
    wanted = [(one["Name"], one.get("Value")) for one in req.get("Dimensions", ())]
    rows = (
        metric
        for metric in ctx.scan(Metric, start=start, after=paging.after(req.get("NextToken"), *_BAD_TOKEN))
        if metric.active_at >= since and req.get("MetricName", metric.name) == metric.name and _has(metric, wanted)
    )
    page, token = paging.page(rows, rules.METRICS_PAGE, lambda one: f"{one.namespace}\x00{one.name}\x00{one.where}")
    told = [
        {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        }
        for metric in page
    ]
    answer: dict[str, Any] = {"Metrics": told}
    if req.get("IncludeLinkedAccounts"):
        answer["OwningAccounts"] = [ctx.account] * len(told)
    return {**answer, "NextToken": token} if token else answer


def _has(metric: Metric, wanted: Sequence[tuple[str, str | None]]) -> bool:
    if not wanted:
        return True
    found = dict(metric.dimensions)
    return all(name in found and value in (None, found[name]) for name, value in wanted)


def get_metric_statistics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    stats, extended = req.get("Statistics", []), req.get("ExtendedStatistics", [])
    if not stats and not extended:
        raise rules.missing("Must specify either Statistics or ExtendedStatistics")
    for name in extended:
        if name in SIMPLE or statistic(name) is None:
            raise rules.invalid(f"The value {name} for parameter ExtendedStatistics.member.1 is invalid.")
    period = req["Period"]
    rules.check_period(period)
    if req["StartTime"] >= req["EndTime"]:
        raise rules.invalid("The parameter StartTime must be less than the parameter EndTime.")
    count = int((req["EndTime"] - req["StartTime"]) // period)
    if count > rules.DATAPOINTS_MAX:
        raise rules.combination(
            f"You have requested up to {count:,} datapoints, which exceeds the limit of {rules.DATAPOINTS_MAX:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    answer: dict[str, Any] = {"Label": req["MetricName"], "Datapoints": []}
    dimensions = rules.dimensions_of(req.get("Dimensions", ()), "Dimensions")
    metric = ctx.get(Metric, req["Namespace"], req["MetricName"], rules.where_of(dimensions))
    if metric is None:
        return answer
    span = points.aligned(req["StartTime"], req["EndTime"], period, ctx.now)
    for unit, found in points.read_by_unit(ctx, metric.number, span, req.get("Unit", "")).items():
        answer["Datapoints"] += [_datapoint(at, bucket, unit, (stats, extended)) for at, bucket in found.items()]
    return answer


def _datapoint(at: int, bucket: Bucket, unit: str, wanted: tuple[Sequence[str], Sequence[str]]) -> dict[str, Any]:
    told: dict[str, Any] = {"Timestamp": float(at), "Unit": unit}
    for name in wanted[0]:
        compute = statistic(name)
        told[name] = compute(bucket) if compute is not None else None
    more = {}
    for name in wanted[1]:
        compute = statistic(name)
        value = compute(bucket) if compute is not None else None
        if value is not None:
            more[name] = value
    return {**told, "ExtendedStatistics": more} if more else told
