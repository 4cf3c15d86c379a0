"""Standbys and their primary: slots kept, data copied, what is acknowledged known to one of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import until
from fogbank.planes.engines.postgresql.figures import DATABASE
from fogbank.planes.engines.postgresql.files import Node, room
from fogbank.planes.engines.postgresql.plane import Databases
from fogbank.services.rds import topology

_FOLLOW_SECONDS = 30.0
_SLOT = """SELECT pg_create_physical_replication_slot(%s, true)
 WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)"""
_IDLE_SLOTS = "SELECT slot_name::text FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT active"
_DROP = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ANY (%s) AND NOT active"
_ROOM = "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)"
WAITS = "SELECT name FROM pg_settings WHERE pending_restart"
"""What a standby was told that only a restart brings about: it needs room for what its primary does."""
WRITES = "SELECT pg_logical_emit_message(true, 'fogbank', '')"
"""A commit that writes to the log: PostgreSQL lets others wait for nobody. In a database whose log nobody decodes."""
_STREAMING = "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"


async def kept(databases: Databases, primary: str, slots: Callable[[], Sequence[str]]) -> None:
    """A primary keeps what the standbys of these slots have not had yet, and nothing for others."""
    for slot in slots():
        await databases.rows(primary, _SLOT, slot, slot)
    idle = [name for (name,) in await databases.rows(primary, _IDLE_SLOTS)]
    # Asked again, since whoever has come meanwhile has a slot too.
    if stale := [name for name in idle if name not in slots()]:
        await databases.rows(primary, _DROP, stale)


async def leveled(databases: Databases, primary: str, node: Node) -> Node:
    """A standby with as much room as its primary has now, as far as that can be asked."""
    with contextlib.suppress(WorldError):
        return topology.level(node, dict(await databases.rows(primary, _ROOM, list(room()))))
    return node


async def followed(databases: Databases, node: Node, primary: str) -> None:
    """A standby has its data, runs, and follows the primary that the node leads to, whichever it followed before."""
    node = await leveled(databases, primary, node)
    if not databases.has_data(node.name):
        await databases.follow(node)
    if not databases.is_running(node.name):
        databases.mark(node.name)
        await databases.start(node)
    elif databases.configure(node):
        await databases.reload(node.name)
        if await databases.rows(node.name, WAITS):
            await databases.stop(node.name)
            databases.mark(node.name)
            await databases.start(node)


async def acknowledged(databases: Databases, primary: str, standbys: Sequence[str]) -> bool:
    """What a primary acknowledges from now on, one of the standbys has; whether one has all that was so far."""

    async def streaming() -> set[str]:
        return {name for (name,) in await databases.rows(primary, _STREAMING)}

    async def do_follow() -> bool:
        return await streaming() >= set(standbys)

    with contextlib.suppress(TimeoutError):
        await until(do_follow, _FOLLOW_SECONDS)
    there = sorted(await streaming() & set(standbys))
    quorum = topology.quorum(there)
    if await databases.rows(primary, "SELECT current_setting('synchronous_standby_names')") != [(quorum,)]:
        await databases.run(primary, "ALTER SYSTEM SET synchronous_standby_names = '" + quorum.replace("'", "''") + "'")
        await databases.reload(primary)
    if not there:
        return False
    try:
        async with asyncio.timeout(_FOLLOW_SECONDS):
            # A commit that waits for one of them: it has all that came before, too.
            await databases.run(primary, WRITES, database=DATABASE)
    except TimeoutError:
        return False
    return True
