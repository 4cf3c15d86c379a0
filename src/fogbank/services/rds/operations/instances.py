"""DB instances: made, shown, stopped, started, rebooted, deleted."""

from __future__ import annotations

from typing import Any

from fogbank.aws import ids, paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import (
    certificates,
    engines,
    groups,
    insights,
    instances,
    listing,
    logins,
    members,
    naming,
    passwords,
    quotas,
    replicas,
    rules,
    snapshots,
)
from fogbank.services.rds.instances import changed, must_be, one
from fogbank.services.rds.resources import Instance

_NOT_HERE = (
    "DBSecurityGroups", "NcharCharacterSetName", "TdeCredentialArn", "Domain", "DomainFqdn", "CustomIamInstanceProfile",
    "MultiTenant", "DedicatedLogVolume", "AdditionalStorageVolumes", "DBCapacityReservationIdentifier", "Timezone",
    "CharacterSetName",
)  # fmt: skip


def create_db_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    identifier = naming.identifier(req["DBInstanceIdentifier"], "DBInstanceIdentifier")
    engine = engines.checked_engine(req["Engine"])
    rules.refuse(req, _NOT_HERE)
    instances.check_absent(ctx, identifier)
    quotas.check(ctx, "DBInstances", "InstanceQuotaExceeded")
    if engine == engines.AURORA:
        return {"DBInstance": instances.described(ctx, members.make(ctx, identifier, req))}
    if req.get("DBClusterIdentifier"):
        raise AwsError(
            "InvalidParameterCombination", "The engine of the DB instance and of its cluster must be the same."
        )
    version = instances.version_for(ctx, engine, req.get("EngineVersion", ""))
    if req.get("EnableIAMDatabaseAuthentication"):
        logins.check(ctx, engine, version)
    backup, maintenance = rules.checked_windows(
        req.get("PreferredBackupWindow", ""), req.get("PreferredMaintenanceWindow", "")
    )
    group = groups.subnet_group(ctx, req.get("DBSubnetGroupName", groups.DEFAULT))
    parameters = groups.parameter_group(
        ctx, req.get("DBParameterGroupName") or groups.default_parameter_group(engine, version)
    )
    instance = Instance(
        id=identifier,
        resource_id=f"db-{ids.letters(ctx.random, 26).upper()}",
        created_at=ctx.now,
        status="creating",
        engine=engine,
        version=version,
        instance_class=rules.checked_class(req["DBInstanceClass"]),
        master_user=rules.checked_user(rules.needed(req, "MasterUsername")),
        database=rules.checked_database(req.get("DBName", "")),
        port=rules.checked_port(req.get("Port", 5432)),
        storage_gib=rules.checked_range(req.get("AllocatedStorage", 20), 20, 65_536, "AllocatedStorage"),
        storage_type=req.get("StorageType", "gp2"),
        iops=req.get("Iops", 0),
        storage_max_gib=req.get("MaxAllocatedStorage", 0),
        is_encrypted=req.get("StorageEncrypted", False),
        key_id=req.get("KmsKeyId", ""),
        log_exports=tuple(req.get("EnableCloudwatchLogsExports", ())),
        subnet_group=group.name,
        security_groups=groups.security_groups(ctx, group.vpc_id, req.get("VpcSecurityGroupIds")),
        parameter_group=parameters.name,
        option_group=req.get("OptionGroupName") or f"default:{engine}-{version.partition('.')[0]}",
        is_multi_az=req.get("MultiAZ", False),
        is_public=req.get("PubliclyAccessible", False),
        is_protected=req.get("DeletionProtection", False),
        checks_tokens=req.get("EnableIAMDatabaseAuthentication", False),
        retention_days=rules.checked_range(req.get("BackupRetentionPeriod", 1), 0, 35, "BackupRetentionPeriod"),
        backup_window=backup,
        maintenance_window=maintenance,
        upgrades_minor=req.get("AutoMinorVersionUpgrade", True),
        certificate=certificates.checked(req.get("CACertificateIdentifier", certificates.DEFAULT)),
        copies_tags=req.get("CopyTagsToSnapshot", False),
        **insights.asked(ctx, req),
        tags=tags.read(req.get("Tags")),
    )
    instance = passwords.given(ctx, instance, req)
    return {"DBInstance": instances.described(ctx, instances.placed(ctx, instance, req.get("AvailabilityZone", "")))}


