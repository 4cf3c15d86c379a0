"""Uplinks: processes that carry what leaves a namespace into the machine's own network, by sockets of their own.

`slirp4netns(1)` is a network stack in a process: the machine sees connections of an ordinary program, and nothing of
its own network is changed. It outlives the worker, which knows it again by its command.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
from concurrent.futures import Executor
from pathlib import Path

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net.facts import Uplink
from fogbank.planes.net.namespaces import Traveller

PROGRAM = "slirp4netns"
REMEDY = f"apt-get install {PROGRAM}"
MTU = 1500
_FLAGS = ("--netns-type=path", "--disable-host-loopback", "--disable-dns", f"--mtu={MTU}")
_START_SECONDS = 5.0
_STOP_SECONDS = 2.0


class Uplinks:
    """The uplinks of an instance, also those that another worker started."""

    def __init__(self, traveller: Traveller, log: Path, outside: Executor | None = None) -> None:
        """`outside` is a thread in the machine's own network, where the caller's is not."""
        self._traveller = traveller
        self._log = log
        self._outside = outside
        self._running: dict[Uplink, process.Process] = {}
        self._watches: dict[int, Uplink] = {}
        self._find()

    def held(self) -> set[Uplink]:
        """The uplinks whose process runs."""
        return {fact for fact, running in self._running.items() if process.is_running(running)}

    def start(self, fact: Uplink) -> None:
        """Have a namespace get the device, still down, and the process behind it. Raises OSError, WorldError."""
        program = shutil.which(PROGRAM)
        if program is None:
            raise WorldError(f"{PROGRAM} is not installed: {REMEDY}")
        told, tell = os.pipe()
        try:
            at = str(self._traveller.path(fact.ns))
            argv = [program, *_FLAGS, f"--cidr={fact.network}", f"--ready-fd={tell}", at, fact.name]
            spawn = process.Spawn(argv, self._log, os.environ, self._log.parent, (tell,))
            # What is started is in the network of the thread that starts it.
            started = self._outside.submit(process.start, spawn).result() if self._outside else process.start(spawn)
        finally:
            os.close(tell)
        with os.fdopen(told, "rb", buffering=0) as pipe:
            is_ready = _says_one(pipe.fileno())
        self._know(fact, started)
        if not is_ready:
            self.stop(fact)
            raise WorldError(f"{PROGRAM} does not start; see {self._log}")

    def stop(self, fact: Uplink) -> None:
        """End an uplink's process, and its device with it."""
        running = self._running.pop(fact, None)
        for watch, other in list(self._watches.items()):
            if other == fact:
                del self._watches[watch]
                os.close(watch)
        if running is not None:
            process.stop(running, _STOP_SECONDS)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(running.pid, 0)

    def watches(self) -> list[int]:
        """File descriptors that become readable when an uplink's process ends."""
        return list(self._watches)

    def ended(self, watch: int) -> Uplink:
        """The uplink whose process has ended."""
        fact = self._watches[watch]
        self.stop(fact)
        return fact

    def close(self) -> None:
        """Let go; the uplinks stay."""
        for watch in self._watches:
            os.close(watch)
        self._watches.clear()

    def _know(self, fact: Uplink, running: process.Process) -> None:
        self._running[fact] = running
        with contextlib.suppress(OSError):
            self._watches[os.pidfd_open(running.pid)] = fact

    def _find(self) -> None:
        start = str(self._traveller.path(""))
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = path.read_bytes().decode(errors="replace").split("\0")[:-1]
                if len(words) < 4 or Path(words[0]).name != PROGRAM or not words[-2].startswith(start):
                    continue
                network = next((word.partition("=")[2] for word in words if word.startswith("--cidr=")), "")
                fact = Uplink(words[-2][len(start) :], words[-1], network)
                running = process.found(int(path.parent.name))
                if running is not None and fact in self._running:
                    # One that was started in the moment in which its worker was killed.
                    process.stop(running, _STOP_SECONDS)
                elif running is not None:
                    self._know(fact, running)


def _says_one(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(_START_SECONDS * 1000)) and os.read(descriptor, 1) == b"1"
