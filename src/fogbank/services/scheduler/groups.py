"""Groups and schedules as their names lead to them."""

from __future__ import annotations

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.scheduler.resources import Group, Schedule

DEFAULT = "default"


def arn(ctx: Context, name: str) -> str:
    return ctx.arn(f"schedule-group/{name}")


def schedule_arn(ctx: Context, schedule: Schedule) -> str:
    return ctx.arn(f"schedule/{schedule.group}/{schedule.name}")


def found(ctx: Context, name: str) -> Group:
    """Raises ResourceNotFoundException."""
    group = ctx.get(Group, name)
    if group is None and name != DEFAULT:
        raise AwsError("ResourceNotFoundException", f"Schedule group {name} does not exist.")
    return group or Group(name=DEFAULT)


def schedule(ctx: Context, name: str, group: str) -> Schedule:
    """Raises ResourceNotFoundException."""
    found(ctx, group)
    one = ctx.get(Schedule, group, name)
    if one is None:
        raise AwsError("ResourceNotFoundException", f"Schedule {name} does not exist.")
    return one
