"""RDS's resource types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.resource_type import (
    Call,
    Change,
    Last,
    Properties,
    ResourceType,
    Table,
    Wanted,
    listed,
    of_calls,
    some,
    tags,
)

_BOTH = (
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DeletionProtection",
    "EnableIAMDatabaseAuthentication",
    "EngineVersion",
    "Iops",
    "ManageMasterUserPassword",
    "MasterUserPassword",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "NetworkType",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "StorageType",
)
_INSTANCE_CHANGES = (
    *_BOTH,
    "CACertificateIdentifier",
    "DBInstanceClass",
    "DBParameterGroupName",
    "EnablePerformanceInsights",
    "MaxAllocatedStorage",
    "MultiAZ",
    "OptionGroupName",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "PromotionTier",
    "PubliclyAccessible",
    "StorageThroughput",
)
_INSTANCE_FIXED = (
    "AvailabilityZone",
    "DBClusterIdentifier",
    "DBName",
    "DBSubnetGroupName",
    "Engine",
    "KmsKeyId",
    "MasterUsername",
    "Port",
    "StorageEncrypted",
)
_CLUSTER_CHANGES = (
    *_BOTH,
    "BacktrackWindow",
    "DBClusterInstanceClass",
    "DBClusterParameterGroupName",
    "EnableHttpEndpoint",
    "EnableLocalWriteForwarding",
    "Port",
    "ServerlessV2ScalingConfiguration",
)
_CLUSTER_FIXED = (
    "AvailabilityZones",
    "DBSubnetGroupName",
    "DatabaseName",
    "Engine",
    "EngineMode",
    "KmsKeyId",
    "MasterUsername",
    "PubliclyAccessible",
    "StorageEncrypted",
)
_BROKEN = ("failed", "incompatible-network", "incompatible-parameters", "incompatible-restore", "storage-full")
_GONE = (
    "DBClusterNotFoundFault",
    "DBClusterParameterGroupNotFound",
    "DBInstanceNotFound",
    "DBParameterGroupNotFound",
    "DBSubnetGroupNotFoundFault",
)
_PARAMETERS_MAX = 20


def _retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    arn = {"ResourceName": change.attributes["arn"]}
    calls: list[Call] = [("AddTagsToResource", {**arn, "Tags": listed(new)})] if new else []
    return calls + ([("RemoveTagsFromResource", {**arn, "TagKeys": gone})] if gone else [])


def _named(wanted: Wanted, member: str) -> str:
    return str(wanted.properties.get(member, wanted.name)).lower()


def _tagged(wanted: Wanted) -> dict[str, Any]:
    found = tags(wanted.tags, wanted.properties.get("Tags"))
    return {"Tags": listed(found)} if found else {}


def _with_renamed(properties: Properties) -> dict[str, Any]:
    """What RDS names otherwise than CloudFormation."""
    found: dict[str, Any] = {}
    for name in ("VPCSecurityGroups", "VpcSecurityGroupIds"):
        if name in properties:
            found["VpcSecurityGroupIds"] = properties[name]
    if "MasterUserSecret" in properties:
        found["MasterUserSecretKmsKeyId"] = properties["MasterUserSecret"].get("KmsKeyId")
    return found


def _exports(before: Properties, after: Properties) -> dict[str, Any]:
    old, new = before.get("EnableCloudwatchLogsExports", []), after.get("EnableCloudwatchLogsExports", [])
    if old == new:
        return {}
    ends = {
        "EnableLogTypes": [one for one in new if one not in old],
        "DisableLogTypes": [one for one in old if one not in new],
    }
    return {"CloudwatchLogsExportConfiguration": ends}


def _create_instance(wanted: Wanted) -> Call:
    properties = wanted.properties
    given: dict[str, Any] = {
        "DBInstanceIdentifier": _named(wanted, "DBInstanceIdentifier"),
        **some(properties, *_INSTANCE_CHANGES, *_INSTANCE_FIXED, "EnableCloudwatchLogsExports"),
        **_with_renamed(properties),
        **_tagged(wanted),
    }
    if "SourceDBInstanceIdentifier" in properties:
        source = {"SourceDBInstanceIdentifier": properties["SourceDBInstanceIdentifier"]}
        unasked = ("Engine", "EngineVersion", "MasterUsername", "MasterUserPassword", "DBName")
        return "CreateDBInstanceReadReplica", {**{k: v for k, v in given.items() if k not in unasked}, **source}
    if "DBSnapshotIdentifier" in properties:
        unasked = ("EngineVersion", "MasterUsername", "MasterUserPassword", "AllocatedStorage", "StorageEncrypted")
        kept = {k: v for k, v in given.items() if k not in (*unasked, "BackupRetentionPeriod", "KmsKeyId")}
        return "RestoreDBInstanceFromDBSnapshot", {**kept, **some(properties, "DBSnapshotIdentifier")}
    return "CreateDBInstance", given


def _different(change: Change, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: change.after[name]
        for name in names
        if name in change.after and change.before.get(name) != change.after[name]
    }


def _update_instance(change: Change) -> list[Call]:
    given = _different(change, _INSTANCE_CHANGES) | _exports(change.before, change.after)
    if _with_renamed(change.before) != _with_renamed(change.after):
        given |= _with_renamed(change.after)
    more = some(change.after, "AllowMajorVersionUpgrade")
    asked = {"DBInstanceIdentifier": change.id, "ApplyImmediately": True, **given, **more}
    return [("ModifyDBInstance", asked)] if given else []


def _is_instance_ready(answer: dict[str, Any]) -> bool:
    (found,) = answer["DBInstances"]
    if found["DBInstanceStatus"] in _BROKEN:
        raise AwsError("InvalidDBInstanceState", f"DB instance is in {found['DBInstanceStatus']} state.")
    return bool(found["DBInstanceStatus"] == "available" and not found.get("PendingModifiedValues"))


def _instance(identity: str, properties: Properties, answer: dict[str, Any]) -> dict[str, Any]:
    (found,) = answer["DBInstances"]
    return {
        "arn": found["DBInstanceArn"],
        **some(found, "DBInstanceArn", "DbiResourceId", "Endpoint", "MasterUserSecret"),
    }


def _delete_instance(identity: str, properties: Properties) -> list[Call]:
    more = {} if "DBClusterIdentifier" in properties else {"DeleteAutomatedBackups": True}
    return [("DeleteDBInstance", {"DBInstanceIdentifier": identity, "SkipFinalSnapshot": True, **more})]


def _leave_instance(identity: str, properties: Properties, name: str) -> list[Call]:
    asked = {"DBInstanceIdentifier": identity, "FinalDBSnapshotIdentifier": name, "DeleteAutomatedBackups": True}
    return [("DeleteDBInstance", asked)]


def _is_whole_in_itself(properties: Properties) -> bool:
    """Whether an instance has data of its own: neither a cluster's, nor another's."""
    return not {"DBClusterIdentifier", "SourceDBInstanceIdentifier"} & properties.keys()


def _no_snapshot(properties: Properties) -> str:
    cluster = "DeletionPolicy:Snapshot cannot be specified for a cluster instance, use deletion policy on the cluster"
    return f"{cluster} instead." if "DBClusterIdentifier" in properties else ""


def _leave_cluster(identity: str, properties: Properties, name: str) -> list[Call]:
    return [("DeleteDBCluster", {"DBClusterIdentifier": identity, "FinalDBSnapshotIdentifier": name})]


def _create_cluster(wanted: Wanted) -> Call:
    given: dict[str, Any] = {
        "DBClusterIdentifier": _named(wanted, "DBClusterIdentifier"),
        **some(wanted.properties, *_CLUSTER_CHANGES, *_CLUSTER_FIXED, "EnableCloudwatchLogsExports"),
        **_with_renamed(wanted.properties),
        **_tagged(wanted),
    }
    return "CreateDBCluster", given


def _update_cluster(change: Change) -> list[Call]:
    given = _different(change, _CLUSTER_CHANGES) | _exports(change.before, change.after)
    if _with_renamed(change.before) != _with_renamed(change.after):
        given |= _with_renamed(change.after)
    return [("ModifyDBCluster", {"DBClusterIdentifier": change.id, "ApplyImmediately": True, **given})] if given else []


def _is_cluster_ready(answer: dict[str, Any]) -> bool:
    (found,) = answer["DBClusters"]
    if found["Status"] in _BROKEN:
        raise AwsError("InvalidDBClusterStateFault", f"DB cluster is in {found['Status']} state.")
    return bool(found["Status"] == "available")


def _cluster(identity: str, properties: Properties, answer: dict[str, Any]) -> dict[str, Any]:
    (found,) = answer["DBClusters"]
    return {
        "arn": found["DBClusterArn"],
        **some(found, "DBClusterArn", "MasterUserSecret"),
        "DBClusterResourceId": found.get("DbClusterResourceId"),
        "Endpoint": {"Address": found.get("Endpoint"), "Port": str(found.get("Port"))},
        "ReadEndpoint": {"Address": found.get("ReaderEndpoint")},
    }


def _parameters(group: str, kind: str, before: Properties, after: Properties) -> Iterator[Call]:
    """Parameters set, and set back to their defaults, twenty to a call."""
    old, new = before.get("Parameters", {}), after.get("Parameters", {})
    changed = [
        {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
        for name, value in new.items()
        if old.get(name) != value
    ]
    gone = [{"ParameterName": name, "ApplyMethod": "pending-reboot"} for name in old if name not in new]
    for verb, rows in (("Modify", changed), ("Reset", gone)):
        for start in range(0, len(rows), _PARAMETERS_MAX):
            part = rows[start : start + _PARAMETERS_MAX]
            yield f"{verb}{kind}", {f"{kind}Name": group, "Parameters": part}


def _parameter_group(kind: str) -> ResourceType:
    """`AWS::RDS::DBParameterGroup` or `…DBClusterParameterGroup`."""
    name = f"{kind}Name"

    def create(wanted: Wanted) -> Call:
        given = {
            name: _named(wanted, name),
            "DBParameterGroupFamily": wanted.properties["Family"],
            "Description": wanted.properties["Description"],
        }
        return f"Create{kind}", {**given, **_tagged(wanted)}

    def parameters_of(found: dict[str, Any]) -> dict[str, Any]:
        (one,) = found[f"{kind}s"]
        return {"arn": one[f"{kind}Arn"], name: one[name]}

    return of_calls(
        Table(
            f"AWS::RDS::{kind}",
            "rds",
            create=create,
            identity=lambda answer, wanted: _named(wanted, name),
            afterwards=lambda group, wanted: _parameters(group, kind, {}, wanted.properties),
            update=lambda change: _parameters(change.id, kind, change.before, change.after),
            retag=_retag,
            delete=lambda group, properties: [(f"Delete{kind}", {name: group})],
            look=lambda group: (f"Describe{kind}s", {name: group}),
            attributes=lambda group, properties, answer: parameters_of(answer),
            absent=_GONE,
            required=("Description", "Family"),
            known=frozenset((name, "Description", "Family", "Parameters", "Tags")),
            replaces=frozenset((name, "Description", "Family")),
        )
    )


TYPES = (
    of_calls(
        Table(
            "AWS::RDS::DBSubnetGroup",
            "rds",
            create=lambda wanted: (
                "CreateDBSubnetGroup",
                {
                    "DBSubnetGroupName": _named(wanted, "DBSubnetGroupName"),
                    **some(wanted.properties, "DBSubnetGroupDescription", "SubnetIds"),
                    **_tagged(wanted),
                },
            ),
            identity=lambda answer, wanted: _named(wanted, "DBSubnetGroupName"),
            update=lambda change: [
                (
                    "ModifyDBSubnetGroup",
                    {"DBSubnetGroupName": change.id, **some(change.after, "DBSubnetGroupDescription", "SubnetIds")},
                )
            ],
            retag=_retag,
            delete=lambda group, properties: [("DeleteDBSubnetGroup", {"DBSubnetGroupName": group})],
            look=lambda group: ("DescribeDBSubnetGroups", {"DBSubnetGroupName": group}),
            attributes=lambda group, properties, answer: {"arn": answer["DBSubnetGroups"][0]["DBSubnetGroupArn"]},
            absent=_GONE,
            required=("DBSubnetGroupDescription", "SubnetIds"),
            known=frozenset(("DBSubnetGroupName", "DBSubnetGroupDescription", "SubnetIds", "Tags")),
            replaces=frozenset(("DBSubnetGroupName",)),
        )
    ),
    _parameter_group("DBParameterGroup"),
    _parameter_group("DBClusterParameterGroup"),
    of_calls(
        Table(
            "AWS::RDS::DBInstance",
            "rds",
            create=_create_instance,
            identity=lambda answer, wanted: _named(wanted, "DBInstanceIdentifier"),
            update=_update_instance,
            retag=_retag,
            delete=_delete_instance,
            look=lambda one: ("DescribeDBInstances", {"DBInstanceIdentifier": one}),
            ready=_is_instance_ready,
            gone=lambda answer: False,
            attributes=_instance,
            absent=(*_GONE, "InvalidDBInstanceState"),
            known=frozenset(
                (
                    *_INSTANCE_CHANGES,
                    *_INSTANCE_FIXED,
                    "AllowMajorVersionUpgrade",
                    "DBInstanceIdentifier",
                    "DBSnapshotIdentifier",
                    "EnableCloudwatchLogsExports",
                    "MasterUserSecret",
                    "SourceDBInstanceIdentifier",
                    "Tags",
                    "VPCSecurityGroups",
                )
            ),
            replaces=frozenset((*_INSTANCE_FIXED, "DBInstanceIdentifier", "DBSnapshotIdentifier")),
            last=Last(_leave_instance, _is_whole_in_itself, _no_snapshot),
        )
    ),
    of_calls(
        Table(
            "AWS::RDS::DBCluster",
            "rds",
            create=_create_cluster,
            identity=lambda answer, wanted: _named(wanted, "DBClusterIdentifier"),
            update=_update_cluster,
            retag=_retag,
            delete=lambda one, properties: [
                ("DeleteDBCluster", {"DBClusterIdentifier": one, "SkipFinalSnapshot": True})
            ],
            look=lambda one: ("DescribeDBClusters", {"DBClusterIdentifier": one}),
            ready=_is_cluster_ready,
            gone=lambda answer: False,
            attributes=_cluster,
            absent=_GONE,
            required=("Engine",),
            known=frozenset(
                (
                    *_CLUSTER_CHANGES,
                    *_CLUSTER_FIXED,
                    "DBClusterIdentifier",
                    "EnableCloudwatchLogsExports",
                    "MasterUserSecret",
                    "Tags",
                    "VpcSecurityGroupIds",
                )
            ),
            replaces=frozenset((*_CLUSTER_FIXED, "DBClusterIdentifier")),
            last=Last(_leave_cluster, lambda properties: True),
        )
    ),
)
