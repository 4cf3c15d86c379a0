"""SQL as it comes: where its named parameters stand, and whether it is one statement. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

_REMEMBERED = 512
_TOKEN = re.compile(
    r"""
      (?P<passed>
          [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)             # a string with escapes
        | '(?:[^']|'')*(?:'|\Z)
        | "(?:[^"]|"")*(?:"|\Z)
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        | [^\W\d][\w$]*                               # a word: E'…' and $…$ may not start within one
        | \d[\w.]*
        | ::|:=
      )
    | (?P<line>--[^\n]*)
    | (?P<comment>/\*)
    | :(?P<name>[^\W\d]\w*)
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)
_MARK = re.compile(r"/\*|\*/")


class Piece(NamedTuple):
    """A part of a statement: text as it stands, or the name of a parameter."""

    text: str
    is_name: bool = False


class Statement(NamedTuple):
    """What is known of a text of SQL."""

    pieces: tuple[Piece, ...]
    has_more: bool
    """Whether anything but space and comments follows a semicolon."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(piece.text for piece in self.pieces if piece.is_name)


class Bound(NamedTuple):
    """A statement with `$1`, `$2`, …, and which names they stand for."""

    text: str
    order: tuple[str, ...]


@lru_cache(maxsize=_REMEMBERED)
def read(sql: str) -> Statement:
    """Take a text apart: PostgreSQL manual, "Lexical Structure". Literals, comments and casts have no parameters."""
    pieces: list[Piece] = []
    start = at = 0
    ended_at = len(sql)
    skipped: list[tuple[int, int]] = []
    while (token := _TOKEN.search(sql, at)) is not None:
        at = token.end()
        if token["name"]:
            pieces += [Piece(sql[start : token.start()]), Piece(token["name"], is_name=True)]
            start = at
        elif token["line"] or token["comment"]:
            at = at if token["line"] else _after_comment(sql, at)
            skipped.append((token.start(), at))
        elif token["end"]:
            ended_at = min(ended_at, at)
    pieces.append(Piece(sql[start:]))
    return Statement(tuple(pieces), _has_text(sql, ended_at, skipped))


def bound(statement: Statement, given: Collection[str]) -> Bound:
    """A statement with numbers for the names that are given; the server says what it thinks of the others."""
    order = tuple(dict.fromkeys(piece.text for piece in statement.pieces if piece.is_name and piece.text in given))
    numbers = {name: f"${number}" for number, name in enumerate(order, 1)}
    written = [numbers.get(text, f":{text}") if is_name else text for text, is_name in statement.pieces]
    return Bound("".join(written), order)


def is_single(sql: str) -> bool:
    """Whether a text is one statement at most: those of a body (`BEGIN ATOMIC`) are its own."""
    statement = read(sql)
    if not statement.has_more:
        return True
    # PostgreSQL's own parser, asked only where it matters.
    import pglast

    try:
        return len(pglast.split(bound(statement, statement.names).text)) <= 1
    except pglast.Error:
        return False


def _after_comment(sql: str, at: int) -> int:
    """Where a comment ends: they nest."""
    depth = 1
    while depth and (mark := _MARK.search(sql, at)) is not None:
        depth += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return at if not depth else len(sql)


def _has_text(sql: str, at: int, skipped: list[tuple[int, int]]) -> bool:
    rest = [sql[start:end] for start, end in _between(at, len(sql), skipped)]
    return any(part.strip(" \t\r\n\f\v;") for part in rest)


def _between(at: int, end: int, skipped: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found = []
    for first, last in skipped:
        if first >= at:
            found.append((at, first))
            at = last
    return [*found, (at, end)]
