"""A zone that answers: wildcards, delegations, aliases, chains of CNAMEs and routing, without any I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from fogbank.planes.dns import message, routing
from fogbank.planes.dns.message import Answer, Query, Resource
from fogbank.planes.dns.routing import Asker, Choice, Random

CHAIN_MAX = 8
"""How many CNAMEs are followed, and how deep aliases are nested."""
Health = Mapping[str, bool]
"""The id of a health check -> whether what it looks at is healthy; one that is not there is healthy."""
Sets = Mapping[int, tuple[Choice, ...]]
"""The record sets of a name, by type: several of a type where a routing policy chooses among them."""
_REFERRED = (message.A, message.AAAA)


class _UndecidedError(Exception):
    """More than the records decides what is said."""


class _Undecided:
    """Stands for whoever asks, for what is healthy and for chance: whatever is asked of it, it cannot say."""

    def __getattr__(self, name: str) -> NoReturn:
        raise _UndecidedError

    def __call__(self) -> NoReturn:
        raise _UndecidedError


class Told(NamedTuple):
    """What decides beside the records: who asks, what is healthy, and chance."""

    asker: Asker
    health: Health
    random: Random


_UNDECIDED: Any = _Undecided()
_NOBODY = Told(_UNDECIDED, _UNDECIDED, _UNDECIDED)


class Zone:
    """The records of a zone by name; names in lower case without the last dot."""

    __slots__ = ("_below", "_names", "_simple", "name", "version")

    def __init__(self, name: str, names: Mapping[str, Sets]) -> None:
        self.name = name
        self.version = 0
        """Moves with every change: what was made of the records before holds no longer."""
        self._names: dict[str, Sets] = {}
        self._below: dict[str, int] = {}
        """How many names with records lie at or below each name: what is above one exists, though it is empty."""
        self._simple: dict[tuple[str, int], tuple[Resource, ...]] = {}
        for one, sets in names.items():
            self.set(one, sets)

    @property
    def size(self) -> int:
        """How many names have records."""
        return len(self._names)

    def set(self, name: str, sets: Sets) -> None:
        """Make the records of a name these; none take the name away."""
        self.version += 1
        before = self._names.pop(name, None)
        if sets:
            self._names[name] = sets
        for type_ in {*(before or ()), *sets}:
            self._simple.pop((name, type_), None)
        step = bool(sets) - (before is not None)
        for one in self._upwards(name) if step else ():
            self._below[one] = self._below.get(one, 0) + step
            if not self._below[one]:
                del self._below[one]

    def answer(self, query: Query, asker: Asker, health: Health, random: Random) -> Answer:
        """What the zone says to a question (RFC 1034, section 4.3.2): REFUSED for names that are not its own."""
        if not is_within(query.name, self.name):
            return Answer(message.REFUSED, authoritative=False)
        told = Told(asker, health, random)
        said = self._answer(query.name, query.type, told)
        return said._replace(scope=asker.bits) if asker.bits else said

    def types(self, name: str) -> tuple[int, ...]:
        """The types that a name has, be it by a wildcard; none for a name that is not there."""
        return tuple(self._names.get(self._source(name) or "", {}))

    def found(self, name: str, type_: int) -> tuple[Resource, ...]:
        """The records at a name, as they are written."""
        sets = self._names.get(name, {}).get(type_, ())
        return tuple(Resource(name, type_, one.ttl, text, data) for one in sets for text, data in one.values)

    def settled(self, name: str, type_: int) -> Answer | None:
        """What is said of a name within the zone to everybody, always; None where it depends on who, when, or chance.

        It holds for as long as `version` stays; the scope of a client's subnet is not in it.
        """
        try:
            return self._answer(name, type_, _NOBODY)
        except _UndecidedError:
            return None

    def choices(self, name: str, type_: int) -> tuple[Choice, ...]:
        """The record sets of which `leaves` makes the answer for a name of the zone; none where there is more to it.

        There is where the name is another's (a referral), stands for another (a CNAME), or is asked for as a whole.
        """
        source = self._source(name)
        sets = self._names.get(source, {}) if source is not None else {}
        is_chain = message.CNAME in sets and type_ != message.CNAME
        return () if is_chain or self._cut(name, type_) else sets.get(type_, ())

    def leaves(self, choices: tuple[Choice, ...], type_: int, told: Told) -> Iterator[Choice]:
        """The record sets with values that are chosen, through all aliases."""
        return self._leaves(choices, type_, told, 0)

    def nothing(self) -> Answer:
        """What is said of a name that is there, where it has nothing for whoever asks."""
        return Answer(authority=self._nothing())

    def _answer(self, name: str, type_: int, told: Told) -> Answer:
        records: list[Resource] = []
        seen = {name}
        while True:
            cut = self._cut(name, type_)
            if cut:
                return self._referral(cut, tuple(records))
            source = self._source(name)
            sets = self._names.get(source, {}) if source is not None else {}
            found = self._records(name, source or "", type_, told) if sets else ()
            if found or type_ in (message.CNAME, message.ANY) or message.CNAME not in sets:
                break
            link = self._records(name, source or "", message.CNAME, told)
            if not link:
                break
            records += link
            name = link[0].data.rstrip(".").lower()
            if name in seen or len(seen) > CHAIN_MAX or not is_within(name, self.name):
                return Answer(records=tuple(records))
            seen.add(name)
        if found:
            return Answer(records=(*records, *found))
        code = message.NOERROR if source is not None else message.NXDOMAIN
        return Answer(code, tuple(records), self._nothing())

    def _records(self, name: str, source: str, type_: int, told: Told) -> tuple[Resource, ...]:
        """The records of a type at `source`, under the name that was asked for."""
        sets = self._names[source]
        if type_ == message.ANY:
            # One set is enough for those who ask for all (RFC 8482, section 4.1).
            type_ = min(sets)
        choices = sets.get(type_, ())
        if not choices:
            return ()
        if name == source and (known := self._simple.get((name, type_))) is not None:
            return known
        found = tuple(
            Resource(name, type_, one.ttl, text, data)
            for one in self._leaves(choices, type_, told, 0)
            for text, data in one.values
        )
        if name == source and choices[0].policy == "simple" and not choices[0].alias:
            self._simple[name, type_] = found
        return found

    def _leaves(self, choices: tuple[Choice, ...], type_: int, told: Told, depth: int) -> Iterator[Choice]:
        """What is chosen; for an alias, what is chosen of what it stands for."""
        for one in routing.chosen(choices, told.asker, lambda one: self._alive(one, type_, told, depth), told.random):
            if not one.alias:
                yield one
            elif depth < CHAIN_MAX and (target := self._target(one, type_)):
                yield from self._leaves(target, type_, told, depth + 1)

    def _alive(self, choice: Choice, type_: int, told: Told, depth: int) -> bool:
        if choice.check and not told.health.get(choice.check, True):
            return False
        if not choice.alias or not choice.evaluates:
            return True
        target = self._target(choice, type_)
        return depth < CHAIN_MAX and any(self._alive(one, type_, told, depth + 1) for one in target)

    def _target(self, choice: Choice, type_: int) -> tuple[Choice, ...]:
        source = self._source(choice.alias)
        return self._names.get(source, {}).get(type_, ()) if source is not None else ()

    def _source(self, name: str) -> str | None:
        """The name whose records count: itself, or the wildcard beside the closest name that exists (RFC 4592)."""
        if name in self._below:
            return name
        while name != self.name:
            name = name.partition(".")[2]
            if name in self._below:
                wildcard = f"*.{name}" if name else "*"
                return wildcard if wildcard in self._names else None
        return None

    def _cut(self, name: str, type_: int) -> str:
        """The topmost name at or above this one where the zone ends; empty where it does not (RFC 1034, 4.2.1)."""
        found = ""
        for one in self._upwards(name):
            if one != self.name and message.NS in self._names.get(one, {}) and not one.startswith("*."):
                # The record that vouches for a child lies with its parent (RFC 4035, section 3.1.4.1).
                found = one if one != name or type_ != message.DS else found
        return found

    def _referral(self, cut: str, records: tuple[Resource, ...]) -> Answer:
        servers = tuple(
            Resource(cut, message.NS, one.ttl, text, data)
            for one in self._names[cut][message.NS]
            for text, data in one.values
        )
        glue = tuple(
            Resource(name, type_, one.ttl, text, data)
            for name in (server.data.rstrip(".").lower() for server in servers)
            if is_within(name, self.name)
            for type_ in _REFERRED
            for one in self._names.get(name, {}).get(type_, ())
            for text, data in one.values
        )
        return Answer(records=records, authority=servers, authoritative=bool(records), additional=glue)

    def _nothing(self) -> tuple[Resource, ...]:
        """The SOA that says for how long there is nothing (RFC 2308, section 3)."""
        found = self._names.get(self.name, {}).get(message.SOA, ())
        if not found or not found[0].values:
            return ()
        text, data = found[0].values[0]
        return (Resource(self.name, message.SOA, min(found[0].ttl, int(text.split()[-1])), text, data),)

    def _upwards(self, name: str) -> Iterator[str]:
        """A name and all above it, up to the zone's own."""
        yield name
        while name != self.name:
            name = name.partition(".")[2]
            yield name


def is_within(name: str, zone: str) -> bool:
    """Whether a name is that of a zone or below it."""
    return not zone or name == zone or name.endswith(f".{zone}")
