"""What CloudWatch decides: limits, names, errors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from fogbank.aws.errors import AwsError

DATA_MAX = 1_000
VALUES_MAX = 150
DIMENSIONS_MAX = 30
VALUE_MAX = 2.0**360
PAST_SECONDS = 14 * 86_400
FUTURE_SECONDS = 2 * 3_600
METRICS_PAGE = 500
DATAPOINTS_MAX = 1_440
QUERIES_MAX = 500
DATAPOINTS_PAGE = 100_800
TAGS_MAX = 50
HISTORY_SECONDS = 30 * 86_400
ACTIVE_SECONDS = 14 * 86_400
RETENTION_SECONDS = 455 * 86_400
DASHBOARD_BYTES_MAX = 1_048_576
LEVELS = ((60, 3 * 3_600), (300, 15 * 86_400), (3_600, 63 * 86_400))
"""(period, age): what is older is kept only with this period (GetMetricStatistics API page)."""
UNITS = (
    "None", "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
    "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
    "Gigabits/Second", "Terabits/Second", "Count/Second",
)  # fmt: skip
_NAMESPACE = re.compile(r"[0-9A-Za-z.\-_/#:\s]+")
_ACTION = re.compile(
    r"arn:[^:]+:(sns:[^:]+:\d{12}:.+|automate:[^:]+:ec2:(stop|terminate|recover|reboot)|autoscaling:[^:]+:\d{12}:.+"
    r"|lambda:[^:]+:\d{12}:function:.+|ssm:[^:]+:\d{12}:opsitem:.+|ssm-incidents:[^:]*:\d{12}:.+|swf:[^:]+:\d{12}:.+"
    r"|aiops:[^:]+:\d{12}:.+)"
)


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)


def combination(message: str) -> AwsError:
    return AwsError("InvalidParameterCombinationException", message)


def missing(message: str) -> AwsError:
    return AwsError("MissingRequiredParameterException", message)


def bad(message: str) -> AwsError:
    """What alarms and expressions are refused with: `ValidationError` to clients."""
    return AwsError("ValidationException", message)


def not_found(message: str = "") -> AwsError:
    return AwsError("ResourceNotFound", message)


def check_namespace(namespace: str, is_service: bool) -> None:
    if namespace.startswith("AWS/") and not is_service:
        raise invalid("The value AWS/ for parameter Namespace is invalid.")
    if not _NAMESPACE.fullmatch(namespace) or not namespace.strip():
        raise invalid("The value for parameter Namespace contains invalid characters.")


def dimensions_of(given: Sequence[Mapping[str, str]], path: str) -> tuple[tuple[str, str], ...]:
    """Dimensions in order of name. Raises InvalidParameterValue."""
    if not given:
        return ()
    if len(given) > DIMENSIONS_MAX:
        raise invalid(f"The collection {path} must not have a size greater than {DIMENSIONS_MAX}.")
    found = sorted((one["Name"], one["Value"]) for one in given)
    for at, (name, value) in enumerate(found):
        if at and found[at - 1][0] == name:
            raise invalid(f"The value {name} for parameter {path} is invalid: a dimension is given twice.")
        if not name.isascii() or not value.isascii() or not (name + value).isprintable():
            raise invalid(f"The parameter {path} must contain only ASCII characters.")
        if name.startswith(":") or not name.strip() or not value.strip():
            raise invalid(f"The value for parameter {path} is invalid.")
    return tuple(found)


def where_of(dimensions: Iterable[tuple[str, str]]) -> str:
    return "\x01".join(f"{name}\x02{value}" for name, value in dimensions)


def check_number(value: float, path: str) -> None:
    if not math.isfinite(value):
        raise invalid(f"The value {value} for parameter {path} is invalid.")
    if abs(value) > VALUE_MAX:
        raise invalid(f"The value {value} for parameter {path} is outside of the range -2^360 to 2^360.")


def is_period(period: float) -> bool:
    """Whether a number of seconds is one that data can be had by."""
    return period in (1, 5, 10, 20, 30) or (0 < period <= RETENTION_SECONDS and not period % 60)


def check_period(period: int, name: str = "Period") -> None:
    if period not in (1, 5, 10, 20, 30) and period % 60:
        raise invalid(f"The parameter {name} must be 1, 5, 10, 20, 30, or a multiple of 60.")


def check_actions(arns: Iterable[str]) -> None:
    for arn in arns:
        if not _ACTION.fullmatch(arn):
            raise bad(f"Invalid arn syntax: {arn}")


def check_tags(before: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    found = {**before, **added}
    if any(key.lower().startswith("aws:") for key in added):
        raise invalid("Tag keys that begin with aws: are reserved for system use.")
    if len(found) > TAGS_MAX:
        raise invalid(f"A resource can have at most {TAGS_MAX} tags.")
    return found


def seconds_of(duration: str) -> int:
    """The seconds of an ISO 8601 duration (`PT4H`, `P1DT30M`); 0 for what is none."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", duration)
    if found is None:
        return 0
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
