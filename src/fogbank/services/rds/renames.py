"""Other names for instances and clusters: their data, addresses and resource ids stay, their names in DNS do not."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.services.rds import clusters, global_clusters, instances, replicas
from fogbank.services.rds.clusters import changed as cluster_with
from fogbank.services.rds.instances import changed
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, Instance


def instance(ctx: Context, found: Instance, name: str) -> Instance:
    """An instance under another identifier, and whoever named it names it so. Within a transaction.

    Raises DBInstanceAlreadyExists.
    """
    instances.check_absent(ctx, name)
    for one in replicas.of(ctx, found):
        there, is_here = replicas.where(ctx, one)
        there.put(changed(one, source_id=name if is_here else instances.arn(ctx, name)))
    made = changed(found, id=name, status="renaming")
    ctx.delete(Instance, found.id)
    ctx.put(made)
    if found.cluster_id:
        _known_to(ctx, found, name)
    return made


def _known_to(ctx: Context, found: Instance, name: str) -> None:
    """A cluster and its custom endpoints know a member by its new identifier."""

    def other(one: str) -> str:
        return name if one == found.id else one

    cluster = clusters.one(ctx, found.cluster_id)
    fields = {field: other(getattr(cluster, field)) for field in ("writer_id", "target_id", "head_id")}
    ctx.put(cluster_with(cluster, **fields))
    for endpoint in ctx.find(ClusterEndpoint, "by_cluster", found.cluster_id):
        lists = {field: tuple(map(other, getattr(endpoint, field))) for field in ("members", "excluded")}
        ctx.put(clusters.endpoint_with(endpoint, **lists))


def cluster(ctx: Context, found: Cluster, name: str) -> Cluster:
    """A cluster under another identifier, with its members and its custom endpoints. Within a transaction.

    Raises DBClusterAlreadyExistsFault.
    """
    clusters.check_absent(ctx, name)
    global_clusters.renamed(ctx, found, name)
    made = cluster_with(found, id=name, status="renaming")
    ctx.delete(Cluster, found.id)
    ctx.put(made)
    for one in clusters.members(ctx, found.id):
        ctx.put(changed(one, cluster_id=name))
    for endpoint in ctx.find(ClusterEndpoint, "by_cluster", found.id):
        ctx.put(clusters.endpoint_with(endpoint, cluster_id=name))
    return made
