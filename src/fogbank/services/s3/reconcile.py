"""What time does to buckets: lifecycle rules act at midnight, and notices that were not taken are sent again."""

from __future__ import annotations

import asyncio

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.s3 import access_logs, buckets, lifecycle, notices, replicas, sweeping
from fogbank.services.s3.resources import LogBatch, Notice

_NOTICE_SECONDS_MAX = 86_400.0
_BACK_OFF_SECONDS = 1.0
_LOG_RETRY_SECONDS = 60.0


async def configuration(ctx: Context, key: str) -> After | None:
    """Look at one setting of a bucket: lifecycle rules act at midnight, on a page of keys in each transaction."""
    name, noun, _ = key.split("\x00", 2)
    if noun != "lifecycle":
        return None
    with ctx.begin():
        bucket = buckets.find(ctx, name)
        found = buckets.configuration(ctx, bucket, noun) if bucket is not None else None
        if found is None:
            return None
        if found["RunAt"] > ctx.now:
            return After(found["RunAt"] - ctx.now)
    start: str | None = ""
    while start is not None:
        with ctx.begin():
            bucket = buckets.find(ctx, name)
            found = buckets.configuration(ctx, bucket, noun) if bucket is not None else None
            if bucket is None or found is None:
                return None
            start = sweeping.sweep(ctx, bucket, found, start)
            if start is None:
                buckets.configure(ctx, bucket, noun, {**found, "RunAt": lifecycle.next_run(ctx.now)})
        await asyncio.sleep(0)
    return None


async def notice(ctx: Context, key: str) -> After | None:
    """Send a notice again, with longer and longer pauses, for a day."""
    with ctx.begin():
        found = ctx.get(Notice, key)
        if found is None:
            return None
        if found.due_at > ctx.now:
            return After(found.due_at - ctx.now)
        bucket = buckets.find(ctx, found.bucket)
        error = notices.attempt(ctx, bucket, found) if bucket is not None else None
        if error is None or targets.is_final(error) or ctx.now - found.began_at > _NOTICE_SECONDS_MAX:
            ctx.delete(Notice, key)
            return None
        wait = min(_BACK_OFF_SECONDS * 2.0**found.tried, 600.0)
        ctx.put(msgspec.structs.replace(found, tried=found.tried + 1, due_at=ctx.now + wait))
    return None


async def log_batch(ctx: Context, key: str) -> After | None:
    """Deliver the lines of a bucket's access log, five minutes after the first of them; refused ones are given up."""
    while True:
        with ctx.begin():
            found = ctx.get(LogBatch, key)
            if found is None:
                return None
            if found.due_at > ctx.now:
                return After(found.due_at - ctx.now)
            bucket = buckets.find(ctx, key)
            lot = access_logs.lot(ctx, bucket) if bucket is not None else None
            if bucket is None or lot is None:
                access_logs.drop(ctx, key)
                ctx.delete(LogBatch, key)
                return None
        try:
            await access_logs.courier(ctx, bucket).invoke("s3", "PutObject", **lot.request)
        except AwsError as error:
            if not targets.is_final(error):
                return After(_LOG_RETRY_SECONDS)
        with ctx.begin():
            access_logs.delivered(ctx, bucket, lot.last)


async def replica(ctx: Context, key: str) -> After | None:
    """Copy what is due of a key to other buckets, a version in each transaction, in the order of the changes."""
    name, object_key, _ = key.split("\x00", 2)
    while True:
        with ctx.begin():
            first = replicas.advance(ctx, name, object_key)
            now = ctx.now
        if first is None:
            return None
        if first.due_at > now:
            return After(first.due_at - now)
        await asyncio.sleep(0)
