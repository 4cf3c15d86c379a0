"""The fronts that a process serves: opened, changed and closed as its plan says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Front, Target, by_address
from fogbank.planes.engines.proxy import sockets
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


class Gate:
    """A front that is served."""

    def __init__(self, front: Front, paths: Mapping[str, str]) -> None:
        self.front = front
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
        self._server = await loop.create_server(self._connection, sock=sock, backlog=_BACKLOG)

    def _connection(self) -> asyncio.Protocol:
        """The protocol of a new connection: what the front is now decides which."""
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
            gate = Gate(front, plan.namespaces)
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
