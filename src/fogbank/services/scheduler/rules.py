"""Decisions of Scheduler: expressions, times, and what a target is handed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fogbank.aws import cron
from fogbank.aws.errors import AwsError

ATTEMPTS_MAX = 185
AGE_SECONDS_MAX = 86_400
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_RATE = re.compile(r"rate\([1-9]\d* (?:minute|hour|day)s?\)")
_VARIABLE = re.compile(r"<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>")
_UNIVERSAL = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9-]+):([a-z][A-Za-z0-9]+)")
_SECONDS_FIRST, _SECONDS_LAST = 1.0, 600.0


def zone_of(name: str) -> ZoneInfo:
    """Raises ValidationException for a time zone that there is not."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise AwsError(
            "ValidationException", f"The provided ScheduleExpressionTimezone is not valid: {name}."
        ) from None


def check_expression(text: str) -> None:
    """Raises ValidationException for what is neither at(…), rate(…) nor cron(…)."""
    try:
        if text.startswith("at("):
            _at(text, ZoneInfo("UTC"))
        elif text.startswith("rate(") and not _RATE.fullmatch(text):
            raise cron.BadSchedule
        else:
            cron.parsed(text)
    except ValueError:
        raise AwsError("ValidationException", f"Invalid Schedule Expression {text}.") from None


def first_due(expression: str, zone: str, now: float, starts_at: float) -> float:
    """When a schedule is due first: a rate begins at once, or at its start date. 0 for never."""
    begin = max(now, starts_at)
    if expression.startswith("at("):
        return _at(expression, zone_of(zone))
    if expression.startswith("rate("):
        return begin
    return cron.parsed(expression).after(begin - 1, zone_of(zone)) or 0.0


def next_due(expression: str, zone: str, due_at: float, now: float) -> float:
    """When it is due after `due_at`; what was missed by more than one time is left out. 0 for never."""
    if expression.startswith("at("):
        return 0.0
    plan = cron.parsed(expression)
    following = plan.after(due_at, zone_of(zone)) or 0.0
    if following and following <= now:
        missed = (now - due_at) // plan.seconds * plan.seconds if plan.seconds else 0.0
        following = plan.after(due_at + missed if plan.seconds else now, zone_of(zone)) or 0.0
    return following


def _at(text: str, zone: ZoneInfo) -> float:
    found = _AT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return datetime.fromisoformat(found[1]).replace(tzinfo=zone).timestamp()


def universal(arn: str) -> tuple[str, str] | None:
    """(service, operation) of a universal target, None for a templated one."""
    found = _UNIVERSAL.fullmatch(arn)
    return (found[1], found[2][0].upper() + found[2][1:]) if found else None


def handed(text: str, facts: Mapping[str, str]) -> str:
    """A target's input with Scheduler's context attributes filled in.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    return _VARIABLE.sub(lambda found: facts[found[1]], text)


def notification(facts: Mapping[str, str], event_id: str) -> dict[str, Any]:
    """What a target is handed that has no input of its own (API page of Target: "a default notification")."""
    arn = facts["schedule-arn"]
    _, _, _, region, account, _ = arn.split(":", 5)
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": facts["scheduled-time"],
        "region": region,
        "resources": [arn],
        "detail": "{}",
    }


def time_text(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def retry_limits(target: Mapping[str, Any]) -> tuple[int, float]:
    """(attempts after the first, seconds) that a target's RetryPolicy allows."""
    policy = target.get("RetryPolicy", {})
    return policy.get("MaximumRetryAttempts", ATTEMPTS_MAX), policy.get("MaximumEventAgeInSeconds", AGE_SECONDS_MAX)


def back_off_seconds(tried: int) -> float:
    """How long to wait after so many attempts: doubled up to ten minutes."""
    return min(_SECONDS_FIRST * 2.0 ** min(tried, 20), _SECONDS_LAST)
