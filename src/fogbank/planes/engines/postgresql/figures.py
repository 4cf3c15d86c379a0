"""Figures: what a server says of itself in one query, beside what its processes have used of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.planes.usage import Usage

DATABASE = "rdsadmin"
"""Where we look from: a session of ours in anybody's database would keep it from being copied or dropped."""
_COUNTERS = (
    "xact_commit", "xact_rollback", "blks_read", "blks_hit", "tup_returned", "tup_fetched", "tup_inserted",
    "tup_updated", "tup_deleted", "temp_files", "temp_bytes", "deadlocks",
)  # fmt: skip
"""Of pg_stat_database, whose rows are added up."""
_SESSIONS = {
    "connections": "true",
    "active": "state = 'active'",
    "idle": "state = 'idle'",
    "idle_in_transaction": "state = 'idle in transaction'",
    "idle_in_transaction_aborted": "state = 'idle in transaction (aborted)'",
    "blocked": "wait_event_type = 'Lock'",
    "in_transaction": "xact_start IS NOT NULL",
}
"""Of pg_stat_activity, whose clients' rows are counted."""
_KEPT_FOR_SLOTS = "SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots"
_ON_PRIMARY = "CASE WHEN NOT pg_is_in_recovery() THEN ({}) END"
_ON_STANDBY = "CASE WHEN pg_is_in_recovery() THEN ({}) END"
# A standby that has applied all it has received is not late, however long ago the last commit was; one that hears
# nothing may be as late as that.
_LATENESS = (
    "CASE WHEN current_setting('primary_conninfo') = '' THEN -1"
    " WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')"
    " THEN coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), -1)"
    " WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    " ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END"
)
# What a primary hears of its standbys; it forgets the delay of one that has had nothing to apply for a while.
_DELAYS = (
    "SELECT json_object_agg(application_name, coalesce(extract(epoch FROM replay_lag) * 1000, 0))"
    " FROM pg_stat_replication WHERE replay_lag IS NOT NULL OR replay_lsn >= sent_lsn"
)
_EXPRESSIONS: Mapping[str, str] = {
    **{name: f"databases.{name}" for name in _COUNTERS},
    **{name: f"sessions.{name}" for name in _SESSIONS},
    "connections_max": "SELECT current_setting('max_connections')::int",
    "transaction_ids": "SELECT max(age(datfrozenxid)) FROM pg_database",
    "uptime_seconds": "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())",
    "checkpoint_seconds": "SELECT extract(epoch FROM clock_timestamp() - checkpoint_time) FROM pg_control_checkpoint()",
    "data_bytes": "SELECT sum(pg_tablespace_size(oid))::bigint FROM pg_tablespace",
    "log_bytes": "SELECT sum(size)::bigint FROM pg_ls_waldir()",
    "log_written_bytes": _ON_PRIMARY.format("pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"),
    "slot_bytes": _ON_PRIMARY.format(_KEPT_FOR_SLOTS),
    "logical_slot_bytes": _ON_PRIMARY.format(_KEPT_FOR_SLOTS + " WHERE slot_type = 'logical'"),
    "late_seconds": _ON_STANDBY.format(_LATENESS),
    "delays": _ON_PRIMARY.format(_DELAYS),
}
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in _COUNTERS)
_COUNTS = ", ".join(f"count(*) FILTER (WHERE {condition}) AS {name}" for name, condition in _SESSIONS.items())
_ALL = ", ".join(f"({expression})" for expression in _EXPRESSIONS.values())
_CLIENTS = "backend_type = 'client backend' AND usename NOT IN ('rdsadmin', 'rdsrepladmin')"
QUERY = " ".join(
    (
        *("SELECT", _ALL),
        *("FROM (SELECT", _SUMS, "FROM pg_stat_database) AS databases,"),
        *("(SELECT", _COUNTS, "FROM pg_stat_activity WHERE", _CLIENTS, ") AS sessions"),
    )
)


class Figures(NamedTuple):
    """What can be measured of a server at one moment. Numbers that only grow begin anew when it starts."""

    at: float
    """Seconds of the machine's clock."""
    numbers: Mapping[str, float]
    """What the server says, by the names of `NAMES`; what it has none of is absent."""
    delays: Mapping[str, float]
    """By standby, the milliseconds until it showed what this primary had written."""
    usage: Usage
    cores: int
    memory_free_bytes: int


NAMES = frozenset(_EXPRESSIONS) - {"delays"}


def read(row: Sequence[Any]) -> tuple[dict[str, float], dict[str, float]]:
    """The numbers and delays of an answer to the query."""
    found = dict(zip(_EXPRESSIONS, row, strict=True))
    delays = {name: float(value) for name, value in (found.pop("delays") or {}).items()}
    return {name: float(value) for name, value in found.items() if value is not None}, delays
