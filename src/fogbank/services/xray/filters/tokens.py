"""The words of filter expressions."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|annotation\s*\[\s*(?P<key>"[^"]+"|'[^']+'|[^\]\s"']+)\s*\]|(?P<json>\#)"""
    r"""|(?P<word>[A-Za-z_]\w*(?:\.\w+)*)|(?P<sign>!=|<=|>=|[!=<>(){},:]))""",
    re.DOTALL | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
LENGTH_MAX = 10_000


class BadFilter(ValueError):
    """An expression that cannot be."""


class Token(NamedTuple):
    kind: str
    """`number`, `string`, `key` (of an annotation), `json`, `word`, `sign`, or `end`."""
    value: Any
    at: int


def tokens(text: str) -> list[Token]:
    """Raises BadFilter."""
    if len(text) > LENGTH_MAX:
        raise BadFilter(f"an expression has at most {LENGTH_MAX} characters")
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadFilter(f"unexpected text at position {at}")
        at = match.end()
        kind = str(match.lastgroup)
        value: Any = match[kind]
        if kind == "json":
            value, at = _json(text, at)
        elif kind == "number":
            value = float(value)
        elif kind in ("double", "single"):
            kind, value = "string", _ESCAPE.sub(r"\1", value)
        elif kind == "key":
            value = value.strip("\"'")
        found.append(Token(kind, value, match.start()))
    return [*found, Token("end", "", end)]


def _json(text: str, at: int) -> tuple[Any, int]:
    """What follows `#`: a list or an object, up to where its brackets close."""
    depth, is_text, position = 0, False, at
    while position < len(text):
        letter = text[position]
        if is_text:
            position += letter == "\\"
            is_text = letter != '"'
        elif letter == '"':
            is_text = True
        else:
            depth += (letter in "[{") - (letter in "]}")
        position += 1
        if depth <= 0 and not is_text:
            break
    try:
        found = orjson.loads(text[at:position])
    except orjson.JSONDecodeError:
        raise BadFilter(f"what follows # at position {at} is not JSON") from None
    return found if isinstance(found, list) else [found], position
