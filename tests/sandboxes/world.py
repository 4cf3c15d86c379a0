"""Sandboxes for a test: the real plane in a folder of the test's own, driven without async code in the tests."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import textwrap
import time
import zlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.net import Net
from fogbank.planes.sandbox.processes import ProcessSandboxes
from fogbank.planes.sandbox.sandbox import Environment, Failed, Function, Invocation, Outcome

T = TypeVar("T")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:one"
OWN_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
IDS = itertools.count(1)
ENVIRON = {
    "AWS_LAMBDA_FUNCTION_NAME": "one",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/one",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]abc",
    "TZ": ":UTC",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
}


class World:
    """The plane, and functions written on the spot."""

    def __init__(self, folder: Path, prefix: str = "", net: Net | None = None) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.prefix = prefix or f"fbt{zlib.crc32(str(folder).encode()):08x}"
        self.plane = ProcessSandboxes(folder / "state", self.prefix, net or FakeNet("plain"))
        self._numbers = itertools.count(1)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self.plane.close())
        self.loop.close()

    @property
    def is_isolated(self) -> bool:
        return "plain processes" not in self.plane.isolation

    def code(self, **files: str) -> Path:
        """A folder with files: `a_py` is a.py, `b__c_py` is b/c.py."""
        folder = self.folder / f"code{next(self._numbers)}"
        for name, text in files.items():
            stem, _, end = name.rpartition("_")
            path = folder / (stem.replace("__", "/") + f".{end}" if stem else end)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        folder.chmod(0o755)
        return folder

    def function(self, text: str = "", **more: Any) -> Function:
        """A Python function whose module is `text`, unless there is other code."""
        code = more.pop("code", None) or self.code(main_py=text)
        environ = {**ENVIRON, **more.pop("environ", {})}
        given = {"name": "one", "runtime": OWN_PYTHON, "handler": "main.handler", **more}
        return Function(code=code, environ=environ, **given)

    def start(self, function: Function) -> Started:
        return Started(self, self.run(self.plane.start(function)))

    def python(self, text: str, **more: Any) -> Started:
        return self.start(self.function(text, **more))

    def node(self, text: str, **more: Any) -> Started:
        return self.start(
            self.function(code=self.code(main_mjs=text), handler="main.handler", runtime="nodejs20.x", **more)
        )

    def failed(self, function: Function) -> Outcome:
        """What comes of a function that cannot begin."""
        try:
            started = self.start(function)
        except Failed as error:
            return error.outcome
        started.stop()
        raise AssertionError("it has begun")


class Started:
    """An environment that is asked one thing at a time."""

    def __init__(self, world: World, environment: Environment) -> None:
        self.world = world
        self.environment = environment

    def ask(
        self, event: Any = None, *, seconds: float = 20.0, write: Callable[[bytes], None] | None = None, **more: str
    ) -> Outcome:
        """The outcome of an event."""
        deadline = int((time.time() + seconds) * 1000)
        request_id = f"00000000-0000-4000-8000-{next(IDS):012d}"
        invocation = Invocation(request_id, json.dumps(event).encode(), ARN, deadline, **more)
        return self.world.run(self.environment.invoke(invocation, write))

    def __call__(self, event: Any = None, *, seconds: float = 20.0) -> Any:
        """What a function returns that does not fail."""
        outcome = self.ask(event, seconds=seconds)
        assert not outcome.error, outcome
        return json.loads(outcome.payload)

    def stop(self) -> None:
        self.world.run(self.environment.stop())


def commands() -> Iterator[tuple[int, str]]:
    """Every process of the machine, with its arguments."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield int(path.parent.name), path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
