"""BIRD: routers that tell each other by BGP what they lead to, and notice by BFD that one is gone."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import Engines, Start, until

_CONFIGURATION, _SOCKET = "bird.conf", "ctl"
REMEDY = "apt-get install bird2"
MISSING = f"BIRD is not installed: {REMEDY}"
_START_SECONDS = 10.0
_PATIENCE_SECONDS = 5.0
_SESSION = re.compile(r"^(?:\d{4}-| )(\S+) +BGP +\S+ +(\S+) +\S+ *(\S*).*$", re.M)
_END = re.compile(r"\d{4} ")


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """A router at the other end of a link."""

    name: str
    """Of letters, digits and `_`."""
    device: str
    own_address: str
    address: str
    as_number: int


class Router(msgspec.Struct, frozen=True, kw_only=True):
    """A router in a namespace."""

    ns: str
    id: str
    """An address that no other router has as its id."""
    as_number: int
    peers: tuple[Peer, ...]
    announces: tuple[str, ...] = ()
    """The CIDRs that it tells its peers it leads to."""
    accepts: str = ""
    """The CIDR within which it believes its peers, and has the kernel follow them; empty for nothing."""
    detect_seconds: float = 0.15
    """After how long without a sign of life a peer is taken to be gone."""


class Routers(Protocol):
    """Whoever runs routers. All methods raise WorldError."""

    async def set(self, name: str, router: Router) -> None:
        """Have a router run as it is given; one that runs is told what has changed, and keeps its sessions."""

    async def kill(self, name: str) -> None:
        """End a router at once, so that it can say nothing to anybody; its peers' kernels may."""

    async def remove(self, name: str) -> None:
        """End a router, and delete what it had."""

    async def sessions(self, name: str) -> Mapping[str, str]:
        """The sessions of a router, as BIRD tells them: `Established` of those that are up."""

    def names(self) -> list[str]:
        """Every router that there is."""

    def watch(self, name: str, ended: Callable[[], object]) -> None:
        """Call once when a router ends."""

    def close(self) -> None:
        """Let go; routers go on."""

    async def clear(self) -> None:
        """End every router, and leave nothing on the machine."""


def configuration(router: Router) -> str:
    """What BIRD reads: pure.

    Links are looked after by BFD three times in `detect_seconds`. Nobody carries on for others: a peer is told what the
    router announces itself, and nothing that it has heard.
    """
    interval_us = round(router.detect_seconds / 3 * 1_000_000)
    routes = "".join(f"  route {cidr} blackhole;\n" for cidr in router.announces)
    believed = f"filter {{ if net ~ [ {router.accepts}+ ] then accept; reject; }}" if router.accepts else "none"
    followed = "export where source = RTS_BGP" if router.accepts else "export none"
    parts = [
        "log stderr { warning, error, fatal, bug };",
        f"router id {router.id};",
        "protocol device { scan time 10; }",
        f'protocol bfd {{ interface "*" {{ interval {interval_us} us; multiplier 3; }}; }}',
        f"protocol kernel {{ ipv4 {{ import none; {followed}; }}; }}",
        f"protocol static announced {{ ipv4;\n{routes}}}",
        *(_session(router, peer, believed) for peer in router.peers),
    ]
    return "\n".join(parts) + "\n"


def _session(router: Router, peer: Peer, believed: str) -> str:
    return (
        f"protocol bgp {peer.name} {{\n"
        f"  local {peer.own_address} as {router.as_number};\n"
        f"  neighbor {peer.address} as {peer.as_number};\n"
        f'  interface "{peer.device}"; direct; bfd on; connect delay time 1; connect retry time 2; hold time 9;\n'
        "  error wait time 1, 4;\n"
        f"  ipv4 {{ import {believed}; export where source = RTS_STATIC; next hop self; }};\n"
        "}"
    )


class BirdRouters:
    """See `Routers`: one BIRD each."""

    def __init__(self, engines: Engines) -> None:
        """The engines must be of a folder that nobody else has."""
        self._engines = engines

    async def set(self, name: str, router: Router) -> None:
        path = program()
        if not path:
            raise WorldError(MISSING)
        file = self._engines.home(name) / _CONFIGURATION
        text = configuration(router)
        is_running = self._engines.found(name) is not None
        if is_running and file.exists() and file.read_text() == text:
            return
        file.write_text(text)
        if is_running:
            await self._said(name, "configure")
            return
        home = file.parent
        argv = [path, "-f", "-c", str(file), "-s", str(home / _SOCKET), "-P", str(home / "pid")]
        await self._engines.start(name, Start(argv, router.ns, keeps_rights=True))

        async def answers() -> bool:
            if self._engines.found(name) is None:
                raise WorldError(f"{name}: {self._engines.words(name)}")
            return (home / _SOCKET).exists()

        try:
            await until(answers, _START_SECONDS)
        except TimeoutError:
            raise WorldError(f"{name}: it does not answer; {self._engines.words(name)}") from None

    async def kill(self, name: str) -> None:
        await self._engines.stop(name, ask=signal.SIGKILL)

    async def remove(self, name: str) -> None:
        await self._engines.remove(name)

    async def sessions(self, name: str) -> Mapping[str, str]:
        if self._engines.found(name) is None:
            return {}
        said = await self._said(name, "show protocols")
        return {peer: info or state for peer, state, info in _SESSION.findall(said)}

    def names(self) -> list[str]:
        return self._engines.names()

    def watch(self, name: str, ended: Callable[[], object]) -> None:
        self._engines.watch(name, ended)

    def close(self) -> None:
        self._engines.close()

    async def clear(self) -> None:
        await self._engines.clear()

    async def _said(self, name: str, words: str) -> str:
        """What a router answers to a command. Raises WorldError."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                lines = await _asked(self._engines.home(name) / _SOCKET, words)
        except (OSError, TimeoutError) as error:
            raise WorldError(f"{name}: it does not answer: {error}") from None
        if lines and lines[-1].startswith(("8", "9")):
            raise WorldError(f"{name}: {lines[-1].strip()}")
        return "".join(lines[1:])


async def _asked(control: Path, words: str) -> list[str]:
    """The lines of BIRD's greeting and of its answer, which ends in a line whose number is followed by a space."""
    reader, writer = await asyncio.open_unix_connection(control)
    lines: list[str] = []
    try:
        writer.write(f"{words}\n".encode())
        while len(lines) < 2 or not _END.match(lines[-1]):
            lines.append((await reader.readline()).decode(errors="replace"))
            if not lines[-1]:
                break
    finally:
        writer.close()
    return lines


class FakeRouters:
    """For tests, and where there is no network: it remembers what it was told."""

    def __init__(self) -> None:
        self.routers: dict[str, Router] = {}

    async def set(self, name: str, router: Router) -> None:
        self.routers[name] = router

    async def kill(self, name: str) -> None:
        self.routers.pop(name, None)

    async def remove(self, name: str) -> None:
        self.routers.pop(name, None)

    async def sessions(self, name: str) -> Mapping[str, str]:
        return {}

    def names(self) -> list[str]:
        return sorted(self.routers)

    def watch(self, name: str, ended: Callable[[], object]) -> None:
        pass

    def close(self) -> None:
        pass

    async def clear(self) -> None:
        self.routers.clear()


def program() -> str:
    """The path of BIRD; empty where it is not installed. Programs of this kind are seldom on people's own PATH."""
    return shutil.which("bird") or shutil.which("/usr/sbin/bird") or ""
