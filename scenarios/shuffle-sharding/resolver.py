"""A small resolver that learns how quick each name server is, asks the quickest, and falls back when it is silent.

Run inside a host: `resolver.py '{"servers": […], "names": […], "rounds": 3}'`; prints what it learned, as JSON.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
import time
from typing import Any

from fogbank.planes.dns.message import A
from fogbank.planes.dns.read import question, reading

_UNKNOWN_SECONDS = 0.0
"""A server that was never asked is worth a try before all others."""
_FIRST_TIMEOUT = 0.2
_TIMEOUT_MAX = 2.0
_SMOOTHED = 0.3
_DECAY = 0.98
"""What a server that is not asked is taken to have become: it is tried again some time (as unbound and BIND do)."""
_TRIES = 8


class Resolver:
    """Smoothed round trips of some name servers; a timeout doubles a server's."""

    def __init__(self, servers: list[str]) -> None:
        self.seconds = dict.fromkeys(servers, _UNKNOWN_SECONDS)
        self.asked = dict.fromkeys(servers, 0)

    def resolve(self, name: str) -> tuple[str, float]:
        """The first address of a name, empty where none of them tells it; and how long that took in seconds."""
        began = time.perf_counter()
        for _ in range(_TRIES):
            server = min(self.seconds, key=lambda one: self.seconds[one])
            said = self._ask(server, name)
            for other in self.seconds:
                self.seconds[other] *= 1.0 if other == server else _DECAY
            if said is not None:
                return said, time.perf_counter() - began
        return "", time.perf_counter() - began

    def _ask(self, server: str, name: str) -> str | None:
        self.asked[server] += 1
        known = self.seconds[server]
        patience = min(_TIMEOUT_MAX, max(_FIRST_TIMEOUT, 3 * known))
        sent_at = time.perf_counter()
        number = secrets.randbits(16)
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.settimeout(patience)
            try:
                sock.connect((server, 53))
                sock.send(question(number, name, A))
                found = reading(sock.recv(4096))
            except OSError:
                self.seconds[server] = max(patience, 2 * known)
                return None
        took = time.perf_counter() - sent_at
        self.seconds[server] = took if not known else known + _SMOOTHED * (took - known)
        return found.answer[0].data if found.answer else None


def main(words: dict[str, Any]) -> dict[str, Any]:
    resolver, slowest, failed = Resolver(words["servers"]), 0.0, 0
    for _ in range(words["rounds"]):
        for name in words["names"]:
            said, took = resolver.resolve(name)
            slowest = max(slowest, took)
            failed += not said
    return {"slowest": slowest, "failed": failed, "asked": resolver.asked, "seconds": resolver.seconds}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
