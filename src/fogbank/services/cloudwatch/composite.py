"""The rule language of composite alarms: `ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA(c))`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r'\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<name>[^()"]+?))\s*\)'
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<mark>[()])|(?P<bad>\S+))"
)
_CHILDREN_MAX = 100
_DEPTH_MAX = 60

States = Mapping[str, str]
Test = Callable[[States], bool]


class BadRule(ValueError):
    """A rule that AWS refuses; the text says why."""


class Rule(NamedTuple):
    """A rule ready to be asked with the states of its children, which are named without their ARNs."""

    test: Test
    children: tuple[str, ...]


def name_of(text: str) -> str:
    """The name of an alarm from its name or ARN."""
    return text.rpartition(":alarm:")[2] if text.startswith("arn:") else text


@lru_cache(maxsize=512)
def parsed(text: str) -> Rule:
    """Raises BadRule."""
    parser = _Parser(text)
    test = parser.any_of()
    if parser.at < len(parser.tokens):
        raise BadRule("it goes on after its end")
    children = tuple(sorted(parser.children))
    if len(children) > _CHILDREN_MAX:
        raise BadRule(f"it names more than {_CHILDREN_MAX} alarms")
    return Rule(test, children)


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = [found for found in _TOKEN.finditer(text) if found.lastgroup]
        for found in self.tokens:
            if found["bad"]:
                raise BadRule(f"unexpected '{found['bad']}'")
        self.at = 0
        self.depth = 0
        self.children: set[str] = set()

    def takes(self, group: str, text: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][group] == text:
            self.at += 1
            return True
        return False

    def any_of(self) -> Test:
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise BadRule("it is nested too deeply")
        tests = [self.all_of()]
        while self.takes("word", "OR"):
            tests.append(self.all_of())
        self.depth -= 1
        return tests[0] if len(tests) == 1 else lambda states: any(test(states) for test in tests)

    def all_of(self) -> Test:
        tests = [self.term()]
        while self.takes("word", "AND"):
            tests.append(self.term())
        return tests[0] if len(tests) == 1 else lambda states: all(test(states) for test in tests)

    def term(self) -> Test:
        if self.takes("word", "NOT"):
            test = self.term()
            return lambda states: not test(states)
        if self.takes("mark", "("):
            test = self.any_of()
            if not self.takes("mark", ")"):
                raise BadRule("a parenthesis is missing")
            return test
        for word, value in (("TRUE", True), ("FALSE", False)):
            if self.takes("word", word):
                return lambda states, value=value: value  # type: ignore[misc]
        if self.at >= len(self.tokens) or not self.tokens[self.at]["state"]:
            raise BadRule("an alarm's state is missing")
        found = self.tokens[self.at]
        self.at += 1
        return self.state(found["state"], name_of(found["quoted"] if found["quoted"] is not None else found["name"]))

    def state(self, wanted: str, name: str) -> Test:
        self.children.add(name)
        return lambda states: states.get(name) == wanted
