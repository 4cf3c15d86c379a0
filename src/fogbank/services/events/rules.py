"""Decisions of EventBridge: names, patterns, entries, and what a target is handed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from fogbank.aws.cron import BadSchedule, Schedule, parsed
from fogbank.aws.errors import AwsError
from fogbank.aws.event_pattern import BadPattern, Pattern, compiled

ENTRY_BYTES_MAX = 256 * 1024
TARGETS_MAX = 5
RULES_MAX = 300
BUSES_MAX = 100
ATTEMPTS_MAX = 185
AGE_SECONDS_MAX = 86_400
_BACK_OFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0, 120.0, 240.0, 480.0)
_VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_STEP = re.compile(r"\.([A-Za-z0-9_\-/]+)|\[(\d+|\*)\]|\['([^']+)'\]|\.\*")
# One minute, but two minutes: the unit goes with the number.
_RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)")
_BUS_ARN = re.compile(r"arn:aws[a-z-]*:events:([a-z0-9-]+):(\d{12}):event-bus/(.+)")
_YEAR_MAX_SECONDS = 253_402_300_800
_DEPTH_SURE = 200
_REQUIRED = (("Source", "source"), ("DetailType", "detail-type"), ("Detail", "detail"))


def schedule_of(text: str) -> Schedule:
    """The schedule of a rule. Raises ValidationException, as EventBridge words it."""
    if text.startswith("rate") and not _RATE.fullmatch(text):
        raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.")
    try:
        return parsed(text)
    except BadSchedule:
        raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.") from None


@lru_cache(maxsize=4096)
def pattern_of(text: str) -> Pattern:
    """The pattern of a rule. Raises InvalidEventPatternException, which says what is wrong with it."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from None
    if not isinstance(found, dict):
        raise AwsError("InvalidEventPatternException", "Event pattern is not valid. Reason: Filter is not an object")
    try:
        return compiled(found, "events")
    except BadPattern as error:
        raise AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from None


def time_text(seconds: float) -> str:
    """A time as events tell it."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry_bytes(entry: Mapping[str, Any]) -> int:
    """The size of an entry as the user guide counts it ("Calculating PutEvents event entry size")."""
    texts = [entry.get("Source", ""), entry.get("DetailType", ""), entry.get("Detail", ""), *entry.get("Resources", ())]
    return sum(len(text.encode()) for text in texts) + (14 if "Time" in entry else 0)


def entry_problem(entry: Mapping[str, Any], *, is_service: bool) -> tuple[str, str] | None:
    """Why an entry cannot become an event, as (code, message); None if it can."""
    for name, _ in _REQUIRED:
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    try:
        detail = orjson.loads(entry["Detail"])
    except orjson.JSONDecodeError:
        return "MalformedDetail", "Detail is malformed."
    if not isinstance(detail, dict) or not _is_writable(detail, entry["Detail"]):
        return "MalformedDetail", "Detail is malformed."
    if not 0 <= entry.get("Time", 0) < _YEAR_MAX_SECONDS:
        return "InvalidArgument", "Parameter Time is not valid. Reason: Time is out of range."
    if entry["Source"].startswith("aws.") and not is_service:
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    return None


def _is_writable(detail: Mapping[str, Any], text: str) -> bool:
    """Whether a detail can be written as JSON again: one that is nested too deeply cannot."""
    if text.count("{") + text.count("[") <= _DEPTH_SURE:
        return True
    try:
        orjson.dumps({"": [[[detail]]]})
    except orjson.JSONEncodeError:
        return False
    return True


def bus_parts(text: str) -> tuple[str, str, str]:
    """(region, account, name) of a bus by its ARN, or by its name with the first two empty."""
    found = _BUS_ARN.fullmatch(text)
    return (found[1], found[2], found[3]) if found else ("", "", text)


def handed(target: Mapping[str, Any], event: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """What a target is handed for an event; `facts` are the rule's `rule-arn`, `rule-name` and the `ingestion-time`.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return orjson.dumps(at_path(event, target["InputPath"])).decode()
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, facts)
    return orjson.dumps(event).decode()


def at_path(value: Any, path: str) -> Any:
    """What a JSON path (`$.detail.list[0]`, `[*]`) leads to, None if that is nothing."""
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return None
        position = step.end()
        name = step[1] or step[3]
        if name is not None:
            value = value.get(name) if isinstance(value, dict) else None
        elif step[2] is not None and step[2] != "*":
            index = int(step[2])
            value = value[index] if isinstance(value, list) and index < len(value) else None
    return value


def path_is_valid(path: str) -> bool:
    """Whether a JSON path is one that EventBridge can follow."""
    if not path.startswith("$"):
        return False
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return False
        position = step.end()
    return True


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    template = transformer["InputTemplate"]
    paths = transformer.get("InputPathsMap", {})
    is_document = template.lstrip()[:1] in ("{", "[", '"')

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name in paths:
            return _text(at_path(event, paths[name]), is_quoted=is_document and _is_in_string(template, found.start()))
        if name == "aws.events.event.json":
            return orjson.dumps(event).decode()
        if name == "aws.events.event":
            return orjson.dumps({key: item for key, item in event.items() if key != "detail"}).decode()
        key = name.removeprefix("aws.events.").removeprefix("event.")
        if key not in facts:
            return found[0]
        quoted = is_document and not _is_in_string(template, found.start())
        return orjson.dumps(facts[key]).decode() if quoted else facts[key]

    return _VARIABLE.sub(value, template)


def _text(value: Any, *, is_quoted: bool) -> str:
    """A value as the template takes it: as JSON, or where it stands inside a string without quotes of its own."""
    if isinstance(value, str):
        text = orjson.dumps(value).decode()
        return text[1:-1] if is_quoted else text
    if value is None:
        return "" if is_quoted else '""'
    text = orjson.dumps(value).decode()
    return orjson.dumps(text).decode()[1:-1] if is_quoted else text


def _is_in_string(template: str, position: int) -> bool:
    """Whether a place of a template lies between quotes."""
    inside = False
    skip = False
    for letter in template[:position]:
        if skip:
            skip = False
        elif letter == "\\":
            skip = True
        elif letter == '"':
            inside = not inside
    return inside


def back_off_seconds(tried: int) -> float:
    """How long to wait after so many attempts: doubled up to 8 minutes."""
    return _BACK_OFF_SECONDS[min(tried, len(_BACK_OFF_SECONDS)) - 1]


def retry_limits(target: Mapping[str, Any]) -> tuple[int, float]:
    """(attempts after the first, seconds) that a target's RetryPolicy allows."""
    policy = target.get("RetryPolicy", {})
    return policy.get("MaximumRetryAttempts", ATTEMPTS_MAX), policy.get("MaximumEventAgeInSeconds", AGE_SECONDS_MAX)


def error_code(code: str) -> str:
    """What a dead-letter queue is told of a target's error (User Guide, "Using dead-letter queues")."""
    if code.startswith(("AccessDenied", "AuthorizationError", "KMS.AccessDenied")):
        return "NO_PERMISSIONS"
    if "NotFound" in code or "NonExistent" in code or "DoesNotExist" in code:
        return "NO_RESOURCE"
    if code.startswith("Throttling") or code == "TooManyRequestsException":
        return "THROTTLING"
    if code.startswith(("InvalidParameter", "Validation")):
        return "INVALID_PARAMETER"
    if code.startswith("Internal") or code == "ServiceUnavailable":
        return "INTERNAL_ERROR"
    return code if code == "SDK_CLIENT_ERROR" else "ERROR_FROM_TARGET"
