"""Instances made of what others were: from a snapshot, at a moment, as a read replica; and replicas set free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import (
    backups,
    groups,
    insights,
    instances,
    logins,
    naming,
    replicas,
    rules,
    snapshots,
    topology,
)
from fogbank.services.rds.instances import changed
from fogbank.services.rds.resources import Instance, Snapshot, Source


def restore_db_instance_from_db_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    snapshot = snapshots.one(ctx, rules.needed(req, "DBSnapshotIdentifier"))
    snapshots.must_be(snapshot, "available")
    made = _of_snapshot(ctx, snapshot, req["DBInstanceIdentifier"], req)
    made = changed(made, source=Source(kind="snapshot", name=snapshot.node))
    made = instances.placed(ctx, made, req.get("AvailabilityZone", ""))
    return {"DBInstance": instances.described(ctx, made)}


def restore_db_instance_to_point_in_time(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    origin = _origin(ctx, req)
    latest, wanted = req.get("UseLatestRestorableTime", False), req.get("RestoreTime")
    if latest == (wanted is not None):
        text = "Specify either RestoreTime or UseLatestRestorableTime, not both."
        raise AwsError("InvalidParameterCombination", text)
    if not origin.retention_days:
        text = f"The DB instance {origin.id} does not have backups enabled: its retention period is 0."
        raise AwsError("PointInTimeRestoreNotEnabled", text)
    at = ctx.now if wanted is None else float(wanted)
    base = backups.beginning(ctx, origin, at)
    if base is None:
        text = f"The specified restore time is not within what {origin.id} can be restored to."
        raise AwsError("InvalidParameterValue", text)
    made = _of_snapshot(ctx, base, req["TargetDBInstanceIdentifier"], req)
    source = Source(kind="time", name=base.node, time=0.0 if latest else at, archive=topology.archive(origin))
    made = instances.placed(ctx, changed(made, source=source), req.get("AvailabilityZone", ""))
    return {"DBInstance": instances.described(ctx, made)}


def create_db_instance_read_replica(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = rules.needed(req, "SourceDBInstanceIdentifier")
    region = wanted.split(":")[3] if wanted.startswith("arn:") else ctx.region
    origin = instances.one(ctx.at(region), wanted)
    instances.must_be(origin, "available")
    if origin.cluster_id:
        raise AwsError("InvalidDBInstanceState", "A member of a DB cluster cannot have a read replica of its own.")
    if not origin.retention_days:
        text = f"Automated backups are not enabled for this database instance: {origin.id}"
        raise AwsError("InvalidDBInstanceState", text)
    replicas.check_chain(ctx.at(region), origin)
    made = _like(ctx, origin, req["DBInstanceIdentifier"], req, is_same_region=region == ctx.region)
    made = changed(
        made,
        source=Source(kind="replica"),
        source_id=origin.id if region == ctx.region else instances.arn(ctx.at(region), origin.id),
        master_user=origin.master_user,
        password=origin.password,
        database=origin.database,
        retention_days=0,
        **insights.asked(ctx, req),
    )
    made = instances.placed(ctx, made, req.get("AvailabilityZone", ""))
    return {"DBInstance": instances.described(ctx, made)}


def promote_read_replica(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    instance = instances.one(ctx, req["DBInstanceIdentifier"])
    if not instance.source_id:
        raise AwsError("InvalidDBInstanceState", f"DB Instance is not a read replica: {instance.id}")
    instances.must_be(instance, "available")
    backup, maintenance = rules.checked_windows(
        req.get("PreferredBackupWindow", instance.backup_window), instance.maintenance_window
    )
    instance = changed(
        instance,
        status="modifying",
        needs=(*instance.needs, "promote"),
        backup_window=backup,
        maintenance_window=maintenance,
        retention_days=rules.checked_range(req.get("BackupRetentionPeriod", 1), 0, 35, "BackupRetentionPeriod"),
    )
    ctx.put(instance)
    return {"DBInstance": instances.described(ctx, instance)}


def _origin(ctx: Context, req: Mapping[str, Any]) -> Instance:
    if resource := req.get("SourceDbiResourceId"):
        found = ctx.find(Instance, "by_resource", resource)
        if not found:
            raise AwsError("DBInstanceNotFound", f"DBInstance {resource} not found.")
        return found[0]
    return instances.one(ctx, rules.needed(req, "SourceDBInstanceIdentifier"))


def _of_snapshot(ctx: Context, snapshot: Snapshot, identifier: str, req: Mapping[str, Any]) -> Instance:
    """An instance with what a snapshot remembers of its own, and what a request says otherwise."""
    name = naming.identifier(identifier, "DBInstanceIdentifier")
    instances.check_absent(ctx, name)
    version = instances.version_for(ctx, snapshot.engine, snapshot.version.partition(".")[0])
    made = Instance(
        id=name,
        resource_id=f"db-{ids.letters(ctx.random, 26).upper()}",
        created_at=ctx.now,
        status="creating",
        engine=snapshot.engine,
        version=version,
        instance_class=rules.checked_class(req.get("DBInstanceClass", "db.t3.micro")),
        master_user=snapshot.master_user,
        password=snapshot.password,
        port=rules.checked_port(req.get("Port", snapshot.port)),
        storage_gib=req.get("AllocatedStorage", snapshot.storage_gib),
        storage_type=req.get("StorageType", snapshot.storage_type),
        iops=req.get("Iops", snapshot.iops),
        is_encrypted=snapshot.is_encrypted,
        key_id=snapshot.key_id,
        checks_tokens=snapshot.checks_tokens,
        option_group=req.get("OptionGroupName", snapshot.option_group),
    )
    return _grouped(ctx, made, req)


def _like(ctx: Context, origin: Instance, identifier: str, req: Mapping[str, Any], *, is_same_region: bool) -> Instance:
    name = naming.identifier(identifier, "DBInstanceIdentifier")
    instances.check_absent(ctx, name)
    made = changed(
        origin,
        id=name,
        resource_id=f"db-{ids.letters(ctx.random, 26).upper()}",
        created_at=ctx.now,
        status="creating",
        instance_class=rules.checked_class(req.get("DBInstanceClass", origin.instance_class)),
        port=rules.checked_port(req.get("Port", origin.port)),
        secret_arn="",
        pending={},
        needs=(),
        tags={},
        is_multi_az=False,
        parameters_state="in-sync",
        checks_tokens=False,
        subnet_group=origin.subnet_group if is_same_region else groups.DEFAULT,
        parameter_group=origin.parameter_group
        if is_same_region
        else groups.default_parameter_group(origin.engine, origin.version),
    )
    return _grouped(ctx, made, req)


def _grouped(ctx: Context, made: Instance, req: Mapping[str, Any]) -> Instance:
    """A new instance in the groups that a request names, or in those that it has, or in the default ones."""
    group = groups.subnet_group(ctx, req.get("DBSubnetGroupName") or made.subnet_group or groups.DEFAULT)
    name = req.get("DBParameterGroupName") or made.parameter_group
    parameters = groups.parameter_group(ctx, name or groups.default_parameter_group(made.engine, made.version))
    backup, maintenance = rules.checked_windows(
        req.get("PreferredBackupWindow", made.backup_window),
        req.get("PreferredMaintenanceWindow", made.maintenance_window),
    )
    return changed(
        made,
        subnet_group=group.name,
        security_groups=groups.security_groups(ctx, group.vpc_id, req.get("VpcSecurityGroupIds")),
        parameter_group=parameters.name,
        backup_window=backup,
        maintenance_window=maintenance,
        checks_tokens=logins.wanted(ctx, made, req),
        is_multi_az=req.get("MultiAZ", False),
        is_public=req.get("PubliclyAccessible", made.is_public),
        is_protected=req.get("DeletionProtection", False),
        upgrades_minor=req.get("AutoMinorVersionUpgrade", made.upgrades_minor),
        copies_tags=req.get("CopyTagsToSnapshot", made.copies_tags),
        tags=tags.read(req.get("Tags")),
    )
