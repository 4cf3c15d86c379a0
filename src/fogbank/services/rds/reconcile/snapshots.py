"""Snapshots: data saved under their names, and let go again."""

from __future__ import annotations

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.rds import backups, snapshots, topology
from fogbank.services.rds.reconcile import telling, volumes
from fogbank.services.rds.resources import Cluster, Instance, Snapshot


async def snapshot(ctx: Context, key: str) -> After | None:
    """A snapshot, at its kind and identifier."""
    kind, _, identifier = key.partition("\0")
    with ctx.begin():
        found = ctx.get(Snapshot, kind, identifier)
    if found is None:
        return None
    databases = ctx.planes.databases
    if found.status == "deleting":
        await databases.remove(found.node)
        with ctx.begin():
            ctx.delete(Snapshot, kind, identifier)
        await _trimmed(ctx, found)
    elif found.status == "creating" and not databases.has_data(found.node):
        with ctx.begin():
            source = found.copied_node or _source(ctx, found)
        if databases.is_running(source):
            await databases.save(source, found.version, found.node)
        elif databases.has_data(source):
            await databases.duplicate(source, found.node)
        else:
            _settle(ctx, found, "failed")
            return None
    if found.status == "creating":
        _settle(ctx, found, "available")
    return None


def _source(ctx: Context, found: Snapshot) -> str:
    """The name of whatever has the data that a snapshot is of; empty once it is gone. Raises WorldError."""
    if found.kind == backups.OF_INSTANCES:
        instance = next(iter(ctx.find(Instance, "by_resource", found.resource_id)), None)
        if instance is None:
            return ""
        # What is being brought back is copied whole only once it runs.
        if instance.status not in ("stopping", "stopped") and not ctx.planes.databases.is_running(instance.node):
            raise WorldError(f"{instance.id} does not run")
        return instance.node
    cluster = next(iter(ctx.find(Cluster, "by_resource", found.resource_id)), None)
    return volumes.source_of(ctx, cluster) if cluster is not None else ""


async def _trimmed(ctx: Context, gone: Snapshot) -> None:
    """What was archived before the oldest automated snapshot is of no use to anybody."""
    with ctx.begin():
        rows = [one for one in ctx.find(Snapshot, "by_resource", gone.resource_id) if one.type == "automated"]
    if gone.type == "automated" and rows:
        oldest = min(rows, key=lambda one: one.created_at)
        await ctx.planes.databases.trim(topology.archive_of(gone.resource_id), oldest.node)


def _settle(ctx: Context, found: Snapshot, status: str) -> None:
    with ctx.begin():
        now = ctx.get(Snapshot, found.kind, found.id)
        if now is not None and now.status == "creating":
            ctx.put(snapshots.changed(now, status=status, taken_at=ctx.now))
            telling.tell_snapshot(ctx, found, status)
