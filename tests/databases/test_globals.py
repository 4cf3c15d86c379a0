"""Global clusters: other regions show what the primary one writes, and one of them takes over, asked or in need."""

from __future__ import annotations

import os
import signal
from typing import Any

import psycopg
import pytest
from tests.databases import lines
from tests.databases.lines import HERE, THERE
from tests.databases.load import Load

from fogbank.planes.engines.postgresql.node import Postgres
from fogbank.services.rds.resources import Instance
from fogbank.testing.databases import PASSWORD, Rds, soon

LOGIN = {"user": "ann", "password": PASSWORD, "dbname": "postgres", "autocommit": True, "connect_timeout": 5}
AURORA = {"Engine": "aurora-postgresql"}


def member(rds: Rds, cluster: str, identifier: str, region: str) -> None:
    """One more instance of a cluster."""
    what = {"DBClusterIdentifier": cluster, "DBInstanceClass": "db.r6g.large", **AURORA}
    rds("CreateDBInstance", region=region, DBInstanceIdentifier=identifier, **what)


def shown(rds: Rds, cluster: str, region: str) -> dict[str, Any]:
    found: dict[str, Any] = rds("DescribeDBClusters", region=region, DBClusterIdentifier=cluster)["DBClusters"][0]
    return found


def whole(rds: Rds) -> dict[str, Any]:
    found: dict[str, Any] = rds("DescribeGlobalClusters", GlobalClusterIdentifier="world")["GlobalClusters"][0]
    return found


def writer(rds: Rds, cluster: str, region: str) -> list[str]:
    members = shown(rds, cluster, region)["DBClusterMembers"]
    return [one["DBInstanceIdentifier"] for one in members if one["IsClusterWriter"]]


def world(rds: Rds, here: int = 1, there: int = 1, one_way_seconds: float = 0.02) -> None:
    """`near` and its members, and `far` in another region, which follows it over a line."""
    lines.takes(rds, one_way_seconds)
    arn = rds.cluster("near", members=here)["DBClusterArn"]
    rds("CreateGlobalCluster", GlobalClusterIdentifier="world", SourceDBClusterIdentifier=arn)
    rds("CreateDBCluster", region=THERE, DBClusterIdentifier="far", GlobalClusterIdentifier="world", **AURORA)
    for number in range(1, there + 1):
        member(rds, "far", f"far-{number}", THERE)
    assert shown(rds, "far", THERE)["Status"] == "available"


def sql(rds: Rds, instance: str, statement: str, region: str) -> list[tuple[Any, ...]]:
    return rds.sql(rds.shown(instance, region=region)["Endpoint"], statement)


def at(rds: Rds, cluster: str, region: str, which: str = "Endpoint") -> dict[str, Any]:
    found = shown(rds, cluster, region)
    return {"Address": found[which], "Port": found["Port"]}


def soon_is(rds: Rds, instance: str, region: str, statement: str, wanted: list[tuple[Any, ...]]) -> None:
    soon(lambda: sql(rds, instance, statement, region), wanted)


def node(rds: Rds, identifier: str, region: str) -> str:
    ctx = rds.cloud.cloud.context("rds", "look", rds.caller, region)
    with ctx.begin():
        found: Instance | None = ctx.get(Instance, identifier)
    assert found is not None
    return found.node


def killed(rds: Rds, identifier: str, region: str) -> None:
    """`kill -9`, and all that follows from it."""
    databases = rds.cloud.cloud.databases
    assert isinstance(databases, Postgres)
    running = databases.engines.found(node(rds, identifier, region))
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    rds.await_end(running)


def writes(rds: Rds, instance: str, region: str, number: int) -> None:
    assert soon_written(rds, instance, region, number)


def soon_written(rds: Rds, instance: str, region: str, number: int) -> bool:
    soon(lambda: sql(rds, instance, f"INSERT INTO t VALUES ({number}) RETURNING a", region), [(number,)])
    return True


COUNT = "SELECT count(*) FROM t"


def test_a_secondary_cluster_shows_rows_and_refuses_writes(rds: Rds) -> None:
    world(rds, there=2)
    sql(rds, "near-1", "CREATE TABLE t AS SELECT 1 AS a", HERE)
    for reader in ("far-1", "far-2"):
        soon_is(rds, reader, THERE, "SELECT a FROM t", [(1,)])
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            sql(rds, reader, "INSERT INTO t VALUES (2)", THERE)
    reader_at = at(rds, "far", THERE, "ReaderEndpoint")
    assert rds.sql(reader_at, "SELECT a FROM t") == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="refused"):
        rds.sql(at(rds, "far", THERE), "SELECT 1")
    assert rds.sql({"Address": whole(rds)["Endpoint"], "Port": 5432}, "INSERT INTO t VALUES (2) RETURNING a") == [(2,)]
    assert (writer(rds, "near", HERE), writer(rds, "far", THERE)) == (["near-1"], [])


def test_a_failover_within_the_primary_region_leaves_the_secondary_following(rds: Rds) -> None:
    world(rds, here=2)
    sql(rds, "near-1", "CREATE TABLE t AS SELECT 1 AS a", HERE)
    rds("FailoverDBCluster", region=HERE, DBClusterIdentifier="near")
    assert writer(rds, "near", HERE) == ["near-2"]
    writes(rds, "near-2", HERE, 2)
    soon_is(rds, "far-1", THERE, COUNT, [(2,)])


