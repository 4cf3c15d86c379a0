"""What a client of a reader that forwards writes sees is what it sees of the writer itself; and what it never sees."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus
from tests.databases.forwarding import PASSWORD, Pair, Place

from fogbank.planes.engines.postgresql import servers

SERVERS = servers.found()
LAG_MS = 8
MODE = "apg_write_forward.consistency_mode"


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server.version)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(request.param, tmp_path_factory.mktemp("pair"), LAG_MS)
    yield made
    made.close()


# The same through the front as from the writer

SCRIPTS: dict[str, list[str]] = {
    "constants": ["SELECT 1, 'a', NULL, true", "SELECT"],
    "by key": ["SELECT * FROM items WHERE id = 1", "SELECT name FROM items WHERE id = 99"],
    "unicode": ["SELECT name FROM items WHERE name = 'čedar'", "UPDATE items SET name = 'čédär' WHERE id = 3"],
    "types": ["SELECT tags, body, raw, price, made FROM items ORDER BY id", "SELECT ARRAY[1, 2], '1 day'::interval"],
    "insert and read": [
        "INSERT INTO items (kind, name) VALUES (1, 'elm') RETURNING id, made",
        "SELECT id, kind, name FROM items ORDER BY id",
    ],
    "read your writes": [
        "UPDATE counters SET n = n + 1 WHERE id = 1",
        "SELECT n FROM counters WHERE id = 1",
        "UPDATE counters SET n = n + 1 WHERE id = 1",
        "SELECT n FROM counters WHERE id = 1",
    ],
    "nothing to update": ["UPDATE items SET price = 1 WHERE id = 99", "DELETE FROM items WHERE id = 99"],
    "delete": ["DELETE FROM items WHERE id > 1 RETURNING name", "SELECT count(*) FROM items"],
    "upsert": [
        "INSERT INTO items (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET price = 7 RETURNING price",
        "SELECT price FROM items WHERE id = 1",
    ],
    "merge": [
        "MERGE INTO items USING kinds ON items.kind = kinds.id WHEN MATCHED THEN UPDATE SET price = 3",
        "SELECT id, price FROM items ORDER BY id",
    ],
    "changing query": [
        "WITH gone AS (DELETE FROM items WHERE id = 2 RETURNING name) SELECT name FROM gone",
        "SELECT count(*) FROM items",
    ],
    "insert from query": [
        "INSERT INTO items (name) SELECT 'n' || g FROM generate_series(1, 50) g",
        "SELECT count(*), max(id) FROM items",
    ],
    "commit": [
        "BEGIN",
        "SELECT count(*) FROM items",
        "INSERT INTO items (name) VALUES ('fir')",
        "SELECT count(*) FROM items",
        "COMMIT",
        "SELECT count(*) FROM items",
    ],
    "rollback": [
        "BEGIN",
        "UPDATE counters SET n = 5 WHERE id = 2",
        "SELECT n FROM counters WHERE id = 2",
        "ROLLBACK",
        "SELECT n FROM counters WHERE id = 2",
    ],
    "transaction that reads": ["BEGIN", "SELECT 1", "SELECT count(*) FROM items", "COMMIT"],
    "two transactions": [
        "BEGIN",
        "UPDATE counters SET n = 1 WHERE id = 1",
        "COMMIT",
        "BEGIN",
        "SELECT n FROM counters WHERE id = 1",
        "UPDATE counters SET n = n + 1 WHERE id = 1",
        "COMMIT",
        "SELECT n FROM counters WHERE id = 1",
    ],
    "read only": ["BEGIN READ ONLY", "SELECT 1", "UPDATE counters SET n = 1", "ROLLBACK"],
    "repeatable read": [
        "BEGIN ISOLATION LEVEL REPEATABLE READ",
        "SELECT count(*) FROM items",
        "INSERT INTO items (name) VALUES ('oak')",
        "SHOW transaction_isolation",
        "COMMIT",
    ],
    "unique": ["INSERT INTO items (name) VALUES ('ash')", "SELECT count(*) FROM items"],
    "foreign key": ["UPDATE items SET kind = 9 WHERE id = 1", "SELECT kind FROM items WHERE id = 1"],
    "check": ["UPDATE items SET price = -1 WHERE id = 1"],
    "not null": ["INSERT INTO items (kind) VALUES (1)"],
    "syntax": ["SELEC 1", "SELECT 1"],
    "no table": ["SELECT * FROM nowhere", "UPDATE nowhere SET a = 1", "SELECT 1"],
    "no column": ["UPDATE items SET nothing = 1", "SELECT nothing FROM items"],
    "failed transaction": [
        "BEGIN",
        "SELECT 1 / 0",
        "SELECT 1",
        "INSERT INTO items (name) VALUES ('no')",
        "COMMIT",
        "SELECT count(*) FROM items",
    ],
    "failed write": [
        "BEGIN",
        "INSERT INTO items (name) VALUES ('yes')",
        "INSERT INTO items (name) VALUES ('ash')",
        "SELECT 1",
        "ROLLBACK",
        "SELECT count(*) FROM items",
    ],
    "savepoint of reads": ["BEGIN", "SAVEPOINT a", "SELECT 1 / 0", "ROLLBACK TO a", "SELECT 2", "RELEASE a", "COMMIT"],
    "write after a savepoint is gone": [
        "BEGIN",
        "SAVEPOINT a",
        "SELECT 1",
        "RELEASE a",
        "UPDATE counters SET n = 3 WHERE id = 3",
        "COMMIT",
        "SELECT n FROM counters WHERE id = 3",
    ],
    "setting": [
        "SET datestyle = 'German'",
        "SELECT date '2026-02-01'",
        "INSERT INTO items (name) VALUES (date '2026-02-01'::text) RETURNING name",
        "SHOW datestyle",
        "RESET datestyle",
        "INSERT INTO items (name) VALUES (date '2026-02-01'::text) RETURNING name",
    ],
    "settings in order": [
        "SET extra_float_digits = 0",
        "SET TIME ZONE 'Asia/Tokyo'",
        "UPDATE items SET name = made::text WHERE id = 1 RETURNING name",
        "RESET ALL",
        "UPDATE items SET name = made::text WHERE id = 1 RETURNING name",
    ],
    "setting for a transaction": [
        "BEGIN",
        "SET LOCAL datestyle = 'German'",
        "UPDATE items SET name = date '2026-03-01'::text WHERE id = 1 RETURNING name",
        "SHOW datestyle",
        "COMMIT",
        "SHOW datestyle",
        "UPDATE items SET name = date '2026-03-01'::text WHERE id = 1 RETURNING name",
    ],
    "setting of a transaction": [
        "BEGIN",
        "UPDATE counters SET n = 1 WHERE id = 1",
        "SET datestyle = 'German'",
        "COMMIT",
        "SELECT date '2026-03-01'::text",
    ],
    "setting that is rolled back": [
        "BEGIN",
        "SET datestyle = 'German'",
        "ROLLBACK",
        "UPDATE items SET name = date '2026-03-01'::text WHERE id = 1 RETURNING name",
    ],
    "set_config": [
        "SELECT set_config('datestyle', 'German', false)",
        "UPDATE items SET name = date '2026-04-01'::text WHERE id = 1 RETURNING name",
    ],
    "role": ["SELECT session_user, current_user", "SET ROLE ann", "UPDATE items SET name = current_user WHERE id = 1"],
    "prepared by SQL": [
        "PREPARE up(int) AS UPDATE counters SET n = n + $1 WHERE id = 1 RETURNING n",
        "PREPARE get AS SELECT n FROM counters WHERE id = 1",
        "EXECUTE up(2)",
        "EXECUTE get",
        "EXECUTE up(3)",
        "DEALLOCATE up",
        "EXECUTE up(3)",
        "EXECUTE get",
        "DEALLOCATE ALL",
        "EXECUTE get",
    ],
    "for update": [
        "BEGIN",
        "SELECT n FROM counters WHERE id = 4 FOR UPDATE",
        "UPDATE counters SET n = n + 1 WHERE id = 4 RETURNING n",
        "COMMIT",
    ],
    "explain": ["EXPLAIN (COSTS OFF) UPDATE counters SET n = 1", "EXPLAIN (COSTS OFF) SELECT 1"],
    "many rows": ["SELECT g, repeat('x', g % 100) FROM generate_series(1, 3000) g"],
    "large values": [
        "SELECT repeat('y', 300000)",
        "UPDATE items SET body = to_jsonb(repeat('z', 200000)) WHERE id = 1 RETURNING length(body::text)",
        "SELECT length(body::text) FROM items WHERE id = 1",
    ],
    "time out": ["SET statement_timeout = '30ms'", "SELECT pg_sleep(5)", "SELECT 1"],
    "error of a function": ["SELECT to_date('x', 'YYYY')", "SELECT 1"],
    "discard": ["SET datestyle = 'German'", "DISCARD ALL", "SHOW datestyle", "UPDATE counters SET n = 1 WHERE id = 1"],
    "nothing": ["", "-- no more", "SELECT 1"],
}


def psycopg_error(error: psycopg.Error) -> tuple[Any, ...]:
    said = error.diag
    return "error", error.sqlstate, said.message_primary, said.message_hint, said.constraint_name, said.context


def shown(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    names = [(column.name, column.type_code) for column in cursor.description or ()]
    return names, cursor.fetchall() if cursor.description else None, cursor.statusmessage, cursor.rowcount


def by_psycopg(place: Place, script: list[str], **how: Any) -> list[Any]:
    found: list[Any] = []
    with psycopg.connect(**place.login(), autocommit=True) as connection:
        for statement in script:
            try:
                found.append(shown(connection.cursor(binary=how.get("binary", False)).execute(statement, **how)))
            except psycopg.Error as error:
                found.append(psycopg_error(error))
            found.append(connection.info.transaction_status)
    return found


def simple(place: Place, script: list[str]) -> list[Any]:
    return by_psycopg(place, script)


def extended(place: Place, script: list[str]) -> list[Any]:
    return by_psycopg(place, script, binary=True)


def prepared(place: Place, script: list[str]) -> list[Any]:
    return by_psycopg(place, [*script, *script], prepare=True)


def at_once(place: Place, script: list[str]) -> list[Any]:
    """All statements in one query string."""
    found: list[Any] = []
    with psycopg.connect(**place.login(), autocommit=True) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute(";".join(script))
            found.append(shown(cursor))
            while cursor.nextset():
                found.append(shown(cursor))
        except psycopg.Error as error:
            found.append(psycopg_error(error))
        found.append(connection.info.transaction_status)
    return found


def pipelined(place: Place, script: list[str]) -> list[Any]:
    found: list[Any] = []
    with psycopg.connect(**place.login(), autocommit=True) as connection:
        try:
            with connection.pipeline() as pipeline:
                cursors = []
                for statement in script:
                    cursors.append(connection.cursor())
                    cursors[-1].execute(statement)
                    pipeline.sync()
                for cursor in cursors:
                    found.append(shown(cursor))
        except psycopg.Error as error:
            found.append(psycopg_error(error))
        found.append(connection.info.transaction_status)
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.execute("ROLLBACK")
        found.append(connection.execute("SELECT count(*) FROM items").fetchall())
    return found


def by_asyncpg(place: Place, story: Callable[[asyncpg.Connection], Any]) -> Any:
    async def called() -> Any:
        connection = await asyncpg.connect(
            host=place.host, port=place.port, user="ann", password=PASSWORD, database="postgres", ssl=False
        )
        try:
            return await story(connection)
        finally:
            await connection.close()

    return asyncio.run(called())


def asyncpg_error(error: asyncpg.PostgresError) -> tuple[Any, ...]:
    return "error", error.sqlstate, str(error), getattr(error, "detail", None), getattr(error, "hint", None)


def fetched(place: Place, script: list[str]) -> list[Any]:
    async def story(connection: asyncpg.Connection) -> list[Any]:
        found: list[Any] = []
        for statement in script:
            try:
                made = await connection.prepare(statement)
                found.append([tuple(row) for row in await made.fetch()])
                found.append((made.get_statusmsg(), [one.name for one in made.get_attributes()]))
                found.append([tuple(row) for row in await connection.fetch(statement)])
            except asyncpg.PostgresError as error:
                found.append(asyncpg_error(error))
            found.append(connection.is_in_transaction())
        return found

    return by_asyncpg(place, story)  # type: ignore[no-any-return]


def executed(place: Place, script: list[str]) -> list[Any]:
    async def story(connection: asyncpg.Connection) -> list[Any]:
        found: list[Any] = []
        # It has no answer to nothing.
        for statement in filter(re.compile("[A-Z]").match, script):
            try:
                found.append(await connection.execute(statement))
            except asyncpg.PostgresError as error:
                found.append(asyncpg_error(error))
            found.append(connection.is_in_transaction())
        return found

    return by_asyncpg(place, story)  # type: ignore[no-any-return]


WAYS = (simple, extended, prepared, at_once, pipelined, fetched, executed)


CASES = [
    pytest.param(name, way, id=f"{name}-{way.__name__}")
    for name in SCRIPTS
    for way in WAYS
    # What is forwarded as one may not have savepoints: Aurora does not support them.
    if (name, way) != ("write after a savepoint is gone", at_once)
]


@pytest.mark.parametrize(("name", "way"), CASES)
def test_a_script_does_the_same(pair: Pair, name: str, way: Callable[[Place, list[str]], list[Any]]) -> None:
    pair.fresh()
    direct = way(pair.writer, SCRIPTS[name])
    rows = pair.sql("writer", "SELECT * FROM items ORDER BY id")
    pair.fresh()
    assert way(pair.front, SCRIPTS[name]) == direct
    assert pair.sql("writer", "SELECT * FROM items ORDER BY id") == rows


# What drivers do besides


def copies_out(place: Place) -> Any:
    with psycopg.connect(**place.login(), autocommit=True) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY items (id, name, tags) TO STDOUT") as copied:
            text = b"".join(bytes(piece) for piece in copied)
        with cursor.copy("COPY (SELECT g FROM generate_series(1, 50000) g) TO STDOUT") as copied:
            rows = sum(1 for _ in copied.rows())
        return text, rows, cursor.execute("SELECT 1").fetchall()


def copies_out_by_asyncpg(place: Place) -> Any:
    async def story(connection: asyncpg.Connection) -> Any:
        pieces: list[bytes] = []

        async def taken(piece: bytes) -> None:
            pieces.append(piece)

        said = await connection.copy_from_query("SELECT * FROM items ORDER BY id", output=taken, format="csv")
        return said, b"".join(pieces)

    return by_asyncpg(place, story)


def copies_out_badly(place: Place) -> Any:
    with psycopg.connect(**place.login(), autocommit=True) as connection, connection.cursor() as cursor:
        try:
            with cursor.copy("COPY (SELECT 1 / (3 - g) FROM generate_series(1, 5) g) TO STDOUT") as copied:
                list(copied.rows())
        except psycopg.Error as error:
            return psycopg_error(error), cursor.execute("SELECT 2").fetchall()


def notices(place: Place) -> Any:
    heard: list[Any] = []
    with psycopg.connect(**place.login(), autocommit=True) as connection:
        connection.add_notice_handler(lambda said: heard.append((said.severity, said.message_primary)))
        connection.execute("SELECT told('one')")
        connection.execute("UPDATE items SET name = told('two') WHERE id = 1")
        connection.execute("SET LOCAL datestyle = 'German'")
        connection.execute("COMMIT")
    return heard


def many_values(place: Place) -> Any:
    with psycopg.connect(**place.login(), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO items (name, price) VALUES (%s, %s) RETURNING name", [(f"n{one}", one) for one in range(40)],
            returning=True,
        )  # fmt: skip
        first = cursor.fetchall()
        cursor.executemany("UPDATE items SET price = %s WHERE name = %s", [(1, f"n{one}") for one in range(40)])
        return first, cursor.rowcount, cursor.execute("SELECT sum(price) FROM items").fetchall()


def blocks(place: Place) -> Any:
    """psycopg's transactions, kept and undone, without nesting."""
    with psycopg.connect(**place.login(), autocommit=False) as connection:
        connection.execute("SELECT 1")
        connection.execute("UPDATE counters SET n = 1 WHERE id = 5")
        connection.commit()
        with connection.transaction():
            connection.execute("UPDATE counters SET n = n + 1 WHERE id = %s", (5,))
        with connection.transaction(force_rollback=True):
            connection.execute("UPDATE counters SET n = n + 10 WHERE id = %s", (5,))
        try:
            with connection.transaction():
                connection.execute("UPDATE counters SET n = n + 100 WHERE id = %s", (5,))
                connection.execute("SELECT 1 / 0")
        except errors.DivisionByZero as error:
            found = psycopg_error(error)
        return found, connection.execute("SELECT n FROM counters WHERE id = 5").fetchall()


