"""How much of everything an account may have in a region (RDS User Guide, "Quotas in Amazon RDS")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import groups
from fogbank.services.rds.resources import (
    Cluster,
    EventSubscription,
    Instance,
    OptionGroup,
    ParameterGroup,
    Snapshot,
    SubnetGroup,
)

LIMITS: Mapping[str, int] = {
    "AllocatedStorage": 100_000,
    "DBClusterParameterGroups": 50,
    "DBClusterRoles": 5,
    "DBClusters": 40,
    "DBInstanceRoles": 5,
    "DBInstances": 40,
    "DBParameterGroups": 50,
    "DBSecurityGroups": 25,
    "DBSubnetGroups": 50,
    "EventSubscriptions": 20,
    "ManualClusterSnapshots": 100,
    "ManualSnapshots": 100,
    "OptionGroups": 20,
    "ReadReplicasPerMaster": 15,
    "ReservedDBInstances": 40,
    "SubnetsPerDBSubnetGroup": 20,
}


def check(ctx: Context, quota: str, code: str) -> None:
    """Raises `code` where no more of something fits."""
    if used(ctx)[quota] >= LIMITS[quota]:
        raise AwsError(code, f"Cannot create more than {LIMITS[quota]} of {quota} in this region.")


def used(ctx: Context) -> dict[str, int]:
    """How much there is of each."""
    parameter_groups = [found.kind for found in ctx.scan(ParameterGroup)]
    manual = [found.kind for found in ctx.scan(Snapshot) if found.type == "manual"]
    instances = list(ctx.scan(Instance))
    replicas: dict[str, int] = {}
    for one in instances:
        if one.source_id:
            replicas[one.source_id] = replicas.get(one.source_id, 0) + 1
    subnets = [len(found.subnets) for found in ctx.scan(SubnetGroup)]
    counted: dict[str, Any] = {
        "AllocatedStorage": sum(one.storage_gib for one in instances if not one.cluster_id),
        "DBClusterParameterGroups": parameter_groups.count(groups.OF_CLUSTERS),
        "DBClusters": ctx.count(Cluster),
        "DBInstances": len(instances),
        "DBParameterGroups": parameter_groups.count(groups.OF_INSTANCES),
        "DBSubnetGroups": len(subnets),
        "EventSubscriptions": ctx.count(EventSubscription),
        "ManualClusterSnapshots": manual.count("cluster-snapshot"),
        "ManualSnapshots": manual.count("snapshot"),
        "OptionGroups": ctx.count(OptionGroup),
        "ReadReplicasPerMaster": max(replicas.values(), default=0),
        "SubnetsPerDBSubnetGroup": max(subnets, default=0),
    }
    return {quota: counted.get(quota, 0) for quota in LIMITS}
