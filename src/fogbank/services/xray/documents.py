"""Segment documents as they arrive: what AWS refuses of them, and what it leaves out.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from fogbank.services.xray.rules import RETENTION_SECONDS

BYTES_MAX = 65_536
_NAME_MAX = 200
_LEVELS_MAX = 100
_ID = re.compile(r"[0-9a-fA-F]{16}")
_TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_NAME = re.compile(r"[\w\s.:/%&#=+\\\-@]+")


class Refused(Exception):
    """A document that is not taken; `segment_id` is empty where it says none."""

    def __init__(self, code: str, segment_id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.segment_id = segment_id


class Checked(NamedTuple):
    """A segment, or a subsegment that was sent by itself."""

    trace_id: str
    id: str
    start: float
    end: float | None
    """None while it is in progress."""
    text: bytes
    """The document, as it is kept."""


def checked(text: str, now: float) -> Iterator[Checked | Refused]:
    """The segments of a document: one, or as many as its array has."""
    if len(text) > BYTES_MAX or len(text.encode(errors="replace")) > BYTES_MAX:
        # Of what is too long, AWS says so without a look at it.
        yield Refused("SegmentTooLarge")
        return
    try:
        found = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        yield Refused("ParseError")
        return
    many = found if isinstance(found, list) else [found]
    if not many:
        # An empty array is a segment without an id: https://github.com/humanmade/aws-xray/issues/29
        yield Refused("MissingId")
    for one in many:
        try:
            yield _segment(one, now)
        except Refused as refused:
            yield refused


def _segment(document: Any, now: float) -> Checked:
    if not isinstance(document, dict):
        raise Refused("ParseError")
    segment_id = document.get("id")
    if segment_id is None or segment_id == "":
        raise Refused("MissingId")
    if not is_id(segment_id):
        raise Refused("InvalidId", str(segment_id)[:64])
    fault = next(_faults(document, now), "")
    if fault:
        raise Refused(fault, segment_id)
    is_open = document.get("in_progress") is True
    end = None if is_open else float(document["end_time"])
    kept = {key: value for key, value in document.items() if value is not None and key != "in_progress"}
    if is_open:
        kept.pop("end_time", None)
        kept["in_progress"] = True
    _clean(kept)
    try:
        text = orjson.dumps(kept)
    except TypeError:
        raise Refused("ParseError", segment_id) from None
    return Checked(document["trace_id"].lower(), segment_id, float(document["start_time"]), end, text)


def _faults(document: dict[str, Any], now: float) -> Iterator[str]:
    trace_id = document.get("trace_id")
    if trace_id is None or trace_id == "":
        yield "MissingTraceId"
    elif not is_trace_id(trace_id) or int(str(trace_id)[2:10], 16) < now - RETENTION_SECONDS:
        yield "InvalidTraceId"
    name = document.get("name")
    if name is None or name == "":
        yield "MissingName"
    if not isinstance(name, str) or len(name) > _NAME_MAX or not _NAME.fullmatch(name):
        yield "InvalidName"
    if document.get("start_time") is None:
        yield "MissingStartTime"
    if not _is_time(document["start_time"]):
        yield "InvalidStartTime"
    if document.get("in_progress") is not True:
        if document.get("end_time") is None:
            yield "MissingEndTime"
        if not _is_time(document["end_time"]) or document["end_time"] < document["start_time"]:
            yield "InvalidEndTime"
    parent = document.get("parent_id")
    if document.get("type") == "subsegment" and not parent:
        yield "MissingParentId"
    if parent is not None and not is_id(parent):
        yield "InvalidParentId"


def is_id(text: Any) -> bool:
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def is_trace_id(text: Any) -> bool:
    return isinstance(text, str) and _TRACE_ID.fullmatch(text) is not None


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _clean(document: dict[str, Any]) -> None:
    """Leave out what is not of the schema: AWS takes the segment without it."""
    waiting = [(document, 1)]
    while waiting:
        one, level = waiting.pop()
        for key in ("http", "aws", "annotations", "sql", "metadata", "service"):
            if not isinstance(one.get(key, {}), dict):
                del one[key]
        given = one.get("subsegments")
        if given is None:
            continue
        inner = [part for part in given if _is_part(part)] if isinstance(given, list) and level < _LEVELS_MAX else []
        if inner:
            one["subsegments"] = inner
            waiting += [(part, level + 1) for part in inner]
        else:
            del one["subsegments"]


def _is_part(part: Any) -> bool:
    if not isinstance(part, dict) or not is_id(part.get("id")) or not isinstance(part.get("name"), str):
        return False
    if not _is_time(part.get("start_time")):
        return False
    end = part.get("end_time")
    if part.get("in_progress") is True or end is None:
        part.pop("end_time", None)
        part["in_progress"] = True
        return True
    part.pop("in_progress", None)
    return _is_time(end) and end >= part["start_time"]
