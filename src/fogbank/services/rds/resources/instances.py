"""DB instances, and the nodes that they run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record


class Seat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node of an instance: a PostgreSQL server, with an interface in a subnet where there is a network."""

    name: str
    """Of its engine: `pg-` and letters."""
    zone: str
    loopback: str
    """What it listens on where there is no network, so that nodes do not meet: `127.x.y.z`."""
    subnet_id: str = ""
    interface_id: str = ""
    address: str = ""
    public_address: str = ""
    is_fronted: bool = False
    """Whether a proxy stands at its addresses, which may forward writes, and the node listens for that alone."""
    allocation_id: str = ""
    """Of the public address of a publicly accessible instance."""


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an instance's data is made from, once: nothing, a snapshot, another instance at a time, or as a replica."""

    kind: str = ""
    """`` (nothing), `snapshot`, `time`, `replica`, or of clusters `clone`."""
    name: str = ""
    """The engine name under which the data was saved, or the ARN of the source instance."""
    time: float = 0.0
    """Of cloud time; 0 is as late as can be."""
    archive: str = ""
    """Where the log is found from which data goes on to that time."""


class Instance(Record, frozen=True, kw_only=True):
    """A DB instance. `status` is what the API shows; reconcilers bring it to an end of its own."""

    KIND: ClassVar[str] = "rds/instance"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {
        "by_resource": "resource_id",
        "by_cluster": "cluster_id",
        "by_source": "source_id",
        "by_parameter_group": "parameter_group",
        "by_subnet_group": "subnet_group",
    }
    id: str
    """In lower case, as RDS keeps it."""
    resource_id: str
    """`db-` and letters, which no other instance will ever have."""
    created_at: float
    status: str
    engine: str
    version: str
    instance_class: str
    master_user: str = ""
    password: bytes = b""
    """Sealed."""
    secret_arn: str = ""
    """Of the secret that RDS keeps the password in, where it does."""
    database: str = ""
    port: int = 5432
    loopback: str = ""
    """Where programs of the host find it: `127.x.y.z`."""
    seats: tuple[Seat, ...] = ()
    """The first is the primary's; a second is the standby's of a Multi-AZ instance."""
    is_synced: bool = False
    """Whether all that the primary acknowledges is on the standby too: only then may it take over."""
    source: Source = Source()
    source_id: str = ""
    """The instance that a read replica follows: its identifier, or its ARN where it is in another region."""
    cluster_id: str = ""
    promotion_tier: int = 1
    storage_gib: int = 20
    storage_type: str = "gp2"
    iops: int = 0
    storage_max_gib: int = 0
    is_encrypted: bool = False
    key_id: str = ""
    subnet_group: str = ""
    security_groups: tuple[str, ...] = ()
    parameter_group: str = ""
    option_group: str = ""
    is_multi_az: bool = False
    is_public: bool = False
    is_protected: bool = False
    checks_tokens: bool = False
    """IAM database authentication."""
    retention_days: int = 1
    backup_window: str = ""
    maintenance_window: str = ""
    upgrades_minor: bool = True
    copies_tags: bool = False
    certificate: str = "rds-ca-rsa2048-g1"
    log_exports: tuple[str, ...] = ()
    insights: bool = False
    """Performance Insights."""
    insights_days: int = 7
    """How long what they saw is kept."""
    insights_key: str = ""
    """The key that a request has named; kept, and used for nothing."""
    tags: Mapping[str, str] = {}
    pending: Mapping[str, str] = {}
    """`PendingModifiedValues`, each as JSON: what holds after the next maintenance window or reboot."""
    needs: tuple[str, ...] = ()
    """What the reconciler still has to do to the world, in order: `password`, `parameters`, `reboot`, `failover`, …"""
    final_snapshot: str = ""
    """The snapshot to take before it goes."""
    parameters_state: str = "in-sync"
    """`applying` while its servers are told of what needs no restart, `pending-reboot` while something waits."""
    held: Mapping[str, str | None] = {}
    """Parameters that keep these values until a restart, whatever the groups say; None is the engine's default."""
    reason: str = ""
    """Why it is not as wanted, in the world's words."""

    @property
    def node(self) -> str:
        """The name of the primary's engine."""
        return self.seats[0].name if self.seats else ""
