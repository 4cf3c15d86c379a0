"""Metric data queries: metrics and expressions of a request, evaluated over a span."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from fogbank.control.context import Context
from fogbank.services.cloudwatch import finding, points, rules
from fogbank.services.cloudwatch.math import BadExpression, Series, World, evaluated, names_of, parsed, searches_of
from fogbank.services.cloudwatch.math.series import Value
from fogbank.services.cloudwatch.resources import Metric
from fogbank.services.cloudwatch.statistics import statistic

_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_FOUND_MAX = 500
_DEPTH_MAX = 20


def check(queries: Sequence[Mapping[str, Any]]) -> None:
    """Raises ValidationError for queries that AWS refuses before it looks at data."""
    seen: set[str] = set()
    for number, query in enumerate(queries, 1):
        path = f"MetricDataQueries.member.{number}"
        if not _ID.fullmatch(query["Id"]):
            raise rules.bad(
                f"The value {query['Id']} for parameter {path}.Id is not matching the expected pattern "
                "^[a-z][a-zA-Z0-9_]*$."
            )
        if query["Id"] in seen:
            raise rules.bad(f"The values for parameter Id in MetricDataQueries are not unique: {query['Id']}.")
        seen.add(query["Id"])
        if ("MetricStat" in query) == ("Expression" in query):
            raise rules.bad(
                f"The parameters {path}.Expression and {path}.MetricStat are mutually exclusive and one is required."
            )
        if "MetricStat" in query:
            _check_stat(query["MetricStat"], path)
    for query in queries:
        if "Expression" in query:
            _check_expression(query, seen)


def _check_stat(stat: Mapping[str, Any], path: str) -> None:
    period = stat["Period"]
    if period not in (1, 5, 10, 20, 30) and period % 60:
        raise rules.bad(
            f"The value {period} for parameter {path}.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60."
        )
    if statistic(stat["Stat"]) is None:
        raise rules.bad(f"The value {stat['Stat']} for parameter {path}.MetricStat.Stat is not supported.")
    for member in ("Namespace", "MetricName"):
        if not stat["Metric"].get(member):
            raise rules.bad(f"The parameter {path}.MetricStat.Metric.{member} is required.")


def _check_expression(query: Mapping[str, Any], known: set[str]) -> None:
    try:
        node = parsed(query["Expression"])
    except BadExpression as error:
        raise rules.bad(f"Error in expression '{query['Id']}': {error}") from None
    words = {"REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM", "STDDEV"}
    lost = sorted(set(names_of(node)) - known - words)
    if lost:
        raise rules.bad(f"Error in expression '{query['Id']}': Undefined variable(s): {', '.join(lost)}")


class Request:
    """The queries of a request at work: each is evaluated once, when something needs it."""

    def __init__(self, ctx: Context, queries: Sequence[Mapping[str, Any]], start: float, end: float) -> None:
        self._ctx = ctx
        self._queries = {query["Id"]: query for query in queries}
        self._start, self._end = start, end
        self._done: dict[str, Value] = {}
        self._doing: set[str] = set()
        self._read: dict[tuple[int, str, int, str], dict[int, float]] = {}

    def steps(self) -> Iterator[None]:
        """Reads what the queries rest on, a metric at a step, so that others may work in between."""
        for query in self._queries.values():
            if "MetricStat" in query:
                self.value(query["Id"])
                yield
                continue
            default = query.get("Period") or self._period(query["Id"])
            for text, stat, period in searches_of(parsed(query["Expression"])):
                if statistic(stat) is None or not rules.is_period(period or default):
                    continue
                for metric in self._matching(text):
                    self._values(metric, stat, int(period or default))
                    yield

    def value(self, query_id: str) -> Value:
        """Raises ValidationError."""
        if query_id not in self._done:
            if query_id in self._doing or len(self._doing) > _DEPTH_MAX:
                raise rules.bad(f"Error in expression '{query_id}': it depends on itself.")
            self._doing.add(query_id)
            self._done[query_id] = self._made(self._queries[query_id])
            self._doing.discard(query_id)
        return self._done[query_id]

    def series(self, query_id: str) -> list[Series]:
        """The series of a query. Raises ValidationError for an expression that makes none."""
        value = self.value(query_id)
        if isinstance(value, Series):
            return [value]
        if isinstance(value, list):
            return value
        raise rules.bad(f"Error in expression '{query_id}': the result is not a time series.")

    def _made(self, query: Mapping[str, Any]) -> Value:
        if "MetricStat" in query:
            return self._of_metric(query["MetricStat"])
        period = query.get("Period") or self._period(query["Id"])
        world = World(self.value, self._metrics, self._search, self._axis, period)
        try:
            found = evaluated(parsed(query["Expression"]), world)
        except BadExpression as error:
            raise rules.bad(f"Error in expression '{query['Id']}': {error}") from None
        return found._replace(label=query["Id"]) if isinstance(found, Series) else found

    def _of_metric(self, stat: Mapping[str, Any]) -> Series:
        given = stat["Metric"]
        dimensions = rules.dimensions_of(given.get("Dimensions", ()), "Dimensions")
        metric = self._ctx.get(Metric, given["Namespace"], given["MetricName"], rules.where_of(dimensions))
        where = dict(dimensions)
        frame = self._frame(given["Namespace"], given["MetricName"], where, stat)
        if metric is None:
            return frame
        return frame.with_values(self._values(metric, stat["Stat"], stat["Period"], stat.get("Unit", "")))

    def _values(self, metric: Metric, stat: str, period: int, unit: str = "") -> dict[int, float]:
        key = (metric.number, stat, period, unit)
        if key not in self._read:
            span = points.aligned(self._start, self._end, period, self._ctx.now)
            compute = statistic(stat)
            assert compute is not None
            found = {at: compute(bucket) for at, bucket in points.read(self._ctx, metric.number, span, unit).items()}
            self._read[key] = {at: value for at, value in found.items() if value is not None}
        return self._read[key]

    def _frame(self, namespace: str, name: str, where: Mapping[str, str], stat: Mapping[str, Any]) -> Series:
        facts = {
            "Namespace": namespace,
            "MetricName": name,
            "Stat": stat["Stat"],
            "Period": str(stat["Period"]),
            "Region": self._ctx.region,
            "AccountId": self._ctx.account,
            **{f"Dim.{key}": value for key, value in where.items()},
        }
        return Series(name, {}, stat["Period"], facts)

    def _period(self, query_id: str) -> int:
        """The longest period of the metrics that an expression rests on."""
        found = [one["MetricStat"]["Period"] for one in self._queries.values() if "MetricStat" in one]
        return max(found, default=60)

    def _metrics(self, text: str) -> list[Series]:
        found = [one for one in self._queries.values() if "MetricStat" in one and text in one["Id"]]
        return [series for one in found for series in self.series(one["Id"])]

    def _search(self, text: str, stat: str, period: float) -> list[Series]:
        if statistic(stat) is None:
            raise BadExpression(f"the statistic {stat} is not supported")
        if not rules.is_period(period):
            raise BadExpression(f"the period {period} is not supported")
        return [self._found(metric, stat, int(period)) for metric in self._matching(text)]

    def _matching(self, text: str) -> list[Metric]:
        test = finding.compiled(text)
        return list(islice((metric for metric in self._ctx.scan(Metric) if test(metric)), _FOUND_MAX))

    def _found(self, metric: Metric, stat: str, period: int) -> Series:
        where = dict(metric.dimensions)
        frame = self._frame(metric.namespace, metric.name, where, {"Stat": stat, "Period": period})
        label = " ".join([*where.values(), metric.name])
        return frame._replace(label=label, values=self._values(metric, stat, period))

    def _axis(self, period: int) -> Sequence[int]:
        span = points.aligned(self._start, self._end, period, self._ctx.now)
        found = range(span.start, span.end, period)
        if len(found) > rules.DATAPOINTS_PAGE:
            raise BadExpression(f"the time range has more than {rules.DATAPOINTS_PAGE} periods of {period} seconds")
        return found


def shown(queries: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The queries whose data are asked for."""
    return (query for query in queries if query.get("ReturnData", True))
