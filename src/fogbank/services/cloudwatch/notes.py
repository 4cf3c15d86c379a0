"""What alarms say: items of their history, and the messages of their notifications."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.cloudwatch import evaluation, rules
from fogbank.services.cloudwatch.resources import Alarm, State

REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-north-1": "EU (Stockholm)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "sa-east-1": "South America (Sao Paulo)",
}
_PAGE = 500


class Item(msgspec.Struct, array_like=True):
    """An item of an alarm's history."""

    alarm: str
    is_composite: bool
    at: float
    kind: str
    summary: str
    data: str


_encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Item).decode


class Order:
    """Keeps items of the same millisecond in the order in which they were written."""

    def __init__(self, *where: str) -> None:
        self.count = 0

    def next(self) -> int:
        self.count += 1
        return self.count


def space(ctx: Context) -> str:
    return ctx.space("history")


def key_of(at: float, order: str = "") -> str:
    return f"{int(at * 1000):015d}{order}"


def note(ctx: Context, alarm: Alarm, kind: str, summary: str, data: Mapping[str, Any]) -> None:
    """Write an item of an alarm's history."""
    text = json.dumps(data, separators=(",", ":"))
    item = Item(alarm.name, bool(alarm.rule), ctx.now, kind, summary, text)
    # The number begins anew with the process: the id keeps items of the same millisecond apart then.
    order = f"{ctx.held(Order, *ctx.scope).next():012d}{ctx.uuid()[:8]}"
    ctx.put_item(space(ctx), key_of(ctx.now, order), _encode(item))


def drop_old(ctx: Context) -> None:
    """Take away what is older than thirty days."""
    before = key_of(ctx.now - rules.HISTORY_SECONDS)
    for key, _ in ctx.items(space(ctx), before=before, limit=_PAGE):
        ctx.delete_item(space(ctx), key)


def message(ctx: Context, alarm: Alarm, old: str, state: State) -> dict[str, Any]:
    """The message of a notification (User Guide, "Amazon SNS notifications of alarms")."""
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description or None,
        "AWSAccountId": ctx.account,
        "AlarmConfigurationUpdatedTimestamp": evaluation.iso(alarm.updated_at),
        "NewStateValue": state.value,
        "NewStateReason": state.reason,
        "StateChangeTime": evaluation.iso(state.transitioned_at),
        "Region": REGIONS.get(ctx.region, ctx.region),
        "AlarmArn": ctx.arn(alarm.resource),
        "OldStateValue": old,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_actions),
    }
    if alarm.rule:
        told["AlarmRule"] = alarm.rule
        if state.reason_data.startswith("{"):
            told["TriggeringChildren"] = [
                {"Arn": one["arn"], "State": {"Value": one["state"]["value"], "Timestamp": one["state"]["timestamp"]}}
                for one in json.loads(state.reason_data).get("triggeringAlarms", ())
            ]
        return told
    return {**told, "Trigger": _trigger(alarm)}


def _trigger(alarm: Alarm) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.missing,
        "EvaluateLowSampleCountPercentile": alarm.low_samples,
    }
    if alarm.queries:
        return {**told, "Metrics": json.loads(alarm.queries)}
    kind = "Statistic" if alarm.stat[0].isupper() else "ExtendedStatistic"
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": kind,
        kind: alarm.stat.upper() if kind == "Statistic" else alarm.stat,
        "Unit": alarm.unit or None,
        "Dimensions": [{"value": value, "name": name} for name, value in alarm.dimensions],
        **told,
    }
