"""What instances and clusters can be restored to by themselves, without a snapshot that somebody made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, clusters, groups, instances, listing
from fogbank.services.rds.resources import Cluster, Instance


def describe_db_instance_automated_backups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        "DbiResourceId": req.get("DbiResourceId", ""),
        "DBInstanceIdentifier": req.get("DBInstanceIdentifier", "").rpartition(":db:")[2].lower(),
        "DBInstanceAutomatedBackupsArn": req.get("DBInstanceAutomatedBackupsArn", ""),
    }
    rows = [_of_instance(ctx, one) for one in ctx.scan(Instance) if not one.cluster_id and not one.source_id]
    found = _listed(req, "DBInstanceAutomatedBackups", [row for row in rows if _is_meant(row, wanted)], "DbiResourceId")
    if any(wanted.values()) and not found["DBInstanceAutomatedBackups"]:
        text = f"There are no automated backups of {next(value for value in wanted.values() if value)}."
        raise AwsError("DBInstanceAutomatedBackupNotFound", text)
    return found


def describe_db_cluster_automated_backups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        "DbClusterResourceId": req.get("DbClusterResourceId", ""),
        "DBClusterIdentifier": req.get("DBClusterIdentifier", "").rpartition(":cluster:")[2].lower(),
    }
    rows = [_of_cluster(ctx, one) for one in ctx.scan(Cluster)]
    rows = [row for row in rows if _is_meant(row, wanted)]
    found = _listed(req, "DBClusterAutomatedBackups", rows, "DbClusterResourceId")
    if any(wanted.values()) and not found["DBClusterAutomatedBackups"]:
        text = f"There are no automated backups of {next(value for value in wanted.values() if value)}."
        raise AwsError("DBClusterAutomatedBackupNotFoundFault", text)
    return found


def _is_meant(row: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return bool(row) and all(value in ("", row[member]) for member, value in wanted.items())


def _listed(req: Mapping[str, Any], member: str, rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    fields = {"status": "Status", "db-instance-id": "DBInstanceIdentifier", "db-cluster-id": "DBClusterIdentifier"}
    fields |= {"dbi-resource-id": "DbiResourceId", "db-cluster-resource-id": "DbClusterResourceId"}
    asked = {name: (lambda row, field=field: row.get(field)) for name, field in fields.items()}
    kept = sorted(listing.filtered(req, rows, asked), key=lambda row: str(row[key]))
    return listing.page(req, member, ((row[key], row) for row in kept))


def _of_instance(ctx: Context, one: Instance) -> dict[str, Any]:
    shown = _both(ctx, one)
    own = {
        "DBInstanceArn": instances.arn(ctx, one.id),
        "DbiResourceId": one.resource_id,
        "DBInstanceIdentifier": one.id,
        "DBInstanceAutomatedBackupsArn": ctx.arn(f"auto-backup:ab-{one.resource_id.removeprefix('db-').lower()}"),
        "InstanceCreateTime": one.created_at,
        "AllocatedStorage": one.storage_gib,
        "StorageType": one.storage_type,
        "AvailabilityZone": one.seats[0].zone if one.seats else "",
        "OptionGroupName": one.option_group,
        "Encrypted": one.is_encrypted,
        "BackupTarget": "region",
        "TagList": tags.written(one.tags),
    }
    return shown | own if shown else {}


def _of_cluster(ctx: Context, one: Cluster) -> dict[str, Any]:
    shown = _both(ctx, one)
    own = {
        "DBClusterArn": clusters.arn(ctx, one.id),
        "DbClusterResourceId": one.resource_id,
        "DBClusterIdentifier": one.id,
        "DBClusterAutomatedBackupsArn": ctx.arn(
            f"cluster-auto-backup:ab-{one.resource_id.removeprefix('cluster-').lower()}"
        ),
        "ClusterCreateTime": one.created_at,
        "StorageEncrypted": one.is_encrypted,
        "StorageType": "aurora",
        "EngineMode": "provisioned",
        "TagList": tags.written(one.tags),
    }
    return shown | own if shown else {}


def _both(ctx: Context, one: Instance | Cluster) -> dict[str, Any]:
    """What both are shown with; empty for what keeps no backups."""
    earliest = backups.earliest_restorable(ctx, one)
    if not one.retention_days:
        return {}
    window = {"EarliestTime": earliest, "LatestTime": backups.latest_restorable(ctx, one)} if earliest else {}
    return {
        "Region": ctx.region,
        "Status": "active" if earliest else "creating",
        "RestoreWindow": window,
        "Port": one.port,
        "VpcId": groups.subnet_group(ctx, one.subnet_group).vpc_id,
        "MasterUsername": one.master_user,
        "Engine": one.engine,
        "EngineVersion": one.version,
        "LicenseModel": "postgresql-license",
        "IAMDatabaseAuthenticationEnabled": one.checks_tokens,
        "BackupRetentionPeriod": one.retention_days,
        "PreferredBackupWindow": one.backup_window,
    }
