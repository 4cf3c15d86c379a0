"""For root of a user namespace: run a program as the user that one is outside, in a user namespace within.

Programs that refuse to be run by root (PostgreSQL) are content, and have what that user has.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_NEW_USER = 0x10000000


def main(argv: list[str]) -> None:
    """`unprivileged COMMAND…`: becomes the command. Raises OSError where the kernel or the file refuses."""
    user, group = (int(Path(f"/proc/self/{kind}_map").read_text().split()[1]) for kind in ("uid", "gid"))
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER):
        number = ctypes.get_errno()
        raise OSError(number, f"a user namespace: {os.strerror(number)}")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} 0 1")
    Path("/proc/self/gid_map").write_text(f"{group} 0 1")
    os.execvp(argv[0], argv)  # noqa: S606 - the command is ours


if __name__ == "__main__":
    main(sys.argv[1:])
