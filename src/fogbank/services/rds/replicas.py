"""Read replicas and their sources, wherever each is."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import instances, topology
from fogbank.services.rds.lines import Far
from fogbank.services.rds.resources import Instance, Source

LEVELS_MAX = 3
_CASCADING_SINCE = (14, 1)


def source(ctx: Context, replica: Instance) -> Instance | None:
    """The instance that a replica follows, None for one that follows nobody (any longer)."""
    if not replica.source_id:
        return None
    return _there(ctx, replica.source_id).get(Instance, replica.source_id.rpartition(":")[2])


def check_chain(ctx: Context, origin: Instance) -> None:
    """Raises InvalidDBInstanceState for a replica that cannot have one itself.

    RDS User Guide, "Using cascading read replicas with RDS for PostgreSQL": since 14.1, three levels below the source.
    Within a transaction of the origin's region.
    """
    levels, above = 0, origin
    while above.source_id and (found := source(ctx, above)) is not None:
        levels, ctx, above = levels + 1, beside(ctx, above), found
    if levels and tuple(int(part) for part in origin.version.split(".")[:2]) < _CASCADING_SINCE:
        text = f"Cascading read replicas are not supported for engine version {origin.version}."
        raise AwsError("InvalidDBInstanceState", text)
    if levels >= LEVELS_MAX:
        text = f"{origin.id} is a read replica {levels} levels below its source, which is the limit."
        raise AwsError("InvalidDBInstanceState", text)


def orphaned(ctx: Context, found: Instance) -> None:
    """The replicas of an instance that goes: those of its region stand alone. Those of others stay as they are.

    RDS User Guide, "Deleting a read replica" and "Creating a read replica in a different AWS Region": there replication
    is terminated, until they are promoted. Within a transaction.
    """
    for one in ctx.find(Instance, "by_source", found.id):
        if one.status not in ("creating", "deleting"):
            needs = (*one.needs, "promote")
            ctx.put(instances.changed(one, status="modifying", source_id="", source=Source(), needs=needs))
    for one in of(ctx, found):
        there, is_here = where(ctx, one)
        if not is_here:
            ctx.after_commit(there.waker(Instance, one.id))


def far(ctx: Context, replica: Instance, source: Instance) -> Far | None:
    """A replica and its source, where these are in different regions."""
    there = beside(ctx, replica).region
    return Far(replica.node, source.node, source.port, ctx.region, there) if there != ctx.region else None


def of(ctx: Context, found: Instance) -> list[Instance]:
    """The replicas of an instance, in this region and in others."""
    beyond = [
        one
        for scope in ctx.scopes(Instance)
        if scope.account == ctx.account and scope.region != ctx.region
        for one in ctx.at(scope.region).find(Instance, "by_source", instances.arn(ctx, found.id))
    ]
    return [*ctx.find(Instance, "by_source", found.id), *beyond]


def free(ctx: Context, found: Instance) -> None:
    """Promote the replicas of an instance that goes which are in its region. Within a transaction.

    RDS User Guide, "Working with DB instance read replicas", "Considerations when deleting replicas".
    """
    for one in ctx.find(Instance, "by_source", found.id):
        if one.status != "deleting":
            needs = (*one.needs, "promote")
            ctx.put(instances.changed(one, status="modifying", source_id="", source=Source(), needs=needs))


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
