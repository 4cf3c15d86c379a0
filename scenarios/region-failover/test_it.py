"""The story of README.md, with a short time to live: a region fails, and comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fogbank.planes.net import probe
from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    if reason := probe.full():
        pytest.skip(f"no network namespaces here: {reason}")
    found = CloudProcess(tmp_path / "state", network="full")
    found.start()
    yield found
    found.close()


@pytest.mark.timeout(400)  # health checks look every ten seconds, twice each way
def test_clients_move_to_the_other_region_and_back(cloud: CloudProcess, tmp_path: Path) -> None:
    login = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environ = {**os.environ, **login, "AWS_ENDPOINT_URL": cloud.card.url, "FOGBANK_STATE": str(cloud.state)}
    command = [sys.executable, str(HERE / "story.py"), "--ttl=5", "--json", f"--picture={tmp_path}/picture"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=350)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (seen,) = json.loads(ran.stdout)
    # Two probes of each checker, ten seconds apart: more than one interval, and not many more than two.
    assert 9 < seen["decision"] < 30
    assert seen["failed after the time to live"] <= 1
    assert seen["failed after the answers"] <= 5 + 1
    assert {one["region"] for one in seen["polls"] if one["well"]} == {"eu-west-1", "us-east-1"}
    bars = ElementTree.parse(seen["picture"]).iter("{http://www.w3.org/2000/svg}rect")
    assert sum(bar.get("fill") == "#c0392b" for bar in bars) == seen["failed polls"]
