"""Items: ordered rows in a space (messages, history, log events), read from the log rather than held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fogbank.store.log import ItemWrite

Item = tuple[str, bytes]


class Range:
    """Which items of a space are asked for: keys past `after` and before `before`, at most `limit`, in order."""

    __slots__ = ("after", "before", "limit", "reverse", "space")

    def __init__(
        self, space: str, *, after: str = "", before: str | None = None, limit: int = 1000, reverse: bool = False
    ) -> None:
        self.space = space
        self.after = after
        self.before = before
        self.limit = limit
        self.reverse = reverse

    def holds(self, key: str) -> bool:
        return key > self.after and (self.before is None or key < self.before)


def overlaid(found: Iterable[Item], writes: Mapping[str, bytes | None], asked: Range, limit: int) -> list[Item]:
    """The items of the log with the writes of a batch, which it does not have yet, on top; at most `limit`."""
    rows = dict(found)
    for key, item in writes.items():
        if item is None:
            rows.pop(key, None)
        elif asked.holds(key):
            rows[key] = item
    return sorted(rows.items(), reverse=asked.reverse)[:limit]


def merged(found: Iterable[Item], writes: Iterable[ItemWrite], asked: Range) -> list[Item]:
    """What a transaction sees: the items of the log with its own writes, not yet committed, on top."""
    rows = dict(found)
    for space, key, item in writes:
        if space != asked.space:
            continue
        if key is None:
            rows.clear()
        elif item is None:
            rows.pop(key, None)
        elif asked.holds(key):
            rows[key] = item
    return sorted(rows.items(), reverse=asked.reverse)[: asked.limit]
