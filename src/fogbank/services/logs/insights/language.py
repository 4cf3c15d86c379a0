"""Parses queries: commands between pipes, with their expressions as nodes."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from fogbank.services.logs.insights.aggregates import AGGREGATES
from fogbank.services.logs.insights.functions import FUNCTIONS, UNITS_MS
from fogbank.services.logs.linear import BadExpression, Expression, Glob
from fogbank.services.logs.linear import compiled as expression_of

_SPACE = re.compile(r"(?:\s+|#[^\n]*)+")
_TOKEN = re.compile(
    r"""(?P<period>\d+(?:ms|mo|min|m|s|h|d|w|q|y)\b)|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|`(?P<tick>[^`]+)`"""
    r"""|(?P<name>[A-Za-z_@$][\w@$]*(?:[.:][\w@$]+)*)|(?P<op>=~|!=|<=|>=|==|[-=<>+*/%^(),|\[\]])""",
    re.DOTALL,
)
_REGEX = re.compile(r"/((?:[^/\\]|\\.)+)/(i?)", re.DOTALL)
_NAMED = re.compile(r"\(\?<(?![=!])")
_COMPARES = ("=", "!=", "<", ">", "<=", ">=")
_DEPTH_MAX = 60
_COMMANDS_MAX = 50

Node = tuple[Any, ...]
"""("value", v), ("field", name), ("op", op, a, b), ("call", name, args), ("like", a, regex), ("in", a, nodes), …"""


class Malformed(ValueError):
    """A query that cannot be; `start` and `end` say where."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class Column(NamedTuple):
    """An expression with the name it is shown under."""

    name: str
    node: Node


class Command(NamedTuple):
    """`fields`, `filter`, `parse`, `stats`, `sort`, `limit`, `dedup` or `display`, with what it works with."""

    name: str
    columns: tuple[Column, ...] = ()
    by: tuple[Column, ...] = ()
    node: Node | None = None
    regex: Expression | Glob | None = None
    names: tuple[str, ...] = ()
    orders: tuple[tuple[Node, bool], ...] = ()
    """(what to sort by, whether descending)."""
    number: int = 0


def parsed(text: str) -> tuple[Command, ...]:
    """The commands of a query. Raises Malformed."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    # Tokens

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        if found:
            self.at = found.end()

    def peek(self) -> Token:
        self.skip()
        if self.at >= len(self.text):
            return Token("end", "", self.at, self.at)
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            raise self.unexpected(Token("", self.text[self.at], self.at, self.at + 1))
        kind = found.lastgroup or ""
        text = found[kind]
        if kind in ("double", "single"):
            kind, text = "string", re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
        return Token("name" if kind == "tick" else kind, text, found.start(), found.end())

    def take(self) -> Token:
        found = self.peek()
        self.at = found.end
        return found

    def takes(self, *words: str) -> str:
        """The operator or keyword that comes next, if it is one of these; then it is taken."""
        found = self.peek()
        if found.kind in ("op", "name") and found.text.lower() in words:
            self.at = found.end
            return found.text.lower()
        return ""

    def expect(self, word: str) -> None:
        if not self.takes(word):
            raise self.unexpected(self.peek())

    def unexpected(self, token: Token) -> Malformed:
        line = self.text.count("\n", 0, token.start) + 1
        position = token.start - (self.text.rfind("\n", 0, token.start) + 1) + 1
        what = f"symbol found {token.text}" if token.kind != "end" else "end of query"
        return Malformed(f"unexpected {what} at line {line} and position {position}", token.start, token.end)

    # Commands

    def query(self) -> tuple[Command, ...]:
        found = [self.command()]
        while self.takes("|"):
            found.append(self.command())
        if self.peek().kind != "end" or len(found) > _COMMANDS_MAX:
            raise self.unexpected(self.peek())
        return tuple(found)

    def command(self) -> Command:
        token = self.take()
        name = token.text.lower()
        if name in ("fields", "display"):
            return Command(name, columns=self.columns())
        if name == "filter":
            return Command(name, node=self.expression())
        if name == "parse":
            return self.parse()
        if name == "stats":
            columns = self.columns()
            by = self.columns() if self.takes("by") else ()
            return Command(name, columns=columns, by=by)
        if name == "sort":
            return Command(name, orders=self.orders())
        if name in ("limit", "head"):
            return Command("limit", number=self.whole())
        if name == "dedup":
            return Command(name, columns=self.columns())
        raise self.unexpected(token)

    def whole(self) -> int:
        token = self.take()
        if token.kind != "number" or not token.text.isdigit() or int(token.text) < 1:
            raise self.unexpected(token)
        return int(token.text)

    def columns(self) -> tuple[Column, ...]:
        found = [self.column()]
        while self.takes(","):
            found.append(self.column())
        return tuple(found)

    def column(self) -> Column:
        start = self.peek().start
        node = self.expression()
        name = node[1] if node[0] == "field" else self.text[start : self.at].strip()
        if self.takes("as"):
            name = self.name()
        return Column(name, node)

    def name(self) -> str:
        token = self.take()
        if token.kind != "name":
            raise self.unexpected(token)
        return token.text

    def orders(self) -> tuple[tuple[Node, bool], ...]:
        found = []
        while True:
            node = self.expression()
            # AWS sorts down unless it is told otherwise.
            found.append((node, self.takes("asc", "desc") != "asc"))
            if not self.takes(","):
                return tuple(found)

    def parse(self) -> Command:
        node: Node = ("field", "@message")
        self.skip()
        if self.peek_regex() is None and self.peek().kind != "string":
            node = self.atom()
        found = self.regex()
        if found is not None:
            if not found.groupindex:
                raise Malformed("a regular expression of parse needs named groups", self.at, self.at)
            return Command("parse", node=node, regex=found, names=tuple(found.groupindex))
        token = self.take()
        if token.kind != "string":
            raise self.unexpected(token)
        self.expect("as")
        names = [self.name()]
        while self.takes(","):
            names.append(self.name())
        pieces = token.text.split("*")
        if len(pieces) - 1 != len(names):
            raise Malformed("parse needs as many names as its pattern has wildcards", token.start, token.end)
        return Command("parse", node=node, regex=Glob(pieces), names=tuple(names))

    def peek_regex(self) -> re.Match[str] | None:
        self.skip()
        return _REGEX.match(self.text, self.at)

    def regex(self) -> Expression | None:
        """The regular expression between slashes that comes next, None if none does."""
        found = self.peek_regex()
        if found is None:
            return None
        self.at = found.end()
        try:
            return expression_of(_NAMED.sub("(?P<", found[1]), re.IGNORECASE if found[2] else 0)
        except BadExpression as error:
            raise Malformed(str(error), found.start(), found.end()) from None

    # Expressions

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise self.unexpected(self.peek())
        left = self.conjunction()
        while self.takes("or"):
            left = ("or", left, self.conjunction())
        self.depth -= 1
        return left

    def conjunction(self) -> Node:
        left = self.negation()
        while self.takes("and"):
            left = ("and", left, self.negation())
        return left

    def negation(self) -> Node:
        if self.takes("not"):
            return ("not", self.negation())
        return self.comparison()

    def comparison(self) -> Node:
        left = self.sum()
        if op := self.takes(*_COMPARES, "=="):
            return ("op", "=" if op == "==" else op, left, self.sum())
        start = self.at
        is_negated = bool(self.takes("not"))
        found: Node | None = None
        if self.takes("like", "=~"):
            found = ("like", left, self.wanted())
        elif self.takes("in"):
            found = ("in", left, self.members())
        if found is None:
            self.at = start
            return left
        return ("not", found) if is_negated else found

    def wanted(self) -> Expression:
        """What `like` looks for."""
        found = self.regex()
        if found is not None:
            return found
        token = self.take()
        if token.kind != "string":
            raise self.unexpected(token)
        return expression_of(re.escape(token.text).replace("%", ".*"))

    def members(self) -> tuple[Node, ...]:
        self.expect("[")
        found = []
        while not self.takes("]"):
            found.append(self.expression())
            if self.peek().text != "]":
                self.expect(",")
        return tuple(found)

    def sum(self) -> Node:
        left = self.product()
        while op := self.takes("+", "-"):
            left = ("op", op, left, self.product())
        return left

    def product(self) -> Node:
        left = self.power()
        while op := self.takes("*", "/", "%"):
            left = ("op", op, left, self.power())
        return left

    def power(self) -> Node:
        left = self.atom()
        return ("op", "^", left, self.power()) if self.takes("^") else left

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "op" and token.text == "(":
            found = self.expression()
            self.expect(")")
            return found
        if token.kind == "op" and token.text == "-":
            return ("op", "-", ("value", 0), self.atom())
        if token.kind == "number":
            number = float(token.text)
            return ("value", int(number) if number.is_integer() and "e" not in token.text.lower() else number)
        if token.kind == "string":
            return ("value", token.text)
        if token.kind == "period":
            found_period = re.fullmatch(r"(\d+)(\w+)", token.text)
            assert found_period is not None
            return ("period", int(found_period[1]) * UNITS_MS[found_period[2]])
        if token.kind != "name" or token.text.lower() in ("by", "as", "and", "or", "in", "like"):
            raise self.unexpected(token)
        if self.text[token.start] != "`" and self.peek().text == "(" and self.peek().kind == "op":
            return self.call(token)
        return ("field", token.text)

    def call(self, token: Token) -> Node:
        name = token.text.lower()
        self.expect("(")
        if name == "count" and (self.takes("*") or self.peek().text == ")"):
            self.expect(")")
            return ("call", "count", ())
        arguments: list[Node] = []
        while not self.takes(")"):
            arguments.append(self.expression())
            if self.peek().text != ")":
                self.expect(",")
        counts = AGGREGATES.get(name) or (FUNCTIONS[name][1:] if name in FUNCTIONS else None)
        if counts is None:
            raise Malformed(f"unknown function {token.text}", token.start, token.end)
        low, high = counts[-2:]
        if not low <= len(arguments) <= high:
            raise Malformed(f"function {token.text} takes another number of arguments", token.start, self.at)
        return ("call", name, tuple(arguments))
