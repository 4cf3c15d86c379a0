"""When secrets are to be rotated: windows, out of days, rates and cron expressions.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from fogbank.aws import cron
from fogbank.services.secretsmanager import rules
from fogbank.services.secretsmanager.resources import Rotation

HOUR_SECONDS = 3_600
_DAY_HOURS = 24
_RATE_HOURS_MIN = 4
_RATE_DAYS_MAX = 999
_DURATION = re.compile(r"([1-9][0-9]?)h\Z")


class Window(NamedTuple):
    """When a rotation may take place, in seconds since 1970."""

    opens_at: float
    closes_at: float


def rotation_of(req: Mapping[str, Any], current: Rotation | None, now: float) -> Rotation:
    """What RotateSecret leaves a secret with. Raises InvalidRequestException and InvalidParameterException."""
    rotation = current or Rotation()
    lambda_arn = req.get("RotationLambdaARN", rotation.lambda_arn)
    if not lambda_arn:
        raise rules.invalid_request("No Lambda rotation function ARN is associated with this secret.")
    given = req.get("RotationRules", {})
    days, schedule = given.get("AutomaticallyAfterDays", 0), given.get("ScheduleExpression", "")
    if days and schedule:
        raise rules.invalid_parameter("You can't use AutomaticallyAfterDays in conjunction with ScheduleExpression.")
    duration = given.get("Duration", "")
    if not given:
        days, schedule, duration = rotation.after_days, rotation.schedule, rotation.duration
    return planned(Rotation(lambda_arn=lambda_arn, after_days=days, schedule=schedule, duration=duration), now)


def planned(rotation: Rotation, now: float) -> Rotation:
    """A rotation with its next window. Raises InvalidParameterException."""
    found = window(rotation, now) or Window(0.0, 0.0)
    return msgspec.structs.replace(rotation, next_at=found.opens_at, closes_at=found.closes_at)


def window(rotation: Rotation, now: float) -> Window | None:
    """The first window that opens past `now`, None for a rotation without a schedule.

    Raises InvalidParameterException.
    """
    if rotation.after_days:
        return _after_days(rotation, now, rotation.after_days)
    if not rotation.schedule:
        return None
    try:
        schedule = cron.parsed(rotation.schedule)
    except cron.BadSchedule as error:
        raise _invalid(str(error)) from None
    if schedule.cron is not None:
        return _by_cron(rotation, now, schedule.cron)
    if "day" in rotation.schedule:
        return _after_days(rotation, now, int(schedule.seconds) // rules.DAY_SECONDS)
    hours, left = divmod(int(schedule.seconds), HOUR_SECONDS)
    if left or "hour" not in rotation.schedule or hours < _RATE_HOURS_MIN:
        raise _invalid("a rate is in days, or at least four hours")
    opens_at = now // HOUR_SECONDS * HOUR_SECONDS + schedule.seconds
    return Window(opens_at, opens_at + _length_hours(rotation, 1, hours) * HOUR_SECONDS)


def _after_days(rotation: Rotation, now: float, days: int) -> Window:
    """Windows by days open at midnight, UTC, and close at the next unless they are shorter."""
    if days > _RATE_DAYS_MAX:
        raise _invalid(f"a rate is at most {_RATE_DAYS_MAX} days")
    opens_at = now // rules.DAY_SECONDS * rules.DAY_SECONDS + days * rules.DAY_SECONDS
    return Window(opens_at, opens_at + _length_hours(rotation, _DAY_HOURS, _DAY_HOURS) * HOUR_SECONDS)


def _by_cron(rotation: Rotation, now: float, found: cron.Cron) -> Window | None:
    if found.minutes != {0}:
        raise _invalid("windows open on the hour: the minutes must be 0")
    hours = sorted(found.hours)
    left_hours = _DAY_HOURS - hours[-1]
    if len(hours) > 1:
        gap = min(after - before for before, after in pairwise(hours))
        length = _length_hours(rotation, 1, min(gap, left_hours))
    else:
        length = _length_hours(rotation, left_hours, left_hours)
    opens_at = found.after(now)
    return None if opens_at is None else Window(opens_at, opens_at + length * HOUR_SECONDS)


def _length_hours(rotation: Rotation, default: int, most: int) -> int:
    if not rotation.duration:
        return default
    found = _DURATION.match(rotation.duration)
    if found is None:
        raise rules.invalid_parameter(f"Invalid Duration: {rotation.duration}. Write hours, as in 3h.")
    hours = int(found[1])
    if hours > most:
        raise rules.invalid_parameter("The rotation window must not extend into the next UTC day or the next window.")
    return hours


def _invalid(why: str) -> Exception:
    return rules.invalid_parameter(f"Invalid schedule expression: {why}")
