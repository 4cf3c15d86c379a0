"""Snapshots: data saved under their names, and let go again."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.rds import backups, snapshots, topology
from fogbank.services.rds.reconcile import telling
from fogbank.services.rds.resources import Cluster, Instance, Snapshot


async def snapshot(ctx: Context, key: str) -> After | None:
    """A snapshot, at its kind and identifier."""
    kind, _, identifier = key.partition("\0")
    with ctx.begin():
        found = ctx.get(Snapshot, kind, identifier)
        nodes = _sources(ctx, found) if found is not None else []
    if found is None:
        return None
    databases = ctx.planes.databases
    if found.status == "deleting":
        await databases.remove(found.node)
        with ctx.begin():
            ctx.delete(Snapshot, kind, identifier)
    elif found.status == "creating" and not databases.has_data(found.node):
        if found.copied_node:
            await databases.duplicate(found.copied_node, found.node)
        elif nodes and databases.is_running(nodes[0]):
            await databases.save(nodes[0], found.version, found.node)
        elif nodes and databases.has_data(nodes[-1]):
            await databases.duplicate(nodes[-1], found.node)
        else:
            _settle(ctx, found, "failed")
            return None
    if found.status == "creating":
        _settle(ctx, found, "available")
    return None


def _sources(ctx: Context, found: Snapshot) -> list[str]:
    """Where a snapshot's data is: in the node that runs, else in what a cluster without instances has left."""
    if found.kind == backups.OF_INSTANCES:
        instance = ctx.get(Instance, found.source_id)
        return [instance.node] if instance is not None and instance.resource_id == found.resource_id else []
    cluster = ctx.get(Cluster, found.source_id)
    if cluster is None or cluster.resource_id != found.resource_id:
        return []
    writer = ctx.get(Instance, cluster.writer_id) if cluster.writer_id else None
    return [*([writer.node] if writer is not None else []), topology.volume(cluster)]


def _settle(ctx: Context, found: Snapshot, status: str) -> None:
    with ctx.begin():
        now = ctx.get(Snapshot, found.kind, found.id)
        if now is not None and now.status == "creating":
            ctx.put(snapshots.changed(now, status=status, taken_at=ctx.now))
            telling.tell_snapshot(ctx, found, status)
