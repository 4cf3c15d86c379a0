"""What is to hold and what holds, in the worker: requests become differences, differences steps, failures verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fogbank.planes.net.apply import Hands
from fogbank.planes.net.facts import Fact
from fogbank.planes.net.failures import Failure
from fogbank.planes.net.messages import Request, Verdict
from fogbank.planes.net.observe import compared
from fogbank.planes.net.plan import NFT, Changes, Contradiction, Difference, Ledger, places, steps

_SAID_MAX = 3
"""Failures that a verdict tells of."""


class World:
    """The facts of one instance, made true by one pair of hands."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.ledger = Ledger()
        self._owed = Changes()
        self._doubtful: set[str] = set()
        """Namespaces in which something failed: they are looked at before anything else is done there."""
        self._is_adopted = False

    def apply(self, requests: Sequence[Request]) -> list[Verdict]:
        """Make requests true, all together where the kernel takes them all; else those it takes.

        A request that fails is undone: it is as if it had not been said, and its namespaces are looked at next time.
        """
        verdicts = self._attempt(requests)
        if len(requests) == 1 or not any(verdict.error and not verdict.is_contradiction for verdict in verdicts):
            return verdicts
        half = len(requests) // 2
        return self.apply(requests[:half]) + self.apply(requests[half:])

    def doubt(self) -> None:
        """Look at everything again before the next step: nobody knows what holds."""
        self._is_adopted = False

    def repair(self, facts: Iterable[Fact]) -> list[Failure]:
        """Make true again what may have ceased to be: facts, and all that holds in their namespaces."""
        self._doubtful |= _all_places(facts)
        return self._do()

    def _attempt(self, requests: Sequence[Request]) -> list[Verdict]:
        verdicts = [Verdict()] * len(requests)
        before: list[dict[str, frozenset[Fact]]] = []
        for position, request in enumerate(requests):
            old = self._touched(request)
            before.append(old)
            try:
                parts = {name: frozenset[Fact](facts) for name, facts in request.parts.items()}
                self._owed.add(self.ledger.set(parts, ("",) if request.is_whole else request.within))
            except Contradiction as error:
                verdicts[position] = Verdict(str(error), is_contradiction=True)
        failures = self._do()
        if not failures:
            return verdicts
        said = "; ".join(str(failure) for failure in failures[:_SAID_MAX])
        for position in self._blamed(requests, before, failures):
            verdicts[position] = verdicts[position] if verdicts[position].error else Verdict(said)
        if any(verdict.error and not verdict.is_contradiction for verdict in verdicts):
            self._undo(requests, before)
        return verdicts

    def _touched(self, request: Request) -> dict[str, frozenset[Fact]]:
        """The parts that a request is about, as they are before it."""
        prefixes = ("",) if request.is_whole else request.within
        names = {name for name in self.ledger.parts if name.startswith(prefixes)} if prefixes else set[str]()
        return {name: self.ledger.parts.get(name, frozenset()) for name in names | request.parts.keys()}

    def _undo(self, requests: Sequence[Request], before: Sequence[dict[str, frozenset[Fact]]]) -> None:
        for request, old in zip(reversed(requests), reversed(before), strict=True):
            # What `whole` says is the truth, however much of it the kernel takes.
            if not request.is_whole:
                self._owed.add(self.ledger.set(old))

    def _blamed(
        self,
        requests: Sequence[Request],
        before: Sequence[dict[str, frozenset[Fact]]],
        failures: Sequence[Failure],
    ) -> set[int]:
        """The requests that state, or stated, what failed; where that is unknown, those about the namespace."""
        blamed: set[int] = set()
        failed = {fact for failure in failures for fact in failure.facts}
        nameless = {failure.ns for failure in failures if not failure.facts}
        for position, (request, old) in enumerate(zip(requests, before, strict=True)):
            facts = {fact for part in (*request.parts.values(), *old.values()) for fact in part}
            if request.is_whole or facts & failed or nameless & {fact.ns for fact in facts}:
                blamed.add(position)
        if not blamed:
            refused = {failure.ns for failure in failures if any(isinstance(fact, NFT) for fact in failure.facts)}
            blamed = {
                position
                for position, request in enumerate(requests)
                if any(isinstance(fact, NFT) and fact.ns in refused for part in request.parts.values() for fact in part)
            }
        return blamed

    def _do(self) -> list[Failure]:
        holding = self.ledger.holding
        if not self._is_adopted:
            self._doubtful |= self.hands.traveller.names() | holding.namespaces
            self._doubtful |= _all_places(self.hands.carried())
        difference, anew = self._owed.taken(), set[str]()
        if self._doubtful:
            difference, anew = self._looked(difference)
        failures = self.hands.do(steps(difference, holding, anew), holding)
        self._is_adopted = True
        self._doubtful = {failure.ns for failure in failures} | _all_places(
            fact for failure in failures for fact in failure.facts
        )
        return failures

    def _looked(self, owed: Difference) -> tuple[Difference, set[str]]:
        """The difference, with what the doubtful namespaces show instead of what was believed of them."""
        holding, doubtful = self.ledger.holding, self._doubtful
        looked_at = self.hands.observed(sorted(doubtful))
        wanted = {fact for ns in doubtful for fact in holding.facts(ns)}
        found = compared(wanted, looked_at, self.hands.carried())
        anew = {
            ns
            for ns, view in looked_at.items()
            if (view is not None and view.has_table) or any(isinstance(fact, NFT) for fact in holding.facts(ns))
        }
        return (
            Difference(
                {fact for fact in owed.made if doubtful.isdisjoint(places(fact))} | found.made,
                {fact for fact in owed.gone if not doubtful.issuperset(places(fact))} | found.gone,
            ),
            anew,
        )


def _all_places(facts: Iterable[Fact]) -> set[str]:
    return {place for fact in facts for place in places(fact) if place}
