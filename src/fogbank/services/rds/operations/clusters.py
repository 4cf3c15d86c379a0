"""DB clusters: made, shown, changed, failed over, stopped, started, deleted."""

from __future__ import annotations

from typing import Any

from fogbank.aws import ids, paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import (
    backups,
    clusters,
    engines,
    global_clusters,
    groups,
    instances,
    listing,
    logins,
    naming,
    parameter_groups,
    passwords,
    quotas,
    renames,
    rules,
    snapshots,
)
from fogbank.services.rds.clusters import changed, must_be, one
from fogbank.services.rds.resources import Cluster

_NOT_HERE = (
    "AllocatedStorage", "BacktrackWindow", "CharacterSetName", "ClusterScalabilityType", "DBClusterInstanceClass",
    "Domain", "EnableLimitlessDatabase", "Iops", "ReplicationSourceIdentifier",
    "ScalingConfiguration", "EnableGlobalWriteForwarding",
)  # fmt: skip


_PASSWORDS = ("MasterUserPassword", "ManageMasterUserPassword", "RotateMasterUserPassword")


def create_db_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    identifier = naming.identifier(req["DBClusterIdentifier"], "DBClusterIdentifier")
    engine = engines.checked_engine(req["Engine"])
    if engine != engines.AURORA:
        raise AwsError(
            "NotImplemented", "fogbank's clusters are Aurora's: Multi-AZ DB clusters have no code", status=501
        )
    rules.refuse(req, _NOT_HERE)
    clusters.check_absent(ctx, identifier)
    quotas.check(ctx, "DBClusters", "DBClusterQuotaExceededFault")
    version = instances.version_for(ctx, engine, req.get("EngineVersion", ""))
    if req.get("EnableIAMDatabaseAuthentication"):
        logins.check(ctx, engine, version)
    backup, maintenance = rules.checked_windows(
        req.get("PreferredBackupWindow", ""), req.get("PreferredMaintenanceWindow", "")
    )
    group = groups.subnet_group(ctx, req.get("DBSubnetGroupName", groups.DEFAULT))
    parameters = groups.parameter_group(
        ctx,
        req.get("DBClusterParameterGroupName") or groups.default_parameter_group(engine, version),
        groups.OF_CLUSTERS,
    )
    cluster = Cluster(
        id=identifier,
        resource_id=f"cluster-{ids.letters(ctx.random, 26).upper()}",
        created_at=ctx.now,
        status="creating",
        engine=engine,
        version=version,
        port=rules.checked_port(req.get("Port", 5432)),
        loopback=instances.loopback(ctx),
        reader_loopback=instances.loopback(ctx),
        forwards_writes=req.get("EnableLocalWriteForwarding", False),
        checks_tokens=req.get("EnableIAMDatabaseAuthentication", False),
        subnet_group=group.name,
        security_groups=groups.security_groups(ctx, group.vpc_id, req.get("VpcSecurityGroupIds")),
        parameter_group=parameters.name,
        is_encrypted=req.get("StorageEncrypted", False),
        is_protected=req.get("DeletionProtection", False),
        has_http=req.get("EnableHttpEndpoint", False),
        copies_tags=req.get("CopyTagsToSnapshot", False),
        retention_days=rules.checked_range(req.get("BackupRetentionPeriod", 1), 1, 35, "BackupRetentionPeriod"),
        backup_window=backup,
        maintenance_window=maintenance,
        log_exports=tuple(req.get("EnableCloudwatchLogsExports", ())),
        tags=tags.read(req.get("Tags")),
    )
    clusters.check_lag(cluster)
    cluster = _with_login(ctx, cluster, req)
    ctx.put(cluster)
    return {"DBCluster": clusters.described(ctx, cluster)}


