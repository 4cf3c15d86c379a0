"""What X-Ray is told of executions: which are sampled, and the segments of the service and of the function.

Lambda Developer Guide, "Visualize Lambda function invocations using AWS X-Ray": a segment of the service (AWS::Lambda)
from when an event is asked for, below it one of the function (AWS::Lambda::Function) with its initialization, the run
of its code, and what is done after it.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any, NamedTuple

import orjson

from fogbank.aws import trace
from fogbank.aws.scope import Scope
from fogbank.aws.trace import Trace
from fogbank.control.context import Context
from fogbank.services.lambda_.resources import Function

_RATE = 0.05
"""Of the events after the first one of a second: what Lambda samples cannot be set (Developer Guide, same page)."""
_LOOP_MAX = 16
"""How often a function may be part of a chain of calls."""
_TRACES_MAX = 64
"""Of which an environment may still send segments."""


class Samples:
    """When functions have last been sampled, so that the first event of each second is."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[Scope, str], int] = {}

    def takes(self, ctx: Context, function: str) -> bool:
        second, key = int(ctx.now), (ctx.scope, function)
        if self._seconds.get(key) != second:
            self._seconds[key] = second
            return True
        return ctx.random.random() < _RATE


class Heard:
    """The traces that an environment has been part of: it may send segments of these, and of no others."""

    def __init__(self) -> None:
        self._roots: deque[str] = deque(maxlen=_TRACES_MAX)

    def add(self, root: str) -> None:
        self._roots.append(root)

    def knows(self, document: str) -> bool:
        """Whether a segment document is of one of them."""
        try:
            found = orjson.loads(document)
        except orjson.JSONDecodeError:
            return False
        return isinstance(found, dict) and found.get("trace_id") in self._roots


class Marks(NamedTuple):
    """When the parts of an execution began, in seconds since 1970."""

    asked_at: float
    began_at: float
    """When the environment was asked for, or found."""
    ready_at: float
    """When it could take the event."""
    ended_at: float
    init_seconds: float = 0.0
    """Zero where it was there already."""
    accepted_at: float = 0.0
    """Of an event that nobody waits for."""
    attempt: int = 0
    """From 1, of such an event."""


class Run(NamedTuple):
    """What the segments of an execution say of it."""

    name: str
    arn: str
    account: str
    request_id: str
    error: str = ""
    """Empty, or why it failed: `Unhandled`."""
    payload: bytes = b""
    """Its error, as AWS's JSON."""


class Ids(NamedTuple):
    """The ids of an execution's segments: made before it begins, since the function is told one."""

    service: str
    attempt: str
    function: str
    invocation: str


def decided(ctx: Context, function: str, mode: str, header: str) -> Trace:
    """The trace of an event, and whether it is kept: as whoever calls says, else as Lambda samples where it is to."""
    found = trace.parsed(header)
    if not found.root:
        found = Trace(trace.new_root(ctx.now, ctx.random))
    if found.sampled in ("0", "1"):
        return found
    is_kept = mode == "Active" and ctx.held(Samples).takes(ctx, function)
    return found._replace(sampled="1" if is_kept else "0")


def is_loop(header: str, function: Function, name: str) -> bool:
    """Whether a function has called itself, by others or not, more often than anybody means to.

    Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops".
    """
    return function.recursive_loop == "Terminate" and trace.parsed(header).count(name) >= _LOOP_MAX


def ids(ctx: Context, request_id: str, attempt: int) -> Ids:
    """New ids; the service's is the same for every attempt at an event, whose segments add to it."""
    service = hashlib.sha256(request_id.encode()).hexdigest()[:16] if attempt else trace.new_segment(ctx.random)
    made = [trace.new_segment(ctx.random) for _ in range(3)]
    return Ids(service, *made)


def segments(run: Run, found: Trace, names: Ids, marks: Marks) -> list[dict[str, Any]]:
    """The documents of an execution."""
    service: dict[str, Any] = {
        "name": run.name,
        "id": names.service,
        "trace_id": found.root,
        "start_time": marks.accepted_at or marks.asked_at,
        "end_time": marks.ended_at,
        "origin": "AWS::Lambda",
        "resource_arn": run.arn,
        "aws": {"request_id": run.request_id, "function_arn": run.arn, "resource_names": [run.name]},
        "http": {"response": {"status": 202 if marks.attempt else 200}},
    }
    if found.parent:
        service["parent_id"] = found.parent
    if not marks.attempt:
        return [service, _function(run, found, names, marks, names.service)]
    beside = {"type": "subsegment", "trace_id": found.root, "parent_id": names.service}
    attempt = {
        **beside,
        "name": f"Attempt #{marks.attempt}",
        "id": names.attempt,
        "start_time": marks.asked_at,
        "end_time": marks.ended_at,
        "http": {"response": {"status": 200}},
        **_failure(run, names.attempt),
    }
    told = [service, attempt, _function(run, found, names, marks, names.attempt)]
    if marks.attempt == 1:
        dwell = hashlib.sha256(names.service.encode()).hexdigest()[:16]
        waited = {"start_time": marks.accepted_at, "end_time": marks.asked_at}
        told.insert(1, {**beside, "name": "Dwell Time", "id": dwell, **waited})
    return told


def _function(run: Run, found: Trace, names: Ids, marks: Marks, parent: str) -> dict[str, Any]:
    parts = []
    began_at = marks.ready_at
    if marks.init_seconds:
        began_at = max(marks.began_at, marks.ready_at - marks.init_seconds)
        parts.append(_part(names.service, "Initialization", began_at, marks.ready_at))
    parts.append({**_part(names.function, "Invocation", marks.ready_at, marks.ended_at), "id": names.invocation})
    parts[-1] |= _failure(run, names.invocation)
    parts.append(_part(names.invocation, "Overhead", marks.ended_at, marks.ended_at))
    return {
        "name": run.name,
        "id": names.function,
        "trace_id": found.root,
        "parent_id": parent,
        "start_time": began_at,
        "end_time": marks.ended_at,
        "origin": "AWS::Lambda::Function",
        "resource_arn": run.arn,
        "aws": {
            "account_id": run.account,
            "function_arn": run.arn,
            "resource_names": [run.name],
            "request_id": run.request_id,
        },
        "subsegments": parts,
        **_failure(run, names.function),
    }


def _part(seed: str, name: str, start: float, end: float) -> dict[str, Any]:
    made = hashlib.sha256(f"{seed} {name}".encode()).hexdigest()[:16]
    return {"name": name, "id": made, "start_time": start, "end_time": end}


def _failure(run: Run, key: str) -> dict[str, Any]:
    """What a segment says of an error: to whoever calls a function, whatever it raises is a fault."""
    if not run.error:
        return {}
    try:
        said = orjson.loads(run.payload)
    except orjson.JSONDecodeError:
        said = None
    said = said if isinstance(said, dict) else {}
    exception = {
        "id": key,
        "type": str(said.get("errorType") or run.error),
        "message": str(said.get("errorMessage") or ""),
    }
    return {"fault": True, "cause": {"exceptions": [exception]}}
