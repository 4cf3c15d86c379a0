"""What has to be done to get from what holds to what is wanted: pure, in an order that never opens before it closes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeVar

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.planes.net.facts import (
    ORDER,
    Address,
    Chain,
    Delay,
    Element,
    Fact,
    Line,
    Namespace,
    Neighbour,
    Pair,
    Parts,
    Rate,
    Route,
    RoutingRule,
    Rules,
    Set,
    Setting,
    Uplink,
)

RANK = {kind: rank for rank, kind in enumerate(ORDER)}
NFT = (Set, Chain, Rules, Element)
IN_PLACE = (Namespace, Setting, Delay, Rate, Neighbour, Route)
"""What the kernel can give another value while it stands."""
ON_DEVICE = (Rate, Address, Neighbour, Route)
"""What the kernel forgets with the device."""
Slot = tuple[object, ...]
K = TypeVar("K")


class Contradiction(WorldError, ValueError):
    """Two parts state two values of one thing. What was to be set is not; it may be said again when one has gone."""


class Difference(NamedTuple):
    """Facts that are to hold and do not, and facts that hold and are not to."""

    made: AbstractSet[Fact]
    gone: AbstractSet[Fact]


class Changes:
    """Differences one after another, as one."""

    def __init__(self) -> None:
        self._made: set[Fact] = set()
        self._gone: set[Fact] = set()

    def add(self, later: Difference) -> None:
        """A later difference follows: what it takes back is neither made nor gone."""
        for facts, ours, others in ((later.gone, self._gone, self._made), (later.made, self._made, self._gone)):
            for fact in facts:
                if fact in others:
                    others.discard(fact)
                else:
                    ours.add(fact)

    def taken(self) -> Difference:
        """All of them; after it there are none."""
        difference = Difference(self._made, self._gone)
        self._made, self._gone = set(), set()
        return difference


class Cut(NamedTuple):
    """Elements that go before anything else does: the packets stop first."""

    ns: str
    gone: tuple[Element, ...]


class Unmake(NamedTuple):
    """A namespace, link, address, neighbour, route or routing rule goes."""

    fact: Fact

    @property
    def ns(self) -> str:
        return self.fact.ns


class Make(NamedTuple):
    """A namespace, setting, link, address, neighbour, route or routing rule comes, or gets another value."""

    fact: Fact

    @property
    def ns(self) -> str:
        return self.fact.ns


class Turn(NamedTuple):
    """One transaction of a namespace's nftables table."""

    ns: str
    made: tuple[Fact, ...]
    gone: tuple[Fact, ...]


class Table(NamedTuple):
    """The namespace's whole nftables table anew, in one transaction; without facts there is none."""

    ns: str
    facts: tuple[Fact, ...]


Step = Cut | Unmake | Make | Turn | Table


def slots(fact: Fact) -> tuple[Slot, ...]:
    """The things of which a fact states the value: two facts in one slot contradict each other."""
    match fact:
        case Uplink():
            return (("link", fact.ns, fact.name),)
        case Pair() | Line():
            return (("link", fact.ns, fact.name), ("link", fact.peer_ns, fact.peer_name))
        case Delay():
            return (("delay", fact.ns),)
        case Setting():
            return (("setting", fact.ns, fact.name),)
        case Rate():
            return (("rate", fact.ns, fact.device),)
        case Neighbour():
            return (("neighbour", fact.ns, fact.device, fact.address),)
        case Route():
            return (("route", fact.ns, fact.table, fact.destination, fact.metric),)
        case RoutingRule():
            return (("mark", fact.ns, fact.mark),)
        case Set() | Chain():
            return ((type(fact).__name__, fact.ns, fact.name),)
        case Rules():
            return (("rules", fact.ns, fact.chain),)
        case Element():
            return (("element", fact.ns, fact.set, fact.key),)
        case Namespace():
            return (("namespace", fact.ns),)
        case _:
            return ((fact,),)


def rank(fact: Fact) -> int:
    """Where the fact stands in `ORDER`."""
    return RANK[type(fact)]


