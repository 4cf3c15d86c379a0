"""Delivery policies: what may be said in one, and the waits that it comes down to.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.sns import rules

DEFAULT: Mapping[str, Any] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
TOTAL_SECONDS_MAX = 3600
_RETRIES_MAX = 100
_FUNCTIONS = ("arithmetic", "exponential", "geometric", "linear")
_CONTENT_TYPES = (
    "text/csv", "text/html", "text/plain", "text/xml", "application/atom+xml", "application/json",
    "application/octet-stream", "application/soap+xml", "application/x-www-form-urlencoded", "application/xhtml+xml",
    "application/xml",
)  # fmt: skip


def bad(reason: str) -> AwsError:
    return rules.invalid(f"DeliveryPolicy: {reason}")


def check(text: str, *, of_topic: bool) -> None:
    """Raises InvalidParameter for what is no delivery policy of a topic, or of a subscription."""
    if not text:
        return
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise bad("failed to parse JSON.") from None
    if not isinstance(given, dict):
        raise bad("is not a JSON object.")
    if of_topic:
        given = _part(given, "http")
    _check_retries({**DEFAULT, **_part(given, "defaultHealthyRetryPolicy" if of_topic else "healthyRetryPolicy")})
    throttle = _part(given, "defaultThrottlePolicy" if of_topic else "throttlePolicy")
    rate = throttle.get("maxReceivesPerSecond")
    if rate is not None and (not isinstance(rate, int) or rate < 1):
        raise bad("throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1")
    kind = _part(given, "defaultRequestPolicy" if of_topic else "requestPolicy").get("headerContentType")
    if kind is not None and str(kind).partition(";")[0].strip() not in _CONTENT_TYPES:
        raise bad("requestPolicy.headerContentType is not supported")


def _part(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name) or {}
    if not isinstance(found, dict):
        raise bad(f"{name} is not a JSON object.")
    return found


def _check_retries(policy: Mapping[str, Any]) -> None:
    for name in DEFAULT:
        if name != "backoffFunction" and (not isinstance(policy[name], int) or policy[name] < 0):
            raise bad(f"{name} must be a number greater than or equal to 0")
    if policy["numRetries"] > _RETRIES_MAX:
        raise bad(f"numRetries must be less than or equal to {_RETRIES_MAX}")
    if not 1 <= policy["minDelayTarget"] <= policy["maxDelayTarget"]:
        raise bad("minDelayTarget must be at least 1 and at most maxDelayTarget")
    if policy["maxDelayTarget"] > TOTAL_SECONDS_MAX:
        raise bad(f"maxDelayTarget must be less than or equal to {TOTAL_SECONDS_MAX}")
    if policy["numMaxDelayRetries"] + policy["numNoDelayRetries"] + policy["numMinDelayRetries"] > policy["numRetries"]:
        raise bad("numRetries must be greater than or equal to total of numMinDelayRetries, numNoDelayRetries and "
                  "numMaxDelayRetries")  # fmt: skip
    if policy["backoffFunction"] not in _FUNCTIONS:
        raise bad(f"backoffFunction must be one of {', '.join(_FUNCTIONS)}")
    if sum(delays(policy)) > TOTAL_SECONDS_MAX:
        raise bad(f"the total retry period must be less than or equal to {TOTAL_SECONDS_MAX} seconds")


def effective(topic: str, subscription: str) -> dict[str, Any]:
    """What holds for a subscription: its own policy over its topic's over AWS's."""
    of_topic = json.loads(topic).get("http", {}) if topic else {}
    own = json.loads(subscription) if subscription and not of_topic.get("disableSubscriptionOverrides") else {}
    return {
        "healthyRetryPolicy": {
            **DEFAULT,
            **(of_topic.get("defaultHealthyRetryPolicy") or {}),
            **(own.get("healthyRetryPolicy") or {}),
        },
        "sicklyRetryPolicy": own.get("sicklyRetryPolicy"),
        "throttlePolicy": own.get("throttlePolicy") or of_topic.get("defaultThrottlePolicy"),
        "requestPolicy": own.get("requestPolicy")
        or of_topic.get("defaultRequestPolicy")
        or {"headerContentType": "text/plain; charset=UTF-8"},
        "guaranteed": False,
    }


def effective_of_topic(topic: str) -> dict[str, Any]:
    given = json.loads(topic).get("http", {}) if topic else {}
    return {
        "http": {
            "defaultHealthyRetryPolicy": {**DEFAULT, **(given.get("defaultHealthyRetryPolicy") or {})},
            "disableSubscriptionOverrides": bool(given.get("disableSubscriptionOverrides")),
            "defaultRequestPolicy": given.get("defaultRequestPolicy")
            or {"headerContentType": "text/plain; charset=UTF-8"},
        }
    }


def delays(policy: Mapping[str, Any]) -> tuple[float, ...]:
    """Seconds before each retry: at once, at the least delay, ever longer, at the greatest delay."""
    least, most = float(policy["minDelayTarget"]), float(policy["maxDelayTarget"])
    none, short, long = policy["numNoDelayRetries"], policy["numMinDelayRetries"], policy["numMaxDelayRetries"]
    growing = policy["numRetries"] - none - short - long
    between = [_grown(policy["backoffFunction"], (least, most), step, growing) for step in range(1, growing + 1)]
    return (*[0.0] * none, *[least] * short, *between, *[most] * long)


def _grown(function: str, bounds: tuple[float, float], step: int, steps: int) -> float:
    least, most = bounds
    share = step / steps
    if function == "arithmetic":
        share = share * (step + 1) / (steps + 1)
    elif function == "exponential":
        share = (2.0**step - 1) / (2.0**steps - 1)
    elif function == "geometric":
        return float(least * (most / least) ** share)
    return least + (most - least) * share
