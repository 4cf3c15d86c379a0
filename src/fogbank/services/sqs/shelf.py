"""The messages of a standard queue, in the order in which they are to be seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.sqs import rules
from fogbank.services.sqs.resources import Message, Queue, State, Watch, encode, message_of, state_of
from fogbank.services.sqs.tally import NEVER_MS, RECEIVED, Tally, tally_of

_EXPIRED_MAX = 500


class Taken(NamedTuple):
    """A message that has been received, with the state that this left it in."""

    key: str
    message: Message
    state: State


class Shelf:
    """One queue's messages within one transaction."""

    def __init__(self, ctx: Context, queue: Queue) -> None:
        self.ctx = ctx
        self.queue = queue
        self.tally: Tally = tally_of(ctx, queue)
        self.spaces = self.tally.spaces
        self.now_ms = int(ctx.now * 1000)
        self._expired: list[State] = []

    # Messages

    def put(self, message: Message, *, delay_seconds: int = 0, key: str = "") -> str:
        """Add a message; returns its key. A message that comes from elsewhere may keep its key, and so its age."""
        tally = self.tally
        if not key or self.ctx.item(self.spaces.body, key) is not None:
            key = tally.next_key(self.now_ms) if not key else key[:13] + tally.next_key(self.now_ms)[13:]
        visible_ms = message.seen_ms = max(self.now_ms, int(key[:13])) + delay_seconds * 1000
        self._place(key, message, is_delayed=delay_seconds > 0)
        self.ctx.put_item(self.spaces.body, key, encode(message))
        if not tally.is_watched:
            self._watch()
        self.ctx.after_commit(lambda: tally.add(int(key[:13]), visible_ms if delay_seconds else 0))
        return key

    def take(self, wanted: int, visibility_seconds: int) -> tuple[list[Taken], list[Taken]]:
        """Receive up to `wanted` messages; returns them, and those that were received too often before."""
        taken: list[Taken] = []
        given_up: list[Taken] = []
        cutoff = self.cutoff_ms
        is_last = False
        while len(taken) < wanted and not is_last:
            # What is received for no time at all can be seen again at once, but not by the same call.
            is_last = visibility_seconds == 0
            rows = self.ctx.items(self.spaces.order, before=f"{self.now_ms + 1:013d}", limit=wanted - len(taken))
            if not rows:
                break
            for place, flag in rows:
                key = place[13:]
                state = self._state(key) if flag else State(int(place[:13]))
                if int(key[:13]) <= cutoff:
                    self._drop(key, state)
                elif self.is_worn(state):
                    given_up.append(Taken(key, self._message(key), state))
                    self._drop(key, state)
                else:
                    taken.append(self._receive(key, state, visibility_seconds))
        return taken, given_up

    def state_of(self, handle: rules.Handle) -> State | None:
        """The state of the message behind a receipt, None if it is no more."""
        row = self.ctx.item(self.spaces.state, handle.id)
        return None if row is None else state_of(row)

    def delete(self, handle: rules.Handle, state: State) -> None:
        self._drop(handle.id, state)

    def hide(self, handle: rules.Handle, state: State, visible_ms: int) -> None:
        """Have a message in flight be seen at another time."""
        moved = msgspec.structs.replace(state, visible_ms=visible_ms)
        self._move(handle.id, state, moved)
        self._after_move(state, moved)

    def message(self, key: str) -> Message | None:
        row = self.ctx.item(self.spaces.body, key)
        return None if row is None else message_of(row)

    def first(self, limit: int) -> Iterable[tuple[str, State]]:
        """Messages that can be seen, for those who move them elsewhere."""
        for place, flag in self.ctx.items(self.spaces.order, before=f"{self.now_ms + 1:013d}", limit=limit):
            yield place[13:], self._state(place[13:]) if flag else State(int(place[:13]))

    def drop(self, key: str, message: Message, state: State) -> None:
        self._drop(key, state)

    # The queue as a whole

    @property
    def cutoff_ms(self) -> int:
        """What was sent then or before has expired."""
        return self.now_ms - self.queue.retention_seconds * 1000

    def is_worn(self, state: State) -> bool:
        """Whether a message was received as often as its queue's redrive policy lets it be."""
        return 0 < self.queue.receives_max <= state.count

    def expire(self) -> int:
        """Take away up to some hundreds of messages whose time is over; returns how many are left that should go."""
        if self.tally.oldest_ms > self.cutoff_ms:
            return 0
        spaces, tally = self.spaces, self.tally
        before = f"{self.cutoff_ms + 1:013d}"
        left = self.ctx.count_items(spaces.body, before=before)
        rows = self.ctx.items(spaces.body, before=before, limit=_EXPIRED_MAX)
        for key, row in rows:
            self._expire(key, message_of(row))
        if len(rows) < _EXPIRED_MAX:
            following = self.ctx.items(spaces.body, limit=1)
            oldest_ms = int(following[0][0][:13]) if following else NEVER_MS
            self.ctx.after_commit(lambda: setattr(tally, "oldest_ms", oldest_ms))
        return max(0, left - len(rows))

    def counts(self) -> tuple[int, int, int]:
        """How many messages can be seen, are in flight, and are delayed; what this transaction wrote is not counted."""
        left = self.expire()
        flights, delays = self.tally.hidden(self.now_ms)
        hidden = [state for state in self._expired if state.visible_ms > self.now_ms]
        received = sum(1 for state in hidden if state.count)
        left += len(self._expired) - len(hidden)
        seen = self.tally.total - flights - delays - left
        return max(0, seen), flights - received, delays - (len(hidden) - received)

    def clear(self) -> None:
        for space in self.spaces.of_messages():
            self.ctx.delete_item(space, None)
        self.ctx.after_commit(self.tally.clear)

    def _watch(self) -> None:
        tally = self.tally
        known = self.ctx.get(Watch, self.queue.name)
        self.ctx.put(known or Watch(name=self.queue.name))
        self.ctx.after_commit(lambda: setattr(tally, "is_watched", True))

    # Rows

    def _place(self, key: str, message: Message, *, is_delayed: bool) -> None:
        self.ctx.put_item(self.spaces.order, f"{message.seen_ms:013d}{key}", b"")

    def _receive(self, key: str, state: State, visibility_seconds: int) -> Taken:
        taken = self._seen(key, state, visibility_seconds)
        self._move(key, state, taken.state)
        self._after_move(state, taken.state)
        return taken

    def _seen(self, key: str, state: State, visibility_seconds: int) -> Taken:
        now_ms = self.now_ms
        after = State(now_ms + visibility_seconds * 1000, state.count + 1, state.first_ms or now_ms, now_ms)
        return Taken(key, self._message(key), after)

    def _move(self, key: str, state: State, moved: State) -> None:
        order = self.spaces.order
        self.ctx.delete_item(order, f"{state.visible_ms:013d}{key}")
        self.ctx.put_item(order, f"{moved.visible_ms:013d}{key}", RECEIVED)
        self.ctx.put_item(self.spaces.state, key, encode(moved))

    def _after_move(self, state: State, moved: State) -> None:
        tally, is_first = self.tally, state.count == 0
        self.ctx.after_commit(lambda: tally.move(state.visible_ms, is_first, moved.visible_ms))
        if moved.visible_ms <= self.now_ms:
            self.ctx.after_commit(tally.wake)

    def _drop(self, key: str, state: State) -> None:
        self.ctx.delete_item(self.spaces.order, f"{state.visible_ms:013d}{key}")
        if state.count:
            self.ctx.delete_item(self.spaces.state, key)
        self._forget(key, state)

    def _forget(self, key: str, state: State) -> None:
        self.ctx.delete_item(self.spaces.body, key)
        tally, is_first = self.tally, state.count == 0
        self.ctx.after_commit(lambda: tally.remove(state.visible_ms, is_first))

    def _expire(self, key: str, message: Message) -> None:
        row = self.ctx.item(self.spaces.state, key)
        state = state_of(row) if row is not None else State(message.seen_ms)
        self._expired.append(state)
        self._drop(key, state)

    def _state(self, key: str) -> State:
        row = self.ctx.item(self.spaces.state, key)
        return State(0) if row is None else state_of(row)

    def _message(self, key: str) -> Message:
        row = self.ctx.item(self.spaces.body, key)
        if row is None:
            raise LookupError(f"{self.queue.name}: message {key} has a place and no body")
        return message_of(row)
