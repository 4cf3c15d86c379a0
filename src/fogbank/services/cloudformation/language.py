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
_VALUES_MAX = 200_000
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


def extended(found: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A template without loops. `scope`: its parameters and mappings. Raises ValidationError."""
    try:
        written: dict[str, Any] = _Unrolling(scope).of(found, {})
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


class _Unrolling:
    """Loops written out: so many values, and no more, since loops within loops multiply."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._left = _VALUES_MAX

    def of(self, value: Any, names: Mapping[str, str]) -> Any:
        """A value with loops written out, and the names of loops that are around it replaced."""
        self._left -= 1
        if self._left < 0:
            raise macros.failed(macros.LANGUAGE, "The template is too large once its loops are written out")
        if isinstance(value, list):
            return [self.of(one, names) for one in value]
        if isinstance(value, str):
            return _replaced(value, names)
        if not isinstance(value, dict):
            return value
        one = functions.use(value)
        if one is not None and one.name == "Ref" and isinstance(one.argument, str) and one.argument in names:
            return names[one.argument]
        found: dict[str, Any] = {}
        for key, one in value.items():
            is_loop = key.startswith(_LOOP)
            more = self._rounds(key, one, names) if is_loop else {_replaced(key, names): self.of(one, names)}
            _check_once(found, more, "Fn::ForEach")
            found |= more
        return found

    def _rounds(self, key: str, loop: Any, names: Mapping[str, str]) -> dict[str, Any]:
        """All that a loop makes."""
        is_whole = isinstance(loop, list) and len(loop) == 3 and isinstance(loop[0], str) and isinstance(loop[2], dict)
        if not is_whole:
            raise macros.failed(macros.LANGUAGE, f"{key} layout is incorrect")
        name, collection, body = loop
        values = intrinsics.resolved(self.of(collection, names), self._scope)
        if not isinstance(values, list):
            raise macros.failed(macros.LANGUAGE, f"{key} could not resolve list")
        found: dict[str, Any] = {}
        for value in values:
            made = self.of(body, {**names, name: str(value)})
            if not isinstance(made, dict):
                raise macros.failed(macros.LANGUAGE, f"{key} layout is incorrect")
            _check_once(found, made, key)
            found |= made
        return found


def _check_once(found: Mapping[str, Any], more: Mapping[str, Any], loop: str) -> None:
    if twice := sorted(set(found) & set(more)):
        raise macros.failed(macros.LANGUAGE, f"{loop} makes the key {twice[0]} more than once")


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value).replace(f"&{{{name}}}", _NOT_ALPHANUMERIC.sub("", value))
    return text
