"""Lines: what lies between a standby and its primary in another region, as EC2 measures it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fogbank.control.context import Context
from fogbank.planes.engines.proxies import Front, Target


class Line(NamedTuple):
    """A line as it is now."""

    delay_seconds: float
    """One way."""
    is_up: bool = True


class Far(NamedTuple):
    """A standby and its primary, each in a region of its own."""

    node: str
    """The standby's."""
    source: str
    """The primary's."""
    port: int
    """The primary's."""
    here: str
    there: str
    """The primary's region."""


def between(ctx: Context, here: str, there: str) -> Line:
    """The line between two regions (EC2's GetAwsNetworkPerformanceData has no point of one that nothing passes)."""
    query = {"Id": "line", "Source": here, "Destination": there, "Metric": "aggregate-latency", "Statistic": "p50"}
    (found,) = ctx.as_service().call("ec2", "GetAwsNetworkPerformanceData", DataQueries=[query])["DataResponses"]
    points = found["MetricPoints"]
    return Line(points[-1]["Value"] / 2000) if points else Line(0.0, is_up=False)


def owner(node: str) -> str:
    """Who has the front through which a standby follows."""
    return f"rds/line/{node}"


def front(far: Far, line: Line, folder: str, socket: Callable[[str], str]) -> Front:
    """What a standby follows through: it leads to its primary, or nowhere while the line is down. Pure."""
    target = Target(name=far.source, address=socket(far.source), port=far.port)
    targets = (target,) if line.is_up else ()
    return Front(address=folder, port=far.port, targets=targets, delay_seconds=line.delay_seconds)
