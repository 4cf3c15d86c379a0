"""Buckets: made, found, listed, deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.model.regions import is_region
from fogbank.services.s3 import acls, buckets, errors, permissions, rules, versions
from fogbank.services.s3.entries import space
from fogbank.services.s3.resources import ENFORCED, Bucket

_HOME = "us-east-1"
_CONSTRAINTS = {"EU": "eu-west-1"}
_OWNERSHIP = (ENFORCED, "BucketOwnerPreferred", "ObjectWriter")


def create_bucket(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, account = req["Bucket"], ctx.account
    rules.check_bucket_name(name, req.get("BucketNamespace", ""), f"{account}-{ctx.region}")
    configuration = req.get("CreateBucketConfiguration") or {}
    constraint = configuration.get("LocationConstraint") or ""
    region = _region(ctx, constraint)
    answer = {"Location": f"/{name}" if region == _HOME else f"http://{name}.s3.amazonaws.com/"}
    answer["BucketArn"] = f"arn:{ctx.partition}:s3:::{name}"
    found = buckets.find(ctx, name)
    if found is not None:
        _refuse(found, account, region)
        return answer
    buckets.check_quota(ctx, account, rules.BUCKETS_MAX)
    is_locked = bool(req.get("ObjectLockEnabledForBucket"))
    bucket = Bucket(
        name=name,
        account=account,
        region=region,
        created_at=ctx.now,
        constraint=constraint if constraint in _CONSTRAINTS else "",
        versioning="Enabled" if is_locked else "",
        ownership=req.get("ObjectOwnership", ENFORCED),
        tags=rules.checked_tags(list(tags.read(configuration.get("Tags")).items()), rules.BUCKET_TAGS_MAX),
        is_locked=is_locked,
    )
    if bucket.ownership not in _OWNERSHIP:
        raise errors.invalid_argument(
            "Invalid x-amz-object-ownership header", "x-amz-object-ownership", bucket.ownership
        )
    buckets.save(ctx, msgspec.structs.replace(bucket, grants=_grants(bucket, req)))
    return answer


def head_bucket(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    permissions.check_head(ctx, bucket)
    return {"BucketRegion": bucket.region, "BucketArn": buckets.arn(bucket, ctx.partition), "AccessPointAlias": False}


def get_bucket_location(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    region = bucket.constraint or bucket.region
    return {} if region == _HOME else {"LocationConstraint": region}


def delete_bucket(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if not versions.is_empty(ctx, bucket):
        versioned = " You must delete all versions in the bucket." if bucket.versioning else ""
        text = f"The bucket you tried to delete is not empty.{versioned}"
        raise AwsError("BucketNotEmpty", text, status=409, BucketName=bucket.name)
    _abort_uploads(ctx, bucket)
    for noun in ("object", "version", "null", "alias", "body", "manifest", "upload", "log"):
        ctx.delete_item(space(ctx.partition, noun, bucket.name), None)
    buckets.remove(ctx, bucket)
    return {}


def list_buckets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    prefix, region = req.get("Prefix", ""), req.get("BucketRegion")
    after = paging.after(
        req.get("ContinuationToken"), "InvalidArgument", "The continuation token provided is incorrect"
    )
    limit = req.get("MaxBuckets")
    if limit is not None and not 1 <= limit <= rules.BUCKETS_MAX:
        text = f"Argument max-buckets must be an integer between 1 and {rules.BUCKETS_MAX}"
        raise errors.invalid_argument(text, "max-buckets", limit)
    found = [
        bucket
        for bucket in buckets.owned(ctx, ctx.account)
        if bucket.name > after and bucket.name.startswith(prefix) and region in (None, bucket.region)
    ]
    page, token = paging.page(found, limit or rules.BUCKETS_MAX, lambda bucket: bucket.name)
    rows = []
    is_paged = any(name in req for name in ("MaxBuckets", "Prefix", "BucketRegion", "ContinuationToken"))
    for bucket in page:
        row = {"Name": bucket.name, "CreationDate": bucket.created_at, "BucketArn": buckets.arn(bucket, ctx.partition)}
        rows.append({**row, "BucketRegion": bucket.region} if is_paged else row)
    answer: dict[str, Any] = {"Buckets": rows, "Owner": acls.owner(ctx.account)}
    if prefix:
        answer["Prefix"] = prefix
    return {**answer, "ContinuationToken": token} if token else answer


def _region(ctx: Context, constraint: str) -> str:
    """Where a bucket is to be. Raises InvalidLocationConstraint and IllegalLocationConstraintException.

    From us-east-1 buckets are made everywhere; every other region's endpoint makes its own only.
    """
    if not constraint:
        if ctx.region != _HOME:
            text = (
                "The unspecified location constraint is incompatible for the region specific endpoint this request was "
                "sent to."
            )
            raise AwsError("IllegalLocationConstraintException", text, status=400)
        return ctx.region
    region = _CONSTRAINTS.get(constraint, constraint)
    if region == _HOME or not is_region(region):
        text = "The specified location-constraint is not valid"
        raise AwsError("InvalidLocationConstraint", text, status=400, LocationConstraint=constraint)
    if ctx.region not in (_HOME, region):
        text = (
            f"The {constraint} location constraint is incompatible for the region specific endpoint this request was "
            "sent to."
        )
        raise AwsError("IllegalLocationConstraintException", text, status=400)
    return region


def _refuse(found: Bucket, account: str, region: str) -> None:
    """Raises for a name that is taken; in us-east-1 alone an owner may make its bucket again."""
    if found.account != account:
        text = (
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again."
        )
        raise AwsError("BucketAlreadyExists", text, status=409, BucketName=found.name)
    if region != _HOME or found.region != _HOME:
        text = "Your previous request to create the named bucket succeeded and you already own it."
        raise AwsError("BucketAlreadyOwnedByYou", text, status=409, BucketName=found.name)


def _grants(bucket: Bucket, req: dict[str, Any]) -> tuple[Any, ...]:
    if not acls.asks(req) or req.get("ACL") == "private":
        return ()
    if not bucket.has_acls:
        text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise AwsError("InvalidBucketAclWithObjectOwnership", text, status=400)
    return acls.from_request(bucket, bucket.account, req, of_bucket=True)


def _abort_uploads(ctx: Context, bucket: Bucket) -> None:
    """A bucket without objects may go with uploads under way in it."""
    from fogbank.services.s3 import uploads
    from fogbank.services.s3.entries import decode_upload

    where = space(ctx.partition, "upload", bucket.name)
    while rows := ctx.items(where):
        for _, row in rows:
            uploads.remove(ctx, bucket, decode_upload(row))
