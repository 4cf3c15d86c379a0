"""What RDS answers inside the network: the addresses of endpoints, and who may log in by a token."""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.control.context import Context
from fogbank.control.presigned import Presigned
from fogbank.services.rds import failover, groups, instances, logins, naming, nodes
from fogbank.services.rds.logins import Place
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, Instance

TTL_SECONDS = 5
_ROLES = ("cluster-ro-", "cluster-custom-", "cluster-")


def addresses(ctx: Context, vpc_id: str, name: str) -> tuple[tuple[str, ...], int]:
    """The addresses that an endpoint's name stands for now, to a VPC's resolver, and for how many seconds.

    A public instance has its private address within its own VPC, and its public one everywhere else.
    """
    label, letters, region = (*name.split("."), "", "", "")[:3]
    role = next((role for role in _ROLES if letters.startswith(role)), "")
    letters = letters.removeprefix(role)
    for scope in ctx.scopes(Instance):
        if scope.region == region and letters == naming.account_letters(scope.account, region):
            there = ctx.at(region, scope.account)
            found = [_address(there, vpc_id, one) for one in _behind(there, label, role)]
            return tuple(sorted(filter(None, found))), TTL_SECONDS
    return (), 0


def logged_in(ctx: Context, resource_id: str, who: str, token: Presigned) -> bool:
    """Whether whoever signed a token may log in to an instance as the user in a name. Raises AccessDenied."""
    for instance in ctx.find(Instance, "by_resource", resource_id):
        cluster = ctx.get(Cluster, instance.cluster_id) if instance.cluster_id else None
        user = logins.user_of(instance, who)
        if user and instances.checks_tokens(ctx, instance):
            place = Place(nodes.names(ctx, instance), instance.port, ctx.region)
            logins.admit(ctx, cluster or instance, user, token, place)
            return True
    return False


def _behind(ctx: Context, label: str, role: str) -> Iterator[Instance]:
    """The instances that a name stands for: itself, a cluster's writer, its readers, or those of a custom endpoint."""
    if not role:
        found = ctx.get(Instance, label)
        yield from (found,) if found is not None else ()
        return
    endpoint = ctx.get(ClusterEndpoint, label) if role == "cluster-custom-" else None
    cluster = ctx.get(Cluster, endpoint.cluster_id if endpoint is not None else label)
    if cluster is None:
        return
    members = [one for one in ctx.find(Instance, "by_cluster", cluster.id) if one.status == "available"]
    readers = [one for one in members if one.id != cluster.writer_id]
    if endpoint is not None:
        yield from failover.behind(endpoint, cluster.writer_id, members)
    elif role == "cluster-ro-" and readers:
        yield from readers
    else:
        yield from (one for one in members if one.id == cluster.writer_id)


def _address(ctx: Context, vpc_id: str, found: Instance) -> str:
    if not found.seats or found.status == "creating":
        return ""
    seat = found.seats[0]
    is_within = groups.subnet_group(ctx, found.subnet_group).vpc_id == vpc_id
    return seat.address if is_within or not seat.public_address else seat.public_address
