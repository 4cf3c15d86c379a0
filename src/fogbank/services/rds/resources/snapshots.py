"""Snapshots: what instances and clusters were, saved under a name of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fogbank.store.records import Record


class Snapshot(Record, frozen=True, kw_only=True):
    """A snapshot of an instance (`kind` is `snapshot`) or of a cluster (`cluster-snapshot`), as its ARN calls it."""

    KIND: ClassVar[str] = "rds/snapshot"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {"by_source": "source_id", "by_resource": "resource_id"}
    kind: str
    id: str
    """`rds:<instance>-<time>` for an automated one."""
    node: str
    """The name under which the data is saved."""
    source_id: str
    """The instance or cluster."""
    resource_id: str
    """Of the instance or cluster: another one may have its identifier later."""
    created_at: float
    source_created_at: float
    taken_at: float = 0.0
    """When its data was whole: nothing before that can be restored from it."""
    status: str
    type: str
    """`manual` or `automated`"""
    engine: str
    version: str
    master_user: str
    password: bytes
    database: str = ""
    port: int = 5432
    storage_gib: int = 1
    storage_type: str = "gp2"
    iops: int = 0
    zone: str = ""
    vpc_id: str = ""
    option_group: str = ""
    is_encrypted: bool = False
    key_id: str = ""
    checks_tokens: bool = False
    copied_from: str = ""
    """ARN of the snapshot that it is a copy of."""
    copied_node: str = ""
    """What to copy its data from."""
    shared_with: tuple[str, ...] = ()
    """Accounts that may restore it; `all` is everybody."""
    tags: Mapping[str, str] = {}
    reason: str = ""
