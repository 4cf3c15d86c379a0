"""Snapshots of clusters, and clusters made of them or of other clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import ids, paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, clusters, groups, instances, naming, rules, snapshots
from fogbank.services.rds.resources import Cluster, Instance, Snapshot, Source

_PAGE = 100


def create_db_cluster_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = _absent(ctx, req["DBClusterSnapshotIdentifier"])
    cluster = clusters.one(ctx, req["DBClusterIdentifier"])
    clusters.must_be(cluster, "available")
    made = backups.snapshot_of_cluster(ctx, cluster, name)
    made = snapshots.changed(made, tags={**made.tags, **tags.read(req.get("Tags"))})
    ctx.put(made)
    return {"DBClusterSnapshot": _described(ctx, made)}


def describe_db_cluster_snapshots(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if identifier := req.get("DBClusterSnapshotIdentifier"):
        return {"DBClusterSnapshots": [_described(ctx, _one(ctx, identifier))]}
    after = paging.after(req.get("Marker"), "InvalidParameterValue", "Invalid or expired Marker.")
    rows = (
        found
        for found in ctx.scan(Snapshot, backups.OF_CLUSTERS)
        if found.id > after
        and req.get("DBClusterIdentifier", found.source_id).rpartition(":")[2].lower() == found.source_id
        and req.get("SnapshotType", found.type) == found.type
    )
    page, marker = paging.page(rows, req.get("MaxRecords", _PAGE), lambda found: found.id)
    answer: dict[str, Any] = {"DBClusterSnapshots": [_described(ctx, found) for found in page]}
    return answer | ({"Marker": marker} if marker else {})


def delete_db_cluster_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["DBClusterSnapshotIdentifier"])
    if found.status not in ("available", "failed"):
        text = f"The cluster snapshot {found.id} is {found.status}, and has to be available."
        raise AwsError("InvalidDBClusterSnapshotStateFault", text)
    ctx.put(snapshots.changed(found, status="deleting"))
    return {"DBClusterSnapshot": _described(ctx, snapshots.changed(found, status="deleted"))}


def restore_db_cluster_from_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["SnapshotIdentifier"])
    if found.status != "available":
        raise AwsError("InvalidDBClusterSnapshotStateFault", f"The cluster snapshot {found.id} is {found.status}.")
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
    origin = clusters.one(ctx, rules.needed(req, "SourceDBClusterIdentifier"))
    if req.get("RestoreType") != "copy-on-write":
        text = "fogbank restores clusters by clones (copy-on-write) and snapshots, not to a moment"
        raise AwsError("NotImplemented", text, status=501)
    if not req.get("UseLatestRestorableTime"):
        text = "A clone is of the latest time: UseLatestRestorableTime has to be specified."
        raise AwsError("InvalidParameterCombination", text)
    writer = ctx.get(Instance, origin.writer_id) if origin.writer_id else None
    if writer is None:
        raise AwsError("InvalidDBClusterStateFault", f"DBCluster {origin.id} has no instance to clone.")
    made = clusters.changed(
        origin,
        id=_free(ctx, req["DBClusterIdentifier"]),
        created_at=ctx.now,
        status="creating",
        writer_id="",
        target_id="",
        secret_arn="",
        global_id="",
        needs=(),
        tags={},
        source=Source(kind="clone", name=writer.node),
    )
    return {"DBCluster": clusters.described(ctx, _put(ctx, made, req))}


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
        is_protected=req.get("DeletionProtection", False),
        copies_tags=req.get("CopyTagsToSnapshot", made.copies_tags),
        tags=tags.read(req.get("Tags")),
    )
    clusters.check_lag(made)
    ctx.put(made)
    return made


def _free(ctx: Context, identifier: str) -> str:
    name = naming.identifier(identifier, "DBClusterIdentifier")
    if ctx.get(Cluster, name) is not None:
        raise AwsError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    return name


def _one(ctx: Context, identifier: str) -> Snapshot:
    name = identifier.rpartition(":cluster-snapshot:")[2] if identifier.startswith("arn:") else identifier
    found = ctx.get(Snapshot, backups.OF_CLUSTERS, name.lower())
    if found is None:
        raise AwsError("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot not found: {identifier}")
    return found


def _absent(ctx: Context, identifier: str) -> str:
    name = snapshots.checked_name(identifier)
    if ctx.get(Snapshot, backups.OF_CLUSTERS, name) is not None:
        text = f"Cannot create the cluster snapshot {name}: there is one already."
        raise AwsError("DBClusterSnapshotAlreadyExistsFault", text)
    return name


def _described(ctx: Context, found: Snapshot) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "DBClusterSnapshotIdentifier": found.id,
        "DBClusterSnapshotArn": ctx.arn(f"cluster-snapshot:{found.id}"),
        "DBClusterIdentifier": found.source_id,
        "DbClusterResourceId": found.resource_id,
        "SnapshotCreateTime": found.created_at,
        "ClusterCreateTime": found.source_created_at,
        "Engine": found.engine,
        "EngineVersion": found.version,
        "EngineMode": "provisioned",
        "LicenseModel": "postgresql-license",
        "AllocatedStorage": found.storage_gib,
        "StorageType": found.storage_type,
        "Status": found.status,
        "PercentProgress": 100 if found.status == "available" else 0,
        "SnapshotType": found.type,
        "Port": found.port,
        "VpcId": found.vpc_id,
        "MasterUsername": found.master_user,
        "StorageEncrypted": found.is_encrypted,
        "IAMDatabaseAuthenticationEnabled": found.checks_tokens,
        "TagList": tags.written(found.tags),
    }
    return shown | ({"KmsKeyId": found.key_id} if found.key_id else {})
