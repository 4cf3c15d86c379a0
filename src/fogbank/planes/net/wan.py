"""A line with delay, where the kernel has none: a process that carries packets between devices in two namespaces."""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import select
import struct
import sys
import time
from collections import deque
from pathlib import Path

from fogbank.aws.errors import WorldError
from fogbank.planes.net.namespaces import enter, tun

SETTINGS = struct.Struct("=dd")
"""How a line's file begins: delay in seconds one way, and loss as a probability. Writing there changes it at once."""
READY = b"ready"
_AT_ONCE = 64
"""Packets that are taken from one device before the other has its turn."""
_SLACK_SECONDS = 0.0002
"""A packet that is due so soon goes now: waking up again costs more."""
_PACKET_BYTES_MAX = 65536
_WAITING_BYTES_MAX = 64 << 20
"""What may wait in one direction: 200 ms of 2.5 Gbit/s."""


class Direction:
    """Packets on their way from one device to the other."""

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self._sink = sink
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._bytes = 0

    def take(self, delay: float, loss: float) -> None:
        """Take what has arrived; some of it is lost."""
        for _ in range(_AT_ONCE):
            try:
                packet = os.read(self.source, _PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            if (loss and random.random() < loss) or self._bytes > _WAITING_BYTES_MAX:
                continue
            self._bytes += len(packet)
            self._waiting.append((time.monotonic() + delay, packet))

    def give(self, now: float) -> float:
        """Send on what is due; the seconds until more is, infinite if nothing waits."""
        while self._waiting and self._waiting[0][0] <= now + _SLACK_SECONDS:
            _, packet = self._waiting.popleft()
            self._bytes -= len(packet)
            # A device that is down, or full, loses it.
            with contextlib.suppress(OSError):
                os.write(self._sink, packet)
        return self._waiting[0][0] - now if self._waiting else float("inf")


def carry(settings: mmap.mmap, one: int, other: int) -> None:
    """Carry packets between two devices, both ways, until a device is gone."""
    there, back = Direction(one, other), Direction(other, one)
    while True:
        wait = min(direction.give(time.monotonic()) for direction in (there, back))
        ready, _, _ = select.select([one, other], [], [], None if wait == float("inf") else max(wait, 0.0))
        delay, loss = SETTINGS.unpack_from(settings)
        for direction in (there, back):
            if direction.source in ready:
                direction.take(delay, loss)


def main(argv: list[str]) -> None:
    """`wan PREFIX FILE NAMESPACE DEVICE NAMESPACE DEVICE FD`; says over the pipe FD when the devices are there."""
    _, file, ns, device, other_ns, other_device, pipe = argv
    ready = int(pipe)
    try:
        with Path(file).open("r+b") as opened:
            settings = mmap.mmap(opened.fileno(), SETTINGS.size, prot=mmap.PROT_READ)
        devices: list[int] = []
        for path, name in ((ns, device), (other_ns, other_device)):
            enter(Path(path))
            devices.append(tun(name))
    except (OSError, WorldError) as error:
        os.write(ready, str(error).encode())
        sys.exit(1)
    os.write(ready, READY)
    os.close(ready)
    try:
        carry(settings, *devices)
    except OSError as error:
        sys.exit(f"{device}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
