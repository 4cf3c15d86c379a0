"""Patterns of terms: `ERROR "a phrase" -DEBUG ?one ?other %[45]\\d\\d%`."""

from __future__ import annotations

import re
from collections.abc import Callable

from fogbank.services.logs.patterns.values import BadPattern, Pattern, regex

_TERM = re.compile(
    r'\s*(?P<sign>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|%(?P<regex>(?:[^%\\]|\\.)+)%|(?P<word>[^\s"%]+))'
)
_WORD = re.compile(r"\w+")


def compiled(pattern: str) -> Pattern:
    """Raises BadPattern."""
    all_of: list[Callable[[str], bool]] = []
    none_of: list[Callable[[str], bool]] = []
    any_of: list[Callable[[str], bool]] = []
    needles: list[bytes] = []
    at = 0
    while at < len(pattern):
        found = _TERM.match(pattern, at)
        if found is None:
            raise BadPattern("Invalid filter pattern: unbalanced quotes")
        at = found.end()
        where = {"-": none_of, "?": any_of}.get(found["sign"], all_of)
        if found["regex"] is not None:
            where.append(_searching(found["regex"]))
            continue
        term = _term(found)
        where.append(_containing(term))
        if where is all_of:
            needles.append(term.encode())
    if all_of or none_of:
        # User Guide: optional terms beside others are ignored.
        any_of = []

    def matches(message: str) -> bool:
        return (
            all(test(message) for test in all_of)
            and not any(test(message) for test in none_of)
            and (not any_of or any(test(message) for test in any_of))
        )

    return Pattern(matches, needles=tuple(needles))


def _term(found: re.Match[str]) -> str:
    if found["phrase"] is not None:
        return re.sub(r"\\(.)", r"\1", found["phrase"], flags=re.DOTALL)
    if not _WORD.fullmatch(found["word"]):
        raise BadPattern(f"Invalid character(s) in term '{found['word']}'")
    return found["word"]


def _containing(term: str) -> Callable[[str], bool]:
    return lambda message: term in message


def _searching(text: str) -> Callable[[str], bool]:
    return regex(text).test