def prepares_often(place: Place) -> Any:
    """More statements than psycopg keeps: it lets go of old ones."""
    found = []
    with psycopg.connect(**place.login(), autocommit=True, prepare_threshold=0) as connection:
        connection.prepared_max = 3
        for number in range(24):
            table = ("items", "counters")[number % 2]
            found.append(connection.execute(f"SELECT count(*) + {number % 7} FROM {table}").fetchall())
            changed = f"UPDATE counters SET n = n + {number % 5} WHERE id = %s RETURNING n"
            found.append(connection.execute(changed, (6,)).fetchall())
    return found


def both_ways(place: Place) -> Any:
    """One prepared statement in and out of transactions that write."""

    async def story(connection: asyncpg.Connection) -> Any:
        read = await connection.prepare("SELECT n FROM counters WHERE id = $1")
        write = await connection.prepare("UPDATE counters SET n = n + $2 WHERE id = $1 RETURNING n")
        found = [await read.fetchval(7), await write.fetchval(7, 1), await read.fetchval(7)]
        async with connection.transaction():
            found += [await read.fetchval(7), await write.fetchval(7, 2), await read.fetchval(7)]
        found += [await read.fetchval(7), await write.fetchval(7, 3), await read.fetchval(7)]
        async with connection.transaction(isolation="repeatable_read"):
            found += [await write.fetchval(7, 4), await read.fetchval(7)]
        return [*found, await read.fetchval(7)]

    return by_asyncpg(place, story)


