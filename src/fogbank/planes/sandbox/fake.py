"""Environments for tests, and where nothing can be run: they answer what they are told to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fogbank.planes.sandbox import archive
from fogbank.planes.sandbox.sandbox import Environment, Function, Invocation, Outcome

Answers = Callable[[Function, Invocation], Outcome]


class FakeSandboxes:
    """Remembers what was started and asked; answers with the event itself unless it is told otherwise."""

    def __init__(self) -> None:
        self.started: list[Function] = []
        self.asked: list[Invocation] = []
        self.hear: Callable[[bytes], None] | None = None
        """Of the environment that was started last."""
        self.answers: Answers = lambda function, invocation: Outcome(invocation.payload)

    @property
    def isolation(self) -> str:
        return "nothing is run"

    def runtimes(self) -> Mapping[str, str]:
        return {"python3.11": "", "nodejs20.x": "", "provided.al2023": "", "python3.14": "not installed: a test"}

    async def warm(self, runtime: str) -> None:
        return None

    async def start(self, function: Function, hear: Callable[[bytes], None] | None = None) -> Environment:
        self.hear = hear
        self.started.append(function)
        return _FakeEnvironment(self, function)

    async def unpacked(self, digest: str, code: bytes) -> Path:
        archive.check(code)
        return Path("/nonexistent") / digest

    async def clear(self) -> None:
        return None

    async def close(self) -> None:
        return None


class _FakeEnvironment:
    init_seconds = 0.001

    def __init__(self, owner: FakeSandboxes, function: Function) -> None:
        self._owner = owner
        self._function = function

    async def invoke(self, invocation: Invocation, write: Callable[[bytes], None] | None = None) -> Outcome:
        self._owner.asked.append(invocation)
        outcome = self._owner.answers(self._function, invocation)
        if write is not None and not outcome.error:
            write(outcome.payload)
            return outcome._replace(payload=b"")
        return outcome

    async def stop(self) -> None:
        return None
