"""The doors at which servers ask about tokens: open as long as an instance lets users in by them."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.services.rds import instances, logins
from fogbank.services.rds.resources import Instance


async def opened(ctx: Context, instance: Instance) -> None:
    """Have an instance's doors be open, or closed where it takes no tokens. Raises WorldError."""
    with ctx.begin():
        is_checked = instances.checks_tokens(ctx, instance)
    wanted = [logins.door(ctx, instance, seat) for seat in instance.seats] if is_checked else []
    await ctx.planes.doors.set(_owner(instance), wanted)


async def closed(ctx: Context, instance: Instance) -> None:
    """Nobody asks for an instance that is gone."""
    await ctx.planes.doors.set(_owner(instance), [])


def _owner(instance: Instance) -> str:
    return f"rds/{instance.resource_id}"
