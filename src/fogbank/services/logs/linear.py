"""Regular expressions of users, searched in bounded time: by `re` where that is sure to be quick, else by automaton.

`re` backtracks: `(a+)+$` takes longer than anybody lives, and holds the one thread that everything runs on. So an
expression is looked at first. Where every choice is settled by the next character, or the text is short enough for what
choices there are, `re` searches. Otherwise a lazily built automaton says whether there is a match, in one pass, and a
list of threads (Pike's machine) says where its groups are, within the first `GROUPED_MAX` characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

GROUPED_MAX = 4_096
"""How many characters the groups of an ambiguous expression are looked for in."""
_QUICK_STEPS = 2_000_000
_STATES_MAX = 1_000
_CACHED_MAX = 20_000
_WORK_MAX = 500_000
_SAMPLE = tuple(map(chr, range(128))) + tuple("\x85éßſK\u2028٣—中😀")

Test = Callable[[str], object]
_ONE = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN)
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


class BadExpression(ValueError):
    """An expression that cannot be searched for; the text says why."""


class Found(NamedTuple):
    """A match: the text of each group by number and by name, None for one that took no part."""

    groups: Mapping[int | str, str | None]

    def __getitem__(self, group: Any) -> Any:
        return self.groups[group]


class Step(NamedTuple):
    """A state: `one` takes a character that passes `test`, the others take none."""

    kind: str
    test: Any = None
    to: tuple[int, ...] = ()


class Expression:
    """A compiled expression. Raises BadExpression."""

    def __init__(self, text: str, flags: int = 0) -> None:
        try:
            self._re = re.compile(text, flags)
            tree = _parser.parse(text, flags)
            shape = _Shape(tree.data)
            self._steps: Sequence[Step] = () if shape.is_special else _Program(tree).steps
        except (re.error, OverflowError, RecursionError) as error:
            raise BadExpression(f"invalid regular expression: {error}") from None
        if shape.is_special and shape.repeats:
            raise BadExpression("look-around and back references cannot be used with repetitions")
        self.groupindex: Mapping[str, int] = self._re.groupindex
        self._quick = self._length_for(shape)
        self._machine = _Machine(self._steps) if self._steps else None

    def search(self, text: str) -> Found | None:
        """The first match and its groups."""
        if self._machine is None or len(text) <= self._quick:
            match = self._re.search(text)
            if match is None:
                return None
            named: dict[int | str, str | None] = {name: match[name] for name in self.groupindex}
            return Found({**dict(enumerate((match[0], *match.groups()))), **named})
        if not self._machine.matches(text):
            return None
        spans = _threads(self._steps, text[:GROUPED_MAX], self._re.groups + 1)
        if spans is None:
            return None
        found: dict[int | str, str | None] = {
            number: None if end is None or start is None else text[start:end]
            for number, (start, end) in enumerate(zip(spans[::2], spans[1::2], strict=True))
        }
        return Found({**found, **{name: found[number] for name, number in self.groupindex.items()}})

    def test(self, text: str) -> bool:
        """Whether there is a match."""
        if self._machine is None or len(text) <= self._quick:
            return self._re.search(text) is not None
        return self._machine.matches(text)

    def _length_for(self, shape: _Shape) -> int:
        """How long a text `re` may search."""
        if self._is_settled():
            degree = 2
        elif shape.is_nested:
            return 12
        else:
            degree = 2 + shape.repeats
        return int((_QUICK_STEPS / 2**shape.options) ** (1 / degree)) if shape.options < 20 else 0

    def _is_settled(self) -> bool:
        """Whether at every state the next character says where to go, so that nothing is tried twice from one start."""
        for at, step in enumerate(self._steps):
            if step.kind != "one" and at:
                continue
            tests = [self._steps[one].test for one in _reach(self._steps, step.to if step.kind == "one" else (0,))]
            if any(sum(map(bool, (test(letter) for test in tests))) > 1 for letter in _SAMPLE):
                return False
        return True


class _Shape:
    """What of an expression can make it slow."""

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.repeats = 0
        self.options = 0
        self.is_nested = False
        self.is_special = False
        self._look(nodes, False)

    def _look(self, nodes: Sequence[Any], inside: bool) -> None:
        for op, value in nodes:
            if op in _REPEATS:
                least, most, body = value
                if most > 1 and least != most:
                    self.repeats += 1
                elif least != most:
                    self.options += 1
                self.is_nested |= inside and least != most
                self._look(body, inside or most > 1)
            elif op is _constants.BRANCH:
                self.options += len(value[1]) - 1
                self.is_nested |= inside
                for branch in value[1]:
                    self._look(branch, inside)
            elif op is _constants.SUBPATTERN:
                self._look(value[3], inside)
            elif op not in _ONE and op is not _constants.AT:
                self.is_special = True


class _Program:
    """The states of an expression, the first of them where it begins."""

    def __init__(self, tree: Any) -> None:
        self.steps: list[Step] = []
        self._state = tree.state
        self._add(Step("save", 0))
        self._sequence(tree.data, tree.state.flags)
        self._add(Step("save", 1))
        self._add(Step("match"))

    def _add(self, step: Step) -> int:
        if len(self.steps) >= _STATES_MAX:
            raise BadExpression("the regular expression is too complex")
        at = len(self.steps)
        self.steps.append(step if step.to else step._replace(to=(at + 1,)))
        return at

    def _sequence(self, nodes: Sequence[Any], flags: int) -> None:
        for op, value in nodes:
            if op in _ONE:
                self._add(Step("one", _test(self._state, (op, value), flags)))
            elif op is _constants.AT:
                self._add(Step("at", _boundary(value, flags)))
            elif op is _constants.SUBPATTERN:
                self._group(value, flags)
            elif op is _constants.BRANCH:
                self._branch(value[1], flags)
            else:
                self._repeat(value, flags, is_greedy=op is _constants.MAX_REPEAT)

    def _group(self, value: Any, flags: int) -> None:
        number, added, removed, body = value
        if number is not None:
            self._add(Step("save", 2 * number))
        self._sequence(body, (flags | added) & ~removed)
        if number is not None:
            self._add(Step("save", 2 * number + 1))

    def _branch(self, branches: Sequence[Any], flags: int) -> None:
        ends = []
        for branch in branches[:-1]:
            split = self._add(Step("split"))
            self._sequence(branch, flags)
            ends.append(self._add(Step("split")))
            self.steps[split] = Step("split", to=(split + 1, len(self.steps)))
        self._sequence(branches[-1], flags)
        for end in ends:
            self.steps[end] = Step("split", to=(len(self.steps),))

    def _repeat(self, value: Any, flags: int, *, is_greedy: bool) -> None:
        least, most, body = value
        for _ in range(least):
            self._sequence(body, flags)
        if most is _constants.MAXREPEAT:
            split = self._add(Step("split"))
            self._sequence(body, flags)
            self._add(Step("split", to=(split,)))
            self._choose(split, is_greedy)
            return
        splits = []
        for _ in range(most - least):
            splits.append(self._add(Step("split")))
            self._sequence(body, flags)
        for split in splits:
            self._choose(split, is_greedy)

    def _choose(self, split: int, is_greedy: bool) -> None:
        end = len(self.steps)
        self.steps[split] = Step("split", to=(split + 1, end) if is_greedy else (end, split + 1))


def _test(state: Any, node: Any, flags: int) -> Test:
    """Whether a character is one that a node takes, as `re` itself sees it."""
    one: Test = _compiler.compile(_parser.SubPattern(state, [node]), flags & ~re.DEBUG).match
    return one


Place = tuple[str, str, bool]
"""The characters before and after a position, empty where there is none, and whether the one after is the last."""


def _boundary(kind: Any, flags: int) -> Callable[[Place], bool]:
    is_lines = bool(flags & re.MULTILINE)
    if kind in (_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING):
        lines = is_lines and kind is _constants.AT_BEGINNING
        return lambda place: not place[0] or (lines and place[0] == "\n")
    if kind is _constants.AT_END:
        return lambda place: not place[1] or (place[1] == "\n" and (is_lines or place[2]))
    if kind is _constants.AT_END_STRING:
        return lambda place: not place[1]
    wanted = kind is _constants.AT_BOUNDARY
    return lambda place: (_is_word(place[0]) is not _is_word(place[1])) is wanted


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _reach(steps: Sequence[Step], start: Sequence[int], place: Place | None = None) -> list[int]:
    """The states that take a character, or match, reached from some by those that take none; all, without a place."""
    found, seen, waiting = [], set(), list(reversed(start))
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        kind, test, to = steps[at]
        if kind == "one" or (kind == "match" and place is not None):
            found.append(at)
        elif kind != "match" and (kind != "at" or place is None or test(place)):
            waiting += reversed(to)
    return found


class _Machine:
    """Says whether a text has a match, reading it once; what it has found out of states it keeps."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._looks = any(step.kind == "at" for step in steps)
        self._known: dict[Any, frozenset[int] | None] = {}

    def matches(self, text: str) -> bool:
        """Whether there is a match; False where that cannot be said within the work that a search may take."""
        known, looks, state, work = self._known, self._looks, frozenset[int](), 0
        before, last = "", len(text) - 1
        for at, letter in enumerate(text):
            key = (state, letter, before, at == last) if looks else (state, letter)
            if key in known:
                then = known[key]
            else:
                work += len(state) + 10
                if work > _WORK_MAX:
                    return False
                then = self._next(state, (before, letter, at == last))
                self._keep(key, then)
            if then is None:
                return True
            state, before = then, letter
        return self._next(state, (before, "", False)) is None

    def _next(self, state: frozenset[int], place: Place) -> frozenset[int] | None:
        """The states after a character, None for a match before it."""
        after = set()
        for at in _reach(self._steps, (0, *state), place):
            kind, test, to = self._steps[at]
            if kind == "match":
                return None
            if place[1] and test(place[1]):
                after.add(to[0])
        return frozenset(after)

    def _keep(self, key: Any, then: frozenset[int] | None) -> None:
        if len(self._known) >= _CACHED_MAX:
            self._known.clear()
        self._known[key] = then


