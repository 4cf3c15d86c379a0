"""Evaluates expressions: operators and the way into functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.services.cloudwatch.math.functions import FUNCTIONS, Call
from fogbank.services.cloudwatch.math.language import BadExpression, Node
from fogbank.services.cloudwatch.math.series import Series, Value, is_scalar


class World(NamedTuple):
    """What an expression may look at."""

    value: Callable[[str], Value]
    """The value of another query, by its id. Raises BadExpression."""
    metrics: Callable[[str], list[Series]]
    """The metrics of the request whose id holds a text."""
    search: Callable[[str, str, float], list[Series]]
    """What SEARCH(text, statistic, period) finds."""
    axis: Callable[[int], Sequence[int]]
    """The times of a period in the span that is asked for."""
    period: int = 60


def evaluated(node: Node, world: World) -> Value:
    """Raises BadExpression."""
    kind = node[0]
    if kind in ("number", "text"):
        found: Value = node[1]
        return found
    if kind == "name":
        return _named(node[1], world)
    if kind == "list":
        return _listed([evaluated(part, world) for part in node[1]])
    if kind == "op":
        return _operated(node[1], evaluated(node[2], world), evaluated(node[3], world))
    if kind == "at":
        return _item(evaluated(node[1], world), evaluated(node[2], world))
    return _called(node[1], node[2], world)


_WORDS = ("REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM", "STDDEV")


def _named(name: str, world: World) -> Value:
    return name if name in _WORDS else world.value(name)


def _listed(parts: Sequence[Value]) -> list[Series]:
    found: list[Series] = []
    for part in parts:
        if isinstance(part, Series):
            found.append(part)
        elif isinstance(part, list):
            found += part
        else:
            raise BadExpression("an array holds time series only")
    return found


def _item(value: Value, index: Value) -> Value:
    if not isinstance(value, list) or not isinstance(index, int | float):
        raise BadExpression("an index needs an array of time series")
    at = int(index)
    if not -len(value) <= at < len(value):
        raise BadExpression("an index is out of range")
    return value[at]


def _called(name: str, nodes: tuple[Node, ...], world: World) -> Value:
    if name == "METRICS":
        text = nodes[0][1] if nodes and nodes[0][0] == "text" else ""
        return world.metrics(text)
    if name == "SEARCH":
        if not 2 <= len(nodes) <= 3 or nodes[0][0] != "text" or nodes[1][0] != "text":
            raise BadExpression("SEARCH takes an expression, a statistic and a period")
        period = nodes[2][1] if len(nodes) == 3 and nodes[2][0] == "number" else world.period
        return world.search(nodes[0][1], nodes[1][1], period)
    if name == "TIME_SERIES":
        value = evaluated(nodes[0], world) if len(nodes) == 1 else ""
        if not isinstance(value, int | float):
            raise BadExpression("TIME_SERIES takes a number")
        return Series(name, dict.fromkeys(world.axis(world.period), float(value)), world.period)
    found: tuple[Call, int, int] | None = FUNCTIONS.get(name)
    if found is None:
        raise BadExpression(f"the function {name} is not supported")
    call, low, high = found
    if not low <= len(nodes) <= high:
        raise BadExpression(f"{name} takes another number of arguments")
    return call([evaluated(part, world) for part in nodes], world.axis)


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


def _power(a: float, b: float) -> float | None:
    try:
        found: Any = a**b
    except (OverflowError, ZeroDivisionError):
        return None
    return found if isinstance(found, float) else None


_OPERATORS: Mapping[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
}


def _operated(op: str, left: Value, right: Value) -> Value:
    """An operator between numbers, series and arrays: where both have times, only those that both have count."""
    if isinstance(left, str) or isinstance(right, str):
        raise BadExpression(f"'{op}' takes no text")
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise BadExpression(f"'{op}' takes arrays of equal length")
        return [_pair(op, a, b) for a, b in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [_pair(op, one, right) for one in left]
    if isinstance(right, list):
        return [_pair(op, left, one) for one in right]
    if is_scalar(left) and is_scalar(right):
        found = _OPERATORS[op](float(left), float(right))  # type: ignore[arg-type]
        if found is None:
            raise BadExpression(f"'{op}' has no result")
        return found
    return _pair(op, left, right)


def _pair(op: str, left: Value, right: Value) -> Series:
    compute = _OPERATORS[op]
    if isinstance(left, Series) and isinstance(right, Series):
        made = {at: compute(one, right.values[at]) for at, one in left.values.items() if at in right.values}
        frame = left
    elif isinstance(left, Series):
        other = float(right)  # type: ignore[arg-type]
        made, frame = {at: compute(one, other) for at, one in left.values.items()}, left
    else:
        assert isinstance(right, Series)
        other = float(left)  # type: ignore[arg-type]
        made, frame = {at: compute(other, one) for at, one in right.values.items()}, right
    return frame.with_values({at: value for at, value in made.items() if value is not None})
