"""Items: ordered rows in a space (messages, history, log events), read from the log rather than held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
    """Items that were found, with writes that they do not have yet on top; at most `limit`."""
    rows = dict(found)
    for key, item in writes.items():
        if item is None:
            rows.pop(key, None)
        elif asked.holds(key):
            rows[key] = item
    return sorted(rows.items(), reverse=asked.reverse)[:limit]
