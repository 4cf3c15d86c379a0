"""Templates read: JSON or YAML with its short forms, sections checked, into plain dicts. Pure.

CloudFormation User Guide, "Template sections" and "Intrinsic function reference".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

import yaml

from fogbank.aws.errors import AwsError

BODY_BYTES_MAX = 51_200
URL_BYTES_MAX = 1_048_576
RESOURCES_MAX, PARAMETERS_MAX, OUTPUTS_MAX, MAPPINGS_MAX = 500, 200, 200, 200
VERSION = "2010-09-09"
SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
)
RESOURCE_KEYS = frozenset(
    "Type Properties DependsOn Condition DeletionPolicy UpdateReplacePolicy UpdatePolicy CreationPolicy"
    " Metadata".split()
)
OUTPUT_KEYS = frozenset(("Value", "Description", "Export", "Condition"))
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
REPLACE_POLICIES = ("Delete", "Retain", "Snapshot")
_NESTED_MAX = 100
_WHOLE_MAX, _DIGITS_MAX = 2**63, 32
_SCALARS = (str, int, float)
_MOST = {
    "Resources": RESOURCES_MAX,
    "Parameters": PARAMETERS_MAX,
    "Outputs": OUTPUTS_MAX,
    "Mappings": MAPPINGS_MAX,
}
_EMPTY: Mapping[str, Any] = MappingProxyType({})


def parsed(body: str) -> dict[str, Any]:
    """A template as a dict of text, numbers, switches, lists and dicts, with short forms written out.

    Raises ValidationError.
    """
    try:
        found = _json(body) if body.lstrip().startswith("{") else _yaml(body)
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(found, dict):
        raise invalid("Template format error: unsupported structure.")
    plain: dict[str, Any] = _plain(found)
    return plain


def invalid(text: str) -> AwsError:
    """The error for what is wrong with a template or with what is asked of it."""
    return AwsError("ValidationError", text)


def unresolved(*names: str, block: str = "Resources") -> AwsError:
    """The error for names that stand for nothing."""
    text = f"Unresolved resource dependencies [{', '.join(names)}] in the {block} block of the template"
    return invalid(f"Template format error: {text}")


def no_condition(name: Any, block: str) -> AwsError:
    """The error for a condition that is not declared."""
    return invalid(
        f"Template format error: Unresolved condition dependency {name} in the {block} block of the template"
    )


def section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of a template, empty where there is none."""
    found: Mapping[str, Any] = template.get(name) or _EMPTY
    return found


def check(template: Mapping[str, Any]) -> None:
    """Raises ValidationError for a template whose sections are not what they have to be."""
    strange = sorted(set(template) - set(SECTIONS))
    if strange:
        raise invalid(f"Invalid template property or properties [{', '.join(strange)}]")
    check_version(template)
    for path in _nulls(template, ""):
        raise invalid(f"Template format error: [{path}] 'null' values are not allowed in templates")
    for name in ("Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs"):
        if name in template and not isinstance(template[name], dict):
            raise invalid(f"Template format error: {name} must be an object.")
    if not template.get("Resources"):
        raise invalid("Template format error: At least one Resources member must be defined.")
    for name, most in _MOST.items():
        if len(section(template, name)) > most:
            text = f"Number of {name.lower()}, {len(template[name])}, is greater than maximum allowed, {most}"
            raise invalid(f"Template format error: {text}")
    twice = sorted(section(template, "Parameters").keys() & template["Resources"].keys())
    if twice:
        text = f"all resources and parameters must have unique names. Common name(s):[{', '.join(twice)}]"
        raise invalid(f"Template error: {text}")
    for mapping in section(template, "Mappings").items():
        _check_mapping(*mapping)
    for logical, resource in template["Resources"].items():
        _check_resource(template, logical, resource)
    for key, output in section(template, "Outputs").items():
        _check_output(template, key, output)


def check_version(template: Mapping[str, Any]) -> None:
    """Raises ValidationError for a template of another time, or whose description is no text."""
    if str(template.get("AWSTemplateFormatVersion", VERSION)) != VERSION:
        text = f"unsupported value for AWSTemplateFormatVersion. The only valid value is {VERSION}."
        raise invalid(f"Template format error: {text}")
    check_text(template, "Description")


def check_text(owner: Mapping[str, Any], name: str) -> None:
    """Raises ValidationError for a member that is there and no text."""
    if not isinstance(owner.get(name, ""), _SCALARS):
        raise invalid(f"Template format error: Every {name} member must be a string.")


def _check_mapping(name: str, mapping: Any) -> None:
    if not isinstance(mapping, dict) or not all(isinstance(one, dict) for one in mapping.values()):
        raise invalid(f"Template format error: [/Mappings/{name}] Every Mappings member must be a map.")
    values = [value for one in mapping.values() for value in one.values()]
    if not all(isinstance(one, (*_SCALARS, list)) for one in values):
        raise invalid("Template format error: Every Mappings attribute must be a String or a List.")


def _is_name(name: str) -> bool:
    return name.isascii() and name.isalnum()


