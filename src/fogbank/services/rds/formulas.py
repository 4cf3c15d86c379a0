"""Formulas in parameter values, such as `LEAST({DBInstanceClassMemory/9531392},5000)`, and what they come to. Pure.

Amazon RDS User Guide, "Specifying DB parameters".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

VARIABLES = ("AllocatedStorage", "DBInstanceClassMemory", "DBInstanceVCPU", "EndPointPort", "TrueIfReplica")
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z]+)|([-+*/(){},]))")
_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "GREATEST": max,
    "IF": lambda values: values[1] if values[0] else values[2],
    "LEAST": min,
    "LOG": lambda values: math.log2(values[0]),
    "SUM": sum,
}
_CLOSING = {"{": "}", "(": ")"}


def is_one(text: str) -> bool:
    """Whether a value is a formula rather than a value."""
    return "{" in text or text.partition("(")[0].strip().upper() in _FUNCTIONS


def value(text: str, variables: Mapping[str, float]) -> int:
    """What a formula comes to, as a whole number. Raises ValueError for what is none."""
    reading = _Reading(text, variables)
    try:
        found = reading.sum()
    except (ArithmeticError, IndexError):
        raise ValueError(f"no formula: {text}") from None
    if reading.left:
        raise ValueError(f"no formula: {text}")
    return int(found)


class _Reading:
    """A formula, read from left to right."""

    def __init__(self, text: str, variables: Mapping[str, float]) -> None:
        self.text = text
        self.variables = variables
        self.left = list(reversed(_tokens(text)))

    def sum(self) -> float:
        found = self.product()
        while self.left and self.left[-1] in "+-":
            found = found + self.product() if self.left.pop() == "+" else found - self.product()
        return found

    def product(self) -> float:
        found = self.atom()
        while self.left and self.left[-1] in "*/":
            found = found * self.atom() if self.left.pop() == "*" else found / self.atom()
        return found

    def atom(self) -> float:
        token = self.left.pop()
        if token == "-":
            return -self.atom()
        if token in _CLOSING:
            found = self.sum()
            self.expect(_CLOSING[token])
            return found
        if token[0].isdigit():
            return float(token)
        if token.upper() in _FUNCTIONS:
            return self.call(_FUNCTIONS[token.upper()])
        if token in self.variables:
            return self.variables[token]
        raise ValueError(f"no formula: {self.text}")

    def call(self, function: Callable[[Sequence[float]], float]) -> float:
        self.expect("(")
        values = [self.sum()]
        while self.left and self.left[-1] == ",":
            self.left.pop()
            values.append(self.sum())
        self.expect(")")
        return function(values)

    def expect(self, token: str) -> None:
        if not self.left or self.left.pop() != token:
            raise ValueError(f"no formula: {self.text}")


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        matched = _TOKEN.match(text, at)
        if matched is None:
            raise ValueError(f"no formula: {text}")
        found.append(next(group for group in matched.groups() if group))
        at = matched.end()
    return found
