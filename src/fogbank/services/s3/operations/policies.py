"""Bucket policies."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fogbank.control.context import Context
from fogbank.services.s3 import blocks, buckets, errors, policies


def put_bucket_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    document = req["Policy"]
    policies.check_policy(document, bucket.name, ctx.partition)
    is_public = policies.is_public(document)
    if is_public and blocks.effective(ctx, bucket).block_policy:
        arn = buckets.arn(bucket, ctx.partition)
        raise errors.access_denied(
            f'User: {ctx.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "{arn}" because '
            "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        )
    buckets.save(ctx, replace(bucket, policy=document, is_public=is_public))
    return {}


def get_bucket_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if not bucket.policy:
        raise errors.missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
    return {"Policy": bucket.policy}


def delete_bucket_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.save(ctx, replace(buckets.of(ctx, req), policy="", is_public=False))
    return {}


def get_bucket_policy_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if not bucket.policy:
        raise errors.missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
    return {"PolicyStatus": {"IsPublic": bucket.is_public}}
