"""What a process does to itself before it becomes a function: a root of its own, namespaces, no rights, limits.

It runs under every interpreter that functions have (from Python 3.9), and imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NEW_NET, NEW_MOUNT, NEW_UTS = 0x40000000, 0x00020000, 0x04000000
NEW_IPC, NEW_USER, NEW_PID = 0x08000000, 0x10000000, 0x20000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 32, 0x1000, 0x4000, 1 << 18
_DETACH = 2
_LOCKED = ((1, 1), (2, 2), (4, 4), (8, 8), (1024, 1024), (2048, 2048), (4096, 1 << 21))
"""Flags of statvfs(3) and what mount(2) calls them: whoever is not root may not take them from a mount."""
_DEATH_SIGNAL, _DUMPABLE, _NAME, _DROP_BOUND, _SUBREAPER, _NO_NEW_PRIVILEGES = 1, 4, 15, 24, 36, 38
_CAPABILITIES_MAX = 64
_CAPABILITIES_VERSION = 0x20080522
_TOGETHER = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SETTINGS_FILES = (
    "hosts", "host.conf", "nsswitch.conf", "gai.conf", "ld.so.cache", "localtime", "timezone", "mime.types",
    "protocols", "services", "os-release", "resolv.conf",
)  # fmt: skip
_SETTINGS_FOLDERS = ("ssl", "pki", "ca-certificates", "crypto-policies", "alternatives")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_OPEN_FILES, _PROCESSES = 1024, 1024
"""As AWS gives a function: "Lambda quotas", file descriptors and execution processes/threads."""
ROOM = "sbx_user1051"
"""What AWS calls the user of a function."""
_C = ctypes.CDLL(None, use_errno=True)


def _checked(code: int, what: str) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def control(option: int, value: int = 0) -> None:
    """prctl(2) with one number; a kernel that does not know the option is passed over."""
    _C.prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def named(name: str) -> None:
    """Call this process something in lists of processes."""
    _C.prctl(_NAME, name.encode()[:15], 0, 0, 0)


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when its parent ends."""
    control(_DEATH_SIGNAL, number)


def adopt_orphans() -> None:
    """Become the parent of whatever a descendant leaves behind."""
    control(_SUBREAPER, 1)


def unshare(flags: int, what: str) -> None:
    """Leave namespaces for new ones. Raises OSError."""
    _checked(_C.unshare(flags), what)


def join(descriptor: int, kind: int, what: str) -> None:
    """Go into the namespace behind a descriptor. Raises OSError."""
    _checked(_C.setns(descriptor, kind), what)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError."""
    code = _C.mount(source.encode(), target.encode(), kind.encode() or None, flags, options.encode() or None)
    _checked(code, f"mounting {target}")


def bind(source: str, target: str, flags: int = _READ_ONLY | _NO_SUID | _NO_DEVICES) -> None:
    """Show a file or folder at another place, read-only unless told otherwise. Raises OSError."""
    mount(source, target, flags=_BIND | _RECURSIVE)
    found = os.statvfs(target).f_flag
    kept = sum(ours for theirs, ours in _LOCKED if found & theirs)
    mount("none", target, flags=_REMOUNT | _BIND | flags | kept)


def own_user() -> None:
    """Go into a user namespace in which this process is root. Raises OSError where the kernel forbids it."""
    user, group = os.geteuid(), os.getegid()
    unshare(NEW_USER, "a user namespace")
    _mapped(user, group, 0)


def _mapped(user: int, group: int, inside: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")


def is_alone() -> bool:
    """Whether this user namespace has no other user than root."""
    rows = Path("/proc/self/uid_map").read_text().split()
    return len(rows) == 3 and rows[2] == "1"


# The root that all environments of a runtime share


def prepare(plan: Mapping[str, Any]) -> None:
    """Build the root of a runtime's environments, in mounts of this process's own. Raises OSError."""
    unshare(NEW_MOUNT, "mounts of one's own")
    mount("none", "/", flags=_RECURSIVE | _PRIVATE)
    root = str(plan["root"])
    mount("sandbox", root, "tmpfs", _NO_SUID | _NO_DEVICES, "mode=0755,size=8m")
    for folder in ("proc", "tmp", "dev", "etc", "opt", "run", "home", "var/task", "var/runtime", "var/tmp", "usr"):
        Path(root, folder).mkdir(parents=True)
    bind("/usr", f"{root}/usr")
    for name in _TOGETHER:
        _same(root, f"/{name}")
    for name in _DEVICES:
        Path(root, "dev", name).touch()
        mount(f"/dev/{name}", f"{root}/dev/{name}", flags=_BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        Path(root, "dev", name).symlink_to(f"/proc/self/fd{target}")
    _settings(root)
    for path in plan["visible"]:
        _same(root, path)
    for source, target in plan["shown"]:
        place = Path(root + target)
        if Path(source).is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        bind(source, str(place))
    for link, target in plan["links"]:
        Path(root + link).symlink_to(target)
    mount("none", root, flags=_REMOUNT | _READ_ONLY | _NO_SUID | _NO_DEVICES, options="mode=0755,size=8m")


def _same(root: str, path: str) -> None:
    """Show a file or folder of the machine at its own place; what lies in a folder that is shown is there already."""
    here, there = Path(path), Path(root + path)
    if here.is_symlink() and not there.is_symlink():
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(here.readlink())
        return
    if not here.exists() or there.exists():
        return
    if here.is_dir():
        there.mkdir(parents=True)
    else:
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
    bind(path, str(there))


def _settings(root: str) -> None:
    for name in _SETTINGS_FILES:
        with contextlib.suppress(OSError):
            Path(root, "etc", name).write_bytes(Path("/etc", name).read_bytes())
    for name in _SETTINGS_FOLDERS:
        _same(root, f"/etc/{name}")
    for name in ("passwd", "resolv.conf"):
        Path(root, "etc", name).touch()
    Path(root, "etc/group").write_text(f"root:x:0:\n{ROOM}:x:65534:\n")


# One environment


def enter_network(wish: Mapping[str, Any]) -> None:
    """Go into the network that an environment lives in, if it is not the machine's own. Raises OSError."""
    if wish["net"]:
        descriptor = os.open(wish["net"], os.O_RDONLY)
        join(descriptor, NEW_NET, "its network")
        os.close(descriptor)