class Holding:
    """Facts by where they hold."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._by_place: dict[str, set[Fact]] = {}
        self._by_device: dict[tuple[str, str], set[Fact]] = {}
        for fact in facts:
            self.add(fact)

    @property
    def namespaces(self) -> AbstractSet[str]:
        """The namespaces of which anything is stated."""
        return self._by_place.keys()

    def facts(self, ns: str) -> AbstractSet[Fact]:
        """The facts about a namespace; a link is in both of its own."""
        return self._by_place.get(ns, frozenset())

    def on(self, ns: str, device: str) -> AbstractSet[Fact]:
        """What is stated on a device."""
        return self._by_device.get((ns, device), frozenset())

    def add(self, fact: Fact) -> None:
        """State a fact."""
        for place in places(fact):
            self._by_place.setdefault(place, set()).add(fact)
        for device in _devices(fact):
            self._by_device.setdefault((fact.ns, device), set()).add(fact)

    def discard(self, fact: Fact) -> None:
        """State it no more."""
        for place in places(fact):
            _without(self._by_place, place, fact)
        for device in _devices(fact):
            _without(self._by_device, (fact.ns, device), fact)


def _devices(fact: Fact) -> tuple[str, ...]:
    """The devices with which a fact is forgotten."""
    if isinstance(fact, Delay):
        return fact.devices
    return (fact.device,) if isinstance(fact, ON_DEVICE) and fact.device else ()


def _without(index: dict[K, set[Fact]], key: K, fact: Fact) -> None:
    here = index[key]
    here.discard(fact)
    if not here:
        del index[key]


class Ledger:
    """The parts that are to hold, and the facts that follow: a fact holds as long as one part states it."""

    def __init__(self) -> None:
        self.parts: dict[str, frozenset[Fact]] = {}
        self.holding = Holding()
        self._counts: dict[Fact, int] = {}
        self._slots: dict[Slot, Fact] = {}

    def set(self, parts: Parts, within: Sequence[str] = ()) -> Difference:
        """Make these parts what is given (an empty one goes), and let go of the others whose name begins so.

        Costs what changes, not what stands. Raises Contradiction, and then nothing has changed.
        """
        new = {name: frozenset(facts) for name, facts in parts.items()}
        prefixes = tuple(within)
        for name in self.parts if prefixes else ():
            if name.startswith(prefixes) and name not in new:
                new[name] = frozenset()
        deltas: dict[Fact, int] = {}
        for name, facts in new.items():
            old = self.parts.get(name, frozenset())
            for fact in old - facts:
                deltas[fact] = deltas.get(fact, 0) - 1
            for fact in facts - old:
                deltas[fact] = deltas.get(fact, 0) + 1
        counts = {fact: self._counts.get(fact, 0) + delta for fact, delta in deltas.items()}
        difference = Difference(
            {fact for fact, count in counts.items() if count and fact not in self._counts},
            {fact for fact, count in counts.items() if not count and fact in self._counts},
        )
        self._check(difference, new)
        self._take(difference, counts)
        for name, facts in new.items():
            if facts:
                self.parts[name] = facts
            else:
                self.parts.pop(name, None)
        return difference

    def _check(self, difference: Difference, new: Mapping[str, frozenset[Fact]]) -> None:
        taken: dict[Slot, Fact] = {}
        for fact in difference.made:
            for slot in slots(fact):
                other = taken.get(slot) or self._slots.get(slot)
                if other is not None and other != fact and other not in difference.gone:
                    raise Contradiction(_contradiction(fact, other, {**self.parts, **new}))
                taken[slot] = fact

    def _take(self, difference: Difference, counts: Mapping[Fact, int]) -> None:
        for fact in difference.gone:
            for slot in slots(fact):
                self._slots.pop(slot, None)
            self.holding.discard(fact)
        for fact in difference.made:
            self._slots.update(dict.fromkeys(slots(fact), fact))
            self.holding.add(fact)
        for fact, count in counts.items():
            if count:
                self._counts[fact] = count
            else:
                self._counts.pop(fact, None)


def _contradiction(one: Fact, other: Fact, parts: Mapping[str, frozenset[Fact]]) -> str:
    def who(fact: Fact) -> str:
        return ", ".join(sorted(name for name, facts in parts.items() if fact in facts))

    return f"part {who(one)} says {one}, but part {who(other)} says {other}"


def plan(desired: AbstractSet[Fact], observed: AbstractSet[Fact]) -> tuple[Step, ...]:
    """The steps from what holds to what is wanted."""
    return steps(Difference(desired - observed, observed - desired), Holding(desired))


def steps(difference: Difference, holding: Holding, anew: AbstractSet[str] = frozenset()) -> tuple[Step, ...]:
    """The steps that a difference takes, in order; `holding` is what is to hold when all is done.

    First the elements that only go, so that packets stop; then links and routes go, against ORDER; then they come, in
    ORDER; last each namespace's table turns in one transaction. What is to hold on a device is made again with it: the
    kernel forgets it when a link goes. The tables of the namespaces in `anew` are made anew whole, whatever they were.
    """
    dead = {fact.ns for fact in difference.gone if isinstance(fact, Namespace)} - {
        fact.ns for fact in difference.made if isinstance(fact, Namespace)
    }
    made = set(difference.made)
    kept = {wire_of(fact) for fact in difference.gone if isinstance(fact, Line)}
    for fact in difference.made:
        if isinstance(fact, Pair) or (isinstance(fact, Line) and wire_of(fact) not in kept):
            made |= holding.on(fact.ns, fact.name) | holding.on(fact.peer_ns, fact.peer_name)
        elif isinstance(fact, Uplink):
            made |= holding.on(fact.ns, fact.name)
    replaced = {slot for fact in made for slot in slots(fact)}
    wires = {wire_of(fact) for fact in made if isinstance(fact, Line)}
    unmade = [fact for fact in difference.gone if _is_unmade(fact, dead, replaced, wires)]
    links = [fact for fact in made if not isinstance(fact, NFT)]
    tables = _tables(Difference(made, {fact for fact in difference.gone if fact.ns not in dead}), holding, anew - dead)
    cuts, turns = _cuts(tables, {place for fact in (*unmade, *links) for place in places(fact)}, replaced)
    return (
        *cuts,
        *(Unmake(fact) for fact in reversed(_in_order(unmade))),
        *(Make(fact) for fact in _in_order(links)),
        *turns,
    )


def wire_of(line: Line) -> Line:
    """The line without what can be changed while packets are on it."""
    return msgspec.structs.replace(line, delay_seconds=0.0, loss=0.0)


def places(fact: Fact) -> tuple[str, ...]:
    """The namespaces that a fact is about."""
    return (fact.ns, fact.peer_ns) if isinstance(fact, Pair | Line) else (fact.ns,)


def _by_rank(fact: Fact) -> tuple[int, str, str]:
    return RANK[type(fact)], fact.ns, repr(fact)


def _is_unmade(fact: Fact, dead: AbstractSet[str], replaced: AbstractSet[Slot], wires: AbstractSet[Line]) -> bool:
    if isinstance(fact, (*NFT, Setting)):
        return False
    if isinstance(fact, IN_PLACE) and slots(fact)[0] in replaced:
        return False
    if isinstance(fact, Namespace):
        return True
    if isinstance(fact, Line):
        # Also between two namespaces that go: its process would hold them.
        return wire_of(fact) not in wires
    if isinstance(fact, Delay | Uplink):
        # For the same reason.
        return True
    return not all(place in dead for place in places(fact))


def _tables(difference: Difference, holding: Holding, anew: AbstractSet[str]) -> list[Turn | Table]:
    made: dict[str, list[Fact]] = {}
    gone: dict[str, list[Fact]] = {}
    for which, found in ((made, difference.made), (gone, difference.gone)):
        for fact in found:
            if isinstance(fact, NFT):
                which.setdefault(fact.ns, []).append(fact)
    turns: list[Turn | Table] = []
    for ns in sorted(made.keys() | gone.keys() | anew):
        new, old = made.get(ns, []), gone.get(ns, [])
        if ns in anew or _is_redefined(new, old) or (old and not _has_table(ns, holding)):
            turns.append(table_of(ns, holding))
        else:
            turns.append(Turn(ns, _in_order(new), _in_order(old)))
    return turns


def table_of(ns: str, holding: Holding) -> Table:
    """The whole table of a namespace."""
    return Table(ns, _in_order(fact for fact in holding.facts(ns) if isinstance(fact, NFT)))


def _has_table(ns: str, holding: Holding) -> bool:
    return any(isinstance(fact, NFT) for fact in holding.facts(ns))


def _is_redefined(made: Sequence[Fact], gone: Sequence[Fact]) -> bool:
    """Whether a set or chain gets another definition under its name, which nftables cannot do to one in use."""
    names = {slots(fact) for fact in made if isinstance(fact, Set | Chain)}
    return any(slots(fact) in names for fact in gone)


def _in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=_by_rank))


def _cuts(
    turns: list[Turn | Table], moving: AbstractSet[str], replaced: AbstractSet[Slot]
) -> tuple[list[Cut], list[Turn | Table]]:
    """Elements that only go, taken out of the transactions of namespaces in which links or routes change as well."""
    cuts: list[Cut] = []
    rest: list[Turn | Table] = []
    for turn in turns:
        if isinstance(turn, Table) or turn.ns not in moving:
            rest.append(turn)
            continue
        sets = {fact.name for fact in turn.gone if isinstance(fact, Set)}
        cut = tuple(
            fact
            for fact in turn.gone
            if isinstance(fact, Element) and fact.set not in sets and slots(fact)[0] not in replaced
        )
        left = Turn(turn.ns, turn.made, tuple(fact for fact in turn.gone if fact not in frozenset(cut)))
        if cut:
            cuts.append(Cut(turn.ns, cut))
        if left.made or left.gone:
            rest.append(left)
    return cuts, rest
