"""A cloud whose functions are processes of this machine, and which they find at its socket."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.planes.net.namespaces import prefix_of
from fogbank.planes.sandbox import interpreters
from fogbank.planes.sandbox.processes import ProcessSandboxes
from fogbank.services.lambda_.test_lambda import World, zipped
from fogbank.testing import TestCloud


class Town(World):
    """A cloud with real functions."""

    def __init__(self, **planes: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fogbank-functions-"))

        def sandboxes(net: Any) -> ProcessSandboxes:
            packages = interpreters.node_modules("")
            return ProcessSandboxes(self.folder / "sandboxes", prefix_of(self.folder), net, node_modules=packages)

        super().__init__(TestCloud(sandboxes=sandboxes, is_running=True, **planes))
        sock = socket.create_server(("127.0.0.1", 0))
        self.cloud.run(self.cloud.cloud.listen(sock))

    def write(self, name: str, code: str, **more: Any) -> dict[str, Any]:
        """A function with a module `main` of its own."""
        return self.make(name, **{"Code": {"ZipFile": zipped(main=code)}, "Runtime": "python3.11", **more})

    def has(self, runtime: str) -> bool:
        """Whether a runtime is on this machine."""
        return self.cloud.cloud.planes.sandboxes.runtimes().get(runtime, "unknown") == ""

    def said(self, name: str, payload: Any = None) -> Any:
        """What a function answers; what it raises is an error here."""
        answer = self.invoke(name, payload)
        found = json.loads(answer["Payload"])
        assert "FunctionError" not in answer, found
        return found

    def close(self) -> None:
        self.cloud.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """One cloud for the tests of a module, each with functions of its own."""
    found = Town()
    missing = found.cloud.cloud.planes.sandboxes.runtimes().get("python3.11", "it is not known")
    if missing:
        found.close()
        pytest.skip(f"no python3.11: {missing}")
    yield found
    found.close()
