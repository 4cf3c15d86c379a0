"""Finds the operation of a REST request from its method, raw path, query keys and headers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from urllib.parse import unquote_plus

import msgspec

from fogbank.codec.message import Request
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation

# S3 keeps old operations whose URIs are the same as those of their successors; these are the ones to forget. The last
# one is told from ListBuckets by its host alone.
_SHADOWED = {
    "s3": frozenset(
        ("GetBucketLifecycle", "GetBucketNotification", "PutBucketLifecycle", "PutBucketNotification",
         "ListDirectoryBuckets")
    )
}  # fmt: skip


class _Route(msgspec.Struct):
    """One operation at the end of a path: what a request must have besides, for this one to be meant."""

    name: str
    query: tuple[tuple[str, str], ...]
    required_query: tuple[str, ...]
    required_headers: tuple[str, ...]

    def weight(self) -> tuple[int, int]:
        return len(self.query), len(self.required_query) + len(self.required_headers)

    def is_asked(self, query: Mapping[str, str]) -> bool:
        return all(key in query and (not value or query[key] == value) for key, value in self.query)

    def is_complete(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        if not self.required_query and not self.required_headers:
            return True
        return all(key in query for key in self.required_query) and all(key in headers for key in self.required_headers)


class _Node(msgspec.Struct):
    """A place in the tree of paths; `ends` are the routes that end here, by method."""

    literals: dict[str, _Node] = {}
    label: _Node | None = None
    #: what a label takes that goes on over slashes: the segments that must follow it, and the routes by method
    greedy: dict[tuple[str, ...], dict[str, list[_Route]]] = {}
    ends: dict[str, list[_Route]] = {}


class Router:
    """The routes of one REST service."""

    __slots__ = ("_root",)

    def __init__(self, model: Model) -> None:
        self._root = _Node()
        for operation in model.operations():
            if operation.name not in _SHADOWED.get(model.service, ()):
                self._add(model, operation)

    def _add(self, model: Model, operation: Operation) -> None:
        path, _, query = operation.uri.partition("?")
        node = self._root
        table: dict[str, list[_Route]] | None = None
        parts = segments(path)
        for at, segment in enumerate(parts, 1):
            if segment.endswith("+}"):
                table = node.greedy.setdefault(tuple(parts[at:]), {})
                node.greedy = dict(sorted(node.greedy.items(), key=lambda item: -len(item[0])))
                break
            if segment.startswith("{"):
                node.label = node.label or _Node()
                node = node.label
            else:
                node = node.literals.setdefault(segment, _Node())
        routes = (node.ends if table is None else table).setdefault(operation.method, [])
        routes.append(_route(model, operation, query))
        routes.sort(key=_Route.weight, reverse=True)

    def match(self, request: Request) -> str | None:
        """The name of the operation that a request means, or None. The path is the raw one, and read as it stands."""
        query = _query(request.query)
        routes = self._find(self._root, segments(request.path), 0, request.method)
        if query:
            asked = [route for route in routes or () if route.is_asked(query)]
        else:
            asked = [route for route in routes or () if not route.query]
        for route in asked:
            if route.is_complete(query, request.headers):
                return route.name
        # What lacks a required parameter still means the operation, which will say what is missing.
        return min(asked, key=lambda route: (-len(route.query), route.weight()[1])).name if asked else None

    def _find(self, node: _Node, parts: list[str], at: int, method: str) -> list[_Route] | None:
        if at == len(parts):
            return node.ends.get(method)
        part = parts[at]
        literal = node.literals.get(part)
        found = self._find(literal, parts, at + 1, method) if literal is not None else None
        if found is None and node.label is not None and part:
            found = self._find(node.label, parts, at + 1, method)
        if found is None and node.greedy:
            rest = parts[at:]
            for suffix, routes in node.greedy.items():
                if method in routes and len(rest) > len(suffix) and tuple(rest[len(rest) - len(suffix) :]) == suffix:
                    return routes[method]
        return found


def _route(model: Model, operation: Operation, query: str) -> _Route:
    required = set(model.shapes[operation.input].get("required", ())) if operation.input else set()
    keys: dict[str, list[str]] = {"querystring": [], "header": []}
    for name in required:
        traits = model.traits(model.members(operation.input)[name])
        if traits.get("location") in keys and traits["type"] != "map":
            keys[traits["location"]].append(traits.get("locationName", name))
    fixed = tuple((key, value) for key, _, value in (pair.partition("=") for pair in query.split("&") if pair))
    return _Route(
        name=operation.name,
        query=fixed,
        required_query=tuple(keys["querystring"]),
        required_headers=tuple(key.lower() for key in keys["header"]),
    )


def segments(path: str) -> list[str]:
    """The parts of a raw path between its slashes, without the empty one that a last slash leaves."""
    parts = path.split("/")[1:]
    if parts and parts[-1] == "":
        parts.pop()
    return parts


def _query(text: str) -> dict[str, str]:
    if not text:
        return {}
    query = {}
    for pair in text.split("&"):
        key, _, value = pair.partition("=")
        query[unquote_plus(key) if "%" in key else key] = unquote_plus(value) if "%" in value else value
    return query


@cache
def router_for(service: str) -> Router:
    """The router of a service, built on first use (1-6 ms). Raises KeyError for an unknown service."""
    return Router(load(service))
