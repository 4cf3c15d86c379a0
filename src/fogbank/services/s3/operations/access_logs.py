"""Server access logging of buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3 import access_logs, acls, buckets, errors, permissions
from fogbank.services.s3.resources import Bucket

_PERMISSIONS = ("FULL_CONTROL", "READ", "WRITE")
_DATES = ("EventTime", "DeliveryTime")


def put_bucket_logging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    asked = req["BucketLoggingStatus"].get("LoggingEnabled")
    if asked is None:
        buckets.configure(ctx, bucket, access_logs.NOUN, None)
        return {}
    _check_format(asked.get("TargetObjectKeyFormat"))
    _check_target(ctx, bucket, asked)
    buckets.configure(ctx, bucket, access_logs.NOUN, asked)
    return {}


def get_bucket_logging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = buckets.configuration(ctx, buckets.of(ctx, req), access_logs.NOUN)
    return {} if found is None else {"LoggingEnabled": found}


def _check_format(asked: Mapping[str, Any] | None) -> None:
    if asked is None:
        return
    if len({"SimplePrefix", "PartitionedPrefix"} & set(asked)) != 1:
        raise errors.malformed_xml()
    if asked.get("PartitionedPrefix", {}).get("PartitionDateSource", "EventTime") not in _DATES:
        raise errors.malformed_xml()


def _check_target(ctx: Context, bucket: Bucket, asked: Mapping[str, Any]) -> None:
    """Raises what refuses a bucket that logs are to go to."""
    name = asked["TargetBucket"]
    target = buckets.find(ctx, name)
    if target is None:
        raise _invalid("The target bucket for logging does not exist", name)
    if target.account != bucket.account:
        raise _invalid("The owner for the bucket to be logged and the target bucket must be the same.", name)
    if target.region != bucket.region:
        text = "Cross S3 location logging not allowed. "
        text += f"Source bucket in {bucket.region} cannot log to a target bucket in {target.region}."
        raise AwsError("CrossLocationLoggingProhibitted", text, status=403, SourceBucketLocation=bucket.region)
    if target.payer == "Requester" or target.lock.mode:
        text = "The target bucket for logging must not be one where requesters pay, or with a default retention."
        raise _invalid(text, name)
    grants = asked.get("TargetGrants") or ()
    if grants and not target.has_acls:
        text = "Target grants not allowed for bucket owner enforced buckets"
        raise AwsError("AccessControlListNotSupported", text, status=400)
    if any(grant.get("Permission") not in _PERMISSIONS or not grant.get("Grantee") for grant in grants):
        raise errors.malformed_xml()
    owner = acls.canonical_id(target.account)
    acls.from_document({"Owner": {"ID": owner}, "Grants": grants}, target.account)
    courier = access_logs.courier(ctx, bucket)
    try:
        courier.authorize(permissions.of_delivery(courier, target, f"{asked['TargetPrefix']}x"))
    except AwsError:
        text = "You must give the log-delivery group WRITE and READ_ACP permissions to the target bucket"
        raise _invalid(text, name) from None


def _invalid(text: str, target: str) -> AwsError:
    return AwsError("InvalidTargetBucketForLogging", text, status=400, TargetBucket=target)
