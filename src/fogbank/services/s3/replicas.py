"""Replicas: what is to be copied to other buckets is put down with the change itself, and copied as the role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context, Origin, Source
from fogbank.services.s3 import buckets, locks, permissions, replication, versions
from fogbank.services.s3.encryption import KMS
from fogbank.services.s3.entries import Encryption, Entry, Part, decode_parts, encode, space
from fogbank.services.s3.resources import Bucket, Replica

LOCKED = "ObjectLock"
"""What no event tells of: a version's retention or legal hold is another."""
_CHANGES = frozenset(("ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put", LOCKED))
_TRIED_SECONDS_MAX = 86_400.0
_BACK_OFF_SECONDS_MAX = 600.0
_SESSION = "s3-replication"


def note(ctx: Context, bucket: Bucket, event: str, key: str, entry: Entry) -> None:
    """Told of every event of a bucket that replicates, in its transaction: one record for each copy to be made."""
    is_change = event in _CHANGES
    if not is_change and not event.startswith("ObjectCreated:") and event != "ObjectRemoved:DeleteMarkerCreated":
        return
    if is_change is not bool(entry.replication):
        # What was there before the rules, or came as a replica, stays; what is changed of the others follows them.
        return
    configuration = buckets.configuration(ctx, bucket, "replication") or {"Rules": ()}
    chosen = replication.chosen(configuration, key, entry)
    if entry.replication == replication.REPLICA:
        chosen = [rule for rule in chosen if replication.takes_changes(rule)]
    if not chosen:
        return
    if entry.replication != replication.REPLICA:
        versions.replace(ctx, bucket, key, msgspec.structs.replace(entry, replication=replication.PENDING))
    order = f"{int(ctx.now * 1000):013d}.{entry.sequence:013d}.{int(is_change)}"
    home = ctx.at(bucket.region, bucket.account)
    for rule in chosen:
        home.put(
            Replica(
                bucket=bucket.name,
                key=key,
                order=f"{order}.{rule['ID']}",
                version_id=entry.version_id,
                rule_id=rule["ID"],
                began_at=ctx.now,
            )
        )


def advance(ctx: Context, name: str, key: str) -> Replica | None:
    """Make the copy of a key that is due first: later ones wait for it, so that versions keep their order.

    Returns what is first then, None where nothing is left.
    """
    found = _first(ctx, name, key)
    if found is None or found.due_at > ctx.now:
        return found
    ctx.origin = Origin(ctx.uuid(), source_ip="s3.amazonaws.com")
    bucket = buckets.find(ctx, name)
    entry = versions.find(ctx, bucket, key, found.version_id) if bucket is not None else None
    if bucket is None or entry is None:
        ctx.delete(Replica, name, key, found.order)
    else:
        _copied(ctx, bucket, entry, found)
    return _first(ctx, name, key)


def _first(ctx: Context, name: str, key: str) -> Replica | None:
    """What can be copied now, else what can be copied first; no rule's copy overtakes an earlier one of the rule."""
    waiting: dict[str, Replica] = {}
    for found in ctx.scan(Replica, name, key):
        if found.rule_id in waiting:
            continue
        if found.due_at <= ctx.now:
            return found
        waiting[found.rule_id] = found
    return min(waiting.values(), key=lambda one: one.due_at, default=None)


def _copied(ctx: Context, bucket: Bucket, entry: Entry, wanted: Replica) -> None:
    configuration = buckets.configuration(ctx, bucket, "replication")
    rule = replication.rule_of(configuration, wanted.rule_id)
    error: AwsError | None = None
    if configuration is not None and rule is not None:
        mark = ctx.transaction.savepoint()
        try:
            _copy(ctx, bucket, entry, (wanted.key, configuration["Role"], rule))
        except AwsError as refused:
            ctx.transaction.rollback(mark)
            error = refused
    else:
        error = AwsError("ReplicationRuleNotFound", "The rule is gone, or disabled.")
    if error is not None and not targets.is_final(error) and ctx.now - wanted.began_at < _TRIED_SECONDS_MAX:
        wait = min(2.0**wanted.tried, _BACK_OFF_SECONDS_MAX)
        ctx.put(msgspec.structs.replace(wanted, tried=wanted.tried + 1, due_at=ctx.now + wait))
        return
    _settle(ctx, bucket, entry, wanted, error)
    if rule is not None:
        _measure(ctx, bucket, entry, rule, error)


