"""Templates read: JSON or YAML with its short forms, sections checked, into plain dicts. Pure.

CloudFormation User Guide, "Template sections" and "Intrinsic function reference".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

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
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
_NESTED_MAX = 100
_EMPTY: Mapping[str, Any] = MappingProxyType({})


def parsed(body: str) -> dict[str, Any]:
    """A template as a dict, with short forms written out. Raises ValidationError."""
    found = _json(body) if body.lstrip().startswith("{") else _yaml(body)
    if not isinstance(found, dict):
        raise invalid("Template format error: unsupported structure.")
    _check_depth(found)
    return found


def invalid(text: str) -> AwsError:
    """The error for what is wrong with a template or with what is asked of it."""
    return AwsError("ValidationError", text)


def unresolved(*names: str) -> AwsError:
    """The error for names that stand for nothing."""
    text = f"Unresolved resource dependencies [{', '.join(names)}] in the Resources block of the template"
    return invalid(f"Template format error: {text}")


def section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of a template, empty where there is none."""
    found: Mapping[str, Any] = template.get(name) or _EMPTY
    return found


def check(template: Mapping[str, Any]) -> None:
    """Raises ValidationError for a template that cannot be a stack, whatever its parameters are."""
    strange = sorted(set(template) - set(SECTIONS))
    if strange:
        raise invalid(f"Invalid template property or properties [{', '.join(strange)}]")
    if str(template.get("AWSTemplateFormatVersion", VERSION)) != VERSION:
        text = f"unsupported value for AWSTemplateFormatVersion. The only valid value is {VERSION}."
        raise invalid(f"Template format error: {text}")
    for name in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        if name in template and not isinstance(template[name], dict):
            raise invalid(f"Template format error: {name} must be an object.")
    if not template.get("Resources"):
        raise invalid("Template format error: At least one Resources member must be defined.")
    for name, most in (("Resources", RESOURCES_MAX), ("Parameters", PARAMETERS_MAX), ("Outputs", OUTPUTS_MAX)):
        if len(section(template, name)) > most:
            text = f"Number of {name.lower()}, {len(template[name])}, is greater than maximum allowed, {most}"
            raise invalid(f"Template format error: {text}")
    for logical, resource in template["Resources"].items():
        _check_resource(template, logical, resource)


def _check_resource(template: Mapping[str, Any], logical: str, resource: Any) -> None:
    if not logical.isalnum():
        raise invalid(f"Template format error: Resource name {logical} is non alphanumeric.")
    where = f"Template format error: [/Resources/{logical}"
    if not isinstance(resource, dict):
        raise invalid(f"{where}] resource definition is malformed")
    if not isinstance(resource.get("Type"), str):
        raise invalid(f"{where}] Every Resources object must contain a Type member.")
    strange = sorted(set(resource) - RESOURCE_KEYS)
    if strange:
        raise invalid(f"Invalid template resource property '{strange[0]}'")
    if not isinstance(resource.get("Properties", {}), dict):
        raise invalid(f"{where}/Properties] 'null' values are not allowed in templates")
    condition = resource.get("Condition")
    if condition is not None and condition not in section(template, "Conditions"):
        text = f"Unresolved condition dependency {condition} in the Resources block of the template"
        raise invalid(f"Template format error: {text}")
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        policy = resource.get(name, "Delete")
        if isinstance(policy, str) and policy not in DELETION_POLICIES:
            raise invalid(f"Template format error: Unrecognized {name} {policy} for resource {logical}")


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise invalid(f"Template format error: JSON not well-formed. ({error})") from None


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML as CloudFormation has it: tags are functions, dates and octal numbers stay text."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    """`!Sub x` is `{"Fn::Sub": x}`; `!GetAtt A.b` has its argument taken apart."""
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen and key.value != "<<":
            raise invalid(f"Template format error: YAML not well-formed. (duplicate key {key.value})")
        seen.add(key.value)
    return dict(yaml.SafeLoader.construct_mapping(loader, node, deep=True))


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
        where = getattr(error, "problem_mark", None)
        at = f" (line {where.line + 1}, column {where.column + 1})" if where is not None else ""
        raise invalid(f"Template format error: YAML not well-formed.{at}") from None


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > _NESTED_MAX:
        raise invalid("Template format error: the template is nested too deeply.")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(one, depth + 1)
