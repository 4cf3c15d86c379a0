"""Global clusters: made, shown, changed, left by their members, turned over to another region, deleted."""

from __future__ import annotations

from typing import Any

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import clusters, engines, global_clusters, instances, listing, naming, rules
from fogbank.services.rds.global_clusters import changed, described, must_be_available, one
from fogbank.services.rds.resources import Cluster, GlobalCluster

_GLOBAL_CLUSTERS_MAX = 5
_INHERITED = {
    "Engine": "engineName",
    "EngineVersion": "engineVersion",
    "DatabaseName": "databaseName",
    "StorageEncrypted": "storageEncrypted",
}
_FILTERS = ("db-cluster-id",)


def create_global_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    identifier = naming.identifier(req["GlobalClusterIdentifier"], "GlobalClusterIdentifier")
    _check_absent(ctx, identifier)
    if ctx.count(GlobalCluster) >= _GLOBAL_CLUSTERS_MAX:
        text = f"You can't create more than {_GLOBAL_CLUSTERS_MAX} global clusters."
        raise AwsError("GlobalClusterQuotaExceededFault", text)
    wanted = GlobalCluster(
        id=identifier,
        resource_id=f"cluster-{ids.letters(ctx.random, 16).lower()}",
        created_at=ctx.now,
        engine="",
        version="",
        is_protected=req.get("DeletionProtection", False),
        loopback=instances.loopback(ctx),
        tags=tags.read(req.get("Tags")),
    )
    found = _of_source(ctx, wanted, req) if req.get("SourceDBClusterIdentifier") else _empty(ctx, wanted, req)
    ctx.put(found)
    return {"GlobalCluster": described(ctx, found)}


def _of_source(ctx: Context, wanted: GlobalCluster, req: dict[str, Any]) -> GlobalCluster:
    for member, word in _INHERITED.items():
        if req.get(member):
            text = (
                f"When creating global cluster from existing db cluster, value for {word} should not be specified since"
                " it will be inherited from source cluster"
            )
            raise AwsError("InvalidParameterCombination", text)
    source = clusters.one(ctx, req["SourceDBClusterIdentifier"])
    clusters.must_be(source, "available")
    if source.global_id:
        text = f"DBCluster {source.id} is already a member of global cluster {source.global_id}."
        raise AwsError("InvalidDBClusterStateFault", text)
    ctx.put(clusters.changed(source, global_id=wanted.id))
    return changed(
        wanted,
        engine=source.engine,
        version=source.version,
        database=source.database,
        is_encrypted=source.is_encrypted,
        members=(clusters.arn(ctx, source.id),),
    )


def _empty(ctx: Context, wanted: GlobalCluster, req: dict[str, Any]) -> GlobalCluster:
    engine = engines.checked_engine(rules.needed(req, "Engine"))
    if engine != engines.AURORA:
        raise AwsError("InvalidParameterValue", f"Global clusters are not supported for engine {engine}.")
    return changed(
        wanted,
        engine=engine,
        version=instances.version_for(ctx, engine, req.get("EngineVersion", "")),
        database=rules.checked_database(req.get("DatabaseName", "")),
        is_encrypted=req.get("StorageEncrypted", False),
    )


def describe_global_clusters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req, _FILTERS)
    if identifier := req.get("GlobalClusterIdentifier"):
        return {"GlobalClusters": [described(ctx, one(ctx, identifier))]}
    wanted = [set(one_filter["Values"]) for one_filter in req.get("Filters", ())]
    rows = (
        (found.id, described(ctx, found))
        for found in ctx.scan(GlobalCluster)
        if all(values & {*found.members, *(arn.rpartition(":")[2] for arn in found.members)} for values in wanted)
    )
    return listing.page(req, "GlobalClusters", rows)


def modify_global_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = one(ctx, req["GlobalClusterIdentifier"])
    must_be_available(found)
    if req.get("AllowMajorVersionUpgrade") or req.get("EngineVersion", found.version) != found.version:
        raise AwsError("NotImplemented", "fogbank does not upgrade global clusters", status=501)
    found = changed(found, is_protected=req.get("DeletionProtection", found.is_protected))
    if name := req.get("NewGlobalClusterIdentifier"):
        name = naming.identifier(name, "NewGlobalClusterIdentifier")
        found = _renamed(ctx, found, name)
    ctx.put(found)
    return {"GlobalCluster": described(ctx, found)}


