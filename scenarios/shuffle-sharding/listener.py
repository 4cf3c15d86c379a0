"""Asks one name server every few milliseconds, and tells how long it was silent: run inside a host.

`listener.py ADDRESS NAME SECONDS` prints `ready`, and in the end the longest silence in seconds.
"""

from __future__ import annotations

import select
import socket
import sys
import time

from fogbank.planes.dns.message import A
from fogbank.planes.dns.read import question

_EVERY_SECONDS = 0.01
"""Slow enough for no name server to take it for an attack (response-rate limiting)."""


def main(address: str, name: str, seconds: float) -> float:
    """The longest time between two answers."""
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.connect((address, 53))
    ask = question(1, name, A)
    longest = 0.0
    last = None
    ends_at = time.perf_counter() + seconds
    while (now := time.perf_counter()) < ends_at:
        sock.send(ask)
        if select.select([sock], [], [], _EVERY_SECONDS)[0]:
            sock.recv(4096)
            heard_at = time.perf_counter()
            if last is None:
                print("ready", flush=True)
            else:
                longest = max(longest, heard_at - last)
            last = heard_at
            time.sleep(max(0.0, _EVERY_SECONDS - (heard_at - now)))
    return max(longest, time.perf_counter() - last) if last is not None else seconds


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
