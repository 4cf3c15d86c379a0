"""Global clusters turned over: another of their clusters takes writes, with all that there is, or with what it has."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes.engines.engine import until
from fogbank.services.rds import backups, clusters, global_clusters, nodes, snapshots
from fogbank.services.rds.global_clusters import Side
from fogbank.services.rds.lines import Far
from fogbank.services.rds.reconcile import lines, secondaries, telling
from fogbank.services.rds.resources import Cluster, GlobalCluster, Instance, Snapshot

_CATCH_UP_SECONDS = 30.0
_CATEGORY = "global-failover"
_WAITING = "Waiting for data synchronization across global cluster members."


class _Turn(NamedTuple):
    """Who takes writes, and who is to."""

    whole: GlobalCluster
    old: Side
    new: Side
    others: list[Side]

    @property
    def far(self) -> Far | None:
        """How the new one heard of the old one so far."""
        if self.old.head is None or self.new.head is None:
            return None
        return Far(self.new.head.node, self.old.head.node, self.old.head.port, self.new.region, self.old.region)


async def global_cluster(ctx: Context, key: str) -> After | None:
    """A global cluster, at its identifier: turned over where that was asked for."""
    with ctx.begin():
        found = ctx.get(GlobalCluster, key)
        if found is None or not found.target:
            if found is not None:
                _wake(ctx, found)
            return None
    first, second = sorted((found.primary, found.target))
    async with secondaries.turn(ctx, first), secondaries.turn(ctx, second):
        with ctx.begin():
            turn = _read(ctx, key)
        if turn is not None:
            await (_failed_over if turn.whole.status == "failing-over" else _switched)(ctx, turn)
    with ctx.begin():
        now = ctx.get(GlobalCluster, key)
        if now is not None:
            _wake(ctx, now)
    return None


def _read(ctx: Context, key: str) -> _Turn | None:
    found = ctx.get(GlobalCluster, key)
    if found is None or not found.target:
        return None
    old, new = global_clusters.side(ctx, found.primary), global_clusters.side(ctx, found.target)
    if old is None or new is None:
        ctx.put(global_clusters.changed(found, status="available", target=""))
        return None
    others = [global_clusters.side(ctx, one) for one in found.members if one not in (found.primary, found.target)]
    return _Turn(found, old, new, [one for one in others if one is not None])


def _wake(ctx: Context, found: GlobalCluster) -> None:
    for member in found.members:
        there, cluster = global_clusters.at(ctx, member)
        if cluster is not None:
            ctx.after_commit(there.waker(Cluster, cluster.id))


# Switched over


async def _switched(ctx: Context, turn: _Turn) -> None:
    """Nobody writes; everything arrives; then the other one takes writes, and the old one follows."""
    databases, old, new = ctx.planes.databases, turn.old, turn.new
    _tell(ctx, new, f"Global switchover to {new.place} started.")
    if old.head is None or new.head is None or not databases.is_running(new.head.node):
        _cancelled(ctx, turn)
        return
    if await secondaries.is_standby(ctx, new.head.node):
        # Before anybody is kept from writing: whoever is far behind, or cannot be reached, is not to take over.
        if not await _has_all(ctx, turn, old.head, new.head):
            _cancelled(ctx, turn)
            return
        await _silenced(ctx, old, old.head)
        _tell(ctx, old, f"Old primary {old.place} successfully shut down.")
        if not await _has_all(ctx, turn, old.head, new.head):
            await secondaries.raised(ctx, old.head.node)
            _cancelled(ctx, turn)
            return
    await secondaries.raised(ctx, new.head.node)
    _tell(ctx, new, f"New primary {new.place} was successfully promoted.")
    _turned(ctx, turn, resyncing=())
    _tell(ctx, new, f"Global switchover to {new.place} finished.")


async def _silenced(ctx: Context, old: Side, writer: Instance) -> None:
    """Have a writer take no writes any longer, and hand on all that it has: as a standby that follows nobody."""
    databases = ctx.planes.databases
    if databases.is_running(writer.node) and await secondaries.is_standby(ctx, writer.node):
        return
    with ctx.begin():
        node = nodes.of_cluster(ctx.at(old.region), old.cluster, [writer])[writer.id]
    await databases.stop(writer.node)
    databases.mark(writer.node)
    await databases.start(node)


async def _has_all(ctx: Context, turn: _Turn, writer: Instance, head: Instance) -> bool:
    """Whether the new one comes to have all that the old one has, soon enough."""
    if turn.far is not None:
        await lines.laid(ctx.at(turn.new.region), turn.far, ctx.waker(GlobalCluster, turn.whole.id))
        if not lines.is_up(ctx, head.node):
            return False
    everything = await secondaries.position(ctx, writer.node)

    async def is_there() -> bool:
        return await secondaries.position(ctx, head.node) >= everything

    if not await is_there():
        _tell(ctx, turn.new, f"{_WAITING} Current lags behind primary DB cluster: {turn.new.cluster.id}")
    try:
        await until(is_there, _CATCH_UP_SECONDS)
    except TimeoutError:
        return False
    return True


def _cancelled(ctx: Context, turn: _Turn) -> None:
    with ctx.begin():
        now = ctx.get(GlobalCluster, turn.whole.id)
        if now is not None:
            ctx.put(global_clusters.changed(now, status="available", target=""))
    _tell(ctx, turn.new, f"Global switchover to {turn.new.place} is cancelled.")


# Failed over


async def _failed_over(ctx: Context, turn: _Turn) -> None:
    """The other one takes writes with what it has; all others are made anew of it where they have more."""
    databases, old, new = ctx.planes.databases, turn.old, turn.new
    if new.head is None:
        raise WorldError(f"{new.place} has no instance that could take writes")
    _tell(ctx, new, f"Global failover to {new.place} started.")
    if old.head is not None:
        # What it still has to send arrives, if the line is up.
        await databases.stop(old.head.node)
    if turn.far is not None:
        await lines.cut(ctx.at(new.region), turn.far)
    if not databases.is_running(new.head.node):
        with ctx.begin():
            node = nodes.of_cluster(ctx.at(new.region), new.cluster, [new.head])[new.head.id]
        await databases.start(node)
    if await secondaries.is_standby(ctx, new.head.node):
        await secondaries.without_more(ctx, turn.others, await secondaries.position(ctx, new.head.node))
        await _saved(ctx, old)
        await secondaries.raised(ctx, new.head.node)
    with ctx.begin():
        theirs = clusters.members(ctx.at(old.region), old.cluster.id)
    for one in theirs:
        # It may have what nobody else had, and so can follow nobody.
        await databases.remove(one.node)
    _turned(ctx, turn, resyncing=(turn.whole.primary,))
    _tell(ctx, new, f"Global failover to {new.place} completed.")
    _tell(ctx, old, f"Started resynchronizing members of {old.place} post global failover.")


async def _saved(ctx: Context, old: Side) -> None:
    """Keep what the old primary had as a snapshot: it may be more than the new one has."""
    databases = ctx.planes.databases
    if old.head is None or not databases.has_data(old.head.node):
        return
    there = ctx.at(old.region)
    with there.begin():
        name = f"rds:unplanned-global-failover-{old.cluster.id}-{there.now:.0f}"
        if there.get(Snapshot, backups.OF_CLUSTERS, name) is not None:
            return
        made = backups.snapshot_of_cluster(there, old.cluster, name)
    await databases.duplicate(old.head.node, made.node)
    with there.begin():
        there.put(snapshots.changed(made, status="available", taken_at=there.now))


# Both


def _turned(ctx: Context, turn: _Turn, *, resyncing: tuple[str, ...]) -> None:
    """Write who takes writes now: everything at once, since each cluster looks at all of it."""
    with ctx.begin():
        now = ctx.get(GlobalCluster, turn.whole.id)
        old, new = global_clusters.side(ctx, turn.whole.primary), global_clusters.side(ctx, turn.whole.target)
        if now is None or old is None or new is None or turn.new.head is None:
            return
        became = global_clusters.inheriting(ctx, now, new.cluster)
        fields = {"writer_id": turn.new.head.id, "head_id": "", "is_synced": False, "target_id": ""}
        ctx.at(new.region).put(clusters.changed(became, **fields))
        head_id = old.head.id if old.head is not None else ""
        fields = {"writer_id": "", "head_id": head_id, "is_synced": False, "target_id": ""}
        ctx.at(old.region).put(clusters.changed(old.cluster, **fields))
        rest = (one for one in now.members if one != now.target)
        left = tuple(one for one in {*now.resyncing, *resyncing} if one != now.target)
        members = (now.target, *rest)
        ctx.put(global_clusters.changed(now, status="available", target="", members=members, resyncing=left))


def _tell(ctx: Context, side: Side, message: str) -> None:
    there = ctx.at(side.region)
    with there.begin():
        telling.tell_cluster(there, side.cluster.id, _CATEGORY, message)
