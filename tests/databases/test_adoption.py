"""Databases outlive the cloud that made them: what it finds when it comes back is what it left."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from fogbank.planes import process
from fogbank.planes.engines.engine import Engines
from fogbank.planes.engines.postgresql import servers
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.namespaces import prefix_of
from fogbank.testing.databases import PASSWORD
from fogbank.testing.process import CloudProcess

SERVER = servers.found()[0]
LOGIN = {"user": "ann", "password": PASSWORD, "dbname": "postgres"}
SECONDS = 4
PATIENCE_SECONDS = 60


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state", network="plain")
    found.start()
    yield found
    found.close()


def client(cloud: CloudProcess) -> Any:
    login = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("rds", endpoint_url=cloud.card.url, **login)


def instance(cloud: CloudProcess) -> dict[str, Any]:
    """An instance that is available; its endpoint."""
    rds = client(cloud)
    rds.create_db_instance(
        DBInstanceIdentifier="first",
        Engine="postgres",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername=LOGIN["user"],
        MasterUserPassword=PASSWORD,
    )
    waiter = rds.get_waiter("db_instance_available")
    waiter.config.delay = 1
    waiter.wait(DBInstanceIdentifier="first")
    endpoint: dict[str, Any] = rds.describe_db_instances()["DBInstances"][0]["Endpoint"]
    return endpoint


def bench(endpoint: dict[str, Any], *options: str) -> list[str]:
    return [SERVER.program("pgbench"), "-h", endpoint["Address"], "-p", str(endpoint["Port"]), "-U", "ann", *options]


def engines(cloud: CloudProcess) -> dict[str, process.Process]:
    """The servers of the cloud that run, by name."""
    found = Engines(cloud.state, prefix_of(cloud.state), FakeNet("plain"))
    running = {name: found.found(name) for name in found.names()}
    return {name: one for name, one in running.items() if one is not None}


def test_a_client_does_not_notice_that_the_cloud_was_killed(cloud: CloudProcess) -> None:
    endpoint = instance(cloud)
    environ = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run(bench(endpoint, "-i", "-q", "postgres"), env=environ, check=True, capture_output=True, timeout=60)
    before = engines(cloud)
    assert before
    load = subprocess.Popen(
        bench(endpoint, "-c", "4", "-T", str(SECONDS), "postgres"),
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    cloud.kill()
    assert load.poll() is None
    cloud.start()
    output, _ = load.communicate(timeout=60)
    assert load.returncode == 0, output
    assert "number of failed transactions: 0" in output
    assert engines(cloud) == before, "they are the same processes"
    assert client(cloud).describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available"
    with psycopg.connect(host=endpoint["Address"], port=endpoint["Port"], **LOGIN) as connection:
        (done,) = connection.execute("SELECT count(*) FROM pgbench_history").fetchone()  # type: ignore[misc]
    assert f"number of transactions actually processed: {done}\n" in output


def test_a_server_that_died_while_the_cloud_was_away_is_started_when_it_comes_back(cloud: CloudProcess) -> None:
    endpoint = instance(cloud)
    with psycopg.connect(host=endpoint["Address"], port=endpoint["Port"], autocommit=True, **LOGIN) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    cloud.kill()
    (server,) = [one for name, one in engines(cloud).items() if name.startswith("pg-")]
    process.stop(server, wait_seconds=0)
    cloud.start()
    assert answered(endpoint, "SELECT a FROM t") == (1,)


def answered(endpoint: dict[str, Any], statement: str) -> Any:
    """The first row of a query, as soon as a server answers at all."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with psycopg.connect(host=endpoint["Address"], port=endpoint["Port"], **LOGIN) as connection:
                return connection.execute(statement).fetchone()
        except psycopg.OperationalError:
            assert time.monotonic() < ends_at, "it does not come back"


def test_nothing_is_left_of_a_cloud_that_is_taken_down_but_its_data(cloud: CloudProcess) -> None:
    instance(cloud)
    running = engines(cloud)
    cloud.kill()
    assert engines(cloud) == running
    cloud.stop()
    assert engines(cloud) == {}
    cloud.start()
    client(cloud).delete_db_instance(DBInstanceIdentifier="first", SkipFinalSnapshot=True)
