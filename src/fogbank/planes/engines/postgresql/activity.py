"""Who is active in a server, looked at once a second of machine time, and counted until somebody asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.postgresql.figures import DATABASE

if TYPE_CHECKING:
    import psycopg

    Connect = Callable[[str, str], AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]]

LOOK_SECONDS = 1.0
_DOINGS_MAX = 200
"""So many different ones between two questions; what else is done is counted without its statement."""
_QUERY = b"""\
SELECT coalesce(wait_event_type, 'CPU'), coalesce(wait_event_type || ':' || wait_event, 'CPU'), query,
 coalesce(usename, ''), coalesce(host(client_addr), ''), application_name, coalesce(datname, '')
FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
 AND backend_type IN ('client backend', 'parallel worker') AND usename NOT IN ('rdsadmin', 'rdsrepladmin')"""


class Doing(NamedTuple):
    """What an active session does: it waits for something, or uses a processor (`CPU`), for a statement."""

    wait_type: str
    wait: str
    """With its type: `Lock:transactionid`."""
    statement: str
    user: str
    host: str
    application: str
    database: str


class Seen(NamedTuple):
    """How often somebody looked, and how often each thing was being done then."""

    looks: int
    doings: Mapping[Doing, int]


class Activity:
    """The sessions of one cloud's servers, of those that somebody wants to know of."""

    def __init__(self, connect: Connect, look_seconds: float = LOOK_SECONDS) -> None:
        self._connect = connect
        self._look_seconds = look_seconds
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._looks: Counter[str] = Counter()
        self._doings: dict[str, Counter[Doing]] = {}

    def want(self, name: str) -> None:
        """Look at a server from now on."""
        if name not in self._tasks:
            self._tasks[name] = asyncio.ensure_future(self._watch(name))

    def forget(self, name: str) -> None:
        """Look no longer."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
        self._looks.pop(name, None)
        self._doings.pop(name, None)

    def taken(self, name: str) -> Seen:
        """What was seen since this was asked last."""
        return Seen(self._looks.pop(name, 0), self._doings.pop(name, {}))

    def looks(self, name: str) -> int:
        """How often somebody has looked since `taken`."""
        return self._looks[name]

    def close(self) -> None:
        """Look at nobody."""
        for name in list(self._tasks):
            self.forget(name)

    async def _watch(self, name: str) -> None:
        while True:
            # One that does not run is looked at when it does.
            with contextlib.suppress(WorldError):
                await self._look_on(name)
            await asyncio.sleep(self._look_seconds)

    async def _look_on(self, name: str) -> None:
        """Look until the server takes no more questions. Raises WorldError."""
        async with self._connect(name, DATABASE) as connection:
            while True:
                await self._look(name, connection)
                await asyncio.sleep(self._look_seconds)

    async def _look(self, name: str, connection: psycopg.AsyncConnection[Any]) -> None:
        rows = await (await connection.execute(_QUERY)).fetchall()
        self._looks[name] += 1
        counted = self._doings.setdefault(name, Counter())
        for row in rows:
            doing = Doing(*row)
            if doing not in counted and len(counted) >= _DOINGS_MAX:
                doing = Doing(doing.wait_type, doing.wait, "", "", "", "", "")
            counted[doing] += 1
