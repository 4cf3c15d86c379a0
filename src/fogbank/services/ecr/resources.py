"""What ECR remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fogbank.store.records import Record


class Repository(Record, frozen=True, kw_only=True):
    """A repository, which holds no images."""

    KIND: ClassVar[str] = "ecr/repository"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    created_at: float
    mutability: str = "MUTABLE"
    exclusions: Sequence[Mapping[str, str]] = ()
    """Filters of the tags that `mutability` is not for."""
    scans_on_push: bool = False
    encryption: str = "AES256"
    key_arn: str = ""
    tags: Mapping[str, str] = {}
    policy: str = ""
    lifecycle: Mapping[str, Any] = {}
    """The document; empty for none."""
    lifecycle_at: float = 0.0
    """When it was last looked at for images that are over."""

    @property
    def resource(self) -> str:
        return f"repository/{self.name}"
