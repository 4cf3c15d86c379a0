"""Tags of buckets, by ARN: s3 keeps them."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control import caller as callers
from fogbank.control.context import Context


def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _save(ctx, req, {**_known(ctx, req), **tags.read(req["Tags"])})
    return {}


def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    gone = set(req["TagKeys"])
    _save(ctx, req, {key: value for key, value in _known(ctx, req).items() if key not in gone})
    return {}


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tags.written(_known(ctx, req))}


def _known(ctx: Context, req: dict[str, Any]) -> dict[str, str]:
    try:
        return tags.read(_asked(ctx, "GetBucketTagging", req)["TagSet"])
    except AwsError as error:
        if error.code != "NoSuchTagSet":
            raise
        return {}


def _save(ctx: Context, req: dict[str, Any], tagged: dict[str, str]) -> None:
    if tagged:
        _asked(ctx, "PutBucketTagging", req, Tagging={"TagSet": tags.written(tagged)})
    else:
        _asked(ctx, "DeleteBucketTagging", req)


def _asked(ctx: Context, operation: str, req: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Ask s3 on the account's behalf: what the caller may do has been decided by the action on the ARN.

    Raises InvalidRequest for an ARN that is none of S3's, NotImplemented for what is no bucket.
    """
    arn = Arn.parse(req["ResourceArn"])
    if arn is None or arn.service not in ("s3", "s3express"):
        raise AwsError("InvalidRequest", "The resource ARN is not valid.", status=400)
    if arn.service != "s3" or arn.region or "/" in arn.resource:
        raise NotImplementedByFogbank("s3control", f"{ctx.operation} for {arn.resource}")
    account = ctx.authorized_as(callers.root(req["AccountId"], ctx.region))
    return account.call("s3", operation, Bucket=arn.resource, ExpectedBucketOwner=req["AccountId"], **more)
