"""Replication rules: what S3 refuses of them, and which of them a version is for.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from fogbank.aws.arns import Arn
from fogbank.services.s3 import errors, lifecycle, rules
from fogbank.services.s3.encryption import KMS
from fogbank.services.s3.entries import Entry

RULES_MAX = 1000
PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"
_ID_MAX = 255
_PRIORITY_MAX = 2**31 - 1
_MINUTES = 15
_STATUS = ("Enabled", "Disabled")
_GUIDE = "Please refer to S3 Developer Guide for more information."
Rule = Mapping[str, Any]


def is_on(found: Mapping[str, Any], name: str) -> bool:
    """Whether an element with a Status is there, and is Enabled."""
    return bool(found.get(name, {}).get("Status") == "Enabled")


def destination(rule: Rule) -> str:
    """The name of the bucket that a rule copies to."""
    return str(rule["Destination"]["Bucket"]).rpartition(":::")[2]


def check(configuration: Mapping[str, Any]) -> None:
    """Raises what PutBucketReplication refuses, whatever the buckets are."""
    role = Arn.parse(configuration["Role"])
    if role is None or role.service != "iam" or not role.resource.startswith("role/"):
        raise errors.invalid_argument("Invalid Role specified in replication configuration")
    found: Sequence[Rule] = configuration["Rules"]
    if not found or len(found) > RULES_MAX:
        raise errors.malformed_xml()
    ids = [rule["ID"] for rule in found]
    if len(ids) != len(set(ids)):
        raise errors.invalid_argument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in found:
        _check_rule(rule)
    _check_together(found)


def _check_rule(rule: Rule) -> None:
    if len(rule["ID"]) > _ID_MAX:
        raise errors.invalid_argument("ID length should not exceed allowed limit of 255")
    if rule["Status"] not in _STATUS or ("Filter" in rule) is ("Prefix" in rule):
        raise errors.malformed_xml()
    if "ExistingObjectReplication" in rule:
        raise errors.invalid_request("ExistingObjectReplication is not supported: what was there before stays there.")
    if "Filter" in rule:
        _check_second(rule)
    elif {"Priority", "DeleteMarkerReplication"} & set(rule):
        name = "Priority" if "Priority" in rule else "DeleteMarkerReplication"
        text = f"{name} cannot be used for this version of the Cross Region Replication configuration schema. {_GUIDE}"
        raise errors.invalid_request(text)
    _check_destination(rule)


def _check_second(rule: Rule) -> None:
    """What the second version of the schema asks for: the one with filters."""
    found = rule["Filter"]
    for name in ("Priority", "DeleteMarkerReplication"):
        if name not in rule:
            text = f"{name} must be specified for this version of Cross Region Replication configuration schema. "
            raise errors.invalid_request(text + _GUIDE)
    if not 0 <= rule["Priority"] <= _PRIORITY_MAX:
        raise errors.invalid_argument("Priority must be a number between 0 and 2147483647")
    if len({"Prefix", "Tag", "And"} & set(found)) > 1:
        raise errors.malformed_xml()
    if rule["DeleteMarkerReplication"].get("Status") not in _STATUS:
        raise errors.malformed_xml()
    if is_on(rule, "DeleteMarkerReplication") and ("Tag" in found or "Tags" in found.get("And", {})):
        text = f"Delete marker replication is not supported if any Tag filter is specified. {_GUIDE}"
        raise errors.invalid_request(text)


def _check_destination(rule: Rule) -> None:
    target = rule["Destination"]
    parsed = Arn.parse(target["Bucket"])
    if parsed is None or parsed.service != "s3" or parsed.region or parsed.account or "/" in parsed.resource:
        raise errors.invalid_argument("Invalid bucket ARN.")
    if target.get("StorageClass", "STANDARD") not in rules.STORAGE_CLASSES:
        raise errors.malformed_xml()
    translation = target.get("AccessControlTranslation")
    if translation is not None and translation["Owner"] != "Destination":
        raise errors.malformed_xml()
    if translation is not None and "Account" not in target:
        raise errors.invalid_request("Account must be specified for AccessControlTranslation.")
    criteria = rule.get("SourceSelectionCriteria", {})
    for name in criteria:
        if criteria[name].get("Status") not in _STATUS:
            raise errors.malformed_xml()
    has_key = bool(target.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID"))
    if is_on(criteria, "SseKmsEncryptedObjects") and not has_key:
        text = "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is enabled."
        raise errors.invalid_request(text)
    if "EncryptionConfiguration" in target and "SseKmsEncryptedObjects" not in criteria:
        text = "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present."
        raise errors.invalid_request(text)
    _check_time(target)


def _check_time(target: Mapping[str, Any]) -> None:
    """Replication Time Control is 15 minutes, and comes with metrics."""
    time, metrics = target.get("ReplicationTime"), target.get("Metrics")
    for found in (time, metrics):
        if found is not None and found["Status"] not in _STATUS:
            raise errors.malformed_xml()
    if is_on(target, "ReplicationTime") and not is_on(target, "Metrics"):
        raise errors.invalid_request("Metrics must be enabled when ReplicationTime is enabled.")
    if is_on(target, "ReplicationTime") and "EventThreshold" not in target["Metrics"]:
        raise errors.invalid_request("EventThreshold must be specified when ReplicationTime is enabled.")
    for minutes in ((time or {}).get("Time"), (metrics or {}).get("EventThreshold")):
        if minutes is not None and minutes.get("Minutes") != _MINUTES:
            raise errors.invalid_argument("Minutes must be 15: the only value that S3 knows.")


def _check_together(found: Sequence[Rule]) -> None:
    second = [rule for rule in found if "Filter" in rule]
    if second and len(second) != len(found):
        text = f"All rules must be of one version of the Cross Region Replication configuration schema. {_GUIDE}"
        raise errors.invalid_request(text)
    priorities = [rule["Priority"] for rule in second]
    if len(priorities) != len(set(priorities)):
        raise errors.invalid_request("Found duplicate priority: each rule must have a priority of its own.")
    if second:
        return
    if len({rule["Destination"]["Bucket"] for rule in found}) > 1:
        text = f"The destination bucket must be same for all rules of this version of the schema. {_GUIDE}"
        raise errors.invalid_request(text)
    for one, other in combinations(sorted(rule["Prefix"] for rule in found), 2):
        if other.startswith(one):
            raise errors.invalid_request(f"Found overlapping prefixes '{one}' and '{other}'")


def chosen(configuration: Mapping[str, Any], key: str, entry: Entry) -> list[Rule]:
    """The rules that copy a version, one for each destination: of several, the one with the highest priority."""
    best: dict[str, Rule] = {}
    for rule in configuration["Rules"]:
        if rule["Status"] != "Enabled" or not lifecycle.means(rule, key, None if entry.is_marker else entry):
            continue
        name = destination(rule)
        if name not in best or rule.get("Priority", 0) > best[name].get("Priority", 0):
            best[name] = rule
    return [rule for rule in best.values() if _takes(rule, entry)]


def _takes(rule: Rule, entry: Entry) -> bool:
    if entry.is_marker:
        return "Filter" not in rule or is_on(rule, "DeleteMarkerReplication")
    if entry.encryption.algorithm == KMS and not is_on(
        rule.get("SourceSelectionCriteria", {}), "SseKmsEncryptedObjects"
    ):
        return False
    return entry.storage not in rules.ARCHIVED


def takes_changes(rule: Rule) -> bool:
    """Whether what is changed of a replica goes back (replica modification sync)."""
    return is_on(rule.get("SourceSelectionCriteria", {}), "ReplicaModifications")


def rule_of(configuration: Mapping[str, Any] | None, rule_id: str) -> Rule | None:
    """A rule that is still there and enabled."""
    found = (configuration or {}).get("Rules", ())
    return next((rule for rule in found if rule["ID"] == rule_id and rule["Status"] == "Enabled"), None)
