"""Doors: the addresses inside the network at which this process itself answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol


class Door(NamedTuple):
    """An address in a namespace, and what answers there: DNS (UDP and TCP), metadata, time, the API."""

    ns: str
    address: str
    kind: Literal["dns", "metadata", "time", "api"]
    name: str
    """What comes in through it is known by: `<partition>/<account>/<region>/<vpc>`, and perhaps an endpoint."""


class Doors(Protocol):
    """What opens doors and closes them."""

    async def set(self, owner: str, doors: Sequence[Door]) -> None:
        """Make an owner's doors these. Raises WorldError."""


class NoDoors:
    """Where there is no network, there is nobody inside who could knock."""

    async def set(self, owner: str, doors: Sequence[Door]) -> None:
        return None
