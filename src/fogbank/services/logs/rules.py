"""What CloudWatch Logs decides: limits, names, errors, times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fogbank.aws.errors import AwsError

RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
DAY_MS = 86_400_000
EVENT_OVERHEAD_BYTES = 26
BATCH_BYTES_MAX = 1_048_576
EVENT_BYTES_MAX = 1_048_576
TOO_NEW_MS = 2 * 3_600_000
TOO_OLD_MS = 14 * DAY_MS
METRIC_FILTERS_MAX = 100
SUBSCRIPTION_FILTERS_MAX = 2
POLICIES_MAX = 10
POLICY_BYTES_MAX = 5_120
TAGS_MAX = 50
QUERIES_RUNNING_MAX = 100
RESULTS_PAGE = 10_000
QUERY_KEPT_SECONDS = 7 * 86_400
LIVE_TAIL_SECONDS_MAX = 3 * 3600

_ARN = re.compile(r"arn:[^:]+:logs:(?P<region>[^:]*):(?P<account>\d{12}):log-group:(?P<name>[^:*]+)(?::\*)?")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def no_group() -> AwsError:
    return AwsError("ResourceNotFoundException", "The specified log group does not exist.")


def no_stream() -> AwsError:
    return AwsError("ResourceNotFoundException", "The specified log stream does not exist.")


def missing(what: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"The specified {what} does not exist.")


def limit_exceeded(message: str = "Resource limit exceeded.") -> AwsError:
    return AwsError("LimitExceededException", message)


def place_of(identifier: str) -> tuple[str, str, str] | None:
    """(region, account, name) of a log group's ARN, with `:*` or without; None for a bare name."""
    if not identifier.startswith("arn:"):
        return None
    found = _ARN.fullmatch(identifier)
    if found is None:
        raise invalid(f"The specified resource ARN is invalid: {identifier}")
    return found["region"], found["account"], found["name"]


def identifier_of(req: Mapping[str, Any], name: str = "logGroupName", arn: str = "logGroupIdentifier") -> str:
    """The one of two members that names a group. Raises InvalidParameterException for both and for none."""
    if (name in req) == (arn in req):
        raise invalid(f"Exactly one of {name} and {arn} must be specified.")
    return str(req.get(name) or req.get(arn))


def check_retention(days: int) -> None:
    if days not in RETENTION_DAYS:
        allowed = ", ".join(map(str, RETENTION_DAYS))
        raise invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )


def check_batch(events: Sequence[Mapping[str, Any]]) -> int:
    """How many bytes a batch counts. Raises InvalidParameterException for what PutLogEvents refuses as a whole."""
    total, before = 0, 0
    for event in events:
        at = event["timestamp"]
        message = event["message"]
        size = (len(message) if message.isascii() else len(message.encode())) + EVENT_OVERHEAD_BYTES
        if size > EVENT_BYTES_MAX:
            raise invalid(f"Log event too large: {size} bytes exceeds limit of {EVENT_BYTES_MAX}")
        if at < before:
            raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
        before = at
        total += size
    if total > BATCH_BYTES_MAX:
        raise invalid(f"Upload too large: {total} bytes exceeds limit of {BATCH_BYTES_MAX}")
    if before - events[0]["timestamp"] > DAY_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    return total


def rejected(times: Sequence[int], now_ms: int, retention_days: int) -> tuple[int, int, dict[str, int]]:
    """Which of a batch's events are taken (from, to), and what is said of the others."""
    expiry = now_ms - retention_days * DAY_MS if retention_days else 0
    expired = sum(at < expiry for at in times) if times[0] < expiry else 0
    too_old = sum(at < now_ms - TOO_OLD_MS for at in times) if times[0] < now_ms - TOO_OLD_MS else 0
    end = len(times)
    said = {}
    if times[-1] > now_ms + TOO_NEW_MS:
        end = next(index for index, at in enumerate(times) if at > now_ms + TOO_NEW_MS)
        said["tooNewLogEventStartIndex"] = end
    if too_old:
        said["tooOldLogEventEndIndex"] = too_old
    if expired:
        said["expiredLogEventEndIndex"] = expired
    return max(too_old, expired), end, said


def check_tags(before: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    found = {**before, **added}
    if any(key.lower().startswith("aws:") for key in added):
        raise invalid("Tag keys that begin with aws: are reserved for system use.")
    if len(found) > TAGS_MAX:
        raise AwsError("TooManyTagsException", f"A resource can have at most {TAGS_MAX} tags.")
    return found


def check_dimensions(dimensions: Iterable[str], default: float | None) -> None:
    names = list(dimensions)
    if len(names) > 3:
        raise invalid("A metric transformation can have at most 3 dimensions.")
    if names and default is not None:
        raise invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
