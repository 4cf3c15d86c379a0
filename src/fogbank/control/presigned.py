"""Presigned URLs that stand where a password does, as whoever has verified them hands them to a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Presigned(NamedTuple):
    """A URL whose signature holds; of a key that is not ours (and is let in nevertheless) it was not looked at."""

    service: str
    """What was signed for: `rds-db`."""
    region: str
    host: str
    """With its port, in lower case."""
    fields: Mapping[str, str]
    """Of its query, decoded."""
    age_seconds: float
    """By the machine's clock, as its signer's."""
