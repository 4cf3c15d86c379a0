"""A database moves from one partition to another and back again, under load, and no row is lost or doubled."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import botocore.session
import psycopg

USER, PASSWORD, DATABASE = "ann", "correct-horse-9", "shop"
LOGIN = {"user": USER, "password": PASSWORD, "dbname": DATABASE, "autocommit": True}
_SCHEMA = "CREATE TABLE orders (id bigint PRIMARY KEY, item text NOT NULL, paid boolean NOT NULL DEFAULT false)"
_SYNCED = "SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate <> 'r'"
_POSITION = "SELECT pg_current_wal_flush_lsn()"
_CAUGHT_UP = "SELECT bool_and(confirmed_flush_lsn >= %s::pg_lsn) FROM pg_replication_slots WHERE slot_type = 'logical'"
_CONFLICTS = """SELECT subname, confl_insert_exists, confl_update_origin_differs, confl_update_missing,
 confl_delete_origin_differs, confl_delete_missing FROM pg_stat_subscription_stats"""
_SECONDS_MAX = 60.0


class Site(NamedTuple):
    """One of the two databases."""

    name: str
    region: str
    first_id: int
    """Where its sequence starts, so that both can take orders at once."""


HERE, THERE = Site("government", "us-gov-west-1", 1), Site("commercial", "us-east-1", 1001)


class Told(NamedTuple):
    """What the story came to."""

    written: int
    rows: dict[str, int]
    missing: int
    doubled: int
    away_ms: float
    back_ms: float
    conflicts: list[tuple[Any, ...]]

    @property
    def is_well(self) -> bool:
        return not self.missing and not self.doubled and len(set(self.rows.values())) == 1


@contextmanager
def sites(session: Any) -> Iterator[dict[str, dict[str, Any]]]:
    """Both instances, with logical replication from the start; where they are found, by name."""
    clients = {site: session.create_client("rds", region_name=site.region) for site in (HERE, THERE)}
    version = _version(clients[HERE])
    for site, rds in clients.items():
        rds.create_db_parameter_group(
            DBParameterGroupName=f"logical-{site.name}",
            DBParameterGroupFamily=f"postgres{version}",
            Description="logical",
        )
        parameters = {"rds.logical_replication": "1", "track_commit_timestamp": "1"}
        rds.modify_db_parameter_group(
            DBParameterGroupName=f"logical-{site.name}",
            Parameters=[
                {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
                for name, value in parameters.items()
            ],
        )
        rds.create_db_instance(
            DBInstanceIdentifier=site.name,
            Engine="postgres",
            EngineVersion=version,
            DBInstanceClass="db.t3.micro",
            AllocatedStorage=20,
            DBName=DATABASE,
            MasterUsername=USER,
            MasterUserPassword=PASSWORD,
            DBParameterGroupName=f"logical-{site.name}",
        )
    try:
        yield {site.name: _endpoint(rds, site.name) for site, rds in clients.items()}
    finally:
        for site, rds in clients.items():
            rds.delete_db_instance(DBInstanceIdentifier=site.name, SkipFinalSnapshot=True)


def _version(rds: Any) -> str:
    """The newest major version that there is; `origin = none` takes 16 or newer."""
    found = [int(one["EngineVersion"].partition(".")[0]) for one in _versions(rds)]
    if not found or max(found) < 16:
        raise SystemExit("this story needs PostgreSQL 16 or newer: pip install 'fogbank[postgresql]'")
    return str(max(found))


def _versions(rds: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"]
    return found


def _endpoint(rds: Any, name: str) -> dict[str, Any]:
    waiter = rds.get_waiter("db_instance_available")
    waiter.config.delay = 1
    waiter.wait(DBInstanceIdentifier=name)
    found = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["Endpoint"]
    return {"host": found["Address"], "port": found["Port"]}


def joined(there: dict[str, dict[str, Any]]) -> None:
    """Each side subscribes to what the other side's own clients write, and to nothing that came from here."""
    for site in (HERE, THERE):
        with psycopg.connect(**there[site.name], **LOGIN) as connection:
            connection.execute(_SCHEMA)
            connection.execute(f"CREATE SEQUENCE order_ids START {site.first_id} INCREMENT 1")
            if site == HERE:
                connection.execute("INSERT INTO orders SELECT nextval('order_ids'), 'old' FROM generate_series(1, 100)")
            connection.execute(f"CREATE PUBLICATION {site.name} FOR TABLE orders")
    for site, other in ((THERE, HERE), (HERE, THERE)):
        login = " ".join(
            f"{name}={value}" for name, value in {**there[other.name], **LOGIN}.items() if name != "autocommit"
        )
        options = f"origin = none, copy_data = {'true' if site == THERE else 'false'}"
        with psycopg.connect(**there[site.name], **LOGIN) as connection:
            connection.execute(
                f"CREATE SUBSCRIPTION of_{other.name} CONNECTION '{login}' PUBLICATION {other.name} WITH ({options})"
            )
            _until(connection, _SYNCED)


