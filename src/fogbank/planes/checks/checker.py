"""A checker: one process that probes each place of its table on schedule, and streams all it knows."""

from __future__ import annotations

import errno
import gc
import heapq
import logging
import os
import resource
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from fogbank.aws.errors import WorldError
from fogbank.planes.checks import frames, targets
from fogbank.planes.checks.frames import Broken, Table
from fogbank.planes.checks.probe import Nowhere, Probe, Task, tls
from fogbank.planes.checks.targets import CAPACITY, HEALTHY, ROW, UNHEALTHY, UNSEEN, Code
from fogbank.planes.net.namespaces import Traveller

_LOG = logging.getLogger("fogbank.checker")
TELL_SECONDS = 0.25
ROUNDS_MAX = 10
"""So many missed probes of a place are made up for when cloud time leaps; the others have not been."""
_STARTS_MAX = 64
"""So many probes are begun before those under way are heard again."""
_BIND_WITHOUT_PORT = 24
"""IP_BIND_ADDRESS_NO_PORT (ip(7)): the port is chosen when it is known where the connection goes."""
_PAUSE_SECONDS = 0.01
"""Probes that are due within one of these are begun together."""
_BACKLOG_BYTES = 1 << 16
"""Of the system's own for each link: whoever does not listen misses messages, and gets the newest later."""


