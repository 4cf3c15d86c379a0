"""Stack policies: what an update may do to which resource. Pure.

CloudFormation User Guide, "Prevent updates to stack resources".
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation.template import invalid

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
_ACTIONS = ("Update:*", "*", MODIFY, REPLACE, DELETE)
BYTES_MAX = 16_384


def check(text: str) -> str:
    """A policy as it is given. Raises ValidationError for what is none."""
    wrong = invalid("Error validating stack policy: Invalid stack policy")
    if len(text.encode()) > BYTES_MAX:
        raise invalid(f"Error validating stack policy: Length must be less than or equal to {BYTES_MAX}")
    try:
        found = json.loads(text)
    except ValueError:
        raise wrong from None
    statements = found.get("Statement") if isinstance(found, dict) else None
    if not isinstance(statements, list | dict) or not statements:
        raise wrong
    for one in _statements(found):
        _check_statement(one)
    return text


def _check_statement(one: Any) -> None:
    wrong = "Error validating stack policy: "
    if not isinstance(one, dict) or one.get("Effect") not in ("Allow", "Deny"):
        raise invalid(f"{wrong}Invalid stack policy")
    if one.get("Principal") not in ("*", {"AWS": "*"}):
        raise invalid(f"{wrong}Unknown principal {one.get('Principal')}; only the wildcard (*) is allowed")
    if ("Action" in one) == ("NotAction" in one) or ("Resource" in one) == ("NotResource" in one):
        raise invalid(f"{wrong}Invalid stack policy")
    strange = [action for action in _list(one.get("Action", one.get("NotAction"))) if action not in _ACTIONS]
    if strange:
        raise invalid(f"{wrong}Unknown action {strange[0]}")


def denial(text: str, action: str, logical: str, physical_type: str) -> AwsError | None:
    """The error for what a policy does not allow to be done to a resource of a type; None for what it does."""
    if not text:
        return None
    resource, is_allowed = f"LogicalResourceId/{logical}", False
    for number, one in enumerate(_statements(json.loads(text)), 1):
        if not _fits(one, action, resource, physical_type):
            continue
        if one["Effect"] == "Deny":
            actions = ", ".join(_list(one.get("Action", action)))
            where = f"Statement [#{number}] does not allow [{actions}] for resource [{resource}]"
            return AwsError("", f"Action denied by stack policy: {where}")
        is_allowed = True
    text = f"Action denied by stack policy: no statement allows [{action}] for resource [{resource}]"
    return None if is_allowed else AwsError("", text)


def _statements(found: Mapping[str, Any]) -> list[Any]:
    return _list(found["Statement"])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fits(one: Mapping[str, Any], action: str, resource: str, physical_type: str) -> bool:
    name, is_wanted = ("Action", True) if "Action" in one else ("NotAction", False)
    if _is_like(action, _list(one[name])) != is_wanted:
        return False
    name, is_wanted = ("Resource", True) if "Resource" in one else ("NotResource", False)
    if _is_like(resource, _list(one[name])) != is_wanted:
        return False
    return all(_holds(operator, wanted, physical_type) for operator, wanted in one.get("Condition", {}).items())


def _holds(operator: str, wanted: Mapping[str, Any], physical_type: str) -> bool:
    """Only a resource's type can be asked for, as text or with wildcards."""
    given = _list(wanted.get("ResourceType", []))
    return (physical_type in given) if operator == "StringEquals" else _is_like(physical_type, given)


def _is_like(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)
