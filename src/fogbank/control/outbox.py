"""The outbox: events written with the records they tell of, delivered after the commit, each once."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from fogbank.store.items import Range
from fogbank.store.store import Store
from fogbank.store.transaction import Transaction

if TYPE_CHECKING:
    from fogbank.control.context import Context

_LOG = logging.getLogger("fogbank.outbox")
_SPACE = "fogbank/outbox"
_PAGE = 100
_RECENT_MAX = 1000
_RETRY_SECONDS = 1.0


class Sink(Protocol):
    """Who listens to events."""

    def wants(self, ctx: Context) -> bool:
        """Whether an event of this context's scope could mean anything to it: the others are not written down."""

    def deliver(self, transaction: Transaction, event: Mapping[str, Any]) -> None:
        """Take one event in EventBridge's form, in the transaction that takes it out of the outbox."""


class Outbox:
    """Events on their way. The last thousand that were delivered can be read at `/_fogbank/events`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: int | None = None
        self._woken = asyncio.Event()
        self._woken.set()
        self._idle = asyncio.Event()
        self.sink: Sink | None = None
        self.recent: deque[Mapping[str, Any]] = deque(maxlen=_RECENT_MAX)

    def put(self, ctx: Context, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
        """Write an event in the context's transaction (EventBridge User Guide, "AWS service event metadata")."""
        event = {
            "version": "0",
            "id": ctx.uuid(),
            "detail-type": detail_type,
            "source": f"aws.{ctx.service}",
            "account": ctx.account,
            "time": ctx.now,
            "region": ctx.region,
            "resources": list(resources),
            "detail": detail,
        }
        if self.sink is None or not self.sink.wants(ctx):
            # Nobody listens: there is nothing to deliver after a restart, so nothing is kept for it.
            ctx.transaction.after_commit(lambda: self.recent.append(event))
            return
        ctx.put_item(_SPACE, f"{self._next():016d}", msgspec.msgpack.encode(event))
        self._woken.set()
        self._idle.clear()

    async def run(self) -> None:
        """Deliver until cancelled. A sink that fails gets the event again."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                more = True
                while more:
                    more = self._deliver_page()
                    await asyncio.sleep(0)
            except Exception:
                _LOG.exception("an event could not be delivered; it stays in the outbox")
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._woken.set)
            if not self._woken.is_set():
                self._idle.set()

    async def settled(self) -> None:
        """Wait until everything told so far has been delivered, or has failed to be."""
        await self._idle.wait()

    def clear(self) -> None:
        self._last = None
        self.recent.clear()

    def _deliver_page(self) -> bool:
        self._store.flush()
        page, _ = self._store.items(Range(_SPACE, limit=_PAGE))
        for key, item in page:
            event = msgspec.msgpack.decode(item)
            with self._store.begin() as transaction:
                if self.sink is not None:
                    self.sink.deliver(transaction, event)
                transaction.delete_item(_SPACE, key)
            self.recent.append(event)
        if page:
            self._store.flush()
            if self._store.failure is not None:
                # The same page would come again at once, and for ever.
                raise self._store.failure
        return len(page) == _PAGE

    def _next(self) -> int:
        if self._last is None:
            page, _ = self._store.items(Range(_SPACE, limit=1, reverse=True))
            self._last = int(page[0][0]) if page else 0
        self._last += 1
        return self._last
