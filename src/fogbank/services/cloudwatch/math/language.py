"""Parses expressions of metric math to nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

Node = tuple[Any, ...]
"""("number", x), ("text", s), ("name", id), ("list", nodes), ("op", op, a, b), ("call", name, nodes), ("at", a, i)."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)\""""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<op>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]])|(?P<bad>\S))""",
    re.DOTALL,
)
_DEPTH_MAX = 60
_LEVELS = (("||", "or"), ("&&", "and"), ("==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
_SAME = {"or": "||", "and": "&&"}


class BadExpression(ValueError):
    """An expression that AWS refuses; the text says why."""


class Token(NamedTuple):
    kind: str
    text: str


@lru_cache(maxsize=512)
def parsed(text: str) -> Node:
    """Raises BadExpression."""
    parser = _Parser(text)
    node = parser.binary(0)
    if parser.peek().kind != "end":
        raise BadExpression(f"unexpected '{parser.peek().text}'")
    return node


def names_of(node: Node) -> Iterator[str]:
    """The ids that an expression names, with repetitions."""
    if node[0] == "name":
        yield node[1]
    for part in node[1:]:
        if isinstance(part, tuple) and part and isinstance(part[0], str):
            yield from names_of(part)
        elif isinstance(part, tuple):
            for inner in part:
                yield from names_of(inner)


def searches_of(node: Node) -> Iterator[tuple[str, str, float]]:
    """(text, statistic, period) of each SEARCH in an expression; 0 for a period that it does not give."""
    if node[0] == "call" and node[1] == "SEARCH":
        texts = [part[1] for part in node[2] if part[0] == "text"]
        numbers = [part[1] for part in node[2] if part[0] == "number"]
        if len(texts) == 2:
            yield texts[0], texts[1], float(numbers[0]) if numbers else 0.0
        return
    for part in node[1:]:
        if isinstance(part, tuple):
            for inner in [part] if part and isinstance(part[0], str) else part:
                yield from searches_of(inner)


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = []
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup or "bad"
            value = found[kind]
            if kind == "bad":
                raise BadExpression(f"unexpected '{value}'")
            if kind in ("single", "double"):
                kind, value = "text", re.sub(r"\\(.)", r"\1", value)
            self.tokens.append(Token(kind, value))
        self.at = 0
        self.depth = 0

    def peek(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else Token("end", "the end")

    def take(self) -> Token:
        found = self.peek()
        self.at += 1
        return found

    def takes(self, *texts: str) -> str:
        found = self.peek()
        if found.kind in ("op", "name") and found.text.lower() in texts:
            self.at += 1
            return found.text.lower()
        return ""

    def expect(self, text: str) -> None:
        if not self.takes(text):
            raise BadExpression(f"expected '{text}' instead of '{self.peek().text}'")

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.power()
        self.depth += 1
        if self.depth > _DEPTH_MAX * len(_LEVELS):
            raise BadExpression("it is nested too deeply")
        left = self.binary(level + 1)
        while op := self.takes(*_LEVELS[level]):
            left = ("op", _SAME.get(op, op), left, self.binary(level + 1))
        self.depth -= 1
        return left

    def power(self) -> Node:
        left = self.unary()
        return ("op", "^", left, self.power()) if self.takes("^") else left

    def unary(self) -> Node:
        if self.takes("-"):
            return ("op", "-", ("number", 0.0), self.unary())
        if self.takes("+"):
            return self.unary()
        node = self.atom()
        while self.takes("["):
            node = ("at", node, self.binary(0))
            self.expect("]")
        return node

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return ("number", float(token.text))
        if token.kind == "text":
            return ("text", token.text)
        if token.kind == "op" and token.text == "(":
            node = self.binary(0)
            self.expect(")")
            return node
        if token.kind == "op" and token.text == "[":
            return ("list", self.many("]"))
        if token.kind == "name":
            if self.takes("("):
                return ("call", token.text.upper(), self.many(")"))
            return ("name", token.text)
        raise BadExpression(f"unexpected '{token.text}'")

    def many(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self.takes(end):
            if found:
                self.expect(",")
            found.append(self.binary(0))
        return tuple(found)
