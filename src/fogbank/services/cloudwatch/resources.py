"""What CloudWatch remembers; data points (`points.py`) and history lie in items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fogbank.store.records import Record

Dimensions = tuple[tuple[str, str], ...]
"""(name, value) in order of name."""


class Metric(Record, frozen=True, kw_only=True):
    """A metric that has had data."""

    KIND: ClassVar[str] = "cloudwatch/metric"
    KEY: ClassVar[tuple[str, ...]] = ("namespace", "name", "where")
    namespace: str
    name: str
    where: str
    """Its dimensions as text."""
    number: int
    dimensions: Dimensions
    active_at: float
    """When it last got data, to some minutes."""


class Tally(Record, frozen=True, kw_only=True):
    """How many metrics there have ever been, and how far their data have been rolled up."""

    KIND: ClassVar[str] = "cloudwatch/tally"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str = "metrics"
    metrics: int = 0
    rolled: Mapping[str, int] = {}
    """Period in seconds -> the time up to which older data have been added up to it."""


class Alarm(Record, frozen=True, kw_only=True):
    """An alarm as people set it: of a metric, of an expression, or (with a rule) of other alarms."""

    KIND: ClassVar[str] = "cloudwatch/alarm"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    INDEXES: ClassVar[Mapping[str, str]] = {
        "by_child": "children",
        "by_suppressor": "suppressor",
        "by_metric": "metric_key",
    }
    name: str
    updated_at: float
    description: str = ""
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_actions: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}
    namespace: str = ""
    metric_name: str = ""
    metric_key: str = ""
    dimensions: Dimensions = ()
    stat: str = ""
    period: int = 0
    unit: str = ""
    queries: str = ""
    """Metric data queries as JSON, for an alarm of an expression."""
    evaluation_periods: int = 0
    datapoints_to_alarm: int = 0
    """0 for all of the evaluation periods."""
    threshold: float = 0.0
    comparison: str = ""
    missing: str = "missing"
    low_samples: str = ""
    """`ignore`: percentiles of too few samples change nothing."""
    rule: str = ""
    children: tuple[str, ...] = ()
    suppressor: str = ""
    """The name of the alarm that suppresses the actions of this one."""
    wait_seconds: int = 0
    extension_seconds: int = 0

    @property
    def resource(self) -> str:
        return f"alarm:{self.name}"


class State(Record, frozen=True, kw_only=True):
    """The state of an alarm, apart from what people set: it moves by itself."""

    KIND: ClassVar[str] = "cloudwatch/alarm-state"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    value: str
    reason: str
    reason_data: str = ""
    updated_at: float
    transitioned_at: float
    suppressed_by: str = ""
    suppressed_reason: str = ""
    muted: bool = False
    """Whether the actions of this state wait for a mute rule to end."""


class Suppression(Record, frozen=True, kw_only=True):
    """A composite alarm whose actions wait for a period to end."""

    KIND: ClassVar[str] = "cloudwatch/suppression"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    until: float


class Call(Record, frozen=True, kw_only=True):
    """A call of a function that is to be tried again: Lambda could not be reached."""

    KIND: ClassVar[str] = "cloudwatch/call"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    alarm: str
    function: str
    body: str
    due_at: float
    tried: int = 1


class MuteRule(Record, frozen=True, kw_only=True):
    """A rule that holds back the actions of some alarms at some times."""

    KIND: ClassVar[str] = "cloudwatch/mute-rule"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    updated_at: float
    description: str = ""
    expression: str
    duration: str
    timezone: str = "UTC"
    alarms: tuple[str, ...] = ()
    start_at: float = 0.0
    expire_at: float = 0.0
    tags: Mapping[str, str] = {}

    @property
    def resource(self) -> str:
        return f"alarm-mute-rule:{self.name}"


class Dashboard(Record, frozen=True, kw_only=True):
    """A dashboard: a document."""

    KIND: ClassVar[str] = "cloudwatch/dashboard"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    body: str
    modified_at: float
    tags: Mapping[str, str] = {}
