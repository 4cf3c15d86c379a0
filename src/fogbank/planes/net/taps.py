"""Taps: each listens in a namespace to what rules log and to connections' ends, and reads the counters of the rest."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fogbank.aws.errors import WorldError
from fogbank.planes.net import flows
from fogbank.planes.net.flows import Book, Flows
from fogbank.planes.net.namespaces import inside
from fogbank.planes.net.netlink import ACK, DUMP, NETFILTER, REQUEST, Channel, Message, attribute, high

_CONNECTIONS, _LOG = 1 << 8, 4 << 8
"""NFNL_SUBSYS_CTNETLINK and NFNL_SUBSYS_ULOG, in the upper half of a message's type."""
_NEW_CONNECTION, _GET_CONNECTION, _END_CONNECTION = _CONNECTIONS, _CONNECTIONS | 1, _CONNECTIONS | 2
_PACKET, _CONFIG = _LOG, _LOG | 1
_ENDS = 3
"""NFNLGRP_CONNTRACK_DESTROY."""
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_WITH_SEQUENCE = 1
_BUFFER_BYTES = 4 << 20
_FLUSH = 1
"""Hundredths of a second that the kernel gathers packets before it tells of them."""
_FLUSHED_SECONDS = 0.03
"""Machine time after which it has told of them all."""
_PAUSE_SECONDS = 0.02
_LOOK_SECONDS = 1.0
"""Machine time after which a tap sees that its namespace has been removed, and lets go of it."""
_ERROR = 2
_HEADER = struct.Struct("=IHHII")
_FAMILY = struct.Struct(">BBH")


class Taps:
    """The taps of a worker, one for each namespace that somebody has asked about. For any thread."""

    def __init__(self, path: Callable[[str], Path]) -> None:
        """`path` gives the file that stands for a namespace."""
        self._path = path
        self._taps: dict[str, _Tap] = {}
        self._lock = threading.Lock()

    def flows(self, ns: str, *, ends: bool = False) -> Flows:
        """What is new in a namespace since the last time; the first time nothing is. `ends`: it was the last time.

        Raises WorldError.
        """
        with self._lock:
            tap = self._taps.pop(ns, None)
            if tap is not None and not tap.is_there:
                tap.close()
                tap = None
            if tap is None:
                if not ends:
                    self._taps[ns] = _Tap(self._path(ns))
                return Flows(has_begun=not ends)
            if not ends:
                self._taps[ns] = tap
        told = tap.taken()
        if ends:
            tap.close()
        return told

    def close(self) -> None:
        """Let go of all namespaces."""
        with self._lock:
            taps, self._taps = list(self._taps.values()), {}
        for tap in taps:
            tap.close()


class _Tap:
    """Listens in one namespace, with a thread of its own so that the kernel's buffers stay empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.stat().st_ino if path.exists() else 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._devices: dict[int, str] = {}
        self._book = Book(self._device)
        self._packets, self._ends, self._table = inside(path, _opened)
        for _, payload in self._table.ask(Message(_GET_CONNECTION, DUMP, _FAMILY.pack(0, 0, 0))):
            if (found := flows.connection(payload)) is not None:
                self._book.begun(found)
        threading.Thread(target=self._listen, name="flows", daemon=True).start()

    @property
    def is_closed(self) -> bool:
        return self._stop.is_set()

    @property
    def is_there(self) -> bool:
        """Whether this still listens in the namespace that its file stands for."""
        with contextlib.suppress(OSError):
            return not self.is_closed and self._path.stat().st_ino == self._file
        return False

    def taken(self) -> Flows:
        """What is new."""
        self._stop.wait(_FLUSHED_SECONDS)
        with self._lock:
            if not self.is_closed:
                self._drain()
                self._look()
                self._drain()
            return self._book.taken()

    def close(self) -> None:
        """Let go of the namespace."""
        with self._lock:
            if not self.is_closed:
                self._stop.set()
                self._packets.close()
                self._ends.close()
                self._table.close()

    def _listen(self) -> None:
        poll = select.poll()
        for one in (self._packets, self._ends):
            poll.register(one.fileno(), select.POLLIN)
        while not self.is_closed:
            ready = poll.poll(_LOOK_SECONDS * 1000)
            if not ready and not self.is_there:
                self.close()
            with self._lock:
                if not self.is_closed:
                    self._drain()
            # What comes in a crowd is read in a crowd: a thread that wakes for each packet takes the whole processor.
            self._stop.wait(_PAUSE_SECONDS)

    def _drain(self) -> None:
        for one in (self._packets, self._ends):
            for kind, payload in self._waiting(one):
                if kind == _PACKET and (packet := flows.logged(payload)) is not None:
                    self._book.packet(packet)
                elif kind == _END_CONNECTION and (ended := flows.connection(payload)) is not None:
                    self._book.ends(ended)

    def _look(self) -> None:
        for _, payload in self._table.ask(Message(_GET_CONNECTION, DUMP, _FAMILY.pack(0, 0, 0))):
            if (found := flows.connection(payload)) is not None:
                self._book.goes_on(found)
        self._book.looked()

    def _waiting(self, one: socket.socket) -> Iterator[tuple[int, bytes]]:
        while True:
            try:
                yield from _messages(one.recv(_BUFFER_BYTES, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                if one is self._ends:
                    # Of packets their numbers tell how many are missing.
                    self._book.lose()

    def _device(self, index: int) -> str:
        if index not in self._devices:
            request = struct.pack("16si20x", b"", index)
            try:
                # SIOCGIFNAME, in the namespace of the socket.
                name = fcntl.ioctl(self._packets.fileno(), 0x8910, request)[:16].rstrip(b"\0").decode()
            except OSError:
                return ""
            self._devices[index] = name
        return self._devices[index]


def _opened() -> tuple[socket.socket, socket.socket, Channel]:
    """Sockets in this thread's namespace: of logged packets, of connections' ends, and for questions."""
    packets, ends = _socket(), _socket()
    copied = struct.pack(">IBx", flows.TOLD_BYTES, 2)
    _told(
        packets,
        (
            attribute(1, b"\1"),
            attribute(2, copied)
            + attribute(4, _FLUSH.to_bytes(4, "big"))
            + attribute(6, _WITH_SEQUENCE.to_bytes(2, "big")),
        ),
    )
    ends.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _ENDS)
    return packets, ends, Channel(NETFILTER)


def _socket() -> socket.socket:
    made = high(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER))
    try:
        # SO_RCVBUFFORCE: beyond the machine's limit, for those who may.
        made.setsockopt(socket.SOL_SOCKET, 33, _BUFFER_BYTES)
    except OSError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    made.bind((0, 0))
    return made


def _told(log: socket.socket, settings: Sequence[bytes]) -> None:
    """Configure the group of a socket of logged packets. Raises WorldError."""
    for sequence, setting in enumerate(settings, 1):
        payload = _FAMILY.pack(0, 0, flows.GROUP) + setting
        length = _HEADER.size + len(payload)
        log.send(_HEADER.pack(length, _CONFIG, REQUEST | ACK, sequence, 0) + payload)
        while (code := _acknowledged(log.recv(_BUFFER_BYTES))) is None:
            continue
        if code:
            raise WorldError(f"listening to what rules log: {os.strerror(-code)}")


def _acknowledged(data: bytes) -> int | None:
    for kind, payload in _messages(data):
        if kind == _ERROR:
            return int(struct.unpack_from("=i", payload)[0])
    return None


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3
