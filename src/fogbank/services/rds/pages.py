"""What RDS answers beside its API: the addresses of endpoints, who may log in by a token, and how databases are now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError, WorldError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.pages import Pages, answered
from fogbank.control.presigned import Presigned
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.engines.postgresql.plane import Databases
from fogbank.services.rds import failover, groups, instances, logins, naming, nodes, picture
from fogbank.services.rds.logins import Place
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, Instance

TTL_SECONDS = 5
_START = "/_fogbank/databases"
_FRESH_SECONDS = 0.9
"""Who asks more often than once a second is told what was measured before."""
_PATIENCE_SECONDS = 0.3
"""For servers that do not answer: what the others say is told without them."""
_GIVEN_UP_SECONDS = 5.0
_FORGOTTEN_SECONDS = 60.0
_ROLES = ("cluster-ro-", "cluster-custom-", "cluster-")


def addresses(ctx: Context, vpc_id: str, name: str) -> tuple[tuple[str, ...], int]:
    """The addresses that an endpoint's name stands for now, to a VPC's resolver, and for how many seconds.

    A public instance has its private address within its own VPC, and its public one everywhere else. To programs of the
    host (no VPC) a name stands for the endpoint's loopback address.
    """
    label, letters, region = (*name.split("."), "", "", "")[:3]
    role = next((role for role in _ROLES if letters.startswith(role)), "")
    letters = letters.removeprefix(role)
    for scope in ctx.scopes(Instance):
        if scope.region == region and letters == naming.account_letters(scope.account, region):
            there = ctx.at(region, scope.account)
            if not vpc_id:
                return tuple(filter(None, [_loopback(there, label, role)])), TTL_SECONDS
            found = [_address(there, vpc_id, one) for one in _behind(there, label, role)]
            return tuple(sorted(filter(None, found))), TTL_SECONDS
    return (), 0


def logged_in(ctx: Context, resource_id: str, who: str, token: Presigned) -> None:
    """Return if whoever signed a token may log in to an instance as the user in a name. Raises AccessDenied."""
    for instance in ctx.find(Instance, "by_resource", resource_id):
        cluster = ctx.get(Cluster, instance.cluster_id) if instance.cluster_id else None
        user = logins.user_of(instance, who)
        if user and instances.checks_tokens(ctx, instance):
            place = Place(nodes.names(ctx, instance), instance.port, ctx.region)
            logins.admit(ctx, cluster or instance, user, token, place)
            return
    raise AwsError("AccessDenied", f"{resource_id} takes no tokens", status=403)


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


def _loopback(ctx: Context, label: str, role: str) -> str:
    """Where programs of the host find an endpoint; empty for one that there is not."""
    if not role:
        instance = ctx.get(Instance, label)
        return instance.loopback if instance is not None else ""
    if role == "cluster-custom-":
        endpoint = ctx.get(ClusterEndpoint, label)
        return endpoint.loopback if endpoint is not None else ""
    cluster = ctx.get(Cluster, label)
    if cluster is None:
        return ""
    return cluster.reader_loopback if role == "cluster-ro-" else cluster.loopback


def _address(ctx: Context, vpc_id: str, found: Instance) -> str:
    if not found.seats or found.status == "creating":
        return ""
    seat = found.seats[0]
    is_within = groups.subnet_group(ctx, found.subnet_group).vpc_id == vpc_id
    return seat.address if is_within or not seat.public_address else seat.public_address


# Pages


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Which(msgspec.Struct, forbid_unknown_fields=True):
    arn: str


async def answer(ctx: Context, request: Request) -> Response:
    """A page of databases, as JSON: the list of all (`/_fogbank/databases`), or one (`/one?arn=`) as it is now.

    400 for a question that is none of its page's, 404 for a page or a database that there is not.
    """
    return await answered(ctx, request, _START, _PAGES)


async def _listed(ctx: Context, wanted: _Nothing) -> dict[str, Any]:
    with ctx.begin():
        return {"databases": picture.listed(ctx)}


async def _one(ctx: Context, wanted: _Which) -> dict[str, Any]:
    with ctx.begin():
        names = [one.seat.name for one in picture.scene(ctx, wanted.arn).nodes]
    measured = await _measured(ctx, names)
    # Roles may have moved while servers were asked: what is told is how it is after that.
    with ctx.begin():
        return picture.told(ctx, picture.scene(ctx, wanted.arn), measured)


class _Readings:
    """What was last measured of servers that somebody looks at, by node: when it was asked for, and the answer."""

    def __init__(self) -> None:
        self.by_node: dict[str, tuple[float, asyncio.Task[Figures | None]]] = {}

    def fresh(self, databases: Databases, name: str, now: float) -> asyncio.Task[Figures | None]:
        """The answer of a server, which is asked once in a while, and never twice at a time."""
        found = self.by_node.get(name)
        if found is None or (found[1].done() and now - found[0] >= _FRESH_SECONDS):
            found = self.by_node[name] = now, asyncio.ensure_future(_figures(databases, name))
        return found[1]

    def forget(self, before: float) -> None:
        """Let go of servers that nobody has looked at since then."""
        for name in [name for name, (asked_at, task) in self.by_node.items() if asked_at < before and task.done()]:
            del self.by_node[name]


async def _measured(ctx: Context, names: Iterable[str]) -> dict[str, Figures]:
    """What the nodes that run say of themselves now; those that do not answer soon are left out."""
    databases, now = ctx.planes.databases, asyncio.get_running_loop().time()
    readings = ctx.held(_Readings)
    readings.forget(now - _FORGOTTEN_SECONDS)
    asked = {name: readings.fresh(databases, name, now) for name in names if databases.is_running(name)}
    if asked:
        await asyncio.wait(asked.values(), timeout=_PATIENCE_SECONDS)
    answers = {name: task.result() for name, task in asked.items() if task.done()}
    return {name: figures for name, figures in answers.items() if figures is not None}


async def _figures(databases: Databases, name: str) -> Figures | None:
    try:
        async with asyncio.timeout(_GIVEN_UP_SECONDS):
            return await databases.figures(name)
    except (WorldError, TimeoutError):
        # It starts, or has just died.
        return None


_PAGES: Pages = {
    ("GET", ""): (_Nothing, _listed),
    ("GET", "/one"): (_Which, _one),
}
"""What a page takes, and what answers it."""
