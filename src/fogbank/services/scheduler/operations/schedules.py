"""Schedules."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.aws.paging import after, page
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.control.target import is_deliverable
from fogbank.services.scheduler import groups, rules
from fogbank.services.scheduler.resources import Schedule

_SCHEDULES_MAX = 1_000_000
_START_SECONDS_MAX = 300


def create_schedule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = groups.found(ctx, req.get("GroupName", groups.DEFAULT)).name
    if ctx.get(Schedule, group, req["Name"]) is not None:
        raise AwsError("ConflictException", f"Schedule {req['Name']} already exists.")
    if ctx.count(Schedule) >= _SCHEDULES_MAX:
        raise AwsError("ServiceQuotaExceededException", "The number of schedules exceeds the quota.")
    schedule = _made(ctx, req, group, created_at=ctx.now)
    ctx.put(schedule)
    return {"ScheduleArn": groups.schedule_arn(ctx, schedule)}


def update_schedule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    before = groups.schedule(ctx, req["Name"], req.get("GroupName", groups.DEFAULT))
    schedule = _made(ctx, req, before.group, created_at=before.created_at)
    ctx.put(schedule)
    return {"ScheduleArn": groups.schedule_arn(ctx, schedule)}


def get_schedule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    schedule = groups.schedule(ctx, req["Name"], req.get("GroupName", groups.DEFAULT))
    window: dict[str, Any] = {"Mode": "OFF"}
    if schedule.window_minutes:
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": schedule.window_minutes}
    shown: dict[str, Any] = {
        "Arn": groups.schedule_arn(ctx, schedule),
        "GroupName": schedule.group,
        "Name": schedule.name,
        "ScheduleExpression": schedule.expression,
        "ScheduleExpressionTimezone": schedule.zone,
        "State": schedule.state,
        "CreationDate": schedule.created_at,
        "LastModificationDate": schedule.modified_at,
        "Target": schedule.target,
        "FlexibleTimeWindow": window,
        "ActionAfterCompletion": schedule.after_completion,
    }
    shown |= {"StartDate": schedule.starts_at} if schedule.starts_at else {}
    shown |= {"EndDate": schedule.ends_at} if schedule.ends_at else {}
    shown |= {"Description": schedule.description} if schedule.description else {}
    return shown | ({"KmsKeyArn": schedule.kms_key} if schedule.kms_key else {})


def list_schedules(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "GroupName" in req:
        groups.found(ctx, req["GroupName"])
    start = after(req.get("NextToken"), "ValidationException", "Invalid NextToken.")
    parts = (req["GroupName"],) if "GroupName" in req else ()
    wanted = (
        one
        for one in ctx.scan(Schedule, *parts, after=start.replace("/", "\x00"))
        if one.name.startswith(req.get("NamePrefix", "")) and one.state == req.get("State", one.state)
    )
    found, token = page(wanted, req.get("MaxResults", 100), lambda one: f"{one.group}/{one.name}")
    rows = [
        {
            "Arn": groups.schedule_arn(ctx, one),
            "Name": one.name,
            "GroupName": one.group,
            "State": one.state,
            "CreationDate": one.created_at,
            "LastModificationDate": one.modified_at,
            "Target": {"Arn": one.target["Arn"]},
        }
        for one in found
    ]
    return {"Schedules": rows, **({"NextToken": token} if token else {})}


def delete_schedule(ctx: Context, req: dict[str, Any]) -> None:
    schedule = groups.schedule(ctx, req["Name"], req.get("GroupName", groups.DEFAULT))
    ctx.delete(Schedule, schedule.group, schedule.name)


def _made(ctx: Context, req: dict[str, Any], group: str, *, created_at: float) -> Schedule:
    rules.check_expression(req["ScheduleExpression"])
    zone = req.get("ScheduleExpressionTimezone", "UTC")
    rules.zone_of(zone)
    starts_at, ends_at = float(req.get("StartDate", 0.0)), float(req.get("EndDate", 0.0))
    if starts_at and starts_at < ctx.now - _START_SECONDS_MAX:
        raise AwsError("ValidationException", "The StartDate you specify cannot be earlier than 5 minutes ago.")
    if ends_at and ends_at <= max(starts_at, ctx.now):
        raise AwsError("ValidationException", "The EndDate you specify must come after the StartDate, and after now.")
    _check_target(ctx, req["Target"])
    state = req.get("State", "ENABLED")
    due_at = rules.first_due(req["ScheduleExpression"], zone, ctx.now, starts_at)
    is_over = (ends_at and due_at > ends_at) or state == "DISABLED"
    window = _window_minutes(req["FlexibleTimeWindow"])
    return Schedule(
        group=group,
        name=req["Name"],
        expression=req["ScheduleExpression"],
        target=req["Target"],
        window_minutes=window,
        zone=zone,
        starts_at=starts_at,
        ends_at=ends_at,
        state=state,
        description=req.get("Description", ""),
        kms_key=req.get("KmsKeyArn", ""),
        after_completion=req.get("ActionAfterCompletion", "NONE"),
        created_at=created_at,
        modified_at=ctx.now,
        due_at=0.0 if is_over else due_at,
        fires_at=0.0 if is_over else due_at + ctx.random.random() * window * 60,
    )


def _window_minutes(window: dict[str, Any]) -> int:
    if window["Mode"] == "OFF":
        if "MaximumWindowInMinutes" in window:
            text = "MaximumWindowInMinutes must not be given when the flexible time window is OFF."
            raise AwsError("ValidationException", text)
        return 0
    if "MaximumWindowInMinutes" not in window:
        raise AwsError("ValidationException", "MaximumWindowInMinutes is required for a FLEXIBLE time window.")
    return int(window["MaximumWindowInMinutes"])


def _check_target(ctx: Context, target: dict[str, Any]) -> None:
    """Raises ValidationException for a target that could never be invoked, NotImplemented where fogbank cannot."""
    arn = target["Arn"]
    called = rules.universal(arn)
    parsed = Arn.parse(arn)
    if parsed is None:
        raise AwsError("ValidationException", f"Provided Arn is not in correct format: {arn}.")
    if called is not None:
        if not ctx.has_service(called[0]):
            raise NotImplementedByFogbank("scheduler", f"CreateSchedule for {called[0]}:{called[1]}")
    elif not is_deliverable(arn) and ":event-bus/" not in arn:
        raise NotImplementedByFogbank("scheduler", f"CreateSchedule for {parsed.service}")
    if called is not None:
        _check_json(target.get("Input", "{}"))
    if ":event-bus/" in arn and "EventBridgeParameters" not in target:
        raise AwsError("ValidationException", "EventBridgeParameters are required for an event bus.")
    if arn.endswith(".fifo") and parsed.service == "sqs" and "SqsParameters" not in target:
        raise AwsError("ValidationException", "SqsParameters with a MessageGroupId are required for a FIFO queue.")
    passed = {"iam:passedtoservice": ["scheduler.amazonaws.com"]}
    ctx.authorize(Need("iam:PassRole", target["RoleArn"], context=passed))
    role = target["RoleArn"].rpartition("/")[2]
    trusted = _trust(ctx, role)
    if "scheduler.amazonaws.com" not in trusted and '"*"' not in trusted:
        text = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        raise AwsError("ValidationException", text)


def _trust(ctx: Context, role: str) -> str:
    """The trust policy of a role, empty where there is no such role."""
    try:
        found = ctx.as_service().call("iam", "GetRole", RoleName=role)
    except AwsError:
        return ""
    return str(found["Role"]["AssumeRolePolicyDocument"]).replace("%22", '"')


def _check_json(text: str) -> None:
    try:
        is_object = isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        is_object = False
    if not is_object:
        raise AwsError("ValidationException", "The Input of a universal target must be a JSON object.")
