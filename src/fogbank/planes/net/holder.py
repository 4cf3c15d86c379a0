"""The process that keeps an unprivileged user's namespaces: it owns a user and a mount namespace, and outlives us."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from fogbank.aws.errors import WorldError
from fogbank.planes.net.namespaces import checked, leave, libc

_NEW_USER, _NEW_MOUNT = 0x10000000, 0x00020000
_PRIVATE, _RECURSIVE = 1 << 18, 1 << 14
_NO_SUID, _NO_DEVICES, _NO_EXEC = 2, 4, 8
READY, KEPT = b"ready", b"kept"


def own(folder: Path) -> None:
    """Take this process, which must have one thread, into a user namespace in which it is root, and into a mount
    namespace in which an empty file system lies over `folder`. Raises WorldError with what to do about it.
    """
    user, group = os.getuid(), os.getgid()
    try:
        checked(libc().unshare(_NEW_USER | _NEW_MOUNT), "a user namespace")
    except WorldError as error:
        raise WorldError(f"{error}: {remedy()}") from None
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        checked(libc().mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None), "mounts of one's own")
        flags = _NO_SUID | _NO_DEVICES | _NO_EXEC
        checked(libc().mount(b"fogbank", os.fsencode(folder), b"tmpfs", flags, b"mode=0755"), "a tmpfs")
    except (OSError, WorldError) as error:
        raise WorldError(f"in a user namespace of one's own: {error}: {remedy()}") from None


def remedy() -> str:
    """The command that lets an unprivileged user have a user namespace on this machine."""
    apparmor, debian = "kernel/apparmor_restrict_unprivileged_userns", "kernel/unprivileged_userns_clone"
    for name, wanted in ((apparmor, "0"), (debian, "1")):
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() != wanted:
            return f"sysctl -w {name.replace('/', '.')}={wanted}"
    path = Path("/proc/sys/user/max_user_namespaces")
    if path.exists() and path.read_text().strip() == "0":
        return "sysctl -w user.max_user_namespaces=10000"
    return "the kernel, or the container we are in, forbids it"


def join(pid: int) -> Executor:
    """Take this process, which must have one thread, into the namespaces of a holder. Raises WorldError.

    Its network namespace is then a new one: nobody in a user namespace comes home into the machine's own. What is
    returned is a thread that has stayed there.
    """
    for name, kind in (("user", _NEW_USER), ("mnt", _NEW_MOUNT)):
        try:
            descriptor = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise WorldError(f"the holder {pid}: {error.strerror}") from None
        try:
            checked(libc().setns(descriptor, kind), f"joining the holder's {name} namespace")
        finally:
            os.close(descriptor)
    outside = ThreadPoolExecutor(1, thread_name_prefix="outside")
    # A thread begins with the first that it is asked.
    outside.submit(os.getpid).result()
    leave()
    return outside


def main(argv: list[str]) -> None:
    """`holder FD FOLDER`: say over the socket FD that it holds, or what went wrong; stay once it is said to be kept.

    Whoever dies before it has noted this process down would leave one that nobody ever finds again.
    """
    ctypes.CDLL(None).prctl(15, b"fogbank-holder", 0, 0, 0)
    with socket.socket(fileno=int(argv[0])) as end:
        try:
            own(Path(argv[1]))
            end.sendall(READY)
            if end.recv(len(KEPT)) != KEPT:
                sys.exit(1)
        except WorldError as error:
            end.sendall(str(error).encode())
            sys.exit(1)
        except ConnectionError:
            sys.exit(1)
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
