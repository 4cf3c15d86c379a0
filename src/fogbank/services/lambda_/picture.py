"""Functions as a page shows them: settings, versions and aliases, environments at this moment, lines, and answers."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from fogbank.control.context import Context
from fogbank.services.lambda_ import environments, functions, references, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Alias, Function, Provisioned, Version

LINES_MAX = 400
_PLATFORM = {
    "platform.initStart": "init",
    "platform.initReport": "init",
    "platform.start": "start",
    "platform.runtimeDone": "end",
    "platform.report": "report",
}
"""What a function's log says of the platform, where it is JSON."""
_WORDS = {"INIT_START ": "init", "INIT_REPORT ": "init", "START ": "start", "END ": "end", "REPORT ": "report"}
_ERROR = re.compile(r"\[ERROR\]|\tERROR\t|Traceback \(most recent call|Task timed out after|^\w*(Error|Exception):")
_LEVELS = ("ERROR", "FATAL", "CRITICAL")
_FIGURES = {
    "duration_ms": (re.compile(r"\tDuration: ([\d.]+) ms"), "durationMs"),
    "billed_ms": (re.compile(r"\tBilled Duration: ([\d.]+) ms"), "billedDurationMs"),
    "init_ms": (re.compile(r"\tInit Duration: ([\d.]+) ms"), "initDurationMs"),
    "memory_mb_max": (re.compile(r"\tMax Memory Used: ([\d.]+) MB"), "maxMemoryUsedMB"),
}
_TRACE = re.compile(r"XRAY TraceId: (\S+)|Root=([^;\s]+);Sampled=1")


# Functions


def listed(ctx: Context) -> list[dict[str, Any]]:
    """Every function of all accounts and regions. Within a transaction."""
    found = []
    for scope in ctx.scopes(Function):
        there = ctx.at(scope.region, scope.account)
        found += [_row(Found(there, function, "")) for function in there.scan(Function)]
    return sorted(found, key=lambda one: (one["account"], one["region"], one["name"]))


def told(ctx: Context, arn: str) -> dict[str, Any]:
    """All that there is to say of a function. Within a transaction. Raises what `functions.find` raises."""
    found = functions.find(ctx, arn)._replace(qualifier="")
    latest = functions.latest(found)
    what, described = latest.configuration, shown.configuration(found, latest)
    return {
        **_row(found),
        "description": what.description,
        "state": described["State"],
        "last_update": described["LastUpdateStatus"],
        "role": what.role,
        "code_bytes": latest.code.size_bytes,
        "code_sha256": latest.code.sha256,
        "architecture": what.architecture,
        "storage_mb": what.storage_mb,
        "tracing": what.tracing,
        "log_group": described["LoggingConfig"]["LogGroup"],
        "layers": list(what.layers),
        "variables": sorted(described.get("Environment", {}).get("Variables", ())),
        "vpc": what.vpc.vpc_id if what.vpc is not None else "",
        "subnets": list(what.vpc.subnets) if what.vpc is not None else [],
        "dead_letter": what.dead_letter,
        "reserved": found.function.reserved,
        "versions": _versions(found),
        "aliases": [_alias(found, alias) for alias in found.home.scan(Alias, found.name)],
    }


def log_group(ctx: Context, arn: str) -> tuple[Context, str]:
    """Where a function's lines are written. Within a transaction."""
    found = functions.find(ctx, arn)
    return found.home, shown.log_settings(found.name, functions.latest(found).configuration)["LogGroup"]


def _row(found: Found) -> dict[str, Any]:
    home, latest = found.home, functions.latest(found)
    what, idle, busy = latest.configuration, *_environments(found)
    return {
        "name": found.name,
        "arn": found.arn,
        "account": home.account,
        "region": home.region,
        "runtime": what.runtime,
        "handler": what.handler,
        "memory_mb": what.memory_mb,
        "timeout_seconds": what.timeout_seconds,
        "modified_at": latest.modified_at,
        "idle": sum(idle.values()),
        "busy": sum(busy.values()),
    }


def _environments(found: Found) -> tuple[Counter[int], Counter[int]]:
    """How many environments of each version wait for an event, and how many are at one."""
    pool = environments.pool(found.home)
    idle: Counter[int] = Counter()
    busy: Counter[int] = Counter()
    for held in pool.living(found.home.scope, found.name):
        (idle if pool.is_idle(held) else busy)[held.key.number] += 1
    return idle, busy


