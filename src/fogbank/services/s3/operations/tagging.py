"""Tags of buckets and of objects."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.s3 import buckets, errors, rules, versions
from fogbank.services.s3.notices import Facts, changed


def put_bucket_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    buckets.save(ctx, replace(bucket, tags=rules.tag_set(req["Tagging"], rules.BUCKET_TAGS_MAX)))
    return {}


def get_bucket_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if not bucket.tags:
        raise errors.missing("NoSuchTagSet", "The TagSet does not exist", bucket.name)
    return {"TagSet": tags.written(bucket.tags)}


def delete_bucket_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.save(ctx, replace(buckets.of(ctx, req), tags={}))
    return {}


def put_object_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _tagged(ctx, req, rules.tag_set(req["Tagging"]), "ObjectTagging:Put")


def get_object_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    entry = versions.read(ctx, bucket, req["Key"], req.get("VersionId"))
    return {"TagSet": tags.written(entry.tags), **versions.shown_id(bucket, entry)}


def delete_object_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _tagged(ctx, req, {}, "ObjectTagging:Delete")


def _tagged(ctx: Context, req: dict[str, Any], tagged: dict[str, str], event: str) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    entry = versions.read(ctx, bucket, req["Key"], req.get("VersionId"))
    entry = replace(entry, tags=tagged)
    versions.replace(ctx, bucket, req["Key"], entry)
    changed(ctx, bucket, event, Facts(req["Key"], entry))
    return dict(versions.shown_id(bucket, entry))
