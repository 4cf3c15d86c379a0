"""A cloud as a process of its own, for tests that kill it; only what they started, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fogbank import running
from fogbank.planes import process
from fogbank.planes.engines.engine import Engines
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.namespaces import prefix_of
from fogbank.running import Running
from fogbank.settings import Settings


class CloudProcess:
    """`fogbank up -d` on a state folder of the test's own and a free port, with further settings."""

    def __init__(self, state: Path, **settings: Any) -> None:
        self.state = state
        self._given = {"state": str(state), "port": 0, **settings}
        self._settings = Settings(**{name: value for name, value in self._given.items() if name != "port"})
        self.card: Running

    def start(self, environ: Mapping[str, str] | None = None) -> Running:
        """Start it, and wait until it answers. Raises RunError."""
        before = dict(os.environ)
        os.environ.update(environ or {})
        try:
            self.card = running.start(self._settings, self._given)
        finally:
            os.environ.clear()
            os.environ.update(before)
        return self.card

    def is_running(self) -> bool:
        return process.is_running(self.card.process)

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        if self.is_running():
            watch = os.pidfd_open(self.card.process.pid)
            try:
                signal.pidfd_send_signal(watch, signal.SIGKILL)
                process.ended(watch, 10.0)
            finally:
                os.close(watch)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended by itself within the time."""
        try:
            watch = os.pidfd_open(self.card.process.pid)
        except ProcessLookupError:
            return True
        try:
            return process.ended(watch, seconds)
        finally:
            os.close(watch)

    def stop(self) -> None:
        running.stop(self._settings)

    def close(self) -> None:
        """Stop it, and leave nothing of its engines, whose data may lie elsewhere than its state."""
        self.stop()
        asyncio.run(Engines(self.state, prefix_of(self.state), FakeNet("plain")).clear())
