"""Checks: whoever looks at targets, as the services see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from fogbank.clock import Clock
from fogbank.planes.checks import aggregate
from fogbank.planes.checks.targets import CAPACITY, Seen, Target


class Known(NamedTuple):
    """What is known of every place, taken or not: always of one size."""

    healthy: bytes = aggregate.HEALTHY_ALL
    """1 for each place that is healthy: also where nobody has looked yet."""
    total: bytes = bytes(CAPACITY)
    """How many looked (high half of a byte), and how many of them found it healthy (low half)."""


class Reports(NamedTuple):
    """What one checker saw at some places: at the last probe of each, and at the last that failed."""

    last: tuple[Seen, ...]
    failed: tuple[Seen, ...]


Told = Callable[[Known], None]


class Checks(Protocol):
    """Whoever looks at targets from several regions."""

    def attend(self, clock: Clock, dns: Callable[[], str]) -> None:
        """The cloud's time, and the `address:port` of the server that knows names, once there is one."""

    def set(self, targets: Mapping[int, Target]) -> None:
        """Look at these, by their places, and at nothing else. It is enough to say it again."""

    def listen(self, told: Told) -> None:
        """Have somebody told all that is known twice a second (of machine time), whether it has changed or not.

        There is one who listens: who came last.
        """

    def remind(self) -> None:
        """Whoever listens wants to be told soon."""

    def known(self) -> Known: ...

    async def reports(self, first: int, count: int = 1) -> Mapping[str, Reports]:
        """What each checker saw at some places, by region; who does not answer at once is left out."""

    async def run(self) -> None:
        """Do all of this until cancelled."""

    def close(self) -> None:
        """Let go; checkers go on."""

    async def halt(self) -> None:
        """End the checkers; what is known is remembered for when targets are set again."""

    async def clear(self) -> None:
        """End the checkers, and leave nothing on the machine."""
