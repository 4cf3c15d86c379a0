"""DB instances: each status that does not last is brought to one that does, and what was wanted meanwhile is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes.engines.postgresql.files import Node, Recovery
from fogbank.planes.engines.postgresql.plane import Owner
from fogbank.services.rds import backups, groups, instances, modifications, nodes, passwords, replicas, rules, topology
from fogbank.services.rds.instances import changed
from fogbank.services.rds.lines import Far
from fogbank.services.rds.reconcile import doors, following, lines, telling
from fogbank.services.rds.reconcile.network import networked
from fogbank.services.rds.resources import Cluster, Instance, Snapshot, Source

_LEAVE_SECONDS = 2.0


class _Known(NamedTuple):
    """An instance as the records say it is to be."""

    instance: Instance
    nodes: list[Node]
    """Of its seats, each as a primary; a replica's follow its source."""
    source: str
    """The engine of the primary that a replica follows; empty for others."""
    replicas: list[Instance]
    """Those that follow this one, wherever they are."""
    far: Far | None = None
    """A replica whose source is in another region."""

    @property
    def primary(self) -> Node:
        return self.nodes[0]


def engines(ctx: Context) -> Iterable[str]:
    """The engines of this account and region: those that nothing names are taken away at a start."""
    for one in ctx.scan(Instance):
        yield from (seat.name for seat in one.seats)
        yield topology.archive(one)
    yield from (one.node for one in ctx.scan(Snapshot))
    for cluster in ctx.scan(Cluster):
        yield from (topology.volume(cluster), topology.archive(cluster))


async def instance(ctx: Context, key: str) -> After | None:
    """A DB instance, at its identifier."""
    known = _read(ctx, key)
    if known is None:
        return None
    if known.instance.cluster_id:
        ctx.waker(Cluster, known.instance.cluster_id)()
        return None
    await _BY_STATUS.get(known.instance.status, _nothing)(ctx, known)
    return _next_look(ctx, key)


def _read(ctx: Context, key: str) -> _Known | None:
    with ctx.begin():
        found = ctx.get(Instance, key)
        if found is None:
            return None
        if found.cluster_id:
            return _Known(found, [], "", [])
        parameters = groups.in_force(ctx, found)
        has_packets = ctx.planes.net.has_packets
        plain = [topology.node(found, seat, parameters, has_packets=has_packets) for seat in found.seats]
        seen = [nodes.met(ctx, found, seat, node) for seat, node in zip(found.seats, plain, strict=True)]
        source, far = replicas.source(ctx, found), None
        if source is not None and found.source.kind == "replica":
            far = replicas.far(ctx, found, source)
            socket = lines.socket(ctx, found.node) if far is not None else ctx.planes.databases.socket(source.node)
            seen[0] = topology.following(seen[0], found.seats[0], socket, source.port)
        return _Known(found, seen, source.node if source is not None else "", replicas.of(ctx, found), far)


def _next_look(ctx: Context, key: str) -> After | None:
    """When time has something to do: a backup, its end, a maintenance window."""
    with ctx.begin():
        found = ctx.get(Instance, key)
        if found is None or found.status != "available":
            return None
        due = [backups.due(ctx, found)] if found.retention_days else []
        if found.pending:
            due.append(rules.maintenance_begins(found.maintenance_window, ctx.now))
    return After(max(0.0, min(moment for moment in due if moment) - ctx.now)) if any(due) else None


async def _nothing(ctx: Context, known: _Known) -> None:
    pass


# Made


async def _created(ctx: Context, known: _Known) -> None:
    found, databases = known.instance, ctx.planes.databases
    await networked(ctx, found.subnet_group, found.seats)
    if not databases.has_data(found.node):
        await _made(ctx, known)
    if found.source.kind == "replica":
        await following.followed(databases, known.primary, known.source)
    else:
        await databases.start(_recovering(ctx, known))
        with ctx.begin():
            owner = Owner(found.master_user, instances.opened(ctx, found.password), found.database)
        await databases.own(found.node, owner)
    await _kept_standby(ctx, known)
    await _serve(ctx, known)
    with ctx.begin():
        telling.settle(ctx, found, "available", "creation", "DB instance created")
    _watch(ctx, known)


