"""Object Lock: of buckets and of versions."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3 import buckets, errors, locks, replicas, versions, writes
from fogbank.services.s3.entries import Entry, Lock
from fogbank.services.s3.resources import Bucket


def put_object_lock_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    writes.check_digest(ctx)
    configuration = req.get("ObjectLockConfiguration")
    if configuration is None:
        raise errors.malformed_xml()
    rule = locks.rule_of(configuration)
    if bucket.versioning != "Enabled":
        text = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        raise AwsError("InvalidBucketState", text, status=409)
    if not bucket.is_locked and configuration.get("ObjectLockEnabled") != "Enabled":
        raise errors.malformed_xml()
    buckets.save(ctx, replace(bucket, is_locked=True, lock=rule))
    return {}


def get_object_lock_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    if not bucket.is_locked:
        text = "Object Lock configuration does not exist for this bucket"
        raise errors.missing("ObjectLockConfigurationNotFoundError", text, bucket.name)
    found: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if bucket.lock.mode:
        period = {"Days": bucket.lock.days} if bucket.lock.days else {"Years": bucket.lock.years}
        found["Rule"] = {"DefaultRetention": {"Mode": bucket.lock.mode, **period}}
    return {"ObjectLockConfiguration": found}


def put_object_retention(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    locks.check_configured(bucket)
    writes.check_digest(ctx)
    entry = versions.read(ctx, bucket, req["Key"], req.get("VersionId"))
    bypass = bool(req.get("BypassGovernanceRetention"))
    lock = locks.retained(entry, req.get("Retention") or {}, ctx.now, bypass=bypass)
    _kept(ctx, bucket, req["Key"], replace(entry, lock=lock))
    return {}


def get_object_retention(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    locks.check_configured(bucket)
    lock = versions.read(ctx, bucket, req["Key"], req.get("VersionId")).lock
    if lock is None or not lock.mode:
        raise locks.no_lock()
    return {"Retention": {"Mode": lock.mode, "RetainUntilDate": lock.until}}


def put_object_legal_hold(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    locks.check_configured(bucket)
    writes.check_digest(ctx)
    status = (req.get("LegalHold") or {}).get("Status")
    if status not in ("ON", "OFF"):
        raise errors.malformed_xml()
    entry = versions.read(ctx, bucket, req["Key"], req.get("VersionId"))
    old = entry.lock or Lock()
    _kept(ctx, bucket, req["Key"], replace(entry, lock=Lock(old.mode, old.until, status == "ON")))
    return {}


def get_object_legal_hold(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    locks.check_configured(bucket)
    lock = versions.read(ctx, bucket, req["Key"], req.get("VersionId")).lock
    if lock is None:
        raise locks.no_lock()
    return {"LegalHold": {"Status": "ON" if lock.is_held else "OFF"}}


def _kept(ctx: Context, bucket: Bucket, key: str, entry: Entry) -> None:
    versions.replace(ctx, bucket, key, entry)
    if "replication" in bucket.configured:
        replicas.note(ctx, bucket, replicas.LOCKED, key, entry)
