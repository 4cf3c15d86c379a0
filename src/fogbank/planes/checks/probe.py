"""One probe: connects, asks, reads as much as it must, and is never tried again.

Times are those of Route 53's Developer Guide, "How Amazon Route 53 determines whether a health check is healthy".
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import time
from typing import Protocol

from fogbank.planes.checks import reading
from fogbank.planes.checks.targets import Code, Seen, Target
from fogbank.planes.dns import message, rdata, read

TCP_SECONDS, CONNECT_SECONDS, ANSWER_SECONDS, BODY_SECONDS, NAME_SECONDS = 10.0, 4.0, 2.0, 2.0, 2.0
_READ_BYTES = 16_384
_READS_MAX, _HEARD_MAX = 64, 65_536
"""Of one probe: an answer that dribbles, or never ends, is not heard to its end."""
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL, errno.EINVAL)
_NAMING, _CONNECTING, _SHAKING, _ANSWERING, _READING = range(5)
_LATE = (Code.NO_NAME, Code.CONNECT_LATE, Code.CONNECT_LATE, Code.ANSWER_LATE, Code.BODY_LATE)
"""By stage: what it means that nothing has come of it in time."""


class Nowhere(Exception):
    """There is no network from which an address could be reached."""


class Task:
    """A target, with all that its probes need and that can be made before."""

    __slots__ = ("question", "request", "target", "tls")

    def __init__(self, target: Target, tls: ssl.SSLContext | None) -> None:
        self.target = target
        self.tls = tls if target.kind == "https" else None
        self.request = b"" if target.kind == "tcp" else _request(target)
        self.question = b"" if target.address else _question(target.name)


class Ground(Protocol):
    """What a probe stands on."""

    dns: tuple[str, int] | None

    def open(self, address: str) -> socket.socket:
        """A socket that does not block, in the network that an address is reached from. Raises OSError, Nowhere."""

    def watch(self, probe: Probe, seconds: float) -> None:
        """A stage begins that must end within seconds."""

    def wait(self, probe: Probe, events: int) -> None:
        """Call the probe's `ready` once its socket is."""

    def close(self, probe: Probe) -> None:
        """Close the probe's socket, if it has one."""

    def done(self, probe: Probe) -> None:
        """It has ended: its code says how."""


