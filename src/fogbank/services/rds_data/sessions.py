"""Sessions that are open: those of transactions, and those that wait for the next statement. In memory alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.clock import Timer
from fogbank.planes.engines.postgresql.session import Session
from fogbank.services.rds_data import rules
from fogbank.services.rds_data.clusters import Place

CallAt = Callable[[float, Callable[[], object]], Timer]
_ENDED_MAX = 1000
EXPIRED = "Transaction may be expired."
ENDED = "One previous call resulted in a termination of your transaction."


class Transaction:
    """A session that calls with the transaction's id share, one at a time."""

    __slots__ = ("ends", "id", "idles", "is_busy", "place", "session")

    def __init__(self, transaction_id: str, place: Place, session: Session) -> None:
        self.id = transaction_id
        self.place = place
        self.session = session
        self.is_busy = False
        self.idles: Timer | None = None
        self.ends: Timer | None = None


class Sessions:
    """All sessions of one cloud. A store that forgets has them closed (`dropped`)."""

    def __init__(self) -> None:
        self.transactions: dict[str, Transaction] = {}
        self._kept: dict[Place, list[tuple[Session, Timer]]] = {}
        self._open: dict[Session, str] = {}
        self._ended: dict[str, str] = {}

    def count(self, cluster: str) -> int:
        """How many sessions a cluster has, used or kept."""
        return sum(one == cluster for one in self._open.values())

    def opened(self, cluster: str, session: Session) -> None:
        self._open[session] = cluster

    def close(self, session: Session) -> None:
        self._open.pop(session, None)
        session.close()

    def take(self, place: Place) -> Session | None:
        """A session that was kept for a place, None if there is none."""
        kept = self._kept.get(place)
        if not kept:
            return None
        session, timer = kept.pop()
        timer.cancel()
        if not kept:
            del self._kept[place]
        return session

    def keep(self, place: Place, session: Session, now: float, call_at: CallAt) -> None:
        """Keep a session for a while, unless a transaction is open in it: then it is closed, and that undone."""
        if session.state != "idle" or session not in self._open:
            self.close(session)
            return
        timer = call_at(now + rules.KEPT_SECONDS, lambda: self._let_go(place, session))
        self._kept.setdefault(place, []).append((session, timer))

    def make_room(self, cluster: str) -> bool:
        """Close sessions that are only kept until a cluster may have one more; whether it may."""
        for place in [place for place in self._kept if place.cluster == cluster]:
            while self.count(cluster) >= rules.SESSIONS_MAX and (session := self.take(place)) is not None:
                self.close(session)
        return self.count(cluster) < rules.SESSIONS_MAX

    def begin(self, transaction: Transaction, now: float, call_at: CallAt) -> None:
        """Remember a transaction: until it ends, is left alone for three minutes, or is a day old."""
        self.transactions[transaction.id] = transaction
        transaction.ends = call_at(now + rules.TRANSACTION_SECONDS, lambda: self.end(transaction, EXPIRED))
        self.rest(transaction, now, call_at)

    def find(self, transaction_id: str, cluster: str, secret: str) -> Transaction:
        """A transaction of a cluster and a secret. Raises TransactionNotFoundException."""
        found = self.transactions.get(transaction_id)
        if found is None or (found.place.cluster, found.place.secret) != (cluster, secret):
            raise rules.no_transaction(transaction_id, self._ended.get(transaction_id, ""))
        return found

    def rest(self, transaction: Transaction, now: float, call_at: CallAt) -> None:
        """A call is over: its transaction waits for the next one, or is forgotten where a statement has ended it."""
        transaction.is_busy = False
        if transaction.id not in self.transactions:
            self.close(transaction.session)
        elif transaction.session.state in ("idle", "closed"):
            self.end(transaction, ENDED)
        else:
            due_at = now + rules.IDLE_SECONDS
            transaction.idles = call_at(due_at, lambda: self.end(transaction, EXPIRED))

    def settle(self, transaction: Transaction, now: float, call_at: CallAt) -> None:
        """A transaction has been committed or rolled back: its session is anybody's again."""
        del self.transactions[transaction.id]
        _cancel(transaction.ends)
        self._note(transaction.id, ENDED)
        self.keep(transaction.place, transaction.session, now, call_at)

    def work(self, transaction: Transaction) -> None:
        """A call begins."""
        transaction.is_busy = True
        _cancel(transaction.idles)

    def end(self, transaction: Transaction, reason: str) -> None:
        """Forget a transaction; what is not committed is undone."""
        if self.transactions.pop(transaction.id, None) is None:
            return
        _cancel(transaction.idles)
        _cancel(transaction.ends)
        self.close(transaction.session)
        self._note(transaction.id, reason)

    def dropped(self) -> None:
        """Close everything."""
        for transaction in list(self.transactions.values()):
            self.end(transaction, ENDED)
        for kept in self._kept.values():
            for _, timer in kept:
                timer.cancel()
        self._kept.clear()
        for session in list(self._open):
            self.close(session)

    def _note(self, transaction_id: str, reason: str) -> None:
        self._ended[transaction_id] = reason
        while len(self._ended) > _ENDED_MAX:
            del self._ended[next(iter(self._ended))]

    def _let_go(self, place: Place, session: Session) -> None:
        left: list[Any] = [one for one in self._kept.pop(place, ()) if one[0] is not session]
        if left:
            self._kept[place] = left
        self.close(session)


def _cancel(timer: Timer | None) -> None:
    if timer is not None:
        timer.cancel()
