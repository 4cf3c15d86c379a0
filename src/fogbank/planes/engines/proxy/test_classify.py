"""What statements do, by PostgreSQL's own parser."""

from __future__ import annotations

import pytest

from fogbank.planes.engines.proxy.classify import MODE, verdict


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "TABLE t",
        "VALUES (1)",
        "SELECT 'UPDATE t SET a = 1'",
        """SELECT '"UpdateStmt":{'""",
        'SELECT a AS "UpdateStmt" FROM t',
        "SELECT update FROM inserts -- DELETE",
        "EXPLAIN SELECT 1",
        "EXECUTE p",
        "FETCH c",
        "SHOW work_mem",
        "COMMIT",
        "SELECT f()",
        "no statement",
        "",
    ],
)
def test_what_reads_is_not_forwarded(sql: str) -> None:
    assert not verdict(sql.encode()).writes


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "update t set a = 1",
        "/* SELECT */ DELETE FROM t",
        "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM (SELECT * FROM t FOR KEY SHARE) x",
        "EXPLAIN ANALYZE UPDATE t SET a = 1",
        "SELECT 1; UPDATE t SET a = 1",
        "BEGIN; UPDATE t SET a = 1",
        "SELECT set_config('a', 'b', false) FROM t FOR SHARE",
    ],
)
def test_what_writes_is_forwarded(sql: str) -> None:
    assert verdict(sql.encode()).writes


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE TABLE t ()", "CREATE TABLE"),
        ("drop index i", "DROP INDEX"),
        ("SELECT a INTO b FROM t", "SELECT INTO"),
        ("CREATE TABLE x AS SELECT 1", "CREATE TABLE"),
        ("TRUNCATE t", "TRUNCATE"),
        ("LOCK t", "LOCK TABLE"),
        ("LISTEN x", "LISTEN"),
        ("VACUUM", "VACUUM"),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
        ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
        ("COPY t FROM STDIN", "COPY"),
        ("SAVEPOINT a", "SAVEPOINT"),
        ("SET CONSTRAINTS ALL DEFERRED", "SET"),
        ("GRANT SELECT ON t TO u", "GRANT"),
    ],
)
def test_what_aurora_does_not_forward(sql: str, name: str) -> None:
    found = verdict(sql.encode())
    assert (found.refused, found.writes) == (name, False)


def test_what_a_session_keeps() -> None:
    found = verdict(b"BEGIN; SET LOCAL a.b = 'x'; SET datestyle = 'ISO'; COMMIT")
    assert [(step.kind, step.name, step.text, step.is_local) for step in found.steps] == [
        ("begin", "", b"BEGIN", False),
        ("set", "a.b", b"SET LOCAL a.b = 'x'", True),
        ("set", "datestyle", b"SET datestyle = 'ISO'", False),
        ("commit", "", b"COMMIT", False),
    ]
    assert not found.reads
    (step,) = verdict(b"PREPARE p AS UPDATE t SET a = 1").steps
    assert (step.kind, step.name, step.writes) == ("prepare", "p", True)
    assert verdict("SET x.y = 'čé'; SELECT 1".encode()).steps[0].text == "SET x.y = 'čé'".encode()
    assert verdict("SELECT 'é'; SET x.y = 'a'".encode("latin-1")).steps[0].name == "x.y"


@pytest.mark.parametrize(
    "sql", [f"SET {MODE} = 'off'", f"SET LOCAL {MODE.upper()} TO eventual", f"RESET {MODE}", "RESET ALL", "DISCARD ALL"]
)
def test_what_changes_the_mode(sql: str) -> None:
    assert verdict(sql.encode()).touches_mode
    assert not verdict(sql.encode()).wrong_mode


def test_a_mode_that_there_is_not() -> None:
    assert verdict(f"SET {MODE} = 'maybe'".encode()).wrong_mode == "maybe"
