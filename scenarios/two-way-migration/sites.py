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
There = dict[str, dict[str, Any]]
"""Where each site is found (host and port), by its name."""


class Site(NamedTuple):
    """One of the two databases."""

    name: str
    region: str
    first_id: int
    """Where its sequence starts, so that both can take orders at once."""


HERE, THERE = Site("government", "us-gov-west-1", 1), Site("commercial", "us-east-1", 1001)


def connected(there: There, site: Site) -> Any:
    """A connection to a site, whose statements are transactions of their own."""
    return psycopg.connect(**there[site.name], **LOGIN)


def dsn(there: There, site: Site) -> str:
    """How one site is told to reach another."""
    login = {**there[site.name], "dbname": DATABASE, "user": USER, "password": PASSWORD}
    return " ".join(f"{name}={value}" for name, value in login.items())


def until(connection: Any, question: str, *values: Any) -> None:
    ends_at = time.monotonic() + _SECONDS_MAX
    while connection.execute(question, values or None).fetchone() != (True,):
        if time.monotonic() > ends_at:
            raise SystemExit(f"never so: {question}")
        time.sleep(0.002)
