"""Asks a name server, and waits for what it says: for the command line."""

from __future__ import annotations

import socket
import struct

from fogbank.planes.dns.read import Reading, reading

_TIMEOUT_SECONDS = 5.0


def asked(where: tuple[str, int], query: bytes) -> Reading:
    """The answer to a query: by UDP, or by TCP where it is too long for that. Raises OSError and Malformed."""
    found = reading(_datagram(where, query))
    return reading(_stream(where, query)) if found.is_truncated else found


def _datagram(where: tuple[str, int], query: bytes) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(_TIMEOUT_SECONDS)
        sock.connect(where)
        sock.send(query)
        return sock.recv(65535)


def _stream(where: tuple[str, int], query: bytes) -> bytes:
    with socket.create_connection(where, _TIMEOUT_SECONDS) as sock, sock.makefile("rb") as lines:
        sock.sendall(struct.pack("!H", len(query)) + query)
        head = lines.read(2)
        return lines.read(struct.unpack("!H", head)[0]) if len(head) == 2 else b""
