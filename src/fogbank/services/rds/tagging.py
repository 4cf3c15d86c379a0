"""Tags of everything that RDS has, by the last part of its ARN: `db:shop`, `subgrp:private`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds.resources import (
    Cluster,
    ClusterEndpoint,
    EventSubscription,
    GlobalCluster,
    Instance,
    OptionGroup,
    ParameterGroup,
    Snapshot,
    SubnetGroup,
)
from fogbank.store.records import Record


class _Noun(NamedTuple):
    """A kind of resource: its records, and the error for one that there is not."""

    record: type[Record]
    code: str
    text: str
    has_kind: bool = False
    """Whether its key begins with what stands in the ARN."""


_NOUNS: Mapping[str, _Noun] = {
    "cluster": _Noun(Cluster, "DBClusterNotFoundFault", "DBCluster {} not found."),
    "cluster-endpoint": _Noun(ClusterEndpoint, "DBClusterEndpointNotFoundFault", "DBClusterEndpoint {} not found."),
    "cluster-pg": _Noun(ParameterGroup, "DBParameterGroupNotFound", "DBClusterParameterGroup not found: {}", True),
    "cluster-snapshot": _Noun(Snapshot, "DBClusterSnapshotNotFoundFault", "DBClusterSnapshot not found: {}", True),
    "db": _Noun(Instance, "DBInstanceNotFound", "DBInstance {} not found."),
    "es": _Noun(EventSubscription, "SubscriptionNotFound", "EventSubscription not found: {}"),
    "global-cluster": _Noun(GlobalCluster, "GlobalClusterNotFoundFault", "Global cluster {} not found."),
    "og": _Noun(OptionGroup, "OptionGroupNotFoundFault", "Specified OptionGroupName: {} not found."),
    "pg": _Noun(ParameterGroup, "DBParameterGroupNotFound", "DBParameterGroup not found: {}", True),
    "snapshot": _Noun(Snapshot, "DBSnapshotNotFound", "DBSnapshot not found: {}", True),
    "subgrp": _Noun(SubnetGroup, "DBSubnetGroupNotFoundFault", "DBSubnetGroup {} not found."),
}


def of(ctx: Context, resource: str) -> Mapping[str, str]:
    """The tags of a resource; none for what there is not."""
    record = _maybe(ctx, resource)
    return getattr(record, "tags", {})


def is_there(ctx: Context, resource: str) -> bool:
    """Whether there is such a resource."""
    return _maybe(ctx, resource) is not None


def one(ctx: Context, arn: str) -> tuple[Context, Any]:
    """The record that an ARN names, and where it is.

    Raises InvalidParameterValue for an ARN of nothing that RDS tags, and the not-found error of its kind.
    """
    parsed = Arn.parse(arn)
    kind, _, name = (parsed.resource if parsed is not None else "").partition(":")
    if parsed is None or parsed.service != "rds" or kind not in _NOUNS:
        raise AwsError("InvalidParameterValue", f"Invalid resource name: {arn}")
    there = ctx.at(parsed.region, parsed.account)
    record = _maybe(there, parsed.resource) if parsed.account == ctx.account else None
    if record is None:
        raise AwsError(_NOUNS[kind].code, _NOUNS[kind].text.format(name))
    return there, record


def retagged(record: Any, wanted: Mapping[str, str]) -> Any:
    """A record with other tags."""
    return msgspec.structs.replace(record, tags=dict(wanted))


def _maybe(ctx: Context, resource: str) -> Record | None:
    kind, _, name = resource.partition(":")
    noun = _NOUNS.get(kind)
    if noun is None:
        return None
    return ctx.get(noun.record, *((kind,) if noun.has_kind else ()), name.lower())
