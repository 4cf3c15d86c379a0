"""DB instances changed, and those with a standby in another zone."""

from __future__ import annotations

import json

import psycopg
import pytest

from fogbank.testing.databases import PASSWORD, Rds


def test_another_password_lets_in_and_the_old_one_does_not(rds: Rds) -> None:
    endpoint = rds.instance("first")["Endpoint"]
    rds("ModifyDBInstance", DBInstanceIdentifier="first", MasterUserPassword="another-one-7")
    assert rds.sql(endpoint, "SELECT 1", password="another-one-7") == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rds.sql(endpoint, "SELECT 1", password=PASSWORD)


def test_a_managed_password_is_in_the_secret_and_nowhere_else(rds: Rds) -> None:
    wanted = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, "MasterUsername": "ann"}
    rds("CreateDBInstance", DBInstanceIdentifier="first", ManageMasterUserPassword=True, **wanted)

    def secret() -> str:
        arn = rds.shown("first")["MasterUserSecret"]["SecretArn"]
        found = rds.cloud.call(
            "secretsmanager", "GetSecretValue", {"SecretId": arn}, caller=rds.caller, region="us-east-1"
        )
        assert json.loads(found["SecretString"])["username"] == "ann"
        return str(json.loads(found["SecretString"])["password"])

    endpoint, first = rds.shown("first")["Endpoint"], secret()
    assert rds.sql(endpoint, "SELECT 1", password=first) == [(1,)]
    rds("ModifyDBInstance", DBInstanceIdentifier="first", RotateMasterUserPassword=True)
    assert secret() != first
    assert rds.sql(endpoint, "SELECT 1", password=secret()) == [(1,)]
    rds("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert rds.cloud.call("secretsmanager", "ListSecrets", caller=rds.caller, region="us-east-1")["SecretList"] == []


def test_another_port_is_where_it_answers(rds: Rds) -> None:
    endpoint = rds.instance("first")["Endpoint"]
    shown = rds("ModifyDBInstance", DBInstanceIdentifier="first", DBPortNumber=5433)["DBInstance"]
    assert shown["PendingModifiedValues"] == {"Port": 5433}
    assert rds.sql(endpoint, "SELECT 1") == [(1,)], "it waits for the maintenance window"
    rds("ModifyDBInstance", DBInstanceIdentifier="first", DBPortNumber=5433, ApplyImmediately=True)
    assert rds.shown("first")["Endpoint"] == {**endpoint, "Port": 5433}
    assert rds.sql({**endpoint, "Port": 5433}, "SELECT 1") == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="refused"):
        rds.sql(endpoint, "SELECT 1")


def test_a_standby_in_another_zone_takes_over_with_every_row(rds: Rds) -> None:
    shown = rds.instance("first", MultiAZ=True)
    assert shown["MultiAZ"]
    assert shown["SecondaryAvailabilityZone"] != shown["AvailabilityZone"]
    rds.inside("first", "CREATE TABLE t (a int)")
    for number in range(20):
        rds.inside("first", f"INSERT INTO t VALUES ({number}) RETURNING a")
    assert rds.inside("first", "SELECT sync_state FROM pg_stat_replication") == [("quorum",)]
    rds.kill("first")
    after = rds.shown("first")
    assert after["AvailabilityZone"] == shown["SecondaryAvailabilityZone"]
    assert rds.inside("first", "SELECT count(*) FROM t") == [(20,)]
    assert rds.inside("first", "SELECT pg_is_in_recovery()", seat=1) == [(True,)], "who died is the standby now"
    rds("RebootDBInstance", DBInstanceIdentifier="first", ForceFailover=True)
    assert rds.shown("first")["AvailabilityZone"] == shown["AvailabilityZone"]
    assert rds.inside("first", "SELECT count(*), pg_is_in_recovery() FROM t") == [(20, False)]


def test_an_instance_gets_a_standby_and_loses_it_again(rds: Rds) -> None:
    rds.instance("first")
    rds.inside("first", "CREATE TABLE t AS SELECT 1 AS a")
    rds("ModifyDBInstance", DBInstanceIdentifier="first", MultiAZ=True, ApplyImmediately=True)
    shown = rds.shown("first")
    assert (shown["DBInstanceStatus"], shown["MultiAZ"], shown["PendingModifiedValues"]) == ("available", True, {})
    assert rds.inside("first", "SELECT a, pg_is_in_recovery() FROM t", seat=1) == [(1, True)]
    rds("ModifyDBInstance", DBInstanceIdentifier="first", MultiAZ=False, ApplyImmediately=True)
    assert len(rds.record("first").seats) == 1
    assert rds.inside("first", "INSERT INTO t VALUES (2) RETURNING a") == [(2,)], "it waits for nobody's word"


def test_a_standby_that_was_told_less_than_its_primary_has_takes_over_all_the_same(rds: Rds) -> None:
    group = {"DBParameterGroupName": "less"}
    version = rds("DescribeDBEngineVersions", Engine="postgres", DefaultOnly=True)["DBEngineVersions"][0]
    rds("CreateDBParameterGroup", DBParameterGroupFamily=version["DBParameterGroupFamily"], Description="x", **group)
    endpoint = rds.instance("first", MultiAZ=True, **group)["Endpoint"]
    less = {"ParameterName": "max_connections", "ParameterValue": "77", "ApplyMethod": "pending-reboot"}
    rds("ModifyDBParameterGroup", Parameters=[less], **group)
    for _ in range(2):
        rds("RebootDBInstance", DBInstanceIdentifier="first", ForceFailover=True)
        assert rds.shown("first")["DBInstanceStatus"] == "available"
        assert rds.sql(endpoint, "SHOW max_connections") == [("77",)]
        assert rds.inside("first", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == [(1,)]
