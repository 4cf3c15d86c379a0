"""What Secrets Manager remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rotation that has begun and is not complete."""

    token: str
    """The version that it makes."""
    rotation_token: str = ""
    """What the function is told of who asks."""
    step: int = 0
    """The step that is next: all before it are done."""
    tries: int = 0
    """How often it has failed since it began, or since its last window."""
    due_at: float = 0.0
    is_test: bool = False
    """Whether only the configuration is tried: `RotateImmediately` was false."""


class Rotation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a secret is to be rotated."""

    lambda_arn: str = ""
    schedule: str = ""
    """`rate(30 days)` or a cron expression."""
    after_days: int = 0
    """The number of days that was given instead of a schedule; 0 for none."""
    duration: str = ""
    enabled: bool = True
    next_at: float = 0.0
    """When the next window opens; in the past while a rotation that fell due is not complete."""
    closes_at: float = 0.0
    """When that window closes."""
    failed_for: str = ""
    """Why the last rotation failed; empty if it did not."""
    attempt: Attempt | None = None


class Secret(Record, frozen=True, kw_only=True):
    """A secret without its values."""

    KIND: ClassVar[str] = "secretsmanager/secret"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    suffix: str
    """The six letters at the end of its ARN: a secret made anew under an old name has others."""
    created_at: float
    changed_at: float
    accessed_at: float = 0.0
    """Midnight of the day on which a value was last read."""
    rotated_at: float = 0.0
    description: str = ""
    key_id: str = ""
    """The key that was given; empty for `alias/aws/secretsmanager`."""
    type: str = ""
    tags: Mapping[str, str] = {}
    stages: Mapping[str, str] = {}
    """Staging label -> version."""
    policy: str = ""
    rotation: Rotation | None = None
    deleted_at: float = 0.0
    """When its deletion was asked for; 0 for not at all."""
    delete_at: float = 0.0
    primary_region: str = ""
    """Where a replica's primary is, and a primary with replicas itself; empty for a secret that is not replicated."""
    replicas: Mapping[str, str] = {}
    """Region -> the key there; empty text for the region's `alias/aws/secretsmanager`."""

    @property
    def resource(self) -> str:
        return f"secret:{self.name}-{self.suffix}"


class Version(Record, frozen=True, kw_only=True):
    """A value of a secret, sealed by an envelope of `kms`."""

    KIND: ClassVar[str] = "secretsmanager/version"
    KEY: ClassVar[tuple[str, ...]] = ("name", "id")
    name: str
    id: str
    created_at: float
    sealed: bytes
    is_binary: bool = False
    key_id: str = ""
    accessed_at: float = 0.0


class Deadline(Record, frozen=True, kw_only=True):
    """A secret that something is to happen to later; separate, so that a start looks at these alone."""

    KIND: ClassVar[str] = "secretsmanager/deadline"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
