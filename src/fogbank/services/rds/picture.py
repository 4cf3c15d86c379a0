"""Clusters and instances as a page draws them: nodes with their roles, endpoints and whom they lead to, events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.services.rds import clusters, events, failover, instances, naming, replicas
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, Instance, Seat

_EVENTS_SECONDS = 3600.0
_EVENTS_MAX = 100
_IDLE = ("creating", "deleting", "stopped", "stopping", "starting")


class Placed(NamedTuple):
    """A node: the seat of an instance, where it is, and the node that it follows (empty for a primary)."""

    instance: Instance
    seat: Seat
    region: str
    role: str
    """`writer` and `reader` of clusters; `primary`, `standby` and `replica` of instances."""
    follows: str


class Endpoint(NamedTuple):
    """A name that clients connect to."""

    kind: str
    """`writer`, `reader`, `custom reader`, `custom any` or `instance`."""
    id: str
    name: str
    address: str
    """Where programs of the host find it."""
    port: int
    behind: tuple[str, ...]
    """The nodes that it leads to, by name."""


class Scene(NamedTuple):
    """All that there is to draw of a cluster, or of an instance with its standby and everybody who follows it."""

    subject: Cluster | Instance
    arn: str
    account: str
    region: str
    nodes: list[Placed]
    endpoints: list[Endpoint]
    is_turning: bool
    """Whether whoever takes writes is changing, or is not there though it should be."""
    is_synced: bool | None
    """Whether somebody else has all that was acknowledged, and so may take over; None where nobody could."""


def listed(ctx: Context) -> list[dict[str, Any]]:
    """Every cluster, and every instance that is in none, of all accounts and regions. Within a transaction."""
    found = []
    for scope in ctx.scopes(Cluster):
        there = ctx.at(scope.region, scope.account)
        for one in there.scan(Cluster):
            count = len(there.find(Instance, "by_cluster", one.id))
            found.append({**_identity(one, clusters.arn(there, one.id), there), "nodes": count})
    for scope in ctx.scopes(Instance):
        there = ctx.at(scope.region, scope.account)
        for alone in there.scan(Instance):
            if not alone.cluster_id:
                identity = _identity(alone, instances.arn(there, alone.id), there)
                found.append({**identity, "nodes": len(alone.seats)})
    return sorted(found, key=lambda one: (one["account"], one["region"], one["kind"], one["id"]))


def scene(ctx: Context, arn: str) -> Scene:
    """What an ARN names, as it is now. Within a transaction. Raises DBClusterNotFoundFault, DBInstanceNotFound."""
    parts = arn.split(":", 6)
    if len(parts) != 7 or parts[5] not in ("cluster", "db"):
        raise AwsError("ValidationException", f"{arn} is the ARN of no DB cluster and of no DB instance")
    there = ctx.at(parts[3], parts[4])
    if parts[5] == "cluster":
        return _cluster(there, clusters.one(there, parts[6]))
    return _instance(there, instances.one(there, parts[6]))


def _identity(found: Cluster | Instance, arn: str, ctx: Context) -> dict[str, Any]:
    return {
        "kind": "cluster" if isinstance(found, Cluster) else "instance",
        "id": found.id,
        "arn": arn,
        "account": ctx.account,
        "region": ctx.region,
        "engine": found.engine,
        "version": found.version,
        "status": found.status,
    }


# Clusters


def _cluster(ctx: Context, cluster: Cluster) -> Scene:
    members = [one for one in clusters.members(ctx, cluster.id) if one.seats]
    running = [one for one in members if _is_served(ctx, one)]
    writer = next((one for one in members if one.id == cluster.writer_id), None)
    # In a secondary cluster of a global one nobody writes: all follow the one that follows the primary cluster.
    top = writer or next((one for one in members if one.id == cluster.head_id), None)
    above = top.node if top is not None else ""
    nodes = [
        Placed(one, one.seats[0], ctx.region, "writer" if one is writer else "reader", "" if one is top else above)
        for one in members
    ]
    is_turning = bool(cluster.target_id) or cluster.status == "failing-over"
    is_turning |= cluster.status not in _IDLE and writer is not None and _is_missed(ctx, writer)
    found = [*_endpoints(ctx, cluster, writer, running)]
    is_synced = cluster.is_synced if len(nodes) > 1 else None
    return Scene(cluster, clusters.arn(ctx, cluster.id), ctx.account, ctx.region, nodes, found, is_turning, is_synced)


def _is_served(ctx: Context, member: Instance) -> bool:
    """Whether endpoints lead to a member: it runs, and has come to have what the others have."""
    return member.status != "creating" and ctx.planes.databases.is_running(member.node)


def _is_missed(ctx: Context, found: Instance) -> bool:
    return found.status not in _IDLE and not ctx.planes.databases.is_running(found.node)


def _endpoints(
    ctx: Context, cluster: Cluster, writer: Instance | None, running: Sequence[Instance]
) -> Iterator[Endpoint]:
    """The writer's, the readers' (without readers, the writer's too), and those that people have made."""
    writes = (writer.node,) if writer is not None else ()
    reads = tuple(one.node for one in running if one is not writer) or writes

    def named(kind: str) -> str:
        return naming.cluster_endpoint(cluster.id, ctx.account, ctx.region, kind)

    yield Endpoint("writer", cluster.id, named(""), cluster.loopback, cluster.port, writes)
    yield Endpoint("reader", cluster.id, named("ro"), cluster.reader_loopback, cluster.port, reads)
    made: list[ClusterEndpoint] = ctx.find(ClusterEndpoint, "by_cluster", cluster.id)
    for one in sorted(made, key=lambda custom: custom.id):
        name = naming.cluster_endpoint(one.id, ctx.account, ctx.region, "custom")
        behind = tuple(member.node for member in failover.behind(one, cluster.writer_id, running))
        yield Endpoint(f"custom {one.kind.lower()}", one.id, name, one.loopback, cluster.port, behind)


# Instances


def _instance(ctx: Context, found: Instance) -> Scene:
    """An instance with all that has come from the same primary: a replica is drawn below its source."""
    there, top = _source_of_all(ctx, found)
    nodes = list(_tree(there, top, ""))
    endpoints = [
        Endpoint("instance", one.id, name, one.loopback, one.port, (seat.name,))
        for one, seat, region, role, _ in nodes
        if role != "standby"
        for name in (naming.endpoint(one.id, ctx.account, region),)
    ]
    is_turning = "failover" in top.needs or _is_missed(ctx, top)
    is_synced = top.is_synced if len(top.seats) > 1 else None
    return Scene(found, instances.arn(ctx, found.id), ctx.account, ctx.region, nodes, endpoints, is_turning, is_synced)


def _source_of_all(ctx: Context, found: Instance) -> tuple[Context, Instance]:
    source = replicas.source(ctx, found)
    if source is None or source.resource_id == found.resource_id:
        return ctx, found
    return _source_of_all(replicas.beside(ctx, found), source)


def _tree(ctx: Context, found: Instance, follows: str) -> Iterator[Placed]:
    role = "replica" if follows else "primary"
    for at, seat in enumerate(found.seats):
        if at:
            yield Placed(found, seat, ctx.region, "standby", found.node)
        else:
            yield Placed(found, seat, ctx.region, role, follows)
    for replica in sorted(replicas.of(ctx, found), key=lambda one: (one.created_at, one.id)):
        yield from _tree(replicas.where(ctx, replica)[0], replica, found.node)


# Told


def told(ctx: Context, seen: Scene, measured: Mapping[str, Figures]) -> dict[str, Any]:
    """A scene in JSON, with what has been measured of its nodes. Within a transaction; times are milliseconds."""
    there = ctx.at(seen.region, seen.account)
    return {
        **_identity(seen.subject, seen.arn, there),
        "reason": seen.subject.reason,
        "cloud_ms": round(ctx.now * 1000),
        "is_turning": seen.is_turning,
        "is_synced": seen.is_synced,
        "forwards_writes": isinstance(seen.subject, Cluster) and seen.subject.forwards_writes,
        "nodes": [_node(ctx, one, measured) for one in seen.nodes],
        "endpoints": [one._asdict() for one in seen.endpoints],
        "events": _events(there, seen),
    }


def _node(ctx: Context, placed: Placed, measured: Mapping[str, Figures]) -> dict[str, Any]:
    found, seat = placed.instance, placed.seat
    own, above = measured.get(seat.name), measured.get(placed.follows)
    # What the primary hears of its standby is as late as the standby was then: when that was counts too.
    heard = above if above is not None and seat.name in above.delays else own
    return {
        "name": seat.name,
        "instance": found.id,
        "role": placed.role,
        "follows": placed.follows,
        "status": found.status,
        "reason": found.reason,
        "runs": ctx.planes.databases.is_running(seat.name),
        "region": placed.region,
        "zone": seat.zone,
        "class": found.instance_class,
        "tier": found.promotion_tier if found.cluster_id else None,
        "private_address": seat.address,
        "public_address": seat.public_address,
        "endpoint": naming.endpoint(found.id, ctx.account, placed.region),
        "address": found.loopback if placed.role != "standby" else "",
        "port": found.port,
        "connections": own.numbers.get("connections") if own is not None else None,
        "connections_max": own.numbers.get("connections_max") if own is not None else None,
        "lag_ms": lag(seat.name, own, above) if placed.follows else None,
        "lag_read_ms": round(heard.at * 1000) if placed.follows and heard is not None else None,
    }


def lag(name: str, own: Figures | None, above: Figures | None) -> float | None:
    """How many milliseconds a standby shows later what its primary has written; None where nobody knows.

    The primary knows, except of one that has not said anything since it was written to; one that has applied all that
    it received is not late.
    """
    if above is not None and name in above.delays:
        return round(above.delays[name], 3)
    return 0.0 if own is not None and own.numbers.get("late_seconds") == 0.0 else None


def _events(ctx: Context, seen: Scene) -> list[dict[str, Any]]:
    """The events of the last hour of cloud time, the oldest first."""
    wanted: dict[str, set[str]] = {seen.region: set()}
    for one in seen.nodes:
        wanted.setdefault(one.region, set()).add(f"db:{one.instance.id}")
    if isinstance(seen.subject, Cluster):
        wanted[seen.region].add(f"cluster:{seen.subject.id}")
    found = [one for region, resources in wanted.items() for one in _recent(ctx.at(region), resources)]
    return sorted(found, key=lambda one: int(one["at_ms"]))[-_EVENTS_MAX:]


def _recent(ctx: Context, resources: Collection[str]) -> Iterator[dict[str, Any]]:
    for key, one in events.between(ctx, ctx.now - _EVENTS_SECONDS, ctx.now + 1):
        if one.resource in resources:
            yield {
                "id": f"{ctx.region}/{key}",
                "at_ms": round(one.at * 1000),
                "source": one.identifier,
                "source_type": one.source_type,
                "categories": one.categories,
                "message": one.message,
            }
