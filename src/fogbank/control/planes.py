"""The hands on the world that a cloud has, as the composition root gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fogbank.planes.authority import Authority
from fogbank.planes.checks.fake import FakeChecks
from fogbank.planes.checks.plane import Checks
from fogbank.planes.doors import Doors, NoDoors
from fogbank.planes.engines.bird import FakeRouters, Routers
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.planes.engines.postgresql.plane import Databases
from fogbank.planes.engines.proxies import FakeProxies, Proxies
from fogbank.planes.net.net import Net


class Planes(NamedTuple):
    """One of each kind."""

    net: Net
    doors: Doors = NoDoors()
    bandwidth_scale: float = 1.0
    """What of AWS's bandwidth there is to give."""
    has_uplink: bool = False
    """Whether the internets lead on to the machine's own network."""
    databases: Databases = FakeDatabases(())
    proxies: Proxies = FakeProxies()
    routers: Routers = FakeRouters()
    authority: Callable[[], Authority] | None = None
    """Whoever signs the certificates of this cloud's servers; made when it is first asked for."""
    checks: Checks = FakeChecks()
