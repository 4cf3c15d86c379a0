"""Has health checks looked at, reads the alarms that they follow, and tells CloudWatch what they are."""

from __future__ import annotations

import time
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes.checks.targets import Code
from fogbank.services.route53 import health_checks
from fogbank.services.route53.health_checks import Board
from fogbank.services.route53.resources import HealthCheck, HealthMeasuring

_ALARM_SECONDS = 10.0
"""How often an alarm is read, whatever it says."""
_PERIOD_SECONDS, _RARELY_SECONDS = 60.0, 3600.0
_HURRY_SECONDS, _HURRIED_MAX = 1.0, 120
"""After so many minutes of cloud time that took the machine less than a second each, one of each hour is measured."""
_METRICS_REGION = "us-east-1"
"""Developer Guide, "Monitoring health checks using CloudWatch"."""


class _Past:
    """How often in a row minutes have been skipped."""

    def __init__(self, *where: str) -> None:
        self.measured_at = 0.0
        self.hurried = 0


async def health_check(ctx: Context, key: str) -> After | None:
    """A health check, at its id."""
    checks = ctx.planes.checks
    with ctx.begin():
        board = health_checks.board(ctx)
        found = ctx.get(HealthCheck, key)
        is_moved = board.drop(key) if found is None else board.put(found)
        follows = found is not None and found.config["Type"] == "CLOUDWATCH_METRIC" and not found.config["Disabled"]
        if found is not None and follows:
            board.alarms[key] = _alarm(ctx, found, board.alarms.get(key, True))
    if is_moved:
        checks.set(board.targets)
    else:
        checks.remind()
    return After(_ALARM_SECONDS) if follows else None


def _alarm(ctx: Context, check: HealthCheck, before: bool) -> bool:
    """What an alarm says; what it said last, or what the health check has for it, where it cannot say."""
    wanted = check.config["AlarmIdentifier"]
    unknown = {"Healthy": True, "Unhealthy": False}.get(check.config["InsufficientDataHealthStatus"], before)
    try:
        answer = ctx.at(wanted["Region"]).call("cloudwatch", "DescribeAlarms", AlarmNames=[wanted["Name"]])
    except AwsError:
        return unknown
    states: list[dict[str, Any]] = answer["MetricAlarms"]
    state = states[0]["StateValue"] if states else "INSUFFICIENT_DATA"
    return unknown if state == "INSUFFICIENT_DATA" else state == "OK"


async def health_measuring(ctx: Context, key: str) -> After | None:
    """The health checks of an account, each minute."""
    with ctx.begin():
        board = health_checks.board(ctx)
        if ctx.get(HealthMeasuring, key) is None:
            return None
        mine = [one for one in ctx.scan(HealthCheck) if not one.config["Disabled"]]
    here = ctx.at(_METRICS_REGION)
    for check in mine:
        _measure(here, board, check)
        if check.place and check.config["MeasureLatency"]:
            await _measure_latency(here, check)
    return _next(ctx)


def _measure(ctx: Context, board: Board, check: HealthCheck) -> None:
    own = {"HealthCheckId": check.id}
    ctx.measure("HealthCheckStatus", float(board.health.get(check.id, True)), "None", **own)
    if check.config["Type"] == "CALCULATED":
        children = check.config["ChildHealthChecks"]
        ctx.measure("ChildHealthCheckHealthyCount", health_checks.counted(board.health, children), "None", **own)
    elif check.place:
        total = board.known.total[int(check.place)]
        if looked := total >> 4:
            ctx.measure("HealthCheckPercentageHealthy", 100.0 * (total & 0x0F) / looked, "Percent", **own)


async def _measure_latency(ctx: Context, check: HealthCheck) -> None:
    for region, said in (await ctx.planes.checks.reports(int(check.place))).items():
        seen = said.last[0]
        own = {"Region": region, "HealthCheckId": check.id}
        if seen.code in (Code.NONE, Code.REFUSED, Code.UNREACHABLE, Code.CONNECT_LATE, Code.NO_NAME):
            continue
        ctx.measure("ConnectionTime", seen.connect_ms, "Milliseconds", **own)
        if seen.first_byte_ms:
            ctx.measure("TimeToFirstByte", seen.first_byte_ms, "Milliseconds", **own)
        if seen.tls_ms:
            ctx.measure("SSLHandshakeTime", seen.tls_ms, "Milliseconds", **own)


def _next(ctx: Context) -> After:
    past, at = ctx.held(_Past, *ctx.scope), time.monotonic()
    past.hurried = past.hurried + 1 if at - past.measured_at < _HURRY_SECONDS else 0
    past.measured_at = at
    return After(_PERIOD_SECONDS if past.hurried <= _HURRIED_MAX else _RARELY_SECONDS)
