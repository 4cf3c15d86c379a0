"""Edge locations outlive the cloud: routers go on, and are known again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.planes.engines import bird
from fogbank.planes.net import probe
from fogbank.planes.net.namespaces import prefix_of
from fogbank.testing.databases import soon
from fogbank.testing.process import CloudProcess


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    if reason := probe.full():
        pytest.skip(f"no network namespaces here: {reason}")
    if not bird.program():
        pytest.skip("not installed here: bird")
    found = CloudProcess(tmp_path / "state", network="full", dns_port=0)
    found.start()
    yield found
    found.close()


def edges(cloud: CloudProcess, *words: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "fogbank", "dns", f"--state={cloud.state}", "--json", "edges", *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)["edges"]
    return found


def routers(cloud: CloudProcess) -> set[int]:
    """The processes of routers of this cloud."""
    found, own = set(), (str(cloud.state).encode(), f"{prefix_of(cloud.state)}-routers".encode())
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"bird") and any(one in word for word in words for one in own):
            found.add(int(path.parent.name))
    return found


def test_routers_outlive_a_kill_and_end_with_the_cloud(cloud: CloudProcess) -> None:
    edges(cloud, "4")
    soon(lambda: {one["session"] for one in edges(cloud)}, {"Established"})
    before = routers(cloud)
    assert len(before) == 5, "the core, and four edges"
    cloud.kill()
    assert routers(cloud) == before
    cloud.start()
    assert {one["session"] for one in edges(cloud)} == {"Established"}
    assert routers(cloud) == before, "the very same"
    cloud.stop()
    assert routers(cloud) == set()
