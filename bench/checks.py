"""Health checks: what it costs that all of ten thousand targets fail at once, beside a calm minute of the same run."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.peers import Peer
from fogbank.testing.process import CloudProcess

TARGETS, FEW = 10_000, 1_000
STORY = Path(__file__).parents[1] / "scenarios" / "constant-work" / "story.py"


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    """A cloud of this part's own; the physical floor is its own calm phase."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    targets, seconds = (TARGETS, 60) if chosen.rounds > 1 else (FEW, 25)
    with tempfile.TemporaryDirectory() as folder:
        cloud = CloudProcess(Path(folder) / "state", network="plain", dns_port=0)
        cloud.start()
        try:
            environ = {**os.environ, "AWS_ENDPOINT_URL": cloud.card.url}
            argv = [sys.executable, str(STORY), "--json", f"--targets={targets}", f"--seconds={seconds}"]
            ran = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
        finally:
            cloud.close()
    calm, *others = json.loads(ran.stdout)
    _row(f"{targets:,} targets, calm", _figures(calm))
    for row in others:
        cpu = (row["checkers"] + row["cloud"]) / (calm["checkers"] + calm["cloud"])
        decided = f", decided {row['decided'] / calm['decided']:.2f} x" if calm["decided"] and row["decided"] else ""
        streamed, memory = row["bytes"] / calm["bytes"], row["memory"] / calm["memory"]
        ratios = f"CPU {cpu:.2f} x, bytes {streamed:.3f} x, memory {memory:.2f} x"
        _row(f"{targets:,} targets, {row['phase']}", f"{_figures(row)}  calm is 1: {ratios}{decided}")


def _figures(row: dict[str, float]) -> str:
    cpu = f"{row['checkers']:6.3f} + {row['cloud']:5.3f} CPU"
    return f"{cpu}  {row['bytes']:9.0f} B/s  {row['memory']:6.0f} MiB  decided {row['decided']:5.1f} s"


def _row(name: str, text: str) -> None:
    print(f"{name:34} {'fogbank':10} {text}", flush=True)