async def _made(ctx: Context, known: _Known) -> None:
    """An instance's data, of what it comes from."""
    found, databases = known.instance, ctx.planes.databases
    match found.source.kind:
        case "replica":
            await _slots_at_source(ctx, found)
            await _laid(ctx, known)
            lines.passable(ctx, found.node)
            await databases.follow(known.primary)
        case "snapshot" | "time":
            with ctx.begin():
                logs = [one.node for one in ctx.scan(Instance) if topology.archive(one) == found.source.archive]
            if logs and databases.is_running(logs[0]):
                await databases.archived(logs[0])
            await databases.copy(_recovering(ctx, known), found.source.name)
        case _:
            await databases.create(known.primary)


def _recovering(ctx: Context, known: _Known) -> Node:
    """The node as it is when it starts for the first time: one that is restored to a moment recovers until then."""
    source = known.instance.source
    if source.kind != "time":
        return known.primary
    at = ctx.planes.databases.machine_time(ctx.now - source.time) if source.time else 0.0
    return known.primary._replace(recovery=Recovery(source.archive, at))


async def _slots_at_source(ctx: Context, found: Instance) -> None:
    """The source keeps what its replicas have not had: all of them, this one too."""
    with ctx.begin():
        source = replicas.source(ctx, found)
    if source is None:
        raise WorldError(f"{found.source_id} is gone")
    await following.kept(ctx.planes.databases, source.node, lambda: _slots(replicas.beside(ctx, found), source))


async def _laid(ctx: Context, known: _Known) -> None:
    """What a replica hears of a source in another region, it hears over the line."""
    if known.far is not None:
        await lines.laid(ctx, known.far, ctx.waker(Instance, known.instance.id))
    else:
        await lines.lifted(ctx, known.instance.node)


def _slots(ctx: Context, found: Instance) -> list[str]:
    """The slots of whoever follows an instance now."""
    with ctx.begin():
        return replicas.slots(ctx, found)


# Kept


async def _kept(ctx: Context, known: _Known) -> None:
    """What lasts is kept: a node that died is started again, or its standby takes over."""
    found, databases = known.instance, ctx.planes.databases
    if found.pending and rules.maintenance_begins(found.maintenance_window, ctx.now) <= ctx.now:
        with ctx.begin():
            ctx.put(changed(found, status="modifying"))
        return
    await networked(ctx, found.subnet_group, found.seats)
    if not databases.is_running(found.node):
        known = await _recovered(ctx, known)
    known = await _changed(ctx, known)
    if known.source:
        await _slots_at_source(ctx, known.instance)
        await _laid(ctx, known)
        await following.followed(databases, known.primary, known.source)
    elif databases.configure(known.primary):
        await databases.reload(known.primary.name)
    await _kept_standby(ctx, known)
    await _serve(ctx, known)
    _watch(ctx, known)
    with ctx.begin():
        telling.told(ctx, found.id)
        backups.tend(ctx, known.instance)


async def _recovered(ctx: Context, known: _Known) -> _Known:
    found, databases = known.instance, ctx.planes.databases
    if len(known.nodes) > 1 and found.is_synced and databases.is_running(known.nodes[1].name):
        return await _failed_over(ctx, known, is_planned=False)
    await databases.start(known.primary)
    with ctx.begin():
        telling.tell(ctx, found.id, "recovery", "Recovery of the DB instance is complete.")
    return known


async def _failed_over(ctx: Context, known: _Known, *, is_planned: bool) -> _Known:
    """The instance with its standby as the primary; what the old one had is made anew, or follows."""
    found, databases = known.instance, ctx.planes.databases
    with ctx.begin():
        telling.tell(ctx, found.id, "failover", "Multi-AZ instance failover started.")
    if is_planned:
        await databases.stop(found.node)
    await databases.promote(known.nodes[1].name)
    with ctx.begin():
        now = ctx.get(Instance, found.id)
        if now is not None:
            # What was asked for is done: whoever goes on after a crash does not do it again.
            needs = tuple(need for need in now.needs if need != "failover")
            ctx.put(changed(now, seats=(now.seats[1], now.seats[0]), is_synced=False, needs=needs))
            telling.tell(ctx, found.id, "failover", "Multi-AZ instance failover completed.")
    if not is_planned:
        await databases.remove(found.node)
    again = _read(ctx, found.id) or known
    await _serve(ctx, again)
    for replica in known.replicas:
        replicas.waker(ctx, replica)()
    return again


