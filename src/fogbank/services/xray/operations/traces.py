"""Traces: summaries that are searched for, and whole ones by their ids."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.xray import filters, groups, rules, shelf, summaries
from fogbank.services.xray.documents import is_trace_id
from fogbank.services.xray.graph import Graph
from fogbank.services.xray.shelf import Found, Row, Span
from fogbank.services.xray.traces import Trace

_LOOKED_AT = 200
_PAGE_BYTES = 2_000_000
_SHARES = 1 << 32


def get_trace_summaries(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.check_range(req["StartTime"], req["EndTime"])
    span, kind = Span(req["StartTime"], req["EndTime"]), req.get("TimeRangeType", "TraceId")
    wanted = groups.compiled(req.get("FilterExpression", ""))
    named = groups.named(ctx, wanted)
    share = _share(req)
    cursor = _cursor(req)
    page = (shelf.by_id if kind == "TraceId" else shelf.by_activity)(ctx, span, cursor, _LOOKED_AT)
    found, count = [], 0
    for one in page.found:
        if zlib.crc32(one.id.encode()) >= share * _SHARES:
            continue
        count += 1
        trace = shelf.read(ctx, one.id)
        if kind == "Service" and not any(span.start <= (part.end or -1) < span.end for part in trace.segments):
            continue
        if wanted is None or filters.holds(wanted, trace, named):
            found.append(_summary(trace, one.row, span, kind))
    answer: dict[str, Any] = {
        "TraceSummaries": found,
        "ApproximateTime": page.found[-1].row.first if page.found else span.start,
        "TracesProcessedCount": count,
    }
    return {**answer, "NextToken": paging.token_after(page.cursor)} if page.cursor else answer


def _summary(trace: Trace, row: Row, span: Span, kind: str) -> dict[str, Any]:
    told = summaries.summary(trace, row.revision)
    if kind != "TraceId":
        # The last that happened within the range that was asked for.
        told["MatchedEventTime"] = min(row.last, span.end)
    return told


def _share(req: dict[str, Any]) -> float:
    """What part of all traces is wanted. Raises InvalidRequestException."""
    strategy = req.get("SamplingStrategy") or {}
    value = strategy.get("Value", 1.0)
    if not 0 <= value <= 1:
        raise rules.invalid("The value of a sampling strategy must be between 0 and 1.")
    if not req.get("Sampling") or not strategy:
        return 1.0
    if strategy.get("Name") == "PartialScan":
        raise NotImplementedByFogbank("xray", "GetTraceSummaries with PartialScan")
    return float(value)


def _cursor(req: dict[str, Any]) -> str:
    return paging.after(req.get("NextToken"), "InvalidRequestException", "Invalid NextToken.")


def batch_get_traces(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_ids(req["TraceIds"])
    wanted = list(dict.fromkeys(one.lower() for one in req["TraceIds"]))
    start = _cursor(req)
    if start and start not in wanted:
        raise rules.invalid("Invalid NextToken.")
    at = wanted.index(start) + 1 if start else 0
    found: list[dict[str, Any]] = []
    missing = [one for one in wanted[at:] if shelf.row_of(ctx, one) is None] if not at else []
    answer: dict[str, Any] = {"Traces": found, "UnprocessedTraceIds": missing}
    size = 0
    for number in range(at, len(wanted)):
        row = shelf.row_of(ctx, wanted[number])
        if row is None:
            continue
        if found and size + row.size > _PAGE_BYTES:
            return {**answer, "NextToken": paging.token_after(wanted[number - 1])}
        size += row.size
        found.append(_whole(ctx, Found(wanted[number], row)))
    return answer


def _check_ids(trace_ids: list[str]) -> None:
    if not trace_ids or len(trace_ids) > rules.GET_TRACES_MAX:
        raise rules.invalid(f"Between 1 and {rules.GET_TRACES_MAX} trace IDs are required.")
    bad = next((one for one in trace_ids if not is_trace_id(one)), None)
    if bad is not None:
        raise rules.invalid(f"Invalid trace ID: {bad}")


def _whole(ctx: Context, found: Found) -> dict[str, Any]:
    trace = shelf.read(ctx, found.id)
    return {
        "Id": found.id,
        "Duration": round(trace.duration, 6),
        "LimitExceeded": found.row.is_over,
        "Segments": [
            {"Id": part.id, "Document": msgspec.json.encode(part.compiled()).decode()} for part in trace.segments
        ],
    }


def get_trace_graph(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_ids(req["TraceIds"])
    found = Graph()
    for one in dict.fromkeys(one.lower() for one in req["TraceIds"]):
        if shelf.row_of(ctx, one) is not None:
            found.add(shelf.read(ctx, one))
    return {"Services": found.described()}
