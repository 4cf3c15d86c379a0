"""Intrinsic functions: what a template says, once parameters, conditions and other resources are known. Pure.

CloudFormation User Guide, "Intrinsic function reference".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any, NamedTuple

from fogbank.services.cloudformation.template import invalid, unresolved

PSEUDO = ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_LITERAL = re.compile(r"\$\{!([^{}]*)\}")
CONDITIONS = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition")


def _none(name: str) -> Any:
    raise KeyError(name)


class Scope(NamedTuple):
    """What names stand for. Functions raise KeyError for what is not there."""

    ref: Callable[[str], Any]
    """A parameter's value, a pseudo parameter's (without `AWS::`: by its whole name), or a resource's physical id."""
    attribute: Callable[[str, str], Any]
    mappings: Mapping[str, Any] = MappingProxyType({})
    conditions: Mapping[str, bool] = MappingProxyType({})
    imported: Callable[[str], Any] = _none
    zones: Callable[[str], list[str]] = lambda region: []


class _Nothing:
    """What `AWS::NoValue` leaves of a property: nothing at all."""


NOTHING = _Nothing()


def resolved(value: Any, scope: Scope) -> Any:
    """A value with every function carried out. Raises ValidationError for what cannot be."""
    if isinstance(value, list):
        found = (resolved(one, scope) for one in value)
        return [one for one in found if one is not NOTHING]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return _ref(argument, scope)
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](argument, scope)
        if name.startswith("Fn::"):
            raise invalid(f"Template error: unresolved function {name}")
    items = ((name, resolved(one, scope)) for name, one in value.items())
    return {name: one for name, one in items if one is not NOTHING}


