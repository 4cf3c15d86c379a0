"""What traced calls tell X-Ray: a segment of each service that answers one, below whoever called it.

A call is traced when its tracing header says that the trace is kept. The segment's id takes the place of the
header's parent while the operation runs, so that what is called further comes below it: the map shows
topic -> queue -> function.
Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from fogbank.aws import trace
from fogbank.aws.errors import AwsError
from fogbank.aws.scope import Scope
from fogbank.aws.trace import Trace
from fogbank.control.caller import Caller
from fogbank.control.context import Context, Origin
from fogbank.model.index import entry

if TYPE_CHECKING:
    from fogbank.control.dispatch import Dispatch

_SILENT = frozenset(("xray", "lambda"))
"""Whose segments are no use (they would tell of the telling), and who writes better ones itself."""
_BOOKKEEPING = frozenset(("logs", "cloudwatch", "sts", "iam"))
"""What services do among themselves at every turn, and AWS's maps leave out."""
_WAITING_MAX = 10_000
"""Segments that have not been written yet; more are dropped, as X-Ray's daemon does."""


class Traces:
    """The segments of a cloud's calls, on their way to xray."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._waiting: list[tuple[Scope, Caller, str]] = []

    def begin(self, ctx: Context, *, is_inner: bool = False) -> Span | None:
        """The segment of a call that begins, which stands above all that it calls; None where it has none."""
        if ctx.service in _SILENT or (is_inner and ctx.service in _BOOKKEEPING):
            return None
        found = trace.parsed(ctx.origin.trace)
        if not found.is_kept or self._dispatch.services.get("xray") is None:
            return None
        span = Span(found, trace.new_segment(self._dispatch.ids), ctx.origin, self._dispatch.clock.now())
        ctx.origin = ctx.origin._replace(trace=str(found.below(span.id)))
        return span

    def end(self, ctx: Context, span: Span, error: AwsError | None) -> None:
        """A call has been answered; its segment is written once whoever called has the answer."""
        ctx.origin = span.origin
        told = document(ctx, span, self._dispatch.clock.now(), error)
        self.tell(ctx.as_service(), orjson.dumps(told).decode())

    def tell(self, ctx: Context, segment: str) -> None:
        """Have a segment written in the account and region of a context, as its caller: who may not, loses it."""
        if len(self._waiting) >= _WAITING_MAX or self._dispatch.services.get("xray") is None:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append((ctx.scope, ctx.caller, segment))

    def clear(self) -> None:
        self._waiting.clear()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        for scope, caller, segment in waiting:
            ctx = Context(self._dispatch, "xray", "PutTraceSegments", scope, caller)
            # A lost segment is a gap in a picture; the call that it tells of has been answered.
            self._dispatch.answer(ctx, {"TraceSegmentDocuments": [segment]})


class Span(NamedTuple):
    """A traced call that is being answered."""

    trace: Trace
    id: str
    origin: Origin
    """The call's, as it came."""
    began_at: float


def document(ctx: Context, span: Span, ended_at: float, error: AwsError | None) -> dict[str, Any]:
    """The segment of a service that has answered a call."""
    name = entry(ctx.service).service_id.replace(" ", "")
    request = {"client_ip": span.origin.source_ip, "user_agent": span.origin.user_agent}
    status = 200 if error is None else error.status or 400
    found: dict[str, Any] = {
        "name": name,
        "id": span.id,
        "trace_id": span.trace.root,
        "start_time": span.began_at,
        "end_time": ended_at,
        "origin": f"AWS::{name}",
        "http": {"request": {key: value for key, value in request.items() if value}, "response": {"status": status}},
        "aws": {
            "operation": ctx.operation,
            "request_id": ctx.request_id,
            "region": ctx.region,
            "account_id": ctx.account,
        },
    }
    if span.trace.parent:
        found["parent_id"] = span.trace.parent
    if error is not None:
        found["fault" if status >= 500 else "error"] = True
        if status == 429 or "Throttl" in error.code:
            found["throttle"] = True
        exception = {"id": span.id, "type": error.code, "message": error.message}
        found["cause"] = {"exceptions": [exception]}
    return found
