"""Event notifications: which configurations an event is for, and the messages that they send.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from fogbank.aws.arns import Arn
from fogbank.services.s3 import errors

KINDS = {
    "TopicConfigurations": ("TopicArn", "sns"),
    "QueueConfigurations": ("QueueArn", "sqs"),
    "LambdaFunctionConfigurations": ("LambdaFunctionArn", "lambda"),
}
_EVENTS = frozenset(
    """
    s3:TestEvent s3:ReducedRedundancyLostObject s3:ObjectCreated:* s3:ObjectCreated:Put s3:ObjectCreated:Post
    s3:ObjectCreated:Copy s3:ObjectCreated:CompleteMultipartUpload s3:ObjectRemoved:* s3:ObjectRemoved:Delete
    s3:ObjectRemoved:DeleteMarkerCreated s3:ObjectRestore:* s3:ObjectRestore:Post s3:ObjectRestore:Completed
    s3:ObjectRestore:Delete s3:Replication:* s3:Replication:OperationFailedReplication
    s3:Replication:OperationMissedThreshold s3:Replication:OperationReplicatedAfterThreshold
    s3:Replication:OperationNotTracked s3:LifecycleExpiration:* s3:LifecycleExpiration:Delete
    s3:LifecycleExpiration:DeleteMarkerCreated s3:LifecycleTransition s3:IntelligentTiering s3:ObjectTagging:*
    s3:ObjectTagging:Put s3:ObjectTagging:Delete s3:ObjectAcl:Put
    """.split()
)
_BRIDGED = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "LifecycleExpiration": "Object Deleted",
    "ObjectAcl": "Object ACL Updated",
}
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
    "LifecycleExpiration:Delete": "Lifecycle Expiration",
    "LifecycleExpiration:DeleteMarkerCreated": "Lifecycle Expiration",
}
Configuration = Mapping[str, Any]


class Told(NamedTuple):
    """An event of an object, as messages tell it."""

    name: str
    """`ObjectCreated:Put`."""
    bucket: str
    bucket_arn: str
    region: str
    owner_id: str
    key: str
    size: int
    etag: str
    version_id: str
    sequencer: str
    at: float
    principal_id: str
    source_ip: str
    request_id: str
    is_marker: bool = False


def listeners(configuration: Configuration, name: str, key: str) -> Iterator[tuple[str, str]]:
    """(configuration id, ARN) of everyone who is to be told of an event of a key."""
    for kind, (member, _) in KINDS.items():
        for one in configuration.get(kind, ()):
            if any(_covers(event, f"s3:{name}") for event in one["Events"]) and _wants(one, key):
                yield one.get("Id", ""), one[member]


def _covers(pattern: str, event: str) -> bool:
    return pattern == event or (pattern.endswith("*") and event.startswith(pattern[:-1]))


def _wants(one: Configuration, key: str) -> bool:
    prefix, suffix = _filter_of(one)
    return key.startswith(prefix) and key.endswith(suffix)


def _filter_of(one: Configuration) -> tuple[str, str]:
    rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    named = {rule["Name"].lower(): rule.get("Value", "") for rule in rules}
    return named.get("prefix", ""), named.get("suffix", "")


def check(configuration: Configuration, region: str) -> list[str]:
    """The ARNs that a configuration tells. Raises InvalidArgument for what S3 refuses."""
    found: list[tuple[Configuration, str]] = []
    for kind, (member, service) in KINDS.items():
        for one in configuration.get(kind, ()):
            _check_one(one, one[member], service, region)
            found.append((one, one[member]))
    ids = [one["Id"] for one, _ in found if "Id" in one]
    if len(ids) != len(set(ids)):
        raise errors.invalid_argument("Same ID used for multiple configurations.")
    for (first, _), (second, _) in combinations(found, 2):
        if _overlap(first, second):
            raise errors.invalid_argument(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type."
            )
    return [arn for _, arn in found]


def _check_one(one: Configuration, arn: str, service: str, region: str) -> None:
    for event in one["Events"]:
        if event not in _EVENTS:
            raise errors.invalid_argument("The event is not supported for notifications")
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != service:
        raise errors.invalid_argument("The ARN could not be parsed", "NotificationConfiguration", arn)
    if parsed.region != region:
        text = "The notification destination service region is not valid for the bucket location constraint"
        raise errors.invalid_argument(text, "NotificationConfiguration", arn)
    if parsed.resource.endswith(".fifo"):
        raise errors.invalid_argument(f"FIFO {service.upper()} destinations are not supported", arn)
    names = [rule["Name"].lower() for rule in one.get("Filter", {}).get("Key", {}).get("FilterRules", ())]
    for name in names:
        if name not in ("prefix", "suffix"):
            raise errors.invalid_argument("filter rule name must be either prefix or suffix", "FilterRule", name)
        if names.count(name) > 1:
            raise errors.invalid_argument(f"Cannot specify more than one {name} rule in a filter.")


def _overlap(first: Configuration, second: Configuration) -> bool:
    """Whether some event of some key is for both."""
    events = any(_covers(one, two) or _covers(two, one) for one in first["Events"] for two in second["Events"])
    (prefix, suffix), (other_prefix, other_suffix) = _filter_of(first), _filter_of(second)
    prefixes = prefix.startswith(other_prefix) or other_prefix.startswith(prefix)
    suffixes = suffix.endswith(other_suffix) or other_suffix.endswith(suffix)
    return events and prefixes and suffixes


def message(told: Told, configuration_id: str, host_id: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The message of an event, in the structure of version 2.1, or 2.2 where it tells more."""
    thing: dict[str, Any] = {"key": quote_plus(told.key, safe="/"), "sequencer": told.sequencer}
    if not told.name.startswith(("ObjectRemoved", "LifecycleExpiration")):
        thing |= {"size": told.size, "eTag": told.etag}
    if told.version_id:
        thing["versionId"] = told.version_id
    record = {
        "eventVersion": "2.2" if more else "2.1",
        "eventSource": "aws:s3",
        "awsRegion": told.region,
        "eventTime": _iso(told.at),
        "eventName": told.name,
        "userIdentity": {"principalId": told.principal_id},
        "requestParameters": {"sourceIPAddress": told.source_ip},
        "responseElements": {"x-amz-request-id": told.request_id, "x-amz-id-2": host_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {"name": told.bucket, "ownerIdentity": {"principalId": told.owner_id}, "arn": told.bucket_arn},
            "object": thing,
        },
        **(more or {}),
    }
    return {"Records": [record]}


