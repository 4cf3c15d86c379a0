"""Parameters of a template: defaults, allowed values, and what of them is looked up. Pure.

CloudFormation User Guide, "Parameters".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fogbank.services.cloudformation.template import invalid

SSM = "AWS::SSM::Parameter::Value<"
HIDDEN = "****"


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
    values = text.split(",") if kind in ("CommaDelimitedList", "List<Number>") else [text]
    for part in values:
        wrong = _fault(one, kind, part.strip())
        if wrong:
            raise invalid(
                f"Parameter '{name}' {told or wrong}"
                if not told
                else f"Parameter {name} failed to satisfy constraint: {told}"
            )


def _fault(one: Mapping[str, Any], kind: str, text: str) -> str:
    """What is wrong with a value; nothing if it is right."""
    if "AllowedValues" in one and text not in map(_text, one["AllowedValues"]):
        return f"must be one of AllowedValues: [{', '.join(map(_text, one['AllowedValues']))}]"
    if "AllowedPattern" in one and not re.fullmatch(str(one["AllowedPattern"]), text):
        return f"must match pattern {one['AllowedPattern']}"
    if len(text) < int(one.get("MinLength", 0)):
        return f"must contain at least {one['MinLength']} characters"
    if len(text) > int(one.get("MaxLength", 4096)):
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
