"""Runs a parsed query over rows that come page by page, and holds no more of them than the answer needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fogbank.services.logs.insights.aggregates import MAKERS, Tally
from fogbank.services.logs.insights.functions import FUNCTIONS, floored
from fogbank.services.logs.insights.language import Column, Command, Malformed, Node
from fogbank.services.logs.insights.rows import Row, is_true, number, text
from fogbank.services.logs.linear import Expression

Value = Callable[[Row], Any]
_BY_ROW = ("fields", "filter", "parse", "display")
_KEEPING = {"fields", "display", "parse", "limit"}
_PRUNED_AT = 4
_LIMIT_DEFAULT = 10_000
_LIMIT_MAX = 100_000
_WHOLE_MAX = 2**63
_BUILTIN = ("@timestamp", "@message")


class Run:
    """A query at work: `add` rows, then ask for `results`. A limit of 0 is the query's own, or 10,000."""

    def __init__(self, commands: tuple[Command, ...], limit: int) -> None:
        for command in commands:
            _check(command)
        first = next((at for at, one in enumerate(commands) if one.name not in _BY_ROW), len(commands))
        self._steps = [_step(command) for command in commands[:first]]
        self._rest = commands[first:]
        own = [one.number for one in commands if one.name == "limit"]
        self._limit = min([limit or _LIMIT_MAX, *own] if limit or own else [_LIMIT_DEFAULT])
        self._shown = _shown(commands)
        self._groups = _Groups(self._rest[0]) if self._rest and self._rest[0].name == "stats" else None
        kinds = [command.name for command in self._rest]
        self._is_pruned = set(kinds[1:] if kinds[:1] == ["sort"] else kinds) <= _KEEPING
        self._order = _order(self._rest[0].orders) if kinds[:1] == ["sort"] else _by_time
        self._rows: list[Row] = []
        self.matched = 0
        self.is_grouped = "stats" in kinds

    def add(self, row: Row) -> None:
        for step in self._steps:
            if not step(row):
                return
        self.matched += 1
        if self._groups is not None:
            self._groups.add(row)
            return
        self._rows.append(row)
        if self._is_pruned and len(self._rows) > _PRUNED_AT * self._limit + 1000:
            self._rows = self._order(self._rows)[: self._limit]

    def results(self) -> list[list[tuple[str, Any]]]:
        """(field, value) of each row, in order; rows of events end with their `@ptr`."""
        rest = self._rest
        if self._groups is not None:
            rows, rest = self._groups.rows(), rest[1:]
        else:
            rows = self._rows if rest[:1] and rest[0].name == "sort" else _by_time(self._rows)
        for command in rest:
            rows = _whole(command, rows)
        found = []
        for row in rows[: self._limit]:
            pairs = [(name, row.get(name)) for name in self._shown]
            if not self.is_grouped:
                pairs.append(("@ptr", row.builtin["@ptr"]))
            found.append([(name, value) for name, value in pairs if value is not None])
        return found


def _check(command: Command) -> None:
    """Raises Malformed for functions of many rows where there is one."""
    nodes = [node for node in (command.node, *(column.node for column in command.by)) if node]
    if command.name != "stats":
        nodes += [column.node for column in command.columns] + [node for node, _ in command.orders]
    if any(_aggregates(node) for node in nodes):
        raise Malformed(f"functions of stats cannot be used in {command.name}", 0, 0)
    if command.name == "stats" and any(not _aggregates(column.node) for column in command.columns):
        raise Malformed("stats needs functions that make one value of many", 0, 0)


def _shown(commands: tuple[Command, ...]) -> list[str]:
    """The fields that results show."""
    names: list[str] = []
    for command in commands:
        if command.name == "fields":
            names += [column.name for column in command.columns if column.name not in names]
        elif command.name == "display":
            names = [column.name for column in command.columns]
        elif command.name == "stats":
            names = [column.name for column in (*command.by, *command.columns)]
    return names or list(_BUILTIN)


def _step(command: Command) -> Callable[[Row], bool]:
    """What a command does to a row; whether the row stays."""
    if command.name == "filter":
        assert command.node is not None
        test = compiled(command.node)
        return lambda row: is_true(test(row))
    if command.name == "parse":
        return _parse(command)
    made = [(column.name, compiled(column.node)) for column in command.columns if column.node != ("field", column.name)]

    def add(row: Row) -> bool:
        for name, value in made:
            row.values[name] = value(row)
        return True

    return add


def _parse(command: Command) -> Callable[[Row], bool]:
    assert command.node is not None and command.regex is not None
    value, regex, names = compiled(command.node), command.regex, command.names
    groups = [regex.groupindex.get(name, at) for at, name in enumerate(names, 1)]

    def parse(row: Row) -> bool:
        found = value(row)
        match = regex.search(text(found)) if found is not None else None
        if match is not None:
            for name, group in zip(names, groups, strict=True):
                row.values[name] = match[group]
        return True

    return parse


def _whole(command: Command, rows: list[Row]) -> list[Row]:
    """What a command makes of all rows."""
    if command.name == "sort":
        return _order(command.orders)(rows)
    if command.name == "limit":
        return rows[: command.number]
    if command.name == "dedup":
        values = [compiled(column.node) for column in command.columns]
        kept: dict[tuple[str, ...], Row] = {}
        for row in rows:
            kept.setdefault(tuple(text(value(row)) for value in values), row)
        return list(kept.values())
    if command.name == "stats":
        groups = _Groups(command)
        for row in rows:
            groups.add(row)
        return groups.rows()
    step = _step(command)
    return [row for row in rows if step(row)]


