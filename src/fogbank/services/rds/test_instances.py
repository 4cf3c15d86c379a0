"""DB instances by their API: statuses, refusals, windows and backups, on cloud time and without a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

DAY = 86_400.0
MADE = {
    "DBInstanceIdentifier": "first",
    "Engine": "postgres",
    "DBInstanceClass": "db.t3.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "ann",
    "MasterUserPassword": "correct-horse-9",
}
Call = Callable[..., dict[str, Any]]


class Account:
    """RDS in a cloud whose databases are remembered only; each call has what follows from it done."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        assert isinstance(cloud.cloud.databases, FakeDatabases)
        self.databases: FakeDatabases = cloud.cloud.databases

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        found = self.cloud.call("rds", operation, params)
        self.cloud.run(self.cloud.cloud.settled())
        return found

    def make(self, **more: Any) -> dict[str, Any]:
        self("CreateDBInstance", **{**MADE, **more})
        return self.shown(more.get("DBInstanceIdentifier", "first"))

    def shown(self, identifier: str = "first") -> dict[str, Any]:
        found: dict[str, Any] = self("DescribeDBInstances", DBInstanceIdentifier=identifier)["DBInstances"][0]
        return found

    def snapshots(self, **which: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self("DescribeDBSnapshots", **which)["DBSnapshots"]
        return found


@pytest.fixture
def rds(cloud: TestCloud) -> Account:
    return Account(cloud)


def test_an_instance_is_creating_and_then_available(rds: Account) -> None:
    answered = rds.cloud.call("rds", "CreateDBInstance", MADE)["DBInstance"]
    assert answered["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in answered
    rds.cloud.run(rds.cloud.cloud.settled())
    shown = rds.shown()
    assert shown["DBInstanceStatus"] == "available"
    assert shown["Endpoint"]["Address"].startswith("127.")
    assert shown["Endpoint"]["Port"] == 5432
    assert shown["PreferredBackupWindow"] == "04:00-04:30"
    (node,) = rds.databases.nodes
    assert rds.databases.owners[node][:2] == ("ann", "correct-horse-9")


def test_inside_a_vpc_its_endpoint_is_a_name(rds: Account) -> None:
    rds.make()
    cloud = rds.cloud.cloud
    from fogbank.control import caller as callers
    from fogbank.control.context import Origin
    from fogbank.services.rds import instances

    ctx = cloud.context("rds", "look", callers.root("000000000000"))
    ctx.origin = Origin("x", "10.0.0.4")
    with ctx.begin():
        shown = instances.described(ctx, instances.one(ctx, "first"))
    assert shown["Endpoint"]["Address"].endswith(".us-east-1.rds.amazonaws.com")


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"DBInstanceIdentifier": "1st"}, "InvalidParameterValue", "not a valid identifier"),
        ({"Engine": "mysql"}, "NotImplemented", "mysql"),
        ({"Engine": "none"}, "InvalidParameterValue", "Invalid DB engine"),
        ({"EngineVersion": "9.6"}, "InvalidParameterCombination", "Cannot find version 9.6"),
        ({"MasterUserPassword": "short"}, "InvalidParameterValue", "not a valid password"),
        ({"MasterUsername": ""}, "InvalidParameterValue", "MasterUsername must be provided"),
        ({"Port": 80}, "InvalidParameterValue", "1150-65535"),
        ({"DBInstanceClass": "t3.micro"}, "InvalidParameterValue", "Invalid DB Instance class"),
        ({"AllocatedStorage": 5}, "InvalidParameterValue", "AllocatedStorage"),
        ({"BackupRetentionPeriod": 36}, "InvalidParameterValue", "BackupRetentionPeriod"),
        ({"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault", "none"),
        ({"DBParameterGroupName": "none"}, "DBParameterGroupNotFound", "none"),
        ({"AvailabilityZone": "us-east-1z"}, "InvalidVPCNetworkStateFault", "us-east-1z"),
        ({"DBClusterIdentifier": "c"}, "InvalidParameterCombination", "must be the same"),
        ({"Domain": "d-1"}, "NotImplemented", "Domain"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(rds: Account, more: dict[str, Any], code: str, words: str) -> None:
    with refused(code, words):
        rds.make(**more)
    assert rds("DescribeDBInstances")["DBInstances"] == []
    assert rds.cloud.call("ec2", "DescribeNetworkInterfaces")["NetworkInterfaces"] == []
    assert rds.databases.names() == []


def test_two_of_one_name(rds: Account) -> None:
    rds.make()
    with refused("DBInstanceAlreadyExists"):
        rds.make(DBInstanceIdentifier="FIRST")


def test_what_is_asked_of_an_instance_that_is_not_there(rds: Account) -> None:
    for operation in (
        "DescribeDBInstances",
        "RebootDBInstance",
        "StopDBInstance",
        "StartDBInstance",
        "ModifyDBInstance",
    ):
        with refused("DBInstanceNotFound", "DBInstance none not found"):
            rds(operation, DBInstanceIdentifier="none")


def test_pages_and_filters(rds: Account) -> None:
    for number in range(25):
        rds.make(DBInstanceIdentifier=f"db-{number:02}")
    first = rds("DescribeDBInstances", MaxRecords=20)
    second = rds("DescribeDBInstances", MaxRecords=20, Marker=first["Marker"])
    names = [one["DBInstanceIdentifier"] for one in first["DBInstances"] + second["DBInstances"]]
    assert names == [f"db-{number:02}" for number in range(25)]
    assert "Marker" not in second
    filters = [{"Name": "db-instance-id", "Values": ["db-03", rds.shown("db-04")["DBInstanceArn"]]}]
    assert len(rds("DescribeDBInstances", Filters=filters)["DBInstances"]) == 2
    with refused("InvalidParameterValue", "Unrecognized filter name"):
        rds("DescribeDBInstances", Filters=[{"Name": "colour", "Values": ["red"]}])
    with refused("InvalidParameterValue", "Marker"):
        rds("DescribeDBInstances", Marker="none")


def test_a_stopped_instance_runs_no_server_and_keeps_its_data(rds: Account) -> None:
    rds.make()
    rds("StopDBInstance", DBInstanceIdentifier="first")
    assert rds.shown()["DBInstanceStatus"] == "stopped"
    assert rds.databases.nodes == {}
    with refused("InvalidDBInstanceState"):
        rds("StopDBInstance", DBInstanceIdentifier="first")
    with refused("InvalidDBInstanceState"):
        rds("RebootDBInstance", DBInstanceIdentifier="first")
    rds("StartDBInstance", DBInstanceIdentifier="first")
    assert len(rds.databases.nodes) == 1


def test_a_protected_instance_stays(rds: Account) -> None:
    rds.make(DeletionProtection=True)
    with refused("InvalidParameterCombination", "protected"):
        rds("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    rds("ModifyDBInstance", DBInstanceIdentifier="first", DeletionProtection=False)
    with refused("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required"):
        rds("DeleteDBInstance", DBInstanceIdentifier="first")
    rds("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert rds("DescribeDBInstances")["DBInstances"] == []


def test_what_is_not_applied_at_once_waits_for_the_maintenance_window(rds: Account) -> None:
    rds.make(PreferredMaintenanceWindow="sun:05:00-sun:05:30")
    asked = {"DBInstanceClass": "db.m5.large", "AllocatedStorage": 100}
    rds("ModifyDBInstance", DBInstanceIdentifier="first", **asked)
    shown = rds.shown()
    assert (shown["DBInstanceClass"], shown["PendingModifiedValues"]) == ("db.t3.micro", asked)
    rds.cloud.advance(8 * DAY)
    shown = rds.shown()
    assert (shown["DBInstanceClass"], shown["AllocatedStorage"], shown["PendingModifiedValues"]) == (
        "db.m5.large",
        100,
        {},
    )


def test_what_is_applied_immediately_does_not_wait(rds: Account) -> None:
    rds.make()
    rds("ModifyDBInstance", DBInstanceIdentifier="first", DBInstanceClass="db.m5.large", ApplyImmediately=True)
    assert (rds.shown()["DBInstanceClass"], rds.shown()["DBInstanceStatus"]) == ("db.m5.large", "available")


def test_a_backup_is_made_each_day_and_kept_as_long_as_is_said(rds: Account) -> None:
    rds.make(BackupRetentionPeriod=2)
    assert [one["SnapshotType"] for one in rds.snapshots()] == ["automated"]
    rds.cloud.advance(5 * DAY)
    automated = rds.snapshots(SnapshotType="automated")
    assert len(automated) in (2, 3)
    assert all(one["Status"] == "available" for one in automated)
    rds("ModifyDBInstance", DBInstanceIdentifier="first", BackupRetentionPeriod=0)
    assert rds.snapshots() == []
    kept = [name for name in rds.databases.names() if name.startswith("snap-")]
    assert kept == [], "nothing of them is on disk"


def test_without_backups_there_is_no_way_back(rds: Account) -> None:
    rds.make(BackupRetentionPeriod=0)
    with refused("PointInTimeRestoreNotEnabled"):
        rds(
            "RestoreDBInstanceToPointInTime",
            SourceDBInstanceIdentifier="first",
            TargetDBInstanceIdentifier="second",
            UseLatestRestorableTime=True,
        )
    with refused("InvalidDBInstanceState", "Automated backups are not enabled"):
        rds("CreateDBInstanceReadReplica", DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="first")


def test_snapshots_of_one_name_and_of_none(rds: Account) -> None:
    rds.make()
    rds("CreateDBSnapshot", DBSnapshotIdentifier="s", DBInstanceIdentifier="first")
    with refused("DBSnapshotAlreadyExists"):
        rds("CreateDBSnapshot", DBSnapshotIdentifier="S", DBInstanceIdentifier="first")
    with refused("DBSnapshotAlreadyExists"):
        rds("DeleteDBInstance", DBInstanceIdentifier="first", FinalDBSnapshotIdentifier="s")
    with refused("DBSnapshotNotFound"):
        rds("DeleteDBSnapshot", DBSnapshotIdentifier="none")
    automated = rds.snapshots(SnapshotType="automated")[0]["DBSnapshotIdentifier"]
    with refused("InvalidDBSnapshotState"):
        rds("DeleteDBSnapshot", DBSnapshotIdentifier=automated)
    rds("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert [one["DBSnapshotIdentifier"] for one in rds.snapshots()] == ["s"], "manual ones stay"


def test_a_machine_without_postgresql_says_what_to_install() -> None:
    cloud = TestCloud(databases=lambda _: FakeDatabases(()))
    try:
        with pytest.raises(
            AwsError, match=r"This machine has no PostgreSQL: apt-get install postgresql, or pip install"
        ):
            cloud.call("rds", "CreateDBInstance", MADE)
    finally:
        cloud.close()


def test_a_server_that_dies_is_started_again(rds: Account) -> None:
    rds.make()
    (node,) = list(rds.databases.nodes)
    rds.databases.kill(node)
    rds.cloud.run(rds.cloud.cloud.settled())
    assert list(rds.databases.nodes) == [node]
    assert rds.shown()["DBInstanceStatus"] == "available"
    words = [event["detail"]["Message"] for event in rds.cloud.events() if event["source"] == "aws.rds"]
    assert any("ecover" in word for word in words)


def test_what_is_asked_for_at_first_is_remembered(rds: Account) -> None:
    made = rds.make(
        StorageType="io1",
        Iops=1000,
        MaxAllocatedStorage=100,
        StorageEncrypted=True,
        KmsKeyId="mine",
        EnableCloudwatchLogsExports=["postgresql", "upgrade"],
    )
    assert (made["Iops"], made["MaxAllocatedStorage"], made["KmsKeyId"]) == (1000, 100, "mine")
    assert made["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    fewer = {"DisableLogTypes": ["upgrade"]}
    found = rds("ModifyDBInstance", DBInstanceIdentifier="first", CloudwatchLogsExportConfiguration=fewer)
    assert found["DBInstance"]["EnabledCloudwatchLogsExports"] == ["postgresql"]


def test_a_multi_az_instance_chooses_its_zones(rds: Account) -> None:
    with refused("InvalidParameterCombination", "Multi-AZ"):
        rds.make(MultiAZ=True, AvailabilityZone="us-east-1a")
