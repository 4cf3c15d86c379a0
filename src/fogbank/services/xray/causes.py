"""Root causes of a trace: where a fault or an error came from, and where the time went.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-gettingdata.html#xray-api-analytics
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from fogbank.services.xray.traces import Part, Trace

_COVERAGE_LEAST = 0.5
"""What takes less than half of its caller's time is not where the time went."""
_CAUSES_MAX = 20


def faults(trace: Trace) -> list[dict[str, Any]]:
    return _failures(trace, lambda part: part.is_fault)


def errors(trace: Trace) -> list[dict[str, Any]]:
    return _failures(trace, lambda part: part.is_error)


def response_times(trace: Trace) -> list[dict[str, Any]]:
    """The way that the time of the root went, as one cause; none while it is in progress."""
    root = trace.root
    if root is None or root.is_open or not root.seconds:
        return []
    below, path, seen = _below(trace), [root], {id(root)}
    while True:
        called = [one for one in below.get(id(path[-1]), ()) if id(one) not in seen]
        longest = max(called, key=lambda one: one.seconds, default=None)
        if longest is None or longest.seconds < _COVERAGE_LEAST * path[-1].seconds:
            break
        path.append(longest)
        seen.add(id(longest))
    total = root.seconds

    def told(part: Part) -> dict[str, Any]:
        return {"Name": part.name, "Coverage": round(min(1.0, part.seconds / total), 6), "Remote": part.is_call}

    return [{"Services": list(_services(path, told)), "ClientImpacting": True}]


def _failures(trace: Trace, failed: Callable[[Part], bool]) -> list[dict[str, Any]]:
    below = _below(trace)
    parts = (part for segment in trace.segments for part in segment.walk())
    last = (part for part in parts if failed(part) and not any(failed(one) for one in below.get(id(part), ())))
    found = []
    for part in islice(last, _CAUSES_MAX):
        path = _way(part, failed)
        is_felt = trace.root is not None and path[0] is trace.root
        found.append({"Services": list(_services(path, _failure)), "ClientImpacting": is_felt})
    return found


def _below(trace: Trace) -> dict[int, list[Part]]:
    """What each part called, in its own segment or in another."""
    found: dict[int, list[Part]] = {}
    for segment in trace.segments:
        for part in segment.walk():
            if part.caller is not None:
                found.setdefault(id(part.caller), []).append(part)
    return found


def _way(part: Part, failed: Callable[[Part], bool]) -> list[Part]:
    """From the first of those that called one another and failed, down to a part."""
    path, seen = [part], {id(part)}
    while (caller := path[-1].caller) is not None and id(caller) not in seen:
        # A subsegment that only groups others need not fail with them.
        if not failed(caller) and not failed(caller.segment):
            break
        path.append(caller)
        seen.add(id(caller))
    while path and not failed(path[-1]):
        path.pop()
    return path[::-1]


def _services(path: Iterable[Part], told: Callable[[Part], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The segments along a path, each with its own part of it."""
    segment: Part | None = None
    service: dict[str, Any] = {}
    for part in path:
        if part.segment is not segment:
            if service:
                yield service
            segment = part.segment
            service = {**segment.node.described(), "EntityPath": [], "Inferred": segment.is_inferred}
        service["EntityPath"].append(told(part))
    if service:
        yield service


def _failure(part: Part) -> dict[str, Any]:
    cause = part.document.get("cause")
    given = cause.get("exceptions") if isinstance(cause, dict) else None
    exceptions = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    return {
        "Name": part.name,
        "Exceptions": [
            {name: str(one[key]) for name, key in (("Name", "type"), ("Message", "message")) if one.get(key)}
            for one in exceptions
        ],
        "Remote": part.is_call or any(one.get("remote") is True for one in exceptions),
    }
