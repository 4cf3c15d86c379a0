"""Block public access: a bucket's own, and that of its account, which s3control keeps."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fogbank.aws.errors import AwsError
from fogbank.aws.scope import REGION_GLOBAL, Scope
from fogbank.control.context import Context
from fogbank.services.s3.resources import Block, Bucket

OPEN = Block(block_acls=False, ignore_acls=False, block_policy=False, restrict=False)
FIELDS = {
    "BlockPublicAcls": "block_acls",
    "IgnorePublicAcls": "ignore_acls",
    "BlockPublicPolicy": "block_policy",
    "RestrictPublicBuckets": "restrict",
}


class _Known:
    """What accounts block, each with the number of the change to `s3control` that it was asked after."""

    def __init__(self) -> None:
        self.blocks: dict[tuple[str, str], tuple[int, Block]] = {}


def effective(ctx: Context, bucket: Bucket) -> Block:
    """What is blocked for a bucket: by itself, or by its account. Asked only where something public is about to count.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    own, others = bucket.block or OPEN, _of_account(ctx, bucket.account)
    if others is OPEN:
        return own
    return Block(**{field: getattr(own, field) or getattr(others, field) for field in FIELDS.values()})


def shielded(ctx: Context, bucket: Bucket) -> Bucket:
    """The bucket as a check of what is put sees it, with what its account blocks."""
    return replace(bucket, block=effective(ctx, bucket))


def read(configuration: dict[str, Any]) -> Block:
    """A PublicAccessBlockConfiguration as a record keeps it."""
    return Block(**{field: bool(configuration.get(name)) for name, field in FIELDS.items()})


def _of_account(ctx: Context, account: str) -> Block:
    known = ctx.held(_Known).blocks
    changes = ctx.changes("s3control", Scope(ctx.partition, account, REGION_GLOBAL))
    found = known.get((ctx.partition, account))
    if found is None or found[0] != changes:
        found = known[ctx.partition, account] = (changes, _asked(ctx, account))
    return found[1]


def _asked(ctx: Context, account: str) -> Block:
    if not ctx.has_service("s3control"):
        return OPEN
    asking = ctx.at(account=account).as_service()
    try:
        found = asking.call("s3control", "GetPublicAccessBlock", AccountId=account)
    except AwsError as error:
        if error.code != "NoSuchPublicAccessBlockConfiguration":
            raise
        return OPEN
    block = read(found["PublicAccessBlockConfiguration"])
    return OPEN if block == OPEN else block
