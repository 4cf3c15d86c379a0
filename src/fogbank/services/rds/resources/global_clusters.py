"""Global clusters: clusters of several regions, of which one takes writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fogbank.store.records import Record


class GlobalCluster(Record, frozen=True, kw_only=True):
    """An Aurora global database. It belongs to an account in all regions of a partition."""

    KIND: ClassVar[str] = "rds/global-cluster"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    resource_id: str
    created_at: float
    status: str = "available"
    """`switching-over` and `failing-over` while another cluster is made the primary one."""
    engine: str
    version: str
    database: str = ""
    is_encrypted: bool = False
    is_protected: bool = False
    loopback: str = ""
    """Where programs of the host find whoever takes writes."""
    members: tuple[str, ...] = ()
    """ARNs of its clusters, the primary one first."""
    target: str = ""
    """The ARN of the cluster that is being made the primary one."""
    resyncing: tuple[str, ...] = ()
    """Those whose data is made anew after a failover that may have lost some."""
    tags: Mapping[str, str] = {}

    @property
    def primary(self) -> str:
        """The ARN of the cluster that takes writes; empty without any."""
        return self.members[0] if self.members else ""
