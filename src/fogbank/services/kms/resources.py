"""What KMS remembers: keys with their material, aliases and grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record


class Material(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One key material of a key: what encrypts, signs or authenticates."""

    id: str
    """64 hexadecimal digits that follow from the key's id and the material."""
    sealed: bytes = b""
    """The material under the machine's seal: raw bytes, or PKCS #8 of a pair; empty once imported material is gone."""
    state: str = "CURRENT"
    rotated_at: float = 0.0
    """When it became current by a rotation; 0 for the first one."""
    rotation: str = ""
    """AUTOMATIC or ON_DEMAND; empty for the first one."""
    expires_at: float = 0.0
    """When imported material goes; 0 for never."""
    description: str = ""


class Key(Record, frozen=True, kw_only=True):
    """A KMS key in one region. The keys of a multi-Region key are records of their own with the same id."""

    KIND: ClassVar[str] = "kms/key"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    created_at: float
    policy: str
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    managed_by: str = "CUSTOMER"
    description: str = ""
    tags: Mapping[str, str] = {}
    is_enabled: bool = True
    materials: tuple[Material, ...] = ()
    """Oldest first."""
    public: bytes = b""
    """The public key of a pair, as X.509 SubjectPublicKeyInfo in DER."""
    deletion_at: float = 0.0
    deletion_days: int = 0
    """The waiting period that was asked for; with `deletion_at` 0 it begins when the last replica is gone."""
    rotation_days: int = 0
    """The period of automatic rotation; 0 while that is off."""
    rotation_at: float = 0.0
    """When the next automatic rotation is due."""
    primary_region: str = ""
    """Where the primary of a multi-Region key is; empty for a key of one region."""
    regions: tuple[str, ...] = ()
    """All regions of a multi-Region key, in order."""


class Alias(Record, frozen=True, kw_only=True):
    """A name for a key."""

    KIND: ClassVar[str] = "kms/alias"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_target": "target"}
    name: str
    """With its `alias/`."""
    target: str
    created_at: float
    updated_at: float


class Grant(Record, frozen=True, kw_only=True):
    """What a principal may do with a key besides what its policy says."""

    KIND: ClassVar[str] = "kms/grant"
    KEY: ClassVar[tuple[str, ...]] = ("key_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {"by_retiring": "retiring"}
    key_id: str
    id: str
    created_at: float
    operations: tuple[str, ...]
    issued_by: str
    """The account that made it."""
    name: str = ""
    grantee: str = ""
    retiring: str = ""
    grantee_service: str = ""
    retiring_service: str = ""
    context_equals: Mapping[str, str] | None = None
    context_subset: Mapping[str, str] | None = None
    source_arn: str = ""
