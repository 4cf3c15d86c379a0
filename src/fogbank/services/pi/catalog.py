"""What there is to ask for: counters with their units, statistics, and the dimensions of the load.

Aurora and RDS User Guides, "Performance Insights counter metrics"; API Reference, `DimensionGroup`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

LOADS = ("db.load", "db.sampledload")
"""Average active sessions, scaled and as they were sampled: here each second is sampled, so both are the same."""
STATISTICS = ("avg", "min", "max", "sum", "sample_count")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "db": ("db.name",),
    "db.application": ("db.application.name",),
    "db.host": ("db.host.id", "db.host.name"),
    "db.sql": ("db.sql.id", "db.sql.statement", "db.sql.tokenized_id"),
    "db.sql_tokenized": ("db.sql_tokenized.id", "db.sql_tokenized.statement"),
    "db.user": ("db.user.id", "db.user.name"),
    "db.wait_event": ("db.wait_event.name", "db.wait_event.type"),
    "db.wait_event_type": ("db.wait_event_type.name",),
}


class Counter(NamedTuple):
    """What is counted each minute."""

    unit: str
    description: str


COUNTERS: Mapping[str, Counter] = {
    "db.Cache.blks_hit": Counter("Blocks per second", "Blocks that were in the buffer cache when they were wanted"),
    "db.Concurrency.deadlocks": Counter("Deadlocks per minute", "Deadlocks that the server has ended"),
    "db.IO.blks_read": Counter("Blocks per second", "Blocks that were read"),
    "db.SQL.tup_deleted": Counter("Tuples per second", "Rows deleted by queries"),
    "db.SQL.tup_fetched": Counter("Tuples per second", "Rows fetched by queries"),
    "db.SQL.tup_inserted": Counter("Tuples per second", "Rows inserted by queries"),
    "db.SQL.tup_returned": Counter("Tuples per second", "Rows returned by queries"),
    "db.SQL.tup_updated": Counter("Tuples per second", "Rows updated by queries"),
    "db.Temp.temp_bytes": Counter("Bytes per second", "Data written to temporary files by queries"),
    "db.Temp.temp_files": Counter("Files per minute", "Temporary files that queries have made"),
    "db.Transactions.active_transactions": Counter("Transactions", "Transactions that are open"),
    "db.Transactions.blocked_transactions": Counter("Transactions", "Sessions that wait for a lock"),
    "db.Transactions.max_used_xact_ids": Counter("Transactions", "Transactions since the oldest that is not frozen"),
    "db.Transactions.xact_commit": Counter("Commits per second", "Transactions committed"),
    "db.Transactions.xact_rollback": Counter("Rollbacks per second", "Transactions rolled back"),
    "db.User.max_connections": Counter("Connections", "Connections that the server takes"),
    "db.User.numbackends": Counter("Connections", "Connections of clients"),
    "db.state.active_count": Counter("Sessions", "Sessions that are active"),
    "db.state.idle_count": Counter("Sessions", "Sessions that are idle"),
    "db.state.idle_in_transaction_aborted_count": Counter("Sessions", "Sessions idle in a transaction that failed"),
    "db.state.idle_in_transaction_count": Counter("Sessions", "Sessions idle in a transaction"),
    "os.cpuUtilization.total": Counter("Percent", "Use of the machine's processors by the server"),
    "os.general.numVCPUs": Counter("vCPUs", "Processors of the machine"),
}
