"""Creation policies: how many signals a resource waits for before it counts as made, and how long. Pure.

CloudFormation User Guide, "CreationPolicy attribute".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.control.resource_type import Waits
from fogbank.services.cloudformation import functions, intrinsics, signals
from fogbank.services.cloudformation.custom import Unmade
from fogbank.services.cloudformation.intrinsics import Scope
from fogbank.services.cloudformation.resources import Awaited
from fogbank.services.cloudformation.template import invalid

TYPES = (signals.TYPE,)
"""The types that have them; all others take no notice of one, as on AWS."""
_DURATION = re.compile(r"PT(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?")
_TIMEOUT_DEFAULT, _SECONDS_MAX = "PT5M", 43_200


class Policy(NamedTuple):
    """What a resource waits for."""

    signals: int
    seconds: int


def is_signalled(resource: Mapping[str, Any]) -> bool:
    """Whether a resource, as a template declares it, waits for signals."""
    return resource.get("Type") in TYPES and "ResourceSignal" in resource.get("CreationPolicy", {})


def check(logical: str, resource: Mapping[str, Any]) -> None:
    """Raises ValidationError for a policy that is none."""
    if not is_signalled(resource):
        return
    where = f"Template format error: [/Resources/{logical}/CreationPolicy"
    asked = resource["CreationPolicy"]["ResourceSignal"]
    if not isinstance(asked, dict) or set(asked) - {"Count", "Timeout"}:
        raise invalid(f"{where}/ResourceSignal] may have a Count and a Timeout.")
    for name, value in asked.items():
        if functions.use(value) is None:
            _policy({name: value})
    if resource.get("Properties"):
        raise invalid(f"{where}] A wait condition with a CreationPolicy can have no properties.")


def policy(resource: Mapping[str, Any], scope: Scope) -> Policy | None:
    """What a resource waits for; None for nothing. Raises ValidationError."""
    if not is_signalled(resource):
        return None
    return _policy(intrinsics.resolved(resource["CreationPolicy"]["ResourceSignal"], scope))


def _policy(asked: Mapping[str, Any]) -> Policy:
    count, timeout = str(asked.get("Count", 1)), str(asked.get("Timeout", _TIMEOUT_DEFAULT))
    parts = _DURATION.fullmatch(timeout)
    if not re.fullmatch(r"\d{1,4}", count):
        raise invalid("CreationPolicy: Count must be a number.")
    if parts is None:
        raise invalid("CreationPolicy: Timeout must be a duration as in PT#H#M#S.")
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    whole = hours * 3600 + minutes * 60 + seconds
    if whole > _SECONDS_MAX:
        raise invalid(f"CreationPolicy: Timeout must not be longer than {_SECONDS_MAX // 3600} hours.")
    return Policy(int(count), whole)


def check_heard(awaited: Awaited, now: float) -> None:
    """Raises Waits while signals are missing, AwsError once they are not to come any more."""
    failed = [identity for identity, status in awaited.heard.items() if status != "SUCCESS"]
    if failed:
        raise Unmade(f"Received FAILURE signal with UniqueId {failed[0]}")
    missing = awaited.count - len(awaited.heard)
    if missing > 0 and now >= awaited.due_at:
        raise Unmade(f"Failed to receive {missing} resource signal(s) within the specified duration")
    if missing > 0:
        raise Waits(awaited.due_at - now)
