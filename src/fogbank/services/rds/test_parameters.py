"""Parameters decided: what may be set, what waits for a restart, what formulas come to."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.planes.engines.postgresql.files import Node
from fogbank.services.rds import formulas, happenings, logs, parameters, topology

KNOWN = FakeDatabases().parameters("16.4")
SETTINGS = parameters.Catalog(KNOWN, ("pg_stat_statements",), has_tls=True, major=16).settings()
BAD_VALUE, BAD_MIX = "InvalidParameterValue", "InvalidParameterCombination"


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("LEAST({DBInstanceClassMemory/9531392},5000)", 112),
        ("GREATEST({log(DBInstanceClassMemory/805306368)*45},1000)", 1000),
        ("SUM({DBInstanceClassMemory/12038},-50003)", 39193),
        ("{DBInstanceVCPU*2}", 4),
        ("IF({TrueIfReplica}, 1, 2)", 2),
    ],
)
def test_a_formula_comes_to_a_number(formula: str, value: int) -> None:
    assert parameters.told({"work_mem": formula}, "db.t3.micro")["work_mem"] == str(value)


@pytest.mark.parametrize("text", ["{", "{DBInstanceClassMemory/", "{nobody*2}", "LEAST(1", "{1/0}", "{1} 2", "{2;}"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no formula"):
        formulas.value(text, {"DBInstanceClassMemory": 1})


def test_a_big_class_takes_no_more_memory_than_a_machine_of_many_servers_has() -> None:
    told = parameters.told({"shared_buffers": "{DBInstanceClassMemory/32768}"}, "db.r6g.16xlarge")
    assert told == {"shared_buffers": "32768"}


@pytest.mark.parametrize(
    ("name", "value", "method", "code", "message"),
    [
        ("nothing", "1", "immediate", BAD_VALUE, "Could not find parameter with name: nothing"),
        ("work_mem", "63", "immediate", BAD_VALUE,
         "Invalid parameter value: 63 for: work_mem allowed values are: 64-2147483647"),
        ("work_mem", "much", "immediate", BAD_VALUE,
         "Invalid parameter value: much for: work_mem allowed values are: 64-2147483647"),
        ("autovacuum", "on", "immediate", BAD_VALUE,
         "Invalid parameter value: on for: autovacuum allowed values are: 0,1"),
        ("log_statement", "some", "immediate", BAD_VALUE,
         "Invalid parameter value: some for: log_statement allowed values are: none,ddl,mod,all"),
        ("max_connections", "10", "immediate", BAD_MIX, "cannot use immediate apply method for static parameter"),
        ("data_directory", "/", "pending-reboot", BAD_VALUE, "The parameter data_directory cannot be modified."),
        ("shared_preload_libraries", "evil", "pending-reboot", BAD_VALUE,
         "Invalid parameter value: evil for: shared_preload_libraries allowed values are: pg_stat_statements"),
        ("work_mem", "100", "later", BAD_VALUE,
         "The parameter ApplyMethod must be immediate or pending-reboot, for work_mem."),
        ("max_connections", "{nobody}", "pending-reboot", BAD_VALUE,
         "Invalid parameter value: {nobody} for: max_connections allowed values are: 1-262143"),
        ("timezone", "Mars/Olympus", "immediate", BAD_VALUE,
         "Invalid parameter value: Mars/Olympus for: timezone allowed values are: "),
        ("log_statement", "all\nfsync = off", "immediate", BAD_VALUE,
         "Invalid parameter value: all\nfsync = off for: log_statement allowed values are: none,ddl,mod,all"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_is_refused(name: str, value: str, method: str, code: str, message: str) -> None:
    with pytest.raises(AwsError) as refused:
        parameters.checked(SETTINGS, name, value, method)
    assert (refused.value.code, refused.value.message) == (code, message)


@pytest.mark.parametrize(
    ("name", "value", "method"),
    [
        ("work_mem", "64", "immediate"), ("random_page_cost", "1.1", "immediate"),
        ("random_page_cost", "1e3", "immediate"), ("autovacuum", "0", "pending-reboot"),
        ("max_connections", "LEAST({DBInstanceClassMemory/9531392},5000)", "pending-reboot"),
        ("shared_preload_libraries", "pg_stat_statements", "pending-reboot"),
        ("shared_preload_libraries", "", "pending-reboot"), ("timezone", "Europe/Berlin", "immediate"),
        ("rds.force_ssl", "1", "immediate"), ("rds.logical_replication", "1", "pending-reboot"),
    ],
)  # fmt: skip
def test_a_change_that_can_be_is_taken(name: str, value: str, method: str) -> None:
    assert parameters.checked(SETTINGS, name, value, method).name == name


def test_what_only_a_restart_changes_keeps_its_value_until_then() -> None:
    waits = {"max_connections"}
    held = parameters.held({}, {}, {"max_connections": "50", "work_mem": "64"}, waits)
    assert held == {"max_connections": None}
    assert parameters.in_force({"max_connections": "50", "work_mem": "64"}, held) == {"work_mem": "64"}
    again = parameters.held(held, {"max_connections": "50"}, {"max_connections": "60"}, waits)
    assert again == {"max_connections": None}, "the first value, however often it changes"
    assert parameters.held(again, {"max_connections": "60"}, {}, waits) == {}, "as it was before: nothing waits"


def test_rdss_own_parameters_are_what_they_mean() -> None:
    values = {"rds.logical_replication": "1", "rds.force_ssl": "1", "work_mem": "64"}
    assert parameters.told(values, "db.t3.micro") == {"work_mem": "64", "wal_level": "logical"}


def test_a_standby_has_room_for_what_its_primary_does() -> None:
    small = Node("s", "16", parameters={"work_mem": "64"})
    assert topology.level(small, {"max_connections": "500"}).parameters == {"work_mem": "64", "max_connections": "500"}
    assert topology.level(small, {"max_connections": "100", "max_wal_senders": "20"}) is small
    assert topology.level(small, {}) is small


def test_events_have_awss_numbers() -> None:
    assert happenings.number("db-instance", "DB instance created") == "RDS-EVENT-0005"
    assert happenings.number("db-cluster", "Completed failover to DB instance: b") == "RDS-EVENT-0071"
    assert happenings.number("db-instance", "It rains") == ""


def test_a_portion_has_whole_lines() -> None:
    assert logs.portion(b"a\nb\nc\n", 2, is_tail=False) == b"a\nb\n"
    assert logs.portion(b"a\nb\nc\n", 2, is_tail=True) == b"b\nc\n"
    assert logs.start("0", 5) == 0
    assert logs.start(logs.marker(4), 5) == 4
    assert logs.start(None, logs.BYTES_MAX + 3) == 3
