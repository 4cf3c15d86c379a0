"""The story of README.md, shorter: the bytes are the same whatever fails, and all of it is decided."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


def test_what_fails_costs_no_more_bytes_and_is_decided(plain: CloudProcess, tell: Callable[..., str]) -> None:
    options = [
        "--targets=100",
        "--seconds=16",
        "--threshold=1",
        "--samples=5",
        "--phases=calm,all fail",
        "--skip",
        "--json",
    ]
    calm, failing = json.loads(tell(plain, *options))
    # A message more or less may fall into a phase: four a second of each of three checkers.
    assert abs(failing["bytes"] / calm["bytes"] - 1) < 0.1
    assert failing["undecided"] == 0
    # Probes are ten seconds apart: the last of three checkers says so within one interval, and is heard soon after.
    assert 0 < failing["decided"] < 14
