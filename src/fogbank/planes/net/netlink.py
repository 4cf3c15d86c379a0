"""A client of the kernel's netlink: messages out in batches, answers in, with the kernel's words where it refuses."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fogbank.aws.errors import WorldError

ROUTE, NETFILTER = 0, 12
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
REPLACE, EXCLUSIVE, CREATE = 0x100, 0x200, 0x400
_SELECT_MAX = 1024
"""FD_SETSIZE of select(2)."""
BATCH = 100
"""Messages in one send: their acknowledgements still fit a socket's default buffer (rmem_default, 208 KiB)."""
_ERROR, _DONE = 2, 3
_INTERRUPTED, _ACK_TLVS = 0x10, 0x200
_SOL_NETLINK, _CAP_ACK, _EXT_ACK, _STRICT = 270, 10, 11, 12
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_GET_INDEX, _ETHTOOL = 0x8933, 0x8946
_GET_LINK_STATE = 0xA
"""ETHTOOL_GLINK"""
_INTERFACE = struct.Struct("=16sQ16x")
"""struct ifreq with a pointer or a number in it."""
_BYTES_MAX = 1 << 20


class Message(NamedTuple):
    """A message without its header: its type, its flags beside REQUEST, and its payload."""

    kind: int
    flags: int
    payload: bytes


class Refusal(NamedTuple):
    """The kernel's no to a message."""

    number: int
    words: str

    def __str__(self) -> str:
        name = errno.errorcode.get(self.number, str(self.number))
        return f"{name}: {self.words or os.strerror(self.number)}"


class Attribute(NamedTuple):
    """One attribute of a message: its type, and what it holds."""

    kind: int
    value: bytes


def attribute(kind: int, value: bytes) -> bytes:
    """An attribute as the kernel reads it: length, type, value, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def text(kind: int, value: str) -> bytes:
    """An attribute that is a C string."""
    return attribute(kind, value.encode() + b"\0")


def number(kind: int, value: int) -> bytes:
    """An attribute that is an unsigned 32-bit number in the machine's order."""
    return attribute(kind, struct.pack("=I", value))


def attributes(payload: bytes, offset: int = 0) -> Iterator[Attribute]:
    """The attributes in a payload. The flags for nested and big-endian ones are taken off the type."""
    end = len(payload)
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(payload, offset)
        if length < 4:
            return
        yield Attribute(kind & 0x3FFF, payload[offset + 4 : offset + length])
        offset += (length + 3) & ~3


def by_kind(payload: bytes, offset: int = 0) -> Mapping[int, bytes]:
    """The attributes in a payload by their types."""
    return dict(attributes(payload, offset))


def high(low: socket.socket) -> socket.socket:
    """The socket under a number that select(2) cannot take: libnftables, which uses it, needs the lower ones."""
    try:
        descriptor = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _SELECT_MAX)
    except OSError:
        # This process may not open so many.
        return low
    with low:
        return socket.socket(fileno=descriptor)


class Channel:
    """A netlink socket, for life in the namespace of the thread that makes it. Not for two threads at once."""

    def __init__(self, family: int = ROUTE, given: socket.socket | None = None) -> None:
        """`given` is one that somebody else has made, elsewhere."""
        self._socket = given or high(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family))
        self._sequence = 0
        try:
            self._socket.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
            self._socket.setsockopt(_SOL_NETLINK, _EXT_ACK, 1)
            if family == ROUTE:
                # Dumps are filtered by the kernel, and by us again: before 4.20 it knows no such option.
                self._socket.setsockopt(_SOL_NETLINK, _STRICT, 1)
        except OSError:
            pass
        self._socket.bind((0, 0))

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()

    def index(self, name: str) -> int:
        """The number of a device, 0 if there is none: by ioctl, which any socket can, and which waits for no lock."""
        try:
            answer = fcntl.ioctl(self._socket, _GET_INDEX, _INTERFACE.pack(name.encode(), 0))
        except OSError:
            return 0
        return int.from_bytes(answer[16:20], sys.byteorder)

    def settle(self, name: str) -> None:
        """Wait until a device that has just got its carrier sends: the kernel sees to that later (linkwatch).

        Without it the first packets are lost that leave by the end of a pair that went up first.
        """
        question = array.array("I", [_GET_LINK_STATE, 0])
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._socket, _ETHTOOL, _INTERFACE.pack(name.encode(), question.buffer_info()[0]))

    def tell(self, messages: Sequence[Message]) -> list[Refusal | None]:
        """Send messages, and wait for what the kernel says of each; it goes on after one that it refuses."""
        answers: list[Refusal | None] = []
        for start in range(0, len(messages), BATCH):
            answers += self._told(messages[start : start + BATCH])
        return answers

    def ask(self, message: Message) -> list[tuple[int, bytes]]:
        """What the kernel answers to a message or a dump, (type, payload) each. Raises WorldError, FileNotFoundError.

        A dump that was disturbed by a change is asked for again (NLM_F_DUMP_INTR).
        """
        while True:
            answers, is_whole = self._asked(message)
            if is_whole:
                return answers

    def _told(self, messages: Sequence[Message]) -> list[Refusal | None]:
        first = self._sequence + 1
        out = bytearray()
        for message in messages:
            out += self._framed(message, ACK)
        self._socket.send(out)
        answers: dict[int, Refusal | None] = {}
        while len(answers) < len(messages):
            for kind, _, sequence, payload in self._received():
                if kind == _ERROR and first <= sequence <= self._sequence:
                    answers[sequence] = _refusal(payload)
        return [answers[first + position] for position in range(len(messages))]

    def _asked(self, message: Message) -> tuple[list[tuple[int, bytes]], bool]:
        self._socket.send(self._framed(message, 0))
        answers: list[tuple[int, bytes]] = []
        is_whole = True
        while True:
            for kind, flags, sequence, payload in self._received():
                if sequence != self._sequence:
                    continue
                is_whole &= not flags & _INTERRUPTED
                if kind == _DONE:
                    return answers, is_whole
                if kind == _ERROR:
                    _raise(_refusal(payload))
                    return answers, is_whole
                answers.append((kind, payload))
            if answers and not message.flags & DUMP:
                return answers, True

    def _framed(self, message: Message, flags: int) -> bytes:
        self._sequence += 1
        length = _HEADER.size + len(message.payload)
        head = _HEADER.pack(length, message.kind, REQUEST | flags | message.flags, self._sequence, 0)
        return head + message.payload + b"\0" * (-length % 4)

    def _received(self) -> Iterator[tuple[int, int, int, bytes]]:
        data = self._socket.recv(_BYTES_MAX)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
            yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
            offset += (length + 3) & ~3


def _refusal(payload: bytes) -> Refusal | None:
    """What an acknowledgement says: error, the head of our message, attributes with the kernel's words (EXT_ACK)."""
    (code,) = struct.unpack_from("=i", payload)
    if not code:
        return None
    words = by_kind(payload, 4 + _HEADER.size).get(1, b"")
    return Refusal(-code, words.rstrip(b"\0").decode(errors="replace"))


def _raise(refusal: Refusal | None) -> None:
    if refusal is not None and refusal.number == errno.ENOENT:
        raise FileNotFoundError(str(refusal))
    if refusal is not None:
        raise WorldError(str(refusal))
