"""What X-Ray decides: limits, names, errors, and how a reservoir is shared."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from fogbank.aws.errors import AwsError

DAY_SECONDS = 86_400
RETENTION_SECONDS = 30 * DAY_SECONDS
RANGE_SECONDS_MAX = 6 * 3_600
TRACE_BYTES_MAX = 500_000
GET_TRACES_MAX = 5
GROUPS_MAX = 25
RULES_MAX = 25
POLICIES_MAX = 5
POLICY_BYTES_MAX = 5_120
TAGS_MAX = 50
DEFAULT = "Default"
DEFAULT_PRIORITY = 10_000
INTERVAL_SECONDS = 10
QUOTA_SECONDS = 15
"""A quota outlives the interval by what a client may be late."""
ACTIVE_SECONDS = 11
"""A client that reported so long ago still shares a reservoir: the interval, and some jitter."""
STATISTICS_SECONDS = 3_600
_RULE_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_GROUP_NAME = re.compile(r"[a-zA-Z0-9_ .\-]+")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message)


def missing(arn: str, what: str = "Resource") -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} not found: {arn}", ResourceName=arn)


def check_range(start: float, end: float, seconds_max: int = RANGE_SECONDS_MAX) -> None:
    if start > end:
        raise invalid("Start time must be before end time.")
    if end - start > seconds_max:
        raise invalid(f"Time range cannot be longer than {seconds_max // 3_600} hours.")


def check_rule_name(name: str) -> None:
    if not name:
        raise invalid("RuleName is required.")
    if not _RULE_NAME.fullmatch(name):
        raise invalid("RuleName may contain only letters, digits, underscores and hyphens.")
    if name == DEFAULT:
        raise invalid("The name Default is reserved.")


def check_group_name(name: str) -> None:
    if not _GROUP_NAME.fullmatch(name):
        raise invalid("GroupName may contain only letters, digits, spaces, underscores, periods and hyphens.")
    if name == DEFAULT:
        raise invalid("The name Default is reserved.")


def one_of(req: Mapping[str, Any], name: str, arn: str) -> tuple[str, str]:
    """(name, ARN) of a request, one of which is empty. Raises InvalidRequestException unless one of them is given."""
    if bool(req.get(name)) == bool(req.get(arn)):
        raise invalid(f"Specify either {name} or {arn}, but not both.")
    return req.get(name, ""), req.get(arn, "")


def check_tags(arn: str, before: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """The tags that a resource has then. Raises InvalidRequestException, TooManyTagsException."""
    found = {**before, **added}
    if any(key.lower().startswith("aws:") for key in added):
        raise invalid("Tag keys that begin with aws: are reserved for system use.")
    if len(found) > TAGS_MAX:
        text = f"A resource can have at most {TAGS_MAX} tags."
        raise AwsError("TooManyTagsException", text, ResourceName=arn)
    return found


def quota(reservoir: int, clients: Collection[str], client: str) -> int:
    """A client's share of a reservoir: all shares together are the reservoir."""
    order = sorted({*clients, client})
    whole, rest = divmod(reservoir, len(order))
    return whole + (order.index(client) < rest)
