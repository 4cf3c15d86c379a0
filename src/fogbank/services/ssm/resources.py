"""What Parameter Store remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record


class Version(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a parameter, as its history keeps it (an item of the space `history`, by number)."""

    version: int
    type: str
    value: str = ""
    """The value; empty for a SecureString."""
    sealed: bytes = b""
    """A SecureString's value: what `kms` made of it."""
    enveloped: bool = False
    """Whether `sealed` is an envelope (advanced tier) rather than a ciphertext of `kms`."""
    key_id: str = ""
    modified_at: float
    modified_by: str
    description: str = ""
    allowed_pattern: str = ""
    tier: str = "Standard"
    data_type: str = "text"
    policies: str = ""
    """Parameter policies, as the JSON text that was given."""


class Parameter(Record, frozen=True, kw_only=True):
    """A parameter: its latest version, and what belongs to the name rather than to a version."""

    KIND: ClassVar[str] = "ssm/parameter"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    latest: Version
    oldest: int = 1
    """The lowest version that the history still has."""
    labels: Mapping[str, int] = {}
    """Label -> version."""
    tags: Mapping[str, str] = {}


class Tally(Record, frozen=True, kw_only=True):
    """How many parameters of a tier there are: counting them for each new one would take ever longer."""

    KIND: ClassVar[str] = "ssm/tally"
    KEY: ClassVar[tuple[str, ...]] = ("tier",)
    tier: str
    count: int = 0


class Deadline(Record, frozen=True, kw_only=True):
    """The policies of a parameter that has some; separate, so that a start looks at these alone."""

    KIND: ClassVar[str] = "ssm/deadline"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    version: int
    """The version that the policies count from (NoChangeNotification starts anew with each)."""
    told: tuple[str, ...] = ()
    """The policies, as JSON text, that have fired for this version."""


class Setting(Record, frozen=True, kw_only=True):
    """A service setting that an account has changed from its default."""

    KIND: ClassVar[str] = "ssm/setting"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    value: str
    modified_at: float
    modified_by: str


class ResourcePolicy(Record, frozen=True, kw_only=True):
    """A policy attached to a parameter, by which it is shared with other accounts."""

    KIND: ClassVar[str] = "ssm/resource-policy"
    KEY: ClassVar[tuple[str, ...]] = ("arn", "id")
    arn: str
    id: str
    policy: str
    hash: str
