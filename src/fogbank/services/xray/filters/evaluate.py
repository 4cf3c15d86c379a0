"""Whether a trace is what a filter expression asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fogbank.services.xray import causes, graph, summaries
from fogbank.services.xray.filters.language import (
    Annotation,
    Both,
    Cause,
    Compare,
    Edge,
    Either,
    Group,
    Id,
    Json,
    Node,
    Not,
    Service,
)
from fogbank.services.xray.names import Node as Place
from fogbank.services.xray.traces import Part, Trace

Groups = Mapping[tuple[str, str], Node]
"""(`name` or `arn`, value) -> the expression of each group that may be named; no group is within itself."""
Value = bool | Sequence[Any]
Read = Callable[[str], Value]
"""A keyword -> whether it is so, or the values that there are."""

_CAUSES = {"fault": causes.faults, "error": causes.errors, "responsetime": causes.response_times}


def holds(node: Node, trace: Trace, groups: Groups) -> bool:
    """Whether a trace matches."""
    match node:
        case Both(parts):
            return all(holds(part, trace, groups) for part in parts)
        case Either(parts):
            return any(holds(part, trace, groups) for part in parts)
        case Not(part):
            return not holds(part, trace, groups)
        case Group(field, operator, value):
            return holds(groups[field, value], trace, groups) == (operator == "=")
        case Annotation(key, operator, wanted):
            values = [value for name, value, _ in summaries.annotated(trace) if name == key]
            return _annotated(values, operator, wanted)
        case Json(operator, wanted):
            return _like(wanted, trace) == (operator == "=")
        case Cause(kind, part, inner):
            return any(_within(inner, read) for read in _entities(trace, kind, part))
    if isinstance(node, Service | Edge):
        return next(of_entity(node, trace), None) is not None
    return _within(node, lambda keyword: _of_trace(trace, keyword))


def of_entity(node: Service | Edge, trace: Trace) -> Iterator[Part]:
    """The requests to a service, or along an edge, that a filter finds in a trace, as whoever counts them saw them."""
    for part in trace.segments:
        found = graph.edge_of(part, trace.root)
        if isinstance(node, Service):
            call, is_meant = part, _is(node.id, part.node, part.name)
        elif found is None:
            continue
        else:
            call = found[1]
            is_meant = _is(node.source, found[0], _label(part)) and _is(node.target, part.node, part.name)
        if is_meant and _of(node.inner, call, trace):
            yield call


def _label(part: Part) -> str:
    """What the caller of a segment calls itself."""
    return part.caller.segment.name if part.caller is not None else ""


def _is(wanted: Id, place: Place, label: str = "") -> bool:
    return (
        wanted.name in ("", place.name, label)
        and wanted.type.casefold() in ("", place.type.casefold())
        and wanted.account in ("", place.account)
    )


def _of(inner: Node | None, part: Part, trace: Trace) -> bool:
    return _within(inner, lambda keyword: _of_part(part, trace, keyword))


def _within(node: Node | None, read: Read) -> bool:
    """Whether an expression about one thing holds, whose keywords are read."""
    match node:
        case None:
            return True
        case Both(parts):
            return all(_within(part, read) for part in parts)
        case Either(parts):
            return any(_within(part, read) for part in parts)
        case Not(part):
            return not _within(part, read)
        case Compare(keyword, operator, wanted):
            value = read(keyword)
            if isinstance(value, bool):
                return value if not operator else (value == wanted) == (operator == "=")
            return _compared(value, operator, wanted)
    raise TypeError(node)


def _compared(values: Sequence[Any], operator: str, wanted: Any) -> bool:
    """Whether one of the values compares so; none of them may be what `!=` names."""
    if operator == "!=":
        return bool(values) and all(value != wanted for value in values)
    return any(_holds(value, operator, wanted) for value in values)


def _holds(value: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "":
            return True
        case "=":
            return bool(value == wanted)
        case "<":
            return bool(value < wanted)
        case "<=":
            return bool(value <= wanted)
        case ">":
            return bool(value > wanted)
        case ">=":
            return bool(value >= wanted)
        case "contains":
            return wanted in value
        case "beginswith":
            return bool(value.startswith(wanted))
    return bool(value.endswith(wanted))


def _annotated(values: Sequence[Any], operator: str, wanted: Any) -> bool:
    if not operator:
        # A Boolean annotation is its own answer; of others it counts that they are there.
        return any(value is not False for value in values)
    kind = bool if isinstance(wanted, bool) else str if isinstance(wanted, str) else float
    return _compared([value for value in values if _kind(value) is kind], operator, wanted)


def _kind(value: Any) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


def _of_trace(trace: Trace, keyword: str) -> Value:
    """A keyword of a whole trace: what the client was answered, and what any segment says."""
    root = trace.root
    assert root is not None
    match keyword:
        case "throttle":
            return any(one.is_throttle for one in trace.segments)
        case "partial":
            return trace.is_partial
        case "inferred":
            return any(one.is_inferred for one in trace.segments)
        case "duration":
            return [trace.duration]
        case "name":
            return [one.node.name for one in trace.segments]
        case "type":
            return [one.node.type for one in trace.segments if one.node.type]
    return _said(trace.segments, keyword) or _of_part(root, trace, keyword)


def _of_part(part: Part, trace: Trace, keyword: str) -> Value:
    """A keyword of one request."""
    flags = {
        "ok": part.is_ok,
        "error": part.is_error,
        "fault": part.is_fault,
        "throttle": part.is_throttle,
        "partial": part.is_open,
        "inferred": part.is_inferred,
        "root": part in trace.roots,
    }
    if keyword in flags:
        return flags[keyword]
    match keyword:
        case "responsetime":
            return [] if part.is_open else [part.seconds]
        case "duration":
            return [] if part.is_open else [part.last_end - part.start]
        case "http.status":
            return [part.status] if part.status else []
        case "name":
            return [part.segment.node.name]
        case "type":
            return [part.segment.node.type] if part.segment.node.type else []
    return _said([part.segment], keyword) or _of_http(part, keyword)


def _said(segments: Sequence[Part], keyword: str) -> list[str]:
    read = {
        "user": summaries.users,
        "availabilityzone": summaries.zones,
        "instance.id": summaries.instances,
        "resource.arn": summaries.resource_arns,
    }.get(keyword)
    return read(segments) if read is not None else []


def _of_http(part: Part, keyword: str) -> list[str]:
    request = part.http("request")
    if keyword == "http.host":
        found: Any = _host(request.get("url"))
    else:
        names = {"http.url": "url", "http.method": "method", "http.useragent": "user_agent"}
        found = request.get(names.get(keyword, "client_ip" if keyword == "http.clientip" else ""))
    return [found] if isinstance(found, str) and found else []


def _host(url: Any) -> str:
    try:
        return (urlsplit(url).hostname or "") if isinstance(url, str) else ""
    except ValueError:
        return ""


def _entities(trace: Trace, kind: str, part: str) -> Iterator[Read]:
    """The services, entities or exceptions of each root cause, each with its place in the list."""
    for cause in _CAUSES[kind](trace):
        services = cause["Services"]
        rows: list[dict[str, Any]] = services
        if part != "service":
            rows = [{**entity, "Type": one.get("Type", "")} for one in services for entity in one["EntityPath"]]
        if part == "exception":
            rows = [exception for row in rows for exception in row["Exceptions"]]
        for index, row in enumerate(rows):
            yield _reader(row, index, len(rows))


def _reader(row: Mapping[str, Any], index: int, count: int) -> Read:
    values: dict[str, Value] = {
        "first": index == 0,
        "last": index == count - 1,
        "remote": bool(row.get("Remote")),
        "inferred": bool(row.get("Inferred")),
        "index": [index],
        "coverage": [row["Coverage"]] if "Coverage" in row else [],
        "name": [row["Name"]] if "Name" in row else [],
        "type": [row["Type"]] if row.get("Type") else [],
        "message": [row["Message"]] if "Message" in row else [],
    }
    return values.__getitem__


def _like(wanted: Sequence[Any], trace: Trace) -> bool:
    found = [cause for read in _CAUSES.values() for cause in read(trace)]
    return all(any(_matches(one, cause) for cause in found) for one in wanted)


def _matches(wanted: Any, found: Any) -> bool:
    """Whether something is as wanted wherever that says anything; lists have as many members."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and _matches(wanted[key], found[key]) for key in wanted)
    if isinstance(wanted, list):
        is_list = isinstance(found, list) and len(found) == len(wanted)
        return is_list and all(_matches(one, other) for one, other in zip(wanted, found, strict=True))
    return bool(wanted == found)
