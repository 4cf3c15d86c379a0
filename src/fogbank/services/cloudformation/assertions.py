"""The section Rules: what parameters have to be together, beside what each of them may be. Pure.

CloudFormation User Guide, "Rules" and "Rule functions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fogbank.services.cloudformation import functions, intrinsics, parameters
from fogbank.services.cloudformation.template import check_text, invalid, section

_LOGIC = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals")
_TYPES = MappingProxyType(
    {
        "AWS::EC2::VPC::Id": ("DefaultNetworkAcl", "DefaultSecurityGroup"),
        "AWS::EC2::Subnet::Id": ("AvailabilityZone", "VpcId"),
        "AWS::EC2::SecurityGroup::Id": (),
    }
)
"""Types of parameters whose values stand for something, and the attributes of that, beside its tags."""
_TAG = "Tags."


class Known(NamedTuple):
    """What rules are evaluated with."""

    ref: Callable[[str], Any]
    declared: Mapping[str, Any]
    """The template's parameters."""
    listed: Callable[[str], Mapping[str, Mapping[str, Any]]]
    """All that there is of a parameter type, with its attributes, by its id."""


def check(found: Mapping[str, Any]) -> None:
    """Raises ValidationError for rules that are none."""
    for name, rule in section(found, "Rules").items():
        strange = sorted(set(rule) - {"RuleCondition", "Assertions"}) if isinstance(rule, dict) else [name]
        assertions = rule.get("Assertions") if isinstance(rule, dict) else None
        if strange or not isinstance(assertions, list) or not assertions:
            text = "must have Assertions, and may have a RuleCondition."
            raise invalid(f"Template format error: [/Rules/{name}] Every Rules member {text}")
        if "RuleCondition" in rule:
            _check_function(found, rule["RuleCondition"])
        for one in assertions:
            if not isinstance(one, dict) or "Assert" not in one or set(one) - {"Assert", "AssertDescription"}:
                text = "Every Assertions member must have an Assert, and may have an AssertDescription."
                raise invalid(f"Template format error: [/Rules/{name}] {text}")
            check_text(one, "AssertDescription")
            _check_function(found, one["Assert"])


def _check_function(found: Mapping[str, Any], value: Any) -> None:
    """Raises ValidationError for what is not true or false in the end."""
    one = functions.use(value)
    if one is None or one.name not in _TRUTHS:
        raise invalid("Template format error: Rules can only be boolean operations on parameters")
    _check_shape(one.name, one.argument)
    for part in one.argument:
        if one.name in _LOGIC[:3]:
            _check_function(found, part)
        else:
            _check_value(found, part)


def _check_shape(name: str, argument: Any) -> None:
    if name in _LOGIC:
        functions.check_logic(name, argument)
    elif not isinstance(argument, list) or len(argument) != 2:
        raise invalid(f"Template error: every {name} object requires two parameters.")


def _check_value(found: Mapping[str, Any], value: Any) -> None:
    one = functions.use(value)
    if one is None:
        for part in value if isinstance(value, list) else ():
            _check_value(found, part)
        if isinstance(value, dict):
            raise invalid("Template format error: Rules can only be boolean operations on parameters")
        return
    if one.name == "Ref":
        functions.check_one("Ref", one.argument)
        known = {*section(found, "Parameters"), *(f"AWS::{name}" for name in intrinsics.PSEUDO)}
        if one.argument not in known:
            text = f"Unresolved dependencies [{one.argument}]. Cannot reference resources in the Rules block"
            raise invalid(f"Template format error: {text} of the template")
    elif one.name in _TRUTHS:
        _check_function(found, value)
    elif one.name == "Fn::RefAll":
        _check_type(one.name, one.argument)
    elif one.name in ("Fn::ValueOf", "Fn::ValueOfAll"):
        _check_shape(one.name, one.argument)
        if not all(isinstance(part, str) for part in one.argument):
            raise invalid(f"Template error: every {one.name} object requires two String parameters.")
        _check_attribute(found, one.name, *one.argument)
    else:
        raise invalid(f"Template error: {one.name} is not a function of Rules")


def _check_type(name: str, kind: Any) -> None:
    if kind not in _TYPES:
        raise invalid(f"Template error: {name} has no values of the parameter type {kind}")


def _check_attribute(found: Mapping[str, Any], function: str, name: str, attribute: str) -> None:
    declared = section(found, "Parameters")
    if function == "Fn::ValueOf" and name not in declared:
        text = f"Unresolved dependencies [{name}]. Cannot reference resources in the Rules block of the template"
        raise invalid(f"Template format error: {text}")
    kind = parameters.member_type(declared[name]) if function == "Fn::ValueOf" else name
    _check_type(function, kind)
    if attribute not in _TYPES[kind] and not attribute.startswith(_TAG):
        raise invalid(f"Template error: {function} of {name} has no attribute {attribute}")


def hold(found: Mapping[str, Any], known: Known) -> None:
    """Raises ValidationError for assertions that do not hold, with what the template says of each."""
    broken = list(_broken(found, known))
    if broken:
        raise invalid(f"Template constraint(s) unsatisfied: {' '.join(broken)}")


def _broken(found: Mapping[str, Any], known: Known) -> Iterator[str]:
    for name, rule in section(found, "Rules").items():
        if "RuleCondition" in rule and not _value(rule["RuleCondition"], known):
            continue
        for one in rule["Assertions"]:
            if not _value(one["Assert"], known):
                yield str(one.get("AssertDescription", f"Rule {name} does not hold."))


def _value(value: Any, known: Known) -> Any:
    one = functions.use(value)
    if one is None:
        return [_value(part, known) for part in value] if isinstance(value, list) else value
    name, argument = one
    if name == "Ref":
        return known.ref(argument)
    if name == "Fn::RefAll":
        return list(known.listed(argument))
    if name == "Fn::ValueOf":
        return _value_of(argument, known)
    if name == "Fn::ValueOfAll":
        return [_attribute(row, argument[1]) for row in known.listed(argument[0]).values()]
    return _TRUTHS[name]([_value(part, known) for part in argument])


def _value_of(argument: Any, known: Known) -> Any:
    parameter, attribute = argument
    rows = known.listed(parameters.member_type(known.declared[parameter]))
    given = known.ref(parameter)
    found = [_attribute(rows.get(str(one), {}), attribute) for one in _list(given)]
    return found if isinstance(given, list) else found[0]


def _attribute(row: Mapping[str, Any], attribute: str) -> str:
    return str(row.get(attribute, ""))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [intrinsics.written(one) for one in _list(value)]


_TRUTHS: Mapping[str, Callable[[list[Any]], bool]] = MappingProxyType(
    {
        "Fn::And": all,
        "Fn::Or": any,
        "Fn::Not": lambda told: not told[0],
        "Fn::Equals": lambda told: intrinsics.written(told[0]) == intrinsics.written(told[1]),
        "Fn::Contains": lambda told: intrinsics.written(told[1]) in _texts(told[0]),
        "Fn::EachMemberEquals": lambda told: all(one == intrinsics.written(told[1]) for one in _texts(told[0])),
        "Fn::EachMemberIn": lambda told: set(_texts(told[0])) <= set(_texts(told[1])),
    }
)
"""The functions that are true or false, told what their arguments come to."""
