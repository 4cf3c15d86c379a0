"""Lifecycle rules of buckets."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.s3 import buckets, errors, lifecycle, writes

_NOUN = "lifecycle"
_SIZE = "all_storage_classes_128K"


def put_bucket_lifecycle_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    writes.check_digest(ctx)
    given = req.get("LifecycleConfiguration") or {}
    rules = [{"ID": ctx.uuid(), **rule} if not rule.get("ID") else rule for rule in given.get("Rules", ())]
    lifecycle.check(rules)
    size = req.get("TransitionDefaultMinimumObjectSize", _SIZE)
    buckets.configure(ctx, bucket, _NOUN, {"Rules": rules, "Size": size, "RunAt": lifecycle.next_run(ctx.now)})
    return {"TransitionDefaultMinimumObjectSize": size}


def get_bucket_lifecycle_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    found = buckets.configuration(ctx, bucket, _NOUN)
    if found is None:
        text = "The lifecycle configuration does not exist"
        raise errors.missing("NoSuchLifecycleConfiguration", text, bucket.name)
    return {"Rules": found["Rules"], "TransitionDefaultMinimumObjectSize": found["Size"]}


def delete_bucket_lifecycle(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.configure(ctx, buckets.of(ctx, req), _NOUN, None)
    return {}
