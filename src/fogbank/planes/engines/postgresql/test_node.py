"""PostgreSQL nodes, on every server that this machine has: rows prove what was made, copied, promoted and kept."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import Engines, until
from fogbank.planes.engines.postgresql import control_file, servers
from fogbank.planes.engines.postgresql.files import Following, Node
from fogbank.planes.engines.postgresql.node import Postgres, one
from fogbank.planes.engines.postgresql.servers import Server
from fogbank.planes.net.fake import FakeNet

SERVERS = servers.found()
ADDRESSES = itertools.count(os.getpid() % 200 * 250)
"""Loopback addresses that no other test process takes."""


def address() -> str:
    number = next(ADDRESSES)
    return f"127.77.{number // 250}.{number % 250 + 1}"


@pytest.fixture(params=SERVERS, ids=lambda server: server.version)
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.param
    return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[Callable[[Postgres], Coroutine[Any, Any, None]]], None]]:
    """Runs a story with PostgreSQL, and leaves nothing behind."""

    def called(story: Callable[[Postgres], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            engines = Engines(tmp_path / "state", f"fbpg{os.getpid()}", FakeNet("plain"))
            try:
                await story(Postgres(engines, tmp_path / "cache"))
            finally:
                await engines.clear()
            assert not engines.folder.exists()

        asyncio.run(main())

    return called


@asynccontextmanager
async def primary(postgres: Postgres, server: Server, **more: Any) -> AsyncIterator[Node]:
    """A primary with a table of one row, whose standbys log in with `x`."""
    node = Node("primary", server.version, addresses=(address(),), **more)
    await postgres.create(node)
    await postgres.start(node)
    async with postgres.connect(node.name) as admin:
        await admin.execute("ALTER ROLE rdsrepladmin PASSWORD 'x'")
        await admin.execute("SELECT pg_create_physical_replication_slot('standby', true)")
        await admin.execute("CREATE TABLE t (a int)")
        await admin.execute("INSERT INTO t VALUES (1)")
    yield node


def standby(of: Node) -> Node:
    following = Following(of.addresses[0], of.port, "standby", "standby", "x")
    return of._replace(name="standby", addresses=(address(),), following=following)


async def is_delayed(postgres: Postgres, name: str) -> bool:
    """Whether whoever applies the log has read how late it is to be."""
    postgres.lags.tell()
    return "60000" in (postgres.engines.folder / name / "lag.conf").read_text()


async def rows(postgres: Postgres, name: str) -> int:
    async with postgres.connect(name) as admin:
        return int((await one(admin, "SELECT count(*) FROM t"))[0])


Run = Callable[[Callable[[Postgres], Coroutine[Any, Any, None]]], None]


def test_this_machine_has_a_server() -> None:
    """The extra `postgresql` brings one; without any, most of what follows would be left out silently."""
    assert SERVERS, servers.REMEDY


def test_two_nodes_of_a_template_are_different_clusters(run: Run, server: Server) -> None:
    async def story(postgres: Postgres) -> None:
        identifiers = set()
        for name in ("one", "two"):
            node = Node(name, server.version, addresses=(address(),))
            await postgres.create(node)
            await postgres.start(node)
            async with postgres.connect(name) as admin:
                identifiers.add((await one(admin, "SELECT system_identifier FROM pg_control_system()"))[0])
                roles = await (await admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'rds%'")).fetchall()
                assert {"rds_superuser", "rds_iam", "rdsrepladmin"} <= {name for (name,) in roles}
        assert len(identifiers) == 2

    run(story)


def test_nobody_but_the_cloud_is_the_admin(run: Run, server: Server) -> None:
    async def story(postgres: Postgres) -> None:
        async with primary(postgres, server) as node:
            async with postgres.connect(node.name) as admin:
                await admin.execute("CREATE ROLE ann LOGIN PASSWORD 'secret'")
                await admin.execute("ALTER ROLE rdsadmin PASSWORD 'known'")
            host, port = node.addresses[0], node.port
            async with await psycopg.AsyncConnection.connect(
                host=host, port=port, user="ann", password="secret", dbname="postgres"
            ) as connection:
                assert await one(connection, "SELECT current_user") == ("ann",)
            for user, password in (("ann", "wrong"), ("rdsadmin", "known"), ("rdsrepladmin", "x")):
                with pytest.raises(psycopg.OperationalError):
                    await psycopg.AsyncConnection.connect(
                        host=host, port=port, user=user, password=password, dbname="postgres"
                    )

    run(story)


def test_what_was_committed_outlives_a_kill(run: Run, server: Server) -> None:
    async def story(postgres: Postgres) -> None:
        async with primary(postgres, server) as node:
            running = postgres.engines.found(node.name)
            assert running is not None
            ended = asyncio.Event()
            postgres.engines.watch(node.name, ended.set)
            os.kill(running.pid, signal.SIGKILL)
            await asyncio.wait_for(ended.wait(), 10)
            await postgres.start(node)
            assert await rows(postgres, node.name) == 1

    run(story)


def test_a_standby_follows_and_becomes_a_primary(run: Run, server: Server) -> None:
    async def story(postgres: Postgres) -> None:
        async with primary(postgres, server) as node:
            second = standby(node)
            await postgres.follow(second)
            await postgres.start(second)
            async with postgres.connect(node.name) as admin, postgres.connect(second.name) as reader:
                await admin.execute("SET synchronous_commit = remote_apply")
                await admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                await admin.execute("SELECT pg_reload_conf()")
                await admin.execute("INSERT INTO t VALUES (2)")
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    await reader.execute("INSERT INTO t VALUES (3)")
            await postgres.stop(node.name)
            assert await rows(postgres, second.name) == 2
            await postgres.promote(second.name)
            async with postgres.connect(second.name) as admin:
                await admin.execute("INSERT INTO t VALUES (3)")
            assert await rows(postgres, second.name) == 3

    run(story)


def test_a_standby_applies_as_late_as_it_is_told(run: Run, server: Server) -> None:
    async def story(postgres: Postgres) -> None:
        async with primary(postgres, server) as node:
            second = standby(node)
            await postgres.follow(second)
            await postgres.start(second)
            async with postgres.connect(node.name) as admin, postgres.connect(second.name) as reader:
                postgres.lag(second.name, 60_000, 60_000)
                await until(lambda: is_delayed(postgres, second.name), 10)
                await admin.execute("INSERT INTO t VALUES (2)")
                await admin.execute("SELECT pg_switch_wal()")
                (written,) = await one(admin, "SELECT pg_current_wal_flush_lsn()::text")
                received = "SELECT pg_last_wal_receive_lsn() >= %s::pg_lsn"
                while not (await one(reader, received, written))[0]:
                    continue
                assert await rows(postgres, second.name) == 1, "it has the row, and does not show it"
                await postgres.promote(second.name)
            assert await rows(postgres, second.name) == 2, "nothing that it had is lost"

    run(story)


def test_a_copy_holds_what_was_there_when_it_was_made(run: Run, server: Server) -> None:
    async def story(postgres: Postgres) -> None:
        async with primary(postgres, server) as node:
            await postgres.save(node.name, server.version, "snapshot")
            async with postgres.connect(node.name) as admin:
                await admin.execute("INSERT INTO t VALUES (2)")
            copied = Node("copy", server.version, addresses=(address(),))
            await postgres.copy(copied, "snapshot")
            await postgres.start(copied)
            assert (await rows(postgres, "copy"), await rows(postgres, node.name)) == (1, 2)

    run(story)


def test_a_setting_that_is_wrong_is_said_by_the_server(run: Run, server: Server) -> None:
    async def story(postgres: Postgres) -> None:
        node = Node("one", server.version, addresses=(address(),), parameters={"shared_buffers": "much"})
        await postgres.create(node)
        with pytest.raises(WorldError, match="shared_buffers"):
            await postgres.start(node)
        await postgres.start(node._replace(parameters={}))
        assert not postgres.configure(node._replace(parameters={}))
        assert postgres.configure(node._replace(parameters={"work_mem": "8MB"}))
        await postgres.reload(node.name)
        async with postgres.connect(node.name) as admin:
            while await one(admin, "SELECT current_setting('work_mem')") != ("8MB",):
                continue

    run(story)


def test_a_version_that_is_not_there_is_named(run: Run) -> None:
    async def story(postgres: Postgres) -> None:
        with pytest.raises(WorldError, match=r"PostgreSQL 9.6 is not on this machine: apt-get install postgresql"):
            await postgres.create(Node("old", "9.6"))

    run(story)


def test_a_control_file_gets_another_identifier() -> None:
    from awscrt import checksums

    head = (7).to_bytes(8, "little") + bytes(range(200)) + bytes(80)
    file = head + checksums.crc32c(head).to_bytes(4, "little") + bytes(8000)
    changed = control_file.identified(file, 9)
    assert (control_file.identifier(file), control_file.identifier(changed)) == (7, 9)
    assert control_file.identified(changed, 7) == file
    with pytest.raises(ValueError, match="no control file"):
        control_file.identified(bytes([1]) * 8192, 9)
