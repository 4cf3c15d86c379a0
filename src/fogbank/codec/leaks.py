"""Finds what a result holds that its shape does not: the strict mode of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from fogbank.model.load import load
from fogbank.model.operation import Model, Operation, Traits

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, datetime),
    "blob": (bytes, bytearray, memoryview),
    "list": (list, tuple),
    "map": (dict,),
    "structure": (dict,),
}


def leaks(operation: Operation, result: Mapping[str, Any]) -> list[str]:
    """Sentences about members that the output's shape does not have, or whose values have the wrong type."""
    model = load(operation.service)
    found: list[str] = []
    streams = {operation.output_stream, operation.output_events}
    for name, value in result.items():
        ref = model.members(operation.output).get(name)
        if ref is None:
            found.append(f"{name} is not in {operation.output}")
        elif name not in streams or not isinstance(value, AsyncIterator):
            _look(model, ref, value, name, found)
    return found


def _look(model: Model, ref: Traits, value: Any, path: str, found: list[str]) -> None:
    traits = model.traits(ref)
    if value is None or traits.get("document") or traits.get("jsonvalue"):
        return
    kind = traits["type"]
    is_odd_bool = isinstance(value, bool) and kind != "boolean"
    if not isinstance(value, _TYPES[kind]) or is_odd_bool:
        found.append(f"{path} is a {type(value).__name__}, not a {kind}")
    else:
        _look_inside(model, traits, value, path, found)


def _look_inside(model: Model, traits: Traits, value: Any, path: str, found: list[str]) -> None:
    if traits["type"] == "structure":
        _look_at_members(model, traits, value, path, found)
    elif traits["type"] == "list":
        for number, item in enumerate(value):
            _look(model, traits["member"], item, f"{path}[{number}]", found)
    elif traits["type"] == "map":
        for key, item in value.items():
            _look(model, traits["key"], key, f"{path} key", found)
            _look(model, traits["value"], item, f"{path}[{key!r}]", found)


def _look_at_members(model: Model, traits: Traits, value: Mapping[str, Any], path: str, found: list[str]) -> None:
    for name, item in value.items():
        inner = traits["members"].get(name)
        if inner is None:
            found.append(f"{path}.{name} is not in {traits['shape']}")
        else:
            _look(model, inner, item, f"{path}.{name}", found)
