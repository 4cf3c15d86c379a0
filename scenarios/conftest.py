"""Clouds of their own for the stories, and the way to tell one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fogbank.planes.net import probe
from fogbank.testing.process import CloudProcess


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[CloudProcess]:
    """A cloud without packets."""
    found = CloudProcess(tmp_path / "state", network="plain", dns_port=0)
    found.start()
    yield found
    found.close()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[CloudProcess]:
    """A cloud with the kernel's network."""
    if reason := probe.full():
        pytest.skip(f"no network namespaces here: {reason}")
    found = CloudProcess(tmp_path / "state", network="full", dns_port=0)
    found.start()
    yield found
    found.close()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Tells the story beside a test to a cloud, with options, and gives what it prints; it has to succeed."""
    story = request.path.parent / "story.py"

    def told(cloud: CloudProcess, *options: str, seconds: float = 200.0) -> str:
        login = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        environ = {**os.environ, **login, "AWS_ENDPOINT_URL": cloud.card.url, "FOGBANK_STATE": str(cloud.state)}
        command = [sys.executable, str(story), *options]
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=seconds)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return told
