"""A database moves from one partition to another and back again, under load, and no row is lost or doubled."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import botocore.exceptions
import botocore.session
import native
import pglogical
from sites import DATABASE, HERE, PASSWORD, THERE, USER, Place, Site, There, connected, until

from fogbank.testing.stack import Stack

FOLDER = Path(__file__).parent
_POSITION = "SELECT pg_current_wal_flush_lsn()"
_CAUGHT_UP = "SELECT bool_and(confirmed_flush_lsn >= %s::pg_lsn) FROM pg_replication_slots WHERE slot_type = 'logical'"
_FROM_ANYWHERE = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
EDITIONS = {"pglogical": pglogical, "native": native}


class Told(NamedTuple):
    """What the story came to."""

    written: int
    rows: dict[str, int]
    missing: int
    doubled: int
    away_ms: float
    back_ms: float
    has_column: bool
    """Whether the column that was added meanwhile is on both sides."""

    @property
    def is_well(self) -> bool:
        return self.has_column and not self.missing and not self.doubled and len(set(self.rows.values())) == 1


@contextlib.contextmanager
def sites(edition: str, version: str) -> Iterator[There]:
    """Both instances, with logical replication from the start; where they are found, by name."""
    session = botocore.session.get_session()
    ec2 = {site: session.create_client("ec2", region_name=site.region) for site in (HERE, THERE)}
    with contextlib.ExitStack() as gone:
        stacks = {}
        for site in ec2:
            client = session.create_client("cloudformation", region_name=site.region)
            stacks[site] = gone.enter_context(Stack(client, site.name, FOLDER / "template.yaml"))
            login = {"Database": DATABASE, "User": USER, "Password": PASSWORD}
            stacks[site].begin(Name=site.name, Version=version, Edition=edition, **login)
        try:
            yield {site.name: _place(stack.outputs(), ec2[site]) for site, stack in stacks.items()}
        finally:
            for one in ec2.values():
                with contextlib.suppress(botocore.exceptions.ClientError):
                    one.revoke_security_group_ingress(GroupName="default", IpPermissions=[_FROM_ANYWHERE])


def chosen_edition(rds: Any, wanted: str) -> tuple[str, str]:
    """The edition to tell, and the version of PostgreSQL that can: the wanted one, or the first that is possible."""
    found = [int(one["EngineVersion"].partition(".")[0]) for one in _versions(rds)]
    preloadable = {one: _preloadable(rds, one) for one in found}
    for name in [wanted] if wanted else EDITIONS:
        if version := EDITIONS[name].version(found, preloadable):
            return name, str(version)
    raise SystemExit("this story needs pglogical, or PostgreSQL 16 or newer: pip install 'fogbank[postgresql]'")


def _preloadable(rds: Any, version: int) -> str:
    """What a version can preload, separated by commas."""
    paginator = rds.get_paginator("describe_engine_default_parameters")
    for page in paginator.paginate(DBParameterGroupFamily=f"postgres{version}"):
        for row in page["EngineDefaults"]["Parameters"]:
            if row["ParameterName"] == "shared_preload_libraries":
                return str(row.get("AllowedValues", ""))
    return ""


def _versions(rds: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"]
    return found


def _place(found: dict[str, str], ec2: Any) -> Place:
    """Where an instance is found: in a VPC also at a public address, which is opened to the other."""
    address, port = found["host"], int(found["port"])
    if not _has_packets():
        return Place(address, port, address)
    ec2.authorize_security_group_ingress(GroupName="default", IpPermissions=[_FROM_ANYWHERE])
    interfaces = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": ["RDSNetworkInterface"]}])
    (public,) = [one["Association"]["PublicIp"] for one in interfaces["NetworkInterfaces"] if "Association" in one]
    return Place(address, port, public)


def _has_packets() -> bool:
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_fogbank/info", timeout=10) as answer:
        return bool(json.load(answer)["network"] != "plain")


class Clients:
    """Orders, taken one after another at whichever site clients are sent to."""

    def __init__(self, there: There, rate: float) -> None:
        self.taken: list[int] = []
        self._there = there
        self._pause = 1 / rate
        self._where = HERE
        self._may = threading.Event()
        self._may.set()
        self._idle = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def _take(self) -> None:
        while not self._ends.is_set():
            with connected(self._there, self._where) as connection:
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
        with connected(self._there, source) as connection:
            (position,) = connection.execute(_POSITION).fetchone()
            until(connection, _CAUGHT_UP, position)
        self._where = target
        self._may.set()
        return 1000 * (time.perf_counter() - began)

    def stop(self) -> None:
        self._ends.set()
        self._thread.join()


def told(there: There, edition: Any, seconds: float, rate: float) -> Told:
    """Clients write here, then there, then here again; a column is added to both sides meanwhile."""
    clients = Clients(there, rate)
    clients.start()
    time.sleep(seconds)
    away = clients.moved(HERE, THERE)
    time.sleep(seconds)
    edition.altered(there)
    back = clients.moved(THERE, HERE)
    time.sleep(seconds)
    clients.stop()
    found = {site.name: _rows(there, site) for site in (HERE, THERE)}
    here = found[HERE.name]
    return Told(
        written=len(clients.taken),
        rows={name: len(ids) for name, ids in found.items()},
        missing=len(set(clients.taken) - set(here)),
        doubled=len(clients.taken) - len(set(clients.taken)),
        away_ms=away,
        back_ms=back,
        has_column=all(_has_column(there, site) for site in (HERE, THERE)),
    )


def _has_column(there: There, site: Site) -> bool:
    with connected(there, site) as connection:
        columns = connection.execute("SELECT count(*) FROM pg_attribute WHERE attname = 'note'").fetchone()
        return bool(columns == (1,))


def _log(rds: Any, name: str) -> str:
    """What an instance has logged."""
    files = rds.describe_db_log_files(DBInstanceIdentifier=name)["DescribeDBLogFiles"]
    parts = []
    for file in files:
        marker = "0"
        while marker:
            found = rds.download_db_log_file_portion(
                DBInstanceIdentifier=name, LogFileName=file["LogFileName"], Marker=marker
            )
            parts.append(found.get("LogFileData", ""))
            marker = found["Marker"] if found.get("AdditionalDataPending") else ""
    return "".join(parts)


def _rows(there: There, site: Site) -> list[int]:
    """The orders of a site, once it has what the other one wrote."""
    other = THERE if site == HERE else HERE
    with connected(there, other) as connection:
        (position,) = connection.execute(_POSITION).fetchone()
        until(connection, _CAUGHT_UP, position)
    with connected(there, site) as connection:
        return [number for (number,) in connection.execute("SELECT id FROM orders").fetchall()]


def main(argv: Sequence[str]) -> int:
    """Run the story against the cloud that AWS_ENDPOINT_URL names, and print what came of it."""
    parser = argparse.ArgumentParser(prog="two-way-migration", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long clients write at each site")
    parser.add_argument("--rate", type=float, default=200.0, help="orders a second")
    parser.add_argument("--edition", choices=EDITIONS, default="", help="what replicates (pglogical where it is)")
    chosen = parser.parse_args(argv)
    session = botocore.session.get_session()
    clients = {site: session.create_client("rds", region_name=site.region) for site in (HERE, THERE)}
    name, version = chosen_edition(clients[HERE], chosen.edition)
    edition = EDITIONS[name]
    with sites(name, version) as there:
        edition.joined(there)
        found = told(there, edition, chosen.seconds, chosen.rate)
        conflicts = [
            row for site, rds in clients.items() for row in edition.conflicts(there, site, _log(rds, site.name))
        ]
    print(f"orders taken while the database moved there and back: {found.written}")
    print(f"rows: {', '.join(f'{count} {name}' for name, count in found.rows.items())} (100 of them older)")
    print(f"missing {found.missing}, doubled {found.doubled}")
    print(f"clients waited {found.away_ms:.0f} ms on the way there, {found.back_ms:.0f} ms on the way back")
    print(f"conflicts: {'; '.join(map(str, conflicts)) or 'none'} ({name}, PostgreSQL {version})")
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
