"""For tests: a cloud whose databases are PostgreSQL's own processes, with or without a network of packets."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from fogbank.aws.errors import WorldError
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.planes import process
from fogbank.planes.engines.engine import Engines, until
from fogbank.planes.engines.postgresql.node import Postgres
from fogbank.planes.engines.proxy.processes import ProxyProcesses
from fogbank.planes.net.net import Net
from fogbank.services.rds.resources import Instance
from fogbank.testing import TestCloud
from fogbank.testing.network import Network

PASSWORD = "correct-horse-9"
REGION = "us-east-1"
_PATIENCE_SECONDS = 60.0


def real(net: Net) -> Postgres:
    """PostgreSQL as this machine has it, under a prefix that no other cloud has; templates are shared by all tests."""
    cache = Path(tempfile.gettempdir()) / f"fogbank-templates-{os.getuid()}"
    prefix = f"fbdb{uuid.uuid4().hex[:8]}"
    return Postgres(Engines(Path(tempfile.gettempdir()) / prefix, prefix, net), cache)


def real_proxies(net: Net) -> ProxyProcesses:
    """Proxies as processes, in a folder that no other cloud has."""
    prefix = f"fbpx{uuid.uuid4().hex[:8]}"
    return ProxyProcesses(Engines(Path(tempfile.gettempdir()) / prefix, prefix, net), net.path)


def soon(ask: Callable[[], object], wanted: object) -> None:
    """Ask until it is so: a reader may be late, and may not be late for ever."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while (found := _answer(ask)) != wanted:
        assert time.monotonic() < ends_at, f"{found}, and never {wanted}"


def _answer(ask: Callable[[], object]) -> object:
    """What is answered, also that the table is not there yet."""
    try:
        return ask()
    except (psycopg.Error, WorldError) as error:
        return error


class Rds:
    """An account with databases. Each call has all that follows from it done."""

    def __init__(self, cloud: TestCloud, network: Network | None = None, account: str = "111111111111") -> None:
        self.cloud = cloud
        self.network = network
        self.account = account

    @property
    def caller(self) -> Caller:
        """The root of the account."""
        return callers.root(self.account)

    def __call__(self, operation: str, *, region: str = REGION, **params: Any) -> dict[str, Any]:
        """An operation of RDS."""
        found = self.cloud.call("rds", operation, params, region=region, caller=self.caller)
        self.cloud.run(self.cloud.cloud.settled())
        return found

    def instance(self, identifier: str, **more: Any) -> dict[str, Any]:
        """An instance, made and available, whose master is `ann`; what DescribeDBInstances shows of it."""
        wanted = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20}
        login = {"MasterUsername": "ann", "MasterUserPassword": PASSWORD}
        self("CreateDBInstance", DBInstanceIdentifier=identifier, **{**wanted, **login, **more})
        return self.shown(identifier)

    def cluster(self, identifier: str, members: int = 1, **more: Any) -> dict[str, Any]:
        """An Aurora cluster of `<identifier>-1` (the writer), `-2`, …; what DescribeDBClusters shows of it."""
        login = {"MasterUsername": "ann", "MasterUserPassword": PASSWORD}
        self("CreateDBCluster", DBClusterIdentifier=identifier, Engine="aurora-postgresql", **{**login, **more})
        for number in range(1, members + 1):
            self(
                "CreateDBInstance",
                DBInstanceIdentifier=f"{identifier}-{number}",
                DBClusterIdentifier=identifier,
                Engine="aurora-postgresql",
                DBInstanceClass="db.r6g.large",
            )
        return self.shown_cluster(identifier)

    def shown_cluster(self, identifier: str) -> dict[str, Any]:
        """What DescribeDBClusters shows of a cluster."""
        found: dict[str, Any] = self("DescribeDBClusters", DBClusterIdentifier=identifier)["DBClusters"][0]
        return found

    def shown(self, identifier: str, **more: Any) -> dict[str, Any]:
        """What DescribeDBInstances shows of an instance."""
        found: dict[str, Any] = self("DescribeDBInstances", DBInstanceIdentifier=identifier, **more)["DBInstances"][0]
        return found

    def record(self, identifier: str) -> Instance:
        """An instance as it is remembered."""
        ctx = self.cloud.cloud.context("rds", "look", self.caller, REGION)
        with ctx.begin():
            found: Instance | None = ctx.get(Instance, identifier)
        assert found is not None
        return found

    def inside(self, identifier: str, statement: str, seat: int = 0) -> list[tuple[Any, ...]]:
        """What a node of an instance says to the superuser, past every endpoint."""
        name = self.record(identifier).seats[seat].name
        return list(self.cloud.run(self.cloud.cloud.databases.rows(name, statement)))

    def process_of(self, identifier: str) -> process.Process:
        """The process of an instance's primary."""
        databases = self.cloud.cloud.databases
        assert isinstance(databases, Postgres)
        running = databases.engines.found(self.record(identifier).node)
        assert running is not None
        return running

    def kill(self, identifier: str) -> None:
        """`kill -9` the primary of an instance, and wait until all that follows from it is done."""
        running = self.process_of(identifier)
        os.kill(running.pid, signal.SIGKILL)
        self.await_end(running)

    def await_end(self, running: process.Process) -> None:
        """Wait until a process has ended, and all that follows from it is done."""

        async def story() -> None:
            await until(lambda: _has_ended(running), 10.0)
            # The loop has to hear of it before anything can follow: it looks once in each turn, behind what is ready.
            for _ in range(3):
                await asyncio.sleep(0)
            await self.cloud.cloud.settled()

        self.cloud.run(story())

    def sql(self, endpoint: dict[str, Any], statement: str, **login: Any) -> list[tuple[Any, ...]]:
        """What a statement gives through an endpoint (Address and Port), from the host, as the master."""
        who = {"user": "ann", "password": PASSWORD, "dbname": "postgres", "connect_timeout": 5, **login}
        return self.cloud.run(_rows(endpoint, statement, who))  # type: ignore[no-any-return]


async def _has_ended(running: process.Process) -> bool:
    return not process.is_running(running)


async def _rows(endpoint: dict[str, Any], statement: str, login: dict[str, Any]) -> list[tuple[Any, ...]]:
    where = {"host": endpoint["Address"], "port": endpoint["Port"]}
    async with await psycopg.AsyncConnection.connect(**where, **login, autocommit=True) as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []
