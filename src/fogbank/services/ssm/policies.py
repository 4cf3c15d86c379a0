"""Parameter policies: when a parameter expires, and when somebody is to be told of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError

POLICIES_MAX = 10
_UNIT_SECONDS = {"days": 86_400, "hours": 3_600}
_ATTRIBUTES = {
    "Expiration": {"Timestamp"},
    "ExpirationNotification": {"Before", "Unit"},
    "NoChangeNotification": {"After", "Unit"},
}


class Policy(NamedTuple):
    """One policy: its type, the cloud time at which it acts, and the text it was given as."""

    type: str
    due_at: float
    text: str


def parsed(text: str, modified_at: float) -> list[Policy]:
    """The policies of a PutParameter's `Policies`, a JSON array (User Guide, "Assigning parameter policies").

    Raises InvalidPolicyTypeException, InvalidPolicyAttributeException, IncompatiblePolicyException,
    PoliciesLimitExceededException and ValidationException.
    """
    try:
        found = json.loads(text) if text else []
    except ValueError:
        raise AwsError("ValidationException", "The policies must be a valid JSON array.") from None
    if not isinstance(found, list) or not all(isinstance(policy, dict) for policy in found):
        raise AwsError("ValidationException", "The policies must be a valid JSON array.")
    if len(found) > POLICIES_MAX:
        raise AwsError(
            "PoliciesLimitExceededException", f"The maximum number of policies for a parameter is {POLICIES_MAX}."
        )
    expirations = [policy for policy in found if policy.get("Type") == "Expiration"]
    if len(expirations) > 1:
        raise AwsError("IncompatiblePolicyException", "You can't specify two Expiration policies for a parameter.")
    expires_at = _timestamp(_attributes(expirations[0])["Timestamp"]) if expirations else None
    return [_policy(policy, expires_at, modified_at) for policy in found]


def _policy(raw: Mapping[str, Any], expires_at: float | None, modified_at: float) -> Policy:
    attributes, kind = _attributes(raw), raw["Type"]
    text = json.dumps(raw, separators=(",", ":"))
    if kind == "Expiration":
        return Policy(kind, _timestamp(attributes["Timestamp"]), text)
    seconds = _seconds(attributes["Before" if kind == "ExpirationNotification" else "After"], attributes["Unit"])
    if kind == "NoChangeNotification":
        return Policy(kind, modified_at + seconds, text)
    if expires_at is None:
        raise AwsError(
            "IncompatiblePolicyException", "An ExpirationNotification policy needs an Expiration policy beside it."
        )
    return Policy(kind, expires_at - seconds, text)


def _attributes(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    wanted = _ATTRIBUTES.get(raw.get("Type", ""))
    if wanted is None:
        raise AwsError(
            "InvalidPolicyTypeException",
            "The policy type isn't supported. Parameter Store supports the following policy types: Expiration, "
            "ExpirationNotification, and NoChangeNotification.",
        )
    attributes = raw.get("Attributes")
    if not isinstance(attributes, dict) or set(attributes) != wanted or raw.get("Version", "1.0") != "1.0":
        raise _bad_attribute()
    return attributes


def _timestamp(text: Any) -> float:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _bad_attribute() from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _seconds(count: Any, unit: Any) -> float:
    if not str(count).isdigit() or str(unit).lower() not in _UNIT_SECONDS:
        raise _bad_attribute()
    return int(count) * _UNIT_SECONDS[str(unit).lower()]


def _bad_attribute() -> AwsError:
    return AwsError("InvalidPolicyAttributeException", "A policy attribute or its value is invalid.")


class Due(NamedTuple):
    """What a parameter's policies ask for now: what to tell, whether it goes, and when to look again."""

    notices: list[Policy]
    expires: bool
    next_at: float | None


def due(policies: Iterable[Policy], told: Iterable[str], now: float) -> Due:
    """Which policies act at `now`, those left out that have been told of already."""
    known = set(told)
    open_ = [policy for policy in policies if policy.text not in known]
    acting = [policy for policy in open_ if policy.due_at <= now]
    waiting = [policy.due_at for policy in open_ if policy.due_at > now]
    return Due(
        [policy for policy in acting if policy.type != "Expiration"],
        any(policy.type == "Expiration" for policy in acting),
        min(waiting, default=None),
    )


def listed(text: str) -> list[dict[str, str]]:
    """The policies as DescribeParameters lists them."""
    found = json.loads(text) if text else []
    return [
        {
            "PolicyText": json.dumps(policy, separators=(",", ":")),
            "PolicyType": policy["Type"],
            "PolicyStatus": "Pending",
        }
        for policy in found
    ]