Spans = tuple[int | None, ...]


def _threads(steps: Sequence[Step], text: str, groups: int) -> Spans | None:
    """Where the groups of the first match lie, as `re` would have them: threads in order of preference."""
    threads: list[tuple[int, Spans]] = []
    best: Spans | None = None
    work, last = 0, len(text) - 1
    for at in range(len(text) + 1):
        place = (text[at - 1] if at else "", text[at] if at <= last else "", at == last)
        if best is None:
            threads.append((0, (None,) * (2 * groups)))
        if not threads:
            break
        following: list[tuple[int, Spans]] = []
        for state, spans in _spread(steps, threads, at, place):
            work += 1
            kind, test, to = steps[state]
            if kind == "match":
                best = spans
                break
            if place[1] and test(place[1]):
                following.append((to[0], spans))
        if work > _WORK_MAX:
            return best
        threads = following
    return best


def _spread(steps: Sequence[Step], threads: list[tuple[int, Spans]], at: int, place: Place) -> list[tuple[int, Spans]]:
    found, seen = [], set()
    for thread in threads:
        waiting = [thread]
        while waiting:
            state, spans = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            kind, test, to = steps[state]
            if kind in ("one", "match"):
                found.append((state, spans))
            elif kind == "save":
                waiting.append((to[0], (*spans[:test], at, *spans[test + 1 :])))
            elif kind != "at" or test(place):
                waiting += [(one, spans) for one in reversed(to)]
    return found


