"""Parameters of a template: defaults, allowed values, and what of them is looked up. Pure.

CloudFormation User Guide, "Parameters".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from fogbank.services.cloudformation.template import check_text, invalid

SSM = "AWS::SSM::Parameter::Value<"
HIDDEN = "****"
_AWS = frozenset(
    (
        "AWS::EC2::AvailabilityZone::Name",
        "AWS::EC2::Image::Id",
        "AWS::EC2::Instance::Id",
        "AWS::EC2::SecurityGroup::GroupName",
        "AWS::EC2::SecurityGroup::Id",
        "AWS::EC2::Subnet::Id",
        "AWS::EC2::VPC::Id",
        "AWS::EC2::Volume::Id",
        "AWS::Route53::HostedZone::Id",
    )
)
_LISTS = frozenset(("CommaDelimitedList", "List<String>", *(f"List<{one}>" for one in _AWS)))
_LOOKED_UP = frozenset(("String", "AWS::EC2::KeyPair::KeyName", *_AWS, *_LISTS))
TYPES = frozenset(
    (
        "String",
        "Number",
        "List<Number>",
        "AWS::EC2::KeyPair::KeyName",
        "AWS::SSM::Parameter::Name",
        *_AWS,
        *_LISTS,
        *(f"{SSM}{one}>" for one in _LOOKED_UP),
    )
)
_KEYS = frozenset(
    "Type Default Description NoEcho AllowedPattern AllowedValues ConstraintDescription MinLength MaxLength MinValue"
    " MaxValue".split()
)
_NUMBERS = ("MinLength", "MaxLength", "MinValue", "MaxValue")
_SCALARS = (str, int, float)


def check(declared: Mapping[str, Any]) -> None:
    """Raises ValidationError for parameters that are declared as none can be."""
    for name, one in declared.items():
        if not name.isascii() or not name.isalnum():
            raise invalid(f"Template format error: Parameter name {name} is non alphanumeric.")
        if not isinstance(one, dict) or "Type" not in one:
            raise invalid("Template format error: Every Parameters object must contain a Type member.")
        _check_declared(name, one)


def _check_declared(name: str, one: Mapping[str, Any]) -> None:
    strange = sorted(set(one) - _KEYS)
    if strange:
        raise invalid(f"Invalid template parameter property '{strange[0]}'")
    for member in ("Type", "Default", "Description", "NoEcho", "AllowedPattern", "ConstraintDescription"):
        check_text(one, member)
    if one["Type"] not in TYPES:
        raise invalid(f"Template format error: Unrecognized parameter type: {one['Type']}")
    allowed = one.get("AllowedValues", [])
    if not isinstance(allowed, list) or not all(isinstance(value, _SCALARS) for value in allowed):
        raise invalid("Template format error: Every AllowedValues member must be a list of strings.")
    for member in _NUMBERS:
        if member in one and not _is_number(one[member]):
            raise invalid(f"Template format error: Every {member} member must be a number.")
    try:
        re.compile(str(one.get("AllowedPattern", "")))
    except (re.error, OverflowError, RecursionError):
        text = f"AllowedPattern of parameter {name} is not a valid regular expression."
        raise invalid(f"Template format error: {text}") from None


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, _SCALARS) and math.isfinite(float(value))
    except ValueError:
        return False


def member_type(declared: Mapping[str, Any]) -> str:
    """The type of a parameter's value; of each of its values, for lists."""
    return str(declared["Type"]).removeprefix(SSM).rstrip(">").removeprefix("List<")


def given(declared: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter, as it is given or by default. Raises ValidationError."""
    strange = sorted(set(values) - set(declared))
    if strange:
        raise invalid(f"Parameters: [{', '.join(strange)}] do not exist in the template")
    missing = [name for name, one in declared.items() if name not in values and "Default" not in one]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    found = {name: _text(values.get(name, one.get("Default"))) for name, one in declared.items()}
    for name, one in declared.items():
        _check(name, one, found[name])
    return found


def looked_up(declared: Mapping[str, Any]) -> list[str]:
    """The names of those whose value is the name of a parameter of SSM."""
    return [name for name, one in declared.items() if str(one.get("Type", "")).startswith(SSM)]


def value(declared: Mapping[str, Any], name: str, text: str) -> Any:
    """What a reference to a parameter is: a list for types of lists."""
    kind = str(declared[name].get("Type", "String")).removeprefix(SSM)
    return [one.strip() for one in text.split(",")] if "List" in kind else text


def shown(declared: Mapping[str, Any], name: str, text: str) -> str:
    """A value as people are shown it."""
    return HIDDEN if str(declared.get(name, {}).get("NoEcho", "")).lower() == "true" else text


def _text(found: Any) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    return ",".join(map(str, found)) if isinstance(found, list) else str(found)


def _check(name: str, one: Mapping[str, Any], text: str) -> None:
    kind = str(one.get("Type", "String"))
    told = one.get("ConstraintDescription")
    values = text.split(",") if kind == "List<Number>" or kind in _LISTS else [text]
    for part in values:
        wrong = _fault(one, kind, part.strip())
        if wrong:
            raise invalid(
                f"Parameter {name} failed to satisfy constraint: {told}" if told else f"Parameter '{name}' {wrong}"
            )


def _fault(one: Mapping[str, Any], kind: str, text: str) -> str:
    """What is wrong with a value; nothing if it is right."""
    if "AllowedValues" in one and text not in map(_text, one["AllowedValues"]):
        return "must be one of AllowedValues"
    if "AllowedPattern" in one and not re.fullmatch(str(one["AllowedPattern"]), text):
        return f"must match pattern {one['AllowedPattern']}"
    if len(text) < float(one.get("MinLength", 0)):
        return f"must contain at least {one['MinLength']} characters"
    if len(text) > float(one.get("MaxLength", 4096)):
        return f"must contain at most {one['MaxLength']} characters"
    if kind in ("Number", "List<Number>"):
        return _number_fault(one, text)
    return ""


def _number_fault(one: Mapping[str, Any], text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return "must be a number"
    if "MinValue" in one and number < float(one["MinValue"]):
        return f"must be a number not less than {one['MinValue']}"
    if "MaxValue" in one and number > float(one["MaxValue"]):
        return f"must be a number not greater than {one['MaxValue']}"
    return ""
