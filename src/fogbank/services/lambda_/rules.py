"""What Lambda decides from plain values: limits, what a configuration may be, and the texts of its refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson

from fogbank.aws.errors import AwsError
from fogbank.aws.tags import TAGS_MAX

TIMEOUT_SECONDS_MAX = 900
MEMORY_MB_MAX = 10_240
STORAGE_MB_MAX = 10_240
ENVIRON_BYTES_MAX = 4_096
ZIPPED_BYTES_MAX = 52_428_800
UNZIPPED_BYTES_MAX = 262_144_000
CODE_BYTES_MAX = 80_530_636_800
PAYLOAD_BYTES_MAX = 6_291_456
EVENT_BYTES_MAX = 1_048_576
CONCURRENCY = 1_000
UNRESERVED_MIN = 100
LAYERS_MAX = 5
TAIL_BYTES = 4_096
POLICY_BYTES_MAX = 20_480
AGE_SECONDS_DEFAULT, RETRIES_DEFAULT = 21_600, 2
IDLE_SECONDS = 300.0
"""Of cloud time, that an environment waits for an event."""
CREDENTIAL_SECONDS = 3_600
AGE_SECONDS_MAX = CREDENTIAL_SECONDS - TIMEOUT_SECONDS_MAX - 60.0
"""After which an environment gets no more events: its credentials must outlive the last of them."""
_ENVIRON_NAME = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+\Z")
_RESERVED_NAMES = frozenset(
    """
    _HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE
    AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR
    """.split()
)
_RETRY_SECONDS = (60.0, 120.0)


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message, Type="User")


def conflict(message: str) -> AwsError:
    return AwsError("ResourceConflictException", message, Type="User")


def missing(message: str = "The resource you requested does not exist.") -> AwsError:
    return AwsError("ResourceNotFoundException", message, Type="User")


def no_function(arn: str) -> AwsError:
    return missing(f"Function not found: {arn}")


def changed(noun: str = "GetFunction/GetAlias") -> AwsError:
    text = (
        "The Revision Id provided does not match the latest Revision Id. "
        f"Call the {noun} API to retrieve the latest Revision Id"
    )
    return AwsError("PreconditionFailedException", text, Type="User")


def too_long(size: int) -> AwsError:
    text = f"The final policy size ({size}) is bigger than the limit ({POLICY_BYTES_MAX})."
    return AwsError("PolicyLengthExceededException", text, Type="User")


def throttled(reason: str) -> AwsError:
    return AwsError("TooManyRequestsException", "Rate Exceeded.", Reason=reason, Type="User")


def looped() -> AwsError:
    text = "Lambda has detected your function being invoked in a recursive loop and has terminated this invocation."
    return AwsError("RecursiveInvocationException", text, Type="User")


def violated(value: object, path: str, constraint: str) -> AwsError:
    """What AWS says where a value breaks one constraint of the model's."""
    return AwsError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {constraint}",
    )


def check_within(value: int, most: int, path: str) -> None:
    """Raises ValidationException above a limit that is below the model's own."""
    if value > most:
        raise violated(value, path, f"Member must have value less than or equal to {most}")


def check_environ(environ: Mapping[str, str]) -> None:
    """Raises InvalidParameterValueException for variables that a function cannot have."""
    if taken := sorted(set(environ) & _RESERVED_NAMES):
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(taken)}"
        )
    for name in environ:
        if not _ENVIRON_NAME.match(name):
            raise violated(
                "{}", "environment.variables", "Map keys must satisfy constraint: [Member must satisfy regular "
                "expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
            )  # fmt: skip
    if len(json.dumps(dict(environ), separators=(",", ":"), ensure_ascii=False).encode()) > ENVIRON_BYTES_MAX:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {json.dumps(dict(environ), separators=(',', ':'))}"
        )


def check_runtime(runtime: str, installed: Mapping[str, str], known: Sequence[str]) -> None:
    """Raises InvalidParameterValueException for a runtime that nobody has, or that this machine has not."""
    if runtime not in known:
        raise invalid(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(known)}] or be a valid ARN"
        )
    if runtime not in installed:
        raise invalid(f"fogbank has no runtime {runtime}. It has: {', '.join(sorted(installed))}.")
    if installed[runtime]:
        raise invalid(f"The runtime {runtime} is not on this machine: {installed[runtime]}")


def check_payload(payload: bytes, kind: str) -> None:
    """Raises RequestTooLargeException and InvalidRequestContentException."""
    most = EVENT_BYTES_MAX if kind == "Event" else PAYLOAD_BYTES_MAX
    if len(payload) > most:
        text = f"{len(payload)} byte payload is too large for the {kind} invocation type (limit {most} bytes)"
        raise AwsError("RequestTooLargeException", text, Type="User")
    if payload:
        try:
            orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            text = f"Could not parse request body into json: Could not parse payload into json: {error}"
            raise AwsError("InvalidRequestContentException", text, Type="User") from None


def check_tags(given: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Tags with more of them. Raises InvalidParameterValueException."""
    if any(name.lower().startswith("aws:") and not name.startswith("aws:cloudformation:") for name in given):
        raise invalid("Tag keys starting with 'aws:' are reserved for internal use")
    both = {**now, **given}
    if len(both) > TAGS_MAX:
        raise invalid("The number of tags exceeds the limit of 50.")
    return both


def stamp(at: float) -> str:
    """A time as functions' configurations show it: `2025-06-15T15:06:40.000+0000`."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def iso(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def retry_seconds(tried: int) -> float:
    """How long after its failure an event is tried again, having been tried so often."""
    return _RETRY_SECONDS[min(tried, len(_RETRY_SECONDS)) - 1]


def back_off_seconds(throttled_times: int) -> float:
    """How long an event waits that was not let in (Developer Guide, "asynchronous error handling": 1 s to 5 min)."""
    return float(min(2.0 ** max(throttled_times - 1, 0), 300.0))


def chosen(weights: Mapping[str, float], primary: int, roll: float) -> int:
    """The version that an event of an alias goes to, by a roll in [0, 1)."""
    at = 0.0
    for number, weight in weights.items():
        at += weight
        if roll < at:
            return int(number)
    return primary
