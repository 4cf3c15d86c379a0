"""Other names for instances and clusters, and members that become another class: the rows stay where they are."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing.databases import Rds, soon

NOW = {"ApplyImmediately": True}


def test_an_instance_has_its_rows_address_and_replica_under_another_name(rds: Rds) -> None:
    endpoint = rds.instance("first")["Endpoint"]
    rds.sql(endpoint, "CREATE TABLE t AS SELECT 1 AS a")
    rds("CreateDBInstanceReadReplica", DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="first")
    rds("ModifyDBInstance", DBInstanceIdentifier="first", NewDBInstanceIdentifier="Second", DBPortNumber=5433, **NOW)
    with pytest.raises(AwsError, match="DBInstanceNotFound"):
        rds.shown("first")
    shown = rds.shown("second")
    assert (shown["DBInstanceStatus"], shown["PendingModifiedValues"]) == ("available", {})
    assert (shown["Endpoint"]["Address"], shown["Endpoint"]["Port"]) == (endpoint["Address"], 5433)
    assert shown["ReadReplicaDBInstanceIdentifiers"] == ["copy"]
    assert rds.shown("copy")["ReadReplicaSourceDBInstanceIdentifier"] == "second"
    rds.sql(shown["Endpoint"], "INSERT INTO t VALUES (2)")
    soon(lambda: rds.sql(rds.shown("copy")["Endpoint"], "SELECT count(*) FROM t"), [(2,)])
    rds.kill("second")
    assert rds.sql(shown["Endpoint"], "SELECT count(*) FROM t") == [(2,)], "it is still watched"


def test_a_name_that_somebody_has_is_refused(rds: Rds) -> None:
    rds.instance("first")
    rds.instance("second")
    with pytest.raises(AwsError, match="DBInstanceAlreadyExists"):
        rds("ModifyDBInstance", DBInstanceIdentifier="first", NewDBInstanceIdentifier="second", **NOW)


def test_a_cluster_and_its_writer_go_on_under_other_names(rds: Rds) -> None:
    shown = rds.cluster("c", members=2)
    at = {"Address": shown["Endpoint"], "Port": shown["Port"]}
    rds.sql(at, "CREATE TABLE t AS SELECT 1 AS a")
    rds("ModifyDBInstance", DBInstanceIdentifier="c-1", NewDBInstanceIdentifier="w", **NOW)
    rds("ModifyDBCluster", DBClusterIdentifier="c", NewDBClusterIdentifier="d", **NOW)
    after = rds.shown_cluster("d")
    assert (after["Status"], after["Endpoint"]) == ("available", shown["Endpoint"])
    assert [one["DBInstanceIdentifier"] for one in after["DBClusterMembers"] if one["IsClusterWriter"]] == ["w"]
    rds.sql(at, "INSERT INTO t VALUES (2)")
    rds.kill("w")
    members = rds.shown_cluster("d")["DBClusterMembers"]
    assert {one["DBInstanceIdentifier"]: one["IsClusterWriter"] for one in members} == {"w": False, "c-2": True}
    assert rds.sql(at, "SELECT count(*) FROM t") == [(2,)]


def test_a_member_becomes_another_class_at_once_or_in_its_window(rds: Rds) -> None:
    rds.cluster("c", members=2)
    rds("ModifyDBInstance", DBInstanceIdentifier="c-2", DBInstanceClass="db.r6g.xlarge", **NOW)
    shown = rds.shown("c-2")
    assert (shown["DBInstanceStatus"], shown["DBInstanceClass"]) == ("available", "db.r6g.xlarge")
    rds("ModifyDBInstance", DBInstanceIdentifier="c-1", DBInstanceClass="db.r6g.xlarge")
    shown = rds.shown("c-1")
    assert (shown["DBInstanceClass"], shown["PendingModifiedValues"]) == (
        "db.r6g.large",
        {"DBInstanceClass": "db.r6g.xlarge"},
    )
    rds.cloud.advance(8 * 86_400)
    shown = rds.shown("c-1")
    assert (shown["DBInstanceStatus"], shown["DBInstanceClass"]) == ("available", "db.r6g.xlarge")
