"""The service map: nodes that segments stand for, and edges between those that called and those that were called."""

from __future__ import annotations

from typing import Any

from fogbank.services.xray import names
from fogbank.services.xray.names import Node
from fogbank.services.xray.statistics import Histogram, Statistics
from fogbank.services.xray.traces import Part, Trace, client_of, is_loose

Key = tuple[str, str, str]


class _Times:
    """From when to when something was seen."""

    __slots__ = ("first", "last")

    def __init__(self) -> None:
        self.first = float("inf")
        self.last = 0.0

    def saw(self, part: Part) -> None:
        self.first = min(self.first, part.start)
        self.last = max(self.last, part.end or part.start)


class Edge(_Times):
    """A connection, with its requests as the caller saw them."""

    __slots__ = ("aliases", "statistics")

    def __init__(self) -> None:
        super().__init__()
        self.statistics = Statistics()
        self.aliases: dict[str, str] = {}
        """What callers call it, where it calls itself otherwise -> its type."""


class Vertex(_Times):
    """A node, with the requests that it served."""

    __slots__ = ("durations", "edges", "is_real", "is_root", "node", "statistics")

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.is_root = False
        self.is_real = False
        """Whether it sent a segment itself."""
        self.statistics = Statistics()
        self.durations = Histogram()
        self.edges: dict[Key, Edge] = {}


def edge_of(part: Part, root: Part | None) -> tuple[Node, Part] | None:
    """The node that called a segment, and the call as that saw it; None for one that nobody called."""
    caller = part.caller
    if caller is None:
        # What belongs to a segment that has not come yet was not called by a client.
        return None if part is not root and is_loose(part) else (client_of(part), part)
    return caller.segment.node, caller if caller.is_call else part


class Graph:
    """A map that traces are added to."""

    def __init__(self) -> None:
        self.vertices: dict[Key, Vertex] = {}

    def add(self, trace: Trace, since: float = 0.0, until: float = float("inf")) -> None:
        """Add the segments of a trace that began between two times."""
        for part in trace.segments:
            if since <= part.start < until:
                self._add(trace, part)

    def _add(self, trace: Trace, part: Part) -> None:
        vertex = self._vertex(part.node)
        vertex.saw(part)
        if not part.is_inferred:
            # A service is called what it calls itself.
            vertex.node, vertex.is_real = part.node, True
        vertex.statistics.add(part)
        if not part.is_open:
            vertex.durations.add(part.last_end - part.start)
        found = edge_of(part, trace.root)
        if found is None:
            return
        source, call = found
        if source.type == names.CLIENT:
            vertex.is_root = True
            self._vertex(source).saw(part)
        edge = self._vertex(source).edges.setdefault(part.node.key, Edge())
        edge.saw(call)
        edge.statistics.add(call)
        if call is not part and call.document.get("namespace") == "remote" and call.name != part.node.name:
            edge.aliases[call.name] = part.node.type or names.REMOTE

    def _vertex(self, node: Node) -> Vertex:
        found = self.vertices.get(node.key)
        if found is None:
            found = self.vertices[node.key] = Vertex(node)
        return found

    def described(self) -> list[dict[str, Any]]:
        """The Services of the API."""
        numbers = {key: number for number, key in enumerate(self.vertices)}
        return [_vertex(vertex, numbers) for vertex in self.vertices.values()]


def _vertex(vertex: Vertex, numbers: dict[Key, int]) -> dict[str, Any]:
    node = vertex.node
    told: dict[str, Any] = {"ReferenceId": numbers[node.key], **node.described()}
    if vertex.is_root:
        told["Root"] = True
    told |= {
        "State": "active" if vertex.is_real else "unknown",
        "StartTime": vertex.first if vertex.last else 0.0,
        "EndTime": vertex.last,
        "Edges": [_edge(edge, numbers[key]) for key, edge in vertex.edges.items()],
    }
    if node.type != names.CLIENT:
        told |= {
            "SummaryStatistics": vertex.statistics.described(),
            "DurationHistogram": vertex.durations.described(),
            "ResponseTimeHistogram": vertex.statistics.times.described(),
        }
    return told


def _edge(edge: Edge, number: int) -> dict[str, Any]:
    return {
        "ReferenceId": number,
        "StartTime": edge.first,
        "EndTime": edge.last,
        "SummaryStatistics": edge.statistics.described(),
        "ResponseTimeHistogram": edge.statistics.times.described(),
        "Aliases": [{"Name": name, "Names": [name], "Type": edge.aliases[name]} for name in sorted(edge.aliases)],
    }
