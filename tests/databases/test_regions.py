"""Replicas in other regions hear of what was written when the line has brought it; replicas of replicas."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from tests.databases import lines
from tests.databases.lines import HERE, THERE

from fogbank.services.rds.resources import Instance
from fogbank.testing.databases import Rds, soon

ONE_WAY_SECONDS = 0.15


def sql(rds: Rds, instance: str, statement: str, region: str = HERE) -> list[tuple[Any, ...]]:
    return rds.sql(rds.shown(instance, region=region)["Endpoint"], statement)


def inside(rds: Rds, identifier: str, statement: str, region: str) -> list[tuple[Any, ...]]:
    """What an instance says to the superuser, wherever it is."""
    return list(rds.cloud.run(rds.cloud.cloud.databases.rows(_record(rds, identifier, region).node, statement)))


def _record(rds: Rds, identifier: str, region: str) -> Instance:
    ctx = rds.cloud.cloud.context("rds", "look", rds.caller, region)
    with ctx.begin():
        found: Instance | None = ctx.get(Instance, identifier)
    assert found is not None
    return found


def late_seconds(rds: Rds, identifier: str) -> float:
    """What ReplicaLag would say now."""
    figures = rds.cloud.run(rds.cloud.cloud.databases.figures(_record(rds, identifier, THERE).node))
    return float(figures.numbers["late_seconds"])


def replica(rds: Rds, identifier: str, of: str, region: str = HERE) -> None:
    """A replica of an instance, which is named by its ARN where it is in another region."""
    rds("CreateDBInstanceReadReplica", region=region, DBInstanceIdentifier=identifier, SourceDBInstanceIdentifier=of)
    assert rds.shown(identifier, region=region)["DBInstanceStatus"] == "available"


def far_replica(rds: Rds) -> None:
    """`near` in one region, and its replica `far` in the other, with a table."""
    arn = rds.instance("near")["DBInstanceArn"]
    sql(rds, "near", "CREATE TABLE t (a int)")
    replica(rds, "far", arn, THERE)
    soon(lambda: sql(rds, "far", "SELECT count(*) FROM t", THERE), [(0,)])


def seconds_until_seen(rds: Rds, number: int) -> float:
    """From before a row is written in one region until it is seen in the other."""
    far = rds.shown("far", region=THERE)["Endpoint"]
    began = time.monotonic()
    sql(rds, "near", f"INSERT INTO t VALUES ({number})")
    soon(lambda: rds.sql(far, f"SELECT count(*) FROM t WHERE a = {number}"), [(1,)])
    return time.monotonic() - began


def test_a_row_takes_the_time_of_the_line_and_a_slower_line_is_felt(rds: Rds) -> None:
    lines.takes(rds, ONE_WAY_SECONDS)
    far_replica(rds)
    for number in range(3):
        assert ONE_WAY_SECONDS <= seconds_until_seen(rds, number) < ONE_WAY_SECONDS + 5
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        sql(rds, "far", "INSERT INTO t VALUES (11)", THERE)
    lines.takes(rds, 1.0)
    began = time.monotonic()
    number = 100
    # It is felt by itself, soon.
    while seconds_until_seen(rds, number) < 1.0:
        assert time.monotonic() - began < 20
        number += 1
    lines.takes(rds, 0.0)
    began = time.monotonic()
    while seconds_until_seen(rds, number + 1) >= 1.0:
        assert time.monotonic() - began < 20
        number += 1


def test_nothing_passes_a_line_that_is_down_and_the_primary_goes_on(rds: Rds) -> None:
    lines.takes(rds, 0.01)
    far_replica(rds)
    seconds_until_seen(rds, 1)
    lines.breaks(rds)
    streaming = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"

    def far_streams() -> list[tuple[Any, ...]]:
        return inside(rds, "far", streaming, THERE)

    soon(far_streams, [(0,)])
    for number in range(2, 22):
        sql(rds, "near", f"INSERT INTO t VALUES ({number})")
    assert sql(rds, "near", "SELECT count(*) FROM t") == [(21,)], "commits wait for nobody"
    ends_at = time.monotonic() + 2
    while time.monotonic() < ends_at:
        assert sql(rds, "far", "SELECT count(*) FROM t", THERE) == [(1,)]
    assert late_seconds(rds, "far") >= 2, "ReplicaLag grows"
    lines.mended(rds)
    soon(lambda: sql(rds, "far", "SELECT count(*) FROM t", THERE), [(21,)])
    soon(far_streams, [(1,)])


def test_a_replica_is_made_once_the_line_is_up_and_promoted_without_it(rds: Rds) -> None:
    arn = rds.instance("near")["DBInstanceArn"]
    sql(rds, "near", "CREATE TABLE t AS SELECT 1 AS a")
    lines.breaks(rds)
    rds(
        "CreateDBInstanceReadReplica",
        region=THERE,
        DBInstanceIdentifier="far",
        SourceDBInstanceIdentifier=arn,
    )
    assert rds.shown("far", region=THERE)["DBInstanceStatus"] == "creating"
    lines.mended(rds)

    def status() -> object:
        # The loop has to run for anything to be tried again.
        sql(rds, "near", "SELECT 1")
        return rds.shown("far", region=THERE)["DBInstanceStatus"]

    soon(status, "available")
    soon(lambda: sql(rds, "far", "SELECT a FROM t", THERE), [(1,)])
    lines.breaks(rds)
    rds("PromoteReadReplica", region=THERE, DBInstanceIdentifier="far")
    soon(lambda: sql(rds, "far", "INSERT INTO t VALUES (2) RETURNING a", THERE), [(2,)])
    assert sql(rds, "near", "SELECT a FROM t") == [(1,)]


def test_a_replica_over_a_line_comes_back_after_it_died(rds: Rds) -> None:
    lines.takes(rds, 0.02)
    far_replica(rds)
    sql(rds, "near", "INSERT INTO t VALUES (1)")
    rds.kill("near")
    sql(rds, "near", "INSERT INTO t VALUES (2)")
    soon(lambda: sql(rds, "far", "SELECT count(*) FROM t", THERE), [(2,)])


SLOTS = "SELECT slot_name::text FROM pg_replication_slots ORDER BY 1"


def chain(rds: Rds) -> None:
    """`near`, its replica `middle`, and that one's replica `last`."""
    rds.instance("near")
    sql(rds, "near", "CREATE TABLE t AS SELECT 1 AS a")
    replica(rds, "middle", "near")
    rds("ModifyDBInstance", DBInstanceIdentifier="middle", BackupRetentionPeriod=1, ApplyImmediately=True)
    replica(rds, "last", "middle")
    soon(lambda: sql(rds, "last", "SELECT a FROM t"), [(1,)])