def _copy(ctx: Context, bucket: Bucket, entry: Entry, how: tuple[str, str, replication.Rule]) -> None:
    """Make one copy, or bring one up to date. Raises what refuses it."""
    key, role_arn, rule = how
    source = Source(buckets.arn(bucket, ctx.partition), bucket.account)
    role = targets.as_role(ctx.as_service(source), role_arn, _SESSION)
    target = buckets.expected(ctx, replication.destination(rule), rule["Destination"].get("Account"))
    if target.versioning != "Enabled":
        raise AwsError("InvalidBucketState", "The destination bucket has no versions.", status=409)
    _check_allowed(role, (bucket, target), key, entry, rule)
    if entry.lock is not None and not target.is_locked:
        raise AwsError("InvalidBucketState", "The destination bucket has no Object Lock.", status=409)
    made = _described(role, (bucket, target), key, entry, rule)
    known = versions.find(ctx, target, key, entry.version_id)
    if known is not None:
        kept = msgspec.structs.replace(known, tags=made.tags, grants=made.grants, lock=made.lock)
        versions.replace(ctx, target, key, kept)
        return
    if not entry.is_marker:
        made = _sealed(role, (bucket, target), key, made, rule)
        made = _linked(ctx, (bucket, target), made)
    made = versions.place_replica(ctx, target, key, made)
    from fogbank.services.s3.notices import Facts, changed

    event = "ObjectRemoved:DeleteMarkerCreated" if entry.is_marker else "ObjectCreated:Put"
    changed(role, target, event, Facts(key, made))


def _check_allowed(role: Context, pair: tuple[Bucket, Bucket], key: str, entry: Entry, rule: replication.Rule) -> None:
    """Raises AccessDenied where the role may not do what this copy takes.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    """
    bucket, target = pair
    role.authorize(permissions.of_replication(role, bucket, "s3:GetReplicationConfiguration"))
    if entry.is_marker:
        role.authorize(
            permissions.of_replication(role, bucket, "s3:ListBucket"),
            permissions.of_replication(role, target, "s3:ReplicateDelete", key),
        )
        return
    actions = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl"]
    if entry.lock is not None:
        actions += ["s3:GetObjectRetention", "s3:GetObjectLegalHold"]
    role.authorize(*(permissions.of_replication(role, bucket, action, key) for action in actions))
    role.authorize(permissions.of_replication(role, target, "s3:ReplicateObject", key))
    if "AccessControlTranslation" in rule["Destination"]:
        role.authorize(permissions.of_replication(role, target, "s3:ObjectOwnerOverrideToBucketOwner", key))


def _described(role: Context, pair: tuple[Bucket, Bucket], key: str, entry: Entry, rule: replication.Rule) -> Entry:
    """A replica without bytes: what it takes over, and what its rule and its bucket say of it."""
    bucket, target = pair
    is_given = not target.has_acls or "AccessControlTranslation" in rule["Destination"]
    default = None if entry.is_marker or not target.is_locked else locks.lock_of(target, {}, role.now)
    return msgspec.structs.replace(
        entry,
        replication=replication.REPLICA,
        storage=rule["Destination"].get("StorageClass", entry.storage),
        owner=target.account if is_given else entry.owner,
        grants=() if is_given else entry.grants,
        tags=entry.tags if entry.tags and _may_tag(role, (bucket, target), key) else {},
        lock=entry.lock or default,
        upload_id="",
    )


def _may_tag(role: Context, pair: tuple[Bucket, Bucket], key: str) -> bool:
    """Whether tags are copied too: without the right to, an object goes without them."""
    bucket, target = pair
    try:
        role.authorize(
            permissions.of_replication(role, bucket, "s3:GetObjectVersionTagging", key),
            permissions.of_replication(role, target, "s3:ReplicateTags", key),
        )
    except AwsError:
        return False
    return True


