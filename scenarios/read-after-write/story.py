"""What does a reader of Aurora return, some milliseconds after a write? Asked ten thousand times of every setup."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
import psycopg

from fogbank.testing.stack import Stack

HERE = Path(__file__).parent
DELAYS_MS = (0, 2.5, 5, 7.5, 10, 12.5, 15, 20, 25, 50, 75, 100)
PUBLISHED = {0: 99.36, 12.5: 59.96, 50: 0.02}
"""Stale reads of real Aurora in per cent, without forwarding, as published."""
CLUSTER, USER, PASSWORD = "read-after-write", "ann", "correct-horse-9"
_TABLE = "CREATE TABLE IF NOT EXISTS counter (id int PRIMARY KEY, value int NOT NULL)"


class Setup(NamedTuple):
    """Whom writes and reads are sent to, and what a forwarding reader promises."""

    name: str
    writes: str
    reads: str
    mode: str = ""
    """`apg_write_forward.consistency_mode`"""


SETUPS = (
    Setup("direct", "writer", "reader"),
    Setup("writer", "writer", "writer"),
    Setup("EVENTUAL", "reader", "reader", "EVENTUAL"),
    Setup("SESSION", "reader", "reader", "SESSION"),
    Setup("GLOBAL", "reader", "reader", "GLOBAL"),
)


class Row(NamedTuple):
    """What was seen of a setup after a delay."""

    setup: str
    delay_ms: float
    reads: int
    stale: int
    mean_ms: float
    """Of a write and the read after it, without the delay."""

    @property
    def stale_percent(self) -> float:
        return 100 * self.stale / self.reads


class Endpoints(NamedTuple):
    """Where the cluster is found."""

    writer: str
    reader: str
    port: int


@contextmanager
def cluster(client: Any, *, lag: str, keep: bool) -> Iterator[Endpoints]:
    """An Aurora cluster of two that forwards writes; gone in the end."""
    stack = Stack(client, CLUSTER, HERE / "template.yaml")
    made = stack.apply(Cluster=CLUSTER, User=USER, Password=PASSWORD, Lag=lag)
    try:
        yield Endpoints(made["writer"], made["reader"], int(made["port"]))
    finally:
        if not keep:
            stack.delete()


def measured(endpoints: Endpoints, setup: Setup, delays: Sequence[float], each: int) -> list[Row]:
    """What one setup shows: for each delay `each` writes, each followed by a read of the same row."""
    with ExitStack() as open_ones:
        writes, reads = (open_ones.enter_context(_connected(endpoints, who)) for who in (setup.writes, setup.reads))
        if setup.writes == setup.reads:
            reads = writes
        if setup.mode:
            writes.execute(f"SET apg_write_forward.consistency_mode = '{setup.mode}'")
        return [_row(writes, reads, setup.name, delay, each) for delay in delays]


def _row(writes: Any, reads: Any, name: str, delay_ms: float, each: int) -> Row:
    stale, spent = 0, 0.0
    for value in range(each):
        began = time.perf_counter()
        writes.execute("UPDATE counter SET value = %s WHERE id = 1", (value,))
        written = time.perf_counter()
        _wait_until(written + delay_ms / 1000)
        asked = time.perf_counter()
        (seen,) = reads.execute("SELECT value FROM counter WHERE id = 1").fetchone()
        spent += written - began + time.perf_counter() - asked
        stale += seen != value
    return Row(name, delay_ms, each, stale, 1000 * spent / each)


def _wait_until(moment: float) -> None:
    """Sleep most of the time, and look at the clock for the rest: a scheduler is later than half a millisecond."""
    left = moment - time.perf_counter() - 0.001
    if left > 0:
        time.sleep(left)
    while time.perf_counter() < moment:
        pass


def _connected(endpoints: Endpoints, who: str) -> Any:
    host = endpoints.writer if who == "writer" else endpoints.reader
    return psycopg.connect(
        host=host, port=endpoints.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True
    )


def prepared(endpoints: Endpoints) -> None:
    """The row is there, and the reader has it."""
    with _connected(endpoints, "writer") as writer, _connected(endpoints, "reader") as reader:
        writer.execute(_TABLE)
        writer.execute("INSERT INTO counter VALUES (1, -1) ON CONFLICT (id) DO UPDATE SET value = -1")
        (there,) = writer.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
        while reader.execute("SELECT pg_last_wal_replay_lsn() < %s::pg_lsn", (there,)).fetchone() == (True,):
            continue


def table(rows: Sequence[Row]) -> str:
    """The rows as people read them: stale reads in per cent by delay, and mean latencies."""
    setups = list(dict.fromkeys(row.setup for row in rows))
    found = {(row.setup, row.delay_ms): row for row in rows}
    lines = ["stale reads, %, by the milliseconds between a write and the read of it (and the mean of both in ms)", ""]
    lines.append("      ms" + "".join(f"{name:>20}" for name in setups) + "  published")
    for delay in dict.fromkeys(row.delay_ms for row in rows):
        cells = [f"{found[name, delay].stale_percent:9.2f} ({found[name, delay].mean_ms:6.2f})" for name in setups]
        known = f"{PUBLISHED[delay]:11.2f}" if delay in PUBLISHED else ""
        lines.append(f"{delay:8g}" + "".join(f"{cell:>20}" for cell in cells) + known)
    return "\n".join(lines)


def drawing(rows: Sequence[Row]) -> str:
    """An SVG of two plots over the delay: stale reads in per cent, and latency."""
    left = _plot(rows, [row.stale_percent for row in rows], "stale reads, %", 0)
    right = _plot(rows, [row.mean_ms for row in rows], "write and read, ms", 420)
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="840" height="330" font-family="sans-serif" font-size="12">'
    return head + '<rect width="840" height="330" fill="white"/>' + left + right + "</svg>\n"


_COLOURS = ("#c0392b", "#2c3e50", "#e67e22", "#2980b9", "#27ae60")


def _plot(rows: Sequence[Row], values: Sequence[float], title: str, offset: int) -> str:
    highest, longest = max(*values, 0.1), max(row.delay_ms for row in rows) or 1
    parts = [f'<g transform="translate({offset + 50},30)"><text y="-10">{title} over ms of delay</text>']
    parts.append('<path d="M0 0V250H330" fill="none" stroke="#888"/>')
    for step in range(5):
        height = 250 - step * 62.5
        parts.append(f'<text x="-8" y="{height + 4:g}" text-anchor="end">{highest * step / 4:.3g}</text>')
        parts.append(f'<text x="{step * 82.5:g}" y="268" text-anchor="middle">{longest * step / 4:.3g}</text>')
    for at, name in enumerate(dict.fromkeys(row.setup for row in rows)):
        colour = _COLOURS[at % len(_COLOURS)]
        points = [
            f"{330 * row.delay_ms / longest:.1f},{250 - 250 * value / highest:.1f}"
            for row, value in zip(rows, values, strict=True)
            if row.setup == name
        ]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="240" y="{14 + 16 * at}" fill="{colour}">{name}</text>')
    return "".join(parts) + "</g>"


def main(argv: Sequence[str]) -> int:
    """Run the story against the cloud that AWS_ENDPOINT_URL names, print the table, and draw it."""
    parser = argparse.ArgumentParser(prog="read-after-write", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=10_000, help="writes of each setup, over all delays")
    parser.add_argument("--delays", default=",".join(map(str, DELAYS_MS)), help="milliseconds, separated by commas")
    parser.add_argument("--setups", default=",".join(setup.name for setup in SETUPS), help="separated by commas")
    parser.add_argument("--lag", default="", help="the readers' lag: aurora, 0, 20ms, 5-15ms")
    parser.add_argument("--draw", type=Path, help="the SVG to write")
    parser.add_argument("--json", action="store_true", help="rows for programs")
    parser.add_argument("--keep", action="store_true", help="leave the cluster as it is in the end")
    chosen = parser.parse_args(argv)
    delays = [float(delay) for delay in chosen.delays.split(",")]
    names = chosen.setups.split(",")
    client = botocore.session.get_session().create_client("cloudformation")
    with cluster(client, lag=chosen.lag, keep=chosen.keep) as endpoints:
        prepared(endpoints)
        rows: list[Row] = []
        for setup in SETUPS:
            if setup.name in names:
                rows += measured(endpoints, setup, delays, max(1, chosen.repetitions // len(delays)))
    print(json.dumps([row._asdict() for row in rows]) if chosen.json else table(rows))
    if chosen.draw:
        chosen.draw.write_text(drawing(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
