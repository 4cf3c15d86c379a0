"""Doors: the addresses inside the network at which this process itself answers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol


class Door(NamedTuple):
    """An address in a namespace, and what answers there: DNS (UDP and TCP), metadata, time, the API, logins (LDAP).

    A door for logins may be on the machine itself (without a namespace): a server may stand there too.
    """

    ns: str
    address: str
    kind: Literal["dns", "metadata", "time", "api", "logins"]
    name: str
    """What comes in through it is known by: `<partition>/<account>/<region>/<vpc>`, and perhaps an endpoint.

    Of logins: `<partition>/<account>/<region>/<service>/<resource>`.
    """
    port: int = 0
    """Of logins alone: the others have ports of their own."""


def login_port(taken: int) -> int:
    """The port of a door for logins, other than one that is taken.

    Where we are root it is one that nobody else may have: whoever had it while we are away would let everybody in.
    """
    ports = (10_389, 10_390) if os.geteuid() else (390, 391)
    return next(port for port in ports if port != taken)


class Doors(Protocol):
    """What opens doors and closes them."""

    async def set(self, owner: str, doors: Sequence[Door]) -> None:
        """Make an owner's doors these. Raises WorldError."""


class NoDoors:
    """Where there is no network, there is nobody inside who could knock."""

    async def set(self, owner: str, doors: Sequence[Door]) -> None:
        return None
