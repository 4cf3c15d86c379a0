"""Settings of buckets: versioning, ownership, block public access, who pays, acceleration."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3 import acls, blocks, buckets, errors
from fogbank.services.s3.resources import ENFORCED


def put_bucket_versioning(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    configuration = req["VersioningConfiguration"]
    if configuration.get("MFADelete") == "Enabled" or "MFA" in req:
        text = "fogbank knows no MFA devices, so that it cannot ask for one at a delete: MFADelete stays off."
        raise AwsError("NotImplemented", text, status=501)
    status = configuration.get("Status")
    if status not in ("Enabled", "Suspended"):
        text = "The Versioning element must be specified"
        raise AwsError("IllegalVersioningConfigurationException", text, status=400)
    if bucket.is_locked and status == "Suspended":
        text = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        raise AwsError("InvalidBucketState", text, status=409)
    if "replication" in bucket.configured and status == "Suspended":
        text = "A replication configuration is present on this bucket, so the versioning state cannot be changed."
        raise AwsError("InvalidBucketState", text, status=409)
    buckets.save(ctx, replace(bucket, versioning=status))
    return {}


def get_bucket_versioning(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    return {"Status": bucket.versioning} if bucket.versioning else {}


def put_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    buckets.save(ctx, replace(bucket, block=blocks.read(req["PublicAccessBlockConfiguration"])))
    return {}


def get_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if bucket.block is None:
        text = "The public access block configuration was not found"
        raise errors.missing("NoSuchPublicAccessBlockConfiguration", text, bucket.name)
    found = {name: getattr(bucket.block, field) for name, field in blocks.FIELDS.items()}
    return {"PublicAccessBlockConfiguration": found}


def delete_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.save(ctx, replace(buckets.of(ctx, req), block=None))
    return {}


def put_bucket_ownership_controls(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    rules = req["OwnershipControls"]["Rules"]
    if len(rules) != 1 or rules[0]["ObjectOwnership"] not in (ENFORCED, "BucketOwnerPreferred", "ObjectWriter"):
        raise errors.malformed_xml()
    ownership = rules[0]["ObjectOwnership"]
    own = acls.canonical_id(bucket.account)
    if ownership == ENFORCED and any(grant.grantee != own for grant in bucket.grants):
        text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise AwsError("InvalidBucketAclWithObjectOwnership", text, status=400)
    buckets.save(ctx, replace(bucket, ownership=ownership))
    return {}


def get_bucket_ownership_controls(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if not bucket.ownership:
        text = "The bucket ownership controls were not found"
        raise errors.missing("OwnershipControlsNotFoundError", text, bucket.name)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": bucket.ownership}]}}


def delete_bucket_ownership_controls(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.save(ctx, replace(buckets.of(ctx, req), ownership=""))
    return {}


def put_bucket_request_payment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    payer = req["RequestPaymentConfiguration"]["Payer"]
    if payer not in ("Requester", "BucketOwner"):
        raise errors.malformed_xml()
    buckets.save(ctx, replace(bucket, payer=payer))
    return {}


def get_bucket_request_payment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Payer": buckets.of(ctx, req).payer}


def put_bucket_accelerate_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    status = req["AccelerateConfiguration"].get("Status")
    if status not in ("Enabled", "Suspended"):
        raise errors.malformed_xml()
    if "." in bucket.name:
        text = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
        raise errors.invalid_request(text)
    buckets.save(ctx, replace(bucket, accelerate=status))
    return {}


def get_bucket_accelerate_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    status = buckets.of(ctx, req).accelerate
    return {"Status": status} if status else {}
