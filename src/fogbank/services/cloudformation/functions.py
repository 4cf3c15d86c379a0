"""What each intrinsic function has to look like, wherever it stands, whatever parameters are. Pure.

CloudFormation User Guide, "Intrinsic function reference".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation.template import invalid

CONDITIONS = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition")
VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_.:]+")
_SCALARS = (str, int, float)
_SUPPORTED = (
    "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, "
    "Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, "
    "Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr"
)
_NO_CONDITION = "Template format error: Conditions can only be boolean operations on parameters and other conditions"
_CONDITIONS_MIN, _CONDITIONS_MAX = 2, 10


class Use(NamedTuple):
    """A function where it stands."""

    name: str
    argument: Any


def use(value: Any) -> Use | None:
    """The function that a value is; None for one that is plain."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((name, argument),) = value.items()
    return Use(name, argument) if name == "Ref" or name.startswith("Fn::") else None


def uses(value: Any) -> Iterator[Use]:
    """Every function in a value, and in what it is told."""
    found = use(value)
    if found is not None:
        yield found
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from uses(one)


def check(value: Any) -> None:
    """Raises ValidationError for a function that is none, or is not told what it has to be."""
    for name, argument in uses(value):
        if name in CONDITIONS:
            raise invalid(f"Template error: {name} cannot be partially collapsed")
        if name not in _SHAPES:
            raise invalid(
                f"Template Error: Encountered unsupported function: {name} Supported functions are: [{_SUPPORTED}]"
            )
        check_one(name, argument)


def check_one(name: str, argument: Any) -> None:
    """Raises ValidationError for a function whose argument it cannot take."""
    fits, takes = _SHAPES[name]
    if not fits(argument):
        raise takes_else(name, takes)


def takes_else(name: str, takes: str = "") -> AwsError:
    """The error for a function that is told something else than it takes."""
    return invalid(f"Template error: {takes or _SHAPES[name][1]}")


def check_condition(value: Any) -> None:
    """Raises ValidationError for what cannot be true or false."""
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in CONDITIONS:
        raise invalid(_NO_CONDITION)
    ((name, argument),) = value.items()
    if name == "Condition":
        if not isinstance(argument, str):
            raise invalid("Template format error: Every Condition member must be a string.")
        return
    check_logic(name, argument)
    for one in argument:
        if name != "Fn::Equals":
            check_condition(one)
            continue
        check(one)
        if any(found.name == "Fn::If" for found in uses(one)):
            raise invalid(_NO_CONDITION)


def check_logic(name: str, argument: Any) -> None:
    """Raises ValidationError for Fn::And, Fn::Or, Fn::Not and Fn::Equals of too much or too little."""
    fits, takes = _LOGIC[name]
    if not fits(argument):
        raise invalid(f"Template error: every {name} object requires {takes}")


def _is_list(argument: Any, *counts: int) -> bool:
    return isinstance(argument, list) and len(argument) in counts


def _is_text(value: Any) -> bool:
    """Text, or a function that may come to some."""
    return isinstance(value, _SCALARS) or use(value) is not None


def _is_several(value: Any) -> bool:
    return isinstance(value, list) or use(value) is not None


def _is_attribute(argument: Any) -> bool:
    if isinstance(argument, str):
        logical, _, attribute = argument.partition(".")
        return bool(logical and attribute)
    if not _is_list(argument, 2) or not isinstance(argument[0], str):
        return False
    return bool(argument[0]) and bool(argument[1]) and (isinstance(argument[1], str) or use(argument[1]) is not None)


def _is_substitution(argument: Any) -> bool:
    text, own = argument if _is_list(argument, 2) else (argument, {})
    if not isinstance(text, str) or not isinstance(own, dict):
        return False
    strange = [one for one in VARIABLE.findall(text) if not _VARIABLE_NAME.fullmatch(one.strip())]
    if strange:
        names = "must contain only alphanumeric characters, underscores, periods, and colons"
        raise invalid(f"Template error: variable names in Fn::Sub syntax {names}")
    return True


def _is_lookup(argument: Any) -> bool:
    if _is_list(argument, 4):
        return isinstance(argument[3], dict) and all(map(_is_text, argument[:3]))
    return _is_list(argument, 3) and all(map(_is_text, argument))


_JOIN = "(1) a string delimiter and (2) a list of strings to be joined"
_TO_JOIN = "or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
_SPLIT = "(1) a string delimiter and (2) a string to be split or a function that returns a string to be split."
_SUB = "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument"
_TO_SUB = ", and an optional second argument to specify a mapping of values to replace in the string"

_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "Ref": (lambda it: isinstance(it, str) and bool(it), "every Ref object must have a single String value."),
        "Fn::Base64": (_is_text, "every Fn::Base64 object must have a String-typed value."),
        "Fn::Cidr": (
            lambda it: _is_list(it, 2, 3) and all(map(_is_text, it)),
            "every Fn::Cidr object requires the IP address block, the number of CIDRs and, if any, the subnet bits.",
        ),
        "Fn::FindInMap": (
            _is_lookup,
            "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return "
            "value.",
        ),
        "Fn::GetAtt": (
            _is_attribute,
            "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
        ),
        "Fn::GetAZs": (_is_text, "every Fn::GetAZs object must have a String-typed value."),
        "Fn::If": (
            lambda it: _is_list(it, 3) and isinstance(it[0], str),
            "Fn::If requires a list argument with the first element being a condition",
        ),
        "Fn::ImportValue": (_is_text, "every Fn::ImportValue object must have a String-typed value."),
        "Fn::Join": (
            lambda it: _is_list(it, 2) and isinstance(it[0], _SCALARS) and _is_several(it[1]),
            f"every Fn::Join object requires two parameters, {_JOIN} {_TO_JOIN}",
        ),
        "Fn::Length": (_is_several, "every Fn::Length object must have a list, or a function that returns one."),
        "Fn::Select": (
            lambda it: _is_list(it, 2) and _is_text(it[0]) and _is_several(it[1]),
            "every Fn::Select object requires a list with two elements: an integer index and a list to select from.",
        ),
        "Fn::Split": (
            lambda it: _is_list(it, 2) and isinstance(it[0], str) and bool(it[0]) and _is_text(it[1]),
            f"every Fn::Split object requires two parameters, {_SPLIT}",
        ),
        "Fn::Sub": (_is_substitution, _SUB + _TO_SUB),
        "Fn::ToJsonString": (
            lambda it: isinstance(it, dict | list),
            "every Fn::ToJsonString object must have an object or a list.",
        ),
    }
)
"""What tells whether a function can take its argument, and what it says if not."""

_SEVERAL = f"a list of at least {_CONDITIONS_MIN} and at most {_CONDITIONS_MAX} boolean parameters."


def _are_several(argument: Any) -> bool:
    return isinstance(argument, list) and _CONDITIONS_MIN <= len(argument) <= _CONDITIONS_MAX


_LOGIC: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "Fn::And": (_are_several, _SEVERAL),
        "Fn::Or": (_are_several, _SEVERAL),
        "Fn::Not": (lambda it: _is_list(it, 1), "one boolean parameter."),
        "Fn::Equals": (lambda it: _is_list(it, 2), "a list of 2 string parameters."),
    }
)