def _versions(found: Found) -> list[dict[str, Any]]:
    """What can be changed first, then the newest."""
    idle, busy = _environments(found)
    rows = sorted(functions.versions(found), key=lambda one: -one.number)
    return [_version(one, idle, busy) for one in sorted(rows, key=lambda one: one.number != 0)]


def _version(one: Version, idle: Counter[int], busy: Counter[int]) -> dict[str, Any]:
    return {
        "number": references.shown(one.number),
        "description": one.configuration.description,
        "runtime": one.configuration.runtime,
        "modified_at": one.modified_at,
        "idle": idle[one.number],
        "busy": busy[one.number],
    }


def _alias(found: Found, one: Alias) -> dict[str, Any]:
    """An alias, with the share of the events that each of its versions gets."""
    others = {number: float(share) for number, share in one.weights.items()}
    shares = {references.shown(one.version): 1.0 - sum(others.values()), **others}
    kept = found.home.get(Provisioned, found.name, one.name)
    return {
        "name": one.name,
        "description": one.description,
        "shares": [{"version": version, "share": round(share, 6)} for version, share in shares.items()],
        "provisioned": kept.allocated if kept is not None else 0,
    }


# Lines


class Line(NamedTuple):
    """A line of a log, and the stream that it is in."""

    at_ms: int
    stream: str
    text: str


def lines(found: Iterable[Line]) -> list[dict[str, Any]]:
    """The newest lines, oldest first; those of one stream and moment as they came."""
    last = sorted(found, key=lambda one: (one.at_ms, one.stream))[-LINES_MAX:]
    rows: list[dict[str, Any]] = []
    for one in last:
        kind, before = kind_of(one.text), rows[-1] if rows else None
        # What is told of an error goes on in lines that are set in.
        if not kind and one.text[:1].isspace() and before is not None and before["stream"] == one.stream:
            kind = "error" if before["kind"] == "error" else ""
        rows.append({**one._asdict(), "kind": kind})
    return rows


def kind_of(text: str) -> str:
    """What a line is: `init`, `start`, `end`, `report`, `error`, or empty for what a function says."""
    word = next((kind for start, kind in _WORDS.items() if text.startswith(start)), "")
    if not word and text.startswith("{"):
        return _kind_of_record(text)
    if word:
        has_failed = word in ("init", "report") and ("Status: error" in text or "Status: timeout" in text)
        return "error" if has_failed else word
    return "error" if _ERROR.search(text) else ""


def _kind_of_record(text: str) -> str:
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    kind = _PLATFORM.get(str(said.get("type")), "")
    record = said.get("record")
    if kind in ("init", "report") and isinstance(record, dict) and record.get("status", "success") != "success":
        return "error"
    if kind:
        return kind
    return "error" if said.get("level") in _LEVELS or "errorType" in said else ""


# Answers


def answered(answer: Mapping[str, Any], seconds: float, trace: str) -> dict[str, Any]:
    """What Invoke said; `seconds`: how long that took; `trace`: the trace that it was told to be part of, if any."""
    tail = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    found = _TRACE.search(tail)
    return {
        "status": answer["StatusCode"],
        "version": answer.get("ExecutedVersion", ""),
        "error": answer.get("FunctionError", ""),
        "payload": bytes(answer.get("Payload") or b"").decode("utf-8", "replace"),
        "seconds": round(seconds, 6),
        "trace": (found[1] or found[2]) if found is not None else trace,
        **reported(tail),
    }


def reported(tail: str) -> dict[str, float | None]:
    """The figures of a report at the end of a log, None for those that it has not."""
    last = tail.rstrip("\n").rpartition("\n")[2]
    if last.startswith("{"):
        return _reported_record(last)
    found = {name: pattern.findall(tail) for name, (pattern, _) in _FIGURES.items()}
    return {name: float(values[-1]) if values else None for name, values in found.items()}


def _reported_record(line: str) -> dict[str, float | None]:
    try:
        metrics = orjson.loads(line)["record"]["metrics"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        metrics = {}
    return {name: metrics.get(key) for name, (_, key) in _FIGURES.items()}
