"""Object Lock: what it demands of requests, and what it keeps from being deleted.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.s3 import errors
from fogbank.services.s3.entries import Entry, Lock
from fogbank.services.s3.resources import Bucket, LockRule

GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
_DAY_SECONDS = 86_400
_YEARS_MAX = 100


def check_configured(bucket: Bucket) -> None:
    """Raises InvalidRequest for a bucket without Object Lock."""
    if not bucket.is_locked:
        raise errors.invalid_request("Bucket is missing Object Lock Configuration")


def lock_of(bucket: Bucket, req: Mapping[str, Any], now: float) -> Lock | None:
    """The lock of a new version: what the request says, else the bucket's default retention."""
    mode, until, hold = (
        req.get("ObjectLockMode"),
        req.get("ObjectLockRetainUntilDate"),
        req.get("ObjectLockLegalHoldStatus"),
    )
    if mode is not None or until is not None or hold is not None:
        check_configured(bucket)
    if (mode is None) is not (until is None):
        text = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
        raise errors.invalid_argument(text)
    if hold not in (None, "ON", "OFF"):
        raise errors.invalid_argument(
            "Legal Hold must be either of 'ON' or 'OFF'", "x-amz-object-lock-legal-hold", hold
        )
    if mode is not None and until is not None:
        check_mode(mode)
        check_date(until, now)
    elif bucket.lock.mode:
        mode, until = bucket.lock.mode, ends_at(bucket.lock, now)
    if not mode and hold != "ON":
        return None
    return Lock(mode or "", float(until or 0.0), hold == "ON")


def check_mode(mode: str) -> None:
    if mode not in (GOVERNANCE, COMPLIANCE):
        raise errors.invalid_argument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode)


def check_date(until: float, now: float) -> None:
    if until <= now:
        text = "The retain until date must be in the future!"
        raise errors.invalid_argument(text, "x-amz-object-lock-retain-until-date", _iso(until))


def ends_at(rule: LockRule, now: float) -> float:
    """When the default retention of a version that is written now is over."""
    if rule.days:
        return now + rule.days * _DAY_SECONDS
    start = datetime.fromtimestamp(now, UTC)
    last_day = 28 if (start.month, start.day) == (2, 29) else start.day
    return start.replace(year=start.year + rule.years, day=last_day).timestamp()


def check_removal(entry: Entry, now: float, *, bypass: bool) -> None:
    """Raises AccessDenied for a version that must stay. `bypass`: asked for, and allowed to."""
    lock = entry.lock
    if lock is None:
        return
    is_retained = bool(lock.mode) and lock.until > now
    if lock.is_held or (is_retained and (lock.mode == COMPLIANCE or not bypass)):
        raise errors.locked()


def retained(entry: Entry, retention: Mapping[str, Any], now: float, *, bypass: bool) -> Lock:
    """The lock after PutObjectRetention. Raises AccessDenied, InvalidArgument and MalformedXML."""
    old = entry.lock or Lock()
    mode, until = retention.get("Mode"), retention.get("RetainUntilDate")
    if (mode is None) is not (until is None):
        raise errors.malformed_xml()
    if mode is not None and until is not None:
        if mode not in (GOVERNANCE, COMPLIANCE):
            raise errors.malformed_xml()
        check_date(until, now)
    is_retained = bool(old.mode) and old.until > now
    loosens = mode is None or until is None or until < old.until or (old.mode == COMPLIANCE and mode == GOVERNANCE)
    if is_retained and old.mode == GOVERNANCE and mode == COMPLIANCE and until is not None and until >= old.until:
        # Stricter, but it changes the mode of a retention that others set: S3 asks for the bypass.
        loosens = True
    if is_retained and loosens and (old.mode == COMPLIANCE or not bypass):
        raise errors.locked()
    return Lock(mode or "", float(until or 0.0), old.is_held)


def rule_of(configuration: Mapping[str, Any]) -> LockRule:
    """The default retention in an ObjectLockConfiguration. Raises MalformedXML and InvalidArgument."""
    if configuration.get("ObjectLockEnabled") not in (None, "Enabled"):
        raise errors.malformed_xml()
    rule = configuration.get("Rule")
    if rule is None:
        return LockRule()
    default = rule.get("DefaultRetention") or {}
    mode, days, years = default.get("Mode", ""), default.get("Days"), default.get("Years")
    if mode not in (GOVERNANCE, COMPLIANCE) or (days is None) is (years is None):
        raise errors.malformed_xml()
    if (days or 0) + (years or 0) <= 0:
        raise errors.invalid_argument("Default retention period must be a positive integer value.")
    if (days or 0) > _YEARS_MAX * 365 or (years or 0) > _YEARS_MAX:
        raise errors.invalid_argument(f"Default retention period too large: the maximum is {_YEARS_MAX} years.")
    return LockRule(mode=mode, days=days or 0, years=years or 0)


def described(entry: Entry) -> dict[str, Any]:
    """The members of an answer that tell of a lock."""
    lock = entry.lock
    if lock is None:
        return {}
    found: dict[str, Any] = {}
    if lock.mode:
        found |= {"ObjectLockMode": lock.mode, "ObjectLockRetainUntilDate": lock.until}
    if lock.is_held:
        found["ObjectLockLegalHoldStatus"] = "ON"
    return found


def no_lock() -> AwsError:
    text = "The specified object does not have a ObjectLock configuration"
    return AwsError("NoSuchObjectLockConfiguration", text, status=404)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
