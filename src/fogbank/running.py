"""The cloud as a process: serving in the foreground, put into the background, found again, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import select
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from fogbank.aws import internet
from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.checks.processes import CheckerProcesses
from fogbank.planes.engines.bird import BirdRouters
from fogbank.planes.engines.engine import Engines
from fogbank.planes.engines.postgresql.node import Postgres
from fogbank.planes.engines.proxy.processes import ProxyProcesses
from fogbank.planes.net import probe
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.namespaces import prefix_of
from fogbank.planes.net.net import Net
from fogbank.planes.process import Process, Spawn
from fogbank.planes.sandbox import interpreters
from fogbank.planes.sandbox.processes import ProcessSandboxes
from fogbank.settings import Settings

_LOG = logging.getLogger("fogbank")
_LOCK_SECONDS, _LOCK_POLL_SECONDS = 2.0, 0.01
_LOG_BYTES_MAX = 16 * 1024 * 1024
READY_SECONDS = 30.0
STOP_SECONDS = 15.0


class RunError(Exception):
    """Why a command could not be carried out; `code` is its exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Running(msgspec.Struct, frozen=True):
    """What a running cloud leaves in its state folder so that others find it (`running.json`)."""

    process: Process
    host: str
    port: int
    tls_port: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def log_path(settings: Settings) -> Path:
    return settings.state_folder / "fogbank.log"


def running(settings: Settings) -> Running | None:
    """The cloud that runs on this state folder, None if there is none."""
    try:
        found = msgspec.json.decode(_card(settings).read_bytes(), type=Running)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if process.is_running(found.process) else None


def needed(settings: Settings) -> Running:
    """The running cloud. Raises RunError (3) where there is none."""
    found = running(settings)
    if found is None:
        raise RunError(f"no cloud runs on {settings.state_folder}. Start one: fogbank up -d", 3)
    return found


