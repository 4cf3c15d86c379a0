"""The network as whoever has facts sees it: parts are set, sockets are made inside, commands are run inside."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from fogbank.planes.net.facts import Parts
from fogbank.planes.net.flows import Flows


class Ran(NamedTuple):
    """How a command ended that ran inside a namespace."""

    code: int
    output: bytes
    errors: bytes


class Listen(NamedTuple):
    """A socket to be: where it is bound, inside a namespace."""

    ns: str
    address: str
    port: int
    is_stream: bool = True


class Net(Protocol):
    """What makes facts true. All methods raise WorldError where the kernel refuses, and say what it refused."""

    mode: str
    """`full`, `rootless`, `plain` (nothing is enforced) or `fake` (for tests)."""

    @property
    def has_packets(self) -> bool:
        """Whether there is a network at all."""

    async def set(self, parts: Parts, *, within: Sequence[str] = ()) -> None:
        """Make these parts what is given, and take away all others whose name begins with one of `within`.

        It is enough to say it again after a failure, which counts as not said; what is true already costs nothing.
        Raises Contradiction (a WorldError) where another part says otherwise of the same thing.
        """

    async def whole(self, parts: Parts) -> None:
        """Make these parts all there is of this instance: what a process that died has left is adopted or removed."""

    def has(self, part: str) -> bool:
        """Whether a part has been set."""

    async def open(self, wanted: Listen) -> socket.socket:
        """A bound socket inside a namespace, for this process's loop."""

    async def run(self, ns: str, argv: Sequence[str], *, seconds: float = 30.0) -> Ran:
        """Run a command inside a namespace, and wait for it."""

    async def delays(self) -> None:
        """Raises WorldError, with the reason, where packets within a namespace cannot be made to wait (`Delay`)."""

    async def counters(self, ns: str) -> Mapping[str, tuple[int, int]]:
        """Packets and bytes that each rule with a comment has counted, by comment; equal comments are added up."""

    async def flows(self, ns: str, *, ends: bool = False) -> Flows:
        """What rules have logged and connections have carried in a namespace since the last call, which began it.

        The first call gives nothing. `ends` says that it is the last one: nobody listens there any longer.
        """

    def path(self, ns: str) -> str:
        """The file that stands for a namespace: what `setns(2)` and `nsenter --net=` take."""

    def entry(self, ns: str) -> list[str]:
        """What to put before a command that is to run inside a namespace, as somebody with our rights.

        Without a namespace the command stays in the machine's own network, and can go into any.
        """

    async def close(self) -> None:
        """Let go; what is true stays true."""

    async def clear(self) -> None:
        """Unmake everything of this instance."""
