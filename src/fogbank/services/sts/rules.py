"""What STS decides: durations, tags that sessions carry on, and how large a session is."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check

ROLE_SECONDS_DEFAULT = 3600
CHAINED_SECONDS_MAX = 3600
ROOT_SECONDS_MAX = 3600
USER_SECONDS_DEFAULT = 43200
POLICY_CHARACTERS_MAX = 2048
POLICY_ARNS_MAX = 10
_PACKED_BYTES_MAX = 2048


def role_seconds(asked: int | None, most: int, *, chained: bool) -> int:
    """How long a role session lasts. Raises ValidationError where that is longer than it may be."""
    seconds = asked or ROLE_SECONDS_DEFAULT
    if seconds > most:
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError("ValidationError", text)
    if chained and seconds > CHAINED_SECONDS_MAX:
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        raise AwsError("ValidationError", text)
    return seconds


def user_seconds(asked: int | None, *, is_root: bool) -> int:
    """How long a session of a user lasts; one of the root is cut to an hour (GetSessionToken API page)."""
    seconds = asked or USER_SECONDS_DEFAULT
    return min(seconds, ROOT_SECONDS_MAX) if is_root else seconds


def check_policies(policy: str, arns: Sequence[str]) -> None:
    """Raises MalformedPolicyDocument, ValidationError and PackedPolicyTooLarge for session policies."""
    if len(arns) > POLICY_ARNS_MAX:
        text = f"You can provide up to {POLICY_ARNS_MAX} managed policy ARNs."
        raise AwsError("ValidationError", text)
    if not policy:
        return
    if len(policy) > POLICY_CHARACTERS_MAX:
        text = (
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less "
            f"than or equal to {POLICY_CHARACTERS_MAX}"
        )
        raise AwsError("ValidationError", text)
    try:
        check(policy, "session")
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None


def packed_percent(policy: str, arns: Sequence[str], given: Mapping[str, str]) -> int | None:
    """How full the session is of policies and tags, None where it has neither. Raises PackedPolicyTooLarge."""
    parts = [policy, *arns, *(f"{key}={value}" for key, value in given.items())]
    text = "\n".join(part for part in parts if part)
    if not text:
        return None
    percent = math.ceil(len(zlib.compress(text.encode(), 9)) * 100 / _PACKED_BYTES_MAX)
    if percent > 100:
        text = f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        raise AwsError("PackedPolicyTooLarge", text)
    return percent


def role_parts(arn: str) -> Arn:
    """A role's ARN, taken apart. Raises ValidationError for what is none."""
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith("role/"):
        raise AwsError("ValidationError", f"{arn} is invalid")
    return parsed


def session_tags(given: Sequence[Mapping[str, str]] | None, inherited: Mapping[str, str]) -> dict[str, str]:
    """The tags of a new session. Raises InvalidParameterValue for one that would replace a transitive tag."""
    lower = [tag["Key"].lower() for tag in given or ()]
    if len(set(lower)) != len(lower):
        text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise AwsError("InvalidParameterValue", text)
    if any(key.lower() in lower for key in inherited):
        text = (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session."
        )
        raise AwsError("InvalidParameterValue", text)
    return {**inherited, **tags.read(given)}


def over(under: Mapping[str, str], upper: Mapping[str, str]) -> dict[str, str]:
    """A role's tags with its session's over them ("session tags take precedence"), whatever the keys' case."""
    replaced = {key.lower() for key in upper}
    return {key: value for key, value in under.items() if key.lower() not in replaced} | dict(upper)


def request_keys(req: Mapping[str, Any], role_tags: Mapping[str, str]) -> dict[str, Any]:
    """The condition keys of a request to assume a role."""
    keys: dict[str, Any] = dict(tags.condition_keys(tags.read(req.get("Tags")), role_tags))
    keys |= {f"iam:resourcetag/{name.lower()}": [value] for name, value in role_tags.items()}
    for member, key in (
        ("RoleSessionName", "sts:rolesessionname"),
        ("ExternalId", "sts:externalid"),
        ("SourceIdentity", "sts:sourceidentity"),
    ):
        if member in req:
            keys[key] = [req[member]]
    if req.get("TransitiveTagKeys"):
        keys["sts:transitivetagkeys"] = req["TransitiveTagKeys"]
    return keys
