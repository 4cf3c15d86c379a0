"""What checkers saw last: asked of them, since nobody writes it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.checks.plane import Reports
from fogbank.planes.checks.targets import Seen
from fogbank.services.route53 import health_checks, observations


async def get_health_check_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _observed(ctx, req, "status", lambda said: said.last)


async def get_health_check_last_failure_reason(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _observed(ctx, req, "last failure reason", lambda said: said.failed)


async def _observed(
    ctx: Context, req: dict[str, Any], what: str, chosen: Callable[[Reports], tuple[Seen, ...]]
) -> dict[str, Any]:
    """Raises NoSuchHealthCheck, and InvalidInput for what no checker looks at."""
    with ctx.begin():
        found = health_checks.one(ctx, req["HealthCheckId"])
    if found.config["Type"] == "CALCULATED":
        raise AwsError("InvalidInput", f"The {what} of a calculated health check cannot be retrieved.")
    reports = await ctx.planes.checks.reports(int(found.place)) if found.place else {}
    return {"HealthCheckObservations": observations.observations(reports, chosen)}