class Probe:
    """A probe on its way."""

    __slots__ = (
        "_address",
        "_begun",
        "_connect_ms",
        "_first_byte_ms",
        "_ground",
        "_heard",
        "_reads",
        "_stage",
        "_status",
        "_tls_ms",
        "code",
        "due",
        "sock",
        "stages",
        "task",
        "turn",
    )

    def __init__(self, ground: Ground, task: Task, due: float, turn: int = 0) -> None:
        self.task = task
        self.due = due
        """When it was due, in cloud time."""
        self.turn = turn
        """Of the plan that it is part of."""
        self.sock: socket.socket | None = None
        self.code = Code.NONE
        self._status = 0
        self._address = ""
        self._connect_ms = self._tls_ms = self._first_byte_ms = 0.0
        self.stages = 0
        """How many stages have begun; a timer is of one of them."""
        self._ground = ground
        self._stage = _NAMING
        self._begun = 0.0
        self._heard = bytearray()
        self._reads = 0

    def seen(self, checked_at: float) -> Seen:
        """What it saw, by the time at which it ended."""
        times = (self._connect_ms, self._tls_ms, self._first_byte_ms)
        return Seen(self.code, self._status, self._address, checked_at, *times)

    def begin(self) -> None:
        """Start; what can be done at once is."""
        target = self.task.target
        self._step(self._connect, target.address) if target.address else self._step(self._name)

    def ready(self) -> None:
        """The socket is ready for what was waited for."""
        self._step((self._named, self._connected, self._shake, self._answered, self._more)[self._stage])

    def late(self) -> None:
        """The stage's time is over."""
        self._end(_LATE[self._stage])

    def _step(self, step: object, *about: str) -> None:
        try:
            step(*about)  # type: ignore[operator]
        except (BlockingIOError, ssl.SSLWantReadError):
            self._ground.wait(self, select.EPOLLIN)
        except ssl.SSLWantWriteError:
            self._ground.wait(self, select.EPOLLOUT)
        except ssl.SSLError:
            self._end(Code.TLS)
        except Nowhere:
            self._end(Code.NOWHERE)
        except ValueError:
            # What is no answer of HTTP, and names that cannot be told.
            self._end(self._failed(OSError()))
        except OSError as error:
            self._end(self._failed(error))

    def _failed(self, error: OSError) -> Code:
        if self._stage == _NAMING:
            return Code.NO_NAME
        if self._stage == _SHAKING:
            return Code.TLS
        if self._stage > _SHAKING:
            return Code.NO_HTTP
        if error.errno == errno.ETIMEDOUT:
            return Code.CONNECT_LATE
        return Code.UNREACHABLE if error.errno in _UNREACHABLE else Code.REFUSED

    # Names

    def _name(self) -> None:
        if self._ground.dns is None or not self.task.question:
            self._end(Code.NO_NAME)
            return
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self.sock.connect(self._ground.dns)
        self.sock.send(self.task.question)
        self._enter(_NAMING, NAME_SECONDS)
        self._ground.wait(self, select.EPOLLIN)

    def _named(self) -> None:
        assert self.sock is not None
        data = self.sock.recv(4096)
        try:
            found = [one.data for one in read.reading(data).answer if one.type == "A"]
        except message.Malformed:
            found = []
        self._ground.close(self)
        if not found:
            self._end(Code.NO_NAME)
            return
        self._address = found[0]
        self._connect(found[0])

    # Connections

    def _connect(self, address: str) -> None:
        target = self.task.target
        self._stage = _CONNECTING
        self.sock = self._ground.open(address)
        self._begun = time.monotonic()
        failed = self.sock.connect_ex((address, target.port))
        if failed and failed != errno.EINPROGRESS:
            raise OSError(failed, os.strerror(failed))
        self._enter(_CONNECTING, TCP_SECONDS if target.kind == "tcp" else CONNECT_SECONDS)
        self._ground.wait(self, select.EPOLLOUT)

    def _connected(self) -> None:
        assert self.sock is not None
        failed = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise OSError(failed, os.strerror(failed))
        self._connect_ms = self._milliseconds()
        if self.task.target.kind == "tcp":
            self._end(Code.OK)
        elif self.task.tls is not None:
            self._stage = _SHAKING
            name = self.task.target.sni or None
            # The same descriptor in another object.
            self.sock = self.task.tls.wrap_socket(self.sock, server_hostname=name, do_handshake_on_connect=False)
            self._enter(_SHAKING, CONNECT_SECONDS)
            self._shake()
        else:
            self._ask()

    def _shake(self) -> None:
        assert isinstance(self.sock, ssl.SSLSocket)
        self.sock.do_handshake()
        self._tls_ms = self._milliseconds() - self._connect_ms
        self._ask()

    # HTTP

    def _ask(self) -> None:
        assert self.sock is not None
        self._enter(_ANSWERING, ANSWER_SECONDS)
        # A new connection has room for far more than a request of some hundred bytes.
        self.sock.send(self.task.request)
        self._ground.wait(self, select.EPOLLIN)

    def _answered(self) -> None:
        is_end = self._hear()
        status = reading.status(self._heard)
        if not status:
            self._again(is_end, Code.NO_HTTP)
            return
        self._status = status
        if not 200 <= status < 400:
            self._end(Code.STATUS)
        elif not self.task.target.search:
            self._end(Code.OK)
        else:
            self._enter(_READING, BODY_SECONDS)
            self._look(is_end)

    def _more(self) -> None:
        self._look(self._hear())

    def _look(self, is_end: bool) -> None:
        found = reading.body(self._heard)
        if found is not None and self.task.target.search.encode() in found.data:
            self._end(Code.OK)
        elif found is not None and found.is_whole:
            self._end(Code.NOT_FOUND)
        else:
            self._again(is_end, Code.NOT_FOUND)

    def _hear(self) -> bool:
        """Take what has come; True if nothing more will, or may."""
        assert self.sock is not None
        data = self.sock.recv(_READ_BYTES)
        if not self._reads:
            self._first_byte_ms = self._milliseconds()
        self._reads += 1
        self._heard += data
        return not data or self._reads >= _READS_MAX or len(self._heard) > _HEARD_MAX

    def _again(self, is_end: bool, code: Code) -> None:
        if is_end:
            self._end(code)
        elif isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            self.ready()
        else:
            self._ground.wait(self, select.EPOLLIN)

    def _milliseconds(self) -> float:
        return (time.monotonic() - self._begun) * 1000

    def _enter(self, stage: int, seconds: float) -> None:
        self._stage = stage
        self.stages += 1
        self._ground.watch(self, seconds)

    def _end(self, code: Code) -> None:
        self.stages += 1
        self.code = code
        self._ground.done(self)


def _request(target: Target) -> bytes:
    """Route 53's own request: it says who asks, and for which health check."""
    path = target.path if target.path.startswith("/") else f"/{target.path}"
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {target.host}",
        "Connection: close",
        f"User-Agent: {target.agent}",
        "Accept: */*",
        "Accept-Encoding: identity",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8") + b"\r\n"


def _question(name: str) -> bytes:
    """A query for IPv4 addresses; empty for what is no name."""
    try:
        return read.question(1, name, message.A)
    except rdata.Illegal:
        return b""


def tls() -> ssl.SSLContext:
    """TLS that believes every certificate: a health check does not verify any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
