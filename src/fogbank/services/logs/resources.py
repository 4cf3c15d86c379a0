"""What CloudWatch Logs remembers; the events themselves lie in items (`events.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record


class Group(Record, frozen=True, kw_only=True):
    """A log group."""

    KIND: ClassVar[str] = "logs/group"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    id: str
    """Names the spaces of its events: a group made anew under an old name has another."""
    created_at: float
    storage: str = "STANDARD"
    """Its class."""
    retention_days: int = 0
    """0 for ever."""
    key_id: str = ""
    """The ARN of its kms key, empty for none."""
    data_keys: tuple[bytes, ...] = ()
    """Data keys as kms wrapped them; blocks name theirs by its number, counted from 1."""
    is_protected: bool = False
    tags: Mapping[str, str] = {}
    metric_filters: int = 0
    subscription_filters: int = 0

    @property
    def resource(self) -> str:
        return f"log-group:{self.name}"


class Tally(Record, frozen=True, kw_only=True):
    """What moves with every call that writes events to a group, kept apart from what people set."""

    KIND: ClassVar[str] = "logs/tally"
    KEY: ClassVar[tuple[str, ...]] = ("group",)
    group: str
    streams: int = 0
    """How many streams there have ever been: the number of the next one."""
    stored_bytes: int = 0


class Stream(Record, frozen=True, kw_only=True):
    """A log stream."""

    KIND: ClassVar[str] = "logs/stream"
    KEY: ClassVar[tuple[str, ...]] = ("group", "name")
    group: str
    name: str
    number: int
    created_at: float
    first_ms: int = -1
    last_ms: int = -1
    ingested_ms: int = -1
    blocks: int = 0
    """How many blocks there have ever been."""
    tail: str = ""
    """The key of the last block, which may still grow."""


class Garbage(Record, frozen=True, kw_only=True):
    """Events of a stream that was deleted, on their way out."""

    KIND: ClassVar[str] = "logs/garbage"
    KEY: ClassVar[tuple[str, ...]] = ("group_id", "stream")
    group_id: str
    stream: int


class Transformation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a metric filter makes of an event that it matches."""

    name: str
    namespace: str
    value: str
    default: float | None = None
    dimensions: Mapping[str, str] = {}
    unit: str = ""


class MetricFilter(Record, frozen=True, kw_only=True):
    """A metric filter."""

    KIND: ClassVar[str] = "logs/metric-filter"
    KEY: ClassVar[tuple[str, ...]] = ("group", "name")
    group: str
    name: str
    pattern: str
    created_at: float
    transformations: tuple[Transformation, ...]


class SubscriptionFilter(Record, frozen=True, kw_only=True):
    """A subscription filter, whose destination is a function."""

    KIND: ClassVar[str] = "logs/subscription-filter"
    KEY: ClassVar[tuple[str, ...]] = ("group", "name")
    group: str
    name: str
    pattern: str
    destination: str
    created_at: float
    distribution: str = "ByLogStream"
    is_on_transformed: bool = False


class Forward(Record, frozen=True, kw_only=True):
    """A message to a subscriber that is to be tried again; its body lies in an item."""

    KIND: ClassVar[str] = "logs/forward"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    group: str
    filter: str
    began_at: float
    due_at: float
    tried: int
    events: int
    bytes: int


class Policy(Record, frozen=True, kw_only=True):
    """A resource policy: what services may write to the groups of an account."""

    KIND: ClassVar[str] = "logs/resource-policy"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    document: str
    updated_at: float


class Export(Record, frozen=True, kw_only=True):
    """A task that writes events of a group to a bucket."""

    KIND: ClassVar[str] = "logs/export"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    name: str
    group: str
    stream_prefix: str
    from_ms: int
    to_ms: int
    bucket: str
    prefix: str
    created_at: float
    status: str = "PENDING"
    status_text: str = ""
    completed_at: float = 0.0


class Query(Record, frozen=True, kw_only=True):
    """An Insights query; its rows lie in items."""

    KIND: ClassVar[str] = "logs/query"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    text: str
    groups: tuple[str, ...]
    start: int
    end: int
    limit: int
    created_at: float
    by: str = ""
    """The ARN of who asked."""
    status: str = "Scheduled"
    matched: float = 0.0
    scanned: float = 0.0
    scanned_bytes: float = 0.0
    rows: int = 0
    ended_at: float = 0.0


class Definition(Record, frozen=True, kw_only=True):
    """A saved query."""

    KIND: ClassVar[str] = "logs/query-definition"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    name: str
    text: str
    groups: tuple[str, ...]
    modified_at: float
