"""Clusters made of what others were: from a snapshot, as a clone, at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, clusters, groups, instances, logins, naming, rules, snapshots, topology
from fogbank.services.rds.resources import Cluster, Source


def restore_db_cluster_from_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = snapshots.one(ctx, req["SnapshotIdentifier"], backups.OF_CLUSTERS)
    snapshots.must_be(found, "available")
    made = Cluster(
        id=_free(ctx, req["DBClusterIdentifier"]),
        resource_id="",
        created_at=ctx.now,
        status="creating",
        engine=found.engine,
        version=instances.version_for(ctx, found.engine, found.version.partition(".")[0]),
        master_user=found.master_user,
        password=found.password,
        port=found.port,
        is_encrypted=found.is_encrypted,
        key_id=found.key_id,
        source=Source(kind="snapshot", name=found.node),
    )
    return {"DBCluster": clusters.described(ctx, _put(ctx, made, req))}


def restore_db_cluster_to_point_in_time(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    origin = _origin(ctx, req)
    kind = req.get("RestoreType", "full-copy")
    if kind not in ("full-copy", "copy-on-write"):
        text = f"Invalid RestoreType: {kind}. Valid values are full-copy and copy-on-write."
        raise AwsError("InvalidParameterValue", text)
    is_latest, wanted = req.get("UseLatestRestorableTime", False), req.get("RestoreToTime")
    if is_latest == (wanted is not None):
        text = "Specify either RestoreToTime or UseLatestRestorableTime, not both."
        raise AwsError("InvalidParameterCombination", text)
    if kind == "copy-on-write" and not is_latest:
        text = "A clone is of the latest time: RestoreToTime cannot be specified with copy-on-write."
        raise AwsError("InvalidParameterCombination", text)
    source = (
        Source(kind="clone", archive=topology.archive(origin))
        if kind == "copy-on-write"
        else _moment(ctx, origin, wanted)
    )
    made = clusters.changed(
        origin,
        id=_free(ctx, req["DBClusterIdentifier"]),
        created_at=ctx.now,
        status="creating",
        writer_id="",
        is_synced=False,
        target_id="",
        secret_arn="",
        global_id="",
        needs=(),
        tags={},
        source=source,
    )
    return {"DBCluster": clusters.described(ctx, _put(ctx, made, req))}


def _origin(ctx: Context, req: Mapping[str, Any]) -> Cluster:
    resource = req.get("SourceDbClusterResourceId", "")
    if not resource:
        return clusters.one(ctx, rules.needed(req, "SourceDBClusterIdentifier"))
    found = ctx.find(Cluster, "by_resource", resource)
    if not found:
        raise AwsError("DBClusterNotFoundFault", f"DBCluster {resource} not found.")
    return found[0]


def _moment(ctx: Context, origin: Cluster, wanted: float | None) -> Source:
    at = ctx.now if wanted is None else float(wanted)
    base = backups.beginning(ctx, origin, at)
    if base is None:
        text = f"The specified restore time is not within what {origin.id} can be restored to."
        raise AwsError("InvalidParameterValue", text)
    time = 0.0 if wanted is None else at
    return Source(kind="time", name=base.node, time=time, archive=topology.archive(origin))


def _put(ctx: Context, made: Cluster, req: Mapping[str, Any]) -> Cluster:
    """Remember a new cluster, in the groups that a request names, or that it has, or the default ones."""
    group = groups.subnet_group(ctx, req.get("DBSubnetGroupName") or made.subnet_group or groups.DEFAULT)
    name = req.get("DBClusterParameterGroupName") or made.parameter_group
    name = name or groups.default_parameter_group(made.engine, made.version)
    backup, maintenance = rules.checked_windows(
        req.get("PreferredBackupWindow", made.backup_window), made.maintenance_window
    )
    made = clusters.changed(
        made,
        resource_id=f"cluster-{ids.letters(ctx.random, 26).upper()}",
        port=rules.checked_port(req.get("Port", made.port)),
        loopback=instances.loopback(ctx),
        reader_loopback=instances.loopback(ctx),
        subnet_group=group.name,
        security_groups=groups.security_groups(ctx, group.vpc_id, req.get("VpcSecurityGroupIds")),
        parameter_group=groups.parameter_group(ctx, name, groups.OF_CLUSTERS).name,
        backup_window=backup,
        maintenance_window=maintenance,
        checks_tokens=logins.wanted(ctx, made, req),
        is_protected=req.get("DeletionProtection", False),
        copies_tags=req.get("CopyTagsToSnapshot", made.copies_tags),
        tags=tags.read(req.get("Tags")),
    )
    clusters.check_lag(made)
    ctx.put(made)
    return made


def _free(ctx: Context, identifier: str) -> str:
    name = naming.identifier(identifier, "DBClusterIdentifier")
    clusters.check_absent(ctx, name)
    return name
