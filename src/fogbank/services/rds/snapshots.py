"""Snapshots: looked up, shown, restored from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, naming
from fogbank.services.rds.resources import Snapshot

_LETTERS_MAX = 255
_SHARES_MAX = 20


class _Words(NamedTuple):
    """What RDS calls snapshots of a kind, and its errors about them."""

    title: str
    not_found: str
    exists: str
    state: str


_WORDS = {
    backups.OF_INSTANCES: _Words(
        "DBSnapshot",
        "DBSnapshotNotFound",
        "DBSnapshotAlreadyExists",
        "InvalidDBSnapshotState",
    ),
    backups.OF_CLUSTERS: _Words(
        "DBClusterSnapshot",
        "DBClusterSnapshotNotFoundFault",
        "DBClusterSnapshotAlreadyExistsFault",
        "InvalidDBClusterSnapshotStateFault",
    ),
}


def one(ctx: Context, identifier: str, kind: str = backups.OF_INSTANCES) -> Snapshot:
    """A snapshot of a kind by identifier or ARN: one's own, or one that is shared.

    Raises DBSnapshotNotFound, DBClusterSnapshotNotFoundFault.
    """
    there, name = ctx, identifier
    if identifier.startswith("arn:"):
        *_, region, account, noun, name = identifier.split(":", 6)
        there, name = ctx.at(region, account), name if noun == kind else ""
    found = there.get(Snapshot, kind, name.lower())
    shared = found is not None and bool({"all", ctx.account} & set(found.shared_with))
    if found is None or (there.account != ctx.account and not shared):
        words = _WORDS[kind]
        raise AwsError(words.not_found, f"{words.title} not found: {identifier}")
    return found


def arn(ctx: Context, found: Snapshot) -> str:
    """The ARN of a snapshot of this account and region."""
    return ctx.arn(f"{found.kind}:{found.id}")


def check_absent(ctx: Context, identifier: str, kind: str = backups.OF_INSTANCES) -> str:
    """The name of a snapshot that people make, which is not there yet.

    Raises DBSnapshotAlreadyExists, DBClusterSnapshotAlreadyExistsFault, InvalidParameterValue.
    """
    name = naming.identifier(identifier, f"{_WORDS[kind].title}Identifier", _LETTERS_MAX)
    if ctx.get(Snapshot, kind, name) is not None:
        text = f"Cannot create the snapshot because a snapshot with the identifier {name} already exists."
        raise AwsError(_WORDS[kind].exists, text)
    return name


def must_be(snapshot: Snapshot, *statuses: str) -> None:
    """Raises InvalidDBSnapshotState, InvalidDBClusterSnapshotStateFault."""
    if snapshot.status not in statuses:
        text = f"The snapshot {snapshot.id} is {snapshot.status}, and has to be {' or '.join(statuses)}."
        raise AwsError(_WORDS[snapshot.kind].state, text)


def must_be_manual(snapshot: Snapshot, text: str) -> None:
    """Raises InvalidDBSnapshotState, InvalidDBClusterSnapshotStateFault, with a text, for an automated one."""
    if snapshot.type == "automated":
        raise AwsError(_WORDS[snapshot.kind].state, text)


def copied(ctx: Context, req: Mapping[str, Any], kind: str = backups.OF_INSTANCES) -> Snapshot:
    """The snapshot that a request wants as a copy of another one, not taken yet."""
    title = _WORDS[kind].title
    wanted = req[f"Source{title}Identifier"]
    source = one(ctx, wanted, kind)
    must_be(source, "available")
    name, given = check_absent(ctx, req[f"Target{title}Identifier"], kind), tags.read(req.get("Tags"))
    return changed(
        source,
        id=name,
        node=f"snap-{ids.letters(ctx.random, 10).lower()}",
        type="manual",
        status="creating",
        created_at=ctx.now,
        shared_with=(),
        copied_from=wanted if wanted.startswith("arn:") else arn(ctx, source),
        copied_node=source.node,
        tags={**source.tags, **given} if req.get("CopyTags") else given,
        is_encrypted=source.is_encrypted or bool(req.get("KmsKeyId")),
        key_id=req.get("KmsKeyId", source.key_id),
    )


def shared(found: Snapshot, req: Mapping[str, Any]) -> Snapshot:
    """A snapshot with the accounts that a request adds and takes away.

    Raises InvalidParameterValue, SharedSnapshotQuotaExceeded, InvalidDBSnapshotState and its like for clusters.
    """
    must_be(found, "available")
    if req["AttributeName"] != "restore":
        raise AwsError("InvalidParameterValue", f"Invalid snapshot attribute {req['AttributeName']}")
    must_be_manual(found, "Automated snapshots cannot be shared: copy it first.")
    wanted = {*found.shared_with, *req.get("ValuesToAdd", ())} - set(req.get("ValuesToRemove", ()))
    for account in wanted - {"all"}:
        if not (account.isdigit() and len(account) == 12):
            raise AwsError("InvalidParameterValue", f"{account} is no AWS account.")
    if len(wanted) > _SHARES_MAX:
        raise AwsError("SharedSnapshotQuotaExceeded", f"A snapshot is shared with {_SHARES_MAX} accounts at most.")
    return changed(found, shared_with=tuple(sorted(wanted)))


def attributes(found: Snapshot) -> dict[str, Any]:
    """Whom a snapshot is shared with, as the API shows it."""
    title = _WORDS[found.kind].title
    values = {"AttributeName": "restore", "AttributeValues": list(found.shared_with)}
    return {f"{title}AttributesResult": {f"{title}Identifier": found.id, f"{title}Attributes": [values]}}


def listed(ctx: Context, req: Mapping[str, Any], kind: str = backups.OF_INSTANCES) -> Iterator[Snapshot]:
    """The snapshots of a kind and type that a request means, in order: one's own, and those that others share."""
    wanted = req.get("SnapshotType", "")
    rows = [] if wanted in ("shared", "public") else list(ctx.scan(Snapshot, kind))
    for found in sorted([*rows, *_of_others(ctx, req, kind)], key=place):
        if wanted in ("", "shared", "public", found.type):
            yield found


def place(found: Snapshot) -> str:
    """Where a snapshot stands in a list."""
    return f"{found.id} {found.resource_id}"


def _of_others(ctx: Context, req: Mapping[str, Any], kind: str) -> Iterator[Snapshot]:
    """The snapshots that others share with this account, or with everybody, as far as a request asks for them."""
    wanted = req.get("SnapshotType", "")
    takes_shared = req.get("IncludeShared") or wanted == "shared"
    takes_public = req.get("IncludePublic") or wanted == "public"
    accounts = [scope.account for scope in ctx.scopes(Snapshot) if scope.region == ctx.region]
    for account in accounts if takes_shared or takes_public else ():
        for found in ctx.at(account=account).scan(Snapshot, kind) if account != ctx.account else ():
            if (takes_shared and ctx.account in found.shared_with) or (takes_public and "all" in found.shared_with):
                yield found


def changed(snapshot: Snapshot, **fields: Any) -> Snapshot:
    """A snapshot with other fields."""
    return msgspec.structs.replace(snapshot, **fields)


def described(ctx: Context, found: Snapshot) -> dict[str, Any]:
    """A snapshot as DescribeDBSnapshots shows it."""
    shown: dict[str, Any] = {
        "DBSnapshotIdentifier": found.id,
        "DBSnapshotArn": arn(ctx, found),
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
