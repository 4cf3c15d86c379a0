"""Parses filter expressions to nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from fogbank.services.xray.filters.tokens import BadFilter, Token, tokens

__all__ = ["BadFilter", "Node", "groups_in", "parsed", "selector"]

_DEPTH_MAX = 50
_BOOLEANS = frozenset(("ok", "error", "throttle", "fault", "partial", "inferred", "root"))
_NUMBERS = frozenset(("responsetime", "duration", "http.status"))
_STRINGS = frozenset(
    (
        "http.url", "http.method", "http.useragent", "http.host", "http.clientip", "user", "name", "type",
        "availabilityzone", "instance.id", "resource.arn",
    )
)  # fmt: skip
_OF_REQUEST = {
    **dict.fromkeys(_BOOLEANS, "boolean"),
    **dict.fromkeys(_NUMBERS, "number"),
    **dict.fromkeys(_STRINGS, "string"),
}
_OF_CAUSE = {
    **dict.fromkeys(("first", "last", "remote", "inferred"), "boolean"),
    **dict.fromkeys(("index", "coverage"), "number"),
    **dict.fromkeys(("name", "type", "message"), "string"),
}
_NUMBER_OPERATORS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_STRING_OPERATORS = frozenset(("=", "!=", "contains", "beginswith", "endswith"))
_CAUSES = frozenset(
    f"rootcause.{kind}.{part}"
    for kind in ("fault", "error", "responsetime")
    for part in ("service", "entity", "exception")
    if (kind, part) != ("responsetime", "exception")
)


class Id(NamedTuple):
    """What nodes of the service map are meant; an empty part means any."""

    name: str = ""
    type: str = ""
    account: str = ""


class Both(NamedTuple):
    parts: tuple[Node, ...]


class Either(NamedTuple):
    parts: tuple[Node, ...]


class Not(NamedTuple):
    part: Node


class Compare(NamedTuple):
    """A keyword with what it is compared to; an empty operator asks whether it is true, or there."""

    keyword: str
    operator: str = ""
    value: Any = None


class Annotation(NamedTuple):
    key: str
    operator: str = ""
    value: Any = None


class Service(NamedTuple):
    id: Id
    inner: Node | None = None


class Edge(NamedTuple):
    source: Id
    target: Id
    inner: Node | None = None


class Cause(NamedTuple):
    """A root cause of a kind (`fault`, `error`, `responsetime`), one part of which is looked at."""

    kind: str
    part: str
    inner: Node | None = None


class Json(NamedTuple):
    """Root causes that look like this, where it says something."""

    operator: str
    value: tuple[Any, ...]


class Group(NamedTuple):
    """What a group's own expression matches."""

    field: str
    operator: str
    value: str


Node = Both | Either | Not | Compare | Annotation | Service | Edge | Cause | Json | Group


@lru_cache(maxsize=256)
def parsed(text: str) -> Node:
    """The node of an expression. Raises BadFilter."""
    parser = _Parser(tokens(text))
    found = parser.either(parser.trace)
    parser.expect("end", "")
    return found


@lru_cache(maxsize=256)
def selector(text: str) -> Service | Edge:
    """What a time series is asked of: a service, an edge, or an id. Raises BadFilter."""
    parser = _Parser(tokens(text))
    if parser.is_next("word", "id"):
        found: Node = Service(parser.id())
    else:
        found = parser.trace()
    parser.expect("end", "")
    if not isinstance(found, Service | Edge):
        raise BadFilter("an entity selector is service(…), edge(…) or id(…)")
    return found


