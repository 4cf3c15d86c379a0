"""Alarms: of metrics and composite; their states and their history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogbank.aws import paging, tags
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.cloudwatch import alarms, composite, evaluation, notes, queries, rules
from fogbank.services.cloudwatch.resources import Alarm, State, Suppression
from fogbank.services.cloudwatch.statistics import SIMPLE, statistic

_BAD_TOKEN = ("InvalidNextToken", "The specified token isn't valid.")
_NEWER = ("EvaluationCriteria", "EvaluationInterval", "EvaluationWindow", "WarmUpConfiguration", "ActionConfiguration")
_DAY_SECONDS = 86_400
_WEEK_SECONDS = 7 * _DAY_SECONDS


def put_metric_alarm(ctx: Context, req: dict[str, Any]) -> None:
    for member in (*_NEWER, "ThresholdMetricId"):
        if member in req:
            raise NotImplementedByFogbank("cloudwatch", f"PutMetricAlarm with {member}")
    before = ctx.get(Alarm, req["AlarmName"])
    if before is not None and before.rule:
        raise rules.bad(f"An alarm of another type is named {req['AlarmName']} already.")
    comparison = req.get("ComparisonOperator", "")
    if comparison not in evaluation.COMPARISONS:
        raise rules.bad("The parameter ComparisonOperator is required, and must compare with a static threshold.")
    for member in ("EvaluationPeriods", "Threshold"):
        if member not in req:
            raise rules.missing(f"The parameter {member} is required.")
    missing = req.get("TreatMissingData", "missing")
    if missing not in ("missing", "ignore", "breaching", "notBreaching"):
        raise rules.bad(f"Option {missing} is not a valid value for the parameter TreatMissingData.")
    needed = req.get("DatapointsToAlarm", 0)
    if needed > req["EvaluationPeriods"]:
        raise rules.bad("The parameter DatapointsToAlarm must not be greater than EvaluationPeriods.")
    low_samples = req.get("EvaluateLowSampleCountPercentile", "")
    if low_samples not in ("", "evaluate", "ignore"):
        raise rules.bad(
            f"Option {low_samples} is not a valid value for the parameter EvaluateLowSampleCountPercentile."
        )
    alarm = Alarm(
        **_shared(ctx, req, before),
        **(_of_queries(req) if "Metrics" in req else _of_metric(req)),
        evaluation_periods=req["EvaluationPeriods"],
        datapoints_to_alarm=needed,
        threshold=req["Threshold"],
        comparison=comparison,
        missing=missing,
        low_samples=low_samples,
    )
    _check_span(alarm)
    _save(ctx, alarm, before)


def put_composite_alarm(ctx: Context, req: dict[str, Any]) -> None:
    if "ActionConfiguration" in req:
        raise NotImplementedByFogbank("cloudwatch", "PutCompositeAlarm with ActionConfiguration")
    before = ctx.get(Alarm, req["AlarmName"])
    if before is not None and not before.rule:
        raise rules.bad(f"An alarm of another type is named {req['AlarmName']} already.")
    try:
        rule = composite.parsed(req["AlarmRule"])
    except composite.BadRule as error:
        raise rules.bad(f"AlarmRule must not contain errors: {error}") from None
    for child in rule.children:
        if child != req["AlarmName"] and ctx.get(Alarm, child) is None:
            raise rules.bad(f"AlarmRule contains an alarm that does not exist: {child}")
    _check_no_cycle(ctx, req["AlarmName"], rule.children)
    suppressor = composite.name_of(req.get("ActionsSuppressor", ""))
    periods = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
    if suppressor and any(period not in req for period in periods):
        raise rules.bad(
            "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with a suppressor."
        )
    if not suppressor and any(period in req for period in periods):
        raise rules.bad("ActionsSuppressor is required with its periods.")
    if suppressor and ctx.get(Alarm, suppressor) is None:
        raise rules.bad(f"The actions suppressor {suppressor} does not exist.")
    alarm = Alarm(
        **_shared(ctx, req, before),
        rule=req["AlarmRule"],
        children=rule.children,
        suppressor=suppressor,
        wait_seconds=req.get(periods[0], 0),
        extension_seconds=req.get(periods[1], 0),
    )
    _save(ctx, alarm, before)
    alarms.follow(ctx, alarm)


def _shared(ctx: Context, req: Mapping[str, Any], before: Alarm | None) -> dict[str, Any]:
    """What alarms of both types have."""
    actions = {
        "ok_actions": tuple(req.get("OKActions", ())),
        "alarm_actions": tuple(req.get("AlarmActions", ())),
        "insufficient_actions": tuple(req.get("InsufficientDataActions", ())),
    }
    for arns in actions.values():
        rules.check_actions(arns)
    # An alarm that is there already keeps its tags, whatever the request says (API page).
    return {
        "name": req["AlarmName"],
        "updated_at": ctx.now,
        "description": req.get("AlarmDescription", ""),
        "actions_enabled": req.get("ActionsEnabled", True),
        "tags": before.tags if before else rules.check_tags({}, tags.read(req.get("Tags"))),
        **actions,
    }


def _of_metric(req: Mapping[str, Any]) -> dict[str, Any]:
    for member in ("MetricName", "Namespace", "Period"):
        if member not in req:
            raise rules.missing(f"The parameter {member} is required.")
    if ("Statistic" in req) == ("ExtendedStatistic" in req):
        raise rules.bad("Exactly one of the parameters Statistic and ExtendedStatistic must be specified.")
    stat = req.get("Statistic") or req["ExtendedStatistic"]
    if statistic(stat) is None or ("ExtendedStatistic" in req and stat in SIMPLE):
        raise rules.bad(f"The value {stat} for parameter ExtendedStatistic is not supported.")
    rules.check_period(req["Period"])
    dimensions = rules.dimensions_of(req.get("Dimensions", ()), "Dimensions")
    return {
        "namespace": req["Namespace"],
        "metric_name": req["MetricName"],
        "metric_key": f"{req['Namespace']}\x00{req['MetricName']}",
        "dimensions": dimensions,
        "stat": stat,
        "period": req["Period"],
        "unit": req.get("Unit", ""),
    }


def _of_queries(req: Mapping[str, Any]) -> dict[str, Any]:
    given = [name for name in ("MetricName", "Namespace", "Period", "Statistic", "ExtendedStatistic") if name in req]
    if given:
        raise rules.bad(f"The parameters Metrics and {given[0]} are mutually exclusive.")
    asked = req["Metrics"]
    queries.check(asked)
    if sum(1 for _ in queries.shown(asked)) != 1:
        raise rules.bad("Exactly one element of the metrics list should return data.")
    periods = [query["MetricStat"]["Period"] for query in asked if "MetricStat" in query]
    periods += [query["Period"] for query in asked if "Period" in query]
    if not periods:
        raise rules.bad("Period must not be null")
    for query in asked:
        if "SEARCH(" in query.get("Expression", "").upper().replace(" ", ""):
            raise rules.bad("SEARCH is not supported on Metric Alarms.")
    return {"queries": msgspec.json.encode(asked).decode(), "period": max(periods)}


def _check_span(alarm: Alarm) -> None:
    span = alarm.period * alarm.evaluation_periods
    if span > (_DAY_SECONDS if alarm.period < 3_600 else _WEEK_SECONDS):
        raise rules.bad(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)."
        )


def _check_no_cycle(ctx: Context, name: str, children: Iterable[str]) -> None:
    waiting, seen = list(children), set()
    while waiting:
        child = waiting.pop()
        if child == name:
            raise rules.bad(f"AlarmRule must not contain a cycle: {name} depends on itself.")
        if child in seen:
            continue
        seen.add(child)
        found = ctx.get(Alarm, child)
        waiting += found.children if found is not None else ()


def _save(ctx: Context, alarm: Alarm, before: Alarm | None) -> None:
    ctx.put(alarm)
    if before is None:
        ctx.put(alarms.first_state(ctx, alarm))
    word = "updated" if before else "created"
    data = {"version": "1.0", "type": "Update" if before else "Create", "updatedAlarm": _told(ctx, alarm)}
    notes.note(ctx, alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" {word}', data)
    _emit(ctx, alarm, "update" if before else "create")


def _emit(ctx: Context, alarm: Alarm, operation: str) -> None:
    detail = {"alarmName": alarm.name, "operation": operation, "configuration": alarms.configuration(alarm)}
    ctx.emit("CloudWatch Alarm Configuration Change", detail, [ctx.arn(alarm.resource)])


def describe_alarms(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "AlarmNames" in req and "AlarmNamePrefix" in req:
        raise rules.combination("AlarmNames and AlarmNamePrefix are mutually exclusive.")
    types = req.get("AlarmTypes", ["MetricAlarm"])
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    rows = ((alarm, state) for alarm in _named(ctx, req, after) if (state := _passes(ctx, req, alarm, types)))
    page, token = paging.page(rows, req.get("MaxRecords", 50), lambda pair: pair[0].name)
    answer: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
    for alarm, state in page:
        answer["CompositeAlarms" if alarm.rule else "MetricAlarms"].append(_described(ctx, alarm, state))
    return {**answer, "NextToken": token} if token else answer


def _named(ctx: Context, req: Mapping[str, Any], after: str) -> Iterable[Alarm]:
    """The alarms that a request may mean, in order of name."""
    if "ChildrenOfAlarmName" in req:
        parent = ctx.get(Alarm, req["ChildrenOfAlarmName"])
        names = parent.children if parent is not None else ()
        return [found for name in names if name > after and (found := ctx.get(Alarm, name)) is not None]
    if "ParentsOfAlarmName" in req:
        return [found for found in ctx.find(Alarm, "by_child", req["ParentsOfAlarmName"]) if found.name > after]
    if "AlarmNames" in req:
        wanted = sorted(set(req["AlarmNames"]))
        return [found for name in wanted if name > after and (found := ctx.get(Alarm, name)) is not None]
    return ctx.scan(Alarm, start=req.get("AlarmNamePrefix", ""), after=after)


def _passes(ctx: Context, req: Mapping[str, Any], alarm: Alarm, types: list[str]) -> State | None:
    """The state of an alarm that a request asks for."""
    related = "ChildrenOfAlarmName" in req or "ParentsOfAlarmName" in req
    if ("CompositeAlarm" if alarm.rule else "MetricAlarm") not in types and not related:
        return None
    if prefix := req.get("ActionPrefix"):
        arns = (*alarm.ok_actions, *alarm.alarm_actions, *alarm.insufficient_actions)
        if not any(arn.startswith(prefix) for arn in arns):
            return None
    state = alarms.state_of(ctx, alarm)
    return state if req.get("StateValue", state.value) == state.value else None


def describe_alarms_for_metric(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    dimensions = rules.dimensions_of(req.get("Dimensions", ()), "Dimensions")
    stat = req.get("Statistic") or req.get("ExtendedStatistic")
    found = [
        _described(ctx, alarm, alarms.state_of(ctx, alarm))
        for alarm in ctx.find(Alarm, "by_metric", f"{req['Namespace']}\x00{req['MetricName']}")
        if alarm.dimensions == dimensions
        and stat in (None, alarm.stat)
        and req.get("Period", alarm.period) == alarm.period
        and req.get("Unit", alarm.unit) == alarm.unit
    ]
    return {"MetricAlarms": found}


def delete_alarms(ctx: Context, req: dict[str, Any]) -> None:
    found = {name: ctx.get(Alarm, name) for name in req["AlarmNames"]}
    lost = [name for name, alarm in found.items() if alarm is None]
    if lost:
        raise rules.not_found(f"Unknown alarm name(s): {', '.join(sorted(lost))}")
    if len(found) > 1 and any(alarm is not None and alarm.rule for alarm in found.values()):
        raise rules.bad("Only one composite alarm can be deleted at a time.")
    for alarm in found.values():
        assert alarm is not None
        parents = [parent.name for parent in ctx.find(Alarm, "by_child", alarm.name)]
        if alarm.rule and parents:
            raise rules.bad(f"Cannot delete alarm {alarm.name}: it is used by {', '.join(parents)}.")
        notes.note(
            ctx, alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', {"version": "1.0", "type": "Delete"}
        )
        _emit(ctx, alarm, "delete")
        ctx.delete(Alarm, alarm.name)
        ctx.delete(State, alarm.name)
        if ctx.get(Suppression, alarm.name) is not None:
            ctx.delete(Suppression, alarm.name)


def set_alarm_state(ctx: Context, req: dict[str, Any]) -> None:
    alarm = ctx.get(Alarm, req["AlarmName"])
    if alarm is None:
        raise rules.not_found(f"Alarm {req['AlarmName']} does not exist.")
    data = req.get("StateReasonData", "")
    if data and not _is_json(data):
        raise AwsError("InvalidFormatFault", "StateReasonData must be a valid JSON document.")
    alarms.change(ctx, alarm, req["StateValue"], (req["StateReason"], data))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def enable_alarm_actions(ctx: Context, req: dict[str, Any]) -> None:
    _set_actions(ctx, req["AlarmNames"], True)


def disable_alarm_actions(ctx: Context, req: dict[str, Any]) -> None:
    _set_actions(ctx, req["AlarmNames"], False)


def _set_actions(ctx: Context, names: Iterable[str], is_enabled: bool) -> None:
    for name in names:
        alarm = ctx.get(Alarm, name)
        if alarm is not None and alarm.actions_enabled != is_enabled:
            _save(ctx, msgspec.structs.replace(alarm, actions_enabled=is_enabled, updated_at=ctx.now), alarm)


def describe_alarm_history(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    is_down = req.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    low = max(req.get("StartDate", 0.0), ctx.now - rules.HISTORY_SECONDS)
    after, before = notes.key_of(low), notes.key_of(req.get("EndDate", ctx.now + 1), "~")
    token = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    if token:
        after, before = (after, token) if is_down else (token, before)
    limit = req.get("MaxRecords", 100)
    found: list[tuple[str, notes.Item]] = []
    while len(found) <= limit:
        page = ctx.items(notes.space(ctx), after=after, before=before, limit=200, reverse=is_down)
        found += [(key, one) for key, item in page if _is_asked(one := notes.decode(item), req)]
        if len(page) < 200:
            break
        after, before = (after, page[-1][0]) if is_down else (page[-1][0], before)
    told = [_item(one) for _, one in found[:limit]]
    answer: dict[str, Any] = {"AlarmHistoryItems": told}
    return {**answer, "NextToken": paging.token_after(found[limit - 1][0])} if len(found) > limit else answer


def _is_asked(item: notes.Item, req: Mapping[str, Any]) -> bool:
    kind = "CompositeAlarm" if item.is_composite else "MetricAlarm"
    return (
        req.get("AlarmName", item.alarm) == item.alarm
        and req.get("HistoryItemType", item.kind) == item.kind
        and kind in req.get("AlarmTypes", ("MetricAlarm", "CompositeAlarm"))
    )


def _item(item: notes.Item) -> dict[str, Any]:
    return {
        "AlarmName": item.alarm,
        "AlarmType": "CompositeAlarm" if item.is_composite else "MetricAlarm",
        "Timestamp": item.at,
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }


def _told(ctx: Context, alarm: Alarm) -> dict[str, Any]:
    return {"alarmName": alarm.name, "alarmArn": ctx.arn(alarm.resource), **alarms.configuration(alarm)}


def _described(ctx: Context, alarm: Alarm, state: State) -> dict[str, Any]:
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmArn": ctx.arn(alarm.resource),
        "AlarmConfigurationUpdatedTimestamp": alarm.updated_at,
        "ActionsEnabled": alarm.actions_enabled,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_actions),
        "StateValue": state.value,
        "StateReason": state.reason,
        "StateUpdatedTimestamp": state.updated_at,
        "StateTransitionedTimestamp": state.transitioned_at,
    }
    if alarm.description:
        told["AlarmDescription"] = alarm.description
    if state.reason_data:
        told["StateReasonData"] = state.reason_data
    return told | (_composite(ctx, alarm, state) if alarm.rule else _metric(alarm))


def _composite(ctx: Context, alarm: Alarm, state: State) -> dict[str, Any]:
    told: dict[str, Any] = {"AlarmRule": alarm.rule}
    if alarm.suppressor:
        told |= {
            "ActionsSuppressor": ctx.arn(f"alarm:{alarm.suppressor}"),
            "ActionsSuppressorWaitPeriod": alarm.wait_seconds,
            "ActionsSuppressorExtensionPeriod": alarm.extension_seconds,
        }
    if state.suppressed_by:
        told |= {"ActionsSuppressedBy": state.suppressed_by, "ActionsSuppressedReason": state.suppressed_reason}
    return told


def _metric(alarm: Alarm) -> dict[str, Any]:
    told: dict[str, Any] = {
        "EvaluationPeriods": alarm.evaluation_periods,
        "Threshold": alarm.threshold,
        "ComparisonOperator": alarm.comparison,
        "TreatMissingData": alarm.missing,
    }
    if alarm.datapoints_to_alarm:
        told["DatapointsToAlarm"] = alarm.datapoints_to_alarm
    if alarm.low_samples:
        told["EvaluateLowSampleCountPercentile"] = alarm.low_samples
    if alarm.queries:
        return {**told, "Metrics": json.loads(alarm.queries)}
    told |= {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "Dimensions": [{"Name": name, "Value": value} for name, value in alarm.dimensions],
        "Period": alarm.period,
        "Statistic" if alarm.stat in SIMPLE else "ExtendedStatistic": alarm.stat,
    }
    return {**told, "Unit": alarm.unit} if alarm.unit else told
