"""Lines with delay: by the kernel's netem on a veth pair where it has that, else by a process for each line."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from fogbank.planes import process
from fogbank.planes.net import wan
from fogbank.planes.net.facts import Line
from fogbank.planes.net.namespaces import Traveller
from fogbank.planes.net.plan import wire_of

_MODULE = "fogbank.planes.net.wan"
_STOP_SECONDS = 2.0
LINES_FOLDER = "net-lines"
"""Below the instance's state folder."""


class Lines:
    """The lines of an instance: a file for each, which says what it is, and its process where the kernel has no netem.

    A line outlives the worker: it is found again by its file, and its process by its command.
    """

    def __init__(self, traveller: Traveller, folder: Path, is_kernels: bool) -> None:
        self.is_kernels = is_kernels
        self._traveller = traveller
        self._folder = folder
        self._running = self._found() if folder.exists() else {}
        self._watches: dict[int, Line] = {}
        for wire, running in self._running.items():
            self._watch(wire, running)
        self.prune()

    @property
    def log(self) -> Path:
        """Where processes of the network say what they have to."""
        return self._folder.parent / "net.log"

    def prune(self) -> None:
        """Forget the lines whose process has ended: who ended it knew nothing of lines."""
        for path in () if self.is_kernels else self._files():
            line = _read(path)
            if line is None or not self._is_running(line):
                path.unlink(missing_ok=True)

    def held(self) -> set[Line]:
        """The lines that are there, as far as files and processes tell."""
        return {
            line
            for path in self._files()
            if (line := _read(path)) is not None and (self.is_kernels or self._is_running(line))
        }

    def has(self, line: Line) -> bool:
        """Whether the line is there, whatever its delay."""
        return wire_of(line) in {wire_of(held) for held in self.held()}

    def write(self, line: Line) -> None:
        """Say in its file how a line is; its process obeys from the next packet."""
        path = self._file(line)
        path.parent.mkdir(exist_ok=True)
        settings = wan.SETTINGS.pack(line.delay_seconds, line.loss)
        if _read(path) is not None and self._is_running(line):
            # In place: the process has this file in its memory.
            with path.open("r+b") as file:
                file.write(settings)
            return
        path.write_bytes(settings + msgspec.json.encode(wire_of(line)))

    def start(self, lines: Sequence[Line]) -> list[tuple[Line, str]]:
        """Start a process for each line; those that did not come up, and why."""
        pipes: list[tuple[Line, int, process.Process]] = []
        refused: list[tuple[Line, str]] = []
        for line in lines:
            told, tell = os.pipe()
            try:
                self.write(line)
                pipes.append((line, told, self._started(line, tell)))
            except OSError as error:
                os.close(told)
                refused.append((line, str(error)))
            finally:
                os.close(tell)
        for line, told, started in pipes:
            with os.fdopen(told, "rb") as pipe:
                words = pipe.read().decode()
            if words == wan.READY.decode():
                self._running[wire_of(line)] = started
                self._watch(wire_of(line), started)
            else:
                _reap(started)
                self._file(line).unlink(missing_ok=True)
                refused.append((line, words or "its process ended"))
        return refused

    def stop(self, line: Line) -> bool:
        """End a line's process, and its devices with it; False if it has none."""
        self._file(line).unlink(missing_ok=True)
        running = self._running.pop(wire_of(line), None)
        for watch, wire in list(self._watches.items()):
            if wire == wire_of(line):
                del self._watches[watch]
                os.close(watch)
        if running is None:
            return False
        process.stop(running, _STOP_SECONDS)
        _reap(running)
        return True

    def watches(self) -> list[int]:
        """File descriptors that become readable when a line's process ends."""
        return list(self._watches)

    def ended(self, watch: int) -> Line:
        """The line whose process has ended."""
        wire = self._watches[watch]
        self.stop(wire)
        return wire

    def close(self) -> None:
        """Let go; the lines stay."""
        for watch in self._watches:
            os.close(watch)
        self._watches.clear()
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _watch(self, wire: Line, running: process.Process) -> None:
        with contextlib.suppress(OSError):
            self._watches[os.pidfd_open(running.pid)] = wire

    def _is_running(self, line: Line) -> bool:
        running = self._running.get(wire_of(line))
        return running is not None and process.is_running(running)

    def _files(self) -> list[Path]:
        return sorted(self._folder.iterdir()) if self._folder.exists() else []

    def _file(self, line: Line) -> Path:
        return self._folder / f"{line.ns}.{line.name}"

    def _started(self, line: Line, tell: int) -> process.Process:
        ends = ((line.ns, line.name), (line.peer_ns, line.peer_name))
        where = [word for ns, name in ends for word in (str(self._traveller.path(ns)), name)]
        argv = [sys.executable, "-m", _MODULE, self._traveller.prefix, str(self._file(line)), *where, str(tell)]
        log = self._folder.parent / "net.log"
        return process.start(process.Spawn(argv, log, os.environ, self._folder, (tell,)))

    def _found(self) -> dict[Line, process.Process]:
        """The processes of our lines, also those that another worker started."""
        by_file = {str(path): line for path in self._files() if (line := _read(path)) is not None}
        running: dict[Line, process.Process] = {}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = path.read_bytes().decode(errors="replace").split("\0")
                if _MODULE not in words[1:3] or self._traveller.prefix not in words[3:4]:
                    continue
                found = process.found(int(path.parent.name))
                line = by_file.get(words[4])
                if found is not None and line is not None and wire_of(line) not in running:
                    running[wire_of(line)] = found
                elif found is not None:
                    # Its file is gone: nobody would ever know it again.
                    process.stop(found, _STOP_SECONDS)
        return running


def _read(path: Path) -> Line | None:
    try:
        data = path.read_bytes()
        delay, loss = wan.SETTINGS.unpack_from(data)
        wire = msgspec.json.decode(data[wan.SETTINGS.size :], type=Line)
    except (OSError, struct.error, msgspec.MsgspecError):
        # The second and third: the machine stopped while it was written.
        return None
    return msgspec.structs.replace(wire, delay_seconds=delay, loss=loss)


def _reap(ended: process.Process) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(ended.pid, 0)
