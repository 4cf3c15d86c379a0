"""Analysts get a replica of their own: from approved addresses, to read only, and production does not notice them."""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session

from fogbank.testing.stack import Stack

HERE = Path(__file__).parent
ANALYST, USER, PASSWORD = "analyst", "ann", "correct-horse-9"
_WHO = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM); s.connect((sys.argv[1], 9)); print(s.getsockname()[0])
"""
_ASK = """
import json, sys, time, psycopg
host, user, password, seconds, *statements = json.loads(sys.argv[1])
found = []
try:
    login = dict(user=user, password=password, dbname="shop", connect_timeout=3)
    with psycopg.connect(host=host, autocommit=True, **login) as db:
        for statement in statements:
            try:
                cursor = db.execute(statement)
                found.append(cursor.fetchall() if cursor.description else cursor.statusmessage)
            except psycopg.Error as error:
                found.append(f"{error.sqlstate}: {error}")
        times, ends = [], time.perf_counter() + seconds
        while time.perf_counter() < ends:
            began = time.perf_counter()
            db.execute("UPDATE orders SET paid = NOT paid WHERE id = 1")
            times.append(time.perf_counter() - began)
        found.append(sorted(times)[len(times) // 2] * 1e6 if times else 0)
except psycopg.Error as error:
    found = [f"unreachable: {error}"]
print(json.dumps(found, default=str))
"""
_HEAVY = "SELECT count(*) FROM orders a, orders b WHERE a.id % 7 = b.id % 5"


class Place(NamedTuple):
    """What stands, and where it is found."""

    app: str
    """An interface of the application, in the VPC."""
    stranger: str
    """An interface elsewhere, with a public address that nobody has approved."""
    primary: str
    replica: str
    """The replica's public address."""


class Cloud:
    """The cloud that runs, as its API and from inside its network."""

    def __init__(self) -> None:
        session = botocore.session.get_session()
        self.ec2, self.stacks = session.create_client("ec2"), session.create_client("cloudformation")

    def ask(self, host: str, database: str, *statements: str, user: str = ANALYST, seconds: float = 0.0) -> list[Any]:
        """What a host's statements are answered, and the median of writes in µs for some seconds; or why it is not."""
        words = json.dumps([database, user, PASSWORD, seconds, *statements])
        command = [sys.executable, "-m", "fogbank", "net", "exec", host, "--", sys.executable, "-c", _ASK, words]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if ran.returncode:
            raise SystemExit(ran.stderr)
        found: list[Any] = json.loads(ran.stdout)
        return found

    def office(self, somewhere: str) -> str:
        """The address of `fogbank net exec internet`: the analysts sit there."""
        command = [
            sys.executable,
            "-m",
            "fogbank",
            "net",
            "exec",
            "internet",
            "--",
            sys.executable,
            "-c",
            _WHO,
            somewhere,
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    def begin(self, host: str, database: str, statement: str) -> subprocess.Popen[bytes]:
        """Have a host ask something that takes long."""
        words = json.dumps([database, ANALYST, PASSWORD, 0.0, statement])
        command = [sys.executable, "-m", "fogbank", "net", "exec", host, "--", sys.executable, "-c", _ASK, words]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def public_and_private(self, vpc: str) -> tuple[str, str]:
        """The public address of the replica, and the private one of production, in a VPC."""
        filters = [{"Name": "description", "Values": ["RDSNetworkInterface"]}, {"Name": "vpc-id", "Values": [vpc]}]
        found = self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        (public,) = [one["Association"]["PublicIp"] for one in found if "Association" in one]
        (private,) = [one["PrivateIpAddress"] for one in found if "Association" not in one]
        return public, private


@contextlib.contextmanager
def place(cloud: Cloud) -> Iterator[Place]:
    """Production in private subnets, the analysts' replica in public ones, and two hosts beside; gone in the end."""
    with (
        Stack(cloud.stacks, "stranger", HERE / "stranger.yaml") as away,
        Stack(cloud.stacks, "analyst-replica", HERE / "template.yaml") as here,
    ):
        stranger = away.apply()
        made = here.apply(Office=cloud.office(stranger["address"]), User=USER, Password=PASSWORD)
        public, private = cloud.public_and_private(here.resources()["Vpc"])
        yield Place(made["app"], stranger["host"], private, public)


def told(cloud: Cloud, there: Place, seconds: float) -> dict[str, Any]:
    """What each of them sees."""
    cloud.ask(
        there.app,
        there.primary,
        "CREATE TABLE orders AS SELECT n AS id, false AS paid FROM generate_series(1, 20000) n",
        "CREATE INDEX ON orders (id)",
        f"CREATE ROLE {ANALYST} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ANALYST}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {ANALYST}",
        "CREATE TABLE later AS SELECT 42 AS a",
        user=USER,
    )
    seen: dict[str, Any] = {}
    for _ in range(20):
        seen["office"] = cloud.ask("internet", there.replica, "SELECT count(*) FROM orders", "SELECT a FROM later")
        if seen["office"][1:2] == [[[42]]]:
            break
    seen["writes"] = cloud.ask("internet", there.replica, "DELETE FROM orders", "CREATE TABLE mine (a int)")
    seen["stranger"] = cloud.ask(there.stranger, there.replica, "SELECT 1")
    seen["office on production"] = cloud.ask("internet", there.primary, "SELECT 1")
    before = cloud.ask(there.app, there.primary, user=USER, seconds=seconds)[-1]
    heavy = cloud.begin("internet", there.replica, _HEAVY)
    during = cloud.ask(there.app, there.primary, user=USER, seconds=seconds)[-1]
    seen["is heavy"] = heavy.poll() is None
    heavy.terminate()
    heavy.wait()
    return {**seen, "write before, µs": before, "write meanwhile, µs": during, "ratio": during / before}


def main(argv: Sequence[str]) -> int:
    """Run the story against the cloud that AWS_ENDPOINT_URL names, and print what was seen."""
    parser = argparse.ArgumentParser(prog="analyst-replica", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long writes are timed, without and with load")
    parser.add_argument("--json", action="store_true", help="for programs")
    chosen = parser.parse_args(argv)
    cloud = Cloud()
    with place(cloud) as there:
        found = told(cloud, there, chosen.seconds)
    print(json.dumps(found) if chosen.json else "\n".join(f"{name:22} {value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