def _renamed(ctx: Context, found: GlobalCluster, name: str) -> GlobalCluster:
    if name == found.id:
        return found
    _check_absent(ctx, name)
    ctx.delete(GlobalCluster, found.id)
    for member in found.members:
        there, cluster = global_clusters.at(ctx, member)
        if cluster is not None:
            there.put(clusters.changed(cluster, global_id=name))
    return changed(found, id=name)


def delete_global_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = one(ctx, req["GlobalClusterIdentifier"])
    if found.is_protected:
        text = "Cannot delete protected Global Cluster, please disable deletion protection and try again."
        raise AwsError("InvalidParameterCombination", text)
    if found.members:
        text = f"Global Cluster {global_clusters.arn(ctx, found.id)} is not empty"
        raise AwsError("InvalidGlobalClusterStateFault", text)
    ctx.delete(GlobalCluster, found.id)
    return {"GlobalCluster": described(ctx, changed(found, status="deleting"))}


def remove_from_global_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = one(ctx, req["GlobalClusterIdentifier"])
    must_be_available(found)
    there, cluster = _member(ctx, found, rules.needed(req, "DbClusterIdentifier"))
    arn = clusters.arn(there, cluster.id)
    if arn == found.primary and len(found.members) > 1:
        text = f"{arn} is the primary cluster of {found.id}: remove its secondary clusters first."
        raise AwsError("InvalidGlobalClusterStateFault", text)
    clusters.must_be(cluster, "available", "creating")
    standalone = clusters.changed(cluster, global_id="")
    if arn != found.primary:
        standalone = clusters.changed(global_clusters.inheriting(ctx, found, standalone), status="promoting")
    there.put(standalone)
    found = changed(
        found,
        members=tuple(one for one in found.members if one != arn),
        resyncing=tuple(one for one in found.resyncing if one != arn),
    )
    ctx.put(found)
    return {"GlobalCluster": described(ctx, found)}


def switchover_global_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _turned(ctx, req, allows_loss=False)


def failover_global_cluster(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if req.get("AllowDataLoss") and req.get("Switchover"):
        text = "You can't specify both AllowDataLoss and Switchover."
        raise AwsError("InvalidParameterCombination", text)
    return _turned(ctx, req, allows_loss=req.get("AllowDataLoss", False))


def _turned(ctx: Context, req: dict[str, Any], *, allows_loss: bool) -> dict[str, Any]:
    """Have another cluster become the primary one (Aurora User Guide, "Using switchover or failover")."""
    found = one(ctx, req["GlobalClusterIdentifier"])
    must_be_available(found)
    there, cluster = _member(ctx, found, req["TargetDbClusterIdentifier"])
    arn = clusters.arn(there, cluster.id)
    if arn == found.primary:
        text = f"{arn} is the primary cluster of {found.id} already."
        raise AwsError("InvalidGlobalClusterStateFault", text)
    clusters.must_be(cluster, "available")
    if not cluster.head_id:
        text = f"DBCluster {cluster.id} has no DB instance that could take writes."
        raise AwsError("InvalidDBClusterStateFault", text)
    if arn in found.resyncing:
        raise AwsError("InvalidGlobalClusterStateFault", f"{arn} is not synchronized with the primary cluster.")
    _, primary = global_clusters.at(ctx, found.primary)
    if not allows_loss and primary is not None:
        clusters.must_be(primary, "available")
    found = changed(found, status="failing-over" if allows_loss else "switching-over", target=arn)
    ctx.put(found)
    return {"GlobalCluster": described(ctx, found)}


def _check_absent(ctx: Context, identifier: str) -> None:
    if ctx.get(GlobalCluster, identifier) is not None:
        raise AwsError("GlobalClusterAlreadyExistsFault", f"Global cluster {identifier} already exists.")


def _member(ctx: Context, found: GlobalCluster, identifier: str) -> tuple[Context, Cluster]:
    """A member and its region. Raises DBClusterNotFoundFault."""
    for arn in found.members:
        if identifier in (arn, arn.rpartition(":")[2]):
            there, cluster = global_clusters.at(ctx, arn)
            if cluster is not None:
                return there, cluster
    text = f"DBCluster {identifier} is not a member of global cluster {found.id}."
    raise AwsError("DBClusterNotFoundFault", text, status=404)
