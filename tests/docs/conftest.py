"""The cloud that pages talk to: its functions are processes, so that a page cannot praise what only a fake does."""

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


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """One cloud behind a socket for all pages; each keeps to its own `account`."""
    folder = Path(tempfile.mkdtemp(prefix="fogbank-docs-"))

    def sandboxes(net: Net) -> ProcessSandboxes:
        return ProcessSandboxes(folder / "sandboxes", prefix_of(folder), net)

    found = Served({"sandboxes": sandboxes})
    yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)
