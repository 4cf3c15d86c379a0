"""For tests: clouds in the process, with a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fogbank.clock import Clock
from fogbank.cloud import Cloud
from fogbank.control.caller import Caller
from fogbank.planes.checks.plane import Checks
from fogbank.planes.engines.bird import Routers
from fogbank.planes.engines.postgresql.plane import Databases
from fogbank.planes.engines.proxies import Proxies
from fogbank.planes.net.net import Net
from fogbank.planes.sandbox.sandbox import Sandboxes
from fogbank.settings import Settings

START = 1_750_000_000.0
MakeNet = Callable[[Path], Net]
"""Makes the network of a cloud whose state lies in a folder."""
MakeDatabases = Callable[[Net], Databases]
MakeProxies = Callable[[Net], Proxies]
MakeChecks = Callable[[Net], Checks]
MakeRouters = Callable[[Net], Routers]
MakeSandboxes = Callable[[Net], Sandboxes]


class TestCloud:
    """A cloud without a socket, driven from synchronous tests; ephemeral, at a frozen time, with seeded ids.

    `planes` are others than the fake ones; `is_running` lets cloud time pass, so that what failed is tried again.
    """

    __test__ = False

    def __init__(
        self,
        *,
        net: MakeNet | None = None,
        databases: MakeDatabases | None = None,
        proxies: MakeProxies | None = None,
        checks: MakeChecks | None = None,
        routers: MakeRouters | None = None,
        sandboxes: MakeSandboxes | None = None,
        is_running: bool = False,
        **settings: Any,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self.clock = Clock() if is_running else Clock(frozen_at=START)
        planes: dict[str, Any] = {"net": net, "databases": databases, "proxies": proxies, "checks": checks}
        planes |= {"routers": routers, "sandboxes": sandboxes}
        try:
            self.cloud = self.run(self._made(Settings(**{"ephemeral": True, **settings}), planes))
        except BaseException:
            self._loop.close()
            raise

    def run(self, work: Any) -> Any:
        """Run a coroutine on the cloud's loop."""
        return self._loop.run_until_complete(work)

    def call(
        self,
        service: str,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        caller: Caller | None = None,
        region: str = "",
    ) -> dict[str, Any]:
        """Run an operation. Raises AwsError."""
        result: dict[str, Any] = self.run(self.cloud.call(service, operation, params, caller=caller, region=region))
        return result

    def client(self, service: str, *, caller: Caller | None = None, region: str = "") -> Callable[..., dict[str, Any]]:
        """`ssm = cloud.client("ssm")`, then `ssm("GetParameter", Name="/x")`."""
        return lambda operation, **params: self.call(service, operation, params, caller=caller, region=region)

    def advance(self, seconds: float) -> None:
        """Move cloud time, and let everything that falls due be done."""
        self.run(self.cloud.advance(seconds))

    def events(self) -> list[Mapping[str, Any]]:
        """What has been told so far."""
        self.run(self.cloud.settled())
        return list(self.cloud.dispatch.outbox.recent)

    def close(self) -> None:
        self.run(self.cloud.stop())
        self._loop.close()

    async def _made(self, settings: Settings, planes: Mapping[str, Any]) -> Cloud:
        # Seeded, so that a failing test fails again with the same ids; but the addresses that servers of this machine
        # listen at have to be others than those of the next test process.
        dice = random.Random(1) if planes["databases"] is None else random.SystemRandom()
        cloud = Cloud(settings, clock=self.clock, random_source=dice, **planes)
        await cloud.start()
        return cloud


class Served:
    """A cloud that listens on a free port, on a thread of its own: for clients that need a socket.

    `planes` are others than the fake ones, by their names in `Cloud`.
    """

    def __init__(self, planes: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self._planes = planes or {}
        self.settings = Settings(**{"ephemeral": True, "port": 0, **settings})
        self.clock = Clock()
        self.cloud: Cloud
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="fogbank-served", daemon=True)
        self._failure: BaseException | None = None
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        try:
            self._loop.run_until_complete(self._serve(ready))
        except BaseException as error:
            self._failure = error
        finally:
            ready.set()
            self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self.cloud = Cloud(self.settings, clock=self.clock, **self._planes)
        await self.cloud.start()
        sock = socket.create_server(("127.0.0.1", 0))
        self.port = sock.getsockname()[1]
        await self.cloud.listen(sock)
        await self.cloud.listen_dns(0)
        await self.cloud.listen_xray(0)
        ready.set()
        await self._stopped.wait()
        await self.cloud.stop(grace_seconds=1.0)