def many_by_asyncpg(place: Place) -> Any:
    async def story(connection: asyncpg.Connection) -> Any:
        await connection.executemany("INSERT INTO items (name) VALUES ($1)", [(f"m{one}",) for one in range(100)])
        try:
            await connection.executemany("INSERT INTO items (name) VALUES ($1)", [("new",), ("ash",)])
        except asyncpg.PostgresError as error:
            found = asyncpg_error(error)
        return found, await connection.fetchval("SELECT count(*) FROM items")

    return by_asyncpg(place, story)


def cursor_by_asyncpg(place: Place) -> Any:
    async def story(connection: asyncpg.Connection) -> Any:
        async with connection.transaction():
            rows = connection.cursor("SELECT g FROM generate_series(1, 130) g", prefetch=50)
            return [row[0] async for row in rows]

    return by_asyncpg(place, story)


def cursor_by_psycopg(place: Place) -> Any:
    with psycopg.connect(**place.login()) as connection, connection.cursor(name="c") as cursor:
        cursor.itersize = 40
        cursor.execute("SELECT g FROM generate_series(1, 130) g")
        return [row[0] for row in cursor]


def resets(place: Place) -> Any:
    async def story(connection: asyncpg.Connection) -> Any:
        await connection.execute("SET datestyle = 'German'")
        before = await connection.fetchval(
            "UPDATE items SET name = '2026-01-02'::date::text WHERE id = 1 RETURNING name"
        )
        await connection.reset()
        after = await connection.fetchval(
            "UPDATE items SET name = '2026-01-02'::date::text WHERE id = 1 RETURNING name"
        )
        return before, after

    return by_asyncpg(place, story)