def _until(connection: Any, question: str, *values: Any) -> None:
    ends_at = time.monotonic() + _SECONDS_MAX
    while connection.execute(question, values or None).fetchone() != (True,):
        if time.monotonic() > ends_at:
            raise SystemExit(f"never so: {question}")
        time.sleep(0.002)


class Clients:
    """Orders, taken one after another at whichever site clients are sent to."""

    def __init__(self, there: dict[str, dict[str, Any]], rate: float) -> None:
        self.taken: list[int] = []
        self._there = there
        self._pause = 1 / rate
        self._where = HERE.name
        self._may = threading.Event()
        self._may.set()
        self._idle = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def _take(self) -> None:
        while not self._ends.is_set():
            with psycopg.connect(**self._there[self._where], **LOGIN) as connection:
                while self._may.is_set() and not self._ends.is_set():
                    order = "INSERT INTO orders VALUES (nextval('order_ids'), 'new') RETURNING id"
                    self.taken.append(connection.execute(order).fetchone()[0])
                    time.sleep(self._pause)
            self._idle.set()
            self._may.wait()

    def start(self) -> None:
        self._thread.start()

    def moved(self, source: Site, target: Site) -> float:
        """Send clients elsewhere once all that they wrote is there: how many milliseconds they waited."""
        began = time.perf_counter()
        self._idle.clear()
        self._may.clear()
        self._idle.wait()
        with psycopg.connect(**self._there[source.name], **LOGIN) as connection:
            (position,) = connection.execute(_POSITION).fetchone()
            _until(connection, _CAUGHT_UP, position)
        self._where = target.name
        self._may.set()
        return 1000 * (time.perf_counter() - began)

    def stop(self) -> None:
        self._ends.set()
        self._thread.join()


def told(there: dict[str, dict[str, Any]], seconds: float, rate: float) -> Told:
    """Clients write here, then there, then here again; a column is added to both sides meanwhile."""
    clients = Clients(there, rate)
    clients.start()
    time.sleep(seconds)
    away = clients.moved(HERE, THERE)
    time.sleep(seconds)
    for site in (THERE, HERE):
        with psycopg.connect(**there[site.name], **LOGIN) as connection:
            connection.execute("ALTER TABLE orders ADD COLUMN note text")
    back = clients.moved(THERE, HERE)
    time.sleep(seconds)
    clients.stop()
    found = {site.name: _rows(there, site) for site in (HERE, THERE)}
    here = found[HERE.name]
    conflicts = []
    for site in (HERE, THERE):
        with psycopg.connect(**there[site.name], **LOGIN) as connection:
            conflicts += [row for row in connection.execute(_CONFLICTS).fetchall() if any(row[1:])]
    return Told(
        written=len(clients.taken),
        rows={name: len(ids) for name, ids in found.items()},
        missing=len(set(clients.taken) - set(here)),
        doubled=len(clients.taken) - len(set(clients.taken)),
        away_ms=away,
        back_ms=back,
        conflicts=conflicts,
    )


def _rows(there: dict[str, dict[str, Any]], site: Site) -> list[int]:
    """The orders of a site, once it has what the other one wrote."""
    other = THERE if site == HERE else HERE
    with psycopg.connect(**there[other.name], **LOGIN) as connection:
        (position,) = connection.execute(_POSITION).fetchone()
        _until(connection, _CAUGHT_UP, position)
    with psycopg.connect(**there[site.name], **LOGIN) as connection:
        return [number for (number,) in connection.execute("SELECT id FROM orders").fetchall()]


def main(argv: Sequence[str]) -> int:
    """Run the story against the cloud that AWS_ENDPOINT_URL names, and print what came of it."""
    parser = argparse.ArgumentParser(prog="two-way-migration", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long clients write at each site")
    parser.add_argument("--rate", type=float, default=200.0, help="orders a second")
    chosen = parser.parse_args(argv)
    with sites(botocore.session.get_session()) as there:
        joined(there)
        found = told(there, chosen.seconds, chosen.rate)
    print(f"orders taken while the database moved there and back: {found.written}")
    print(f"rows: {', '.join(f'{count} {name}' for name, count in found.rows.items())} (100 of them older)")
    print(f"missing {found.missing}, doubled {found.doubled}")
    print(f"clients waited {found.away_ms:.0f} ms on the way there, {found.back_ms:.0f} ms on the way back")
    print("conflicts: " + ("; ".join(map(str, found.conflicts)) or "none"))
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
