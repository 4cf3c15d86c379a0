"""What X-Ray remembers; the segments themselves lie in items (`shelf.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fogbank.store.records import Record

ONE = "-"
"""The key of records of which a region has one."""


class Upkeep(Record, frozen=True, kw_only=True):
    """There are traces in a region, and they are let go of with age."""

    KIND: ClassVar[str] = "xray/upkeep"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str = ONE


class Group(Record, frozen=True, kw_only=True):
    """A group of traces: those that an expression matches."""

    KIND: ClassVar[str] = "xray/group"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_arn": "arn"}
    name: str
    arn: str
    expression: str = ""
    tags: Mapping[str, str] = {}


class Rule(Record, frozen=True, kw_only=True):
    """A sampling rule."""

    KIND: ClassVar[str] = "xray/sampling-rule"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    priority: int
    fixed_rate: float
    reservoir_size: int
    resource_arn: str = "*"
    service_name: str = "*"
    service_type: str = "*"
    host: str = "*"
    http_method: str = "*"
    url_path: str = "*"
    attributes: Mapping[str, str] = {}
    created_at: float = 0.0
    modified_at: float = 0.0
    tags: Mapping[str, str] = {}


class Rules(Record, frozen=True, kw_only=True):
    """When any sampling rule changed last."""

    KIND: ClassVar[str] = "xray/sampling-rules"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str = ONE
    modified_at: float = 0.0


class Encryption(Record, frozen=True, kw_only=True):
    """What documents are sealed under."""

    KIND: ClassVar[str] = "xray/encryption"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str = ONE
    key_id: str = ""
    """The ARN of a kms key, empty for none."""
    data_keys: tuple[bytes, ...] = ()
    """Data keys as kms wrapped them; sealed documents name theirs by its number, counted from 1."""


class Policy(Record, frozen=True, kw_only=True):
    """A resource policy of an account."""

    KIND: ClassVar[str] = "xray/resource-policy"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    document: str
    revision: int
    updated_at: float
