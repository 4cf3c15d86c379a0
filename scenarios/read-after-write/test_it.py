"""The story of README.md, shorter: with SESSION and GLOBAL nothing is stale, without forwarding much is."""

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
    found = CloudProcess(tmp_path / "state", network="plain")
    found.start()
    yield found
    found.close()


def test_what_is_read_after_a_write(cloud: CloudProcess, tmp_path: Path) -> None:
    login = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environ = {**os.environ, **login, "AWS_ENDPOINT_URL": cloud.card.url}
    drawn = tmp_path / "drawn.svg"
    argv = ["--repetitions=120", "--delays=0,12.5,60", "--json", f"--draw={drawn}"]
    ran = subprocess.run(
        [sys.executable, str(HERE / "story.py"), *argv], env=environ, capture_output=True, text=True, timeout=200
    )
    assert ran.returncode == 0, ran.stderr
    rows = json.loads(ran.stdout)
    stale = {(row["setup"], row["delay_ms"]): row["stale"] for row in rows}
    assert len(stale) == 15
    for delay in (0, 12.5, 60):
        assert [stale[setup, delay] for setup in ("writer", "SESSION", "GLOBAL")] == [0, 0, 0]
    assert stale["direct", 0] > 20, "of 40 reads: a reader is late"
    assert stale["EVENTUAL", 0] > 20
    assert drawn.read_text().count("<polyline") == 10
