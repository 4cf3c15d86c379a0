"""What happens to objects, told in the transaction that makes it happen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from fogbank.aws.errors import AwsError
from fogbank.codec.errors import host_id
from fogbank.control import target as targets
from fogbank.control.context import Context, Source
from fogbank.control.target import Parcel
from fogbank.services.s3 import acls, buckets, notifications, replicas
from fogbank.services.s3.entries import Entry
from fogbank.services.s3.resources import Bucket, Notice

_SUBJECT = "Amazon S3 Notification"


class Facts(NamedTuple):
    """The object that an event is about."""

    key: str
    entry: Entry
    """The version that came, went or changed; for a delete marker the marker itself."""
    more: Mapping[str, Any] = {}
    """What messages tell beside (`replicationEventData`)."""


def changed(ctx: Context, bucket: Bucket, event_name: str, facts: Facts) -> None:
    """Told of every event of an object (`ObjectCreated:Put`), inside its transaction: what is written here commits
    with the change itself, or not at all.
    """
    if "replication" in bucket.configured:
        replicas.note(ctx, bucket, event_name, facts.key, facts.entry)
    if "notification" not in bucket.configured:
        return
    configuration = buckets.configuration(ctx, bucket, "notification") or {}
    told = _told(ctx, bucket, event_name, facts)
    for id_, arn in notifications.listeners(configuration, event_name, facts.key):
        body = orjson.dumps(notifications.message(told, id_, host_id(ctx.request_id), facts.more)).decode()
        notice = Notice(id=ctx.uuid(), bucket=bucket.name, arn=arn, body=body, began_at=ctx.now)
        error = attempt(ctx, bucket, notice)
        if error is not None and not targets.is_final(error):
            ctx.at(bucket.region, bucket.account).put(notice)
    if "EventBridgeConfiguration" in configuration:
        bridged = notifications.bridged(told, ctx.caller.account or "anonymous")
        if bridged is not None:
            home = ctx.at(bucket.region, bucket.account)
            home.emit(*bridged, resources=[buckets.arn(bucket, ctx.partition)])


def attempt(ctx: Context, bucket: Bucket, notice: Notice) -> AwsError | None:
    """Send a notice; returns what its destination said against it."""
    home = ctx.at(bucket.region, bucket.account)
    source = Source(buckets.arn(bucket, ctx.partition), bucket.account)
    try:
        targets.deliver(home.as_service(source), notice.arn, Parcel(notice.body, subject=_SUBJECT))
    except AwsError as error:
        return error
    return None


def _told(ctx: Context, bucket: Bucket, event_name: str, facts: Facts) -> notifications.Told:
    entry, caller = facts.entry, ctx.caller.principal
    return notifications.Told(
        name=event_name,
        bucket=bucket.name,
        bucket_arn=buckets.arn(bucket, ctx.partition),
        region=bucket.region,
        owner_id=acls.canonical_id(bucket.account),
        key=facts.key,
        size=entry.size,
        etag=entry.etag,
        version_id=entry.version_id if bucket.versioning else "",
        sequencer=f"{int(ctx.now * 1000):012X}{entry.sequence:06X}",
        at=ctx.now,
        principal_id=f"AWS:{caller.user_id or caller.service or caller.account or 'ANONYMOUS'}",
        source_ip=ctx.origin.source_ip,
        request_id=ctx.request_id,
        is_marker=entry.is_marker,
    )
