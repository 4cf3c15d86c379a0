"""What the three kinds of patterns share: words, boolean expressions, comparisons of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fogbank.services.logs import linear

Test = Callable[[Any], bool]

_NO_VALUES: Mapping[str, str] = {}
_REGEX_ALLOWED = re.compile(r"[A-Za-z0-9 \t_#=@/;,:\-^$?\[\]{}|\\*+.<>\"'&~]*")
_SIMPLE = re.compile(r"[A-Za-z0-9 _./:@#=;,-]+")
_REGEXES_MAX = 2


class BadPattern(ValueError):
    """A pattern that AWS refuses; the text says why."""


def nothing(message: str) -> Mapping[str, str]:
    return _NO_VALUES


class Pattern(NamedTuple):
    """A compiled pattern."""

    matches: Callable[[str], bool]
    extracted: Callable[[str], Mapping[str, str]] = nothing
    """The values that TestMetricFilter shows."""
    value: Callable[[str, str], Any] = lambda message, selector: None
    """The value that a selector (`$.latency`, `$size`) has in a message; None if it has none."""
    needles: tuple[bytes, ...] = ()
    """Bytes that stand in every message that matches, unless `has_escapes` and it holds a backslash-u."""
    has_escapes: bool = False

    def may_match(self, raw: bytes) -> bool:
        """Whether encoded events may hold a match: a look at the raw bytes, before anything is decoded."""
        return all(needle in raw for needle in self.needles) or (self.has_escapes and b"\\u" in raw)


def regex(text: str) -> linear.Expression:
    """The expression between percent signs. Raises BadPattern; parentheses are refused, as at AWS."""
    if not _REGEX_ALLOWED.fullmatch(text):
        raise BadPattern("Invalid filter pattern: unsupported character in regex")
    try:
        return linear.compiled(text)
    except linear.BadExpression as error:
        raise BadPattern(f"Invalid filter pattern: {error}") from None


def number(text: str) -> float | None:
    try:
        return float(text) if text[:1] not in "iInN" else None
    except ValueError:
        return None


def needle_of(text: str) -> bytes:
    """The longest piece between the wildcards of a value, empty if it could be written otherwise."""
    piece = max(text.split("*"), key=len)
    return piece.encode() if _SIMPLE.fullmatch(piece) and "/" not in piece else b""


class Word(NamedTuple):
    """A part of a pattern: its kind (`op`, `string`, `regex`, `word`, `selector`) and text."""

    kind: str
    text: str


class Words:
    """The parts of a pattern, read one by one."""

    def __init__(self, pattern: str, token: re.Pattern[str]) -> None:
        self._words: list[Word] = []
        self.at = 0
        place = 0
        while place < len(pattern):
            found = token.match(pattern, place)
            if found is None or not found.lastgroup or found.end() == place:
                raise BadPattern(f"Invalid filter pattern: unexpected character at position {place}")
            if found.lastgroup != "space":
                self._words.append(Word(found.lastgroup, found[found.lastgroup]))
            place = found.end()
        if sum(word.kind == "regex" for word in self._words) > _REGEXES_MAX:
            raise BadPattern(f"Invalid filter pattern: at most {_REGEXES_MAX} regular expressions")

    def peek(self) -> Word:
        return self._words[self.at] if self.at < len(self._words) else Word("end", "")

    def take(self) -> Word:
        found = self.peek()
        self.at += 1
        return found

    def takes(self, text: str) -> bool:
        """Whether the next part is this operator or word; then it is taken."""
        if self.peek().kind in ("op", "word") and self.peek().text.upper() == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.takes(text):
            raise BadPattern(f"Invalid filter pattern: expected '{text}'")


class Clause(NamedTuple):
    """A condition, and bytes that must stand in whatever meets it."""

    test: Test
    needles: tuple[bytes, ...] = ()


def boolean(words: Words, term: Callable[[Words], Clause], depth: int = 0) -> Clause:
    """`a && (b || c)`. Raises BadPattern."""
    if depth > 50:
        raise BadPattern("Invalid filter pattern: nested too deeply")
    found = [_conjunction(words, term, depth)]
    while words.takes("||"):
        found.append(_conjunction(words, term, depth))
    if len(found) == 1:
        return found[0]
    tests = [clause.test for clause in found]
    return Clause(lambda value: any(test(value) for test in tests))


def _conjunction(words: Words, term: Callable[[Words], Clause], depth: int) -> Clause:
    found = []
    while True:
        if words.takes("("):
            found.append(boolean(words, term, depth + 1))
            words.expect(")")
        else:
            found.append(term(words))
        if not words.takes("&&"):
            break
    if len(found) == 1:
        return found[0]
    tests = [clause.test for clause in found]
    needles = tuple(needle for clause in found for needle in clause.needles)
    return Clause(lambda value: all(test(value) for test in tests), needles)


def comparison(op: str, wanted: Word) -> Test:
    """A test of one value (a JSON scalar, or a column's text). Raises BadPattern."""
    if op in ("=", "!="):
        equal = _equality(wanted)
        return equal if op == "=" else lambda value: not equal(value)
    bound = number(wanted.text) if wanted.kind == "word" else None
    if bound is None:
        raise BadPattern(f"Invalid filter pattern: '{op}' compares numbers")
    compare = {"<": float.__lt__, ">": float.__gt__, "<=": float.__le__, ">=": float.__ge__}[op]

    def test(value: Any) -> bool:
        found = _as_number(value)
        return found is not None and compare(found, bound) is True

    return test


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return number(value)
    return float(value) if isinstance(value, int | float) else None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or isinstance(value, dict | list) else repr(value)


def _equality(wanted: Word) -> Test:
    if wanted.kind == "regex":
        search = regex(wanted.text).test
        return lambda value: (text := _text(value)) is not None and search(text)
    bound = number(wanted.text) if wanted.kind == "word" else None
    if bound is not None:
        return lambda value: _as_number(value) == bound
    if "*" in wanted.text:
        full = linear.wildcard(wanted.text)
        return lambda value: (text := _text(value)) is not None and full(text)
    return lambda value: _text(value) == wanted.text
