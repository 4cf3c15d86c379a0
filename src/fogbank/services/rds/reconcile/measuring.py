"""Measures instances each minute of cloud time, and tells CloudWatch and Performance Insights what they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.control import insight
from fogbank.control.context import Context
from fogbank.control.insight import Load, Minute
from fogbank.control.reconcile import After
from fogbank.planes.engines.postgresql.activity import Seen
from fogbank.planes.engines.proxies import Forwarded
from fogbank.services.rds import clusters, global_clusters, measures
from fogbank.services.rds.measures import Measured, Sample, Subject
from fogbank.services.rds.resources import Cluster, Instance, Measuring

_PERIOD_SECONDS = 60.0
_RARELY_SECONDS = 3600.0
_HURRY_SECONDS = 1.0
"""Minutes of cloud time that are shorter than this for the machine are ones that somebody skips."""
_HURRIED_MAX = 120
"""So many skipped minutes in a row are measured one by one; after that, one of each hour."""
_DAY_SECONDS = 86_400.0
_IDLE = ("creating", "deleting", "stopped", "stopping")


class _Known(NamedTuple):
    instance: Instance
    cluster: Cluster | None
    readers: Mapping[str, str]
    """The other members of a writer's cluster, by their nodes."""

    @property
    def is_writer(self) -> bool:
        return self.cluster is not None and self.cluster.writer_id == self.instance.id

    @property
    def subject(self) -> Subject:
        return Subject(
            is_aurora=self.cluster is not None,
            is_writer=self.is_writer,
            is_replica=self.instance.source.kind == "replica" and bool(self.instance.source_id),
            storage_gib=self.instance.storage_gib,
            forwards=self.cluster is not None and self.cluster.forwards_writes,
        )


class _Past:
    """What was measured last of an instance: a start of the cloud begins anew."""

    def __init__(self, *where: str) -> None:
        self.sample: Sample | None = None
        self.node = ""
        self.measured_at = 0.0
        self.hurried = 0
        self.is_reminded = False


async def measuring(ctx: Context, key: str) -> After | None:
    """An instance, at its resource id. It does not touch the instance's record."""
    with ctx.begin():
        known = _read(ctx, key)
        if known is None:
            insight.drop(ctx, key)
            if ctx.get(Measuring, key) is not None:
                ctx.delete(Measuring, key)
            return None
    databases, found = ctx.planes.databases, known.instance
    is_idle = found.status in _IDLE or not databases.is_running(found.node)
    databases.observe(found.node, is_wanted=found.insights and not is_idle)
    for seat in found.seats[1:]:
        databases.observe(seat.name, is_wanted=False)
    if is_idle:
        return After(_RARELY_SECONDS if found.status in _IDLE else _PERIOD_SECONDS)
    try:
        figures = await databases.figures(found.node)
    except WorldError:
        # It is starting, or has just died; whoever keeps it sees to that.
        return After(_PERIOD_SECONDS)
    if figures is None:
        return After(_RARELY_SECONDS)
    sample = Sample(figures, _forwarded(ctx, known))
    past = ctx.held(_Past, *ctx.scope, key)
    before = past.sample if past.node == found.node else None
    with ctx.begin():
        _tell(ctx, known, before, sample)
    if before is None or figures.at - before.figures.at >= measures.SHORTEST_SECONDS:
        past.sample, past.node = sample, found.node
    return _next(ctx, key, past, figures.at)


def _read(ctx: Context, key: str) -> _Known | None:
    found = ctx.find(Instance, "by_resource", key)
    if not found:
        return None
    instance = found[0]
    cluster = ctx.get(Cluster, instance.cluster_id) if instance.cluster_id else None
    readers: dict[str, str] = {}
    if cluster is not None and cluster.writer_id == instance.id:
        readers = {one.node: one.id for one in clusters.members(ctx, cluster.id) if one.id != instance.id}
    return _Known(instance, cluster, readers)


def _forwarded(ctx: Context, known: _Known) -> Forwarded:
    if known.cluster is None or not known.cluster.forwards_writes:
        return Forwarded()
    counted = ctx.planes.proxies.forwarded(f"rds/{known.cluster.resource_id}")
    if known.is_writer:
        return measures.added(counted.values())
    return counted.get(known.instance.node, Forwarded())


def _tell(ctx: Context, known: _Known, before: Sample | None, now: Sample) -> None:
    found, cluster_id = known.instance, known.instance.cluster_id
    seen = ctx.planes.databases.seen(found.node) if found.insights else Seen(0, {})
    measured = measures.points(before, now, known.subject) + measures.load(seen)
    own = measures.dimensions(found.id, cluster_id, is_writer=known.is_writer)
    if known.is_writer:
        late, of_cluster = measures.lags(now.figures.delays, known.readers)
        for reader, delay in late.items():
            theirs = measures.dimensions(reader, cluster_id, is_writer=False)
            _publish(ctx, [Measured("AuroraReplicaLag", delay, "Milliseconds")], theirs)
        _publish(ctx, of_cluster, own)
        _tell_far(ctx, known, now.figures.delays)
        _publish(ctx, [Measured("VolumeBytesUsed", now.figures.numbers.get("data_bytes", 0.0), "Bytes")], own[1:2])
    _publish(ctx, measured, own)
    if found.insights:
        loads = tuple(
            Load(*doing[:2], insight.statement_id(doing.statement) if doing.statement else "", *doing[3:], count)
            for doing, count in seen.doings.items()
        )
        minute = Minute(seen.looks, loads, measures.counters(before, now))
        texts = {doing.statement for doing in seen.doings if doing.statement}
        insight.put(ctx, found.resource_id, minute, texts, found.insights_days * _DAY_SECONDS)


def _tell_far(ctx: Context, known: _Known, delays: Mapping[str, float]) -> None:
    """How late the clusters of other regions are, told there (Aurora User Guide, "Monitoring an Aurora global DB")."""
    assert known.cluster is not None
    for one in global_clusters.followers(ctx, known.cluster):
        if one.head is not None and one.head.node in delays:
            own = {"DBClusterIdentifier": one.cluster.id, "SourceRegion": ctx.region}
            ctx.at(one.region).measure("AuroraGlobalDBReplicationLag", delays[one.head.node], "Milliseconds", **own)


def _publish(ctx: Context, measured: Iterable[Measured], several: Iterable[Mapping[str, str]]) -> None:
    for one in measured:
        for dimensions in several:
            ctx.measure(one.metric, one.value, one.unit, **dimensions)


def _next(ctx: Context, key: str, past: _Past, at: float) -> After:
    """In a minute, unless cloud time is being moved by hours: then once an hour, and soon after it has been."""
    is_hurried = at - past.measured_at < _HURRY_SECONDS
    past.hurried = past.hurried + 1 if is_hurried else 0
    past.measured_at = at
    if past.hurried <= _HURRIED_MAX:
        return After(_PERIOD_SECONDS)
    if not past.is_reminded:
        past.is_reminded = True
        wake = ctx.waker(Measuring, key)

        def remind() -> None:
            past.is_reminded = False
            wake()

        ctx.planes.databases.remind(_PERIOD_SECONDS, remind)
    return After(_RARELY_SECONDS)
