"""Where packets wait within namespaces: the process that they wait in, and what it is given of each namespace.

A process is kept ready before anybody wants one, since to start one takes longer than a fault may take to be felt.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path

import msgspec

from fogbank.planes import process
from fogbank.planes.net import delay
from fogbank.planes.net.facts import DELAY_DEVICE, Delay
from fogbank.planes.net.namespaces import Traveller, tun

_MODULE = "fogbank.planes.net.delay"
_STOP_SECONDS = 2.0
_SEND_BYTES = 8 << 20
_SEND_BUFFER_FORCED = 32
"""SO_SNDBUFFORCE"""
DELAYS_FOLDER = "net-delays"
"""Below the instance's state folder: a file for each namespace, with the times, and who waits for them."""


class Delays:
    """The delays of an instance. They outlive the worker: a namespace's file says which process they are with."""

    def __init__(self, traveller: Traveller, folder: Path) -> None:
        self._traveller = traveller
        self._folder = folder
        self._ready: process.Process | None = None
        self._control: socket.socket | None = None
        self._running: dict[str, process.Process] = {}
        self._watches: dict[int, process.Process] = {}
        for path in self._folder.iterdir() if folder.exists() else ():
            self._find(path)

    def begin(self) -> None:
        """Have a process be ready, without waiting for it, if it could be given anything. Raises OSError."""
        if self._ready is not None and process.is_running(self._ready):
            return
        self._ready = None
        self._let_go()
        if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            argv = [sys.executable, "-m", _MODULE, self._traveller.prefix, str(theirs.fileno())]
            log = self._folder.parent / "net.log"
            spawn = process.Spawn(argv, log, os.environ, self._folder.parent, (theirs.fileno(),))
            try:
                self._ready = process.start(spawn)
            except OSError:
                ours.close()
                raise
        self._control = ours
        self._watch(self._ready)

    def has(self, ns: str) -> bool:
        """Whether a namespace has a process that its packets can wait in."""
        return ns in self._running and process.is_running(self._running[ns])

    def make(self, fact: Delay) -> None:
        """Have a namespace get the device behind which packets wait. Raises OSError, WorldError."""
        self.begin()
        device, out, asking = self._traveller.at(fact.ns, _opened)
        with out, asking:
            try:
                self._give(fact, device, out, asking)
            except BrokenPipeError:
                # It has just ended, and nobody has told us yet.
                self._ready = None
                self.begin()
                self._give(fact, device, out, asking)
            finally:
                os.close(device)

    def _give(self, fact: Delay, device: int, out: socket.socket, asking: socket.socket) -> None:
        if self._ready is None or self._control is None:
            raise OSError("there is no process for packets to wait in: /dev/net/tun cannot be opened")
        self._folder.mkdir(exist_ok=True)
        path = self._folder / fact.ns
        path.write_bytes(bytes(delay.FILE_BYTES) + msgspec.json.encode(self._ready))
        self.write(fact)
        with path.open("rb") as file:
            socket.send_fds(self._control, [b"+"], [device, out.fileno(), asking.fileno(), file.fileno()])
        self._running[fact.ns] = self._ready

    def write(self, fact: Delay) -> None:
        """Say how long packets wait; those that come from now on do. Raises OSError."""
        with (self._folder / fact.ns).open("r+b") as file:
            # In place: the process has this file in its memory.
            file.write(b"".join(delay.SECONDS.pack(seconds) for seconds in fact.seconds))

    def forget(self, ns: str) -> None:
        """A namespace's device has gone, or goes: its process lets go of it by itself."""
        self._running.pop(ns, None)
        (self._folder / ns).unlink(missing_ok=True)

    def watches(self) -> list[int]:
        """File descriptors that become readable when a process ends."""
        return list(self._watches)

    def ended(self, watch: int) -> list[Delay]:
        """What a process had that has ended: its devices have gone with it. Another one is made ready."""
        gone = self._watches.pop(watch)
        os.close(watch)
        _reap(gone)
        theirs = [ns for ns, running in self._running.items() if running == gone]
        for ns in theirs:
            self.forget(ns)
        if gone == self._ready:
            self._ready = None
            self._let_go()
            if theirs:
                # One that ended for nothing would end again.
                with contextlib.suppress(OSError):
                    self.begin()
        return [Delay(ns, (), ()) for ns in theirs]

    def close(self) -> None:
        """Let go; packets go on waiting where they do, and who has nothing to wait for ends."""
        if self._ready is not None and self._ready not in self._running.values():
            process.stop(self._ready, _STOP_SECONDS)
            _reap(self._ready)
        for watch in self._watches:
            os.close(watch)
        self._watches.clear()
        self._let_go()
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _let_go(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    def _watch(self, running: process.Process) -> None:
        with contextlib.suppress(OSError):
            self._watches[os.pidfd_open(running.pid)] = running

    def _find(self, path: Path) -> None:
        """Know the process of a namespace again that another worker started."""
        try:
            running = msgspec.json.decode(path.read_bytes()[delay.FILE_BYTES :], type=process.Process)
        except (OSError, msgspec.MsgspecError):
            path.unlink(missing_ok=True)
            return
        if not process.is_running(running):
            path.unlink(missing_ok=True)
        elif not self._traveller.has(path.name):
            # Somebody has removed the namespace, which lives on in this process only.
            process.stop(running, _STOP_SECONDS)
            path.unlink(missing_ok=True)
        else:
            if running not in self._running.values():
                self._watch(running)
            self._running[path.name] = running


def _opened() -> tuple[int, socket.socket, socket.socket]:
    """The device, a socket that sends whole frames and hears none, and one that asks about devices."""
    device = tun(DELAY_DEVICE, has_link_layer=True)
    try:
        out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        try:
            out.setsockopt(socket.SOL_SOCKET, _SEND_BUFFER_FORCED, _SEND_BYTES)
        except OSError:
            # In a user namespace only as much as the machine allows everybody.
            out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        return device, out, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    except OSError:
        os.close(device)
        raise


def _reap(ended: process.Process) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(ended.pid, 0)