def slot(rds: Rds, identifier: str) -> tuple[str]:
    return (rds.record(identifier).node.replace("-", "_"),)


def test_a_replica_of_a_replica_hears_of_everything_through_it(rds: Rds) -> None:
    chain(rds)
    sql(rds, "near", "INSERT INTO t VALUES (2)")
    soon(lambda: sql(rds, "last", "SELECT count(*) FROM t"), [(2,)])
    assert rds.inside("near", SLOTS) == [slot(rds, "middle")]
    assert rds.inside("middle", SLOTS) == [slot(rds, "last")]
    rds.kill("middle")
    sql(rds, "near", "INSERT INTO t VALUES (3)")
    soon(lambda: sql(rds, "last", "SELECT count(*) FROM t"), [(3,)])
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        sql(rds, "last", "INSERT INTO t VALUES (4)")


def test_a_replica_in_the_middle_that_is_promoted_keeps_its_own(rds: Rds) -> None:
    chain(rds)
    rds("PromoteReadReplica", DBInstanceIdentifier="middle")
    sql(rds, "middle", "INSERT INTO t VALUES (2)")
    sql(rds, "near", "INSERT INTO t VALUES (3)")
    soon(lambda: sql(rds, "last", "SELECT a FROM t ORDER BY a"), [(1,), (2,)])
    soon(lambda: rds.inside("near", SLOTS), [])


def test_replicas_of_a_source_that_is_deleted_stand_alone_and_far_ones_stay(rds: Rds) -> None:
    arn = rds.instance("near")["DBInstanceArn"]
    sql(rds, "near", "CREATE TABLE t AS SELECT 1 AS a")
    replica(rds, "beside", "near")
    replica(rds, "far", arn, THERE)
    soon(lambda: sql(rds, "far", "SELECT a FROM t", THERE), [(1,)])
    rds("DeleteDBInstance", DBInstanceIdentifier="near", SkipFinalSnapshot=True)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in rds.shown("beside")
    assert sql(rds, "beside", "INSERT INTO t VALUES (2) RETURNING a") == [(2,)]
    assert rds.shown("far", region=THERE)["StatusInfos"][0]["Status"] == "terminated"
    assert sql(rds, "far", "SELECT a FROM t", THERE) == [(1,)]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        sql(rds, "far", "INSERT INTO t VALUES (3)", THERE)
    rds("PromoteReadReplica", region=THERE, DBInstanceIdentifier="far")
    assert sql(rds, "far", "INSERT INTO t VALUES (3) RETURNING a", THERE) == [(3,)]
