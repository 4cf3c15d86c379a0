"""Snapshots, moments and replicas: the rows that were there, and no others."""

from __future__ import annotations

import psycopg
import pytest
from tests.databases.moments import next_second

from fogbank.aws.errors import AwsError
from fogbank.testing.databases import Rds, soon

LIKE = {"DBInstanceClass": "db.t3.micro"}


def filled(rds: Rds, *rows: int) -> None:
    """An instance `first` with a table of rows."""
    endpoint = rds.instance("first")["Endpoint"]
    rds.sql(endpoint, "CREATE TABLE t (a int)")
    add(rds, "first", *rows)


def add(rds: Rds, identifier: str, *rows: int) -> None:
    for row in rows:
        rds.sql(rds.shown(identifier)["Endpoint"], f"INSERT INTO t VALUES ({row})")


def rows(rds: Rds, identifier: str) -> list[int]:
    return [row for (row,) in rds.sql(rds.shown(identifier)["Endpoint"], "SELECT a FROM t ORDER BY a")]


def rows_soon(rds: Rds, identifier: str, wanted: list[int]) -> None:
    soon(lambda: rows(rds, identifier), wanted)


def test_a_snapshot_is_what_was_there_when_it_was_taken(rds: Rds) -> None:
    filled(rds, 1)
    rds("CreateDBSnapshot", DBSnapshotIdentifier="s", DBInstanceIdentifier="first")
    assert rds("DescribeDBSnapshots", DBSnapshotIdentifier="s")["DBSnapshots"][0]["Status"] == "available"
    add(rds, "first", 2)
    rds("RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier="second", DBSnapshotIdentifier="s", **LIKE)
    assert (rows(rds, "second"), rows(rds, "first")) == ([1], [1, 2])
    add(rds, "second", 7)
    assert (rows(rds, "second"), rows(rds, "first")) == ([1, 7], [1, 2])


def test_what_is_made_of_a_multi_az_instance_does_not_wait_for_its_standby(rds: Rds) -> None:
    filled(rds, 1)
    rds("ModifyDBInstance", DBInstanceIdentifier="first", MultiAZ=True, ApplyImmediately=True)
    rds("CreateDBSnapshot", DBSnapshotIdentifier="s", DBInstanceIdentifier="first")
    rds("RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier="second", DBSnapshotIdentifier="s", **LIKE)
    add(rds, "second", 2)
    assert rows(rds, "second") == [1, 2]


def test_a_copy_of_a_snapshot_outlives_it(rds: Rds) -> None:
    filled(rds, 1)
    rds("CreateDBSnapshot", DBSnapshotIdentifier="s", DBInstanceIdentifier="first")
    rds("CopyDBSnapshot", SourceDBSnapshotIdentifier="s", TargetDBSnapshotIdentifier="t")
    rds("DeleteDBSnapshot", DBSnapshotIdentifier="s")
    with pytest.raises(AwsError, match="DBSnapshotNotFound"):
        rds("DescribeDBSnapshots", DBSnapshotIdentifier="s")
    rds("RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier="second", DBSnapshotIdentifier="t", **LIKE)
    assert rows(rds, "second") == [1]


def test_a_snapshot_is_restored_by_whom_it_is_shared_with(rds: Rds) -> None:
    filled(rds, 1)
    rds("CreateDBSnapshot", DBSnapshotIdentifier="s", DBInstanceIdentifier="first")
    other = Rds(rds.cloud, account="222222222222")
    arn = rds("DescribeDBSnapshots", DBSnapshotIdentifier="s")["DBSnapshots"][0]["DBSnapshotArn"]
    restore = {"DBInstanceIdentifier": "theirs", "DBSnapshotIdentifier": arn, **LIKE}
    with pytest.raises(AwsError, match="DBSnapshotNotFound"):
        other("RestoreDBInstanceFromDBSnapshot", **restore)
    share = {"AttributeName": "restore", "ValuesToAdd": [other.account]}
    rds("ModifyDBSnapshotAttribute", DBSnapshotIdentifier="s", **share)
    other("RestoreDBInstanceFromDBSnapshot", **restore)
    assert rows(other, "theirs") == [1]


def test_the_final_snapshot_holds_the_last_row(rds: Rds) -> None:
    filled(rds, 1, 2)
    rds("DeleteDBInstance", DBInstanceIdentifier="first", FinalDBSnapshotIdentifier="last")
    rds("RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier="second", DBSnapshotIdentifier="last", **LIKE)
    assert rows(rds, "second") == [1, 2]


def test_an_instance_is_restored_to_a_second(rds: Rds) -> None:
    filled(rds, 1)
    # RestoreTime has whole seconds: what is to be there and what is not lie on both sides of one.
    moment = next_second(rds)
    add(rds, "first", 2)
    to = {"SourceDBInstanceIdentifier": "first", **LIKE}
    rds("RestoreDBInstanceToPointInTime", TargetDBInstanceIdentifier="then", RestoreTime=moment, **to)
    rds("RestoreDBInstanceToPointInTime", TargetDBInstanceIdentifier="now", UseLatestRestorableTime=True, **to)
    assert (rows(rds, "then"), rows(rds, "now"), rows(rds, "first")) == ([1], [1, 2], [1, 2])
    add(rds, "then", 3)


def test_a_replica_follows_and_is_set_free(rds: Rds) -> None:
    filled(rds, 1)
    rds("CreateDBInstanceReadReplica", DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="first")
    assert rds.shown("copy")["ReadReplicaSourceDBInstanceIdentifier"] == "first"
    assert rds.shown("first")["ReadReplicaDBInstanceIdentifiers"] == ["copy"]
    add(rds, "first", 2)
    rows_soon(rds, "copy", [1, 2])
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        add(rds, "copy", 3)
    rds("PromoteReadReplica", DBInstanceIdentifier="copy")
    add(rds, "copy", 3)
    add(rds, "first", 4)
    assert (rows(rds, "copy"), rows(rds, "first")) == ([1, 2, 3], [1, 2, 4])
    assert rds.shown("first")["ReadReplicaDBInstanceIdentifiers"] == []


def test_a_replica_in_another_region_outlives_its_source(rds: Rds) -> None:
    filled(rds, 1)
    arn = rds.shown("first")["DBInstanceArn"]
    rds("CreateDBInstanceReadReplica", DBInstanceIdentifier="far", SourceDBInstanceIdentifier=arn, region="eu-west-1")
    far = rds.shown("far", region="eu-west-1")
    assert far["ReadReplicaSourceDBInstanceIdentifier"] == arn
    add(rds, "first", 2)
    soon(lambda: rds.sql(far["Endpoint"], "SELECT count(*) FROM t"), [(2,)])
    rds.kill("first")
    add(rds, "first", 3)
    soon(lambda: rds.sql(far["Endpoint"], "SELECT count(*) FROM t"), [(3,)])
