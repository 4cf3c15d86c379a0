"""Aurora clusters and the endpoints that people add to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fogbank.services.rds.resources.instances import Source
from fogbank.store.records import Record


class Cluster(Record, frozen=True, kw_only=True):
    """A DB cluster: one writer, up to 15 readers, all of them instances. `status` is what the API shows."""

    KIND: ClassVar[str] = "rds/cluster"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {
        "by_resource": "resource_id",
        "by_parameter_group": "parameter_group",
        "by_subnet_group": "subnet_group",
        "by_global": "global_id",
    }
    id: str
    resource_id: str
    created_at: float
    status: str
    engine: str
    version: str
    master_user: str = ""
    password: bytes = b""
    """Sealed."""
    secret_arn: str = ""
    database: str = ""
    port: int = 5432
    loopback: str = ""
    """Where programs of the host find the writer: `127.x.y.z`."""
    reader_loopback: str = ""
    writer_id: str = ""
    """The instance that takes writes; empty while there is none."""
    head_id: str = ""
    """Of a secondary cluster of a global one: the instance that follows the primary, and that the others follow."""
    is_synced: bool = False
    """Whether all that the writer acknowledges is on a reader too: only then may one take over."""
    target_id: str = ""
    """The reader that a failover was asked for; `*` for whichever is best."""
    replication_password: bytes = b""
    """Sealed: what readers log in to the writer with."""
    source: Source = Source()
    forwards_writes: bool = False
    checks_tokens: bool = False
    subnet_group: str = ""
    security_groups: tuple[str, ...] = ()
    parameter_group: str = ""
    is_encrypted: bool = False
    key_id: str = ""
    is_protected: bool = False
    has_http: bool = False
    """The Data API."""
    copies_tags: bool = False
    retention_days: int = 1
    backup_window: str = ""
    maintenance_window: str = ""
    log_exports: tuple[str, ...] = ()
    global_id: str = ""
    tags: Mapping[str, str] = {}
    needs: tuple[str, ...] = ()
    """What the reconciler still has to do to the world: `password`, …"""
    final_snapshot: str = ""
    reason: str = ""


class ClusterEndpoint(Record, frozen=True, kw_only=True):
    """A custom endpoint of a cluster."""

    KIND: ClassVar[str] = "rds/cluster-endpoint"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_cluster": "cluster_id"}
    id: str
    cluster_id: str
    resource_id: str
    kind: str
    """`READER` or `ANY`."""
    loopback: str
    members: tuple[str, ...] = ()
    """Those that it leads to; empty for all but `excluded`."""
    excluded: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}
