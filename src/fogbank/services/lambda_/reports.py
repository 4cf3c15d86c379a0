"""The lines that Lambda itself writes into a function's log, as text and as JSON.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
"""

from __future__ import annotations

import math
from typing import NamedTuple

import orjson

from fogbank.services.lambda_ import rules


class Run(NamedTuple):
    """One execution, as its report tells of it."""

    request_id: str
    version: str
    seconds: float
    init_seconds: float | None
    """None where the environment was there already."""
    memory_mb: int
    memory_mb_max: int
    error_type: str = ""
    """Empty for one that went well."""
    trace_id: str = ""
    """Empty for one that X-Ray is not told of."""
    segment_id: str = ""


class Begun(NamedTuple):
    """A new environment."""

    runtime: str
    runtime_arn: str


def billed_ms(run: Run) -> int:
    """Duration and initialisation, rounded up to a millisecond."""
    return math.ceil(round((run.seconds + (run.init_seconds or 0.0)) * 1000, 2))


def init_start(begun: Begun, is_json: bool, at: float) -> str:
    label = f"{begun.runtime.rstrip('.x').replace('python', 'python:').replace('nodejs', 'nodejs:')}.v1"
    if is_json:
        record = {"initializationType": "on-demand", "phase": "init", "runtimeVersion": label,
                  "runtimeVersionArn": begun.runtime_arn}  # fmt: skip
        return _json("platform.initStart", record, at)
    return f"INIT_START Runtime Version: {label}\tRuntime Version ARN: {begun.runtime_arn}\n"


def init_report(run: Run, is_json: bool, at: float) -> str:
    """The line of an initialisation that has failed."""
    if is_json:
        record = {"initializationType": "on-demand", "phase": "init", "status": "error", "errorType": run.error_type,
                  "metrics": {"durationMs": round(run.seconds * 1000, 3)}}  # fmt: skip
        return _json("platform.initReport", record, at)
    return (
        f"INIT_REPORT Init Duration: {run.seconds * 1000:.2f} ms\tPhase: init\tStatus: error\t"
        f"Error Type: {run.error_type}\n"
    )


def start(run: Run, is_json: bool, at: float) -> str:
    if is_json:
        return _json("platform.start", {"requestId": run.request_id, "version": run.version}, at)
    return f"START RequestId: {run.request_id} Version: {run.version}\n"


def end(run: Run, is_json: bool, at: float) -> str:
    if is_json:
        return _json("platform.runtimeDone", {"requestId": run.request_id, "status": _status(run)}, at)
    return f"END RequestId: {run.request_id}\n"


def report(run: Run, is_json: bool, at: float) -> str:
    """The last line of an execution."""
    if is_json:
        return _json("platform.report", _record(run), at)
    text = (
        f"REPORT RequestId: {run.request_id}\tDuration: {run.seconds * 1000:.2f} ms\t"
        f"Billed Duration: {billed_ms(run)} ms\tMemory Size: {run.memory_mb} MB\t"
        f"Max Memory Used: {run.memory_mb_max} MB\t"
    )
    if run.init_seconds is not None:
        text += f"Init Duration: {run.init_seconds * 1000:.2f} ms\t"
    if run.error_type:
        text += f"Status: {_status(run)}"
        if _status(run) == "error":
            text += f"\tError Type: {run.error_type}"
    if run.trace_id:
        text += f"\nXRAY TraceId: {run.trace_id}\tSegmentId: {run.segment_id}\tSampled: true\t"
    return f"{text}\n"


def _record(run: Run) -> dict[str, object]:
    metrics: dict[str, object] = {
        "durationMs": round(run.seconds * 1000, 3),
        "billedDurationMs": billed_ms(run),
        "memorySizeMB": run.memory_mb,
        "maxMemoryUsedMB": run.memory_mb_max,
    }
    if run.init_seconds is not None:
        metrics["initDurationMs"] = round(run.init_seconds * 1000, 3)
    record: dict[str, object] = {"requestId": run.request_id, "metrics": metrics, "status": _status(run)}
    if run.trace_id:
        record["tracing"] = {
            "spanId": run.segment_id,
            "type": "X-Amzn-Trace-Id",
            "value": f"Root={run.trace_id};Sampled=1",
        }
    return {**record, "errorType": run.error_type} if _status(run) == "error" else record


def _status(run: Run) -> str:
    if not run.error_type:
        return "success"
    return "timeout" if run.error_type == "Sandbox.Timedout" else "error"


def _json(kind: str, record: object, at: float) -> str:
    return orjson.dumps({"time": rules.iso(at), "type": kind, "record": record}).decode() + "\n"