def test_message(bucket: str, at: float, request_id: str, host_id: str) -> dict[str, Any]:
    """What S3 sends to a destination before it takes a configuration."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _iso(at),
        "Bucket": bucket,
        "RequestId": request_id,
        "HostId": host_id,
    }


def bridged(told: Told, requester: str) -> tuple[str, dict[str, Any]] | None:
    """(detail type, detail) of an event for EventBridge, None for one that it is not told.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    family, _, kind = told.name.partition(":")
    detail_type = _BRIDGED.get(family)
    if family == "ObjectTagging":
        detail_type = "Object Tags Added" if kind == "Put" else "Object Tags Deleted"
    if detail_type is None:
        return None
    thing: dict[str, Any] = {"key": told.key, "sequencer": told.sequencer}
    if family == "ObjectCreated":
        thing["size"] = told.size
    if not told.is_marker and family != "ObjectRemoved":
        thing["etag"] = told.etag
    if told.version_id:
        thing["version-id"] = told.version_id
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": told.bucket},
        "object": thing,
        "request-id": told.request_id,
        "requester": requester,
        "source-ip-address": told.source_ip,
    }
    if told.name in _REASONS:
        detail["reason"] = _REASONS[told.name]
    if detail_type == "Object Deleted":
        detail["deletion-type"] = "Delete Marker Created" if told.is_marker else "Permanently Deleted"
    return detail_type, detail


def _iso(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
