"""Cross-origin rules of buckets."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.s3 import buckets, cors, errors

_NOUN = "cors"


def put_bucket_cors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    cors.check(req["CORSConfiguration"]["CORSRules"])
    buckets.configure(ctx, bucket, _NOUN, req["CORSConfiguration"])
    return {}


def get_bucket_cors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    found = buckets.configuration(ctx, bucket, _NOUN)
    if found is None:
        raise errors.missing("NoSuchCORSConfiguration", "The CORS configuration does not exist", bucket.name)
    return {"CORSRules": found["CORSRules"]}


def delete_bucket_cors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.configure(ctx, buckets.of(ctx, req), _NOUN, None)
    return {}
