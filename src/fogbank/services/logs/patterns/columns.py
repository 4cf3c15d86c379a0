"""Patterns of space-delimited columns: `[ip, user, ..., status_code = 4*, bytes > 1000]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fogbank.services.logs.patterns.values import (
    BadPattern,
    Clause,
    Pattern,
    Test,
    Word,
    Words,
    boolean,
    comparison,
)

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<op>&&|\|\||!=|<=|>=|=|<|>|\(|\)|,|\.\.\.)"""
    r"""|"(?P<string>(?:[^"\\]|\\.)*)"|%(?P<regex>(?:[^%\\]|\\.)+)%|(?P<word>[^\s()=!<>&|"%,\[\]]+)"""
)
_COLUMN = re.compile(r'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')
_COMPARES = ("=", "!=", "<", ">", "<=", ">=")


class _Column(NamedTuple):
    name: str
    test: Test | None = None


def compiled(pattern: str) -> Pattern:
    """Raises BadPattern."""
    if not pattern.endswith("]"):
        raise BadPattern("Invalid filter pattern: a pattern of columns ends with ']'")
    words = Words(pattern[1:-1], _TOKEN)
    columns: list[_Column | None] = []
    while words.peek().kind != "end":
        columns.append(None if words.takes("...") else _column(words))
        if words.peek().kind != "end":
            words.expect(",")
    if columns.count(None) > 1:
        raise BadPattern("Invalid filter pattern: at most one ellipsis")
    place = _placing(columns)

    def matches(message: str) -> bool:
        row = place(message)
        return row is not None and all(column.test is None or column.test(text) for _, column, text in row)

    def extracted(message: str) -> Mapping[str, str]:
        return {f"${column.name or number}": text for number, column, text in place(message) or ()}

    def value(message: str, selector: str) -> str | None:
        return extracted(message).get(selector)

    return Pattern(matches, extracted, value)


Row = list[tuple[int, _Column, str]]


def _placing(columns: list[_Column | None]) -> Callable[[str], Row | None]:
    """What lays the columns of a message under those of the pattern: None if their number is another."""
    gap = columns.index(None) if None in columns else len(columns)
    before = [column for column in columns[:gap] if column is not None]
    after = [column for column in columns[gap + 1 :] if column is not None]
    is_open = gap < len(columns) or not columns

    def place(message: str) -> Row | None:
        texts = split(message)
        missing = len(texts) - len(before) - len(after)
        if missing < 0 or (missing and not is_open):
            return None
        laid = [*before, *[_Column("")] * missing, *after]
        return [(number, column, text) for number, (column, text) in enumerate(zip(laid, texts, strict=True), 1)]

    return place


def split(message: str) -> list[str]:
    """The columns of a message: words, and what stands in brackets or quotes."""
    return [next(text for text in found.groups() if text is not None) for found in _COLUMN.finditer(message)]


def _column(words: Words) -> _Column:
    start = words.at
    name = words.take()
    if name.kind == "word" and words.peek().text in (",", "") and words.peek().kind in ("op", "end"):
        return _Column(name.text)
    words.at = start
    names: list[str] = []
    clause = boolean(words, lambda words: _term(words, names))
    if len(set(names)) > 1:
        raise BadPattern("Invalid filter pattern: a column's conditions name one column")
    return _Column(names[0], clause.test)


def _term(words: Words, names: list[str]) -> Clause:
    first = words.take()
    if first.kind == "string" or (first.kind == "regex" and words.peek().text not in _COMPARES):
        names.append("")
        return Clause(comparison("=", first))
    if first.kind != "word":
        raise BadPattern(f"Invalid filter pattern: expected a column's name instead of '{first.text}'")
    op = words.take()
    wanted = words.take()
    if op.text not in _COMPARES or wanted.kind not in ("string", "regex", "word"):
        raise BadPattern(f"Invalid filter pattern: column '{first.text}' is compared with nothing")
    names.append(first.text)
    return Clause(comparison(op.text, _unescaped(wanted)))


def _unescaped(word: Word) -> Word:
    return Word("string", re.sub(r"\\(.)", r"\1", word.text)) if word.kind == "string" else word
