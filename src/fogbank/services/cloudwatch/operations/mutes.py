"""Mute rules of alarms."""

from __future__ import annotations

from typing import Any

from fogbank.aws import cron, paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudwatch import mutes, rules
from fogbank.services.cloudwatch.resources import MuteRule

_BAD_TOKEN = ("InvalidNextToken", "The specified token isn't valid.")
_LONGEST_SECONDS = 15 * 86_400


def put_alarm_mute_rule(ctx: Context, req: dict[str, Any]) -> None:
    schedule = req["Rule"]["Schedule"]
    before = ctx.get(MuteRule, req["Name"])
    rule = MuteRule(
        name=req["Name"],
        updated_at=ctx.now,
        description=req.get("Description", ""),
        expression=schedule["Expression"],
        duration=schedule["Duration"],
        timezone=schedule.get("Timezone", "UTC"),
        alarms=tuple(req.get("MuteTargets", {}).get("AlarmNames", ())),
        start_at=req.get("StartDate", 0.0),
        expire_at=req.get("ExpireDate", 0.0),
        tags=before.tags if before else rules.check_tags({}, tags.read(req.get("Tags"))),
    )
    if not 60 <= rules.seconds_of(rule.duration) <= _LONGEST_SECONDS:
        raise rules.bad(f"The duration {rule.duration} must be between PT1M and P15D.")
    if rule.expire_at and rule.expire_at <= max(rule.start_at, ctx.now):
        raise rules.bad("ExpireDate must be after StartDate, and in the future.")
    if rule.expression.startswith("rate("):
        raise rules.bad(f"The expression {rule.expression} must be a cron or an at expression.")
    try:
        mutes.next_start(rule, ctx.now)
    except cron.BadSchedule as error:
        raise rules.bad(f"The schedule {rule.expression} is invalid: {error}") from None
    ctx.put(rule)


def get_alarm_mute_rule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rule = _existing(ctx, req["AlarmMuteRuleName"])
    schedule = {"Expression": rule.expression, "Duration": rule.duration, "Timezone": rule.timezone}
    told: dict[str, Any] = {
        "Name": rule.name,
        "AlarmMuteRuleArn": ctx.arn(rule.resource),
        "Description": rule.description,
        "Rule": {"Schedule": schedule},
        "MuteTargets": {"AlarmNames": list(rule.alarms)},
        "Status": mutes.status_of(rule, ctx.now),
        "LastUpdatedTimestamp": rule.updated_at,
    }
    if rule.start_at:
        told["StartDate"] = rule.start_at
    if rule.expire_at:
        told["ExpireDate"] = rule.expire_at
    return told


def list_alarm_mute_rules(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    rows = (
        rule
        for rule in ctx.scan(MuteRule, after=after)
        if ("AlarmName" not in req or req["AlarmName"] in rule.alarms)
        and ("Statuses" not in req or mutes.status_of(rule, ctx.now) in req["Statuses"])
    )
    page, token = paging.page(rows, req.get("MaxRecords", 50), lambda rule: rule.name)
    told = []
    for rule in page:
        row: dict[str, Any] = {
            "AlarmMuteRuleArn": ctx.arn(rule.resource),
            "Status": mutes.status_of(rule, ctx.now),
            "LastUpdatedTimestamp": rule.updated_at,
        }
        told.append({**row, "ExpireDate": rule.expire_at} if rule.expire_at else row)
    return {"AlarmMuteRuleSummaries": told, "NextToken": token} if token else {"AlarmMuteRuleSummaries": told}


def delete_alarm_mute_rule(ctx: Context, req: dict[str, Any]) -> None:
    if ctx.get(MuteRule, req["AlarmMuteRuleName"]) is not None:
        ctx.delete(MuteRule, req["AlarmMuteRuleName"])


def _existing(ctx: Context, name: str) -> MuteRule:
    found = ctx.get(MuteRule, name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"The alarm mute rule {name} does not exist.")
    return found
