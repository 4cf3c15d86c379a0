"""What is measured."""

from __future__ import annotations

from typing import ClassVar

from fogbank.store.records import Record


class Measuring(Record, frozen=True, kw_only=True):
    """An instance that is measured every minute, for as long as it is there."""

    KIND: ClassVar[str] = "rds/measuring"
    KEY: ClassVar[tuple[str, ...]] = ("resource_id",)
    resource_id: str
