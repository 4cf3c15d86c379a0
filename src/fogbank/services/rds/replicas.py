"""Read replicas and their sources, wherever each is."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.control.context import Context
from fogbank.services.rds import instances, topology
from fogbank.services.rds.resources import Instance


def source(ctx: Context, replica: Instance) -> Instance | None:
    """The instance that a replica follows, None for one that follows nobody (any longer)."""
    if not replica.source_id:
        return None
    return _there(ctx, replica.source_id).get(Instance, replica.source_id.rpartition(":")[2])


def of(ctx: Context, found: Instance) -> list[Instance]:
    """The replicas of an instance, in this region and in others."""
    beyond = [
        one
        for scope in ctx.scopes(Instance)
        if scope.account == ctx.account and scope.region != ctx.region
        for one in ctx.at(scope.region).find(Instance, "by_source", instances.arn(ctx, found.id))
    ]
    return [*ctx.find(Instance, "by_source", found.id), *beyond]


def where(ctx: Context, replica: Instance) -> tuple[Context, bool]:
    """The region that a replica of one of this region's instances is in, and whether that is this one."""
    for scope in ctx.scopes(Instance):
        there = ctx.at(scope.region)
        if scope.account == ctx.account and there.find(Instance, "by_resource", replica.resource_id):
            return there, scope.region == ctx.region
    return ctx, True


def slots(ctx: Context, found: Instance) -> list[str]:
    """The slots of whoever follows an instance: the standby of its own, and its replicas."""
    standbys = [topology.slot(seat) for seat in found.seats[1:]]
    return standbys + [topology.slot(one.seats[0]) for one in of(ctx, found) if one.seats]


def waker(ctx: Context, found: Instance) -> Callable[[], None]:
    """What has an instance looked at in whatever region it is."""
    for scope in ctx.scopes(Instance):
        if scope.account == ctx.account:
            there = ctx.at(scope.region)
            with there.begin():
                kept = there.get(Instance, found.id)
            if kept is not None and kept.resource_id == found.resource_id:
                return there.waker(Instance, found.id)
    return lambda: None


def beside(ctx: Context, replica: Instance) -> Context:
    """The region of a replica's source."""
    return _there(ctx, replica.source_id)


def _there(ctx: Context, identifier: str) -> Context:
    return ctx.at(identifier.split(":")[3]) if identifier.startswith("arn:") else ctx
