"""Both ways by PostgreSQL itself, since 16: what a subscription brought is not sent back (`origin = none`)."""

from __future__ import annotations

from typing import Any

from sites import HERE, OLD_ORDERS, SCHEMA, THERE, Site, There, connected, dsn, until

_SYNCED = "SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate <> 'r'"
_CONFLICTS = """SELECT subname, confl_insert_exists, confl_update_origin_differs, confl_update_missing,
 confl_delete_origin_differs, confl_delete_missing FROM pg_stat_subscription_stats"""


def version(found: list[int], preloadable: dict[int, str]) -> int:
    """The newest major version that can do it; 0 for none."""
    return max((one for one in found if one >= 16), default=0)


def joined(there: There) -> None:
    """Each side subscribes to what the other side's own clients write, and to nothing that came from here."""
    for site in (HERE, THERE):
        with connected(there, site) as connection:
            connection.execute(SCHEMA)
            connection.execute(f"CREATE SEQUENCE order_ids START {site.first_id} INCREMENT 2000")
            if site == HERE:
                connection.execute(OLD_ORDERS)
            connection.execute(f"CREATE PUBLICATION {site.name} FOR TABLE orders")
    for site, other in ((THERE, HERE), (HERE, THERE)):
        options = f"origin = none, copy_data = {'true' if site == THERE else 'false'}"
        with connected(there, site) as connection:
            connection.execute(
                f"CREATE SUBSCRIPTION of_{other.name} CONNECTION '{dsn(there, other)}'"
                f" PUBLICATION {other.name} WITH ({options})"
            )
            until(connection, _SYNCED)


def altered(there: There) -> None:
    """A column more: PostgreSQL replicates no DDL, so it is said on both sides, first where nobody writes to."""
    for site in (HERE, THERE):
        with connected(there, site) as connection:
            connection.execute("ALTER TABLE orders ADD COLUMN note text")


def conflicts(there: There, site: Site, log: str) -> list[Any]:
    """What a site's subscription has counted."""
    with connected(there, site) as connection:
        return [row for row in connection.execute(_CONFLICTS).fetchall() if any(row[1:])]
