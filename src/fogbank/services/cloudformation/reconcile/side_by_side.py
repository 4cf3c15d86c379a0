"""Work on resources, several at a time: each once all that it has to wait for is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.resource_type import Waits

_WORKING_MAX = 16


class Course:
    """How it went: who is done, who failed and why, and after how many seconds those that wait want to be asked."""

    def __init__(self, done: Iterable[str]) -> None:
        self.done = set(done)
        self.failed: dict[str, str] = {}
        self.waits: list[float] = []
        self._waiting: set[str] = set()

    async def run(
        self, needs: Mapping[str, frozenset[str]], work: Callable[[str], Awaitable[None]], *, goes_on: bool = False
    ) -> None:
        """Do the work of each key. After a failure nothing more is begun, unless it `goes_on` with what can be done."""
        running: dict[asyncio.Task[None], str] = {}
        while True:
            for key in self._ready(needs, set(running.values())) if goes_on or not self.failed else ():
                if len(running) < _WORKING_MAX:
                    running[asyncio.ensure_future(work(key))] = key
            if not running:
                return
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                self._note(running.pop(task), task)

    def _ready(self, needs: Mapping[str, frozenset[str]], running: set[str]) -> list[str]:
        seen = self.done | self._waiting | running | self.failed.keys()
        return [key for key, needed in needs.items() if key not in seen and needed <= self.done]

    def _note(self, key: str, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if error is None:
            self.done.add(key)
        elif isinstance(error, Waits):
            self._waiting.add(key)
            self.waits.append(error.seconds)
        elif isinstance(error, AwsError | WorldError):
            self.failed[key] = reason(error)
        else:
            raise error


def reason(error: AwsError | WorldError) -> str:
    """An error as a resource's status reason."""
    if not isinstance(error, AwsError):
        return str(error)
    return f"{error.message} ({error.code})" if error.code else error.message
