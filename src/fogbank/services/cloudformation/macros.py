"""Transforms that a template names: which, in what order, what each is told and what its answer means. Pure.

CloudFormation User Guide, "Template macros", "Fn::Transform" and "AWS::Include transform".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation import assertions, parameters, template
from fogbank.services.cloudformation.template import invalid

INCLUDE, LANGUAGE, SERVERLESS = "AWS::Include", "AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"
CAPABILITY = "CAPABILITY_AUTO_EXPAND"
OURS = (INCLUDE, LANGUAGE, SERVERLESS)
_NOT_YET = ("AWS::CodeDeployBlueGreen", "AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16")
_HERE = "Fn::Transform"
_LOOP = "Fn::ForEach::"
_VALUES = (str, int, float, bool)


class Use(NamedTuple):
    """A transform as a template asks for it."""

    name: str
    parameters: Mapping[str, Any] = {}


class Asked(NamedTuple):
    """What a macro is told beside the fragment."""

    account: str
    region: str
    request_id: str
    values: Mapping[str, Any]
    """The template's parameters."""


def uses(section: Any) -> list[Use]:
    """The transforms of a `Transform` section or of an `Fn::Transform`, in order. Raises ValidationError."""
    found = []
    for one in section if isinstance(section, list) else [section]:
        if isinstance(one, str):
            found.append(Use(one))
        elif _is_use(one):
            found.append(Use(one["Name"], one.get("Parameters", {})))
        else:
            raise invalid("Template format error: Transform must be a name, or an object with a Name and Parameters.")
    return found


def _is_use(one: Any) -> bool:
    if not isinstance(one, dict) or set(one) - {"Name", "Parameters"}:
        return False
    return isinstance(one.get("Name"), str) and isinstance(one.get("Parameters", {}), dict)


def declared(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of all transforms of a template, each once: those of its section first."""
    named = [*uses(found["Transform"]), *_embedded(found)] if found.get("Transform") else [*_embedded(found)]
    return tuple(dict.fromkeys(one.name for one in named))


def _embedded(value: Any) -> Iterator[Use]:
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _embedded(one)
    if isinstance(value, dict) and _HERE in value:
        yield from uses(value[_HERE])


def embedded(value: Mapping[str, Any]) -> list[Use]:
    """The transforms that are to be applied to an object, by `Fn::Transform` in it."""
    return uses(value[_HERE]) if _HERE in value else []


def without(value: Mapping[str, Any]) -> dict[str, Any]:
    """What an object's transforms are applied to: all else that is in it."""
    return {name: one for name, one in value.items() if name != _HERE}


def check(found: Mapping[str, Any]) -> None:
    """Raises ValidationError for a template that no transform could make a stack of."""
    template.check_version(found)
    for name in ("Parameters", "Mappings", "Rules", "Resources"):
        if name in found and not isinstance(found[name], dict):
            raise invalid(f"Template format error: {name} must be an object.")
    parameters.check(template.section(found, "Parameters"))
    assertions.check(found)
    loops = [one for one in template.section(found, "Resources") if one.startswith(_LOOP)]
    if loops and LANGUAGE not in declared(found):
        raise invalid(f"Template format error: Resource name {loops[0]} is non alphanumeric.")


def identity(name: str, account: str) -> str:
    """A transform's name as people are told it: macros of users have their account's number before it."""
    return name if "::" in name else f"{account}::{name}"


def own_name(name: str, account: str) -> str:
    """The name under which a macro of an account is registered; empty for what is nobody's here."""
    owner, _, rest = name.rpartition("::")
    return rest if owner in ("", account) else ""


def unknown(name: str, account: str) -> AwsError:
    """The error for a transform that there is not."""
    if name in _NOT_YET:
        return AwsError("NotImplemented", f"Transform {name} is not there yet.", status=501)
    return invalid(f"No transform named {identity(name, account)} found.")


def failed(name: str, why: str) -> AwsError:
    """The error for a transform that says what it could not do."""
    return invalid(f"Transform {name} failed with: {why}")


def event(use: Use, fragment: Any, asked: Asked) -> bytes:
    """What a macro's function is called with."""
    told = {
        "region": asked.region,
        "accountId": asked.account,
        "fragment": fragment,
        "transformId": identity(use.name, asked.account),
        "params": use.parameters,
        "requestId": asked.request_id,
        "templateParameterValues": asked.values,
    }
    return json.dumps(told, default=str).encode()


def fragment(use: Use, payload: bytes, asked: Asked) -> Any:
    """What a macro's function has made of its fragment. Raises ValidationError."""
    name = identity(use.name, asked.account)
    try:
        found = json.loads(payload)
    except ValueError:
        found = None
    malformed = invalid(f"Received malformed response from transform {name}")
    if not isinstance(found, dict) or found.get("requestId") != asked.request_id or "status" not in found:
        raise malformed
    if str(found["status"]).lower() != "success":
        why = found.get("errorMessage")
        raise failed(name, str(why)) if why else invalid(f"Transform {name} failed without an error message.")
    if "fragment" not in found:
        raise malformed
    return found["fragment"]


def check_parameters(use: Use) -> None:
    """Raises ValidationError for parameters of a transform that come to no plain values."""
    for name, value in use.parameters.items():
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(one, _VALUES) for one in parts):
            text = "must resolve to a string, number, boolean or a list of any of these."
            raise invalid(f"The value of parameter {name} under transform {use.name} {text}")


def included(fragment: Any, text: str, *, is_whole: bool) -> Any:
    """What a snippet makes of the place that it is included in. Raises ValidationError."""
    try:
        found = template.parsed(text)
    except AwsError:
        raise failed(INCLUDE, "The specified S3 object's content should be valid Yaml/JSON") from None
    if not is_whole:
        return {**fragment, **found}
    merged = dict(fragment)
    for name, one in found.items():
        before = merged.get(name)
        merged[name] = {**before, **one} if isinstance(before, dict) and isinstance(one, dict) else one
    return merged
