"""What each call of RDS must be allowed (Service Authorization Reference, "Amazon RDS")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fogbank.aws import tags
from fogbank.aws.scope import REGION_GLOBAL
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.rds import tagging

_TYPES: Mapping[str, tuple[str, ...]] = {
    "cluster": (
        "DBClusterIdentifier", "DbClusterIdentifier", "SourceDBClusterIdentifier", "TargetDbClusterIdentifier",
    ),
    "cluster-endpoint": ("DBClusterEndpointIdentifier",),
    "cluster-pg": (
        "DBClusterParameterGroupName", "SourceDBClusterParameterGroupIdentifier",
        "TargetDBClusterParameterGroupIdentifier",
    ),
    "cluster-snapshot": (
        "DBClusterSnapshotIdentifier", "SourceDBClusterSnapshotIdentifier", "TargetDBClusterSnapshotIdentifier",
    ),
    "db": (
        "DBInstanceIdentifier", "SourceDBInstanceIdentifier", "TargetDBInstanceIdentifier",
    ),
    "es": ("SubscriptionName",),
    "global-cluster": ("GlobalClusterIdentifier",),
    "og": ("OptionGroupName", "SourceOptionGroupIdentifier", "TargetOptionGroupIdentifier"),
    "pg": ("DBParameterGroupName", "SourceDBParameterGroupIdentifier", "TargetDBParameterGroupIdentifier"),
    "snapshot": (
        "DBSnapshotIdentifier", "FinalDBSnapshotIdentifier", "SourceDBSnapshotIdentifier", "TargetDBSnapshotIdentifier",
    ),
    "subgrp": ("DBSubnetGroupName",),
}  # fmt: skip
"""What stands in an ARN -> the members of requests that name such a thing."""
_ARNS = ("ResourceArn", "ResourceIdentifier", "ResourceName")
_LISTS = {
    "DescribeDBClusterEndpoints": "cluster-endpoint",
    "DescribeDBClusterParameterGroups": "cluster-pg",
    "DescribeDBClusterSnapshots": "cluster-snapshot",
    "DescribeDBClusters": "cluster",
    "DescribeDBInstances": "db",
    "DescribeDBParameterGroups": "pg",
    "DescribeDBSnapshots": "snapshot",
    "DescribeDBSubnetGroups": "subgrp",
    "DescribeEventSubscriptions": "es",
    "DescribeGlobalClusters": "global-cluster",
    "DescribeOptionGroups": "og",
}
"""Listings, which are of everything of a type where they name nothing."""
_TAG_KEYS = {
    "cluster": "cluster-tag", "cluster-pg": "cluster-pg-tag", "cluster-snapshot": "cluster-snapshot-tag",
    "db": "db-tag", "es": "es-tag", "og": "og-tag", "pg": "pg-tag", "snapshot": "snapshot-tag",
    "subgrp": "subgrp-tag",
}  # fmt: skip
_FACTS = {
    "AllocatedStorage": "rds:storagesize",
    "DBInstanceClass": "rds:databaseclass",
    "DBName": "rds:databasename",
    "DatabaseName": "rds:databasename",
    "EndpointType": "rds:endpointtype",
    "Engine": "rds:databaseengine",
    "Iops": "rds:piops",
    "ManageMasterUserPassword": "rds:managemasteruserpassword",
    "MultiAZ": "rds:multiaz",
    "PubliclyAccessible": "rds:publiclyaccessible",
    "StorageEncrypted": "rds:storageencrypted",
}
"""Members of a request, and the condition keys that say them."""


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action, given = f"rds:{operation}", tags.read(req.get("Tags"))
    found = [
        Need(action, arn, context=lambda arn=arn: _facts(ctx, req, arn, given))  # type: ignore[misc]
        for arn in dict.fromkeys(_resources(ctx, operation, req))
    ]
    if given and operation.startswith(("Create", "Copy", "Restore")):
        found += [need._replace(action="rds:AddTagsToResource") for need in found[:1]]
    return found or (Need(action, context=lambda: _asked(req, given)),)


def _resources(ctx: Context, operation: str, req: Mapping[str, Any]) -> Iterator[str]:
    is_list = operation in _LISTS
    if is_list and not any(req.get(member) for member in _TYPES[_LISTS[operation]]):
        yield _arn(ctx, _LISTS[operation], "*")
        return
    for kind, members in _TYPES.items():
        for name in (req[member] for member in members if isinstance(req.get(member), str)):
            yield name if name.startswith("arn:") else _arn(ctx, kind, _kept(kind, name))
    yield from (req[member] for member in _ARNS if isinstance(req.get(member), str))


def _arn(ctx: Context, kind: str, name: str) -> str:
    there = ctx.at(region=REGION_GLOBAL) if kind == "global-cluster" else ctx
    return there.arn(f"{kind}:{name}")


def _kept(kind: str, name: str) -> str:
    return name.lower() if name else "*"


def _facts(ctx: Context, req: Mapping[str, Any], arn: str, given: Mapping[str, str]) -> dict[str, list[str]]:
    resource = arn.split(":", 5)[5] if arn.count(":") >= 5 else ""
    owned = tagging.of(ctx, resource)
    facts = _asked(req, given) | tags.condition_keys(given, owned)
    key = _TAG_KEYS.get(resource.partition(":")[0], "")
    return facts | {f"rds:{key}/{name.lower()}": [value] for name, value in owned.items() if key}


def _asked(req: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, list[str]]:
    facts = {f"rds:req-tag/{name.lower()}": [value] for name, value in given.items()}
    for member, key in _FACTS.items():
        if member in req:
            value = req[member]
            facts[key] = [str(value).lower() if isinstance(value, bool) else str(value)]
    return facts | tags.condition_keys(given)
