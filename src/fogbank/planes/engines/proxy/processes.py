"""Proxies as processes of a cloud: one for all plain relays, one for each owner whose readers forward writes."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import Engines, Start, until
from fogbank.planes.engines.proxies import Forwarded, Front
from fogbank.planes.engines.proxy import counts
from fogbank.planes.engines.proxy import plan as plans
from fogbank.planes.engines.proxy.plan import PLAN_FILE, REPORT_FILE, Plan, Report
from fogbank.planes.process import Process

_LOG = logging.getLogger("fogbank.engines")
RELAYS = "proxy"
"""The process of all plain relays."""
_FOLDER = "line-"
"""How the folders of fronts begin that listen as socket files."""
_SECONDS_MAX = 15.0
_BACK_OFF_SECONDS = 1.0
_Fronts = Mapping[str, tuple[Front, ...]]


class ProxyProcesses:
    """See `Proxies`. What runs already is found by its plan, which it goes on with until other fronts are set."""

    def __init__(self, engines: Engines, path: Callable[[str], str]) -> None:
        """The engines must be of a folder that nobody else has; `path` gives the file of a namespace."""
        self._engines = engines
        self._path = path
        self._owners: dict[str, tuple[Front, ...]] = {}
        self._is_adopted = False
        self._changing = asyncio.Lock()
        self._restarts: set[asyncio.Task[None]] = set()
        self._started_at: dict[str, float] = {}

    async def set(self, owner: str, fronts: Sequence[Front]) -> None:
        """See `Proxies.set`."""
        async with self._changing:
            self._adopt()
            self._owners[owner] = tuple(fronts)
            if not fronts:
                del self._owners[owner]
            errors = await self._apply()
        mine = {plans.title(front): front for front in fronts}
        failed = [f"{title}: {text}" for title, text in errors.items() if title in mine]
        if failed:
            raise WorldError("; ".join(failed))

    def folder(self, owner: str) -> str:
        """See `Proxies.folder`."""
        return str(self._engines.folder / f"{_FOLDER}{_short(owner)}")

    async def prune(self, targets: Collection[str]) -> None:
        """See `Proxies.prune`."""
        async with self._changing:
            self._adopt()
            left = {
                owner: fronts
                for owner, fronts in self._owners.items()
                if any(target.name in targets for front in fronts for target in front.targets)
            }
            if left != self._owners:
                self._owners = left
                await self._apply()

    def forwarded(self, owner: str) -> Mapping[str, Forwarded]:
        """See `Proxies.forwarded`."""
        return counts.read(self._engines.folder / forwarder(owner) / counts.COUNTS_FILE)

    async def halt(self) -> None:
        """See `Proxies.halt`."""
        self._forget()
        await self._engines.clear()

    def close(self) -> None:
        """See `Proxies.close`."""
        self._forget()

    async def clear(self) -> None:
        """See `Proxies.clear`."""
        self._forget()
        self._owners.clear()
        await self._engines.clear()

    def _forget(self) -> None:
        for task in self._restarts:
            task.cancel()
        self._engines.close()

    # Plans

    def _adopt(self) -> None:
        """Know what is served already by whoever outlived the cloud before us."""
        if self._is_adopted:
            return
        self._is_adopted = True
        for name in self._engines.names():
            plan = self._plan(name)
            if plan is None or self._engines.found(name) is None:
                continue
            for owner, fronts in plan.owners.items():
                self._owners[owner] = (*self._owners.get(owner, ()), *fronts)
            self._watch(name)

    def _plan(self, name: str) -> Plan | None:
        try:
            return plans.read(self._engines.folder / name / PLAN_FILE)[0]
        except (OSError, msgspec.MsgspecError):
            return None

    async def _apply(self) -> dict[str, str]:
        """Have every process serve what is wanted of it; what is not served, with the reason. Raises WorldError."""
        wanted = split(self._owners)
        folders = {Path(place[1]).name for place in _places(self._owners) if place[1].startswith("/")}
        for name in folders:
            # Nobody but engines and ourselves may go there.
            self._engines.home(name)
        names = set(wanted) | (set(self._engines.names()) - folders)
        errors: dict[str, str] = {}
        # Who gives an address away does so before another takes it.
        for name in sorted(names, key=lambda name: (self._takes(name, wanted.get(name, {})), name)):
            if name in wanted:
                errors |= await self._serve(name, wanted[name])
            else:
                await self._engines.remove(name)
        return errors

    def _takes(self, name: str, owners: _Fronts) -> bool:
        plan = self._plan(name)
        held = _places(plan.owners) if plan is not None and self._engines.found(name) is not None else set()
        return bool(_places(owners) - held)

    async def _serve(self, name: str, owners: _Fronts) -> dict[str, str]:
        namespaces = {ns: self._path(ns) for ns in _namespaces(owners)}
        running, known, report = self._engines.found(name), self._plan(name), self._report(name)
        is_same = known is not None and (known.owners, known.namespaces) == (owners, namespaces)
        if running is not None and is_same and report is not None and report.pid == running.pid and not report.errors:
            return {}
        if running is not None:
            # Before it has said anything it does not hear anything either.
            await self._until_said(name, running, "")
        data = msgspec.json.encode(Plan(serial=time.time_ns(), owners=owners, namespaces=namespaces))
        plans.replace(self._engines.home(name) / PLAN_FILE, data)
        if running is None:
            running = await self._start(name)
        else:
            os.kill(running.pid, signal.SIGHUP)
        return dict((await self._until_said(name, running, plans.digest(data))).errors)

    def _report(self, name: str) -> Report | None:
        try:
            return msgspec.json.decode((self._engines.folder / name / REPORT_FILE).read_bytes(), type=Report)
        except (OSError, msgspec.MsgspecError):
            return None

    async def _until_said(self, name: str, running: Process, digest: str) -> Report:
        """What a process says of a plan, of any if none is named. Raises WorldError."""

        async def has_said() -> bool:
            said = self._report(name)
            if said is not None and said.pid == running.pid and digest in ("", said.digest):
                return True
            if self._engines.found(name) != running:
                raise WorldError(f"{name} has ended: {self._engines.words(name)}")
            return False

        try:
            await until(has_said, _SECONDS_MAX)
        except TimeoutError:
            raise WorldError(f"{name} does not serve: {self._engines.words(name)}") from None
        found = self._report(name)
        assert found is not None, name
        return found

    # Processes

    async def _start(self, name: str) -> Process:
        argv = [sys.executable, "-m", "fogbank.planes.engines.proxy", str(self._engines.home(name) / PLAN_FILE)]
        environ = {key: os.environ[key] for key in ("PYTHONPATH",) if key in os.environ}
        self._started_at[name] = time.monotonic()
        started = await self._engines.start(name, Start(argv, environ=environ, keeps_rights=True))
        self._watch(name)
        return started

    def _watch(self, name: str) -> None:
        self._engines.watch(name, lambda: self._restart(name))

    def _restart(self, name: str) -> None:
        task = asyncio.ensure_future(self._restarted(name))
        self._restarts.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._restarts.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.warning("%s", task.exception())

    async def _restarted(self, name: str) -> None:
        """Start a process again that has ended by itself: at once, unless it ended as soon as it had begun."""
        if time.monotonic() - self._started_at.get(name, 0.0) < _BACK_OFF_SECONDS:
            await asyncio.sleep(_BACK_OFF_SECONDS)
        async with self._changing:
            owners = split(self._owners).get(name)
            if owners is not None and self._engines.found(name) is None:
                await self._serve(name, owners)


def split(owners: _Fronts) -> dict[str, dict[str, tuple[Front, ...]]]:
    """Which process serves what of whom. Pure."""
    found: dict[str, dict[str, tuple[Front, ...]]] = {}
    for owner, fronts in owners.items():
        plain = tuple(front for front in fronts if front.forwarding is None)
        forwarding = tuple(front for front in fronts if front.forwarding is not None)
        if plain:
            found.setdefault(RELAYS, {})[owner] = plain
        if forwarding:
            found[forwarder(owner)] = {owner: forwarding}
    return found


def forwarder(owner: str) -> str:
    """The name of the process that forwards writes for an owner."""
    return f"{RELAYS}-{_short(owner)}"


def _short(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:10]


def _places(owners: _Fronts) -> set[tuple[str, str, int]]:
    return {(front.ns, front.address, front.port) for fronts in owners.values() for front in fronts}


def _namespaces(owners: _Fronts) -> set[str]:
    found = {""}
    for front in (front for several in owners.values() for front in several):
        found |= {front.ns, *(target.ns for target in front.targets)}
        found |= {front.forwarding.writer.ns} if front.forwarding is not None else set()
    return found - {""}
