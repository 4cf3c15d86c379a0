"""For tests and benchmarks: somebody who writes to a database all the time, and knows what was acknowledged."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg


class Load:
    """Rows written through the cluster's address, one after another, and when each was acknowledged."""

    def __init__(self, address: str, port: int, login: Mapping[str, Any]) -> None:
        self.acknowledged: list[tuple[int, float]] = []
        self._where = {"host": address, "port": port, **login}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        with psycopg.connect(**self._where) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS written (id bigint)")

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                with psycopg.connect(**self._where) as connection:
                    while not self._stop.is_set():
                        number += 1
                        connection.execute("INSERT INTO written VALUES (%s)", (number,))
                        self.acknowledged.append((number, time.perf_counter()))
            except psycopg.Error:
                time.sleep(0.002)

    @contextmanager
    def running(self) -> Iterator[Load]:
        """Write until this is left."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()

    def goes_on(self, seconds: float = 30.0) -> bool:
        """Whether writes are acknowledged now, or within so many seconds."""
        before, ends_at = len(self.acknowledged), time.perf_counter() + seconds
        while len(self.acknowledged) < before + 10 and time.perf_counter() < ends_at:
            time.sleep(0.005)
        return len(self.acknowledged) >= before + 10

    def gap(self, began: float) -> float:
        """The longest time without an acknowledgement after a moment, in milliseconds; waits until it is over."""
        while not any(at > began + 0.5 for _, at in self.acknowledged[-5:]):
            if time.perf_counter() > began + 30:
                return 30_000.0
            time.sleep(0.01)
        moments = [at for _, at in self.acknowledged if at > began - 0.2]
        return 1000 * max(later - earlier for earlier, later in itertools.pairwise(moments))

    def lost(self) -> int:
        """How many rows that were acknowledged by now are not there."""
        # Taken first: the load goes on while they are looked for.
        acknowledged = {number for number, _ in list(self.acknowledged)}
        with psycopg.connect(**self._where) as connection:
            there = {number for (number,) in connection.execute("SELECT id FROM written").fetchall()}
        return len(acknowledged - there)
