"""Who is active in a server: counted while somebody wants to know, and only so many kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import until
from fogbank.planes.engines.postgresql.activity import Activity, Doing
from fogbank.planes.engines.postgresql.figures import NAMES, read

OFTEN_SECONDS = 0.001


class Server:
    """Answers each question with the same rows, or takes no connections."""

    def __init__(self, rows: list[tuple[str, ...]]) -> None:
        self.rows = rows
        self.sessions = 0
        self.is_down = False

    @asynccontextmanager
    async def connect(self, name: str, database: str) -> AsyncIterator[Any]:
        if self.is_down:
            raise WorldError(f"{name} does not listen")
        assert database == "rdsadmin", "nobody's database is kept busy"
        self.sessions += 1
        try:
            yield self
        finally:
            self.sessions -= 1

    async def execute(self, statement: bytes) -> Server:
        if self.is_down:
            raise WorldError("it has ended")
        return self

    async def fetchall(self) -> list[tuple[str, ...]]:
        return self.rows


def row(statement: str) -> tuple[str, ...]:
    return ("CPU", "CPU", statement, "ann", "10.0.0.1", "psql", "shop")


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


async def looked(seen: Activity, times: int) -> None:
    async def is_so() -> bool:
        return seen.looks("n") >= times

    await until(is_so, 10)


def test_what_was_seen_is_told_once() -> None:
    async def story() -> None:
        server = Server([row("SELECT 1"), row("SELECT 1"), row("SELECT 2")])
        seen = Activity(server.connect, OFTEN_SECONDS)
        seen.want("n")
        await looked(seen, 3)
        found = seen.taken("n")
        assert found.doings[Doing(*row("SELECT 1"))] == 2 * found.looks
        assert found.doings[Doing(*row("SELECT 2"))] == found.looks
        assert seen.taken("n") == (0, {})
        seen.want("n")
        await looked(seen, 1)
        assert server.sessions == 1, "whoever is wanted twice is looked at once"
        seen.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert server.sessions == 0 and seen.taken("n").looks == 0

    run(story())


def test_a_server_that_comes_back_is_looked_at_again() -> None:
    async def story() -> None:
        server = Server([])
        server.is_down = True
        seen = Activity(server.connect, OFTEN_SECONDS)
        seen.want("n")
        await asyncio.sleep(0)
        assert seen.looks("n") == 0
        server.is_down = False
        await looked(seen, 1)
        server.is_down = True
        await until(lambda: _is(server, 0), 10)
        server.is_down = False
        seen.taken("n")
        await looked(seen, 1)
        seen.close()

    run(story())


async def _is(server: Server, sessions: int) -> bool:
    return server.sessions == sessions


def test_what_is_too_much_to_tell_apart_is_counted_without_its_statement() -> None:
    async def story() -> None:
        server = Server([row(f"SELECT {number}") for number in range(300)])
        seen = Activity(server.connect, OFTEN_SECONDS)
        seen.want("n")
        await looked(seen, 1)
        found = seen.taken("n")
        seen.close()
        assert sum(found.doings.values()) == 300 * found.looks
        assert len(found.doings) == 201
        assert found.doings[Doing("CPU", "CPU", "", "", "", "", "")] == 100 * found.looks

    run(story())


def test_an_answer_is_read_by_name_and_what_a_server_has_not_is_absent() -> None:
    row = [None] * len(NAMES) + [{"pg-b": 12}]
    numbers, delays = read(row)
    assert (numbers, delays) == ({}, {"pg-b": 12.0})
