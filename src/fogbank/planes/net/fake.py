"""A network for tests, which remembers what it was told and nothing more."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from fogbank.aws.errors import WorldError
from fogbank.planes.net.facts import Fact, Parts
from fogbank.planes.net.flows import Flows
from fogbank.planes.net.net import Listen, Ran
from fogbank.planes.net.plan import Ledger


class FakeNet:
    """Holds parts; there are no packets. `plain` is the same for people: the API says that nothing is enforced."""

    def __init__(self, mode: str = "fake") -> None:
        self.mode = mode
        self._ledger = Ledger()

    @property
    def parts(self) -> dict[str, frozenset[Fact]]:
        """What holds, by part."""
        return self._ledger.parts

    def facts(self, ns: str) -> AbstractSet[Fact]:
        """What holds about a namespace."""
        return self._ledger.holding.facts(ns)

    @property
    def has_packets(self) -> bool:
        return False

    async def set(self, parts: Parts, *, within: Sequence[str] = ()) -> None:
        self._ledger.set(parts, within)

    async def whole(self, parts: Parts) -> None:
        self._ledger.set(parts, ("",))

    def has(self, part: str) -> bool:
        return part in self.parts

    async def open(self, wanted: Listen) -> socket.socket:
        raise WorldError("there are no packets in this mode")

    async def run(self, ns: str, argv: Sequence[str], *, seconds: float = 30.0) -> Ran:
        raise WorldError("there are no namespaces in this mode")

    async def delays(self) -> None:
        return

    async def counters(self, ns: str) -> Mapping[str, tuple[int, int]]:
        return {}

    async def flows(self, ns: str, *, ends: bool = False) -> Flows:
        return Flows()

    def path(self, ns: str) -> str:
        raise WorldError("there are no namespaces in this mode")

    def entry(self, ns: str) -> list[str]:
        raise WorldError("there are no namespaces in this mode")

    async def close(self) -> None:
        self._ledger = Ledger()

    async def clear(self) -> None:
        self._ledger = Ledger()
