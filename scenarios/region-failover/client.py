"""A client that polls a name once a second, and resolves it anew when its answer is too old: run inside a host.

`client.py RESOLVER NAME SECONDS` prints a line of JSON for each poll: when, who answered, and whether it was well.
"""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import sys
import time

from fogbank.planes.dns.message import A
from fogbank.planes.dns.read import question, reading

_EVERY_SECONDS = 1.0
_PATIENCE_SECONDS = 0.9


class Client:
    """Keeps to the time to live of what it was told, as a well-behaved one does."""

    def __init__(self, resolver: str, name: str) -> None:
        self._resolver = resolver
        self._name = name
        self._address = ""
        self._until = 0.0
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    def poll(self) -> dict[str, object]:
        at = time.time()
        try:
            address = self._resolved()
            plain = socket.create_connection((address, 443), _PATIENCE_SECONDS)
            with plain, self._tls.wrap_socket(plain, server_hostname=self._name) as sock:
                sock.sendall(f"GET / HTTP/1.0\r\nHost: {self._name}\r\n\r\n".encode())
                head, _, body = _all(sock).partition(b"\r\n\r\n")
        except OSError as error:
            return {"at": at, "address": self._address, "well": False, "who": str(error)}
        return {"at": at, "address": address, "well": b" 200 " in head.splitlines()[0], "who": body.decode()}

    def _resolved(self) -> str:
        """The name's address. Raises OSError."""
        if time.monotonic() >= self._until:
            number = secrets.randbits(16)
            with socket.socket(type=socket.SOCK_DGRAM) as sock:
                sock.settimeout(_PATIENCE_SECONDS)
                sock.connect((self._resolver, 53))
                sock.send(question(number, self._name, A))
                answers = reading(sock.recv(4096)).answer
            if not answers:
                raise OSError(f"nobody knows {self._name}")
            self._address, self._until = answers[-1].data, time.monotonic() + answers[-1].ttl
        return self._address


def _all(sock: socket.socket) -> bytes:
    found = b""
    while more := sock.recv(4096):
        found += more
    return found


def main(resolver: str, name: str, seconds: float) -> None:
    client, begins_at = Client(resolver, name), time.monotonic()
    turn = 0
    while (now := time.monotonic()) < begins_at + seconds:
        print(json.dumps(client.poll()), flush=True)
        turn += 1
        time.sleep(max(0.0, begins_at + turn * _EVERY_SECONDS - time.monotonic()) if now else 0.0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
