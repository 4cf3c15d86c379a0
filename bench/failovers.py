"""Databases: how soon the first statement is answered, how long nobody writes when a writer goes, what is lost."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psycopg
from tests.databases.load import Load

from bench.peers import Peer
from fogbank.planes.engines.engine import Engines
from fogbank.planes.engines.postgresql import servers
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.namespaces import prefix_of
from fogbank.testing.process import CloudProcess

LOGIN = {"user": "ann", "password": "correct-horse-9", "dbname": "postgres", "autocommit": True, "connect_timeout": 2}
MASTER = {"MasterUsername": LOGIN["user"], "MasterUserPassword": LOGIN["password"]}
AURORA = {"Engine": "aurora-postgresql", "DBInstanceClass": "db.r6g.large"}
CLUSTER = "bench"


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    """A cloud of this part's own, without a network; nothing of it is compared with emulators, which have no rows."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as folder:
        cloud = CloudProcess(Path(folder) / "state", network="plain")
        cloud.start()
        try:
            rds = _client(cloud)
            births(rds, chosen.rounds)
            failovers(cloud, rds, 20 if chosen.rounds > 1 else 3)
        finally:
            cloud.close()


def _row(name: str, text: str) -> None:
    print(f"{name:34} {'fogbank':10} {text}", flush=True)


def _client(cloud: CloudProcess) -> Any:
    login = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("rds", endpoint_url=cloud.card.url, **login)


# Born


def births(rds: Any, rounds: int) -> None:
    """From the call to the first answer, against what PostgreSQL's own tools take for an empty server."""
    floor = statistics.median(_by_hand() for _ in range(rounds))
    ours = statistics.median(_instance(rds, f"one-{number}") for number in range(rounds))
    _row("instance to its first SQL", f"{ours:6.0f} ms, initdb and start {floor:6.0f} ms: {ours / floor:4.2f} x")
    began = time.perf_counter()
    cluster(rds, 3)
    _row("cluster of three to SQL on each", f"{1000 * (time.perf_counter() - began):6.0f} ms")


def _by_hand() -> float:
    """Milliseconds for initdb and a start, as the user that engines run as."""
    server, engines = servers.found()[0], Engines(Path("/nowhere"), f"fbfloor{os.getpid()}", FakeNet("plain"))
    import asyncio

    async def story() -> float:
        home = engines.home("floor")
        began = time.perf_counter()
        await engines.run("floor", [server.program("initdb"), "-D", str(home / "data"), "-A", "trust"])
        control = [server.program("pg_ctl"), "-D", str(home / "data"), "-w", "-l", str(home / "log")]
        await engines.run("floor", [*control, "-o", f"-k {home} -c listen_addresses=", "start"])
        spent = 1000 * (time.perf_counter() - began)
        await engines.run("floor", [*control, "-m", "immediate", "stop"])
        await engines.clear()
        return spent

    return asyncio.run(story())


def _instance(rds: Any, name: str) -> float:
    """Milliseconds from the call until the first statement is answered; the instance goes again."""
    began = time.perf_counter()
    rds.create_db_instance(
        DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20, **MASTER
    )
    endpoint = _available(rds, name)
    _answered(endpoint)
    spent = 1000 * (time.perf_counter() - began)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    return spent


def _available(rds: Any, name: str) -> dict[str, Any]:
    while True:
        shown = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        if shown["DBInstanceStatus"] == "available":
            endpoint: dict[str, Any] = shown["Endpoint"]
            return endpoint
        time.sleep(0.005)


def _answered(endpoint: dict[str, Any]) -> None:
    while True:
        try:
            with psycopg.connect(host=endpoint["Address"], port=endpoint["Port"], **LOGIN) as connection:
                connection.execute("SELECT 1")
                return
        except psycopg.Error:
            time.sleep(0.005)


def cluster(rds: Any, members: int) -> None:
    """A cluster, each of whose instances answers."""
    rds.create_db_cluster(DBClusterIdentifier=CLUSTER, Engine=AURORA["Engine"], **MASTER)
    names = [f"{CLUSTER}-{number}" for number in range(members)]
    for name in names:
        rds.create_db_instance(DBInstanceIdentifier=name, DBClusterIdentifier=CLUSTER, **AURORA)
    for name in names:
        _answered(_available(rds, name))


# Gone


def failovers(cloud: CloudProcess, rds: Any, times: int) -> None:
    """How long nobody writes when the writer is killed, and when a failover is asked for; and what is lost."""
    shown = rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
    with Load(shown["Endpoint"], shown["Port"], LOGIN).running() as load:
        for name, act in (("writer killed (kill -9)", _kill), ("failover that is asked for", _ask)):
            gaps = []
            for _ in range(times):
                _settled(rds)
                began = time.perf_counter()
                act(cloud, rds)
                gaps.append(load.gap(began))
            gaps.sort()
            text = f"no write for {statistics.median(gaps):5.0f} ms (most {gaps[-1]:5.0f}), {times} times"
            _row(name, f"{text}, {load.lost()} of {len(load.acknowledged)} acknowledged rows lost")


def _settled(rds: Any) -> None:
    """Wait until the cluster has its readers again: a failover needs somebody who takes over."""
    for _ in range(2000):
        shown = rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
        members = [one["DBInstanceIdentifier"] for one in shown["DBClusterMembers"]]
        if shown["Status"] == "available":
            for name in members:
                _answered(_available(rds, name))
            return
        time.sleep(0.005)


def _kill(cloud: CloudProcess, rds: Any) -> None:
    shown = rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
    (writer,) = [one["DBInstanceIdentifier"] for one in shown["DBClusterMembers"] if one["IsClusterWriter"]]
    address = rds.describe_db_instances(DBInstanceIdentifier=writer)["DBInstances"][0]["Endpoint"]["Address"]
    engines = Engines(cloud.state, prefix_of(cloud.state), FakeNet("plain"))
    for name in engines.names():
        configured = engines.folder / name / "postgresql.conf"
        if configured.exists() and f"'{address}'" in configured.read_text():
            running = engines.found(name)
            if running is not None:
                os.kill(running.pid, signal.SIGKILL)


def _ask(cloud: CloudProcess, rds: Any) -> None:
    rds.failover_db_cluster(DBClusterIdentifier=CLUSTER)