def in_one_go(place: Place) -> Any:
    """A pipeline that fails in its midst: what comes up to the next Sync is passed over."""
    found = []
    with psycopg.connect(**place.login(), autocommit=True) as connection:
        for statements in (["INSERT INTO items (name) VALUES ('p')", "SELECT 1 / 0", "SELECT 3"], ["SELECT 4"]):
            try:
                with connection.pipeline():
                    cursors = [connection.execute(one) for one in statements]
                found.append([cursor.fetchall() if cursor.description else None for cursor in cursors])
            except psycopg.Error as error:
                found.append(psycopg_error(error))
        return found, connection.execute("SELECT count(*) FROM items").fetchall()


def interrupted(place: Place) -> Any:
    found = []
    with psycopg.connect(**place.login(), autocommit=True) as connection:
        for statement in ("SELECT pg_sleep(20)", "UPDATE counters SET n = 1 WHERE id = 8 AND pg_sleep(20) IS NULL"):
            canceller = threading.Timer(0.1, connection.cancel)
            canceller.start()
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                found.append(psycopg_error(error)[:3])
            canceller.join()
            found.append(connection.execute("SELECT 1").fetchall())
    return found


def logs_in(place: Place) -> Any:
    """Who may not come in."""
    found = []
    for wrong in ({"password": "wrong"}, {"user": "nobody"}, {"dbname": "nowhere"}, {"options": "-c work_mem=much"}):
        try:
            psycopg.connect(**place.login(**wrong)).close()
        except psycopg.Error as error:
            found.append(re.sub(r".*(FATAL: .*)", r"\1", str(error), flags=re.S))
    with psycopg.connect(**place.login(application_name="shop", options="-c datestyle=German")) as connection:
        found.append(connection.execute("SHOW datestyle").fetchall())
        written = (
            "UPDATE items SET name = '2026-02-03'::date::text || current_setting('application_name') RETURNING name"
        )
        found.append(connection.execute(f"{written[:-15]} WHERE id = 1 RETURNING name").fetchall())
        told = ("server_encoding", "client_encoding", "is_superuser", "session_authorization", "DateStyle", "TimeZone")
        found.append([connection.info.parameter_status(name) for name in told])
    return found


DOINGS = (
    copies_out, copies_out_by_asyncpg, copies_out_badly, notices, many_values, blocks, prepares_often, both_ways,
    many_by_asyncpg, cursor_by_asyncpg, cursor_by_psycopg, resets, in_one_go, interrupted, logs_in,
)  # fmt: skip


@pytest.mark.parametrize("doing", DOINGS, ids=lambda doing: doing.__name__)
def test_a_driver_does_the_same(pair: Pair, doing: Callable[[Place], Any]) -> None:
    pair.fresh()
    direct = doing(pair.writer)
    rows = pair.sql("writer", "SELECT id, kind, name FROM items ORDER BY name")
    pair.fresh()
    assert doing(pair.front) == direct
    assert pair.sql("writer", "SELECT id, kind, name FROM items ORDER BY name") == rows


@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
def test_pgbench_runs_through_it(pair: Pair, protocol: str) -> None:
    pgbench = pair.server.program("pgbench")
    place = [f"--host={pair.front.host}", "--username=ann", "postgres"]
    pair.sql("writer", "GRANT ALL ON SCHEMA public TO ann")
    login = {"PGPASSWORD": PASSWORD, "LD_LIBRARY_PATH": str(pair.server.programs.parent / "lib")}
    direct = [pgbench, f"--host={pair.writer.host}", "--username=ann", "-i", "-q", "-I", "dtGp", "postgres"]
    subprocess.run(direct, env=login, check=True, capture_output=True)
    pair.fresh()
    options = ["--client=3", "--transactions=40", "--no-vacuum", f"--protocol={protocol}"]
    ran = subprocess.run([pgbench, *options, *place], env=login, check=False, capture_output=True, text=True)
    assert "number of transactions actually processed: 120/120" in ran.stdout, ran.stderr
    assert pair.sql("writer", "SELECT count(*), sum(delta) = (SELECT sum(abalance) FROM pgbench_accounts) FROM"
                    " pgbench_history") == [(120, True)]  # fmt: skip
    pair.sql("writer", "DROP TABLE pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers")


