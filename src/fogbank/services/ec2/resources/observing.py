"""What is seen of packets, and said of paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fogbank.store.records import Record


class FlowLog(Record, frozen=True, kw_only=True):
    """A flow log of a VPC, a subnet or an interface."""

    KIND: ClassVar[str] = "ec2/flow-log"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_resource": "resource_id"}
    id: str
    resource_id: str
    traffic: str
    """ACCEPT, REJECT or ALL."""
    destination_type: str
    destination: str
    """ARN of a bucket (with a prefix); for cloud-watch-logs the log group's."""
    group: str = ""
    role: str = ""
    format: str = ""
    interval_seconds: int = 600
    options: Mapping[str, Any] = {}
    deliver_status: str = "SUCCESS"
    deliver_error: str = ""
    until: float = 0.0
    """Until when its records have been told."""
    created_at: float = 0.0
    tags: Mapping[str, str] = {}


class InsightsPath(Record, frozen=True, kw_only=True):
    """A path that Reachability Analyzer is asked about."""

    KIND: ClassVar[str] = "ec2/insights-path"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    source: str
    destination: str = ""
    source_ip: str = ""
    destination_ip: str = ""
    protocol: str = "tcp"
    destination_port: int = 0
    filters: Mapping[str, Any] = {}
    created_at: float = 0.0
    tags: Mapping[str, str] = {}


class InsightsAnalysis(Record, frozen=True, kw_only=True):
    """What Reachability Analyzer found out about a path, as the API tells it."""

    KIND: ClassVar[str] = "ec2/insights-analysis"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_path": "path_id"}
    id: str
    path_id: str
    started_at: float
    found: bool | None = None
    answer: Mapping[str, Any] = {}
    """Forward and return paths, explanations, alternates: the members that DescribeNetworkInsightsAnalyses shows."""
    tags: Mapping[str, str] = {}