def serve(settings: Settings, ready_fd: int | None, greet: Callable[[Running], None]) -> None:
    """Run a cloud until it is told to stop (SIGTERM, SIGINT). Raises RunError."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    with _usable_state(settings), _only_one(settings), contextlib.ExitStack() as sockets:
        api = sockets.enter_context(bound(settings.host, settings.port))
        tls = sockets.enter_context(bound(settings.host, settings.tls_port)) if settings.tls_port else None
        card = Running(_self(), settings.host, api.getsockname()[1], tls.getsockname()[1] if tls is not None else 0)

        def ready() -> None:
            _card(settings).write_bytes(msgspec.json.encode(card))
            if ready_fd is not None:
                with os.fdopen(ready_fd, "wb") as pipe:
                    pipe.write(b"ready\n")
            greet(card)

        with _runner() as runner:
            runner.run(_serve(settings, api, tls, ready))


async def _serve(settings: Settings, api: socket.socket, tls: socket.socket | None, ready: Callable[[], None]) -> None:
    from fogbank.cloud import Cloud

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    mode, reason = probe.found(settings.network)
    if reason:
        _LOG.warning("network: %s: %s", mode, reason)
    cloud = Cloud(
        settings,
        net=lambda _: _network(mode, settings),
        databases=lambda net: _databases(settings, net),
        proxies=lambda net: _proxies(settings, net),
        checks=lambda net: _checks(settings, net),
        routers=lambda net: _routers(settings, net),
        sandboxes=lambda net: _sandboxes(settings, net),
    )
    await cloud.start()
    await cloud.listen(api)
    if tls is not None:
        await cloud.listen(tls, tls=True)
    if settings.dns_port >= 0:
        try:
            await cloud.listen_dns(settings.dns_port)
        except OSError as error:
            _LOG.warning("no DNS for programs of this machine: port %d: %s", settings.dns_port, error.strerror)
    if settings.xray_port >= 0:
        try:
            await cloud.listen_xray(settings.xray_port)
        except OSError as error:
            _LOG.warning("no X-Ray daemon for programs: port %d: %s", settings.xray_port, error.strerror)
    ready()
    _LOG.info("serving on %s, state in %s", api.getsockname(), cloud.folder)
    await stop.wait()
    _LOG.info("stopping")
    await cloud.stop()
    await cloud.net.clear()


def _network(mode: str, settings: Settings) -> Net:
    """The network of a mode; the plain one holds records and no packets.

    It goes by the state folder, also where the state lies elsewhere and passes: so `stop` finds what a kill has left.
    """
    if mode == "plain":
        return FakeNet("plain")
    from fogbank.planes.net.kernel import KernelNet

    return KernelNet(prefix_of(settings.state_folder), mode, settings.state_folder)


def _databases(settings: Settings, net: Net) -> Postgres:
    """PostgreSQL as this machine has it. It goes by the state folder, as the network does."""
    state = settings.state_folder
    return Postgres(
        Engines(state, prefix_of(state), net),
        Path("~/.cache/fogbank").expanduser(),
        chosen=settings.postgresql,
        is_durable=settings.durability == "power" and not settings.ephemeral,
    )


def _proxies(settings: Settings, net: Net) -> ProxyProcesses:
    """What serves addresses that stay while databases move; in a folder of its own."""
    state = settings.state_folder
    return ProxyProcesses(Engines(state / "proxies", f"{prefix_of(state)}-proxies", net), net.path)


def _checks(settings: Settings, net: Net) -> CheckerProcesses:
    """What looks at the targets of health checks; in a folder of its own. It reaches elastic IPs by the internets."""
    state = settings.state_folder
    engines = Engines(state / "checks", f"{prefix_of(state)}-checks", net)

    def where(region: str) -> tuple[str, str]:
        return (net.path(internet.namespace(region)), internet.checker_address(region)) if net.has_packets else ("", "")

    return CheckerProcesses(engines, state / "health.table", where)


def _routers(settings: Settings, net: Net) -> BirdRouters:
    """What joins edge locations to the internet; in a folder of its own."""
    state = settings.state_folder
    return BirdRouters(Engines(state / "routers", f"{prefix_of(state)}-routers", net))


def _sandboxes(settings: Settings, net: Net) -> ProcessSandboxes:
    """What runs functions; in a folder of its own. It goes by the state folder, as the network does."""
    state = settings.state_folder
    packages = interpreters.node_modules(settings.node_modules)
    return ProcessSandboxes(state / "sandboxes", prefix_of(state), net, node_modules=packages)


def start(settings: Settings, given: dict[str, Any]) -> Running:
    """Put a cloud into the background, and wait until it answers. Raises RunError with what its log says."""
    with _usable_state(settings):
        settings.state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = log_path(settings)
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    at = log.stat().st_size if log.exists() else 0
    ours, theirs = os.pipe()
    options = [f"--set={name}={value}" for name, value in given.items()]
    argv = [sys.executable, "-m", "fogbank", "up", f"--ready-fd={theirs}", *options]
    try:
        process.start(Spawn(argv, log, os.environ, Path.cwd(), (theirs,)))
    except OSError as error:
        raise RunError(str(error)) from None
    finally:
        os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        came = select.select([pipe], [], [], READY_SECONDS)[0]
        if not came or not pipe.read(1):
            raise RunError(f"the cloud did not start:\n{log.read_text()[at:].strip()}")
    return needed(settings)


def stop(settings: Settings) -> bool:
    """Stop the cloud, and take away what one that was killed has left of its network; False if none ran.

    Raises RunError where that cannot be taken away.
    """
    found = running(settings)
    if found is not None:
        process.stop(found.process, STOP_SECONDS)
    if settings.state_folder.exists():
        with _only_one(settings):
            _card(settings).unlink(missing_ok=True)
            asyncio.run(_cleared(settings))
    return found is not None


async def _cleared(settings: Settings) -> None:
    """Stop what is left of the engines, and take away what is left of a network, in whatever mode it was made.

    Raises RunError.
    """
    await _proxies(settings, FakeNet("plain")).halt()
    await _checks(settings, FakeNet("plain")).halt()
    await _databases(settings, FakeNet("plain")).halt()
    await _routers(settings, FakeNet("plain")).clear()
    await _sandboxes(settings, FakeNet("plain")).sweep()
    try:
        # Only who may make networks of a kind may take them away.
        for mode in ("rootless",) if probe.full() else ("full", "rootless"):
            await _network(mode, settings).clear()
    except WorldError as error:
        raise RunError(f"what is left of the network cannot be taken away: {error}") from None


def _card(settings: Settings) -> Path:
    return settings.state_folder / "running.json"


def _self() -> Process:
    found = process.found(os.getpid())
    if found is None:
        raise RunError("/proc is not mounted")
    return found


@contextlib.contextmanager
def _usable_state(settings: Settings) -> Iterator[None]:
    """Raises RunError for what is wrong with the state folder: no access, no database, a key that is none."""
    from fogbank.control.seal import MachineKeyError
    from fogbank.store.sqlite import StoreFormatError

    try:
        yield
    except (OSError, sqlite3.Error, StoreFormatError, MachineKeyError) as error:
        raise RunError(f"the state in {settings.state_folder} cannot be used: {error}") from error


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[IO[str]]:
    """Hold the state folder: two clouds that write one state would lose what they acknowledged."""
    settings.state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.state_folder / "lock").open("a") as lock:
        if not _locked(lock, settings):
            other = running(settings)
            where = f" (process {other.process.pid}, {other.url})" if other else ""
            raise RunError(f"a cloud runs on {settings.state_folder} already{where}")
        yield lock


def _locked(lock: IO[str], settings: Settings) -> bool:
    """Whether the lock is ours now: a cloud that was killed may have a child that holds it until it is a program."""
    ends_at = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if running(settings) is not None or time.monotonic() > ends_at:
                return False
            select.select((), (), (), _LOCK_POLL_SECONDS)


def bound(host: str, port: int) -> socket.socket:
    """A socket for a server. Raises RunError where the address is taken or is none of this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise RunError(f"cannot listen on {host}:{port}: {error.strerror}. Another port: fogbank up --port N") from None
    found.setblocking(False)
    return found


def _runner() -> asyncio.Runner:
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def described(found: Running) -> dict[str, Any]:
    """A running cloud as `--json` tells it."""
    values: dict[str, Any] = json.loads(msgspec.json.encode(found))
    return {"pid": found.process.pid, "url": found.url, "port": values["port"], "tls_port": values["tls_port"]}
