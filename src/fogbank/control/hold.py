"""Holds: what services keep in memory beside their records, for as long as the records that it follows are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fogbank.store.store import Store

T = TypeVar("T")


class Holds:
    """Things made from records and items (indexes, compiled patterns, whoever waits), one for each key.

    They are made anew when the store lets go of its memory: after a reset, or a batch that the log refused.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._drops = store.drops
        self._held: dict[tuple[Any, ...], Any] = {}

    def get(self, make: Callable[..., T], key: tuple[str, ...]) -> T:
        """The thing that `make(*key)` made when it was first asked for."""
        if self._drops != self._store.drops:
            self.clear()
        name = (make, *key)
        found: T | None = self._held.get(name)
        if found is None:
            found = self._held[name] = make(*key)
        return found

    def clear(self) -> None:
        """Let go of everything; what others wait for (it has a method `dropped`) is told."""
        held, self._held = self._held, {}
        self._drops = self._store.drops
        for one in held.values():
            dropped = getattr(one, "dropped", None)
            if dropped is not None:
                dropped()

    def forget(self, make: Callable[..., T], key: tuple[str, ...]) -> None:
        self._held.pop((make, *key), None)
