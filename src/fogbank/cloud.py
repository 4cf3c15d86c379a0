"""The composition root: settings become a running cloud; the only file that knows everything."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from ssl import SSLContext
from typing import Any, ClassVar, NamedTuple

from fogbank.aws import ids
from fogbank.aws.errors import AwsError, WorldError
from fogbank.aws.scope import Scope
from fogbank.clock import Clock
from fogbank.control import caller as callers
from fogbank.control.caller import Caller, Credential
from fogbank.control.context import Context, Origin
from fogbank.control.dispatch import Dispatch, Ground
from fogbank.control.permission import Permission
from fogbank.control.planes import Planes
from fogbank.control.reconcile import Reconcile, keep_time
from fogbank.control.seal import MachineKeyError, Seal
from fogbank.control.service import Services
from fogbank.control.session import Sessions
from fogbank.gateway.daemon import HostDaemon
from fogbank.gateway.doors import OpenDoors
from fogbank.gateway.inside import Inside
from fogbank.gateway.names import HostNames
from fogbank.gateway.route import Route
from fogbank.gateway.server import Limits, Server
from fogbank.model.load import load
from fogbank.planes.authority import Authority
from fogbank.planes.checks.fake import FakeChecks
from fogbank.planes.checks.plane import Checks
from fogbank.planes.doors import Doors, NoDoors
from fogbank.planes.engines.bird import FakeRouters, Routers
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.planes.engines.postgresql.plane import Databases
from fogbank.planes.engines.proxies import FakeProxies, Proxies
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.net import Net
from fogbank.planes.sandbox.fake import FakeSandboxes
from fogbank.planes.sandbox.sandbox import Sandboxes
from fogbank.services.iam.identity import credential_of, note_use, policies_of, root_key
from fogbank.settings import Settings
from fogbank.store.blobs import Blobs
from fogbank.store.passing import PassingFolder
from fogbank.store.records import Record
from fogbank.store.sqlite import SqliteLog
from fogbank.store.store import Store
from fogbank.store.transaction import Transaction

_LOG = logging.getLogger("fogbank")
SERVICES = "fogbank.services"
_CREDENTIALS_MAX = 4096
_HEALTH_CHECK = "route53/health-check"
_HOME = Scope("fogbank", "fogbank", "")


class CloudTime(Record, frozen=True, kw_only=True):
    """How far people have moved cloud time: a restart must not turn it back."""

    KIND: ClassVar[str] = "fogbank/clock"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str = "clock"
    offset: float = 0.0
    frozen_at: float | None = None


class _Known(NamedTuple):
    """A credential as it was when `iam` had changed so often in its account."""

    changes: int
    home: Scope
    credential: Credential


class _Arrivals:
    """What the outbox tells: the default buses."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def wants(self, ctx: Context) -> bool:
        # Imported when the first event is told: the start waits for no service.
        from fogbank.services.events import arrivals

        return arrivals.wants(ctx)

    def deliver(self, transaction: Transaction, event: Mapping[str, Any]) -> None:
        from fogbank.services.events import arrivals

        account = event["account"]
        scope = Scope.of(account, event["region"])
        ctx = Context(self._dispatch, "events", "deliver", scope, callers.service("events.amazonaws.com", account))
        ctx.join(transaction)
        arrivals.deliver(ctx, event)


