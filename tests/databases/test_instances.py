"""DB instances: made, spoken to, killed, stopped, deleted."""

from __future__ import annotations

import psycopg
import pytest

from fogbank.testing.databases import Rds


def test_an_instance_is_a_postgresql_that_its_master_can_use(rds: Rds) -> None:
    shown = rds.instance("first", DBName="shop")
    assert shown["DBInstanceStatus"] == "available"
    endpoint = shown["Endpoint"]
    assert rds.sql(endpoint, "SELECT current_user, current_database()", dbname="shop") == [("ann", "shop")]
    rds.sql(endpoint, "CREATE TABLE t AS SELECT 1 AS a")
    rds.sql(endpoint, "CREATE ROLE analyst LOGIN PASSWORD 'x'")
    rds.sql(endpoint, "CREATE DATABASE more")
    assert rds.sql(endpoint, "SHOW server_version")[0][0].startswith(shown["EngineVersion"])
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rds.sql(endpoint, "SELECT 1", password="wrong")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rds.sql(endpoint, "COPY t TO PROGRAM 'cat'")


def test_an_instance_whose_process_is_killed_comes_back_with_its_rows(rds: Rds) -> None:
    endpoint = rds.instance("first")["Endpoint"]
    rds.sql(endpoint, "CREATE TABLE t AS SELECT 1 AS a")
    before = rds.process_of("first")
    rds.kill("first")
    assert rds.sql(endpoint, "SELECT a FROM t") == [(1,)]
    assert rds.process_of("first") != before


def test_a_stopped_instance_answers_nobody_and_starts_with_its_rows(rds: Rds) -> None:
    endpoint = rds.instance("first")["Endpoint"]
    rds.sql(endpoint, "CREATE TABLE t AS SELECT 1 AS a")
    rds("StopDBInstance", DBInstanceIdentifier="first")
    assert rds.shown("first")["DBInstanceStatus"] == "stopped"
    with pytest.raises(psycopg.OperationalError, match="refused"):
        rds.sql(endpoint, "SELECT 1")
    rds("StartDBInstance", DBInstanceIdentifier="first")
    assert rds.sql(endpoint, "SELECT a FROM t") == [(1,)]


def test_a_deleted_instance_leaves_nothing(rds: Rds) -> None:
    rds.instance("first")
    rds("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert rds("DescribeDBInstances")["DBInstances"] == []
    assert rds.cloud.cloud.databases.names() == []
    assert rds.cloud.call("ec2", "DescribeNetworkInterfaces")["NetworkInterfaces"] == []