async def _kept_standby(ctx: Context, known: _Known) -> None:
    """Whoever follows the primary finds what it needs there, and the standby of a Multi-AZ instance runs."""
    databases, found = ctx.planes.databases, known.instance
    await following.kept(databases, found.node, lambda: _slots(ctx, found))
    standbys = known.nodes[1:]
    for node, seat in zip(standbys, found.seats[1:], strict=True):
        behind = topology.following(node, seat, databases.socket(found.node))
        await following.followed(databases, behind, found.node)
    if not known.source:
        is_synced = await following.acknowledged(databases, found.node, [node.name for node in standbys])
        with ctx.begin():
            now = ctx.get(Instance, found.id)
            if now is not None and now.node == found.node and now.is_synced != is_synced:
                ctx.put(changed(now, is_synced=is_synced))


async def _changed(ctx: Context, known: _Known) -> _Known:
    """The instance once what was asked of it is done."""
    found, databases = known.instance, ctx.planes.databases
    if not found.needs:
        return known
    if "password" in found.needs and not known.source:
        with ctx.begin():
            owner = Owner(found.master_user, instances.opened(ctx, found.password))
        await databases.own(found.node, owner)
    freed: dict[str, object] = {}
    with ctx.begin():
        source = replicas.source(ctx, found)
    if "promote" in found.needs:
        await databases.promote(found.node)
        await lines.lifted(ctx, found.node)
        freed = {"source_id": "", "source": Source()}
    with ctx.begin():
        now = ctx.get(Instance, found.id)
        if now is not None:
            # Another password that was asked for meanwhile has yet to be told.
            done = set(found.needs) - ({"password"} if now.password != found.password else set())
            ctx.put(changed(now, needs=tuple(need for need in now.needs if need not in done), **freed))
    if freed and source is not None:
        # It kept the log for a replica that needs it no longer, once that has let go.
        replicas.waker(ctx, source)()
        databases.remind(_LEAVE_SECONDS, replicas.waker(ctx, source))
    return _read(ctx, found.id) or known


# Turned


async def _modified(ctx: Context, known: _Known) -> None:
    """What is pending holds: with another port, or a standby more or less, the nodes are other ones."""
    found, databases = known.instance, ctx.planes.databases
    with ctx.begin():
        now = ctx.get(Instance, found.id)
        wanted = modifications.applied(ctx, now) if now is not None else None
        if now is None or wanted is None:
            return
        stay = {seat.name for seat in wanted.seats}
        gone = [seat for seat in now.seats if seat.name not in stay]
        if wanted != now:
            ctx.put(wanted)
    for seat in gone:
        await databases.remove(seat.name)
        with ctx.begin():
            instances.unseated(ctx, seat)
    again = _read(ctx, found.id)
    if again is None:
        return
    await networked(ctx, found.subnet_group, again.instance.seats)
    # What died meanwhile has to be there for what is asked of it.
    if again.source:
        await following.followed(databases, again.primary, again.source)
    elif not databases.is_running(again.instance.node):
        await databases.start(again.primary)
    again = await _changed(ctx, again)
    before = {node.name: (node.addresses, node.port, node.version) for node in known.nodes}
    for node in again.nodes:
        if before.get(node.name, ()) not in ((), (node.addresses, node.port, node.version)):
            await databases.stop(node.name)
    if not again.source:
        await databases.start(again.primary)
    await _kept_standby(ctx, again)
    await _serve(ctx, again)
    with ctx.begin():
        telling.settle(ctx, again.instance, "available", "configuration change", "Finished updating DB instance")
    _watch(ctx, again)
    for replica in again.replicas:
        replicas.waker(ctx, replica)()


async def _renamed(ctx: Context, known: _Known) -> None:
    """Everything is as it was, under another name; what else was to change does so now."""
    await _kept_standby(ctx, known)
    await _serve(ctx, known)
    with ctx.begin():
        status = "modifying" if known.instance.pending else "available"
        telling.settle(ctx, known.instance, status, "configuration change", "DB instance renamed")
    _watch(ctx, known)


