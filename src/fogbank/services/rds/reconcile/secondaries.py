"""Secondary clusters of global ones: a head that follows the primary over the line, and members that follow it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.planes.engines.postgresql.files import Node
from fogbank.services.rds import clusters, failover, global_clusters, nodes, topology
from fogbank.services.rds.global_clusters import Side
from fogbank.services.rds.lines import Far
from fogbank.services.rds.reconcile import following, lines, telling
from fogbank.services.rds.resources import Cluster, Instance

_POSITION = """SELECT (CASE WHEN pg_is_in_recovery()
 THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_flush_lsn() END
 - '0/0'::pg_lsn)::bigint"""
_LEAVE_SECONDS = 2.0
_IS_STANDBY = "SELECT pg_is_in_recovery()"


class _Turn:
    """One at a time does something with a cluster."""

    def __init__(self, arn: str) -> None:
        self.lock = asyncio.Lock()


def turn(ctx: Context, arn: str) -> asyncio.Lock:
    """Held by whoever changes what a cluster's servers do."""
    return ctx.held(_Turn, arn).lock


def wake(ctx: Context, cluster: Cluster) -> None:
    """Have whoever follows a cluster look at it again. Within a transaction."""
    for one in global_clusters.followers(ctx, cluster):
        ctx.after_commit(ctx.at(one.region).waker(Cluster, one.cluster.id))


# Following


async def led(ctx: Context, cluster: Cluster, members: Sequence[Instance], leader: Side) -> bool:
    """Have a secondary cluster follow; whether it does. Raises WorldError."""
    databases = ctx.planes.databases
    running = {one.id for one in members if databases.is_running(one.node)}
    head = global_clusters.head(members, cluster.head_id, running)
    if head is None:
        return True
    if head.id != cluster.head_id:
        with ctx.begin():
            _put(ctx, cluster.id, head_id=head.id)
    writer = leader.head
    if writer is None:
        # Nobody writes there yet; whoever begins to has us look again.
        return False
    if databases.is_running(writer.node):
        await following.kept(databases, writer.node, lambda: _slots_of(ctx, leader))
    with ctx.begin():
        known = nodes.of_cluster(ctx, cluster, members)
    for one in members:
        if one.id != head.id:
            await lines.lifted(ctx, one.node)
    far = Far(head.node, writer.node, writer.port, ctx.region, leader.region)
    await lines.laid(ctx, far, ctx.waker(Cluster, cluster.id))
    if not databases.has_data(head.node):
        lines.passable(ctx, head.node)
    socket = lines.socket(ctx, head.node)
    behind = topology.following(known[head.id], head.seats[0], socket, far.port)
    await following.followed(databases, behind, writer.node)
    others = [one for one in members if one.id != head.id and one.status != "deleting"]
    await _below(ctx, cluster, head, [(known[one.id], one) for one in others])
    low, high = failover.lag_of(cluster.tags.get(clusters.LAG_TAG, ""))
    for one in members:
        databases.lag(one.node, *((0, 0) if one.id == head.id else (low, high)))
        databases.watch(one.node, ctx.waker(Cluster, cluster.id))
    with ctx.begin():
        _resynced(ctx, cluster)
    return True


async def _below(ctx: Context, cluster: Cluster, head: Instance, others: Sequence[tuple[Node, Instance]]) -> None:
    """Have all other members follow the head."""
    databases = ctx.planes.databases
    await following.kept(databases, head.node, lambda: _slots_below(ctx, cluster.id, head.id))
    socket = databases.socket(head.node)
    behind = [topology.following(node, one.seats[0], socket, head.port) for node, one in others]
    await asyncio.gather(*(following.followed(databases, node, head.node) for node in behind))


def _slots_of(ctx: Context, leader: Side) -> list[str]:
    """The slots of all who follow the writer of a primary cluster now."""
    there = ctx.at(leader.region)
    with there.begin():
        found = there.get(Cluster, leader.cluster.id)
        return slots(there, found) if found is not None else []


def slots(ctx: Context, found: Cluster) -> list[str]:
    """The slots of a cluster's readers, and of whoever follows it from other regions. Within a transaction."""
    readers = [one for one in clusters.members(ctx, found.id) if one.id != found.writer_id]
    return [topology.slot(one.seats[0]) for one in readers] + global_clusters.slots(ctx, found)


