"""Both ways by pglogical: schema and rows are copied, origins not forwarded, and DDL is replicated as a command."""

from __future__ import annotations

from typing import Any

from sites import HERE, OLD_ORDERS, SCHEMA, THERE, Site, There, connected, dsn, until

_SUBSCRIBE = """SELECT pglogical.create_subscription(%s, %s, ARRAY['default', 'ddl_sql'], synchronize_structure := %s,
 synchronize_data := %s, forward_origins := '{}')"""
_SYNCED = "SELECT bool_and(status = 'replicating') FROM pglogical.show_subscription_status()"
_ALL_TABLES = "SELECT pglogical.replication_set_add_all_tables('default', ARRAY['public'])"
_ALTER = "ALTER TABLE public.orders ADD COLUMN note text"


def version(found: list[int], preloadable: dict[int, str]) -> int:
    """The newest major version that can do it; 0 for none."""
    return max((one for one in found if "pglogical" in preloadable[one].split(",")), default=0)


def joined(there: There) -> None:
    """The far side copies schema and rows, and follows; the near side follows what is written there from then on."""
    for site in (HERE, THERE):
        with connected(there, site) as connection:
            connection.execute("CREATE EXTENSION pglogical")
            connection.execute("SELECT pglogical.create_node(%s, %s)", (site.name, dsn(there, site)))
    with connected(there, HERE) as connection:
        connection.execute(SCHEMA)
        connection.execute(f"CREATE SEQUENCE order_ids START {HERE.first_id} INCREMENT 2000")
        connection.execute(OLD_ORDERS)
        connection.execute(_ALL_TABLES)
    with connected(there, THERE) as connection:
        connection.execute(_SUBSCRIBE, ("from_here", dsn(there, HERE), True, True))
        connection.execute("SELECT pglogical.wait_for_subscription_sync_complete('from_here')")
        connection.execute(f"ALTER SEQUENCE order_ids RESTART WITH {THERE.first_id}")
        connection.execute(_ALL_TABLES)
    with connected(there, HERE) as connection:
        connection.execute(_SUBSCRIBE, ("from_there", dsn(there, THERE), False, False))
        until(connection, _SYNCED)


def altered(there: There) -> None:
    """A column more: said once, where clients write, and replicated with what they write."""
    with connected(there, THERE) as connection:
        connection.execute("SELECT pglogical.replicate_ddl_command(%s, ARRAY['ddl_sql'])", (_ALTER,))


def conflicts(there: There, site: Site, log: str) -> list[Any]:
    """What a site has told of in its log."""
    return [line for line in log.splitlines() if "CONFLICT:" in line]
