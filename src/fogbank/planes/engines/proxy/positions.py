"""How far servers are in the log: asked only while somebody wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Forwarding, Target
from fogbank.planes.engines.proxy import legs, wire
from fogbank.planes.engines.proxy.legs import Credential, Leg, Refused

_POLL_SECONDS = 0.0005
_EARLY_SECONDS = 0.03
"""After a write: readers that are as late as Aurora's show it by then."""
_VERSION = 3 << 16
# What is flushed, and not what is inserted: at the end of a page the latter is past a header that nobody has written
# yet, and no standby comes there before the next record.
_FLUSHED = "(pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint"
WRITTEN = wire.query(
    f"SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN"
    f" (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint ELSE {_FLUSHED} END"
)
"""What a session asks the writer after it has written: one that does not wait for its commits has not flushed them."""
_ANYBODYS = wire.query(f"SELECT {_FLUSHED}")
_REPLAYED = wire.query("SELECT (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint")
_VERIFIER = "SELECT rolpassword FROM pg_authid WHERE rolname = E'?'"
_PAGE_BYTES, _HEADERS_BYTES = 8192, (24, 40)


def position(answer: legs.Answer) -> int:
    """The position that a server has said; 0 for one that has none."""
    value = answer.rows[0][0] if answer.rows and not answer.has_failed else None
    at = int(value) if value else 0
    # Just past a page's header stands nothing yet.
    return at - at % _PAGE_BYTES if at % _PAGE_BYTES in _HEADERS_BYTES else at


class Line:
    """A session of our own with a server, opened when it is first used, and again after it broke."""

    def __init__(self, target: Target, forwarding: Forwarding, paths: Mapping[str, str]) -> None:
        self.target = target
        self._forwarding = forwarding
        self._paths = paths
        self._leg: Leg | None = None
        self._opening = asyncio.Lock()

    async def asked(self, data: bytes) -> legs.Answer:
        """The answer to a question. Raises OSError, WorldError, TimeoutError, Refused."""
        leg = self._leg
        if leg is None or leg.transport.is_closing():
            leg = await self._open()
        return await leg.asked(data)

    async def _open(self) -> Leg:
        async with self._opening:
            if self._leg is None or self._leg.transport.is_closing():
                user = self._forwarding.user
                parameters = {b"user": user.encode(), b"database": b"postgres", b"application_name": b"fogbank"}
                startup = wire.startup(_VERSION, parameters)
                credential = Credential(user, self._forwarding.password)
                self._leg = await legs.opened(Leg(None, self.target), self._paths, startup, credential)
            return self._leg

    def close(self) -> None:
        """Let the session go."""
        if self._leg is not None:
            self._leg.transport.abort()
            self._leg = None


class Positions:
    """Where the writer and one reader are."""

    def __init__(self, reader: Line, writer: Line) -> None:
        self.reader = reader
        self.writer = writer
        self.replayed = 0
        """As far as the reader is known to show what was written."""
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._polling: asyncio.Task[None] | None = None
        self._early: asyncio.TimerHandle | None = None

    def expect(self) -> None:
        """Somebody has written, and may want to see it: ask the reader before he does, and so not while he waits."""
        if self._early is None:
            self._early = asyncio.get_running_loop().call_later(_EARLY_SECONDS, self._look)

    def _look(self) -> None:
        self._early = None
        if self._polling is None:
            self._polling = asyncio.ensure_future(self._poll())

    async def written(self) -> int:
        """Where the writer is now. Raises OSError, WorldError, TimeoutError, Refused."""
        return position(await self.writer.asked(_ANYBODYS))

    async def verifier(self, role: str) -> str:
        """What the server checks a role's password by, empty if it has none. Raises as `written`."""
        name = role.replace("\\", "\\\\").replace("'", "''")
        found = await self.writer.asked(wire.query(_VERIFIER.replace("?", name)))
        return str(found.rows[0][0] or "") if found.rows else ""

    async def reached(self, wanted: int) -> None:
        """Wait until the reader shows what was written up to a position. Raises as `written`."""
        if self.replayed >= wanted:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, waiting))
        if self._polling is None:
            self._polling = asyncio.ensure_future(self._poll())
        await waiting

    async def _poll(self) -> None:
        try:
            while True:
                self.replayed = max(self.replayed, position(await self.reader.asked(_REPLAYED)))
                self._tell()
                if not self._waiting:
                    return
                await asyncio.sleep(_POLL_SECONDS)
        except (OSError, WorldError, Refused) as error:
            for _, waiting in (one for one in self._waiting if not one[1].done()):
                waiting.set_exception(error)
            self._waiting = []
        finally:
            self._polling = None

    def _tell(self) -> None:
        """Let those go on that wait for no more than there is, and forget those that wait no longer."""
        for wanted, waiting in self._waiting:
            if self.replayed >= wanted and not waiting.done():
                waiting.set_result(None)
        self._waiting = [one for one in self._waiting if not one[1].done()]

    def close(self) -> None:
        """Let the sessions go."""
        if self._early is not None:
            self._early.cancel()
        self.reader.close()
        self.writer.close()
