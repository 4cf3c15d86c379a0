"""Environments of functions as whoever has a function sees them: made, asked one thing at a time, and ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """What an environment is made of."""

    name: str
    """For people who look at processes; several environments have one name."""
    runtime: str
    """As AWS names it: `python3.12`, `nodejs20.x`, `provided.al2023`."""
    handler: str
    code: Path
    """A folder that is not changed while anybody uses it: the function's code, which it sees at /var/task."""
    layers: tuple[Path, ...] = ()
    """Folders whose content it sees at /opt, later ones before earlier ones."""
    environ: Mapping[str, str] = {}
    """All that it finds in its environment, beside what says where the runtime API is."""
    memory_mb: int = 128
    storage_mb: int = 512
    """Of /tmp, which is its own."""
    init_seconds: float = 10.0
    """How long it may take until it asks for its first event."""
    ns: str = ""
    """The namespace of the network that it lives in; empty for the machine's own."""


class Invocation(NamedTuple):
    """An event, and what the function is told with it."""

    id: str
    payload: bytes
    arn: str
    """The function's, as it was invoked."""
    deadline_ms: int
    """Since 1970, by the machine's clock."""
    trace: str = ""
    client_context: str = ""
    identity: str = ""


class Outcome(NamedTuple):
    """What came of an event."""

    payload: bytes
    """What the function has returned; with an error AWS's JSON: errorMessage, errorType, stackTrace."""
    error: str = ""
    """Empty, or `Unhandled`: it raised, it has ended, it took too long, it could not begin."""
    log: bytes = b""
    """The lines that it has printed since the event before, with those of its beginning before the first."""
    seconds: float = 0.0
    """From the event to the answer."""
    memory_mb_max: int = 0
    is_dead: bool = False
    """Whether the environment has ended, and another is needed for the next event."""


class Environment(Protocol):
    """A function's process. One event at a time; between events it is frozen, where the machine can."""

    init_seconds: float
    """How long it took from its start until it asked for an event."""

    async def invoke(self, invocation: Invocation, write: Callable[[bytes], None] | None = None) -> Outcome:
        """Hand an event over, and wait for what comes of it, at most until its deadline.

        `write` is told each part of a streamed answer as it comes; then `payload` is empty.
        """

    async def stop(self) -> None:
        """End it and all that it has started; its files go with it."""


class Failed(Exception):
    """An environment that could not begin: `outcome` says it as its first event is told."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


class Sandboxes(Protocol):
    """What makes environments."""

    @property
    def isolation(self) -> str:
        """In a sentence, what keeps functions apart on this machine, and what does not."""

    def runtimes(self) -> Mapping[str, str]:
        """Every runtime that AWS has and this plane knows -> empty where it is installed, else how to install it."""

    async def warm(self, runtime: str) -> None:
        """Make ready what `start` needs for a runtime, so that the first environment begins as soon as later ones.

        `start` does so by itself. Raises WorldError.
        """

    async def start(self, function: Function, hear: Callable[[bytes], None] | None = None) -> Environment:
        """A new environment that waits for its first event. Raises Failed, or WorldError where the machine will not.

        `hear` is told each datagram that it sends to where it finds X-Ray's daemon.
        """

    async def unpacked(self, digest: str, code: bytes) -> Path:
        """The folder with the content of a code archive (zip), unpacked once for each digest, a name for a file.

        It is there until `clear` or `close`. Raises BadArchive (of `archive`) where it cannot be unpacked.
        """

    async def clear(self) -> None:
        """End every environment, and forget all code; others may be started."""

    async def close(self) -> None:
        """End every environment, and let go of all folders."""