def _sealed(role: Context, pair: tuple[Bucket, Bucket], key: str, made: Entry, rule: replication.Rule) -> Entry:
    """Under KMS, the data key is taken out of the source's key and put under the destination's: the bytes stay."""
    bucket, target = pair
    if made.encryption.algorithm != KMS:
        return made
    context: Mapping[str, str] = json.loads(made.encryption.context)
    sealed = made.encryption.wrapped
    plain = role.at(region=bucket.region).call("kms", "Decrypt", CiphertextBlob=sealed, EncryptionContext=context)
    key_id = rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]
    bucket_key = target.encryption.algorithm == KMS and target.encryption.bucket_key
    context = {**context, "aws:s3:arn": buckets.arn(target, role.partition, None if bucket_key else key)}
    asked: dict[str, Any] = {"KeyId": key_id, "Plaintext": plain["Plaintext"], "EncryptionContext": context}
    wrapped = role.at(region=target.region).call("kms", "Encrypt", **asked)
    text = json.dumps(context, sort_keys=True, separators=(",", ":"))
    encryption = Encryption(KMS, wrapped["KeyId"], wrapped["CiphertextBlob"], text, bucket_key)
    return msgspec.structs.replace(made, encryption=encryption)


def _linked(ctx: Context, pair: tuple[Bucket, Bucket], made: Entry) -> Entry:
    """The same bytes under names of the destination's: files are linked, rows written again."""
    bucket, target = pair
    if made.part is not None:
        return msgspec.structs.replace(made, part=_link(ctx, pair, made.part))
    row = ctx.item(space(ctx.partition, "manifest", bucket.name), made.manifest) if made.manifest else None
    if row is None:
        return made
    parts = tuple(_link(ctx, pair, part) for part in decode_parts(row))
    name = _name(ctx)
    ctx.put_item(space(ctx.partition, "manifest", target.name), name, encode(parts))
    return msgspec.structs.replace(made, manifest=name)


def _link(ctx: Context, pair: tuple[Bucket, Bucket], part: Part) -> Part:
    bucket, target = pair
    if part.is_inline:
        name = _name(ctx)
        body = ctx.item(space(ctx.partition, "body", bucket.name), part.body) or b""
        ctx.put_item(space(ctx.partition, "body", target.name), name, body)
    else:
        name = ctx.blobs.copy(part.body)
        ctx.transaction.keep_blob(name)
    return msgspec.structs.replace(part, body=name)


def _name(ctx: Context) -> str:
    return f"{int(ctx.now * 1000):011x}{ctx.uuid().replace('-', '')[:16]}"


def _settle(ctx: Context, bucket: Bucket, entry: Entry, wanted: Replica, error: AwsError | None) -> None:
    """A copy is made, or given up: the source says so once all of its copies have come to an end."""
    from fogbank.services.s3.notices import Facts, changed

    ctx.delete(Replica, wanted.bucket, wanted.key, wanted.order)
    if entry.replication != replication.REPLICA:
        is_waiting = any(
            other.version_id == wanted.version_id for other in ctx.scan(Replica, wanted.bucket, wanted.key)
        )
        status = replication.PENDING if is_waiting else replication.COMPLETED
        if error is not None or entry.replication == replication.FAILED:
            status = replication.FAILED
        entry = msgspec.structs.replace(entry, replication=status)
        versions.replace(ctx, bucket, wanted.key, entry)
    if error is not None:
        rule = replication.rule_of(buckets.configuration(ctx, bucket, "replication"), wanted.rule_id)
        told = {
            "replicationEventData": {
                "replicationRuleId": wanted.rule_id,
                "destinationBucket": rule["Destination"]["Bucket"] if rule is not None else "",
                "s3Operation": "OBJECT_DELETE" if entry.is_marker else "OBJECT_PUT",
                "requestTime": _iso(wanted.began_at),
                "failureReason": error.code,
            }
        }
        changed(ctx, bucket, "Replication:OperationFailedReplication", Facts(wanted.key, entry, told))


def _iso(at: float) -> str:
    from fogbank.codec.timestamps import iso_milliseconds

    return iso_milliseconds(at)


def _measure(ctx: Context, bucket: Bucket, entry: Entry, rule: replication.Rule, error: AwsError | None) -> None:
    if not replication.is_on(rule["Destination"], "Metrics"):
        return
    about = {
        "SourceBucket": bucket.name,
        "DestinationBucket": replication.destination(rule),
        "RuleId": rule["ID"],
    }
    if error is None:
        ctx.measure("ReplicationLatency", max(ctx.now - entry.modified_at, 0.0), "Seconds", **about)
    else:
        ctx.measure("OperationsFailedReplication", 1, "Count", **about)
