"""Buckets found, in the one scope of a partition where all of them lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.scope import Scope
from fogbank.control.context import Context
from fogbank.services.s3 import errors, rules
from fogbank.services.s3.resources import Bucket, Configuration


def home(ctx: Context) -> Scope:
    """Where the partition's buckets lie."""
    return Scope(ctx.scope.partition, "", "")


def find(ctx: Context, name: str) -> Bucket | None:
    return ctx.transaction.get(Bucket, home(ctx), name)


def of(ctx: Context, req: Mapping[str, Any]) -> Bucket:
    """The bucket that a request names. Raises NoSuchBucket; AccessDenied where another owner was expected; and what is
    wrong with the key, where there is one.
    """
    if "Key" in req:
        rules.check_key(req["Key"])
    return expected(ctx, req["Bucket"], req.get("ExpectedBucketOwner"))


def expected(ctx: Context, name: str, owner: str | None) -> Bucket:
    bucket = find(ctx, name)
    if bucket is None:
        raise errors.no_such_bucket(name)
    if owner is not None and owner != bucket.account:
        raise errors.access_denied()
    return bucket


def save(ctx: Context, bucket: Bucket) -> None:
    ctx.transaction.put(home(ctx), bucket)


def owned(ctx: Context, account: str) -> list[Bucket]:
    """An account's buckets in all regions, by name."""
    return ctx.transaction.find(Bucket, home(ctx), "by_account", account)


def remove(ctx: Context, bucket: Bucket) -> None:
    """Take a bucket away with all its configurations."""
    where = home(ctx)
    for found in list(ctx.transaction.scan(Configuration, where, bucket.name)):
        ctx.transaction.delete(Configuration, where, found.bucket, found.noun, found.id)
    ctx.transaction.delete(Bucket, where, bucket.name)


def configuration(ctx: Context, bucket: Bucket, noun: str) -> Mapping[str, Any] | None:
    """A setting as it was put, None for none."""
    if noun not in bucket.configured:
        return None
    found = ctx.transaction.get(Configuration, home(ctx), bucket.name, noun, "")
    return None if found is None else found.value


def configure(ctx: Context, bucket: Bucket, noun: str, value: Mapping[str, Any] | None) -> None:
    """Put a setting, or with None take it away."""
    others = tuple(one for one in bucket.configured if one != noun)
    if value is None:
        ctx.transaction.delete(Configuration, home(ctx), bucket.name, noun, "")
    else:
        others = (*others, noun)
        ctx.transaction.put(home(ctx), Configuration(bucket=bucket.name, noun=noun, value=value))
    save(ctx, msgspec.structs.replace(bucket, configured=others))


def arn(bucket: Bucket, partition: str, key: str | None = None) -> str:
    name = f"arn:{partition}:s3:::{bucket.name}"
    return name if key is None else f"{name}/{key}"


def check_quota(ctx: Context, account: str, most: int) -> None:
    if len(owned(ctx, account)) >= most:
        text = "You have attempted to create more buckets than allowed"
        raise AwsError("TooManyBuckets", text, status=400)
