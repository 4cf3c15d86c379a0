"""Websites of buckets."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.s3 import buckets, errors, websites

_NOUN = "website"


def put_bucket_website(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    websites.check(req["WebsiteConfiguration"])
    buckets.configure(ctx, bucket, _NOUN, req["WebsiteConfiguration"])
    return {}


def get_bucket_website(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    found = buckets.configuration(ctx, bucket, _NOUN)
    if found is None:
        text = "The specified bucket does not have a website configuration"
        raise errors.missing("NoSuchWebsiteConfiguration", text, bucket.name)
    return dict(found)


def delete_bucket_website(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.configure(ctx, buckets.of(ctx, req), _NOUN, None)
    return {}
