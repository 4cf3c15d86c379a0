"""Standbys that show what they have received a little later, and never equally late, as readers of Aurora do.

The delay (`recovery_min_apply_delay`) is drawn anew every 40 ms, and only the process that applies the log is told, by
a signal at which it reads its files again, without a word in any log. What is delayed has been received: a promotion
loses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

INTERVAL_SECONDS = 0.04
_TITLE = b"startup"


class Lag(NamedTuple):
    """How much later, in milliseconds."""

    low: int
    high: int


class Lags:
    """The delays of one cloud's standbys, by name."""

    def __init__(self, write: Callable[[str, str], None], postmaster: Callable[[str], int]) -> None:
        self._write = write
        self._postmaster = postmaster
        """The process of a node, 0 where it does not run."""
        self._lags: dict[str, Lag] = {}
        self._said: dict[str, tuple[int, int]] = {}
        """What was last said to which process."""
        self._applying: dict[str, tuple[int, int]] = {}
        """Postmaster and the process of its that applies the log."""
        self._dice = random.Random()
        self._timer: asyncio.TimerHandle | None = None

    def set(self, name: str, lag: Lag) -> None:
        """Delay a standby from now on."""
        self._lags[name] = lag
        if self._timer is None:
            self.tell()
            self._again()

    def forget(self, name: str) -> None:
        """A node is no standby any longer."""
        self._lags.pop(name, None)

    def close(self) -> None:
        """Say nothing any longer: the last delays stay."""
        self._lags.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _again(self) -> None:
        def fire() -> None:
            self._timer = None
            if self._lags:
                self.tell()
                self._again()

        self._timer = asyncio.get_running_loop().call_later(INTERVAL_SECONDS, fire)

    def tell(self) -> None:
        """Draw a delay for each standby, and say it where it is another than before."""
        for name, lag in self._lags.items():
            applying = self._applier(name)
            drawn = self._dice.randint(lag.low, lag.high)
            if applying and self._said.get(name) != (applying, drawn):
                self._write(name, f"recovery_min_apply_delay = {drawn}\n")
                with contextlib.suppress(ProcessLookupError):
                    os.kill(applying, signal.SIGHUP)
                self._said[name] = (applying, drawn)

    def _applier(self, name: str) -> int:
        """The process of a standby that applies the log, 0 while there is none."""
        postmaster = self._postmaster(name)
        known = self._applying.get(name)
        if known is not None and known[0] == postmaster and Path(f"/proc/{known[1]}").exists():
            return known[1]
        found = _startup_of(postmaster) if postmaster else 0
        self._applying[name] = (postmaster, found)
        return found


def _startup_of(postmaster: int) -> int:
    """The child of a postmaster that calls itself `postgres: startup recovering …`."""
    with contextlib.suppress(OSError):
        for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
            if _TITLE in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                return int(pid)
    return 0
