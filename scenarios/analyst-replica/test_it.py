"""The story of README.md, with packets: who reads, who does not, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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


def test_analysts_read_their_replica_and_nothing_else(cloud: CloudProcess) -> None:
    login = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environ = {**os.environ, **login, "AWS_ENDPOINT_URL": cloud.card.url, "FOGBANK_STATE": str(cloud.state)}
    command = [sys.executable, str(HERE / "story.py"), "--seconds=0.5", "--json"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["office"][:2] == [[[20000]], [[42]]]
    assert [words.partition(":")[0] for words in seen["writes"][:2]] == ["25006", "25006"]
    assert seen["stranger"][0].startswith("unreachable: ")
    assert seen["office on production"][0].startswith("unreachable: ")
    assert seen["is heavy"], "the query has to be running while production is timed"
    assert seen["write before, µs"] > 0
