"""What makes a repeated request the same request."""

from __future__ import annotations

from typing import ClassVar

from fogbank.store.records import Record


class ClientToken(Record, frozen=True, kw_only=True):
    """A client token that an operation succeeded with, and what was answered."""

    KIND: ClassVar[str] = "ec2/client-token"
    KEY: ClassVar[tuple[str, ...]] = ("operation", "token")
    operation: str
    token: str
    digest: str
    """Of the request's other parameters."""
    answer: bytes
    used_at: float
