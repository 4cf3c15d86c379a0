"""Mute rules: when they are at work, and whether an alarm's actions are held back now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fogbank.aws import cron
from fogbank.control.context import Context
from fogbank.services.cloudwatch import rules
from fogbank.services.cloudwatch.resources import MuteRule

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)\)")


def is_muted(ctx: Context, alarm: str) -> bool:
    return any(alarm in rule.alarms and is_active(rule, ctx.now) for rule in ctx.scan(MuteRule))


def is_active(rule: MuteRule, now: float) -> bool:
    return window_end(rule, now) > 0


def window_end(rule: MuteRule, now: float) -> float:
    """When the window that a rule is in ends; 0 outside of one."""
    if now < rule.start_at or (rule.expire_at and now >= rule.expire_at):
        return 0.0
    length = rules.seconds_of(rule.duration)
    began = next_start(rule, now - length)
    return began + length if began is not None and began <= now else 0.0


def next_start(rule: MuteRule, after: float) -> float | None:
    """When the first window past a time begins. Raises BadSchedule."""
    zone = zone_of(rule.timezone)
    if found := _AT.fullmatch(rule.expression):
        try:
            at = datetime.fromisoformat(found[1]).replace(tzinfo=zone).timestamp()
        except ValueError:
            raise cron.BadSchedule(f"{found[1]} is no time") from None
        return at if at > after else None
    text = rule.expression
    inner = text[5:-1].split() if text.startswith("cron(") else []
    if len(inner) == 5:
        # Mute rules take the five fields of UNIX: days of the week count from 0, and either kind of day may be given.
        text = f"cron({' '.join(_six_fields(inner))})"
    return cron.parsed(text).after(after, zone)


def _six_fields(fields: list[str]) -> list[str]:
    minute, hour, day, month, weekday = fields
    if weekday != "*":
        weekday = re.sub(r"\d+", lambda found: str(int(found[0]) % 7 + 1), weekday)
        day = "?" if day == "*" else day
    return [minute, hour, day, month, "?" if weekday == "*" else weekday, "*"]


def zone_of(name: str) -> tzinfo:
    """Raises BadSchedule."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise cron.BadSchedule(f"{name} is no time zone") from None


def status_of(rule: MuteRule, now: float) -> str:
    if rule.expire_at and now >= rule.expire_at:
        return "EXPIRED"
    if is_active(rule, now):
        return "ACTIVE"
    return "SCHEDULED" if now < rule.start_at or next_start(rule, now) is not None else "EXPIRED"