async def _rebooted(ctx: Context, known: _Known) -> None:
    found, databases = known.instance, ctx.planes.databases
    if "failover" in found.needs and len(known.nodes) > 1:
        known = await _turned_over(ctx, known)
        await _begun_anew(ctx, known)
    elif {"failover", "reboot"} & set(found.needs):
        await databases.stop(found.node)
        await databases.start(known.primary)
    await _kept_standby(ctx, known)
    with ctx.begin():
        telling.settle(ctx, found, "available", "availability", "DB instance restarted")
    _watch(ctx, known)


async def _begun_anew(ctx: Context, known: _Known) -> None:
    """A primary that has taken over has what waits for a restart too: it had to be like the old one until then."""
    databases, primary = ctx.planes.databases, known.primary
    if databases.configure(primary):
        await databases.reload(primary.name)
    if await databases.rows(primary.name, following.WAITS):
        await databases.stop(primary.name)
        await databases.start(primary)


async def _turned_over(ctx: Context, known: _Known) -> _Known:
    """The instance with its standby as the primary, as asked; one whose primary stands still was begun with already."""
    found, databases = known.instance, ctx.planes.databases
    if not databases.is_running(found.node):
        if found.is_synced and databases.is_running(known.nodes[1].name):
            return await _failed_over(ctx, known, is_planned=False)
        await databases.start(known.primary)
    # The one that takes over begins anew too, with what waits for a restart.
    await _kept_standby(ctx, known)
    return await _failed_over(ctx, known, is_planned=True)


async def _stopped(ctx: Context, known: _Known) -> None:
    for node in reversed(known.nodes):
        await ctx.planes.databases.stop(node.name)
    with ctx.begin():
        telling.settle(ctx, known.instance, "stopped", "notification", "DB instance stopped")


async def _started(ctx: Context, known: _Known) -> None:
    found = known.instance
    await networked(ctx, found.subnet_group, found.seats)
    await ctx.planes.databases.start(known.primary)
    await _kept_standby(ctx, known)
    await _serve(ctx, known)
    with ctx.begin():
        telling.settle(ctx, found, "available", "notification", "DB instance started")
    _watch(ctx, known)


# Gone


async def _deleted(ctx: Context, known: _Known) -> None:
    found, databases = known.instance, ctx.planes.databases
    with ctx.begin():
        final = backups.final(ctx, found)
    if final is not None:
        if not databases.is_running(found.node):
            await databases.start(known.primary)
        if not databases.has_data(final.node):
            await databases.save(found.node, found.version, final.node)
    for node in known.nodes:
        await databases.remove(node.name)
        await lines.lifted(ctx, node.name)
    await databases.remove(topology.archive(found))
    await ctx.planes.proxies.set(_owner(found), ())
    await doors.closed(ctx, found)
    with ctx.begin():
        for seat in found.seats:
            instances.unseated(ctx, seat)
        if final is not None:
            ctx.put(final)
        backups.forget(ctx, found)
        replicas.free(ctx, found)
        passwords.forget(ctx, found)
        replicas.orphaned(ctx, found)
        ctx.delete(Instance, found.id)
        telling.tell(ctx, found.id, "deletion", "DB instance deleted")
    if known.source:
        with ctx.begin():
            source = replicas.source(ctx, found)
        if source is not None:
            replicas.waker(ctx, source)()


# What clients see


def _owner(found: Instance) -> str:
    return f"rds/{found.resource_id}"


async def _serve(ctx: Context, known: _Known) -> None:
    fronts = topology.fronts(known.instance, has_packets=ctx.planes.net.has_packets)
    await ctx.planes.proxies.set(_owner(known.instance), fronts)
    await doors.opened(ctx, known.instance)


def _watch(ctx: Context, known: _Known) -> None:
    for node in known.nodes:
        ctx.planes.databases.watch(node.name, ctx.waker(Instance, known.instance.id))


_BY_STATUS: dict[str, Callable[[Context, _Known], Awaitable[None]]] = {
    "available": _kept,
    "creating": _created,
    "deleting": _deleted,
    "modifying": _modified,
    "rebooting": _rebooted,
    "renaming": _renamed,
    "starting": _started,
    "stopping": _stopped,
}
