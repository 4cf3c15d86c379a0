"""A cloud behind a socket whose functions are processes of this machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.planes.net.namespaces import prefix_of
from fogbank.planes.net.net import Net
from fogbank.planes.sandbox.processes import ProcessSandboxes
from fogbank.testing import Served


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    """One cloud for the tests of a module; each keeps to its own account."""
    folder = Path(tempfile.mkdtemp(prefix="fogbank-serverless-"))

    def sandboxes(net: Net) -> ProcessSandboxes:
        return ProcessSandboxes(folder / "sandboxes", prefix_of(folder), net)

    found = Served({"sandboxes": sandboxes})
    missing = found.cloud.planes.sandboxes.runtimes().get("python3.11", "it is not known")
    if not missing:
        yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)
    if missing:
        pytest.skip(f"no python3.11: {missing}")
