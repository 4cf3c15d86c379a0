"""What looks at all traces of a time: the service map, and statistics by the minute. Others are let in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fogbank.aws.errors import NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.xray import filters, groups, rules, shelf
from fogbank.services.xray.graph import Graph
from fogbank.services.xray.series import Series
from fogbank.services.xray.shelf import Span
from fogbank.services.xray.traces import Trace

_STRIDE = 50


async def get_service_graph(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = Graph()
    async for trace in _traces(ctx, req):
        found.add(trace, req["StartTime"], req["EndTime"])
    return {
        "StartTime": req["StartTime"],
        "EndTime": req["EndTime"],
        "Services": found.described(),
        "ContainsOldGroupVersions": False,
    }


async def get_time_series_service_statistics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if req.get("ForecastStatistics"):
        raise NotImplementedByFogbank("xray", "GetTimeSeriesServiceStatistics with ForecastStatistics")
    period = req.get("Period", 60)
    if period not in (60, 300):
        raise rules.invalid("Period must be 60 or 300.")
    try:
        asked = filters.selector(req["EntitySelectorExpression"]) if req.get("EntitySelectorExpression") else None
    except filters.BadFilter as error:
        raise rules.invalid(f"Invalid entity selector expression: {error}") from None
    found = Series(asked, period)
    async for trace in _traces(ctx, req):
        found.add(trace, req["StartTime"], req["EndTime"])
    return {"TimeSeriesServiceStatistics": found.described(), "ContainsOldGroupVersions": False}


async def _traces(ctx: Context, req: dict[str, Any]) -> AsyncIterator[Trace]:
    """The traces of a group that were active in a range, some at a time. Raises InvalidRequestException."""
    rules.check_range(req["StartTime"], req["EndTime"])
    if req.get("NextToken"):
        raise rules.invalid("Invalid NextToken.")
    span, cursor = Span(req["StartTime"], req["EndTime"]), ""
    with ctx.begin():
        wanted = groups.node_of(ctx, req)
        named = groups.named(ctx, wanted)
    while True:
        with ctx.begin():
            page = shelf.by_activity(ctx, span, cursor, _STRIDE)
            found = [shelf.read(ctx, one.id) for one in page.found]
        for trace in found:
            if wanted is None or filters.holds(wanted, trace, named):
                yield trace
        if not page.cursor:
            return
        cursor = page.cursor
        await asyncio.sleep(0)