# Consistency


def stale(pair: Pair, mode: str, times: int) -> int:
    """How often a session does not read what it has just written."""
    found = 0
    with pair.connect(pair.front, options=f"-c {MODE}={mode}") as connection:
        for _ in range(times):
            written = connection.execute("UPDATE counters SET n = n + 1 WHERE id = 10 RETURNING n").fetchone()
            found += connection.execute("SELECT n FROM counters WHERE id = 10").fetchone() != written
    return found


@pytest.mark.parametrize("mode", ["session", "GLOBAL"])
def test_sessions_read_what_they_wrote(pair: Pair, mode: str) -> None:
    pair.fresh()
    pair.lag(15)
    try:
        assert stale(pair, mode, 200) == 0
    finally:
        pair.lag(LAG_MS)


def test_an_eventual_session_reads_what_is_there(pair: Pair) -> None:
    pair.fresh()
    pair.lag(15)
    try:
        assert stale(pair, "eventual", 50) > 25
    finally:
        pair.lag(LAG_MS)


@pytest.mark.parametrize(("mode", "is_seen"), [("global", True), ("session", False)])
def test_only_a_global_session_waits_for_what_others_wrote(pair: Pair, mode: str, is_seen: bool) -> None:
    pair.fresh()
    seen = []
    with pair.connect(pair.front, options=f"-c {MODE}={mode}") as reader, pair.connect(pair.writer) as writer:
        for number in range(1, 40):
            writer.execute("UPDATE counters SET n = %s WHERE id = 11", (number,))
            seen.append(reader.execute("SELECT n FROM counters WHERE id = 11").fetchone() == (number,))
    assert all(seen) if is_seen else not all(seen)


def test_who_commits_without_waiting_reads_it_all_the_same(pair: Pair) -> None:
    pair.fresh()
    with pair.connect(pair.front) as connection:
        connection.execute("SET synchronous_commit = off")
        for _ in range(20):
            written = connection.execute("UPDATE counters SET n = n + 1 WHERE id = 12 RETURNING n").fetchone()
            assert connection.execute("SELECT n FROM counters WHERE id = 12").fetchone() == written


def test_off_forwards_nothing(pair: Pair) -> None:
    pair.fresh()
    with pair.connect(pair.front, options=f"-c {MODE}=off") as connection:
        with pytest.raises(errors.ReadOnlySqlTransaction):
            connection.execute("UPDATE counters SET n = 1 WHERE id = 1")
        connection.execute(f"SET {MODE} = 'session'")
        connection.execute("UPDATE counters SET n = 1 WHERE id = 1")
        with connection.transaction():
            connection.execute(f"SET LOCAL {MODE} = off")
        connection.execute("UPDATE counters SET n = 2 WHERE id = 1")
        connection.execute("BEGIN")
        connection.execute(f"SET LOCAL {MODE} = 'off'")
        with pytest.raises(errors.ReadOnlySqlTransaction):
            connection.execute("UPDATE counters SET n = 3 WHERE id = 1")
        connection.execute("ROLLBACK")
        assert connection.execute("SELECT n FROM counters WHERE id = 1").fetchone() == (2,)
        with pytest.raises(errors.InvalidParameterValue, match="Available values: off, session, eventual, global"):
            connection.execute(f"SET {MODE} = 'sometimes'")
        assert connection.execute(f"SHOW {MODE}").fetchone() == ("session",)