def groups_in(node: Node | None) -> Iterator[Group]:
    """The groups that an expression names."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Group):
            yield one
        elif isinstance(one, Both | Either):
            waiting += one.parts
        elif isinstance(one, Not):
            waiting.append(one.part)


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def is_next(self, kind: str, *values: str) -> bool:
        token = self.token
        return token.kind == kind and (not values or str(token.value).lower() in values)

    def take(self) -> Token:
        token = self.token
        self._at += token.kind != "end"
        return token

    def expect(self, kind: str, value: str) -> None:
        if not self.is_next(kind, value):
            raise self.unexpected()
        self.take()

    def unexpected(self) -> BadFilter:
        token = self.token
        if token.kind == "end":
            return BadFilter("the expression ends too early")
        return BadFilter(f"unexpected {token.value!r} at position {token.at}")

    def either(self, term: Callable[[], Node]) -> Node:
        """Terms with AND, OR and ! between them; terms that stand side by side must both hold."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise BadFilter("the expression is nested too deeply")
        parts = [self._both(term)]
        while self.is_next("word", "or"):
            self.take()
            parts.append(self._both(term))
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, term: Callable[[], Node]) -> Node:
        parts = [self._single(term)]
        while not (self.is_next("end") or self.is_next("sign", ")", "}") or self.is_next("word", "or")):
            if self.is_next("word", "and"):
                self.take()
            parts.append(self._single(term))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _single(self, term: Callable[[], Node]) -> Node:
        negations = 0
        while self.is_next("sign", "!"):
            self.take()
            negations += 1
        if self.is_next("sign", "("):
            self.take()
            found = self.either(term)
            self.expect("sign", ")")
        else:
            found = term()
        return Not(found) if negations % 2 else found

    def trace(self) -> Node:
        """A term about a whole trace."""
        token = self.token
        if token.kind == "key":
            return self._annotation(str(self.take().value))
        word = str(token.value)
        low = word.lower()
        if token.kind != "word":
            raise self.unexpected()
        if low.startswith("annotation.") and len(word) > len("annotation."):
            self.take()
            return self._annotation(word[len("annotation.") :])
        if low in ("service", "edge"):
            self.take()
            return self._edge() if low == "edge" else self._service()
        if low in _CAUSES:
            self.take()
            _, kind, part = low.split(".")
            return Cause(kind, part, self._inner(self.of_cause))
        if low in ("json", "rootcause.json"):
            self.take()
            return Json(self._equality(), tuple(self._literal("json")))
        if low in ("group.name", "group.arn"):
            self.take()
            return Group(low[len("group.") :], self._equality(), str(self._literal("string")))
        return self._compare(_OF_REQUEST)

    def of_request(self) -> Node:
        """A term about a service or an edge."""
        return self._compare(_OF_REQUEST)

    def of_cause(self) -> Node:
        """A term about a part of a root cause."""
        return self._compare(_OF_CAUSE)

    def _service(self) -> Service:
        self.expect("sign", "(")
        found = Id() if self.is_next("sign", ")") else self.id()
        self.expect("sign", ")")
        return Service(found, self._inner(self.of_request))

    def _edge(self) -> Edge:
        self.expect("sign", "(")
        source = self.id()
        self.expect("sign", ",")
        target = self.id()
        self.expect("sign", ")")
        return Edge(source, target, self._inner(self.of_request))

    def id(self) -> Id:
        """A name, or `id(name: "…", type: "…", account.id: "…")`."""
        if not self.is_next("word", "id"):
            return Id(str(self._literal("string")))
        self.take()
        self.expect("sign", "(")
        found: dict[str, str] = {}
        while not self.is_next("sign", ")"):
            field = str(self.take().value).lower()
            if field not in ("name", "type", "account.id") or field in found:
                raise BadFilter(f"an id has a name, a type and an account.id, not {field!r}")
            self.expect("sign", ":")
            found[field] = str(self._literal("string"))
            if not self.is_next("sign", ")"):
                self.expect("sign", ",")
        self.expect("sign", ")")
        return Id(found.get("name", ""), found.get("type", ""), found.get("account.id", ""))

    def _inner(self, term: Callable[[], Node]) -> Node | None:
        if not self.is_next("sign", "{"):
            return None
        self.take()
        found = None if self.is_next("sign", "}") else self.either(term)
        self.expect("sign", "}")
        return found

    def _compare(self, keywords: dict[str, str]) -> Compare:
        token = self.token
        keyword = str(token.value).lower()
        kind = keywords.get(keyword, "")
        if token.kind != "word" or not kind:
            raise self.unexpected()
        self.take()
        operator = self._operator()
        if not operator:
            return Compare(keyword)
        allowed = {"boolean": ("=", "!="), "number": _NUMBER_OPERATORS, "string": _STRING_OPERATORS}[kind]
        if operator not in allowed:
            raise BadFilter(f"{keyword} cannot be compared by {operator.upper()}")
        return Compare(keyword, operator, self._literal(kind))

    def _annotation(self, key: str) -> Annotation:
        operator = self._operator()
        if not operator:
            return Annotation(key)
        value = self._literal("any")
        if operator in _STRING_OPERATORS - {"=", "!="} and not isinstance(value, str):
            raise BadFilter(f"{operator.upper()} needs a text")
        if operator in _NUMBER_OPERATORS - {"=", "!="} and not isinstance(value, float):
            raise BadFilter(f"{operator} needs a number")
        return Annotation(key, operator, value)

    def _operator(self) -> str:
        operators = _NUMBER_OPERATORS if self.token.kind == "sign" else _STRING_OPERATORS
        found = str(self.token.value).lower()
        if self.token.kind not in ("sign", "word") or found not in operators:
            return ""
        self.take()
        return found

    def _equality(self) -> str:
        found = self._operator()
        if found not in ("=", "!="):
            raise self.unexpected()
        return found

    def _literal(self, kind: str) -> Any:
        token = self.token
        low = str(token.value).lower()
        if token.kind == "end":
            raise self.unexpected()
        found: Any = token.value
        if token.kind in ("string", "word") and low in ("true", "false") and kind in ("boolean", "any"):
            # `annotation.x = "true"` is a text, `annotation.x = true` is not.
            found = low == "true" if kind == "boolean" or token.kind == "word" else token.value
        wanted: dict[str, type | tuple[type, ...]] = {
            "boolean": bool, "number": float, "string": str, "json": list, "any": (bool, float, str),
        }  # fmt: skip
        if token.kind == "sign" or token.kind == "key" or not isinstance(found, wanted[kind]):
            raise self.unexpected()
        self.take()
        return found
