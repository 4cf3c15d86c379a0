"""Snapshots of clusters: taken, shown, copied, shared, deleted."""

from __future__ import annotations

from typing import Any

from fogbank.aws import paging, tags
from fogbank.control.context import Context
from fogbank.services.rds import backups, clusters, listing, snapshots
from fogbank.services.rds.resources import Snapshot


def create_db_cluster_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = snapshots.check_absent(ctx, req["DBClusterSnapshotIdentifier"], backups.OF_CLUSTERS)
    cluster = clusters.one(ctx, req["DBClusterIdentifier"])
    clusters.must_be(cluster, "available")
    clusters.check_primary(ctx, cluster)
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
        for found in snapshots.listed(ctx, req, backups.OF_CLUSTERS)
        if snapshots.place(found) > after
        and req.get("DBClusterIdentifier", found.source_id).rpartition(":")[2].lower() == found.source_id
        and req.get("DbClusterResourceId", found.resource_id) == found.resource_id
    )
    page, marker = paging.page(rows, listing.rows_max(req), snapshots.place)
    answer: dict[str, Any] = {"DBClusterSnapshots": [_described(ctx, found) for found in page]}
    return answer | ({"Marker": marker} if marker else {})


def copy_db_cluster_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    made = snapshots.copied(ctx, req, backups.OF_CLUSTERS)
    ctx.put(made)
    return {"DBClusterSnapshot": _described(ctx, made)}


def delete_db_cluster_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["DBClusterSnapshotIdentifier"])
    snapshots.must_be(found, "available", "failed")
    snapshots.must_be_manual(found, f"{found.id} is automated: it goes with the retention period, or with its cluster.")
    ctx.put(snapshots.changed(found, status="deleting"))
    return {"DBClusterSnapshot": _described(ctx, snapshots.changed(found, status="deleted"))}


def modify_db_cluster_snapshot_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = snapshots.shared(_one(ctx, req["DBClusterSnapshotIdentifier"]), req)
    ctx.put(found)
    return snapshots.attributes(found)


def describe_db_cluster_snapshot_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return snapshots.attributes(_one(ctx, req["DBClusterSnapshotIdentifier"]))


def _one(ctx: Context, identifier: str) -> Snapshot:
    return snapshots.one(ctx, identifier, backups.OF_CLUSTERS)


def _described(ctx: Context, found: Snapshot) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "DBClusterSnapshotIdentifier": found.id,
        "DBClusterSnapshotArn": snapshots.arn(ctx, found),
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
    optional = {"KmsKeyId": found.key_id, "SourceDBClusterSnapshotArn": found.copied_from}
    return shown | {member: value for member, value in optional.items() if value}