def enter(plan: Mapping[str, Any], wish: Mapping[str, Any]) -> None:
    """Go into what will be an environment's own: network, mounts, names. Raises OSError.

    This process is the first of a new process namespace already.
    """
    enter_network(wish)
    unshare(NEW_MOUNT | NEW_IPC | NEW_UTS, "namespaces of its own")
    root = str(plan["root"])
    mount("tmp", str(Path(root, "tmp")), "tmpfs", _NO_SUID | _NO_DEVICES, f"mode=1777,size={wish['storage_mb']}m")
    for path in plan["visible"]:
        if path.startswith("/tmp/"):  # noqa: S108 - where the machine may have what is shown
            # The environment's own /tmp has hidden it.
            _same(root, path)
    bind(wish["code"], f"{root}/var/task")
    _layers(root, wish["layers"])
    user = wish["uid"]
    _file(root, "etc/passwd", f"root:x:0:0::/root:/sbin/nologin\n{ROOM}:x:{user}:65534::/tmp:/sbin/nologin\n")
    if wish["resolver"]:
        _file(root, "etc/resolv.conf", f"nameserver {wish['resolver']}\n")
    mount("proc", f"{root}/proc", "proc", _NO_SUID | _NO_DEVICES | _NO_EXEC)
    os.chdir(root)
    _checked(_C.pivot_root(b".", b"."), "its root")
    _checked(_C.umount2(b".", _DETACH), "letting go of the machine's files")
    os.chdir("/")
    socket.sethostname("169.254.100.1")


def _layers(root: str, layers: list[str]) -> None:
    if len(layers) == 1:
        bind(layers[0], f"{root}/opt")
    elif layers:
        # The leftmost lies on top.
        lower = ":".join(path.replace("\\", "\\\\").replace(":", "\\:") for path in reversed(layers))
        mount("layers", f"{root}/opt", "overlay", _READ_ONLY | _NO_SUID | _NO_DEVICES, f"lowerdir={lower}")


def _file(root: str, name: str, text: str) -> None:
    """A file of this environment's own in the folder that all share; it needs no place in its /tmp once it is shown."""
    source = Path(root, "tmp", ".file")
    source.write_text(text)
    source.chmod(0o444)
    bind(str(source), f"{root}/{name}")
    source.unlink()


def limit(wish: Mapping[str, Any]) -> None:
    """The limits that hold without cgroups too."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if wish["isolated"]:
        resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))
    if wish["data_bytes"]:
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        size = int(wish["data_bytes"]) + used
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def drop(wish: Mapping[str, Any], alone: bool) -> None:
    """Give up every right; what comes after is other people's code. Raises OSError."""
    limit(wish)
    if wish["isolated"]:
        if alone:
            user, group = os.geteuid(), os.getegid()
            unshare(NEW_USER, "a user namespace within")
            _mapped(user, group, wish["uid"])
        else:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            for number in range(_CAPABILITIES_MAX):
                control(_DROP_BOUND, number)
            os.setresuid(wish["uid"], wish["uid"], wish["uid"])
        header = struct.pack("=Ii", _CAPABILITIES_VERSION, 0)
        _checked(_C.capset(header, bytes(24)), "giving up capabilities")
    control(_NO_NEW_PRIVILEGES, 1)
    # Without this nobody but root may look at /proc/self.
    control(_DUMPABLE, 1)
