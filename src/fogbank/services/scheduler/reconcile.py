"""Carries schedules out when cloud time reaches them, and tries again what a target did not take."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context, Source
from fogbank.control.reconcile import After
from fogbank.control.target import Parcel
from fogbank.services.scheduler import groups, rules
from fogbank.services.scheduler.resources import Delivery, Schedule


async def schedule(ctx: Context, key: str) -> After | None:
    """Look at one schedule: what is due becomes a delivery, in the same transaction that plans the next time."""
    group, _, name = key.partition("\x00")
    with ctx.begin():
        found = ctx.get(Schedule, group, name)
        if found is None or found.state != "ENABLED" or not found.due_at:
            return None
        if found.fires_at > ctx.now:
            return After(found.fires_at - ctx.now)
        arn = groups.schedule_arn(ctx, found)
        ctx.measure("InvocationAttemptCount", ScheduleGroup=group)
        ctx.put(
            Delivery(
                id=ctx.uuid(),
                schedule_arn=arn,
                group=group,
                target=found.target,
                scheduled_at=found.due_at,
                due_at=ctx.now,
            )
        )
        due_at = rules.next_due(found.expression, found.zone, found.due_at, ctx.now)
        if found.ends_at and due_at > found.ends_at:
            due_at = 0.0
        if not due_at and found.after_completion == "DELETE":
            ctx.delete(Schedule, group, name)
            return None
        jitter = ctx.random.random() * found.window_minutes * 60
        ctx.put(msgspec.structs.replace(found, due_at=due_at, fires_at=due_at + jitter if due_at else 0.0))
    return None


async def delivery(ctx: Context, key: str) -> After | None:
    """Try an invocation that is due."""
    with ctx.begin():
        found = ctx.get(Delivery, key)
        if found is None:
            return None
        if found.due_at > ctx.now:
            return After(found.due_at - ctx.now)
        called = rules.universal(found.target["Arn"])
        if called is None:
            _settle(ctx, found, _attempt(ctx, found))
            return None
    error = await _call(ctx, found, *called)
    with ctx.begin():
        if ctx.get(Delivery, key) is not None:
            _settle(ctx, found, error)
    return None


def _attempt(ctx: Context, found: Delivery) -> AwsError | None:
    """Hand a templated target its input, as the schedule's role."""
    target = found.target
    try:
        at = _as_role(ctx, found)
        text = _input(found)
        if ":event-bus/" in target["Arn"]:
            _to_bus(at, target, text)
        else:
            group = target.get("SqsParameters", {}).get("MessageGroupId", "")
            targets.deliver(at, target["Arn"], Parcel(text, group=group))
    except AwsError as error:
        return error
    return None


async def _call(ctx: Context, found: Delivery, service: str, operation: str) -> AwsError | None:
    """Carry out a universal target: any operation of any service, as the schedule's role."""
    try:
        with ctx.begin():
            at = _as_role(ctx, found)
        given = orjson.loads(rules.handed(found.target.get("Input", "{}"), _facts(found)))
        await at.invoke(service, operation, **given)
    except AwsError as error:
        return error
    return None


def _as_role(ctx: Context, found: Delivery) -> Context:
    at = ctx.as_service(Source(found.schedule_arn, ctx.account))
    return targets.as_role(at, found.target["RoleArn"], found.id)


def _to_bus(ctx: Context, target: Any, text: str) -> None:
    parameters = target["EventBridgeParameters"]
    entry = {
        "EventBusName": target["Arn"],
        "Source": parameters["Source"],
        "DetailType": parameters["DetailType"],
        "Detail": text,
    }
    answer = ctx.call("events", "PutEvents", Entries=[entry])
    (result,) = answer["Entries"]
    if "ErrorCode" in result:
        raise AwsError(result["ErrorCode"], result["ErrorMessage"])


def _input(found: Delivery) -> str:
    """What a templated target is handed."""
    if text := found.target.get("Input"):
        return rules.handed(text, _facts(found))
    if "EventBridgeParameters" in found.target or rules.universal(found.target["Arn"]) is not None:
        return "{}"
    return orjson.dumps(rules.notification(_facts(found), found.id)).decode()


def _facts(found: Delivery) -> dict[str, str]:
    return {
        "schedule-arn": found.schedule_arn,
        "scheduled-time": rules.time_text(found.scheduled_at),
        "execution-id": found.id,
        "attempt-number": str(found.tried + 1),
    }


def _settle(ctx: Context, found: Delivery, error: AwsError | None) -> None:
    """Write down how an attempt ended: done, to be tried again, or to the dead-letter queue."""
    if error is None:
        ctx.delete(Delivery, found.id)
        return
    ctx.measure("TargetErrorCount", ScheduleGroup=found.group)
    attempts, age_seconds = rules.retry_limits(found.target)
    found = msgspec.structs.replace(found, tried=found.tried + 1, code=error.code, reason=error.message)
    if targets.is_final(error):
        _give_up(ctx, found, "")
    elif found.tried > attempts:
        _give_up(ctx, found, "MaximumRetryAttempts")
    elif ctx.now - found.scheduled_at >= age_seconds:
        _give_up(ctx, found, "MaximumEventAgeInSeconds")
    else:
        ctx.put(msgspec.structs.replace(found, due_at=ctx.now + rules.back_off_seconds(found.tried)))


def _give_up(ctx: Context, found: Delivery, condition: str) -> None:
    ctx.delete(Delivery, found.id)
    ctx.measure("InvocationDroppedCount", ScheduleGroup=found.group)
    arn = found.target.get("DeadLetterConfig", {}).get("Arn")
    if not arn:
        return
    attributes = {
        "SCHEDULE_ARN": found.schedule_arn,
        "TARGET_ARN": found.target["Arn"],
        "SCHEDULED_TIME": rules.time_text(found.scheduled_at),
        "EXECUTION_ID": found.id,
        "ERROR_CODE": found.code,
        "ERROR_MESSAGE": found.reason[:1024],
        "RETRY_ATTEMPTS": str(found.tried - 1),
        "EXHAUSTED_RETRY_CONDITION": condition,
        "IS_PAYLOAD_TRUNCATED": "false",
    }
    body = found.target.get("Input") or _input(found)
    try:
        targets.deliver(_as_role(ctx, found), arn, Parcel(body, attributes=attributes))
    except AwsError:
        ctx.measure("InvocationsFailedToBeSentToDeadLetterCount", ScheduleGroup=found.group)
    else:
        ctx.measure("InvocationsSentToDeadLetterCount", ScheduleGroup=found.group)
