"""Parameters reach servers: at once where they can, at a restart where they must, and no sooner."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.testing.databases import Rds, soon


def family(rds: Rds, engine: str = "postgres") -> str:
    found = rds("DescribeDBEngineVersions", Engine=engine, DefaultOnly=True)["DBEngineVersions"]
    return str(found[0]["DBParameterGroupFamily"])


def group(rds: Rds, name: str = "tuned", kind: str = "DBParameterGroup", engine: str = "postgres") -> str:
    wanted = {f"{kind}Name": name, "DBParameterGroupFamily": family(rds, engine), "Description": "mine"}
    rds(f"Create{kind}", **wanted)
    return name


def change(rds: Rds, name: str, value: str, method: str = "immediate", kind: str = "DBParameterGroup") -> None:
    parameter = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    rds(f"Modify{kind}", Parameters=[parameter], **{f"{kind}Name": "tuned"})


def said(rds: Rds, instance: str, name: str) -> str:
    ((value,),) = rds.sql(rds.shown(instance)["Endpoint"], f"SHOW {name}")
    return str(value)


def state(rds: Rds, instance: str) -> str:
    return str(rds.shown(instance)["DBParameterGroups"][0]["ParameterApplyStatus"])


def test_a_dynamic_parameter_holds_without_a_restart(rds: Rds) -> None:
    rds.instance("first", DBParameterGroupName=group(rds))
    before = rds.process_of("first")
    change(rds, "work_mem", "12345")
    assert (said(rds, "first", "work_mem"), state(rds, "first")) == ("12345kB", "in-sync")
    rds("ResetDBParameterGroup", DBParameterGroupName="tuned", ResetAllParameters=True)
    assert said(rds, "first", "work_mem") == "4MB"
    assert rds.process_of("first") == before


def test_a_static_parameter_waits_for_a_reboot(rds: Rds) -> None:
    rds.instance("first", DBParameterGroupName=group(rds))
    before = said(rds, "first", "max_connections")
    change(rds, "max_connections", "77", "pending-reboot")
    assert (said(rds, "first", "max_connections"), state(rds, "first")) == (before, "pending-reboot")
    rds.kill("first")
    assert said(rds, "first", "max_connections") == before, "a server that died is no reboot"
    rds("RebootDBInstance", DBInstanceIdentifier="first")
    assert (said(rds, "first", "max_connections"), state(rds, "first")) == ("77", "in-sync")


def test_a_dynamic_parameter_that_is_to_wait_waits(rds: Rds) -> None:
    rds.instance("first", DBParameterGroupName=group(rds))
    change(rds, "work_mem", "12345", "pending-reboot")
    assert (said(rds, "first", "work_mem"), state(rds, "first")) == ("4MB", "pending-reboot")
    change(rds, "log_statement", "ddl")
    assert (said(rds, "first", "log_statement"), said(rds, "first", "work_mem")) == ("ddl", "4MB")
    assert state(rds, "first") == "pending-reboot"
    rds("RebootDBInstance", DBInstanceIdentifier="first")
    assert (said(rds, "first", "work_mem"), state(rds, "first")) == ("12345kB", "in-sync")


def test_another_group_holds_after_a_reboot(rds: Rds) -> None:
    rds.instance("first")
    group(rds)
    change(rds, "work_mem", "12345")
    rds("ModifyDBInstance", DBInstanceIdentifier="first", DBParameterGroupName="tuned", ApplyImmediately=True)
    assert (said(rds, "first", "work_mem"), state(rds, "first")) == ("4MB", "pending-reboot")
    rds("RebootDBInstance", DBInstanceIdentifier="first")
    assert (said(rds, "first", "work_mem"), state(rds, "first")) == ("12345kB", "in-sync")


def test_logical_replication_needs_a_reboot_and_then_is_there(rds: Rds) -> None:
    rds.instance("first", DBParameterGroupName=group(rds))
    change(rds, "rds.logical_replication", "1", "pending-reboot")
    assert said(rds, "first", "wal_level") == "replica"
    rds("RebootDBInstance", DBInstanceIdentifier="first")
    assert said(rds, "first", "wal_level") == "logical"
    rows = rds.inside("first", "SELECT slot_name::text FROM pg_create_logical_replication_slot('s', 'test_decoding')")
    assert rows == [("s",)]


def test_a_reboot_with_failover_is_a_restart_for_whoever_takes_over(rds: Rds) -> None:
    rds.instance("first", DBParameterGroupName=group(rds), MultiAZ=True)
    change(rds, "max_connections", "277", "pending-reboot")
    change(rds, "work_mem", "12345")
    both = [
        rds.inside("first", "SHOW work_mem", seat) + rds.inside("first", "SHOW max_connections", seat)
        for seat in (0, 1)
    ]
    assert both == [[("12345kB",), ("200",)]] * 2
    before = rds.record("first").node
    rds("RebootDBInstance", DBInstanceIdentifier="first", ForceFailover=True)
    assert rds.record("first").node != before
    assert [rds.inside("first", "SHOW max_connections", seat) for seat in (0, 1)] == [[("277",)]] * 2


def test_libraries_and_formulas_hold(rds: Rds) -> None:
    rds.instance("first", DBParameterGroupName=group(rds))
    change(rds, "shared_preload_libraries", "pg_stat_statements", "pending-reboot")
    change(rds, "max_connections", "LEAST({DBInstanceClassMemory/9531392},5000)", "pending-reboot")
    rds("RebootDBInstance", DBInstanceIdentifier="first")
    assert said(rds, "first", "max_connections") == "112", "db.t3.micro has 1 GiB"
    assert said(rds, "first", "shared_preload_libraries") == "pg_stat_statements"


def test_every_parameter_that_can_be_changed_is_one_of_the_server(rds: Rds) -> None:
    rds.instance("first")
    shown = {name.lower() for (name,) in rds.inside("first", "SELECT name FROM pg_settings")}
    found: list[dict[str, Any]] = []
    page = rds("DescribeDBParameters", DBParameterGroupName=f"default.{family(rds)}")
    while True:
        found += page["Parameters"]
        if "Marker" not in page:
            break
        page = rds("DescribeDBParameters", DBParameterGroupName=f"default.{family(rds)}", Marker=page["Marker"])
    own = ("rds.", "auto_explain.", "pg_stat_statements.", "pglogical.")
    assert {one["ParameterName"] for one in found if not one["ParameterName"].startswith(own)} <= shown
    words = {
        name.lower(): set(values)
        for name, values in rds.inside("first", "SELECT name, enumvals FROM pg_settings WHERE vartype = 'enum'")
    }
    for one in found:
        if one["ParameterName"] in words and one["IsModifiable"]:
            assert set(one["AllowedValues"].split(",")) <= words[one["ParameterName"]], one["ParameterName"]


@pytest.mark.parametrize("kind", ["DBParameterGroup", "DBClusterParameterGroup"])
def test_a_clusters_members_have_its_parameters_and_their_own(rds: Rds, kind: str) -> None:
    group(rds, kind="DBClusterParameterGroup", engine="aurora-postgresql")
    group(rds, kind="DBParameterGroup", engine="aurora-postgresql")
    rds.cluster("c", members=2, DBClusterParameterGroupName="tuned")
    for number in (1, 2):
        rds("ModifyDBInstance", DBInstanceIdentifier=f"c-{number}", DBParameterGroupName="tuned")
        rds("RebootDBInstance", DBInstanceIdentifier=f"c-{number}")
    change(rds, "work_mem", "1111", kind="DBClusterParameterGroup")
    change(rds, "log_statement", "ddl", kind=kind)
    assert [said(rds, f"c-{number}", "work_mem") for number in (1, 2)] == ["1111kB"] * 2
    assert [said(rds, f"c-{number}", "log_statement") for number in (1, 2)] == ["ddl"] * 2
    change(rds, "work_mem", "2222", kind="DBParameterGroup")
    assert [said(rds, f"c-{number}", "work_mem") for number in (1, 2)] == ["2222kB"] * 2, "one's own goes before"


def test_a_reader_goes_on_when_its_writer_can_do_more(rds: Rds) -> None:
    group(rds, kind="DBClusterParameterGroup", engine="aurora-postgresql")
    rds.cluster("c", members=2, DBClusterParameterGroupName="tuned")
    change(rds, "max_connections", "333", "pending-reboot", kind="DBClusterParameterGroup")
    assert {one["DBClusterParameterGroupStatus"] for one in rds.shown_cluster("c")["DBClusterMembers"]} == {
        "pending-reboot"
    }
    rds("RebootDBInstance", DBInstanceIdentifier="c-1")
    assert said(rds, "c-1", "max_connections") == "333"
    rds.sql(rds.shown("c-1")["Endpoint"], "CREATE TABLE t AS SELECT 1 AS a")
    soon(lambda: rds.inside("c-2", "SELECT count(*) FROM pg_class WHERE relname = 't'"), [(1,)])
    assert rds.shown_cluster("c")["DBClusterMembers"][0]["IsClusterWriter"]


def test_log_files_are_listed_and_read(rds: Rds) -> None:
    rds.instance("first", DBParameterGroupName=group(rds))
    change(rds, "log_statement", "all")
    rds.sql(rds.shown("first")["Endpoint"], "SELECT 'a needle'")
    files = rds("DescribeDBLogFiles", DBInstanceIdentifier="first")["DescribeDBLogFiles"]
    name = files[-1]["LogFileName"]
    assert name.startswith("error/postgresql.log.20"), files
    assert files[-1]["Size"] > 0
    first = {"DBInstanceIdentifier": "first", "LogFileName": name, "Marker": "0"}
    # Another process of the server's writes the file.
    soon(lambda: "a needle" in rds("DownloadDBLogFilePortion", **first)["LogFileData"], True)
    portion = rds("DownloadDBLogFilePortion", **first)
    assert portion["AdditionalDataPending"] is False
    rest = rds("DownloadDBLogFilePortion", DBInstanceIdentifier="first", LogFileName=name, Marker=portion["Marker"])
    assert "a needle" not in rest["LogFileData"]
