"""What is kept in memory of a queue: how many messages it has and hides, who waits for one, and the last number given.

It is derived from the items and read from them on first use. A message that merely waits costs nothing here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from sortedcontainers import SortedList

from fogbank.clock import Timer
from fogbank.control.context import Context
from fogbank.services.sqs.resources import Queue, Watch

CallAt = Callable[[float, Callable[[], object]], Timer]
NEVER_MS = 1 << 62
_READ_MAX = 10_000
RECEIVED = b"1"
"""The item of a hidden message that has been received, rather than delayed."""


class Tally:
    """The numbers of one queue. They move when a transaction commits; numbers for messages are given at once."""

    __slots__ = (
        "_alarm",
        "_call_at",
        "delays",
        "flights",
        "is_read",
        "is_watched",
        "last_ms",
        "last_number",
        "oldest_ms",
        "spaces",
        "total",
        "waiters",
    )

    def __init__(self, *key: str) -> None:
        self.is_read = False
        self.is_watched = False
        self.total = 0
        self.flights: SortedList = SortedList()
        """When messages in flight will be seen again (ms); what is due goes when `hidden` looks."""
        self.delays: SortedList = SortedList()
        self.oldest_ms = NEVER_MS
        """No message was sent before this."""
        self.last_ms = 0
        self.last_number = 0
        self.spaces: Spaces
        """Set when the numbers are read."""
        self.waiters: deque[asyncio.Future[None]] = deque()
        self._alarm: Timer | None = None
        self._call_at: CallAt | None = None

    def next_key(self, now_ms: int) -> str:
        """The key of a new message, past all others of its queue: the time it was sent, and a number."""
        if now_ms > self.last_ms:
            self.last_ms, self.last_number = now_ms, 0
        else:
            self.last_number += 1
        return f"{self.last_ms:013d}{self.last_number:07d}"

    def hidden(self, now_ms: int) -> tuple[int, int]:
        """How many messages are in flight, and how many delayed."""
        for times in (self.flights, self.delays):
            if due := times.bisect_right(now_ms):
                del times[:due]
        return len(self.flights), len(self.delays)

    def add(self, sent_ms: int, delayed_to: int) -> None:
        self.total += 1
        self.oldest_ms = min(self.oldest_ms, sent_ms)
        if delayed_to:
            self.delays.add(delayed_to)
            self._alarm_by(delayed_to)
        else:
            self.wake()

    def move(self, was_ms: int, is_first: bool, visible_ms: int) -> None:
        """A message goes from one time of being seen to another."""
        (self.delays if is_first else self.flights).discard(was_ms)
        self.flights.add(visible_ms)
        self._alarm_by(visible_ms)

    def remove(self, was_ms: int, is_first: bool) -> None:
        self.total -= 1
        (self.delays if is_first else self.flights).discard(was_ms)

    def clear(self) -> None:
        self.total = 0
        self.flights.clear()
        self.delays.clear()
        self.oldest_ms = NEVER_MS

    def wait(self, waiter: asyncio.Future[None], now_ms: int, call_at: CallAt) -> None:
        """Have `waiter` woken when a message arrives, or is to be seen again."""
        self.waiters.append(waiter)
        self._call_at = call_at
        self.hidden(now_ms)
        for times in (self.flights, self.delays):
            if times:
                self._alarm_by(times[0])

    def _alarm_by(self, due_ms: int) -> None:
        if not self.waiters or self._call_at is None:
            return
        if self._alarm is not None:
            if self._alarm.due_at * 1000 <= due_ms:
                return
            self._alarm.cancel()
        self._alarm = self._call_at(due_ms / 1000, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.wake_all()

    def wake(self) -> None:
        """Let one of those who wait look again."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def dropped(self) -> None:
        """The queue is no more, or memory is read anew: whoever waits finds out."""
        self.wake_all()

    def wake_all(self) -> None:
        while self.waiters:
            self.wake()


class Spaces:
    """The names of a queue's spaces of items.

    `body` holds messages by their keys. A standard queue's `order` has a row for each message by the time it is to be
    seen, and `state` what its receipts have left. A FIFO queue's `line` has each message's state by group and key,
    `head` a row for each group by the time its first message is to be had, `order` rows for hidden messages only.
    """

    __slots__ = ("_known", "attempt", "body", "head", "line", "order", "state")

    def __init__(self, ctx: Context, queue: Queue) -> None:
        name, uid = queue.name, queue.uid
        self.body = ctx.space("body", name, uid)
        self.order = ctx.space("order", name, uid)
        self.state = ctx.space("state", name, uid)
        self.line = ctx.space("line", name, uid)
        self.head = ctx.space("head", name, uid)
        self.attempt = ctx.space("attempt", name, uid)
        self._known = ctx.space("known", name, uid)

    def known(self, period: int) -> str:
        """Where the ids that duplicates are known by lie, of five minutes."""
        return f"{self._known}\0{period}"

    def of_messages(self) -> tuple[str, ...]:
        return self.body, self.order, self.state, self.line, self.head, self.attempt


def tally_of(ctx: Context, queue: Queue) -> Tally:
    """The numbers of a queue in the context's scope."""
    tally = ctx.held(Tally, *ctx.scope, queue.uid)
    if not tally.is_read:
        _read(ctx, queue, tally)
    return tally


def _read(ctx: Context, queue: Queue, tally: Tally) -> None:
    spaces = tally.spaces = Spaces(ctx, queue)
    now_ms = int(ctx.now * 1000)
    tally.total = ctx.count_items(spaces.line if queue.fifo else spaces.order)
    for key, _ in ctx.items(spaces.body, limit=1):
        tally.oldest_ms = int(key[:13])
    for key, _ in ctx.items(spaces.body, limit=1, reverse=True):
        tally.last_ms, tally.last_number = int(key[:13]), int(key[13:])
    after = f"{now_ms + 1:013d}"
    while rows := ctx.items(spaces.order, after=after, limit=_READ_MAX):
        after = rows[-1][0]
        for key, flag in rows:
            (tally.flights if flag == RECEIVED else tally.delays).add(int(key[:13]))
    tally.is_watched = ctx.get(Watch, queue.name) is not None
    tally.is_read = True
