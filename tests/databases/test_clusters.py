"""Aurora clusters: readers show what the writer wrote, and somebody else writes when it is gone."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from tests.databases.moments import next_second

from fogbank.planes.dns.message import NXDOMAIN, A, Query
from fogbank.services.rds import naming
from fogbank.testing.databases import Rds, soon


def writer(rds: Rds, cluster: str) -> str:
    (found,) = [one for one in rds.shown_cluster(cluster)["DBClusterMembers"] if one["IsClusterWriter"]]
    return str(found["DBInstanceIdentifier"])


def sql(rds: Rds, instance: str, statement: str) -> list[tuple[Any, ...]]:
    return rds.sql(rds.shown(instance)["Endpoint"], statement)


def member(rds: Rds, cluster: str, identifier: str) -> None:
    """One more instance of a cluster."""
    what = {"DBClusterIdentifier": cluster, "Engine": "aurora-postgresql", "DBInstanceClass": "db.r6g.large"}
    rds("CreateDBInstance", DBInstanceIdentifier=identifier, **what)


def rows_soon(rds: Rds, instance: str, statement: str, wanted: list[tuple[Any, ...]]) -> None:
    """Ask until a reader shows it."""
    soon(lambda: sql(rds, instance, statement), wanted)


def test_readers_follow_the_writer_and_take_no_writes(rds: Rds) -> None:
    shown = rds.cluster("c", members=3, DatabaseName="shop")
    assert [shown["Status"], len(shown["DBClusterMembers"]), writer(rds, "c")] == ["available", 3, "c-1"]
    assert {rds.shown(f"c-{number}")["DBInstanceStatus"] for number in (1, 2, 3)} == {"available"}
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 1 AS a")
    for reader in ("c-2", "c-3"):
        rows_soon(rds, reader, "SELECT count(*) FROM pg_class WHERE relname = 't'", [(1,)])
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            sql(rds, reader, "INSERT INTO t VALUES (2)")


def test_a_failover_that_is_asked_for_makes_the_target_the_writer(rds: Rds) -> None:
    rds.cluster("c", members=3)
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 1 AS a")
    rds("FailoverDBCluster", DBClusterIdentifier="c", TargetDBInstanceIdentifier="c-3")
    assert writer(rds, "c") == "c-3"
    sql(rds, "c-3", "INSERT INTO t VALUES (2)")
    for reader in ("c-1", "c-2"):
        rows_soon(rds, reader, "SELECT count(*) FROM t", [(2,)])
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            sql(rds, reader, "INSERT INTO t VALUES (3)")
    assert rds.shown_cluster("c")["Status"] == "available"


def test_when_the_writer_dies_a_reader_takes_over_with_every_row(rds: Rds) -> None:
    rds.cluster("c", members=2)
    sql(rds, "c-1", "CREATE TABLE t (a int)")
    for number in range(20):
        sql(rds, "c-1", f"INSERT INTO t VALUES ({number})")
    rds.kill("c-1")
    assert writer(rds, "c") == "c-2"
    assert sql(rds, "c-2", "SELECT count(*) FROM t") == [(20,)]
    sql(rds, "c-2", "INSERT INTO t VALUES (20)")
    rows_soon(rds, "c-1", "SELECT count(*) FROM t", [(21,)])


def test_a_reader_that_dies_comes_back_and_the_writer_goes_on(rds: Rds) -> None:
    rds.cluster("c", members=2)
    sql(rds, "c-1", "CREATE TABLE t (a int)")
    rds.kill("c-2")
    assert writer(rds, "c") == "c-1"
    sql(rds, "c-1", "INSERT INTO t VALUES (1)")
    rows_soon(rds, "c-2", "SELECT count(*) FROM t", [(1,)])


def test_a_cluster_goes_after_its_members(rds: Rds) -> None:
    rds.cluster("c", members=2)
    rds("DeleteDBInstance", DBInstanceIdentifier="c-1")
    assert writer(rds, "c") == "c-2", "the one that is left writes"
    sql(rds, "c-2", "CREATE TABLE t AS SELECT 1")
    rds("DeleteDBInstance", DBInstanceIdentifier="c-2")
    rds("DeleteDBCluster", DBClusterIdentifier="c", SkipFinalSnapshot=True)
    assert rds("DescribeDBClusters")["DBClusters"] == []
    assert rds.cloud.cloud.databases.names() == []


def test_a_stopped_cluster_starts_with_the_same_writer(rds: Rds) -> None:
    rds.cluster("c", members=2)
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 1 AS a")
    rds("StopDBCluster", DBClusterIdentifier="c")
    assert [rds.shown(f"c-{number}")["DBInstanceStatus"] for number in (1, 2)] == ["stopped", "stopped"]
    rds("StartDBCluster", DBClusterIdentifier="c")
    assert (rds.shown_cluster("c")["Status"], writer(rds, "c")) == ("available", "c-1")
    rows_soon(rds, "c-2", "SELECT a FROM t", [(1,)])


def test_the_rows_of_a_cluster_outlive_its_last_instance(rds: Rds) -> None:
    rds.cluster("c")
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 1 AS a")
    rds("DeleteDBInstance", DBInstanceIdentifier="c-1")
    member(rds, "c", "c-2")
    assert sql(rds, "c-2", "SELECT a FROM t") == [(1,)]


def test_clones_and_restored_clusters_have_their_rows_though_what_they_are_made_of_has_changed(rds: Rds) -> None:
    # Whose commits wait for a reader: those of what is made of it have none to wait for.
    rds.cluster("c", members=2)
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 1 AS a")
    rds("CreateDBClusterSnapshot", DBClusterSnapshotIdentifier="s", DBClusterIdentifier="c")
    clone = {"RestoreType": "copy-on-write", "UseLatestRestorableTime": True}
    rds("RestoreDBClusterToPointInTime", DBClusterIdentifier="twin", SourceDBClusterIdentifier="c", **clone)
    rds("RestoreDBClusterFromSnapshot", DBClusterIdentifier="old", SnapshotIdentifier="s", Engine="aurora-postgresql")
    sql(rds, "c-1", "DROP TABLE t")
    rds("DeleteDBClusterSnapshot", DBClusterSnapshotIdentifier="s")
    for name in ("c-1", "c-2"):
        rds("DeleteDBInstance", DBInstanceIdentifier=name)
    rds("DeleteDBCluster", DBClusterIdentifier="c", SkipFinalSnapshot=True)
    for cluster in ("twin", "old"):
        assert rds.shown_cluster(cluster)["Status"] == "available"
        member(rds, cluster, f"{cluster}-1")
        assert sql(rds, f"{cluster}-1", "SELECT a FROM t") == [(1,)]


def test_a_cluster_is_restored_to_a_second_before_a_failover(rds: Rds) -> None:
    rds.cluster("c", members=2)
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 1 AS a")
    automated = rds("DescribeDBClusterSnapshots", SnapshotType="automated")["DBClusterSnapshots"]
    assert [(one["Status"], one["DBClusterIdentifier"]) for one in automated] == [("available", "c")]
    moment = next_second(rds)
    sql(rds, "c-1", "INSERT INTO t VALUES (2)")
    rds.kill("c-1")
    assert writer(rds, "c") == "c-2"
    sql(rds, "c-2", "INSERT INTO t VALUES (3)")
    to = {"SourceDBClusterIdentifier": "c"}
    rds("RestoreDBClusterToPointInTime", DBClusterIdentifier="then", RestoreToTime=moment, **to)
    rds("RestoreDBClusterToPointInTime", DBClusterIdentifier="now", UseLatestRestorableTime=True, **to)
    found = []
    for cluster in ("then", "now"):
        member(rds, cluster, f"{cluster}-1")
        found.append(sql(rds, f"{cluster}-1", "SELECT a FROM t ORDER BY a"))
    assert found == [[(1,)], [(1,), (2,), (3,)]]
    sql(rds, "then-1", "INSERT INTO t VALUES (9)")
    assert sql(rds, "c-2", "SELECT count(*) FROM t") == [(3,)]


def test_snapshots_and_clones_of_a_cluster(rds: Rds) -> None:
    rds.cluster("c")
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 1 AS a")
    rds("CreateDBClusterSnapshot", DBClusterSnapshotIdentifier="s", DBClusterIdentifier="c")
    sql(rds, "c-1", "INSERT INTO t VALUES (2)")
    clone = {"RestoreType": "copy-on-write", "UseLatestRestorableTime": True}
    rds("RestoreDBClusterToPointInTime", DBClusterIdentifier="twin", SourceDBClusterIdentifier="c", **clone)
    rds("RestoreDBClusterFromSnapshot", DBClusterIdentifier="old", SnapshotIdentifier="s", Engine="aurora-postgresql")
    for cluster in ("twin", "old"):
        member(rds, cluster, f"{cluster}-1")
    assert sql(rds, "twin-1", "SELECT count(*) FROM t") == [(2,)]
    assert sql(rds, "old-1", "SELECT count(*) FROM t") == [(1,)]
    sql(rds, "twin-1", "DELETE FROM t")
    assert sql(rds, "c-1", "SELECT count(*) FROM t") == [(2,)]


def test_the_final_snapshot_of_a_cluster_holds_the_last_row(rds: Rds) -> None:
    rds.cluster("c")
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 7 AS a")
    rds("DeleteDBInstance", DBInstanceIdentifier="c-1")
    rds("DeleteDBCluster", DBClusterIdentifier="c", FinalDBSnapshotIdentifier="last")
    rds("RestoreDBClusterFromSnapshot", DBClusterIdentifier="d", SnapshotIdentifier="last", Engine="aurora-postgresql")
    member(rds, "d", "d-1")
    assert sql(rds, "d-1", "SELECT a FROM t") == [(7,)]


def test_a_rebooted_member_has_another_process_and_the_same_role(rds: Rds) -> None:
    rds.cluster("c", members=2)
    before = {name: rds.process_of(name) for name in ("c-1", "c-2")}
    rds("RebootDBInstance", DBInstanceIdentifier="c-1")
    assert (writer(rds, "c"), rds.shown("c-1")["DBInstanceStatus"]) == ("c-1", "available")
    assert rds.process_of("c-1") != before["c-1"]
    assert rds.process_of("c-2") == before["c-2"]


def test_a_clusters_password_is_its_members(rds: Rds) -> None:
    rds.cluster("c")
    rds("ModifyDBCluster", DBClusterIdentifier="c", MasterUserPassword="another-one-7", ApplyImmediately=True)
    endpoint = rds.shown("c-1")["Endpoint"]
    assert rds.sql(endpoint, "SELECT 1", password="another-one-7") == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rds.sql(endpoint, "SELECT 1")


def test_writes_through_a_reader_are_the_writers(rds: Rds) -> None:
    shown = rds.cluster("c", members=2, EnableLocalWriteForwarding=True)
    assert shown["LocalWriteForwardingStatus"] == "enabled"
    sql(rds, "c-1", "CREATE TABLE t (a int)")
    rows_soon(rds, "c-2", "SELECT count(*) FROM pg_class WHERE relname = 't'", [(1,)])
    reader = {"Address": shown["ReaderEndpoint"], "Port": shown["Port"]}
    for number, endpoint in enumerate((reader, rds.shown("c-2")["Endpoint"])):
        rds.sql(endpoint, f"INSERT INTO t VALUES ({number})")
    assert sql(rds, "c-1", "SELECT a FROM t ORDER BY a") == [(0,), (1,)]
    rds("FailoverDBCluster", DBClusterIdentifier="c")
    assert writer(rds, "c") == "c-2"
    rds.sql(reader, "INSERT INTO t VALUES (2)")
    assert rds.sql({"Address": shown["Endpoint"], "Port": shown["Port"]}, "SELECT count(*) FROM t") == [(3,)]


def test_without_forwarding_a_reader_refuses_writes_and_the_writers_address_moves(rds: Rds) -> None:
    shown = rds.cluster("c", members=2)
    at, reader = ({"Address": shown[which], "Port": shown["Port"]} for which in ("Endpoint", "ReaderEndpoint"))
    rds.sql(at, "CREATE TABLE t AS SELECT 1 AS a")
    rows_soon(rds, "c-2", "SELECT count(*) FROM pg_class WHERE relname = 't'", [(1,)])
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        rds.sql(reader, "INSERT INTO t VALUES (2)")
    rds.kill("c-1")
    assert rds.sql(at, "INSERT INTO t VALUES (2) RETURNING a") == [(2,)], "the address leads to the new writer"
    assert rds.sql(at, "SELECT count(*) FROM t") == [(2,)]


def test_all_members_may_go_at_once(rds: Rds) -> None:
    rds.cluster("c", members=2)
    sql(rds, "c-1", "CREATE TABLE t AS SELECT 7 AS a")
    for name in ("c-1", "c-2"):
        rds.cloud.call("rds", "DeleteDBInstance", {"DBInstanceIdentifier": name}, caller=rds.caller, region="us-east-1")
    rds.cloud.run(rds.cloud.cloud.settled())
    assert rds("DescribeDBInstances")["DBInstances"] == []
    member(rds, "c", "c-3")
    assert sql(rds, "c-3", "SELECT a FROM t") == [(7,)]


def test_forwarding_that_is_turned_on_later_holds_at_every_address(rds: Rds) -> None:
    shown = rds.cluster("c", members=2)
    sql(rds, "c-1", "CREATE TABLE t (a int)")
    at = rds.shown("c-2")["Endpoint"]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        soon(lambda: rds.sql(at, "SELECT count(*) FROM t"), [(0,)])
        rds.sql(at, "INSERT INTO t VALUES (1)")
    before = rds.process_of("c-1")
    rds("ModifyDBCluster", DBClusterIdentifier="c", EnableLocalWriteForwarding=True)
    assert rds.process_of("c-1") == before, "the writer goes on"
    reader = {"Address": shown["ReaderEndpoint"], "Port": shown["Port"]}
    for number, endpoint in enumerate((rds.shown("c-2")["Endpoint"], reader)):
        rds.sql(endpoint, f"INSERT INTO t VALUES ({number})")
    assert rds.shown("c-2")["Endpoint"] == at
    rds("FailoverDBCluster", DBClusterIdentifier="c")
    rds.sql(rds.shown("c-1")["Endpoint"], "INSERT INTO t VALUES (2)")
    assert sql(rds, "c-2", "SELECT count(*) FROM t") == [(3,)]
    rds("ModifyDBCluster", DBClusterIdentifier="c", EnableLocalWriteForwarding=False)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        sql(rds, "c-1", "INSERT INTO t VALUES (3)")


def test_a_clusters_managed_password_is_in_the_secret_and_is_rotated(rds: Rds) -> None:
    made = {"Engine": "aurora-postgresql", "MasterUsername": "ann", "ManageMasterUserPassword": True}
    rds("CreateDBCluster", DBClusterIdentifier="c", **made)
    member(rds, "c", "c-1")

    def secret() -> str:
        asked = {"SecretId": rds.shown_cluster("c")["MasterUserSecret"]["SecretArn"]}
        found = rds.cloud.call("secretsmanager", "GetSecretValue", asked, caller=rds.caller, region="us-east-1")
        return str(json.loads(found["SecretString"])["password"])

    endpoint, first = rds.shown("c-1")["Endpoint"], secret()
    assert rds.sql(endpoint, "SELECT 1", password=first) == [(1,)]
    rds("ModifyDBCluster", DBClusterIdentifier="c", RotateMasterUserPassword=True, ApplyImmediately=True)
    assert rds.sql(endpoint, "SELECT 1", password=secret()) == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rds.sql(endpoint, "SELECT 1", password=first)
    rds("DeleteDBInstance", DBInstanceIdentifier="c-1")
    rds("DeleteDBCluster", DBClusterIdentifier="c", SkipFinalSnapshot=True)
    assert rds.cloud.call("secretsmanager", "ListSecrets", caller=rds.caller, region="us-east-1")["SecretList"] == []


def test_names_lead_programs_of_the_host_to_loopback_addresses(rds: Rds) -> None:
    shown = rds.cluster("c", members=2)
    kinds = {"": shown["Endpoint"], "ro": shown["ReaderEndpoint"]}
    wanted = {naming.cluster_endpoint("c", rds.account, "us-east-1", kind): at for kind, at in kinds.items()}
    wanted[naming.endpoint("c-2", rds.account, "us-east-1")] = rds.shown("c-2")["Endpoint"]["Address"]
    inside = rds.cloud.cloud.inside
    for name, address in wanted.items():
        answer = inside.resolve_for_host(Query(1, name, A, 1, name.encode()), "127.0.0.1")
        assert [record.data for record in answer.records] == [address]
    name = naming.endpoint("no", rds.account, "us-east-1")
    nobody = inside.resolve_for_host(Query(1, name, A, 1, name.encode()), "127.0.0.1")
    assert (nobody.code, nobody.records) == (NXDOMAIN, ())
