"""Metric data read by queries: as much as a hundred thousand data points, metric by metric."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudwatch import labels, queries, rules
from fogbank.services.cloudwatch.math import Series

_BAD_TOKEN = ("InvalidNextToken", "The specified token isn't valid.")
_END = object()


async def get_metric_data(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    asked = req["MetricDataQueries"]
    if not asked:
        raise rules.bad("The parameter MetricDataQueries is required.")
    if len(asked) > rules.QUERIES_MAX:
        raise rules.bad(f"The collection MetricDataQueries must not have a size greater than {rules.QUERIES_MAX}.")
    if req["StartTime"] >= req["EndTime"]:
        raise rules.bad("The parameter StartTime must be less than the parameter EndTime.")
    queries.check(asked)
    limit = req.get("MaxDatapoints", rules.DATAPOINTS_PAGE)
    if not 0 < limit <= rules.DATAPOINTS_PAGE:
        raise rules.bad(f"The parameter MaxDatapoints must be between 1 and {rules.DATAPOINTS_PAGE}.")
    if not any(True for _ in queries.shown(asked)):
        raise rules.bad("At least one of the queries must return data.")
    with ctx.begin():
        request = queries.Request(ctx, asked, req["StartTime"], req["EndTime"])
        steps = request.steps()
    while await _stepped(ctx, steps):
        pass
    with ctx.begin():
        return _answer(req, request, limit)


async def _stepped(ctx: Context, steps: Iterator[None]) -> bool:
    """Read one more metric, and let others work; whether there may be more."""
    with ctx.begin():
        is_more = next(steps, _END) is not _END
    await asyncio.sleep(0)
    return is_more


def _answer(req: dict[str, Any], request: queries.Request, limit: int) -> dict[str, Any]:
    asked = req["MetricDataQueries"]
    found = [(query, series) for query in queries.shown(asked) for series in request.series(query["Id"])]
    is_down = req.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    zone = req.get("LabelOptions", {}).get("Timezone", "")
    rows = [_row(query, series, is_down, zone) for query, series in found]
    page, token = _cut(rows, _offset(req.get("NextToken")), limit)
    answer: dict[str, Any] = {"MetricDataResults": page, "Messages": []}
    return {**answer, "NextToken": token} if token else answer


def _row(query: Mapping[str, Any], series: Series, is_down: bool, zone: str) -> dict[str, Any]:
    pairs = list(series.values.items())
    if is_down:
        pairs.reverse()
    label = query.get("Label")
    return {
        "Id": query["Id"],
        "Label": labels.filled(label, series, zone) if label else series.label,
        "Timestamps": [float(at) for at, _ in pairs],
        "Values": [value for _, value in pairs],
        "StatusCode": "Complete",
    }


def _offset(token: str | None) -> tuple[int, int]:
    """(row, data point) that a page begins with."""
    if not token:
        return 0, 0
    try:
        row, _, at = base64.urlsafe_b64decode(token).decode().partition(".")
        return int(row), int(at)
    except (binascii.Error, ValueError):
        raise AwsError(*_BAD_TOKEN) from None


def _cut(rows: list[dict[str, Any]], start: tuple[int, int], limit: int) -> tuple[list[dict[str, Any]], str]:
    """The rows from an offset that fit into a page, and the token of the next; a row that is cut says so."""
    page: list[dict[str, Any]] = []
    for number, row in list(enumerate(rows))[start[0] :]:
        first = start[1] if number == start[0] else 0
        if limit <= 0 and row["Values"]:
            return page, _token(number, 0)
        taken = {**row, "Timestamps": row["Timestamps"][first:], "Values": row["Values"][first:]}
        if len(taken["Values"]) > limit:
            for key in ("Timestamps", "Values"):
                taken[key] = taken[key][:limit]
            page.append({**taken, "StatusCode": "PartialData"})
            return page, _token(number, first + limit)
        limit -= len(taken["Values"])
        page.append(taken)
    return page, ""


def _token(row: int, at: int) -> str:
    return base64.urlsafe_b64encode(f"{row}.{at}".encode()).decode()
