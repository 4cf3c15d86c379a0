"""Network namespaces: made, found, entered and removed; each a bind mount whose name has the instance's prefix."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fogbank.aws.errors import WorldError

T = TypeVar("T")
FOLDER = Path("/run/netns")
"""Where `ip netns` looks too."""
_NEW_NET = 0x40000000
_BIND, _DETACH = 0x1000, 0x2
_ROUTER = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv4/conf/default/proxy_arp": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv6/conf/default/accept_dad": "0",
}
_FROM_ANYWHERE = {"net/ipv4/conf/all/rp_filter": "0", "net/ipv4/conf/default/rp_filter": "0"}
"""Packets are taken wherever they come from. A new namespace has them of the machine's own."""


def prefix_of(folder: Path) -> str:
    """The prefix of everything that the instance with this state folder makes on the machine: `fb` and six letters."""
    return "fb" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]


def alone(folder: Path) -> int:
    """Wait until no worker of the instance with this state folder is left, and keep others waiting by a descriptor.

    One whose cloud was killed first ends what it is at.
    """
    descriptor = os.open(folder / "net.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def in_thread(function: Callable[[], T]) -> T:
    """What a function returns or raises in a thread of its own, which dies with whatever namespace it went into."""
    answers: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="namespace")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return answers[0]


def inside(path: Path, function: Callable[[], T]) -> T:
    """Call a function inside a namespace; the caller's thread stays where it is. Raises WorldError."""

    def run() -> T:
        enter(path)
        return function()

    return in_thread(run)


def enter(path: Path) -> None:
    """Take this thread, for good, into a namespace. Raises WorldError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise WorldError(f"there is no namespace {path.name}: {error.strerror}") from None
    try:
        checked(libc().setns(descriptor, _NEW_NET), f"entering {path.name}")
    finally:
        os.close(descriptor)


def leave() -> None:
    """Take this thread into a new network namespace that has no name. Raises WorldError."""
    checked(libc().unshare(_NEW_NET), "a new network namespace")


def names_of(prefix: str, folder: Path = FOLDER) -> set[str]:
    """The namespaces of an instance that have a file, without its prefix."""
    start = f"{prefix}-"
    try:
        return {path.name[len(start) :] for path in folder.iterdir() if path.name.startswith(start)}
    except FileNotFoundError:
        return set()


class Traveller:
    """A thread's own way through namespaces: a thread that lives in none is 7 times quicker than one for each visit.

    Only for a thread that makes nothing without saying where.
    """

    def __init__(self, prefix: str, folder: Path = FOLDER) -> None:
        self.prefix = prefix
        self.folder = folder
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let go of the way home."""
        os.close(self._home)

    def path(self, ns: str) -> Path:
        """The file that stands for a namespace."""
        return self.folder / f"{self.prefix}-{ns}"

    def has(self, ns: str) -> bool:
        """Whether there is a file that stands for a namespace."""
        return self.path(ns).exists()

    def is_one(self, ns: str) -> bool:
        """Whether a namespace stands behind its file."""
        return self.path(ns).stat().st_dev == os.fstat(self._home).st_dev

    def names(self) -> set[str]:
        """The namespaces of this instance that have a file, without the prefix."""
        return names_of(self.prefix, self.folder)

    def at(self, ns: str, function: Callable[[], T]) -> T:
        """Call a function inside a namespace, and come home. Raises WorldError."""
        try:
            enter(self.path(ns))
            return function()
        finally:
            self.go_home()

    def go_home(self) -> None:
        """Back to where this thread began."""
        checked(libc().setns(self._home, _NEW_NET), "coming home")

    def create(self, ns: str) -> None:
        """Make a namespace with its loopback up; a file that stands for none becomes one. Raises WorldError."""
        path = self.path(ns)
        if not self.folder.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o444))
        try:
            leave()
            source = b"/proc/thread-self/ns/net"
            checked(libc().mount(source, os.fsencode(path), b"none", _BIND, None), f"mounting {path.name}")
            loopback_up()
        except BaseException:
            path.unlink()
            raise
        finally:
            self.go_home()

    def remove(self, ns: str) -> None:
        """Remove a namespace; the kernel takes it apart when the last process and socket have left it."""
        path = self.path(ns)
        while not libc().umount2(os.fsencode(path), _DETACH):
            # Mounted twice by a creation that was killed and said again.
            continue
        path.unlink(missing_ok=True)


def settings_of(is_router: bool) -> dict[str, str]:
    """The sysctls to write in a new namespace, made by this thread where it is at home.

    As few as can be: the path to a sysctl is longer with each namespace (one hash chain in the kernel for all of them).
    """
    inherited = {name: value for name, value in _FROM_ANYWHERE.items() if read_setting(name) != value}
    return {**inherited, **_ROUTER} if is_router else inherited


def write_setting(name: str, value: str) -> None:
    """Write a sysctl of this thread's namespace, by its name below /proc/sys. Raises WorldError.

    A name of a protocol that the kernel has not (no IPv6) is passed over.
    """
    try:
        descriptor = os.open(f"/proc/sys/{name}", os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        if name.startswith("net/ipv6/") and not Path("/proc/sys/net/ipv6").exists():
            return
        raise WorldError(f"sysctl {name}: {error.strerror}") from None
    try:
        os.write(descriptor, value.encode())
    except OSError as error:
        raise WorldError(f"sysctl {name} = {value}: {error.strerror}") from None
    finally:
        os.close(descriptor)


def read_setting(name: str) -> str:
    """A sysctl of this thread's namespace; empty if it is not there."""
    try:
        return (Path("/proc/sys") / name).read_text().strip()
    except OSError:
        return ""


def loopback_up() -> None:
    """Bring up the loopback of this thread's namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, b"lo".ljust(16, b"\0") + (0x1 | 0x40).to_bytes(2, "little") + bytes(14))


def tun(name: str, *, has_link_layer: bool = False) -> int:
    """A new device in this thread's namespace, as a file descriptor that does not block.

    It is there as long as the descriptor is open. Raises OSError.
    """
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    # IFF_TAP or IFF_TUN, and IFF_NO_PI
    flags = 0x1002 if has_link_layer else 0x1001
    try:
        # TUNSETIFF
        fcntl.ioctl(descriptor, 0x400454CA, name.encode().ljust(16, b"\0") + flags.to_bytes(2, "little") + bytes(22))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def opened(address: str, port: int, is_stream: bool) -> socket.socket:
    """A socket bound in this thread's namespace. Raises WorldError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM if is_stream else socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
    except OSError as error:
        made.close()
        raise WorldError(f"binding {address} port {port}: {error.strerror}") from None
    return made


_C = ctypes.CDLL(None, use_errno=True)


def libc() -> ctypes.CDLL:
    """The C library, errno kept."""
    return _C


def checked(code: int, what: str) -> None:
    """Raise WorldError with what was tried, and errno, if a call of the C library failed."""
    if code:
        number = ctypes.get_errno()
        name = errno.errorcode.get(number, str(number))
        raise WorldError(f"{what}: {name}: {os.strerror(number)}")
