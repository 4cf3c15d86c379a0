"""The process behind which packets wait within a namespace: it takes frames from a device, and sends them on later.

It knows no namespaces: for each it is given a device to read from, a socket to send by, one to ask about devices, and a
file that says how long. It outlives who gave them, and ends when the last of those devices has gone.
"""

from __future__ import annotations

import contextlib
import heapq
import mmap
import os
import select
import socket
import struct
import sys
import time

from fogbank.aws.errors import WorldError
from fogbank.planes.net import rtnetlink
from fogbank.planes.net.facts import DELAYS_MAX
from fogbank.planes.net.netlink import Channel
from fogbank.planes.net.nft import DELAY_TYPE

SECONDS = struct.Struct("=d")
"""One time in the file. Writing there changes it at once."""
FILE_BYTES = SECONDS.size * DELAYS_MAX
GIVEN = 4
"""Descriptors that come with a namespace: device, packet socket, netlink socket, file."""
_AT_ONCE = 64
"""Frames that are taken from one device before the others have their turn."""
_SLACK_SECONDS = 0.0002
"""A frame that is due so soon goes now: waking up again costs more."""
_FRAME_BYTES_MAX = 65536
_WAITING_BYTES_MAX = 64 << 20
"""What may wait in one namespace."""
_MAC, _TYPE, _HEAD = slice(6, 12), slice(12, 14), 14
_TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
"""EtherTypes, by the version that an IP packet begins with."""
_LOOK_SECONDS = 0.05
"""How often at most it is asked which devices there are, for frames of a device that is not known."""


class Place:
    """A namespace in which frames wait."""

    def __init__(self, device: int, out: socket.socket, channel: Channel, file: int) -> None:
        self.device = device
        self.bytes = 0
        self._out = out
        self._channel = channel
        self._seconds = mmap.mmap(file, FILE_BYTES, prot=mmap.PROT_READ)
        self._names: dict[bytes, str] = {}
        self._looked_at = 0.0
        os.close(file)

    def taken(self) -> tuple[float, str, bytes] | None:
        """The next frame: how long it is to wait, which device it leaves by, and what it was; None if it is nobody's.

        Raises BlockingIOError where there is none, and OSError when the device has gone.
        """
        frame = os.read(self.device, _FRAME_BYTES_MAX)
        number = int.from_bytes(frame[_TYPE]) - DELAY_TYPE
        if len(frame) <= _HEAD or not 0 <= number < DELAYS_MAX or self.bytes > _WAITING_BYTES_MAX:
            return None
        name, ether_type = self._name(frame[_MAC]), _TYPES.get(frame[_HEAD] >> 4)
        if not name or ether_type is None:
            return None
        (seconds,) = SECONDS.unpack_from(self._seconds, number * SECONDS.size)
        self.bytes += len(frame)
        return seconds, name, frame[: _TYPE.start] + ether_type + frame[_HEAD:]

    def _name(self, mac: bytes) -> str:
        """The device with an address: the router's end of a link."""
        now = time.monotonic()
        if mac not in self._names and now > self._looked_at + _LOOK_SECONDS:
            self._looked_at = now
            with contextlib.suppress(OSError, WorldError):
                links = [rtnetlink.link_of(payload) for _, payload in self._channel.ask(rtnetlink.LINKS)]
                self._names = {bytes.fromhex(link.mac.replace(":", "")): link.name for link in links if link.mac}
        return self._names.get(mac, "")

    def give(self, name: str, frame: bytes) -> None:
        """Send a frame on. Where a device has gone, is down or full, it is lost."""
        self.bytes -= len(frame)
        with contextlib.suppress(OSError):
            self._out.sendto(frame, (name, 0))

    def close(self) -> None:
        """Let go of the namespace."""
        os.close(self.device)
        self._out.close()
        self._channel.close()
        self._seconds.close()


class Delays:
    """All that waits, in the order in which it is due."""

    def __init__(self, control: socket.socket) -> None:
        self._control: socket.socket | None = control
        self._poll = select.epoll()
        self._poll.register(control, select.EPOLLIN)
        self._places: dict[int, Place] = {}
        self._waiting: list[tuple[float, int, Place, str, bytes]] = []
        self._count = 0

    def run(self) -> None:
        """Until there is nobody who could give more, and nothing left to wait for."""
        while self._control is not None or self._places:
            wait = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            # The poll by itself waits for whole milliseconds.
            select.select([self._poll.fileno()], [], [], wait)
            for descriptor, _ in self._poll.poll(0):
                if descriptor in self._places:
                    self._take(self._places[descriptor])
                else:
                    self._given()
            self._give(time.monotonic() + _SLACK_SECONDS)

    def _given(self) -> None:
        control = self._control
        assert control is not None
        data, descriptors, _, _ = socket.recv_fds(control, 1, GIVEN)
        if not data:
            control.close()
            self._control = None
            return
        device, out, asking, file = descriptors
        place = Place(device, socket.socket(fileno=out), Channel(given=socket.socket(fileno=asking)), file)
        self._places[device] = place
        self._poll.register(device, select.EPOLLIN)

    def _take(self, place: Place) -> None:
        for _ in range(_AT_ONCE):
            try:
                taken = place.taken()
            except BlockingIOError:
                return
            except OSError:
                self._end(place)
                return
            if taken is not None:
                seconds, name, frame = taken
                self._count += 1
                heapq.heappush(self._waiting, (time.monotonic() + seconds, self._count, place, name, frame))

    def _give(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, _, place, name, frame = heapq.heappop(self._waiting)
            place.give(name, frame)

    def _end(self, place: Place) -> None:
        """A device has gone: nothing is to wait there any more."""
        self._poll.unregister(place.device)
        del self._places[place.device]
        for _, _, _, name, frame in sorted(one for one in self._waiting if one[2] is place):
            place.give(name, frame)
        self._waiting = [one for one in self._waiting if one[2] is not place]
        heapq.heapify(self._waiting)
        place.close()


def main(argv: list[str]) -> None:
    """`delay PREFIX FD`: the instance whose it is, and the socket over which namespaces come."""
    Delays(socket.socket(fileno=int(argv[2]))).run()


if __name__ == "__main__":
    main(sys.argv)
