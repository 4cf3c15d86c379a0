"""Access control lists of buckets and of objects."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fogbank.control.context import Context
from fogbank.services.s3 import acls, blocks, buckets, errors, versions
from fogbank.services.s3.notices import Facts, changed
from fogbank.services.s3.resources import Bucket, Grant


def put_bucket_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    grants = _asked(blocks.shielded(ctx, bucket), bucket.account, req, of_bucket=True)
    buckets.save(ctx, replace(bucket, grants=grants))
    return {}


def get_bucket_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    return acls.described(bucket.grants if bucket.has_acls else (), bucket.account)


def put_object_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    entry = versions.read(ctx, bucket, req["Key"], req.get("VersionId"))
    entry = replace(entry, grants=_asked(blocks.shielded(ctx, bucket), entry.owner, req, of_bucket=False))
    versions.replace(ctx, bucket, req["Key"], entry)
    changed(ctx, bucket, "ObjectAcl:Put", Facts(req["Key"], entry))
    return {}


def get_object_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    entry = versions.read(ctx, bucket, req["Key"], req.get("VersionId"))
    if not bucket.has_acls:
        return acls.described((), bucket.account)
    return acls.described(entry.grants, entry.owner)


def _asked(bucket: Bucket, account: str, req: dict[str, Any], *, of_bucket: bool) -> tuple[Grant, ...]:
    """The grants that a request asks for, in headers or in its body. Raises S3's refusals."""
    document = req.get("AccessControlPolicy")
    if document is not None and acls.asks(req):
        text = "This request is not allowed: it has an ACL in its headers and another in its body."
        raise errors.invalid_request(text)
    if document is None and not acls.asks(req):
        text = "Your request was missing a required header"
        raise errors.invalid_request(text)
    if document is None:
        return acls.from_request(bucket, account, req, of_bucket=of_bucket)
    grants = acls.from_document(document, account)
    if not bucket.has_acls and not acls.is_private(grants, bucket.account):
        raise acls.not_supported()
    acls.check_public(bucket, grants)
    return () if not bucket.has_acls else acls.stored(grants, account)
