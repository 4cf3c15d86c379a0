"""Counts: what a process forwards for each reader, told in a file of its own while it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from fogbank.planes.engines.proxies import Forwarded
from fogbank.planes.engines.proxy.plan import replace

COUNTS_FILE = "counts.json"
TELL_SECONDS = 1.0


class Tally:
    """What is forwarded for one reader. Its numbers are added to where things happen, and only grow."""

    __slots__ = ("commits", "refused", "statement_seconds", "statements", "wait_seconds", "waits")

    def __init__(self) -> None:
        self.statements = 0
        self.statement_seconds = 0.0
        self.commits = 0
        self.waits = 0
        self.wait_seconds = 0.0
        self.refused = 0
        """Sessions that the writer had no room for."""

    def forwarded(self, sessions: int, active: int) -> Forwarded:
        """All of it, with how many sessions there are now."""
        return Forwarded(
            sessions=sessions,
            active=active,
            statements=self.statements,
            statement_seconds=self.statement_seconds,
            commits=self.commits,
            waits=self.waits,
            wait_seconds=self.wait_seconds,
            refused=self.refused,
        )


async def tell(path: Path, counted: Callable[[], Mapping[str, Forwarded]], seconds: float = TELL_SECONDS) -> None:
    """Write what has been counted, by reader, so often where it is not what was written last; until cancelled."""
    said: Mapping[str, Forwarded] = {}
    while True:
        found = counted()
        if found != said:
            replace(path, msgspec.json.encode(found))
            said = found
        await asyncio.sleep(seconds)


def read(path: Path) -> Mapping[str, Forwarded]:
    """What a process has told; nothing where it has told nothing yet."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Forwarded])
    except (OSError, msgspec.MsgspecError):
        return {}
