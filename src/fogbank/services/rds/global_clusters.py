"""Global clusters: looked up, shown, and who of them follows whom; what operations and reconcilers share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.scope import REGION_GLOBAL
from fogbank.control.context import Context
from fogbank.services.rds import clusters, instances, naming, topology
from fogbank.services.rds.resources import Cluster, GlobalCluster, Instance

MEMBERS_MAX = 11
"""A primary cluster and ten others (Aurora User Guide, "Limitations of Amazon Aurora global databases")."""

_INHERITED = {
    "MasterUsername": "user name",
    "MasterUserPassword": "password",
    "ManageMasterUserPassword": "a managed password",
    "DatabaseName": "database name",
}
"""What a secondary cluster has from the primary one, with its data."""


class Side(NamedTuple):
    """A cluster of a global one, where it is, and the instance that the others hear of, if there is one."""

    region: str
    cluster: Cluster
    head: Instance | None
    """The writer of the primary cluster; of others the member that follows it."""

    @property
    def place(self) -> str:
        """How events call it."""
        return f"DB cluster {self.cluster.id} in Region {self.region}"


def one(ctx: Context, identifier: str) -> GlobalCluster:
    """A global cluster, by identifier or ARN. Raises GlobalClusterNotFoundFault."""
    found = ctx.get(GlobalCluster, identifier.rpartition(":")[2].lower())
    if found is None:
        raise AwsError("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found.", status=404)
    return found


def changed(found: GlobalCluster, **fields: Any) -> GlobalCluster:
    """A global cluster with other fields."""
    return msgspec.structs.replace(found, **fields)


def must_be_available(found: GlobalCluster) -> None:
    """Raises InvalidGlobalClusterStateFault."""
    if found.status != "available":
        text = f"Global cluster {found.id} is in {found.status} state, but is required to be in available state."
        raise AwsError("InvalidGlobalClusterStateFault", text)


def at(ctx: Context, member: str) -> tuple[Context, Cluster | None]:
    """A member by its ARN, and the region that it is in. Within a transaction."""
    parsed = Arn.parse(member)
    assert parsed is not None, member
    there = ctx.at(parsed.region)
    return there, there.get(Cluster, parsed.resource.partition(":")[2])


def side(ctx: Context, member: str) -> Side | None:
    """A member with its head. Within a transaction."""
    there, cluster = at(ctx, member)
    if cluster is None:
        return None
    head_id = cluster.writer_id or cluster.head_id
    return Side(there.region, cluster, there.get(Instance, head_id) if head_id else None)


def of(ctx: Context, cluster: Cluster) -> GlobalCluster | None:
    """The global cluster that a cluster is in. Within a transaction."""
    return ctx.get(GlobalCluster, cluster.global_id) if cluster.global_id else None


def leader(ctx: Context, cluster: Cluster) -> Side | None:
    """Whom a cluster follows; None for one that takes writes itself. Within a transaction."""
    found = of(ctx, cluster)
    if found is None or found.primary in ("", clusters.arn(ctx, cluster.id)):
        return None
    return side(ctx, found.primary)


def followers(ctx: Context, cluster: Cluster) -> list[Side]:
    """Who follows a cluster from other regions. Within a transaction."""
    found = of(ctx, cluster)
    if found is None or found.primary != clusters.arn(ctx, cluster.id):
        return []
    return [one for member in found.members[1:] if (one := side(ctx, member)) is not None]


def slots(ctx: Context, cluster: Cluster) -> list[str]:
    """The slots of those who follow a cluster from other regions. Within a transaction."""
    return [topology.slot(one.head.seats[0]) for one in followers(ctx, cluster) if one.head is not None]


def is_turning(ctx: Context, cluster: Cluster) -> bool:
    """Whether a cluster is becoming the primary one, or no longer is to be. Within a transaction."""
    found = of(ctx, cluster)
    arn = clusters.arn(ctx, cluster.id)
    return found is not None and found.status != "available" and arn in (found.primary, found.target)


def head(members: Sequence[Instance], head_id: str, running: Collection[str]) -> Instance | None:
    """The member of a secondary cluster that follows the primary: the same as before while it runs. Pure.

    `running` are identifiers. Of one that has died, a member that runs takes the place; without any it comes back.
    """
    there = [one for one in members if one.status != "deleting"]
    best = min(
        there,
        key=lambda one: (one.id not in running, one.id != head_id, one.promotion_tier, one.created_at, one.id),
        default=None,
    )
    known = next((one for one in there if one.id == head_id), None)
    return best if best is not None and (known is None or best.id in running) else known


def inheriting(ctx: Context, found: GlobalCluster, cluster: Cluster) -> Cluster:
    """A secondary cluster with the login of its primary, which is that of its data. Within a transaction."""
    primary = at(ctx, found.primary)[1] if found.primary else None
    if primary is None:
        return cluster
    login = {"master_user": primary.master_user, "password": primary.password, "database": primary.database}
    return clusters.changed(cluster, **login)


def joined(ctx: Context, req: Mapping[str, Any], version: str) -> GlobalCluster:
    """The global cluster that a new cluster is to be in, with it; its first one takes writes. Within a transaction.

    Raises GlobalClusterNotFoundFault, InvalidGlobalClusterStateFault, InvalidParameterCombination.
    """
    found = one(ctx, req["GlobalClusterIdentifier"])
    must_be_available(found)
    new = clusters.arn(ctx, req["DBClusterIdentifier"].lower())
    if found.members:
        for member, words in _INHERITED.items():
            if req.get(member):
                text = f"Cannot specify {words} for cross region replication cluster"
                raise AwsError("InvalidParameterCombination", text)
        if any(at(ctx, member)[0].region == ctx.region for member in found.members):
            text = f"Global cluster {found.id} already has a DB cluster in Region {ctx.region}."
            raise AwsError("InvalidGlobalClusterStateFault", text)
    if len(found.members) >= MEMBERS_MAX:
        text = f"Global cluster {found.id} has {MEMBERS_MAX} DB clusters, which is the limit."
        raise AwsError("InvalidGlobalClusterStateFault", text)
    if version.partition(".")[0] != found.version.partition(".")[0]:
        text = f"The engine version of global cluster {found.id} is {found.version}, and not {version}."
        raise AwsError("InvalidParameterCombination", text)
    primary = at(ctx, found.primary)[1] if found.members else None
    if primary is not None and primary.status != "available":
        text = f"Source cluster {found.primary} is in {primary.status} state, but is required to be in available."
        raise AwsError("InvalidDBClusterStateFault", text)
    return changed(found, members=(*found.members, new))


def renamed(ctx: Context, cluster: Cluster, name: str) -> None:
    """A global cluster knows a member by its new identifier. Within a transaction."""
    found = of(ctx, cluster)
    if found is None:
        return
    must_be_available(found)
    old, new = clusters.arn(ctx, cluster.id), clusters.arn(ctx, name)

    def known(arns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if arn == old else arn for arn in arns)

    ctx.put(changed(found, members=known(found.members), resyncing=known(found.resyncing)))


def arn(ctx: Context, identifier: str) -> str:
    return ctx.at(region=REGION_GLOBAL).arn(f"global-cluster:{identifier}")


def endpoint(ctx: Context, found: GlobalCluster) -> str:
    """The name that leads to whoever takes writes."""
    letters = naming.account_letters(ctx.account, "global")
    return f"{found.id}.global-{letters}.global.rds.amazonaws.com"


def described(ctx: Context, found: GlobalCluster) -> dict[str, Any]:
    """A global cluster as DescribeGlobalClusters shows it."""
    shown: dict[str, Any] = {
        "GlobalClusterIdentifier": found.id,
        "GlobalClusterResourceId": found.resource_id,
        "GlobalClusterArn": arn(ctx, found.id),
        "Status": found.status,
        "Engine": found.engine,
        "EngineVersion": found.version,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "StorageEncrypted": found.is_encrypted,
        "DeletionProtection": found.is_protected,
        "GlobalClusterMembers": [_member(found, one) for one in found.members],
        "Endpoint": found.loopback if instances.is_on_host(ctx) else endpoint(ctx, found),
        "TagList": tags.written(found.tags),
    }
    if found.database:
        shown["DatabaseName"] = found.database
    if found.target:
        shown["FailoverState"] = {
            "Status": "failing-over",
            "FromDbClusterArn": found.primary,
            "ToDbClusterArn": found.target,
            "IsDataLossAllowed": found.status == "failing-over",
        }
    return shown


def _member(found: GlobalCluster, member: str) -> dict[str, Any]:
    is_writer = member == found.primary
    shown = {
        "DBClusterArn": member,
        "Readers": [one for one in found.members if one != member] if is_writer else [],
        "IsWriter": is_writer,
        "GlobalWriteForwardingStatus": "disabled",
    }
    if not is_writer:
        shown["SynchronizationStatus"] = "pending-resync" if member in found.resyncing else "connected"
    return shown
