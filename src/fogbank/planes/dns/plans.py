"""Answers made before they are asked for again: per zone, name and type, and per the bytes of a question.

What a plan says is byte for byte what `message.written` makes of `Zone.answer`: that stays the truth, this is quicker.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

from fogbank.planes.dns import message
from fogbank.planes.dns.message import IN, Answer, Query, Resource
from fogbank.planes.dns.routing import Choice
from fogbank.planes.dns.zone import Told, Zone

_POINTER = b"\xc0\x0c"
"""Stands for the name of the question (RFC 1035, section 4.1.4)."""
_ID_BYTES = 2
_COUNT = struct.Struct("!H")
_COUNTED_AT = 6
"""Where a message says how many records answer."""
_PLANS_MAX, _RECIPES_MAX = 8_192, 16_384
"""Of what was asked lately, and as many again of what was asked before that."""
Teller = Callable[[str], Told]
"""Told the address that asks: who that is, what is healthy, and chance."""


class _Part(NamedTuple):
    """The records of a record set as they go over the wire, under the name that was asked for."""

    leaf: Choice
    records: int
    data: bytes


class Recipe:
    """What there is to say of a name and a type in a zone: one answer for everybody, or record sets to choose from."""

    __slots__ = ("answer", "choices", "name", "parts", "type", "version", "zone")

    def __init__(self, zone: Zone, name: str, type_: int) -> None:
        self.zone = zone
        self.version = zone.version
        self.name = name
        self.type = type_
        self.answer = zone.settled(name, type_)
        self.choices = zone.choices(name, type_) if self.answer is None else ()
        self.parts: dict[int, _Part] = {}
        """By the identity of a record set, which is kept here and so cannot become another's."""

    @property
    def is_whole(self) -> bool:
        """Whether an answer can be made of it at all."""
        return self.answer is not None or bool(self.choices)

    def part(self, leaf: Choice) -> _Part:
        found = self.parts.get(id(leaf))
        if found is None:
            head = _POINTER + struct.pack("!HHI", self.type, IN, leaf.ttl)
            data = b"".join(head + _COUNT.pack(len(wire)) + wire for _, wire in leaf.values)
            found = self.parts[id(leaf)] = _Part(leaf, len(leaf.values), data)
        return found

    def of(self, leaves: Iterable[Choice]) -> Answer:
        """The answer that record sets come to, as the zone says it."""
        records = tuple(
            Resource(self.name, self.type, one.ttl, text, wire) for one in leaves for text, wire in one.values
        )
        return Answer(records=records) if records else self.zone.nothing()


class Plan:
    """What is said to a question, which may come from anybody."""

    __slots__ = ("_frames", "_query", "_tell", "fixed", "identity", "recipe")

    def __init__(self, recipe: Recipe, query: Query, tell: Teller, told: Told) -> None:
        """`told` is what `tell` says of whoever is the first to ask."""
        self.recipe = recipe
        self.fixed = b""
        """The answer behind its id, where it is the same for everybody."""
        self.identity = identity(query, recipe.answer)
        self._query = query
        self._tell = tell
        self._frames: dict[int, tuple[bytes, bytes, bytes]] = {}
        if recipe.answer is not None:
            # A subnet's bits follow from the query, and nothing else of an asker counts here.
            self.fixed = _behind(query, recipe.answer._replace(scope=told.asker.bits))

    @property
    def holds(self) -> bool:
        """Whether the zone is as it was."""
        return self.recipe.version == self.recipe.zone.version

    def said(self, asker: str) -> bytes:
        """The answer behind its id, for whoever asks from an address."""
        if self.fixed:
            return self.fixed
        recipe, told = self.recipe, self._tell(asker)
        leaves = list(recipe.zone.leaves(recipe.choices, recipe.type, told))
        count, data = 0, b""
        for leaf in leaves:
            part = recipe.parts.get(id(leaf)) or recipe.part(leaf)
            count += part.records
            data += part.data
        bits = told.asker.bits
        flags, question, edns = self._frames.get(bits) or self._frame(bits)
        size = _ID_BYTES + len(flags) + _COUNT.size + len(question) + len(data) + len(edns)
        if not count or size > self._query.payload:
            return _behind(self._query, recipe.of(leaves)._replace(scope=bits))
        return b"".join((flags, _COUNT.pack(count), question, data, edns))

    def _frame(self, bits: int) -> tuple[bytes, bytes, bytes]:
        """What lies around the number of records and the records of an answer with any."""
        empty = message.written(self._query, Answer(scope=bits))
        question_end = message.HEADER_BYTES + len(self._query.asked) + 4
        flags = empty[_ID_BYTES:_COUNTED_AT]
        found = flags, empty[_COUNTED_AT + _COUNT.size : question_end], empty[question_end:]
        self._frames[bits] = found
        return found


class Plans:
    """Recipes by name and type, and plans by what a question has behind its id; both of bounded size.

    Whoever keeps zones calls `clear` when others answer for names than before.
    """

    def __init__(self) -> None:
        self._young: dict[bytes, Plan] = {}
        self._old: dict[bytes, Plan] = {}
        self._recipes: dict[tuple[str, int], Recipe] = {}

    def clear(self) -> None:
        self._young.clear()
        self._old.clear()
        self._recipes.clear()

    def found(self, asked: bytes) -> Plan | None:
        """The plan for a question, without its id; None where there is none that holds."""
        plan = self._young.get(asked)
        if plan is None:
            plan = self._old.pop(asked, None)
            if plan is None:
                return None
            self.keep(asked, plan)
        # `plan.holds`, in the place where it is asked most.
        return plan if plan.recipe.version == plan.recipe.zone.version else None

    def keep(self, asked: bytes, plan: Plan) -> None:
        """Have a plan found by the bytes of its question, for as long as it is asked for."""
        if len(self._young) >= _PLANS_MAX:
            self._old, self._young = self._young, {}
        self._young[asked] = plan

    def recipe(self, name: str, type_: int) -> Recipe | None:
        """What is known of a name and a type, and still holds."""
        found = self._recipes.get((name, type_))
        return found if found is not None and found.version == found.zone.version else None

    def remember(self, recipe: Recipe) -> None:
        if len(self._recipes) >= _RECIPES_MAX:
            self._recipes.clear()
        self._recipes[recipe.name, recipe.type] = recipe


def identity(query: Query, answer: Answer | None) -> str:
    """What answers are counted by, so that nobody is sent the same too often: names that do not exist are one."""
    if answer is None or answer.records or not (answer.code or answer.authority):
        return f"{query.type} {query.name}"
    about = answer.authority[0].name if answer.authority else ""
    return f"{answer.code} {about}"


def _behind(query: Query, answer: Answer) -> bytes:
    return message.written(query, answer, size_max=query.payload)[_ID_BYTES:]
