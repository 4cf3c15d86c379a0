"""What the transform AWS::LanguageExtensions makes of a template: loops written out, policies resolved. Pure.

CloudFormation User Guide, "AWS::LanguageExtensions transform" and "Fn::ForEach".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation import functions, intrinsics, macros
from fogbank.services.cloudformation.intrinsics import Scope

_LOOP = "Fn::ForEach::"
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


def extended(found: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A template without loops. `scope`: its parameters and mappings. Raises ValidationError."""
    try:
        written: dict[str, Any] = _unrolled(found, {}, scope)
        resources = written.get("Resources")
        for resource in resources.values() if isinstance(resources, dict) else ():
            _settle(resource, scope)
    except AwsError as error:
        raise macros.failed(macros.LANGUAGE, error.message) from None
    return written


def _settle(resource: Any, scope: Scope) -> None:
    for name in _POLICIES:
        if isinstance(resource, dict) and isinstance(resource.get(name), dict):
            resource[name] = intrinsics.resolved(resource[name], scope)
            if not isinstance(resource[name], str):
                raise macros.failed(macros.LANGUAGE, f"Unsupported expression for {name}, it must resolve to a string")


def _unrolled(value: Any, names: Mapping[str, str], scope: Scope) -> Any:
    """A value with loops written out, and the names of loops that are around it replaced."""
    if isinstance(value, list):
        return [_unrolled(one, names, scope) for one in value]
    if isinstance(value, str):
        return _replaced(value, names)
    if not isinstance(value, dict):
        return value
    one = functions.use(value)
    if one is not None and one.name == "Ref" and isinstance(one.argument, str) and one.argument in names:
        return names[one.argument]
    found: dict[str, Any] = {}
    for key, one in value.items():
        more = _rounds(key, one, names, scope) if key.startswith(_LOOP) else {}
        more = more if key.startswith(_LOOP) else {_replaced(key, names): _unrolled(one, names, scope)}
        twice = sorted(set(found) & set(more))
        if twice:
            raise macros.failed(macros.LANGUAGE, f"Fn::ForEach makes the key {twice[0]} more than once")
        found |= more
    return found


def _rounds(key: str, loop: Any, names: Mapping[str, str], scope: Scope) -> dict[str, Any]:
    """All that a loop makes."""
    if not isinstance(loop, list) or len(loop) != 3 or not isinstance(loop[0], str) or not isinstance(loop[2], dict):
        raise macros.failed(macros.LANGUAGE, f"{key} layout is incorrect")
    name, collection, body = loop
    values = intrinsics.resolved(_unrolled(collection, names, scope), scope)
    if not isinstance(values, list):
        raise macros.failed(macros.LANGUAGE, f"{key} could not resolve list")
    found: dict[str, Any] = {}
    for value in values:
        made = _unrolled(body, {**names, name: str(value)}, scope)
        if not isinstance(made, dict):
            raise macros.failed(macros.LANGUAGE, f"{key} layout is incorrect")
        twice = sorted(set(found) & set(made))
        if twice:
            raise macros.failed(macros.LANGUAGE, f"{key} makes the key {twice[0]} more than once")
        found |= made
    return found


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value).replace(f"&{{{name}}}", _NOT_ALPHANUMERIC.sub("", value))
    return text
