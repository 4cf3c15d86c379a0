"""What people are told of what happens, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fogbank.store.records import Record


class EventSubscription(Record, frozen=True, kw_only=True):
    """A topic that is told of events."""

    KIND: ClassVar[str] = "rds/event-subscription"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    topic_arn: str
    created_at: float
    source_type: str = ""
    """`db-instance`, `db-cluster`, …; empty for all."""
    source_ids: tuple[str, ...] = ()
    """Empty for all of the type."""
    categories: tuple[str, ...] = ()
    """Empty for all."""
    is_enabled: bool = True
    status: str = "active"
    """`no-permission` or `topic-not-exist` where the last event could not be told."""
    tags: Mapping[str, str] = {}
