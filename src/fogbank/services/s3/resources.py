"""What S3 remembers of buckets; objects are items, not records: see `entries`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from fogbank.store.records import Record

ENFORCED = "BucketOwnerEnforced"


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """One line of an access control list: a canonical user id or a group's URI, and a permission."""

    grantee: str
    permission: str

    @property
    def is_group(self) -> bool:
        return self.grantee.startswith("http://")


class Block(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Block public access, as new buckets have it since April 2023."""

    block_acls: bool = True
    ignore_acls: bool = True
    block_policy: bool = True
    restrict: bool = True


class Default(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How objects are encrypted that do not say how."""

    algorithm: str = "AES256"
    key_id: str = ""
    bucket_key: bool = False
    blocked: tuple[str, ...] = ()
    """Kinds of encryption that requests may not ask for (`SSE-C`)."""


class LockRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The retention that new versions get; `mode` empty for none."""

    mode: str = ""
    days: int = 0
    years: int = 0


class Bucket(Record, frozen=True, kw_only=True):
    """A bucket, and what every request to it has to know; the rest of its settings are `Configuration`s.

    All buckets of a partition lie in one scope, without account and region, for their names are unique in it.
    """

    KIND: ClassVar[str] = "s3/bucket"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_account": "account"}
    GLOBAL: ClassVar[bool] = True
    name: str
    account: str
    region: str
    created_at: float
    constraint: str = ""
    """The location constraint that it was made with, where that is not its region's name (`EU`)."""
    versioning: str = ""
    """Empty for a bucket that never had versions, then `Enabled` or `Suspended`."""
    policy: str = ""
    is_public: bool = False
    """Whether the policy grants what S3 calls public access."""
    ownership: str = ENFORCED
    block: Block | None = Block()
    """None where the configuration was deleted."""
    grants: tuple[Grant, ...] = ()
    """Empty for the owner's full control alone."""
    tags: Mapping[str, str] = {}
    encryption: Default = Default()
    is_locked: bool = False
    lock: LockRule = LockRule()
    payer: str = "BucketOwner"
    accelerate: str = ""
    abac: bool = False
    configured: tuple[str, ...] = ()
    """The nouns that it has a `Configuration` of: `cors`, `website`, `notification`, …"""

    @property
    def has_acls(self) -> bool:
        return self.ownership != ENFORCED


class Configuration(Record, frozen=True, kw_only=True):
    """A setting that only some requests ask for (`cors`, `lifecycle`), as AWS's API has it; in the buckets' scope."""

    KIND: ClassVar[str] = "s3/configuration"
    KEY: ClassVar[tuple[str, ...]] = ("bucket", "noun", "id")
    GLOBAL: ClassVar[bool] = True
    bucket: str
    noun: str
    id: str = ""
    """For those that a bucket has several of (`analytics`)."""
    value: Mapping[str, Any] = {}


class Notice(Record, frozen=True, kw_only=True):
    """An event notification that its destination did not take at once; in the bucket's account and region."""

    KIND: ClassVar[str] = "s3/notice"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    bucket: str
    arn: str
    body: str
    began_at: float
    tried: int = 0
    due_at: float = 0.0


class Replica(Record, frozen=True, kw_only=True):
    """A copy of a version that is still to be made in another bucket; in the source bucket's account and region."""

    KIND: ClassVar[str] = "s3/replica"
    KEY: ClassVar[tuple[str, ...]] = ("bucket", "key", "order")
    bucket: str
    key: str
    order: str
    """Sorts the copies of a key by when they were asked for."""
    version_id: str
    rule_id: str
    began_at: float
    tried: int = 0
    due_at: float = 0.0


class LogBatch(Record, frozen=True, kw_only=True):
    """Lines of a bucket's access log wait to be delivered; in the bucket's account and region."""

    KIND: ClassVar[str] = "s3/log-batch"
    KEY: ClassVar[tuple[str, ...]] = ("bucket",)
    bucket: str
    due_at: float
