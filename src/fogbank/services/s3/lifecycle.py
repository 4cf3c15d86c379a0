"""Lifecycle rules: which versions they mean, and when what is to happen to them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.services.s3 import errors
from fogbank.services.s3.entries import Entry

RULES_MAX = 1000
DAY_SECONDS = 86_400
_COLDER = ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
_ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)
_MIB = 1024 * 1024
_SMALL_BYTES = 128 * 1024
Rule = Mapping[str, Any]


class Version(NamedTuple):
    """A version among those of its key: `newer` counts the noncurrent versions above it."""

    key: str
    entry: Entry
    is_current: bool
    noncurrent_since: float = 0.0
    newer: int = 0
    is_alone: bool = False
    """Whether a key has nothing but this."""


class Fate(NamedTuple):
    """What a rule does to a version: it goes, or moves to a colder class."""

    rule_id: str
    storage: str = ""


def check(rules: Sequence[Rule]) -> None:
    """Raises what PutBucketLifecycleConfiguration refuses."""
    if not rules or len(rules) > RULES_MAX:
        raise errors.malformed_xml()
    ids = [rule["ID"] for rule in rules]
    if len(ids) != len(set(ids)):
        raise errors.invalid_argument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: Rule) -> None:
    if len(rule["ID"]) > 255:
        raise errors.invalid_argument("ID length should not exceed allowed limit of 255")
    if rule["Status"] not in ("Enabled", "Disabled") or ("Filter" in rule and "Prefix" in rule):
        raise errors.malformed_xml()
    if "Filter" not in rule and "Prefix" not in rule:
        raise errors.malformed_xml()
    if not any(action in rule for action in _ACTIONS):
        text = "At least one action needs to be specified in a rule"
        raise errors.invalid_request(text)
    found = rule.get("Filter", {})
    if (
        len([name for name in ("Prefix", "Tag", "And", "ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in found])
        > 1
    ):
        raise errors.malformed_xml()
    _check_expiration(rule, found)
    for transition in rule.get("Transitions", ()):
        _check_days(transition.get("Days", 1), "Days", least=0)
        if transition.get("StorageClass") not in _COLDER[1:] or ("Days" in transition) == ("Date" in transition):
            raise errors.malformed_xml()
        if transition["StorageClass"].endswith("_IA") and transition.get("Days", 30) < 30:
            text = "'Days' in Transition action must be greater than or equal to 30 for storageClass "
            text += f"'{transition['StorageClass']}'"
            raise errors.invalid_argument(text)
    _check_days(rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 1), "NoncurrentDays")
    abort = rule.get("AbortIncompleteMultipartUpload", {})
    _check_days(abort.get("DaysAfterInitiation", 1), "DaysAfterInitiation")
    if abort and ("Tag" in found or "Tags" in found.get("And", {})):
        text = "AbortIncompleteMultipartUpload cannot be specified with Tags."
        raise errors.invalid_request(text)


def _check_expiration(rule: Rule, found: Mapping[str, Any]) -> None:
    expiration = rule.get("Expiration")
    if expiration is None:
        return
    if len({"Days", "Date", "ExpiredObjectDeleteMarker"} & set(expiration)) != 1:
        raise errors.malformed_xml()
    _check_days(expiration.get("Days", 1), "Days")
    if "Date" in expiration and expiration["Date"] % DAY_SECONDS:
        raise errors.invalid_argument("'Date' must be at midnight GMT")
    if expiration.get("ExpiredObjectDeleteMarker") and ("Tag" in found or "Tags" in found.get("And", {})):
        raise errors.invalid_request("ExpiredObjectDeleteMarker cannot be specified with Tags.")


def _check_days(days: int, name: str, least: int = 1) -> None:
    if days < least:
        text = f"'{name}' for Expiration action must be a positive integer"
        raise errors.invalid_argument(text)


def due_at(since: float, days: int) -> float:
    """The midnight UTC after so many days have passed, at which S3 acts."""
    return math.ceil((since + days * DAY_SECONDS) / DAY_SECONDS) * float(DAY_SECONDS)


def next_run(now: float) -> float:
    """The next midnight UTC."""
    return (now // DAY_SECONDS + 1) * float(DAY_SECONDS)


def means(rule: Rule, key: str, entry: Entry | None) -> bool:
    """Whether a rule's filter has a key, and where there is one its version."""
    found = rule.get("Filter", {"Prefix": rule.get("Prefix", "")})
    both = found.get("And", found)
    if not key.startswith(both.get("Prefix", "")):
        return False
    wanted = [*both.get("Tags", ()), *([found["Tag"]] if "Tag" in found else ())]
    if entry is None:
        return not wanted
    if any(entry.tags.get(tag["Key"]) != tag["Value"] for tag in wanted):
        return False
    over, under = both.get("ObjectSizeGreaterThan", -1), both.get("ObjectSizeLessThan", math.inf)
    return bool(over < entry.size < under)


