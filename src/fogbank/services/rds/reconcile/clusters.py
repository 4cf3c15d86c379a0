"""Aurora clusters: one writer, readers that follow it, and endpoints that lead to whoever is which."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes.engines.postgresql.files import Node
from fogbank.planes.engines.postgresql.plane import Owner
from fogbank.services.rds import (
    backups,
    clusters,
    failover,
    global_clusters,
    instances,
    modifications,
    passwords,
    rules,
    topology,
)
from fogbank.services.rds.global_clusters import Side
from fogbank.services.rds.nodes import is_private, of_cluster
from fogbank.services.rds.reconcile import doors, following, lines, secondaries, telling, volumes
from fogbank.services.rds.reconcile.network import networked
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, GlobalCluster, Instance

_RECEIVED = "SELECT (pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::bigint"


class _Known(NamedTuple):
    """A cluster as the records say it is to be."""

    cluster: Cluster
    members: list[Instance]
    nodes: dict[str, Node]
    """By instance, each as a primary."""
    endpoints: list[ClusterEndpoint]
    leader: Side | None
    """Of a secondary cluster of a global one: whom it follows."""
    is_turning: bool
    """Whether its global cluster is having another one take writes."""
    whole: GlobalCluster | None
    """The global cluster, of its primary one."""

    @property
    def writer(self) -> Instance | None:
        return next((one for one in self.members if one.id == self.cluster.writer_id), None)

    @property
    def readers(self) -> list[Instance]:
        return [one for one in self.members if one.id != self.cluster.writer_id]


async def cluster(ctx: Context, key: str) -> After | None:
    """A cluster, at its identifier: whatever is to happen to it or to a member of it."""
    async with secondaries.turn(ctx, clusters.arn(ctx, key)):
        return await _kept(ctx, key)


async def _kept(ctx: Context, key: str) -> After | None:
    known = _read(ctx, key)
    if known is None or known.is_turning:
        return None
    if known.cluster.status == "stopping":
        known = await _without_leavers(ctx, known)
        if known is None:
            return None
        await _stopped(ctx, known)
    if known.cluster.status in ("stopping", "stopped"):
        return None
    await networked(ctx, known.cluster.subnet_group, [seat for one in known.members for seat in one.seats])
    known = await _without_leavers(ctx, known)
    if known is None:
        return None
    known = _with_changes(ctx, known)
    await _restarted(ctx, known)
    await volumes.filled(ctx, known.cluster)
    if known.leader is not None:
        if not await secondaries.led(ctx, known.cluster, known.members, known.leader):
            return None
        await _serve(ctx, known)
    else:
        known = await _with_writer(ctx, known)
    if known.writer is not None:
        await _with_readers(ctx, known)
    _settled(ctx, known.cluster.id, known.cluster.status)
    return _tended(ctx, key)


def _tended(ctx: Context, key: str) -> After | None:
    """Have the automated snapshots be there that are due; when the next one is."""
    with ctx.begin():
        found = ctx.get(Cluster, key)
        if found is None or found.status != "available" or not found.writer_id:
            return None
        backups.tend(ctx, found)
        waiting = [one for one in clusters.members(ctx, key) if one.pending and one.status == "available"]
        windows = {one.id: rules.maintenance_begins(one.maintenance_window, ctx.now) for one in waiting}
        for member in (one for one in waiting if windows[one.id] <= ctx.now):
            ctx.put(instances.changed(member, status="modifying"))
        return After(max(0.0, min([backups.due(ctx, found), *windows.values()]) - ctx.now))


async def cluster_endpoint(ctx: Context, key: str) -> After | None:
    """A custom endpoint, at its identifier: its cluster serves it."""
    with ctx.begin():
        found = ctx.get(ClusterEndpoint, key)
    if found is not None:
        ctx.waker(Cluster, found.cluster_id)()
    return None


def _read(ctx: Context, cluster_id: str) -> _Known | None:
    with ctx.begin():
        found = ctx.get(Cluster, cluster_id)
        if found is None:
            return None
        members = clusters.members(ctx, cluster_id)
        nodes = of_cluster(ctx, found, members)
        endpoints = ctx.find(ClusterEndpoint, "by_cluster", cluster_id)
        leader, is_turning = global_clusters.leader(ctx, found), global_clusters.is_turning(ctx, found)
        whole = global_clusters.of(ctx, found) if leader is None else None
        return _Known(found, members, nodes, endpoints, leader, is_turning, whole)


# Leaving


async def _stopped(ctx: Context, known: _Known) -> None:
    for member in [*known.readers, *(one for one in (known.writer,) if one is not None)]:
        await ctx.planes.databases.stop(member.node)
    with ctx.begin():
        for member in known.members:
            telling.settle(ctx, member, "stopped", "notification", "DB instance stopped")
        telling.settle_cluster(ctx, known.cluster, "stopped", "notification", "DB cluster stopped")


async def _without_leavers(ctx: Context, known: _Known) -> _Known | None:
    """The cluster without the members that are being deleted; None once it is gone itself."""
    # The writer last: where all go, it keeps what the cluster has.
    for member in sorted(known.members, key=lambda one: one.id == known.cluster.writer_id):
        if member.status != "deleting":
            continue
        is_last = len(known.members) == 1
        if member.id == known.cluster.writer_id and not is_last:
            if not known.cluster.is_synced:
                # Nobody else has all of it yet; the reader that comes to have it tells us.
                continue
            known = await _failed_over(ctx, known, is_planned=True)
        if is_last:
            await volumes.kept_without(ctx, known.cluster, member)
        await ctx.planes.databases.remove(member.node)
        await lines.lifted(ctx, member.node)
        await doors.closed(ctx, member)
        with ctx.begin():
            for seat in member.seats:
                instances.unseated(ctx, seat)
            ctx.delete(Instance, member.id)
            telling.tell(ctx, member.id, "deletion", "DB instance deleted")
            now = ctx.get(Cluster, known.cluster.id)
            if now is not None and now.writer_id == member.id:
                ctx.put(clusters.changed(now, writer_id=""))
        again = _read(ctx, known.cluster.id)
        if again is None:
            return None
        known = again
    if known.cluster.status == "deleting" and not known.members:
        await ctx.planes.proxies.set(_owner(known.cluster), ())
        await volumes.ended(ctx, known.cluster)
        with ctx.begin():
            backups.forget(ctx, known.cluster)
            passwords.forget(ctx, known.cluster)
            for endpoint in known.endpoints:
                ctx.delete(ClusterEndpoint, endpoint.id)
            ctx.delete(Cluster, known.cluster.id)
            telling.tell_cluster(ctx, known.cluster.id, "deletion", "DB cluster deleted")
        return None
    return known


# The writer


async def _with_writer(ctx: Context, known: _Known) -> _Known:
    """The cluster with a writer that runs, if it has any member."""
    databases = ctx.planes.databases
    writer = known.writer
    if writer is None and known.cluster.head_id:
        await secondaries.promoted(ctx, known.cluster, known.members)
        return _read(ctx, known.cluster.id) or known
    if writer is None:
        return await _first(ctx, known) if known.members else known
    if known.cluster.target_id and known.cluster.is_synced:
        return await _failed_over(ctx, known, is_planned=True)
    if databases.is_running(writer.node):
        return known
    if known.cluster.is_synced and any(databases.is_running(one.node) for one in known.readers):
        return await _failed_over(ctx, known, is_planned=False)
    await databases.start(known.nodes[writer.id])
    with ctx.begin():
        if writer.status != "starting":
            telling.tell(ctx, writer.id, "recovery", "DB instance restarted")
    return known


def _with_changes(ctx: Context, known: _Known) -> _Known:
    """The cluster in which what was pending for its members holds, where they are being modified."""
    changing = [one.id for one in known.members if one.status == "modifying" and one.pending]
    if not changing:
        return known
    with ctx.begin():
        for name in changing:
            now = ctx.get(Instance, name)
            if now is not None:
                ctx.put(modifications.applied(ctx, now))
    return _read(ctx, known.cluster.id) or known


async def _restarted(ctx: Context, known: _Known) -> None:
    """Members that are being rebooted, or have become another class, begin anew; a writer stays the writer."""
    for member in known.members:
        if member.status not in ("rebooting", "modifying"):
            continue
        await ctx.planes.databases.stop(member.node)
        if member.id == known.cluster.writer_id:
            await ctx.planes.databases.start(known.nodes[member.id])


async def _first(ctx: Context, known: _Known) -> _Known:
    """The cluster with its first writer, whose data is made of nothing."""
    databases = ctx.planes.databases
    # Whoever has data already was begun with, and what was kept may be gone.
    writer = min(known.members, key=lambda one: (not databases.has_data(one.node), one.promotion_tier, one.created_at))
    node = known.nodes[writer.id]
    if not databases.has_data(node.name):
        await volumes.born(ctx, known.cluster, node)
    await databases.start(node)
    await _owned(ctx, known.cluster, node.name)
    await volumes.handed_on(ctx, known.cluster)
    with ctx.begin():
        _put(ctx, known.cluster.id, writer_id=writer.id)
        secondaries.wake(ctx, known.cluster)
    return _read(ctx, known.cluster.id) or known


async def _owned(ctx: Context, cluster: Cluster, node: str) -> None:
    with ctx.begin():
        owner = Owner(cluster.master_user, instances.opened(ctx, cluster.password), cluster.database)
    await ctx.planes.databases.own(node, owner)


async def _failed_over(ctx: Context, known: _Known, *, is_planned: bool) -> _Known:
    """The cluster with another writer: whoever has most of what was acknowledged; the old one will follow it."""
    databases, old = ctx.planes.databases, known.writer
    assert old is not None, known
    with ctx.begin():
        telling.tell_cluster(ctx, known.cluster.id, "failover", "Started failover to another DB instance.")
    # In order, what it has acknowledged is sent before it ends; of one that died, sessions may still acknowledge.
    await databases.stop(old.node)
    received = await _received(ctx, known.readers)
    heir = failover.heir(known.readers, received, known.cluster.target_id)
    if heir is None:
        await databases.start(known.nodes[old.id])
        with ctx.begin():
            _put(ctx, known.cluster.id, target_id="")
        return _read(ctx, known.cluster.id) or known
    await secondaries.left_behind(ctx, known.cluster, heir.node)
    await databases.promote(heir.node)
    databases.configure(known.nodes[heir.id])
    with ctx.begin():
        _put(ctx, known.cluster.id, writer_id=heir.id, target_id="", is_synced=False)
        telling.tell_cluster(ctx, known.cluster.id, "failover", f"Completed failover to DB instance: {heir.id}")
        secondaries.wake(ctx, known.cluster)
    known = _read(ctx, known.cluster.id) or known
    await _serve(ctx, known)
    if not is_planned:
        # It may have what nobody else had, and so can follow nobody: it is made anew.
        await databases.remove(old.node)
    return known


async def _received(ctx: Context, readers: Sequence[Instance]) -> dict[str, int]:
    """How much of the log each reader that runs has."""
    found: dict[str, int] = {}
    for one in readers:
        if one.status == "creating" or not ctx.planes.databases.is_running(one.node):
            continue
        with contextlib.suppress(WorldError):
            ((position,),) = await ctx.planes.databases.rows(one.node, _RECEIVED) or ((0,),)
            found[one.id] = int(position or 0)
    return found


# Readers


async def _with_readers(ctx: Context, known: _Known) -> None:
    known = _fronted(ctx, known)
    writer = known.writer
    assert writer is not None, known
    databases = ctx.planes.databases
    if databases.configure(known.nodes[writer.id]):
        await databases.reload(writer.node)
    await following.kept(databases, writer.node, lambda: _slots(ctx, known.cluster))
    socket = databases.socket(writer.node)
    nodes = [topology.following(known.nodes[one.id], one.seats[0], socket) for one in known.readers]
    await asyncio.gather(*(following.followed(databases, node, writer.node) for node in nodes))
    running = [one for one in known.readers if databases.is_running(one.node)]
    is_synced = await following.acknowledged(databases, writer.node, [one.node for one in running])
    with ctx.begin():
        now = ctx.get(Cluster, known.cluster.id)
        if now is not None and now.writer_id == writer.id and now.is_synced != is_synced:
            ctx.put(clusters.changed(now, is_synced=is_synced))
    if "password" in known.cluster.needs:
        await _owned(ctx, known.cluster, writer.node)
        with ctx.begin():
            now = ctx.get(Cluster, known.cluster.id)
            # Another one that was asked for meanwhile has yet to be told.
            if now is not None and now.password == known.cluster.password:
                ctx.put(clusters.changed(now, needs=()))
    await _serve(ctx, known)
    low, high = failover.lag_of(known.cluster.tags.get(clusters.LAG_TAG, ""))
    for one in running:
        databases.lag(one.node, low, high)
    for one in known.members:
        databases.watch(one.node, ctx.waker(Cluster, known.cluster.id))


def _fronted(ctx: Context, known: _Known) -> _Known:
    """The cluster with a proxy before each of its readers, if they are to forward writes.

    A reader that runs is started again for it; a writer goes on as it is, until it is a reader.
    """
    bare = [one for one in known.readers if not one.seats[0].is_fronted] if known.cluster.forwards_writes else []
    if not bare:
        return known
    with ctx.begin():
        for one in bare:
            now = ctx.get(Instance, one.id)
            if now is not None:
                seat = msgspec.structs.replace(now.seats[0], is_fronted=True, loopback=instances.loopback(ctx))
                ctx.put(instances.changed(now, seats=(seat,)))
    return _read(ctx, known.cluster.id) or known


def _slots(ctx: Context, found: Cluster) -> list[str]:
    """The slots of the readers that there are now."""
    with ctx.begin():
        return secondaries.slots(ctx, found)


# What clients see


def _owner(cluster: Cluster) -> str:
    return f"rds/{cluster.resource_id}"


async def _serve(ctx: Context, known: _Known) -> None:
    """Have the endpoints lead to whoever is the writer now, and to the readers that run."""
    has_packets = ctx.planes.net.has_packets
    running = [one for one in known.members if ctx.planes.databases.is_running(one.node)]
    readers = [one for one in running if one.id != known.cluster.writer_id]
    writer = known.writer
    fronts = topology.cluster_fronts(known.cluster, writer, readers, has_packets=has_packets)
    for endpoint in known.endpoints:
        behind = failover.behind(endpoint, known.cluster.writer_id, running)
        fronts.append(topology.custom_front(endpoint, known.cluster, behind, has_packets=has_packets))
    for one in running:
        fronts += topology.fronts(one, has_packets=has_packets)
    if known.whole is not None and writer is not None:
        fronts.append(msgspec.structs.replace(fronts[0], address=known.whole.loopback))
    if known.cluster.forwards_writes and writer is not None:
        with ctx.begin():
            is_tls_only = is_private(ctx, writer)
        databases = ctx.planes.databases
        fronts = topology.forwarding(fronts, writer, databases.socket, databases.certificate, is_private=is_tls_only)
    await ctx.planes.proxies.set(_owner(known.cluster), fronts)
    for one in known.members:
        await doors.opened(ctx, one)


def _settled(ctx: Context, cluster_id: str, status: str) -> None:
    """Write the statuses that all came to, unless another was wanted meanwhile."""
    with ctx.begin():
        now = ctx.get(Cluster, cluster_id)
        if now is None:
            return
        for member in clusters.members(ctx, cluster_id):
            if member.status in _WORDS:
                category, message = _WORDS[member.status]
                comes_to = "modifying" if member.pending and member.status == "renaming" else "available"
                telling.settle(ctx, member, comes_to, category, message)
            else:
                telling.told(ctx, member.id)
        if now.status == status and status in ("creating", "failing-over", "promoting", "renaming", "starting"):
            message = "DB cluster created" if status == "creating" else "DB cluster available"
            telling.settle_cluster(ctx, now, "available", _WORDS.get(status, ("notification", ""))[0], message)


_WORDS = {
    "creating": ("creation", "DB instance created"),
    "starting": ("notification", "DB instance started"),
    "rebooting": ("availability", "DB instance restarted"),
    "modifying": ("configuration change", "Finished updating DB instance"),
    "renaming": ("configuration change", "DB instance renamed"),
}


def _put(ctx: Context, cluster_id: str, **fields: Any) -> None:
    now = ctx.get(Cluster, cluster_id)
    if now is not None:
        ctx.put(clusters.changed(now, **fields))
