"""Alarms at work: their states change, those above them follow, actions are taken, history is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context, Source
from fogbank.control.target import Parcel
from fogbank.services.cloudwatch import composite, evaluation, mutes, rules
from fogbank.services.cloudwatch.notes import REGIONS, message, note
from fogbank.services.cloudwatch.resources import Alarm, Call, State, Suppression

_DEPTH_MAX = 100
_INVOKES = "lambda.alarms.cloudwatch"
"""As whom functions are called: the policies of functions name it, and not `cloudwatch.amazonaws.com`."""
_RETRY_SECONDS, _RETRY_SECONDS_MAX = 1.0, 300.0
_ACTIONS = {"OK": "ok_actions", "ALARM": "alarm_actions", "INSUFFICIENT_DATA": "insufficient_actions"}


def state_of(ctx: Context, alarm: Alarm) -> State:
    found = ctx.get(State, alarm.name)
    if found is None:
        return first_state(ctx, alarm)
    return found


def first_state(ctx: Context, alarm: Alarm) -> State:
    """The state that a new alarm begins with."""
    reason = "Unchecked: Initial alarm creation"
    return State(
        name=alarm.name,
        value="INSUFFICIENT_DATA",
        reason=reason,
        updated_at=ctx.now,
        transitioned_at=ctx.now,
    )


def change(ctx: Context, alarm: Alarm, state: str, why: tuple[str, str], depth: int = 0) -> None:
    """Put an alarm into a state, for a reason and its data; nothing is told where it was there already."""
    before = state_of(ctx, alarm)
    reason, data = why
    if before.value == state:
        if depth == 0 and reason != before.reason:
            ctx.put(msgspec.structs.replace(before, reason=reason, reason_data=data, updated_at=ctx.now))
        return
    after = State(
        name=alarm.name,
        value=state,
        reason=reason,
        reason_data=data,
        updated_at=ctx.now,
        transitioned_at=ctx.now,
        suppressed_by=before.suppressed_by,
        suppressed_reason=before.suppressed_reason,
    )
    ctx.put(after)
    _tell(ctx, alarm, before, after)
    _act_or_wait(ctx, alarm, before, after)
    if depth < _DEPTH_MAX:
        _lift_suppressions(ctx, alarm, before, after)
        for parent in ctx.find(Alarm, "by_child", alarm.name):
            follow(ctx, parent, alarm, depth + 1)


def follow(ctx: Context, parent: Alarm, cause: Alarm | None = None, depth: int = 0) -> None:
    """Bring a composite alarm to the state that its rule has now."""
    children = {name: found.value for name in parent.children if (found := ctx.get(State, name)) is not None}
    state = "ALARM" if composite.parsed(parent.rule).test(children) else "OK"
    before = state_of(ctx, parent)
    if before.value == state:
        return
    if cause is None:
        shown = f"{ctx.arn(parent.resource)} was created and its alarm rule evaluates to {state}"
        data: dict[str, Any] = {"triggeringAlarms": []}
    else:
        child = state_of(ctx, cause)
        at = datetime.fromtimestamp(child.transitioned_at, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")
        shown = f"{ctx.arn(cause.resource)} transitioned to {child.value} at {at}"
        told = {"value": child.value, "timestamp": evaluation.iso(child.transitioned_at)}
        data = {"triggeringAlarms": [{"arn": ctx.arn(cause.resource), "state": told}]}
    change(ctx, parent, state, (shown, json.dumps(data, separators=(",", ":"))), depth)


def _tell(ctx: Context, alarm: Alarm, before: State, after: State) -> None:
    """The history item and the event of a change."""
    data = {"version": "1.0", "oldState": _stated(before), "newState": _stated(after)}
    note(ctx, alarm, "StateUpdate", f"Alarm updated from {before.value} to {after.value}", data)
    detail: dict[str, Any] = {
        "alarmName": alarm.name,
        "state": _event_state(after),
        "previousState": _event_state(before),
        "configuration": configuration(alarm),
    }
    ctx.emit("CloudWatch Alarm State Change", detail, [ctx.arn(alarm.resource)])


def _stated(state: State) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": state.value, "stateReason": state.reason}
    if state.reason_data:
        told["stateReasonData"] = _loaded(state.reason_data)
    return told


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _event_state(state: State) -> dict[str, Any]:
    told = {"value": state.value, "reason": state.reason, "timestamp": evaluation.iso(state.transitioned_at)}
    if state.reason_data:
        told["reasonData"] = state.reason_data
    if state.suppressed_by:
        told |= {"actionsSuppressedBy": state.suppressed_by, "actionsSuppressedReason": state.suppressed_reason}
    return told


def configuration(alarm: Alarm) -> dict[str, Any]:
    """What the events of an alarm say of how it is set."""
    told: dict[str, Any] = {"description": alarm.description} if alarm.description else {}
    if alarm.rule:
        told["alarmRule"] = alarm.rule
        if alarm.suppressor:
            told["actionsSuppressor"] = alarm.suppressor
            told["actionsSuppressorWaitPeriod"] = alarm.wait_seconds
            told["actionsSuppressorExtensionPeriod"] = alarm.extension_seconds
        return told
    if alarm.queries:
        return {**told, "metrics": [_event_query(query) for query in json.loads(alarm.queries)]}
    metric = {
        "namespace": alarm.namespace,
        "name": alarm.metric_name,
        "dimensions": dict(alarm.dimensions),
    }
    stat: dict[str, Any] = {"metric": metric, "period": alarm.period, "stat": alarm.stat}
    if alarm.unit:
        stat["unit"] = alarm.unit
    return {**told, "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}]}


def _event_query(query: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Expression" in query:
        told["expression"] = query["Expression"]
    if "MetricStat" in query:
        stat = query["MetricStat"]
        dimensions = {one["Name"]: one["Value"] for one in stat["Metric"].get("Dimensions", ())}
        metric = {"namespace": stat["Metric"]["Namespace"], "name": stat["Metric"]["MetricName"]}
        told["metricStat"] = {
            "metric": {**metric, "dimensions": dimensions},
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
    return told


# Actions


def _act_or_wait(ctx: Context, alarm: Alarm, before: State, after: State) -> None:
    """Take the actions of a change, unless the suppressor of a composite alarm holds them back."""
    if not alarm.suppressor:
        act(ctx, alarm, before, after)
        return
    suppressor = ctx.get(State, alarm.suppressor)
    if suppressor is not None and suppressor.value == "ALARM":
        _suppress(ctx, alarm, after, "Alarm", 0.0)
    elif after.suppressed_by == "ExtensionPeriod":
        return
    elif after.value == "ALARM":
        _suppress(ctx, alarm, after, "WaitPeriod", ctx.now + alarm.wait_seconds)
    elif after.suppressed_by == "WaitPeriod":
        _release(ctx, alarm, after)
    else:
        act(ctx, alarm, before, after)


def _suppress(ctx: Context, alarm: Alarm, state: State, by: str, until: float) -> None:
    reasons = {
        "Alarm": f"{ctx.arn(f'alarm:{alarm.suppressor}')} is in ALARM state",
        "WaitPeriod": f"the wait period for {ctx.arn(f'alarm:{alarm.suppressor}')} has not ended",
        "ExtensionPeriod": f"the extension period after {ctx.arn(f'alarm:{alarm.suppressor}')} has not ended",
    }
    text = f"Actions suppressed because {reasons[by]}"
    ctx.put(msgspec.structs.replace(state, suppressed_by=by, suppressed_reason=text))
    if until:
        ctx.put(Suppression(name=alarm.name, until=until))
    elif ctx.get(Suppression, alarm.name) is not None:
        ctx.delete(Suppression, alarm.name)


def _release(ctx: Context, alarm: Alarm, state: State) -> State:
    if ctx.get(Suppression, alarm.name) is not None:
        ctx.delete(Suppression, alarm.name)
    released = msgspec.structs.replace(state, suppressed_by="", suppressed_reason="")
    ctx.put(released)
    return released


def _lift_suppressions(ctx: Context, alarm: Alarm, before: State, after: State) -> None:
    """A change of a suppressor: those that it suppresses wait for it, or go on a while after it."""
    for held in ctx.find(Alarm, "by_suppressor", alarm.name):
        state = state_of(ctx, held)
        if after.value == "ALARM" and state.suppressed_by:
            _suppress(ctx, held, state, "Alarm", 0.0)
        elif before.value == "ALARM" and state.suppressed_by == "Alarm":
            _suppress(ctx, held, state, "ExtensionPeriod", ctx.now + held.extension_seconds)


def end_suppression(ctx: Context, alarm: Alarm) -> None:
    """The period of a suppression is over: the actions of the state as it is now are taken."""
    before = state_of(ctx, alarm)
    act(ctx, alarm, before, _release(ctx, alarm, before))


def act(ctx: Context, alarm: Alarm, before: State, state: State) -> None:
    """Take the actions of an alarm's state, each told in its history; `before` is the state as it was until now."""
    actions: tuple[str, ...] = getattr(alarm, _ACTIONS[state.value])
    if not alarm.actions_enabled or not actions:
        return
    if mutes.is_muted(ctx, alarm.name):
        ctx.put(msgspec.structs.replace(state, muted=True))
        for arn in actions:
            note(ctx, alarm, "Action", f"Action {arn} was muted by an alarm mute rule", _acted(alarm, arn, "Muted", ""))
        return
    if state.muted:
        ctx.put(msgspec.structs.replace(state, muted=False))
    for arn in actions:
        _take(ctx, alarm, (before, state), arn)


