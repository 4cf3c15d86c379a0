"""Intrinsic functions: what a template says, once parameters, conditions and other resources are known. Pure.

CloudFormation User Guide, "Intrinsic function reference".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

from fogbank.services.cloudformation import functions
from fogbank.services.cloudformation.functions import VARIABLE
from fogbank.services.cloudformation.template import invalid, unresolved

PSEUDO = ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
_LITERAL = re.compile(r"\$\{!([^{}]*)\}")
_CIDRS_MAX = 256


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


class Nothing:
    """What `AWS::NoValue` leaves of a property: nothing at all."""


NOTHING = Nothing()


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
            return _called(name, argument, scope)
        if name.startswith("Fn::"):
            raise invalid(f"Template error: unresolved function {name}")
    items = ((name, resolved(one, scope)) for name, one in value.items())
    return {name: one for name, one in items if one is not NOTHING}


def _called(name: str, argument: Any, scope: Scope) -> Any:
    """What a function comes to. What it is told may have come to something that it does not take."""
    try:
        return _FUNCTIONS[name](argument, scope)
    except (LookupError, TypeError, ValueError):
        raise functions.takes_else(name) from None


def _ref(name: Any, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return NOTHING
    try:
        return scope.ref(str(name))
    except KeyError:
        raise unresolved(str(name)) from None


def attribute_of(argument: Any) -> tuple[str, Any]:
    """The logical id and the attribute that `Fn::GetAtt` is told."""
    logical, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return logical, attribute


def variables(argument: Any) -> list[str]:
    """The names in `Fn::Sub` that it does not explain itself."""
    text, own = (argument, {}) if isinstance(argument, str) else argument
    return [one for one in (found.strip() for found in VARIABLE.findall(text)) if one not in own]


def _get_att(argument: Any, scope: Scope) -> Any:
    logical, attribute = attribute_of(argument)
    return _attribute(logical, _one(attribute, scope), scope)


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
            return written(own[name])
        logical, dot, attribute = name.partition(".")
        return written(_attribute(logical, attribute, scope) if dot else _ref(name, scope))

    return _LITERAL.sub(r"${\1}", VARIABLE.sub(stands_for, text))


def written(value: Any) -> str:
    """A value as text."""
    if value is NOTHING:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _one(argument: Any, scope: Scope) -> str:
    """What an argument comes to, which has to be one text. Raises TypeError."""
    found = resolved(argument, scope)
    if not isinstance(found, str | int | float):
        raise TypeError(found)
    return written(found)


def _join(argument: Any, scope: Scope) -> str:
    between, parts = argument
    found = resolved(parts, scope)
    if not isinstance(found, list):
        text = "(1) a string delimiter and (2) a list of strings to be joined"
        raise invalid(f"Template error: every Fn::Join object requires two parameters, {text}")
    return str(between).join(map(written, found))


def _select(argument: Any, scope: Scope) -> Any:
    index, parts = resolved(argument, scope)
    if isinstance(parts, str):
        parts = parts.split(",")
    if not isinstance(parts, list):
        raise functions.takes_else("Fn::Select")
    if not str(index).isdecimal() or int(index) >= len(parts):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return parts[int(index)]


def _split(argument: Any, scope: Scope) -> list[str]:
    between, text = argument
    return _one(text, scope).split(str(between))


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
    functions.check_condition(condition)
    ((name, argument),) = condition.items()
    if name == "Condition":
        if argument not in scope.conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {argument}")
        return scope.conditions[argument]
    if name == "Fn::Equals":
        one, other = (resolved(part, scope) for part in argument)
        return written(one) == written(other) if not isinstance(one, dict | list) else bool(one == other)
    if name == "Fn::Not":
        return not holds(argument[0], scope)
    found = [holds(one, scope) for one in argument]
    return all(found) if name == "Fn::And" else any(found)


def conditions(wanted: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    """Every condition of a template. Raises ValidationError for a circle."""
    found: dict[str, bool] = {}
    for name in in_order(wanted):
        found[name] = holds(wanted[name], scope._replace(conditions=found))
    return found


def in_order(wanted: Mapping[str, Any]) -> list[str]:
    """The names of conditions, each after those that it names. Raises ValidationError for a circle."""
    left = {name: set(named_conditions(one)) & wanted.keys() for name, one in wanted.items()}
    found: list[str] = []
    while left:
        ready = [name for name, needed in left.items() if not needed & left.keys()]
        if not ready:
            raise invalid(f"Template error: Circular dependency between conditions: [{', '.join(sorted(left))}]")
        for name in ready:
            del left[name]
        found += ready
    return found


def named_conditions(value: Any) -> Iterator[str]:
    """The names of conditions that a condition is made of."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from named_conditions(one)
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("Condition"), str):
        yield value["Condition"]


def _cidr(argument: Any, scope: Scope) -> list[str]:
    block, count, *bits = resolved(argument, scope)
    network, number = ip_network(str(block)), int(count)
    size = network.max_prefixlen - int(bits[0] if bits else 8)
    if not 1 <= number <= _CIDRS_MAX or not network.prefixlen <= size <= network.max_prefixlen:
        raise functions.takes_else("Fn::Cidr")
    found = [str(one) for one in islice(network.subnets(new_prefix=size), number)]
    if len(found) < number:
        raise invalid(f"Template error: Fn::Cidr cannot make {count} blocks of {block}")
    return found


def _get_zones(argument: Any, scope: Scope) -> list[str]:
    return scope.zones(_one(argument, scope))


def _import(argument: Any, scope: Scope) -> Any:
    name = _one(argument, scope)
    try:
        return scope.imported(name)
    except KeyError:
        raise invalid(f"No export named {name} found.") from None


def _base64(argument: Any, scope: Scope) -> str:
    return base64.b64encode(_one(argument, scope).encode()).decode()


def _to_json(argument: Any, scope: Scope) -> str:
    return json.dumps(resolved(argument, scope), separators=(",", ":"))


def _length(argument: Any, scope: Scope) -> int:
    found = resolved(argument, scope)
    if not isinstance(found, list):
        raise functions.takes_else("Fn::Length")
    return len(found)


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
    for name, argument in functions.uses(value):
        if name == "Ref":
            yield argument
        elif name == "Fn::GetAtt":
            yield attribute_of(argument)[0]
        elif name == "Fn::Sub":
            yield from (one.partition(".")[0] for one in variables(argument))
