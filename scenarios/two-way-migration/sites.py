"""The two databases of the story, and how to wait for what they agree on."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import psycopg

USER, PASSWORD, DATABASE = "ann", "correct-horse-9", "shop"
LOGIN = {"user": USER, "password": PASSWORD, "dbname": DATABASE, "autocommit": True}
SCHEMA = "CREATE TABLE orders (id bigint PRIMARY KEY, item text NOT NULL, paid boolean NOT NULL DEFAULT false)"
OLD_ORDERS = "INSERT INTO orders SELECT nextval('order_ids'), 'old' FROM generate_series(1, 100)"
_SECONDS_MAX = 60.0


class Place(NamedTuple):
    """Where a site is found: by its clients, and by the other site."""

    host: str
    port: int
    public: str
    """The address that the other site reaches it at: from one partition to the other, over the internet."""


There = dict[str, Place]
"""By the names of sites."""


class Site(NamedTuple):
    """One of the two databases."""

    name: str
    region: str
    first_id: int
    """Where its sequence starts, so that both can take orders at once."""


HERE, THERE = Site("government", "us-gov-west-1", 1), Site("commercial", "us-east-1", 1001)


def connected(there: There, site: Site) -> Any:
    """A connection to a site, whose statements are transactions of their own."""
    return psycopg.connect(host=there[site.name].host, port=there[site.name].port, **LOGIN)


def dsn(there: There, site: Site) -> str:
    """How one site is told to reach another."""
    place = there[site.name]
    login = {"host": place.public, "port": place.port, "dbname": DATABASE, "user": USER, "password": PASSWORD}
    return " ".join(f"{name}={value}" for name, value in login.items())


def until(connection: Any, question: str, *values: Any) -> None:
    ends_at = time.monotonic() + _SECONDS_MAX
    while connection.execute(question, values or None).fetchone() != (True,):
        if time.monotonic() > ends_at:
            raise SystemExit(f"never so: {question}")
        time.sleep(0.002)