def _take(ctx: Context, alarm: Alarm, change: tuple[State, State], arn: str) -> None:
    service = arn.split(":")[2]
    if service not in _TAKEN:
        said = f"{service} actions are not carried out here"
        note(ctx, alarm, "Action", f"Failed to execute action {arn}. {said}", _acted(alarm, arn, "Failed", said))
        return
    try:
        if not ctx.has_service(service):
            raise rules.bad(f"there is no {service} here")
        if not _TAKEN[service](ctx, alarm, change, arn):
            return
    except AwsError as error:
        _note_failure(ctx, alarm, arn, error)
        return
    note(ctx, alarm, "Action", f"Successfully executed action {arn}", _acted(alarm, arn, "Succeeded", ""))


def _note_failure(ctx: Context, alarm: Alarm, arn: str, error: AwsError) -> None:
    text = f"Failed to execute action {arn}. Received error: {error.message}"
    note(ctx, alarm, "Action", text, _acted(alarm, arn, "Failed", error.message))


def _publish(ctx: Context, alarm: Alarm, change: tuple[State, State], arn: str) -> bool:
    before, state = change
    _, _, _, region, account, _ = arn.split(":", 5)
    where = REGIONS.get(ctx.region, ctx.region)
    ctx.as_service(_source(ctx, alarm)).at(region, account).call(
        "sns",
        "Publish",
        TopicArn=arn,
        Subject=f'{state.value}: "{alarm.name[:60]}" in {where}'[:100],
        Message=json.dumps(message(ctx, alarm, before.value, state)),
    )
    return True


