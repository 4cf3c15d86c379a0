"""The process with the hands on the kernel: makes true what it is told over a socket, and ends with the socket."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net import holder, probe
from fogbank.planes.net.apply import Hands
from fogbank.planes.net.delays import DELAYS_FOLDER, Delays
from fogbank.planes.net.facts import Delay, Line, Uplink
from fogbank.planes.net.lines import LINES_FOLDER, Lines
from fogbank.planes.net.messages import (
    Answer,
    Apply,
    Call,
    Clear,
    Counters,
    Gather,
    Open,
    Request,
    Run,
    Try,
    Verdict,
    Wire,
    framed,
)
from fogbank.planes.net.namespaces import Traveller, alone, enter, in_thread, opened
from fogbank.planes.net.taps import Taps
from fogbank.planes.net.world import World

_SWEEP_SECONDS = 0.02
"""Machine time after the last message when links that wait for it are deleted: it takes long, and nobody waits."""
_DESCRIPTORS_WANTED = 65536


class Worker:
    """Reads calls, one after another, and answers them; commands run beside."""

    def __init__(self, end: socket.socket, hands: Hands) -> None:
        self._wire = Wire(end)
        self._traveller = traveller = hands.traveller
        self._hands = hands
        self._world = World(self._hands)
        self._taps = Taps(traveller.path)
        self._decoder = msgspec.msgpack.Decoder(Call)
        self._lock = threading.Lock()
        self._undelayable = ""
        # It takes tens of milliseconds, and then nobody waits for it.
        self._trial = threading.Thread(target=self._tried, daemon=True)
        self._trial.start()
        self._commands: set[subprocess.Popen[bytes]] = set()

    def serve(self) -> None:
        """Until the other end of the socket is closed."""
        while self._turn():
            pass
        for command in list(self._commands):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(command.pid, signal.SIGKILL)
        self._guarded(0, self._swept)
        self._hands.close()

    def _turn(self) -> bool:
        """Wait for something, and do it; False at the end of the socket."""
        lines, delays, uplinks = self._hands.lines, self._hands.delays, self._hands.uplinks
        watches = (*lines.watches(), *delays.watches(), *uplinks.watches())
        ready = _ready([self._wire.end.fileno(), *watches], _SWEEP_SECONDS if self._hands.has_trash else None)
        if not ready:
            self._guarded(0, self._swept)
        elif not ready.isdisjoint(watches):
            ended = [lines.ended(watch) for watch in lines.watches() if watch in ready]
            waiting = [one for watch in delays.watches() if watch in ready for one in delays.ended(watch)]
            gone = [uplinks.ended(watch) for watch in uplinks.watches() if watch in ready]
            self._guarded(0, lambda: self._repaired([*ended, *waiting, *gone]))
        else:
            return self._received()
        return True

    def _received(self) -> bool:
        try:
            messages = self._wire.receive()
        except (EOFError, ConnectionError):
            return False
        for message in messages:
            self._take(self._decoder.decode(message))
        return True

    def _take(self, call: Call) -> None:
        match call:
            case Apply():
                self._guarded(call.id, lambda: Answer(call.id, tuple(self._world.apply(call.requests))))
            case Open():
                self._guarded(call.id, lambda: self._open(call))
            case Counters():
                self._guarded(call.id, lambda: self._counters(call))
            case Try():
                self._guarded(call.id, lambda: self._try(call))
            case Clear():
                self._guarded(call.id, lambda: self._clear(call))
            case Gather():
                threading.Thread(target=self._gather, args=(call,), daemon=True).start()
            case Run():
                threading.Thread(target=self._run, args=(call,), daemon=True).start()

    def _guarded(self, call_id: int, answer: Callable[[], Answer | None]) -> None:
        try:
            answered = answer()
        except (WorldError, OSError) as error:
            self._world.doubt()
            answered = Answer(call_id, (Verdict(str(error)),))
        except Exception as error:
            # A bug of ours must not leave the kernel half-way for ever: look again, and say so.
            traceback.print_exc()
            self._world.doubt()
            answered = Answer(call_id, (Verdict(f"{type(error).__name__}: {error}"),))
        if answered is not None:
            self._send(answered)

    def _send(self, answer: Answer, descriptors: tuple[int, ...] = ()) -> None:
        data = memoryview(framed(answer))
        with self._lock, contextlib.suppress(ConnectionError):
            if descriptors:
                data = data[socket.send_fds(self._wire.end, [data], descriptors) :]
            self._wire.end.sendall(data)

    def _repaired(self, ended: list[Line | Delay | Uplink]) -> None:
        failures = self._world.repair(ended) if ended else []
        for one in ended:
            name = f"{one.ns}, delay" if isinstance(one, Delay) else f"{one.ns}.{one.name}"
            sys.stderr.write(f"{name}: its process ended; {failures or 'made anew'}\n")

    def _swept(self) -> None:
        self._hands.sweep()

    def _open(self, call: Open) -> None:
        try:
            made = self._traveller.at(call.ns, lambda: opened(call.address, call.port, call.is_stream))
        except WorldError as error:
            self._send(Answer(call.id, (Verdict(str(error)),)))
            return
        with made:
            self._send(Answer(call.id, (Verdict(),), has_socket=True), (made.fileno(),))

    def _counters(self, call: Counters) -> Answer:
        try:
            return Answer(call.id, (Verdict(),), counters=dict(self._hands.counters(call.ns)))
        except WorldError as error:
            return Answer(call.id, (Verdict(str(error)),))

    def _gather(self, call: Gather) -> None:
        self._guarded(call.id, lambda: self._gathered(call))

    def _gathered(self, call: Gather) -> Answer:
        try:
            return Answer(call.id, (Verdict(),), flows=self._taps.flows(call.ns, ends=call.ends))
        except (OSError, WorldError) as error:
            return Answer(call.id, (Verdict(str(error)),))

    def _try(self, call: Try) -> Answer:
        self._trial.join()
        return Answer(call.id, (Verdict(self._undelayable),))

    def _tried(self) -> None:
        self._undelayable = probe.undelayable()

    def _clear(self, call: Clear) -> Answer:
        self._taps.close()
        inside = processes_in({self._traveller.path(ns) for ns in self._traveller.names()})
        for found in inside:
            process.stop(found, wait_seconds=0)
        self._hands.lines.prune()
        (verdict,) = self._world.apply([Request({}, is_whole=True)])
        self._hands.sweep()
        return Answer(call.id, (verdict,))

    def _run(self, call: Run) -> None:
        def command() -> Answer:
            enter(self._traveller.path(call.ns))
            child = process.child(call.argv)
            self._commands.add(child)
            try:
                output, errors = child.communicate(timeout=call.seconds)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.communicate()
                return Answer(call.id, (Verdict(f"{call.argv[0]} did not end within {call.seconds:g} seconds"),))
            finally:
                self._commands.discard(child)
            return Answer(call.id, (Verdict(),), code=child.returncode, output=output, errors=errors)

        try:
            answer = in_thread(command)
        except (OSError, WorldError) as error:
            answer = Answer(call.id, (Verdict(str(error)),))
        self._send(answer)


def _ready(descriptors: list[int], seconds: float | None) -> set[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)}


def processes_in(paths: set[Path]) -> list[process.Process]:
    """The processes that are in one of these namespaces, ours and other people's, but never this one."""
    wanted: set[tuple[int, int]] = set()
    for path in paths:
        with contextlib.suppress(OSError):
            wanted.add((path.stat().st_dev, path.stat().st_ino))
    inside: list[process.Process] = []
    for path in Path("/proc").iterdir() if wanted else ():
        if not path.name.isdigit() or int(path.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            at = (path / "ns/net").stat()
            found = process.found(int(path.name))
            if found is not None and (at.st_dev, at.st_ino) in wanted:
                inside.append(found)
    return inside


def main(argv: list[str]) -> None:
    """`worker FD PREFIX FOLDER [HOLDER]`: serve on a socket; namespaces lie in FOLDER, as the holder sees it."""
    end = socket.socket(fileno=int(argv[0]))
    # Whoever joins a mount namespace is in its root.
    folder = Path.cwd()
    alone(folder)
    outside = holder.join(int(argv[3])) if len(argv) > 3 else None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS_WANTED)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    traveller = Traveller(argv[1], Path(argv[2]))
    delays = Delays(traveller, folder / DELAYS_FOLDER)
    with contextlib.suppress(OSError):
        delays.begin()
    lines = Lines(traveller, folder / LINES_FOLDER, probe.has_netem())
    Worker(end, Hands(traveller, lines, delays, outside)).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
