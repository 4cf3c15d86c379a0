"""Patterns of JSON: `{ ($.level = "ERROR" || $.code >= 500) && $.user.id NOT EXISTS }`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from fogbank.services.logs.patterns.values import (
    BadPattern,
    Clause,
    Pattern,
    Test,
    Word,
    Words,
    boolean,
    comparison,
    needle_of,
)

_STEP = r"""\.?\[\s*(?:\*|\d{1,9}|'[^']*'|"[^"]*")\s*\]|\.\*|\.[^\s.\[\]=!<>(){}&|,"'*]+"""
_TOKEN = re.compile(
    rf"""(?P<space>\s+)|(?P<selector>\$(?:{_STEP})+)|(?P<op>&&|\|\||!=|<=|>=|=|<|>|\(|\))"""
    r"""|"(?P<string>(?:[^"\\]|\\.)*)"|%(?P<regex>(?:[^%\\]|\\.)+)%|(?P<word>[^\s()=!<>&|"%{}$]+)"""
)
_STEPS = re.compile(
    r"""\[\s*(?:(?P<any>\*)|(?P<at>\d+)|'(?P<one>[^']*)'|"(?P<two>[^"]*)")\s*\]|\.(?P<all>\*)|\.(?P<name>[^.\[]+)"""
)
_MISSING = object()
_FOUND_MAX = 1000

Step = str | int | None
"""A member's name, an index, or None for all of them."""


def compiled(pattern: str) -> Pattern:
    """Raises BadPattern."""
    if not pattern.endswith("}"):
        raise BadPattern("Invalid filter pattern: a JSON pattern ends with '}'")
    selectors: list[str] = []
    words = Words(pattern[1:-1], _TOKEN)
    clause = boolean(words, lambda words: _term(words, selectors))
    if words.peek().kind != "end":
        raise BadPattern(f"Invalid filter pattern: unexpected '{words.peek().text}'")

    def matches(message: str) -> bool:
        found = parsed(message)
        return found is not None and clause.test(found)

    def extracted(message: str) -> Mapping[str, str]:
        found = parsed(message)
        values = {selector: value_of(found, selector) for selector in selectors}
        return {selector: shown(value) for selector, value in values.items() if value is not None}

    return Pattern(matches, extracted, _value, tuple(filter(None, clause.needles)), has_escapes=True)


def parsed(message: str) -> Any:
    """The object or list that a message is, None if it is neither."""
    if message[:1] not in "{[ \t\n\r":
        return None
    try:
        found = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def value_of(document: Any, selector: str) -> Any:
    """The first value that a selector finds; None if it finds none."""
    return next(iter(found(document, steps_of(selector))), None)


def _value(message: str, selector: str) -> Any:
    return value_of(parsed(message), selector)


@lru_cache(maxsize=1024)
def steps_of(selector: str) -> tuple[Step, ...]:
    """`$.a[0].b` as ("a", 0, "b")."""
    steps: list[Step] = []
    for part in _STEPS.finditer(selector, 1):
        kind = part.lastgroup
        steps.append(None if kind in ("any", "all") else int(part["at"]) if kind == "at" else part[kind or 0])
    return tuple(steps)


def is_selector(text: str) -> bool:
    return re.fullmatch(rf"\$(?:{_STEP})+", text) is not None


def found(document: Any, steps: tuple[Step, ...]) -> list[Any]:
    """Every value that the steps lead to."""
    places = [document]
    for step in steps:
        places = [value for place in places for value in _inside(place, step)][:_FOUND_MAX]
        if not places:
            break
    return places


def _inside(place: Any, step: Step) -> list[Any]:
    if step is None:
        return list(place.values()) if isinstance(place, dict) else place if isinstance(place, list) else []
    if isinstance(place, dict):
        value = place.get(str(step), _MISSING)
        return [] if value is _MISSING else [value]
    if isinstance(place, list) and isinstance(step, int) and step < len(place):
        return [place[step]]
    return []


def _term(words: Words, selectors: list[str]) -> Clause:
    name = words.take()
    if name.kind != "selector":
        raise BadPattern(f"Invalid filter pattern: expected a selector instead of '{name.text}'")
    selectors.append(name.text)
    steps = steps_of(name.text)
    field = tuple(needle_of(step) for step in steps if isinstance(step, str))
    if words.takes("IS"):
        test = _is(words.take())
        return Clause(_any(steps, test), field)
    if words.takes("NOT"):
        words.expect("EXISTS")
        return Clause(lambda document: not found(document, steps))
    if words.takes("EXISTS"):
        return Clause(lambda document: bool(found(document, steps)), field)
    op, wanted = words.take(), words.take()
    if op.kind != "op" or op.text in ("(", ")", "&&", "||") or wanted.kind not in ("string", "regex", "word"):
        raise BadPattern(f"Invalid filter pattern: '{name.text}' is compared with nothing")
    if wanted.kind == "string":
        wanted = Word("string", re.sub(r"\\(.)", r"\1", wanted.text))
    needles = field
    if op.text == "=" and wanted.kind == "string":
        needles = (*field, needle_of(wanted.text))
    return Clause(_any(steps, comparison(op.text, wanted)), needles)


def _any(steps: tuple[Step, ...], test: Test) -> Callable[[Any], bool]:
    return lambda document: any(test(value) for value in found(document, steps))


def _is(word: Word) -> Test:
    wanted = {"NULL": None, "TRUE": True, "FALSE": False}
    if word.text.upper() not in wanted:
        raise BadPattern(f"Invalid filter pattern: IS takes NULL, TRUE or FALSE, not '{word.text}'")
    value = wanted[word.text.upper()]
    return lambda found: found is value
