"""A trace, put together from its documents: segments with their subsegments, and who called whom."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fogbank.services.xray import names
from fogbank.services.xray.names import Node

_LEVELS_MAX = 100
_LOOSE = ("type", "parent_id", "trace_id")
"""What only a subsegment that was sent by itself says."""
_OF_CALL = ("http", "aws", "sql", "error", "fault", "throttle", "cause", "in_progress")
"""What an inferred segment has of the call that it is inferred from."""


class Part:
    """A segment, or a subsegment within one."""

    __slots__ = ("caller", "children", "document", "is_inferred", "is_segment", "level", "node", "segment")

    def __init__(self, document: dict[str, Any], level: int = 1) -> None:
        self.document = document
        self.children: list[Part] = []
        self.level = level
        self.segment: Part = self
        """The segment that it lies in, which is a segment's own self."""
        self.caller: Part | None = None
        """Who called: of a segment, what its parent_id names; of a subsegment, what it lies in."""
        self.is_segment = False
        self.is_inferred = False
        self.node: Node = Node("", "", "")
        """A segment's place in the service map."""

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def start(self) -> float:
        return float(self.document["start_time"])

    @property
    def end(self) -> float | None:
        """None while it is in progress."""
        found = self.document.get("end_time")
        return None if found is None else float(found)

    @property
    def seconds(self) -> float:
        """How long it took; nothing while it is in progress."""
        return (self.end or self.start) - self.start

    @property
    def is_open(self) -> bool:
        return self.end is None

    @property
    def is_fault(self) -> bool:
        return self.document.get("fault") is True or self.status >= 500

    @property
    def is_throttle(self) -> bool:
        return self.document.get("throttle") is True or self.status == 429

    @property
    def is_error(self) -> bool:
        return self.document.get("error") is True or 400 <= self.status < 500 or self.is_throttle

    @property
    def is_ok(self) -> bool:
        return not (self.is_open or self.is_fault or self.is_error)

    @property
    def is_call(self) -> bool:
        """Whether it is a subsegment that calls something else."""
        is_away = self.document.get("namespace") in ("aws", "remote") or isinstance(self.document.get("sql"), dict)
        return is_away and not self.is_segment

    @property
    def status(self) -> int:
        """The HTTP status of the response, 0 for none."""
        found = self.http("response").get("status")
        return found if isinstance(found, int) and not isinstance(found, bool) else 0

    def http(self, side: str) -> Mapping[str, Any]:
        """The `request` or the `response` of its http object."""
        found = self.document.get("http", {}).get(side)
        return found if isinstance(found, dict) else {}

    @property
    def aws(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document.get("aws", {})
        return found

    @property
    def last_end(self) -> float:
        """When the last of it ended: work that goes on after the response counts."""
        return max(part.end or part.start for part in self.walk())

    def walk(self) -> Iterator[Part]:
        """Itself and all below it in its segment, in order of start."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += reversed(one.children)

    def path(self) -> list[Part]:
        """From its segment down to itself."""
        found = [self]
        while not found[-1].is_segment and found[-1].caller is not None:
            found.append(found[-1].caller)
        return found[::-1]

    def compiled(self) -> dict[str, Any]:
        """Its document with all that lies below it put in."""
        made: dict[int, dict[str, Any]] = {}
        for part in self.walk():
            made[id(part)] = {key: value for key, value in part.document.items() if key != "subsegments"}
            if not part.is_segment and part is not self and part.caller is not None:
                made[id(part.caller)].setdefault("subsegments", []).append(made[id(part)])
        return made[id(self)]


class Trace:
    """A trace. `segments` are all that there are in order of start, inferred ones last."""

    __slots__ = ("account", "id", "parts", "root", "segments")

    def __init__(self, trace_id: str, account: str) -> None:
        self.id = trace_id
        self.account = account
        self.segments: list[Part] = []
        self.parts: dict[str, Part] = {}
        """Every segment and subsegment that was sent, by id."""
        self.root: Part | None = None
        """Where the request came in."""

    @property
    def start(self) -> float:
        return min(part.start for part in self.segments)

    @property
    def duration(self) -> float:
        return max(part.last_end for part in self.segments) - self.start

    @property
    def is_partial(self) -> bool:
        return any(part.is_open for segment in self.segments for part in segment.walk())

    @property
    def client(self) -> Node | None:
        """Who sent the request."""
        return client_of(self.root) if self.root is not None else None

    @property
    def roots(self) -> list[Part]:
        """The segments that nothing in the trace called."""
        return [one for one in self.segments if one is self.root or (one.caller is None and not is_loose(one))]


def client_of(root: Part) -> Node:
    return Node(root.node.name, names.CLIENT, root.node.account)


def is_loose(part: Part) -> bool:
    """Whether it was sent by itself, and what it belongs to is not there."""
    return part.document.get("type") == "subsegment"


def assembled(trace_id: str, documents: Iterable[dict[str, Any]], account: str) -> Trace:
    """A trace of documents, which may be in any order."""
    trace = Trace(trace_id, account)
    tops: list[Part] = []
    loose: dict[str, list[Part]] = {}
    for document in sorted(documents, key=lambda one: (one["start_time"], one["id"])):
        part = Part(document)
        if is_loose(part):
            loose.setdefault(document["parent_id"], []).append(part)
        else:
            tops.append(part)
    for top in tops:
        _grow(trace, top, loose)
    tops += _orphans(trace, loose)
    for top in tops:
        top.is_segment = True
        top.node = names.of_segment(top.document, account)
        top.caller = trace.parts.get(top.document.get("parent_id", ""))
    trace.segments = [*sorted(tops, key=lambda one: (one.start, one.id)), *_inferred(trace, tops)]
    starts = [one for one in trace.segments if one.caller is None and not is_loose(one)]
    trace.root = next(iter([*starts, *trace.segments]), None)
    return trace


def _grow(trace: Trace, top: Part, loose: dict[str, list[Part]]) -> None:
    """Put below a segment what lies in its document, and what was sent by itself for it."""
    waiting = deque([top])
    while waiting:
        part = waiting.popleft()
        known = trace.parts.setdefault(part.id, part)
        inner = [Part(one, part.level + 1) for one in part.document.get("subsegments", ())]
        sent = loose.pop(part.id, ()) if known is part and part.level < _LEVELS_MAX else ()
        found = {one.id: one for one in inner}
        for one in sent:
            before = found.get(one.id)
            if before is None or before.is_open:
                one.document = {key: value for key, value in one.document.items() if key not in _LOOSE}
                one.level = part.level + 1
                found[one.id] = one
        for one in sorted(found.values(), key=lambda one: (one.start, one.id)):
            one.segment, one.caller = top, part
            part.children.append(one)
            waiting.append(one)


def _orphans(trace: Trace, loose: dict[str, list[Part]]) -> list[Part]:
    """Subsegments whose parents are not there: each stands for itself, with what lies below it."""
    found: list[Part] = []
    inner = {one.id for many in loose.values() for one in many}
    # Those go first whose parent nobody sent; what is left then names one another in a circle.
    for parent in sorted(loose, key=lambda one: (one in inner, one)):
        for one in loose.pop(parent, ()):
            found.append(one)
            _grow(trace, one, loose)
    return found


def _inferred(trace: Trace, tops: Iterable[Part]) -> Iterator[Part]:
    """Segments for what was called and sent none."""
    real = [one for one in tops if not is_loose(one)]
    parents = {one.document.get("parent_id") for one in real}
    requests = {one.aws.get("request_id") for one in real if isinstance(one.aws.get("request_id"), str)} - {""}
    for top in tops:
        for part in top.walk():
            # An SDK's call and the service's own segment have the request's id in common, wherever that hangs.
            is_answered = part.id in parents or _request_id(part) in requests
            if part.is_call and not is_answered:
                yield _of_call(trace, part)


def _request_id(part: Part) -> str:
    found = part.aws.get("request_id")
    return found if isinstance(found, str) else ""


def _of_call(trace: Trace, call: Part) -> Part:
    node = names.of_call(call.document, trace.account)
    digest = hashlib.sha256(f"{trace.id}/{call.id}".encode()).hexdigest()[:16]
    document: dict[str, Any] = {
        "id": digest,
        "name": call.name if call.document.get("namespace") != "aws" else names.service_label(call.name),
        "trace_id": trace.id,
        "start_time": call.document["start_time"],
        "parent_id": call.id,
        "inferred": True,
        **{key: call.document[key] for key in _OF_CALL if key in call.document},
    }
    if not call.is_open:
        document["end_time"] = call.document["end_time"]
    if node.type not in ("", names.REMOTE):
        document["origin"] = node.type
    part = Part(document)
    part.is_segment = part.is_inferred = True
    part.caller, part.node = call, node
    return part
