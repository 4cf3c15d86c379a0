"""Proxies: addresses that stay while what is behind them moves, in processes that outlive the cloud."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A server behind a front: an address in a namespace (empty for the machine's own).

    The folder of a socket file is an address too, for fronts that forward writes (nobody comes there without a
    password) and for lines (which only engines come by).
    """

    name: str
    ns: str = ""
    address: str = "127.0.0.1"
    port: int = 5432


class Forwarding(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a front forward writes (Aurora's local write forwarding): reads are its own, writes the writer's."""

    writer: Target
    user: str
    """A role that may see where the writer and the readers are in the log, and what passwords are checked by."""
    password: str = ""
    certificate: tuple[str, str] | None = None
    """Files of a certificate and its key, for clients that want TLS."""
    is_private: bool = False
    """Whether clients without TLS are refused."""


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """An address that clients know, in a namespace, and what is behind it, in turn for each new connection.

    An address may be what `Proxies.folder` gives: then it listens as the socket file that PostgreSQL has at its port.
    """

    address: str
    port: int
    targets: tuple[Target, ...]
    ns: str = ""
    forwarding: Forwarding | None = None
    delay_seconds: float | None = None
    """Makes it a line: each byte arrives so much later than it was sent, in both directions, and in order."""


class Forwarded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has been forwarded for a reader since its front's process began; the first two are of this moment."""

    sessions: int = 0
    """That have a connection to the writer."""
    active: int = 0
    """Of those, the ones with something under way there."""
    statements: int = 0
    """That write; those that came in one message are one."""
    statement_seconds: float = 0.0
    commits: int = 0
    waits: int = 0
    """Of reads, until the reader showed what they must see."""
    wait_seconds: float = 0.0
    refused: int = 0
    """Sessions for which the writer had no connection left."""


class Proxies(Protocol):
    """Whoever serves fronts."""

    async def set(self, owner: str, fronts: Sequence[Front]) -> None:
        """Serve these fronts of an owner, and no others of his; they are served when this returns.

        A connection to a target that is no longer behind its front is cut at once. Raises WorldError: an address is
        taken, a namespace is not there.
        """

    def folder(self, owner: str) -> str:
        """An address for a front of an owner that engines alone, and ourselves, can come to."""

    async def prune(self, targets: Collection[str]) -> None:
        """Serve no owner any longer who has no front with one of these targets (by name) behind it."""

    def forwarded(self, owner: str) -> Mapping[str, Forwarded]:
        """What the fronts of an owner have forwarded, by the names of the readers behind them; up to a second old."""

    def close(self) -> None:
        """Let go; connections live on."""

    async def halt(self) -> None:
        """End every connection; fronts are served again when they are set again."""

    async def clear(self) -> None:
        """End every connection, and leave nothing on the machine."""


class FakeProxies:
    """For tests, and where nothing is served: it remembers what it was told."""

    def __init__(self) -> None:
        self.fronts: dict[str, tuple[Front, ...]] = {}
        self.counted: dict[str, Mapping[str, Forwarded]] = {}
        """What is forwarded, by owner, for tests that say it."""

    async def set(self, owner: str, fronts: Sequence[Front]) -> None:
        self.fronts[owner] = tuple(fronts)

    def folder(self, owner: str) -> str:
        return f"/lines/{owner}"

    async def prune(self, targets: Collection[str]) -> None:
        pass

    def forwarded(self, owner: str) -> Mapping[str, Forwarded]:
        return self.counted.get(owner, {})

    def close(self) -> None:
        pass

    async def halt(self) -> None:
        pass

    async def clear(self) -> None:
        self.fronts.clear()


def by_address(fronts: Mapping[str, Sequence[Front]]) -> Mapping[tuple[str, str, int], Front]:
    """The fronts of all owners by where they listen (namespace, address, port); the first of two equal ones stands."""
    found: dict[tuple[str, str, int], Front] = {}
    for owner in sorted(fronts):
        for front in fronts[owner]:
            found.setdefault((front.ns, front.address, front.port), front)
    return found
