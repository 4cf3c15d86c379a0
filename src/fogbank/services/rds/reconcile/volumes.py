"""What a cluster has while no instance does: made of what the cluster comes from, handed on, and let go at its end."""

from __future__ import annotations

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.planes.engines.postgresql.files import Node, Recovery
from fogbank.services.rds import backups, clusters, snapshots, topology
from fogbank.services.rds.resources import Cluster, Instance, Source


async def filled(ctx: Context, cluster: Cluster) -> None:
    """A cluster that is made of something has its data at once: what it was made of may change, or go."""
    source, volume, databases = cluster.source, topology.volume(cluster), ctx.planes.databases
    if not source.kind:
        return
    if not databases.has_data(volume):
        match source.kind:
            case "time":
                await _recovered(ctx, cluster, volume)
            case "clone":
                writer = _writer(ctx, source)
                if databases.is_running(writer):
                    await databases.save(writer, cluster.version, volume)
                else:
                    await databases.duplicate(writer, volume)
            case _:
                await databases.duplicate(source.name, volume)
    with ctx.begin():
        now = ctx.get(Cluster, cluster.id)
        if now is not None and now.resource_id == cluster.resource_id:
            ctx.put(clusters.changed(now, source=Source()))


async def _recovered(ctx: Context, cluster: Cluster, volume: str) -> None:
    """The data of a cluster at a moment: a node that nobody sees goes on from a snapshot, by the log, until then."""
    source, databases = cluster.source, ctx.planes.databases
    at = databases.machine_time(ctx.now - source.time) if source.time else 0.0
    node = topology.recovering(cluster, Recovery(source.archive, at))
    writer = _writer(ctx, source)
    if databases.is_running(writer):
        await databases.archived(writer)
    await databases.remove(node.name)
    await databases.copy(node, source.name)
    await databases.start(node)
    await databases.stop(node.name)
    await databases.duplicate(node.name, volume)
    await databases.remove(node.name)


def _writer(ctx: Context, source: Source) -> str:
    """Whoever has the data now that a source is made of; empty once it is gone. Raises WorldError."""
    with ctx.begin():
        origin = next((one for one in ctx.scan(Cluster) if topology.archive(one) == source.archive), None)
        # Whoever was the writer when it was asked for may follow another one by now.
        return source_of(ctx, origin) if origin is not None else ""


async def born(ctx: Context, cluster: Cluster, node: Node) -> None:
    """The data of a cluster's first instance: what the cluster has, or nothing."""
    if ctx.planes.databases.has_data(topology.volume(cluster)):
        await ctx.planes.databases.copy(node, topology.volume(cluster))
    else:
        await ctx.planes.databases.create(node)


async def handed_on(ctx: Context, cluster: Cluster) -> None:
    """An instance has the data now: what was kept for it goes."""
    if ctx.planes.databases.has_data(topology.volume(cluster)):
        await ctx.planes.databases.remove(topology.volume(cluster))


async def kept_without(ctx: Context, cluster: Cluster, last: Instance) -> None:
    """What a cluster's last instance had stays: the next one finds it."""
    databases, volume = ctx.planes.databases, topology.volume(cluster)
    await databases.stop(last.node)
    # What is kept is whole; an instance that was begun to be deleted may not be.
    if cluster.writer_id == last.id and databases.has_data(last.node) and not databases.has_data(volume):
        await databases.duplicate(last.node, volume)


async def ended(ctx: Context, cluster: Cluster) -> None:
    """A cluster that goes: its last snapshot, if it is to have one, and then nothing of it but its manual ones."""
    databases, volume = ctx.planes.databases, topology.volume(cluster)
    if cluster.final_snapshot and databases.has_data(volume):
        with ctx.begin():
            final = backups.snapshot_of_cluster(ctx, cluster, cluster.final_snapshot)
        await databases.duplicate(volume, final.node)
        with ctx.begin():
            ctx.put(snapshots.changed(final, status="available", taken_at=ctx.now))
    await databases.remove(volume)
    await databases.remove(topology.archive(cluster))


def source_of(ctx: Context, cluster: Cluster) -> str:
    """The name of whatever has a cluster's data now: its writer's, or what is kept. Within a transaction.

    Raises WorldError where the writer has to come back first.
    """
    writer = ctx.get(Instance, cluster.writer_id) if cluster.writer_id else None
    if writer is None:
        return topology.volume(cluster)
    if cluster.status not in ("stopping", "stopped") and not ctx.planes.databases.is_running(writer.node):
        raise WorldError(f"the writer of {cluster.id} does not run")
    return writer.node
