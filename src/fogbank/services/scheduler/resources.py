"""What Scheduler remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fogbank.store.records import Record


class Group(Record, frozen=True, kw_only=True):
    """A group of schedules. The one called `default` is there without a record."""

    KIND: ClassVar[str] = "scheduler/group"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    tags: Mapping[str, str] = {}
    created_at: float = 0.0
    modified_at: float = 0.0


class Schedule(Record, frozen=True, kw_only=True):
    """A schedule and its target, as the API has them."""

    KIND: ClassVar[str] = "scheduler/schedule"
    KEY: ClassVar[tuple[str, ...]] = ("group", "name")
    group: str
    name: str
    expression: str
    target: Mapping[str, Any]
    window_minutes: int = 0
    """0 for a window that is off."""
    zone: str = "UTC"
    starts_at: float = 0.0
    ends_at: float = 0.0
    state: str = "ENABLED"
    description: str = ""
    kms_key: str = ""
    after_completion: str = "NONE"
    created_at: float = 0.0
    modified_at: float = 0.0
    due_at: float = 0.0
    """The next time that the expression names; 0 when there is none."""
    fires_at: float = 0.0
    """When it is carried out, which is later by as much as the window allows."""


class Delivery(Record, frozen=True, kw_only=True):
    """An invocation that is to be carried out, or tried again."""

    KIND: ClassVar[str] = "scheduler/delivery"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    schedule_arn: str
    group: str
    target: Mapping[str, Any]
    scheduled_at: float
    tried: int = 0
    due_at: float = 0.0
    code: str = ""
    reason: str = ""
