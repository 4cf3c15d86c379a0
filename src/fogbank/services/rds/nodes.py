"""Nodes as clients meet them: their certificates, whether they take connections without TLS, and who checks tokens."""

from __future__ import annotations

from collections.abc import Sequence

from fogbank.control.context import Context
from fogbank.planes.engines.postgresql.files import Node
from fogbank.services.rds import clusters, groups, instances, logins, naming, parameters, topology
from fogbank.services.rds.engines import AURORA
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, GlobalCluster, Instance, Seat

_KEPT = "256MB"
"""Of its log, what a writer with followers in other regions keeps: whoever takes their head's place has no slot yet."""


def met(ctx: Context, instance: Instance, seat: Seat, node: Node) -> Node:
    """A node of an instance with all that clients see of it. Within a transaction."""
    abilities = ctx.planes.databases.abilities(instance.version)
    has_packets = ctx.planes.net.has_packets
    is_checked = instances.checks_tokens(ctx, instance) and not logins.lacking(abilities)
    return node._replace(
        names=names(ctx, instance),
        is_private=is_private(ctx, instance),
        logins=logins.asked(instance, seat, has_packets=has_packets) if is_checked else None,
    )


def of_cluster(ctx: Context, cluster: Cluster, members: Sequence[Instance]) -> dict[str, Node]:
    """The nodes of a cluster, by instance, each as a primary. Within a transaction."""
    # A cluster that follows another one is restored from that one's log.
    archive = "" if clusters.is_secondary(ctx, cluster) else topology.archive(cluster)
    found = {}
    for one in members:
        values = groups.in_force(ctx, one)
        if cluster.global_id:
            values = {"wal_keep_size": _KEPT, **values}
        node = topology.node(one, one.seats[0], values, has_packets=ctx.planes.net.has_packets)
        found[one.id] = met(ctx, one, one.seats[0], node._replace(archive=archive))
    return found


def is_private(ctx: Context, instance: Instance) -> bool:
    """Whether an instance takes connections by TLS alone."""
    abilities = ctx.planes.databases.abilities(instance.version)
    major = int(instance.version.partition(".")[0])
    given = parameters.forces_tls(major, is_aurora=instance.engine == AURORA, has_tls=abilities.has_tls)
    return abilities.has_tls and groups.in_force(ctx, instance).get(parameters.FORCE_TLS, given) == "1"


def names(ctx: Context, instance: Instance) -> tuple[str, ...]:
    """What clients call an instance, its own name first: endpoints, their addresses for programs of the host, others.

    Those of a cluster are every member's, since any may become the writer.
    """
    found = [naming.endpoint(instance.id, ctx.account, ctx.region), instance.loopback]
    for seat in sorted(instance.seats, key=lambda one: one.name):
        found += [seat.loopback, seat.address, seat.public_address]
    if (cluster := _cluster(ctx, instance)) is not None:
        found += [naming.cluster_endpoint(cluster.id, ctx.account, ctx.region, kind) for kind in ("", "ro")]
        found += [cluster.loopback, cluster.reader_loopback]
        if cluster.global_id and (whole := ctx.get(GlobalCluster, cluster.global_id)) is not None:
            found.append(whole.loopback)
        for endpoint in ctx.find(ClusterEndpoint, "by_cluster", cluster.id):
            found += [naming.cluster_endpoint(endpoint.id, ctx.account, ctx.region, "custom"), endpoint.loopback]
    return tuple(dict.fromkeys(name for name in found if name))


def _cluster(ctx: Context, instance: Instance) -> Cluster | None:
    return ctx.get(Cluster, instance.cluster_id) if instance.cluster_id else None
