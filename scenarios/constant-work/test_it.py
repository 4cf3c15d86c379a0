"""The story of README.md, shorter: the bytes are the same whatever fails, and all of it is decided."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state", network="plain", dns_port=0)
    found.start()
    yield found
    found.close()


def test_what_fails_costs_no_more_bytes_and_is_decided(cloud: CloudProcess) -> None:
    environ = {**os.environ, "AWS_ENDPOINT_URL": cloud.card.url}
    argv = [
        "--targets=100",
        "--seconds=16",
        "--threshold=1",
        "--samples=5",
        "--phases=calm,all fail",
        "--skip",
        "--json",
    ]
    ran = subprocess.run(
        [sys.executable, str(HERE / "story.py"), *argv], env=environ, capture_output=True, text=True, timeout=200
    )
    assert ran.returncode == 0, ran.stderr
    calm, failing = json.loads(ran.stdout)
    # A message more or less may fall into a phase: four a second of each of three checkers.
    assert abs(failing["bytes"] / calm["bytes"] - 1) < 0.1
    assert failing["undecided"] == 0
    # Probes are ten seconds apart: the last of three checkers says so within one interval, and is heard soon after.
    assert 0 < failing["decided"] < 14
