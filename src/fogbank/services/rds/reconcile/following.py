"""Standbys and their primary: slots kept, data copied, what is acknowledged known to one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from fogbank.planes.engines.engine import until
from fogbank.planes.engines.postgresql.files import Node
from fogbank.planes.engines.postgresql.plane import Databases
from fogbank.services.rds import topology

_FOLLOW_SECONDS = 30.0
_SLOT = """SELECT pg_create_physical_replication_slot(%s, true)
 WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)"""
_IDLE_SLOTS = "SELECT slot_name::text FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT active"
_DROP = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ANY (%s) AND NOT active"
_WAITS = "SELECT name FROM pg_settings WHERE pending_restart"
"""What a standby was told that only a restart brings about: it needs room for what its primary does."""
_STREAMING = "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"


async def kept(databases: Databases, primary: str, slots: Callable[[], Sequence[str]]) -> None:
    """A primary keeps what the standbys of these slots have not had yet, and nothing for others."""
    for slot in slots():
        await databases.rows(primary, _SLOT, slot, slot)
    idle = [name for (name,) in await databases.rows(primary, _IDLE_SLOTS)]
    # Asked again, since whoever has come meanwhile has a slot too.
    if stale := [name for name in idle if name not in slots()]:
        await databases.rows(primary, _DROP, stale)


async def followed(databases: Databases, node: Node) -> None:
    """A standby has its data, runs, and follows the primary that the node names, whichever it followed before."""
    if not databases.has_data(node.name):
        await databases.follow(node)
    if not databases.is_running(node.name):
        databases.mark(node.name)
        await databases.start(node)
    elif databases.configure(node):
        await databases.reload(node.name)
        if await databases.rows(node.name, _WAITS):
            await databases.stop(node.name)
            databases.mark(node.name)
            await databases.start(node)


async def acknowledged(databases: Databases, primary: str, standbys: Sequence[str]) -> None:
    """What a primary acknowledges from now on, one of the standbys has: those that follow it by now."""

    async def do_follow() -> bool:
        rows = await databases.rows(primary, _STREAMING)
        return {name for (name,) in rows} >= set(standbys) or not rows

    with contextlib.suppress(TimeoutError):
        await until(do_follow, _FOLLOW_SECONDS)
    wanted = topology.quorum(standbys).replace("'", "''")
    now = await databases.rows(primary, "SELECT current_setting('synchronous_standby_names')")
    if now != [(topology.quorum(standbys),)]:
        change = f"ALTER SYSTEM SET synchronous_standby_names = '{wanted}'"
        await databases.run(primary, change, "SELECT pg_reload_conf()")
