"""The story of README.md, shorter: no order is lost or doubled on the way there and back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.planes.engines.postgresql import servers
from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state", network="plain")
    found.start()
    yield found
    found.close()


def editions() -> list[str]:
    """Those that this machine's servers can tell."""
    found = servers.found()
    native = ["native"] if any(one.major >= 16 for one in found) else []
    return native + ["pglogical"] * any((one.programs.parent / "lib" / "pglogical.so").exists() for one in found)


@pytest.mark.parametrize("edition", editions())
def test_no_order_is_lost_or_doubled(cloud: CloudProcess, edition: str) -> None:
    login = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environ = {**os.environ, **login, "AWS_ENDPOINT_URL": cloud.card.url}
    command = [sys.executable, str(HERE / "story.py"), "--seconds=0.5", f"--edition={edition}"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "missing 0, doubled 0" in ran.stdout
    written = int(ran.stdout.partition("\n")[0].rpartition(" ")[2])
    assert written > 20
    assert f"rows: {written + 100} government, {written + 100} commercial" in ran.stdout
