"""Event notifications of buckets."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.aws.errors import AwsError
from fogbank.codec.errors import host_id
from fogbank.control.context import Context
from fogbank.services.s3 import buckets, notices, notifications
from fogbank.services.s3.resources import Bucket, Notice

_NOUN = "notification"
_KINDS = (*notifications.KINDS, "EventBridgeConfiguration")


def put_bucket_notification_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    configuration = _with_ids(ctx, req["NotificationConfiguration"])
    arns = notifications.check(configuration, bucket.region)
    before = buckets.configuration(ctx, bucket, _NOUN) or {}
    known = {one[member] for kind, (member, _) in notifications.KINDS.items() for one in before.get(kind, ())}
    if not req.get("SkipDestinationValidation"):
        _try(ctx, bucket, sorted(set(arns) - known))
    kept = {kind: configuration[kind] for kind in _KINDS if kind in configuration}
    buckets.configure(ctx, bucket, _NOUN, kept or None)
    return {}


def get_bucket_notification_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return dict(buckets.configuration(ctx, buckets.of(ctx, req), _NOUN) or {})


def _with_ids(ctx: Context, configuration: dict[str, Any]) -> dict[str, Any]:
    """A configuration in which each part has an id, as S3 gives those that come without."""
    found = dict(configuration)
    for kind in notifications.KINDS:
        if kind in found:
            found[kind] = [{"Id": ctx.uuid(), **one} for one in found[kind]]
    return found


def _try(ctx: Context, bucket: Bucket, arns: list[str]) -> None:
    """Send the test message to new destinations. Raises InvalidArgument if one does not take it."""
    told = notifications.test_message(bucket.name, ctx.now, ctx.request_id, host_id(ctx.request_id))
    body = orjson.dumps(told).decode()
    for arn in arns:
        notice = Notice(id="", bucket=bucket.name, arn=arn, body=body, began_at=ctx.now)
        mark = ctx.transaction.savepoint()
        error = notices.attempt(ctx, bucket, notice)
        if ":lambda:" in arn:
            # Functions are not run for a test: S3 looks whether it may.
            ctx.transaction.rollback(mark)
        if error is None:
            continue
        text = "Unable to validate the following destination configurations"
        reason = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
        if ":lambda:" in arn:
            reason = f"Not authorized to invoke function [{arn}]"
        raise AwsError(
            "InvalidArgument",
            text,
            status=400,
            ArgumentName1=arn,
            ArgumentValue1=reason if "AccessDenied" in error.code else error.message,
        )