def _check_resource(template: Mapping[str, Any], logical: str, resource: Any) -> None:
    if not _is_name(logical):
        raise invalid(f"Template format error: Resource name {logical} is non alphanumeric.")
    where = f"Template format error: [/Resources/{logical}"
    if not isinstance(resource, dict):
        raise invalid(f"{where}] resource definition is malformed")
    if "Type" not in resource:
        raise invalid(f"{where}] Every Resources object must contain a Type member.")
    if not isinstance(resource["Type"], str):
        raise invalid(f"{where}] Every Type member must be a string.")
    strange = sorted(set(resource) - RESOURCE_KEYS)
    if strange:
        raise invalid(f"Invalid template resource property '{strange[0]}'")
    for name in ("Properties", "CreationPolicy", "UpdatePolicy"):
        if not isinstance(resource.get(name, {}), dict):
            raise invalid(f"{where}/{name}] Every {name} member must be an object.")
    _check_condition(template, resource, "Resources")
    needed = resource.get("DependsOn", [])
    if not all(isinstance(one, str) for one in (needed if isinstance(needed, list) else [needed])):
        raise invalid("Template format error: DependsOn must be a string or list of strings.")
    for name, known in (("DeletionPolicy", DELETION_POLICIES), ("UpdateReplacePolicy", REPLACE_POLICIES)):
        policy = resource.get(name, "Delete")
        if not isinstance(policy, str):
            raise invalid(f"Template format error: Every {name} member must be a string.")
        if policy not in known:
            raise invalid(f"Template format error: Unrecognized {name} {policy} for resource {logical}")


def _check_condition(template: Mapping[str, Any], owner: Mapping[str, Any], block: str) -> None:
    if not isinstance(owner.get("Condition", ""), str):
        raise invalid("Template format error: Every Condition member must be a string.")
    if "Condition" in owner and owner["Condition"] not in section(template, "Conditions"):
        raise no_condition(owner["Condition"], block)


def _check_output(template: Mapping[str, Any], key: str, output: Any) -> None:
    if not _is_name(key):
        raise invalid(f"Template format error: Output name {key} is non alphanumeric.")
    if not isinstance(output, dict) or "Value" not in output:
        raise invalid("Template format error: Every Outputs member must contain a Value object")
    strange = sorted(set(output) - OUTPUT_KEYS)
    if strange:
        raise invalid(f"Invalid template output property '{strange[0]}'")
    if isinstance(output["Value"], list):
        raise malformed(key, "The Value field of every Outputs member must evaluate to a String and not a List.")
    check_text(output, "Description")
    _check_condition(template, output, "Outputs")
    export = output.get("Export", {"Name": ""})
    if not isinstance(export, dict) or set(export) != {"Name"} or not isinstance(export["Name"], (*_SCALARS, dict)):
        raise malformed(key, "The Name field of every Export member must be specified.")


def malformed(key: str, why: str) -> AwsError:
    """The error for an output that cannot be one."""
    return invalid(f"Template format error: Output {key} is malformed. {why}")


def _nulls(value: Any, path: str) -> Iterator[str]:
    """Where nothing stands."""
    if value is None:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in pairs:
        yield from _nulls(one, f"{path}/{name}")


def _json(body: str) -> Any:
    try:
        return json.loads(body, parse_int=_whole, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise invalid(
            f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})"
        ) from None


def _whole(text: str) -> int | str:
    """A whole number; one of thousands of digits, which Python would not read, stays text."""
    return int(text) if len(text) <= _DIGITS_MAX else text


def _refuse(text: str) -> NoReturn:
    raise invalid(f"Template format error: JSON not well-formed. ({text} is no number)")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML as CloudFormation has it: tags are functions, dates stay text, aliases are not allowed."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise invalid("Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    """`!Sub x` is `{"Fn::Sub": x}`; `!GetAtt A.b` has its argument taken apart."""
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = _mapping(loader, node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    """An object, whose keys are text whatever they look like."""
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise invalid(f"Template format error: YAML not well-formed.{_at(key.start_mark)}")
        if key.value in found:
            raise invalid(f"Template format error: YAML not well-formed. (duplicate key {key.value})")
        found[key.value] = loader.construct_object(value, deep=True)
    return found


_Loader.add_multi_constructor("!", _function)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml(body: str) -> Any:
    try:
        return yaml.load(body, Loader=_Loader)  # noqa: S506 - a safe loader's child
    except yaml.YAMLError as error:
        raise invalid(
            f"Template format error: YAML not well-formed.{_at(getattr(error, 'problem_mark', None))}"
        ) from None
    except (AttributeError, TypeError, ValueError):
        # Of the constructors of its own tags (`!!int x`), which name no place.
        raise invalid("Template format error: YAML not well-formed.") from None


def _at(where: Any) -> str:
    return f" (line {where.line + 1}, column {where.column + 1})" if where is not None else ""


def _plain(value: Any, depth: int = 0) -> Any:
    """A value of nothing but what JSON has. Raises ValidationError for others, and for what is nested too deeply."""
    if depth > _NESTED_MAX:
        raise _too_deep()
    if isinstance(value, dict):
        return {_plain(name, depth): _plain(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise invalid("Template format error: unsupported structure. (half a character)") from None
    if value is not None and not isinstance(value, _SCALARS):
        raise invalid("Template format error: unsupported structure.")
    is_large = isinstance(value, int) and not -_WHOLE_MAX <= value < _WHOLE_MAX
    return str(value) if is_large or (isinstance(value, float) and not math.isfinite(value)) else value


def _too_deep() -> AwsError:
    return invalid("Template format error: the template is nested too deeply.")
