"""How long packets take between regions and zones (EC2 API Reference, "GetAwsNetworkPerformanceData")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.aws.internet import REGIONS
from fogbank.control.context import Context
from fogbank.services.ec2 import lines

_PERIOD_SECONDS = {
    "five-minutes": 300.0,
    "fifteen-minutes": 900.0,
    "one-hour": 3600.0,
    "three-hours": 10_800.0,
    "one-day": 86_400.0,
    "one-week": 604_800.0,
}
_PAGE = 100


def get_aws_network_performance_data(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One point for each query, the latest: round trips in milliseconds. A line that is down has none."""
    queries = req.get("DataQueries", [])
    after = paging.after(req.get("NextToken"), "InvalidParameterValue", "The token is not valid.")
    rows = [(f"{number:06d}", query) for number, query in enumerate(queries)]
    page, token = paging.page((row for row in rows if row[0] > after), req.get("MaxResults", _PAGE), lambda row: row[0])
    answer: dict[str, Any] = {"DataResponses": [_answered(ctx, query, req) for _, query in page]}
    return answer | ({"NextToken": token} if token else {})


def _answered(ctx: Context, query: Mapping[str, Any], req: Mapping[str, Any]) -> dict[str, Any]:
    for member in ("Source", "Destination"):
        if not query.get(member):
            raise AwsError("MissingParameter", f"The request must contain the parameter {member}")
    period = query.get("Period", "five-minutes")
    asked = {"Metric": "aggregate-latency", "Statistic": "p50", "Period": period, **query}
    seconds = _round_trip_seconds(ctx, query["Source"], query["Destination"])
    if seconds is None:
        return {**asked, "MetricPoints": []}
    ends_at = min(ctx.now, req.get("EndTime", ctx.now))
    starts_at = max(ends_at - _PERIOD_SECONDS.get(period, 300.0), req.get("StartTime", 0.0))
    point = {"StartDate": starts_at, "EndDate": ends_at, "Value": seconds * 1000, "Status": "available"}
    return {**asked, "MetricPoints": [point]}


def _round_trip_seconds(ctx: Context, here: str, there: str) -> float | None:
    """None for a line that nothing passes. Raises InvalidParameterValue for what is neither a region nor a zone."""
    regions = [place if place in REGIONS else lines.region_of(place) for place in (here, there)]
    for place, region in zip((here, there), regions, strict=True):
        if not region:
            raise AwsError("InvalidParameterValue", f"{place} is no Region and no Availability Zone.")
    if regions[0] == regions[1]:
        are_zones = here != there and here not in regions and there not in regions
        return lines.say_zones(ctx, here, there, None) if are_zones else 0.0
    line = lines.now(ctx, *regions)
    return line.round_trip_seconds if line.loss < 1 else None
