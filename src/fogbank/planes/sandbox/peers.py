"""Who is at the other end of a connection on this machine: the kernel knows the user of each socket (sock_diag(7))."""

from __future__ import annotations

import os
import socket
import struct

_FAMILY, _BY_FAMILY, _REQUEST = 4, 20, 1
"""NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST."""
_HEADER = struct.Struct("=IHHII")
_ASKED = struct.Struct("=BBBBI")
_ENDS = struct.Struct("!HH16s16s")
_ANYWHERE = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
"""Any interface, INET_DIAG_NOCOOKIE."""
_USER_AT = _HEADER.size + 4 + 48 + 12
"""idiag_uid in struct inet_diag_msg."""
_ANSWER_SECONDS = 2.0


class Peers:
    """Tells the connections of one user. It asks in the network namespace that it was made in."""

    def __init__(self, uid: int) -> None:
        self._uid = uid
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _FAMILY)
        self._socket.settimeout(_ANSWER_SECONDS)

    def is_ours(self, theirs: tuple[str, int], ours: tuple[str, int]) -> bool:
        """Whether the socket at the other end of a TCP connection belongs to the user."""
        return user_of(self._socket, theirs, ours) == self._uid

    def close(self) -> None:
        self._socket.close()


def anyone(theirs: tuple[str, int], ours: tuple[str, int]) -> bool:
    """Where all have one user nobody can be told from another."""
    return True


def user_of(netlink: socket.socket, theirs: tuple[str, int], ours: tuple[str, int]) -> int:
    """The user of the socket that is connected from `theirs` to `ours`; -1 where there is none."""
    source, target = (socket.inet_aton(address).ljust(16, b"\0") for address, _ in (theirs, ours))
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
    asked += _ENDS.pack(theirs[1], ours[1], source, target) + _ANYWHERE
    try:
        netlink.send(_HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _REQUEST, 1, os.getpid()) + asked)
        answer = netlink.recv(1024)
    except OSError:
        return -1
    if len(answer) < _USER_AT + 4 or _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
        return -1
    found: int = struct.unpack_from("=I", answer, _USER_AT)[0]
    return found
