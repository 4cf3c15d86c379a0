"""Health checks: made, changed, listed."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec

from fogbank.aws import internet
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import health_checks, health_configs, rules, throttles
from fogbank.services.route53.resources import HealthCheck, HealthMeasuring, UsedReference

_DAY_SECONDS = 86_400.0
_REFERENCE_SECONDS = health_checks.REFERENCE_DAYS * _DAY_SECONDS
_ALARM_MEMBERS = (
    "EvaluationPeriods",
    "Threshold",
    "ComparisonOperator",
    "Period",
    "MetricName",
    "Namespace",
    "Statistic",
    "Dimensions",
)
_LOOPBACK = "127.0.0.1/32"
"""From where checkers look at this machine itself."""


def create_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    throttles.creation(ctx)
    reference, given = req["CallerReference"], req["HealthCheckConfig"]
    for found in ctx.find(HealthCheck, "by_reference", reference):
        if found.given != given:
            raise _exists(reference)
        return _made(found)
    used = ctx.get(UsedReference, reference)
    if used is not None and ctx.now - used.deleted_at < _REFERENCE_SECONDS:
        raise _exists(reference)
    config = health_configs.settled(given)
    if ctx.count(HealthCheck) >= rules.ACCOUNT_LIMITS["MAX_HEALTH_CHECKS_BY_OWNER"]:
        most = rules.ACCOUNT_LIMITS["MAX_HEALTH_CHECKS_BY_OWNER"]
        text = f"Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER - Cannot create more than {most} health checks."
        raise AwsError("TooManyHealthChecks", text)
    check_id = ctx.uuid()
    _check_children(ctx, check_id, config)
    found = HealthCheck(
        id=check_id,
        reference=reference,
        config=config,
        given=given,
        place=health_checks.free_place(ctx) if config["Type"] in health_configs.ENDPOINTS else "",
        alarm=_alarm(ctx, config),
        created_at=ctx.now,
    )
    ctx.put(found)
    if ctx.get(HealthMeasuring, "measuring") is None:
        ctx.put(HealthMeasuring())
    return _made(found)


def get_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"HealthCheck": _shown(health_checks.one(ctx, req["HealthCheckId"]))}


def update_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    throttles.change(ctx)
    found = health_checks.one(ctx, req["HealthCheckId"])
    if req.get("HealthCheckVersion", found.version) != found.version:
        text = "The value of HealthCheckVersion in the request doesn't match the value of HealthCheckVersion in the "
        raise AwsError("HealthCheckVersionMismatch", f"{text}health check.")
    config = health_configs.updated(found.config, req)
    _check_children(ctx, found.id, config)
    alarm = _alarm(ctx, config)
    found = msgspec.structs.replace(found, config=config, alarm=alarm, version=found.version + 1)
    ctx.put(found)
    return {"HealthCheck": _shown(found)}


def delete_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = health_checks.one(ctx, req["HealthCheckId"])
    ctx.delete(HealthCheck, found.id)
    for used in list(ctx.scan(UsedReference)):
        if ctx.now - used.deleted_at >= _REFERENCE_SECONDS:
            ctx.delete(UsedReference, used.reference)
    ctx.put(UsedReference(reference=found.reference, deleted_at=ctx.now))
    if not ctx.count(HealthCheck):
        ctx.delete(HealthMeasuring, "measuring")
    return {}


def list_health_checks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most, marker = rules.limit(req), req.get("Marker", "")
    found = list(islice(ctx.scan(HealthCheck, after=rules.before(marker)), most + 1))
    more = {"NextMarker": found[most].id} if len(found) > most else {}
    shown = [_shown(one) for one in found[:most]]
    return {"HealthChecks": shown, "Marker": marker, "IsTruncated": bool(more), "MaxItems": str(most), **more}


def get_health_check_count(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"HealthCheckCount": ctx.count(HealthCheck)}


def get_checker_ip_ranges(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {
        "CheckerIpRanges": [_LOOPBACK, *(f"{internet.checker_address(one)}/32" for one in health_configs.REGIONS_ALL)]
    }


def _exists(reference: str) -> AwsError:
    text = f"A health check with the caller reference {reference} has already been created with other settings."
    return AwsError("HealthCheckAlreadyExists", text)


def _made(found: HealthCheck) -> dict[str, Any]:
    location = f"https://route53.amazonaws.com/2013-04-01/healthcheck/{found.id}"
    return {"HealthCheck": _shown(found), "Location": location}


def _shown(found: HealthCheck) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Id": found.id,
        "CallerReference": found.reference,
        "HealthCheckConfig": dict(found.config),
        "HealthCheckVersion": found.version,
    }
    return {**shown, "CloudWatchAlarmConfiguration": dict(found.alarm)} if found.alarm else shown


def _check_children(ctx: Context, check_id: str, config: health_configs.Config) -> None:
    """Raises InvalidInput for children that there are not, and for one that would be its own."""
    children = config.get("ChildHealthChecks", ())
    if len(set(children)) < len(children):
        raise AwsError("InvalidInput", "Invalid parameter : ChildHealthChecks must be different from one another.")
    for child in children:
        if ctx.get(HealthCheck, child) is None:
            raise AwsError("InvalidInput", f"Invalid parameter : The child health check {child} does not exist.")
    known = {one.id: one.config for one in ctx.scan(HealthCheck)} if children else {}
    if health_configs.is_circle(check_id, children, known):
        raise AwsError("InvalidInput", "Invalid parameter : A health check cannot monitor itself.")


def _alarm(ctx: Context, config: health_configs.Config) -> dict[str, Any]:
    """What the alarm of a health check measures: asked as the caller, who may see alarms. Raises InvalidInput."""
    if config["Type"] != "CLOUDWATCH_METRIC":
        return {}
    wanted = config["AlarmIdentifier"]
    found = ctx.at(wanted["Region"]).call("cloudwatch", "DescribeAlarms", AlarmNames=[wanted["Name"]])["MetricAlarms"]
    if not found:
        text = f"The alarm {wanted['Name']} does not exist in region {wanted['Region']}."
        raise AwsError("InvalidInput", f"Invalid parameter : {text}")
    return {name: found[0][name] for name in _ALARM_MEMBERS if name in found[0]}
