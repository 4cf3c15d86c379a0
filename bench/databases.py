"""Databases: what a relay, and a reader that forwards writes, add to a query and to a write with a read after it."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from tests.databases.forwarding import Pair, Place

from bench.peers import Peer
from fogbank.planes.engines.postgresql import servers

MODE = "apg_write_forward.consistency_mode"
MODES = ("eventual", "session", "global")
_HAPROXY = """
defaults
 mode tcp
 timeout connect 5s
 timeout client 1h
 timeout server 1h
listen relay
 bind {at.host}:{at.port}
 server reader {reader.host}:{reader.port}
"""
QUERIES, PAIRS = 3000, 150
DELAY_SECONDS = 0.050
LAG_MS = 15


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    """Interleaved, each against a direct connection in the same round; nothing is compared with other emulators."""
    # Servers and proxies inherit this: on one core they would wait for each other.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory(prefix="fogbank-bench-") as folder:
        pair = Pair(servers.found()[0], Path(folder), 0)
        try:
            with haproxy(pair, Path(folder)) as other:
                queries(pair, chosen.rounds, other)
            pair.lag(LAG_MS)
            writes(pair, chosen.rounds)
        finally:
            pair.close()


def _row(name: str, text: str) -> None:
    print(f"{name:34} {'fogbank':10} {text}", flush=True)


def _sessions(pair: Pair) -> dict[str, psycopg.Connection[Any]]:
    forwarding = {mode: pair.connect(pair.front, options=f"-c {MODE}={mode}") for mode in MODES}
    return {"direct": pair.connect(pair.reader), "relay": pair.connect(pair.relay), **forwarding}


@contextmanager
def haproxy(pair: Pair, folder: Path) -> Iterator[dict[str, Place]]:
    """HAProxy in the place of our relay, where it is installed: what a proxy in C would take."""
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        yield {}
        return
    at = Place(pair.relay.host.replace("127.84.", "127.86."))
    configured = folder / "haproxy.cfg"
    configured.write_text(_HAPROXY.format(at=at, reader=pair.reader))
    running = subprocess.Popen([program, "-f", str(configured), "-db"], stderr=subprocess.DEVNULL)
    try:
        yield {"haproxy": at}
    finally:
        running.kill()
        running.wait()


def _reached(pair: Pair, place: Place) -> psycopg.Connection[Any]:
    """A connection to somebody who may still be starting."""
    for _ in range(500):
        try:
            return pair.connect(place)
        except psycopg.OperationalError:
            time.sleep(0.01)
    return pair.connect(place)


def queries(pair: Pair, rounds: int, others: dict[str, Place]) -> None:
    """A SELECT by primary key, prepared."""
    sessions = _sessions(pair) | {name: _reached(pair, place) for name, place in others.items()}
    taken: dict[str, list[float]] = {name: [] for name in sessions}
    for number in range(QUERIES * rounds // 3):
        for name, session in sessions.items():
            began = time.perf_counter()
            session.execute("SELECT n FROM counters WHERE id = %s", (number % 100 + 1,), prepare=True).fetchone()
            taken[name].append((time.perf_counter() - began) * 1e6)
    floor = statistics.median(taken["direct"])
    for name, times in taken.items():
        median = statistics.median(times)
        _row(f"SELECT by key, {name}", f"{median:7.0f} µs  {median - floor:+5.0f} µs  {median / floor:5.2f} ×")
    for session in sessions.values():
        session.close()


def writes(pair: Pair, rounds: int) -> None:
    """An UPDATE, a delay of 50 ms, and a SELECT of the same row: the time of both statements, and what was stale."""
    reads = _sessions(pair)
    del reads["relay"]
    updates = {**reads, "direct": pair.connect(pair.writer)}
    taken: dict[str, list[float]] = {name: [] for name in reads}
    stale = dict.fromkeys(reads, 0)
    for _ in range(PAIRS * rounds // 3):
        for name in reads:
            began = time.perf_counter()
            written = updates[name].execute("UPDATE counters SET n = n + 1 WHERE id = 1 RETURNING n").fetchone()
            paused = time.perf_counter()
            time.sleep(DELAY_SECONDS)
            again = time.perf_counter()
            stale[name] += reads[name].execute("SELECT n FROM counters WHERE id = 1").fetchone() != written
            taken[name].append((time.perf_counter() - again + paused - began) * 1e3)
    floor = statistics.median(taken["direct"])
    for name, times in taken.items():
        median = statistics.median(times)
        share = stale[name] / len(times) * 100
        title = "write to writer, read from reader" if name == "direct" else f"both through a reader, {name}"
        _row(
            title,
            f"{median:7.2f} ms  {median / floor:5.2f} ×  {share:4.1f} % stale after {DELAY_SECONDS * 1000:.0f} ms",
        )
    for session in {*reads.values(), *updates.values()}:
        session.close()
