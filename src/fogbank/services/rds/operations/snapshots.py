"""Snapshots of instances: taken, shown, copied, shared, deleted."""

from __future__ import annotations

from typing import Any

from fogbank.aws import paging, tags
from fogbank.control.context import Context
from fogbank.services.rds import backups, instances, listing, members, snapshots
from fogbank.services.rds.snapshots import changed, described, must_be, one

_OF_CLUSTER = (
    "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the "
    "CreateDBClusterSnapshot API instead."
)


def create_db_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = snapshots.check_absent(ctx, req["DBSnapshotIdentifier"])
    instance = instances.one(ctx, req["DBInstanceIdentifier"])
    members.refuse(instance, _OF_CLUSTER)
    instances.must_be(instance, "available")
    made = backups.snapshot_of(ctx, instance, name)
    made = changed(made, tags={**made.tags, **tags.read(req.get("Tags"))})
    ctx.put(made)
    return {"DBSnapshot": described(ctx, made)}


def describe_db_snapshots(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if identifier := req.get("DBSnapshotIdentifier"):
        return {"DBSnapshots": [described(ctx, one(ctx, identifier))]}
    after = paging.after(req.get("Marker"), "InvalidParameterValue", "Invalid or expired Marker.")
    rows = (
        found
        for found in snapshots.listed(ctx, req)
        if snapshots.place(found) > after
        and req.get("DBInstanceIdentifier", found.source_id).lower() == found.source_id
        and req.get("DbiResourceId", found.resource_id) == found.resource_id
    )
    page, marker = paging.page(rows, listing.rows_max(req), snapshots.place)
    answer: dict[str, Any] = {"DBSnapshots": [described(ctx, found) for found in page]}
    return answer | ({"Marker": marker} if marker else {})


def copy_db_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    made = snapshots.copied(ctx, req)
    ctx.put(made)
    return {"DBSnapshot": described(ctx, made)}


def delete_db_snapshot(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = one(ctx, req["DBSnapshotIdentifier"])
    must_be(found, "available", "failed")
    snapshots.must_be_manual(found, f"The snapshot {found.id} is automated: only manual ones can be deleted.")
    ctx.put(changed(found, status="deleting"))
    return {"DBSnapshot": described(ctx, changed(found, status="deleted"))}


def modify_db_snapshot_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = snapshots.shared(one(ctx, req["DBSnapshotIdentifier"]), req)
    ctx.put(found)
    return snapshots.attributes(found)


def describe_db_snapshot_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return snapshots.attributes(one(ctx, req["DBSnapshotIdentifier"]))
