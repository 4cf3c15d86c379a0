"""What is told of a trace at a glance: the TraceSummary of the API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from fogbank.services.xray import causes
from fogbank.services.xray.traces import Part, Trace

_ANNOTATIONS_MAX = 50
_ANNOTATION = re.compile(r"[A-Za-z0-9_.:\-]+")


def summary(trace: Trace, revision: int) -> dict[str, Any]:
    root = trace.root
    assert root is not None
    told: dict[str, Any] = {
        "Id": trace.id,
        "StartTime": trace.start,
        "Duration": round(trace.duration, 6),
        "HasFault": root.is_fault,
        "HasError": root.is_error,
        "HasThrottle": any(one.is_throttle for one in trace.segments),
        "IsPartial": trace.is_partial,
        "Http": _http(root),
        "Annotations": _annotations(trace),
        "Users": _users(trace),
        "ServiceIds": [one.node.described() for one in _distinct(trace.segments)],
        "ResourceARNs": [{"ARN": arn} for arn in resource_arns(trace.segments)],
        "InstanceIds": [{"Id": one} for one in instances(trace.segments)],
        "AvailabilityZones": [{"Name": one} for one in zones(trace.segments)],
        "EntryPoint": root.node.described(),
        "FaultRootCauses": causes.faults(trace),
        "ErrorRootCauses": causes.errors(trace),
        "ResponseTimeRootCauses": causes.response_times(trace),
        "Revision": revision,
    }
    if not root.is_open:
        told["ResponseTime"] = round(root.seconds, 6)
    return told


def annotated(trace: Trace) -> Iterator[tuple[str, bool | float | str, Part]]:
    """(key, value, segment) of what is indexed of the annotations of a trace."""
    parts = (part for segment in trace.segments for part in segment.walk())
    found = ((key, value, part) for part in parts for key, value in part.document.get("annotations", {}).items())
    indexed = (
        (key, value, part.segment)
        for key, value, part in found
        if isinstance(value, bool | int | float | str) and _ANNOTATION.fullmatch(key)
    )
    yield from islice(indexed, _ANNOTATIONS_MAX)


def users(segments: Iterable[Part]) -> list[str]:
    return _texts(segments, lambda one: one.document.get("user"))


def resource_arns(segments: Iterable[Part]) -> list[str]:
    return _texts(segments, lambda one: one.document.get("resource_arn"))


def instances(segments: Iterable[Part]) -> list[str]:
    return _texts(segments, lambda one: _ec2(one).get("instance_id"))


def zones(segments: Iterable[Part]) -> list[str]:
    return _texts(segments, lambda one: _ec2(one).get("availability_zone"))


def _ec2(part: Part) -> dict[str, Any]:
    found = part.aws.get("ec2")
    return found if isinstance(found, dict) else {}


def _texts(segments: Iterable[Part], read: Any) -> list[str]:
    found = (read(one) for one in segments)
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and one))


def _http(root: Part) -> dict[str, Any]:
    request = root.http("request")
    found = {
        "HttpURL": request.get("url"),
        "HttpStatus": root.status or None,
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
    }
    return {name: value for name, value in found.items() if isinstance(value, str) or (name == "HttpStatus" and value)}


def _annotations(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    for key, value, segment in annotated(trace):
        kind = {bool: "BooleanValue", str: "StringValue"}.get(type(value), "NumberValue")
        rows = found.setdefault(key, {})
        row = rows.setdefault((kind, value), {"AnnotationValue": {kind: value}, "ServiceIds": []})
        if (service := segment.node.described()) not in row["ServiceIds"]:
            row["ServiceIds"].append(service)
    return {key: list(rows.values()) for key, rows in found.items()}


def _users(trace: Trace) -> list[dict[str, Any]]:
    return [
        {
            "UserName": user,
            "ServiceIds": [
                one.node.described() for one in _distinct(s for s in trace.segments if s.document.get("user") == user)
            ],
        }
        for user in users(trace.segments)
    ]


def _distinct(segments: Iterable[Part]) -> Iterable[Part]:
    """A segment of each node."""
    found: dict[tuple[str, str, str], Part] = {}
    for one in segments:
        found.setdefault(one.node.key, one)
    return found.values()
