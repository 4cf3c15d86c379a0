"""What each call must be allowed (Service Authorization Reference, "Amazon CloudWatch")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.cloudwatch.resources import Alarm

_ON_ALARM = {"PutMetricAlarm", "PutCompositeAlarm", "SetAlarmState"}
_ON_ALARMS = {"DeleteAlarms", "EnableAlarmActions", "DisableAlarmActions"}
_ON_DASHBOARD = {"PutDashboard", "GetDashboard"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"cloudwatch:{operation}"
    if operation == "PutMetricData":
        return (Need(action, context={"cloudwatch:namespace": [req["Namespace"]]}),)
    if operation in _ON_ALARM:
        return (_of_alarm(ctx, action, req["AlarmName"], req),)
    if operation in _ON_ALARMS:
        return tuple(_of_alarm(ctx, action, name, req) for name in req["AlarmNames"])
    if operation in ("DescribeAlarms", "DescribeAlarmHistory"):
        return (Need(action, ctx.arn(f"alarm:{req.get('AlarmName', '*')}")),)
    if operation in _ON_DASHBOARD:
        return (Need(action, _dashboard(ctx, req["DashboardName"])),)
    if operation == "DeleteDashboards":
        return tuple(Need(action, _dashboard(ctx, name)) for name in req["DashboardNames"])
    if operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return (Need(action, req["ResourceARN"], context=tags.condition_keys(tags.read(req.get("Tags")))),)
    name = req.get("AlarmMuteRuleName") or (req.get("Name") if operation == "PutAlarmMuteRule" else None)
    return (Need(action, ctx.arn(f"alarm-mute-rule:{name}") if name else "*"),)


def _of_alarm(ctx: Context, action: str, name: str, req: dict[str, Any]) -> Need:
    found = ctx.get(Alarm, name)
    facts: dict[str, Any] = dict(tags.condition_keys(tags.read(req.get("Tags")), found.tags if found else None))
    actions = [arn for key in ("AlarmActions", "OKActions", "InsufficientDataActions") for arn in req.get(key, ())]
    if actions:
        facts["cloudwatch:alarmactions"] = actions
    return Need(action, ctx.arn(f"alarm:{name}"), context=facts)


def _dashboard(ctx: Context, name: str) -> str:
    return f"arn:{ctx.partition}:cloudwatch::{ctx.account}:dashboard/{name}"
