"""Members of Aurora clusters: instances that have their data, master and groups from their cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import certificates, clusters, groups, insights, instances, rules
from fogbank.services.rds.resources import Cluster, Instance

_THE_CLUSTERS = (
    "AllocatedStorage", "BackupRetentionPeriod", "DBName", "DeletionProtection",
    "EnableIAMDatabaseAuthentication", "Iops", "MasterUserPassword",
    "MasterUsername", "MultiAZ", "Port", "StorageEncrypted", "VpcSecurityGroupIds",
)  # fmt: skip


def make(ctx: Context, identifier: str, req: Mapping[str, Any]) -> Instance:
    """An instance in a cluster. Raises InvalidParameterCombination, DBClusterNotFoundFault, InstanceQuotaExceeded."""
    cluster = clusters.one(ctx, rules.needed(req, "DBClusterIdentifier"))
    clusters.must_be(cluster, "available", "creating")
    for member in _THE_CLUSTERS:
        if req.get(member):
            text = f"The requested DB Instance will be a member of a DB Cluster. Set {member} for the DB Cluster."
            raise AwsError("InvalidParameterCombination", text)
    others = clusters.members(ctx, cluster.id)
    if len(others) >= clusters.MEMBERS_MAX:
        text = f"Cluster {cluster.id} has {clusters.MEMBERS_MAX} instances, which is the limit."
        raise AwsError("InstanceQuotaExceeded", text)
    group = groups.subnet_group(ctx, cluster.subnet_group)
    parameters = groups.parameter_group(
        ctx, req.get("DBParameterGroupName") or groups.default_parameter_group(cluster.engine, cluster.version)
    )
    _, maintenance = rules.checked_windows(cluster.backup_window, req.get("PreferredMaintenanceWindow", ""))
    instance = Instance(
        id=identifier,
        resource_id=f"db-{ids.letters(ctx.random, 26).upper()}",
        created_at=ctx.now,
        status="creating",
        engine=cluster.engine,
        version=cluster.version,
        instance_class=rules.checked_class(req["DBInstanceClass"]),
        master_user=cluster.master_user,
        database=cluster.database,
        port=cluster.port,
        cluster_id=cluster.id,
        promotion_tier=rules.checked_range(req.get("PromotionTier", 1), 0, 15, "PromotionTier"),
        storage_gib=1,
        storage_type="aurora",
        is_encrypted=cluster.is_encrypted,
        subnet_group=group.name,
        security_groups=cluster.security_groups,
        parameter_group=parameters.name,
        option_group=f"default:{cluster.engine}-{cluster.version.partition('.')[0]}",
        is_public=req.get("PubliclyAccessible", False),
        certificate=certificates.checked(req.get("CACertificateIdentifier", certificates.DEFAULT)),
        retention_days=cluster.retention_days,
        backup_window=cluster.backup_window,
        maintenance_window=maintenance,
        upgrades_minor=req.get("AutoMinorVersionUpgrade", True),
        **insights.asked(ctx, req),
        tags=tags.read(req.get("Tags")),
    )
    if instance.is_public:
        instances.check_public(ctx, group.vpc_id)
    seat = instances.seated(ctx, instance, _zone(cluster, others, [one.zone for one in group.subnets], req))
    instance = instances.changed(instance, seats=(seat,), loopback=seat.loopback)
    ctx.put(instance)
    return instance


def check_leaving(ctx: Context, instance: Instance, req: Mapping[str, Any]) -> None:
    """Raises InvalidDBClusterStateFault, InvalidParameterCombination for a member that cannot be deleted so."""
    cluster = clusters.one(ctx, instance.cluster_id)
    if cluster.status in ("stopping", "stopped"):
        clusters.must_be(cluster, "available")
    if req.get("FinalDBSnapshotIdentifier"):
        text = "FinalDBSnapshotIdentifier cannot be specified for a member of a cluster: snapshots are the cluster's."
        raise AwsError("InvalidParameterCombination", text)


def refuse(instance: Instance, text: str) -> None:
    """Raises InvalidParameterCombination for an instance that is a member of a cluster."""
    if instance.cluster_id:
        raise AwsError("InvalidParameterCombination", text)


def _zone(cluster: Cluster, others: list[Instance], zones: list[str], req: Mapping[str, Any]) -> str:
    """The wanted zone, or the one with the fewest members."""
    wanted = req.get("AvailabilityZone", "")
    if wanted:
        return rules.chosen_zones(wanted, zones, 1)[0]
    taken = [seat.zone for member in others for seat in member.seats]
    return min(sorted(set(zones)), key=taken.count)
