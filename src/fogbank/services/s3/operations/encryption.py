"""The encryption that a bucket gives to objects that ask for none."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3 import buckets, encryption, errors
from fogbank.services.s3.resources import Default

_BLOCKABLE = ("SSE-C", "NONE")


def put_bucket_encryption(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    rules = req["ServerSideEncryptionConfiguration"]["Rules"]
    if len(rules) != 1:
        raise errors.malformed_xml()
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {"SSEAlgorithm": bucket.encryption.algorithm}
    algorithm, key_id = default["SSEAlgorithm"], default.get("KMSMasterKeyID", "")
    if algorithm == "aws:kms:dsse":
        text = "fogbank has no dual-layer encryption (aws:kms:dsse); aws:kms encrypts once."
        raise AwsError("NotImplemented", text, status=501)
    if algorithm not in ("AES256", encryption.KMS):
        raise errors.malformed_xml()
    if key_id and algorithm != encryption.KMS:
        text = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms"
        raise errors.invalid_argument(text, "ApplyServerSideEncryptionByDefault", algorithm)
    blocked = tuple((rules[0].get("BlockedEncryptionTypes") or {}).get("EncryptionType") or ())
    if not set(blocked) <= set(_BLOCKABLE):
        raise errors.malformed_xml()
    found = Default(
        algorithm=algorithm,
        key_id=key_id,
        bucket_key=bool(rules[0].get("BucketKeyEnabled")),
        blocked=tuple(kind for kind in blocked if kind != "NONE"),
    )
    buckets.save(ctx, replace(bucket, encryption=found))
    return {}


def get_bucket_encryption(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    default = buckets.of(ctx, req).encryption
    by_default: dict[str, Any] = {"SSEAlgorithm": default.algorithm}
    if default.key_id:
        by_default["KMSMasterKeyID"] = default.key_id
    rule: dict[str, Any] = {
        "ApplyServerSideEncryptionByDefault": by_default,
        "BucketKeyEnabled": default.bucket_key,
    }
    if default.blocked:
        rule["BlockedEncryptionTypes"] = {"EncryptionType": list(default.blocked)}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def delete_bucket_encryption(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    # "Sets the default encryption … as server-side encryption with Amazon S3 managed keys" (API page)
    buckets.save(ctx, replace(buckets.of(ctx, req), encryption=Default()))
    return {}
