"""The hands on the world that a cloud has, as the composition root gives them."""

from __future__ import annotations

import time
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
from fogbank.planes.sandbox.fake import FakeSandboxes
from fogbank.planes.sandbox.sandbox import Sandboxes


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
    sandboxes: Sandboxes = FakeSandboxes()
    api_url: Callable[[], str] = str
    """Where programs of this machine find the API; empty where nothing listens."""
    machine_now: Callable[[], float] = time.time
    """Machine time, for whoever in the world has to be done in time."""