class Cloud:
    """A cloud in this process. Several may live side by side; each has its own state, clock and secrets."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        random_source: ids.Random | None = None,
        schedule: Callable[[Callable[[], None]], Any] | None = None,
        net: Callable[[Path], Net] | None = None,
        databases: Callable[[Net], Databases] | None = None,
        proxies: Callable[[Net], Proxies] | None = None,
        checks: Callable[[Net], Checks] | None = None,
        routers: Callable[[Net], Routers] | None = None,
        sandboxes: Callable[[Net], Sandboxes] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self._own_clock = clock is None
        self._passing = PassingFolder() if settings.ephemeral else None
        self.folder = self._passing.path if self._passing else settings.state_folder
        self.services = Services(SERVICES)
        log = SqliteLog(self.folder, "none" if settings.ephemeral else settings.durability)
        upgrades = {kind: steps for found in self.services for kind, steps in found.service.upgrades.items()}
        self.store = Store(log, schedule or asyncio.get_running_loop().call_soon, upgrades, Blobs(self.folder))
        key = self.folder / "machine.key"
        if not key.exists() and not log.is_empty():
            raise MachineKeyError(f"{key} is gone, and what it sealed with it; bring it back, or remove the folder")
        seal = Seal.load_or_create(key)
        permission = Permission(
            settings.enforcement, policies_of, lambda service: str(load(service).metadata["protocol"])
        )
        dice = random_source or random.SystemRandom()
        self.net = net(self.folder) if net is not None else FakeNet("plain")
        self.inside = Inside(self)
        self.names = HostNames()
        self.daemon = HostDaemon(self)
        self._server: Server | None = None
        self._authority: Authority | None = None
        self.doors = OpenDoors(self.net, self.server, self._tls, self.inside)
        doors = self.doors if self.net.has_packets or databases is not None else NoDoors()
        self.databases = databases(self.net) if databases is not None else FakeDatabases()
        self.proxies = proxies(self.net) if proxies is not None else FakeProxies()
        self.checks = checks(self.net) if checks is not None else FakeChecks()
        self.checks.attend(self.clock, lambda: self.names.at)
        self.routers = routers(self.net) if routers is not None else FakeRouters()
        self.sandboxes = sandboxes(self.net) if sandboxes is not None else FakeSandboxes()
        self.databases.trust(self.authority)
        self.planes = self._planes(doors)
        ground = Ground(self.store, self.clock, self.services, permission, seal, dice, self.planes, note_use)
        self.dispatch = Dispatch(ground)
        self.dispatch.secret_of = self.secret_of
        self.dispatch.outbox.sink = _Arrivals(self.dispatch)
        self.sessions = Sessions(seal)
        self._credentials: dict[str, _Known] = {}
        self.reconcile = Reconcile(self.dispatch, self.clock)
        self.ca_bundle = ""
        """What AWS_CA_BUNDLE takes (and `sslrootcert`), once anything is served by TLS."""
        self._api_url = ""
        self._tasks: list[asyncio.Task[None]] = []
        if self._own_clock:
            self._restore_clock()

    def _planes(self, doors: Doors) -> Planes:
        return Planes(
            self.net,
            doors,
            self.settings.bandwidth_scale,
            self.settings.uplink != "off",
            databases=self.databases,
            proxies=self.proxies,
            routers=self.routers,
            checks=self.checks,
            authority=self.authority,
            sandboxes=self.sandboxes,
            api_url=lambda: self._api_url,
        )

    async def start(self) -> None:
        """Start what runs beside the calls: time, reconcilers, deliveries."""
        self.store.sweep_blobs()
        await self._adopt()
        if not self.store.scopes_of(_HEALTH_CHECK):
            # Checkers that run still look at what is no more.
            self.checks.set({})
        self.reconcile.start()
        for work in (
            keep_time(self.clock),
            self.reconcile.run(),
            self.dispatch.outbox.run(),
            self.databases.look(),
            self.checks.run(),
        ):
            self._tasks.append(asyncio.create_task(work))

    async def _adopt(self) -> None:
        """Have the network be what the records say, whatever the process before this one left of it."""
        parts: dict[str, Any] = {}
        for installed in self.services:
            kinds = [kind for kind in installed.service.reconcilers if installed.service.network]
            for scope in sorted({scope for kind in kinds for scope in self.store.scopes_of(kind)}):
                caller = callers.service(f"{installed.service.name}.amazonaws.com", scope.account)
                ctx = Context(self.dispatch, installed.service.name, "adopt", scope, caller)
                with ctx.begin():
                    parts.update(installed.network(ctx))
        await self._prune()
        try:
            await self.net.whole(parts)
        except WorldError as error:
            # Each part is told again by its reconciler, which tries until it holds.
            _LOG.warning("the network could not be adopted: %s", error)

    async def _prune(self) -> None:
        """Take away the engines that nothing remembers: they were being deleted when the process before us died."""
        left = set(self.databases.names())
        if left:
            # Before reconcilers ask.
            await self.databases.look()
        for installed in self.services if left else ():
            kinds = [kind for kind in installed.service.reconcilers if installed.service.engines]
            for scope in sorted({scope for kind in kinds for scope in self.store.scopes_of(kind)}):
                caller = callers.service(f"{installed.service.name}.amazonaws.com", scope.account)
                ctx = Context(self.dispatch, installed.service.name, "adopt", scope, caller)
                with ctx.begin():
                    left -= set(installed.engines(ctx))
        try:
            await self.proxies.prune(set(self.databases.names()) - left)
        except WorldError as error:
            # Each front is told again by its reconciler.
            _LOG.warning("the proxies could not be adopted: %s", error)
        for name in sorted(left):
            await self.databases.remove(name)

    async def listen(self, sock: socket.socket, *, tls: bool = False) -> None:
        """Serve the API on a bound socket."""
        await self.server().listen(sock, self._tls() if tls else None)
        if not tls and not self._api_url:
            self._api_url = api_url(sock)

    async def listen_dns(self, port: int) -> None:
        """Answer names to programs of this machine, at a loopback address; port 0 takes a free one. Raises OSError."""
        await self.names.open(port, self.inside.resolve_for_host, self.inside.terms())

    async def listen_xray(self, port: int) -> None:
        """Be X-Ray's daemon for programs of this machine, at a loopback address; port 0 takes a free one.

        Raises OSError.
        """
        await self.daemon.open(port)

    def server(self) -> Server:
        """What serves the API, on sockets of the host and inside the network."""
        if self._server is None:
            limits = Limits(body_bytes_max=self.settings.body_bytes_max)
            self._server = Server(Route(self), limits, new_id=lambda: ids.uuid(self.dispatch.ids))
        return self._server

    def _tls(self) -> SSLContext:
        from fogbank.gateway.tls import ssl_context

        return ssl_context(self.authority())

    def authority(self) -> Authority:
        """Whoever signs the certificates of this cloud: in the folder `tls` of the state, made when first needed."""
        if self._authority is None:
            self._authority = Authority.load_or_create(self.folder / "tls")
            self.ca_bundle = str(self._authority.bundle)
        return self._authority

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """Finish what is in flight, write what is left, and let go of the state folder."""
        if self._server is not None:
            await self._server.stop(grace_seconds)
        self.dispatch.measures.publish()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Whoever waits for something beside the calls lets go of it.
        self.dispatch.holds.clear()
        await self.sandboxes.close()
        self.names.close()
        await self.daemon.close()
        self.doors.close()
        self.proxies.close()
        await (self.proxies.clear() if self._passing is not None else self.proxies.halt())
        await (self.checks.clear() if self._passing is not None else self.checks.halt())
        self.routers.close()
        await self.routers.clear()
        self.databases.close()
        await (self.databases.clear() if self._passing is not None else self.databases.halt())
        await self.net.close()
        self.close()

    def close(self) -> None:
        self.store.close()
        if self._passing is not None:
            self._passing.close()

    async def call(
        self,
        service: str,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        caller: Caller | None = None,
        region: str = "",
        origin: Origin | None = None,
    ) -> dict[str, Any]:
        """Run an operation as a client would, without a socket. Raises AwsError."""
        ctx = self.context(service, operation, caller or callers.root(self.settings.account), region)
        ctx.origin = origin or Origin(ids.uuid(self.dispatch.ids))
        return await self.dispatch.run_waiting(ctx, dict(params or {}))

    def context(self, service: str, operation: str, caller: Caller, region: str = "") -> Context:
        """The context of a call that comes from outside."""
        account = caller.account or self.settings.account
        scope = Scope.of(account, region or self.settings.region)
        return Context(self.dispatch, service, operation, scope, caller)

    def credential(self, access_key_id: str, token: str | None) -> Credential | None:
        """Who an access key stands for; None if this cloud did not issue it.

        Raises InvalidClientTokenId for a key or a token of ours that is no more, ExpiredToken past its time.
        """
        if token:
            return (
                self.sessions.credential(access_key_id, token, self.clock.now())
                if self._is_ours(access_key_id)
                else None
            )
        known = self._credentials.get(access_key_id)
        if known is not None and known.changes == self.store.changes("iam", known.home):
            return known.credential
        account = ids.account_of(access_key_id)
        if account is None or not self._is_ours(access_key_id):
            return None
        if len(self._credentials) >= _CREDENTIALS_MAX:
            self._credentials.clear()
        credential = self._credential(access_key_id, account)
        # A key id names no partition: the changes that count are those of the one that the key was found in.
        home = Scope(credential.caller.arn.split(":")[1], account, "")
        known = _Known(self.store.changes("iam", home), home, credential)
        self._credentials[access_key_id] = known
        return known.credential

    def secret_of(self, access_key_id: str, token: str | None) -> tuple[str, Caller]:
        """An access key's secret and caller; for one that is not ours no secret, and a root, unless that is refused."""
        found = self.credential(access_key_id, token)
        if found is not None:
            return found.secret, found.caller
        if self.settings.strict:
            text = "The security token included in the request is invalid."
            raise AwsError("InvalidClientTokenId", text, status=403)
        is_account = len(access_key_id) == 12 and access_key_id.isdigit()
        return "", callers.root(access_key_id if is_account else self.settings.account, access_key_id=access_key_id)

    def root_key(self) -> tuple[str, str]:
        """An access key of the default account's root and its secret: a strict cloud knows no other to begin with."""
        ctx = self.context("iam", "root-key", callers.root(self.settings.account))
        with ctx.begin():
            return root_key(ctx)

    def _is_ours(self, access_key_id: str) -> bool:
        return ids.is_marked(access_key_id, self.dispatch.seal.mark)

    def _credential(self, access_key_id: str, account: str) -> Credential:
        ctx = Context(self.dispatch, "iam", "identify", Scope.of(account, ""), callers.root(account))
        with ctx.begin():
            found = credential_of(ctx, access_key_id)
        if found is None:
            text = "The security token included in the request is invalid."
            raise AwsError("InvalidClientTokenId", text, status=403)
        return found

    def reset(self) -> None:
        """Forget everything that lasts, and every fault; cloud time is machine time again."""
        # First what may fail: timers and events of records that stay must stay too.
        self.store.clear()
        self.reconcile.clear()
        self.dispatch.clear()
        if self._own_clock:
            self.clock.restart()

    async def advance(self, seconds: float) -> None:
        """Move cloud time, from one timer to the next, so that each finds the time that it asked for.

        Raises ValueError for a step back, and past the end of time.
        """
        clock = self.clock
        clock.check(seconds)
        await self.settled()
        left = seconds
        while (due_at := clock.next_due()) is not None and due_at - clock.now() <= left:
            step = max(0.0, due_at - clock.now())
            clock.advance(step)
            left -= step
            await self.settled()
        clock.advance(left)
        await self.settled()

    async def settled(self) -> None:
        """Wait until what cloud time and the last commits ask for has been done: for tests and `clock advance`."""
        self.store.flush()
        self.clock.fire_due()
        await self.reconcile.settled()
        self.store.flush()
        await self.dispatch.outbox.settled()

    async def emptied(self) -> None:
        """After a reset: the world has nothing left either."""
        self.doors.close()
        await self.sandboxes.clear()
        await self.databases.clear()
        # Reconcilers that were at work may have begun something since.
        await self.reconcile.settled()
        await self.proxies.clear()
        await self.checks.clear()
        await self.routers.clear()
        await self.databases.clear()
        await self.net.set({}, within=("",))

    def keep_clock(self) -> None:
        """Remember where people have moved cloud time."""
        with self.store.begin() as transaction:
            transaction.put(_HOME, CloudTime(offset=self.clock.offset, frozen_at=self.clock.frozen_at))

    def _restore_clock(self) -> None:
        with self.store.begin() as transaction:
            found = transaction.get(CloudTime, _HOME, "clock")
        if found is not None:
            self.clock.offset, self.clock.frozen_at = found.offset, found.frozen_at


def api_url(sock: socket.socket) -> str:
    """Where programs of this machine reach what listens on a bound socket."""
    host, port = sock.getsockname()[:2]
    found = ipaddress.ip_address(host)
    if found.is_unspecified:
        host = "::1" if found.version == 6 else "127.0.0.1"
    return f"http://[{host}]:{port}" if found.version == 6 else f"http://{host}:{port}"


def _protocol_of(service: str) -> str:
    return str(load(service).metadata["protocol"])
