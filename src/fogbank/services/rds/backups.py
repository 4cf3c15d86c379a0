"""Backups: the automated ones that time makes and takes away, and the last one of an instance."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from fogbank.aws import ids
from fogbank.control.context import Context
from fogbank.services.rds import groups
from fogbank.services.rds.resources import Cluster, Instance, Snapshot

DAY_SECONDS = 86_400.0
OF_INSTANCES, OF_CLUSTERS = "snapshot", "cluster-snapshot"


def snapshot_of(ctx: Context, found: Instance, identifier: str, kind: str = "manual") -> Snapshot:
    """A snapshot of an instance as it is now, not taken yet."""
    return Snapshot(
        kind=OF_INSTANCES,
        id=identifier,
        node=f"snap-{ids.letters(ctx.random, 10).lower()}",
        source_id=found.id,
        resource_id=found.resource_id,
        created_at=ctx.now,
        source_created_at=found.created_at,
        status="creating",
        type=kind,
        engine=found.engine,
        version=found.version,
        master_user=found.master_user,
        password=found.password,
        database=found.database,
        port=found.port,
        storage_gib=found.storage_gib,
        storage_type=found.storage_type,
        iops=found.iops,
        zone=found.seats[0].zone if found.seats else "",
        vpc_id=groups.subnet_group(ctx, found.subnet_group).vpc_id,
        option_group=found.option_group,
        is_encrypted=found.is_encrypted,
        key_id=found.key_id,
        checks_tokens=found.checks_tokens,
        tags=found.tags if found.copies_tags else {},
    )


def snapshot_of_cluster(ctx: Context, found: Cluster, identifier: str, kind: str = "manual") -> Snapshot:
    """A snapshot of a cluster as it is now, not taken yet."""
    return Snapshot(
        kind=OF_CLUSTERS,
        id=identifier,
        node=f"snap-{ids.letters(ctx.random, 10).lower()}",
        source_id=found.id,
        resource_id=found.resource_id,
        created_at=ctx.now,
        source_created_at=found.created_at,
        status="creating",
        type=kind,
        engine=found.engine,
        version=found.version,
        master_user=found.master_user,
        password=found.password,
        database=found.database,
        port=found.port,
        storage_type="aurora",
        vpc_id=groups.subnet_group(ctx, found.subnet_group).vpc_id,
        is_encrypted=found.is_encrypted,
        key_id=found.key_id,
        checks_tokens=found.checks_tokens,
        tags=found.tags if found.copies_tags else {},
    )


def automated(ctx: Context, found: Instance | Cluster) -> list[Snapshot]:
    """The automated snapshots of an instance or a cluster, the oldest first."""
    rows = ctx.find(Snapshot, "by_resource", found.resource_id)
    return sorted((one for one in rows if one.type == "automated"), key=lambda one: one.created_at)


def tend(ctx: Context, found: Instance | Cluster) -> None:
    """Begin the automated snapshot that is due, and let those go that have been kept long enough."""
    there = automated(ctx, found)
    for old in there:
        if old.status != "deleting" and (found.retention_days == 0 or _is_over(ctx, found, old, there)):
            ctx.put(_deleting(old))
    if _is_backed_up(found) and _begins_at(found, there) <= ctx.now:
        stamp = datetime.fromtimestamp(ctx.now, UTC).strftime("%Y-%m-%d-%H-%M")
        name = f"rds:{found.id}-{stamp}"
        if isinstance(found, Cluster) and ctx.get(Snapshot, OF_CLUSTERS, name) is None:
            ctx.put(snapshot_of_cluster(ctx, found, name, "automated"))
        elif isinstance(found, Instance) and ctx.get(Snapshot, OF_INSTANCES, name) is None:
            ctx.put(snapshot_of(ctx, found, name, "automated"))


def due(ctx: Context, found: Instance | Cluster) -> float:
    """When `tend` has something to do next; 0 for never."""
    there = automated(ctx, found)
    moments = [one.created_at + found.retention_days * DAY_SECONDS for one in there[:-1]]
    if _is_backed_up(found):
        moments.append(_begins_at(found, there))
    return max(min(moments), ctx.now + 1.0) if moments else 0.0


def _is_backed_up(found: Instance | Cluster) -> bool:
    return found.retention_days > 0 and not (isinstance(found, Instance) and found.source_id)


def _is_over(ctx: Context, found: Instance | Cluster, old: Snapshot, there: list[Snapshot]) -> bool:
    """Whether an automated snapshot has been kept long enough; the newest one always stays."""
    return old is not there[-1] and old.created_at < ctx.now - found.retention_days * DAY_SECONDS


def _begins_at(found: Instance | Cluster, there: list[Snapshot]) -> float:
    """The next backup window after the last automated snapshot; the first one is taken at once."""
    if not there:
        return found.created_at
    hours, minutes = (int(part) for part in found.backup_window.partition("-")[0].split(":"))
    start = hours * 3600 + minutes * 60
    last = there[-1].created_at
    day = last - last % DAY_SECONDS
    return day + start if day + start > last else day + DAY_SECONDS + start


def beginning(ctx: Context, found: Instance | Cluster, at: float) -> Snapshot | None:
    """The automated snapshot that a restore to a moment begins with; None where the moment cannot be restored."""
    there = [one for one in automated(ctx, found) if one.status == "available" and one.taken_at <= at]
    return there[-1] if there and at <= ctx.now else None


def _deleting(one: Snapshot) -> Snapshot:
    return msgspec.structs.replace(one, status="deleting")


def final(ctx: Context, found: Instance) -> Snapshot | None:
    """The snapshot to take of an instance before it goes, as it is once it has been taken."""
    if not found.final_snapshot:
        return None
    return msgspec.structs.replace(
        snapshot_of(ctx, found, found.final_snapshot),
        status="available",
        taken_at=ctx.now,
        node=f"snap-{found.resource_id.lower()}",
    )


def forget(ctx: Context, found: Instance | Cluster) -> None:
    """Let the automated snapshots of an instance or a cluster go that goes itself."""
    for one in automated(ctx, found):
        ctx.put(_deleting(one))


def earliest_restorable(ctx: Context, found: Instance | Cluster) -> float:
    """From when on something can be restored; 0 for never."""
    there = [one for one in automated(ctx, found) if one.status == "available"]
    return max(there[0].taken_at, ctx.now - found.retention_days * DAY_SECONDS) if there else 0.0


def latest_restorable(ctx: Context, found: Instance | Cluster) -> float:
    """Up to when something can be restored: RDS ships its log every five minutes."""
    there = [one for one in automated(ctx, found) if one.status == "available"]
    return max(ctx.now - ctx.now % 300.0, there[0].taken_at) if there else 0.0
