"""Snapshots of instances: taken, shown, copied, shared, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.aws import ids, paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, instances, snapshots
from fogbank.services.rds.resources import Snapshot
from fogbank.services.rds.snapshots import changed, described, must_be, one

_PAGE = 100
_SHARES_MAX = 20


def create_db_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = snapshots.check_absent(ctx, req["DBSnapshotIdentifier"])
    instance = instances.one(ctx, req["DBInstanceIdentifier"])
    instances.must_be(instance, "available")
    made = backups.snapshot_of(ctx, instance, name)
    made = changed(made, tags={**made.tags, **tags.read(req.get("Tags"))})
    ctx.put(made)
    return {"DBSnapshot": described(ctx, made)}


def describe_db_snapshots(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if identifier := req.get("DBSnapshotIdentifier"):
        return {"DBSnapshots": [described(ctx, one(ctx, identifier))]}
    after = paging.after(req.get("Marker"), "InvalidParameterValue", "Invalid or expired Marker.")
    rows = (found for found in _listed(ctx, req) if _key(found) > after)
    page, marker = paging.page(rows, req.get("MaxRecords", _PAGE), _key)
    answer: dict[str, Any] = {"DBSnapshots": [described(ctx, found) for found in page]}
    return answer | ({"Marker": marker} if marker else {})


def copy_db_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    source = one(ctx, req["SourceDBSnapshotIdentifier"])
    must_be(source, "available")
    name = snapshots.check_absent(ctx, req["TargetDBSnapshotIdentifier"])
    given = tags.read(req.get("Tags"))
    made = changed(
        source,
        id=name,
        node=f"snap-{ids.letters(ctx.random, 10).lower()}",
        type="manual",
        status="creating",
        created_at=ctx.now,
        shared_with=(),
        copied_from=ctx.arn(f"snapshot:{source.id}"),
        copied_node=source.node,
        tags={**source.tags, **given} if req.get("CopyTags") else given,
        is_encrypted=source.is_encrypted or bool(req.get("KmsKeyId")),
        key_id=req.get("KmsKeyId", source.key_id),
    )
    ctx.put(made)
    return {"DBSnapshot": described(ctx, made)}


def delete_db_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = one(ctx, req["DBSnapshotIdentifier"])
    must_be(found, "available", "failed")
    if found.type == "automated":
        text = f"The snapshot {found.id} is automated: only manual ones can be deleted."
        raise AwsError("InvalidDBSnapshotState", text)
    ctx.put(changed(found, status="deleting"))
    return {"DBSnapshot": described(ctx, changed(found, status="deleted"))}


def modify_db_snapshot_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = one(ctx, req["DBSnapshotIdentifier"])
    must_be(found, "available")
    if req["AttributeName"] != "restore":
        raise AwsError("InvalidParameterValue", f"Invalid snapshot attribute {req['AttributeName']}")
    if found.type == "automated":
        raise AwsError("InvalidDBSnapshotState", "Automated snapshots cannot be shared: copy it first.")
    wanted = {*found.shared_with, *req.get("ValuesToAdd", ())} - set(req.get("ValuesToRemove", ()))
    for account in wanted - {"all"}:
        if not (account.isdigit() and len(account) == 12):
            raise AwsError("InvalidParameterValue", f"{account} is no AWS account.")
    if len(wanted) > _SHARES_MAX:
        raise AwsError("SharedSnapshotQuotaExceeded", f"A snapshot is shared with {_SHARES_MAX} accounts at most.")
    found = changed(found, shared_with=tuple(sorted(wanted)))
    ctx.put(found)
    return {"DBSnapshotAttributesResult": _attributes(found)}


def describe_db_snapshot_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"DBSnapshotAttributesResult": _attributes(one(ctx, req["DBSnapshotIdentifier"]))}


def _attributes(found: Snapshot) -> dict[str, Any]:
    shared = {"AttributeName": "restore", "AttributeValues": list(found.shared_with)}
    return {"DBSnapshotIdentifier": found.id, "DBSnapshotAttributes": [shared]}


def _key(found: Snapshot) -> str:
    return f"{found.id} {found.resource_id}"


def _listed(ctx: Context, req: dict[str, Any]) -> Iterator[Snapshot]:
    """The snapshots that a request means, by identifier: one's own, and those of others that it asks for."""
    wanted = req.get("SnapshotType", "")
    rows = [] if wanted in ("shared", "public") else list(ctx.scan(Snapshot, backups.OF_INSTANCES))
    for found in sorted([*rows, *_of_others(ctx, req)], key=_key):
        if (
            wanted in ("", "shared", "public", found.type)
            and req.get("DBInstanceIdentifier", found.source_id).lower() == found.source_id
            and req.get("DbiResourceId", found.resource_id) == found.resource_id
        ):
            yield found


def _of_others(ctx: Context, req: dict[str, Any]) -> Iterator[Snapshot]:
    """The snapshots that others share with this account, or with everybody, as far as a request asks for them."""
    wanted = req.get("SnapshotType", "")
    takes_shared = req.get("IncludeShared") or wanted == "shared"
    takes_public = req.get("IncludePublic") or wanted == "public"
    accounts = [scope.account for scope in ctx.scopes(Snapshot) if scope.region == ctx.region]
    for account in accounts if takes_shared or takes_public else ():
        for found in ctx.at(account=account).scan(Snapshot, backups.OF_INSTANCES) if account != ctx.account else ():
            if (takes_shared and ctx.account in found.shared_with) or (takes_public and "all" in found.shared_with):
                yield found
