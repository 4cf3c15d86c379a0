"""Statistics of a service or of an edge, by the minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.services.xray import filters, graph, names
from fogbank.services.xray.filters.language import Edge, Service
from fogbank.services.xray.statistics import Statistics
from fogbank.services.xray.traces import Part, Trace


class Series:
    """Statistics for each period that had requests; of all edges from clients, unless something is asked for."""

    def __init__(self, asked: Service | Edge | None, period: int) -> None:
        self._asked = asked
        self._period = period
        self._rows: dict[int, Statistics] = {}

    def add(self, trace: Trace, since: float, until: float) -> None:
        """Add the requests of a trace that began between two times."""
        for part in self._parts(trace):
            if since <= part.start < until:
                at = int(part.start) // self._period * self._period
                self._rows.setdefault(at, Statistics()).add(part)

    def _parts(self, trace: Trace) -> Iterator[Part]:
        if self._asked is not None:
            yield from filters.of_entity(self._asked, trace)
            return
        for part in trace.segments:
            found = graph.edge_of(part, trace.root)
            if found is not None and found[0].type == names.CLIENT:
                yield found[1]

    def described(self) -> list[dict[str, Any]]:
        name = "ServiceSummaryStatistics" if isinstance(self._asked, Service) else "EdgeSummaryStatistics"
        return [
            {"Timestamp": at, name: row.described(), "ResponseTimeHistogram": row.times.described()}
            for at, row in sorted(self._rows.items())
        ]
