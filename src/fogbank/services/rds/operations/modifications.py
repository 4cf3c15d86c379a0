"""DB instances changed: at once, in the next maintenance window, or as soon as can be."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import (
    certificates,
    groups,
    insights,
    instances,
    logins,
    modifications,
    naming,
    parameter_groups,
    passwords,
    rules,
)
from fogbank.services.rds.instances import changed, must_be, one
from fogbank.services.rds.resources import Measuring

_NOT_HERE = (
    "AdditionalStorageVolumes", "AllowMajorVersionUpgrade", "DBSecurityGroups", "DBSubnetGroupName",
    "DedicatedLogVolume", "Domain", "DomainFqdn", "MultiTenant", "TdeCredentialArn",
)  # fmt: skip
_THE_CLUSTERS = (
    "BackupRetentionPeriod", "MasterUserPassword", "MultiAZ", "DBPortNumber", "VpcSecurityGroupIds",
    "EnableIAMDatabaseAuthentication",
)  # fmt: skip


def modify_db_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    instance = one(ctx, req["DBInstanceIdentifier"])
    must_be(instance, "available", "stopped", "storage-optimization", "incompatible-parameters")
    rules.refuse(req, _NOT_HERE)
    if req.get("EnableIAMDatabaseAuthentication"):
        logins.check(ctx, instance.engine, instance.version)
    certificates.checked(req.get("CACertificateIdentifier", certificates.DEFAULT))
    modifications.check(instance, req)
    if instance.cluster_id:
        for member in _THE_CLUSTERS:
            if req.get(member):
                text = f"The DB instance is a member of a DB cluster. Modify {member} of the DB cluster."
                raise AwsError("InvalidParameterCombination", text)
    if name := req.get("NewDBInstanceIdentifier"):
        req = {**req, "NewDBInstanceIdentifier": naming.identifier(name, "NewDBInstanceIdentifier")}
        instances.check_absent(ctx, req["NewDBInstanceIdentifier"])
    if "EngineVersion" in req:
        req = {**req, "EngineVersion": instances.version_for(ctx, instance.engine, req["EngineVersion"])}
        if req["EngineVersion"].partition(".")[0] != instance.version.partition(".")[0]:
            raise AwsError("NotImplemented", "fogbank does not upgrade to another major version", status=501)
    backup, maintenance = rules.checked_windows(
        req.get("PreferredBackupWindow", instance.backup_window),
        req.get("PreferredMaintenanceWindow", instance.maintenance_window),
    )
    fields: dict[str, Any] = {"backup_window": backup, "maintenance_window": maintenance}
    fields |= {field: req[member] for member, field in modifications.AT_ONCE.items() if member in req}
    if exports := req.get("CloudwatchLogsExportConfiguration"):
        kept = {*instance.log_exports, *exports.get("EnableLogTypes", ())} - {*exports.get("DisableLogTypes", ())}
        fields["log_exports"] = tuple(sorted(kept))
    fields |= insights.asked(ctx, req, is_on=instance.insights)
    if "BackupRetentionPeriod" in req:
        fields["retention_days"] = rules.checked_range(req["BackupRetentionPeriod"], 0, 35, "BackupRetentionPeriod")
    if "PromotionTier" in req:
        fields["promotion_tier"] = rules.checked_range(req["PromotionTier"], 0, 15, "PromotionTier")
    if name := req.get("DBParameterGroupName"):
        instance = parameter_groups.regrouped(ctx, instance, name)
    instance = passwords.changed(ctx, changed(instance, **fields), req)
    if wanted := req.get("VpcSecurityGroupIds"):
        vpc_id = groups.subnet_group(ctx, instance.subnet_group).vpc_id
        instance = instances.regroup(ctx, instance, groups.security_groups(ctx, vpc_id, wanted))
    instance = instances.republished(ctx, instance, req.get("PubliclyAccessible", instance.is_public))
    instance = changed(instance, pending=modifications.pending(instance, req))
    shown = instances.described(ctx, instance)
    if instance.pending and req.get("ApplyImmediately") and instance.status == "available":
        instance = changed(instance, status="modifying")
    ctx.put(instance)
    if "EnablePerformanceInsights" in req:
        ctx.after_commit(ctx.waker(Measuring, instance.resource_id))
    return {"DBInstance": shown}