def test_a_role_and_a_database_have_modes(pair: Pair) -> None:
    def mode() -> Any:
        pair.fresh()
        with pair.connect(pair.front) as connection:
            return connection.execute(f"SHOW {MODE}").fetchone()

    assert mode() == ("session",)
    pair.sql("writer", f"ALTER DATABASE postgres SET {MODE} = 'eventual'")
    assert mode() == ("eventual",)
    pair.sql("writer", f"ALTER ROLE ann SET {MODE} = 'off'")
    assert mode() == ("off",)
    with pair.connect(pair.front) as connection, pytest.raises(errors.ReadOnlySqlTransaction):
        connection.execute("UPDATE counters SET n = 1 WHERE id = 1")
    pair.sql("writer", f"ALTER ROLE ann RESET {MODE}", f"ALTER DATABASE postgres RESET {MODE}")


# What is not forwarded

REFUSED = (
    "CREATE TABLE x (a int)", "TRUNCATE items", "GRANT SELECT ON items TO ann", "VACUUM items", "ANALYZE items",
    "LISTEN x", "NOTIFY x", "SELECT * INTO x FROM items", "PREPARE TRANSACTION 'x'", "SELECT bumped()",
    "SELECT nextval(pg_get_serial_sequence('items', 'id'))", "COPY items (name) FROM STDIN", "CREATE TEMP TABLE x ()",
)  # fmt: skip