def _by_time(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.builtin.get("@timestamp", 0), reverse=True)


def _order(orders: Iterable[tuple[Node, bool]]) -> Callable[[list[Row]], list[Row]]:
    made = [(compiled(node), is_reversed) for node, is_reversed in orders]

    def order(rows: list[Row]) -> list[Row]:
        for value, is_reversed in reversed(made):
            rows = sorted(rows, key=lambda row, value=value: _sorted_by(value(row)), reverse=is_reversed)  # type: ignore[misc]
        return rows

    return order


def _sorted_by(value: Any) -> tuple[int, float, str]:
    """Nothing, then numbers, then texts."""
    if value is None:
        return (0, 0.0, "")
    found = number(value)
    return (1, float(found), "") if found is not None else (2, 0.0, text(value))


class _Groups:
    """The groups of one `stats`."""

    def __init__(self, command: Command) -> None:
        self._by = [(column.name, compiled(column.node)) for column in command.by]
        self._calls: list[tuple[str, list[Value]]] = []
        self._columns = [(column.name, compiled(self._slotted(column))) for column in command.columns]
        self._groups: dict[tuple[Any, ...], list[Tally]] = {}
        if not command.by:
            self._made(())

    def add(self, row: Row) -> None:
        key = tuple(value(row) for _, value in self._by)
        tallies = self._groups.get(key) or self._made(key)
        at = int(row.builtin.get("@timestamp", 0))
        for tally, (_, arguments) in zip(tallies, self._calls, strict=True):
            tally.add([argument(row) for argument in arguments], at)

    def rows(self) -> list[Row]:
        found = []
        for key, tallies in self._groups.items():
            slots = {f"\x00{number}": tally.result() for number, tally in enumerate(tallies)}
            row = Row({}, {**slots, **{name: value for (name, _), value in zip(self._by, key, strict=True)}})
            values = {name: value(row) for name, value in self._columns}
            row.values.update(values)
            found.append(row)
        return found

    def _made(self, key: tuple[Any, ...]) -> list[Tally]:
        self._groups[key] = [MAKERS[name]() for name, _ in self._calls]
        return self._groups[key]

    def _slotted(self, column: Column) -> Node:
        """The expression of a column with each call of many rows as a field that holds its result."""

        def walk(node: Any) -> Any:
            if isinstance(node, tuple) and node[:1] == ("call",) and node[1] in MAKERS:
                self._calls.append((node[1], [compiled(argument) for argument in node[2]]))
                return ("field", f"\x00{len(self._calls) - 1}")
            return tuple(walk(part) for part in node) if isinstance(node, tuple) else node

        slotted: Node = walk(column.node)
        return slotted


def _aggregates(node: Any) -> bool:
    if not isinstance(node, tuple):
        return False
    return (node[:1] == ("call",) and node[1] in MAKERS) or any(_aggregates(part) for part in node)


# Expressions


def compiled(node: Node) -> Value:
    """A node as a function of a row."""
    kind = node[0]
    if kind in ("value", "period"):
        return lambda row, value=node[1]: value  # type: ignore[misc]
    if kind == "field":
        return lambda row, name=node[1]: row.get(name)  # type: ignore[misc]
    if kind in ("and", "or"):
        left, right = compiled(node[1]), compiled(node[2])
        if kind == "and":
            return lambda row: int(is_true(left(row)) and is_true(right(row)))
        return lambda row: int(is_true(left(row)) or is_true(right(row)))
    if kind == "not":
        inner = compiled(node[1])
        return lambda row: int(not is_true(inner(row)))
    if kind == "like":
        return _like(compiled(node[1]), node[2])
    if kind == "in":
        value, members = compiled(node[1]), [compiled(member) for member in node[2]]
        return lambda row: int(any(_equal(value(row), member(row)) for member in members))
    if kind == "op":
        return _operation(node[1], compiled(node[2]), compiled(node[3]))
    return _call(node)


def _call(node: Node) -> Value:
    name, arguments = node[1], [compiled(argument) for argument in node[2]]
    if name == "bin" and len(arguments) == 1:
        return lambda row: floored(row.get("@timestamp"), arguments[0](row))
    function = FUNCTIONS[name][0]
    return lambda row: function(*(argument(row) for argument in arguments))


def _like(value: Value, regex: Expression) -> Value:
    test = regex.test

    def like(row: Row) -> int:
        found = value(row)
        return int(found is not None and test(text(found)))

    return like


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    a, b = number(one), number(other)
    return a == b if a is not None and b is not None else text(one) == text(other)


_NUMBERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
    "^": lambda a, b: float(a) ** b,
}
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def _operation(op: str, left: Value, right: Value) -> Value:
    if op == "=":
        return lambda row: int(_equal(left(row), right(row)))
    if op == "!=":
        return lambda row: int(not _equal(left(row), right(row)))
    if op in _COMPARED:
        compare = _COMPARED[op]

        def compared(row: Row) -> int:
            one, other = left(row), right(row)
            if one is None or other is None:
                return 0
            a, b = number(one), number(other)
            return int(compare(a, b) if a is not None and b is not None else compare(text(one), text(other)))

        return compared
    made = _NUMBERS[op]

    def calculated(row: Row) -> Any:
        a, b = number(left(row)), number(right(row))
        if a is None or b is None:
            return None
        try:
            found = made(a, b)
        except (ZeroDivisionError, OverflowError):
            return None
        if isinstance(found, int) and abs(found) > _WHOLE_MAX:
            return float(found) if abs(found) < _WHOLE_MAX**8 else None
        return found if not isinstance(found, complex) else None

    return calculated