def _ref(name: Any, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return NOTHING
    try:
        return scope.ref(str(name))
    except KeyError:
        raise unresolved(str(name)) from None


def _get_att(argument: Any, scope: Scope) -> Any:
    logical, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return _attribute(logical, resolved(attribute, scope), scope)


def _attribute(logical: str, attribute: str, scope: Scope) -> Any:
    try:
        return scope.attribute(logical, attribute)
    except KeyError:
        text = f"resource {logical} does not support attribute type {attribute} in Fn::GetAtt"
        raise invalid(f"Template error: {text}") from None


def _sub(argument: Any, scope: Scope) -> str:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    own = {name: resolved(one, scope) for name, one in given.items()}

    def stands_for(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name in own:
            return _text(own[name])
        logical, dot, attribute = name.partition(".")
        return _text(_attribute(logical, attribute, scope) if dot else _ref(name, scope))

    return _LITERAL.sub(r"${\1}", _VARIABLE.sub(stands_for, text))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _join(argument: Any, scope: Scope) -> str:
    between, parts = argument
    found = resolved(parts, scope)
    if not isinstance(found, list):
        text = "(1) a string delimiter and (2) a list of strings to be joined"
        raise invalid(f"Template error: every Fn::Join object requires two parameters, {text}")
    return str(between).join(map(_text, found))


def _select(argument: Any, scope: Scope) -> Any:
    index, parts = resolved(argument, scope)
    if isinstance(parts, str):
        parts = parts.split(",")
    try:
        return parts[int(index)]
    except (IndexError, ValueError):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}") from None


def _split(argument: Any, scope: Scope) -> list[str]:
    between, text = resolved(argument, scope)
    return str(text).split(str(between))


def _find_in_map(argument: Any, scope: Scope) -> Any:
    *keys, options = [*argument, {}] if len(argument) == 3 else argument
    name, top, second = resolved(keys, scope)
    try:
        return resolved(scope.mappings[name][str(top)][str(second)], scope)
    except (KeyError, TypeError):
        if "DefaultValue" in options:
            return resolved(options["DefaultValue"], scope)
        raise invalid(f"Template error: Unable to get mapping for {name}::{top}::{second}") from None


def _if(argument: Any, scope: Scope) -> Any:
    name, yes, no = argument
    return resolved(yes if holds({"Condition": name}, scope) else no, scope)


def holds(condition: Any, scope: Scope) -> bool:
    """Whether a condition is true. Raises ValidationError for what is none."""
    if not isinstance(condition, dict) or len(condition) != 1:
        raise invalid("Template error: a condition is one of Fn::And, Fn::Or, Fn::Not, Fn::Equals and Condition")
    ((name, argument),) = condition.items()
    if name == "Condition":
        if argument not in scope.conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {argument}")
        return scope.conditions[argument]
    if name == "Fn::Equals":
        one, other = resolved(argument, scope)
        return _text(one) == _text(other) if not isinstance(one, dict | list) else bool(one == other)
    if name == "Fn::Not":
        return not holds(argument[0], scope)
    if name in ("Fn::And", "Fn::Or"):
        found = [holds(one, scope) for one in argument]
        return all(found) if name == "Fn::And" else any(found)
    raise invalid(f"Template error: {name} is no condition")


def conditions(wanted: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    """Every condition of a template, each after those it names. Raises ValidationError for a circle."""
    found: dict[str, bool] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise invalid(f"Template format error: Circular dependency between conditions: {[*path, name]}")
        if name in found:
            return
        if name not in wanted:
            raise invalid(f"Template format error: Unresolved condition dependency {name}")
        for other in named_conditions(wanted[name]):
            visit(other, (*path, name))
        found[name] = holds(wanted[name], scope._replace(conditions=found))

    for name in wanted:
        visit(name, ())
    return found


def named_conditions(value: Any) -> Iterator[str]:
    """The names of conditions that a condition is made of."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from named_conditions(one)
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("Condition"), str):
        yield value["Condition"]


def _cidr(argument: Any, scope: Scope) -> list[str]:
    block, count, *bits = resolved(argument, scope)
    network = ip_network(block)
    size = network.max_prefixlen - int(bits[0] if bits else 8)
    found = [str(one) for one, _ in zip(network.subnets(new_prefix=size), range(int(count)), strict=False)]
    if len(found) < int(count):
        raise invalid(f"Template error: Fn::Cidr cannot make {count} blocks of {block}")
    return found


def _get_zones(argument: Any, scope: Scope) -> list[str]:
    return scope.zones(str(resolved(argument, scope) or ""))


def _import(argument: Any, scope: Scope) -> Any:
    name = resolved(argument, scope)
    try:
        return scope.imported(name)
    except KeyError:
        raise invalid(f"No export named {name} found.") from None


def _base64(argument: Any, scope: Scope) -> str:
    return base64.b64encode(str(resolved(argument, scope)).encode()).decode()


def _to_json(argument: Any, scope: Scope) -> str:
    return json.dumps(resolved(argument, scope), separators=(",", ":"))


def _length(argument: Any, scope: Scope) -> int:
    return len(resolved(argument, scope))


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = MappingProxyType(
    {
        "Fn::Base64": _base64,
        "Fn::Cidr": _cidr,
        "Fn::FindInMap": _find_in_map,
        "Fn::GetAtt": _get_att,
        "Fn::GetAZs": _get_zones,
        "Fn::If": _if,
        "Fn::ImportValue": _import,
        "Fn::Join": _join,
        "Fn::Length": _length,
        "Fn::Select": _select,
        "Fn::Split": _split,
        "Fn::Sub": _sub,
        "Fn::ToJsonString": _to_json,
    }
)


def mentioned(value: Any) -> Iterator[str]:
    """The names that Ref, GetAtt and Sub in a value stand for: parameters, pseudo parameters and resources."""
    if isinstance(value, list):
        for one in value:
            yield from mentioned(one)
        return
    if not isinstance(value, dict):
        return
    for name, argument in value.items():
        if name == "Ref" and isinstance(argument, str):
            yield argument
        elif name == "Fn::GetAtt":
            yield (argument.split(".", 1) if isinstance(argument, str) else argument)[0]
        elif name == "Fn::Sub":
            text, own = (argument, {}) if isinstance(argument, str) else argument
            names = (one.strip() for one in _VARIABLE.findall(text))
            yield from (one.partition(".")[0] for one in names if one not in own)
            yield from mentioned(own)
        else:
            yield from mentioned(argument)