def _with_login(ctx: Context, cluster: Cluster, req: dict[str, Any]) -> Cluster:
    """A new cluster with its master user and first database: its own, or those of the global cluster that it joins."""
    if req.get("GlobalClusterIdentifier"):
        joined = global_clusters.joined(ctx, req, cluster.version)
        ctx.put(joined)
        cluster = changed(cluster, global_id=joined.id, is_encrypted=cluster.is_encrypted or joined.is_encrypted)
        if len(joined.members) > 1:
            return global_clusters.inheriting(ctx, joined, cluster)
        req = {"DatabaseName": joined.database, **req}
    cluster = changed(
        cluster,
        master_user=rules.checked_user(rules.needed(req, "MasterUsername")),
        database=rules.checked_database(req.get("DatabaseName", "")),
    )
    return passwords.given(ctx, cluster, req)


def describe_db_clusters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if identifier := req.get("DBClusterIdentifier"):
        return {"DBClusters": [clusters.described(ctx, one(ctx, identifier))]}
    after = paging.after(req.get("Marker"), "InvalidParameterValue", "Invalid or expired Marker.")
    rows = (found for found in ctx.scan(Cluster, after=after) if _matches(found, req.get("Filters", ())))
    page, marker = paging.page(rows, listing.rows_max(req), lambda found: found.id)
    answer: dict[str, Any] = {"DBClusters": [clusters.described(ctx, found) for found in page]}
    return answer | ({"Marker": marker} if marker else {})


def delete_db_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    cluster = one(ctx, req["DBClusterIdentifier"])
    if cluster.is_protected:
        text = "Cannot delete protected Cluster, please disable deletion protection and try again."
        raise AwsError("InvalidParameterCombination", text)
    if cluster.global_id:
        text = "This cluster is a part of a global cluster, please remove it from globalcluster first"
        raise AwsError("InvalidDBClusterStateFault", text)
    if any(member.status != "deleting" for member in clusters.members(ctx, cluster.id)):
        text = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
        raise AwsError("InvalidDBClusterStateFault", text)
    if req.get("SkipFinalSnapshot", False) == bool(req.get("FinalDBSnapshotIdentifier")):
        text = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise AwsError("InvalidParameterCombination", text)
    if cluster.status == "deleting":
        raise AwsError("InvalidDBClusterStateFault", f"Cluster {cluster.id} is already being deleted.")
    final = req.get("FinalDBSnapshotIdentifier", "")
    if final:
        final = snapshots.check_absent(ctx, final, backups.OF_CLUSTERS)
    cluster = changed(cluster, status="deleting", final_snapshot=final)
    ctx.put(cluster)
    return {"DBCluster": clusters.described(ctx, cluster)}


def failover_db_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    cluster = one(ctx, req["DBClusterIdentifier"])
    must_be(cluster, "available")
    clusters.check_primary(ctx, cluster)
    readers = [found for found in clusters.members(ctx, cluster.id) if found.id != cluster.writer_id]
    target = req.get("TargetDBInstanceIdentifier", "").lower()
    if not readers:
        text = f"Cannot failover cluster {cluster.id}: there are no failover targets."
        raise AwsError("InvalidDBClusterStateFault", text)
    if target:
        member = instances.one(ctx, target)
        if member.cluster_id != cluster.id or member.id == cluster.writer_id or member.status != "available":
            text = f"{target} is not an eligible failover target of cluster {cluster.id}."
            raise AwsError("InvalidDBInstanceState", text)
    cluster = changed(cluster, status="failing-over", target_id=target or "*")
    ctx.put(cluster)
    return {"DBCluster": clusters.described(ctx, cluster)}


def stop_db_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    cluster = one(ctx, req["DBClusterIdentifier"])
    must_be(cluster, "available")
    if cluster.global_id:
        text = f"DBCluster {cluster.id} is part of global cluster {cluster.global_id}, and cannot be stopped."
        raise AwsError("InvalidDBClusterStateFault", text)
    return _turned(ctx, cluster, "stopping")


def start_db_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    cluster = one(ctx, req["DBClusterIdentifier"])
    must_be(cluster, "stopped")
    return _turned(ctx, cluster, "starting")


