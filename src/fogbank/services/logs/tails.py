"""Live tails: who waits for new events, and how they are told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fogbank.control.context import Context
from fogbank.services.logs.patterns import Pattern
from fogbank.services.logs.resources import Group, Stream

SAMPLED_MAX = 500
"""More events than this a second are sampled (API page of StartLiveTail)."""


class Tail:
    """One session: what it wants to see, and what it has not been sent yet."""

    def __init__(self, pattern: Pattern | None, names: frozenset[str], prefixes: tuple[str, ...]) -> None:
        self._pattern = pattern
        self._names = names
        self._prefixes = prefixes
        self.waiting: deque[dict[str, Any]] = deque()
        self.is_sampled = False
        self.wake: Callable[[], object] = lambda: None

    def add(self, group_arn: str, stream: str, events: Sequence[Mapping[str, Any]], now_ms: int) -> None:
        if self._names and stream not in self._names:
            return
        if self._prefixes and not stream.startswith(self._prefixes):
            return
        for event in events:
            if self._pattern is not None and not self._pattern.matches(event["message"]):
                continue
            if len(self.waiting) >= SAMPLED_MAX:
                self.is_sampled = True
                break
            self.waiting.append(
                {
                    "logStreamName": stream,
                    "logGroupIdentifier": group_arn,
                    "message": event["message"],
                    "timestamp": event["timestamp"],
                    "ingestionTime": now_ms,
                }
            )
        if self.waiting:
            self.wake()


class Tails:
    """The sessions of an account in a region, by group."""

    def __init__(self, *where: str) -> None:
        self.of_group: dict[str, list[Tail]] = {}


def held(ctx: Context) -> Tails:
    return ctx.held(Tails, *ctx.scope)


def tell(ctx: Context, group: Group, stream: Stream, events: Sequence[Mapping[str, Any]]) -> None:
    """Hand new events to the sessions that watch their group, once they are committed."""
    tails = held(ctx).of_group.get(group.id)
    if not tails:
        return
    arn, now_ms = f"{ctx.account}:{group.name}", int(ctx.now * 1000)

    def add() -> None:
        for tail in tails:
            tail.add(arn, stream.name, events, now_ms)

    ctx.after_commit(add)
