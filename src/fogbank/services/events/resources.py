"""What EventBridge remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from fogbank.store.records import Record


class Bus(Record, frozen=True, kw_only=True):
    """An event bus. The default one is there without a record until something is said of it."""

    KIND: ClassVar[str] = "events/bus"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    description: str = ""
    policy: str = ""
    kms_key: str = ""
    dead_letter_arn: str = ""
    log_config: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    created_at: float = 0.0
    modified_at: float = 0.0


class Rule(Record, frozen=True, kw_only=True):
    """A rule: a pattern of events or a schedule, and what is told."""

    KIND: ClassVar[str] = "events/rule"
    KEY: ClassVar[tuple[str, ...]] = ("bus", "name")
    bus: str
    name: str
    pattern: str = ""
    schedule: str = ""
    state: str = "ENABLED"
    description: str = ""
    role_arn: str = ""
    managed_by: str = ""
    """The archive's rule belongs to EventBridge itself: nobody else may change it."""
    tags: Mapping[str, str] = {}
    targets: tuple[Mapping[str, Any], ...] = ()
    """As PutTargets has them."""
    next_at: float = 0.0
    """When the schedule falls due; 0 where there is none, or it is disabled."""

    @property
    def is_enabled(self) -> bool:
        return self.state != "DISABLED"


class Archive(Record, frozen=True, kw_only=True):
    """An archive; its events are items."""

    KIND: ClassVar[str] = "events/archive"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    source_arn: str
    description: str = ""
    pattern: str = ""
    kms_key: str = ""
    retention_days: int = 0
    created_at: float = 0.0
    events: int = 0
    size_bytes: int = 0


class Replay(Record, frozen=True, kw_only=True):
    """A replay of an archive's events."""

    KIND: ClassVar[str] = "events/replay"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    archive: str
    source_arn: str
    destination_arn: str
    filter_arns: tuple[str, ...] = ()
    description: str = ""
    starts_at: float = 0.0
    ends_at: float = 0.0
    state: str = "STARTING"
    reason: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    replayed_until: float = 0.0
    last_key: str = ""


class Connection(Record, frozen=True, kw_only=True):
    """How API destinations are authorized; the secrets lie in Secrets Manager."""

    KIND: ClassVar[str] = "events/connection"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    id: str
    description: str = ""
    kind: str = "API_KEY"
    secret_arn: str = ""
    kms_key: str = ""
    shown: Mapping[str, Any] = {}
    """AuthParameters as answers have them: without values that are secret."""
    state: str = "AUTHORIZED"
    reason: str = ""
    created_at: float = 0.0
    modified_at: float = 0.0
    authorized_at: float = 0.0


class ApiDestination(Record, frozen=True, kw_only=True):
    """An HTTP endpoint that rules may invoke."""

    KIND: ClassVar[str] = "events/api-destination"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    id: str
    connection_arn: str
    endpoint: str
    method: str
    description: str = ""
    per_second: int = 300
    created_at: float = 0.0
    modified_at: float = 0.0


class Delivery(Record, frozen=True, kw_only=True):
    """An event on its way to a target that did not take it at once."""

    KIND: ClassVar[str] = "events/delivery"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    rule_arn: str
    rule_name: str
    target: Mapping[str, Any]
    event: Mapping[str, Any]
    began_at: float
    tried: int = 0
    due_at: float = 0.0
    code: str = ""
    reason: str = ""


class Archived(msgspec.Struct, frozen=True, array_like=True):
    """An event in an archive."""

    event: bytes
    ends_at: float = 0.0
