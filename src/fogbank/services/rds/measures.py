"""What CloudWatch and Performance Insights are told of an instance, of what was measured now and before. Pure.

RDS and Aurora User Guides, "Amazon CloudWatch metrics", "Monitoring local write forwarding in Aurora PostgreSQL",
"Performance Insights counter metrics".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fogbank.planes.engines.postgresql.activity import Seen
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.engines.proxies import Forwarded

SHORTEST_SECONDS = 0.05
"""Of machine time between two measurements that rates are made of."""
_MINUTE = 60.0
_GIB = 1 << 30
_SESSIONS = {
    "db.User.numbackends": "connections",
    "db.User.max_connections": "connections_max",
    "db.Transactions.active_transactions": "in_transaction",
    "db.Transactions.blocked_transactions": "blocked",
    "db.Transactions.max_used_xact_ids": "transaction_ids",
    "db.state.active_count": "active",
    "db.state.idle_count": "idle",
    "db.state.idle_in_transaction_count": "idle_in_transaction",
    "db.state.idle_in_transaction_aborted_count": "idle_in_transaction_aborted",
}
_PER_SECOND = {
    "db.Transactions.xact_commit": "xact_commit",
    "db.Transactions.xact_rollback": "xact_rollback",
    "db.Cache.blks_hit": "blks_hit",
    "db.IO.blks_read": "blks_read",
    "db.SQL.tup_returned": "tup_returned",
    "db.SQL.tup_fetched": "tup_fetched",
    "db.SQL.tup_inserted": "tup_inserted",
    "db.SQL.tup_updated": "tup_updated",
    "db.SQL.tup_deleted": "tup_deleted",
    "db.Temp.temp_bytes": "temp_bytes",
}
_PER_MINUTE = {"db.Temp.temp_files": "temp_files", "db.Concurrency.deadlocks": "deadlocks"}


class Measured(NamedTuple):
    """A value of a metric."""

    metric: str
    value: float
    unit: str


class Subject(NamedTuple):
    """What is known of an instance beside what is measured."""

    is_aurora: bool
    is_writer: bool
    """Whether it is the writer of a cluster."""
    is_replica: bool
    """Whether it is a read replica."""
    storage_gib: int
    forwards: bool
    """Whether writes are forwarded within its cluster."""


class Sample(NamedTuple):
    """What was measured at one moment: of the server, and what has been forwarded for (or to) it."""

    figures: Figures
    forwarded: Forwarded = Forwarded()


def points(before: Sample | None, now: Sample, subject: Subject) -> list[Measured]:
    """What there is to tell of an instance; rates only where there is a moment before, of the same process."""
    found = [*_standing(now.figures, subject)]
    span = _Span(before, now) if before is not None and _is_later(before, now) else None
    if span is not None:
        found += _moving(span, subject)
    if subject.is_aurora and subject.forwards:
        found += _forwarding(span, now.forwarded, is_writer=subject.is_writer)
    return found


def _is_later(before: Sample, now: Sample) -> bool:
    return now.figures.at - before.figures.at >= SHORTEST_SECONDS


class _Span:
    """What happened between two moments; a counter that began anew has counted what it says."""

    def __init__(self, before: Sample, now: Sample) -> None:
        self.before, self.now = before, now
        self.seconds = now.figures.at - before.figures.at

    def counted(self, name: str) -> float | None:
        then, now = self.before.figures.numbers.get(name), self.now.figures.numbers.get(name)
        return None if then is None or now is None else grown(then, now)

    def rate(self, name: str) -> float | None:
        counted = self.counted(name)
        return None if counted is None else counted / self.seconds


def grown(then: float, now: float) -> float:
    """How much a counter has grown."""
    return now - then if now >= then else now


def _standing(figures: Figures, subject: Subject) -> Iterator[Measured]:
    """What is so at a moment."""
    numbers = figures.numbers
    names = [
        ("DatabaseConnections", "connections", "Count"),
        ("MaximumUsedTransactionIDs", "transaction_ids", "Count"),
        ("TransactionLogsDiskUsage", "log_bytes", "Bytes"),
        ("OldestReplicationSlotLag", "logical_slot_bytes" if subject.is_aurora else "slot_bytes", "Bytes"),
    ]
    names += [("EngineUptime", "uptime_seconds", "Seconds")] if subject.is_aurora else []
    names += [] if subject.is_aurora else [("CheckpointLag", "checkpoint_seconds", "Seconds")]
    names += [("ReplicaLag", "late_seconds", "Seconds")] if subject.is_replica else []
    yield from (Measured(metric, numbers[name], unit) for metric, name, unit in names if name in numbers)
    yield Measured("FreeableMemory", figures.memory_free_bytes, "Bytes")
    yield Measured("SwapUsage", figures.usage.swap_bytes, "Bytes")
    if not subject.is_aurora:
        used = numbers.get("data_bytes", 0.0) + numbers.get("log_bytes", 0.0)
        yield Measured("FreeStorageSpace", max(0.0, subject.storage_gib * _GIB - used), "Bytes")


def _moving(span: _Span, subject: Subject) -> Iterator[Measured]:
    """What goes on between two moments."""
    yield Measured("CPUUtilization", _cpu_percent(span), "Percent")
    usage, earlier = span.now.figures.usage, span.before.figures.usage
    for metric, then, now in (
        ("ReadThroughput", earlier.read_bytes, usage.read_bytes),
        ("WriteThroughput", earlier.written_bytes, usage.written_bytes),
    ):
        if then is not None and now is not None:
            yield Measured(metric, grown(then, now) / span.seconds, "Bytes/Second")
    rates = [("TransactionLogsGeneration", "log_written_bytes", "Bytes/Second")]
    if subject.is_aurora:
        rates = [("CommitThroughput", "xact_commit", "Count/Second"), ("Deadlocks", "deadlocks", "Count/Second")]
    for metric, name, unit in rates:
        rate = span.rate(name)
        if rate is not None:
            yield Measured(metric, rate, unit)
    hit, read = span.counted("blks_hit"), span.counted("blks_read")
    if subject.is_aurora and hit is not None and read is not None and hit + read:
        yield Measured("BufferCacheHitRatio", 100 * hit / (hit + read), "Percent")


def _cpu_percent(span: _Span) -> float:
    """Of all cores of the machine."""
    spent = grown(span.before.figures.usage.cpu_seconds, span.now.figures.usage.cpu_seconds)
    return min(100.0, 100 * spent / span.seconds / span.now.figures.cores)


def _forwarding(span: _Span | None, now: Forwarded, *, is_writer: bool) -> Iterator[Measured]:
    """Local write forwarding, by the names that differ between a writer and a reader."""
    if is_writer:
        yield Measured("AuroraLocalForwardingWriterOpenSessions", now.active, "Count")
        yield Measured("AuroraLocalForwardingWriterTotalSessions", now.sessions, "Count")
    else:
        yield Measured("AuroraForwardingReplicaOpenSessions", now.sessions, "Count")
    if span is None:
        return
    then = span.before.forwarded
    statements = grown(then.statements, now.statements)
    which = "AuroraLocalForwardingWriter" if is_writer else "AuroraForwardingReplica"
    yield Measured(f"{which}DMLThroughput", statements / span.seconds, "Count/Second")
    if is_writer:
        return
    yield Measured(f"{which}CommitThroughput", grown(then.commits, now.commits) / span.seconds, "Count/Second")
    yield Measured(f"{which}ErrorSessionsLimit", grown(then.refused, now.refused), "Count")
    if statements:
        seconds = grown(then.statement_seconds, now.statement_seconds)
        yield Measured(f"{which}DMLLatency", 1000 * seconds / statements, "Milliseconds")
    if waits := grown(then.waits, now.waits):
        seconds = grown(then.wait_seconds, now.wait_seconds)
        yield Measured(f"{which}ReadWaitLatency", 1000 * seconds / waits, "Milliseconds")


def lags(delays: Mapping[str, float], readers: Mapping[str, str]) -> tuple[dict[str, float], list[Measured]]:
    """The AuroraReplicaLag of each reader that its writer has heard of, and what the cluster is told of all of them.

    `readers` are instances by the names of their nodes.
    """
    found = {readers[node]: delay for node, delay in delays.items() if node in readers}
    if not found:
        return {}, []
    most, least = max(found.values()), min(found.values())
    return found, [
        Measured("AuroraReplicaLagMaximum", most, "Milliseconds"),
        Measured("AuroraReplicaLagMinimum", least, "Milliseconds"),
    ]


def load(seen: Seen) -> list[Measured]:
    """The average number of active sessions; nothing where nobody has looked."""
    if not seen.looks:
        return []
    total = sum(seen.doings.values()) / seen.looks
    busy = sum(count for doing, count in seen.doings.items() if doing.wait_type == "CPU") / seen.looks
    return [
        Measured("DBLoad", total, "None"),
        Measured("DBLoadCPU", busy, "None"),
        Measured("DBLoadNonCPU", total - busy, "None"),
    ]


def added(several: Iterable[Forwarded]) -> Forwarded:
    """What is forwarded to a writer: what is forwarded for each of its readers."""
    found = list(several)
    return Forwarded(
        sessions=sum(one.sessions for one in found),
        active=sum(one.active for one in found),
        statements=sum(one.statements for one in found),
        commits=sum(one.commits for one in found),
        refused=sum(one.refused for one in found),
    )


def dimensions(instance_id: str, cluster_id: str, *, is_writer: bool) -> Sequence[Mapping[str, str]]:
    """What a metric of an instance is kept by: the instance, and its cluster, with its role and without."""
    found: list[Mapping[str, str]] = [{"DBInstanceIdentifier": instance_id}]
    if cluster_id:
        role = "WRITER" if is_writer else "READER"
        found += [{"DBClusterIdentifier": cluster_id}, {"DBClusterIdentifier": cluster_id, "Role": role}]
    return found


def counters(before: Sample | None, now: Sample) -> dict[str, float]:
    """Performance Insights' counters, without their statistics."""
    numbers = now.figures.numbers
    found = {metric: numbers[name] for metric, name in _SESSIONS.items() if name in numbers}
    found["os.general.numVCPUs"] = now.figures.cores
    if before is None or not _is_later(before, now):
        return found
    span = _Span(before, now)
    found["os.cpuUtilization.total"] = _cpu_percent(span)
    for names, unit_seconds in ((_PER_SECOND, 1.0), (_PER_MINUTE, _MINUTE)):
        rates = {metric: span.rate(name) for metric, name in names.items()}
        found |= {metric: rate * unit_seconds for metric, rate in rates.items() if rate is not None}
    return found