def fate(rules: Sequence[Rule], version: Version, now: float, size: str) -> Fate | None:
    """What is to happen to a version now; what takes it away goes before what moves it."""
    moved: Fate | None = None
    for rule in rules:
        if rule["Status"] != "Enabled" or not means(
            rule, version.key, None if version.entry.is_marker else version.entry
        ):
            continue
        if _goes(rule, version, now):
            return Fate(rule["ID"])
        storage = _storage(rule, version, now, size)
        if storage and (moved is None or _COLDER.index(storage) > _COLDER.index(moved.storage)):
            moved = Fate(rule["ID"], storage)
    return moved


def _goes(rule: Rule, version: Version, now: float) -> bool:
    if version.is_current:
        expiration = rule.get("Expiration", {})
        if version.entry.is_marker:
            # A delete marker below which nothing is left.
            is_over = "Days" in expiration and due_at(version.entry.modified_at, expiration["Days"]) <= now
            return version.is_alone and bool(expiration.get("ExpiredObjectDeleteMarker") or is_over)
        if "Date" in expiration:
            return bool(expiration["Date"] <= now)
        return "Days" in expiration and due_at(version.entry.modified_at, expiration["Days"]) <= now
    expiration = rule.get("NoncurrentVersionExpiration", {})
    if "NoncurrentDays" not in expiration or version.newer < expiration.get("NewerNoncurrentVersions", 0):
        return False
    return due_at(version.noncurrent_since, expiration["NoncurrentDays"]) <= now


def _storage(rule: Rule, version: Version, now: float, size: str) -> str:
    """The class that a version is to be moved to now, empty for none."""
    if version.entry.is_marker or (version.entry.size < _SMALL_BYTES and not _names_size(rule)):
        return ""
    name = "Transitions" if version.is_current else "NoncurrentVersionTransitions"
    since = version.entry.modified_at if version.is_current else version.noncurrent_since
    found = ""
    for transition in rule.get(name, ()):
        days = transition.get("Days", transition.get("NoncurrentDays"))
        when = transition["Date"] if days is None else due_at(since, days)
        if when <= now and (not found or _COLDER.index(transition["StorageClass"]) > _COLDER.index(found)):
            found = transition["StorageClass"]
    return found if found and _COLDER.index(found) > _rank(version.entry.storage) else ""


def _names_size(rule: Rule) -> bool:
    found = rule.get("Filter", {})
    return any(name in found.get("And", found) for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"))


def _rank(storage: str) -> int:
    return _COLDER.index(storage) if storage in _COLDER else 0


def aborts(rules: Sequence[Rule], key: str, initiated_at: float, now: float) -> bool:
    """Whether an upload that was begun then has been left for too long."""
    for rule in rules:
        abort = rule.get("AbortIncompleteMultipartUpload")
        if abort is None or rule["Status"] != "Enabled" or not means(rule, key, None):
            continue
        if due_at(initiated_at, abort["DaysAfterInitiation"]) <= now:
            return True
    return False


def expiry(rules: Sequence[Rule], key: str, entry: Entry) -> tuple[float, str] | None:
    """(when, rule id) of the earliest expiration of a current version, as `x-amz-expiration` tells; None for never."""
    found: tuple[float, str] | None = None
    for rule in rules:
        expiration = rule.get("Expiration", {})
        if rule["Status"] != "Enabled" or not ({"Days", "Date"} & set(expiration)) or not means(rule, key, entry):
            continue
        when = expiration["Date"] if "Date" in expiration else due_at(entry.modified_at, expiration["Days"])
        if found is None or when < found[0]:
            found = (float(when), rule["ID"])
    return found
