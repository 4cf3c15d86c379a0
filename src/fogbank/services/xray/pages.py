"""fogbank's own pages about traces (`/_fogbank/xray`): what a console shows of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.pages import Pages, answered, unclear
from fogbank.services.xray import groups, shelf
from fogbank.services.xray.documents import is_trace_id
from fogbank.services.xray.resources import Upkeep
from fogbank.services.xray.traces import Part, Trace

_START = "/_fogbank/xray"
_LOOKED_AT = 2_000


async def answer(ctx: Context, request: Request) -> Response:
    """A page of a request, as JSON."""
    return await answered(ctx, request, _START, _PAGES)


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    account: str = ""
    region: str = ""
    """Empty for all accounts and regions."""
    seconds: Annotated[float, msgspec.Meta(gt=0, le=21_600)] = 3_600.0
    """How far back."""
    filter: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100

    def span(self, now: float) -> tuple[float, float]:
        """Up to a second from now, so that what has just begun is there too."""
        return now + 1 - self.seconds, now + 1


class _One(msgspec.Struct, forbid_unknown_fields=True):
    id: str


async def _listed(ctx: Context, wanted: _Wanted) -> dict[str, Any]:
    """The latest traces, the last one first. A filter that says nothing is refused where there is nothing, too."""
    groups.compiled(wanted.filter)
    rows: list[dict[str, Any]] = []
    for home in _homes(ctx, wanted):
        rows += await _recent(home, wanted)
    rows.sort(key=lambda row: -row["start"])
    return {"traces": rows[: wanted.limit]}


async def _recent(ctx: Context, wanted: _Wanted) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    start, end = wanted.span(ctx.now)
    params: dict[str, Any] = {"StartTime": start, "EndTime": end, "TimeRangeType": "Event"}
    if wanted.filter:
        params["FilterExpression"] = wanted.filter
    count = 0
    while True:
        page = await ctx.as_service().invoke("xray", "GetTraceSummaries", **params)
        rows += [_row(ctx, one) for one in page["TraceSummaries"]]
        count += page["TracesProcessedCount"]
        if "NextToken" not in page or len(rows) >= wanted.limit or count >= _LOOKED_AT:
            return rows
        params["NextToken"] = page["NextToken"]


def _row(ctx: Context, one: dict[str, Any]) -> dict[str, Any]:
    http = one["Http"]
    return {
        "id": one["Id"],
        "account": ctx.account,
        "region": ctx.region,
        "start": one["StartTime"],
        "duration": one["Duration"],
        "response_time": one.get("ResponseTime"),
        "name": one["EntryPoint"].get("Name", ""),
        "type": one["EntryPoint"].get("Type", ""),
        "method": http.get("HttpMethod", ""),
        "url": http.get("HttpURL", ""),
        "status": http.get("HttpStatus"),
        "services": [service.get("Name", "") for service in one["ServiceIds"]],
        "is_error": one["HasError"],
        "is_fault": one["HasFault"],
        "is_throttle": one["HasThrottle"],
        "is_partial": one["IsPartial"],
        # Of whatever it called, though the answer may have been good.
        "has_errors": bool(one["ErrorRootCauses"]),
        "has_faults": bool(one["FaultRootCauses"]),
    }


async def _trace(ctx: Context, wanted: _One) -> dict[str, Any]:
    """One trace as the rows of a waterfall, in the order of a tree. Raises NotFound."""
    if not is_trace_id(wanted.id):
        raise unclear(f"{wanted.id} is no trace id")
    for home in _homes(ctx, _Wanted()):
        with home.begin():
            if shelf.row_of(home, wanted.id.lower()) is None:
                continue
            trace = shelf.read(home, wanted.id.lower())
        told = {"id": trace.id, "account": home.account, "region": home.region, "start": trace.start}
        return {**told, "duration": trace.duration, "rows": list(_rows(trace))}
    raise AwsError("NotFound", f"There is no trace {wanted.id}.", status=404)


def _rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """Segments and subsegments, each after what called it, the earlier first."""
    below: dict[int, list[Part]] = {}
    for segment in trace.segments:
        for part in segment.walk():
            if part.caller is not None:
                below.setdefault(id(part.caller), []).append(part)
    shown: set[int] = set()
    # Segments that name one another in a circle have no beginning: they come last.
    waiting = [(part, 0) for part in reversed([*trace.roots, *trace.segments])]
    while waiting:
        part, depth = waiting.pop()
        if id(part) in shown:
            continue
        shown.add(id(part))
        yield _bar(trace, part, depth)
        called = sorted(below.get(id(part), ()), key=lambda one: (one.start, one.id))
        waiting += [(one, depth + 1) for one in reversed(called)]


def _bar(trace: Trace, part: Part, depth: int) -> dict[str, Any]:
    document = part.document
    kind = "inferred" if part.is_inferred else "segment" if part.is_segment else "subsegment"
    return {
        "id": part.id,
        "parent": part.caller.id if part.caller is not None else "",
        "depth": depth,
        "kind": kind,
        "name": part.name,
        "type": part.node.type,
        "namespace": document.get("namespace", ""),
        "offset": part.start - trace.start,
        "duration": None if part.is_open else part.seconds,
        "status": part.status or None,
        "is_error": part.is_error,
        "is_fault": part.is_fault,
        "is_throttle": part.is_throttle,
        "is_open": part.is_open,
        "http": document.get("http", {}),
        "aws": document.get("aws", {}),
        "annotations": document.get("annotations", {}),
        "metadata": document.get("metadata", {}),
        "cause": document.get("cause"),
    }


async def _map(ctx: Context, wanted: _Wanted) -> dict[str, Any]:
    """The service map: nodes, and edges between them by their ids."""
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for home in _homes(ctx, wanted):
        start, end = wanted.span(ctx.now)
        found = await home.as_service().invoke("xray", "GetServiceGraph", StartTime=start, EndTime=end)
        prefix = f"{home.account}/{home.region}/"
        for service in found["Services"]:
            nodes.append(_node(home, prefix, service))
            source = nodes[-1]["id"]
            edges += [
                {"source": source, "target": f"{prefix}{edge['ReferenceId']}", **_counts(edge["SummaryStatistics"])}
                for edge in service["Edges"]
            ]
    return {"nodes": nodes, "edges": edges}


def _node(ctx: Context, prefix: str, service: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{prefix}{service['ReferenceId']}",
        "account": ctx.account,
        "region": ctx.region,
        "name": service.get("Name", ""),
        "type": service.get("Type", ""),
        "is_root": service.get("Root", False),
        "state": service["State"],
        **_counts(service.get("SummaryStatistics")),
    }


def _counts(found: dict[str, Any] | None) -> dict[str, Any]:
    """How many requests came to what end, and how long they took on average; None where nobody counts."""
    if found is None:
        return {"requests": None, "ok": None, "errors": None, "throttles": None, "faults": None, "mean_seconds": None}
    total, errors = found["TotalCount"], found["ErrorStatistics"]
    return {
        "requests": total,
        "ok": found["OkCount"],
        "errors": errors["OtherCount"],
        "throttles": errors["ThrottleCount"],
        "faults": found["FaultStatistics"]["TotalCount"],
        "mean_seconds": found["TotalResponseTime"] / total if total else None,
    }


def _homes(ctx: Context, wanted: _Wanted) -> list[Context]:
    """Where there are traces, of what is wanted."""
    return [
        ctx.at(scope.region, scope.account)
        for scope in ctx.scopes(Upkeep)
        if wanted.account in ("", scope.account) and wanted.region in ("", scope.region)
    ]


_PAGES: Pages = {
    ("GET", "/traces"): (_Wanted, _listed),
    ("GET", "/trace"): (_One, _trace),
    ("GET", "/map"): (_Wanted, _map),
}
"""What a page takes, and what answers it."""
