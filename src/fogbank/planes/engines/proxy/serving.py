"""The fronts that a process serves: opened, changed and closed as its plan says."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Forwarded, Front, Target, by_address
from fogbank.planes.engines.proxy import sockets
from fogbank.planes.engines.proxy.counts import Tally
from fogbank.planes.engines.proxy.far import FarRelay
from fogbank.planes.engines.proxy.plan import Plan, title
from fogbank.planes.engines.proxy.relay import Relay

if TYPE_CHECKING:
    from fogbank.planes.engines.proxy.positions import Positions
    from fogbank.planes.engines.proxy.session import Session

_LOG = logging.getLogger("fogbank.proxy")
_BACKLOG = 1024


class Connection(Protocol):
    """A client's connection."""

    def moved(self, front: Front) -> None:
        """The front is another one now: end what leads to somebody that is no longer behind it."""

    def cut(self) -> None:
        """End it at once."""

    def forwards(self) -> tuple[str, bool] | None:
        """The reader that it forwards writes past, and whether it does so now; None for one that forwards nothing."""


class Gate:
    """A front that is served."""

    def __init__(self, front: Front, paths: Mapping[str, str], tallies: dict[str, Tally] | None = None) -> None:
        """`tallies` are those of all gates, by reader: another one may lead to the same."""
        self.front = front
        self._tallies: dict[str, Tally] = {} if tallies is None else tallies
        self.paths = paths
        self.connections: set[Connection] = set()
        self.keys: dict[bytes, Session] = {}
        """Whom a key cancels."""
        self._positions: dict[Target, Positions] = {}
        self._server: asyncio.Server | None = None
        self._turn = 0

    async def open(self) -> None:
        """Take connections. Raises WorldError, OSError."""
        sock = sockets.listening(self.front, self.paths)
        loop = asyncio.get_running_loop()
        if self.front.address.startswith("/"):
            self._server = await loop.create_unix_server(self._connection, sock=sock, backlog=_BACKLOG)
        else:
            self._server = await loop.create_server(self._connection, sock=sock, backlog=_BACKLOG)

    def _connection(self) -> asyncio.Protocol:
        """The protocol of a new connection: what the front is now decides which."""
        if self.front.delay_seconds is not None:
            return FarRelay(self)
        if self.front.forwarding is None:
            return Relay(self)
        # A process of plain relays needs neither PostgreSQL's protocol nor its parser.
        from fogbank.planes.engines.proxy.session import Session

        return Session(self)

    def move(self, front: Front) -> None:
        """Have other targets."""
        if front.forwarding != self.front.forwarding:
            self._forget()
        self.front = front
        for one in list(self.connections):
            one.moved(front)

    def close(self) -> None:
        """Take no connections any longer, and end those there are."""
        if self._server is not None:
            self._server.close()
        for one in list(self.connections):
            one.cut()
        self._forget()

    def _forget(self) -> None:
        for one in self._positions.values():
            one.close()
        self._positions.clear()

    def positions(self, reader: Target) -> Positions:
        """How far a reader is, and the writer."""
        forwarding = self.front.forwarding
        assert forwarding is not None
        if reader not in self._positions:
            from fogbank.planes.engines.proxy.positions import Line, Positions

            writer = Line(forwarding.writer, forwarding, self.paths)
            self._positions[reader] = Positions(Line(reader, forwarding, self.paths), writer)
        return self._positions[reader]

    def forwarding_sessions(self) -> Iterator[tuple[str, bool]]:
        """(reader, whether something is under way) of each connection that has one to the writer."""
        for one in self.connections if self.front.forwarding is not None else ():
            found = one.forwards()
            if found is not None:
                yield found

    def tally(self, reader: str) -> Tally:
        """Where what is forwarded for a reader is counted."""
        found = self._tallies.get(reader)
        if found is None:
            found = self._tallies[reader] = Tally()
        return found

    def in_turn(self) -> Iterator[Target]:
        """Each target once, beginning with another one each time."""
        targets = self.front.targets
        self._turn += 1
        for number in range(len(targets)):
            yield targets[(self._turn + number) % len(targets)]


class Serving:
    """All gates of a process."""

    def __init__(self) -> None:
        self._gates: dict[tuple[str, str, int], Gate] = {}
        self._tallies: dict[str, Tally] = {}

    @property
    def forwards(self) -> bool:
        """Whether any gate forwards writes."""
        return any(gate.front.forwarding is not None for gate in self._gates.values())

    def counted(self) -> dict[str, Forwarded]:
        """What has been forwarded so far, by reader."""
        sessions: Counter[str] = Counter()
        active: Counter[str] = Counter()
        for reader, is_active in (one for gate in self._gates.values() for one in gate.forwarding_sessions()):
            sessions[reader] += 1
            active[reader] += is_active
        return {name: one.forwarded(sessions[name], active[name]) for name, one in self._tallies.items()}

    async def apply(self, plan: Plan) -> dict[str, str]:
        """Have a plan be in force; what could not be, by the front's title, with the reason."""
        wanted = by_address(plan.owners)
        errors: dict[str, str] = {}
        for place in set(self._gates) - set(wanted):
            self._gates.pop(place).close()
        # A socket that was closed is bound until the loop has had a turn.
        await asyncio.sleep(0)
        for place, front in wanted.items():
            gate = self._gates.get(place)
            if gate is not None:
                gate.paths = plan.namespaces
                gate.move(front)
                continue
            gate = Gate(front, plan.namespaces, self._tallies)
            try:
                await gate.open()
            except (WorldError, OSError) as error:
                errors[title(front)] = str(error)
                continue
            self._gates[place] = gate
        _LOG.info("%d fronts are served, %d are not", len(self._gates), len(errors))
        return errors

    def close(self) -> None:
        """End everything."""
        for gate in self._gates.values():
            gate.close()
        self._gates.clear()
