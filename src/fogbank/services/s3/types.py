"""S3's resource types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.scope import partition_of
from fogbank.control.resource_type import (
    Call,
    Change,
    Properties,
    Table,
    Wanted,
    is_on,
    listed,
    of_calls,
    some,
    tags,
)

_GONE = ("NoSuchBucket", "404", "NotFound", "NoSuchBucketPolicy")
_EVENTS = (("Queue", "Queue", "QueueArn"), ("Topic", "Topic", "TopicArn"), ("Lambda", "Function", "LambdaFunctionArn"))
_ACLS = {
    "AuthenticatedRead": "authenticated-read",
    "AwsExecRead": "aws-exec-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "BucketOwnerRead": "bucket-owner-read",
    "LogDeliveryWrite": "log-delivery-write",
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
}


def _renamed(found: Properties, names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in found.items()}


def _encryption(found: Any) -> dict[str, Any]:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = [_renamed(one, names) for one in found["ServerSideEncryptionConfiguration"]]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _lifecycle(found: Any) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(one) for one in found["Rules"]]}}


def _lifecycle_rule(found: Properties) -> dict[str, Any]:
    """A rule with its filter and its actions as S3 has them: CloudFormation has them side by side."""
    rule: dict[str, Any] = some(found, "Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    rule |= {"ID": found["Id"]} if "Id" in found else {}
    names = {"ExpirationInDays": "Days", "ExpirationDate": "Date", "ExpiredObjectDeleteMarker": None}
    ends = {new or name: found[name] for name, new in names.items() if name in found}
    rule |= {"Expiration": ends} if ends else {}
    if "NoncurrentVersionExpirationInDays" in found:
        rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": found["NoncurrentVersionExpirationInDays"]}
    moves = [*found.get("Transitions", ()), *([found["Transition"]] if "Transition" in found else ())]
    short = {"TransitionInDays": "Days", "TransitionDate": "Date"}
    rule |= {"Transitions": [_renamed(one, short) for one in moves]} if moves else {}
    single = found.get("NoncurrentVersionTransition")
    older = [*found.get("NoncurrentVersionTransitions", ()), *([single] if single else ())]
    noncurrent = {"TransitionInDays": "NoncurrentDays"}
    rule |= {"NoncurrentVersionTransitions": [_renamed(one, noncurrent) for one in older]} if older else {}
    return rule | {"Filter": _filter(found)}


def _filter(found: Properties) -> dict[str, Any]:
    parts: dict[str, Any] = some(found, "Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
    marks = found.get("TagFilters", [])
    if len(parts) + len(marks) > 1:
        return {"And": {**parts, **({"Tags": marks} if marks else {})}}
    return parts | ({"Tag": marks[0]} if marks else {}) or {"Prefix": ""}


def _notifications(found: Any) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for kind, name, arn in _EVENTS:
        rows = [
            {arn: one[name], "Events": [one["Event"]], **({"Filter": _keys(one["Filter"])} if "Filter" in one else {})}
            for one in found.get(f"{kind}Configurations", ())
        ]
        if rows:
            given["LambdaFunctionConfigurations" if kind == "Lambda" else f"{kind}Configurations"] = rows
    if is_on(found.get("EventBridgeConfiguration", {}), "EventBridgeEnabled", "EventBridgeConfiguration" in found):
        given["EventBridgeConfiguration"] = {}
    return {"NotificationConfiguration": given}


def _keys(found: Any) -> dict[str, Any]:
    return {"Key": {"FilterRules": found["S3Key"]["Rules"]}}


def _website(found: Any) -> dict[str, Any]:
    given: dict[str, Any] = some(found, "RedirectAllRequestsTo")
    given |= {"IndexDocument": {"Suffix": found["IndexDocument"]}} if "IndexDocument" in found else {}
    given |= {"ErrorDocument": {"Key": found["ErrorDocument"]}} if "ErrorDocument" in found else {}
    names = {"RedirectRule": "Redirect", "RoutingRuleCondition": "Condition"}
    rules = [_renamed(one, names) for one in found.get("RoutingRules", ())]
    return {"WebsiteConfiguration": given | ({"RoutingRules": rules} if rules else {})}


def _cors(found: Any) -> dict[str, Any]:
    names = {"Id": "ID", "ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    return {"CORSConfiguration": {"CORSRules": [_renamed(one, names) for one in found["CorsRules"]]}}


def _logging(found: Any) -> dict[str, Any]:
    given = {"TargetBucket": found["DestinationBucketName"], "TargetPrefix": found.get("LogFilePrefix", "")}
    return {"BucketLoggingStatus": {"LoggingEnabled": given}}


_SUSPENDED = ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Suspended"}})
_SECTIONS: dict[str, tuple[str, Any, Call]] = {
    "OwnershipControls": (
        "PutBucketOwnershipControls",
        lambda found: {"OwnershipControls": found},
        ("DeleteBucketOwnershipControls", {}),
    ),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        lambda found: {"PublicAccessBlockConfiguration": found},
        ("DeletePublicAccessBlock", {}),
    ),
    "AccessControl": (
        "PutBucketAcl",
        lambda found: {"ACL": _ACLS.get(found, found)},
        ("PutBucketAcl", {"ACL": "private"}),
    ),
    "VersioningConfiguration": (
        "PutBucketVersioning",
        lambda found: {"VersioningConfiguration": found},
        _SUSPENDED,
    ),
    "BucketEncryption": ("PutBucketEncryption", _encryption, ("DeleteBucketEncryption", {})),
    "LifecycleConfiguration": ("PutBucketLifecycleConfiguration", _lifecycle, ("DeleteBucketLifecycle", {})),
    "NotificationConfiguration": (
        "PutBucketNotificationConfiguration",
        _notifications,
        ("PutBucketNotificationConfiguration", {"NotificationConfiguration": {}}),
    ),
    "WebsiteConfiguration": ("PutBucketWebsite", _website, ("DeleteBucketWebsite", {})),
    "CorsConfiguration": ("PutBucketCors", _cors, ("DeleteBucketCors", {})),
    "LoggingConfiguration": ("PutBucketLogging", _logging, ("PutBucketLogging", {"BucketLoggingStatus": {}})),
    "ObjectLockConfiguration": (
        "PutObjectLockConfiguration",
        lambda found: {"ObjectLockConfiguration": found},
        ("PutObjectLockConfiguration", {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}),
    ),
}
"""Property -> the call that sets it, what the call takes, and the call that undoes it."""


def _name(wanted: Wanted) -> str:
    return str(wanted.properties.get("BucketName", wanted.name.lower()))


def _create(wanted: Wanted) -> Call:
    region = wanted.scope.region
    params: dict[str, Any] = {"Bucket": _name(wanted)}
    if region != "us-east-1":
        params["CreateBucketConfiguration"] = {"LocationConstraint": region}
    if is_on(wanted.properties, "ObjectLockEnabled"):
        params["ObjectLockEnabledForBucket"] = True
    return "CreateBucket", params


def _sections(bucket: str, before: Properties, after: Properties) -> list[Call]:
    calls: list[Call] = []
    before, after = _telling(before), _telling(after)
    for name, (operation, params, (undo, nothing)) in _SECTIONS.items():
        if name in after and before.get(name) != after[name]:
            calls.append((operation, {"Bucket": bucket, **params(after[name])}))
        elif name in before and name not in after:
            calls.append((undo, {"Bucket": bucket, **nothing}))
    return calls


def _telling(found: Properties) -> Properties:
    """Properties without what says nothing: a bucket is private, and most take no ACL, not even one that says so."""
    return {name: value for name, value in found.items() if (name, value) != ("AccessControl", "Private")}


def _afterwards(bucket: str, wanted: Wanted) -> list[Call]:
    found = tags(wanted.tags, wanted.properties.get("Tags"))
    calls = _sections(bucket, {}, wanted.properties)
    return calls + ([_tagged(bucket, found)] if found else [])


def _tagged(bucket: str, found: Mapping[str, str]) -> Call:
    return "PutBucketTagging", {"Bucket": bucket, "Tagging": {"TagSet": listed(found)}}


def _retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    found = tags(change.tags, change.after.get("Tags"))
    return [_tagged(change.id, found)] if found else [("DeleteBucketTagging", {"Bucket": change.id})]


def _attributes(bucket: str, properties: Properties, answer: dict[str, Any]) -> dict[str, Any]:
    region = answer.get("LocationConstraint") or "us-east-1"
    return {
        "Arn": f"arn:{partition_of(region)}:s3:::{bucket}",
        "DomainName": f"{bucket}.s3.amazonaws.com",
        "DualStackDomainName": f"{bucket}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{bucket}.s3-website-{region}.amazonaws.com",
    }


def _put_policy(bucket: str, properties: Properties) -> list[Call]:
    return [("PutBucketPolicy", {"Bucket": bucket, "Policy": properties["PolicyDocument"]})]


TYPES = (
    of_calls(
        Table(
            "AWS::S3::Bucket",
            "s3",
            taken=lambda wanted: ("HeadBucket", {"Bucket": _name(wanted)}),
            create=_create,
            identity=lambda answer, wanted: _name(wanted),
            afterwards=_afterwards,
            update=lambda change: _sections(change.id, change.before, change.after),
            retag=_retag,
            delete=lambda bucket, properties: [("DeleteBucket", {"Bucket": bucket})],
            look=lambda bucket: ("GetBucketLocation", {"Bucket": bucket}),
            attributes=_attributes,
            absent=_GONE,
            known=frozenset((*_SECTIONS, "BucketName", "ObjectLockEnabled", "Tags")),
            replaces=frozenset(("BucketName", "ObjectLockEnabled")),
        )
    ),
    of_calls(
        Table(
            "AWS::S3::BucketPolicy",
            "s3",
            create=lambda wanted: _put_policy(wanted.properties["Bucket"], wanted.properties)[0],
            identity=lambda answer, wanted: str(wanted.properties["Bucket"]),
            update=lambda change: _put_policy(change.id, change.after),
            delete=lambda bucket, properties: [("DeleteBucketPolicy", {"Bucket": bucket})],
            absent=_GONE,
            required=("Bucket", "PolicyDocument"),
            known=frozenset(("Bucket", "PolicyDocument")),
            replaces=frozenset(("Bucket",)),
        )
    ),
)