@pytest.mark.parametrize("statement", REFUSED)
def test_a_reader_refuses_what_is_not_forwarded(pair: Pair, statement: str) -> None:
    with pair.connect(pair.front) as connection:
        with pytest.raises(errors.ReadOnlySqlTransaction):
            if statement.startswith("COPY"):
                with connection.cursor().copy(statement) as copied:
                    copied.write("x\n")
            else:
                connection.execute(statement)
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    ["SAVEPOINT a", "LOCK TABLE items", "TRUNCATE items", "COPY items TO STDOUT", "DECLARE c CURSOR FOR SELECT 1",
     "NOTIFY x", "CREATE TABLE x (a int)", "SET CONSTRAINTS ALL DEFERRED"],
)  # fmt: skip
def test_a_forwarded_transaction_refuses_it_too(pair: Pair, statement: str) -> None:
    pair.fresh()
    with pair.connect(pair.front) as connection:
        connection.execute("BEGIN")
        connection.execute("UPDATE counters SET n = 1 WHERE id = 1")
        with pytest.raises(errors.FeatureNotSupported, match="not supported with write forwarding"):
            connection.execute(statement)
        with pytest.raises(errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.execute("ROLLBACK")
        assert connection.execute("SELECT n FROM counters WHERE id = 1").fetchone() == (0,)


@pytest.mark.parametrize(
    ("opening", "what"), [("SAVEPOINT a", "savepoints"), ("DECLARE c CURSOR FOR SELECT 1", "cursors")]
)
def test_a_transaction_that_has_something_open_cannot_move(pair: Pair, opening: str, what: str) -> None:
    with pair.connect(pair.front) as connection:
        connection.execute("BEGIN")
        connection.execute(opening)
        with pytest.raises(errors.FeatureNotSupported, match=f"open {what}"):
            connection.execute("UPDATE counters SET n = 1 WHERE id = 1")
        connection.execute("ROLLBACK")
        connection.execute("UPDATE counters SET n = 1 WHERE id = 1")


# Rights


@pytest.mark.parametrize(
    "statement",
    ["RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION DEFAULT", "RESET ROLE", "RESET ALL", "DISCARD ALL",
     "SELECT set_config('session_authorization', 'ann', false)"],
)  # fmt: skip
def test_the_writer_knows_the_client_by_its_own_name(pair: Pair, statement: str) -> None:
    pair.fresh()
    who = "UPDATE items SET name = session_user || ' ' || current_user WHERE id = 1 RETURNING name"
    with pair.connect(pair.front) as connection:
        assert connection.execute(who).fetchone() == ("ann ann",)
        connection.execute(statement)
        assert connection.execute(who).fetchone() == ("ann ann",)
        # As one text it runs on the writer.
        connection.execute(f"UPDATE counters SET n = 1; {statement if statement != 'DISCARD ALL' else 'RESET ALL'}")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("UPDATE pg_authid SET rolsuper = true WHERE rolname = 'ann'")
        connection.execute("BEGIN")
        connection.execute("UPDATE counters SET n = 2")
        connection.execute("DO $$BEGIN EXECUTE 'RESET SESSION AUTHORIZATION'; END$$")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("UPDATE pg_authid SET rolsuper = true WHERE rolname = 'ann'")
        connection.execute("ROLLBACK")
        for other in ("SET ROLE rdsadmin", "SET SESSION AUTHORIZATION rdsadmin"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(other)


@pytest.mark.parametrize(
    "login", [{"user": "rdsadmin"}, {"user": "rdsrepladmin"}, {"replication": "true"}, {"replication": "database"}]
)
def test_nobody_comes_in_as_the_cloud(pair: Pair, login: dict[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError, match="may not come through write forwarding"):
        pair.connect(pair.front, **login)


def test_a_writer_session_that_is_ended_is_opened_again(pair: Pair) -> None:
    pair.fresh()
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ann'"
    with pair.connect(pair.front) as connection:
        connection.execute("SET datestyle = 'German'")
        connection.execute("UPDATE counters SET n = 1 WHERE id = 1")
        pair.sql("writer", end)
        while pair.sql("writer", "SELECT FROM pg_stat_activity WHERE usename = 'ann'"):
            continue
        # A turn for the proxy: what the writer has said to it comes before what it is asked now.
        connection.execute("SELECT")
        found = connection.execute("UPDATE items SET name = date '2026-02-01'::text WHERE id = 1 RETURNING name")
        assert found.fetchone() == ("01.02.2026",)
        connection.execute("BEGIN")
        connection.execute("UPDATE counters SET n = 2 WHERE id = 1")
        pair.sql("writer", end)
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            connection.execute("UPDATE counters SET n = 2 WHERE id = 1")
        assert connection.broken


def test_tls_ends_at_the_front_and_the_password_is_checked_behind_it(pair: Pair) -> None:
    pair.fresh()
    trusted = {"sslmode": "verify-full", "sslrootcert": pair.certificate[0]}
    with pair.connect(pair.private, **trusted) as connection:
        assert connection.pgconn.ssl_in_use
        connection.execute("UPDATE counters SET n = n + 1 WHERE id = 1")
        assert connection.execute("SELECT n, repeat('x', 200000) FROM counters WHERE id = 1").fetchone()[0] == 1
    for wrong, said in (
        ({"sslmode": "disable"}, 'no pg_hba.conf entry for host "127.*no encryption'),
        ({**trusted, "password": "wrong"}, "password authentication failed"),
        ({**trusted, "channel_binding": "require"}, "channel binding"),
    ):
        with pytest.raises(psycopg.OperationalError, match=said):
            pair.connect(pair.private, **wrong)

    async def by_asyncpg() -> Any:
        context = ssl.create_default_context(cafile=pair.certificate[0])
        place = {"host": pair.private.host, "user": "ann", "password": PASSWORD, "database": "postgres"}
        connection = await asyncpg.connect(**place, ssl=context)
        await connection.execute("UPDATE counters SET n = n + 1 WHERE id = 1")
        found = await connection.fetchval("SELECT n FROM counters WHERE id = $1", 1)
        await connection.close()
        return found

    assert asyncio.run(by_asyncpg()) == 2


def test_who_waits_for_the_reader_can_be_interrupted(pair: Pair) -> None:
    pair.fresh()
    with pair.connect(pair.front) as connection:
        pair.sql("reader", "SELECT pg_wal_replay_pause()")
        try:
            # It stops at the next record.
            while pair.sql("reader", "SELECT pg_get_wal_replay_pause_state()") != [("paused",)]:
                pair.sql("writer", "UPDATE counters SET n = 0 WHERE id = 2", "SELECT pg_switch_wal()")
            connection.execute("UPDATE counters SET n = 1 WHERE id = 1")
            canceller = threading.Timer(0.2, connection.cancel)
            canceller.start()
            with pytest.raises(errors.QueryCanceled):
                connection.execute("SELECT n FROM counters WHERE id = 1")
            canceller.join()
            connection.execute(f"SET {MODE} = 'eventual'")
            assert connection.execute("SELECT n FROM counters WHERE id = 1").fetchone() == (0,)
        finally:
            pair.sql("reader", "SELECT pg_wal_replay_resume()")


def test_what_nobody_may_say_is_refused(pair: Pair) -> None:
    for said in (b"GET / HTTP/1.1\r\n\r\n", bytes(8), b"\0\0\0\x09\0\x03\0\0x"):
        with socket.create_connection((pair.front.host, 5432)) as client:
            client.sendall(said)
            assert b"FATAL" in client.recv(1000)
    with pair.connect(pair.front) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
