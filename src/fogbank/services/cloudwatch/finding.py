"""SEARCH expressions: `{AWS/SQS,QueueName} MetricName="Sent" orders` as a test of metrics."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from fogbank.services.cloudwatch.math.language import BadExpression
from fogbank.services.cloudwatch.resources import Metric

Test = Callable[[Metric], bool]
_SCHEMA = re.compile(r"\s*\{([^}]*)\}")
_WORD = re.compile(
    r'\s*(?:(?P<op>[()])|(?P<key>:?[\w.]+)\s*=\s*(?:"(?P<exact>(?:[^"\\]|\\.)*)"|(?P<part>[^\s()"]+)|(?P<open>\())'
    r'|"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()"]+))'
)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@lru_cache(maxsize=256)
def compiled(text: str) -> Test:
    """Raises BadExpression."""
    schema = _SCHEMA.match(text)
    tests = []
    if schema is not None:
        parts = [part.strip().strip('"') for part in schema[1].split(",")]
        tests.append(_of_schema(parts[0], frozenset(parts[1:])))
        text = text[schema.end() :]
    found = [part for part in _WORD.finditer(text) if part.lastgroup]
    if found:
        words = _Words(found)
        tests.append(words.any_of(None))
        if words.at < len(found):
            raise BadExpression("a search expression has an unexpected parenthesis")
    return lambda metric: all(test(metric) for test in tests)


def _of_schema(namespace: str, names: frozenset[str]) -> Test:
    return lambda metric: metric.namespace == namespace and {name for name, _ in metric.dimensions} == names


class _Words:
    def __init__(self, found: list[re.Match[str]]) -> None:
        self.found = found
        self.at = 0

    def any_of(self, key: str | None) -> Test:
        tests = [self.all_of(key)]
        while self.is_word("OR"):
            self.at += 1
            tests.append(self.all_of(key))
        return tests[0] if len(tests) == 1 else lambda metric: any(test(metric) for test in tests)

    def all_of(self, key: str | None) -> Test:
        tests = []
        while self.at < len(self.found) and not self.is_word("OR") and self.found[self.at]["op"] != ")":
            if self.is_word("AND"):
                self.at += 1
                continue
            tests.append(self.term(key))
        return lambda metric: all(test(metric) for test in tests)

    def is_word(self, text: str) -> bool:
        return self.at < len(self.found) and self.found[self.at]["word"] == text

    def term(self, key: str | None) -> Test:
        if self.is_word("NOT"):
            self.at += 1
            test = self.term(key)
            return lambda metric: not test(metric)
        if self.at >= len(self.found):
            raise BadExpression("a search expression ends too early")
        part = self.found[self.at]
        self.at += 1
        if part["op"] == "(" or part["open"]:
            test = self.any_of(part["key"] or key)
            if self.at >= len(self.found) or self.found[self.at]["op"] != ")":
                raise BadExpression("a search expression lacks a parenthesis")
            self.at += 1
            return test
        exact = part["exact"] if part["exact"] is not None else part["phrase"]
        wanted = exact if exact is not None else part["part"] or part["word"] or ""
        return _matching(part["key"] or key, wanted, exact is not None)


def _matching(key: str | None, wanted: str, is_exact: bool) -> Test:
    tokens = _tokens(wanted)

    def test(metric: Metric) -> bool:
        texts = _texts(metric, key)
        if is_exact:
            return wanted in texts
        return any(tokens <= _tokens(text) or wanted.lower() == text.lower() for text in texts)

    return test


def _texts(metric: Metric, key: str | None) -> list[str]:
    if key == "MetricName":
        return [metric.name]
    if key == "Namespace":
        return [metric.namespace]
    if key is not None and key not in (":aws.AccountId", ":aws.MetricName", ":aws.Namespace"):
        return [value for name, value in metric.dimensions if name == key]
    return [metric.namespace, metric.name, *(text for pair in metric.dimensions for text in pair)]


@lru_cache(maxsize=4096)
def _tokens(text: str) -> frozenset[str]:
    """The words of a text: what stands between marks, and the words of CamelCase."""
    whole = [part.lower() for part in re.split(r"[^\w]+", text) if part]
    return frozenset([*whole, *(part.lower() for part in _PARTS.findall(text))])
