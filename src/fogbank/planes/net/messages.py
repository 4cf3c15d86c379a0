"""What the cloud and the worker that has the hands on the kernel say to each other over a socket."""

from __future__ import annotations

import socket
import struct

import msgspec

from fogbank.planes.net.facts import AnyFact
from fogbank.planes.net.flows import Flows

_LENGTH = struct.Struct("<I")
_BYTES_MAX = 1 << 20
_DESCRIPTORS_MAX = 16


class Request(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call of `set` or `whole`."""

    parts: dict[str, frozenset[AnyFact]]
    within: tuple[str, ...] = ()
    is_whole: bool = False


class Apply(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Calls that may be made true together; each has a verdict of its own."""

    id: int
    requests: tuple[Request, ...]


class Open(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A socket, bound inside a namespace; it comes back beside the answer."""

    id: int
    ns: str
    address: str
    port: int
    is_stream: bool


class Run(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A command inside a namespace."""

    id: int
    ns: str
    argv: tuple[str, ...]
    seconds: float


class Counters(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What a namespace's rules have counted."""

    id: int
    ns: str


class Gather(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What has gone through a namespace since the last time; `ends` if nobody will ask again."""

    id: int
    ns: str
    ends: bool = False


class Try(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Can packets be made to wait? The verdict says why not."""

    id: int


class Clear(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Unmake everything of the instance."""

    id: int


Call = Apply | Open | Run | Counters | Gather | Try | Clear


class Verdict(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a request ended: well if it has no error."""

    error: str = ""
    is_contradiction: bool = False


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """The answer to a call: verdicts for Apply, else one verdict and what the call gives."""

    id: int
    verdicts: tuple[Verdict, ...]
    counters: dict[str, tuple[int, int]] = {}
    code: int = 0
    output: bytes = b""
    errors: bytes = b""
    has_socket: bool = False
    flows: Flows = Flows()


class Wire:
    """One end of the socket between the two: takes bytes in, gives messages out. It never waits by itself."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.descriptors: list[int] = []
        """File descriptors that have come, oldest first."""
        self._in = bytearray()

    def receive(self) -> list[bytes]:
        """The messages that are complete after one more read. Raises EOFError at the end, BlockingIOError."""
        data, descriptors, _, _ = socket.recv_fds(self.end, _BYTES_MAX, _DESCRIPTORS_MAX)
        self.descriptors += descriptors
        if not data:
            raise EOFError
        self._in += data
        return self._complete()

    def _complete(self) -> list[bytes]:
        messages: list[bytes] = []
        start = 0
        while len(self._in) >= start + _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._in, start)
            end = start + _LENGTH.size + length
            if len(self._in) < end:
                break
            messages.append(bytes(self._in[start + _LENGTH.size : end]))
            start = end
        del self._in[:start]
        return messages


def framed(message: msgspec.Struct) -> bytes:
    """A message as it goes over the socket."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body