@lru_cache(maxsize=1024)
def compiled(text: str, flags: int = 0) -> Expression:
    """Raises BadExpression."""
    return Expression(text, flags)


class Glob:
    """`user=*, id=*`: what stands for a star ends where the next piece begins; the stars are groups 1, 2, …"""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = pieces
        self.groupindex: Mapping[str, int] = {}

    def search(self, text: str) -> Found | None:
        """The first match and its groups, found from left to right: a later place for one piece helps no other."""
        start = text.find(self._pieces[0])
        if start < 0:
            return None
        at = start + len(self._pieces[0])
        groups: dict[int | str, str | None] = {}
        for number, piece in enumerate(self._pieces[1:], 1):
            is_rest = number == len(self._pieces) - 1 and not piece
            end = len(text) if is_rest else text.find(piece, at)
            if end < 0:
                return None
            groups[number] = text[at:end]
            at = end + len(piece)
        return Found({**groups, 0: text[start:at]})


def wildcard(text: str) -> Callable[[str], bool]:
    """`4*` as a test of whole texts; a star stands for anything."""
    first, *others = text.split("*")
    if not others:
        return lambda value: value == text
    *middle, last = others

    def test(value: str) -> bool:
        at, end = len(first), len(value) - len(last)
        if at > end or not value.startswith(first) or not value.endswith(last):
            return False
        for piece in middle:
            found = value.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return test