def _turned(ctx: Context, cluster: Cluster, status: str) -> dict[str, Any]:
    cluster = changed(cluster, status=status)
    ctx.put(cluster)
    for member in clusters.members(ctx, cluster.id):
        if member.status == "deleting":
            # It goes, whatever its cluster does.
            continue
        held = {} if status == "starting" else member.held
        ctx.put(instances.changed(member, status=status, held=held))
    return {"DBCluster": clusters.described(ctx, cluster)}


def modify_db_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    cluster = one(ctx, req["DBClusterIdentifier"])
    must_be(cluster, "available", "stopped")
    backup, maintenance = rules.checked_windows(
        req.get("PreferredBackupWindow", cluster.backup_window),
        req.get("PreferredMaintenanceWindow", cluster.maintenance_window),
    )
    fields: dict[str, Any] = {"backup_window": backup, "maintenance_window": maintenance}
    if req.get("EnableIAMDatabaseAuthentication"):
        logins.check(ctx, cluster.engine, cluster.version)
    for member, field in _CHANGEABLE.items():
        if member in req:
            fields[field] = req[member]
    if any(req.get(member) for member in _PASSWORDS):
        clusters.check_primary(ctx, cluster)
    if wanted := req.get("VpcSecurityGroupIds"):
        vpc_id = groups.subnet_group(ctx, cluster.subnet_group).vpc_id
        fields["security_groups"] = groups.security_groups(ctx, vpc_id, wanted)
        for found in clusters.members(ctx, cluster.id):
            instances.regroup(ctx, found, fields["security_groups"])
    if name := req.get("DBClusterParameterGroupName"):
        fields["parameter_group"] = groups.parameter_group(ctx, name, groups.OF_CLUSTERS).name
    own = clusters.members(ctx, cluster.id)
    before = {member.id: groups.wanted(ctx, member) for member in own}
    is_moved = fields.get("parameter_group", cluster.parameter_group) != cluster.parameter_group
    cluster = passwords.changed(ctx, changed(cluster, **fields), req)
    ctx.put(cluster)
    for found in own if is_moved else ():
        ctx.put(parameter_groups.moved(ctx, found, before[found.id]))
    if name := req.get("NewDBClusterIdentifier"):
        # Of a cluster's changes only some can wait for its window: AWS renames it at once, or then.
        must_be(cluster, "available")
        cluster = renames.cluster(ctx, cluster, naming.identifier(name, "NewDBClusterIdentifier"))
    return {"DBCluster": clusters.described(ctx, cluster)}


def enable_http_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _with_http(ctx, req["ResourceArn"], has_http=True)


def disable_http_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _with_http(ctx, req["ResourceArn"], has_http=False)


def _with_http(ctx: Context, resource: str, *, has_http: bool) -> dict[str, Any]:
    cluster = ctx.get(Cluster, resource.rpartition(":cluster:")[2])
    if cluster is None or clusters.arn(ctx, cluster.id) != resource:
        raise AwsError("ResourceNotFoundFault", f"The specified resource {resource} was not found.")
    if cluster.status != "available":
        text = f"DBCluster {cluster.id} is in {cluster.status} state, but is required to be in available."
        raise AwsError("InvalidResourceStateFault", text)
    if cluster.has_http != has_http:
        ctx.put(changed(cluster, has_http=has_http))
    return {"ResourceArn": resource, "HttpEndpointEnabled": has_http}


_CHANGEABLE = {
    "BackupRetentionPeriod": "retention_days",
    "DeletionProtection": "is_protected",
    "CopyTagsToSnapshot": "copies_tags",
    "EnableHttpEndpoint": "has_http",
    "EnableIAMDatabaseAuthentication": "checks_tokens",
    "EnableLocalWriteForwarding": "forwards_writes",
}


def _matches(cluster: Cluster, filters: Any) -> bool:
    for wanted in filters:
        values = [value.rpartition(":")[2] if value.startswith("arn:") else value for value in wanted["Values"]]
        fields = {"db-cluster-id": cluster.id, "db-cluster-resource-id": cluster.resource_id, "engine": cluster.engine}
        if wanted["Name"] not in fields:
            raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {wanted['Name']}")
        if fields[wanted["Name"]] not in values:
            return False
    return True
