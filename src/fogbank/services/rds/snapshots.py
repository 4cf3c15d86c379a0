"""Snapshots: looked up, shown, restored from."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, naming
from fogbank.services.rds.resources import Snapshot

_LETTERS_MAX = 255


def one(ctx: Context, identifier: str) -> Snapshot:
    """A snapshot of an instance by identifier or ARN: one's own, or one that is shared. Raises DBSnapshotNotFound."""
    there, name = ctx, identifier
    if identifier.startswith("arn:"):
        _, _, _, region, account, _, name = identifier.split(":", 6)
        there = ctx.at(region, account)
    found = there.get(Snapshot, backups.OF_INSTANCES, name.lower())
    shared = found is not None and bool({"all", ctx.account} & set(found.shared_with))
    if found is None or (there.account != ctx.account and not shared):
        raise AwsError("DBSnapshotNotFound", f"DBSnapshot not found: {identifier}")
    return found


def checked_name(identifier: str) -> str:
    """A name for a snapshot that people make. Raises InvalidParameterValue."""
    return naming.identifier(identifier, "DBSnapshotIdentifier", _LETTERS_MAX)


def check_absent(ctx: Context, identifier: str) -> str:
    """The name of a snapshot that is not there yet. Raises DBSnapshotAlreadyExists, InvalidParameterValue."""
    name = checked_name(identifier)
    if ctx.get(Snapshot, backups.OF_INSTANCES, name) is not None:
        text = f"Cannot create the snapshot because a snapshot with the identifier {name} already exists."
        raise AwsError("DBSnapshotAlreadyExists", text)
    return name


def must_be(snapshot: Snapshot, *statuses: str) -> None:
    """Raises InvalidDBSnapshotState."""
    if snapshot.status not in statuses:
        text = f"The snapshot {snapshot.id} is {snapshot.status}, and has to be {' or '.join(statuses)}."
        raise AwsError("InvalidDBSnapshotState", text)


def changed(snapshot: Snapshot, **fields: Any) -> Snapshot:
    """A snapshot with other fields."""
    return msgspec.structs.replace(snapshot, **fields)


def described(ctx: Context, found: Snapshot) -> dict[str, Any]:
    """A snapshot as DescribeDBSnapshots shows it."""
    shown: dict[str, Any] = {
        "DBSnapshotIdentifier": found.id,
        "DBSnapshotArn": ctx.arn(f"snapshot:{found.id}"),
        "DBInstanceIdentifier": found.source_id,
        "DbiResourceId": found.resource_id,
        "SnapshotCreateTime": found.created_at,
        "OriginalSnapshotCreateTime": found.created_at,
        "InstanceCreateTime": found.source_created_at,
        "Engine": found.engine,
        "EngineVersion": found.version,
        "LicenseModel": "postgresql-license",
        "AllocatedStorage": found.storage_gib,
        "StorageType": found.storage_type,
        "Status": found.status,
        "PercentProgress": 100 if found.status == "available" else 0,
        "SnapshotType": found.type,
        "SnapshotTarget": "region",
        "Port": found.port,
        "AvailabilityZone": found.zone,
        "VpcId": found.vpc_id,
        "MasterUsername": found.master_user,
        "OptionGroupName": found.option_group,
        "Encrypted": found.is_encrypted,
        "IAMDatabaseAuthenticationEnabled": found.checks_tokens,
        "TagList": tags.written(found.tags),
    }
    optional = {"Iops": found.iops, "KmsKeyId": found.key_id, "SourceDBSnapshotIdentifier": found.copied_from}
    return shown | {member: value for member, value in optional.items() if value}
