"""What parameters may be that take one of some words, whatever a server was built with. Pure.

PostgreSQL documentation, "Server Configuration".
"""

from __future__ import annotations

from collections.abc import Mapping

_LEVELS = (
    "debug5",
    "debug4",
    "debug3",
    "debug2",
    "debug1",
    "info",
    "notice",
    "warning",
    "error",
    "log",
    "fatal",
    "panic",
)
_CLIENTS = ("debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error")
_SWITCH = ("on", "off")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "intervalstyle": ("postgres", "postgres_verbose", "sql_standard", "iso_8601"),
    "archive_mode": ("always", *_SWITCH),
    "backslash_quote": ("safe_encoding", *_SWITCH),
    "bytea_output": ("escape", "hex"),
    "client_min_messages": _CLIENTS,
    "compute_query_id": ("auto", "regress", *_SWITCH),
    "constraint_exclusion": ("partition", *_SWITCH),
    "debug_logical_replication_streaming": ("buffered", "immediate"),
    "debug_parallel_query": ("off", "on", "regress"),
    "default_toast_compression": ("pglz",),
    "default_transaction_isolation": ("serializable", "repeatable read", "read committed", "read uncommitted"),
    "file_copy_method": ("copy", "clone"),
    "file_extend_method": ("posix_fallocate", "write_zeros"),
    "force_parallel_mode": ("off", "on", "regress"),
    "huge_pages": ("off", "on", "try"),
    "icu_validation_level": ("disabled", *_CLIENTS),
    "io_method": ("sync", "worker"),
    "log_destination": ("stderr", "csvlog"),
    "log_filename": ("postgresql.log.%Y-%m-%d", "postgresql.log.%Y-%m-%d-%H", "postgresql.log.%Y-%m-%d-%H%M"),
    "log_error_verbosity": ("terse", "default", "verbose"),
    "log_min_error_statement": _LEVELS,
    "log_min_messages": _LEVELS,
    "log_statement": ("none", "ddl", "mod", "all"),
    "password_encryption": ("md5", "scram-sha-256"),
    "plan_cache_mode": ("auto", "force_generic_plan", "force_custom_plan"),
    "recovery_prefetch": ("off", "on", "try"),
    "session_replication_role": ("origin", "replica", "local"),
    "ssl_max_protocol_version": ("", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "ssl_min_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "stats_fetch_consistency": ("none", "cache", "snapshot"),
    "synchronous_commit": ("local", "remote_write", "remote_apply", *_SWITCH),
    "track_functions": ("none", "pl", "all"),
    "wal_compression": ("pglz", *_SWITCH),
    "wal_level": ("minimal", "replica", "logical"),
    "xmlbinary": ("base64", "hex"),
    "xmloption": ("content", "document"),
}
