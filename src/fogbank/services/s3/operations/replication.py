"""Replication configurations of buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.s3 import buckets, errors, replication
from fogbank.services.s3.resources import Bucket

_NOUN = "replication"


def put_bucket_replication(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    asked = req["ReplicationConfiguration"]
    configuration = {"Role": asked["Role"], "Rules": [{"ID": ctx.uuid(), **rule} for rule in asked["Rules"]]}
    if bucket.versioning != "Enabled":
        text = "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        raise errors.invalid_request(text)
    replication.check(configuration)
    for rule in configuration["Rules"]:
        _check_destination(ctx, bucket, rule)
    passed = {"iam:passedtoservice": ["s3.amazonaws.com"]}
    ctx.authorize(Need("iam:PassRole", asked["Role"], context=passed))
    buckets.configure(ctx, bucket, _NOUN, configuration)
    return {}


def get_bucket_replication(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    found = buckets.configuration(ctx, bucket, _NOUN)
    if found is None:
        text = "The replication configuration was not found"
        raise errors.missing("ReplicationConfigurationNotFoundError", text, bucket.name)
    return {"ReplicationConfiguration": found}


def delete_bucket_replication(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    buckets.configure(ctx, buckets.of(ctx, req), _NOUN, None)
    return {}


def _check_destination(ctx: Context, bucket: Bucket, rule: Mapping[str, Any]) -> None:
    """Raises InvalidRequest for a destination that could take nothing."""
    name = replication.destination(rule)
    if name == bucket.name:
        raise errors.invalid_request("Destination bucket cannot be the same as the source bucket.")
    target = buckets.find(ctx, name)
    if target is None:
        raise errors.invalid_request("Destination bucket must exist.")
    if target.versioning != "Enabled":
        raise errors.invalid_request("Destination bucket must have versioning enabled.")
    if rule["Destination"].get("Account", target.account) != target.account:
        raise errors.invalid_request("The account of the destination does not own its bucket.")
