"""What S3 Control remembers of accounts."""

from __future__ import annotations

from typing import ClassVar

from fogbank.store.records import Record


class AccountBlock(Record, frozen=True, kw_only=True):
    """Block public access for all buckets of an account, in all regions."""

    KIND: ClassVar[str] = "s3control/block"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str = "block"
    block_acls: bool = False
    ignore_acls: bool = False
    block_policy: bool = False
    restrict: bool = False