class Checker:
    """Serves one folder's socket. It stands on nothing but this process's one thread."""

    def __init__(self, door: Path, region: str, namespace: str = "", source: str = "") -> None:
        """`namespace` is the file of the network in which all but the machine's own addresses are; `source` is ours."""
        self.region = region
        self.dns: tuple[str, int] | None = None
        self._door = door
        self._namespace = Path(namespace) if namespace else None
        self._source = source
        self._traveller: Traveller | None = None
        self._epoll = select.epoll()
        self._ready: dict[int, Callable[[int], None]] = {}
        self._tls = tls()
        self._serial = 0
        self._set_at = 0.0
        self._tasks: dict[int, Task] = {}
        self._due: list[tuple[float, int, int]] = []
        """(cloud time, place, turn): an entry counts while the place has the same turn."""
        self._turns = [0] * CAPACITY
        self._busy = 0
        self._late: dict[float, deque[tuple[float, Probe, int]]] = {}
        self._states = bytearray(CAPACITY)
        self._known = bytearray(b"\x01" * CAPACITY)
        """Where a place begins that this checker has not looked at: what is known of it."""
        self._streaks = bytearray(CAPACITY)
        self._rows = bytearray(CAPACITY * ROW.size)
        self._failed = bytearray(CAPACITY * ROW.size)
        self._offset = 0.0
        self._frozen_at: float | None = None
        self._has_time = False
        """Whether cloud time has been told: nothing is due before."""
        self._links: dict[int, Link] = {}
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self._probes_max = most - 64
        self._server = self._listening()

    def _listening(self) -> socket.socket:
        self._door.unlink(missing_ok=True)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        made.bind(os.fspath(self._door))
        self._door.chmod(0o600)
        made.listen(8)
        self._add(made.fileno(), select.EPOLLIN, self._accept)
        return made

    def run(self) -> None:
        """Work until the folder is gone, or the process is told to end."""
        tell_at = time.monotonic()
        while self._door.exists():
            # Between two looks at the folder: one period of telling.
            tell_at = max(tell_at + TELL_SECONDS, time.monotonic())
            while (now := time.monotonic()) < tell_at:
                self._turn(min(tell_at - now, self._until_due()))
            self._tell()

    def _turn(self, seconds: float) -> None:
        for descriptor, events in self._epoll.poll(max(0.0, seconds), 1024):
            ready = self._ready.get(descriptor)
            if ready is not None:
                ready(events)
        self._expire()
        self._start()

    def _add(self, descriptor: int, events: int, ready: Callable[[int], None]) -> None:
        self._epoll.register(descriptor, events)
        self._ready[descriptor] = ready

    # Time

    def now(self) -> float:
        """Cloud time."""
        return self._frozen_at if self._frozen_at is not None else time.time() + self._offset

    def _until_due(self) -> float:
        if not self._due or not self._has_time or self._busy >= self._probes_max:
            return TELL_SECONDS
        left = self._due[0][0] - self.now()
        if left > 0 and self._frozen_at is not None:
            return TELL_SECONDS
        return max(left, _PAUSE_SECONDS) if left > 0 else 0.0

    def _told_time(self, offset: float, frozen_at: float | None) -> None:
        before = self.now()
        self._offset, self._frozen_at = offset, frozen_at
        if not self._has_time or self.now() < before - 1.0:
            self._has_time = True
            self._plan_all()

    # The table

    def _told_table(self, table: Table) -> None:
        """Take a whole table in the place of the one before; what is known of what stays the same holds."""
        self._serial, self._set_at = table.serial, table.set_at
        host, _, port = table.dns.rpartition(":")
        self.dns = (host, int(port)) if host else None
        self._known[:] = table.known
        wanted = {one.slot: one for one in table.targets if self.region in one.regions}
        for slot in self._tasks.keys() - wanted.keys():
            self._forget(slot)
            del self._tasks[slot]
        for slot, target in wanted.items():
            before = self._tasks.get(slot)
            if before is not None and before.target == target:
                continue
            if before is None or before.target.subject != target.subject:
                self._forget(slot)
            self._tasks[slot] = Task(target, self._tls)
            self._turns[slot] += 1
            self._plan(slot)
        # Nothing of it is ever let go of: the collector need not look at it.
        gc.collect()
        gc.freeze()

    def _forget(self, slot: int) -> None:
        self._turns[slot] += 1
        self._states[slot] = UNSEEN
        self._streaks[slot] = 0
        at = slot * ROW.size
        self._rows[at : at + ROW.size] = self._failed[at : at + ROW.size] = bytes(ROW.size)

    def _plan(self, slot: int) -> None:
        target = self._tasks[slot].target
        if self._has_time:
            now = self.now()
            since = min(now, max(self._set_at, now - target.interval))
            due = targets.due_after(since, target.interval, targets.phase(slot, self.region))
            heapq.heappush(self._due, (due, slot, self._turns[slot]))

    def _plan_all(self) -> None:
        self._due.clear()
        for slot in self._tasks:
            self._turns[slot] += 1
            self._plan(slot)

    # Probes

    def _start(self) -> None:
        now = self.now()
        for _ in range(_STARTS_MAX):
            if not self._due or self._due[0][0] > now or self._busy >= self._probes_max:
                return
            due, slot, turn = heapq.heappop(self._due)
            if turn == self._turns[slot] and slot in self._tasks:
                self._busy += 1
                Probe(self, self._tasks[slot], due, turn).begin()

    def _expire(self) -> None:
        now = time.monotonic()
        for waiting in self._late.values():
            while waiting and waiting[0][0] <= now:
                _, probe, stage = waiting.popleft()
                if probe.stages == stage:
                    probe.late()

    def open(self, address: str) -> socket.socket:
        """See `Ground.open`: the machine's own addresses are reached from itself, all others from the namespace."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        if address.startswith("127.") or address == "::1":
            return _stream(family)
        if self._namespace is None:
            raise OSError(errno.ENETUNREACH, "there is no network that leads there")
        if self._traveller is None:
            prefix, _, self._inside = self._namespace.name.partition("-")
            self._traveller = Traveller(prefix, self._namespace.parent)
        try:
            made = self._traveller.at(self._inside, lambda: _stream(family))
        except WorldError as error:
            raise Nowhere(str(error)) from None
        if self._source and family == socket.AF_INET:
            made.setsockopt(socket.IPPROTO_IP, _BIND_WITHOUT_PORT, 1)
            made.bind((self._source, 0))
        return made

    def watch(self, probe: Probe, seconds: float) -> None:
        """See `Ground.watch`. Timers of one length end in the order in which they were set."""
        waiting = self._late.get(seconds)
        if waiting is None:
            waiting = self._late[seconds] = deque()
        waiting.append((time.monotonic() + seconds, probe, probe.stages))

    def wait(self, probe: Probe, events: int) -> None:
        """See `Ground.wait`."""
        assert probe.sock is not None
        descriptor = probe.sock.fileno()
        known = self._ready.get(descriptor)
        if known is None:
            self._epoll.register(descriptor, events)
        else:
            self._epoll.modify(descriptor, events)
        self._ready[descriptor] = lambda _: probe.ready()

    def close(self, probe: Probe) -> None:
        """See `Ground.close`."""
        if probe.sock is not None:
            # Its number may soon be another's.
            self._ready.pop(probe.sock.fileno(), None)
            probe.sock.close()
            probe.sock = None

    def done(self, probe: Probe) -> None:
        """See `Ground.done`."""
        target, now = probe.task.target, self.now()
        slot, is_ok = target.slot, probe.code is Code.OK
        self._busy -= 1
        self.close(probe)
        if self._tasks.get(slot) is not probe.task:
            return
        state, streak = self._states[slot] or (HEALTHY if self._known[slot] else UNHEALTHY), self._streaks[slot]
        if probe.code is Code.NOWHERE:
            state, streak = UNSEEN, 0
        else:
            state, streak = targets.counted(state, streak, is_ok, target.threshold)
        self._states[slot], self._streaks[slot] = state, streak
        at, row = slot * ROW.size, targets.written(probe.seen(now))
        self._rows[at : at + ROW.size] = row
        if not is_ok:
            self._failed[at : at + ROW.size] = row
        if probe.turn == self._turns[slot]:
            missed = max(0.0, (now - probe.due) // target.interval - ROUNDS_MAX)
            heapq.heappush(self._due, (probe.due + target.interval * (1 + missed), slot, probe.turn))

    # Links

    def _accept(self, events: int) -> None:
        try:
            made, _ = self._server.accept()
        except OSError:
            return
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BACKLOG_BYTES)
        link = Link(made)
        descriptor = made.fileno()
        self._links[descriptor] = link
        self._add(descriptor, select.EPOLLIN, lambda events: self._heard(descriptor, link, events))

    def _heard(self, descriptor: int, link: Link, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                link.flush()
            if events & ~select.EPOLLOUT:
                for kind, body in link.read():
                    self._obey(link, kind, body)
        except (OSError, Broken) as error:
            self._drop(descriptor, link, error)
            return
        self._mind(descriptor, link)

    def _obey(self, link: Link, kind: int, body: bytes) -> None:
        if kind == frames.TIME:
            self._told_time(*frames.time_of(body))
        elif kind == frames.TABLE:
            self._told_table(frames.table_of(body))
        elif kind == frames.ASK:
            number, first, count = frames.asked(body)
            here = slice(first * ROW.size, (first + count) * ROW.size)
            link.say(frames.rows(number, bytes(self._rows[here]), bytes(self._failed[here])))

    def _tell(self) -> None:
        """Say all there is to know, to everybody who listens: the same bytes whatever there is."""
        said = frames.state(self._serial, self._states)
        for descriptor, link in list(self._links.items()):
            try:
                if not link.is_behind:
                    link.say(said)
            except OSError as error:
                self._drop(descriptor, link, error)
            else:
                self._mind(descriptor, link)

    def _mind(self, descriptor: int, link: Link) -> None:
        if descriptor in self._links and link.is_minded != link.is_behind:
            link.is_minded = link.is_behind
            self._epoll.modify(descriptor, select.EPOLLIN | (select.EPOLLOUT if link.is_behind else 0))

    def _drop(self, descriptor: int, link: Link, error: Exception) -> None:
        if self._links.pop(descriptor, None) is not None:
            _LOG.info("%s: %s", self.region, error or "nobody listens any longer")
            self._ready.pop(descriptor, None)
            link.close()


class Link:
    """A cloud that is told, and that tells."""

    def __init__(self, sock: socket.socket) -> None:
        self.is_minded = False
        """Whether room for more is waited for."""
        self._sock = sock
        self._reader = frames.Reader()
        self._left = bytearray()

    @property
    def is_behind(self) -> bool:
        """Whether it has not taken all that was said."""
        return bool(self._left)

    def read(self) -> list[tuple[int, bytes]]:
        """The frames that have come. Raises OSError at the end, Broken."""
        try:
            data = self._sock.recv(1 << 20)
        except BlockingIOError:
            return []
        if not data:
            raise OSError("nobody listens any longer")
        return list(self._reader.feed(data))

    def say(self, data: bytes) -> None:
        self._left += data
        self.flush()

    def flush(self) -> None:
        """Hand over what there is room for. Raises OSError."""
        try:
            # Written as to a file: the kernel counts that for each process (proc(5), io), and what probes send not.
            del self._left[: os.write(self._sock.fileno(), self._left)]
        except BlockingIOError:
            return

    def close(self) -> None:
        self._sock.close()


def _stream(family: int) -> socket.socket:
    return socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
