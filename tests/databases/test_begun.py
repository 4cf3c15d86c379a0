"""What had been begun when something else came in between: it is brought to an end, and only once."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from tests.databases.test_restores import add, filled, rows_soon

from fogbank.aws.errors import AwsError, WorldError
from fogbank.planes.engines.postgresql.figures import DATABASE
from fogbank.services.rds.reconcile import following
from fogbank.testing.databases import Rds, soon


def begin(rds: Rds, operation: str, **params: object) -> None:
    """Ask for something, and do not wait for what follows from it."""
    rds.cloud.call("rds", operation, params, region="us-east-1", caller=rds.caller)


def test_a_forced_failover_whose_primary_is_down_ends_with_the_standby(rds: Rds) -> None:
    filled(rds, 1)
    rds("ModifyDBInstance", DBInstanceIdentifier="first", MultiAZ=True, ApplyImmediately=True)
    add(rds, "first", 2)
    old = rds.record("first").node
    begin(rds, "RebootDBInstance", DBInstanceIdentifier="first", ForceFailover=True)
    os.kill(rds.process_of("first").pid, signal.SIGKILL)
    rds.cloud.run(rds.cloud.cloud.settled())
    soon(lambda: rds.shown("first")["DBInstanceStatus"], "available")
    rows_soon(rds, "first", [1, 2])
    assert rds.record("first").node != old
    begun = [one for one in rds("DescribeEvents")["Events"] if "failover started" in one["Message"]]
    assert len(begun) == 1


def test_whoever_is_the_primary_already_can_be_promoted(rds: Rds) -> None:
    filled(rds, 1)
    rds.cloud.run(rds.cloud.cloud.databases.promote(rds.record("first").node))
    add(rds, "first", 2)
    rows_soon(rds, "first", [1, 2])


def test_what_asks_whether_a_standby_has_everything_waits_for_one(rds: Rds) -> None:
    filled(rds, 1)
    node, databases = rds.record("first").node, rds.cloud.cloud.databases

    async def waits() -> None:
        await databases.run(node, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        await databases.reload(node)
        async with asyncio.timeout(2.0):
            await databases.run(node, following.WRITES, database=DATABASE)

    with pytest.raises(TimeoutError):
        rds.cloud.run(waits())


def test_a_restore_goes_on_where_its_source_has_another_writer(rds: Rds) -> None:
    endpoint = {"Address": rds.cluster("c", 2)["Endpoint"], "Port": 5432}
    rds.sql(endpoint, "CREATE TABLE t AS SELECT 1 AS a")
    soon(lambda: rds.shown_cluster("c").get("LatestRestorableTime") is not None, True)
    source = {"SourceDBClusterIdentifier": "c", "UseLatestRestorableTime": True}
    begin(rds, "RestoreDBClusterToPointInTime", DBClusterIdentifier="d", **source)
    begin(rds, "FailoverDBCluster", DBClusterIdentifier="c")
    rds.cloud.run(rds.cloud.cloud.settled())
    rds("CreateDBInstance", DBInstanceIdentifier="d-1", DBClusterIdentifier="d", Engine="aurora-postgresql",
        DBInstanceClass="db.r6g.large")  # fmt: skip
    restored = {"Address": rds.shown_cluster("d")["Endpoint"], "Port": 5432}
    soon(lambda: rds.sql(restored, "SELECT a FROM t"), [(1,)])


def test_a_modification_goes_on_where_the_server_died(rds: Rds) -> None:
    filled(rds, 1)
    begin(rds, "ModifyDBInstance", DBInstanceIdentifier="first", MasterUserPassword="another-horse-8",
          DBPortNumber=5544, ApplyImmediately=True)  # fmt: skip
    os.kill(rds.process_of("first").pid, signal.SIGKILL)
    rds.cloud.run(rds.cloud.cloud.settled())
    soon(lambda: rds.shown("first")["DBInstanceStatus"], "available")
    endpoint = rds.shown("first")["Endpoint"]
    assert endpoint["Port"] == 5544
    assert rds.sql(endpoint, "SELECT a FROM t", password="another-horse-8") == [(1,)]


def test_a_source_keeps_no_log_for_a_replica_that_was_promoted(rds: Rds) -> None:
    filled(rds, 1)
    rds("CreateDBInstanceReadReplica", SourceDBInstanceIdentifier="first", DBInstanceIdentifier="second")
    assert rds.inside("first", "SELECT count(*) FROM pg_replication_slots") == [(1,)]
    rds("PromoteReadReplica", DBInstanceIdentifier="second")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in rds.shown("second")
    soon(lambda: rds.inside("first", "SELECT count(*) FROM pg_replication_slots"), [(0,)])


def test_replicas_of_what_is_deleted_are_promoted(rds: Rds) -> None:
    filled(rds, 1)
    begin(rds, "CreateDBInstanceReadReplica", SourceDBInstanceIdentifier="first", DBInstanceIdentifier="second")
    with pytest.raises(AwsError, match="InvalidDBInstanceState"):
        begin(rds, "DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    rds.cloud.run(rds.cloud.cloud.settled())
    rds("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in rds.shown("second")
    add(rds, "second", 2)
    rows_soon(rds, "second", [1, 2])


def test_nothing_that_runs_is_copied_as_it_lies(rds: Rds) -> None:
    filled(rds, 1)
    with pytest.raises(WorldError, match="runs"):
        rds.cloud.run(rds.cloud.cloud.databases.duplicate(rds.record("first").node, "snap-none"))
    rds.cloud.run(rds.cloud.cloud.databases.remove("snap-none"))


def test_a_snapshot_of_an_instance_that_just_died_is_whole(rds: Rds) -> None:
    filled(rds, 1)
    os.kill(rds.process_of("first").pid, signal.SIGKILL)
    begin(rds, "CreateDBSnapshot", DBInstanceIdentifier="first", DBSnapshotIdentifier="s")
    rds.cloud.run(rds.cloud.cloud.settled())
    soon(lambda: rds("DescribeDBSnapshots", DBSnapshotIdentifier="s")["DBSnapshots"][0]["Status"], "available")
    rds("RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier="second", DBSnapshotIdentifier="s")
    rows_soon(rds, "second", [1])
