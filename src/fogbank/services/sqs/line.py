"""The messages of a FIFO queue: in order within their group, which waits while one of its messages is in flight."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fogbank.services.sqs import rules
from fogbank.services.sqs.resources import Message, State, encode, state_of
from fogbank.services.sqs.shelf import Shelf, Taken
from fogbank.services.sqs.tally import RECEIVED

_FRONT = 10
"""Messages that have been received are among the first ten of their group: a receipt holds no more, and blocks it."""
_LOOKED_AT = 20
Row = tuple[str, State]


class Line(Shelf):
    """One FIFO queue's messages within one transaction."""

    def take(self, wanted: int, visibility_seconds: int) -> tuple[list[Taken], list[Taken]]:
        """Receive up to `wanted` messages, of as few groups as possible."""
        taken: list[Taken] = []
        given_up: list[Taken] = []
        before = f"{self.now_ms + 1:013d}"
        is_last = False
        while len(taken) < wanted and not is_last:
            is_last = visibility_seconds == 0
            heads = self.ctx.items(self.spaces.head, before=before, limit=wanted - len(taken))
            if not heads:
                break
            for place, group in heads:
                if len(taken) >= wanted:
                    break
                self._take_of(group.decode(), place, (taken, given_up), (wanted, visibility_seconds))
        return taken, given_up

    def _take_of(self, group: str, place: str, found: tuple[list[Taken], list[Taken]], asked: tuple[int, int]) -> None:
        """Receive what a group has; its head moves."""
        taken, given_up = found
        wanted, visibility_seconds = asked
        rows = self._rows(group, _LOOKED_AT)
        left: list[Row] = []
        for at, (key, state) in enumerate(rows):
            if state.visible_ms > self.now_ms or len(taken) >= wanted:
                left += rows[at:]
                break
            if int(key[:13]) <= self.cutoff_ms:
                self._unline(group, key, state)
            elif self.is_worn(state):
                given_up.append(Taken(key, self._message(key), state))
                self._unline(group, key, state)
            else:
                one = self._seen(key, state, visibility_seconds)
                self._line_up(group, key, state, one.state)
                taken.append(one)
                left.append((key, one.state))
        self.ctx.delete_item(self.spaces.head, place)
        self._put_head(group, left or self._rows(group, _FRONT))

    def state_of(self, handle: rules.Handle) -> State | None:
        row = self.ctx.item(self.spaces.line, f"{handle.group}\0{handle.id}")
        return None if row is None else state_of(row)

    def delete(self, handle: rules.Handle, state: State) -> None:
        self._leave(handle.group, handle.id, state)

    def hide(self, handle: rules.Handle, state: State, visible_ms: int) -> None:
        rows = self._rows(handle.group, _FRONT)
        moved = msgspec.structs.replace(state, visible_ms=visible_ms)
        self.ctx.delete_item(self.spaces.head, self._head(rows))
        self._line_up(handle.group, handle.id, state, moved)
        self._put_head(handle.group, [(key, moved if key == handle.id else one) for key, one in rows])

    def first(self, limit: int) -> Iterable[Row]:
        for _, group in self.ctx.items(self.spaces.head, before=f"{self.now_ms + 1:013d}", limit=limit):
            yield from (
                (key, state) for key, state in self._rows(group.decode(), _FRONT) if state.visible_ms <= self.now_ms
            )

    def drop(self, key: str, message: Message, state: State) -> None:
        self._leave(message.group, key, state)

    def _place(self, key: str, message: Message, *, is_delayed: bool) -> None:
        group, state = message.group, State(message.seen_ms)
        if not self._rows(group, 1):
            self.ctx.put_item(self.spaces.head, f"{message.seen_ms:013d}{key}", group.encode())
        self.ctx.put_item(self.spaces.line, f"{group}\0{key}", encode(state))
        if is_delayed:
            self.ctx.put_item(self.spaces.order, f"{state.visible_ms:013d}{key}", b"")

    def _expire(self, key: str, message: Message) -> None:
        row = self.ctx.item(self.spaces.line, f"{message.group}\0{key}")
        if row is not None:
            state = state_of(row)
            self._expired.append(state)
            self._leave(message.group, key, state)

    def _leave(self, group: str, key: str, state: State) -> None:
        """A message goes, and its group may be free for the next one."""
        rows = self._rows(group, _FRONT + 1)
        self.ctx.delete_item(self.spaces.head, self._head(rows))
        self._unline(group, key, state)
        self._put_head(group, [row for row in rows if row[0] != key])
        self.ctx.after_commit(self.tally.wake)

    def _rows(self, group: str, limit: int) -> list[Row]:
        found = self.ctx.items(self.spaces.line, after=f"{group}\0", before=f"{group}\1", limit=limit)
        return [(place[len(group) + 1 :], state_of(row)) for place, row in found]

    def _head(self, rows: list[Row]) -> str:
        """Where a group stands: when its first message is to be had, or its last message in flight to be seen again."""
        key, state = rows[0]
        at = max([state.visible_ms, *(one.visible_ms for _, one in rows[:_FRONT] if one.count)])
        return f"{at:013d}{key}"

    def _put_head(self, group: str, rows: list[Row]) -> None:
        if rows:
            self.ctx.put_item(self.spaces.head, self._head(rows), group.encode())

    def _line_up(self, group: str, key: str, state: State, moved: State) -> None:
        self.ctx.put_item(self.spaces.line, f"{group}\0{key}", encode(moved))
        self.ctx.delete_item(self.spaces.order, f"{state.visible_ms:013d}{key}")
        self.ctx.put_item(self.spaces.order, f"{moved.visible_ms:013d}{key}", RECEIVED)
        self._after_move(state, moved)

    def _unline(self, group: str, key: str, state: State) -> None:
        self.ctx.delete_item(self.spaces.line, f"{group}\0{key}")
        self.ctx.delete_item(self.spaces.order, f"{state.visible_ms:013d}{key}")
        self._forget(key, state)
