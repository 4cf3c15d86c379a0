"""Checks for tests, where nobody looks: a test says what each place is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fogbank.clock import Clock
from fogbank.planes.checks.plane import Known, Reports, Told
from fogbank.planes.checks.targets import Target


class FakeChecks:
    """See `Checks`. Listeners are told at once."""

    def __init__(self) -> None:
        self.targets: Mapping[int, Target] = {}
        self.said: dict[str, Reports] = {}
        """What checkers saw, by region, for tests that say it."""
        self._known = Known()
        self._told: Told | None = None

    def say(self, slot: int, healthy: int, looked: int = 3) -> None:
        """So many of those that look find a place healthy: all of them count, and more than 18 % must."""
        total, verdicts = bytearray(self._known.total), bytearray(self._known.healthy)
        total[slot], verdicts[slot] = looked << 4 | healthy, healthy > 0.18 * looked
        self._known = Known(bytes(verdicts), bytes(total))
        self.remind()

    def attend(self, clock: Clock, dns: Callable[[], str]) -> None:
        pass

    def set(self, targets: Mapping[int, Target]) -> None:
        self.targets = dict(targets)
        self.remind()

    def listen(self, told: Told) -> None:
        self._told = told

    def remind(self) -> None:
        if self._told is not None:
            self._told(self._known)

    def known(self) -> Known:
        return self._known

    async def reports(self, first: int, count: int = 1) -> Mapping[str, Reports]:
        return dict(self.said)

    async def run(self) -> None:
        pass

    def close(self) -> None:
        pass

    async def halt(self) -> None:
        pass

    async def clear(self) -> None:
        self.targets, self._known = {}, Known()
