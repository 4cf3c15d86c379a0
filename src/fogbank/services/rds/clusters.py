"""Aurora clusters: looked up, shown; what operations and reconcilers share."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, failover, instances, naming
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, GlobalCluster, Instance

LAG_TAG = "fogbank:replica-lag"
"""How late readers show what was written."""
MEMBERS_MAX = 16
"""One writer and 15 readers."""


def one(ctx: Context, identifier: str) -> Cluster:
    """A cluster, by identifier in any case or by ARN. Raises DBClusterNotFoundFault."""
    name = identifier.rpartition(":cluster:")[2] if identifier.startswith("arn:") else identifier
    found = ctx.get(Cluster, name.lower())
    if found is None:
        raise AwsError("DBClusterNotFoundFault", f"DBCluster {identifier} not found.")
    return found


def arn(ctx: Context, identifier: str) -> str:
    return ctx.arn(f"cluster:{identifier}")


def changed(cluster: Cluster, **fields: Any) -> Cluster:
    """A cluster with other fields."""
    return msgspec.structs.replace(cluster, **fields)


def check_absent(ctx: Context, identifier: str) -> None:
    """Raises DBClusterAlreadyExistsFault."""
    if ctx.get(Cluster, identifier) is not None:
        raise AwsError("DBClusterAlreadyExistsFault", "DB Cluster already exists")


def endpoint_with(endpoint: ClusterEndpoint, **fields: Any) -> ClusterEndpoint:
    """A custom endpoint with other fields."""
    return msgspec.structs.replace(endpoint, **fields)


def must_be(cluster: Cluster, *statuses: str) -> None:
    """Raises InvalidDBClusterStateFault for a cluster that is in none of these states."""
    if cluster.status not in statuses:
        text = f"DBCluster {cluster.id} is in {cluster.status} state, but is required to be in {' or '.join(statuses)}."
        raise AwsError("InvalidDBClusterStateFault", text)


def is_secondary(ctx: Context, cluster: Cluster) -> bool:
    """Whether a cluster follows the primary one of a global cluster. Within a transaction."""
    found = ctx.get(GlobalCluster, cluster.global_id) if cluster.global_id else None
    return found is not None and found.primary not in ("", arn(ctx, cluster.id))


def check_primary(ctx: Context, cluster: Cluster) -> None:
    """Raises InvalidDBClusterStateFault for a secondary cluster of a global one."""
    if is_secondary(ctx, cluster):
        text = f"DBCluster {cluster.id} is a secondary cluster of global cluster {cluster.global_id}."
        raise AwsError("InvalidDBClusterStateFault", text)


def shown_status(ctx: Context, cluster: Cluster) -> str:
    """What a cluster is at: that of its global cluster too, where it becomes the primary one, or no longer is to be."""
    found = ctx.get(GlobalCluster, cluster.global_id) if cluster.global_id else None
    is_turning = found is not None and arn(ctx, cluster.id) in (found.primary, found.target) and found.target
    return found.status if found is not None and is_turning else cluster.status


def check_lag(cluster: Cluster) -> None:
    """Raises InvalidParameterValue for a tag that asks for a lag that there is not."""
    try:
        failover.lag_of(cluster.tags.get(LAG_TAG, ""))
    except ValueError:
        text = f"The tag {LAG_TAG} takes aurora, 0, 20ms or 5-15ms, up to an hour: {cluster.tags[LAG_TAG]}"
        raise AwsError("InvalidParameterValue", text) from None


def members(ctx: Context, cluster_id: str) -> list[Instance]:
    """A cluster's instances, the oldest first."""
    return sorted(ctx.find(Instance, "by_cluster", cluster_id), key=lambda found: (found.created_at, found.id))


def described(ctx: Context, cluster: Cluster) -> dict[str, Any]:
    """A cluster as DescribeDBClusters shows it."""
    found: dict[str, Any] = {
        "DBClusterIdentifier": cluster.id,
        "DBClusterArn": arn(ctx, cluster.id),
        "DbClusterResourceId": cluster.resource_id,
        "ClusterCreateTime": cluster.created_at,
        "Status": shown_status(ctx, cluster),
        "Engine": cluster.engine,
        "EngineVersion": cluster.version,
        "EngineMode": "provisioned",
        "MasterUsername": cluster.master_user,
        "DBSubnetGroup": cluster.subnet_group,
        "DBClusterParameterGroup": cluster.parameter_group,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": group, "Status": "active"} for group in cluster.security_groups],
        "DBClusterMembers": [_member(cluster, found) for found in members(ctx, cluster.id)],
        "AssociatedRoles": [],
        "AllocatedStorage": 1,
        "NetworkType": "IPV4",
        "TagList": tags.written(cluster.tags),
    }
    if latest := backups.latest_restorable(ctx, cluster):
        found |= {"LatestRestorableTime": latest, "EarliestRestorableTime": backups.earliest_restorable(ctx, cluster)}
    if cluster.secret_arn:
        found["MasterUserSecret"] = {"SecretArn": cluster.secret_arn, "SecretStatus": "active"}
    return found | _settings(cluster) | _endpoints(ctx, cluster)


def _member(cluster: Cluster, member: Instance) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": member.id,
        "IsClusterWriter": member.id == cluster.writer_id,
        "DBClusterParameterGroupStatus": member.parameters_state,
        "PromotionTier": member.promotion_tier,
    }


def _settings(cluster: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = {
        "StorageEncrypted": cluster.is_encrypted,
        "DeletionProtection": cluster.is_protected,
        "IAMDatabaseAuthenticationEnabled": cluster.checks_tokens,
        "HttpEndpointEnabled": cluster.has_http,
        "CopyTagsToSnapshot": cluster.copies_tags,
        "BackupRetentionPeriod": cluster.retention_days,
        "PreferredBackupWindow": cluster.backup_window,
        "PreferredMaintenanceWindow": cluster.maintenance_window,
        "EnabledCloudwatchLogsExports": list(cluster.log_exports),
        "LocalWriteForwardingStatus": "enabled" if cluster.forwards_writes else "disabled",
    }
    optional = {
        "DatabaseName": cluster.database,
        "KmsKeyId": cluster.key_id,
        "GlobalClusterIdentifier": cluster.global_id,
        "GlobalWriteForwardingStatus": "disabled" if cluster.global_id else "",
    }
    return found | {member: value for member, value in optional.items() if value}


def _endpoints(ctx: Context, cluster: Cluster) -> dict[str, Any]:
    is_on_host = instances.is_on_host(ctx)
    custom = ctx.find(ClusterEndpoint, "by_cluster", cluster.id)
    names = {kind: naming.cluster_endpoint(cluster.id, ctx.account, ctx.region, kind) for kind in ("", "ro", "custom")}
    zones = sorted({seat.zone for member in members(ctx, cluster.id) for seat in member.seats})
    return {
        "Endpoint": cluster.loopback if is_on_host else names[""],
        "ReaderEndpoint": cluster.reader_loopback if is_on_host else names["ro"],
        "CustomEndpoints": [custom_address(ctx, found) for found in custom],
        "Port": cluster.port,
        "HostedZoneId": instances.HOSTED_ZONE,
        "MultiAZ": len(zones) > 1,
        "AvailabilityZones": zones,
    }


def custom_address(ctx: Context, endpoint: ClusterEndpoint) -> str:
    """Where whoever asks finds a custom endpoint."""
    if instances.is_on_host(ctx):
        return endpoint.loopback
    return naming.cluster_endpoint(endpoint.id, ctx.account, ctx.region, "custom")