def _slots_below(ctx: Context, cluster_id: str, head_id: str) -> list[str]:
    with ctx.begin():
        return [topology.slot(one.seats[0]) for one in clusters.members(ctx, cluster_id) if one.id != head_id]


def _resynced(ctx: Context, cluster: Cluster) -> None:
    """Write that a cluster has what its primary has, where that was to be made anew. Within a transaction."""
    found, arn = global_clusters.of(ctx, cluster), clusters.arn(ctx, cluster.id)
    if found is not None and arn in found.resyncing:
        left = tuple(one for one in found.resyncing if one != arn)
        ctx.put(global_clusters.changed(found, resyncing=left))
        where = f"DB cluster {cluster.id} in Region {ctx.region}"
        words = f"Finished resynchronizing members of {where} post global failover."
        telling.tell_cluster(ctx, cluster.id, "global-failover", words)


# Becoming the primary


async def promoted(ctx: Context, cluster: Cluster, members: Sequence[Instance]) -> None:
    """A cluster that follows nobody any longer has its head as its writer. Raises WorldError."""
    # What was not copied yet is not copied any more: such a cluster begins anew.
    there = [one for one in members if ctx.planes.databases.has_data(one.node)]
    head = next((one for one in there if one.id == cluster.head_id), None)
    if head is not None:
        with ctx.begin():
            node = nodes.of_cluster(ctx, cluster, [head])[head.id]
        await ctx.planes.databases.start(node)
        await raised(ctx, head.node)
    with ctx.begin():
        _put(ctx, cluster.id, writer_id=head.id if head is not None else "", head_id="", is_synced=False)
        left = [
            ctx.at(scope.region).waker(Cluster, one.id)
            for scope in ctx.scopes(Cluster)
            if scope.account == ctx.account
            for one in ctx.at(scope.region).scan(Cluster)
            if one.global_id
        ]
    # Whom it followed hears of it in a moment, and keeps nothing for it any longer.
    for wake_it in left:
        ctx.planes.databases.remind(_LEAVE_SECONDS, wake_it)


async def raised(ctx: Context, node: str) -> None:
    """A standby that runs takes writes; those whom the primary waited for are not its own. Raises WorldError."""
    databases = ctx.planes.databases
    if await is_standby(ctx, node):
        await databases.promote(node)
    await databases.run(node, "ALTER SYSTEM SET synchronous_standby_names = ''")
    await databases.reload(node)
    await lines.lifted(ctx, node)


async def is_standby(ctx: Context, node: str) -> bool:
    """Whether a node that runs takes no writes. Raises WorldError."""
    return list(await ctx.planes.databases.rows(node, _IS_STANDBY)) == [(True,)]


# Whoever follows a writer that is no longer one


async def position(ctx: Context, node: str) -> int:
    """How much of the log a node has, in bytes; 0 for one that does not say."""
    with contextlib.suppress(WorldError):
        ((found,),) = await ctx.planes.databases.rows(node, _POSITION) or ((0,),)
        return int(found or 0)
    return 0


async def cut(ctx: Context, cluster: Cluster) -> None:
    """Nothing arrives any more of what a cluster's writer has sent to other regions."""
    with ctx.begin():
        sides = global_clusters.followers(ctx, cluster)
        writer = ctx.get(Instance, cluster.writer_id) if cluster.writer_id else None
    for one in sides:
        if one.head is not None and writer is not None:
            await lines.cut(ctx, Far(one.head.node, writer.node, writer.port, one.region, ctx.region))


async def left_behind(ctx: Context, cluster: Cluster, heir: str) -> None:
    """Whoever follows a cluster from other regions has no more of the log than the node that is to be its writer."""
    with ctx.begin():
        sides = global_clusters.followers(ctx, cluster)
    if sides:
        await cut(ctx, cluster)
        await without_more(ctx, sides, await position(ctx, heir))


async def without_more(ctx: Context, sides: Iterable[Side], most: int) -> None:
    """Whoever has more of the log than whom it is to follow can follow nobody: it is made anew."""
    for one in sides:
        there = ctx.at(one.region)
        with there.begin():
            members = clusters.members(there, one.cluster.id)
        for member in members:
            if await position(ctx, member.node) > most:
                await ctx.planes.databases.remove(member.node)


def _put(ctx: Context, cluster_id: str, **fields: Any) -> None:
    now = ctx.get(Cluster, cluster_id)
    if now is not None:
        ctx.put(clusters.changed(now, **fields))
