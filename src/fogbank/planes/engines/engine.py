"""Engines as processes: started, known again by whoever comes after us, watched, and ended politely."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pwd
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net.net import Net
from fogbank.planes.process import Process, Spawn

_LOG = logging.getLogger("fogbank.engines")
_CARD = "process.json"
_OUTPUT = "output.log"
_SYSTEM_FOLDER = Path("/var/lib/fogbank")
_USERS = ("postgres", "nobody")
_PATH_BYTES_MAX = 80
"""Of a folder for sockets: their whole path may have 107 bytes (unix(7))."""
_WORDS_MAX = 2000
_POLL_SECONDS = 0.002
_BURIAL_SECONDS = 10.0


class Start(NamedTuple):
    """What an engine runs, and where: inside a namespace of the network, or (without one) on the machine itself."""

    argv: Sequence[str]
    ns: str = ""
    environ: Mapping[str, str] = {}
    farewell: signal.Signals = signal.SIGTERM
    """How it is asked to end at once, with all that it has started."""
    keeps_rights: bool = False
    """Whether it runs as ourselves, to go into namespaces by itself, and not as the engines' user."""


class _Card(msgspec.Struct, frozen=True):
    """What whoever comes after us knows a running engine by."""

    process: Process
    farewell: int


class Engines:
    """The engines of one cloud, each with a folder by its name. All methods but `start` and `stop` return at once."""

    def __init__(self, state: Path, prefix: str, net: Net) -> None:
        self.user = _user()
        self.folder = place(state, prefix, self.user)
        self._net = net
        self._watches: dict[str, int] = {}

    def home(self, name: str) -> Path:
        """The folder of an engine, which belongs to the user that engines run as; made where it is missing."""
        folder = self.folder / name
        if not folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
            folder.mkdir(mode=0o700)
            self.give(folder)
        return folder

    def give(self, path: Path) -> None:
        """Make a file or folder the engines' own."""
        if self.user:
            one = pwd.getpwnam(self.user)
            os.chown(path, one.pw_uid, one.pw_gid)

    def names(self) -> list[str]:
        """Every engine that has a folder."""
        try:
            return sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return []

    def found(self, name: str) -> Process | None:
        """The running process of an engine, whoever started it."""
        card = self._card(name)
        return card.process if card is not None and process.is_running(card.process) else None

    def _card(self, name: str) -> _Card | None:
        try:
            return msgspec.json.decode((self.folder / name / _CARD).read_bytes(), type=_Card)
        except (OSError, msgspec.MsgspecError):
            return None

    async def buried(self, name: str) -> None:
        """Wait until nothing is left of an engine that has died: what it started may go on for a moment.

        Raises WorldError.
        """
        card = self._card(name)
        if card is None or process.is_running(card.process):
            return
        process.reap(card.process)

        async def is_gone() -> bool:
            return not await asyncio.to_thread(process.has_session, card.process.pid)

        try:
            await until(is_gone, _BURIAL_SECONDS)
        except TimeoutError:
            raise WorldError(f"{name}: what it started does not end") from None

    async def start(self, name: str, wanted: Start) -> Process:
        """Start an engine that does not run. Raises WorldError."""
        if not os.access(wanted.argv[0], os.X_OK):
            raise WorldError(f"{name}: there is no {wanted.argv[0]}")
        home = self.home(name)
        has_entry = wanted.ns or (wanted.keeps_rights and self._net.has_packets)
        entry = self._net.entry(wanted.ns) if has_entry else []
        argv = [*entry, *(() if wanted.keeps_rights else process.as_user(self.user, entry)), *wanted.argv]
        environ = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **wanted.environ}
        spawn = Spawn(argv, home / _OUTPUT, environ, home)
        try:
            started = await asyncio.to_thread(process.start, spawn)
        except OSError as error:
            raise WorldError(f"{name}: {error}; {self.words(name)}") from None
        _write(home / _CARD, msgspec.json.encode(_Card(started, wanted.farewell)))
        _LOG.info("%s: started as %d", name, started.pid)
        return started

    async def run(self, name: str, argv: Sequence[str], *, seconds: float = 120.0, ns: str = "") -> bytes:
        """Run a command with the engines' rights, and give its output. Raises WorldError with what it complained of."""
        entry = self._net.entry(ns) if ns else []
        command = [*entry, *process.as_user(self.user, entry), *argv]
        try:
            child = await asyncio.to_thread(process.child, command)
            output, errors = await asyncio.to_thread(child.communicate, None, seconds)
        except (OSError, TimeoutError) as error:
            raise WorldError(f"{name}: {Path(argv[0]).name}: {error}") from None
        if child.returncode:
            raise WorldError(f"{name}: {Path(argv[0]).name}: {errors.decode(errors='replace').strip()[-_WORDS_MAX:]}")
        return bytes(output)

    def watch(self, name: str, ended: Callable[[], object]) -> None:
        """Call once when the engine's process ends; at once (in the next turn of the loop) where none runs."""
        self.unwatch(name)
        loop = asyncio.get_running_loop()
        running = self.found(name)
        if running is None:
            loop.call_soon(ended)
            return
        try:
            descriptor = os.pidfd_open(running.pid)
        except ProcessLookupError:
            loop.call_soon(ended)
            return

        def told() -> None:
            self.unwatch(name)
            process.reap(running)
            _LOG.info("%s: %d has ended", name, running.pid)
            ended()

        self._watches[name] = descriptor
        loop.add_reader(descriptor, told)

    def is_watched(self, name: str) -> bool:
        """Whether somebody waits for an engine's end."""
        return name in self._watches

    def unwatch(self, name: str) -> None:
        """Nobody is to be told when an engine ends."""
        descriptor = self._watches.pop(name, None)
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)

    async def stop(self, name: str, *, ask: signal.Signals = signal.SIGTERM, seconds: float = 10.0) -> bool:
        """Ask an engine to end, and kill it where it does not; True if it ended when asked."""
        self.unwatch(name)
        running = self.found(name)
        if running is None:
            return True
        politely = await asyncio.to_thread(process.stop, running, seconds, ask)
        process.reap(running)
        return politely

    async def remove(self, name: str) -> None:
        """End an engine, and delete all that it has."""
        card = self._card(name)
        await self.stop(name, ask=signal.Signals(card.farewell) if card is not None else signal.SIGTERM)
        await asyncio.to_thread(shutil.rmtree, self.folder / name, ignore_errors=True)

    def words(self, name: str) -> str:
        """The end of what an engine has printed."""
        try:
            return (self.folder / name / _OUTPUT).read_text(errors="replace")[-_WORDS_MAX:].strip()
        except OSError:
            return ""

    def close(self) -> None:
        """Let go; the engines go on."""
        for name in list(self._watches):
            self.unwatch(name)

    async def clear(self) -> None:
        """End every engine, and leave nothing of them on the machine."""
        for name in self.names():
            await self.remove(name)
        with contextlib.suppress(OSError):
            self.folder.rmdir()


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Look every two milliseconds of machine time, for what nobody tells of. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            if await is_so():
                return
            await asyncio.sleep(_POLL_SECONDS)


def place(state: Path, prefix: str, user: str) -> Path:
    """Where engines have their files: in the state folder, unless their user may not go there, or sockets do not fit.

    root's state is nobody else's to look into, but servers refuse to be root.
    """
    inside = state / "engines"
    if user:
        return inside if _lets_through(state) and _is_short(inside) else _SYSTEM_FOLDER / prefix
    return inside if _is_short(inside) else Path(f"/tmp/fogbank-{os.getuid()}") / prefix  # noqa: S108 - ours alone


def _is_short(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= _PATH_BYTES_MAX - len("/engine-name-of-20-bytes")


def _lets_through(folder: Path) -> bool:
    present = [one for one in (folder, *folder.parents) if one.exists()]
    return folder.exists() and all(one.stat().st_mode & 0o001 for one in present)


def _user() -> str:
    """The user that engines run as, where we are root; empty where they run as ourselves."""
    if os.geteuid():
        return ""
    for name in _USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return ""


def _write(path: Path, data: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    new.replace(path)