def test_when_the_head_of_a_secondary_dies_another_member_takes_its_place(rds: Rds) -> None:
    world(rds, there=2)
    sql(rds, "near-1", "CREATE TABLE t AS SELECT 1 AS a", HERE)
    soon_is(rds, "far-2", THERE, COUNT, [(1,)])
    killed(rds, "far-1", THERE)
    writes(rds, "near-1", HERE, 2)
    for reader in ("far-1", "far-2"):
        soon_is(rds, reader, THERE, COUNT, [(2,)])
    slots = "SELECT count(*) FROM pg_replication_slots"
    soon(lambda: rds.inside("near-1", slots), [(1,)])


def test_a_switchover_moves_the_writer_and_loses_nothing_and_back_again(rds: Rds) -> None:
    world(rds, here=2, there=2)
    load = Load(whole(rds)["Endpoint"], 5432, LOGIN)
    with load.running():
        assert load.goes_on()
        for cluster, region in (("far", THERE), ("near", HERE)):
            rds(
                "SwitchoverGlobalCluster",
                GlobalClusterIdentifier="world",
                TargetDbClusterIdentifier=shown(rds, cluster, region)["DBClusterArn"],
            )
            found = whole(rds)
            assert (found["Status"], found["GlobalClusterMembers"][0]["DBClusterArn"].split(":")[3]) == (
                "available",
                region,
            )
            assert len(writer(rds, cluster, region)) == 1
            assert load.goes_on(), "the global endpoint has moved"
    assert load.lost() == 0
    count = len(load.acknowledged)
    assert count > 20
    total = sql(rds, writer(rds, "near", HERE)[0], "SELECT count(*) FROM written", HERE)
    for reader, region in (("near-1", HERE), ("near-2", HERE), ("far-1", THERE), ("far-2", THERE)):
        soon_is(rds, reader, region, "SELECT count(*) FROM written", total)


def test_a_cluster_that_is_removed_stands_alone(rds: Rds) -> None:
    world(rds)
    sql(rds, "near-1", "CREATE TABLE t AS SELECT 1 AS a", HERE)
    soon_is(rds, "far-1", THERE, COUNT, [(1,)])
    arn = shown(rds, "far", THERE)["DBClusterArn"]
    rds("RemoveFromGlobalCluster", GlobalClusterIdentifier="world", DbClusterIdentifier=arn)
    assert (shown(rds, "far", THERE)["Status"], writer(rds, "far", THERE)) == ("available", ["far-1"])
    assert rds.sql(at(rds, "far", THERE), "INSERT INTO t VALUES (7) RETURNING a") == [(7,)]
    sql(rds, "near-1", "INSERT INTO t VALUES (8)", HERE)
    assert sql(rds, "far-1", "SELECT a FROM t ORDER BY a", THERE) == [(1,), (7,)]
    soon(lambda: rds.inside("near-1", "SELECT count(*) FROM pg_replication_slots"), [(0,)])


def test_a_region_takes_over_from_one_that_cannot_be_reached(rds: Rds) -> None:
    world(rds, here=2)
    sql(rds, "near-1", "CREATE TABLE t AS SELECT 1 AS a", HERE)
    soon_is(rds, "far-1", THERE, COUNT, [(1,)])
    lines.breaks(rds)
    # Its own reader goes on; the other region is not heard of any more.
    soon(lambda: rds.inside("near-1", "SELECT count(*) FROM pg_stat_replication"), [(1,)])
    sql(rds, "near-1", "INSERT INTO t VALUES (2)", HERE)
    for one in ("near-1", "near-2"):
        databases = rds.cloud.cloud.databases
        assert isinstance(databases, Postgres)
        running = databases.engines.found(node(rds, one, HERE))
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
    rds(
        "FailoverGlobalCluster",
        GlobalClusterIdentifier="world",
        TargetDbClusterIdentifier=shown(rds, "far", THERE)["DBClusterArn"],
        AllowDataLoss=True,
    )
    assert writer(rds, "far", THERE) == ["far-1"]
    assert sql(rds, "far-1", "SELECT a FROM t", THERE) == [(1,)], "what had not come over the line is lost"
    writes(rds, "far-1", THERE, 3)
    lines.mended(rds)
    for reader in ("near-1", "near-2"):
        soon_is(rds, reader, HERE, "SELECT a FROM t ORDER BY a", [(1,), (3,)])
    found = rds("DescribeDBClusterSnapshots", DBClusterIdentifier="near")["DBClusterSnapshots"]
    names = [one["DBClusterSnapshotIdentifier"] for one in found]
    assert any(name.startswith("rds:unplanned-global-failover-near-") for name in names), names


def test_a_switchover_over_a_line_that_is_down_is_cancelled_and_nobody_was_kept_from_writing(rds: Rds) -> None:
    world(rds)
    sql(rds, "near-1", "CREATE TABLE t AS SELECT 1 AS a", HERE)
    soon_is(rds, "far-1", THERE, COUNT, [(1,)])
    lines.breaks(rds)
    soon(lambda: rds.inside("near-1", "SELECT count(*) FROM pg_stat_replication"), [(0,)])
    before = rds.process_of("near-1")
    sql(rds, "near-1", "INSERT INTO t VALUES (2)", HERE)
    arn = shown(rds, "far", THERE)["DBClusterArn"]
    rds("SwitchoverGlobalCluster", GlobalClusterIdentifier="world", TargetDbClusterIdentifier=arn)
    assert (whole(rds)["Status"], writer(rds, "near", HERE)) == ("available", ["near-1"])
    assert rds.process_of("near-1") == before
    told = rds("DescribeEvents", region=THERE, SourceType="db-cluster", SourceIdentifier="far")["Events"]
    assert told[-1]["Message"] == "Global switchover to DB cluster far in Region eu-west-1 is cancelled."
