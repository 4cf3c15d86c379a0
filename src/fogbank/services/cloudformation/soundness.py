"""Whether a template can be a stack, whatever its parameters are: its sections, functions, and what they name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.services.cloudformation import assertions, functions, intrinsics, parameters, template
from fogbank.services.cloudformation.template import invalid, malformed, no_condition, section, unresolved

_STRING = "The Value field of every Outputs member must evaluate to a String"
_FREE_NAME = "must not depend on any resources, imported values, or Fn::GetAZs"


def check(found: Mapping[str, Any]) -> None:
    """Raises ValidationError."""
    template.check(found)
    parameters.check(section(found, "Parameters"))
    assertions.check(found)
    for one in section(found, "Conditions").values():
        functions.check_condition(one)
    _check_conditions(found)
    for resource in found["Resources"].values():
        _check_block(found, _told(resource), "Resources")
    _check_outputs(found)


def _told(resource: Mapping[str, Any]) -> list[Any]:
    """Where functions may stand in a resource."""
    return [resource.get(name, {}) for name in ("Properties", "CreationPolicy", "UpdatePolicy")]


def known_names(found: Mapping[str, Any]) -> set[str]:
    """What a reference may name beside resources."""
    return {*section(found, "Parameters"), *(f"AWS::{name}" for name in intrinsics.PSEUDO)}


def _check_conditions(found: Mapping[str, Any]) -> None:
    """The names in conditions: of other conditions, parameters and mappings, and no circle of them."""
    wanted = section(found, "Conditions")
    known = known_names(found)
    for one in wanted.values():
        for name in intrinsics.named_conditions(one):
            if name not in wanted:
                raise no_condition(name, "Conditions")
        strange = sorted({name for name in intrinsics.mentioned(one) if name not in known})
        if strange:
            text = f"Unresolved dependencies [{', '.join(strange)}]. Cannot reference resources in the Conditions block"
            raise invalid(f"Template format error: {text} of the template")
        _check_uses(found, one, "Conditions")
    intrinsics.in_order(wanted)


def _check_block(found: Mapping[str, Any], value: Any, block: str) -> None:
    """The functions in a value, and the resources that it names. `graph` looks at those of properties all at once."""
    functions.check(value)
    _check_uses(found, value, block)


def _check_uses(found: Mapping[str, Any], value: Any, block: str) -> None:
    for name, argument in functions.uses(value):
        if name == "Fn::If" and argument[0] not in section(found, "Conditions"):
            raise no_condition(argument[0], block)
        if name == "Fn::FindInMap":
            _check_mapping(found, argument[0])
        if name == "Fn::GetAtt":
            logical = intrinsics.attribute_of(argument)[0]
            if logical not in found["Resources"]:
                raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {logical}")
        if name == "Fn::Sub":
            _check_substitution(found, argument)
        if name == "Fn::ImportValue" and not _is_free(found, argument):
            raise invalid(f"Template error: the attribute in Fn::ImportValue {_FREE_NAME}")


def _check_mapping(found: Mapping[str, Any], name: Any) -> None:
    if not isinstance(name, dict) and str(name) not in section(found, "Mappings"):
        text = f"Mapping named '{name}' is not present in the 'Mappings' section of template."
        raise invalid(f"Template error: {text}")


def _check_substitution(found: Mapping[str, Any], argument: Any) -> None:
    for name in intrinsics.variables(argument):
        logical, dot, _ = name.partition(".")
        if dot and logical not in found["Resources"]:
            raise invalid(f"Template error: instance of Fn::Sub references invalid resource attribute {name}")


def _is_free(found: Mapping[str, Any], value: Any) -> bool:
    """Whether a name can be told before there are any resources."""
    named = {name for name, _ in functions.uses(value)}
    names_resources = any(name in found["Resources"] for name in intrinsics.mentioned(value))
    return not names_resources and not named & {"Fn::GetAtt", "Fn::ImportValue", "Fn::GetAZs"}


def _check_outputs(found: Mapping[str, Any]) -> None:
    known = {*known_names(found), *found["Resources"]}
    strange: set[str] = set()
    for key, output in section(found, "Outputs").items():
        name = output.get("Export", {}).get("Name", "")
        _check_block(found, [output["Value"], name], "Outputs")
        if isinstance(output["Value"], dict) and functions.use(output["Value"]) is None:
            raise malformed(key, f"{_STRING} and not a Map.")
        if isinstance(name, dict) and functions.use(name) is None:
            raise malformed(key, "The Name field of every Export member must be specified.")
        if not _is_free(found, name):
            raise malformed(key, f"The Name field of every Export member {_FREE_NAME}.")
        strange |= {one for one in intrinsics.mentioned(output["Value"]) if one not in known}
        strange |= {one for one in intrinsics.mentioned(name) if one not in known}
    if strange:
        raise unresolved(*sorted(strange), block="Outputs")


def attributes_named(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The logical ids and attributes that resources and outputs ask for, where both are plain text."""
    outputs = [one["Value"] for one in section(found, "Outputs").values()]
    told = [*map(_told, found["Resources"].values()), outputs]
    for logical, attribute in (
        intrinsics.attribute_of(one) for name, one in functions.uses(told) if name == "Fn::GetAtt"
    ):
        if isinstance(attribute, str):
            yield logical, attribute