def _invoke(ctx: Context, alarm: Alarm, change: tuple[State, State], arn: str) -> bool:
    """Call a function, or have that tried until it succeeds where Lambda cannot be reached."""
    body = json.dumps(handed(ctx, alarm, *change), separators=(",", ":"))
    try:
        targets.deliver(ctx.as_service(_source(ctx, alarm), _INVOKES), arn, Parcel(body))
    except AwsError as error:
        if targets.is_final(error):
            raise
        ctx.put(Call(id=ctx.uuid(), alarm=alarm.name, function=arn, body=body, due_at=ctx.now + _RETRY_SECONDS))
        return False
    return True


def call_again(ctx: Context, found: Call) -> None:
    """Try a call that is due once more, for as long as its alarm is there."""
    alarm = ctx.get(Alarm, found.alarm)
    ctx.delete(Call, found.id)
    if alarm is None:
        return
    arn = found.function
    try:
        targets.deliver(ctx.as_service(_source(ctx, alarm), _INVOKES), arn, Parcel(found.body))
    except AwsError as error:
        if targets.is_final(error):
            _note_failure(ctx, alarm, arn, error)
            return
        wait = min(_RETRY_SECONDS * 2**found.tried, _RETRY_SECONDS_MAX)
        ctx.put(msgspec.structs.replace(found, tried=found.tried + 1, due_at=ctx.now + wait))
    else:
        note(ctx, alarm, "Action", f"Successfully executed action {arn}", _acted(alarm, arn, "Succeeded", ""))


def handed(ctx: Context, alarm: Alarm, before: State, state: State) -> dict[str, Any]:
    """What a function is called with (User Guide, "Invoke a Lambda function from an alarm")."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": ctx.arn(alarm.resource),
        "accountId": ctx.account,
        "time": evaluation.iso(ctx.now),
        "region": ctx.region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": _event_state(state),
            "previousState": _event_state(before),
            "configuration": configuration(alarm),
        },
    }


def _source(ctx: Context, alarm: Alarm) -> Source:
    return Source(ctx.arn(alarm.resource), ctx.account)


_TAKEN = {"sns": _publish, "lambda": _invoke}


def _acted(alarm: Alarm, arn: str, how: str, error: str) -> dict[str, Any]:
    told: dict[str, Any] = {"actionState": how, "notificationResource": arn, "publishedMessage": None}
    return {**told, "error": error} if error else told