def describe_db_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if identifier := req.get("DBInstanceIdentifier"):
        return {"DBInstances": [instances.described(ctx, one(ctx, identifier))]}
    after = paging.after(req.get("Marker"), "InvalidParameterValue", "Invalid or expired Marker.")
    rows = (found for found in ctx.scan(Instance, after=after) if _matches(found, req.get("Filters", ())))
    page, marker = paging.page(rows, listing.rows_max(req), lambda found: found.id)
    answer: dict[str, Any] = {"DBInstances": [instances.described(ctx, found) for found in page]}
    return answer | ({"Marker": marker} if marker else {})


def delete_db_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    instance = one(ctx, req["DBInstanceIdentifier"])
    if instance.is_protected:
        text = "Cannot delete protected DB Instance, please disable deletion protection and try again."
        raise AwsError("InvalidParameterCombination", text)
    if instance.status == "deleting":
        raise AwsError("InvalidDBInstanceState", f"Instance {instance.id} is already being deleted.")
    if instance.cluster_id:
        members.check_leaving(ctx, instance, req)
    if any(replica.status == "creating" for replica in replicas.of(ctx, instance)):
        text = f"Cannot delete DB instance {instance.id} while a read replica of it is being created."
        raise AwsError("InvalidDBInstanceState", text)
    final = req.get("FinalDBSnapshotIdentifier", "")
    if final:
        final = snapshots.check_absent(ctx, final)
    skips = req.get("SkipFinalSnapshot", False)
    if skips == bool(final) and not instance.source_id and not instance.cluster_id:
        text = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        if skips:
            text = "FinalDBSnapshotIdentifier can not be specified when deleting a replica or skipping the snapshot"
        raise AwsError("InvalidParameterCombination", text)
    instance = changed(instance, status="deleting", final_snapshot=final)
    ctx.put(instance)
    return {"DBInstance": instances.described(ctx, instance)}


def reboot_db_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    instance = one(ctx, req["DBInstanceIdentifier"])
    must_be(instance, "available", "incompatible-parameters")
    fails_over = req.get("ForceFailover", False)
    if fails_over and not instance.is_multi_az:
        text = "Cannot force failover since the instance is not configured for Multi-AZ"
        raise AwsError("InvalidParameterCombination", text)
    needs = (*instance.needs, "failover" if fails_over else "reboot")
    instance = changed(instance, status="rebooting", held={}, needs=needs)
    ctx.put(instance)
    return {"DBInstance": instances.described(ctx, instance)}


def stop_db_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    instance = one(ctx, req["DBInstanceIdentifier"])
    members.refuse(instance, f"{instance.engine} DB instances are not eligible for stopping and starting.")
    must_be(instance, "available")
    if instance.source_id or ctx.find(Instance, "by_source", instance.id):
        text = "Cannot stop a DB instance that is a read replica or has one."
        raise AwsError("InvalidDBInstanceState", text)
    instance = changed(instance, status="stopping")
    ctx.put(instance)
    return {"DBInstance": instances.described(ctx, instance)}


def start_db_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    instance = one(ctx, req["DBInstanceIdentifier"])
    members.refuse(instance, f"{instance.engine} DB instances are not eligible for stopping and starting.")
    must_be(instance, "stopped")
    instance = changed(instance, status="starting", held={})
    ctx.put(instance)
    return {"DBInstance": instances.described(ctx, instance)}


def _matches(instance: Instance, filters: Any) -> bool:
    for one_filter in filters:
        values = [value.rpartition(":")[2] if value.startswith("arn:") else value for value in one_filter["Values"]]
        fields = {
            "db-instance-id": instance.id,
            "db-cluster-id": instance.cluster_id,
            "dbi-resource-id": instance.resource_id,
            "engine": instance.engine,
        }
        if one_filter["Name"] not in fields:
            raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {one_filter['Name']}")
        if fields[one_filter["Name"]] not in values:
            return False
    return True
