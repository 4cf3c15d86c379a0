"""Round trips, sampled at a fixed pace: a question over each line that leads to a region, and what its answer takes."""

from __future__ import annotations

from typing import Any

from fogbank.aws import internet
from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes.dns.sample import round_trip
from fogbank.services.route53 import places
from fogbank.services.route53.latency import Table
from fogbank.services.route53.resources import LatencyTarget

_SECONDS = 30.0


async def latency_target(ctx: Context, key: str) -> After | None:
    """The way to a region from all others: sampled where there is a line, else what EC2 says that it takes."""
    with ctx.begin():
        if ctx.get(LatencyTarget, key) is None:
            return None
        said = _said(ctx, key)
    table = ctx.held(Table)
    for here, seconds in said.items():
        table.measured(here, key, await _sampled(ctx, here, key) if _has_line(ctx, here, key) else seconds)
    return After(_SECONDS)


def _said(ctx: Context, there: str) -> dict[str, float | None]:
    """What EC2 says of the lines to a region, in seconds; None of one that nothing passes."""
    queries = [{"Id": here, "Source": here, "Destination": there} for here in places.REGIONS]
    ec2 = ctx.at(region=there).as_service()
    found: list[dict[str, Any]] = ec2.call(
        "ec2", "GetAwsNetworkPerformanceData", DataQueries=queries, MaxResults=len(queries)
    )["DataResponses"]
    points = {one["Id"]: one["MetricPoints"] for one in found}
    return {here: one[-1]["Value"] / 1000 if one else None for here, one in points.items()}


def _has_line(ctx: Context, here: str, there: str) -> bool:
    one, other = sorted((here, there))
    return ctx.planes.net.has_packets and ctx.planes.net.has(f"lines/{one}--{other}")


async def _sampled(ctx: Context, here: str, there: str) -> float | None:
    own, far = internet.names_address(here), internet.names_address(there)
    try:
        return await round_trip(ctx.planes.net, internet.namespace(here), own, far)
    except WorldError:
        # An internet that has just ended: nothing passes there.
        return None
